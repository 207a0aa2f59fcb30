/* SPDX-License-Identifier: MIT */
/*
 * The worker's own words. A runtime and its compiler write to stdout and stderr what a
 * guest makes them write: once log_keep_for_itself() was called, that goes nowhere, and
 * what the worker says still reaches its first stderr.
 */
#ifndef VGPUD_LOG_H
#define VGPUD_LOG_H

/* Where lines go; STDERR_FILENO at first. For a signal handler, which may only write(). */
extern int log_fd;

/* A line, without its end, behind the program's name. */
void log_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns 0 or a negative errno. */
int log_keep_for_itself(void);

#endif /* VGPUD_LOG_H */
