/* SPDX-License-Identifier: MIT */
/*
 * The proof that the device is in a VM, for the verbs that end with it.
 */
#ifndef VGPUCTL_VERIFY_H
#define VGPUCTL_VERIFY_H

#include <stdbool.h>

#include "options.h"

/*
 * Looks at each link of the way into a VM (its uuid or unique name) and reports
 * it. ssh is the guest as USER@HOST, or NULL. The VM has been started: waits for at
 * most wait_s seconds until its guest has mapped the device, where it still can,
 * and for its sshd. Changes nothing. Returns an exit code of exit.h.
 */
int verify_vm(const Options *options, const char *vm, const char *ssh,
              int wait_s);

/* ssh may be given such a destination (NULL is none); else reports why not. */
bool verify_destination_is_good(const char *ssh);

/* --wait of a verb may be so long; else reports why not. */
bool verify_wait_is_good(const char *verb, int wait_s);

#endif /* VGPUCTL_VERIFY_H */
