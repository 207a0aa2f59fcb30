/* SPDX-License-Identifier: MIT */
/*
 * What a run says: lines for a reader as they come, or one JSON object at the
 * end (--json). Messages go to stdout, problems to stderr; nothing else in
 * vgpuctl prints. One report a process; not thread-safe.
 */
#ifndef VGPUCTL_REPORT_H
#define VGPUCTL_REPORT_H

#include <glib.h>
#include <stdbool.h>

/* Call once, before any other. With json nothing is printed until the end. */
void report_begin(const char *verb, bool dry_run, bool json);

/* A fact or a result. */
void report_info(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* What is being done now. */
void report_step(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Something that does not stop the run but that one should know. */
void report_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* What stops the run, in one line; remedy is what to do about it, or NULL. */
void report_problem(const char *remedy, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

/*
 * A change to the system, made or (under --dry-run) to be made: "write",
 * "copy", "link", "mkdir", "remove" or "run", and what. change.h calls it.
 */
void report_change(const char *kind, const char *what);

/* The outcome of one of doctor's checks: "ok", "problem", "replaced" or
 * "unknown"; detail says what was seen, remedy may be NULL. */
void report_check(const char *title, const char *outcome, const char *detail,
                  const char *remedy);

/* A named result for a program to read: a member of the JSON object. */
void report_value(const char *name, const char *value);

/* One more object of an array among the JSON object's values: names and texts
 * in turn, NULL at the end. */
void report_item(const char *list, const char *const *pairs);

/* Progress of long work, on a terminal only: one line that overwrites itself.
 * NULL takes it away. */
void report_progress(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Ends the report (prints the JSON object) and returns exit_code. */
int report_end(int exit_code);

#endif /* VGPUCTL_REPORT_H */
