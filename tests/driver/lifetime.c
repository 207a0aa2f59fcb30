/* SPDX-License-Identifier: MIT */
/*
 * Files that close with commands on their way; a device that fails, that falls
 * silent, that goes, and comes back. The module was loaded with
 * close_timeout_ms=500.
 */
#include "driver/groups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const VgpuCommand nop = { .opcode = VGPU_OP_NOP };

static uint32_t resets(void)
{
    VgpuDevice *device = open_device();
    const uint32_t count = info_of(device).resets;

    vgpu_close(device);
    return count;
}

/* Commands with memory, sent and not waited for. */
static void send_some(VgpuDevice *device, uint8_t *memory, unsigned count)
{
    const VgpuBuffer buffer = { memory, VGPU_COMMAND_BYTES_MAX,
                                VGPU_BUFFER_WRITE };
    const VgpuCommand command = { .opcode = VGPU_OP_MEMORY_TEST,
                                  .buffers = &buffer,
                                  .buffer_count = 1 };
    uint64_t handle;
    unsigned i;

    for (i = 0; i < count; i++) {
        EXPECT_EQ(vgpu_submit(device, &command, LIMIT, &handle), 0);
    }
}

static void test_close_busy(void)
{
    uint8_t *memory = malloc(VGPU_COMMAND_BYTES_MAX);
    const uint32_t before = resets();
    unsigned i;

    for (i = 0; i < 20; i++) {
        VgpuDevice *device = open_device();

        send_some(device, memory, 8);
        vgpu_close(device);
        memset(memory, 0, VGPU_COMMAND_BYTES_MAX);
    }
    /* The device has done them: nothing had to be reset. */
    EXPECT_EQ(resets(), before);
    free(memory);
}

static void test_killed(void)
{
    unsigned i;

    for (i = 0; i < 10; i++) {
        const pid_t pid = fork();
        int status;

        if (pid == 0) {
            uint8_t *memory = malloc(VGPU_COMMAND_BYTES_MAX);
            VgpuDevice *device = open_device();

            for (;;) {
                VgpuResult result;

                send_some(device, memory, 4);
                vgpu_wait(device, 0, LIMIT, &result);
                vgpu_wait(device, 0, LIMIT, &result);
                vgpu_wait(device, 0, LIMIT, &result);
                vgpu_wait(device, 0, LIMIT, &result);
            }
        }
        usleep(20000 + i * 7000);
        kill(pid, SIGKILL);
        EXPECT_EQ(waitpid(pid, &status, 0), pid);
        EXPECT(WIFSIGNALED(status));
    }
}

/* It takes nothing any more: a close resets it, and gives the memory back. */
static void test_close_dead(void)
{
    uint8_t *memory = malloc(VGPU_COMMAND_BYTES_MAX);
    VgpuDevice *device = open_device(), *other = open_device();
    const uint32_t before = resets();
    uint64_t start;

    device_silence(true);
    send_some(device, memory, 3);
    start = now_ns();
    vgpu_close(device);
    EXPECT(now_ns() - start >= VGPU_SECOND / 4);
    EXPECT(now_ns() - start < 10 * VGPU_SECOND);
    device_silence(false);
    EXPECT_EQ(resets(), before + 1);
    EXPECT_EQ(vgpu_nop(other, LIMIT), 0);
    vgpu_close(other);
    free(memory);
}

/* ---- Its registers, behind the driver's back ---------------------------------- */

static volatile uint32_t *map_registers(void)
{
    char path[PATH_MAX + 16];
    void *registers;
    int fd;

    snprintf(path, sizeof(path), "%s/resource0", pci_directory());
    fd = open(path, O_RDWR | O_SYNC);
    registers = mmap(NULL, VGPU_REGS_BAR_SIZE, PROT_READ | PROT_WRITE,
                     MAP_SHARED, fd, 0);
    close(fd);
    EXPECT(registers != MAP_FAILED);
    return registers;
}

static void unmap_registers(volatile uint32_t *registers)
{
    munmap((void *)(uintptr_t)registers, VGPU_REGS_BAR_SIZE);
}

/* Somebody resets it: its commands end, and it is started again. */
static void test_reset_behind(void)
{
    VgpuDevice *device = open_device();
    volatile uint32_t *registers = map_registers();
    VgpuResult result;
    uint64_t handle;

    registers[VGPU_REG_CONTROL / 4] = VGPU_CONTROL_RESET;
    EXPECT_EQ(vgpu_submit(device, &nop, LIMIT, &handle), 0);
    EXPECT_EQ(vgpu_wait(device, handle, VGPU_SECOND / 5, &result), -ETIMEDOUT);
    EXPECT_EQ(vgpu_wait(device, handle, LIMIT, &result), 0);
    EXPECT_EQ(result.status, VGPU_STATUS_RESET);
    EXPECT_EQ(result.result, 0);
    EXPECT(info_of(device).lost >= 1);
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    unmap_registers(registers);
    vgpu_close(device);
}

/* It fails, and says so by its interrupt: nobody has to wait for a time to end. */
static void test_failed(void)
{
    VgpuDevice *device = open_device();
    volatile uint32_t *registers = map_registers();
    const uint32_t before = resets();
    VgpuResult result;
    uint64_t start;

    /* A queue with a ring of three entries (rule Q4). */
    registers[VGPU_REG_QUEUE_SELECT / 4] = 0;
    registers[VGPU_REG_QUEUE_ENABLE / 4] = 0;
    registers[VGPU_REG_QUEUE_SIZE / 4] = 3;
    registers[VGPU_REG_QUEUE_ENABLE / 4] = 1;
    start = now_ns();
    while (resets() == before && now_ns() - start < LIMIT) {
        usleep(1000);
    }
    EXPECT_EQ(resets(), before + 1);
    EXPECT_EQ(registers[VGPU_REG_STATE / 4], VGPU_STATE_RUNNING);
    EXPECT_EQ(vgpu_wait(device, 0, 0, &result), -ENOENT);
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    unmap_registers(registers);
    vgpu_close(device);
}

/* Resets again and again below a load: each command ends, in one way or another. */
static volatile bool resetting;

static void *keep_resetting(void *opaque)
{
    volatile uint32_t *registers = opaque;

    while (resetting) {
        registers[VGPU_REG_QUEUE_SELECT / 4] = 0;
        registers[VGPU_REG_QUEUE_ENABLE / 4] = 0;
        registers[VGPU_REG_QUEUE_SIZE / 4] = 3;
        registers[VGPU_REG_QUEUE_ENABLE / 4] = 1;
        usleep(5000);
    }
    return NULL;
}

static void test_resets_under_load(void)
{
    VgpuDevice *device = open_device();
    volatile uint32_t *registers = map_registers();
    uint8_t *memory = malloc(VGPU_COMMAND_BYTES_MAX);
    const uint32_t before = resets();
    unsigned ended = 0, i;
    pthread_t thread;

    resetting = true;
    pthread_create(&thread, NULL, keep_resetting, (void *)(uintptr_t)registers);
    for (i = 0; i < 50; i++) {
        VgpuResult result;
        unsigned k;

        send_some(device, memory, 4);
        for (k = 0; k < 4; k++) {
            while (vgpu_wait(device, 0, VGPU_SECOND / 5, &result) ==
                   -ETIMEDOUT) {
            }
            ended += result.status == VGPU_DONE_OK ||
                     result.status == VGPU_STATUS_RESET;
        }
    }
    resetting = false;
    pthread_join(thread, NULL);
    EXPECT_EQ(ended, 200);
    EXPECT(resets() > before);
    usleep(100000);
    while (vgpu_nop(device, VGPU_SECOND) != 0 && i++ < 60) {
    }
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    free(memory);
    unmap_registers(registers);
    vgpu_close(device);
}

/* ---- Gone ------------------------------------------------------------------- */

/* Takes the device out, as the bus does, and finds it again. */
static void pci_remove(void)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof(path), "%s/remove", pci_directory());
    EXPECT_EQ(write_text(path, "1"), 0);
    EXPECT(access("/dev/vgpu0", F_OK) != 0);
}

/* Back under the same name once nobody has the old one open. */
static void pci_rescan(void)
{
    const uint64_t start = now_ns();

    EXPECT_EQ(write_text("/sys/bus/pci/rescan", "1"), 0);
    while (access("/dev/vgpu0", F_OK) != 0 && now_ns() - start < LIMIT) {
        usleep(10000);
    }
    EXPECT_EQ(access("/dev/vgpu0", F_OK), 0);
}

static void expect_gone(VgpuDevice *device)
{
    struct pollfd pfd = { .fd = vgpu_descriptor(device), .events = POLLIN };
    struct vgpu_info info;
    VgpuResult result;

    EXPECT_EQ(vgpu_nop(device, LIMIT), -ENODEV);
    EXPECT_EQ(vgpu_get_info(device, &info), -ENODEV);
    EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), -ENODEV);
    EXPECT_EQ(poll(&pfd, 1, 0), 1);
    EXPECT_EQ(pfd.revents, POLLHUP | POLLERR);
}

static void test_removed(void)
{
    uint8_t *memory = malloc(VGPU_COMMAND_BYTES_MAX);
    VgpuDevice *device = open_device();
    VgpuResult result;
    unsigned i;

    /* Commands that are on their way, with memory, and cannot end. */
    device_silence(true);
    send_some(device, memory, 3);
    pci_remove();
    for (i = 0; i < 3; i++) {
        EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), 0);
        EXPECT_EQ(result.status, VGPU_STATUS_GONE);
    }
    expect_gone(device);
    vgpu_close(device);
    pci_rescan();
    device = open_device();
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    vgpu_close(device);
    free(memory);
}

typedef struct Waiter {
    VgpuDevice *device;
    VgpuResult result;
    int error;
} Waiter;

static void *wait_long(void *opaque)
{
    Waiter *waiter = opaque;

    waiter->error = vgpu_wait(waiter->device, 0, 100 * VGPU_SECOND,
                              &waiter->result);
    return NULL;
}

static void test_removed_while_waited_for(void)
{
    Waiter waiter = { .device = open_device(), .error = 1 };
    const uint64_t start = now_ns();
    pthread_t thread;
    uint64_t handle;

    device_silence(true);
    EXPECT_EQ(vgpu_submit(waiter.device, &nop, LIMIT, &handle), 0);
    pthread_create(&thread, NULL, wait_long, &waiter);
    usleep(100000);
    pci_remove();
    pthread_join(thread, NULL);
    EXPECT(now_ns() - start < 50 * VGPU_SECOND);
    EXPECT_EQ(waiter.error, 0);
    EXPECT_EQ(waiter.result.handle, handle);
    EXPECT_EQ(waiter.result.status, VGPU_STATUS_GONE);
    expect_gone(waiter.device);
    vgpu_close(waiter.device);
    pci_rescan();
}

/* The old one stays open: the new one has another name until it is closed. */
static void test_two_lives(void)
{
    VgpuDevice *old = open_device(), *new = NULL;
    unsigned numbers[2] = { 77, 77 };

    pci_remove();
    EXPECT_EQ(write_text("/sys/bus/pci/rescan", "1"), 0);
    EXPECT_EQ(vgpu_list(numbers, 2), 1);
    EXPECT_EQ(numbers[0], 1);
    EXPECT_EQ(vgpu_open(1, &new), 0);
    if (new) {
        EXPECT_EQ(vgpu_nop(new, LIMIT), 0);
    }
    expect_gone(old);
    vgpu_close(old);
    vgpu_close(new);
    EXPECT_EQ(write_text("/sys/class/vgpu/vgpu1/device/remove", "1"), 0);
    pci_rescan();
}

static void bind_driver(const char *address, bool on)
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vgpu_stub/%s",
             on ? "bind" : "unbind");
    EXPECT_EQ(write_text(path, address), 0);
}

/* All registers read as ones, as of a device that was pulled out. */
static void test_silent(void)
{
    VgpuDevice *device = open_device();
    char directory[PATH_MAX], address[32];
    const char *name;
    VgpuResult result;
    uint64_t handle;

    snprintf(directory, sizeof(directory), "%s", pci_directory());
    name = strrchr(directory, '/') + 1;
    snprintf(address, sizeof(address), "%s", name);
    pci_command_set(PCI_COMMAND_MASTER_BIT | PCI_COMMAND_MEMORY_BIT, false);
    EXPECT_EQ(vgpu_submit(device, &nop, LIMIT, &handle), 0);
    EXPECT_EQ(vgpu_wait(device, handle, VGPU_SECOND / 5, &result), -ETIMEDOUT);
    EXPECT_EQ(vgpu_wait(device, handle, LIMIT, &result), 0);
    EXPECT_EQ(result.status, VGPU_STATUS_GONE);
    expect_gone(device);
    vgpu_close(device);
    EXPECT(strcmp(sysfs_text("state"), "gone") == 0);
    bind_driver(address, false);
    pci_command_set(PCI_COMMAND_MEMORY_BIT, true);
    bind_driver(address, true);
    device = open_device();
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    vgpu_close(device);
}

/* Processes that send commands and open files all the time, and a device that
 * goes and comes: each call ends, with what the header says. */
static void use_as_it_comes(const uint8_t *end)
{
    uint8_t *memory = malloc(100000);

    while (!*(volatile const uint8_t *)end) {
        unsigned number = 0;
        VgpuDevice *device;
        uint64_t differing;
        int error;

        /* Another name, while somebody has the old one open. */
        vgpu_list(&number, 1);
        error = vgpu_open(number, &device);

        while (!error && !*(volatile const uint8_t *)end) {
            error = vgpu_memory_test(device, memory, 100000, 5, LIMIT,
                                     &differing);
        }
        if (error && error != -ENODEV && error != -ENOENT && error != -ENXIO &&
            error != -EIO) {
            _exit(1);
        }
        vgpu_close(device);
        usleep(1000);
    }
    _exit(0);
}

static void test_unbound_under_load(void)
{
    uint8_t *end = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char directory[PATH_MAX];
    const char *address;
    pid_t pids[3];
    unsigned i;
    int status;

    snprintf(directory, sizeof(directory), "%s", pci_directory());
    address = strrchr(directory, '/') + 1;
    for (i = 0; i < 3; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            use_as_it_comes(end);
        }
    }
    for (i = 0; i < 6; i++) {
        usleep(30000);
        bind_driver(address, false);
        bind_driver(address, true);
    }
    *end = 1;
    for (i = 0; i < 3; i++) {
        EXPECT_EQ(waitpid(pids[i], &status, 0), pids[i]);
        EXPECT_EQ(status, 0);
    }
    /* Its name is the first again. */
    bind_driver(address, false);
    bind_driver(address, true);
    EXPECT_EQ(access("/dev/vgpu0", F_OK), 0);
    munmap(end, 4096);
}

/* ---- Sleep ------------------------------------------------------------------ */

static void test_suspend(void)
{
    VgpuDevice *device = open_device();
    VgpuResult result;
    uint64_t handle;

    EXPECT_EQ(vgpu_submit(device, &nop, LIMIT, &handle), 0);
    EXPECT_EQ(sleep_a_moment(), 0);
    EXPECT_EQ(vgpu_wait(device, handle, LIMIT, &result), 0);
    EXPECT_EQ(result.status, VGPU_DONE_OK);
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    EXPECT_EQ(info_of(device).state, VGPU_INFO_RUNNING);
    vgpu_close(device);
}

const TapTest lifetime_tests[] = {
    { "close-busy", test_close_busy },
    { "killed", test_killed },
    { "close-dead", test_close_dead },
    { "reset-behind", test_reset_behind },
    { "failed", test_failed },
    { "resets-under-load", test_resets_under_load },
    { "removed", test_removed },
    { "removed-while-waited-for", test_removed_while_waited_for },
    { "two-lives", test_two_lives },
    { "silent", test_silent },
    { "unbound-under-load", test_unbound_under_load },
    { "suspend", test_suspend },
    { NULL, NULL },
};
