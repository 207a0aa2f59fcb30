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

int textfile_read(const char *path, size_t limit, char **data, size_t *length)
{
    /* O_NONBLOCK: a FIFO must not make it wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    GString *text;
    int result;

    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &status) < 0) {
        result = -errno;
        close(fd);
        return result;
    }
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        return -EINVAL;
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
