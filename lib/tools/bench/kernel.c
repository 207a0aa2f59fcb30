/* SPDX-License-Identifier: MIT */
/* An OpenCL kernel on the host's accelerator, built and run by one call each time. */
#include "tools/bench/bench.h"

#include <errno.h>
#include <stdlib.h>

static int run_once(Bench *bench, const BenchKernel *kernel,
                    VgpuKernelResult *result)
{
    const size_t size = (size_t)kernel->items * sizeof(float);
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_IN, bench->from, NULL, size },
        { VGPU_ARGUMENT_IN, bench->from, NULL, size },
        { VGPU_ARGUMENT_OUT, NULL, bench->to, size },
        { VGPU_ARGUMENT_SCALAR, &kernel->turns, NULL, sizeof(kernel->turns) },
    };
    const VgpuKernel run = {
        .source = kernel->source,
        .name = kernel->name,
        .dimensions = 1,
        .global = { kernel->items },
        .arguments = arguments,
        .argument_count = 4,
    };

    return vgpu_run_kernel(bench->device, &run, BENCH_LIMIT, result);
}

/* The first one, whose result is looked at: not in the time that counts. */
static int check(Bench *bench, Figure *figure)
{
    VgpuKernelResult result;
    int ret;

    if (figure->checked) {
        return 0;
    }
    bench_kernel_fill((float *)(void *)bench->from, figure->kernel->items);
    ret = run_once(bench, figure->kernel, &result);
    free(result.log);
    if (ret == VGPU_KERNEL_FAILED) {
        figure->why = result.status != VGPU_DONE_OK
                          ? vgpu_status_text(result.status)
                          : vgpu_response_text(result.response);
        return BENCH_SKIP;
    }
    if (ret == 0 && result.device_ns == 0) {
        figure->why = "the host's worker has no OpenCL";
        return BENCH_SKIP;
    }
    if (ret == 0 &&
        !bench_kernel_is_right(figure->kernel, (float *)(void *)bench->from,
                               (float *)(void *)bench->to)) {
        return -EBADMSG;
    }
    figure->checked = true;
    return ret;
}

int bench_kernel(Bench *bench, Figure *figure)
{
    const uint64_t end = bench_now() + bench->slice_ns;
    Figure *const on_device = figure + 1;
    VgpuKernelResult result;
    uint64_t before, after = 0;
    int ret;

    if (bench->info.link != VGPU_LINK_UP) {
        figure->why = "the link is not up: the host has no worker for this VM";
    }
    ret = figure->why ? BENCH_SKIP : check(bench, figure);
    on_device->why = figure->why;
    while (ret == 0 && after < end) {
        before = bench_now();
        ret = run_once(bench, figure->kernel, &result);
        after = bench_now();
        free(result.log);
        if (ret == VGPU_KERNEL_FAILED) {
            return -EIO;
        }
        if (ret == 0) {
            ret = bench_add(figure, (double)(after - before));
        }
        if (ret == 0) {
            ret = bench_add(on_device, (double)result.device_ns);
        }
    }
    return ret;
}
