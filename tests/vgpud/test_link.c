/* SPDX-License-Identifier: MIT */
/* A worker's end of the link, from without: what a device can say, and what it can do to
 * what is shared. Whatever it is, the worker ends by itself and says why. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vgpu/regs.h"
#include "vgpud/process.h"
#include "vgpud/worker-exit.h"

static const char *const null_backend[] = { "--backend", "null", NULL };
static const char *const impatient[] = { "--backend", "null", "--hello-limit",
                                         "200", NULL };

/* ---- The hello ---------------------------------------------------------------------- */

static void check_right(void)
{
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, null_backend);
    g_assert_cmphex(device.answer.pool, ==, VGPU_POOL_A);
    g_assert_cmpuint(device.answer.priority, ==, VGPU_PRIORITY_MEDIUM);
    g_assert_cmpuint(device.answer.vm_id, ==, 7);
    g_assert_cmpuint(device.answer.head.minor, ==, VGPU_LINK_MINOR);
    worker_close(&worker, &device);
}

static void check_hosts_word(void)
{
    static const char *const options[] = { "--backend", "null",       "--pool",
                                           "B",         "--priority", "high",
                                           "--vm-id",   "4294967295", NULL };
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    g_assert_cmphex(device.answer.pool, ==, VGPU_POOL_B);
    g_assert_cmpuint(device.answer.priority, ==, VGPU_PRIORITY_HIGH);
    g_assert_cmpuint(device.answer.vm_id, ==, 0xffffffff);
    worker_close(&worker, &device);
}

static void check_byte_by_byte(void)
{
    const struct vgpu_link_hello hello = device_hello();
    Worker worker;
    Device device;
    size_t i;

    worker_start(&worker, &device, null_backend);
    for (i = 0; i < sizeof(hello); i++) {
        g_assert_true(device_send(&device, (const char *)&hello + i, 1));
        g_usleep(500);
    }
    g_assert_true(device_open(&device));
    worker_close(&worker, &device);
}

/* The worker answers with a status, gives nothing away, closes, and ends. */
static void refused(const void *hello, size_t length, uint32_t status,
                    const char *why)
{
    g_autofree char *errors = NULL;
    Worker worker;
    Device device;

    worker_start(&worker, &device, null_backend);
    g_assert_true(device_send(&device, hello, length));
    g_assert_cmpuint(device_receive(&device, &device.answer), ==,
                     sizeof(device.answer));
    g_assert_cmpuint(device.answer.head.type, ==, VGPU_LINK_ANSWER);
    g_assert_cmpuint(device.answer.head.status, ==, status);
    g_assert_cmpuint(device.answer.memory_bytes, ==, 0);
    g_assert_cmpuint(device.descriptors, ==, 0);
    g_assert_true(device_sees_end(&device));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_BROKEN);
    g_assert_nonnull(strstr(errors, why));
    device_close(&device);
}

static void check_magic(void)
{
    struct vgpu_link_hello hello = device_hello();
    const char garbage[VGPU_LINK_MESSAGE_BYTES] = "GET / HTTP/1.0\r\n\r\n";
    static const char why[] = "not of this protocol";

    hello.head.magic ^= 1;
    refused(&hello, sizeof(hello), VGPU_LINK_STATUS_BAD_MAGIC, why);
    refused(&hello, sizeof(hello.head), VGPU_LINK_STATUS_BAD_MAGIC, why);
    refused(garbage, sizeof(garbage), VGPU_LINK_STATUS_BAD_MAGIC, why);
}

static void check_version(void)
{
    struct vgpu_link_hello hello = device_hello();
    static const char why[] = "another major version";

    hello.head.major = VGPU_LINK_MAJOR + 1;
    refused(&hello, sizeof(hello), VGPU_LINK_STATUS_BAD_VERSION, why);
    refused(&hello, sizeof(hello.head), VGPU_LINK_STATUS_BAD_VERSION, why);
    hello.head.major = 0;
    refused(&hello, sizeof(hello), VGPU_LINK_STATUS_BAD_VERSION, why);
}

static void check_later_minor(void)
{
    struct vgpu_link_hello hello = device_hello();
    Worker worker;
    Device device;

    hello.head.minor = 0xffff;
    hello.reserved[0] = 1;
    worker_start(&worker, &device, null_backend);
    g_assert_true(device_send(&device, &hello, sizeof(hello)));
    g_assert_true(device_open(&device));
    worker_close(&worker, &device);
}

static void check_fields(void)
{
    static const struct {
        size_t offset;
        uint32_t value;
    } cases[] = {
#define CASE(field, value) \
    { G_STRUCT_OFFSET(struct vgpu_link_hello, field), (value) }
        CASE(head.type, 0),
        CASE(head.type, VGPU_LINK_ANSWER),
        CASE(head.status, 1),
        CASE(pool, 0),
        CASE(pool, 'C'),
        CASE(priority, 3),
        CASE(priority, 0xffffffff),
        CASE(queues, 0),
        CASE(queues, VGPU_QUEUES_MAX + 1),
        CASE(command_bytes_max, VGPU_COMMAND_BYTES_MAX + 1),
        CASE(command_bytes_max, VGPU_COMMAND_BYTES_MAX - 1),
        CASE(reserved[0], 1),
        CASE(reserved[6], 0x80000000),
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct vgpu_link_hello hello = device_hello();

        memcpy((char *)&hello + cases[i].offset, &cases[i].value, 4);
        refused(&hello, sizeof(hello), VGPU_LINK_STATUS_BAD_HELLO,
                "a field of the hello");
    }
}

/* Nothing, or not enough, and then silence. */
static void falls_silent(size_t length)
{
    const struct vgpu_link_hello hello = device_hello();
    g_autofree char *errors = NULL;
    Worker worker;
    Device device;

    worker_start(&worker, &device, impatient);
    g_assert_true(!length || device_send(&device, &hello, length));
    g_assert_true(device_sees_end(&device));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_BROKEN);
    g_assert_nonnull(strstr(errors, "no hello in time"));
    device_close(&device);
}

static void check_silence(void)
{
    falls_silent(0);
    falls_silent(1);
    falls_silent(sizeof(struct vgpu_link_hello) - 1);
}

static void check_too_much(void)
{
    char bytes[VGPU_LINK_MESSAGE_BYTES + 1] = "";
    const struct vgpu_link_hello hello = device_hello();
    g_autofree char *errors = NULL;
    Worker worker;
    Device device;

    memcpy(bytes, &hello, sizeof(hello));
    worker_start(&worker, &device, null_backend);
    g_assert_true(device_send(&device, bytes, sizeof(bytes)));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_BROKEN);
    g_assert_nonnull(strstr(errors, "behind its hello"));
    device_close(&device);
}

static void check_no_backend(void)
{
    static const char *const options[] = { "--backend", "opencl", "--device",
                                           "no such device", NULL };
    const struct vgpu_link_hello hello = device_hello();
    g_autofree char *errors = NULL;
    Worker worker;
    Device device;

    worker_start(&worker, &device, options);
    g_assert_true(device_send(&device, &hello, sizeof(hello)));
    g_assert_false(device_open(&device));
    g_assert_cmpuint(device.answer.head.status, ==,
                     VGPU_LINK_STATUS_NO_BACKEND);
    g_assert_cmpuint(device.descriptors, ==, 0);
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_BROKEN);
    g_assert_nonnull(strstr(errors, "no OpenCL device"));
    device_close(&device);
}

/* ---- A device that goes -------------------------------------------------------------- */

static void check_gone(void)
{
    static const char *const slow[] = { "--backend", "delay", "--delay", "100",
                                        NULL };
    const struct vgpu_link_hello hello = device_hello();
    Worker worker;
    Device device;

    worker_start(&worker, &device, null_backend); /* before a word */
    worker_close(&worker, &device);
    worker_start(&worker, &device, null_backend); /* amid the hello */
    g_assert_true(device_send(&device, &hello, 20));
    worker_close(&worker, &device);
    worker_start(&worker, &device,
                 null_backend); /* before the answer is read */
    g_assert_true(device_send(&device, &hello, sizeof(hello)));
    worker_close(&worker, &device);
    worker_start_open(&worker, &device, slow); /* with requests on their way */
    device_submit(&device, 0, "x", 1, 0);
    device_submit(&device, 1, "x", 1, 0);
    worker_close(&worker, &device);
    worker_start_open(&worker, &device,
                      null_backend); /* its writing half only */
    shutdown(device.socket, SHUT_WR);
    g_assert_true(device_sees_end(&device));
    worker_close(&worker, &device);
}

static void check_descriptors(void)
{
    unsigned i, before = process_descriptors();

    for (i = 0; i < 10; i++) {
        Worker worker;
        Device device;

        worker_start_open(&worker, &device, null_backend);
        g_assert_cmpuint(process_descriptors(), ==, before + 6);
        worker_close(&worker, &device);
        g_assert_cmpuint(process_descriptors(), ==, before);
    }
}

/* ---- The memory ------------------------------------------------------------------------ */

static void check_seals(void)
{
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, null_backend);
    g_assert_cmpint(ftruncate(device.fd[0], 0), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    g_assert_cmpint(ftruncate(device.fd[0], VGPU_LINK_MEMORY_BYTES - 4096), ==,
                    -1);
    g_assert_cmpint(errno, ==, EPERM);
    g_assert_cmpint(ftruncate(device.fd[0], VGPU_LINK_MEMORY_BYTES + 4096), ==,
                    -1);
    g_assert_cmpint(errno, ==, EPERM);
    g_assert_cmpint(fcntl(device.fd[0], F_ADD_SEALS, F_SEAL_WRITE), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    worker_close(&worker, &device);
}

static void check_many(void)
{
    bool seen[VGPU_LINK_SLOTS];
    struct vgpu_link_completion done;
    Worker worker;
    Device device;
    uint32_t round, i;

    worker_start_open(&worker, &device, null_backend);
    for (round = 0; round < 200; round++) {
        memset(seen, 0, sizeof(seen));
        for (i = 0; i < VGPU_LINK_SLOTS; i++) {
            device_submit(&device, i, "request", 7, VGPU_COMMAND_BYTES_MAX - 7);
        }
        for (i = 0; i < VGPU_LINK_SLOTS; i++) {
            g_assert_true(device_wait(&device, &done));
            g_assert_cmpuint(done.status, ==, VGPU_LINK_DONE_OK);
            g_assert_cmpuint(done.response_bytes, ==, 0);
            g_assert_cmpuint(done.reserved, ==, 0);
            g_assert_false(seen[done.slot]);
            seen[done.slot] = true;
        }
    }
    worker_close(&worker, &device);
}

/* An entry, once or more, that ends the link. */
static void ends_with(const struct vgpu_link_request *entry, unsigned times,
                      const char *why)
{
    g_autofree char *errors = NULL;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, null_backend);
    while (times--) {
        device_put(&device, entry);
    }
    device_kick(&device);
    g_assert_true(device_sees_end(&device));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_BROKEN);
    g_assert_nonnull(strstr(errors, why));
    device_close(&device);
}

static void check_bad_entries(void)
{
    static const struct {
        struct vgpu_link_request entry;
        const char *why;
    } cases[] = {
        { { VGPU_LINK_SLOTS, 0, 0, 0, 0, 0 }, "slot that there is not" },
        { { 0xffffffff, 0, 0, 0, 0, 0 }, "slot that there is not" },
        { { 0, VGPU_COMMAND_BYTES_MAX + 1, 0, 0, 0, 0 }, "too long" },
        { { 0, 0, VGPU_COMMAND_BYTES_MAX + 1, 0, 0, 0 }, "too long" },
        { { 0, VGPU_COMMAND_BYTES_MAX, 1, 0, 0, 0 }, "too long" },
        { { 0, 1, 0xffffffff, 0, 0, 0 }, "too long" },
        { { 0, 0xffffffff, 1, 0, 0, 0 }, "too long" },
        { { 0, 0, 0, 1, 0, 0 }, "reserved" },
        { { 0, 0, 0, 0, 0, 1 }, "reserved" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        ends_with(&cases[i].entry, 1, cases[i].why);
    }
}

static void bad_count(uint32_t count)
{
    g_autofree char *errors = NULL;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, null_backend);
    *device_word(&device, 0) = count;
    device_kick(&device);
    g_assert_true(device_sees_end(&device));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_BROKEN);
    g_assert_nonnull(strstr(errors, "more requests than"));
    device_close(&device);
}

static void check_bad_counts(void)
{
    bad_count(VGPU_LINK_SLOTS + 1);
    bad_count(0x80000000);
    bad_count(0xffffffff);
}

typedef struct Scribbler {
    Device *device;
    volatile int stop;
    guint32 seed;
} Scribbler;

/* Anything anywhere in the first three pages and the first slot. */
static gpointer scribble(gpointer data)
{
    Scribbler *scribbler = data;
    GRand *random = g_rand_new_with_seed(scribbler->seed);

    while (!__atomic_load_n(&scribbler->stop, __ATOMIC_RELAXED)) {
        guint32 at = g_rand_int(random) % (VGPU_LINK_SLOTS_AT + 4096) & ~3u;

        *(volatile uint32_t *)device_word(scribbler->device,
                                          at) = g_rand_boolean(random)
                                                    ? g_rand_int(random)
                                                    : g_rand_int(random) % 32;
    }
    g_rand_free(random);
    return NULL;
}

static void scribbled(guint32 seed)
{
    static const struct vgpu_link_request entry = { 0, 64, 64, 0, 0, 0 };
    Worker worker;
    Device device;
    Scribbler scribbler = { &device, 0, seed };
    GThread *thread;
    unsigned i;
    int code;

    worker_start_open(&worker, &device, null_backend);
    thread = g_thread_new("scribble", scribble, &scribbler);
    for (i = 0; i < 2000; i++) {
        device_put(&device, &entry);
        device_kick(&device);
    }
    __atomic_store_n(&scribbler.stop, 1, __ATOMIC_RELAXED);
    g_thread_join(thread);
    shutdown(device.socket, SHUT_RDWR);
    code = worker_end(&worker, NULL);
    g_assert_true(code == WORKER_EXIT_BROKEN || code == WORKER_EXIT_ENDED);
    device_close(&device);
}

static void check_scribbler(void)
{
    guint32 seed;

    for (seed = 0; seed < 30; seed++) {
        scribbled(seed);
    }
}

/* ---- The eventfds ----------------------------------------------------------------------- */

static void make_blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

/* A device that takes the worker's wake-up away, as QEMU's chardev makes it blocking. */
static void check_stolen_kick(void)
{
    struct vgpu_link_completion done;
    uint64_t count;
    Worker worker;
    Device device;
    unsigned i;

    worker_start_open(&worker, &device, null_backend);
    make_blocking(device.fd[VGPU_LINK_FD_REQUESTS]);
    for (i = 0; i < 100; i++) {
        device_kick(&device);
        g_assert_cmpint(read(device.fd[VGPU_LINK_FD_REQUESTS], &count, 8), ==,
                        8);
        g_assert_cmpuint(device_call(&device, "x", 1, 64, &done) != NULL, ==,
                         1);
    }
    worker_close(&worker, &device);
}

/* A device that makes the worker wait for it is the worker's last. */
static void check_full_event(void)
{
    static const char *const options[] = { "--backend", "null", "--job-limit",
                                           "300", NULL };
    const uint64_t most = 0xfffffffffffffffe;
    g_autofree char *errors = NULL;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, options);
    make_blocking(device.fd[VGPU_LINK_FD_DONE]);
    g_assert_cmpint(write(device.fd[VGPU_LINK_FD_DONE], &most, 8), ==, 8);
    *device_word(&device,
                 offsetof(struct vgpu_link_header, completion_wanted)) = 1;
    device_submit(&device, 0, "x", 1, 0);
    g_assert_true(device_sees_end(&device));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_TOO_LONG);
    device_close(&device);
}

static void check_sleeps(void)
{
    volatile uint32_t *wanted;
    Worker worker;
    Device device;
    unsigned i;

    worker_start_open(&worker, &device, null_backend);
    wanted = device_word(&device,
                         offsetof(struct vgpu_link_header, request_wanted));
    for (i = 0; i < 2000 && !*wanted; i++) {
        g_usleep(1000);
    }
    g_assert_cmpuint(*wanted, ==, 1);
    worker_close(&worker, &device);
}

/* Its processor time, user and system, in ticks. */
static guint64 ticks_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    g_auto(GStrv) field = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    field = g_strsplit(strrchr(text, ')') + 2, " ", 14);
    return g_ascii_strtoull(field[11], NULL, 10) +
           g_ascii_strtoull(field[12], NULL, 10);
}

/* A wake-up for nothing does not keep it awake. */
static void check_rests(void)
{
    guint64 before;
    Worker worker;
    Device device;

    worker_start_open(&worker, &device, null_backend);
    device_kick(&device);
    g_usleep(100000);
    before = ticks_of(worker.pid);
    g_usleep(500000);
    g_assert_cmpuint(ticks_of(worker.pid) - before, <, 10);
    worker_close(&worker, &device);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/link/right", check_right);
    g_test_add_func("/link/hosts-word", check_hosts_word);
    g_test_add_func("/link/byte-by-byte", check_byte_by_byte);
    g_test_add_func("/link/magic", check_magic);
    g_test_add_func("/link/version", check_version);
    g_test_add_func("/link/later-minor", check_later_minor);
    g_test_add_func("/link/fields", check_fields);
    g_test_add_func("/link/silence", check_silence);
    g_test_add_func("/link/too-much", check_too_much);
    g_test_add_func("/link/no-backend", check_no_backend);
    g_test_add_func("/link/gone", check_gone);
    g_test_add_func("/link/descriptors", check_descriptors);
    g_test_add_func("/link/seals", check_seals);
    g_test_add_func("/link/many", check_many);
    g_test_add_func("/link/bad-entries", check_bad_entries);
    g_test_add_func("/link/bad-counts", check_bad_counts);
    g_test_add_func("/link/scribbler", check_scribbler);
    g_test_add_func("/link/stolen-kick", check_stolen_kick);
    g_test_add_func("/link/full-event", check_full_event);
    g_test_add_func("/link/sleeps", check_sleeps);
    g_test_add_func("/link/rests", check_rests);
    return g_test_run();
}
