/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for the stock qemu-wrapper: it writes to VGPU_ROOT/call how it was
 * called, as the kernel has it: process, words, environment, signals, files.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_signals(FILE *file)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];

    while (status && fgets(line, sizeof(line), status)) {
        if (strncmp(line, "Sig", 3) == 0 && strncmp(line, "SigQ", 4) != 0) {
            fputs(line, file);
        }
    }
    if (status) {
        fclose(status);
    }
}

static void put_files(FILE *file)
{
    int fd;

    for (fd = 0; fd < 64; fd++) {
        char name[64], target[256];
        ssize_t length;

        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        length = readlink(name, target, sizeof(target) - 1);
        if (length > 0 && fd != fileno(file)) {
            target[length] = '\0';
            fprintf(file, "fd %d %s\n", fd, target);
        }
    }
}

int main(int argc, char **argv)
{
    const char *root = getenv("VGPU_ROOT");
    char path[4096];
    FILE *file;
    int i;

    snprintf(path, sizeof(path), "%s/call", root ? root : "");
    file = fopen(path, "we");
    if (!file) {
        return 1;
    }
    fprintf(file, "pid %d\n", (int)getpid());
    for (i = 0; i < argc; i++) {
        fprintf(file, "word %s\n", argv[i]);
    }
    for (i = 0; environ[i]; i++) {
        fprintf(file, "env %s\n", environ[i]);
    }
    put_signals(file);
    put_files(file);
    fclose(file);
    puts("stock");
    return 42;
}
