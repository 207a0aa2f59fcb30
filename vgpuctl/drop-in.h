/* SPDX-License-Identifier: MIT */
/*
 * The device's one source file, vgpu-stub.c, as vgpuctl carries it: tool and
 * device so cannot differ. The definition is made by the build.
 */
#ifndef VGPUCTL_DROP_IN_H
#define VGPUCTL_DROP_IN_H

#include <stddef.h>

/* A NUL follows that drop_in_size does not count. */
extern const char drop_in_data[];
extern const size_t drop_in_size;

#endif /* VGPUCTL_DROP_IN_H */
