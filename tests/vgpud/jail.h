/* SPDX-License-Identifier: MIT */
/*
 * A QEMU as it is on XCP-ng: locked into a directory, as a user of its domain's, without
 * a network, within its system call filter. For root, and for one thread.
 */
#ifndef TESTS_VGPUD_JAIL_H
#define TESTS_VGPUD_JAIL_H

#include "vgpud/machine.h"

#define JAIL_VM "c4007000-0000-4000-8000-000000000007"

/* As the wrapper names them: qemu_base, which is 65535 there, and the domain's id. */
#define JAIL_DOMAIN "7"
#define JAIL_ROOT   "root-" JAIL_DOMAIN
#define JAIL_UID    (65535 + 7)

typedef struct Jail {
    Host host;
    Queue queue;
    char *root; /* QEMU's */
    pid_t qemu;
} Jail;

/* A vgpud, and a root for a QEMU. */
bool jail_start_host(Jail *jail, const char *keys);

/* Notes for vgpud that the VM's QEMU will be in a root of that name. */
void jail_note(const Host *host, const char *name);

/* Makes a root as the wrapper does, and notes it. The caller's. */
char *jail_make_root(const Host *host, const char *name);

/* Starts a QEMU in jail->root. */
bool jail_start_qemu(Jail *jail);

/* Waits for the link, with the worker that is the VM's first, second, … */
bool jail_wait_for_link(Jail *jail, unsigned workers);

/* All of that. */
bool jail_start(Jail *jail, const char *keys);
void jail_stop(Jail *jail);

/* The VM's socket inside the root, as the host sees it. The caller's. */
char *jail_inner_socket(const Jail *jail);

/* Wants nothing to be there but what the wrapper has made; or waits until it is so. */
void jail_check_has_only_dev(const char *root);
void jail_check_nothing_is_left(const Jail *jail);
void jail_wait_until_nothing_is_left(const Jail *jail);

void jail_kill_worker(const Jail *jail);

/* QEMU stands still, without a link, and its socket waits for it. */
void jail_hold_without_link(Jail *jail);

#endif /* TESTS_VGPUD_JAIL_H */
