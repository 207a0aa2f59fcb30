/* SPDX-License-Identifier: MIT */
/*
 * The worker's end of a link (vgpu/link.h) as a machine that never waits: its caller
 * polls, and calls. One thread.
 *
 * A call returns 0 or more, or a negative errno: something failed on this host. LINK_ENDED
 * and LINK_BROKEN are what a peer can bring about, and the link is then of no more use:
 * link->why says what it was.
 */
#ifndef VGPUD_LINK_H
#define VGPUD_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "vgpud/memory.h"

#define LINK_ENDED  1 /* the device has gone */
#define LINK_BROKEN 2 /* it did what the protocol forbids */

/* What is in force for a VM; a field that the host has not set is the device's. */
typedef struct LinkConfig {
    bool has_pool, has_priority, has_vm_id;
    uint32_t pool, priority, vm_id;
} LinkConfig;

/* A request that was taken. */
typedef struct LinkRequest {
    uint32_t slot;
    uint32_t bytes; /* in link->request */
    uint32_t room;  /* for the response, in bytes */
    uint64_t argument;
} LinkRequest;

typedef struct Link {
    int socket; /* the caller's; non-blocking */
    Memory memory;
    LinkConfig config; /* what the host says */
    bool is_up;        /* the answer has gone */
    bool config_to_send;
    const char *why; /* after LINK_BROKEN: static */

    struct vgpu_link_hello hello; /* as far as it has come */
    uint32_t hello_bytes;

    uint32_t taken;     /* requests, modulo 2^32 */
    uint32_t completed; /* put into the ring */
    bool busy[VGPU_LINK_SLOTS];
    uint32_t at[VGPU_LINK_SLOTS];   /* where in its slot the response goes */
    uint32_t room[VGPU_LINK_SLOTS]; /* of those that are busy */

    /* The copy of the request that was taken last. */
    uint8_t request[VGPU_COMMAND_BYTES_MAX];
} Link;

/* Makes the memory. Keeps socket and does not close it. Returns 0 or a negative errno:
 * there is nothing to free then. */
int link_init(Link *link, int socket, const LinkConfig *config);

void link_deinit(Link *link);

/* Reads the hello as far as it is there; answers when it is complete. Not when it is up.
 * has_backend: whether there is something to do requests with. Returns 0, then is_up
 * says whether there is a link; LINK_ENDED, LINK_BROKEN or a negative errno. */
int link_hello(Link *link, bool has_backend);

/* The socket of a link that is up has something to say: nothing but its end is right.
 * Returns as above. */
int link_socket_ready(Link *link);

/* The host's word has changed. Tells the device, now or, where config_to_send stays set,
 * when it is called again with NULL, once the socket can be written. */
int link_set_config(Link *link, const LinkConfig *config);

/* Takes a request, if there is one. Returns 0 and *got, or as above. */
int link_take(Link *link, LinkRequest *request, bool *got);

/*
 * Completes a request that was taken: with VGPU_LINK_DONE_OK and length bytes of
 * response, at most its room, or with another VGPU_LINK_DONE_*. Wakes the device if it
 * sleeps. Returns 0 or a negative errno.
 */
int link_complete(Link *link, uint32_t slot, uint32_t status,
                  const uint8_t *response, uint32_t length);

/* Says that the worker wants to be woken. False: there is a request after all. */
bool link_sleep(Link *link);
void link_wake(Link *link);

#endif /* VGPUD_LINK_H */
