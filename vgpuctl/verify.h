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
 * it. ssh is the guest as USER@HOST, or NULL. Waits for at most wait_s seconds
 * until the VM's QEMU has the device. Changes nothing. Returns an exit code of
 * exit.h.
 */
int verify_vm(const Options *options, const char *vm, const char *ssh,
              int wait_s);

/* ssh may be given such a destination (NULL is none); else reports why not. */
bool verify_destination_is_good(const char *ssh);

#endif /* VGPUCTL_VERIFY_H */
