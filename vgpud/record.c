/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "vgpud/record.h"

/* The directory is ours alone, so that it was vgpud who wrote it. */
void record_read(const char *path, Record *record)
{
    g_autofree char *text = NULL;
    unsigned long long worker, qemu;
    char name[65] = "";
    Record read;

    memset(record, 0, sizeof(*record));
    memset(&read, 0, sizeof(read));
    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        sscanf(text, "worker %d %llu\nqemu %d %llu\nchroot %64s\n",
               &read.worker.pid, &worker, &read.qemu.pid, &qemu, name) < 4) {
        return;
    }
    *record = read;
    record->worker.start = worker;
    record->qemu.start = qemu;
    record->chroot.name = *name ? g_strdup(name) : NULL;
}

void record_write(const char *path, const Record *record)
{
    g_autofree char *text = g_strdup_printf(
        "worker %d %llu\nqemu %d %llu\nchroot %s\n", (int)record->worker.pid,
        (unsigned long long)record->worker.start, (int)record->qemu.pid,
        (unsigned long long)record->qemu.start,
        record->chroot.name ? record->chroot.name : "");
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(path, text, -1, &error)) {
        g_printerr("vgpud: %s\n", error->message);
    }
}
