/* SPDX-License-Identifier: MIT */
/*
 * The worker's end of the link as a test plays it, well or badly: a listening
 * socket for QEMU's chardev, answers with descriptors, and the shared memory.
 */
#ifndef TESTS_LIB_WORKER_H
#define TESTS_LIB_WORKER_H

#include <glib.h>
#include <stdbool.h>

#include "vgpu/link.h"

typedef struct Worker {
    char *directory;
    char *path; /* of the socket */
    int listener;
    int peer; /* the device's connection; -1: none */
    int fd[VGPU_LINK_DESCRIPTORS];
    uint8_t *memory;
    struct vgpu_link_header *header; /* the beginning of it */
    uint32_t taken;                  /* requests */
} Worker;

/* A listening socket, and memory and eventfds that a good answer would have. */
void worker_init(Worker *worker);
void worker_clear(Worker *worker);

/* Waits for the device and for its hello, which must be a right one. */
bool worker_accept(Worker *worker, struct vgpu_link_hello *hello);

/* A right answer to a hello. */
struct vgpu_link_answer worker_answer(const struct vgpu_link_hello *hello);

/* Sends bytes with descriptors. */
void worker_send(Worker *worker, const void *bytes, size_t size, const int *fds,
                 unsigned count);
void worker_hang_up(Worker *worker);

/* Accepts, and answers as a good worker. */
bool worker_connect(Worker *worker);

/* Memory like the worker's own, with these seals and this size. */
int worker_memory(size_t size, unsigned seals);

/* Waits for the next request; false fails the test. */
bool worker_take(Worker *worker, struct vgpu_link_request *request);

/* Puts a completion into the ring and wakes the device. */
void worker_done(Worker *worker, const struct vgpu_link_completion *done);

uint8_t *worker_slot(Worker *worker, uint32_t slot);

#endif /* TESTS_LIB_WORKER_H */
