/* SPDX-License-Identifier: MIT */
/* The backends that need no accelerator; the watchdog; what vgpud says while a worker
 * runs; and the worker's options. */
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vgpu/regs.h"
#include "vgpud/link.h"
#include "vgpud/process.h"
#include "vgpud/worker-exit.h"

static void check_null(void)
{
    static const char *const options[] = { "--backend", "null", NULL };
    g_autofree char *bytes = g_malloc0(VGPU_COMMAND_BYTES_MAX);
    struct vgpu_link_completion done;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    g_assert_nonnull(device_call(&device, "any", 3, 100, &done));
    g_assert_cmpuint(done.response_bytes, ==, 0);
    g_assert_nonnull(
        device_call(&device, bytes, VGPU_COMMAND_BYTES_MAX, 0, &done));
    g_assert_nonnull(
        device_call(&device, bytes, 0, VGPU_COMMAND_BYTES_MAX, &done));
    g_assert_nonnull(device_call(&device, bytes, 0, 0, &done));
    worker_close(&worker, &device);
}

static void check_error(void)
{
    static const char *const options[] = { "--backend", "error", NULL };
    struct vgpu_link_completion done;
    Worker worker;
    Device device;
    unsigned i;

    worker_start_open(&worker, &device, options);
    for (i = 0; i < 5; i++) {
        g_assert_null(device_call(&device, "any", 3, 100, &done));
        g_assert_cmpuint(done.status, ==, VGPU_LINK_DONE_FAILED);
        g_assert_cmpuint(done.response_bytes, ==, 0);
    }
    worker_close(&worker, &device);
}

static void check_delay(void)
{
    static const char *const options[] = { "--backend", "delay", "--delay",
                                           "150", NULL };
    struct vgpu_link_completion done;
    gint64 start;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    start = g_get_monotonic_time();
    g_assert_nonnull(device_call(&device, "any", 3, 100, &done));
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 150000);
    worker_close(&worker, &device);
}

/* No argument of a submission is assigned. */
static void check_argument(void)
{
    static const char *const options[] = { "--backend", "null", NULL };
    const struct vgpu_link_request entry = { .slot = 1, .argument = 1 };
    struct vgpu_link_completion done;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    device_put(&device, &entry);
    g_assert_true(device_wait(&device, &done));
    g_assert_cmpuint(done.slot, ==, 1);
    g_assert_cmpuint(done.status, ==, VGPU_LINK_DONE_FAILED);
    g_assert_nonnull(device_call(&device, "any", 3, 100, &done));
    worker_close(&worker, &device);
}

static void check_watchdog(void)
{
    static const char *const options[] = {
        "--backend", "delay", "--delay", "60000", "--job-limit", "200", NULL
    };
    struct vgpu_link_completion done;
    g_autofree char *errors = NULL;
    gint64 start = g_get_monotonic_time();
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    g_assert_null(device_call(&device, "any", 3, 100, &done));
    g_assert_true(device_sees_end(&device));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_TOO_LONG);
    g_assert_nonnull(strstr(errors, "longer than its limit"));
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10000000);
    device_close(&device);
}

/* It is the job that has the limit, not the worker. */
static void check_many_short_jobs(void)
{
    static const char *const options[] = {
        "--backend", "delay", "--delay", "100", "--job-limit", "1000", NULL
    };
    struct vgpu_link_completion done;
    Worker worker;
    Device device;
    unsigned i;

    worker_start_open(&worker, &device, options);
    for (i = 0; i < 15; i++) {
        g_assert_nonnull(device_call(&device, "any", 3, 100, &done));
    }
    worker_close(&worker, &device);
}

/* Nor does it run on while there is no job. */
static void check_idle(void)
{
    static const char *const options[] = { "--backend", "null", "--job-limit",
                                           "200", NULL };
    struct vgpu_link_completion done;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    g_assert_nonnull(device_call(&device, "any", 3, 100, &done));
    g_usleep(500000);
    g_assert_nonnull(device_call(&device, "any", 3, 100, &done));
    worker_close(&worker, &device);
}

static void check_config(void)
{
    static const char *const options[] = { "--backend", "null", NULL };
    const LinkConfig config = { .has_pool = true,
                                .pool = VGPU_POOL_B,
                                .has_priority = true };
    struct vgpu_link_completion done;
    struct vgpu_link_config message;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    g_assert_cmpint(send(worker.control, "bad", 3, 0), ==, 3); /* is ignored */
    g_assert_cmpint(send(worker.control, &config, sizeof(config), 0), ==,
                    sizeof(config));
    g_assert_cmpuint(device_receive(&device, &message), ==, sizeof(message));
    g_assert_cmpuint(message.head.type, ==, VGPU_LINK_CONFIG);
    g_assert_cmphex(message.pool, ==, VGPU_POOL_B);
    g_assert_cmpuint(message.priority, ==, VGPU_PRIORITY_LOW);
    g_assert_cmpuint(message.vm_id, ==, 7); /* the device's */
    shutdown(worker.control, SHUT_RDWR);    /* vgpud dies */
    g_assert_nonnull(device_call(&device, "any", 3, 100, &done));
    worker_close(&worker, &device);
}

static void check_options(void)
{
    static const char *const cases[][4] = {
        { "--pool", "C", "--pool does not take 'C'" },
        { "--priority", "1", "--priority does not take '1'" },
        { "--vm-id", "4294967296", "--vm-id does not take" },
        { "--vm-id", "-1", "--vm-id does not take" },
        { "--vm-id", "", "--vm-id does not take" },
        { "--backend", "cuda", "--backend does not take 'cuda'" },
        { "--delay", "1s", "--delay does not take" },
        { "--job-limit", "0", "--job-limit does not take" },
        { "--job-limit", "86400001", "--job-limit does not take" },
        { "--hello-limit", "x", "--hello-limit does not take" },
        { "--user", "65534", "--user does not take" },
        { "--user", "1:2:3", "--user does not take" },
        { "--socket", "1024", "--socket does not take" },
        { "word", NULL, "not an option: word" },
        { "--nonsense", NULL, "unrecognized option" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *errors = NULL;
        Worker worker;
        Device device;

        worker_start(&worker, &device,
                     (const char *[]){ cases[i][0], cases[i][1], NULL });
        g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_USAGE);
        g_assert_nonnull(strstr(errors, cases[i][2]));
        device_close(&device);
    }
}

static void check_help(void)
{
    static const char *const words[] = { "--help", "--version" };
    static const char *const texts[] = { "Usage: vgpu-worker", "vgpu-worker " };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *command = g_strdup_printf(
            "%s %s", g_getenv("VGPU_WORKER"), words[i]);
        g_autofree char *output = NULL;
        int status;

        g_assert_true(
            g_spawn_command_line_sync(command, &output, NULL, &status, NULL));
        g_assert_cmpint(status, ==, 0);
        g_assert_true(g_str_has_prefix(output, texts[i]));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backend/null", check_null);
    g_test_add_func("/backend/error", check_error);
    g_test_add_func("/backend/delay", check_delay);
    g_test_add_func("/backend/argument", check_argument);
    g_test_add_func("/backend/watchdog", check_watchdog);
    g_test_add_func("/backend/many-short-jobs", check_many_short_jobs);
    g_test_add_func("/backend/idle", check_idle);
    g_test_add_func("/backend/config", check_config);
    g_test_add_func("/backend/options", check_options);
    g_test_add_func("/backend/help", check_help);
    return g_test_run();
}
