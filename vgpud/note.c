/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vgpud/chroot.h"
#include "vgpud/note.h"

/* Clocks, and when the parts of a start are noted, are this exact. */
#define SLACK_SECONDS 2

/* The longest name of a root that is believed. */
#define NAME_MAX_BYTES 64

/* The name, and the note's age in seconds; "": there is none. */
static void read_note(const char *path, char name[NAME_MAX_BYTES + 1],
                      double *age)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    ssize_t length;

    name[0] = '\0';
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_uid == geteuid() && !(info.st_mode & (S_IWGRP | S_IWOTH)) &&
        (length = read(fd, name, NAME_MAX_BYTES)) >= 0) {
        name[length] = '\0';
        g_strchomp(name);
        *age = difftime(time(NULL), info.st_mtime);
    }
    close(fd);
}

static double age_of(const Proc *proc)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec -
           (double)proc->start / (double)sysconf(_SC_CLK_TCK);
}

static gboolean is_it(pid_t pid, const char *roots, const char *name,
                      double note_age, Proc *proc)
{
    g_autofree char *found = NULL;
    uid_t uid;
    double later;

    if (!proc_find(pid, proc) ||
        chroot_find(roots, proc, &found, &uid, NULL) <= 0 ||
        strcmp(found, name) != 0) {
        return FALSE;
    }
    later = note_age - age_of(proc);
    return later >= -SLACK_SECONDS && later <= NOTE_SECONDS;
}

gboolean note_find(const char *path, const char *roots, Proc *qemu)
{
    char name[NAME_MAX_BYTES + 1];
    gboolean found = FALSE;
    Proc proc = { 0, 0 };
    const char *entry;
    double age = 0;
    GDir *dir;

    read_note(path, name, &age);
    if (!*name || !chroot_has(roots, name)) {
        return FALSE;
    }
    dir = g_dir_open("/proc", 0, NULL);
    while (dir && !found && (entry = g_dir_read_name(dir))) {
        pid_t pid = (pid_t)g_ascii_strtoll(entry, NULL, 10);

        found = pid > 0 && is_it(pid, roots, name, age, &proc);
    }
    if (dir) {
        g_dir_close(dir);
    }
    if (found) {
        *qemu = proc;
    }
    return found;
}
