/* SPDX-License-Identifier: MIT */
/*
 * Every change that vgpuctl makes goes through here: it is reported, and under
 * --dry-run it is only reported. A dry run so prints exactly what a run does.
 *
 * All return 0, or a negative errno after having reported the problem. Files
 * are replaced atomically (a new file beside the old one, synced, renamed), so
 * that an interruption leaves the old or the new one and never half of one.
 */
#ifndef VGPUCTL_CHANGE_H
#define VGPUCTL_CHANGE_H

#include <stddef.h>
#include <sys/types.h>

#include "options.h"

/* What stands behind a file's name while its new one is made beside it. */
#define CHANGE_NEW ".vgpuctl-new"

/* Makes a directory and its parents; nothing is reported where it exists. */
int change_mkdir(const Options *options, const char *path, mode_t mode);

/* Writes a file. mode is for a new one; an old one keeps its mode and owner. */
int change_write(const Options *options, const char *path, const char *data,
                 size_t length, mode_t mode);

/* The same, but the new file is made at new_path, for a directory in which no
 * other name may be seen even for a moment. Both are of one file system. */
int change_write_by(const Options *options, const char *path,
                    const char *new_path, const char *data, size_t length,
                    mode_t mode);

/* Copies a regular file with its mode, owner and times. */
int change_copy(const Options *options, const char *from, const char *to);

/* Removes a file, or a directory with all in it. Fine where there is none. */
int change_remove(const Options *options, const char *path);

/* Whether this dry run would have removed a path by now; else false. */
bool change_would_be_gone(const char *path);

/*
 * Runs a command that changes something. Its output goes to *output (g_free)
 * unless that is NULL. Returns its exit status, 0 under --dry-run, or a
 * negative errno when it could not be run or was killed. A status that is not
 * 0 is not reported: the caller knows what it means.
 */
int change_run(const Options *options, const char *const *argv, char **output);

#endif /* VGPUCTL_CHANGE_H */
