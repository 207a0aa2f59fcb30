/* SPDX-License-Identifier: MIT */
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vgpud/note.h"
#include "vgpud/peer.h"

struct Peer {
    PeerOptions options;
    Record record;
    Proc next;           /* a QEMU that is to have the connection then */
    gboolean has_orphan; /* record.worker is not our child */
    gboolean told;       /* why there can be no socket */
    int listener;        /* -1: none */
    guint source;        /* of it */
    guint timer;         /* while it looks */
};

static void say(const Peer *peer, const char *text)
{
    g_printerr("vgpud: %s: %s\n", peer->options.uuid, text);
}

static void save(const Peer *peer)
{
    record_write(peer->options.record, &peer->record);
}

static void clear_source(guint *source)
{
    if (*source) {
        g_source_remove(*source);
        *source = 0;
    }
}

/* ---- The socket in the root ------------------------------------------------------------ */

static gboolean on_listener(gint fd, GIOCondition condition, gpointer data)
{
    const Peer *peer = data;

    (void)condition;
    peer->options.on_connection(fd, peer->options.opaque);
    return G_SOURCE_CONTINUE;
}

static void close_socket(Peer *peer)
{
    clear_source(&peer->source);
    if (peer->listener >= 0) {
        close(peer->listener);
        peer->listener = -1;
    }
    chroot_clear(&peer->record.chroot, peer->options.path);
}

static void cannot(Peer *peer, const GError *error)
{
    if (!peer->told) {
        peer->told = TRUE;
        g_printerr("vgpud: %s: its QEMU cannot connect again: %s\n",
                   peer->options.uuid, error->message);
    }
}

static void open_socket(Peer *peer)
{
    Record *record = &peer->record;
    g_autoptr(GError) error = NULL;
    char *name = NULL;
    uid_t uid = 0;
    int found = chroot_find(peer->options.roots, &record->qemu, &name, &uid,
                            &error);

    if (found > 0) {
        /* What is left there of an earlier vgpud's, which is the same one. */
        close_socket(peer);
        record->chroot.name = name;
        save(peer); /* first, so that the next vgpud finds whatever was made */
        peer->listener = chroot_listen(&record->chroot, peer->options.path, uid,
                                       &error);
    }
    if (error) {
        cannot(peer, error);
        close_socket(peer);
    }
    if (peer->listener >= 0) {
        peer->source = g_unix_fd_add(peer->listener, G_IO_IN, on_listener,
                                     peer);
        g_printerr("vgpud: %s: QEMU %d can connect again from within %s\n",
                   peer->options.uuid, (int)record->qemu.pid,
                   record->chroot.name);
    }
}

/* ---- Looking --------------------------------------------------------------------------- */

static void start_to_look(Peer *peer);

static void qemu_has_ended(Peer *peer)
{
    close_socket(peer);
    peer->record.qemu = peer->next;
    memset(&peer->next, 0, sizeof(peer->next));
    peer->told = FALSE;
    save(peer);
}

static void orphan_has_ended(Peer *peer)
{
    say(peer, "the worker of an earlier vgpud has ended");
    peer->has_orphan = FALSE;
    peer->record.worker.pid = 0;
    save(peer);
}

/* Without a worker, what there is to be done for a QEMU. */
static void look_for_qemu(Peer *peer)
{
    Proc *qemu = &peer->record.qemu;

    if (qemu->pid && !proc_lives(qemu)) {
        qemu_has_ended(peer);
    }
    if (!qemu->pid && peer->options.roots &&
        note_find(peer->options.note, peer->options.roots, qemu)) {
        save(peer);
    }
    if (qemu->pid && peer->listener < 0 && peer->options.roots) {
        open_socket(peer);
    }
}

static gboolean look(gpointer data)
{
    Peer *peer = data;

    peer->timer = 0;
    if (peer->has_orphan && !proc_lives(&peer->record.worker)) {
        orphan_has_ended(peer);
    }
    if (!peer->has_orphan) {
        look_for_qemu(peer);
    }
    start_to_look(peer);
    return G_SOURCE_REMOVE;
}

static void start_to_look(Peer *peer)
{
    gboolean idle = !peer->has_orphan && !peer->record.qemu.pid;

    if (!peer->timer && (peer->has_orphan || peer->options.roots)) {
        peer->timer = g_timeout_add(idle ? PEER_IDLE_MS : PEER_LOOK_MS, look,
                                    peer);
    }
}

/* ---- What happens ---------------------------------------------------------------------- */

Peer *peer_new(const PeerOptions *options)
{
    Peer *peer = g_new0(Peer, 1);

    peer->options = *options;
    peer->options.uuid = g_strdup(options->uuid);
    peer->options.path = g_strdup(options->path);
    peer->options.record = g_strdup(options->record);
    peer->options.note = g_strdup(options->note);
    peer->listener = -1;
    record_read(options->record, &peer->record);
    peer->record.chroot.roots = options->roots;
    if (peer->record.worker.pid && proc_lives(&peer->record.worker)) {
        peer->has_orphan = TRUE;
        say(peer, "the worker of an earlier vgpud lives on");
    }
    if (peer->record.chroot.name && !proc_lives(&peer->record.qemu)) {
        close_socket(peer);
    }
    start_to_look(peer);
    return peer;
}

/* Who has connected as root is trusted for good: whoever starts QEMUs can do worse. What
 * may connect as somebody else's group could choose its root. */
void peer_came(Peer *peer, int connection)
{
    struct ucred who;
    socklen_t length = sizeof(who);
    Proc came;

    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &length) < 0 ||
        who.uid != 0 || !proc_find(who.pid, &came)) {
        return;
    }
    if (came.pid == peer->record.qemu.pid &&
        came.start == peer->record.qemu.start) {
        return;
    }
    peer->next = came;
    if (!peer->record.qemu.pid || !proc_lives(&peer->record.qemu)) {
        qemu_has_ended(peer);
    }
}

void peer_up(Peer *peer, pid_t worker)
{
    clear_source(&peer->timer);
    close_socket(peer);
    peer->has_orphan = FALSE;
    proc_find(worker, &peer->record.worker);
    save(peer);
}

void peer_down(Peer *peer)
{
    peer->record.worker.pid = 0;
    save(peer);
    start_to_look(peer);
}

gboolean peer_has_orphan(const Peer *peer)
{
    return peer->has_orphan && proc_lives(&peer->record.worker);
}

void peer_stop(Peer *peer)
{
    clear_source(&peer->timer);
    close_socket(peer);
    if (peer_has_orphan(peer)) {
        /* Its group, as that of any worker: with all that it has started. */
        kill(-peer->record.worker.pid, SIGKILL);
        peer->has_orphan = FALSE;
    }
    unlink(peer->options.record);
}

void peer_free(Peer *peer)
{
    g_free(peer->options.uuid);
    g_free(peer->options.path);
    g_free(peer->options.record);
    g_free(peer->options.note);
    g_free(peer);
}
