/* SPDX-License-Identifier: MIT */
/*
 * Facts about the host under options->root: what it is, what runs on it.
 */
#ifndef VGPUCTL_HOST_H
#define VGPUCTL_HOST_H

#include <glib.h>
#include <stdbool.h>

#include "options.h"
#include "shim/paths.h" /* HOST_QEMU */

typedef struct Host {
    char *brand;   /* "XCP-ng", "XenServer", ...; "" when nothing says it */
    char *version; /* "8.3.0"; "" when nothing says it */
} Host;

/* Never NULL: what cannot be found is "". */
Host *host_new(const Options *options);
void host_free(Host *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)

/*
 * Why the device's QEMU is not for this host (g_free), and what to do about it;
 * NULL when it is: XCP-ng 8.2 and 8.3.
 */
char *host_problem(const Host *host, const char **remedy);

/*
 * Names of the VMs that have a QEMU (running and paused ones), g_ptr_array_
 * unref. NULL when they cannot be found, with *why (g_free).
 */
GPtrArray *host_running_vms(const Options *options, char **why);

/* The names in what `xe vm-list params=name-label` says. g_ptr_array_unref. */
GPtrArray *host_parse_names(const char *list);

#endif /* VGPUCTL_HOST_H */
