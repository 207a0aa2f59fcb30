/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpud/config.h"
#include "vgpud/listener.h"
#include "vgpud/peer.h"
#include "vgpud/vm.h"
#include "vgpud/worker-exit.h"

struct Vm {
    const VmOptions *options;
    VmSettings *settings;
    char *path;
    Peer *peer;
    int listener;   /* -1 after vm_stop() */
    guint source;   /* of the listener; 0 while connections wait */
    guint later;    /* the timer that ends the wait */
    guint grace;    /* the timer behind vm_stop() */
    pid_t worker;   /* 0: none */
    int control;    /* -1: none */
    gint64 started; /* the worker, by g_get_monotonic_time() */
    guint backoff_ms;
};

static void say(const Vm *vm, const char *text)
{
    g_printerr("vgpud: %s: %s\n", vm->settings->uuid, text);
}

static void clear_source(guint *source)
{
    if (*source) {
        g_source_remove(*source);
        *source = 0;
    }
}

/* ---- The worker --------------------------------------------------------------------------- */

static void begin_worker(Vm *vm, int device)
{
    int control[2], error;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0) {
        say(vm, g_strerror(errno));
        return;
    }
    error = spawn_worker(&vm->options->spawn, vm->settings, device, control[1],
                         &vm->worker);
    close(control[1]);
    if (error) {
        g_printerr("vgpud: %s: %s does not start: %s\n", vm->settings->uuid,
                   vm->options->spawn.worker, g_strerror(error));
        close(control[0]);
        vm->worker = 0;
        return;
    }
    vm->control = control[0];
    vm->started = g_get_monotonic_time();
    peer_up(vm->peer, vm->worker);
    g_printerr("vgpud: %s: worker %d has its device\n", vm->settings->uuid,
               (int)vm->worker);
}

static void on_connection(int listener, gpointer data)
{
    Vm *vm = data;
    int device = listener_accept(listener);

    if (device < 0) {
        return;
    }
    if (listener == vm->listener) {
        peer_came(vm->peer, device);
    }
    if (vm->worker || peer_has_orphan(vm->peer)) {
        say(vm, "a second connection is closed: it has one");
    } else {
        begin_worker(vm, device);
    }
    close(device);
}

static gboolean on_listener(gint fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    on_connection(fd, data);
    return G_SOURCE_CONTINUE;
}

static void listen_again(Vm *vm)
{
    if (vm->listener >= 0 && !vm->source) {
        vm->source = g_unix_fd_add(vm->listener, G_IO_IN, on_listener, vm);
    }
}

static gboolean on_later(gpointer data)
{
    Vm *vm = data;

    vm->later = 0;
    listen_again(vm);
    peer_down(vm->peer);
    return G_SOURCE_REMOVE;
}

static void back_off(Vm *vm)
{
    gint64 lived = g_get_monotonic_time() - vm->started;

    if (!vm->backoff_ms || lived > (gint64)VM_WELL_SECONDS * G_USEC_PER_SEC) {
        vm->backoff_ms = VM_BACKOFF_MS;
    } else {
        vm->backoff_ms = MIN(2 * vm->backoff_ms, VM_BACKOFF_MS_MAX);
    }
    clear_source(&vm->source);
    clear_source(&vm->later);
    vm->later = g_timeout_add(vm->backoff_ms, on_later, vm);
}

static void worker_ended(Vm *vm, int status)
{
    g_autofree char *text = spawn_end_text(status);

    g_printerr("vgpud: %s: worker %d: %s\n", vm->settings->uuid,
               (int)vm->worker, text);
    close(vm->control);
    vm->control = -1;
    vm->worker = 0;
    clear_source(&vm->grace);
    if (vm->listener < 0) { /* it was to end */
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_EXIT_ENDED) {
        vm->backoff_ms = 0;
        peer_down(vm->peer);
    } else {
        back_off(vm);
    }
}

/* While it is not reaped its number is nobody else's, and so is its group's: whatever a
 * kernel may have started goes with it. */
void vm_child_ended(Vm *vm)
{
    siginfo_t info;
    int status;

    memset(&info, 0, sizeof(info));
    if (!vm->worker ||
        waitid(P_PID, (id_t)vm->worker, &info, WEXITED | WNOHANG | WNOWAIT) <
            0 ||
        info.si_pid != vm->worker) {
        return;
    }
    kill(-vm->worker, SIGKILL);
    if (waitpid(vm->worker, &status, 0) == vm->worker) {
        worker_ended(vm, status);
    }
}

gboolean vm_has_worker(const Vm *vm)
{
    return vm->worker != 0;
}

/* ---- The VM --------------------------------------------------------------------------------- */

char *vm_path(const char *directory, const char *uuid, const char *suffix)
{
    return g_strdup_printf("%s/%s%s", directory, uuid, suffix);
}

static Peer *new_peer(Vm *vm)
{
    const char *directory = vm->options->directory;
    char *uuid = vm->settings->uuid;
    g_autofree char *record = vm_path(directory, uuid, VM_RECORD);
    g_autofree char *note = vm_path(directory, uuid, VM_NOTE);
    const PeerOptions options = {
        .roots = vm->options->roots,
        .uuid = uuid,
        .path = vm->path,
        .record = record,
        .note = note,
        .on_connection = on_connection,
        .opaque = vm,
    };

    return peer_new(&options);
}

Vm *vm_new(const VmOptions *options, VmSettings *settings, GError **error)
{
    Vm *vm = g_new0(Vm, 1);

    vm->options = options;
    vm->settings = settings;
    vm->control = -1;
    vm->path = vm_path(options->directory, settings->uuid, VM_SOCKET);
    vm->listener = listener_open(vm->path, (uid_t)-1, options->group, error);
    if (vm->listener < 0) {
        vm_free(vm);
        return NULL;
    }
    vm->peer = new_peer(vm);
    listen_again(vm);
    return vm;
}

void vm_update(Vm *vm, VmSettings *settings)
{
    gboolean changed = !config_same(&vm->settings->config, &settings->config);

    vm_settings_free(vm->settings);
    vm->settings = settings;
    if (changed && vm->worker &&
        send(vm->control, &settings->config, sizeof(settings->config),
             MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        say(vm, "the worker does not take what has changed");
    }
}

static gboolean on_grace(gpointer data)
{
    Vm *vm = data;

    vm->grace = 0;
    kill(-vm->worker, SIGKILL);
    return G_SOURCE_REMOVE;
}

void vm_stop(Vm *vm)
{
    clear_source(&vm->source);
    clear_source(&vm->later);
    if (vm->listener >= 0) {
        close(vm->listener);
        unlink(vm->path);
        vm->listener = -1;
    }
    peer_stop(vm->peer);
    if (vm->worker && !vm->grace) {
        kill(-vm->worker, SIGTERM);
        vm->grace = g_timeout_add(VM_GRACE_MS, on_grace, vm);
    }
}

void vm_free(Vm *vm)
{
    clear_source(&vm->source);
    clear_source(&vm->later);
    clear_source(&vm->grace);
    if (vm->peer) {
        peer_free(vm->peer);
    }
    vm_settings_free(vm->settings);
    g_free(vm->path);
    g_free(vm);
}
