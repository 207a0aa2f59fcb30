/* SPDX-License-Identifier: MIT */
/*
 * The device in a bare QEMU tree, of either build system: its source in
 * hw/misc and one line in that directory's build file.
 */
#ifndef VGPUCTL_TREE_H
#define VGPUCTL_TREE_H

#include <stddef.h>

#include "options.h"

/*
 * Adds the device to the tree in `directory`, or takes it out again. `from` is
 * the device's source, NULL for the one that vgpuctl carries. Both report what
 * they do, and return an exit code of exit.h.
 */
int tree_integrate(const Options *options, const char *directory,
                   const char *from);
int tree_undo(const Options *options, const char *directory, const char *from);

/*
 * A text with one more line at its end, and without it again: exactly the same
 * bytes, with or without a newline at the end. g_free. tree_remove_line() is
 * NULL where the line is not there exactly once.
 */
char *tree_add_line(const char *data, size_t length, const char *line);
char *tree_remove_line(const char *data, size_t length, const char *line);

#endif /* VGPUCTL_TREE_H */
