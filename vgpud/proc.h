/* SPDX-License-Identifier: MIT */
/*
 * Processes that are nobody's children, by /proc. A number alone may be another
 * process's by now: with the time of its start it is not. (A kernel 4.19 has no pidfd.)
 */
#ifndef VGPUD_PROC_H
#define VGPUD_PROC_H

#include <glib.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef struct Proc {
    pid_t pid;     /* 0: none */
    guint64 start; /* in ticks since the host's */
} Proc;

/* The process that has this number now. FALSE, and *proc is none: there is none, or it
 * has ended and nobody has reaped it. */
gboolean proc_find(pid_t pid, Proc *proc);

/* Whether it is there still. */
gboolean proc_lives(const Proc *proc);

/* The user that it is for good: real, effective and saved. (uid_t)-1: it is not one. */
uid_t proc_uid(const Proc *proc);

/* Its root directory, and the last part of that directory's name, which is the caller's.
 * The name is what the kernel last knew: only *info is to be believed. */
gboolean proc_root(const Proc *proc, struct stat *info, char **name);

#endif /* VGPUD_PROC_H */
