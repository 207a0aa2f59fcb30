/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vgpu-stub core: the device as plain C, with no hypervisor's header. A
 * binding (device/qemu) gives it guest accesses and an ops table.
 *
 * One caller at a time: a binding calls with its own lock held (QEMU's big
 * lock). No call blocks, allocates or fails but where it says so.
 */
#ifndef VGPU_CORE_H
#define VGPU_CORE_H

#include <stdint.h>

#include "core/config.h"

/* What the core asks of its binding. Every pointer is set. */
typedef struct VgpuCoreOps {
    /*
     * The guest did what a correct driver never does. It has no effect on the
     * device; the binding may log it, but must bound what it logs by default.
     * what is a static string; offset and size are in bytes of the BAR.
     */
    void (*guest_error)(void *opaque, const char *what, uint64_t offset,
                        unsigned size);
} VgpuCoreOps;

typedef struct VgpuCore {
    const VgpuCoreOps *ops;
    void *opaque;
    VgpuConfig config;
    /* What this device offers, of VGPU_FEATURES_KNOWN. */
    uint32_t features;
    /* The guest-written state: what a reset clears and a migration carries. */
    uint32_t command;
    uint32_t status;
} VgpuCore;

/* Sets up a device as after reset. Keeps ops and opaque, copies config. */
void vgpu_core_init(VgpuCore *core, const VgpuConfig *config,
                    const VgpuCoreOps *ops, void *opaque);

/* Back to the state after vgpu_core_init(); the config stays. */
void vgpu_core_reset(VgpuCore *core);

/*
 * A guest's access to VGPU_REGS_BAR: offset and size in bytes, both as the
 * guest chose them. Only an aligned access of VGPU_REG_SIZE has an effect;
 * anything else reads 0 or is ignored, and is told to ops->guest_error.
 */
uint32_t vgpu_core_read(VgpuCore *core, uint64_t offset, unsigned size);
void vgpu_core_write(VgpuCore *core, uint64_t offset, uint64_t value,
                     unsigned size);

/*
 * Whether the guest-written state, just loaded from a migration stream, is
 * one that a guest can bring about. Returns 0, or -EINVAL: the stream is
 * damaged or hostile and the device must not run with it.
 */
int vgpu_core_check_state(const VgpuCore *core);

#endif /* VGPU_CORE_H */
