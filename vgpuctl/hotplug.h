/* SPDX-License-Identifier: MIT */
/*
 * Giving the device to a VM that runs, and taking it away, over QMP on libxl's
 * socket; never on the event socket, which is xenopsd's alone.
 */
#ifndef VGPUCTL_HOTPLUG_H
#define VGPUCTL_HOTPLUG_H

#include <stdbool.h>

#include "shim/args.h"
#include "options.h"
#include "xapi.h"

/* The name in QEMU of a device that was hot-plugged. */
#define HOTPLUG_ID "vgpu-hotplug"

/*
 * Both do it, see that it is done, and say so; where it is so already, they say
 * that. False when it is not, and the reason has been reported; the remedy there
 * is a restart of the VM.
 */
bool hotplug_add(const Options *options, const XapiVm *vm,
                 const ArgsDevice *device);
bool hotplug_remove(const Options *options, const XapiVm *vm);

/* What a running VM's QEMU has; asks for at most two seconds. */
enum {
    HOTPLUG_NONE,    /* no vgpu-stub */
    HOTPLUG_STARTED, /* one that it was started with */
    HOTPLUG_PLUGGED, /* one that was hot-plugged */
    HOTPLUG_UNKNOWN, /* it does not say */
};
int hotplug_state(const char *qmp_path);

/* How to make a VM that is on have a new QEMU, without losing what its guest has
 * in memory: commands, g_free. */
char *hotplug_restart_command(const XapiVm *vm);

#endif /* VGPUCTL_HOTPLUG_H */
