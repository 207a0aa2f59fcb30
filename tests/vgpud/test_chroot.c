/* SPDX-License-Identifier: MIT */
/*
 * The link of a QEMU as it is on XCP-ng: locked into a directory, as a user of its
 * domain's, without a network, within its system call filter. It connects again from in
 * there; and what such a QEMU could do instead, were it hostile, leads nowhere.
 */
#include "vgpud/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpud/note.h"
#include "vgpud/peer.h"

#define VM    JAIL_VM
#define UID   JAIL_UID
#define OTHER (JAIL_UID + 1)
/* What is not to happen would happen within it. */
#define LOOK_US (1000ul * PEER_LOOK_MS)

#define KEYS "pool=A\nbackend=opencl\ndevice=cpu\n"

/* ---- The way it should be ------------------------------------------------------------ */

static void check_other_namespace(pid_t pid, const char *name)
{
    g_autofree char *its = g_strdup_printf("/proc/%d/ns/%s", (int)pid, name);
    g_autofree char *ours = g_strdup_printf("/proc/self/ns/%s", name);
    g_autofree char *its_target = g_file_read_link(its, NULL);
    g_autofree char *our_target = g_file_read_link(ours, NULL);

    g_assert_nonnull(its_target);
    g_assert_cmpstr(its_target, !=, our_target);
}

/* So that the tests below are about what they say. */
static void check_is_locked_in(const Jail *jail)
{
    g_autofree char *status = machine_proc(jail->qemu, "status");
    g_autofree char *network = machine_proc(jail->qemu, "net/dev");
    g_autofree char *link = g_strdup_printf("/proc/%d/root", (int)jail->qemu);
    g_autofree char *uid = g_strdup_printf("\nUid:\t%d\t%d\t%d\t%d\n", UID, UID,
                                           UID, UID);
    g_autofree char *gid = g_strdup_printf("\nGid:\t%d\t%d\t%d\t%d\n", UID, UID,
                                           UID, UID);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(network), "\n", -1);
    struct stat root, expected;

    g_assert_cmpint(stat(link, &root), ==, 0);
    g_assert_cmpint(stat(jail->root, &expected), ==, 0);
    g_assert_true(root.st_dev == expected.st_dev &&
                  root.st_ino == expected.st_ino);
    g_assert_nonnull(strstr(status, uid));
    g_assert_nonnull(strstr(status, gid));
    g_assert_nonnull(strstr(status, "\nCapEff:\t0000000000000000\n"));
    g_assert_nonnull(strstr(status, "\nSeccomp:\t2\n"));
    check_other_namespace(jail->qemu, "net");
    check_other_namespace(jail->qemu, "mnt");
    check_other_namespace(jail->qemu, "ipc");
    g_assert_cmpuint(g_strv_length(lines), ==, 3); /* two of a head, and lo */
}

static void check_reconnects(void)
{
    Jail jail;
    unsigned i;

    if (!jail_start(&jail, KEYS)) {
        g_test_fail();
        return;
    }
    check_is_locked_in(&jail);
    machine_add(&jail.queue, 1);
    jail_check_nothing_is_left(&jail);
    for (i = 1; i <= 3; i++) {
        jail_kill_worker(&jail);
        host_wait_log(&jail.host, "can connect again from within " JAIL_ROOT,
                      i);
        jail_wait_for_link(&jail, i + 1);
        machine_add(&jail.queue, 100 * (int)i);
        jail_check_nothing_is_left(&jail);
    }
    jail_stop(&jail);
}

/* vgpud dies, and a new one takes over: the link lives on, and can come back. */
static void check_vgpud_dies(void)
{
    Jail jail;

    if (!jail_start(&jail, KEYS)) {
        g_test_fail();
        return;
    }
    kill(jail.host.vgpud, SIGKILL);
    waitpid(jail.host.vgpud, NULL, 0);
    machine_add(&jail.queue, 1);
    host_start_vgpud(&jail.host);
    machine_add(&jail.queue, 2);
    g_assert_true(host_wait_log(
        &jail.host, VM ": the worker of an earlier vgpud lives on", 1));
    jail_check_nothing_is_left(&jail);
    jail_kill_worker(&jail);
    jail_wait_for_link(&jail, 2);
    machine_add(&jail.queue, 3);

    /* And once more while there is no link, but a socket in the root. */
    jail_hold_without_link(&jail);
    kill(jail.host.vgpud, SIGKILL);
    waitpid(jail.host.vgpud, NULL, 0);
    host_start_vgpud(&jail.host);
    kill(jail.qemu, SIGCONT);
    jail_wait_for_link(&jail, 3);
    machine_add(&jail.queue, 4);
    jail_check_nothing_is_left(&jail);
    jail_stop(&jail);
}

static void set_time(const char *path, time_t when)
{
    const struct timeval times[2] = { { when, 0 }, { when, 0 } };

    g_assert_cmpint(utimes(path, times), ==, 0);
}

/* Its first connection comes to nothing: there is no vgpud, or QEMU's thread that connects
 * is slower than the one that locks it in. The note is what is left, when it is of that
 * QEMU's start. */
static void check_late(void)
{
    g_autofree char *note = NULL;
    g_autofree char *uid = g_strdup_printf("\nUid:\t%d\t", UID);
    struct stat info;
    Jail jail;

    if (!jail_start_host(&jail, KEYS)) {
        g_test_fail();
        return;
    }
    kill(jail.host.vgpud, SIGTERM);
    waitpid(jail.host.vgpud, NULL, 0);
    if (jail_start_qemu(&jail)) {
        g_autofree char *status = machine_proc(jail.qemu, "status");

        g_assert_nonnull(strstr(status, uid));
        note = host_place(&jail.host, "run/" VM ".root");
        g_assert_cmpint(stat(note, &info), ==, 0);
        set_time(note, info.st_mtime - NOTE_SECONDS - 60);
        host_start_vgpud(&jail.host);
        g_usleep(2 * 1000ul * PEER_IDLE_MS);
        jail_check_nothing_is_left(&jail);
        set_time(note, info.st_mtime);
        jail_wait_for_link(&jail, 1);
        machine_add(&jail.queue, 1);
        jail_check_nothing_is_left(&jail);
    }
    jail_stop(&jail);
}

/* A second QEMU of the VM, as in a migration within the host: it gets the link when the
 * first one has gone, and that is when it is locked in already. */
static void check_next_qemu(void)
{
    Jail jail, next;

    if (!jail_start(&jail, KEYS)) {
        g_test_fail();
        return;
    }
    next = jail;
    next.root = jail_make_root(&jail.host, "root-next");
    if (jail_start_qemu(&next)) {
        machine_add(&jail.queue, 1);
        device_stop(&jail.queue.d);
        host_wait_log(&jail.host, "can connect again from within root-next", 1);
        jail_wait_for_link(&next, 2);
        machine_add(&next.queue, 2);
        jail_check_nothing_is_left(&jail);
        jail_check_nothing_is_left(&next);
        device_stop(&next.queue.d);
    }
    host_stop(&jail.host);
    g_free(next.root);
    g_free(jail.root);
}

/* The end of vgpud is the end of all, also of what it has not started itself. */
static void check_vgpud_ends(void)
{
    pid_t worker;
    Jail jail;

    if (!jail_start(&jail, "backend=null\n")) {
        g_test_fail();
        return;
    }
    kill(jail.host.vgpud, SIGKILL);
    waitpid(jail.host.vgpud, NULL, 0);
    host_start_vgpud(&jail.host);
    worker = host_worker(&jail.host);
    g_assert_cmpint(kill(worker, 0), ==, 0);
    kill(jail.host.vgpud, SIGTERM);
    waitpid(jail.host.vgpud, NULL, 0);
    queue_wait_register(&jail.queue, VGPU_REG_LINK, VGPU_LINK_DOWN);

    host_start_vgpud(&jail.host);
    device_stop(&jail.queue.d);
    jail.qemu = 0;
    if (jail_start_qemu(&jail)) {
        jail_wait_for_link(&jail, 2);
        jail_hold_without_link(&jail);
        kill(jail.qemu, SIGCONT);
    }
    jail_stop(&jail);
}

/* ---- What must not be ------------------------------------------------------------------ */

/* Connects as a user, within a root or not. Returns 0 or errno; the connection, if any,
 * is open until the process that has it, *holder, is killed. */
static int try_as(const char *root, uid_t uid, const char *path, pid_t *holder)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int answer[2], result = -1;

    g_assert_cmpint(pipe(answer), ==, 0);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    *holder = fork();
    if (*holder == 0) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        if ((root && (chroot(root) < 0 || chdir("/") < 0)) ||
            setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0) {
            _exit(1);
        }
        result = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0
                     ? errno
                     : 0;
        if (write(answer[1], &result, sizeof(result)) > 0) {
            pause();
        }
        _exit(1);
    }
    close(answer[1]);
    if (read(answer[0], &result, sizeof(result)) != (ssize_t)sizeof(result)) {
        result = -1;
    }
    close(answer[0]);
    return result;
}

static void end_holder(pid_t holder)
{
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
}

static int try_briefly(const char *root, uid_t uid, const char *path)
{
    pid_t holder;
    int result = try_as(root, uid, path, &holder);

    end_holder(holder);
    return result;
}

/* The sockets are for root, and for the user that this QEMU is. */
static void check_others(void)
{
    g_autofree char *inner = NULL;
    pid_t holder;
    Jail jail;

    if (!jail_start(&jail, KEYS)) {
        g_test_fail();
        return;
    }
    inner = jail_inner_socket(&jail);
    /* While it has a link: nobody from in there, and root is told that there is one. */
    g_assert_cmpint(try_briefly(jail.root, UID, jail.host.socket), ==, ENOENT);
    g_assert_cmpint(try_briefly(NULL, UID, jail.host.socket), ==, EACCES);
    g_assert_cmpint(try_briefly(NULL, 0, jail.host.socket), ==, 0);
    host_wait_log(&jail.host, "a second connection is closed", 1);

    jail_hold_without_link(&jail);
    g_assert_cmpint(try_briefly(jail.root, OTHER, jail.host.socket), ==,
                    EACCES);
    g_assert_cmpint(try_briefly(NULL, OTHER, inner), ==, EACCES);
    g_assert_cmpint(try_briefly(NULL, OTHER, jail.host.socket), ==, EACCES);
    /* What a hostile QEMU can have: the connection that is its own anyway, once. */
    g_assert_cmpint(try_as(jail.root, UID, jail.host.socket, &holder), ==, 0);
    host_wait_log(&jail.host, " has its device\n", 2);
    g_assert_cmpint(try_briefly(jail.root, UID, jail.host.socket), ==, ENOENT);
    kill(jail.qemu, SIGCONT);
    queue_wait_register(&jail.queue, VGPU_REG_LINK, VGPU_LINK_DOWN);
    end_holder(holder);
    jail_wait_for_link(&jail, 3);
    machine_add(&jail.queue, 1);
    jail_stop(&jail);
}

/* Its end takes the socket with it. */
static void check_qemu_ends(void)
{
    Jail jail;

    if (!jail_start(&jail, "backend=null\n")) {
        g_test_fail();
        return;
    }
    jail_hold_without_link(&jail);
    kill(jail.qemu, SIGKILL);
    jail_wait_until_nothing_is_left(&jail);
    qemu_stop(jail.queue.d.qemu, &(QemuResult){ 0 });

    /* And with its link up there never is one. */
    if (jail_start_qemu(&jail) && jail_wait_for_link(&jail, 2)) {
        kill(jail.qemu, SIGKILL);
        host_wait_log(&jail.host, "the device has gone", 1);
        g_usleep(2 * LOOK_US);
        jail_check_nothing_is_left(&jail);
    }
    qemu_stop(jail.queue.d.qemu, &(QemuResult){ 0 });

    /* And while there is no vgpud: the next one removes it. */
    if (jail_start_qemu(&jail) && jail_wait_for_link(&jail, 3)) {
        jail_hold_without_link(&jail);
        kill(jail.host.vgpud, SIGKILL);
        waitpid(jail.host.vgpud, NULL, 0);
        kill(jail.qemu, SIGKILL);
        qemu_stop(jail.queue.d.qemu, &(QemuResult){ 0 });
        host_start_vgpud(&jail.host);
        jail_wait_until_nothing_is_left(&jail);
    }
    host_stop(&jail.host);
    g_free(jail.root);
}

/* The file of the VM goes while its QEMU has no link. */
static void check_vm_goes(void)
{
    g_autofree char *file = NULL;
    Jail jail;

    if (!jail_start(&jail, "backend=null\n")) {
        g_test_fail();
        return;
    }
    file = host_place(&jail.host, "vms/" VM ".conf");
    jail_hold_without_link(&jail);
    g_assert_cmpint(g_unlink(file), ==, 0);
    kill(jail.host.vgpud, SIGHUP);
    jail_wait_until_nothing_is_left(&jail);
    kill(jail.qemu, SIGCONT);
    jail_stop(&jail);
}

/* ---- Traps in the root ----------------------------------------------------------------- */

/* A link in place of a directory: to the host's own, where the path goes on to the socket
 * that is root's. */
static void trap_link(const Jail *jail)
{
    g_autofree char *place = g_strconcat(jail->root, jail->host.directory,
                                         NULL);
    g_autofree char *above = g_path_get_dirname(place);

    g_assert_cmpint(g_mkdir_with_parents(above, 0755), ==, 0);
    g_assert_cmpint(symlink(jail->host.directory, place), ==, 0);
}

/* One of QEMU's own, which it could change while something is made in there. */
static void trap_directory(const Jail *jail)
{
    g_autofree char *above = g_path_get_dirname(jail->host.directory);
    g_autofree char *place = g_strconcat(jail->root, above, NULL);

    g_assert_cmpint(g_mkdir_with_parents(place, 0755), ==, 0);
    g_assert_cmpint(chown(place, UID, UID), ==, 0);
}

static void trap_root(const Jail *jail)
{
    g_assert_cmpint(chown(jail->root, UID, UID), ==, 0);
}

static void trap_root_for_all(const Jail *jail)
{
    g_assert_cmpint(chmod(jail->root, 0777), ==, 0);
}

/* Something else in place of the socket. */
static void trap_socket(const Jail *jail)
{
    g_autofree char *place = jail_inner_socket(jail);
    g_autofree char *directory = g_path_get_dirname(place);
    g_autofree char *victim = host_place(&jail->host, "victim");

    g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
    g_assert_true(g_file_set_contents(victim, "victim", -1, NULL));
    g_assert_cmpint(symlink(victim, place), ==, 0);
}

static void check_trap(gconstpointer data)
{
    void (*const *set)(const Jail *) = data;
    g_autofree char *victim = NULL;
    g_autofree char *text = NULL;
    struct stat before, after;
    Jail jail;

    if (!jail_start_host(&jail, "backend=null\n")) {
        g_test_fail();
        return;
    }
    (*set)(&jail);
    if (jail_start_qemu(&jail) && jail_wait_for_link(&jail, 1)) {
        g_assert_cmpint(lstat(jail.host.socket, &before), ==, 0);
        jail_kill_worker(&jail);
        host_wait_log(&jail.host, VM ": its QEMU cannot connect again: ", 1);
        g_assert_cmpuint(device_read(&jail.queue.d, VGPU_REG_LINK), ==,
                         VGPU_LINK_DOWN);
        g_assert_cmpint(lstat(jail.host.socket, &after), ==, 0);
        g_assert_cmpuint(before.st_ino, ==, after.st_ino);
        g_assert_cmpuint(after.st_uid, ==, 0);
        g_assert_cmpint(after.st_mode & 07777, ==, 0600);
        g_assert_cmpint(try_briefly(NULL, UID, jail.host.socket), ==, EACCES);
    }
    victim = host_place(&jail.host, "victim");
    if (g_file_get_contents(victim, &text, NULL, NULL)) {
        g_assert_cmpstr(text, ==, "victim");
        g_assert_cmpint(stat(victim, &after), ==, 0);
        g_assert_cmpuint(after.st_uid, ==, 0);
    }
    jail_stop(&jail);
}

/* A root that is not where roots are, whatever its name: the host's /etc could be one. */
static void check_elsewhere(void)
{
    g_autofree char *decoy = NULL;
    Jail jail;

    if (!jail_start_host(&jail, "backend=null\n")) {
        g_test_fail();
        return;
    }
    decoy = jail.root;
    jail.root = host_place(&jail.host, JAIL_ROOT);
    g_assert_cmpint(g_mkdir(jail.root, 0755), ==, 0);
    if (jail_start_qemu(&jail) && jail_wait_for_link(&jail, 1)) {
        jail_kill_worker(&jail);
        host_wait_log(&jail.host,
                      VM ": its QEMU cannot connect again: the root", 1);
        jail_check_nothing_is_left(&jail);
        jail_check_has_only_dev(decoy);
    }
    jail_stop(&jail);
}

/* In a child: connects as a user, goes into a root, as only root can, and becomes another
 * one. */
static void connect_and_go(const Jail *jail, const char *root, uid_t who,
                           uid_t uid)
{
    const gid_t gid = 65534;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, jail->host.socket, sizeof(address.sun_path));
    if (setgroups(1, &gid) == 0 && seteuid(who) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        seteuid(0) == 0 && chroot(root) == 0 && chdir("/") == 0 &&
        setresuid(uid, uid, uid) == 0) {
        pause();
    }
    _exit(1);
}

/* Of whom vgpud lets connect, only root is believed to be a QEMU: another user could
 * choose the root that vgpud is to make something in. */
static void check_group(void)
{
    g_autofree char *note = NULL;
    pid_t child;
    Jail jail;

    if (!jail_start_host(&jail, "backend=null\n")) {
        g_test_fail();
        return;
    }
    note = host_place(&jail.host, "run/" VM ".root");
    g_assert_cmpint(g_unlink(note), ==, 0);
    kill(jail.host.vgpud, SIGTERM);
    waitpid(jail.host.vgpud, NULL, 0);
    jail.host.group = "nogroup";
    host_start_vgpud(&jail.host);
    child = fork();
    if (child == 0) {
        connect_and_go(&jail, jail.root, OTHER, OTHER);
    }
    host_wait_log(&jail.host, " has its device\n", 1);
    jail_kill_worker(&jail);
    host_wait_log(&jail.host, "signal 9", 1);
    g_usleep(4 * LOOK_US); /* it would look meanwhile, more than once */
    jail_check_nothing_is_left(&jail);
    end_holder(child);
    host_stop(&jail.host);
    g_free(jail.root);
}

/* A connection that is refused is remembered, too: its process is the next QEMU, without a
 * note. */
static void check_next_connection(void)
{
    g_autofree char *next = NULL;
    pid_t child;
    Jail jail;

    if (!jail_start(&jail, "backend=null\n")) {
        g_test_fail();
        return;
    }
    next = jail_make_root(&jail.host, "root-next");
    jail_note(&jail.host, JAIL_ROOT);
    child = fork();
    if (child == 0) {
        connect_and_go(&jail, next, 0, UID);
    }
    host_wait_log(&jail.host, "a second connection is closed", 1);
    device_stop(&jail.queue.d);
    host_wait_log(&jail.host, "can connect again from within root-next", 1);
    end_holder(child);
    host_stop(&jail.host);
    g_free(jail.root);
}

/* ---- The suite ------------------------------------------------------------------------- */

/* NULL: it can be run; else what is missing. */
static const char *missing(void)
{
    const char *words[] = {
        "unshare", "--mount", "--ipc", "--net", "true", NULL
    };
    QemuResult result;
    int status = -1;
    bool has;

    if (geteuid() != 0) {
        return "it needs root, for a QEMU that becomes somebody else; run it "
               "as root";
    }
    if (!g_spawn_sync(NULL, (char **)words, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                      NULL, NULL, NULL, &status, NULL) ||
        status != 0) {
        return "`unshare --mount --ipc --net true` fails; it needs "
               "CAP_SYS_ADMIN";
    }
    qemu_run(&result, QUEUE_TIMEOUT_S,
             "-M none -display none -S -sandbox on -chroot /nonexistent");
    has = strstr(result.err, "chroot failed") != NULL;
    qemu_result_clear(&result);
    return has ? NULL
               : "this QEMU has no -sandbox and -chroot; build it with "
                 "libseccomp";
}

static void check_skipped(void)
{
    g_test_skip(missing());
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*set)(const Jail *);
    } traps[] = {
        { "link", trap_link },     { "directory", trap_directory },
        { "root", trap_root },     { "root-for-all", trap_root_for_all },
        { "socket", trap_socket },
    };
    size_t i;

    machine_init(&argc, &argv);
    if (missing()) {
        g_test_add_func("/chroot/skipped", check_skipped);
        return g_test_run();
    }
    g_test_add_func("/chroot/reconnects", check_reconnects);
    g_test_add_func("/chroot/late", check_late);
    g_test_add_func("/chroot/next-qemu", check_next_qemu);
    g_test_add_func("/chroot/vgpud-dies", check_vgpud_dies);
    g_test_add_func("/chroot/vgpud-ends", check_vgpud_ends);
    g_test_add_func("/chroot/others", check_others);
    g_test_add_func("/chroot/qemu-ends", check_qemu_ends);
    g_test_add_func("/chroot/vm-goes", check_vm_goes);
    for (i = 0; i < G_N_ELEMENTS(traps); i++) {
        g_autofree char *name = g_strconcat("/chroot/trap/", traps[i].name,
                                            NULL);

        g_test_add_data_func(name, &traps[i].set, check_trap);
    }
    g_test_add_func("/chroot/elsewhere", check_elsewhere);
    g_test_add_func("/chroot/group", check_group);
    g_test_add_func("/chroot/next-connection", check_next_connection);
    return g_test_run();
}
