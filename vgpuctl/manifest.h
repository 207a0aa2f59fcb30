/* SPDX-License-Identifier: MIT */
/*
 * A backup's manifest: what each file was. One line an entry, fields separated
 * by tabs, paths and link targets with C escapes:
 *
 *   vgpuctl-backup 1
 *   package  NEVRA  ID
 *   rpm      SHA256
 *   dir      MODE  UID  GID  PATH
 *   file     MODE  UID  GID  MTIME  SIZE  SHA256  PATH
 *   link     UID  GID  TARGET  PATH
 *   absent   PATH
 *
 * "rpm" stands there when the package's own RPM is kept with the backup;
 * "absent" is a path that was not there and has to be gone again.
 */
#ifndef VGPUCTL_MANIFEST_H
#define VGPUCTL_MANIFEST_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* XCP-ng's package has about 200 paths of 60 characters; a manifest that is a
 * hundred times larger is not ours. */
#define MANIFEST_MAX_BYTES   (4u << 20)
#define MANIFEST_MAX_ENTRIES 16384

typedef enum ManifestType {
    MANIFEST_DIR,
    MANIFEST_FILE,
    MANIFEST_LINK,
    MANIFEST_ABSENT,
} ManifestType;

typedef struct ManifestEntry {
    ManifestType type;
    mode_t mode; /* of dir and file: the permission bits */
    uid_t uid;
    gid_t gid;
    gint64 mtime; /* of a file: seconds since 1970; rpm keeps no more either */
    guint64 size; /* of a file: bytes */
    char *sha256; /* of a file */
    char *target; /* of a link */
    char *path;   /* absolute, without "." and ".." */
} ManifestEntry;

typedef struct Manifest {
    char *nevra;
    char *id;
    char *rpm_sha256; /* NULL: no RPM is kept */
    GPtrArray *entries;
} Manifest;

Manifest *manifest_new(const char *nevra, const char *id);
void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)

/* Adds an entry; its strings are copied. Returns it. */
ManifestEntry *manifest_add(Manifest *manifest, ManifestType type,
                            const char *path);

/* As text. g_free. */
char *manifest_format(const Manifest *manifest);

/*
 * Reads a text of that many bytes; accepts what manifest_format() writes and
 * nothing else. NULL when it is something else, and *why (g_free) says what.
 */
Manifest *manifest_parse(const char *text, size_t length, char **why);

/* Absolute, and each part a name: no "", "." or "..". */
bool manifest_path_is_plain(const char *path);

#endif /* VGPUCTL_MANIFEST_H */
