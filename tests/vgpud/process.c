/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpud/process.h"

/* ---- Directories -------------------------------------------------------------------- */

char *directory_new(void)
{
    char *path = g_dir_make_tmp("vgpud-test-XXXXXX", NULL);

    g_assert_nonnull(path);
    if (geteuid() == 0) {
        g_assert_cmpint(chown(path, TEST_UID, TEST_UID), ==, 0);
    }
    return path;
}

void directory_remove(char *path)
{
    const char *words[] = { "rm", "-rf", "--", path, NULL };

    g_spawn_sync(NULL, (char **)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 NULL, NULL, NULL, NULL);
    g_free(path);
}

/* ---- Processes ------------------------------------------------------------------------ */

int process_wait(pid_t pid)
{
    gint64 until = g_get_monotonic_time() + (gint64)DEVICE_WAIT_MS * 1000;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (g_get_monotonic_time() > until) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        g_usleep(1000);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

char *process_status(pid_t pid, const char *key)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;
    g_autofree char *head = g_strdup_printf("\n%s:\t", key);
    const char *found;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        !(found = strstr(text, head))) {
        return g_strdup("");
    }
    found += strlen(head);
    return g_strndup(found, strcspn(found, "\n"));
}

unsigned process_descriptors(void)
{
    GDir *directory = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned count = 0;

    while (g_dir_read_name(directory)) {
        count++;
    }
    g_dir_close(directory);
    return count - 1; /* the directory's own */
}

/* ---- Workers -------------------------------------------------------------------------- */

/* In the child. Descriptors 3 and 4 are the worker's. */
static void become_worker(int socket, int control, int errors,
                          const char *const *options)
{
    const char *words[32] = { "vgpu-worker", "--socket", "3", "--control",
                              "4" };
    unsigned count = 5;
    int forgotten;

    /* Out of the way of 3 and 4 first. */
    socket = fcntl(socket, F_DUPFD, 10);
    control = fcntl(control, F_DUPFD, 10);
    dup2(errors, STDERR_FILENO);
    /* What somebody forgot to close. */
    forgotten = open("/etc/passwd", O_RDONLY);
    g_assert_cmpint(forgotten, >=, 0);
    dup2(socket, 3);
    dup2(control, 4);
    close(socket);
    close(control);
    if (geteuid() == 0) {
        const gid_t groups[] = { 1, 2 }; /* that it must not keep */

        g_assert_cmpint(setgroups(2, groups), ==, 0);
        words[count++] = "--user";
        words[count++] = "65534:65534";
    }
    while (*options && count < G_N_ELEMENTS(words) - 1) {
        words[count++] = *options++;
    }
    execv(g_getenv("VGPU_WORKER"), (char **)words);
    _exit(127);
}

void worker_start(Worker *worker, Device *device, const char *const *options)
{
    int link[2] = { -1, -1 }, control[2] = { -1, -1 };
    int errors[2] = { -1, -1 };

    g_assert_nonnull(g_getenv("VGPU_WORKER"));
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link),
                    ==, 0);
    g_assert_cmpint(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), ==, 0);
    g_assert_cmpint(pipe2(errors, O_CLOEXEC), ==, 0);
    worker->pid = fork();
    if (worker->pid == 0) {
        become_worker(link[1], control[1], errors[1], options);
    }
    close(link[1]);
    close(control[1]);
    close(errors[1]);
    worker->control = control[0];
    worker->errors = errors[0];
    device_init(device, link[0]);
}

void worker_start_open(Worker *worker, Device *device,
                       const char *const *options)
{
    worker_start(worker, device, options);
    g_assert_true(device_connect(device));
}

static char *read_all(int fd)
{
    GString *text = g_string_new(NULL);
    char part[1024];
    ssize_t got;

    while ((got = read(fd, part, sizeof(part))) > 0) {
        g_string_append_len(text, part, got);
    }
    return g_string_free(text, FALSE);
}

int worker_end(Worker *worker, char **errors)
{
    int code = process_wait(worker->pid);
    char *text = read_all(worker->errors);

    close(worker->control);
    close(worker->errors);
    if (errors) {
        *errors = text;
    } else {
        g_free(text);
    }
    return code;
}

void worker_close(Worker *worker, Device *device)
{
    g_autofree char *errors = NULL;

    device_close(device);
    g_assert_cmpint(worker_end(worker, &errors), ==, 0);
    g_assert_cmpstr(errors, ==, "");
}
