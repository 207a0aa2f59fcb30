/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/queue.h"

/* The worker is another process: what it writes is copied once, then judged. */
static uint32_t vgpu_link_load(const uint32_t *count)
{
    return __atomic_load_n(count, __ATOMIC_ACQUIRE);
}

static void vgpu_link_store(uint32_t *count, uint32_t value)
{
    __atomic_store_n(count, value, __ATOMIC_RELEASE);
}

static struct vgpu_link_header *vgpu_link_header(const VgpuCore *core)
{
    return (struct vgpu_link_header *)(void *)core->memory;
}

/* ---- Coming and going ------------------------------------------------------------ */

void vgpu_core_link_up(VgpuCore *core, void *memory)
{
    core->memory = memory;
    core->link_sent = 0;
    core->link_taken = 0;
    core->link_sleeps = false;
    vgpu_core_set_link(core, VGPU_LINK_UP);
    core->ops->schedule(core->opaque);
}

/* What was sent will not be answered. */
static void vgpu_link_lose(VgpuCore *core)
{
    unsigned i;

    for (i = 0; i < VGPU_LINK_SLOTS; i++) {
        VgpuFlight *flight = &core->flight[i];

        if (flight->state == VGPU_FLIGHT_SENT) {
            flight->state = VGPU_FLIGHT_LOST;
        } else if (flight->state == VGPU_FLIGHT_ORPHAN) {
            flight->state = VGPU_FLIGHT_FREE;
        }
    }
    core->ops->schedule(core->opaque);
}

void vgpu_core_link_down(VgpuCore *core)
{
    core->memory = NULL;
    vgpu_link_lose(core);
    vgpu_core_set_link(core, VGPU_LINK_DOWN);
}

void vgpu_core_loaded(VgpuCore *core)
{
    if (core->config.queues) {
        vgpu_link_lose(core);
    }
}

void vgpu_link_forget(VgpuCore *core, unsigned queue)
{
    unsigned i;

    for (i = 0; i < VGPU_LINK_SLOTS; i++) {
        VgpuFlight *flight = &core->flight[i];

        if (flight->queue != queue) {
            continue;
        }
        if (flight->state == VGPU_FLIGHT_SENT) {
            flight->state = VGPU_FLIGHT_ORPHAN;
        } else if (flight->state == VGPU_FLIGHT_LOST) {
            flight->state = VGPU_FLIGHT_FREE;
        }
    }
}

/* ---- Requests ---------------------------------------------------------------------- */

unsigned vgpu_link_free_slot(const VgpuCore *core)
{
    unsigned slot = 0;

    while (slot < VGPU_LINK_SLOTS &&
           core->flight[slot].state != VGPU_FLIGHT_FREE) {
        slot++;
    }
    return slot;
}

uint8_t *vgpu_link_slot(const VgpuCore *core, unsigned slot)
{
    return core->memory + VGPU_LINK_SLOT_AT(slot);
}

void vgpu_link_send(VgpuCore *core, unsigned slot, uint32_t request_bytes,
                    uint64_t argument)
{
    struct vgpu_link_header *header = vgpu_link_header(core);
    const struct vgpu_link_request request = {
        .slot = slot,
        .request_bytes = request_bytes,
        .response_bytes = core->flight[slot].room,
        .argument = argument,
    };
    const size_t at = core->link_sent % VGPU_LINK_SLOTS;

    memcpy(core->memory + VGPU_LINK_REQUESTS_AT + at * VGPU_LINK_REQUEST_SIZE,
           &request, sizeof(request));
    core->flight[slot].state = VGPU_FLIGHT_SENT;
    core->flight[slot].request_bytes = request_bytes;
    vgpu_link_store(&header->requests, ++core->link_sent);
    __sync_synchronize();
    if (vgpu_link_load(&header->request_wanted)) {
        core->ops->wake_worker(core->opaque);
    }
}

/* ---- Completions --------------------------------------------------------------------- */

/* Tells the guest what has become of a request, and frees its slot. */
static int vgpu_flight_end(VgpuCore *core, VgpuFlight *flight, uint16_t status,
                           uint64_t result)
{
    struct vgpu_completion completion;

    flight->state = VGPU_FLIGHT_FREE;
    memset(&completion, 0, sizeof(completion));
    completion.id = (uint16_t)flight->id;
    completion.status = status;
    completion.result = result;
    return vgpu_ring_complete(core, &core->queue[flight->queue], &completion);
}

/* Requests that the link took with it. -EFAULT: a ring is gone. */
static int vgpu_link_report_lost(VgpuCore *core)
{
    unsigned i;

    for (i = 0; i < VGPU_LINK_SLOTS; i++) {
        VgpuFlight *flight = &core->flight[i];

        if (flight->state == VGPU_FLIGHT_LOST &&
            vgpu_flight_end(core, flight, VGPU_DONE_LINK_LOST, 0) < 0) {
            return -EFAULT;
        }
    }
    return 0;
}

/* The worker has it, and what it says of it is in range. */
static bool vgpu_link_is_good(const VgpuCore *core,
                              const struct vgpu_link_completion *done)
{
    const VgpuFlight *flight;

    if (done->slot >= VGPU_LINK_SLOTS || done->reserved) {
        return false;
    }
    flight = &core->flight[done->slot];
    if (flight->state != VGPU_FLIGHT_SENT &&
        flight->state != VGPU_FLIGHT_ORPHAN) {
        return false;
    }
    switch (done->status) {
    case VGPU_LINK_DONE_OK:
        return done->response_bytes <= flight->room;
    case VGPU_LINK_DONE_FAILED:
        return done->response_bytes == 0;
    default:
        return false;
    }
}

static int vgpu_link_finish(VgpuCore *core,
                            const struct vgpu_link_completion *done)
{
    VgpuFlight *flight = &core->flight[done->slot];

    if (flight->state == VGPU_FLIGHT_ORPHAN) {
        flight->state = VGPU_FLIGHT_FREE;
        return 0;
    }
    if (done->status != VGPU_LINK_DONE_OK) {
        return vgpu_flight_end(core, flight, VGPU_DONE_BACKEND_FAILED, 0);
    }
    if (!vgpu_command_put(core, flight->segment,
                          vgpu_link_slot(core, done->slot) +
                              VGPU_LINK_RESPONSE_AT(flight->request_bytes),
                          done->response_bytes)) {
        return vgpu_flight_end(core, flight, VGPU_DONE_BAD_ADDRESS, 0);
    }
    return vgpu_flight_end(core, flight, VGPU_DONE_OK, done->response_bytes);
}

/* Nothing that this worker says counts any more. */
static void vgpu_link_break(VgpuCore *core)
{
    vgpu_core_link_down(core);
    core->ops->drop_link(core->opaque);
}

/* How many completions there are to take; sleeps when there are none. */
static uint32_t vgpu_link_pending(VgpuCore *core)
{
    struct vgpu_link_header *header = vgpu_link_header(core);
    uint32_t pending = vgpu_link_load(&header->completions) - core->link_taken;

    if (pending && core->link_sleeps) {
        vgpu_link_store(&header->completion_wanted, 0);
        core->link_sleeps = false;
    } else if (!pending && !core->link_sleeps) {
        vgpu_link_store(&header->completion_wanted, 1);
        core->link_sleeps = true;
        __sync_synchronize();
        pending = vgpu_link_load(&header->completions) - core->link_taken;
    }
    return pending;
}

int vgpu_link_serve(VgpuCore *core, uint32_t *done)
{
    uint32_t pending;

    if (vgpu_link_report_lost(core) < 0) {
        return -EFAULT;
    }
    while (core->memory && (pending = vgpu_link_pending(core))) {
        struct vgpu_link_completion completion;
        const size_t at = core->link_taken % VGPU_LINK_SLOTS;

        if (*done >= VGPU_RUN_BYTES) {
            return 1;
        }
        memcpy(&completion,
               core->memory + VGPU_LINK_COMPLETIONS_AT +
                   at * VGPU_LINK_COMPLETION_SIZE,
               sizeof(completion));
        if (pending > VGPU_LINK_SLOTS ||
            !vgpu_link_is_good(core, &completion)) {
            vgpu_link_break(core);
            return vgpu_link_report_lost(core);
        }
        core->link_taken++;
        *done += vgpu_command_cost(completion.response_bytes);
        if (vgpu_link_finish(core, &completion) < 0) {
            return -EFAULT;
        }
    }
    return 0;
}
