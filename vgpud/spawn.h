/* SPDX-License-Identifier: MIT */
/* Starting a worker. */
#ifndef VGPUD_SPAWN_H
#define VGPUD_SPAWN_H

#include <glib.h>
#include <sys/types.h>

#include "vgpud/registry.h"

typedef struct SpawnOptions {
    const char *worker; /* the program */
    const char *cache;  /* a directory with one for each VM in it; NULL: none */
    gboolean is_root;   /* workers get a user each */
} SpawnOptions;

/* The user, and group, of a VM's worker: a number of its own that is always the same. */
uid_t spawn_uid(const char *uuid);

/*
 * Starts a worker in a process group of its own, with nothing but a connected device, a
 * socket to vgpud, our stderr, and an environment that says where programs are. Takes
 * none of the descriptors over. Returns 0 and *pid, or an errno.
 */
int spawn_worker(const SpawnOptions *options, const VmSettings *settings,
                 int device, int control, pid_t *pid);

/* What became of a worker, by waitpid()'s status. The caller's. */
char *spawn_end_text(int status);

#endif /* VGPUD_SPAWN_H */
