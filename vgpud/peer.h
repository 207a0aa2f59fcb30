/* SPDX-License-Identifier: MIT */
/*
 * The QEMU of a VM, beyond a connection of it. While there is none, and that QEMU has
 * locked itself into a root of its own, it gets a socket there: until it has connected, or
 * ended. It is known by a connection that it has made before, or by a note. And the worker
 * that an earlier vgpud has left it with. Lives in the default main context.
 */
#ifndef VGPUD_PEER_H
#define VGPUD_PEER_H

#include "vgpud/record.h"

/* How often it looks, while there is something to look for. QEMUs wait a second before
 * they connect again; and what is in a root is gone soon after its QEMU. */
#define PEER_LOOK_MS 250

/* The same while there is nothing but a note that may come. */
#define PEER_IDLE_MS 1000

typedef struct PeerOptions {
    const char *roots; /* the directory of QEMUs' roots; NULL: there are none */
    char *uuid;        /* for the log */
    char *path;        /* of the VM's socket, as QEMUs are given it */
    char *record;      /* the file */
    char *note;        /* the file, of note.h */
    /* A connection can be accepted at listener. */
    void (*on_connection)(int listener, gpointer opaque);
    gpointer opaque;
} PeerOptions;

typedef struct Peer Peer;

/* Keeps roots, copies the other texts. With what the record says. */
Peer *peer_new(const PeerOptions *options);

/* A QEMU has connected at the VM's own socket: the VM's from now on, or, while another one
 * that is lives, when that has ended. Only who was root then can be one. */
void peer_came(Peer *peer, int connection);

/* The connection has a worker: nothing to look for. And it has none any more. */
void peer_up(Peer *peer, pid_t worker);
void peer_down(Peer *peer);

/* Whether a worker of an earlier vgpud has the connection. */
gboolean peer_has_orphan(const Peer *peer);

/* An end to all of it: the orphan is killed, socket and record are removed. */
void peer_stop(Peer *peer);

/* After peer_stop(). */
void peer_free(Peer *peer);

#endif /* VGPUD_PEER_H */
