/* SPDX-License-Identifier: MIT */
/*
 * The links of `vgpuctl verify`, each looked at and reported by itself.
 */
#ifndef VGPUCTL_VERIFY_LINKS_H
#define VGPUCTL_VERIFY_LINKS_H

#include <glib.h>
#include <stdbool.h>

#include "doctor.h"
#include "domain.h"
#include "qmp.h"
#include "vmkey.h"
#include "xapi.h"

/* What the link that says that the VM runs with the device is called. */
#define VERIFY_QEMU "the VM's QEMU was started with it"

typedef struct Verify {
    Doctor doctor;
    const Options *options;
    gint64 end;       /* of the wait, on the monotonic clock */
    bool was_started; /* its QEMU is the one that the wait is for */
    XapiVm *vm;
    GPtrArray *allowed;
    VmKey *key; /* of XAPI's text; NULL: it has none */
    Domain *domain;
    char *domain_why;
    QmpPci pci;
    char *qmp_why;     /* NULL: QEMU has been asked */
    bool started_with; /* on the QEMU's command line */
    bool guest_asked;
    bool guest_has;
} Verify;

/* The BAR has an address: by the firmware, or by the guest. */
bool verify_is_mapped(const Verify *verify);

/* The links before the VM runs: the key, what brings it to QEMU, the binary. */
void verify_host(Verify *verify);

/* Those of the running VM: xenstore, the command line, QEMU's PCI bus. Wants
 * verify->domain. */
void verify_running(Verify *verify);

/* The guest: asked over ssh, until the end of the wait where its sshd is not
 * there yet; or how to ask it by hand. */
void verify_guest(Verify *verify, const char *destination);
void verify_guest_by_hand(const Verify *verify);

#endif /* VGPUCTL_VERIFY_LINKS_H */
