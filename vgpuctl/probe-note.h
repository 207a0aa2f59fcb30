/* SPDX-License-Identifier: MIT */
/*
 * What `probe` notes in <root>/var/lib/vgpuctl/probe before its first change and
 * removes after its last: how the VM was. Where a run finds one, an earlier run
 * was interrupted, and what it did is undone by the note.
 */
#ifndef VGPUCTL_PROBE_NOTE_H
#define VGPUCTL_PROBE_NOTE_H

#include <glib.h>
#include <stdbool.h>

#include "options.h"

typedef struct ProbeNote {
    char *uuid;
    char *name; /* printable */
    bool was_running;
    char *before; /* the key as it was; NULL: there was none */
    char *during; /* what probe set */
} ProbeNote;

void probe_note_free(ProbeNote *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProbeNote, probe_note_free)

/* NULL: there is none; *broken: there is one that makes no sense. */
ProbeNote *probe_note_read(const Options *options, bool *broken);

/* 0, or a negative errno with the problem reported. */
int probe_note_write(const Options *options, const ProbeNote *note);
int probe_note_remove(const Options *options);

#endif /* VGPUCTL_PROBE_NOTE_H */
