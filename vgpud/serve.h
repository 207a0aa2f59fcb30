/* SPDX-License-Identifier: MIT */
/* The worker's loop: one link, one backend, one job at a time. */
#ifndef VGPUD_SERVE_H
#define VGPUD_SERVE_H

#include "vgpud/backend.h"
#include "vgpud/link.h"

typedef struct ServeOptions {
    int socket;  /* the connected device; made non-blocking, not closed */
    int control; /* a datagram is a LinkConfig from vgpud; -1: there is none */
    LinkConfig config;
    const Backend
        *backend; /* NULL: none could be opened, which the device is told */
    void *state;  /* of the backend */
    unsigned hello_limit_ms;
} ServeOptions;

typedef struct Server Server;

/* Makes the memory and all descriptors that it will need, so that a filter may forbid to
 * make more. Keeps options, whose backend and state may be set until server_run(). NULL
 * after a line on stderr. */
Server *server_new(const ServeOptions *options);

/*
 * Serves until the link ends. Returns LINK_ENDED, or LINK_BROKEN or a negative errno
 * after a line on stderr. What waits in vgpud's socket is taken as it comes; vgpud's own
 * end changes nothing. watchdog_init() was called before.
 */
int server_run(Server *server);

/* server may be NULL. */
void server_free(Server *server);

#endif /* VGPUD_SERVE_H */
