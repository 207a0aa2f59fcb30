/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as all that a QEMU ever sends over QMP. The client ends,
 * and what it says of it can be printed.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp.h"

/* It hangs up behind the bytes: this is never waited for. */
#define LIMIT_MS 10000

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

/* One line that a terminal takes for nothing but text. */
static void must_be_text(const char *text)
{
    const char *c;

    must(text != NULL && *text && g_utf8_validate(text, -1, NULL));
    for (c = text; *c; c++) {
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

static void talk(int fd)
{
    char *why = NULL;
    Qmp *qmp = qmp_open_fd(fd, LIMIT_MS, &why);
    QmpPci pci;

    if (!qmp) {
        must_be_text(why);
        g_free(why);
        return;
    }
    must(why == NULL);
    if (qmp_find_pci(qmp, 0x1af4, 0x1111, &pci, &why)) {
        must(pci.id != NULL && g_utf8_validate(pci.id, -1, NULL));
        must(pci.slot >= 0 && pci.slot < 32 && pci.function >= 0 &&
             pci.function < 8 && pci.bus >= 0 && pci.bus < 256);
        must(pci.count > 0 || (!pci.has_bar0 && !pci.id[0]));
        qmp_pci_clear(&pci);
    } else {
        must(why != NULL && g_utf8_validate(why, -1, NULL));
        must(g_utf8_validate(qmp_error_class(qmp), -1, NULL));
    }
    g_free(why);
    qmp_close(qmp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    /* The longest input fits into a socket's buffer. */
    must(send(pair[1], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
         (ssize_t)size);
    shutdown(pair[1], SHUT_WR);
    talk(pair[0]);
    close(pair[1]);
    return 0;
}
