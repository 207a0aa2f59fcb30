/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vgpud/log.h"

/* Of one line; what is longer is cut. */
#define LINE_MAX_ 512

int log_fd = STDERR_FILENO;

void log_say(const char *format, ...)
{
    static const char name[] = "vgpu-worker: ";
    char line[LINE_MAX_];
    size_t length = sizeof(name) - 1;
    va_list arguments;

    memcpy(line, name, sizeof(name));
    va_start(arguments, format);
    vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
    va_end(arguments);
    length = strlen(line);
    line[length] = '\n';
    if (write(log_fd, line, length + 1) < 0) { /* nobody to tell */
        return;
    }
}

int log_keep_for_itself(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (nowhere < 0 || own < 0 || dup2(nowhere, STDOUT_FILENO) < 0 ||
        dup2(nowhere, STDERR_FILENO) < 0) {
        return -errno;
    }
    close(nowhere);
    log_fd = own;
    return 0;
}
