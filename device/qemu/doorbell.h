/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doorbells as ioeventfds: KVM takes such a write in the kernel and the guest goes
 * on at once, instead of waiting until QEMU has had its big lock. Where nothing but
 * QEMU could take it, a doorbell is a write as every other. With QEMU's big lock
 * held, all of it.
 */
#ifndef VGPU_QEMU_DOORBELL_H
#define VGPU_QEMU_DOORBELL_H

#include "qemu/compat.h"

#include "core/core.h"

typedef struct VgpuDoorbells VgpuDoorbells;

typedef struct VgpuDoorbell {
    EventNotifier notifier;
    VgpuDoorbells *doorbells;
    unsigned queue;
} VgpuDoorbell;

struct VgpuDoorbells {
    VgpuCore *core;
    MemoryRegion *regs;
    unsigned count; /* those that are there */
    VgpuDoorbell doorbell[VGPU_QUEUES_MAX];
};

/*
 * One for each queue of the core, in the region of the registers. Without enough
 * descriptors there are fewer: the others' doorbells are writes.
 */
void vgpu_doorbells_init(VgpuDoorbells *doorbells, VgpuCore *core,
                         MemoryRegion *regs);
void vgpu_doorbells_deinit(VgpuDoorbells *doorbells);

/* Tells the core of those that were rung and that it has not been told of. The VM
 * has just stopped: what it has rung is part of its state. */
void vgpu_doorbells_take(VgpuDoorbells *doorbells);

/* Forgets those that were rung: the device is reset. */
void vgpu_doorbells_forget(VgpuDoorbells *doorbells);

#endif /* VGPU_QEMU_DOORBELL_H */
