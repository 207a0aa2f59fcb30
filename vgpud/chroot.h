/* SPDX-License-Identifier: MIT */
/*
 * A VM's socket inside the root directory that its QEMU has locked itself into: the path
 * that QEMU was given means a place there, when it connects again.
 *
 * QEMU is hostile. Nothing is made, followed or removed but in directories that are
 * root's and that nobody else can write, one step at a time, below one that was named to
 * us: no link that is found there leads anywhere.
 */
#ifndef VGPUD_CHROOT_H
#define VGPUD_CHROOT_H

#include "vgpud/proc.h"

/* Where a socket is. */
typedef struct Chroot {
    const char *roots; /* the directory that all roots are in */
    char *name;        /* of the root in it; NULL: there is no socket */
} Chroot;

/*
 * Whether a process is locked in: 1, its root's *name, which is the caller's, and the
 * user that it has become; 0: it is not, or not yet; -1 with *error: its root is none of
 * those in roots.
 */
int chroot_find(const char *roots, const Proc *proc, char **name, uid_t *uid,
                GError **error);

/* Whether there is a root of that name. */
gboolean chroot_has(const char *roots, const char *name);

/* A socket at an absolute path below chroot->name, for a user alone: as listener_open().
 * Makes the directories that are missing. */
int chroot_listen(const Chroot *chroot, const char *path, uid_t owner,
                  GError **error);

/* Removes what is left of that, directories that are empty with it. chroot->name is NULL
 * then. Nothing happens where it is. */
void chroot_clear(Chroot *chroot, const char *path);

#endif /* VGPUD_CHROOT_H */
