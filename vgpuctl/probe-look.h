/* SPDX-License-Identifier: MIT */
/*
 * What `probe` looks at: each link of the way from XAPI to a device in QEMU, and
 * what the log says when a VM does not start.
 */
#ifndef VGPUCTL_PROBE_LOOK_H
#define VGPUCTL_PROBE_LOOK_H

#include <glib.h>

#include "options.h"

/* Reports a check a link for the VM, whose key has to be that value. Returns how
 * many found a problem. */
unsigned probe_look(const Options *options, const char *uuid,
                    const char *value);

/* Reports the last lines of daemon.log of the QEMU that was to start since then
 * (seconds since 1970). */
void probe_look_log(const Options *options, gint64 since);

#endif /* VGPUCTL_PROBE_LOOK_H */
