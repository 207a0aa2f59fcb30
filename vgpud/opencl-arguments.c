/* SPDX-License-Identifier: MIT */
/*
 * Arguments. OpenCL takes the bytes of a scalar for a pointer where the kernel has one
 * in that place, and believes it: so the kernel is asked first.
 */
#include <string.h>

#include "vgpud/opencl-arguments.h"

/* Types that are handles, though they are passed as values. */
static bool is_handle(const char *type)
{
    return strcmp(type, "sampler_t") == 0 || strcmp(type, "event_t") == 0 ||
           strcmp(type, "queue_t") == 0 || strncmp(type, "image", 5) == 0;
}

static bool takes_value(const OpenCL *cl, cl_kernel kernel, unsigned index)
{
    char type[128] = "";

    return cl->clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_TYPE_NAME,
                                  sizeof(type) - 1, type, NULL) == CL_SUCCESS &&
           !is_handle(type);
}

/* Whether the kernel takes such an argument in that place. */
static bool takes(const OpenCL *cl, cl_kernel kernel, unsigned index,
                  uint32_t kind)
{
    cl_kernel_arg_address_qualifier space = 0;
    cl_kernel_arg_access_qualifier access = 0;

    if (cl->clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_ADDRESS_QUALIFIER,
                               sizeof(space), &space, NULL) ||
        cl->clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_ACCESS_QUALIFIER,
                               sizeof(access), &access, NULL) ||
        access != CL_KERNEL_ARG_ACCESS_NONE) { /* an image or a pipe */
        return false;
    }
    switch (kind) {
    case VGPU_ARGUMENT_SCALAR:
        return space == CL_KERNEL_ARG_ADDRESS_PRIVATE &&
               takes_value(cl, kernel, index);
    case VGPU_ARGUMENT_LOCAL:
        return space == CL_KERNEL_ARG_ADDRESS_LOCAL;
    default:
        return space == CL_KERNEL_ARG_ADDRESS_GLOBAL ||
               space == CL_KERNEL_ARG_ADDRESS_CONSTANT;
    }
}

static bool takes_all(const OpenCL *cl, cl_kernel kernel, const Run *run)
{
    cl_uint count = 0;
    unsigned i;

    if (cl->clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof(count), &count,
                            NULL) ||
        count != run->arguments) {
        return false;
    }
    for (i = 0; i < run->arguments; i++) {
        if (!takes(cl, kernel, i, run->argument[i].kind)) {
            return false;
        }
    }
    return true;
}

/* Contents come from the request, or are 0: the response's, which is zeroed. */
static cl_int make_buffer(cl_mem *buffer, const OpenCL *cl,
                          const RunArgument *argument, uint8_t *reply)
{
    const void *contents = argument->data ? argument->data
                                          : reply + argument->output;
    cl_int error;

    *buffer = cl->clCreateBuffer(cl->context,
                                 CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                 argument->bytes, (void *)contents, &error);
    return *buffer ? CL_SUCCESS : error;
}

static cl_int set(cl_mem *buffer, const OpenCL *cl, cl_kernel kernel,
                  unsigned index, const RunArgument *argument, uint8_t *reply)
{
    cl_int error;

    switch (argument->kind) {
    case VGPU_ARGUMENT_SCALAR:
        return cl->clSetKernelArg(kernel, index, argument->bytes,
                                  argument->data);
    case VGPU_ARGUMENT_LOCAL:
        return cl->clSetKernelArg(kernel, index, argument->bytes, NULL);
    default:
        error = make_buffer(buffer, cl, argument, reply);
        return error
                   ? error
                   : cl->clSetKernelArg(kernel, index, sizeof(*buffer), buffer);
    }
}

uint32_t opencl_arguments_set(OpenCLArguments *arguments, const OpenCL *cl,
                              cl_kernel kernel, const Run *run, uint8_t *reply,
                              cl_int *error)
{
    unsigned i;

    memset(reply, 0, run->response_bytes);
    *error = takes_all(cl, kernel, run) ? CL_SUCCESS : CL_INVALID_KERNEL_ARGS;
    for (i = 0; !*error && i < run->arguments; i++) {
        *error = set(&arguments->buffer[i], cl, kernel, i, &run->argument[i],
                     reply);
    }
    return *error ? VGPU_RESPONSE_NOT_CALLABLE : VGPU_RESPONSE_OK;
}

cl_int opencl_arguments_read(const OpenCLArguments *arguments, const OpenCL *cl,
                             const Run *run, uint8_t *reply)
{
    cl_int error = CL_SUCCESS;
    unsigned i;

    for (i = 0; !error && i < run->arguments; i++) {
        const RunArgument *argument = &run->argument[i];

        if (argument->output) {
            error = cl->clEnqueueReadBuffer(
                cl->queue, arguments->buffer[i], CL_TRUE, 0, argument->bytes,
                reply + argument->output, 0, NULL, NULL);
        }
    }
    return error;
}

void opencl_arguments_release(OpenCLArguments *arguments, const OpenCL *cl)
{
    unsigned i;

    for (i = 0; i < VGPU_RUN_ARGUMENTS_MAX; i++) {
        if (arguments->buffer[i]) {
            cl->clReleaseMemObject(arguments->buffer[i]);
            arguments->buffer[i] = NULL;
        }
    }
}
