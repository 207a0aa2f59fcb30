/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as lines of daemon.log. What is taken for a line of a
 * QEMU's start has a domid and a pid that can be, and a time that is past.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemonlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW ((gint64)1795180800)

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(DaemonLog) log = daemonlog_new();
    char *rest = text, *line;
    guint i;

    while ((line = strsep(&rest, "\n"))) {
        g_autofree char *copy = g_strdup(line);

        daemonlog_add(log, line, NOW);
        must(strcmp(copy, line) == 0);
    }
    for (i = 0; i < log->lines->len; i++) {
        const DaemonLine *entry = log->lines->pdata[i];
        const Domain domain = { .domid = entry->domid,
                                .pid = entry->pid,
                                .started = entry->time };

        must(entry->domid >= 0 && entry->domid <= 9999999);
        must(entry->pid >= 0 && entry->pid <= 9999999);
        must(entry->text && strlen(entry->text) < size);
        must(entry->pid == 0 || daemonlog_find(log, &domain, "") != NULL);
    }
    return 0;
}
