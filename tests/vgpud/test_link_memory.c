/* SPDX-License-Identifier: MIT */
/* The worker's end of the link within this process, where its state can be seen and set:
 * the counts' wrap, slots that are busy, descriptors, the host's word without a reader. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vgpu/regs.h"
#include "vgpud/link.h"
#include "vgpud/process.h"

typedef struct Pair {
    Link link;
    Device device;
    int socket; /* the worker's end */
} Pair;

static Pair *pair_new(void)
{
    static const LinkConfig none;
    Pair *pair = g_new0(Pair, 1);
    int fd[2] = { -1, -1 };

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), ==,
                    0);
    device_init(&pair->device, fd[0]);
    pair->socket = fd[1];
    g_assert_cmpint(link_init(&pair->link, fd[1], &none), ==, 0);
    return pair;
}

static Pair *pair_open(void)
{
    const struct vgpu_link_hello hello = device_hello();
    Pair *pair = pair_new();

    g_assert_cmpint(link_hello(&pair->link, true), ==, 0); /* nothing yet */
    g_assert_false(pair->link.is_up);
    g_assert_true(device_send(&pair->device, &hello, sizeof(hello)));
    g_assert_cmpint(link_hello(&pair->link, true), ==, 0);
    g_assert_true(pair->link.is_up);
    g_assert_true(device_open(&pair->device));
    return pair;
}

static void pair_free(Pair *pair)
{
    link_deinit(&pair->link);
    device_close(&pair->device);
    close(pair->socket);
    g_free(pair);
}

static void check_descriptors(void)
{
    unsigned before = process_descriptors();
    Pair *pair = pair_open();

    /* Two sockets, three at the device, two eventfds: the memory's is closed. */
    g_assert_cmpuint(process_descriptors(), ==, before + 7);
    pair_free(pair);
    g_assert_cmpuint(process_descriptors(), ==, before);
    pair = pair_new();
    pair_free(pair);
    g_assert_cmpuint(process_descriptors(), ==, before);
}

/* What comes of one request, taken and completed with a text. */
static void goes_through(Pair *pair, uint32_t slot, const char *text)
{
    struct vgpu_link_completion done;
    LinkRequest request;
    bool got = false;

    device_submit(&pair->device, slot, text, (uint32_t)strlen(text), 100);
    g_assert_cmpint(link_take(&pair->link, &request, &got), ==, 0);
    g_assert_true(got);
    g_assert_cmpuint(request.slot, ==, slot);
    g_assert_cmpuint(request.room, ==, 100);
    g_assert_cmpmem(pair->link.request, request.bytes, text, (int)strlen(text));
    g_assert_cmpint(link_complete(&pair->link, slot, VGPU_LINK_DONE_OK,
                                  (const uint8_t *)"answer", 6),
                    ==, 0);
    g_assert_true(device_wait(&pair->device, &done));
    g_assert_cmpuint(done.slot, ==, slot);
    g_assert_cmpuint(done.response_bytes, ==, 6);
    g_assert_cmpmem(pair->device.memory + pair->device.at[slot], 6, "answer",
                    6);
}

static void check_wrap(void)
{
    Pair *pair = pair_open();
    uint32_t i, start = 0xfffffff8u;

    pair->link.taken = pair->link.completed = start;
    pair->device.requests = pair->device.taken = start;
    *device_word(&pair->device,
                 offsetof(struct vgpu_link_header, requests)) = start;
    *device_word(&pair->device,
                 offsetof(struct vgpu_link_header, completions)) = start;
    for (i = 0; i < 3 * VGPU_LINK_SLOTS; i++) {
        goes_through(pair, i % VGPU_LINK_SLOTS, "a request");
    }
    g_assert_cmpuint(pair->link.taken, ==, 40);
    pair_free(pair);
}

static void check_busy(void)
{
    const struct vgpu_link_request entry = { 3, 0, 0, 0, 0, 0 };
    Pair *pair = pair_open();
    LinkRequest request;
    bool got = false;

    device_put(&pair->device, &entry);
    g_assert_cmpint(link_take(&pair->link, &request, &got), ==, 0);
    device_put(&pair->device, &entry);
    g_assert_cmpint(link_take(&pair->link, &request, &got), ==, LINK_BROKEN);
    g_assert_false(got);
    g_assert_cmpstr(pair->link.why, ==,
                    "a request for a slot that is not completed");
    pair_free(pair);
}

/* What the device changes after it was taken is not seen. */
static void check_copied_once(void)
{
    struct vgpu_link_completion done;
    Pair *pair = pair_open();
    LinkRequest request;
    bool got = false;

    device_submit(&pair->device, 0, "before", 6, 10);
    g_assert_cmpint(link_take(&pair->link, &request, &got), ==, 0);
    memset(pair->device.memory, 0xff, VGPU_LINK_SLOTS_AT + 4096);
    g_assert_cmpmem(pair->link.request, request.bytes, "before", 6);
    g_assert_cmpint(link_complete(&pair->link, 0, VGPU_LINK_DONE_OK,
                                  (const uint8_t *)"0123456789", 10),
                    ==, 0);
    g_assert_true(device_wait(&pair->device, &done));
    g_assert_cmpuint(done.response_bytes, ==, 10);
    g_assert_cmpmem(pair->device.memory + VGPU_LINK_SLOT_AT(0) + 64, 10,
                    "0123456789", 10);
    pair_free(pair);
}

static void check_completing(void)
{
    const uint8_t bytes[8] = "";
    Pair *pair = pair_open();
    LinkRequest request;
    bool got = false;

    g_assert_cmpint(link_complete(&pair->link, 0, 0, bytes, 0), ==, -EINVAL);
    g_assert_cmpint(link_complete(&pair->link, VGPU_LINK_SLOTS, 0, bytes, 0),
                    ==, -EINVAL);
    device_submit(&pair->device, 0, "x", 1, 7);
    g_assert_cmpint(link_take(&pair->link, &request, &got), ==, 0);
    g_assert_cmpint(link_complete(&pair->link, 0, 0, bytes, 8), ==, -EINVAL);
    g_assert_cmpint(link_complete(&pair->link, 0, 0, bytes, 7), ==, 0);
    g_assert_cmpint(link_complete(&pair->link, 0, 0, bytes, 7), ==, -EINVAL);
    pair_free(pair);
}

/* The device reads none of what the host says: nothing is waited for, the last word
 * is kept, and comes when there is room. */
static void check_unread_config(void)
{
    LinkConfig config = { .has_vm_id = true };
    struct vgpu_link_config message;
    Pair *pair = pair_open();
    unsigned sent = 0, i;

    while (!pair->link.config_to_send && sent < 100000) {
        config.vm_id = ++sent;
        g_assert_cmpint(link_set_config(&pair->link, &config), ==, 0);
    }
    g_assert_true(pair->link.config_to_send);
    config.vm_id = 0xabcdef;
    g_assert_cmpint(link_set_config(&pair->link, &config), ==, 0);
    for (i = 1; i < sent; i++) {
        g_assert_cmpuint(device_receive(&pair->device, &message), ==, 64);
        g_assert_cmpuint(message.vm_id, ==, i);
    }
    g_assert_cmpint(link_set_config(&pair->link, NULL), ==, 0);
    g_assert_false(pair->link.config_to_send);
    g_assert_cmpuint(device_receive(&pair->device, &message), ==, 64);
    g_assert_cmpuint(message.head.type, ==, VGPU_LINK_CONFIG);
    g_assert_cmpuint(message.vm_id, ==, 0xabcdef);
    g_assert_cmphex(message.pool, ==, VGPU_POOL_A);
    pair_free(pair);
}

static void check_sleep(void)
{
    Pair *pair = pair_open();

    g_assert_true(link_sleep(&pair->link));
    device_submit(&pair->device, 0, "x", 1, 0);
    g_assert_false(link_sleep(&pair->link));
    link_wake(&pair->link);
    g_assert_cmpuint(
        *device_word(&pair->device,
                     offsetof(struct vgpu_link_header, request_wanted)),
        ==, 0);
    pair_free(pair);
}

/* No kick where nobody sleeps, none where the device is awake. */
static void check_suppression(void)
{
    uint64_t count;
    Pair *pair = pair_open();
    LinkRequest request;
    bool got = false;

    device_submit(&pair->device, 0, "x", 1, 0);
    g_assert_cmpint(
        read(pair->device.fd[VGPU_LINK_FD_REQUESTS], &count, sizeof(count)), ==,
        -1);
    link_sleep(&pair->link);
    device_submit(&pair->device, 1, "x", 1, 0);
    g_assert_cmpint(
        read(pair->device.fd[VGPU_LINK_FD_REQUESTS], &count, sizeof(count)), ==,
        8);
    g_assert_cmpint(link_take(&pair->link, &request, &got), ==, 0);
    g_assert_cmpint(link_complete(&pair->link, 0, 0, NULL, 0), ==, 0);
    g_assert_cmpint(
        read(pair->device.fd[VGPU_LINK_FD_DONE], &count, sizeof(count)), ==,
        -1);
    pair_free(pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/link-memory/descriptors", check_descriptors);
    g_test_add_func("/link-memory/wrap", check_wrap);
    g_test_add_func("/link-memory/busy", check_busy);
    g_test_add_func("/link-memory/copied-once", check_copied_once);
    g_test_add_func("/link-memory/completing", check_completing);
    g_test_add_func("/link-memory/unread-config", check_unread_config);
    g_test_add_func("/link-memory/sleep", check_sleep);
    g_test_add_func("/link-memory/suppression", check_suppression);
    return g_test_run();
}
