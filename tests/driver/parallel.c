/* SPDX-License-Identifier: MIT */
/*
 * Several processes and threads at once; poll, timeouts, signals, limits.
 */
#include "driver/groups.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define ROUNDS 60

static const VgpuCommand nop = { .opcode = VGPU_OP_NOP };

/* ---- Handles and cookies ---------------------------------------------------- */

static void test_any_and_cookies(void)
{
    VgpuDevice *device = open_device();
    uint64_t handles[50], sum = 0;
    VgpuResult result;
    unsigned i;

    for (i = 0; i < 50; i++) {
        const VgpuCommand command = { .opcode = VGPU_OP_NOP,
                                      .cookie = 1000 + i };

        EXPECT_EQ(vgpu_submit(device, &command, LIMIT, &handles[i]), 0);
        EXPECT(i == 0 || handles[i] > handles[i - 1]);
    }
    /* One by name, out of the middle; the rest as they come. */
    EXPECT_EQ(vgpu_wait(device, handles[25], LIMIT, &result), 0);
    EXPECT_EQ(result.cookie, 1025);
    for (i = 1; i < 50; i++) {
        EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), 0);
        EXPECT(result.handle >= handles[0] && result.handle <= handles[49]);
        sum += result.cookie;
    }
    EXPECT_EQ(sum, 50 * 1000 + 49 * 50 / 2 - 1025);
    EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), -ENOENT);
    vgpu_close(device);
}

static void test_file_limit(void)
{
    VgpuDevice *device = open_device();
    VgpuResult result;
    uint64_t handle;
    unsigned i;

    for (i = 0; i < VGPU_FILE_COMMANDS_MAX; i++) {
        EXPECT_EQ(vgpu_submit(device, &nop, LIMIT, &handle), 0);
    }
    EXPECT_EQ(vgpu_submit(device, &nop, LIMIT, &handle), -EBUSY);
    EXPECT_EQ(handle, 0);
    EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), 0);
    EXPECT_EQ(vgpu_submit(device, &nop, LIMIT, &handle), 0);
    vgpu_close(device);
}

/* ---- poll and timeouts ------------------------------------------------------ */

static short poll_device(VgpuDevice *device, int timeout_ms)
{
    struct pollfd pfd = { .fd = vgpu_descriptor(device), .events = POLLIN };

    return poll(&pfd, 1, timeout_ms) > 0 ? pfd.revents : 0;
}

static void test_poll(void)
{
    VgpuDevice *device = open_device();
    VgpuResult result;
    uint64_t handle;
    unsigned i;

    EXPECT_EQ(poll_device(device, 0), 0);
    EXPECT_EQ(poll_device(device, 30), 0);
    for (i = 0; i < 50; i++) {
        EXPECT_EQ(vgpu_submit(device, &nop, LIMIT, &handle), 0);
        EXPECT_EQ(poll_device(device, 20000), POLLIN);
        EXPECT_EQ(vgpu_wait(device, 0, 0, &result), 0);
        EXPECT_EQ(result.handle, handle);
        EXPECT_EQ(poll_device(device, 0), 0);
    }
    vgpu_close(device);
}

static void test_timeout(void)
{
    VgpuDevice *device = open_device();
    VgpuResult result;
    uint64_t handle, start;

    EXPECT_EQ(vgpu_wait(device, 0, 0, &result), -ENOENT);
    device_silence(true);
    EXPECT_EQ(vgpu_submit(device, &nop, 0, &handle), 0);
    EXPECT_EQ(vgpu_wait(device, handle, 0, &result), -ETIMEDOUT);
    start = now_ns();
    EXPECT_EQ(vgpu_wait(device, handle, VGPU_SECOND / 10, &result), -ETIMEDOUT);
    EXPECT(now_ns() - start >= VGPU_SECOND / 10);
    device_silence(false);
    /* The driver has then seen that it failed. */
    EXPECT_EQ(vgpu_wait(device, handle, LIMIT, &result), 0);
    EXPECT_EQ(result.status, VGPU_STATUS_RESET);
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    EXPECT_EQ(vgpu_wait(device, 0, VGPU_WAIT_MAX_NS + 1, &result), -EINVAL);
    vgpu_close(device);
}

/* ---- Signals ---------------------------------------------------------------- */

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

static void set_alarms(int flags, unsigned every_us)
{
    const struct itimerval timer = { { 0, every_us }, { 0, every_us } };
    struct sigaction action = { .sa_handler = count_alarm, .sa_flags = flags };

    alarms = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void end_alarms(void)
{
    const struct itimerval none = { { 0, 0 }, { 0, 0 } };

    setitimer(ITIMER_REAL, &none, NULL);
    signal(SIGALRM, SIG_DFL);
}

/* Waits with alarms for a command that does not come; how long it took. */
static uint64_t wait_with_alarms(int flags, int *error)
{
    const int fd = open_raw();
    struct vgpu_submit submit = { 0 };
    struct vgpu_wait wait = { 0 };
    uint64_t start;

    device_silence(true);
    EXPECT_EQ(ioctl(fd, VGPU_IOC_SUBMIT, &submit), 0);
    set_alarms(flags, 20000);
    start = now_ns();
    wait.handle = submit.handle;
    wait.deadline = start + 3 * VGPU_SECOND / 10;
    *error = ioctl(fd, VGPU_IOC_WAIT, &wait) < 0 ? errno : 0;
    start = now_ns() - start;
    end_alarms();
    device_silence(false);
    /* At a wait's end, if not before, the driver sees that the device has
     * failed. */
    wait.deadline = now_ns() + VGPU_SECOND / 10;
    if (ioctl(fd, VGPU_IOC_WAIT, &wait) < 0) {
        wait.deadline = now_ns() + LIMIT;
        EXPECT_EQ(ioctl(fd, VGPU_IOC_WAIT, &wait), 0);
    }
    close(fd);
    return start;
}

/* SA_RESTART: the wait goes on until its deadline, and no longer. */
static void test_signal_restarts(void)
{
    int error = 0;
    const uint64_t took = wait_with_alarms(SA_RESTART, &error);

    EXPECT_EQ(error, ETIMEDOUT);
    EXPECT(alarms >= 3);
    EXPECT(took >= 3 * VGPU_SECOND / 10);
    EXPECT(took < 5 * VGPU_SECOND);
}

static void test_signal_interrupts(void)
{
    int error = 0;

    wait_with_alarms(0, &error);
    EXPECT_EQ(error, EINTR);
    EXPECT(alarms >= 1);
}

/* Signals all the time, and not one command goes wrong. */
static void test_signal_storm(void)
{
    VgpuDevice *device = open_device();
    uint8_t *memory = malloc(100000);
    uint64_t differing;
    unsigned i;

    set_alarms(0, 500);
    for (i = 0; i < 100; i++) {
        EXPECT_EQ(
            vgpu_memory_test(device, memory, 100000, i, LIMIT, &differing), 0);
        EXPECT_EQ(differing, 0);
    }
    end_alarms();
    free(memory);
    vgpu_close(device);
}

/* ---- Many at once ----------------------------------------------------------- */

static bool work(VgpuDevice *device, unsigned seed)
{
    const size_t size = 50000 + 1000 * seed;
    uint8_t *memory = malloc(2 * size);
    bool good = memory != NULL;
    unsigned i;

    for (i = 0; good && i < ROUNDS; i++) {
        uint64_t differing = 1;

        good = vgpu_memory_test(device, memory, size, seed * 1000 + i, LIMIT,
                                &differing) == 0 &&
               differing == 0 &&
               vgpu_echo(device, memory, memory + size, size, LIMIT) == 0 &&
               memcmp(memory, memory + size, size) == 0 &&
               vgpu_nop(device, LIMIT) == 0;
    }
    free(memory);
    return good;
}

static void test_processes(void)
{
    run_in_processes(work);
}

static void test_threads(void)
{
    VgpuDevice *device = open_device();

    run_in_threads(device, work);
    vgpu_close(device);
}

/* Many threads take any result: each exactly once. */
static unsigned taken;

static bool take_any(VgpuDevice *device, unsigned seed)
{
    VgpuResult result;
    int error;

    (void)seed;
    while ((error = vgpu_wait(device, 0, LIMIT, &result)) == 0) {
        EXPECT_EQ(result.cookie, 7);
        __atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
    }
    return error == -ENOENT;
}

static void test_take_once(void)
{
    const VgpuCommand command = { .opcode = VGPU_OP_NOP, .cookie = 7 };
    VgpuDevice *device = open_device();
    uint64_t handle;
    unsigned i;

    for (i = 0; i < 200; i++) {
        EXPECT_EQ(vgpu_submit(device, &command, LIMIT, &handle), 0);
    }
    taken = 0;
    run_in_threads(device, take_any);
    EXPECT_EQ(taken, 200);
    vgpu_close(device);
}

/* More memory than may be pinned at a time: who waits gets his turn. */
static void test_pinned_limit(void)
{
    VgpuDevice *device = open_device();
    uint8_t *memory = mmap(NULL, VGPU_COMMAND_BYTES_MAX, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const VgpuBuffer buffer = { memory, VGPU_COMMAND_BYTES_MAX, 0 };
    const VgpuCommand command = { .opcode = VGPU_OP_MEMORY_TEST,
                                  .buffers = &buffer,
                                  .buffer_count = 1 };
    unsigned sent = 0, i;
    VgpuResult result;
    uint64_t handle;
    int error;

    while (sent < VGPU_FILE_COMMANDS_MAX &&
           (error = vgpu_submit(device, &command, VGPU_SECOND / 10, &handle)) ==
               0) {
        sent++;
    }
    /* A quarter of the guest's memory is less than 256 MiB. */
    EXPECT(sent >= 4 && sent < VGPU_FILE_COMMANDS_MAX);
    EXPECT_EQ(error, -ETIMEDOUT);
    EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), 0);
    EXPECT_EQ(vgpu_submit(device, &command, LIMIT, &handle), 0);
    for (i = 0; i < sent; i++) {
        EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), 0);
        EXPECT_EQ(result.status, VGPU_DONE_OK);
    }
    munmap(memory, VGPU_COMMAND_BYTES_MAX);
    vgpu_close(device);
}

const TapTest parallel_tests[] = {
    { "any-and-cookies", test_any_and_cookies },
    { "file-limit", test_file_limit },
    { "poll", test_poll },
    { "timeout", test_timeout },
    { "signal-restarts", test_signal_restarts },
    { "signal-interrupts", test_signal_interrupts },
    { "signal-storm", test_signal_storm },
    { "processes", test_processes },
    { "threads", test_threads },
    { "take-once", test_take_once },
    { "pinned-limit", test_pinned_limit },
    { NULL, NULL },
};
