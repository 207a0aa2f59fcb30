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

/* The first offset behind the registers that every device has. Without
 * VGPU_FEATURE_QUEUES, from here to the end of the BAR reads give 0 and writes
 * are ignored. */
#define VGPU_REG_END 0x020

/* ---- BAR0 of a device with VGPU_FEATURE_QUEUES --------------------------- */

/* Read/write. One of VGPU_CONTROL_*; reads give what was done last. */
#define VGPU_REG_CONTROL 0x020

/* Read-only. One of VGPU_STATE_*. */
#define VGPU_REG_STATE 0x024

/* Read-only. Why the state is VGPU_STATE_FAILED, one of VGPU_FAILURE_*. */
#define VGPU_REG_FAILURE 0x028

/* Read/write. The features that the driver uses, of VGPU_REG_FEATURES. Written
 * in VGPU_STATE_RESET only. */
#define VGPU_REG_DRIVER_FEATURES 0x02c

/* Read-only. The way to the host's accelerator, one of VGPU_LINK_*. */
#define VGPU_REG_LINK 0x030

/* Read-only. One more with each change of VGPU_REG_POOL, _PRIORITY, _VM_ID or
 * _LINK, so that a driver sees whether what it has read belongs together. */
#define VGPU_REG_GENERATION 0x034

/* Read; write 1 to clear. The interrupts that are pending while MSI-X is off:
 * bit N for queue N, VGPU_INTERRUPT_CONFIG. INTx is asserted while any is set. */
#define VGPU_REG_INTERRUPT 0x038

/* Read/write. The MSI-X vector of configuration changes, or VGPU_VECTOR_NONE. */
#define VGPU_REG_CONFIG_VECTOR 0x03c

/* Read-only. Queues that the device has, 1 to VGPU_QUEUES_MAX. */
#define VGPU_REG_QUEUES 0x040

/* Read-only. Entries that a queue can have, VGPU_QUEUE_SIZE_MAX. */
#define VGPU_REG_QUEUE_LIMIT 0x044

/* Read/write. The queue that the registers below are of. */
#define VGPU_REG_QUEUE_SELECT 0x048

/* Read/write, all of them while the queue is off only: entries of each ring, the
 * queue's MSI-X vector or VGPU_VECTOR_NONE, and guest-physical addresses, the
 * lower half and the upper: of the submission ring, the completion ring, and
 * struct vgpu_event (0: neither side is ever suppressed). */
#define VGPU_REG_QUEUE_SIZE            0x04c
#define VGPU_REG_QUEUE_VECTOR          0x050
#define VGPU_REG_QUEUE_SUBMISSION      0x054
#define VGPU_REG_QUEUE_SUBMISSION_HIGH 0x058
#define VGPU_REG_QUEUE_COMPLETION      0x05c
#define VGPU_REG_QUEUE_COMPLETION_HIGH 0x060
#define VGPU_REG_QUEUE_EVENT           0x064
#define VGPU_REG_QUEUE_EVENT_HIGH      0x068

/* Read/write. 1 turns the queue on, from the start of both rings; 0 off. */
#define VGPU_REG_QUEUE_ENABLE 0x06c

/* The first offset behind these registers. */
#define VGPU_QUEUE_REGS_END 0x070

/* Write-only, any value: the doorbell of queue N is at VGPU_DOORBELLS + 4 * N.
 * In a half of the BAR of their own, so that registers have room to grow. */
#define VGPU_DOORBELLS 0x800

/* MSI-X table and pending bits lie in a BAR of their own. */
#define VGPU_MSIX_BAR 1

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

/* The device has queues (queue.h), MSI-X and the registers from
 * VGPU_REG_CONTROL on. Without it none of them is there. */
#define VGPU_FEATURE_QUEUES 0x00000001

/* All bits that are assigned. What one device offers is in its
 * VGPU_REG_FEATURES. */
#define VGPU_FEATURES_KNOWN 0x00000001

/* Values of VGPU_REG_CONTROL. */
#define VGPU_CONTROL_RESET \
    0 /* all queues off, all of the below as after reset */
#define VGPU_CONTROL_START 1 /* from VGPU_STATE_RESET: take DRIVER_FEATURES */

/* Values of VGPU_REG_STATE. */
#define VGPU_STATE_RESET   0
#define VGPU_STATE_RUNNING 1
#define VGPU_STATE_FAILED  2 /* no queue works until VGPU_CONTROL_RESET */

/* Values of VGPU_REG_FAILURE. */
#define VGPU_FAILURE_NONE 0
#define VGPU_FAILURE_FEATURES \
    1 /* DRIVER_FEATURES that the device cannot do with */
#define VGPU_FAILURE_QUEUE 2 /* a queue was turned on with wrong parameters */
#define VGPU_FAILURE_RING \
    3 /* a ring or an event is not in the guest's memory */

/* Values of VGPU_REG_LINK. */
#define VGPU_LINK_NONE 0 /* the host gave this device none */
#define VGPU_LINK_DOWN 1 /* there is one, and nobody at its other end */
#define VGPU_LINK_UP   2

/* Queues. As many as VGPU_REG_INTERRUPT has room for beside the configuration,
 * and more than the processors of any VM that shares an accelerator need. */
#define VGPU_QUEUES_MAX 16

/* In VGPU_REG_INTERRUPT. */
#define VGPU_INTERRUPT_CONFIG 0x80000000

/* No vector: that interrupt is not raised while MSI-X is on. */
#define VGPU_VECTOR_NONE 0xffff

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

/* The same for the registers of VGPU_FEATURE_QUEUES. */
#define VGPU_QUEUE_REGISTERS(X)  \
    X(CONTROL, RW)               \
    X(STATE, RO)                 \
    X(FAILURE, RO)               \
    X(DRIVER_FEATURES, RW)       \
    X(LINK, RO)                  \
    X(GENERATION, RO)            \
    X(INTERRUPT, RW)             \
    X(CONFIG_VECTOR, RW)         \
    X(QUEUES, RO)                \
    X(QUEUE_LIMIT, RO)           \
    X(QUEUE_SELECT, RW)          \
    X(QUEUE_SIZE, RW)            \
    X(QUEUE_VECTOR, RW)          \
    X(QUEUE_SUBMISSION, RW)      \
    X(QUEUE_SUBMISSION_HIGH, RW) \
    X(QUEUE_COMPLETION, RW)      \
    X(QUEUE_COMPLETION_HIGH, RW) \
    X(QUEUE_EVENT, RW)           \
    X(QUEUE_EVENT_HIGH, RW)      \
    X(QUEUE_ENABLE, RW)

#endif /* VGPU_REGS_H */
