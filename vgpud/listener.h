/* SPDX-License-Identifier: MIT */
/* The places where QEMUs connect: vgpud's directory, and a socket for each VM in it. */
#ifndef VGPUD_LISTENER_H
#define VGPUD_LISTENER_H

#include <glib.h>

/* Makes the directory, if need be, which must be ours alone, and takes the lock in it, so
 * that there is one vgpud for it. Returns the lock's descriptor, which the caller keeps
 * open, or -1 with *error. */
int listener_lock(const char *directory, GError **error);

/* A socket that listens at path, for its owner alone, which is us where that is
 * (uid_t)-1, or the group too where that is not (gid_t)-1. What is left there of an earlier
 * one is replaced. Close-on-exec, non-blocking. -1 with *error. The directory must be one
 * that nobody else can write. */
int listener_open(const char *path, uid_t owner, gid_t group, GError **error);

/* A connection, close-on-exec, or -1: there is none. */
int listener_accept(int fd);

#endif /* VGPUD_LISTENER_H */
