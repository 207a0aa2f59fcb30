/* SPDX-License-Identifier: MIT */
/*
 * Running other programs. Commands are lists of words, never shell lines.
 */
#ifndef VGPUCTL_COMMAND_H
#define VGPUCTL_COMMAND_H

#include <stdbool.h>

/* A line of a command's output, as it comes; without its end. */
typedef void (*CommandLine)(const char *line, void *opaque);

/*
 * Runs a command to its end. stdout and stderr together go to *output (g_free)
 * unless that is NULL, and line by line to on_line unless that is NULL. stdin
 * is empty; LC_ALL is C. Returns its exit status, or a negative errno:
 * -ENOENT when there is no such program, -EINTR when a signal ended it.
 */
int command_run(const char *const *argv, char **output, CommandLine on_line,
                void *opaque);

/* command_run() for a question: true when it exits with 0. */
bool command_query(const char *const *argv, char **output);

/* The words as one line that a shell would take, for a reader. g_free. */
char *command_text(const char *const *argv);

#endif /* VGPUCTL_COMMAND_H */
