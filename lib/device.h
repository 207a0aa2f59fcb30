/* SPDX-License-Identifier: MIT */
/*
 * libvgpu, inside.
 */
#ifndef LIBVGPU_DEVICE_H
#define LIBVGPU_DEVICE_H

struct VgpuDevice {
    int fd; /* of /dev/vgpuN */
};

#endif /* LIBVGPU_DEVICE_H */
