/* SPDX-License-Identifier: MIT */
/*
 * The device's end of a link, as a QEMU would be: written from vgpu/link.h alone. For
 * one thread. Waits are limited to DEVICE_WAIT_MS.
 */
#ifndef TESTS_VGPUD_DEVICE_H
#define TESTS_VGPUD_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vgpu/link.h"

#define DEVICE_WAIT_MS 20000

typedef struct Device {
    int socket;
    int fd[VGPU_LINK_DESCRIPTORS]; /* -1 where there is none */
    unsigned descriptors;          /* that came */
    struct vgpu_link_answer answer;
    uint8_t *memory;
    uint32_t requests;            /* that were submitted */
    uint32_t taken;               /* completions */
    uint32_t at[VGPU_LINK_SLOTS]; /* where the response of each slot is */
} Device;

/* Keeps socket, which device_close() closes. */
void device_init(Device *device, int socket);

/* A connection to a path. Returns the socket or -1. */
int device_dial(const char *path);

/* A hello as it should be: pool A, priority medium, vm_id 7, 2 queues. */
struct vgpu_link_hello device_hello(void);

/* All of it; false: the other end has gone. */
bool device_send(Device *device, const void *bytes, size_t length);

/* A message with what descriptors come along, for as long as DEVICE_WAIT_MS. Returns its
 * bytes: less than VGPU_LINK_MESSAGE_BYTES, 0 for none, where the other end has gone. */
size_t device_receive(Device *device, void *message);

/* Takes the answer, checks it and maps the memory. False: there is no link. */
bool device_open(Device *device);

/* Says hello and opens. */
bool device_connect(Device *device);

void device_close(Device *device);

/* Puts a request into the ring, with the room for the response, and wakes the worker as
 * the protocol says. The slot must be free. */
void device_submit(Device *device, uint32_t slot, const void *request,
                   uint32_t bytes, uint32_t room);

/* An entry as it is, right or wrong; and the wake-up. */
void device_put(Device *device, const struct vgpu_link_request *entry);
void device_kick(Device *device);

/* Waits for a completion and copies it. False: none came, or the link ended. */
bool device_wait(Device *device, struct vgpu_link_completion *completion);

/* Submits in slot 0 and waits. Returns the response, or NULL with *completion. */
const uint8_t *device_call(Device *device, const void *request, uint32_t bytes,
                           uint32_t room,
                           struct vgpu_link_completion *completion);

/* A field of the first page. */
uint32_t *device_word(Device *device, size_t offset);

/* Whether the other end closes the socket in time, and says no more. */
bool device_sees_end(Device *device);

#endif /* TESTS_VGPUD_DEVICE_H */
