/* SPDX-License-Identifier: MIT */
/*
 * The wrapper that xenopsd starts instead of the stock qemu-wrapper: it asks
 * qemu-args what to add, and becomes the stock wrapper with that behind its own
 * arguments. Whatever is wrong, it becomes the stock wrapper: xenopsd waits 300
 * seconds for a QEMU that does not come. So it needs nothing but libc, takes no
 * decision of its own, and leaves all that can fail to the other program.
 *
 * Called as `qemu-wrapper <domid> --syslog <arguments>`. Environment,
 * descriptors, signals and the process are those of the stock wrapper.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/paths.h"

#ifndef VGPU_VERSION
#define VGPU_VERSION "unreleased"
#endif

/* For qemu-args, which ends itself a little earlier, and says why. */
#define DEADLINE_MS 950

/* What xenstore can hold, and an addr= behind each device in it. */
#define OUTPUT_LIMIT 8192

static char output[OUTPUT_LIMIT];
static size_t length;

/* A log that nobody reads any more must not end us. */
static void say(const char *text)
{
    static const char head[] = "vgpu: ", tail[] = "\n";
    void (*former)(int) = signal(SIGPIPE, SIG_IGN);

    if (write(STDOUT_FILENO, head, sizeof(head) - 1) < 0 ||
        write(STDOUT_FILENO, text, strlen(text)) < 0 ||
        write(STDOUT_FILENO, tail, sizeof(tail) - 1) < 0) {
        /* there is nobody else to tell */
    }
    signal(SIGPIPE, former);
}

static char *in_root(const char *path)
{
    const char *root = getenv(ROOT_VARIABLE);
    char *joined = malloc((root ? strlen(root) : 0) + strlen(path) + 1);

    if (joined) {
        strcpy(joined, root ? root : "");
        strcat(joined, path);
    }
    return joined;
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Asking --------------------------------------------------------------------- */

/* Above the standard ones, even where the caller has left some of them out. */
static int make_pipe(int ends[2])
{
    int low[2], i;

    if (pipe2(low, O_CLOEXEC) < 0) {
        return -1;
    }
    for (i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
    close(low[0]);
    close(low[1]);
    return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static void become_qemu_args(char **argv, char *program, int output_end)
{
    /* What it has to say goes where our own output goes: to the log. */
    if (dup2(STDOUT_FILENO, STDERR_FILENO) >= 0 &&
        dup2(output_end, STDOUT_FILENO) >= 0) {
        argv[0] = program;
        execv(program, argv);
    }
    _exit(127);
}

static pid_t start(char **argv, int *from)
{
    char *program = in_root(SHIM_QEMU_ARGS);
    int ends[2];
    pid_t pid;

    if (!program || make_pipe(ends) < 0) {
        free(program);
        return -1;
    }
    pid = fork();
    if (pid == 0) {
        become_qemu_args(argv, program, ends[1]);
    }
    free(program);
    close(ends[1]);
    *from = ends[0];
    return pid;
}

/* 1: all is read; 0: too late, or too much. */
static int read_all(int from, long deadline)
{
    struct pollfd wait = { from, POLLIN, 0 };
    ssize_t n;

    for (;;) {
        long left = deadline - now_ms();

        if (left <= 0 || length == sizeof(output)) {
            return 0;
        }
        if (poll(&wait, 1, (int)left) <= 0) {
            continue;
        }
        n = read(from, output + length, sizeof(output) - length);
        if (n == 0) {
            return 1;
        }
        if (n > 0) {
            length += (size_t)n;
        } else if (errno != EINTR) {
            return 0;
        }
    }
}

#define TOO_LATE (-2)

/* Its exit status; -1 when it did not end well; TOO_LATE. */
static int reap(pid_t pid, long deadline)
{
    const struct timespec pause = { 0, 2000000 };
    int status;
    pid_t ended;

    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 &&
           now_ms() < deadline) {
        nanosleep(&pause, NULL);
    }
    if (ended == pid && WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    if (ended == 0) {
        kill(pid, SIGKILL);
        /* Not for ever: it can hang in the kernel. */
        nanosleep(&pause, NULL);
        waitpid(pid, &status, WNOHANG);
        return TOO_LATE;
    }
    return -1;
}

/* Fills output with the words to add; with none when anything is wrong. */
static void ask(char **argv)
{
    long deadline = now_ms() + DEADLINE_MS;
    int from = -1, complete, status;
    /* Where a parent has it ignored, nobody learns how a child has ended. */
    void (*former)(int) = signal(SIGCHLD, SIG_DFL);
    pid_t pid = start(argv, &from);

    if (pid < 0) {
        say("cannot start another process: starting without the device");
        signal(SIGCHLD, former);
        return;
    }
    complete = read_all(from, deadline);
    close(from);
    status = reap(pid, deadline);
    signal(SIGCHLD, former);
    if (status == 127) {
        say("no program " SHIM_QEMU_ARGS ": starting without the device");
    } else if (status == TOO_LATE) {
        say(SHIM_QEMU_ARGS
            " did not answer in time: starting without the device");
    } else if (status < 0 || !complete) {
        say(SHIM_QEMU_ARGS " failed: starting without the device");
    }
    if (status != 0 || !complete || (length && output[length - 1])) {
        length = 0;
    }
}

/* ---- Becoming the stock wrapper ------------------------------------------------- */

static char **with_words(int argc, char **argv, char *wrapper)
{
    char **all;
    size_t words = 0, at;
    int i;

    for (at = 0; at < length; at++) {
        words += output[at] == '\0';
    }
    all = calloc((size_t)argc + words + 1, sizeof(*all));
    if (!all) {
        return NULL;
    }
    for (i = 0; i < argc; i++) {
        all[i] = argv[i];
    }
    all[0] = wrapper;
    for (at = 0; at < length; at += strlen(output + at) + 1) {
        all[i++] = output + at;
    }
    return all;
}

int main(int argc, char **argv)
{
    char *wrapper, **all;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("qemu-wrapper " VGPU_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        ask(argv);
    }
    wrapper = in_root(HOST_WRAPPER);
    if (!wrapper) {
        wrapper = (char *)HOST_WRAPPER;
    }
    all = with_words(argc, argv, wrapper);
    if (all) {
        execv(wrapper, all);
    }
    argv[0] = wrapper;
    execv(wrapper, argv);
    say("cannot run " HOST_WRAPPER);
    return 127;
}
