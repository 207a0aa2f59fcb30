/* SPDX-License-Identifier: MIT */
/*
 * bench-host ROUNDS SLICE-MS: on the host itself, by the code that vgpu-bench runs in
 * the guest, what a processor copies; and the kernels of lib/tools/bench/kernels.c on
 * the host's OpenCL, with the steps of vgpud's worker, and with a program that was
 * built before. Prints vgpu-bench's JSON.
 */
#include <errno.h>
#include <stdlib.h>

#include "tools/bench/bench.h"
#include "vgpud/opencl.h"

/* The device that tests/bench/run.py names in the VM's configuration. */
#define DEVICE "cpu"

static OpenCL cl;

typedef struct Job {
    cl_program program;
    cl_kernel kernel;
    cl_mem a, b, out;
    cl_event event;
} Job;

/* ---- The steps: each gives an error of OpenCL, or 0 --------------------------- */

static cl_int build(Job *job, const BenchKernel *kernel)
{
    const char *source = kernel->source;
    cl_int error;

    job->program = cl.clCreateProgramWithSource(cl.context, 1, &source, NULL,
                                                &error);
    if (error == 0) {
        error = cl.clBuildProgram(job->program, 1, &cl.device, "", NULL, NULL);
    }
    if (error == 0) {
        job->kernel = cl.clCreateKernel(job->program, kernel->name, &error);
    }
    return error;
}

static cl_mem buffer(size_t size, const void *contents, cl_int *error)
{
    if (*error) {
        return NULL;
    }
    return cl.clCreateBuffer(cl.context,
                             contents ? CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR
                                      : CL_MEM_WRITE_ONLY,
                             size, (void *)(uintptr_t)contents, error);
}

static cl_int set_arguments(Job *job, const Bench *bench,
                            const BenchKernel *kernel)
{
    const size_t size = (size_t)kernel->items * sizeof(float);
    cl_int error = 0;

    job->a = buffer(size, bench->from, &error);
    job->b = buffer(size, bench->from, &error);
    job->out = buffer(size, NULL, &error);
    if (error) {
        return error;
    }
    error = cl.clSetKernelArg(job->kernel, 0, sizeof(job->a), &job->a);
    error |= cl.clSetKernelArg(job->kernel, 1, sizeof(job->b), &job->b);
    error |= cl.clSetKernelArg(job->kernel, 2, sizeof(job->out), &job->out);
    error |= cl.clSetKernelArg(job->kernel, 3, sizeof(kernel->turns),
                               &kernel->turns);
    return error;
}

static cl_int execute(Job *job, const Bench *bench, const BenchKernel *kernel)
{
    const size_t items = (size_t)kernel->items;
    cl_int error = cl.clEnqueueNDRangeKernel(
        cl.queue, job->kernel, 1, NULL, &items, NULL, 0, NULL, &job->event);

    if (error == 0) {
        error = cl.clFinish(cl.queue);
    }
    if (error == 0) {
        error = cl.clEnqueueReadBuffer(cl.queue, job->out, CL_TRUE, 0,
                                       items * sizeof(float), bench->to, 0,
                                       NULL, NULL);
    }
    return error;
}

static double device_ns(const Job *job)
{
    cl_ulong start = 0, end = 0;

    cl.clGetEventProfilingInfo(job->event, CL_PROFILING_COMMAND_START,
                               sizeof(start), &start, NULL);
    cl.clGetEventProfilingInfo(job->event, CL_PROFILING_COMMAND_END,
                               sizeof(end), &end, NULL);
    return (double)(end - start);
}

static void release_buffers(Job *job)
{
    cl_mem *const buffers[] = { &job->a, &job->b, &job->out };
    size_t i;

    for (i = 0; i < sizeof(buffers) / sizeof(*buffers); i++) {
        if (*buffers[i]) {
            cl.clReleaseMemObject(*buffers[i]);
        }
        *buffers[i] = NULL;
    }
    if (job->event) {
        cl.clReleaseEvent(job->event);
    }
    job->event = NULL;
}

static void release(Job *job)
{
    release_buffers(job);
    if (job->kernel) {
        cl.clReleaseKernel(job->kernel);
    }
    if (job->program) {
        cl.clReleaseProgram(job->program);
    }
}

/* ---- The figures --------------------------------------------------------------- */

/* Once. *took is the time of it all, *on_device that of the kernel. */
static int run_once(Bench *bench, const BenchKernel *kernel, bool built_before,
                    double *took, double *on_device)
{
    Job job = { 0 };
    uint64_t before = bench_now();
    cl_int error = build(&job, kernel);

    if (built_before) {
        before = bench_now();
    }
    if (error == 0) {
        error = set_arguments(&job, bench, kernel);
    }
    if (error == 0) {
        error = execute(&job, bench, kernel);
    }
    if (error == 0) {
        *on_device = device_ns(&job);
        release_buffers(&job);
        *took = (double)(bench_now() - before);
    }
    release(&job);
    if (error) {
        fprintf(stderr, "bench-host: OpenCL says %d\n", error);
    }
    return error ? -EIO : 0;
}

static int measure(Bench *bench, Figure *figure, bool built_before)
{
    const float *const from = (const float *)(const void *)bench->from;
    double took, on_device;
    uint64_t end;
    int ret;

    bench_kernel_fill((float *)(void *)bench->from, figure->kernel->items);
    ret = run_once(bench, figure->kernel, built_before, &took, &on_device);
    if (ret == 0 && !bench_kernel_is_right(figure->kernel, from,
                                           (const float *)(void *)bench->to)) {
        return -EBADMSG;
    }
    end = bench_now() + bench->slice_ns;
    while (ret == 0) {
        ret = run_once(bench, figure->kernel, built_before, &took, &on_device);
        if (ret == 0) {
            ret = bench_add(figure, took);
        }
        if (ret == 0 && !built_before) {
            ret = bench_add(figure + 1, on_device);
        }
        if (bench_now() >= end) {
            break;
        }
    }
    return ret;
}

static int measure_call(Bench *bench, Figure *figure)
{
    return measure(bench, figure, false);
}

static int measure_built(Bench *bench, Figure *figure)
{
    return measure(bench, figure, true);
}

#define MEMCPY(size_)                                                      \
    {                                                                      \
        .name = "memcpy-" #size_, .text = "memcpy, " #size_,               \
        .unit = BENCH_BYTES, .parameter = (size_), .measure = bench_memcpy \
    }
#define KERNEL(name_, kernel_)                                          \
    { .name = name_,                                                    \
      .text = name_,                                                    \
      .unit = BENCH_NS,                                                 \
      .measure = measure_call,                                          \
      .kernel = (kernel_) },                                            \
        { .name = name_ "-device",                                      \
          .text = name_ ", on the device",                              \
          .unit = BENCH_NS },                                           \
    {                                                                   \
        .name = name_ "-built", .text = name_ ", built before",         \
        .unit = BENCH_NS, .measure = measure_built, .kernel = (kernel_) \
    }

static Figure figures[] = {
    MEMCPY(4096),
    MEMCPY(65536),
    MEMCPY(1048576),
    MEMCPY(16777216),
    MEMCPY(67108864),
    KERNEL("kernel-add", &bench_kernel_add),
    KERNEL("kernel-work", &bench_kernel_work),
};
#define FIGURES (sizeof(figures) / sizeof(*figures))

int main(int argc, char **argv)
{
    Bench bench = { 0 };
    unsigned rounds = 0, slice_ms = 0;
    int error;

    if (argc == 3) {
        rounds = (unsigned)strtoul(argv[1], NULL, 10);
        slice_ms = (unsigned)strtoul(argv[2], NULL, 10);
    }
    if (!rounds || !slice_ms) {
        fprintf(stderr, "usage: bench-host ROUNDS SLICE-MS\n");
        return 2;
    }
    bench.slice_ns = slice_ms * (VGPU_SECOND / 1000);
    error = opencl_open(&cl, DEVICE);
    if (!error) {
        error = bench_begin(&bench, figures, FIGURES, NULL, 0);
    }
    if (!error) {
        error = bench_run(&bench, figures, FIGURES, rounds, NULL, 0);
    }
    if (!error) {
        bench_print_json(figures, FIGURES, rounds);
    }
    bench_end(&bench, figures, FIGURES);
    opencl_close(&cl);
    return error ? 1 : 0;
}
