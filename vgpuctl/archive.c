/* SPDX-License-Identifier: MIT */
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

/* As the specification of Git LFS has it: the first line of every pointer. */
#define POINTER_START "version https://git-lfs.github.com/spec/"

/* A pointer is smaller than 1024 bytes, says the specification; and tar's
 * magic lies in the first 512. */
#define HEAD_SIZE 1024

#define TAR_MAGIC        "ustar"
#define TAR_MAGIC_OFFSET 257

static const struct {
    const char *tool;
    const char *magic;
    size_t magic_length;
    const char *names[3];
} formats[] = {
    { "gzip", "\x1f\x8b", 2, { ".tar.gz", ".tgz", NULL } },
    { "xz",
      "\xfd"
      "7zXZ",
      6,
      { ".tar.xz", ".txz", NULL } },
    { "bzip2", "BZh", 3, { ".tar.bz2", ".tbz2", NULL } },
};

/* ---- The beginning of the file -------------------------------------------- */

static int read_head(const char *path, char *head, size_t *length,
                     ArchiveInfo *info)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int result = 0;
    ssize_t n = 0;

    *length = 0;
    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &status) < 0) {
        result = -errno;
    } else if (!S_ISREG(status.st_mode)) {
        result = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    } else {
        info->size = (guint64)status.st_size;
        n = pread(fd, head, HEAD_SIZE, 0);
        result = n < 0 ? -errno : 0;
    }
    close(fd);
    if (result == 0) {
        *length = (size_t)n;
        head[n] = '\0';
    }
    return result;
}

static int judge_head(const char *head, size_t length, ArchiveInfo *info)
{
    const char *size;

    if (length == 0) {
        return ARCHIVE_EMPTY;
    }
    if (!g_str_has_prefix(head, POINTER_START)) {
        return ARCHIVE_GOOD;
    }
    size = strstr(head, "\nsize ");
    if (size) {
        info->pointer_size = g_ascii_strtoull(size + 6, NULL, 10);
    }
    return ARCHIVE_POINTER;
}

int archive_check_pointer(const char *path, ArchiveInfo *info)
{
    char head[HEAD_SIZE + 1];
    size_t length;
    int result;

    memset(info, 0, sizeof(*info));
    result = read_head(path, head, &length, info);
    return result < 0 ? result : judge_head(head, length, info);
}

/* ---- All of it ---------------------------------------------------------------- */

/* The index in formats of what the name says, -1 for plain tar, -2 for none. */
static int format_of_name(const char *path)
{
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(formats); i++) {
        for (j = 0; formats[i].names[j]; j++) {
            if (g_str_has_suffix(path, formats[i].names[j])) {
                return (int)i;
            }
        }
    }
    return g_str_has_suffix(path, ".tar") ? -1 : -2;
}

static int format_of_head(const char *head, size_t length)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (length >= formats[i].magic_length &&
            memcmp(head, formats[i].magic, formats[i].magic_length) == 0) {
            return (int)i;
        }
    }
    if (length >= TAR_MAGIC_OFFSET + strlen(TAR_MAGIC) &&
        memcmp(head + TAR_MAGIC_OFFSET, TAR_MAGIC, strlen(TAR_MAGIC)) == 0) {
        return -1;
    }
    return -2;
}

bool archive_name(const char *path)
{
    return format_of_name(path) != -2;
}

/* What a decompressor's or tar's complaint means. Each of gzip, xz, bzip2 and
 * tar has its own words for an end that comes too early. */
static int judge_complaint(const char *text)
{
    static const char *const ends[] = {
        "unexpected end of file",           "Unexpected end of input",
        "file ends unexpectedly",           "Unexpected EOF in archive",
        "not stopped at a record boundary",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(ends); i++) {
        if (strstr(text, ends[i])) {
            return ARCHIVE_TRUNCATED;
        }
    }
    return ARCHIVE_DAMAGED;
}

/* Runs a test of the file; *text gets what it said. */
static int run_tool(const char *const *argv, char **text, ArchiveInfo *info)
{
    int status = command_run(argv, text, NULL, NULL);

    if (status == -ENOENT) {
        info->tool = argv[0];
        return ARCHIVE_NO_TOOL;
    }
    return status;
}

static int check_compression(const char *tool, const char *path,
                             ArchiveInfo *info)
{
    const char *const test[] = { tool, "-t", "--", path, NULL };
    g_autofree char *text = NULL;
    int status = run_tool(test, &text, info);

    if (status <= 0 || info->tool) {
        return status;
    }
    return judge_complaint(text);
}

static int check_tar(const char *path, ArchiveInfo *info)
{
    /* --force-local: a colon in the path names no other machine. */
    const char *const list[] = { "tar", "--force-local", "-tf", path, NULL };
    g_autofree char *text = NULL;
    int status = run_tool(list, &text, info);

    if (status <= 0 || info->tool) {
        return status;
    }
    if (strstr(text, "does not look like a tar archive")) {
        return ARCHIVE_FOREIGN;
    }
    return judge_complaint(text);
}

int archive_check(const char *path, ArchiveInfo *info)
{
    g_autofree char *absolute = NULL;
    char head[HEAD_SIZE + 1];
    size_t length;
    int result, format;

    memset(info, 0, sizeof(*info));
    result = read_head(path, head, &length, info);
    if (result == 0) {
        result = judge_head(head, length, info);
    }
    if (result != 0) {
        return result;
    }
    format = format_of_head(head, length);
    if (format == -2) {
        return ARCHIVE_FOREIGN;
    }
    /* So that no name is taken for an option. */
    absolute = g_path_is_absolute(path) ? g_strdup(path)
                                        : g_strconcat("./", path, NULL);
    if (format >= 0) {
        result = check_compression(formats[format].tool, absolute, info);
    }
    if (result == 0) {
        result = check_tar(absolute, info);
    }
    if (result == 0 && format != format_of_name(path)) {
        result = ARCHIVE_MISNAMED;
    }
    return result;
}

const char *archive_condition_text(int condition)
{
    switch (condition) {
    case ARCHIVE_GOOD:
        return "is a good archive";
    case ARCHIVE_POINTER:
        return "is a Git LFS pointer, not the file itself";
    case ARCHIVE_EMPTY:
        return "is empty";
    case ARCHIVE_TRUNCATED:
        return "is truncated";
    case ARCHIVE_DAMAGED:
        return "is damaged";
    case ARCHIVE_MISNAMED:
        return "is not compressed as its name says";
    case ARCHIVE_FOREIGN:
        return "is not a tar archive";
    case ARCHIVE_NO_TOOL:
        return "cannot be looked into";
    default:
        return "cannot be read";
    }
}
