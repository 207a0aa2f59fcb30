/* SPDX-License-Identifier: MIT */
/*
 * mandelbrot SOURCE REPORT: has a kernel run on the host's accelerator by way of
 * libvgpu, prints the picture, and computes it once more by itself to compare.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/picture.h"
#include "vgpu.h"

#define LIMIT (60 * VGPU_SECOND)

static void complain(int ret, const VgpuKernelResult *result)
{
    if (ret < 0) {
        fprintf(stderr, "mandelbrot: %s\n", strerror(-ret));
    } else if (result->status != VGPU_DONE_OK) {
        fprintf(stderr, "mandelbrot: %s\n", vgpu_status_text(result->status));
    } else {
        fprintf(stderr, "mandelbrot: %s\n%s",
                vgpu_response_text(result->response),
                result->log ? result->log : "");
    }
}

/* Milliseconds that it took, or a negative number. */
static double run(VgpuDevice *device, const char *source, uint32_t *steps,
                  double *kernel_ms)
{
    const PictureView *view = &picture_view;
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_OUT, NULL, steps, PICTURE_BYTES },
        { VGPU_ARGUMENT_SCALAR, &view->left, NULL, sizeof(view->left) },
        { VGPU_ARGUMENT_SCALAR, &view->top, NULL, sizeof(view->top) },
        { VGPU_ARGUMENT_SCALAR, &view->right, NULL, sizeof(view->right) },
        { VGPU_ARGUMENT_SCALAR, &view->down, NULL, sizeof(view->down) },
        { VGPU_ARGUMENT_SCALAR, &view->most, NULL, sizeof(view->most) },
    };
    const VgpuKernel kernel = {
        .source = source,
        .name = "mandelbrot",
        .dimensions = 2,
        .global = { PICTURE_WIDTH, PICTURE_HEIGHT },
        .arguments = arguments,
        .argument_count = sizeof(arguments) / sizeof(*arguments),
    };
    const double start = picture_now_ms();
    VgpuKernelResult result;
    const int ret = vgpu_run_kernel(device, &kernel, LIMIT, &result);

    if (ret) {
        complain(ret, &result);
        free(result.log);
        return -1;
    }
    *kernel_ms = (double)result.device_ns / 1e6;
    return picture_now_ms() - start;
}

static bool run_twice(VgpuDevice *device, const char *source, uint32_t *steps,
                      PictureTimes *times)
{
    times->first_ms = run(device, source, steps, &times->kernel_ms);
    if (times->first_ms < 0) {
        return false;
    }
    memset(steps, 0, PICTURE_BYTES);
    times->again_ms = run(device, source, steps, &times->kernel_ms);
    return times->again_ms >= 0;
}

static unsigned count_differing(const uint32_t *a, const uint32_t *b)
{
    unsigned differing = 0;
    size_t i;

    for (i = 0; i < PICTURE_POINTS; i++) {
        differing += a[i] != b[i];
    }
    return differing;
}

int main(int argc, char **argv)
{
    static uint32_t steps[PICTURE_POINTS], own[PICTURE_POINTS];
    PictureTimes times;
    VgpuDevice *device;
    unsigned differing;
    double start;
    char *source;
    bool good;

    if (argc != 3) {
        fprintf(stderr, "usage: mandelbrot SOURCE REPORT\n");
        return 2;
    }
    if (vgpu_open(0, &device) < 0) {
        fprintf(stderr, "mandelbrot: no /dev/vgpu0\n");
        return 1;
    }
    source = picture_source(argv[1]);
    good = run_twice(device, source, steps, &times);
    vgpu_close(device);
    free(source);
    if (!good) {
        return 1;
    }
    picture_print(steps);
    start = picture_now_ms();
    picture_compute(own);
    good = picture_report(argv[2], steps, &times, picture_now_ms() - start);
    differing = count_differing(steps, own);
    printf("%zu points by the host's accelerator; %u of them differ from what "
           "this\nguest computes by itself\n",
           PICTURE_POINTS, differing);
    return good && differing == 0 ? 0 : 1;
}
