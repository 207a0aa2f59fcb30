/* SPDX-License-Identifier: MIT */
/*
 * What the host's logs say of the starts of QEMUs. What a wrapper prints is in
 * daemon.log as `qemu-dm-<domid>[<pid>]: text`, where the pid is the wrapper's:
 * that is the one that the QEMU then has, or its parent's. Domids recur, and
 * logs hold text of VM administrators.
 */
#ifndef VGPUCTL_DAEMONLOG_H
#define VGPUCTL_DAEMONLOG_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "domain.h"
#include "options.h"

/* The guides' line, and what each line of the shim begins with. */
#define DAEMONLOG_ADDING "Adding device-model-args from xenstore: "
#define DAEMONLOG_SHIM   "vgpu: "
#define DAEMONLOG_EXEC   "Exec: "

typedef struct DaemonLine {
    int domid;
    pid_t pid;   /* 0: the line has none */
    gint64 time; /* seconds since 1970; 0: it cannot be told */
    char *text;
} DaemonLine;

typedef struct DaemonLog {
    GPtrArray *lines;  /* DaemonLine *, oldest first */
    gint64 type_error; /* the last `TypeError: ... bytes found`; 0: none */
    gint64 timeout;    /* the last "Timeout reached while starting"; 0: none */
    gint64 bad_config; /* the last "Bad config data" of a QEMU; 0: none */
    unsigned starts;   /* how many QEMUs were given a vgpu-stub */
    char *type_error_line;
    char *bad_config_line;
    char *timeout_line;
} DaemonLog;

/*
 * Reads the newest part of daemon.log (timeouts: of xensource.log, too). What
 * is not there or cannot be read counts as empty; *why (g_free) says so for
 * daemon.log, else it is NULL. Never NULL.
 */
DaemonLog *daemonlog_read(const Options *options, char **why);
void daemonlog_free(DaemonLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DaemonLog, daemonlog_free)

/*
 * The text of the newest line of the start of this domain's QEMU that begins
 * with a prefix, NULL for none; it belongs to the log.
 */
const char *daemonlog_find(const DaemonLog *log, const Domain *domain,
                           const char *prefix);

/* For tests: takes one line in; now is what the year is told by. */
DaemonLog *daemonlog_new(void);
void daemonlog_add(DaemonLog *log, const char *line, gint64 now);

#endif /* VGPUCTL_DAEMONLOG_H */
