/* SPDX-License-Identifier: MIT */
/*
 * A QMP client. The QEMU at the other end runs a guest that may have taken it
 * over: what it answers is limited in size, in nesting and in time, and is
 * looked at before it is believed.
 */
#ifndef VGPUCTL_QMP_H
#define VGPUCTL_QMP_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* A QEMU answers in milliseconds, unless another client holds its socket: it
 * serves one at a time, and xenopsd's calls take a second or two. */
#define QMP_TIME_LIMIT_MS 10000

typedef struct Qmp Qmp;

/*
 * Connects to a QMP socket and says hello. All that follows has to come within
 * limit_ms, too. NULL when that fails, with *why (g_free) in one line.
 */
Qmp *qmp_open(const char *path, int limit_ms, char **why);

/* The same over a connected descriptor, which is the Qmp's from then on, also
 * when it fails. */
Qmp *qmp_open_fd(int fd, int limit_ms, char **why);
void qmp_close(Qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qmp, qmp_close)

/*
 * Runs a command. arguments may be NULL; it is taken over. Returns what the
 * command returned (json_node_unref), or NULL with *why (g_free): QEMU's own
 * words in one line, or what went wrong with the connection.
 */
JsonNode *qmp_call(Qmp *qmp, const char *command, JsonObject *arguments,
                   char **why);

/* The last error's class, such as "DeviceNotFound"; "" where QEMU did not answer
 * with an error. Valid until the next call. */
const char *qmp_error_class(const Qmp *qmp);

/* A PCI device as query-pci has it. */
typedef struct QmpPci {
    unsigned count; /* how many of these QEMU has; the rest is of the first */
    int bus, slot, function;
    /* BAR0; no address while no firmware and no guest has given it one. */
    bool has_bar0;
    guint64 bar0_address;
    guint64 bar0_size;
    char *id; /* "" where it has none: it was not hot-plugged by vgpuctl */
} QmpPci;

/*
 * Asks for the PCI devices with these ids. True with pci filled in (count 0:
 * there is none); false with *why (g_free). qmp_pci_clear() afterwards.
 */
bool qmp_find_pci(Qmp *qmp, guint vendor, guint device, QmpPci *pci,
                  char **why);
void qmp_pci_clear(QmpPci *pci);

/*
 * The parts that only read what QEMU sent, for their tests. A line as a JSON
 * object, NULL with *why (g_free) when it is none or goes beyond the limits;
 * what query-pci returned.
 */
JsonObject *qmp_parse(const char *line, size_t length, char **why);
void qmp_read_pci(JsonNode *returned, guint vendor, guint device, QmpPci *pci);

#endif /* VGPUCTL_QMP_H */
