/* SPDX-License-Identifier: MIT */
/*
 * The link of a device in QEMU to its worker, which the test plays: right ones,
 * and each way to be a wrong one. Whatever it does, the VM runs on and its driver
 * is told.
 */
#include "lib/queue.h"
#include "lib/worker.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vgpu/properties.h"

#define SAMPLE "pool_id=B,priority=high,vm_id=100,queues=2,chardev=vgpu0"

typedef struct Link {
    Queue queue;
    Worker worker;
} Link;

/* A machine whose device looks for the test's worker, again and again. */
static bool start(Link *link)
{
    g_autofree char *args = NULL;

    worker_init(&link->worker);
    args = g_strdup_printf("-chardev "
                           "socket,id=vgpu0,path=%s,reconnect=1",
                           link->worker.path);
    if (!queue_start(&link->queue, args, SAMPLE)) {
        worker_clear(&link->worker);
        return false;
    }
    return true;
}

static bool start_up(Link *link)
{
    return start(link) && worker_connect(&link->worker) &&
           queue_wait_register(&link->queue, VGPU_REG_LINK, VGPU_LINK_UP);
}

static void stop(Link *link)
{
    device_stop(&link->queue.d);
    worker_clear(&link->worker);
}

/* 8 bytes to read and 16 to write. */
static void submit_request(Link *link)
{
    struct vgpu_submission submission = {
        .opcode = VGPU_OP_REQUEST,
        .segments = 2,
        .argument = 0x1122334455667788,
        .segment = { { QUEUE_DATA, 8, 0 },
                     { QUEUE_DATA + 0x100, 16, VGPU_SEGMENT_WRITE } },
    };

    queue_submit(&link->queue, &submission);
}

static bool is_down(Link *link)
{
    return queue_wait_register(&link->queue, VGPU_REG_LINK, VGPU_LINK_DOWN);
}

/* ---- A good worker --------------------------------------------------------------- */

static void check_none(void)
{
    Queue queue;
    struct vgpu_submission submission = { .opcode = VGPU_OP_REQUEST };

    if (queue_start(&queue, "", "queues=2")) {
        g_assert_cmpuint(device_read(&queue.d, VGPU_REG_LINK), ==,
                         VGPU_LINK_NONE);
        queue_submit(&queue, &submission);
        g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_NO_BACKEND);
        device_stop(&queue.d);
    }
}

/* It is not used, and the VM starts all the same. */
static void check_without_queues(void)
{
    QemuResult result;
    Qemu *qemu = qemu_start("-M pc -chardev null,id=c "
                            "-device " VGPU_DEVICE_NAME ",chardev=c");

    if (qemu) {
        qemu_stop(qemu, &result);
        g_assert_cmpint(result.exit_status, ==, 0);
        g_assert_nonnull(
            strstr(result.err, "chardev is not used without queues"));
        qemu_result_clear(&result);
    }
}

static void check_hello(void)
{
    struct vgpu_link_hello hello;
    Link link;

    if (!start(&link)) {
        return;
    }
    g_assert_cmpuint(device_read(&link.queue.d, VGPU_REG_LINK), ==,
                     VGPU_LINK_DOWN);
    if (worker_accept(&link.worker, &hello)) {
        g_assert_cmpuint(hello.pool, ==, 'B');
        g_assert_cmpuint(hello.priority, ==, 2);
        g_assert_cmpuint(hello.vm_id, ==, 100);
        g_assert_cmpuint(hello.queues, ==, 2);
        g_assert_cmpuint(hello.command_bytes_max, ==, 0x100000);
    }
    stop(&link);
}

static void answer_request(Link *link, uint32_t status)
{
    struct vgpu_link_completion done = { .status = status };
    struct vgpu_link_request request;

    if (!worker_take(&link->worker, &request)) {
        return;
    }
    g_assert_cmpuint(request.slot, <, VGPU_LINK_SLOTS);
    g_assert_cmpuint(request.request_bytes, ==, 8);
    g_assert_cmpuint(request.response_bytes, ==, 16);
    g_assert_cmphex(request.argument, ==, 0x1122334455667788);
    g_assert_cmpmem(worker_slot(&link->worker, request.slot), 8, "question", 8);
    done.slot = request.slot;
    if (status == VGPU_LINK_DONE_OK) {
        done.response_bytes = 6;
        memcpy(worker_slot(&link->worker, request.slot) + 64, "answer", 6);
    }
    worker_done(&link->worker, &done);
}

static void check_request(void)
{
    unsigned i;
    Link link;

    if (!start_up(&link)) {
        return;
    }
    qemu_write(link.queue.d.qemu, QUEUE_DATA, 0x6e6f697473657571, 8);
    /* More than the link has slots. */
    for (i = 0; i < 2 * VGPU_LINK_SLOTS + 1; i++) {
        qemu_write(link.queue.d.qemu, QUEUE_DATA + 0x100, 0, 8);
        submit_request(&link);
        answer_request(&link, VGPU_LINK_DONE_OK);
        g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_OK);
        g_assert_cmpuint(link.queue.result, ==, 6);
        g_assert_cmphex(qemu_read(link.queue.d.qemu, QUEUE_DATA + 0x100, 8), ==,
                        0x0000726577736e61);
    }
    submit_request(&link);
    answer_request(&link, VGPU_LINK_DONE_FAILED);
    g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_BACKEND_FAILED);
    g_assert_cmpuint(link.queue.result, ==, 0);
    stop(&link);
}

static void check_configuration(void)
{
    const struct vgpu_link_config config = {
        .head = { .magic = VGPU_LINK_MAGIC,
                  .major = VGPU_LINK_MAJOR,
                  .type = VGPU_LINK_CONFIG },
        .pool = 'A',
        .priority = 0,
        .vm_id = 7,
    };
    uint32_t generation;
    Link link;

    if (!start_up(&link)) {
        return;
    }
    generation = device_read(&link.queue.d, VGPU_REG_GENERATION);
    worker_send(&link.worker, &config, sizeof(config), NULL, 0);
    queue_wait_register(&link.queue, VGPU_REG_POOL, 'A');
    g_assert_cmpuint(device_read(&link.queue.d, VGPU_REG_PRIORITY), ==, 0);
    g_assert_cmpuint(device_read(&link.queue.d, VGPU_REG_VM_ID), ==, 7);
    g_assert_cmpuint(device_read(&link.queue.d, VGPU_REG_GENERATION), ==,
                     generation + 1);
    g_assert_cmphex(device_read(&link.queue.d, VGPU_REG_INTERRUPT) &
                        VGPU_INTERRUPT_CONFIG,
                    !=, 0);
    stop(&link);
}

/* ---- One that dies ------------------------------------------------------------------ */

static void check_lost(void)
{
    struct vgpu_link_request request;
    Link link;

    if (!start_up(&link)) {
        return;
    }
    submit_request(&link);
    submit_request(&link);
    worker_take(&link.worker, &request);
    worker_hang_up(&link.worker);
    g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_LINK_LOST);
    g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_LINK_LOST);
    is_down(&link);
    submit_request(&link);
    g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_NO_BACKEND);
    stop(&link);
}

static void check_comes_back(void)
{
    Link link;
    int i;

    if (!start_up(&link)) {
        return;
    }
    qemu_write(link.queue.d.qemu, QUEUE_DATA, 0x6e6f697473657571, 8);
    for (i = 0; i < 3; i++) {
        worker_hang_up(&link.worker);
        is_down(&link);
        memset(link.worker.memory, 0, VGPU_LINK_SLOTS_AT);
        link.worker.taken = 0;
        g_assert_true(worker_connect(&link.worker));
        queue_wait_register(&link.queue, VGPU_REG_LINK, VGPU_LINK_UP);
        submit_request(&link);
        answer_request(&link, VGPU_LINK_DONE_OK);
        g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_OK);
    }
    stop(&link);
}

/* ---- One that lies -------------------------------------------------------------------- */

/* Sends an answer that must not be taken; the device then hangs up, which it tells
 * by a new hello. */
static void refused(Link *link, const struct vgpu_link_answer *answer,
                    size_t size, const int *fds, unsigned count)
{
    struct vgpu_link_hello hello;

    worker_send(&link->worker, answer, size, fds, count);
    if (size < sizeof(*answer)) {
        worker_hang_up(&link->worker);
    }
    g_assert_true(worker_accept(&link->worker, &hello));
    g_assert_cmpuint(device_read(&link->queue.d, VGPU_REG_LINK), ==,
                     VGPU_LINK_DOWN);
    g_assert_cmpuint(device_read(&link->queue.d, VGPU_REG_STATE), ==,
                     VGPU_STATE_RUNNING);
}

static void refused_memory(Link *link, const struct vgpu_link_answer *answer,
                           size_t size, unsigned seals)
{
    int fds[VGPU_LINK_DESCRIPTORS];

    memcpy(fds, link->worker.fd, sizeof(fds));
    fds[VGPU_LINK_FD_MEMORY] = worker_memory(size, seals);
    refused(link, answer, sizeof(*answer), fds, VGPU_LINK_DESCRIPTORS);
    close(fds[VGPU_LINK_FD_MEMORY]);
}

static void check_wrong_answers(void)
{
    static const size_t fields[] = {
        offsetof(struct vgpu_link_answer, head.magic),
        offsetof(struct vgpu_link_answer, head.major),
        offsetof(struct vgpu_link_answer, head.type),
        offsetof(struct vgpu_link_answer, head.status),
        offsetof(struct vgpu_link_answer, pool),
        offsetof(struct vgpu_link_answer, priority),
        offsetof(struct vgpu_link_answer, slots),
        offsetof(struct vgpu_link_answer, slot_bytes),
        offsetof(struct vgpu_link_answer, memory_bytes),
        offsetof(struct vgpu_link_answer, reserved[0]),
        offsetof(struct vgpu_link_answer, reserved[5]),
    };
    struct vgpu_link_hello hello;
    struct vgpu_link_answer good;
    size_t i;
    Link link;

    if (!start(&link) || !worker_accept(&link.worker, &hello)) {
        return;
    }
    good = worker_answer(&hello);
    for (i = 0; i < G_N_ELEMENTS(fields); i++) {
        struct vgpu_link_answer wrong = good;

        ((uint8_t *)&wrong)[fields[i]] ^= 0x40;
        refused(&link, &wrong, sizeof(wrong), link.worker.fd,
                VGPU_LINK_DESCRIPTORS);
    }
    stop(&link);
}

static void check_wrong_descriptors(void)
{
    const unsigned seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
    struct vgpu_link_hello hello;
    struct vgpu_link_answer good;
    int files[VGPU_LINK_DESCRIPTORS];
    unsigned i;
    Link link;

    if (!start(&link) || !worker_accept(&link.worker, &hello)) {
        return;
    }
    good = worker_answer(&hello);
    refused(&link, &good, sizeof(good), NULL, 0);
    refused(&link, &good, sizeof(good), link.worker.fd, 1);
    refused(&link, &good, sizeof(good), link.worker.fd, 2);
    refused_memory(&link, &good, VGPU_LINK_MEMORY_BYTES, 0);
    refused_memory(&link, &good, VGPU_LINK_MEMORY_BYTES, F_SEAL_SHRINK);
    refused_memory(&link, &good, VGPU_LINK_MEMORY_BYTES,
                   F_SEAL_SHRINK | F_SEAL_GROW);
    refused_memory(&link, &good, VGPU_LINK_MEMORY_BYTES - 4096, seals);
    refused_memory(&link, &good, VGPU_LINK_MEMORY_BYTES + 4096, seals);
    refused_memory(&link, &good, 0, seals);
    /* No memory at all. */
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        files[i] = link.worker.fd[VGPU_LINK_FD_DONE];
    }
    refused(&link, &good, sizeof(good), files, VGPU_LINK_DESCRIPTORS);
    stop(&link);
}

static void check_pieces(void)
{
    static const size_t sizes[] = { 1, 15, 16, 63 };
    struct vgpu_link_hello hello;
    struct vgpu_link_answer good;
    size_t i;
    Link link;

    if (!start(&link) || !worker_accept(&link.worker, &hello)) {
        return;
    }
    good = worker_answer(&hello);
    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        refused(&link, &good, sizes[i], link.worker.fd, VGPU_LINK_DESCRIPTORS);
    }
    /* A whole one in two pieces is a good one. */
    worker_send(&link.worker, &good, 20, link.worker.fd, VGPU_LINK_DESCRIPTORS);
    queue_settle(&link.queue);
    worker_send(&link.worker, (const uint8_t *)&good + 20, sizeof(good) - 20,
                NULL, 0);
    queue_wait_register(&link.queue, VGPU_REG_LINK, VGPU_LINK_UP);
    stop(&link);
}

/* A completion that must not be taken: all that is on its way is lost. */
static void check_wrong_completions(void)
{
    static const struct vgpu_link_completion wrong[] = {
        { .slot = VGPU_LINK_SLOTS },
        { .slot = 0xffffffff },
        { .slot = 1 }, /* which the worker has not */
        { .status = 2 },
        { .response_bytes = 17 },
        { .response_bytes = 0xffffffff },
        { .status = VGPU_LINK_DONE_FAILED, .response_bytes = 1 },
        { .reserved = 1 },
    };
    struct vgpu_link_request request;
    size_t i;
    Link link;

    if (!start_up(&link)) {
        return;
    }
    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        submit_request(&link);
        worker_take(&link.worker, &request);
        worker_done(&link.worker, &wrong[i]);
        g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_LINK_LOST);
        memset(link.worker.memory, 0, VGPU_LINK_SLOTS_AT);
        link.worker.taken = 0;
        g_assert_true(worker_connect(&link.worker));
        queue_wait_register(&link.queue, VGPU_REG_LINK, VGPU_LINK_UP);
    }
    /* A count that is out of range. */
    submit_request(&link);
    worker_take(&link.worker, &request);
    link.worker.header->completions = VGPU_LINK_SLOTS;
    worker_done(&link.worker, &wrong[0]);
    g_assert_cmpuint(queue_complete(&link.queue), ==, VGPU_DONE_LINK_LOST);
    stop(&link);
}

/* Requests of a queue that is off: answered, and nothing of it reaches the guest. */
static void check_answer_after_reset(void)
{
    struct vgpu_link_completion done = { .response_bytes = 16 };
    struct vgpu_link_request request;
    Link link;

    if (!start_up(&link)) {
        return;
    }
    submit_request(&link);
    if (worker_take(&link.worker, &request)) {
        queue_start_device(&link.queue.d);
        done.slot = request.slot;
        memset(worker_slot(&link.worker, request.slot) + 64, 0xff, 16);
        worker_done(&link.worker, &done);
        queue_settle(&link.queue);
        g_assert_cmphex(qemu_read(link.queue.d.qemu, QUEUE_DATA + 0x100, 8), ==,
                        0);
        g_assert_false(queue_is_completed(&link.queue));
        g_assert_cmpuint(device_read(&link.queue.d, VGPU_REG_LINK), ==,
                         VGPU_LINK_UP);
    }
    stop(&link);
}

int main(int argc, char **argv)
{
    qemu_test_init(&argc, &argv);
    g_test_add_func("/link/none", check_none);
    g_test_add_func("/link/without-queues", check_without_queues);
    g_test_add_func("/link/hello", check_hello);
    g_test_add_func("/link/request", check_request);
    g_test_add_func("/link/configuration", check_configuration);
    g_test_add_func("/link/lost", check_lost);
    g_test_add_func("/link/comes-back", check_comes_back);
    g_test_add_func("/link/wrong-answers", check_wrong_answers);
    g_test_add_func("/link/wrong-descriptors", check_wrong_descriptors);
    g_test_add_func("/link/pieces", check_pieces);
    g_test_add_func("/link/wrong-completions", check_wrong_completions);
    g_test_add_func("/link/answer-after-reset", check_answer_after_reset);
    return g_test_run();
}
