/* SPDX-License-Identifier: MIT */
/*
 * Kernels. The device writes into a block of the library's own pages, and what came is
 * copied out of it once it is judged: a caller who has stopped waiting gets no late
 * writes, and a build log does not run over his data.
 *
 * A block may be given back at any time: the driver keeps its pages from whoever comes
 * next until the device is done with them.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "device.h"
#include "request.h"

struct VgpuBlock {
    struct VgpuBlock *next; /* in device->left */
    size_t size;            /* of all of it */
    uint64_t handle;        /* of the command that uses it */
};

/* Where the head begins; the response begins at such a multiple as well. */
#define BLOCK_HEADER 64

static size_t head_room(const Request *request)
{
    return (request->head_bytes + BLOCK_HEADER - 1) &
           ~(size_t)(BLOCK_HEADER - 1);
}

static uint8_t *head_of(struct VgpuBlock *block)
{
    return (uint8_t *)block + BLOCK_HEADER;
}

static uint8_t *response_of(struct VgpuBlock *block, const Request *request)
{
    return head_of(block) + head_room(request);
}

/* ---- Blocks --------------------------------------------------------------------- */

static void block_free(struct VgpuBlock *block)
{
    if (block) {
        munmap(block, block->size);
    }
}

static struct VgpuBlock *block_get(VgpuDevice *device, size_t size)
{
    struct VgpuBlock *block = __atomic_exchange_n(&device->spare, NULL,
                                                  __ATOMIC_ACQ_REL);

    if (block && block->size < size) {
        block_free(block);
        block = NULL;
    }
    if (!block) {
        block = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            return NULL;
        }
        block->size = size;
    }
    return block;
}

/* No command uses it any more. */
static void block_put(VgpuDevice *device, struct VgpuBlock *block)
{
    block_free(__atomic_exchange_n(&device->spare, block, __ATOMIC_ACQ_REL));
}

/* ---- Kernels that nobody waits for any more --------------------------------------- */

static void leave(VgpuDevice *device, struct VgpuBlock *block)
{
    block->next = __atomic_load_n(&device->left, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&device->left, &block->next, block, 1,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
}

/* Takes their results, so that the driver can forget them. */
static void take_left(VgpuDevice *device)
{
    struct VgpuBlock *block = __atomic_exchange_n(&device->left, NULL,
                                                  __ATOMIC_ACQ_REL);

    while (block) {
        struct VgpuBlock *next = block->next;
        VgpuResult result;

        if (vgpu_wait(device, block->handle, 0, &result) == -ETIMEDOUT) {
            leave(device, block);
        } else {
            block_free(block);
        }
        block = next;
    }
}

void vgpu_blocks_free(VgpuDevice *device)
{
    struct VgpuBlock *block = device->left;

    while (block) {
        struct VgpuBlock *next = block->next;

        block_free(block);
        block = next;
    }
    block_free(device->spare);
}

/* ---- Running -------------------------------------------------------------------- */

static int run(VgpuDevice *device, Request *request, struct VgpuBlock *block,
               uint64_t timeout_ns, VgpuResult *done)
{
    VgpuCommand command = { .opcode = VGPU_OP_REQUEST };

    request_write(request, head_of(block), response_of(block, request));
    command.buffers = request->buffers;
    command.buffer_count = request->buffer_count;
    return vgpu_run(device, &command, timeout_ns, done);
}

int vgpu_run_kernel(VgpuDevice *device, const VgpuKernel *kernel,
                    uint64_t timeout_ns, VgpuKernelResult *result)
{
    struct VgpuBlock *block;
    Request request;
    VgpuResult done;
    int ret;

    *result = (VgpuKernelResult){ 0 };
    ret = request_plan(&request, kernel);
    if (ret < 0) {
        return ret;
    }
    take_left(device);
    block = block_get(device,
                      BLOCK_HEADER + head_room(&request) + request.room);
    if (!block) {
        return -ENOMEM;
    }
    ret = run(device, &request, block, timeout_ns, &done);
    if (ret < 0 && done.handle) {
        block->handle = done.handle;
        leave(device, block);
        return ret;
    }
    if (ret == 0) {
        result->status = done.status;
        ret = done.status != VGPU_DONE_OK
                  ? VGPU_KERNEL_FAILED
                  : request_finish(&request, response_of(block, &request),
                                   done.result, result);
    }
    block_put(device, block);
    return ret;
}
