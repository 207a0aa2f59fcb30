/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "vgpud/proc.h"

static char *path_of(pid_t pid, const char *name)
{
    return g_strdup_printf("/proc/%d/%s", (int)pid, name);
}

gboolean proc_find(pid_t pid, Proc *proc)
{
    g_autofree char *path = path_of(pid, "stat");
    g_autofree char *text = NULL;
    unsigned long long start;
    const char *rest;
    char state;

    proc->pid = 0;
    proc->start = 0;
    /* Its own name comes before, in parentheses, and may have any in it. */
    if (pid <= 0 || !g_file_get_contents(path, &text, NULL, NULL) ||
        !(rest = strrchr(text, ')')) ||
        sscanf(rest,
               ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
               "%*d %*d %*d %*d %llu",
               &state, &start) != 2 ||
        state == 'Z' || state == 'X') {
        return FALSE;
    }
    proc->pid = pid;
    proc->start = start;
    return TRUE;
}

gboolean proc_lives(const Proc *proc)
{
    Proc now;

    return proc_find(proc->pid, &now) && now.start == proc->start;
}

uid_t proc_uid(const Proc *proc)
{
    g_autofree char *path = path_of(proc->pid, "status");
    g_autofree char *text = NULL;
    unsigned real, effective, saved;
    const char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !proc_lives(proc) ||
        !(line = strstr(text, "\nUid:")) ||
        sscanf(line, "\nUid: %u %u %u", &real, &effective, &saved) != 3 ||
        real != effective || real != saved) {
        return (uid_t)-1;
    }
    return real;
}

gboolean proc_root(const Proc *proc, struct stat *info, char **name)
{
    g_autofree char *path = path_of(proc->pid, "root");
    g_autofree char *target = g_file_read_link(path, NULL);

    if (!target || stat(path, info) < 0 || !proc_lives(proc)) {
        return FALSE;
    }
    *name = g_path_get_basename(target);
    return TRUE;
}
