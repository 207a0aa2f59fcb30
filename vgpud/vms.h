/* SPDX-License-Identifier: MIT */
/* All VMs: those of the files, and those that are on their way out. */
#ifndef VGPUD_VMS_H
#define VGPUD_VMS_H

#include "vgpud/vm.h"

typedef struct Vms Vms;

/* Keeps options. */
Vms *vms_new(const VmOptions *options);

/* Reads the directory of files: new VMs get a socket, changed ones their new settings,
 * and those that have gone are stopped. A file that is wrong leaves its VM as it was.
 * FALSE with *error: the directory cannot be read, and nothing was changed. */
gboolean vms_load(Vms *vms, const char *directory, GError **error);

/* How many have a socket. */
guint vms_count(const Vms *vms);

/* A child has ended. */
void vms_child_ended(Vms *vms);

void vms_stop_all(Vms *vms);

/* Whether any has a worker still. */
gboolean vms_have_workers(const Vms *vms);

/* After vms_stop_all(), without workers. */
void vms_free(Vms *vms);

#endif /* VGPUD_VMS_H */
