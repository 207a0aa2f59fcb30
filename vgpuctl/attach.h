/* SPDX-License-Identifier: MIT */
/*
 * What `attach` does, for `setup` too. Progress and problems are reported.
 */
#ifndef VGPUCTL_ATTACH_H
#define VGPUCTL_ATTACH_H

#include <stdbool.h>

#include "shim/args.h"
#include "options.h"

typedef enum AttachWhen {
    ATTACH_ONLY, /* from the VM's next start on */
    ATTACH_NOW,  /* and to a VM that runs, at once */
    /* As the first, in a dry run that would have installed the QEMU and the
     * wrapper by now: they are not asked. */
    ATTACH_QEMU_FOLLOWS,
} AttachWhen;

/*
 * Gives the VM with that uuid or name the device: what `wanted` leaves out stays
 * as it is, or gets its default. Returns a code of exit.h. The caller holds the
 * lock (preflight_alone()).
 */
int attach_vm(const Options *options, const char *vm, const ArgsDevice *wanted,
              AttachWhen when);

/*
 * Reads the values of --pool, --priority, --vm-id, --queues and --addr, each NULL
 * where it was not given, by the rules of the key itself. False with the problem
 * reported; else args_device_clear() the result.
 */
bool attach_read_wanted(ArgsDevice *wanted, const char *pool,
                        const char *priority, const char *vm_id,
                        const char *queues, const char *addr);

#endif /* VGPUCTL_ATTACH_H */
