/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int start(const char *const *argv, int *output, pid_t *pid)
{
    g_autofree char *program = g_find_program_in_path(argv[0]);
    int pipe_fds[2];

    if (!program) {
        return -ENOENT;
    }
    if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
        return -errno;
    }
    *pid = fork();
    if (*pid < 0) {
        int saved = errno;

        close(pipe_fds[0]);
        close(pipe_fds[1]);
        return -saved;
    }
    if (*pid == 0) {
        int null = open("/dev/null", O_RDONLY);

        if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
            dup2(pipe_fds[1], STDOUT_FILENO) >= 0 &&
            dup2(pipe_fds[1], STDERR_FILENO) >= 0) {
            setenv("LC_ALL", "C", 1);
            execv(program, (char **)argv);
        }
        _exit(127);
    }
    close(pipe_fds[1]);
    *output = pipe_fds[0];
    return 0;
}

/* Calls on_line for each whole line of text from *done on. */
static void hand_on_lines(const GString *text, size_t *done,
                          CommandLine on_line, void *opaque)
{
    const char *end;

    while (on_line &&
           (end = memchr(text->str + *done, '\n', text->len - *done))) {
        size_t length = (size_t)(end - text->str) - *done;
        g_autofree char *line = g_strndup(text->str + *done, length);

        *done += length + 1;
        on_line(line, opaque);
    }
}

int command_run(const char *const *argv, char **output, CommandLine on_line,
                void *opaque)
{
    GString *text;
    size_t done = 0;
    char chunk[4096];
    ssize_t n;
    pid_t pid = -1;
    int fd = -1, status, result;

    if (output) {
        *output = NULL;
    }
    result = start(argv, &fd, &pid);
    if (result < 0) {
        return result;
    }
    text = g_string_new(NULL);
    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n > 0) {
            g_string_append_len(text, chunk, n);
            hand_on_lines(text, &done, on_line, opaque);
        } else if (errno != EINTR) {
            break;
        }
    }
    close(fd);
    if (on_line && done < text->len) {
        on_line(text->str + done, opaque);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (output) {
        *output = g_string_free(text, FALSE);
    } else {
        g_string_free(text, TRUE);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

bool command_query(const char *const *argv, char **output)
{
    return command_run(argv, output, NULL, NULL) == 0;
}

char *command_text(const char *const *argv)
{
    GString *text = g_string_new(NULL);
    size_t i;

    for (i = 0; argv[i]; i++) {
        bool plain = argv[i][0] &&
                     !strpbrk(argv[i], " \t\n'\"\\$`&|;<>()*?[]#~");
        g_autofree char *quoted = plain ? g_strdup(argv[i])
                                        : g_shell_quote(argv[i]);

        g_string_append_printf(text, "%s%s", i ? " " : "", quoted);
    }
    return g_string_free(text, FALSE);
}
