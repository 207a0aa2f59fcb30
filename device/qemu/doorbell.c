/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/doorbell.h"

static hwaddr vgpu_doorbell_offset(const VgpuDoorbell *doorbell)
{
    return VGPU_DOORBELLS + doorbell->queue * VGPU_REG_SIZE;
}

/* The core is told as by the write that this was, and decides what it is worth. */
static void vgpu_doorbell_take(VgpuDoorbell *doorbell)
{
    if (event_notifier_test_and_clear(&doorbell->notifier)) {
        vgpu_core_write(doorbell->doorbells->core,
                        vgpu_doorbell_offset(doorbell), 0, VGPU_REG_SIZE);
    }
}

static void vgpu_doorbell_rung(EventNotifier *notifier)
{
    vgpu_doorbell_take(container_of(notifier, VgpuDoorbell, notifier));
}

void vgpu_doorbells_init(VgpuDoorbells *doorbells, VgpuCore *core,
                         MemoryRegion *regs)
{
    doorbells->core = core;
    doorbells->regs = regs;
    while (doorbells->count < core->config.queues) {
        VgpuDoorbell *doorbell = &doorbells->doorbell[doorbells->count];

        doorbell->doorbells = doorbells;
        doorbell->queue = doorbells->count;
        if (event_notifier_init(&doorbell->notifier, 0) < 0) {
            break;
        }
        event_notifier_set_handler(&doorbell->notifier, vgpu_doorbell_rung);
        /* Whatever is written rings, so no value is to match. */
        memory_region_add_eventfd(regs, vgpu_doorbell_offset(doorbell),
                                  VGPU_REG_SIZE, false, 0, &doorbell->notifier);
        doorbells->count++;
    }
}

void vgpu_doorbells_deinit(VgpuDoorbells *doorbells)
{
    while (doorbells->count > 0) {
        VgpuDoorbell *doorbell = &doorbells->doorbell[--doorbells->count];

        memory_region_del_eventfd(doorbells->regs,
                                  vgpu_doorbell_offset(doorbell), VGPU_REG_SIZE,
                                  false, 0, &doorbell->notifier);
        event_notifier_set_handler(&doorbell->notifier, NULL);
        event_notifier_cleanup(&doorbell->notifier);
    }
}

void vgpu_doorbells_take(VgpuDoorbells *doorbells)
{
    unsigned i;

    for (i = 0; i < doorbells->count; i++) {
        vgpu_doorbell_take(&doorbells->doorbell[i]);
    }
}

void vgpu_doorbells_forget(VgpuDoorbells *doorbells)
{
    unsigned i;

    for (i = 0; i < doorbells->count; i++) {
        event_notifier_test_and_clear(&doorbells->doorbell[i].notifier);
    }
}
