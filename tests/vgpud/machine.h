/* SPDX-License-Identifier: MIT */
/*
 * A host with a vgpud of its own, and what a guest's program asks of its device: for
 * tests with the device in QEMU. $VGPUD and $VGPU_WORKER are the programs. For one
 * thread. Waits are limited.
 */
#ifndef TESTS_VGPUD_MACHINE_H
#define TESTS_VGPUD_MACHINE_H

#include "lib/queue.h"

#include "vgpu/link.h"
#include "vgpud/encode.h"

/* Where the response goes, and its room. */
#define MACHINE_RESPONSE_AT (QUEUE_DATA + 0x10000)
#define MACHINE_ROOM        4096u

/* Numbers of machine_add(). */
#define MACHINE_COUNT 64u

typedef struct Host {
    char *directory; /* with vms, run, cache, roots and log in it */
    char *socket;    /* of the VM */
    GPid vgpud;
    const char *group; /* that the next vgpud lets connect; NULL: none */
} Host;

/* Ends the program with TAP's "Bail out!" where a program under test is not named. */
void machine_init(int *argc, char ***argv);

/* Makes the directories and the file of a VM with these keys, and starts vgpud. */
bool host_start(Host *host, const char *uuid, const char *keys);

/* Another vgpud on the same directories. */
bool host_start_vgpud(Host *host);

/* Ends it with SIGTERM, in which it must do well, and forgets all. */
void host_stop(Host *host);

/* Where something is in the directory. The caller's. */
char *host_place(const Host *host, const char *name);

/* What vgpud has logged; whether it does so within the time, so many times. */
char *host_log(const Host *host);
bool host_wait_log(const Host *host, const char *text, unsigned times);

/* The worker that was started last. */
pid_t host_worker(const Host *host);

/* "-chardev …" with the id vgpu0, as a VM's QEMU gets it. The caller's. */
char *host_chardev(const Host *host);
#define MACHINE_PROPERTIES \
    "pool_id=B,priority=high,vm_id=100,queues=2,chardev=vgpu0"

/* The process of a QEMU of ours whose words have a text; 0: there is none. A file of it in
 * /proc, which is the caller's. */
pid_t machine_pid(const char *text);
char *machine_proc(pid_t pid, const char *name);

/* The first page of the link's memory that a QEMU has. NULL fails the test. To
 * machine_unmap(). */
const volatile struct vgpu_link_header *machine_map(pid_t qemu);
void machine_unmap(const volatile struct vgpu_link_header *header);

/* Submits a request of any bytes, without waiting. */
void machine_submit(Queue *queue, const void *bytes, unsigned length);
void machine_run(Queue *queue, const EncodeRun *run);
/* The response that is there. */
void machine_read_response(Queue *queue, uint8_t response[MACHINE_ROOM]);

/* "add" of a source, of three arguments. */
EncodeRun machine_add_run(const char *source, const EncodeArgument *argument);

/* Adds two arrays with OpenCL, and looks at each sum. */
void machine_add(Queue *queue, int first);

#endif /* TESTS_VGPUD_MACHINE_H */
