/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/bytes.h"
#include "core/queue.h"

/* Between what the guest's processors see of two accesses. */
#define vgpu_barrier() __sync_synchronize()

/* ---- Rings ------------------------------------------------------------------ */

static int vgpu_read(VgpuCore *core, uint64_t address, void *to, uint32_t size)
{
    return core->ops->dma_read(core->opaque, address, to, size);
}

static int vgpu_write(VgpuCore *core, uint64_t address, const void *from,
                      uint32_t size)
{
    return core->ops->dma_write(core->opaque, address, from, size);
}

static void vgpu_ring_step(uint32_t *at, uint32_t *phase, uint32_t size)
{
    if (++*at == size) {
        *at = 0;
        *phase ^= 1;
    }
}

int vgpu_ring_take(VgpuCore *core, VgpuQueue *queue,
                   struct vgpu_submission *submission)
{
    uint64_t entry = queue->submission +
                     (uint64_t)queue->head * VGPU_SUBMISSION_SIZE;
    uint8_t flags;
    unsigned i;

    if (vgpu_read(core, entry + offsetof(struct vgpu_submission, flags), &flags,
                  sizeof(flags)) < 0) {
        return -EFAULT;
    }
    if ((flags & VGPU_SUBMISSION_PHASE) != queue->head_phase) {
        return VGPU_RING_EMPTY;
    }
    vgpu_barrier();
    if (vgpu_read(core, entry, submission, sizeof(*submission)) < 0) {
        return -EFAULT;
    }
    VGPU_FROM_GUEST(submission->id);
    VGPU_FROM_GUEST(submission->segments);
    VGPU_FROM_GUEST(submission->argument);
    for (i = 0; i < VGPU_SEGMENTS_INLINE; i++) {
        VGPU_FROM_GUEST(submission->segment[i].address);
        VGPU_FROM_GUEST(submission->segment[i].length);
        VGPU_FROM_GUEST(submission->segment[i].flags);
    }
    vgpu_ring_step(&queue->head, &queue->head_phase, queue->size);
    return 0;
}

int vgpu_ring_complete(VgpuCore *core, VgpuQueue *queue,
                       struct vgpu_completion *completion)
{
    const uint32_t body = offsetof(struct vgpu_completion, flags);
    uint64_t entry = queue->completion +
                     (uint64_t)queue->tail * VGPU_COMPLETION_SIZE;
    uint8_t
        last[VGPU_COMPLETION_SIZE - offsetof(struct vgpu_completion, flags)];

    VGPU_TO_GUEST(completion->result);
    VGPU_TO_GUEST(completion->id);
    VGPU_TO_GUEST(completion->status);
    if (vgpu_write(core, entry, completion, body) < 0) {
        return -EFAULT;
    }
    vgpu_barrier();
    memset(last, 0, sizeof(last));
    last[0] = (uint8_t)queue->tail_phase;
    if (vgpu_write(core, entry + body, last, sizeof(last)) < 0) {
        return -EFAULT;
    }
    vgpu_ring_step(&queue->tail, &queue->tail_phase, queue->size);
    core->completed++;
    queue->completed = 1;
    return 0;
}

int vgpu_ring_set_awake(VgpuCore *core, VgpuQueue *queue, uint32_t awake)
{
    uint32_t wanted = !awake;

    queue->awake = awake;
    if (!queue->event) {
        return 0;
    }
    VGPU_TO_GUEST(wanted);
    if (vgpu_write(core, queue->event + VGPU_EVENT_DOORBELL, &wanted,
                   sizeof(wanted)) < 0) {
        return -EFAULT;
    }
    vgpu_barrier();
    return 0;
}

int vgpu_ring_interrupt_wanted(VgpuCore *core, const VgpuQueue *queue)
{
    uint32_t wanted;

    if (!queue->event) {
        return 1;
    }
    vgpu_barrier();
    if (vgpu_read(core, queue->event + VGPU_EVENT_INTERRUPT, &wanted,
                  sizeof(wanted)) < 0) {
        return -EFAULT;
    }
    return wanted != 0;
}

/* ---- Serving them ------------------------------------------------------------- */

/*
 * One command of a queue, or the step to sleep: *cost is 0 when there was none.
 * -EFAULT: the ring is gone.
 */
static int vgpu_queue_step(VgpuCore *core, unsigned number, uint32_t *cost)
{
    VgpuQueue *queue = &core->queue[number];
    struct vgpu_submission submission;
    struct vgpu_completion completion;
    int result = vgpu_ring_take(core, queue, &submission);

    *cost = 0;
    if (result == VGPU_RING_EMPTY && queue->awake) {
        /* The driver may have written one before it could see this. */
        if (vgpu_ring_set_awake(core, queue, 0) < 0) {
            return -EFAULT;
        }
        result = vgpu_ring_take(core, queue, &submission);
    }
    if (result == VGPU_RING_EMPTY) {
        queue->rung = 0;
        return 0;
    }
    if (result < 0 ||
        (!queue->awake && vgpu_ring_set_awake(core, queue, 1) < 0)) {
        return -EFAULT;
    }
    *cost = vgpu_command_cost(
        vgpu_command_do(core, number, &submission, &completion));
    return completion.status == VGPU_DONE_LATER
               ? 0
               : vgpu_ring_complete(core, queue, &completion);
}

/* A queue whose next command may be a request waits until one can be sent. */
static bool vgpu_queue_can_go(const VgpuCore *core, const VgpuQueue *queue)
{
    return queue->rung && (core->link != VGPU_LINK_UP ||
                           vgpu_link_free_slot(core) < VGPU_LINK_SLOTS);
}

/* One for all that a queue has completed. -EFAULT: an event is gone. */
static int vgpu_raise_interrupts(VgpuCore *core)
{
    unsigned i;

    for (i = 0; i < core->config.queues; i++) {
        VgpuQueue *queue = &core->queue[i];

        if (queue->completed) {
            int wanted = vgpu_ring_interrupt_wanted(core, queue);

            if (wanted < 0) {
                return wanted;
            }
            queue->completed = 0;
            if (wanted) {
                vgpu_queue_interrupt(core, i);
            }
        }
    }
    return 0;
}

/* A command of each queue in turn, until all sleep or enough is done. Returns
 * whether there may be more, or -EFAULT. */
static int vgpu_serve(VgpuCore *core)
{
    uint32_t done = 0;
    unsigned idle = 0;
    int more = vgpu_link_serve(core, &done);

    if (more) {
        return more;
    }

    while (idle < core->config.queues) {
        const unsigned number = core->turn;
        uint32_t cost = 0;

        if (done >= VGPU_RUN_BYTES) {
            return 1;
        }
        core->turn = (core->turn + 1) % core->config.queues;
        if (vgpu_queue_can_go(core, &core->queue[number]) &&
            vgpu_queue_step(core, number, &cost) < 0) {
            return -EFAULT;
        }
        done += cost;
        idle = cost ? 0 : idle + 1;
    }
    return 0;
}

void vgpu_core_run(VgpuCore *core)
{
    int more;

    if (core->state != VGPU_STATE_RUNNING || core->running) {
        return;
    }
    core->running = true;
    more = vgpu_serve(core);
    if (more >= 0 && vgpu_raise_interrupts(core) < 0) {
        more = -EFAULT;
    }
    core->running = false;
    if (more < 0) {
        vgpu_queues_fail(core, VGPU_FAILURE_RING);
    } else if (more) {
        core->ops->schedule(core->opaque);
    }
}
