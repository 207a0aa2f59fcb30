/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of `vgpuctl verify`: what Linux in the VM has found on its
 * PCI bus. What a guest says is foreign text.
 */
#ifndef VGPUCTL_VERIFY_GUEST_H
#define VGPUCTL_VERIFY_GUEST_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A vgpu-stub as /sys/bus/pci/devices has it. */
typedef struct GuestDevice {
    char *slot;     /* "0000:00:1e.0" */
    unsigned class; /* 0x120000 */
    unsigned subsystem_vendor;
    unsigned subsystem;
    guint64 bar;      /* BAR 0: its address, 0 when it has none */
    guint64 bar_size; /* in bytes, 0 when it has none */
    bool bar_is_memory;
} GuestDevice;

typedef struct Guest {
    bool finished;      /* the command got to its end */
    bool has_sysfs;     /* there is a /sys/bus/pci/devices */
    GPtrArray *devices; /* GuestDevice * */
    char *lspci;        /* lspci's line, NULL: it has none, or no lspci */
} Guest;

/* The command to run in the guest, for a POSIX shell. */
extern const char guest_command[];

/* Reads what guest_command prints. Never NULL. */
Guest *guest_parse(const char *output);
void guest_free(Guest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)

/*
 * What is wrong with it, in one line (g_free), and what to do about that; NULL:
 * the guest has one vgpu-stub as the specification has it.
 */
char *guest_problem(const Guest *guest, const char **remedy);

#endif /* VGPUCTL_VERIFY_GUEST_H */
