/* SPDX-License-Identifier: MIT */
/*
 * VGPU_REQUEST_RUN of vgpu/request.h: how a kernel becomes a request, and what a
 * response says. No device, no memory of its own.
 *
 * A request is one row of bytes in several buffers: the head, which has all that is
 * small, and behind it what is large, where the caller has it.
 */
#ifndef LIBVGPU_REQUEST_H
#define LIBVGPU_REQUEST_H

#include <stdbool.h>

#include "vgpu.h"

/* Source, name and options, then the contents of the arguments. */
#define REQUEST_TEXTS  3
#define REQUEST_PIECES (REQUEST_TEXTS + VGPU_RUN_ARGUMENTS_MAX)

typedef struct RequestPiece {
    const void *bytes; /* the caller's */
    size_t size;       /* 0: the argument has no contents */
    uint32_t offset;   /* in the request */
    bool in_place;     /* not copied into the head */
} RequestPiece;

typedef struct Request {
    const VgpuKernel *kernel;
    RequestPiece piece[REQUEST_PIECES];
    size_t head_bytes;
    size_t bytes;        /* of the whole request */
    size_t output_bytes; /* of all outputs, each rounded up */
    size_t room;         /* for the response */
    VgpuBuffer buffers[VGPU_BUFFERS_MAX];
    unsigned buffer_count;
} Request;

/* Finds out what goes where. -EINVAL, -EMSGSIZE: see vgpu_run_kernel(). */
int request_plan(Request *request, const VgpuKernel *kernel);

/* Writes the head, of request->head_bytes, and makes the buffers. */
void request_write(Request *request, uint8_t *head, uint8_t *response);

/*
 * Judges the response, of which the device wrote so many bytes, and copies out
 * of it what is to leave the library: outputs, or the log. Believes no number.
 * Returns 0, VGPU_KERNEL_FAILED, or -EPROTO.
 */
int request_finish(const Request *request, const uint8_t *response,
                   uint64_t length, VgpuKernelResult *result);

#endif /* LIBVGPU_REQUEST_H */
