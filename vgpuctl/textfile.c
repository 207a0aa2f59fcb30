/* SPDX-License-Identifier: MIT */
#include "textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads to the end or to one byte over the limit, whatever fstat() said. */
static int read_up_to(int fd, size_t limit, GString *text)
{
    char chunk[16384];

    while (text->len <= limit) {
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n == 0) {
            return 0;
        }
        if (n > 0) {
            g_string_append_len(text, chunk, n);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return -EFBIG;
}

/* Opens a regular file; its size is for who wants it. Returns the descriptor or a
 * negative errno. */
static int open_regular(const char *path, off_t *size)
{
    /* O_NONBLOCK: a FIFO must not make it wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    int result;

    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &status) < 0) {
        result = -errno;
    } else if (!S_ISREG(status.st_mode)) {
        result = -EINVAL;
    } else {
        *size = status.st_size;
        return fd;
    }
    close(fd);
    return result;
}

int textfile_read(const char *path, size_t limit, char **data, size_t *length)
{
    off_t size = 0;
    int fd = open_regular(path, &size);
    GString *text;
    int result;

    if (fd < 0) {
        return fd;
    }
    text = g_string_new(NULL);
    result = read_up_to(fd, limit, text);
    close(fd);
    if (result < 0) {
        g_string_free(text, TRUE);
        return result;
    }
    *length = text->len;
    *data = g_string_free(text, FALSE);
    return 0;
}

int textfile_tail(const char *path, size_t limit, char **text)
{
    off_t size = 0;
    int fd = open_regular(path, &size);
    off_t start = size > (off_t)limit ? size - (off_t)limit : 0;
    char *data;
    ssize_t n;
    int result;

    if (fd < 0) {
        return fd;
    }
    data = g_malloc(limit + 1);
    n = pread(fd, data, limit, start);
    result = n < 0 ? -errno : 0;
    close(fd);
    if (result < 0) {
        g_free(data);
        return result;
    }
    data[n] = '\0';
    if (start > 0) {
        size_t part = strcspn(data, "\n");

        memmove(data, data + part, (size_t)n - part + 1);
    }
    *text = data;
    return 0;
}

const char *textfile_error(int error)
{
    switch (-error) {
    case EINVAL:
        return "it is no regular file";
    case EFBIG:
        return "it is larger than any such file";
    default:
        return strerror(-error);
    }
}
