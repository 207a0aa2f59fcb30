/* SPDX-License-Identifier: MIT */
/*
 * What whoever starts QEMUs has noted of a VM: the name of the root that its QEMU is to
 * lock itself into, one word in a file that is ours. A QEMU that connects too late, when
 * it is in there already, is known by nothing else.
 */
#ifndef VGPUD_NOTE_H
#define VGPUD_NOTE_H

#include "vgpud/proc.h"

/* A QEMU is started at once when it is noted; xenopsd waits so long for one. A note that
 * is older is of another domain that had the number, long ago. */
#define NOTE_SECONDS 300

/* The process in that root. FALSE, and nothing in *qemu: there is no note, or no such
 * process. */
gboolean note_find(const char *path, const char *roots, Proc *qemu);

#endif /* VGPUD_NOTE_H */
