/* SPDX-License-Identifier: MIT */
/*
 * Reading a small text file of which nothing is known yet.
 */
#ifndef VGPUCTL_TEXTFILE_H
#define VGPUCTL_TEXTFILE_H

#include <stddef.h>

/*
 * Reads a regular file of at most limit bytes. *data is NUL-terminated
 * (g_free) and may have NULs in it. Returns 0 or a negative errno: -EINVAL when
 * it is no regular file, -EFBIG when it is longer. Reports nothing.
 */
int textfile_read(const char *path, size_t limit, char **data, size_t *length);

/*
 * The same of a file of any length: at most limit bytes from its end, from the
 * start of a line on.
 */
int textfile_tail(const char *path, size_t limit, char **text);

/* What such an errno says to a reader: "it is no regular file". */
const char *textfile_error(int error);

#endif /* VGPUCTL_TEXTFILE_H */
