/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vgpu-stub core, inside: the registers and rings of a device with queues.
 */
#ifndef VGPU_CORE_QUEUE_H
#define VGPU_CORE_QUEUE_H

#include "core/core.h"

/* What VGPU_CONTROL_RESET does, and a reset of the system besides. */
void vgpu_queues_reset(VgpuCore *core);

/*
 * An access to a register from VGPU_REG_END on, or to a doorbell. Returns NULL, or
 * what is wrong with it, a static string; it then has had no effect.
 */
const char *vgpu_queues_read(const VgpuCore *core, uint64_t offset,
                             uint32_t *value);
const char *vgpu_queues_write(VgpuCore *core, uint64_t offset, uint32_t value);

/* 0, or -EINVAL for a loaded state that no guest can bring about. */
int vgpu_queues_check_state(const VgpuCore *core);

/* The device gives up, for a reason of VGPU_FAILURE_*. */
void vgpu_queues_fail(VgpuCore *core, uint32_t failure);

/* Raises the interrupt of a queue's completions. */
void vgpu_queue_interrupt(VgpuCore *core, unsigned number);

/* ---- Rings ------------------------------------------------------------------ */

/* Done nothing, and all is well. */
#define VGPU_RING_EMPTY 1

/*
 * Takes the next submission, copied once and in the host's byte order. 0,
 * VGPU_RING_EMPTY, or -EFAULT: the ring is not in the guest's memory.
 */
int vgpu_ring_take(VgpuCore *core, VgpuQueue *queue,
                   struct vgpu_submission *submission);

/* Writes a completion, in the host's byte order but for its flags. 0 or -EFAULT. */
int vgpu_ring_complete(VgpuCore *core, VgpuQueue *queue,
                       struct vgpu_completion *completion);

/* Tells the driver whether the device sleeps. 0 or -EFAULT. */
int vgpu_ring_set_awake(VgpuCore *core, VgpuQueue *queue, uint32_t awake);

/* Whether the driver wants an interrupt: 0 or 1, or -EFAULT. */
int vgpu_ring_interrupt_wanted(VgpuCore *core, const VgpuQueue *queue);

/* ---- The link --------------------------------------------------------------- */

/* The slot of a request that can be sent, or VGPU_LINK_SLOTS: there is none. */
unsigned vgpu_link_free_slot(const VgpuCore *core);

/* Where a slot's bytes lie. The worker may change them at any time. */
uint8_t *vgpu_link_slot(const VgpuCore *core, unsigned slot);

/* Sends the request that is in a slot, whose flight has been filled in. */
void vgpu_link_send(VgpuCore *core, unsigned slot, uint32_t request_bytes,
                    uint64_t argument);

/* The queue is off: nobody waits for its requests. */
void vgpu_link_forget(VgpuCore *core, unsigned queue);

/*
 * Completes requests that are answered or lost, until *done, to which each adds
 * what it has cost, is VGPU_RUN_BYTES. Returns whether there may be more, or
 * -EFAULT: a ring is gone.
 */
int vgpu_link_serve(VgpuCore *core, uint32_t *done);

/* ---- Commands --------------------------------------------------------------- */

/* Instead of a status: it is on its way, and its completion comes later. */
#define VGPU_DONE_LATER 0xffff

/*
 * Does one command of a queue: what it has come to is in the completion, whose
 * status may be VGPU_DONE_LATER. Returns the bytes that were copied.
 */
uint32_t vgpu_command_do(VgpuCore *core, unsigned queue,
                         const struct vgpu_submission *submission,
                         struct vgpu_completion *completion);

/* Writes bytes into segments of the guest, which have room for them. False: one is
 * not in the guest's memory. */
bool vgpu_command_put(VgpuCore *core, const struct vgpu_segment *segments,
                      const uint8_t *bytes, uint32_t size);

/* What a command counts as of VGPU_RUN_BYTES. */
uint32_t vgpu_command_cost(uint32_t bytes);

#endif /* VGPU_CORE_QUEUE_H */
