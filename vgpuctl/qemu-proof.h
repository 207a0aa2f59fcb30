/* SPDX-License-Identifier: MIT */
/*
 * Whether a QEMU binary has the device, by what it says itself: the binary is
 * run, on the system that vgpuctl runs on (also under --root).
 */
#ifndef VGPUCTL_QEMU_PROOF_H
#define VGPUCTL_QEMU_PROOF_H

#include <glib.h>
#include <stdbool.h>

typedef struct QemuProof {
    /* What it says for -version, such as "4.2.1"; NULL when it does not run. */
    char *version;
    /* The line `name "vgpu-stub", bus PCI...`; NULL when it has none. */
    char *device_line;
    /* Those of the three properties that are missing, "" for none. */
    char *missing;
    /* Why it does not run or does not list its devices; NULL: it does. */
    char *failure;
    /* It died of the assertion `conventional || pcie`. */
    bool interface_assertion;
} QemuProof;

/* Runs the binary three times, a minute each at most. */
QemuProof *qemu_proof_new(const char *binary);
void qemu_proof_free(QemuProof *proof);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuProof, qemu_proof_free)

/* It runs, and has the device with all its properties. */
bool qemu_proof_has_device(const QemuProof *proof);

/* It runs, and has no such device. */
bool qemu_proof_is_stock(const QemuProof *proof);

/*
 * What keeps qemu_proof_has_device() from being true, in one line (g_free), and
 * what to do about it; NULL when nothing does.
 */
char *qemu_proof_problem(const QemuProof *proof, const char **remedy);

/*
 * The parts that only read text, for their tests. The line of `-device help`
 * that is the device's (g_free) or NULL: XenServer's own
 * `name "vgpu", bus System` is another device. The properties that are missing
 * in `-device vgpu-stub,help`, separated by blanks (g_free).
 */
char *qemu_proof_find_device(const char *device_help);
char *qemu_proof_missing_properties(const char *properties_help);
char *qemu_proof_find_version(const char *version_text);

#endif /* VGPUCTL_QEMU_PROOF_H */
