/* SPDX-License-Identifier: MIT */
/*
 * What `detach` does, for `rollback` too. Progress and problems are reported.
 */
#ifndef VGPUCTL_DETACH_H
#define VGPUCTL_DETACH_H

#include "options.h"

/*
 * Takes the device out of the keys of all VMs of the pool; running VMs keep it
 * until they are restarted. Returns a code of exit.h: EXIT_INCOMPLETE when it was
 * taken out of some only. The caller holds the lock (preflight_alone()).
 */
int detach_all(const Options *options);

#endif /* VGPUCTL_DETACH_H */
