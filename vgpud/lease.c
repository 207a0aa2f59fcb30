/* SPDX-License-Identifier: MIT */
#include "vgpud/clock.h"
#include "vgpud/lease.h"

int lease_acquire(Lease *lease)
{
    lease->began_ns = clock_now_ns();
    return 0;
}

void lease_release(Lease *lease)
{
    lease->used_ns += clock_now_ns() - lease->began_ns;
    lease->began_ns = 0;
}
