/* SPDX-License-Identifier: MIT */
/*
 * The one place where a job waits for the accelerator. Today it never waits: who comes
 * gets it. The scheduler goes in here: leases of device time from vgpud, and what was
 * used of them.
 */
#ifndef VGPUD_LEASE_H
#define VGPUD_LEASE_H

#include <stdint.h>

typedef struct Lease {
    uint64_t began_ns; /* CLOCK_MONOTONIC; 0: not held */
    uint64_t used_ns;  /* by all jobs so far */
} Lease;

/* Before a job that is ready to run. Returns 0, or a negative errno: the job must not
 * run. Pairs with lease_release(). */
int lease_acquire(Lease *lease);

/* After the job, also one that failed. */
void lease_release(Lease *lease);

#endif /* VGPUD_LEASE_H */
