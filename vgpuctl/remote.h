/* SPDX-License-Identifier: MIT */
/*
 * A command on another machine, over ssh: with keys only, without a question,
 * and with limits on time and on what it says, because the other side is not
 * trusted.
 */
#ifndef VGPUCTL_REMOTE_H
#define VGPUCTL_REMOTE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Remote {
    /* The command's exit status; negative: it was not run to its end. */
    int status;
    /* What it printed, stdout and stderr together, NUL-terminated. */
    char *output;
    /* Why it was not run to its end, in one line, and what to do about that. */
    char *why;
    const char *remedy;
} Remote;

/*
 * Runs a shell command on destination (HOST or USER@HOST) for at most so many
 * seconds and limit bytes. Never NULL.
 */
Remote *remote_run(const char *destination, const char *command,
                   unsigned seconds, size_t limit);
void remote_free(Remote *remote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Remote, remote_free)

/* Why ssh must not be given such a destination, in one line; NULL: it may. */
const char *remote_destination_problem(const char *destination);

/*
 * Foreign text for a terminal or a log: at most limit bytes of it, "..." where
 * it has more; what is no printable UTF-8 as \xNN. g_free.
 */
char *remote_shown(const char *text, size_t limit);

/* The parts that only read text, for their tests. */
void remote_judge(Remote *remote, const char *printed, size_t limit);

#endif /* VGPUCTL_REMOTE_H */
