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

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "vgpu/link.h"
#include "vgpu/queue.h"
#include "vgpu/regs.h"

/*
 * What the core asks of its binding. Every pointer is set; all but guest_error
 * are called for a device with queues only. None of them calls the core, but for an
 * access that DMA to the device's own registers comes to.
 */
typedef struct VgpuCoreOps {
    /*
     * The guest did what a correct driver never does. It has no effect on the
     * device; the binding may log it, but must bound what it logs by default.
     * what is a static string; offset and size are in bytes of the BAR.
     */
    void (*guest_error)(void *opaque, const char *what, uint64_t offset,
                        unsigned size);

    /*
     * Copies from and to the guest's memory, by guest-physical address; length in
     * bytes, not 0, and address + length - 1 does not wrap. Returns 0, or
     * -EFAULT when any of it is no memory of the guest: nothing is then known of
     * the buffer, or of what was written. Only called from vgpu_core_run().
     */
    int (*dma_read)(void *opaque, uint64_t address, void *buffer,
                    uint32_t length);
    int (*dma_write)(void *opaque, uint64_t address, const void *buffer,
                     uint32_t length);

    /* Calls vgpu_core_run() soon, not before the current access has ended. Any
     * number of calls before that are one. */
    void (*schedule)(void *opaque);

    /* Whether the guest has MSI-X on. */
    bool (*msix_is_on)(void *opaque);
    /* Sends the message of a vector below config.queues + 1. */
    void (*send_msix)(void *opaque, unsigned vector);
    /* The level of INTx. */
    void (*set_intx)(void *opaque, bool level);

    /* Wakes the worker at the other end of the link. */
    void (*wake_worker)(void *opaque);
    /* The worker has broken the link's rules: ends the connection. The core does
     * not touch the link's memory any more. */
    void (*drop_link)(void *opaque);
} VgpuCoreOps;

/* One queue: what the driver has set, and how far both rings have come. */
typedef struct VgpuQueue {
    uint64_t submission; /* guest-physical addresses */
    uint64_t completion;
    uint64_t event;  /* 0: none */
    uint32_t size;   /* entries of each ring */
    uint32_t vector; /* VGPU_VECTOR_NONE: none */
    uint32_t enabled;
    uint32_t head; /* next submission to look at, below size */
    uint32_t head_phase;
    uint32_t tail; /* next completion to write, below size */
    uint32_t tail_phase;
    uint32_t awake;     /* doorbell_wanted is 0 in the guest's memory */
    uint32_t rung;      /* the doorbell, since the queue was last found empty */
    uint32_t completed; /* completions that no interrupt was raised for yet */
} VgpuQueue;

/* A request on its way, in the link's slot of the same number. */
typedef struct VgpuFlight {
    uint32_t state; /* VGPU_FLIGHT_* */
    uint32_t queue;
    uint32_t id; /* of the submission */
    uint32_t request_bytes;
    uint32_t room; /* bytes that the segments have */
    struct vgpu_segment segment[VGPU_SEGMENTS_MAX]; /* to write to */
} VgpuFlight;

enum {
    VGPU_FLIGHT_FREE,
    VGPU_FLIGHT_SENT,   /* the worker has it */
    VGPU_FLIGHT_ORPHAN, /* the worker has it, and its queue is gone */
    VGPU_FLIGHT_LOST,   /* the link is gone, and the guest does not know yet */
};

typedef struct VgpuCore {
    const VgpuCoreOps *ops;
    void *opaque;
    VgpuConfig config;
    /* What this device offers, of VGPU_FEATURES_KNOWN. */
    uint32_t features;
    /* The guest-written state: what a reset clears and a migration carries. */
    uint32_t command;
    uint32_t status;

    /* ---- Of a device with queues; carried by a migration, but for link. */
    uint32_t control;
    uint32_t state;
    uint32_t failure;
    uint32_t driver_features;
    uint32_t generation;
    uint32_t interrupt;
    uint32_t config_vector;
    uint32_t queue_select;
    uint64_t completed; /* commands of all queues; a reset leaves it */
    VgpuQueue queue[VGPU_QUEUES_MAX];
    VgpuFlight flight[VGPU_LINK_SLOTS];
    uint32_t link; /* VGPU_LINK_*, the host's */

    /* The link's memory while it is up, and how far both rings have come. */
    uint8_t *memory;
    uint32_t link_sent;
    uint32_t link_taken;
    bool link_sleeps; /* completion_wanted is 1 in the memory */

    /* Whose turn it is: no queue keeps the others waiting. */
    uint32_t turn;
    /* vgpu_core_run() is at work: an access now is the device's own DMA to
     * itself, and has no effect. */
    bool running;
    /* Of the command that is being done, copied from the guest once. */
    struct vgpu_segment segment[VGPU_SEGMENTS_MAX];
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
 * Does commands that lie in the rings, VGPU_RUN_BYTES of copying at most (a command
 * counts as VGPU_RUN_COMMAND_BYTES at least), and raises the interrupts for them.
 * Asks to be scheduled again when there may be more. Not from within an access of
 * the guest.
 */
void vgpu_core_run(VgpuCore *core);

/* What one call does at most, while the guest's other accesses wait for it. */
#define VGPU_RUN_BYTES         0x100000
#define VGPU_RUN_COMMAND_BYTES 4096

/*
 * The host's link. A device that is to have one is VGPU_LINK_DOWN from the start,
 * by vgpu_core_set_link(). It comes up with its memory, VGPU_LINK_MEMORY_BYTES that
 * are mapped until it is down again. Requests that are on their way then are
 * completed with VGPU_DONE_LINK_LOST by the next vgpu_core_run(), which is asked
 * for.
 */
void vgpu_core_set_link(VgpuCore *core, uint32_t link);
void vgpu_core_link_up(VgpuCore *core, void *memory);
void vgpu_core_link_down(VgpuCore *core);

/* What the host has decided for the VM, register values. Others are not taken:
 * -EINVAL. */
int vgpu_core_set_config(VgpuCore *core, uint32_t pool, uint32_t priority,
                         uint32_t vm_id);

/* A state was loaded and is good: requests that were on their way at the source are
 * lost. */
void vgpu_core_loaded(VgpuCore *core);

/* The guest has turned MSI-X on or off, or a state was loaded: INTx follows. */
void vgpu_core_update_intx(VgpuCore *core);

/*
 * Whether the guest-written state, just loaded from a migration stream, is
 * one that a guest can bring about. Returns 0, or -EINVAL: the stream is
 * damaged or hostile and the device must not run with it.
 */
int vgpu_core_check_state(const VgpuCore *core);

#endif /* VGPU_CORE_H */
