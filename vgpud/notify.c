/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vgpud/notify.h"

void notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t length;
    int fd;

    memset(&address, 0, sizeof(address));
    if (!path || (*path != '/' && *path != '@') ||
        strlen(path) >= sizeof(address.sun_path)) {
        return;
    }
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, path);
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (*path == '@') { /* an abstract name */
        address.sun_path[0] = '\0';
    } else {
        length++;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
               (struct sockaddr *)&address, length);
        close(fd);
    }
}
