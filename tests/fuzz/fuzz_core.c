/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: a guest's accesses, resets and loaded states in any order. After
 * each step the device is in a state that its own check accepts, and what the
 * host said stands unchanged.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "vgpu/regs.h"

static void ignore_error(void *opaque, const char *what, uint64_t offset,
                         unsigned size)
{
    (void)opaque;
    (void)what;
    (void)offset;
    (void)size;
}

static const VgpuCoreOps ops = { .guest_error = ignore_error };
static const VgpuConfig config = { .pool = 'B', .priority = 2, .vm_id = 100 };

/* One step: an operation and what it takes. */
typedef struct Step {
    uint8_t operation;
    uint8_t size;
    uint16_t offset;
    uint32_t value;
} Step;

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void load_state(VgpuCore *core, const Step *step)
{
    core->command = step->value;
    core->status = step->offset;
    if (vgpu_core_check_state(core) < 0) {
        vgpu_core_reset(core);
    }
}

static void take(VgpuCore *core, const Step *step)
{
    /* Mostly the sizes that a bus has, and now and then any. */
    unsigned size = step->size & 0x80 ? step->size : 1u << (step->size & 3);
    /* Mostly inside the BAR, and now and then anywhere. */
    uint64_t offset = step->operation & 0x80
                          ? (uint64_t)step->value << 16 | step->offset
                          : step->offset % (2 * VGPU_REG_END);
    uint32_t value;

    switch (step->operation & 3) {
    case 0:
        value = vgpu_core_read(core, offset, size);
        must(size == VGPU_REG_SIZE || value == 0);
        break;
    case 1:
        vgpu_core_write(core, offset, step->value, size);
        break;
    case 2:
        vgpu_core_reset(core);
        break;
    default:
        load_state(core, step);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VgpuCore core;
    Step step;

    vgpu_core_init(&core, &config, &ops, NULL);
    while (size >= sizeof(step)) {
        memcpy(&step, data, sizeof(step));
        data += sizeof(step);
        size -= sizeof(step);
        take(&core, &step);
        must(vgpu_core_check_state(&core) == 0);
        must(memcmp(&core.config, &config, sizeof(config)) == 0);
        must(vgpu_core_read(&core, VGPU_REG_MAGIC, VGPU_REG_SIZE) ==
             VGPU_MAGIC);
    }
    return 0;
}
