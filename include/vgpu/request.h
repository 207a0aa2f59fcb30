/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vgpu-stub: what is in a VGPU_OP_REQUEST, from the guest's library to the worker
 * of its VM on the host. The device moves it and knows nothing of it.
 *
 * All numbers are little-endian. A structure has no hole, and its reserved fields
 * are 0. Offsets are in bytes from the beginning of the request, or response. Parts
 * may lie anywhere behind the header, in any order, at any alignment.
 */
#ifndef VGPU_REQUEST_H
#define VGPU_REQUEST_H

#include "vgpu/queue.h"

/* ---- Limits ---------------------------------------------------------------- */

/* Bytes of a program's source: twice the largest kernels of known programs, and
 * what a compiler is done with in seconds. */
#define VGPU_RUN_SOURCE_MAX 0x40000

/* Bytes of a kernel's name: C promises 63 characters that count. */
#define VGPU_RUN_NAME_MAX 128

/* Bytes of build options: all of the allowed ones and room for definitions. */
#define VGPU_RUN_OPTIONS_MAX 1024

/* Arguments of a kernel: OpenCL promises 1024 bytes of them, 128 pointers; half of
 * that is more than any known program has. */
#define VGPU_RUN_ARGUMENTS_MAX 64

/* Bytes of a scalar, a vector of four floats or two doubles. */
#define VGPU_RUN_SCALAR_MAX 16

/* Bytes of one argument in local memory, the 32 KiB that OpenCL promises. */
#define VGPU_RUN_LOCAL_MAX 0x8000

/* Work-items of a run, and of a group: runtimes count both in 32 bits, and no
 * device has larger groups. What a device can do is for it to say. */
#define VGPU_RUN_ITEMS_MAX 0x80000000
#define VGPU_RUN_GROUP_MAX 4096

#define VGPU_RUN_DIMENSIONS_MAX 3

/* ---- Requests ---------------------------------------------------------------- */

/* The one kind: builds a program, runs one of its kernels once, gives back what it
 * has written. */
#define VGPU_REQUEST_RUN 1

struct vgpu_run {
    uint32_t kind;       /* VGPU_REQUEST_RUN */
    uint32_t flags;      /* 0 */
    uint32_t bytes;      /* of the whole request, all that was sent */
    uint32_t dimensions; /* 1 to VGPU_RUN_DIMENSIONS_MAX */
    /* OpenCL C, not empty, at most VGPU_RUN_SOURCE_MAX; no NUL in it, and none
     * is needed behind. */
    uint32_t source;
    uint32_t source_bytes;
    /* The kernel's name, an identifier of C of at most VGPU_RUN_NAME_MAX. */
    uint32_t name;
    uint32_t name_bytes;
    /* Build options with blanks between them, of those that docs/vgpud.md names; may
     * be empty, at most VGPU_RUN_OPTIONS_MAX. */
    uint32_t options;
    uint32_t options_bytes;
    /* An array of struct vgpu_run_argument, at most VGPU_RUN_ARGUMENTS_MAX. */
    uint32_t arguments;
    uint32_t argument_count;
    /* Work-items, and those of a group: 0 in all for as the host likes it, else a
     * divisor each. 0 in the dimensions that there are not. */
    uint64_t global[VGPU_RUN_DIMENSIONS_MAX];
    uint64_t local[VGPU_RUN_DIMENSIONS_MAX];
};
#define VGPU_RUN_SIZE 96

/* X(NAME, value, text): an argument's kinds. The contents of OUT begin as 0. */
#define VGPU_ARGUMENTS(X)                                      \
    X(SCALAR, 1, "scalar") /* bytes at data: the value */      \
    X(IN, 2, "in")         /* a buffer with what is at data */ \
    X(OUT, 3, "out")       /* a buffer that comes back */      \
    X(INOUT, 4, "inout")   /* both */                          \
    X(LOCAL, 5, "local")   /* local memory, data is 0 */

struct vgpu_run_argument {
    uint32_t kind;
    uint32_t bytes; /* not 0 */
    uint32_t data;  /* where the contents are; 0 for OUT and LOCAL */
    uint32_t reserved;
};
#define VGPU_RUN_ARGUMENT_SIZE 16

#define VGPU_ARGUMENT_ENUM(name, value, text) VGPU_ARGUMENT_##name = (value),
enum { VGPU_ARGUMENTS(VGPU_ARGUMENT_ENUM) };

/* ---- Responses ----------------------------------------------------------------- */

/*
 * X(NAME, value, text). Those from BAD_LENGTH to NO_ROOM say that the request is
 * wrong; where several are true the first is given, and nothing was tried.
 */
#define VGPU_RESPONSES(X)                                                   \
    X(OK, 0, "done")                                                        \
    X(BAD_LENGTH, 1, "shorter than its header, or bytes is not its length") \
    X(BAD_KIND, 2, "no such kind of request")                               \
    X(BAD_FLAGS, 3, "unknown flags")                                        \
    X(BAD_DIMENSIONS, 4, "not 1 to 3 dimensions")                           \
    X(BAD_GLOBAL, 5, "global size of 0, too large, or of no dimension")     \
    X(BAD_LOCAL, 6,                                                         \
      "local size that does not divide, too large, or of no dimension")     \
    X(BAD_SOURCE, 7, "source is empty, too long, outside, or has a NUL")    \
    X(BAD_NAME, 8, "kernel name is no identifier, too long or outside")     \
    X(BAD_OPTIONS, 9,                                                       \
      "a build option that is not allowed, too long or outside")            \
    X(BAD_ARGUMENTS, 10, "too many arguments, or their list is outside")    \
    X(BAD_ARGUMENT, 11, "an argument's kind, length or place")              \
    X(NO_ROOM, 12, "the response has not enough room")                      \
    X(BUILD_FAILED, 13, "the program does not build; see the log")          \
    X(NO_KERNEL, 14, "the program has no such kernel")                      \
    X(NOT_CALLABLE, 15, "the kernel does not take these arguments")         \
    X(RUN_FAILED, 16, "the kernel did not run")                             \
    X(NO_MEMORY, 17, "the accelerator has not enough memory")               \
    X(NO_DEVICE, 18, "the accelerator failed")

#define VGPU_RESPONSE_ENUM(name, value, text) VGPU_RESPONSE_##name = (value),
enum { VGPU_RESPONSES(VGPU_RESPONSE_ENUM) };

/* A request without room for as much fails as a whole. */
struct vgpu_response {
    uint32_t status;   /* VGPU_RESPONSE_* */
    uint32_t flags;    /* VGPU_RESPONSE_LOG_TRUNCATED */
    uint32_t bytes;    /* of the whole response */
    int32_t cl_status; /* what OpenCL said, 0 or one of its errors */
    /* With OK: the buffers OUT and INOUT by their order as arguments, each rounded up
     * to VGPU_OUTPUT_ALIGN. With BUILD_FAILED: the compiler's log, no NUL behind. */
    uint32_t data;
    uint32_t data_bytes;
    uint64_t device_ns; /* that the kernel ran */
};
#define VGPU_RESPONSE_SIZE 32

/* The log was longer than the room: this is its beginning. */
#define VGPU_RESPONSE_LOG_TRUNCATED 0x1

/* Of each output, so that the guest can use it where it is. */
#define VGPU_OUTPUT_ALIGN 16

/* ---- Sizes --------------------------------------------------------------------- */

VGPU_SIZE_IS(vgpu_run, VGPU_RUN_SIZE);
VGPU_SIZE_IS(vgpu_run_argument, VGPU_RUN_ARGUMENT_SIZE);
VGPU_SIZE_IS(vgpu_response, VGPU_RESPONSE_SIZE);

#endif /* VGPU_REQUEST_H */
