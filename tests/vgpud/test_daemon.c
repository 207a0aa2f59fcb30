/* SPDX-License-Identifier: MIT */
/* vgpud with real workers: VMs apart from each other, deaths, what files say, its end. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpu/regs.h"
#include "vgpud/encode.h"
#include "vgpud/process.h"

#define ONE "11111111-1111-4111-8111-111111111111"
#define TWO "22222222-2222-4222-8222-222222222222"

/* A vgpud with directories of its own. */
typedef struct Vgpud {
    pid_t pid;
    char *directory; /* with vms, run, cache and log in it */
} Vgpud;

static char *place(const Vgpud *vgpud, const char *name)
{
    return g_build_filename(vgpud->directory, name, NULL);
}

static void write_vm(const Vgpud *vgpud, const char *uuid, const char *keys)
{
    g_autofree char *path = g_strdup_printf("%s/vms/%s.conf", vgpud->directory,
                                            uuid);
    g_autofree char *text = g_strdup_printf("[vm]\n%s", keys);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(chmod(path, 0644), ==, 0);
}

static char *socket_path(const Vgpud *vgpud, const char *uuid)
{
    return g_strdup_printf("%s/run/%s.sock", vgpud->directory, uuid);
}

static char *read_log(const Vgpud *vgpud)
{
    g_autofree char *path = place(vgpud, "log");
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* Waits until the log has a text so many times. */
static void wait_for_log(const Vgpud *vgpud, const char *text, unsigned times)
{
    unsigned round;

    for (round = 0; round < 10000; round++) {
        g_autofree char *log = read_log(vgpud);
        const char *at = log;
        unsigned seen = 0;

        while ((at = strstr(at, text))) {
            at += strlen(text);
            seen++;
        }
        if (seen >= times) {
            return;
        }
        g_usleep(1000);
    }
    g_error("the log has no '%s'", text);
}

static void become_vgpud(const Vgpud *vgpud)
{
    g_autofree char *log = place(vgpud, "log");
    g_autofree char *vms = place(vgpud, "vms");
    g_autofree char *run = place(vgpud, "run");
    g_autofree char *cache = place(vgpud, "cache");
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

    dup2(fd, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* also when a test fails */
    execl(g_getenv("VGPUD"), "vgpud", "--config-dir", vms, "--run-dir", run,
          "--cache-dir", cache, "--worker", g_getenv("VGPU_WORKER"), NULL);
    _exit(127);
}

static void start_in(Vgpud *vgpud)
{
    vgpud->pid = fork();
    if (vgpud->pid == 0) {
        become_vgpud(vgpud);
    }
    g_usleep(1000);
}

static Vgpud vgpud_new(void)
{
    Vgpud vgpud = { 0, g_dir_make_tmp("vgpud-test-XXXXXX", NULL) };
    g_autofree char *vms = place(&vgpud, "vms");
    g_autofree char *log = place(&vgpud, "log");

    g_assert_cmpint(chmod(vgpud.directory, 0711), ==, 0);
    g_assert_cmpint(g_mkdir(vms, 0755), ==, 0);
    g_assert_true(g_file_set_contents(log, "", 0, NULL));
    return vgpud;
}

static Vgpud vgpud_start(const char *keys_of_one, const char *keys_of_two)
{
    Vgpud vgpud = vgpud_new();

    if (keys_of_one) {
        write_vm(&vgpud, ONE, keys_of_one);
    }
    if (keys_of_two) {
        write_vm(&vgpud, TWO, keys_of_two);
    }
    start_in(&vgpud);
    wait_for_log(&vgpud, " VMs\n", 1);
    return vgpud;
}

static void vgpud_end(Vgpud *vgpud)
{
    kill(vgpud->pid, SIGTERM);
    g_assert_cmpint(process_wait(vgpud->pid), ==, 0);
    directory_remove(vgpud->directory);
}

/* The worker of a VM, by its name; 0: there is none. */
static pid_t worker_of(const Vgpud *vgpud, const char *uuid)
{
    g_autofree char *name = g_strconcat("vgpu-worker-", uuid, NULL);
    g_autofree char *parent = g_strdup_printf("%d", (int)vgpud->pid);
    GDir *dir = g_dir_open("/proc", 0, NULL);
    const char *entry;
    pid_t found = 0;

    while (!found && (entry = g_dir_read_name(dir))) {
        g_autofree char *path = g_strdup_printf("/proc/%s/cmdline", entry);
        g_autofree char *line = NULL;
        g_autofree char *ppid = NULL;
        pid_t pid = (pid_t)g_ascii_strtoll(entry, NULL, 10);

        if (pid && g_file_get_contents(path, &line, NULL, NULL) &&
            strcmp(line, name) == 0) {
            ppid = process_status(pid, "PPid");
            found = strcmp(ppid, parent) == 0 ? pid : 0;
        }
    }
    g_dir_close(dir);
    return found;
}

static void dial(const Vgpud *vgpud, const char *uuid, Device *device)
{
    g_autofree char *path = socket_path(vgpud, uuid);

    device_init(device, device_dial(path));
    g_assert_cmpint(device->socket, >=, 0);
}

static void open_link(const Vgpud *vgpud, const char *uuid, Device *device)
{
    dial(vgpud, uuid, device);
    g_assert_true(device_connect(device));
}

static bool works(Device *device)
{
    struct vgpu_link_completion done;

    return device_call(device, "x", 1, 64, &done) != NULL;
}

/* ---- The tests -------------------------------------------------------------------------- */

static void check_two_vms(void)
{
    Vgpud vgpud = vgpud_start("backend=null\npool=B\npriority=high\nvm_id=9\n",
                              "backend=null\n");
    g_autofree char *uid_one = NULL;
    g_autofree char *uid_two = NULL;
    Device one, two;
    pid_t pid_one, pid_two;

    open_link(&vgpud, ONE, &one);
    open_link(&vgpud, TWO, &two);
    g_assert_cmphex(one.answer.pool, ==, VGPU_POOL_B);
    g_assert_cmpuint(one.answer.priority, ==, VGPU_PRIORITY_HIGH);
    g_assert_cmpuint(one.answer.vm_id, ==, 9);
    g_assert_cmpuint(two.answer.vm_id, ==, 7); /* the device's */
    pid_one = worker_of(&vgpud, ONE);
    pid_two = worker_of(&vgpud, TWO);
    g_assert_cmpint(pid_one, !=, 0);
    g_assert_cmpint(pid_two, !=, 0);
    g_assert_cmpint(pid_one, !=, pid_two);
    if (geteuid() == 0) {
        uid_one = process_status(pid_one, "Uid");
        uid_two = process_status(pid_two, "Uid");
        g_assert_cmpstr(uid_one, !=, uid_two);
    }
    kill(pid_one, SIGKILL);
    g_assert_true(device_sees_end(&one));
    g_assert_true(works(&two));
    device_close(&one);
    device_close(&two);
    vgpud_end(&vgpud);
}

static void check_second_connection(void)
{
    Vgpud vgpud = vgpud_start("backend=null\n", NULL);
    const struct vgpu_link_hello hello = device_hello();
    Device first, second;

    open_link(&vgpud, ONE, &first);
    dial(&vgpud, ONE, &second);
    device_send(&second, &hello, sizeof(hello));
    g_assert_cmpuint(device_receive(&second, &second.answer), ==, 0);
    g_assert_true(works(&first));
    wait_for_log(&vgpud, ONE ": a second connection is closed", 1);
    device_close(&second);
    device_close(&first);
    wait_for_log(&vgpud, "the device has gone", 1);
    open_link(&vgpud, ONE, &second);
    g_assert_true(works(&second));
    device_close(&second);
    vgpud_end(&vgpud);
}

/* Each death makes the next connection wait longer, and it comes all the same. */
static void check_crashes(void)
{
    Vgpud vgpud = vgpud_start("backend=null\n", NULL);
    unsigned i;

    for (i = 0; i < 4; i++) {
        gint64 start = g_get_monotonic_time();
        Device device;

        open_link(&vgpud, ONE, &device);
        g_assert_true(works(&device));
        if (i) {
            g_assert_cmpint(g_get_monotonic_time() - start, >,
                            (50000 << (i - 1)));
        }
        kill(worker_of(&vgpud, ONE), SIGKILL);
        g_assert_true(device_sees_end(&device));
        wait_for_log(&vgpud, "signal 9", i + 1);
        device_close(&device);
    }
    vgpud_end(&vgpud);
}

static void check_reload(void)
{
    Vgpud vgpud = vgpud_start("backend=null\npriority=low\n", NULL);
    g_autofree char *path = g_strdup_printf("%s/vms/" ONE ".conf",
                                            vgpud.directory);
    g_autofree char *one_socket = socket_path(&vgpud, ONE);
    struct vgpu_link_config message;
    Device one, two;

    open_link(&vgpud, ONE, &one);
    write_vm(&vgpud, ONE, "backend=null\npriority=high\npool=B\n");
    write_vm(&vgpud, TWO, "backend=null\n");
    kill(vgpud.pid, SIGHUP);
    g_assert_cmpuint(device_receive(&one, &message), ==, sizeof(message));
    g_assert_cmpuint(message.priority, ==, VGPU_PRIORITY_HIGH);
    g_assert_cmphex(message.pool, ==, VGPU_POOL_B);
    wait_for_log(&vgpud, "2 VMs\n", 1);
    open_link(&vgpud, TWO, &two);

    write_vm(&vgpud, ONE, "priority=urgent\n"); /* stays as it was */
    kill(vgpud.pid, SIGHUP);
    wait_for_log(&vgpud,
                 "priority=urgent is not allowed; allowed: 'low' "
                 "'medium' 'high': that VM has no accelerator",
                 1);
    g_assert_true(works(&one));

    g_assert_cmpint(g_unlink(path), ==, 0);
    kill(vgpud.pid, SIGHUP);
    g_assert_true(device_sees_end(&one));
    g_assert_false(g_file_test(one_socket, G_FILE_TEST_EXISTS));
    g_assert_true(works(&two));
    device_close(&one);
    device_close(&two);
    vgpud_end(&vgpud);
}

/* Also with a worker that is amid a job, and one that a connection waits behind. */
static void check_end(void)
{
    Vgpud vgpud = vgpud_start("backend=delay\ndelay_ms=60000\n",
                              "backend=null\n");
    g_autofree char *run = place(&vgpud, "run");
    Device one, two;
    pid_t pid_one, pid_two;
    const char *name;
    GDir *dir;

    open_link(&vgpud, ONE, &one);
    open_link(&vgpud, TWO, &two);
    device_submit(&one, 0, "x", 1, 64);
    pid_one = worker_of(&vgpud, ONE);
    pid_two = worker_of(&vgpud, TWO);
    kill(vgpud.pid, SIGTERM);
    g_assert_cmpint(process_wait(vgpud.pid), ==, 0);
    g_assert_cmpint(kill(pid_one, 0), ==, -1);
    g_assert_cmpint(kill(pid_two, 0), ==, -1);
    dir = g_dir_open(run, 0, NULL);
    while ((name = g_dir_read_name(dir))) {
        g_assert_cmpstr(name, ==, "vgpud.lock");
    }
    g_dir_close(dir);
    device_close(&one);
    device_close(&two);
    directory_remove(vgpud.directory);
}

/* What ignores that it is to end is killed, with all that it has started. */
static void check_stubborn(void)
{
    Vgpud vgpud = vgpud_new();
    g_autofree char *program = place(&vgpud, "worker");
    g_autofree char *before = g_strdup(g_getenv("VGPU_WORKER"));
    gint64 start;
    Device device;

    g_assert_true(g_file_set_contents(program,
                                      "#!/bin/sh\n"
                                      "trap '' TERM\n"
                                      "sleep 60 & sleep 60\n",
                                      -1, NULL));
    g_assert_cmpint(chmod(program, 0755), ==, 0);
    write_vm(&vgpud, ONE, "");
    g_setenv("VGPU_WORKER", program, TRUE);
    start_in(&vgpud);
    g_setenv("VGPU_WORKER", before, TRUE);
    wait_for_log(&vgpud, " VMs\n", 1);
    dial(&vgpud, ONE, &device);
    wait_for_log(&vgpud, "has its device", 1);
    g_usleep(100000);
    start = g_get_monotonic_time();
    kill(vgpud.pid, SIGTERM);
    g_assert_cmpint(process_wait(vgpud.pid), ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, >, 1500000);
    g_assert_true(device_sees_end(&device)); /* nobody has it any more */
    device_close(&device);
    directory_remove(vgpud.directory);
}

static void check_files(void)
{
    static const struct {
        const char *keys, *why;
    } cases[] = {
        { "pool=C\n", "pool=C is not allowed; allowed: 'A' 'B'" },
        { "vm_id=-1\n", "vm_id=-1 is not allowed; allowed: 0 to 4294967295" },
        { "delay_ms=x\n", "delay_ms=x is not allowed; allowed: milliseconds" },
        { "job_limit_ms=\n", "job_limit_ms= is not allowed" },
        { "backend=\n", "backend= is not allowed" },
        { "prioritty=low\n", "prioritty=low is not allowed; allowed: pool" },
        { "nonsense\n", "nonsense" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vgpud vgpud = vgpud_start(cases[i].keys, "backend=null\n");
        Device device;

        wait_for_log(&vgpud, cases[i].why, 1);
        open_link(&vgpud, TWO,
                  &device); /* the other one has nothing to do with it */
        device_close(&device);
        vgpud_end(&vgpud);
    }
}

static void check_file_owner(void)
{
    Vgpud vgpud = vgpud_new();
    g_autofree char *path = g_strdup_printf("%s/vms/" ONE ".conf",
                                            vgpud.directory);
    g_autofree char *name = g_strdup_printf("%s/vms/VM.conf", vgpud.directory);

    write_vm(&vgpud, ONE, "backend=null\n");
    g_assert_cmpint(chmod(path, 0666), ==, 0);
    g_assert_true(g_file_set_contents(name, "[vm]\n", -1, NULL));
    start_in(&vgpud);
    wait_for_log(&vgpud, "nobody else can write", 1);
    wait_for_log(&vgpud, "VM.conf: the name is not a VM's uuid", 1);
    wait_for_log(&vgpud, "vgpud: 0 VMs", 1);
    vgpud_end(&vgpud);
}

static void check_sockets(void)
{
    Vgpud vgpud = vgpud_start("backend=null\n", NULL);
    g_autofree char *path = socket_path(&vgpud, ONE);
    Vgpud second = { 0, vgpud.directory };
    struct stat info;
    Device device;

    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, 0600);
    start_in(&second);
    g_assert_cmpint(process_wait(second.pid), ==, 1);
    wait_for_log(&vgpud, "another vgpud serves", 1);
    kill(vgpud.pid, SIGKILL); /* leaves its socket */
    g_assert_cmpint(process_wait(vgpud.pid), ==, 256 + SIGKILL);
    start_in(&vgpud);
    wait_for_log(&vgpud, " VMs\n", 2);
    open_link(&vgpud, ONE, &device);
    g_assert_true(works(&device));
    device_close(&device);
    vgpud_end(&vgpud);
}

/* Workers and links outlive it. */
static void check_survives(void)
{
    Vgpud vgpud = vgpud_start("backend=null\n", NULL);
    Device device;

    open_link(&vgpud, ONE, &device);
    kill(vgpud.pid, SIGKILL);
    g_assert_cmpint(process_wait(vgpud.pid), ==, 256 + SIGKILL);
    g_assert_true(works(&device));
    device_close(&device);
    directory_remove(vgpud.directory);
}

/* The next vgpud knows of them: one link stays one, and the end is the end of all. */
static void check_successor(void)
{
    Vgpud vgpud = vgpud_start("backend=null\n", "backend=null\n");
    const struct vgpu_link_hello hello = device_hello();
    g_autofree char *path = g_strdup_printf("%s/vms/%s.conf", vgpud.directory,
                                            TWO);
    g_autofree char *two_socket = socket_path(&vgpud, TWO);
    g_autofree char *run = place(&vgpud, "run");
    Device one, two, second;
    const char *name;
    pid_t worker;
    GDir *dir;

    open_link(&vgpud, ONE, &one);
    open_link(&vgpud, TWO, &two);
    wait_for_log(&vgpud, " has its device", 2);
    worker = worker_of(&vgpud, ONE);
    g_assert_cmpint(worker, >, 0);
    kill(vgpud.pid, SIGKILL);
    g_assert_cmpint(process_wait(vgpud.pid), ==, 256 + SIGKILL);
    g_assert_cmpint(g_unlink(path), ==, 0);
    start_in(&vgpud);
    wait_for_log(&vgpud, " VMs\n", 2);
    wait_for_log(&vgpud, ONE ": the worker of an earlier vgpud lives on", 1);
    g_assert_true(device_sees_end(&two)); /* its file has gone meanwhile */
    g_assert_false(g_file_test(two_socket, G_FILE_TEST_EXISTS));
    device_close(&two);

    dial(&vgpud, ONE, &second);
    device_send(&second, &hello, sizeof(hello));
    g_assert_cmpuint(device_receive(&second, &second.answer), ==, 0);
    device_close(&second);
    wait_for_log(&vgpud, ONE ": a second connection is closed", 1);
    g_assert_true(works(&one));
    kill(worker, SIGKILL);
    g_assert_true(device_sees_end(&one));
    device_close(&one);
    wait_for_log(&vgpud, ONE ": the worker of an earlier vgpud has ended", 1);
    open_link(&vgpud, ONE, &one);
    wait_for_log(&vgpud, " has its device", 3);

    kill(vgpud.pid, SIGKILL);
    g_assert_cmpint(process_wait(vgpud.pid), ==, 256 + SIGKILL);
    start_in(&vgpud);
    wait_for_log(&vgpud, " VMs\n", 3);
    g_assert_true(works(&one));
    kill(vgpud.pid, SIGTERM);
    g_assert_cmpint(process_wait(vgpud.pid), ==, 0);
    g_assert_true(device_sees_end(&one));
    device_close(&one);
    dir = g_dir_open(run, 0, NULL);
    while ((name = g_dir_read_name(dir))) {
        g_assert_cmpstr(name, ==, "vgpud.lock");
    }
    g_dir_close(dir);
    directory_remove(vgpud.directory);
}

static char *receive_text(int fd)
{
    char text[64] = "";

    g_assert_cmpint(recv(fd, text, sizeof(text) - 1, 0), >, 0);
    return g_strdup(text);
}

static void check_notify(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const struct timeval limit = { 20, 0 };
    g_autofree char *directory = directory_new();
    g_autofree char *ready = NULL;
    g_autofree char *stopping = NULL;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    Vgpud vgpud;

    g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify",
               directory);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==,
                    0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    g_setenv("NOTIFY_SOCKET", address.sun_path, TRUE);
    vgpud = vgpud_start("backend=null\n", NULL);
    g_unsetenv("NOTIFY_SOCKET");
    ready = receive_text(fd);
    g_assert_cmpstr(ready, ==, "READY=1");
    vgpud_end(&vgpud);
    stopping = receive_text(fd);
    g_assert_cmpstr(stopping, ==, "STOPPING=1");
    close(fd);
    directory_remove(g_steal_pointer(&directory));
}

static void check_opencl(void)
{
    Vgpud vgpud = vgpud_start("device=cpu\n", NULL);
    const EncodeArgument argument[] = { { VGPU_ARGUMENT_OUT, 400, NULL } };
    const EncodeRun run = {
        .source = "kernel void k(global uint *x) {"
                  " x[get_global_id(0)] = 3 * get_global_id(0); }",
        .name = "k",
        .dimensions = 1,
        .global = { 100 },
        .argument = argument,
        .arguments = 1,
    };
    g_autoptr(GByteArray) bytes = encode_run(&run);
    struct vgpu_link_completion done;
    const uint8_t *response;
    Device device;
    unsigned i;

    open_link(&vgpud, ONE, &device);
    response = device_call(&device, bytes->data, bytes->len, 4096, &done);
    g_assert_nonnull(response);
    g_assert_cmpuint(RESPONSE(response, status), ==, VGPU_RESPONSE_OK);
    for (i = 0; i < 100; i++) {
        g_assert_cmpuint(response_get(response, 32 + (size_t)4 * i), ==,
                         (guint64)3 * i);
    }
    device_close(&device);
    vgpud_end(&vgpud);
}

static void ends_at_once(const char *words, int code, const char *text)
{
    g_autofree char *command = g_strdup_printf("%s %s", g_getenv("VGPUD"),
                                               words);
    g_autofree char *output = NULL;
    g_autofree char *errors = NULL;
    g_autofree char *both = NULL;
    int status;

    g_assert_true(
        g_spawn_command_line_sync(command, &output, &errors, &status, NULL));
    both = g_strconcat(output, errors, NULL);
    g_assert_cmpint(WEXITSTATUS(status), ==, code);
    g_assert_nonnull(strstr(both, text));
}

static void check_options(void)
{
    g_autofree char *directory = directory_new();
    g_autofree char *words = g_strdup_printf("--worker /bin/true --run-dir %s",
                                             directory);

    ends_at_once("--help", 0, "SIGHUP reads the files");
    ends_at_once("--version", 0, "vgpud ");
    ends_at_once("--nonsense", 1, "vgpud: Unknown option --nonsense");
    ends_at_once("word", 1, "vgpud: not an option: word");
    ends_at_once("--worker /nonexistent", 1,
                 "vgpud: /nonexistent: No such file");
    ends_at_once("--worker /bin/true --group no-such-group", 1,
                 "there is no group 'no-such-group'");
    ends_at_once("--worker /bin/true --run-dir /proc/x", 1, "vgpud: /proc/x: ");
    g_assert_cmpint(chmod(directory, 0777), ==, 0);
    ends_at_once(words, 1, "nobody else can write");
    directory_remove(g_steal_pointer(&directory));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/options", check_options);
    g_test_add_func("/daemon/two-vms", check_two_vms);
    g_test_add_func("/daemon/second-connection", check_second_connection);
    g_test_add_func("/daemon/crashes", check_crashes);
    g_test_add_func("/daemon/reload", check_reload);
    g_test_add_func("/daemon/end", check_end);
    g_test_add_func("/daemon/stubborn", check_stubborn);
    g_test_add_func("/daemon/files", check_files);
    g_test_add_func("/daemon/file-owner", check_file_owner);
    g_test_add_func("/daemon/sockets", check_sockets);
    g_test_add_func("/daemon/survives", check_survives);
    g_test_add_func("/daemon/successor", check_successor);
    g_test_add_func("/daemon/notify", check_notify);
    g_test_add_func("/daemon/opencl", check_opencl);
    return g_test_run();
}
