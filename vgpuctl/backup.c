/* SPDX-License-Identifier: MIT */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup-private.h"
#include "change.h"
#include "report.h"

#define FILES        "/files"
#define RPM          "/stock.rpm"
#define MANIFEST     "/manifest"
#define MANIFEST_SUM "/manifest.sha256"

void backup_free(Backup *backup)
{
    if (backup) {
        g_free(backup->directory);
        manifest_free(backup->manifest);
        g_free(backup);
    }
}

char *backup_copy_of(const char *directory, const char *path)
{
    return g_strconcat(directory, FILES, path, NULL);
}

/* ---- Reading files -------------------------------------------------------------- */

static int open_regular(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

char *backup_sha256(const char *path)
{
    GChecksum *checksum;
    char *text = NULL;
    unsigned char chunk[65536];
    ssize_t n;
    int fd = open_regular(path);

    if (fd < 0) {
        return NULL;
    }
    checksum = g_checksum_new(G_CHECKSUM_SHA256);
    while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
        g_checksum_update(checksum, chunk, n);
    }
    if (n == 0) {
        text = g_strdup(g_checksum_get_string(checksum));
    }
    g_checksum_free(checksum);
    close(fd);
    return text;
}

/* A small file whole, up to a limit. g_free. */
static char *read_small(const char *path, size_t limit, size_t *length)
{
    g_autofree char *text = g_malloc(limit + 1);
    ssize_t n = 0;
    int fd = open_regular(path);

    *length = 0;
    if (fd < 0) {
        return NULL;
    }
    while (*length <= limit &&
           (n = read(fd, text + *length, limit + 1 - *length)) > 0) {
        *length += (size_t)n;
    }
    close(fd);
    if (n < 0 || *length > limit) {
        return NULL;
    }
    text[*length] = '\0';
    return g_steal_pointer(&text);
}

/* ---- Making one ------------------------------------------------------------------- */

int backup_cannot(const char *what, const char *path, int error)
{
    report_problem(NULL, "cannot %s %s: %s", what, path, strerror(error));
    return -error;
}

/* What the host has at the path goes into the manifest, and a file's bytes
 * into the backup. */
static int back_up_one(const Options *options, const char *directory,
                       Manifest *manifest, const char *path)
{
    g_autofree char *on_host = options_path(options, path);
    g_autofree char *copy = backup_copy_of(directory, path);
    g_autofree char *folder = g_path_get_dirname(copy);
    struct stat status;
    ManifestEntry *entry;
    int result = 0;

    if (lstat(on_host, &status) < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? 0
                   : backup_cannot("look at", on_host, errno);
    }
    if (!manifest_path_is_plain(path)) {
        return backup_cannot("back up", path, EINVAL);
    }
    if (S_ISREG(status.st_mode)) {
        entry = manifest_add(manifest, MANIFEST_FILE, path);
        entry->size = (guint64)status.st_size;
        entry->mtime = status.st_mtim.tv_sec;
        entry->sha256 = backup_sha256(on_host);
        if (!entry->sha256) {
            return backup_cannot("read", on_host, errno);
        }
        result = change_mkdir(options, folder, 0700);
        if (result == 0) {
            result = change_copy(options, on_host, copy);
        }
    } else if (S_ISLNK(status.st_mode)) {
        char target[PATH_MAX];
        ssize_t n = readlink(on_host, target, sizeof(target) - 1);

        if (n < 0) {
            return backup_cannot("read the link", on_host, errno);
        }
        target[n] = '\0';
        entry = manifest_add(manifest, MANIFEST_LINK, path);
        entry->target = g_strdup(target);
    } else if (S_ISDIR(status.st_mode)) {
        entry = manifest_add(manifest, MANIFEST_DIR, path);
    } else {
        return backup_cannot("back up", on_host, EINVAL);
    }
    entry->mode = status.st_mode & 07777;
    entry->uid = status.st_uid;
    entry->gid = status.st_gid;
    return result;
}

static int write_manifest(const Options *options, const char *directory,
                          const Manifest *manifest)
{
    g_autofree char *path = g_strconcat(directory, MANIFEST, NULL);
    g_autofree char *sum_path = g_strconcat(directory, MANIFEST_SUM, NULL);
    g_autofree char *text = manifest_format(manifest);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256,
                                                         text, -1);
    g_autofree char *line = g_strdup_printf("%s  manifest\n", sum);
    int result = change_write(options, sum_path, line, strlen(line), 0600);

    return result < 0 ? result
                      : change_write(options, path, text, strlen(text), 0600);
}

static int keep_rpm(const Options *options, const char *directory,
                    Manifest *manifest, const char *rpm)
{
    g_autofree char *copy = g_strconcat(directory, RPM, NULL);

    manifest->rpm_sha256 = backup_sha256(rpm);
    return manifest->rpm_sha256 ? change_copy(options, rpm, copy)
                                : backup_cannot("read", rpm, errno);
}

int backup_make(const Options *options, const char *directory,
                const char *nevra, const char *id, GPtrArray *paths,
                GPtrArray *absent, const char *rpm)
{
    g_autoptr(Manifest) manifest = manifest_new(nevra, id);
    g_autofree char *files = g_strconcat(directory, FILES, NULL);
    int result = change_mkdir(options, files, 0700);
    guint i;

    if (result == 0 && rpm) {
        result = keep_rpm(options, directory, manifest, rpm);
    }
    for (i = 0; result == 0 && i < paths->len; i++) {
        result = back_up_one(options, directory, manifest, paths->pdata[i]);
    }
    for (i = 0; result == 0 && absent && i < absent->len; i++) {
        g_autofree char *path = options_path(options, absent->pdata[i]);
        struct stat status;

        if (lstat(path, &status) < 0 && errno == ENOENT &&
            manifest_path_is_plain(absent->pdata[i])) {
            manifest_add(manifest, MANIFEST_ABSENT, absent->pdata[i]);
        }
    }
    return result < 0 ? result : write_manifest(options, directory, manifest);
}

guint64 backup_size(const Options *options, GPtrArray *paths)
{
    guint64 size = 0;
    guint i;

    for (i = 0; i < paths->len; i++) {
        g_autofree char *path = options_path(options, paths->pdata[i]);
        struct stat status;

        if (lstat(path, &status) == 0 && S_ISREG(status.st_mode)) {
            size += (guint64)status.st_size;
        }
    }
    return size;
}

/* ---- Checking one ------------------------------------------------------------------ */

/* No part of the path is a symbolic link. */
static bool is_literal(const char *path)
{
    char *real = realpath(path, NULL);
    bool literal = real && strcmp(real, path) == 0;

    free(real);
    return literal;
}

static char *check_files(const Backup *backup)
{
    guint i;

    for (i = 0; i < backup->manifest->entries->len; i++) {
        const ManifestEntry *entry = backup->manifest->entries->pdata[i];
        g_autofree char *copy = backup_copy_of(backup->directory, entry->path);
        const char *wrong;

        if (entry->type != MANIFEST_FILE) {
            continue;
        }
        wrong = backup_difference(entry, copy);
        if (!wrong && !is_literal(copy)) {
            wrong = "is reached by a symbolic link";
        }
        if (wrong) {
            return g_strdup_printf("%s %s", copy, wrong);
        }
    }
    return NULL;
}

static char *check_rpm(const Backup *backup)
{
    g_autofree char *rpm = backup_rpm(backup);
    g_autofree char *sha256 = rpm ? backup_sha256(rpm) : NULL;

    if (!rpm || (sha256 && strcmp(sha256, backup->manifest->rpm_sha256) == 0)) {
        return NULL;
    }
    return g_strdup_printf("%s %s", rpm,
                           sha256 ? "has other contents" : "cannot be read");
}

/* Only the one who runs this may write there. */
static char *check_directory(const char *directory)
{
    struct stat status;

    if (lstat(directory, &status) < 0) {
        return g_strdup_printf("%s: %s", directory, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        return g_strdup_printf("%s is no directory", directory);
    }
    if (status.st_uid != geteuid() || (status.st_mode & 022)) {
        return g_strdup_printf("%s can be written by others", directory);
    }
    return NULL;
}

static Manifest *read_manifest(const char *directory, char **why)
{
    g_autofree char *path = g_strconcat(directory, MANIFEST, NULL);
    g_autofree char *sum_path = g_strconcat(directory, MANIFEST_SUM, NULL);
    g_autofree char *text = NULL, *sum_text = NULL, *sum = NULL, *line = NULL;
    g_autofree char *wrong = NULL;
    Manifest *manifest;
    size_t length, sum_length;

    text = read_small(path, MANIFEST_MAX_BYTES, &length);
    if (!text) {
        *why = g_strdup_printf("%s cannot be read", path);
        return NULL;
    }
    /* The line that write_manifest() writes has 76 bytes. */
    sum_text = read_small(sum_path, 128, &sum_length);
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
                                      (const unsigned char *)text, length);
    line = g_strdup_printf("%s  manifest\n", sum);
    if (!sum_text || strcmp(sum_text, line) != 0) {
        *why = g_strdup_printf("%s is not the one that %s was made of", path,
                               sum_path);
        return NULL;
    }
    manifest = manifest_parse(text, length, &wrong);
    if (!manifest) {
        *why = g_strdup_printf("%s: %s", path, wrong);
    }
    return manifest;
}

Backup *backup_open(const char *directory, char **why)
{
    g_autoptr(Backup) backup = NULL;
    char *real;

    *why = check_directory(directory);
    real = *why ? NULL : realpath(directory, NULL);
    if (!real) {
        return NULL;
    }
    backup = g_new0(Backup, 1);
    backup->directory = g_strdup(real);
    free(real);
    backup->manifest = read_manifest(backup->directory, why);
    if (!backup->manifest) {
        return NULL;
    }
    *why = check_rpm(backup);
    if (!*why) {
        *why = check_files(backup);
    }
    return *why ? NULL : g_steal_pointer(&backup);
}

char *backup_rpm(const Backup *backup)
{
    return backup->manifest->rpm_sha256
               ? g_strconcat(backup->directory, RPM, NULL)
               : NULL;
}
