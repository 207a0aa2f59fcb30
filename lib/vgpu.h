/* SPDX-License-Identifier: MIT */
/*
 * libvgpu: commands for a vgpu-stub device and kernels for the accelerator behind
 * it, by way of the Linux driver.
 *
 * Errors: a function that returns int returns 0 or more, or a negative errno
 * (what the driver says: vgpu/uapi.h). What has become of a command is a status,
 * not an error: VGPU_DONE_* of vgpu/queue.h, or VGPU_STATUS_* of vgpu/uapi.h.
 *
 * Threads: all functions may be called from any number of threads on the same
 * device, but for vgpu_close(), which has to be the last. A process that forks
 * shares the device and its commands with its child.
 *
 * Signals: handlers run, and a wait goes on until the time that it was given.
 *
 * Times are in nanoseconds from the call on, at most VGPU_WAIT_MAX_NS; 0 does not
 * wait.
 */
#ifndef VGPU_H
#define VGPU_H

#include <stddef.h>
#include <stdint.h>

#include "vgpu/queue.h"
#include "vgpu/regs.h"
#include "vgpu/request.h"
#include "vgpu/uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VGPU_SECOND 1000000000ull

/* An open device. */
typedef struct VgpuDevice VgpuDevice;

/* Memory of a command: the caller's, who leaves it alone until vgpu_wait() has
 * given the command's result, or vgpu_close() has returned. */
typedef struct VgpuBuffer {
    void *memory;
    size_t size; /* bytes, not 0 */
    uint32_t
        flags; /* VGPU_BUFFER_WRITE: the device writes it; 0: it reads it */
} VgpuBuffer;

/* Read during vgpu_submit() only. */
typedef struct VgpuCommand {
    uint8_t opcode; /* VGPU_OP_* */
    uint64_t argument;
    uint64_t cookie; /* the caller's own */
    const VgpuBuffer *buffers;
    unsigned buffer_count; /* at most VGPU_BUFFERS_MAX */
} VgpuCommand;

typedef struct VgpuResult {
    uint64_t handle; /* of vgpu_submit() */
    uint64_t cookie; /* of the command */
    uint64_t result; /* 0 with any status but VGPU_DONE_OK */
    uint32_t status;
} VgpuResult;

/* ---- Devices --------------------------------------------------------------- */

/*
 * The numbers of the devices that there are, in their order, at most max of them
 * into numbers. Returns how many there are, which may be more.
 */
int vgpu_list(unsigned *numbers, unsigned max);

/*
 * Opens /dev/vgpuN. *device is the caller's: vgpu_close(). Errors: -ENOENT, -ENXIO
 * or -ENODEV: there is none; -EACCES: it is not the caller's to use; -ENOMEM.
 */
int vgpu_open(unsigned number, VgpuDevice **device);

/*
 * Frees it, having waited for the commands that it has left, so that none of them
 * writes to memory any more. NULL is fine.
 */
void vgpu_close(VgpuDevice *device);

/* What it is and how it is doing. Errors: -ENODEV. */
int vgpu_get_info(VgpuDevice *device, struct vgpu_info *info);

/*
 * For poll(): POLLIN while vgpu_wait() for any command would give a result at
 * once, POLLHUP when the device is gone. It stays the library's.
 */
int vgpu_descriptor(const VgpuDevice *device);

/* ---- Commands -------------------------------------------------------------- */

/*
 * Sends a command, waiting at most so long for room. *handle names it. Errors:
 * those of VGPU_IOC_SUBMIT; nothing was sent then.
 */
int vgpu_submit(VgpuDevice *device, const VgpuCommand *command,
                uint64_t timeout_ns, uint64_t *handle);

/*
 * Waits at most so long for a command, or for any with handle 0, and takes its
 * result; each can be taken once. Errors: those of VGPU_IOC_WAIT; after -ETIMEDOUT
 * the command goes on and can be waited for again.
 */
int vgpu_wait(VgpuDevice *device, uint64_t handle, uint64_t timeout_ns,
              VgpuResult *result);

/*
 * Sends a command and waits for it, at most so long in all. Errors: those of both;
 * after -ETIMEDOUT with result->handle not 0 the command goes on.
 */
int vgpu_run(VgpuDevice *device, const VgpuCommand *command,
             uint64_t timeout_ns, VgpuResult *result);

/* A status as an English text, never NULL. Owned by the library. */
const char *vgpu_status_text(uint32_t status);

/* ---- The device's own commands, one at a time ------------------------------- */

/*
 * Each sends one, waits for it, at most so long, and returns 0, an error of
 * vgpu_run(), or -EIO when its status is not VGPU_DONE_OK. After -ETIMEDOUT the
 * device may write to the memory until vgpu_close() has returned.
 */

int vgpu_nop(VgpuDevice *device, uint64_t timeout_ns);

/* What the device says of itself, in the host's byte order. */
int vgpu_identify(VgpuDevice *device, uint64_t timeout_ns,
                  struct vgpu_identity *identity);

/* The device copies size bytes. The two do not overlap; together they are at most
 * VGPU_COMMAND_BYTES_MAX. */
int vgpu_echo(VgpuDevice *device, const void *from, void *to, size_t size,
              uint64_t timeout_ns);

/*
 * The device writes the pattern of the seed to memory, then compares it with the
 * pattern. *differing is how many bytes were wrong. The memory has the pattern
 * then.
 */
int vgpu_memory_test(VgpuDevice *device, void *memory, size_t size,
                     uint64_t seed, uint64_t timeout_ns, uint64_t *differing);

/* Byte number of the pattern of a seed (vgpu/queue.h). */
uint8_t vgpu_pattern_byte(uint64_t seed, size_t number);

/* ---- Kernels, on the host's accelerator --------------------------------------- */

typedef struct VgpuArgument {
    uint32_t kind;  /* VGPU_ARGUMENT_* of vgpu/request.h */
    const void *in; /* SCALAR, IN, INOUT: what the kernel gets */
    void *out;      /* OUT, INOUT: where what it has written goes; may be in */
    size_t size;    /* bytes of either, or of LOCAL; not 0 */
} VgpuArgument;

/* Read during vgpu_run_kernel() only. */
typedef struct VgpuKernel {
    const char *source;  /* of the program, in OpenCL C */
    const char *name;    /* of the kernel in it */
    const char *options; /* to build it with (docs/vgpud.md), or NULL */
    unsigned dimensions; /* 1 to VGPU_RUN_DIMENSIONS_MAX */
    uint64_t global[VGPU_RUN_DIMENSIONS_MAX]; /* work-items */
    uint64_t local[VGPU_RUN_DIMENSIONS_MAX];  /* of a group; all 0: any */
    const VgpuArgument *arguments;
    unsigned argument_count; /* at most VGPU_RUN_ARGUMENTS_MAX */
} VgpuKernel;

typedef struct VgpuKernelResult {
    uint32_t status;    /* of the command */
    uint32_t response;  /* with VGPU_DONE_OK: VGPU_RESPONSE_*, or a newer one */
    int32_t cl_status;  /* likewise: what OpenCL said, 0 or one of its errors */
    int log_truncated;  /* this is the log's beginning */
    uint64_t device_ns; /* that the kernel ran */
    char *log;          /* the compiler's, the caller's to free(), or NULL */
} VgpuKernelResult;

/* vgpu_run_kernel(): it has not run to its end. */
#define VGPU_KERNEL_FAILED 1

/*
 * Builds a program, runs one of its kernels once and waits for that, at most so
 * long in all. Returns 0 when the outputs are there, or VGPU_KERNEL_FAILED: then
 * *result says why. Outputs are written with 0 only.
 *
 * Errors: those of vgpu_run(); -EINVAL: an argument of no such kind or of no size,
 * or too many; -EMSGSIZE: all of it, with the room for what comes back, is more than
 * VGPU_COMMAND_BYTES_MAX; -ENOMEM; -EPROTO: the host's answer makes no sense.
 *
 * After an error nothing writes to the caller's memory any more, though after
 * -ETIMEDOUT the kernel goes on, and inputs may still be read. The library takes
 * its result when it is next called for a kernel, or leaves it to vgpu_close().
 * Whoever waits for any command with vgpu_wait() takes the results of kernels as
 * well, and this fails with -ENOENT: a program that does both opens the device twice.
 */
int vgpu_run_kernel(VgpuDevice *device, const VgpuKernel *kernel,
                    uint64_t timeout_ns, VgpuKernelResult *result);

/* A response as an English text, never NULL. Owned by the library. */
const char *vgpu_response_text(uint32_t response);

#ifdef __cplusplus
}
#endif

#endif /* VGPU_H */
