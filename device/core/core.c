/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/core.h"
#include "core/queue.h"
#include "vgpu/regs.h"

void vgpu_core_init(VgpuCore *core, const VgpuConfig *config,
                    const VgpuCoreOps *ops, void *opaque)
{
    core->ops = ops;
    core->opaque = opaque;
    core->config = *config;
    core->features = config->queues ? VGPU_FEATURE_QUEUES : 0;
    core->generation = 0;
    core->completed = 0;
    core->link = VGPU_LINK_NONE;
    core->memory = NULL;
    memset(core->flight, 0, sizeof(core->flight));
    core->running = false;
    vgpu_core_reset(core);
}

void vgpu_core_reset(VgpuCore *core)
{
    core->command = 0;
    core->status = VGPU_STATUS_IDLE;
    vgpu_queues_reset(core);
}

static void vgpu_core_guest_error(VgpuCore *core, const char *what,
                                  uint64_t offset, unsigned size)
{
    core->ops->guest_error(core->opaque, what, offset, size);
}

/* What is wrong with an access, whatever it is of; NULL: nothing. */
static const char *vgpu_core_wrong_access(const VgpuCore *core, uint64_t offset,
                                          unsigned size)
{
    if (size != VGPU_REG_SIZE || offset % VGPU_REG_SIZE != 0) {
        return "access of a wrong size or alignment";
    }
    return core->running ? "access by the device to itself" : NULL;
}

uint32_t vgpu_core_read(VgpuCore *core, uint64_t offset, unsigned size)
{
    const char *wrong = vgpu_core_wrong_access(core, offset, size);
    uint32_t value = 0;

    if (wrong) {
        vgpu_core_guest_error(core, wrong, offset, size);
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
        wrong = core->config.queues ? vgpu_queues_read(core, offset, &value)
                                    : "read of no register";
        if (wrong) {
            vgpu_core_guest_error(core, wrong, offset, size);
        }
        return value;
    }
}

void vgpu_core_write(VgpuCore *core, uint64_t offset, uint64_t value,
                     unsigned size)
{
    const char *wrong = vgpu_core_wrong_access(core, offset, size);

    if (wrong) {
        vgpu_core_guest_error(core, wrong, offset, size);
        return;
    }

    switch (offset) {
    case VGPU_REG_COMMAND:
        core->command = (uint32_t)value;
        core->status = VGPU_STATUS_WRITTEN;
        return;
    default:
        wrong = core->config.queues
                    ? vgpu_queues_write(core, offset, (uint32_t)value)
                    : "write to no writable register";
        if (wrong) {
            vgpu_core_guest_error(core, wrong, offset, size);
        }
        return;
    }
}

int vgpu_core_check_state(const VgpuCore *core)
{
    if (core->status > VGPU_STATUS_WRITTEN ||
        (core->status == VGPU_STATUS_IDLE && core->command != 0)) {
        return -EINVAL;
    }
    return core->config.queues ? vgpu_queues_check_state(core) : 0;
}
