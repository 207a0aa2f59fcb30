/* SPDX-License-Identifier: MIT */
/*
 * The two programs of the shim, which vgpuctl carries and `wrapper install`
 * puts into place: so that tool and shim cannot differ.
 */
#ifndef VGPUCTL_SHIM_FILES_H
#define VGPUCTL_SHIM_FILES_H

#include <stddef.h>

extern const char shim_wrapper_data[];
extern const size_t shim_wrapper_size;
extern const char shim_qemu_args_data[];
extern const size_t shim_qemu_args_size;

#endif /* VGPUCTL_SHIM_FILES_H */
