/* SPDX-License-Identifier: MIT */
/* A kernel's arguments: from the request to OpenCL, and the outputs back. */
#ifndef VGPUD_OPENCL_ARGUMENTS_H
#define VGPUD_OPENCL_ARGUMENTS_H

#include "vgpud/opencl.h"
#include "vgpud/run.h"

typedef struct OpenCLArguments {
    cl_mem buffer[VGPU_RUN_ARGUMENTS_MAX]; /* NULL where there is none */
} OpenCLArguments;

/*
 * Sets all arguments of a kernel, after it has asked what each of them has to be. reply
 * is the response, run->response_bytes long: what lies between outputs becomes 0.
 * *arguments is zeroed before. Returns VGPU_RESPONSE_OK, or VGPU_RESPONSE_NOT_CALLABLE
 * or _NO_MEMORY with OpenCL's error in *error: it is to be released all the same.
 */
uint32_t opencl_arguments_set(OpenCLArguments *arguments, const OpenCL *cl,
                              cl_kernel kernel, const Run *run, uint8_t *reply,
                              cl_int *error);

/* Reads the outputs into the response. Returns 0 or OpenCL's error. */
cl_int opencl_arguments_read(const OpenCLArguments *arguments, const OpenCL *cl,
                             const Run *run, uint8_t *reply);

void opencl_arguments_release(OpenCLArguments *arguments, const OpenCL *cl);

#endif /* VGPUD_OPENCL_ARGUMENTS_H */
