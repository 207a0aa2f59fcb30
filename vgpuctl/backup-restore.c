/* SPDX-License-Identifier: MIT */
/*
 * The host against a backup: how it differs, and putting it back.
 */
#include "backup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup-private.h"
#include "change.h"
#include "report.h"

/* ---- How it differs ------------------------------------------------------- */

/* How a file differs from its entry, in words; NULL: not at all. */
const char *backup_difference(const ManifestEntry *entry, const char *path)
{
    g_autofree char *sha256 = NULL;
    struct stat status;

    if (lstat(path, &status) < 0) {
        return "is missing";
    }
    if (!S_ISREG(status.st_mode)) {
        return "is no regular file";
    }
    if ((guint64)status.st_size != entry->size) {
        return "has another size";
    }
    if ((status.st_mode & 07777) != entry->mode) {
        return "has another mode";
    }
    if (status.st_uid != entry->uid || status.st_gid != entry->gid) {
        return "has another owner";
    }
    if (status.st_mtim.tv_sec != entry->mtime) {
        return "has another time";
    }
    sha256 = backup_sha256(path);
    return sha256 && strcmp(sha256, entry->sha256) == 0 ? NULL
                                                        : "has other contents";
}

static const char *link_difference(const ManifestEntry *entry, const char *path)
{
    char target[PATH_MAX];
    struct stat status;
    ssize_t n;

    if (lstat(path, &status) < 0) {
        return "is missing";
    }
    n = readlink(path, target, sizeof(target) - 1);
    if (n < 0) {
        return "is no symbolic link";
    }
    target[n] = '\0';
    if (strcmp(target, entry->target) != 0) {
        return "points elsewhere";
    }
    return status.st_uid == entry->uid && status.st_gid == entry->gid
               ? NULL
               : "has another owner";
}

static const char *directory_difference(const ManifestEntry *entry,
                                        const char *path)
{
    struct stat status;

    if (lstat(path, &status) < 0) {
        return "is missing";
    }
    if (!S_ISDIR(status.st_mode)) {
        return "is no directory";
    }
    if ((status.st_mode & 07777) != entry->mode) {
        return "has another mode";
    }
    return status.st_uid == entry->uid && status.st_gid == entry->gid
               ? NULL
               : "has another owner";
}

/*
 * A file that was not there. A directory that was not there but has something
 * in it now is somebody else's too, and may stay.
 */
static const char *absent_difference(const char *path)
{
    struct stat status;
    const char *name;
    GDir *dir;
    bool empty;

    if (lstat(path, &status) < 0) {
        return NULL;
    }
    if (!S_ISDIR(status.st_mode)) {
        return "was not there";
    }
    dir = g_dir_open(path, 0, NULL);
    empty = dir != NULL;
    while (empty && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        empty = change_would_be_gone(child);
    }
    if (dir) {
        g_dir_close(dir);
    }
    return empty ? "was not there" : NULL;
}

static const char *difference_on_host(const ManifestEntry *entry,
                                      const char *path)
{
    switch (entry->type) {
    case MANIFEST_DIR:
        return directory_difference(entry, path);
    case MANIFEST_FILE:
        return backup_difference(entry, path);
    case MANIFEST_LINK:
        return link_difference(entry, path);
    case MANIFEST_ABSENT:
        return absent_difference(path);
    }
    return NULL;
}

GPtrArray *backup_compare(const Options *options, const Backup *backup)
{
    GPtrArray *differences = g_ptr_array_new_with_free_func(g_free);
    guint i;

    for (i = 0; i < backup->manifest->entries->len; i++) {
        const ManifestEntry *entry = backup->manifest->entries->pdata[i];
        g_autofree char *path = options_path(options, entry->path);
        const char *what = difference_on_host(entry, path);

        if (what) {
            g_ptr_array_add(differences,
                            g_strdup_printf("%s: %s", entry->path, what));
        }
    }
    return differences;
}

/* ---- Putting it back -------------------------------------------------------------------- */

/* The path leads to where it says: no link on its way leaves the root. */
static bool stays_in_root(const Options *options, const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    char *real_root = realpath(options->root[0] ? options->root : "/", NULL);
    char *real = realpath(folder, NULL);
    size_t length = real_root ? strlen(real_root) : 0;
    bool stays = real && real_root &&
                 (length == 1 || (strncmp(real, real_root, length) == 0 &&
                                  (!real[length] || real[length] == '/')));

    free(real);
    free(real_root);
    return stays;
}

static int restore_link(const Options *options, const ManifestEntry *entry,
                        const char *path)
{
    g_autofree char *what = g_strdup_printf("%s -> %s", path, entry->target);
    g_autofree char *beside = g_strconcat(path, ".vgpuctl-new", NULL);

    report_change("link", what);
    if (options->dry_run) {
        return 0;
    }
    unlink(beside);
    if (symlink(entry->target, beside) < 0 ||
        (geteuid() == 0 && lchown(beside, entry->uid, entry->gid) < 0) ||
        rename(beside, path) < 0) {
        return backup_cannot("make the link", path, errno);
    }
    return 0;
}

static int restore_directory(const Options *options, const ManifestEntry *entry,
                             const char *path)
{
    int result = change_mkdir(options, path, entry->mode);

    if (result < 0 || options->dry_run) {
        return result;
    }
    if ((geteuid() == 0 && chown(path, entry->uid, entry->gid) < 0) ||
        chmod(path, entry->mode) < 0) {
        return backup_cannot("set mode and owner of", path, errno);
    }
    return 0;
}

/* A directory in a file's place may hold anything: that is not ours to remove. */
static int check_kind(const ManifestEntry *entry, const char *path)
{
    struct stat status;

    if (lstat(path, &status) == 0 &&
        S_ISDIR(status.st_mode) != (entry->type == MANIFEST_DIR)) {
        return backup_cannot("restore over", path,
                             S_ISDIR(status.st_mode) ? EISDIR : ENOTDIR);
    }
    return 0;
}

static int restore_one(const Options *options, const Backup *backup,
                       const ManifestEntry *entry)
{
    g_autofree char *path = options_path(options, entry->path);
    g_autofree char *copy = backup_copy_of(backup->directory, entry->path);
    g_autofree char *folder = g_path_get_dirname(path);
    int result;

    if (!difference_on_host(entry, path)) {
        return 0;
    }
    result = change_mkdir(options, folder, 0755);
    if (result < 0) {
        return result;
    }
    if (!options->dry_run && !stays_in_root(options, path)) {
        return backup_cannot("restore, a link leads out of the root:", path,
                             ELOOP);
    }
    result = check_kind(entry, path);
    if (result < 0) {
        return result;
    }
    switch (entry->type) {
    case MANIFEST_DIR:
        return restore_directory(options, entry, path);
    case MANIFEST_LINK:
        return restore_link(options, entry, path);
    default:
        return change_copy(options, copy, path);
    }
}

int backup_restore(const Options *options, const Backup *backup)
{
    const GPtrArray *entries = backup->manifest->entries;
    int result = 0;
    guint i;

    /* Backwards, so that a directory is empty when it is its turn. */
    for (i = entries->len; result == 0 && i > 0; i--) {
        const ManifestEntry *entry = entries->pdata[i - 1];
        g_autofree char *path = options_path(options, entry->path);

        if (entry->type == MANIFEST_ABSENT && difference_on_host(entry, path) &&
            stays_in_root(options, path)) {
            result = change_remove(options, path);
        }
    }
    for (i = 0; result == 0 && i < entries->len; i++) {
        const ManifestEntry *entry = entries->pdata[i];

        if (entry->type != MANIFEST_ABSENT) {
            result = restore_one(options, backup, entry);
        }
    }
    return result;
}
