/* SPDX-License-Identifier: MIT */
/*
 * A guest's program that adds two arrays on the host's accelerator, as often as it is
 * told, and looks at each sum. vgpu-test does as much, but not with the time that a
 * compiler needs in an emulated machine.
 * Usage: vgpu-add SECONDS [TIMES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vgpu.h"

#define COUNT 64

static const char source[] = "kernel void add(global const int *a, global "
                             "const int *b, global int *c) {\n"
                             "  size_t i = get_global_id(0);\n"
                             "  c[i] = a[i] + b[i];\n"
                             "}\n";

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int tell(int error, const VgpuKernelResult *result)
{
    if (error < 0) {
        printf("vgpu-add: %s\n", strerror(-error));
    } else if (error) {
        printf("vgpu-add: %s, %s\n%s\n", vgpu_status_text(result->status),
               vgpu_response_text(result->response),
               result->log ? result->log : "no log");
    }
    return error;
}

/* Returns how many sums are right. */
static int add(VgpuDevice *device, int first, uint64_t limit)
{
    int a[COUNT], b[COUNT], c[COUNT] = { 0 }, right = 0, i, error;
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_IN, a, NULL, sizeof(a) },
        { VGPU_ARGUMENT_IN, b, NULL, sizeof(b) },
        { VGPU_ARGUMENT_OUT, NULL, c, sizeof(c) },
    };
    const VgpuKernel kernel = {
        .source = source,
        .name = "add",
        .dimensions = 1,
        .global = { COUNT },
        .arguments = arguments,
        .argument_count = 3,
    };
    VgpuKernelResult result;

    for (i = 0; i < COUNT; i++) {
        a[i] = first + i;
        b[i] = 1000 * i;
    }
    error = tell(vgpu_run_kernel(device, &kernel, limit, &result), &result);
    free(result.log);
    for (i = 0; i < COUNT; i++) {
        right += !error && c[i] == first + 1001 * i;
    }
    return right;
}

int main(int argc, char **argv)
{
    const unsigned limit = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    const int times = argc > 2 ? atoi(argv[2]) : 1;
    VgpuDevice *device;
    int wrong = 0, error, i;

    if (!limit || times <= 0) {
        fputs("usage: vgpu-add SECONDS [TIMES]\n", stderr);
        return 2;
    }
    error = vgpu_open(0, &device);
    if (error) {
        printf("vgpu-add: /dev/vgpu0: %s\n", strerror(-error));
        return 1;
    }
    for (i = 0; i < times; i++) {
        const double start = now();
        const int right = add(device, 5 + i, limit * VGPU_SECOND);

        printf("vgpu-add: %d of %d sums are right, %.0f ms\n", right, COUNT,
               (now() - start) * 1e3);
        wrong += right != COUNT;
    }
    vgpu_close(device);
    return wrong != 0;
}
