/* SPDX-License-Identifier: MIT */
/*
 * Reading xenstore through the host's own libxenstore, which is loaded at run
 * time: another soname after an update of Xen must not keep a VM from starting.
 */
#ifndef VGPU_SHIM_XENSTORE_H
#define VGPU_SHIM_XENSTORE_H

#include <stddef.h>

typedef struct Xenstore Xenstore;

/* NULL with *why (g_free). May wait for as long as xenstored does not answer. */
Xenstore *xenstore_open(char **why);
void xenstore_close(Xenstore *xenstore);

/*
 * The value at a path, NUL-terminated (g_free), and its length without that.
 * NULL when there is none; errno is ENOENT then, or says what is wrong.
 */
char *xenstore_read(Xenstore *xenstore, const char *path, size_t *length);

#endif /* VGPU_SHIM_XENSTORE_H */
