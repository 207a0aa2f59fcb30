/* SPDX-License-Identifier: MIT */
/* What a worker may do, seen from outside it; and what it must not, tried by itself. */
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpud/process.h"
#include "vgpud/worker-exit.h"

static const char *const null_backend[] = { "--backend", "null", NULL };

static bool needs_root(void)
{
    if (geteuid() != 0) {
        g_test_skip("run it as root");
    }
    return geteuid() == 0;
}

static void status_is(pid_t pid, const char *key, const char *value)
{
    g_autofree char *is = process_status(pid, key);

    if (strcmp(is, value) != 0) {
        g_test_message("%s is '%s'", key, is);
    }
    g_assert_cmpstr(is, ==, value);
}

/* Each thread, of a worker whose runtime has made some. */
static void all_threads(pid_t pid, void (*check)(pid_t), unsigned at_least)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", (int)pid);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    unsigned count = 0;

    while ((name = g_dir_read_name(dir))) {
        check((pid_t)g_ascii_strtoll(name, NULL, 10));
        count++;
    }
    g_dir_close(dir);
    g_assert_cmpuint(count, >=, at_least);
}

static void is_locked_in(pid_t thread)
{
    status_is(thread, "NoNewPrivs", "1");
    status_is(thread, "Seccomp", "2");
    status_is(thread, "CapInh", "0000000000000000");
    status_is(thread, "CapPrm", "0000000000000000");
    status_is(thread, "CapEff", "0000000000000000");
    status_is(thread, "CapAmb", "0000000000000000");
    if (geteuid() == 0) {
        status_is(thread, "CapBnd", "0000000000000000");
        status_is(thread, "Uid", "65534\t65534\t65534\t65534");
        status_is(thread, "Gid", "65534\t65534\t65534\t65534");
        status_is(thread, "Groups", " ");
    }
}

static void check_status(void)
{
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, null_backend);
    all_threads(worker.pid, is_locked_in, 1);
    worker_close(&worker, &device);
}

static void check_threads(void)
{
    char *cache = directory_new();
    Worker worker;
    Device device;

    worker_start_open(
        &worker, &device,
        (const char *[]){ "--device", "cpu", "--cache", cache, NULL });
    all_threads(worker.pid, is_locked_in, 2);
    worker_close(&worker, &device);
    directory_remove(cache);
}

static void check_limits(void)
{
    g_autofree char *text = NULL;
    g_autofree char *path = NULL;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, null_backend);
    path = g_strdup_printf("/proc/%d/limits", (int)worker.pid);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "Max core file size        0 "));
    g_assert_nonnull(strstr(text, "Max open files            256 "));
    g_assert_nonnull(strstr(text, "Max file size             67108864 "));
    worker_close(&worker, &device);
}

/* Its link, its log, and what it waits with: nothing that it was not given. */
static void check_descriptors(void)
{
    g_autofree char *path = NULL;
    const char *name;
    struct vgpu_link_completion done;
    unsigned count = 0;
    Worker worker;
    Device device;
    GDir *dir;

    if (!needs_root()) {
        return;
    }
    worker_start_open(&worker, &device, null_backend);
    g_assert_nonnull(device_call(&device, "x", 1, 64, &done)); /* it is up */
    path = g_strdup_printf("/proc/%d/fd", (int)worker.pid);
    dir = g_dir_open(path, 0, NULL);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *link = g_build_filename(path, name, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);

        if (target && g_ascii_strtoll(name, NULL, 10) > 2) {
            g_assert_true(g_str_has_prefix(target, "socket:") ||
                          g_str_has_prefix(target, "pipe:") ||
                          g_str_has_prefix(target, "anon_inode:[event"));
        }
        count++;
    }
    g_dir_close(dir);
    /* 0 to 2, both sockets, both eventfds, epoll, the log. */
    g_assert_cmpuint(count, ==, 9);
    worker_close(&worker, &device);
}

static void check_no_root(void)
{
    g_autofree char *command = NULL;
    g_autofree char *errors = NULL;
    int status;

    if (!needs_root()) {
        return;
    }
    command = g_strdup_printf("%s --self-test --backend null",
                              g_getenv("VGPU_WORKER"));
    g_assert_true(
        g_spawn_command_line_sync(command, NULL, &errors, &status, NULL));
    g_assert_cmpint(WEXITSTATUS(status), ==, WORKER_EXIT_SANDBOX);
    g_assert_nonnull(strstr(errors, "not to be root"));
}

static void check_no_root_user(void)
{
    static const char *const users[] = { "0:0", "0:65534", "65534:0" };
    size_t i;

    if (!needs_root()) {
        return;
    }
    for (i = 0; i < G_N_ELEMENTS(users); i++) {
        g_autofree char *errors = NULL;
        Worker worker;
        Device device;

        worker_start(&worker, &device,
                     (const char *[]){ "--user", users[i], NULL });
        g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_SANDBOX);
        g_assert_nonnull(strstr(errors, "root is no user to change to"));
        device_close(&device);
    }
}

static void self_test(const char *backend, const char *cache)
{
    g_autofree char *command = g_strdup_printf(
        "%s --self-test --backend %s --cache %s%s", g_getenv("VGPU_WORKER"),
        backend, cache, geteuid() == 0 ? " --user 65534:65534" : "");
    g_autofree char *output = NULL;
    g_auto(GStrv) lines = NULL;
    int status;
    unsigned i;

    g_assert_true(
        g_spawn_command_line_sync(command, &output, NULL, &status, NULL));
    lines = g_strsplit(output, "\n", -1);
    for (i = 0; lines[i] && *lines[i]; i++) {
        if (!g_str_has_prefix(lines[i], "refused ")) {
            g_test_message("%s", lines[i]);
            g_test_fail();
        }
    }
    g_assert_cmpuint(i, >=, 28);
    g_assert_cmpint(status, ==, 0);
}

static void check_self_test(void)
{
    char *cache = directory_new();

    self_test("null", cache);
    self_test("opencl", cache);
    directory_remove(cache);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/status", check_status);
    g_test_add_func("/sandbox/threads", check_threads);
    g_test_add_func("/sandbox/limits", check_limits);
    g_test_add_func("/sandbox/descriptors", check_descriptors);
    g_test_add_func("/sandbox/no-root", check_no_root);
    g_test_add_func("/sandbox/no-root-user", check_no_root_user);
    g_test_add_func("/sandbox/self-test", check_self_test);
    return g_test_run();
}
