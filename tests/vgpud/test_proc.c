/* SPDX-License-Identifier: MIT */
/* What vgpud knows of processes that are not its children, and keeps for its successor. */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpud/note.h"
#include "vgpud/record.h"

/* A child that has a name, and waits. */
static pid_t start_child(const char *name)
{
    int ready[2];
    char byte;
    pid_t pid;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, name);
        if (write(ready[1], "", 1) == 1) {
            pause();
        }
        _exit(0);
    }
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* It can call itself what it likes: only what is behind the last ")" counts. */
static void check_names(void)
{
    static const char *const names[] = { "qemu", ") Z 1 2 3", "a) R 1 (b",
                                         "\n) X 0 0", "" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        pid_t pid = start_child(names[i]);
        Proc proc;

        g_assert_true(proc_find(pid, &proc));
        g_assert_cmpint(proc.pid, ==, pid);
        g_assert_cmpuint(proc.start, >, 0);
        g_assert_true(proc_lives(&proc));
        g_assert_cmpuint(proc_uid(&proc), ==, geteuid());
        end_child(pid);
        g_assert_false(proc_lives(&proc));
    }
}

/* The number alone is not the process. */
static void check_another(void)
{
    pid_t pid = start_child("qemu");
    g_autofree char *name = NULL;
    struct stat info;
    Proc proc;

    g_assert_true(proc_find(pid, &proc));
    proc.start--;
    g_assert_false(proc_lives(&proc));
    g_assert_cmpuint(proc_uid(&proc), ==, (uid_t)-1);
    g_assert_false(proc_root(&proc, &info, &name));
    end_child(pid);
}

static void check_none(void)
{
    Proc proc = { 1, 1 };

    g_assert_false(proc_find(0, &proc));
    g_assert_cmpint(proc.pid, ==, 0);
    g_assert_false(proc_find(-1, &proc));
    g_assert_false(proc_lives(&proc));
}

/* It has ended, though its parent has not looked. */
static void check_zombie(void)
{
    pid_t pid = start_child("qemu");
    siginfo_t info;
    Proc proc;

    g_assert_true(proc_find(pid, &proc));
    kill(pid, SIGKILL);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), ==, 0);
    g_assert_false(proc_lives(&proc));
    end_child(pid);
}

/* ---- Files ------------------------------------------------------------------------- */

static char *in_new_directory(const char *name)
{
    g_autofree char *directory = g_dir_make_tmp("vgpud-test-XXXXXX", NULL);

    return g_build_filename(directory, name, NULL);
}

static void remove_with_directory(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);

    g_unlink(path);
    g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void check_record(void)
{
    g_autofree char *path = in_new_directory("record");
    char root[] = "root-7";
    const Record written = { { 12, 345 }, { 67, G_MAXUINT64 }, { NULL, root } };
    Record read;

    record_write(path, &written);
    record_read(path, &read);
    g_assert_cmpint(read.worker.pid, ==, 12);
    g_assert_cmpuint(read.worker.start, ==, 345);
    g_assert_cmpint(read.qemu.pid, ==, 67);
    g_assert_cmpuint(read.qemu.start, ==, G_MAXUINT64);
    g_assert_cmpstr(read.chroot.name, ==, "root-7");
    g_free(read.chroot.name);
    remove_with_directory(path);
}

/* As if there were none. */
static void check_wrong_records(void)
{
    static const char *const texts[] = {
        "",
        "nonsense",
        "worker 1",
        "worker 1 2\nqemu 3",
        "qemu 1 2\nworker 3 4\n",
    };
    g_autofree char *path = in_new_directory("record");
    Record read;
    size_t i;

    record_read(path, &read);
    g_assert_cmpint(read.worker.pid, ==, 0);
    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
        record_read(path, &read);
        g_assert_cmpint(read.worker.pid, ==, 0);
        g_assert_cmpint(read.qemu.pid, ==, 0);
        g_assert_null(read.chroot.name);
    }
    remove_with_directory(path);
}

/* ---- Places ------------------------------------------------------------------------ */

/* None of which may lead out of the root, or be made. */
static void check_wrong_places(void)
{
    static const struct {
        const char *name, *path;
    } cases[] = {
        { "root", "run/x.sock" }, { "root", "/../x.sock" },
        { "root", "/run/../x" },  { "root", "/run//x.sock" },
        { "root", "/./x.sock" },  { "root", "/run/" },
        { "root", "/" },          { "root", "" },
        { ".", "/x.sock" },       { "..", "/x.sock" },
        { "root/..", "/x.sock" }, { "", "/x.sock" },
        { "nothing", "/x.sock" },
    };
    g_autofree char *roots = in_new_directory("roots");
    g_autofree char *root = g_build_filename(roots, "root", NULL);
    size_t i;

    g_assert_cmpint(g_mkdir_with_parents(root, 0755), ==, 0);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        Chroot chroot = { roots, g_strdup(cases[i].name) };
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(
            chroot_listen(&chroot, cases[i].path, geteuid(), &error), ==, -1);
        g_assert_nonnull(error);
        chroot_clear(&chroot, cases[i].path);
        g_assert_null(chroot.name);
    }
    g_assert_cmpint(g_rmdir(root), ==, 0); /* it is empty */
    g_assert_cmpint(g_rmdir(roots), ==, 0);
    remove_with_directory(roots);
}

static void check_notes(void)
{
    static const char *const texts[] = { "", "\n", "..", "a/b",
                                         "no-such-root" };
    g_autofree char *path = in_new_directory("note");
    g_autofree char *roots = g_path_get_dirname(path);
    Proc proc = { 4711, 1 };
    size_t i;

    g_assert_false(note_find(path, roots, &proc));
    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
        g_assert_false(note_find(path, roots, &proc));
        g_assert_cmpint(proc.pid, ==, 4711);
    }
    remove_with_directory(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proc/names", check_names);
    g_test_add_func("/proc/another", check_another);
    g_test_add_func("/proc/none", check_none);
    g_test_add_func("/proc/zombie", check_zombie);
    g_test_add_func("/proc/record", check_record);
    g_test_add_func("/proc/wrong-records", check_wrong_records);
    g_test_add_func("/proc/wrong-places", check_wrong_places);
    g_test_add_func("/proc/notes", check_notes);
    return g_test_run();
}
