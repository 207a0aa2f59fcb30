/* SPDX-License-Identifier: MIT */
/*
 * Every way to call the driver wrongly (vgpu/uapi.h), by its own calls. Nothing
 * may come of any: after each test a command works.
 */
#include "driver/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define MIB  ((size_t)VGPU_COMMAND_BYTES_MAX)

static int call(int fd, unsigned long request, void *argument)
{
    return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

/* The structures in another size. */
#define SIZED(number, size) \
    _IOC(_IOC_READ | _IOC_WRITE, VGPU_IOC_TYPE, (number), (size))

static void check_works(int fd)
{
    struct vgpu_submit submit = { .deadline = now_ns() + LIMIT };
    struct vgpu_wait wait = { .deadline = now_ns() + LIMIT };

    EXPECT_EQ(call(fd, VGPU_IOC_SUBMIT, &submit), 0);
    wait.handle = submit.handle;
    EXPECT_EQ(call(fd, VGPU_IOC_WAIT, &wait), 0);
    EXPECT_EQ(wait.status, VGPU_DONE_OK);
}

/* A page, then nothing: what is at its end cannot be read beyond. */
static uint8_t *guarded_page(void)
{
    uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(pages + PAGE, PAGE);
    return pages;
}

/* ---- Numbers and sizes ------------------------------------------------------ */

static void test_numbers(void)
{
    const int fd = open_raw();
    uint8_t bytes[256] = { 0 };
    unsigned number, accepted = 0;

    for (number = 3; number < 256; number++) {
        accepted += call(fd, SIZED(number, 64), bytes) != -ENOTTY;
    }
    EXPECT_EQ(accepted, 0);
    EXPECT_EQ(
        call(fd, _IOC(_IOC_READ, VGPU_IOC_TYPE, 0, VGPU_INFO_SIZE), bytes),
        -ENOTTY);
    EXPECT_EQ(
        call(fd, _IOC(_IOC_WRITE, VGPU_IOC_TYPE, 1, VGPU_SUBMIT_SIZE), bytes),
        -ENOTTY);
    EXPECT_EQ(call(fd, _IO(VGPU_IOC_TYPE, 2), bytes), -ENOTTY);
    EXPECT_EQ(call(fd, _IOWR(VGPU_IOC_TYPE + 1, 0, struct vgpu_info), bytes),
              -ENOTTY);
    EXPECT_EQ(read(fd, bytes, sizeof(bytes)), -1);
    EXPECT_EQ(write(fd, bytes, sizeof(bytes)), -1);
    EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
    check_works(fd);
    close(fd);
}

/* From the first version's size to the newest that the driver knows. */
static void check_sizes(int fd, unsigned number, size_t first, size_t newest)
{
    static uint8_t bytes[16384];
    size_t size, wrong = 0;

    memset(bytes, 0, sizeof(bytes));
    for (size = 0; size < first; size++) {
        wrong += call(fd, SIZED(number, size), bytes) != -EINVAL;
    }
    EXPECT_EQ(wrong, 0);
    bytes[newest] = 1;
    EXPECT_EQ(call(fd, SIZED(number, newest + 8), bytes), -E2BIG);
    bytes[newest] = 0;
    bytes[16000] = 1;
    EXPECT_EQ(call(fd, SIZED(number, 16001), bytes), -E2BIG);
}

static void test_sizes(void)
{
    const int fd = open_raw();
    struct {
        struct vgpu_info info;
        uint64_t newer[8];
    } large = { .newer = { 0 } };

    check_sizes(fd, 0, VGPU_INFO_SIZE, VGPU_INFO_SIZE_2);
    check_sizes(fd, 1, VGPU_SUBMIT_SIZE, VGPU_SUBMIT_SIZE);
    check_sizes(fd, 2, VGPU_WAIT_SIZE, VGPU_WAIT_SIZE);
    /* A newer program's structure, with nothing in it that is new. */
    memset(&large, 0, sizeof(large));
    EXPECT_EQ(call(fd, SIZED(0, sizeof(large)), &large), 0);
    EXPECT_EQ(large.info.vm_id, 100);
    EXPECT_EQ(large.newer[0], 0);
    check_works(fd);
    close(fd);
}

/* A program of the first version: its structure is filled, and nothing behind. */
static void test_older_info(void)
{
    const int fd = open_raw();
    struct vgpu_info newest;
    uint8_t older[sizeof(newest)];
    size_t i, touched = 0;

    memset(older, 0, VGPU_INFO_SIZE);
    memset(older + VGPU_INFO_SIZE, 0xa5, sizeof(older) - VGPU_INFO_SIZE);
    EXPECT_EQ(call(fd, SIZED(0, VGPU_INFO_SIZE), older), 0);
    for (i = VGPU_INFO_SIZE; i < sizeof(older); i++) {
        touched += older[i] != 0xa5;
    }
    EXPECT_EQ(touched, 0);
    memset(&newest, 0, sizeof(newest));
    EXPECT_EQ(call(fd, VGPU_IOC_INFO, &newest), 0);
    EXPECT(memcmp(older, &newest, VGPU_INFO_SIZE) == 0);
    check_works(fd);
    close(fd);
}

static void test_bad_arguments(void)
{
    const int fd = open_raw();
    uint8_t *page = guarded_page();
    void *const bad[] = { NULL,
                          (void *)8,
                          page + PAGE,
                          page + PAGE - VGPU_WAIT_SIZE + 8,
                          (void *)(uintptr_t)0xffffffffff600000,
                          (void *)~(uintptr_t)7,
                          (void *)(uintptr_t)0xffff888000000000 };
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        EXPECT_EQ(call(fd, VGPU_IOC_INFO, bad[i]), -EFAULT);
        EXPECT_EQ(call(fd, VGPU_IOC_SUBMIT, bad[i]), -EFAULT);
        EXPECT_EQ(call(fd, VGPU_IOC_WAIT, bad[i]), -EFAULT);
    }
    check_works(fd);
    munmap(page, PAGE);
    close(fd);
}

/* The answer cannot be written: no command is lost, none is sent for nothing. */
static void test_read_only_arguments(void)
{
    const int fd = open_raw();
    struct vgpu_submit *submit = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct vgpu_wait *wait = (void *)(submit + 1), again;
    struct vgpu_submit good = { .cookie = 5 };

    good.deadline = now_ns() + LIMIT;
    *submit = good;
    *wait = (struct vgpu_wait){ .deadline = now_ns() + LIMIT };
    again = *wait;
    mprotect(submit, PAGE, PROT_READ);
    EXPECT_EQ(call(fd, VGPU_IOC_SUBMIT, submit), -EFAULT);
    EXPECT_EQ(call(fd, VGPU_IOC_WAIT, &again), -ENOENT);
    EXPECT_EQ(call(fd, VGPU_IOC_SUBMIT, &good), 0);
    EXPECT_EQ(call(fd, VGPU_IOC_WAIT, wait), -EFAULT);
    EXPECT_EQ(call(fd, VGPU_IOC_WAIT, &again), 0);
    EXPECT_EQ(again.cookie, 5);
    EXPECT_EQ(call(fd, VGPU_IOC_INFO, submit), -EFAULT);
    check_works(fd);
    munmap(submit, PAGE);
    close(fd);
}

/* ---- Fields ----------------------------------------------------------------- */

static void test_info_fields(void)
{
    const int fd = open_raw();
    struct vgpu_info info;
    unsigned bit;

    for (bit = 0; bit < 32; bit++) {
        memset(&info, 0, sizeof(info));
        info.flags = 1u << bit;
        EXPECT_EQ(call(fd, VGPU_IOC_INFO, &info), -EINVAL);
    }
    /* What it only writes may hold anything. */
    memset(&info, 0xff, sizeof(info));
    info.flags = 0;
    EXPECT_EQ(call(fd, VGPU_IOC_INFO, &info), 0);
    EXPECT_EQ(info.pool, 'B');
    check_works(fd);
    close(fd);
}

static void expect_submit(int fd, struct vgpu_submit submit, int error)
{
    EXPECT_EQ(call(fd, VGPU_IOC_SUBMIT, &submit), error);
}

static void test_submit_fields(void)
{
    const int fd = open_raw();
    struct vgpu_submit good = { .deadline = 0 }, bad;
    unsigned bit;

    good.deadline = now_ns() + LIMIT;
    for (bit = 0; bit < 32; bit++) {
        bad = good;
        bad.flags = 1u << bit;
        expect_submit(fd, bad, -EINVAL);
        bad = good;
        bad.reserved = 1u << bit;
        expect_submit(fd, bad, -EINVAL);
        if (bit >= 8) {
            bad = good;
            bad.opcode = 1u << bit;
            expect_submit(fd, bad, -EINVAL);
        }
    }
    for (bit = 0; bit < 64; bit++) {
        bad = good;
        bad.handle = 1ull << bit;
        expect_submit(fd, bad, -EINVAL);
    }
    check_works(fd);
    close(fd);
}

static void test_deadlines(void)
{
    const int fd = open_raw();
    struct vgpu_submit submit = { 0 };
    struct vgpu_wait wait = { 0 };

    submit.deadline = ~0ull;
    expect_submit(fd, submit, -EINVAL);
    submit.deadline = 1ull << 63;
    expect_submit(fd, submit, -EINVAL);
    submit.deadline = now_ns() + VGPU_WAIT_MAX_NS + 10 * VGPU_SECOND;
    expect_submit(fd, submit, -EINVAL);
    wait.deadline = submit.deadline;
    EXPECT_EQ(call(fd, VGPU_IOC_WAIT, &wait), -EINVAL);
    wait.deadline = ~0ull;
    EXPECT_EQ(call(fd, VGPU_IOC_WAIT, &wait), -EINVAL);
    /* Over, and the farthest: there is room at once. */
    submit.deadline = 1;
    EXPECT_EQ(call(fd, VGPU_IOC_SUBMIT, &submit), 0);
    wait.deadline = now_ns() + VGPU_WAIT_MAX_NS - VGPU_SECOND;
    EXPECT_EQ(call(fd, VGPU_IOC_WAIT, &wait), 0);
    check_works(fd);
    close(fd);
}

/* ---- Buffers ---------------------------------------------------------------- */

static int submit_buffers(int fd, const void *buffers, unsigned count)
{
    struct vgpu_submit submit = {
        .opcode = VGPU_OP_MEMORY_TEST,
        .buffers = (uintptr_t)buffers,
        .buffer_count = count,
        .deadline = now_ns() + LIMIT,
    };

    return call(fd, VGPU_IOC_SUBMIT, &submit);
}

static int submit_buffer(int fd, uint64_t address, uint64_t length,
                         uint32_t flags, uint32_t reserved)
{
    const struct vgpu_buffer buffer = { address, length, flags, reserved };

    return submit_buffers(fd, &buffer, 1);
}

static void test_buffer_fields(void)
{
    const int fd = open_raw();
    uint8_t bytes[64];
    const uint64_t at = (uintptr_t)bytes;
    unsigned bit;

    for (bit = 0; bit < 32; bit++) {
        if (1u << bit != VGPU_BUFFER_WRITE) {
            EXPECT_EQ(submit_buffer(fd, at, 64, 1u << bit, 0), -EINVAL);
        }
        EXPECT_EQ(submit_buffer(fd, at, 64, 0, 1u << bit), -EINVAL);
    }
    EXPECT_EQ(submit_buffer(fd, at, 0, 0, 0), -EINVAL);
    for (bit = 21; bit < 64; bit++) {
        EXPECT_EQ(submit_buffer(fd, at, 1ull << bit, 0, 0), -EMSGSIZE);
    }
    EXPECT_EQ(submit_buffer(fd, at, VGPU_COMMAND_BYTES_MAX + 1, 0, 0),
              -EMSGSIZE);
    check_works(fd);
    close(fd);
}

static void test_buffer_addresses(void)
{
    const int fd = open_raw();
    uint8_t *page = guarded_page();
    const uint64_t bad[] = {
        0,
        8,
        (uintptr_t)page + PAGE,
        (uintptr_t)page + PAGE - 4,
        0x00007fffffffe000,
        0x0000800000000000,
        0xffff888000000000,
        0xffffffffff600000,
        ~0ull,
        ~0ull - 6,
        ~0ull - 7,
        0x8000000000000000,
    };
    uint32_t flags;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        for (flags = 0; flags <= VGPU_BUFFER_WRITE; flags++) {
            EXPECT_EQ(submit_buffer(fd, bad[i], 8, flags, 0), -EFAULT);
        }
    }
    /* A hole in the middle: what was pinned before it is given back. */
    EXPECT_EQ(submit_buffer(fd, (uintptr_t)page, 3 * PAGE, 0, 0), -EFAULT);
    mprotect(page, PAGE, PROT_READ);
    EXPECT_EQ(submit_buffer(fd, (uintptr_t)page, 8, VGPU_BUFFER_WRITE, 0),
              -EFAULT);
    mprotect(page, PAGE, PROT_NONE);
    EXPECT_EQ(submit_buffer(fd, (uintptr_t)page, 8, 0, 0), -EFAULT);
    check_works(fd);
    munmap(page, PAGE);
    close(fd);
}

static void test_buffer_counts(void)
{
    const int fd = open_raw();
    struct vgpu_buffer buffers[VGPU_BUFFERS_MAX];
    uint8_t *page = guarded_page();
    static uint8_t bytes[VGPU_COMMAND_BYTES_MAX];
    unsigned i;

    for (i = 0; i < VGPU_BUFFERS_MAX; i++) {
        buffers[i] = (struct vgpu_buffer){ (uintptr_t)bytes,
                                           VGPU_COMMAND_BYTES_MAX / 8, 0, 0 };
    }
    EXPECT_EQ(submit_buffers(fd, buffers, VGPU_BUFFERS_MAX + 1), -EINVAL);
    EXPECT_EQ(submit_buffers(fd, buffers, 0x80000000), -EINVAL);
    EXPECT_EQ(submit_buffers(fd, buffers, 0xffffffff), -EINVAL);
    /* 2^32 / 24, so that their size overflows. */
    EXPECT_EQ(submit_buffers(fd, buffers, 0x0aaaaaab), -EINVAL);
    EXPECT_EQ(submit_buffers(fd, buffers, VGPU_BUFFERS_MAX), -EMSGSIZE);
    EXPECT_EQ(submit_buffers(fd, buffers, 9), -EMSGSIZE);
    EXPECT_EQ(submit_buffers(fd, NULL, 1), -EFAULT);
    EXPECT_EQ(submit_buffers(fd, page + PAGE - 8, 1), -EFAULT);
    EXPECT_EQ(submit_buffers(fd, (void *)~(uintptr_t)0, 1), -EFAULT);
    buffers[VGPU_BUFFERS_MAX - 1].reserved = 1;
    EXPECT_EQ(submit_buffers(fd, buffers, VGPU_BUFFERS_MAX), -EINVAL);
    check_works(fd);
    munmap(page, PAGE);
    close(fd);
}

/* Three buffers whose pieces lie in more pages than a list has room for. */
static void test_scattered(void)
{
    const int fd = open_raw();
    const size_t third = VGPU_COMMAND_BYTES_MAX / 3;
    uint8_t *memory = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct vgpu_buffer buffers[3];
    int error;
    unsigned i;

    for (i = 0; i < 3; i++) {
        buffers[i] = (struct vgpu_buffer){ (uintptr_t)memory + i * MIB + 4095,
                                           third, 0, 0 };
    }
    error = submit_buffers(fd, buffers, 3);
    /* Where the kernel finds neighbours they fit. */
    EXPECT(error == 0 || error == -EMSGSIZE);
    EXPECT_EQ(submit_buffers(fd, buffers, 2), 0);
    munmap(memory, 4 * MIB);
    close(fd);
}

/* ---- VGPU_IOC_WAIT ---------------------------------------------------------- */

static int wait_for(int fd, uint64_t handle, uint64_t deadline, uint32_t flags)
{
    struct vgpu_wait wait = { .handle = handle,
                              .deadline = deadline,
                              .flags = flags };

    return call(fd, VGPU_IOC_WAIT, &wait);
}

static void test_wait_fields(void)
{
    const int fd = open_raw(), other = open_raw();
    struct vgpu_submit submit = { 0 };
    const uint64_t later = now_ns() + LIMIT;
    unsigned bit;

    for (bit = 0; bit < 32; bit++) {
        EXPECT_EQ(wait_for(fd, 0, later, 1u << bit), -EINVAL);
    }
    EXPECT_EQ(wait_for(fd, 0, later, 0), -ENOENT);
    EXPECT_EQ(wait_for(fd, 1, later, 0), -ENOENT);
    EXPECT_EQ(wait_for(fd, ~0ull, later, 0), -ENOENT);
    EXPECT_EQ(call(fd, VGPU_IOC_SUBMIT, &submit), 0);
    EXPECT_EQ(wait_for(fd, submit.handle + 1, later, 0), -ENOENT);
    EXPECT_EQ(wait_for(other, submit.handle, later, 0), -ENOENT);
    EXPECT_EQ(wait_for(fd, submit.handle, later, 0), 0);
    EXPECT_EQ(wait_for(fd, submit.handle, later, 0), -ENOENT);
    check_works(fd);
    close(fd);
    close(other);
}

const TapTest refuse_tests[] = {
    { "numbers", test_numbers },
    { "sizes", test_sizes },
    { "older-info", test_older_info },
    { "bad-arguments", test_bad_arguments },
    { "read-only-arguments", test_read_only_arguments },
    { "info-fields", test_info_fields },
    { "submit-fields", test_submit_fields },
    { "deadlines", test_deadlines },
    { "buffer-fields", test_buffer_fields },
    { "buffer-addresses", test_buffer_addresses },
    { "buffer-counts", test_buffer_counts },
    { "scattered", test_scattered },
    { "wait-fields", test_wait_fields },
    { NULL, NULL },
};
