/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's end of the link, over a chardev: hello, answer with descriptors,
 * and from then on memory and two eventfds. With QEMU's big lock held, all of it.
 */
#ifndef VGPU_QEMU_CHANNEL_H
#define VGPU_QEMU_CHANNEL_H

#include "qemu/compat.h"

#include "core/core.h"

typedef struct VgpuChannel {
    VGPU_CHR chr; /* the property's */
    VgpuCore *core;
    /* Schedules the core's next run. */
    void (*schedule)(void *opaque);
    void *opaque;

    uint8_t message[VGPU_LINK_MESSAGE_BYTES];
    unsigned have; /* bytes of it */
    /* While it is up; -1 and NULL: not there. */
    int fd[VGPU_LINK_DESCRIPTORS];
    void *memory;
} VgpuChannel;

/* Once, when the core is there. Nothing happens where there is no chardev. */
void vgpu_channel_init(VgpuChannel *channel, VgpuCore *core,
                       void (*schedule)(void *opaque), void *opaque);
void vgpu_channel_deinit(VgpuChannel *channel);

/* What the core's ops of these names do. */
void vgpu_channel_wake(VgpuChannel *channel);
void vgpu_channel_drop(VgpuChannel *channel);

#endif /* VGPU_QEMU_CHANNEL_H */
