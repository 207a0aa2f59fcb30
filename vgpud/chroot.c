/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vgpud/chroot.h"
#include "vgpud/listener.h"

/* Of a path: /run/vgpu/UUID.sock has three. */
#define PARTS_MAX 16

static int failed(GError **error, const char *name)
{
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                "%s: %s", name, g_strerror(errno));
    return -1;
}

/* ---- One step ---------------------------------------------------------------------- */

static gboolean is_ours_alone(int directory)
{
    struct stat info;

    return fstat(directory, &info) == 0 && info.st_uid == geteuid() &&
           !(info.st_mode & (S_IWGRP | S_IWOTH));
}

/* A directory in another one (AT_FDCWD: by its path), or -1 with errno. */
static int step(int directory, const char *name)
{
    int fd = openat(directory, name,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && !is_ours_alone(fd)) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

/* The same; makes it where it is missing, for all to go through. */
static int step_made(int directory, const char *name)
{
    gboolean made = mkdirat(directory, name, 0711) == 0;
    int fd;

    fd = step(directory, name);
    if (fd >= 0 && made && fchmod(fd, 0711) < 0) { /* whatever the umask */
        close(fd);
        return -1;
    }
    return fd;
}

static int open_root(const char *roots, const char *name)
{
    int fd, directory;

    if (strchr(name, '/') || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0) {
        errno = EINVAL;
        return -1;
    }
    directory = step(AT_FDCWD, roots);
    if (directory < 0) {
        return -1;
    }
    fd = step(directory, name);
    close(directory);
    return fd;
}

/* ---- Whose root -------------------------------------------------------------------- */

static gboolean same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Its name could be any; what is there under that name is looked at. */
static gboolean is_in(const char *roots, const char *name,
                      const struct stat *root)
{
    int fd = open_root(roots, name);
    struct stat info;
    gboolean is = fd >= 0 && fstat(fd, &info) == 0 && same(&info, root);

    if (fd >= 0) {
        close(fd);
    }
    return is;
}

int chroot_find(const char *roots, const Proc *proc, char **name, uid_t *uid,
                GError **error)
{
    g_autofree char *found = NULL;
    struct stat ours, its;

    if (!proc_root(proc, &its, &found) || stat("/", &ours) < 0 ||
        same(&its, &ours)) {
        return 0;
    }
    if (!is_in(roots, found, &its)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "the root of %d is no directory in %s that root owns and "
                    "nobody else can write",
                    (int)proc->pid, roots);
        return -1;
    }
    *uid = proc_uid(proc);
    if (*uid == 0 || *uid == (uid_t)-1) { /* between the two steps */
        return 0;
    }
    *name = g_steal_pointer(&found);
    return 1;
}

gboolean chroot_has(const char *roots, const char *name)
{
    int fd = open_root(roots, name);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* ---- The socket -------------------------------------------------------------------- */

/* The directories of a path; NULL where it is none that can be used. The last part is
 * the socket's name. */
static char **parts_of(const char *path)
{
    char **parts;
    guint count;

    if (*path != '/') {
        return NULL;
    }
    parts = g_strsplit(path + 1, "/", -1);
    count = g_strv_length(parts);
    if (count == 0 || count > PARTS_MAX ||
        g_strv_contains((const char *const *)parts, "..") ||
        g_strv_contains((const char *const *)parts, ".") ||
        g_strv_contains((const char *const *)parts, "")) {
        g_strfreev(parts);
        return NULL;
    }
    return parts;
}

/* The directory that the socket is in, with what is missing made. */
static int walk(int at, char **parts)
{
    for (; at >= 0 && parts[1]; parts++) {
        int next = step_made(at, parts[0]);

        close(at);
        at = next;
    }
    return at;
}

int chroot_listen(const Chroot *chroot, const char *path, uid_t owner,
                  GError **error)
{
    g_auto(GStrv) parts = parts_of(path);
    g_autofree char *place = NULL;
    int directory, listener;

    if (!parts) {
        errno = EINVAL;
        return failed(error, path);
    }
    directory = walk(open_root(chroot->roots, chroot->name), parts);
    if (directory < 0) {
        return failed(error, chroot->name);
    }
    /* bind() has no directory to begin at. */
    place = g_strdup_printf("/proc/self/fd/%d/%s", directory,
                            parts[g_strv_length(parts) - 1]);
    listener = listener_open(place, owner, (gid_t)-1, error);
    close(directory);
    return listener;
}

/* Goes down as far as there are directories, and removes on the way back. */
static void clear(int at, char **parts)
{
    struct stat info;
    int below;

    if (!parts[1]) {
        if (fstatat(at, parts[0], &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISSOCK(info.st_mode)) {
            unlinkat(at, parts[0], 0);
        }
        return;
    }
    below = step(at, parts[0]);
    if (below >= 0) {
        clear(below, parts + 1);
        close(below);
        unlinkat(at, parts[0], AT_REMOVEDIR);
    }
}

void chroot_clear(Chroot *chroot, const char *path)
{
    g_auto(GStrv) parts = parts_of(path);
    int root = chroot->name ? open_root(chroot->roots, chroot->name) : -1;

    if (root >= 0) {
        if (parts) {
            clear(root, parts);
        }
        close(root);
    }
    g_clear_pointer(&chroot->name, g_free);
}
