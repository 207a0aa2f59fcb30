/* SPDX-License-Identifier: MIT */
/*
 * A guest for the core: memory, a driver's half of the queues, and a binding
 * that keeps what the core asked of it. Nothing here is the core's own idea of
 * a queue: what the driver expects next, it counts by itself.
 */
#ifndef TESTS_UNIT_QUEUE_GUEST_H
#define TESTS_UNIT_QUEUE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "vgpu/queue.h"
#include "vgpu/regs.h"

#define GUEST_BASE 0x10000000ull
#define GUEST_SIZE 0x800000u

/* Where things lie, from the start of the memory. Each queue has a slot for its
 * rings, its event and a list; what commands read and write lies behind them. */
#define GUEST_SLOT       0x20000u
#define GUEST_COMPLETION 0x10000u
#define GUEST_EVENT      0x14000u
#define GUEST_LIST       0x16000u
#define GUEST_DATA       0x400000u
#define GUEST_OTHER_DATA 0x600000u

typedef struct Guest Guest;

/* One call of dma_read or dma_write. */
typedef struct Access {
    bool write;
    uint64_t address;
    uint32_t length;
} Access;

typedef void GuestHook(Guest *guest, const Access *access);

/* The driver's side of a queue. */
typedef struct GuestQueue {
    uint64_t submission, completion, event; /* event 0: none */
    uint32_t size;
    uint32_t head; /* where the next submission goes */
    uint8_t head_phase;
    uint32_t tail; /* where the next completion comes */
    uint8_t tail_phase;
} GuestQueue;

struct Guest {
    VgpuCore core;
    VgpuConfig config;
    uint64_t base;
    uint8_t *memory;
    uint8_t *link_memory; /* while the link is up */
    GuestQueue queue[VGPU_QUEUES_MAX];
    uint16_t next_id;

    /* What the core has asked of its binding. */
    unsigned errors;
    unsigned reads, writes; /* calls */
    uint64_t bytes;         /* of both */
    bool scheduled;
    unsigned messages; /* MSI-X, all vectors */
    unsigned vector[VGPU_QUEUES_MAX + 1];
    bool intx;

    /* What the guest does to the core. */
    bool msix;
    bool in_run;
    /* Any access that touches these bytes fails. */
    uint64_t bad_address;
    uint64_t bad_length;
    /* Another processor of the guest: before and after each access. */
    GuestHook *before;
    GuestHook *after;
    void *data; /* the hooks' own */
};

/* A device of so many queues, as after reset, and memory full of 0. */
Guest *guest_new(uint32_t queues);
Guest *guest_new_at(uint64_t base, uint32_t queues);
/* Also sees that the core's state is one that its own check accepts. */
void guest_free(Guest *guest);

/* The host's link comes or goes; there is a worker that answers nothing. */
void guest_set_link(Guest *guest, uint32_t link);

/* ---- Memory ----------------------------------------------------------------- */

/* The guest-physical address of an offset, and the memory there. */
uint64_t guest_at(const Guest *guest, uint32_t offset);
uint8_t *guest_memory(Guest *guest, uint64_t address, uint64_t length);
uint32_t guest_get32(Guest *guest, uint64_t address);
void guest_put32(Guest *guest, uint64_t address, uint32_t value);

/* Whether the access touches any of these bytes. */
bool access_touches(const Access *access, uint64_t address, uint64_t length);

/* ---- Registers --------------------------------------------------------------- */

uint32_t guest_reg(Guest *guest, uint64_t offset);
void guest_set(Guest *guest, uint64_t offset, uint32_t value);
/* A register of a queue: selects it first. */
uint32_t guest_queue_reg(Guest *guest, uint32_t queue, uint64_t offset);
void guest_queue_set(Guest *guest, uint32_t queue, uint64_t offset,
                     uint32_t value);

/* Each register of the BAR, the selected queue's among them. */
typedef struct Registers {
    uint32_t value[VGPU_REGS_BAR_SIZE / VGPU_REG_SIZE];
} Registers;
void guest_registers(Guest *guest, Registers *registers);

/* Writes, and sees that this is told as an error, and does nothing else: no
 * register changes, nothing is copied, no interrupt comes. */
void guest_check_ignored(Guest *guest, uint64_t offset, uint32_t value);

/* ---- A driver's start ----------------------------------------------------------- */

void guest_start(Guest *guest);
/* All of a queue's registers but ENABLE, with rings and event of zeros in its
 * slot; and what the driver counts, from the beginning. */
void guest_setup(Guest *guest, uint32_t queue, uint32_t size, bool event);
/* The same, turned on, and the device come to rest. */
void guest_open(Guest *guest, uint32_t queue, uint32_t size, bool event);
/* A device that has started, with one queue on. */
Guest *guest_running(uint32_t size, bool event);
/* CONTROL_RESET and all of it again, and a command that shows that it works. */
void guest_check_recovers(Guest *guest);

/* ---- Commands ------------------------------------------------------------------ */

struct vgpu_submission command(uint8_t opcode, uint64_t argument);
void add_segment(struct vgpu_submission *submission, uint64_t address,
                 uint32_t length, uint32_t flags);
/* Puts the segments where the queue's list lies, and names that. */
void use_list(Guest *guest, struct vgpu_submission *submission,
              uint64_t address, const struct vgpu_segment *segments,
              uint32_t count);

/* Writes a submission, its phase last; returns the id that it was given. */
uint16_t guest_push(Guest *guest, uint32_t queue,
                    struct vgpu_submission submission);
void guest_doorbell(Guest *guest, uint32_t queue);
/* One run, if the core has asked for it. */
void guest_run(Guest *guest);
/* Runs until the core asks for no more; how many that were. */
unsigned guest_settle(Guest *guest);
/* Takes the next completion, if it is there. */
bool guest_pop(Guest *guest, uint32_t queue,
               struct vgpu_completion *completion);
/* All of it; the one completion has the id and no reserved field set. */
struct vgpu_completion guest_do(Guest *guest, uint32_t queue,
                                struct vgpu_submission submission);
/* Does it on queue 0, and sees that this comes of it. */
void guest_check_done(Guest *guest, struct vgpu_submission submission,
                      uint16_t status, uint64_t result);
/* What the queue's command NOP says when nothing is wrong. */
void guest_check_works(Guest *guest, uint32_t queue);

#endif /* TESTS_UNIT_QUEUE_GUEST_H */
