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

typedef struct VerifyWay VerifyWay;

typedef struct Verify {
    Doctor doctor;
    const Options *options;
    const VerifyWay *way;
    char *asked;      /* what finds the VM */
    gint64 end;       /* of the wait, on the monotonic clock */
    bool was_started; /* its QEMU is the one that the wait is for */
    XapiVm *vm;
    GPtrArray *allowed;
    VmKey *key; /* of vm->args; NULL: it has none */
    Domain *domain;
    char *domain_why;
    QmpPci pci;
    char *qmp_why;     /* NULL: QEMU has been asked */
    bool started_with; /* on the QEMU's command line */
    bool guest_asked;
    bool guest_has;
} Verify;

/* What depends on who has started the VM. */
struct VerifyWay {
    /* Fills in verify->vm by verify->asked; false has been reported. */
    bool (*find)(Verify *verify);
    /* The VM's domain; NULL with *why (g_free). */
    Domain *(*domain)(const Verify *verify, char **why);
    /* Report the links before the VM runs, those of the running VM (wants
     * verify->domain), and that it has no QEMU here. */
    void (*host)(Verify *verify);
    void (*running)(Verify *verify);
    void (*not_running)(Verify *verify);
};

/* The BAR has an address: by the firmware, or by the guest. */
bool verify_is_mapped(const Verify *verify);

/* The links before the VM runs: the key, what brings it to QEMU, the binary. */
void verify_host(Verify *verify);

/* Those of the running VM: xenstore, the command line, QEMU's PCI bus. Wants
 * verify->domain. */
void verify_running(Verify *verify);

/*
 * For other ways, each link reported. The VM's key is one that the rules take and
 * has the device; the remedies are for one that they refuse, and for one without.
 */
void verify_key(Verify *verify, const char *title, const char *remedy_refused,
                const char *remedy_none);

/*
 * The device's word on the QEMU's command line, of which there are count: it is
 * one, and what the key asks for. NULL for key: it is one that vgpuctl sets.
 */
void verify_words(Verify *verify, const char *word, unsigned count,
                  const VmKey *key, const char *remedy_twice);

/* The device is not on the command line: reports that it was hot-plugged. False
 * when it was not; nothing has been reported. */
bool verify_hotplugged(Verify *verify);

/* QEMU's own PCI bus. */
void verify_bus(Verify *verify);

/* The guest: asked over ssh, until the end of the wait where its sshd is not
 * there yet; or how to ask it by hand. */
void verify_guest(Verify *verify, const char *destination);
void verify_guest_by_hand(const Verify *verify);

#endif /* VGPUCTL_VERIFY_LINKS_H */
