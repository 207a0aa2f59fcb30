/* SPDX-License-Identifier: MIT */
#ifndef VGPUCTL_UNPACK_H
#define VGPUCTL_UNPACK_H

#include "qemu-proof.h"

/*
 * Proves the QEMU in an RPM file: unpacks that one file into a temporary
 * directory, runs it, removes it. Nothing is installed, so it is done under
 * --dry-run too. NULL when it cannot be unpacked, with the problem reported.
 */
QemuProof *unpack_and_prove(const char *rpm);

#endif /* VGPUCTL_UNPACK_H */
