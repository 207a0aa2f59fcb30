/* SPDX-License-Identifier: MIT */
/*
 * Byte-exact backups of a package's files: <directory>/files holds a copy of
 * each file under its own path, <directory>/stock.rpm the package's own RPM
 * where one could be had, <directory>/manifest says what each was, and
 * <directory>/manifest.sha256 is the manifest's checksum, for `sha256sum -c`.
 *
 * The manifest is written last: a directory without one is an interrupted
 * backup. The checksums find damage and careless edits, not somebody who is
 * root and means it. Extended attributes are not kept: no QEMU package has any.
 *
 * Negative returns are a negative errno, with the problem reported.
 */
#ifndef VGPUCTL_BACKUP_H
#define VGPUCTL_BACKUP_H

#include <glib.h>
#include <stdbool.h>

#include "manifest.h"
#include "options.h"

typedef struct Backup {
    char *directory;
    Manifest *manifest;
} Backup;

void backup_free(Backup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Backup, backup_free)

/*
 * Writes a backup of those of the paths (of the host, as rpm lists them) that
 * exist; `absent` are paths of which those that do not exist are noted. rpm is
 * the package's own RPM or NULL. Under --dry-run it only says what it would
 * copy.
 */
int backup_make(const Options *options, const char *directory,
                const char *nevra, const char *id, GPtrArray *paths,
                GPtrArray *absent, const char *rpm);

/* Bytes that backup_make() needs for those paths. */
guint64 backup_size(const Options *options, GPtrArray *paths);

/*
 * Reads a backup and checks every byte of it. NULL when something is wrong,
 * and *why (g_free) says what: nothing of it may be used then.
 */
Backup *backup_open(const char *directory, char **why);

/* The RPM that is kept in it, or NULL. g_free. */
char *backup_rpm(const Backup *backup);

/*
 * How the host differs from the backup, one line "PATH: what" each, in the
 * manifest's order; empty when it is as it was. g_ptr_array_unref.
 */
GPtrArray *backup_compare(const Options *options, const Backup *backup);

/*
 * Puts every path that differs back. Files are written beside and renamed, so
 * that a QEMU that runs keeps its own.
 */
int backup_restore(const Options *options, const Backup *backup);

/* SHA-256 of a regular file in hexadecimal, NULL when it cannot be read (errno
 * says why). Does not follow a symbolic link. g_free. */
char *backup_sha256(const char *path);

#endif /* VGPUCTL_BACKUP_H */
