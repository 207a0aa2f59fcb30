/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>

#include "core/core.h"
#include "vgpu/regs.h"

void vgpu_core_init(VgpuCore *core, const VgpuConfig *config,
                    const VgpuCoreOps *ops, void *opaque)
{
    core->ops = ops;
    core->opaque = opaque;
    core->config = *config;
    core->features = 0;
    vgpu_core_reset(core);
}

void vgpu_core_reset(VgpuCore *core)
{
    core->command = 0;
    core->status = VGPU_STATUS_IDLE;
}

static void vgpu_core_guest_error(VgpuCore *core, const char *what,
                                  uint64_t offset, unsigned size)
{
    core->ops->guest_error(core->opaque, what, offset, size);
}

/* Whether an access is of the one form that has an effect. */
static bool vgpu_core_is_register_access(uint64_t offset, unsigned size)
{
    return size == VGPU_REG_SIZE && offset % VGPU_REG_SIZE == 0;
}

uint32_t vgpu_core_read(VgpuCore *core, uint64_t offset, unsigned size)
{
    if (!vgpu_core_is_register_access(offset, size)) {
        vgpu_core_guest_error(core, "read of a wrong size or alignment", offset,
                              size);
        return 0;
    }

    switch (offset) {
    case VGPU_REG_COMMAND:
        return core->command;
    case VGPU_REG_STATUS:
        return core->status;
    case VGPU_REG_POOL:
        return core->config.pool;
    case VGPU_REG_PRIORITY:
        return core->config.priority;
    case VGPU_REG_VM_ID:
        return core->config.vm_id;
    case VGPU_REG_MAGIC:
        return VGPU_MAGIC;
    case VGPU_REG_ABI_VERSION:
        return VGPU_ABI_VERSION;
    case VGPU_REG_FEATURES:
        return core->features;
    default:
        vgpu_core_guest_error(core, "read of no register", offset, size);
        return 0;
    }
}

void vgpu_core_write(VgpuCore *core, uint64_t offset, uint64_t value,
                     unsigned size)
{
    if (!vgpu_core_is_register_access(offset, size)) {
        vgpu_core_guest_error(core, "write of a wrong size or alignment",
                              offset, size);
        return;
    }

    switch (offset) {
    case VGPU_REG_COMMAND:
        core->command = (uint32_t)value;
        core->status = VGPU_STATUS_WRITTEN;
        return;
    default:
        vgpu_core_guest_error(core, "write to no writable register", offset,
                              size);
        return;
    }
}

int vgpu_core_check_state(const VgpuCore *core)
{
    switch (core->status) {
    case VGPU_STATUS_IDLE:
        return core->command == 0 ? 0 : -EINVAL;
    case VGPU_STATUS_WRITTEN:
        return 0;
    default:
        return -EINVAL;
    }
}
