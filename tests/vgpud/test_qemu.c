/* SPDX-License-Identifier: MIT */
/*
 * All of the way but a guest's driver: a request in the memory of a machine, through
 * the device in its QEMU and the link to vgpud's worker, to OpenCL and back.
 */
#include "lib/queue.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpud/encode.h"

#define VM    "11111111-1111-4111-8111-111111111111"
#define COUNT 64u

/* Where the response goes, and its room. */
#define RESPONSE_AT (QUEUE_DATA + 0x10000)
#define ROOM        4096u

typedef struct Host {
    char *directory; /* with vms, run and cache in it */
    GPid vgpud;
    Queue queue;
} Host;

static char *place(const Host *host, const char *name)
{
    return g_build_filename(host->directory, name, NULL);
}

static void end_with_parent(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static bool start_vgpud(Host *host)
{
    static const char *const places[] = { "vms", "run", "cache" };
    g_autofree char *configuration = g_strdup_printf("%s/vms/" VM ".conf",
                                                     host->directory);
    g_autofree char *vms = place(host, "vms");
    g_autofree char *run = place(host, "run");
    g_autofree char *cache = place(host, "cache");
    char *argv[] = {
        (char *)g_getenv("VGPUD"),
        (char *)"--config-dir",
        vms,
        (char *)"--run-dir",
        run,
        (char *)"--cache-dir",
        cache,
        (char *)"--worker",
        (char *)g_getenv("VGPU_WORKER"),
        NULL,
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = place(host, places[i]);

        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    }
    g_assert_true(g_file_set_contents(configuration,
                                      "[vm]\npool=A\nbackend=opencl\n"
                                      "device=cpu\n",
                                      -1, NULL));
    g_assert_cmpint(g_chmod(configuration, 0644), ==, 0);
    return g_spawn_async(NULL, argv, NULL,
                         G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
                         end_with_parent, NULL, &host->vgpud, NULL);
}

static bool wait_for_socket(const char *path)
{
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);

    while (access(path, F_OK) != 0 && g_get_monotonic_time() < deadline) {
        g_usleep(1000);
    }
    return access(path, F_OK) == 0;
}

static bool start(Host *host)
{
    g_autofree char *path = NULL;
    g_autofree char *args = NULL;

    memset(host, 0, sizeof(*host));
    host->directory = g_dir_make_tmp("vgpu-XXXXXX", NULL);
    g_assert_cmpint(g_chmod(host->directory, 0755), ==, 0);
    path = g_strdup_printf("%s/run/" VM ".sock", host->directory);
    args = g_strdup_printf("-chardev socket,id=vgpu0,path=%s,reconnect=1",
                           path);
    g_assert_true(start_vgpud(host));
    return wait_for_socket(path) &&
           queue_start(&host->queue, args,
                       "pool_id=B,priority=high,vm_id=100,queues=2,"
                       "chardev=vgpu0") &&
           queue_wait_register(&host->queue, VGPU_REG_LINK, VGPU_LINK_UP);
}

static void stop(Host *host)
{
    const char *remove[] = { "rm", "-r", host->directory, NULL };
    int status;

    device_stop(&host->queue.d);
    kill(host->vgpud, SIGTERM);
    g_assert_cmpint(waitpid(host->vgpud, &status, 0), ==, host->vgpud);
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_spawn_sync(NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(host->directory);
}

/* ---- A guest's request ------------------------------------------------------------ */

static void submit(Host *host, const EncodeRun *run)
{
    g_autoptr(GByteArray) bytes = encode_run(run);
    struct vgpu_submission submission = {
        .opcode = VGPU_OP_REQUEST,
        .segments = 2,
        .segment = { { QUEUE_DATA, bytes->len, 0 },
                     { RESPONSE_AT, ROOM, VGPU_SEGMENT_WRITE } },
    };
    guint i;

    for (i = 0; i < bytes->len; i++) {
        qemu_write(host->queue.d.qemu, QUEUE_DATA + i, bytes->data[i], 1);
    }
    queue_submit(&host->queue, &submission);
}

static void read_response(Host *host, uint8_t response[ROOM])
{
    unsigned i;

    for (i = 0; i < host->queue.result && i < ROOM; i++) {
        response[i] = (uint8_t)qemu_read(host->queue.d.qemu, RESPONSE_AT + i,
                                         1);
    }
}

static EncodeRun add_run(const char *source, const EncodeArgument *argument)
{
    const EncodeRun run = {
        .source = source,
        .name = "add",
        .dimensions = 1,
        .global = { COUNT },
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

/* Adds two arrays, and looks at each sum. */
static void add(Host *host, int first)
{
    static uint8_t response[ROOM];
    int a[COUNT], b[COUNT], c[COUNT];
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(b), b },
        { VGPU_ARGUMENT_OUT, sizeof(c), NULL },
    };
    const EncodeRun run = add_run(good_source, argument);
    unsigned i;

    for (i = 0; i < COUNT; i++) {
        a[i] = first + (int)i;
        b[i] = 1000 * (int)i;
    }
    submit(host, &run);
    g_assert_cmpuint(queue_complete(&host->queue), ==, VGPU_DONE_OK);
    read_response(host, response);
    g_assert_cmpuint(RESPONSE(response, status), ==, VGPU_RESPONSE_OK);
    memcpy(c, response + VGPU_RESPONSE_SIZE, sizeof(c));
    for (i = 0; i < COUNT; i++) {
        g_assert_cmpint(c[i], ==, first + 1001 * (int)i);
    }
}

static void check_kernel(void)
{
    Host host;

    if (!start(&host)) {
        g_test_fail();
        return;
    }
    /* vgpud's word on the pool, the device's own on the rest. */
    g_assert_cmpuint(device_read(&host.queue.d, VGPU_REG_POOL), ==, 'A');
    g_assert_cmpuint(device_read(&host.queue.d, VGPU_REG_PRIORITY), ==, 2);
    add(&host, 5);
    add(&host, -7);
    stop(&host);
}

static void check_build_log(void)
{
    static uint8_t response[ROOM];
    int a[COUNT] = { 0 };
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_OUT, sizeof(a), NULL },
    };
    const EncodeRun run = add_run("kernel void add(vgpu_no_such_type x) {}\n",
                                  argument);
    g_autofree char *log = NULL;
    Host host;

    if (!start(&host)) {
        g_test_fail();
        return;
    }
    submit(&host, &run);
    g_assert_cmpuint(queue_complete(&host.queue), ==, VGPU_DONE_OK);
    read_response(&host, response);
    g_assert_cmpuint(RESPONSE(response, status), ==,
                     VGPU_RESPONSE_BUILD_FAILED);
    log = g_strndup((const char *)response + VGPU_RESPONSE_SIZE,
                    RESPONSE(response, data_bytes));
    g_assert_nonnull(strstr(log, "vgpu_no_such_type"));
    stop(&host);
}

/* A worker that dies in the middle of a kernel: told, replaced, and all is well. */
static void check_worker_dies(void)
{
    int a[COUNT] = { 0 };
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_OUT, sizeof(a), NULL },
    };
    /* PoCL runs a kernel in the worker itself. */
    const EncodeRun run = add_run(
        "kernel void add(global const int *a, global const int *b,\n"
        "                global int *c) {\n"
        "  *(volatile global int *)(size_t)(a[0] + 8) = 1;\n"
        "}\n",
        argument);
    Host host;

    if (!start(&host)) {
        g_test_fail();
        return;
    }
    submit(&host, &run);
    g_assert_cmpuint(queue_complete(&host.queue), ==, VGPU_DONE_LINK_LOST);
    queue_wait_register(&host.queue, VGPU_REG_LINK, VGPU_LINK_UP);
    add(&host, 3);
    stop(&host);
}

int main(int argc, char **argv)
{
    qemu_test_init(&argc, &argv);
    if (!g_getenv("VGPUD") || !g_getenv("VGPU_WORKER")) {
        printf("Bail out! $VGPUD and $VGPU_WORKER name the programs under "
               "test\n");
        return 1;
    }
    g_test_add_func("/qemu/kernel", check_kernel);
    g_test_add_func("/qemu/build-log", check_build_log);
    g_test_add_func("/qemu/worker-dies", check_worker_dies);
    return g_test_run();
}
