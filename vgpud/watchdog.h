/* SPDX-License-Identifier: MIT */
/*
 * Ends the worker when a job takes too long: a kernel that runs cannot be stopped by
 * itself. By SIGALRM, which nothing else in the worker uses. One for a process.
 */
#ifndef VGPUD_WATCHDOG_H
#define VGPUD_WATCHDOG_H

/* From now on a job has limit_ms, not 0. Returns 0 or a negative errno. */
int watchdog_init(unsigned limit_ms);

/* A job begins: the process exits with WORKER_EXIT_TOO_LONG unless watchdog_stop() comes
 * in time. */
void watchdog_start(void);
void watchdog_stop(void);

#endif /* VGPUD_WATCHDOG_H */
