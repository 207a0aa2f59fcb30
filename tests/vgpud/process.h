/* SPDX-License-Identifier: MIT */
/* Programs under test: $VGPU_WORKER and $VGPUD, and what becomes of them. */
#ifndef TESTS_VGPUD_PROCESS_H
#define TESTS_VGPUD_PROCESS_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "vgpud/device.h"

/* What every worker of root's gets: nobody. */
#define TEST_UID 65534

typedef struct Worker {
    pid_t pid;
    int control; /* the end of vgpud, a SOCK_SEQPACKET */
    int errors;  /* its stderr */
} Worker;

/* Starts a worker with the options, NULL behind the last, whose device is *device. */
void worker_start(Worker *worker, Device *device, const char *const *options);

/* The same, with a link that is open: fails the test otherwise. */
void worker_start_open(Worker *worker, Device *device,
                       const char *const *options);

/* Waits for it. Returns its exit code, 256 + N for signal N, or -1 after it had to be
 * killed. What it said is in *errors, where that is not NULL, the caller's. */
int worker_end(Worker *worker, char **errors);

/* Closes the device, and wants the worker to end well. */
void worker_close(Worker *worker, Device *device);

/* Of any child: as worker_end(). */
int process_wait(pid_t pid);

/* A line of /proc/PID/status, behind its "Key:\t"; "" where there is none. The caller's. */
char *process_status(pid_t pid, const char *key);

/* Descriptors that this process has open. */
unsigned process_descriptors(void);

/* A new empty directory that TEST_UID may write; and an end to it. The caller's. */
char *directory_new(void);
void directory_remove(char *path);

#endif /* TESTS_VGPUD_PROCESS_H */
