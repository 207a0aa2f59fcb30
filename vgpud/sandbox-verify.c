/* SPDX-License-Identifier: MIT */
/* What the kernel says of each thread: a runtime made some before the filter was on. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgpud/log.h"
#include "vgpud/sandbox.h"

#define TASKS "/proc/self/task"

typedef struct Expected {
    const char *key;
    unsigned long long value;
    int base;
} Expected;

static const Expected expected[] = {
    { "CapInh:", 0, 16 }, { "CapPrm:", 0, 16 },     { "CapEff:", 0, 16 },
    { "CapAmb:", 0, 16 }, { "NoNewPrivs:", 1, 10 }, { "Seccomp:", 2, 10 },
};
#define EXPECTED (sizeof(expected) / sizeof(expected[0]))

/* Whether a line of a status file is as expected; *seen counts those that are. */
static bool line_is_right(const char *line, unsigned *seen)
{
    size_t i;

    for (i = 0; i < EXPECTED; i++) {
        size_t length = strlen(expected[i].key);

        if (strncmp(line, expected[i].key, length) == 0) {
            (*seen)++;
            return strtoull(line + length, NULL, expected[i].base) ==
                   expected[i].value;
        }
    }
    return true;
}

static bool task_is_right(const char *name)
{
    char path[sizeof(TASKS) + 64], line[512];
    unsigned seen = 0;
    bool right = true;
    FILE *file;

    snprintf(path, sizeof(path), TASKS "/%.32s/status", name);
    file = fopen(path, "r");
    if (!file) { /* the thread has ended: then it does nothing */
        return errno == ENOENT || errno == ESRCH;
    }
    while (right && fgets(line, sizeof(line), file)) {
        right = line_is_right(line, &seen);
    }
    fclose(file);
    if (!right) {
        log_say("the sandbox: a thread has %.*s", (int)strcspn(line, "\n"),
                line);
    }
    return right && seen == EXPECTED;
}

int sandbox_verify(void)
{
    DIR *tasks = opendir(TASKS);
    const struct dirent *entry;
    bool right = tasks != NULL;
    unsigned count = 0;

    while (right && (entry = readdir(tasks))) {
        if (entry->d_name[0] != '.') {
            right = task_is_right(entry->d_name);
            count++;
        }
    }
    if (tasks) {
        closedir(tasks);
    }
    if (!right || !count) {
        log_say("the sandbox cannot be verified");
        return -EPERM;
    }
    return 0;
}
