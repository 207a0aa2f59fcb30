/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vgpud/listener.h"

#define LOCK_NAME "vgpud.lock"

/* Connections that wait while one is being handed on, or a VM's worker is not started
 * again yet. One QEMU has one. */
#define BACKLOG 4

static int failed(GError **error, const char *path)
{
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                "%s: %s", path, g_strerror(errno));
    return -1;
}

/* What is in it is believed: sockets, and what an earlier vgpud has written. */
static gboolean is_ours_alone(const char *directory, GError **error)
{
    struct stat info;

    if (stat(directory, &info) < 0 || info.st_uid != geteuid() ||
        (info.st_mode & (S_IWGRP | S_IWOTH))) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "%s: must be a directory of vgpud's user that nobody else "
                    "can write",
                    directory);
        return FALSE;
    }
    return TRUE;
}

int listener_lock(const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, LOCK_NAME, NULL);
    int fd;

    if (g_mkdir_with_parents(directory, 0711) < 0) {
        return failed(error, directory);
    }
    if (!is_ours_alone(directory, error)) {
        return -1;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return failed(error, path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "another vgpud serves %s", directory);
        close(fd);
        return -1;
    }
    return fd;
}

static gboolean remove_old(const char *path)
{
    struct stat info;

    if (lstat(path, &info) < 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(info.st_mode)) {
        errno = EEXIST;
        return FALSE;
    }
    return unlink(path) == 0;
}

/* Nobody else's from the first moment on. */
static int bind_privately(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(0177);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

    umask(before);
    return result;
}

int listener_open(const char *path, uid_t owner, gid_t group, GError **error)
{
    struct sockaddr_un address;
    int fd;

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return failed(error, path);
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !remove_old(path) || bind_privately(fd, &address) < 0 ||
        lchown(path, owner, group) < 0 ||
        (group != (gid_t)-1 && chmod(path, 0660) < 0) ||
        listen(fd, BACKLOG) < 0) {
        failed(error, path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

int listener_accept(int fd)
{
    return accept4(fd, NULL, NULL, SOCK_CLOEXEC);
}
