/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl's exit codes: the same for every verb, documented in its man page.
 */
#ifndef VGPUCTL_EXIT_H
#define VGPUCTL_EXIT_H

/* EXIT_SUCCESS (0): done, or nothing to do. */

/* It failed on the way. Nothing was changed, or all of it was put back. */
#define EXIT_FAILED 1

/* The command line is wrong. */
#define EXIT_USAGE 2

/* A check before the first change says no. Nothing was changed. */
#define EXIT_REFUSED 3

/* It failed, and not all could be put back: the next run goes on from there. */
#define EXIT_INCOMPLETE 4

/* A verb that only looks (doctor, verify, ...) has found a problem. */
#define EXIT_FINDINGS 5

#endif /* VGPUCTL_EXIT_H */
