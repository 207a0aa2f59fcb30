/* SPDX-License-Identifier: MIT */
/*
 * What backup.c and backup-restore.c share.
 */
#ifndef VGPUCTL_BACKUP_PRIVATE_H
#define VGPUCTL_BACKUP_PRIVATE_H

#include "manifest.h"

/* The copy of a path of the host, in a backup's directory. g_free. */
char *backup_copy_of(const char *directory, const char *path);

/* How a file differs from its entry, in words; NULL: not at all. */
const char *backup_difference(const ManifestEntry *entry, const char *path);

/* Reports that it cannot do something with a path; returns -error. */
int backup_cannot(const char *what, const char *path, int error);

#endif /* VGPUCTL_BACKUP_PRIVATE_H */
