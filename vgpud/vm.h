/* SPDX-License-Identifier: MIT */
/*
 * A VM: its socket, the one for its QEMU when that connects again, and the worker that has
 * its connection. Lives in the default main context. One connection at a time: another one
 * is closed at once. A connection is handed on unread.
 *
 * A worker that did not end well makes the next connection wait: VM_BACKOFF_MS, twice as
 * long each time, VM_BACKOFF_MS_MAX at most; anew after one that lived VM_WELL_SECONDS.
 */
#ifndef VGPUD_VM_H
#define VGPUD_VM_H

#include <glib.h>
#include <sys/types.h>

#include "shim/paths.h"
#include "vgpud/spawn.h"

/* So that a worker that cannot live costs the host little; and a second is what a QEMU
 * that connects again waits itself. */
#define VM_BACKOFF_MS     100
#define VM_BACKOFF_MS_MAX 10000
#define VM_WELL_SECONDS   60

/* For a worker that is told to end, before it is killed. */
#define VM_GRACE_MS 2000

/* What is in the directory of sockets, behind a VM's uuid. */
#define VM_SOCKET SHIM_SOCKET_SUFFIX
#define VM_RECORD ".state"
#define VM_NOTE   SHIM_NOTE_SUFFIX /* not ours: of whoever starts QEMUs */

typedef struct VmOptions {
    SpawnOptions spawn;
    const char *directory; /* of the sockets */
    gid_t group;           /* who else may connect; (gid_t)-1: nobody */
    const char *roots; /* the directory of QEMUs' roots; NULL: there are none */
} VmOptions;

typedef struct Vm Vm;

/* A file of a VM in the directory of sockets. The caller's. */
char *vm_path(const char *directory, const char *uuid, const char *suffix);

/* Opens its socket. Keeps options, takes settings over, also when it fails: NULL with
 * *error. */
Vm *vm_new(const VmOptions *options, VmSettings *settings, GError **error);

/* Takes new settings over. A worker that is there is told pool, priority and number; the
 * rest is for the next. */
void vm_update(Vm *vm, VmSettings *settings);

/* No more connections, and its worker is to end: is killed after VM_GRACE_MS. */
void vm_stop(Vm *vm);

/* A child has ended: reaps the worker if it is that, with all that it has started. */
void vm_child_ended(Vm *vm);

/* Whether there is a worker. */
gboolean vm_has_worker(const Vm *vm);

/* After vm_stop(), without a worker. */
void vm_free(Vm *vm);

#endif /* VGPUD_VM_H */
