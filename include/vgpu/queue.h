/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vgpu-stub: the queues, which lie in the guest's memory (docs/specification.md,
 * section 4). Shared by the device, the driver and the tests.
 *
 * All numbers are little-endian. A structure has no hole, and its reserved fields
 * are 0. Each side copies an entry before it looks at it, once.
 */
#ifndef VGPU_QUEUE_H
#define VGPU_QUEUE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

/* ---- Limits -------------------------------------------------------------- */

/* Entries of a ring, a power of two. Two, so that a ring can be neither empty nor
 * full; 1024 make a ring of 64 KiB, more than the host has in flight for a VM. */
#define VGPU_QUEUE_SIZE_MIN 2
#define VGPU_QUEUE_SIZE_MAX 1024

/* Alignment of a ring of submissions and of struct vgpu_event, a cache line; and
 * of a ring of completions. */
#define VGPU_SUBMISSION_ALIGN 64
#define VGPU_COMPLETION_ALIGN 16

/* Bytes that the segments of one command name together. The device copies them
 * in one go, and a VM's processors wait meanwhile. */
#define VGPU_COMMAND_BYTES_MAX 0x100000

/* Segments of one command: VGPU_COMMAND_BYTES_MAX in pages of 4 KiB and one more
 * where it begins inside a page, for what is read and what is written. */
#define VGPU_SEGMENTS_MAX 258

/* Segments that a submission itself has room for. */
#define VGPU_SEGMENTS_INLINE 3

/* ---- Submissions ------------------------------------------------------------ */

/* A piece of guest memory. */
struct vgpu_segment {
    uint64_t address; /* guest-physical */
    uint32_t length;  /* in bytes, not 0 */
    uint32_t flags;   /* VGPU_SEGMENT_* */
};
#define VGPU_SEGMENT_SIZE 16

/* The device writes it; else it reads it. Those that it reads come first. */
#define VGPU_SEGMENT_WRITE 0x1

struct vgpu_submission {
    uint8_t opcode;    /* VGPU_OP_* */
    uint8_t flags;     /* VGPU_SUBMISSION_*; written last */
    uint16_t id;       /* the driver's own, comes back in the completion */
    uint32_t segments; /* how many */
    uint64_t argument; /* of the command */
    struct vgpu_segment segment[VGPU_SEGMENTS_INLINE];
};
#define VGPU_SUBMISSION_SIZE 64

/* 1 in the first pass through the ring, 0 in the second, and so on: the entry is
 * there when it has the phase of the pass that the device is in. */
#define VGPU_SUBMISSION_PHASE 0x1

/* segment[0] is where the segments lie, as an array, with its length and no flag;
 * the other two are 0. */
#define VGPU_SUBMISSION_INDIRECT 0x2

/* ---- Commands ------------------------------------------------------------- */

/* The device itself answers those below VGPU_OP_REQUEST. */

/* Nothing. No segments, argument 0. */
#define VGPU_OP_NOP 0x00

/* Writes struct vgpu_identity, or as much of it as there is room for; the result
 * is the number of bytes. Segments to write only, argument 0. */
#define VGPU_OP_IDENTIFY 0x01

/* Copies what it reads to what it writes, for which there must be as much room at
 * least; the result is the number of bytes. Argument 0. */
#define VGPU_OP_ECHO 0x02

/* Byte N of what it writes becomes byte N of the pattern of the argument, and of
 * what it reads is compared with that; the result is the number of bytes that
 * differ. Byte N is byte N % 8, from the lowest, of
 * (argument + N / 8) * 0x9e3779b97f4a7c15, modulo 2^64. Counted from 0 in each. */
#define VGPU_OP_MEMORY_TEST 0x03

/* A request to the host's accelerator over the link. */
#define VGPU_OP_REQUEST 0x80

/* See VGPU_OP_MEMORY_TEST: 2^64 / the golden ratio, so that neighbours differ. */
#define VGPU_PATTERN_FACTOR 0x9e3779b97f4a7c15

/* What VGPU_OP_IDENTIFY writes; later versions add to its end. */
struct vgpu_identity {
    uint32_t magic;       /* VGPU_MAGIC */
    uint32_t abi_version; /* VGPU_ABI_VERSION */
    uint32_t features;
    uint32_t driver_features;
    uint32_t pool;
    uint32_t priority;
    uint32_t vm_id;
    uint32_t link;       /* VGPU_LINK_* */
    uint32_t generation; /* of what stands before */
    uint32_t queues;
    uint32_t queue_size_max;
    uint32_t segments_max;
    uint64_t command_bytes_max;
    uint64_t completed; /* commands since the device was made, of all queues */
};
#define VGPU_IDENTITY_SIZE 64

/* ---- Completions ------------------------------------------------------------- */

struct vgpu_completion {
    uint64_t result; /* of the command; 0 with any status but VGPU_DONE_OK */
    uint16_t id;     /* of the submission */
    uint16_t status; /* VGPU_DONE_* */
    uint16_t reserved;
    uint8_t flags; /* VGPU_COMPLETION_PHASE; written last */
    uint8_t reserved2;
};
#define VGPU_COMPLETION_SIZE 16

/* As VGPU_SUBMISSION_PHASE, for the driver. */
#define VGPU_COMPLETION_PHASE 0x1

/* Values of status. With any but OK nothing is known of what the command was to
 * write. */
#define VGPU_DONE_OK             0
#define VGPU_DONE_BAD_OPCODE     1 /* no such command */
#define VGPU_DONE_BAD_FIELD      2 /* a flag, an argument, a reserved field */
#define VGPU_DONE_BAD_SEGMENTS   3 /* their number, order, length or direction */
#define VGPU_DONE_TOO_LARGE      4 /* more than VGPU_COMMAND_BYTES_MAX */
#define VGPU_DONE_BAD_ADDRESS    5 /* not in the guest's memory */
#define VGPU_DONE_NO_BACKEND     6 /* VGPU_REG_LINK is not VGPU_LINK_UP */
#define VGPU_DONE_LINK_LOST      7 /* it went down meanwhile */
#define VGPU_DONE_BACKEND_FAILED 8 /* the host's side could not do it */

/* ---- Suppression ------------------------------------------------------------- */

/* One for each queue. Each field is in a cache line of its own: the two sides run
 * on different processors. */
struct vgpu_event {
    uint32_t doorbell_wanted; /* written by the device: 1 while it sleeps */
    uint32_t reserved[15];
    uint32_t interrupt_wanted; /* written by the driver: 1 while it sleeps */
    uint32_t reserved2[15];
};
#define VGPU_EVENT_SIZE 128

/* Where in struct vgpu_event the two fields lie. */
#define VGPU_EVENT_DOORBELL  0
#define VGPU_EVENT_INTERRUPT 64

/* ---- Sizes ------------------------------------------------------------------- */

/* C99 has no _Static_assert: an array of -1 elements does not compile. */
#define VGPU_SIZE_IS(name, size) \
    typedef char name##_has_its_size[sizeof(struct name) == (size) ? 1 : -1]

VGPU_SIZE_IS(vgpu_segment, VGPU_SEGMENT_SIZE);
VGPU_SIZE_IS(vgpu_submission, VGPU_SUBMISSION_SIZE);
VGPU_SIZE_IS(vgpu_completion, VGPU_COMPLETION_SIZE);
VGPU_SIZE_IS(vgpu_identity, VGPU_IDENTITY_SIZE);
VGPU_SIZE_IS(vgpu_event, VGPU_EVENT_SIZE);

#endif /* VGPU_QUEUE_H */
