/* SPDX-License-Identifier: MIT */
/*
 * The host's OpenCL, loaded when it is wanted: the worker runs where there is none. And
 * what the backend has open of it.
 */
#ifndef VGPUD_OPENCL_H
#define VGPUD_OPENCL_H

/* All that is used is in 1.2, which every runtime has. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#define OPENCL_LIBRARY "libOpenCL.so.1"

#define OPENCL_CALLS(X)          \
    X(clGetPlatformIDs)          \
    X(clGetDeviceIDs)            \
    X(clGetDeviceInfo)           \
    X(clCreateContext)           \
    X(clReleaseContext)          \
    X(clCreateCommandQueue)      \
    X(clReleaseCommandQueue)     \
    X(clCreateProgramWithSource) \
    X(clBuildProgram)            \
    X(clGetProgramBuildInfo)     \
    X(clReleaseProgram)          \
    X(clCreateKernel)            \
    X(clGetKernelInfo)           \
    X(clGetKernelArgInfo)        \
    X(clReleaseKernel)           \
    X(clSetKernelArg)            \
    X(clCreateBuffer)            \
    X(clReleaseMemObject)        \
    X(clEnqueueNDRangeKernel)    \
    X(clEnqueueReadBuffer)       \
    X(clFinish)                  \
    X(clGetEventProfilingInfo)   \
    X(clReleaseEvent)

typedef struct OpenCL {
    void *library;
#define OPENCL_MEMBER(name) __typeof__(name) *name;
    OPENCL_CALLS(OPENCL_MEMBER)
#undef OPENCL_MEMBER
    cl_device_id device;
    cl_context context;
    cl_command_queue queue; /* in order, with profiling */
} OpenCL;

/*
 * Loads the library and opens the first device that is of the type wanted ("cpu",
 * "gpu", "accelerator"), or has it in its name; NULL: the first of all. Returns 0, or
 * a negative errno after a line on stderr.
 */
int opencl_open(OpenCL *cl, const char *wanted);

void opencl_close(OpenCL *cl);

#endif /* VGPUD_OPENCL_H */
