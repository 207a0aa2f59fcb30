/* SPDX-License-Identifier: MIT */
/*
 * host SOURCE REPORT: the same kernel on the same device as the guest's, by the host's
 * OpenCL directly.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/picture.h"

static void must(cl_int error, const char *what)
{
    if (error) {
        fprintf(stderr, "%s: OpenCL says %d\n", what, error);
        exit(1);
    }
}

/* The first processor, as vgpud's worker takes it with device=cpu. */
static cl_device_id find_device(void)
{
    cl_platform_id platforms[16];
    cl_uint count = 0, i;
    cl_device_id device;
    char name[128];

    must(clGetPlatformIDs(16, platforms, &count), "platforms");
    for (i = 0; i < count && i < 16; i++) {
        if (clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_CPU, 1, &device,
                           NULL) == CL_SUCCESS) {
            must(clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof(name), name,
                                 NULL),
                 "device");
            printf("OpenCL's device: %s\n", name);
            return device;
        }
    }
    must(CL_DEVICE_NOT_FOUND, "devices");
    return NULL;
}

static cl_kernel build(cl_context context, cl_device_id device,
                       const char *source, cl_program *program)
{
    cl_kernel kernel;
    cl_int error;

    *program = clCreateProgramWithSource(context, 1, &source, NULL, &error);
    must(error, "program");
    must(clBuildProgram(*program, 1, &device, "", NULL, NULL), "build");
    kernel = clCreateKernel(*program, "mandelbrot", &error);
    must(error, "kernel");
    return kernel;
}

static void set_arguments(cl_kernel kernel, cl_mem buffer)
{
    const PictureView *view = &picture_view;

    must(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer), "steps");
    must(clSetKernelArg(kernel, 1, sizeof(view->left), &view->left), "left");
    must(clSetKernelArg(kernel, 2, sizeof(view->top), &view->top), "top");
    must(clSetKernelArg(kernel, 3, sizeof(view->right), &view->right), "right");
    must(clSetKernelArg(kernel, 4, sizeof(view->down), &view->down), "down");
    must(clSetKernelArg(kernel, 5, sizeof(view->most), &view->most), "most");
}

static double took_ms(cl_event event)
{
    cl_ulong start = 0, end = 0;

    must(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START,
                                 sizeof(start), &start, NULL),
         "time");
    must(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end),
                                 &end, NULL),
         "time");
    return (double)(end - start) / 1e6;
}

/* All that a worker does for one request. Milliseconds. */
static double run(cl_context context, cl_command_queue queue,
                  cl_device_id device, const char *source, uint32_t *steps,
                  double *kernel_ms)
{
    const size_t global[] = { PICTURE_WIDTH, PICTURE_HEIGHT };
    const double start = picture_now_ms();
    cl_program program;
    cl_kernel kernel = build(context, device, source, &program);
    cl_event event;
    cl_int error;
    cl_mem buffer = clCreateBuffer(context, CL_MEM_WRITE_ONLY, PICTURE_BYTES,
                                   NULL, &error);

    must(error, "buffer");
    set_arguments(kernel, buffer);
    must(clEnqueueNDRangeKernel(queue, kernel, 2, NULL, global, NULL, 0, NULL,
                                &event),
         "run");
    must(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, PICTURE_BYTES, steps, 0,
                             NULL, NULL),
         "read");
    *kernel_ms = took_ms(event);
    clReleaseEvent(event);
    clReleaseMemObject(buffer);
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    return picture_now_ms() - start;
}

int main(int argc, char **argv)
{
    static uint32_t steps[PICTURE_POINTS];
    PictureTimes times;
    cl_command_queue queue;
    cl_device_id device;
    cl_context context;
    char *source;
    cl_int error;

    if (argc != 3) {
        fprintf(stderr, "usage: host SOURCE REPORT\n");
        return 2;
    }
    source = picture_source(argv[1]);
    device = find_device();
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &error);
    must(error, "context");
    queue = clCreateCommandQueue(context, device, CL_QUEUE_PROFILING_ENABLE,
                                 &error);
    must(error, "queue");
    times.first_ms = run(context, queue, device, source, steps,
                         &times.kernel_ms);
    memset(steps, 0, sizeof(steps));
    times.again_ms = run(context, queue, device, source, steps,
                         &times.kernel_ms);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    free(source);
    return picture_report(argv[2], steps, &times, 0) ? 0 : 1;
}
