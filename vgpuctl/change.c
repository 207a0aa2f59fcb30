/* SPDX-License-Identifier: MIT */
#include "change.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "report.h"

static int failed(const char *doing, const char *path, int error)
{
    const char *remedy = NULL;

    if (error == EROFS) {
        remedy = "mount the file system read-write, then try again";
    } else if (error == ENOSPC || error == EDQUOT) {
        remedy = "make room on that file system, then try again";
    } else if (error == EACCES || error == EPERM) {
        remedy = "run it as root";
    }
    report_problem(remedy, "cannot %s %s: %s", doing, path, strerror(error));
    return -error;
}

/* ---- What a dry run would have done by now -------------------------------- */

static const char MADE[] = "made";
static const char GONE[] = "gone";

/* Path to MADE or GONE, so that later changes of the same dry run know. */
static GHashTable *would_be;

static void note(const char *path, const char *what)
{
    if (!would_be) {
        would_be = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    g_hash_table_replace(would_be, g_strdup(path), (gpointer)what);
}

static bool noted(const char *path, const char *what)
{
    return would_be && g_hash_table_lookup(would_be, path) == what;
}

bool change_would_be_gone(const char *path)
{
    return noted(path, GONE);
}

static void note_directories(const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);

    note(path, MADE);
    if (!g_file_test(parent, G_FILE_TEST_IS_DIR) && !noted(parent, MADE)) {
        note_directories(parent);
    }
}

/* ---- Directories ---------------------------------------------------------- */

int change_mkdir(const Options *options, const char *path, mode_t mode)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR) || noted(path, MADE)) {
        return 0;
    }
    report_change("mkdir", path);
    if (options->dry_run) {
        note_directories(path);
        return 0;
    }
    if (g_mkdir_with_parents(path, (int)mode) < 0) {
        return failed("make the directory", path, errno);
    }
    return 0;
}

/* ---- Files ---------------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t n = write(fd, data, length);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            data += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

static int copy_all(int from, int to)
{
    char chunk[65536];
    ssize_t n;
    int result = 0;

    while (result == 0 && (n = read(from, chunk, sizeof(chunk))) != 0) {
        if (n > 0) {
            result = write_all(to, chunk, (size_t)n);
        } else if (errno != EINTR) {
            result = -errno;
        }
    }
    return result;
}

/* So that a rename is on the disk, not only in memory. */
static void sync_directory_of(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/*
 * Puts a new file, made at new_path, in path's place: data, or what is in the
 * file `from`. `like` gives it mode and owner, and times where `times` says so.
 */
static int replace(const char *path, const char *new_path, const char *data,
                   size_t length, int from, const struct stat *like, bool times)
{
    const struct timespec stamps[2] = { like->st_atim, like->st_mtim };
    int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int result;

    if (fd < 0) {
        return -errno;
    }
    result = from < 0 ? write_all(fd, data, length) : copy_all(from, fd);
    if (result == 0 && geteuid() == 0 &&
        fchown(fd, like->st_uid, like->st_gid) < 0) {
        result = -errno;
    }
    if (result == 0 && (fchmod(fd, like->st_mode & 07777) < 0 ||
                        (times && futimens(fd, stamps) < 0) || fsync(fd) < 0)) {
        result = -errno;
    }
    if (close(fd) < 0 && result == 0) {
        result = -errno;
    }
    if (result == 0 && rename(new_path, path) < 0) {
        result = -errno;
    }
    if (result < 0) {
        unlink(new_path);
        return result;
    }
    sync_directory_of(path);
    return 0;
}

int change_write_by(const Options *options, const char *path,
                    const char *new_path, const char *data, size_t length,
                    mode_t mode)
{
    struct stat like = { .st_mode = mode };
    int result;

    report_change("write", path);
    if (options->dry_run) {
        note(path, MADE);
        return 0;
    }
    if (stat(path, &like) < 0) {
        like.st_uid = geteuid();
        like.st_gid = getegid();
    }
    result = replace(path, new_path, data, length, -1, &like, false);
    return result < 0 ? failed("write", path, -result) : 0;
}

int change_write(const Options *options, const char *path, const char *data,
                 size_t length, mode_t mode)
{
    g_autofree char *new_path = g_strconcat(path, CHANGE_NEW, NULL);

    return change_write_by(options, path, new_path, data, length, mode);
}

int change_copy(const Options *options, const char *from, const char *to)
{
    g_autofree char *what = g_strdup_printf("%s -> %s", from, to);
    g_autofree char *new_path = g_strconcat(to, CHANGE_NEW, NULL);
    struct stat like;
    int fd, result;

    report_change("copy", what);
    if (options->dry_run) {
        note(to, MADE);
        return 0;
    }
    fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return failed("read", from, errno);
    }
    if (fstat(fd, &like) < 0) {
        result = -errno;
    } else if (!S_ISREG(like.st_mode)) {
        result = -EINVAL;
    } else {
        result = replace(to, new_path, NULL, 0, fd, &like, true);
    }
    close(fd);
    return result < 0 ? failed("write", to, -result) : 0;
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int change_remove(const Options *options, const char *path)
{
    struct stat status;

    if (change_would_be_gone(path) ||
        (lstat(path, &status) < 0 && !noted(path, MADE))) {
        return 0;
    }
    report_change("remove", path);
    if (options->dry_run) {
        note(path, GONE);
        return 0;
    }
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0) {
        return failed("remove", path, errno);
    }
    return 0;
}

/* ---- Commands --------------------------------------------------------------- */

int change_run(const Options *options, const char *const *argv, char **output)
{
    g_autofree char *text = command_text(argv);
    int status;

    if (output) {
        *output = NULL;
    }
    report_change("run", text);
    if (options->dry_run) {
        if (output) {
            *output = g_strdup("");
        }
        return 0;
    }
    status = command_run(argv, output, NULL, NULL);
    if (status == -EINTR) {
        report_problem(NULL, "%s was ended by a signal", argv[0]);
    } else if (status < 0) {
        report_problem(NULL, "cannot run %s: %s", argv[0], strerror(-status));
    }
    return status;
}
