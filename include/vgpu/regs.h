/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vgpu-stub: the guest-visible interface of the PCI device.
 *
 * This header is the only place where an id, an offset, a bit or a limit of
 * the device is written down. The device, its tests and the guest's programs
 * include it; docs/specification.md states the same interface in prose and
 * `make test` fails when the two disagree.
 *
 * It holds preprocessor constants only, so that it can be included by QEMU,
 * by a kernel and by a plain C program alike.
 */
#ifndef VGPU_REGS_H
#define VGPU_REGS_H

/* ---- PCI identity ------------------------------------------------------ */

/*
 * Ids. 1af4:1111 is not an assigned id. It is the default because hosts and
 * guests already know the device by it; VGPU_REG_MAGIC tells a driver for
 * certain what it has found.
 */
#define VGPU_PCI_VENDOR_ID           0x1af4
#define VGPU_PCI_DEVICE_ID           0x1111
#define VGPU_PCI_SUBSYSTEM_VENDOR_ID 0x1af4
#define VGPU_PCI_SUBSYSTEM_ID        0x0001

/* Base class 0x12 (processing accelerator), subclass 0x00: it is no display. */
#define VGPU_PCI_CLASS    0x1200
#define VGPU_PCI_REVISION 0x01

/* ---- BAR0: the registers ----------------------------------------------- */

/* A 32-bit non-prefetchable memory BAR. */
#define VGPU_REGS_BAR 0

/* Bytes. One page: the smallest BAR that a kernel can map on its own. */
#define VGPU_REGS_BAR_SIZE 0x1000

/*
 * Bytes in a register, and the only access that has an effect: this many
 * bytes, aligned to as many, little-endian. Any other read gives 0, any other
 * write is ignored.
 */
#define VGPU_REG_SIZE 4

/* Read/write. Holds what was written last; a write also sets VGPU_REG_STATUS
 * to VGPU_STATUS_WRITTEN. 0 after reset. */
#define VGPU_REG_COMMAND 0x000

/* Read-only. One of VGPU_STATUS_*. */
#define VGPU_REG_STATUS 0x004

/* Read-only. The pool's letter in ASCII, one of VGPU_POOL_*. */
#define VGPU_REG_POOL 0x008

/* Read-only. One of VGPU_PRIORITY_*. */
#define VGPU_REG_PRIORITY 0x00c

/* Read-only. The number that the host gave this VM, any 32-bit value. */
#define VGPU_REG_VM_ID 0x010

/* Read-only. VGPU_MAGIC. */
#define VGPU_REG_MAGIC 0x014

/* Read-only. VGPU_ABI_VERSION of the device: major << 16 | minor. */
#define VGPU_REG_ABI_VERSION 0x018

/* Read-only. The feature bits that this device offers, of VGPU_FEATURES_KNOWN. */
#define VGPU_REG_FEATURES 0x01c

/* The first offset behind the registers. From here to the end of the BAR
 * reads give 0 and writes are ignored; later versions put registers here. */
#define VGPU_REG_END 0x020

/* ---- Values ------------------------------------------------------------ */

#define VGPU_STATUS_IDLE    0x0 /* no write to COMMAND since reset */
#define VGPU_STATUS_WRITTEN 0x1 /* COMMAND was written since reset */

#define VGPU_POOL_A 0x41 /* 'A' */
#define VGPU_POOL_B 0x42 /* 'B' */

#define VGPU_PRIORITY_LOW    0
#define VGPU_PRIORITY_MEDIUM 1
#define VGPU_PRIORITY_HIGH   2

/* "VGPU" in the byte order of the BAR. */
#define VGPU_MAGIC 0x55504756

/* A driver refuses a major that it does not know: what it means has changed.
 * A higher minor only adds what a driver may leave alone. */
#define VGPU_ABI_MAJOR       1
#define VGPU_ABI_MINOR       0
#define VGPU_ABI_MAJOR_SHIFT 16
#define VGPU_ABI_MINOR_MASK  0xffff
#define VGPU_ABI_VERSION \
    ((VGPU_ABI_MAJOR << VGPU_ABI_MAJOR_SHIFT) | VGPU_ABI_MINOR)

/* All bits that are assigned: none in version 1.0. What one device offers is
 * in its VGPU_REG_FEATURES. */
#define VGPU_FEATURES_KNOWN 0x00000000

/* ---- The list of registers --------------------------------------------- */

/*
 * X(NAME, ACCESS) for each VGPU_REG_NAME, by offset; ACCESS is RW or RO. What
 * prints, walks or checks the registers is generated from this list.
 */
#define VGPU_REGISTERS(X) \
    X(COMMAND, RW)        \
    X(STATUS, RO)         \
    X(POOL, RO)           \
    X(PRIORITY, RO)       \
    X(VM_ID, RO)          \
    X(MAGIC, RO)          \
    X(ABI_VERSION, RO)    \
    X(FEATURES, RO)

#endif /* VGPU_REGS_H */
