/* SPDX-License-Identifier: MIT */
/*
 * Seconds passing on a terminal while a command runs that says nothing.
 */
#ifndef VGPUCTL_WAITING_H
#define VGPUCTL_WAITING_H

#include <stdbool.h>

typedef struct Waiting Waiting;

/* Shows what, and for how long by now. Between the two calls nothing else may
 * report progress. */
Waiting *waiting_begin(const char *what);
void waiting_end(Waiting *waiting);

#endif /* VGPUCTL_WAITING_H */
