/* SPDX-License-Identifier: MIT */
/*
 * What a worker may do, taken away in two steps, each verified by looking at what the
 * kernel says afterwards. Each call returns 0, or a negative errno after a line on
 * stderr: the worker must then end before it has read a byte.
 */
#ifndef VGPUD_SANDBOX_H
#define VGPUD_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

/* Before the backend is opened, while there is one thread: another user (not when
 * neither is root nor wanted), no capabilities, no new privileges, limits. */
int sandbox_drop(bool change_user, uid_t uid, gid_t gid);

/* When the backend is open: the filter, on all threads that its runtime has made. */
int sandbox_filter(void);

/* That each thread of the process has what the two calls have said. */
int sandbox_verify(void);

/* Tries what the filter is to refuse, a line on stdout each. Returns whether all of it
 * was. For tests, and for an administrator who wants to see it. */
bool sandbox_self_test(void);

#endif /* VGPUD_SANDBOX_H */
