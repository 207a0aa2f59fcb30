/* SPDX-License-Identifier: MIT */
#include "vgpud/jail.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SANDBOX                                                     \
    "-sandbox on,obsolete=deny,elevateprivileges=allow,spawn=deny," \
    "resourcecontrol=deny"

/* ---- A QEMU as on XCP-ng ------------------------------------------------------------- */

/* What the wrapper does between fork() and exec(): limit of a file's size, namespaces. */
static char *write_wrapper(const Host *host)
{
    char *path = host_place(host, "qemu");
    g_autofree char *binary = g_canonicalize_filename(qemu_binary(), NULL);
    g_autofree char *text = g_strdup_printf(
        "#!/bin/sh\n"
        "ulimit -f 2048\n"
        "exec unshare --mount --ipc --net -- '%s' \"$@\"\n",
        binary);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    return path;
}

void jail_note(const Host *host, const char *name)
{
    g_autofree char *note = host_place(host, "run/" JAIL_VM ".root");

    g_assert_true(g_file_set_contents(note, name, -1, NULL));
    g_assert_cmpint(g_chmod(note, 0644), ==, 0);
}

char *jail_make_root(const Host *host, const char *name)
{
    g_autofree char *place = g_build_filename("roots", name, NULL);
    char *root = host_place(host, place);
    g_autofree char *dev = g_build_filename(root, "dev", NULL);
    g_autofree char *null = g_build_filename(dev, "null", NULL);

    g_assert_cmpint(g_mkdir_with_parents(dev, 0755), ==, 0);
    g_assert_cmpint(mknod(null, S_IFCHR | 0666, makedev(1, 3)), ==, 0);
    jail_note(host, name);
    return root;
}

/* Memory that is touched first takes the time that a start under Xen does: QEMU's thread
 * has connected by then, but for /chroot/late. */
bool jail_start_qemu(Jail *jail)
{
    g_autofree char *chardev = host_chardev(&jail->host);
    g_autofree char *wrapper = write_wrapper(&jail->host);
    g_autofree char *before = g_strdup(g_getenv("VGPU_QEMU"));
    g_autofree char *args = g_strdup_printf(
        "%s %s -mem-prealloc -chroot %s -runas %d:%d", chardev, SANDBOX,
        jail->root, JAIL_UID, JAIL_UID);
    bool started;

    g_setenv("VGPU_QEMU", wrapper, TRUE);
    started = queue_start(&jail->queue, args, MACHINE_PROPERTIES);
    if (before) {
        g_setenv("VGPU_QEMU", before, TRUE);
    } else {
        g_unsetenv("VGPU_QEMU");
    }
    jail->qemu = started ? machine_pid(jail->root) : 0;
    g_assert_cmpint(jail->qemu, >, 0);
    return started;
}

bool jail_start_host(Jail *jail, const char *keys)
{
    memset(jail, 0, sizeof(*jail));
    if (!host_start(&jail->host, JAIL_VM, keys)) {
        return false;
    }
    jail->root = jail_make_root(&jail->host, JAIL_ROOT);
    return true;
}

bool jail_wait_for_link(Jail *jail, unsigned workers)
{
    return host_wait_log(&jail->host, " has its device\n", workers) &&
           queue_wait_register(&jail->queue, VGPU_REG_LINK, VGPU_LINK_UP);
}

bool jail_start(Jail *jail, const char *keys)
{
    return jail_start_host(jail, keys) && jail_start_qemu(jail) &&
           jail_wait_for_link(jail, 1);
}

void jail_stop(Jail *jail)
{
    device_stop(&jail->queue.d);
    host_stop(&jail->host);
    g_free(jail->root);
}

char *jail_inner_socket(const Jail *jail)
{
    return g_strconcat(jail->root, jail->host.socket, NULL);
}

/* Waits until a path is there, or is not. */
static bool wait_for_path(const char *path, bool there)
{
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);
    struct stat info;

    while ((lstat(path, &info) == 0) != there) {
        if (g_get_monotonic_time() > deadline) {
            g_test_message("%s is %s", path, there ? "not there" : "there");
            g_test_fail();
            return false;
        }
        g_usleep(1000);
    }
    return true;
}

/* "/tmp" of "/tmp/vgpu-X/run/UUID.sock". The caller's. */
static char *first_part(const char *path)
{
    return g_strndup(path, 1 + strcspn(path + 1, "/"));
}

void jail_check_has_only_dev(const char *root)
{
    GDir *dir = g_dir_open(root, 0, NULL);
    const char *name;

    g_assert_nonnull(dir);
    while (dir && (name = g_dir_read_name(dir))) {
        g_assert_cmpstr(name, ==, "dev");
    }
    if (dir) {
        g_dir_close(dir);
    }
}

void jail_check_nothing_is_left(const Jail *jail)
{
    jail_check_has_only_dev(jail->root);
}

void jail_wait_until_nothing_is_left(const Jail *jail)
{
    g_autofree char *first = first_part(jail->host.socket);
    g_autofree char *path = g_strconcat(jail->root, first, NULL);

    wait_for_path(path, false);
    jail_check_nothing_is_left(jail);
}

void jail_kill_worker(const Jail *jail)
{
    pid_t worker = host_worker(&jail->host);

    g_assert_cmpint(worker, >, 0);
    if (worker > 0) {
        g_assert_cmpint(kill(worker, SIGKILL), ==, 0);
    }
}

void jail_hold_without_link(Jail *jail)
{
    g_autofree char *path = jail_inner_socket(jail);

    kill(jail->qemu, SIGSTOP);
    jail_kill_worker(jail);
    wait_for_path(path, true);
}
