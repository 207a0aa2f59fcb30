/* SPDX-License-Identifier: MIT */
/*
 * A QEMU binary started for a moment, without a guest, with the devices that a
 * VM is to have: what it refuses now would keep the VM from starting, and
 * `xe vm-start` would wait five minutes to say so.
 */
#ifndef VGPUCTL_QEMU_TRIAL_H
#define VGPUCTL_QEMU_TRIAL_H

/* QEMU refuses. */
#define QEMU_TRIAL_REFUSED 1
/* This QEMU cannot be started so: it has no qtest accelerator, or no such
 * machine. */
#define QEMU_TRIAL_UNKNOWN 2

/*
 * Starts the binary with `-device WORD` for each of the words. When one of them
 * is a vgpu-stub, it has to have its properties, and to be on the PCI bus once.
 * Returns 0, or a code from above with *why (g_free) in one line. Takes 10
 * seconds at most.
 */
int qemu_trial(const char *binary, char *const *devices, char **why);

#endif /* VGPUCTL_QEMU_TRIAL_H */
