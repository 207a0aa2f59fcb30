/* SPDX-License-Identifier: MIT */
#include "vgpud/machine.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void machine_init(int *argc, char ***argv)
{
    qemu_test_init(argc, argv);
    if (!g_getenv("VGPUD") || !g_getenv("VGPU_WORKER")) {
        printf("Bail out! $VGPUD and $VGPU_WORKER name the programs under "
               "test\n");
        exit(1);
    }
}

/* ---- The host --------------------------------------------------------------------- */

char *host_place(const Host *host, const char *name)
{
    return g_build_filename(host->directory, name, NULL);
}

char *host_log(const Host *host)
{
    g_autofree char *path = host_place(host, "log");
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        text = g_strdup("");
    }
    return text;
}

static unsigned count(const char *text, const char *part)
{
    unsigned found = 0;

    while ((text = strstr(text, part))) {
        text += strlen(part);
        found++;
    }
    return found;
}

bool host_wait_log(const Host *host, const char *text, unsigned times)
{
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);
    g_autofree char *log = host_log(host);

    while (count(log, text) < times && g_get_monotonic_time() < deadline) {
        g_usleep(1000);
        g_free(log);
        log = host_log(host);
    }
    if (count(log, text) < times) {
        g_test_message("the log has no \"%s\", %u times: %s", text, times, log);
        g_test_fail();
        return false;
    }
    return true;
}

pid_t host_worker(const Host *host)
{
    g_autofree char *log = host_log(host);
    char *line = g_strrstr(log, " has its device\n");
    const char *number;

    if (!line) {
        return 0;
    }
    *line = '\0';
    number = strrchr(log, ' ');
    return number ? (pid_t)g_ascii_strtoll(number, NULL, 10) : 0;
}

char *host_chardev(const Host *host)
{
    return g_strdup_printf("-chardev socket,id=vgpu0,path=%s,reconnect=1",
                           host->socket);
}

static void become_vgpud(const Host *host)
{
    g_autofree char *vms = host_place(host, "vms");
    g_autofree char *run = host_place(host, "run");
    g_autofree char *cache = host_place(host, "cache");
    g_autofree char *roots = host_place(host, "roots");
    g_autofree char *log = host_place(host, "log");
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    dup2(fd, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* also when a test fails */
    execl(g_getenv("VGPUD"), "vgpud", "--config-dir", vms, "--run-dir", run,
          "--cache-dir", cache, "--chroot-dir", roots, "--worker",
          g_getenv("VGPU_WORKER"), host->group ? "--group" : NULL, host->group,
          NULL);
    _exit(127);
}

bool host_start_vgpud(Host *host)
{
    g_autofree char *log = host_log(host);

    host->vgpud = fork();
    if (host->vgpud == 0) {
        become_vgpud(host);
    }
    return host_wait_log(host, " VMs\n", count(log, " VMs\n") + 1);
}

bool host_start(Host *host, const char *uuid, const char *keys)
{
    static const char *const places[] = { "vms", "run", "cache", "roots" };
    g_autofree char *file = g_strdup_printf("vms/%s.conf", uuid);
    g_autofree char *text = g_strdup_printf("[vm]\n%s", keys);
    g_autofree char *configuration = NULL;
    size_t i;

    memset(host, 0, sizeof(*host));
    host->directory = g_dir_make_tmp("vgpu-XXXXXX", NULL);
    g_assert_cmpint(g_chmod(host->directory, 0755), ==, 0);
    host->socket = g_strdup_printf("%s/run/%s.sock", host->directory, uuid);
    for (i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = host_place(host, places[i]);

        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    }
    configuration = host_place(host, file);
    g_assert_true(g_file_set_contents(configuration, text, -1, NULL));
    g_assert_cmpint(g_chmod(configuration, 0644), ==, 0);
    return host_start_vgpud(host);
}

void host_stop(Host *host)
{
    const char *remove[] = { "rm", "-r", "--", host->directory, NULL };
    int status = -1;

    kill(host->vgpud, SIGTERM);
    g_assert_cmpint(waitpid(host->vgpud, &status, 0), ==, host->vgpud);
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_spawn_sync(NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(host->directory);
    g_free(host->socket);
}

/* ---- QEMU's process --------------------------------------------------------------- */

char *machine_proc(pid_t pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, name);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static bool has_words(pid_t pid, const char *text)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
    g_autofree char *words = NULL;
    gsize length = 0;

    return g_file_get_contents(path, &words, &length, NULL) &&
           memmem(words, length, text, strlen(text));
}

pid_t machine_pid(const char *text)
{
    g_autofree char *ours = g_strdup_printf("\nPPid:\t%d\n", (int)getpid());
    GDir *dir = g_dir_open("/proc", 0, NULL);
    const char *entry;
    pid_t found = 0;

    while (!found && (entry = g_dir_read_name(dir))) {
        pid_t pid = (pid_t)g_ascii_strtoll(entry, NULL, 10);
        g_autofree char *status = machine_proc(pid, "status");

        if (pid && strstr(status, ours) && has_words(pid, text)) {
            found = pid;
        }
    }
    g_dir_close(dir);
    return found;
}

/* The one of its descriptors that is the link's memory: a memfd of that size. */
static int open_link_memory(pid_t qemu)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int)qemu);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *entry;
    int found = -1;

    while (dir && found < 0 && (entry = g_dir_read_name(dir))) {
        g_autofree char *place = g_build_filename(path, entry, NULL);
        g_autofree char *target = g_file_read_link(place, NULL);
        struct stat info;

        if (target && g_str_has_prefix(target, "/memfd:") &&
            stat(place, &info) == 0 && info.st_size == VGPU_LINK_MEMORY_BYTES) {
            found = open(place, O_RDWR | O_CLOEXEC);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    return found;
}

const volatile struct vgpu_link_header *machine_map(pid_t qemu)
{
    int fd = open_link_memory(qemu);
    void *memory = mmap(NULL, VGPU_LINK_HEADER_SIZE, PROT_READ, MAP_SHARED, fd,
                        0);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

void machine_unmap(const volatile struct vgpu_link_header *header)
{
    munmap((void *)header, VGPU_LINK_HEADER_SIZE);
}

/* ---- A guest's request ------------------------------------------------------------ */

void machine_submit(Queue *queue, const void *bytes, unsigned length)
{
    const uint8_t *data = bytes;
    struct vgpu_submission submission = {
        .opcode = VGPU_OP_REQUEST,
        .segments = 2,
        .segment = { { QUEUE_DATA, length, 0 },
                     { MACHINE_RESPONSE_AT, MACHINE_ROOM,
                       VGPU_SEGMENT_WRITE } },
    };
    unsigned i;

    for (i = 0; i < length; i++) {
        qemu_write(queue->d.qemu, QUEUE_DATA + i, data[i], 1);
    }
    queue_submit(queue, &submission);
}

void machine_run(Queue *queue, const EncodeRun *run)
{
    g_autoptr(GByteArray) bytes = encode_run(run);

    machine_submit(queue, bytes->data, bytes->len);
}

void machine_read_response(Queue *queue, uint8_t response[MACHINE_ROOM])
{
    unsigned i;

    for (i = 0; i < queue->result && i < MACHINE_ROOM; i++) {
        response[i] = (uint8_t)qemu_read(queue->d.qemu, MACHINE_RESPONSE_AT + i,
                                         1);
    }
}

EncodeRun machine_add_run(const char *source, const EncodeArgument *argument)
{
    const EncodeRun run = {
        .source = source,
        .name = "add",
        .dimensions = 1,
        .global = { MACHINE_COUNT },
        .arguments = 3,
        .argument = argument,
    };

    return run;
}

static const char good_source[] = "kernel void add(global const int *a, global "
                                  "const int *b, global int *c) {\n"
                                  "  size_t i = get_global_id(0);\n"
                                  "  c[i] = a[i] + b[i];\n"
                                  "}\n";

void machine_add(Queue *queue, int first)
{
    static uint8_t response[MACHINE_ROOM];
    int a[MACHINE_COUNT], b[MACHINE_COUNT], c[MACHINE_COUNT];
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(b), b },
        { VGPU_ARGUMENT_OUT, sizeof(c), NULL },
    };
    const EncodeRun run = machine_add_run(good_source, argument);
    unsigned i;

    for (i = 0; i < MACHINE_COUNT; i++) {
        a[i] = first + (int)i;
        b[i] = 1000 * (int)i;
    }
    machine_run(queue, &run);
    memset(response, 0xff, sizeof(response));
    g_assert_cmpuint(queue_complete(queue), ==, VGPU_DONE_OK);
    machine_read_response(queue, response);
    g_assert_cmpuint(RESPONSE(response, status), ==, VGPU_RESPONSE_OK);
    memcpy(c, response + VGPU_RESPONSE_SIZE, sizeof(c));
    for (i = 0; i < MACHINE_COUNT && c[i] == first + 1001 * (int)i; i++) {
    }
    g_assert_cmpuint(i, ==, MACHINE_COUNT);
}
