/* SPDX-License-Identifier: MIT */
/*
 * A guest's driver for queue 0 of a vgpu-stub, for the qtests: one command at a
 * time, by guest accesses alone.
 */
#ifndef TESTS_LIB_QUEUE_H
#define TESTS_LIB_QUEUE_H

#include "lib/device.h"
#include "vgpu/queue.h"
#include "vgpu/regs.h"

/* Places in the machine's memory. */
#define QUEUE_SUBMISSIONS 0x200000u
#define QUEUE_COMPLETIONS 0x201000u
#define QUEUE_DATA        0x300000u
#define QUEUE_ENTRIES     4u

/* What it waits for is there in a moment; this is for a loaded machine. */
#define QUEUE_TIMEOUT_S 30

typedef struct Queue {
    Device d;
    unsigned head, tail; /* of all passes */
    uint64_t result;     /* of the last completion */
} Queue;

/*
 * Starts a machine with "-device vgpu-stub,properties" behind the words of args,
 * lets it run, and turns queue 0 on, with vector 1. False fails the test.
 */
bool queue_start(Queue *queue, const char *args, const char *properties);

/* The steps of it: the device from reset to running, and the queue. */
void queue_start_device(Device *d);
void queue_turn_on(Device *d, uint32_t submissions);
void queue_enable_bus_master(Device *d);

/* Writes a submission, whose id and phase it sets, and rings. */
void queue_submit(Queue *queue, struct vgpu_submission *submission);

/* Whether the next completion is there. */
bool queue_is_completed(Queue *queue);

/* Waits for the next completion, which must be the next command's: its status. */
unsigned queue_complete(Queue *queue);

/* Lets QEMU do what it has to do by itself. */
void queue_settle(Queue *queue);

/* Waits for a value of a register. */
bool queue_wait_register(Queue *queue, unsigned offset, uint32_t value);

#endif /* TESTS_LIB_QUEUE_H */
