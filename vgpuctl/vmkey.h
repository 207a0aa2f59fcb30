/* SPDX-License-Identifier: MIT */
/*
 * What a VM's platform key asks for, by the rules that the shim has.
 */
#ifndef VGPUCTL_VMKEY_H
#define VGPUCTL_VMKEY_H

#include <glib.h>
#include <stdbool.h>

#include "options.h"
#include "shim/args.h"

typedef struct VmKey {
    char *why;         /* why the rules refuse it; NULL: they do not */
    bool smuggles;     /* it is refused for a word that no VM may give QEMU */
    unsigned devices;  /* how many vgpu-stub stand in it */
    bool probe;        /* the device of `vgpuctl probe` stands in it */
    ArgsDevice device; /* the first vgpu-stub, where the rules take it */
} VmKey;

/* text is the key's value, uuid the VM's, allowed from vmkey_allowed(). */
VmKey *vmkey_new(const char *text, const char *uuid, GPtrArray *allowed);
void vmkey_free(VmKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmKey, vmkey_free)

/*
 * What root lists in SHIM_ALLOW_ARGS, NULL for nothing (g_ptr_array_unref), and
 * what is wrong with that file, in one line (g_free), or NULL.
 */
GPtrArray *vmkey_allowed(const Options *options, char **problem);

/*
 * What differs between the device that is asked for and one that QEMU was
 * given, as "pool_id=A instead of B" (g_free); NULL: nothing. A slot that is
 * not asked for may be any.
 */
char *vmkey_difference(const ArgsDevice *asked, const ArgsDevice *given);

#endif /* VGPUCTL_VMKEY_H */
