/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vgpu-stub: the link between a device, in its QEMU, and the worker of its VM
 * (docs/vgpud.md). The device connects to the VM's unix stream socket, says hello,
 * and gets an answer with three descriptors in the same message: memory and two
 * eventfds. From then on requests and completions go through the memory, and the
 * socket carries what the host has changed, and its end.
 *
 * Both ends are on one host: numbers have its byte order. A structure has no hole,
 * and its reserved fields are 0. Each end takes the other for hostile: it copies a
 * field out of the memory once before it looks at it, checks every number, and
 * waits for nothing that the other could withhold.
 */
#ifndef VGPU_LINK_H
#define VGPU_LINK_H

#include "vgpu/queue.h"

/* ---- Versions -------------------------------------------------------------- */

/* "VGLK" in memory on a little-endian host. */
#define VGPU_LINK_MAGIC 0x4b4c4756

/* An end refuses a major that is not its own. A higher minor only gives a meaning
 * to fields that are reserved here, for an end that knows it. */
#define VGPU_LINK_MAJOR 1
#define VGPU_LINK_MINOR 0

/* ---- Limits ---------------------------------------------------------------- */

/* Every message on the socket, in both directions, has this many bytes: QEMU asks
 * for exactly what is left of one, for else it would lose the descriptors of the
 * next. */
#define VGPU_LINK_MESSAGE_BYTES 64

/* Requests on their way at a time, and entries of each ring, so that no ring can
 * overflow. A power of two. A VM's jobs are done one by one; the others are there
 * so that copying goes on meanwhile, and each costs the host a megabyte. */
#define VGPU_LINK_SLOTS 16

/* Where the response begins in a slot: at the request's end, rounded up to a cache
 * line. */
#define VGPU_LINK_RESPONSE_ALIGN 64

/* A slot: request and room for the response, VGPU_COMMAND_BYTES_MAX together, the
 * rounding, and up to a page. */
#define VGPU_LINK_SLOT_BYTES (VGPU_COMMAND_BYTES_MAX + 0x1000)

/* Seconds that the device has for its hello, and the worker for the answer: either
 * end may be starved for a while on a busy host. */
#define VGPU_LINK_HELLO_SECONDS 10

/* ---- Messages on the socket --------------------------------------------------- */

/* X(NAME, value, text): the types. */
#define VGPU_LINK_TYPES(X)                                          \
    X(HELLO, 1, "hello")          /* device to worker, the first */ \
    X(ANSWER, 2, "answer")        /* worker to device, the first */ \
    X(CONFIG, 3, "configuration") /* worker to device, any time later */

/* X(NAME, value, text): what an answer says. With any but OK there are no
 * descriptors, and the worker closes the socket behind it. */
#define VGPU_LINK_STATUSES(X)                                    \
    X(OK, 0, "ok")                                               \
    X(BAD_MAGIC, 1, "not a hello of this protocol")              \
    X(BAD_VERSION, 2, "another major version")                   \
    X(BAD_HELLO, 3, "a field of the hello has an unknown value") \
    X(NO_BACKEND, 4, "the worker has no accelerator")

#define VGPU_LINK_TYPE_ENUM(name, value, text) VGPU_LINK_##name = (value),
#define VGPU_LINK_STATUS_ENUM(name, value, text) \
    VGPU_LINK_STATUS_##name = (value),
enum { VGPU_LINK_TYPES(VGPU_LINK_TYPE_ENUM) };
enum { VGPU_LINK_STATUSES(VGPU_LINK_STATUS_ENUM) };

/* The beginning of each message, the same in all versions. */
struct vgpu_link_head {
    uint32_t magic;
    uint16_t major;
    uint16_t minor;
    uint32_t type;
    uint32_t status; /* of an answer; else 0 */
};

/* What the device is, by its properties. */
struct vgpu_link_hello {
    struct vgpu_link_head head;
    uint32_t pool;     /* VGPU_POOL_* */
    uint32_t priority; /* VGPU_PRIORITY_* */
    uint32_t vm_id;
    uint32_t queues;            /* 1 to VGPU_QUEUES_MAX */
    uint32_t command_bytes_max; /* VGPU_COMMAND_BYTES_MAX */
    uint32_t reserved[7];
};

/*
 * What is in force for the VM from now on, and the geometry of the memory, which a
 * major version fixes: an end refuses any other. With VGPU_LINK_STATUS_OK it
 * carries VGPU_LINK_DESCRIPTORS descriptors; without it all behind head is 0.
 */
struct vgpu_link_answer {
    struct vgpu_link_head head;
    uint32_t pool;
    uint32_t priority;
    uint32_t vm_id;
    uint32_t slots;        /* VGPU_LINK_SLOTS */
    uint32_t slot_bytes;   /* VGPU_LINK_SLOT_BYTES */
    uint32_t memory_bytes; /* VGPU_LINK_MEMORY_BYTES */
    uint32_t reserved[6];
};

/* What is in force for the VM has changed. */
struct vgpu_link_config {
    struct vgpu_link_head head;
    uint32_t pool;
    uint32_t priority;
    uint32_t vm_id;
    uint32_t reserved[9];
};

/* The descriptors, in this order, by SCM_RIGHTS with the answer's first byte. The
 * memory is a memfd of VGPU_LINK_MEMORY_BYTES with the seals F_SEAL_SHRINK,
 * F_SEAL_GROW and F_SEAL_SEAL, which the device checks before it maps it. */
#define VGPU_LINK_FD_MEMORY   0
#define VGPU_LINK_FD_REQUESTS 1 /* an eventfd: the device wakes the worker */
#define VGPU_LINK_FD_DONE     2 /* an eventfd: the worker wakes the device */
#define VGPU_LINK_DESCRIPTORS 3

/* ---- The memory --------------------------------------------------------------- */

/*
 * The first page. Counts run freely, modulo 2^32: entry N of a ring is at N modulo
 * VGPU_LINK_SLOTS. Who adds to a ring writes the entry, then the count (release).
 * Who takes from it reads the count (acquire), keeps for itself how many it has
 * taken, and ends the link when more than VGPU_LINK_SLOTS would be left.
 *
 * *_wanted is 1 while the other end of that ring sleeps: it sets it, then looks at
 * the count once more. Who has added to the ring reads it behind a full barrier,
 * and writes 1 to the ring's eventfd when it is not 0.
 */
struct vgpu_link_header {
    uint32_t requests; /* that the device has put into its ring */
    uint32_t reserved[15];
    uint32_t request_wanted; /* the worker sleeps */
    uint32_t reserved2[15];
    uint32_t completions; /* that the worker has put into its ring */
    uint32_t reserved3[15];
    uint32_t completion_wanted; /* the device sleeps */
    uint32_t reserved4[15];
};
#define VGPU_LINK_HEADER_SIZE 256

/*
 * Device to worker. The request is at the slot's beginning. The slot belongs to
 * the worker until its completion is there: a request for a slot that it has, and
 * any field that is out of its range, end the link.
 */
struct vgpu_link_request {
    uint32_t slot;           /* below VGPU_LINK_SLOTS */
    uint32_t request_bytes;  /* with response_bytes at most */
    uint32_t response_bytes; /* VGPU_COMMAND_BYTES_MAX: the room for it */
    uint32_t reserved;
    uint64_t argument; /* of the submission, as the guest gave it */
    uint64_t reserved2;
};
#define VGPU_LINK_REQUEST_SIZE 32

/*
 * Worker to device, in any order. A completion for a slot that the worker has not,
 * and any field that is out of its range, end the link.
 */
struct vgpu_link_completion {
    uint32_t slot;
    uint32_t status;         /* VGPU_LINK_DONE_* */
    uint32_t response_bytes; /* written, at most the room; 0 unless OK */
    uint32_t reserved;
};
#define VGPU_LINK_COMPLETION_SIZE 16

/* X(NAME, value, text): how a request has ended. */
#define VGPU_LINK_ENDS(X)                                                   \
    X(OK, 0, "answered")   /* VGPU_DONE_OK, the result is response_bytes */ \
    X(FAILED, 1, "failed") /* VGPU_DONE_BACKEND_FAILED */

#define VGPU_LINK_END_ENUM(name, value, text) VGPU_LINK_DONE_##name = (value),
enum { VGPU_LINK_ENDS(VGPU_LINK_END_ENUM) };

/* Where things are, in bytes from the memory's beginning, each in pages of its own. */
#define VGPU_LINK_REQUESTS_AT    0x1000
#define VGPU_LINK_COMPLETIONS_AT 0x2000
#define VGPU_LINK_SLOTS_AT       0x3000
#define VGPU_LINK_MEMORY_BYTES \
    (VGPU_LINK_SLOTS_AT + VGPU_LINK_SLOTS * VGPU_LINK_SLOT_BYTES)

/* Of a slot's number, and of the bytes of the request in it. */
#define VGPU_LINK_SLOT_AT(slot) \
    (VGPU_LINK_SLOTS_AT + (slot) * (uint32_t)VGPU_LINK_SLOT_BYTES)
#define VGPU_LINK_RESPONSE_AT(request_bytes)            \
    (((request_bytes) + VGPU_LINK_RESPONSE_ALIGN - 1) & \
     ~(uint32_t)(VGPU_LINK_RESPONSE_ALIGN - 1))

/* ---- Sizes -------------------------------------------------------------------- */

VGPU_SIZE_IS(vgpu_link_hello, VGPU_LINK_MESSAGE_BYTES);
VGPU_SIZE_IS(vgpu_link_answer, VGPU_LINK_MESSAGE_BYTES);
VGPU_SIZE_IS(vgpu_link_config, VGPU_LINK_MESSAGE_BYTES);
VGPU_SIZE_IS(vgpu_link_header, VGPU_LINK_HEADER_SIZE);
VGPU_SIZE_IS(vgpu_link_request, VGPU_LINK_REQUEST_SIZE);
VGPU_SIZE_IS(vgpu_link_completion, VGPU_LINK_COMPLETION_SIZE);
typedef char vgpu_link_ring_fits_its_page
    [VGPU_LINK_SLOTS * VGPU_LINK_REQUEST_SIZE <= 0x1000 ? 1 : -1];
typedef char
    vgpu_link_slot_has_room[VGPU_LINK_RESPONSE_AT(VGPU_COMMAND_BYTES_MAX) <=
                                    VGPU_LINK_SLOT_BYTES -
                                        VGPU_LINK_RESPONSE_ALIGN
                                ? 1
                                : -1];

#endif /* VGPU_LINK_H */
