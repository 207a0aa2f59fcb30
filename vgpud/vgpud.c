/* SPDX-License-Identifier: MIT */
/*
 * vgpud: listens for the QEMUs of VMs, gives each connection to a worker that it starts
 * for it, and says what pool and priority a VM has. It reads nothing that a QEMU or a
 * guest has written.
 */
#include <errno.h>
#include <glib-unix.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shim/paths.h"
#include "vgpud/listener.h"
#include "vgpud/notify.h"
#include "vgpud/vms.h"

#ifndef VGPU_VERSION
#define VGPU_VERSION "unreleased"
#endif

#define CONFIG_DIR "/etc/vgpu/vms"
#define RUN_DIR    SHIM_SOCKET_DIR
#define CACHE_DIR  "/var/cache/vgpu"
#define ROOTS_DIR  "/var/xen/qemu"
#define WORKER     "/usr/libexec/vgpu/vgpu-worker"

typedef struct Options {
    char *config, *run, *cache, *worker, *group, *roots;
    gboolean version;
} Options;

typedef struct Daemon {
    Options options;
    VmOptions vm_options;
    Vms *vms;
    GMainLoop *loop;
    gboolean ending;
} Daemon;

/* ---- Options ------------------------------------------------------------------------------- */

static gboolean parse(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "config-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
          "UUID.conf of each VM (" CONFIG_DIR ")", "DIRECTORY" },
        { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->run,
          "UUID.sock of each VM (" RUN_DIR ")", "DIRECTORY" },
        { "cache-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->cache,
          "compiled kernels of each VM (" CACHE_DIR ")", "DIRECTORY" },
        { "worker", 0, 0, G_OPTION_ARG_FILENAME, &options->worker,
          "the program for a VM (" WORKER ")", "PROGRAM" },
        { "group", 0, 0, G_OPTION_ARG_STRING, &options->group,
          "who may connect, besides root", "GROUP" },
        { "chroot-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->roots,
          "roots that QEMUs lock themselves into (" ROOTS_DIR ")",
          "DIRECTORY" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->version,
          "say the version", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    GOptionContext *context = g_option_context_new(NULL);
    gboolean parsed;

    g_option_context_set_summary(
        context, "Shares the host's accelerator among VMs: listens for their "
                 "QEMUs, and starts a\nworker for each. SIGHUP reads the "
                 "files of VMs again, SIGTERM ends all.");
    g_option_context_add_main_entries(context, entries, NULL);
    parsed = g_option_context_parse(context, argc, argv, error);
    g_option_context_free(context);
    if (parsed && *argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                    "not an option: %s", (*argv)[1]);
        parsed = FALSE;
    }
    return parsed;
}

static gboolean set_group(Daemon *self, GError **error)
{
    const char *name = self->options.group;
    const struct group *group = name ? getgrnam(name) : NULL;

    self->vm_options.group = group ? group->gr_gid : (gid_t)-1;
    if (name && !group) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--group: there is no group '%s'", name);
    }
    return !name || group;
}

static gboolean set_options(Daemon *self, GError **error)
{
    const Options *options = &self->options;
    VmOptions *vm = &self->vm_options;

    vm->directory = options->run ? options->run : RUN_DIR;
    vm->spawn.cache = options->cache ? options->cache : CACHE_DIR;
    vm->spawn.worker = options->worker ? options->worker : WORKER;
    vm->spawn.is_root = geteuid() == 0;
    if (vm->spawn.is_root) { /* nobody else can look into a QEMU's root */
        vm->roots = options->roots ? options->roots : ROOTS_DIR;
    }
    if (access(vm->spawn.worker, X_OK) < 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: %s; see --worker", vm->spawn.worker,
                    g_strerror(errno));
        return FALSE;
    }
    return set_group(self, error);
}

/* ---- Signals --------------------------------------------------------------------------------- */

static void load(Daemon *self)
{
    const char *directory = self->options.config ? self->options.config
                                                 : CONFIG_DIR;
    g_autoptr(GError) error = NULL;

    if (!vms_load(self->vms, directory, &error)) {
        g_printerr("vgpud: %s\n", error->message);
    }
    g_printerr("vgpud: %u VMs\n", vms_count(self->vms));
}

static void end(Daemon *self)
{
    if (!self->ending) {
        notify("STOPPING=1");
        self->ending = TRUE;
        vms_stop_all(self->vms);
    }
}

static gboolean on_signal(gint fd, GIOCondition condition, gpointer data)
{
    Daemon *self = data;
    struct signalfd_siginfo info;

    (void)condition;
    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return G_SOURCE_CONTINUE;
    }
    if (info.ssi_signo == SIGCHLD) { /* one may stand for several */
        vms_child_ended(self->vms);
    } else if (info.ssi_signo == SIGHUP) {
        if (!self->ending) {
            load(self);
        }
    } else {
        end(self);
    }
    if (self->ending && !vms_have_workers(self->vms)) {
        g_main_loop_quit(self->loop);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean watch_signals(Daemon *self, GError **error)
{
    sigset_t set;
    int fd;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                    "signals: %s", g_strerror(errno));
        return FALSE;
    }
    g_unix_fd_add(fd, G_IO_IN, on_signal, self);
    return TRUE;
}

/* ---- The whole -------------------------------------------------------------------------------- */

static void serve(Daemon *self)
{
    self->vms = vms_new(&self->vm_options);
    self->loop = g_main_loop_new(NULL, FALSE);
    load(self);
    notify("READY=1");
    g_main_loop_run(self->loop);
    g_main_loop_unref(self->loop);
    vms_free(self->vms);
}

static void free_options(Options *options)
{
    g_free(options->config);
    g_free(options->run);
    g_free(options->cache);
    g_free(options->worker);
    g_free(options->group);
    g_free(options->roots);
}

int main(int argc, char **argv)
{
    Daemon daemon = { .ending = FALSE };
    g_autoptr(GError) error = NULL;
    int lock = -1;

    if (parse(&daemon.options, &argc, &argv, &error) &&
        daemon.options.version) {
        g_print("vgpud " VGPU_VERSION "\n");
        free_options(&daemon.options);
        return 0;
    }
    if (!error && set_options(&daemon, &error)) {
        lock = listener_lock(daemon.vm_options.directory, &error);
    }
    if (lock >= 0 && watch_signals(&daemon, &error)) {
        serve(&daemon);
    }
    if (error) {
        g_printerr("vgpud: %s\n", error->message);
    }
    if (lock >= 0) {
        close(lock);
    }
    free_options(&daemon.options);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
