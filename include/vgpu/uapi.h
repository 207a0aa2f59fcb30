/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vgpu-stub: what programs ask of the Linux driver, on /dev/vgpuN
 * (docs/driver.md). For programs and for the driver; the commands and their
 * statuses are those of queue.h.
 *
 * How this grows: a structure gets fields at its end, and so a larger number of
 * the same call. The driver takes each call in any size from the first on: what
 * it does not know must be 0 (E2BIG otherwise), what the program does not know
 * is taken as 0. Flags and reserved fields that are not 0 are refused (EINVAL).
 *
 * Times are in nanoseconds of CLOCK_MONOTONIC and absolute, so that a call that
 * a signal has interrupted can go on with what it was given.
 */
#ifndef VGPU_UAPI_H
#define VGPU_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* ---- Limits -------------------------------------------------------------- */

/* Buffers of one command. More than any command has parts. */
#define VGPU_BUFFERS_MAX 16

/* Commands of one open file that nobody has waited for to their end. Their
 * memory stays pinned. */
#define VGPU_FILE_COMMANDS_MAX 256

/* A deadline is at most so far ahead: no call waits without a limit. An hour. */
#define VGPU_WAIT_MAX_NS 3600000000000ull

/* ---- VGPU_IOC_INFO ---------------------------------------------------------- */

/* The device has no queues: it can be asked, and takes no command. */
#define VGPU_INFO_PLAIN 0
/* It takes commands. */
#define VGPU_INFO_RUNNING 1
/* The driver could not start it again after it had failed. */
#define VGPU_INFO_FAILED 2

/**
 * struct vgpu_info - what device this is, and how it is doing
 * @flags: in: 0
 * @state: out: VGPU_INFO_*
 * @abi_version: out: VGPU_REG_ABI_VERSION
 * @features: out: VGPU_REG_FEATURES, what the device offers
 * @driver_features: out: what the driver uses of them
 * @pool: out: the pool's letter in ASCII
 * @priority: out: VGPU_PRIORITY_*, or one that is newer than this header
 * @vm_id: out: the number that the host gave this VM
 * @link: out: VGPU_LINK_*; VGPU_LINK_NONE of a device without queues
 * @generation: out: goes up when @pool, @priority, @vm_id or @link change;
 *	what this call says of these four belongs together
 * @queues: out: queues that the driver uses, 0 of a device without queues
 * @queues_offered: out: queues that the device has
 * @queue_size: out: commands that one queue has on their way at most
 * @buffers_max: out: VGPU_BUFFERS_MAX of the driver
 * @command_bytes_max: out: bytes that the buffers of a command have together
 * @submitted: out: commands that went to the device since the driver has it
 * @completed: out: commands that came back from it
 * @lost: out: commands that a reset or the device's removal has ended
 * @resets: out: how often the driver had to reset the device
 * @interrupts: out: vectors in use: 0 for a pin, else those of MSI-X
 * @pci_domain: out: where it is
 * @pci_bus: out: where it is
 * @pci_devfn: out: slot << 3 | function
 * @doorbells: out: doorbells rung, of all queues; a command needs none while the
 *	device is awake
 * @interrupts_taken: out: interrupts that told of completions, one of the pin once
 *	for each queue that it told of; a completion needs none while the driver is
 *	awake
 *
 * Both count since the driver has the device, as @submitted and @completed do. They
 * are behind the first version's size: an older driver leaves them 0.
 */
struct vgpu_info {
    __u32 flags;
    __u32 state;
    __u32 abi_version;
    __u32 features;
    __u32 driver_features;
    __u32 pool;
    __u32 priority;
    __u32 vm_id;
    __u32 link;
    __u32 generation;
    __u32 queues;
    __u32 queues_offered;
    __u32 queue_size;
    __u32 buffers_max;
    __u64 command_bytes_max;
    __u64 submitted;
    __u64 completed;
    __u64 lost;
    __u32 resets;
    __u32 interrupts;
    __u32 pci_domain;
    __u16 pci_bus;
    __u16 pci_devfn;
    __u64 doorbells;
    __u64 interrupts_taken;
};

/* ---- VGPU_IOC_SUBMIT -------------------------------------------------------- */

/* The device writes the buffer; else it reads it. */
#define VGPU_BUFFER_WRITE 0x1

/**
 * struct vgpu_buffer - memory of a command
 * @address: in: of the calling process
 * @length: in: bytes, not 0
 * @flags: in: VGPU_BUFFER_WRITE or 0
 * @reserved: in: 0
 *
 * A program leaves the memory alone until it has waited for the command to its
 * end. It may unmap it: the command then uses what was there.
 */
struct vgpu_buffer {
    __u64 address;
    __u64 length;
    __u32 flags;
    __u32 reserved;
};

/**
 * struct vgpu_submit - sends a command
 * @opcode: in: VGPU_OP_*
 * @flags: in: 0
 * @argument: in: the command's
 * @cookie: in: the program's own; VGPU_IOC_WAIT gives it back
 * @buffers: in: address of an array of struct vgpu_buffer. Those that the device
 *	reads are one row of bytes in their order, those that it writes another
 * @buffer_count: in: how many, at most VGPU_BUFFERS_MAX
 * @reserved: in: 0
 * @deadline: in: until when to wait for room; one that is over, such as 0,
 *	does not wait
 * @handle: in: 0; out: the command, never 0 and never twice in an open file; 0
 *	after an error
 *
 * Returns 0 once the command is on its way.
 *
 * Errors: EINVAL, EFAULT; E2BIG for a larger structure with unknown fields;
 * EMSGSIZE for more than command_bytes_max, or for more than two buffers whose
 * memory is too scattered; EBUSY when the file has VGPU_FILE_COMMANDS_MAX
 * commands; ETIMEDOUT when there was no room until the deadline; EINTR;
 * EOPNOTSUPP for a device without queues; EIO when it has failed; ENODEV when it
 * is gone; ENOMEM.
 */
struct vgpu_submit {
    __u32 opcode;
    __u32 flags;
    __u64 argument;
    __u64 cookie;
    __u64 buffers;
    __u32 buffer_count;
    __u32 reserved;
    __u64 deadline;
    __u64 handle;
};

/* ---- VGPU_IOC_WAIT ---------------------------------------------------------- */

/* Statuses beside VGPU_DONE_*: the driver has reset the device before the
 * command was done, or the device is gone. The command may have been done. */
#define VGPU_STATUS_RESET 0x10000
#define VGPU_STATUS_GONE  0x10001

/**
 * struct vgpu_wait - waits for a command and takes its result
 * @handle: in: of VGPU_IOC_SUBMIT on the same open file, or 0 for any; out:
 *	whose result this is
 * @deadline: in: until when to wait; one that is over, such as 0, does not wait
 * @flags: in: 0
 * @status: out: VGPU_DONE_* or VGPU_STATUS_*
 * @result: out: the command's; 0 with any status but VGPU_DONE_OK
 * @cookie: out: of VGPU_IOC_SUBMIT
 *
 * Each command is taken once. With handle 0 it is, of those that are done, the
 * one that was sent first. poll() says POLLIN while there is one.
 *
 * Errors: EINVAL, EFAULT, E2BIG; ENOENT when there is no such command, or none
 * at all, or another thread has taken it; ETIMEDOUT: it goes on, and can be
 * waited for again; EINTR likewise; ENODEV when the device is gone and there is
 * no such command.
 */
struct vgpu_wait {
    __u64 handle;
    __u64 deadline;
    __u32 flags;
    __u32 status;
    __u64 result;
    __u64 cookie;
};

/* ---- The calls -------------------------------------------------------------- */

#define VGPU_IOC_TYPE   0xe7
#define VGPU_IOC_INFO   _IOWR(VGPU_IOC_TYPE, 0x00, struct vgpu_info)
#define VGPU_IOC_SUBMIT _IOWR(VGPU_IOC_TYPE, 0x01, struct vgpu_submit)
#define VGPU_IOC_WAIT   _IOWR(VGPU_IOC_TYPE, 0x02, struct vgpu_wait)

/* The sizes of the first version, which the driver takes for ever; and of now,
 * where that is larger. */
#define VGPU_INFO_SIZE   104
#define VGPU_BUFFER_SIZE 24
#define VGPU_SUBMIT_SIZE 56
#define VGPU_WAIT_SIZE   40
#define VGPU_INFO_SIZE_2 120

_Static_assert(sizeof(struct vgpu_info) == VGPU_INFO_SIZE_2, "info");
_Static_assert(sizeof(struct vgpu_buffer) == VGPU_BUFFER_SIZE, "buffer");
_Static_assert(sizeof(struct vgpu_submit) == VGPU_SUBMIT_SIZE, "submit");
_Static_assert(sizeof(struct vgpu_wait) == VGPU_WAIT_SIZE, "wait");

#endif /* VGPU_UAPI_H */
