/* SPDX-License-Identifier: MIT */
/*
 * libvgpu, inside.
 */
#ifndef LIBVGPU_DEVICE_H
#define LIBVGPU_DEVICE_H

struct VgpuBlock;

/* Blocks are exchanged atomically: several threads, and forks at any time. */
struct VgpuDevice {
    int fd;                  /* of /dev/vgpuN */
    struct VgpuBlock *spare; /* for the next kernel, or NULL */
    struct VgpuBlock *left; /* a list: kernels that nobody waits for any more */
};

/* run.c: gives all blocks back. The device is closed. */
void vgpu_blocks_free(struct VgpuDevice *device);

#endif /* LIBVGPU_DEVICE_H */
