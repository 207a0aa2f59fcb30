/* SPDX-License-Identifier: MIT */
/*
 * A machine moves from one host to another, each with a vgpud, while a request of its
 * guest is on its way; and one that stays after all.
 */
#include "vgpud/machine.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "vgpu/properties.h"

#define VM "319a7e00-0000-4000-8000-000000000001"

/* Longer than a migration takes, so that the request is on its way all the time. */
#define SLOW "backend=delay\ndelay_ms=2000\n"
#define FAST "pool=A\nbackend=opencl\ndevice=cpu\n"

/* What is in the place of the response before there is one. */
#define PATTERN 0x5a5a5a5a5a5a5a5aull

typedef struct Site {
    Host host;
    Queue queue;
    pid_t qemu;
    const volatile struct vgpu_link_header *link; /* NULL: not looked at yet */
} Site;

static const struct vgpu_link_header *link_of(Site *site)
{
    if (!site->link) {
        site->qemu = machine_pid(site->host.socket);
        site->link = machine_map(site->qemu);
    }
    return (const struct vgpu_link_header *)site->link;
}

/* Waits for a count of the link's. */
static bool wait_for_count(const uint32_t *count, uint32_t value)
{
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);

    while (*(const volatile uint32_t *)count != value &&
           g_get_monotonic_time() < deadline) {
        g_usleep(1000);
    }
    g_assert_cmpuint(*(const volatile uint32_t *)count, ==, value);
    return *(const volatile uint32_t *)count == value;
}

static bool wait_for_link(Site *site)
{
    return queue_wait_register(&site->queue, VGPU_REG_LINK, VGPU_LINK_UP);
}

static bool start(Site *site, const char *keys)
{
    g_autofree char *chardev = NULL;

    memset(site, 0, sizeof(*site));
    if (!host_start(&site->host, VM, keys)) {
        return false;
    }
    chardev = host_chardev(&site->host);
    return queue_start(&site->queue, chardev, MACHINE_PROPERTIES) &&
           wait_for_link(site) && link_of(site);
}

/* A QEMU that waits for the state of another one, which source's addresses are of. */
static bool start_incoming(Site *site, const char *keys, const char *properties,
                           const Site *source, const char *path)
{
    g_autofree char *chardev = NULL;
    g_autofree char *args = NULL;

    memset(site, 0, sizeof(*site));
    if (!host_start(&site->host, VM, keys)) {
        return false;
    }
    chardev = host_chardev(&site->host);
    args = g_strdup_printf("-M pc %s -device " VGPU_DEVICE_NAME
                           ",%s -incoming unix:%s",
                           chardev, properties, path);
    site->queue = source->queue;
    site->queue.d.qemu = qemu_start(args);
    return site->queue.d.qemu != NULL;
}

static void stop(Site *site)
{
    if (site->link) {
        machine_unmap(site->link);
    }
    device_stop(&site->queue.d);
    host_stop(&site->host);
}

/* ---- Migrations ---------------------------------------------------------------------- */

/* Waits until a query's status is, or is no longer, one. */
static bool has_status(Qemu *qemu, const char *query, const char *wanted,
                       bool is)
{
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);

    while (qemu_alive(qemu) && g_get_monotonic_time() < deadline) {
        g_autoptr(JsonNode) node = qemu_qmp(qemu, "{'execute': '%s'}", query);
        const char *status = json_object_get_string_member_with_default(
            json_node_get_object(node), "status", "none");

        if ((strcmp(status, wanted) == 0) == is) {
            return true;
        }
        g_usleep(5000);
    }
    g_test_message("%s: no end of waiting for %s", query, wanted);
    g_test_fail();
    return false;
}

static void migrate(Site *source, const char *path)
{
    qemu_do(source->queue.d.qemu,
            "{'execute': 'migrate', 'arguments': {'uri': 'unix:%s'}}", path);
}

/* Submits a request that is answered later, and sees it on its way. */
static void submit_slow(Site *site)
{
    qemu_write(site->queue.d.qemu, MACHINE_RESPONSE_AT, PATTERN, 8);
    machine_submit(&site->queue, "x", 1);
    wait_for_count(&link_of(site)->requests, 1);
    g_assert_cmpuint(link_of(site)->completions, ==, 0);
}

/* The worker has answered, and the stopped machine is as it was. */
static void check_answer_is_parked(Site *site)
{
    wait_for_count(&link_of(site)->completions, 1);
    queue_settle(&site->queue);
    g_assert_false(queue_is_completed(&site->queue));
    g_assert_cmphex(qemu_read(site->queue.d.qemu, MACHINE_RESPONSE_AT, 8), ==,
                    PATTERN);
}

static void check_moves(void)
{
    Site source, target;
    g_autofree char *path = NULL;
    g_autofree char *chardev = NULL;

    if (!start(&source, SLOW)) {
        g_test_fail();
        return;
    }
    path = host_place(&source.host, "migration");
    if (start_incoming(&target, FAST, MACHINE_PROPERTIES, &source, path)) {
        submit_slow(&source);
        target.queue.head = source.queue.head;
        migrate(&source, path);
        has_status(source.queue.d.qemu, "query-migrate", "completed", true);
        has_status(target.queue.d.qemu, "query-status", "inmigrate", false);
        /* Before the answer was there: this is what the test is about. */
        g_assert_cmpuint(link_of(&source)->completions, ==, 0);
        g_assert_false(queue_is_completed(&target.queue));

        qemu_do(target.queue.d.qemu, "{'execute': 'cont'}");
        g_assert_cmpuint(queue_complete(&target.queue), ==,
                         VGPU_DONE_LINK_LOST);
        g_assert_cmpuint(target.queue.result, ==, 0);
        g_assert_cmphex(qemu_read(target.queue.d.qemu, MACHINE_RESPONSE_AT, 8),
                        ==, PATTERN);
        wait_for_link(&target);
        g_assert_cmpuint(device_read(&target.queue.d, VGPU_REG_POOL), ==, 'A');
        machine_add(&target.queue, 5);

        check_answer_is_parked(&source);
    }
    /* The end of the source leaves its host free for the VM's return. */
    machine_unmap(source.link);
    source.link = NULL;
    device_stop(&source.queue.d);
    host_wait_log(&source.host, "the device has gone", 1);
    chardev = host_chardev(&source.host);
    if (queue_start(&source.queue, chardev, MACHINE_PROPERTIES)) {
        wait_for_link(&source);
    }
    stop(&source);
    stop(&target);
}

/* Cancelled while the machine runs: nothing has happened. */
static void check_cancelled(void)
{
    Site source, target;
    g_autofree char *path = NULL;

    if (!start(&source, SLOW)) {
        g_test_fail();
        return;
    }
    path = host_place(&source.host, "migration");
    if (start_incoming(&target, FAST, MACHINE_PROPERTIES, &source, path)) {
        qemu_do(source.queue.d.qemu, "{'execute': 'migrate-set-parameters',"
                                     " 'arguments': {'max-bandwidth': 4096}}");
        submit_slow(&source);
        migrate(&source, path);
        has_status(source.queue.d.qemu, "query-migrate", "active", true);
        qemu_do(source.queue.d.qemu, "{'execute': 'migrate_cancel'}");
        has_status(source.queue.d.qemu, "query-migrate", "cancelled", true);
        g_assert_cmpuint(queue_complete(&source.queue), ==, VGPU_DONE_OK);
        g_assert_cmpuint(device_read(&source.queue.d, VGPU_REG_LINK), ==,
                         VGPU_LINK_UP);
        g_assert_cmpuint(link_of(&source)->completions, ==, 1);
        qemu_stop(target.queue.d.qemu, &(QemuResult){ 0 });
        host_stop(&target.host);
    }
    stop(&source);
}

static bool wait_for_end(Qemu *qemu)
{
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);

    while (qemu_alive(qemu) && g_get_monotonic_time() < deadline) {
        g_usleep(5000);
    }
    return !qemu_alive(qemu);
}

/* The destination does not take the state, all of which the source has sent: the source
 * goes on, by itself or told to. */
static void check_refused(void)
{
    QemuResult result = { 0 };
    Site source, target;
    g_autofree char *path = NULL;

    if (!start(&source, SLOW)) {
        g_test_fail();
        return;
    }
    path = host_place(&source.host, "migration");
    if (start_incoming(&target, FAST,
                       "pool_id=B,priority=high,vm_id=100,queues=1,"
                       "chardev=vgpu0",
                       &source, path)) {
        submit_slow(&source);
        migrate(&source, path);
        g_assert_true(wait_for_end(target.queue.d.qemu));
        qemu_stop(target.queue.d.qemu, &result);
        g_assert_cmpint(result.exit_status, >, 0);
        g_assert_nonnull(strstr(result.err, VGPU_DEVICE_NAME));
        has_status(source.queue.d.qemu, "query-migrate", "active", false);
        qemu_do(source.queue.d.qemu, "{'execute': 'cont'}");
        g_assert_cmpuint(queue_complete(&source.queue), ==, VGPU_DONE_OK);
        g_assert_cmpuint(device_read(&source.queue.d, VGPU_REG_LINK), ==,
                         VGPU_LINK_UP);
        qemu_result_clear(&result);
        host_stop(&target.host);
    }
    stop(&source);
}

/* A kernel's results come to a machine that has stopped meanwhile, and nowhere to go: they
 * are in its memory when it runs again, and not before. */
static void check_failed(void)
{
    static uint8_t response[MACHINE_ROOM];
    int a[MACHINE_COUNT] = { 0 }, sum[MACHINE_COUNT];
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_OUT, sizeof(a), NULL },
    };
    const EncodeRun run = machine_add_run(
        "kernel void add(global const int *a, global const int *b,\n"
        "                global int *c) {\n"
        "  c[get_global_id(0)] = 3 * (int)get_global_id(0);\n"
        "}\n",
        argument);
    Site site;
    int i;

    if (!start(&site, FAST)) {
        g_test_fail();
        return;
    }
    qemu_write(site.queue.d.qemu, MACHINE_RESPONSE_AT, PATTERN, 8);
    machine_run(&site.queue, &run);
    wait_for_count(&link_of(&site)->requests, 1);
    qemu_do(site.queue.d.qemu, "{'execute': 'stop'}");
    check_answer_is_parked(&site);
    migrate(&site, "/nonexistent/socket");
    has_status(site.queue.d.qemu, "query-migrate", "failed", true);
    check_answer_is_parked(&site);
    qemu_do(site.queue.d.qemu, "{'execute': 'cont'}");
    g_assert_cmpuint(queue_complete(&site.queue), ==, VGPU_DONE_OK);
    machine_read_response(&site.queue, response);
    g_assert_cmpuint(RESPONSE(response, status), ==, VGPU_RESPONSE_OK);
    memcpy(sum, response + VGPU_RESPONSE_SIZE, sizeof(sum));
    for (i = 0; i < (int)MACHINE_COUNT; i++) {
        g_assert_cmpint(sum[i], ==, (gint64)3 * i);
    }
    machine_add(&site.queue, 9);
    stop(&site);
}

int main(int argc, char **argv)
{
    machine_init(&argc, &argv);
    g_test_add_func("/migrate-link/moves", check_moves);
    g_test_add_func("/migrate-link/cancelled", check_cancelled);
    g_test_add_func("/migrate-link/refused", check_refused);
    g_test_add_func("/migrate-link/failed", check_failed);
    return g_test_run();
}
