/* SPDX-License-Identifier: MIT */
#include "driver/groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KIB ((size_t)1024)
#define MIB VGPU_COMMAND_BYTES_MAX

/* Both behind and before a page boundary. */
#define UNALIGNED 4093

static void test_sysfs(void)
{
    EXPECT(strcmp(sysfs_text("pool"), "B") == 0);
    EXPECT(strcmp(sysfs_text("priority"), "high") == 0);
    EXPECT(strcmp(sysfs_text("vm_id"), "100") == 0);
    EXPECT(strcmp(sysfs_text("link"), "none") == 0);
    EXPECT(strcmp(sysfs_text("state"), "running") == 0);
    EXPECT(strcmp(sysfs_text("abi_version"), "1.0") == 0);
    EXPECT(atoi(sysfs_text("queues")) >= 1);
}

static void test_info(void)
{
    VgpuDevice *device = open_device();
    const struct vgpu_info info = info_of(device);
    unsigned number = 77;

    EXPECT_EQ(info.state, VGPU_INFO_RUNNING);
    EXPECT_EQ(info.abi_version, VGPU_ABI_VERSION);
    EXPECT(info.features & VGPU_FEATURE_QUEUES);
    EXPECT_EQ(info.driver_features, VGPU_FEATURE_QUEUES);
    EXPECT_EQ(info.pool, 'B');
    EXPECT_EQ(info.priority, VGPU_PRIORITY_HIGH);
    EXPECT_EQ(info.vm_id, 100);
    EXPECT_EQ(info.link, VGPU_LINK_NONE);
    EXPECT(info.queues >= 1 && info.queues <= info.queues_offered);
    EXPECT_EQ(info.buffers_max, VGPU_BUFFERS_MAX);
    EXPECT_EQ(info.command_bytes_max, MIB);
    EXPECT_EQ(info.resets, 0);
    EXPECT_EQ(info.lost, 0);
    EXPECT(vgpu_list(&number, 1) >= 1);
    EXPECT_EQ(number, 0);
    vgpu_close(device);
}

static void test_nop(void)
{
    VgpuDevice *device = open_device();
    const uint64_t before = info_of(device).completed;
    unsigned i;

    /* More than three times around a ring. */
    for (i = 0; i < 1000; i++) {
        EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    }
    EXPECT_EQ(info_of(device).completed, before + 1000);
    EXPECT_EQ(info_of(device).submitted, info_of(device).completed);
    EXPECT_EQ(strtoull(sysfs_text("completed"), NULL, 10), before + 1000);
    vgpu_close(device);
}

/* One at a time, each command finds device and driver asleep: it rings once, and
 * one interrupt brings it back. */
static void test_counters(void)
{
    VgpuDevice *device = open_device();
    const struct vgpu_info before = info_of(device);
    struct vgpu_info after;
    unsigned i;

    for (i = 0; i < 100; i++) {
        EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    }
    after = info_of(device);
    EXPECT_EQ(after.doorbells, before.doorbells + 100);
    EXPECT_EQ(after.interrupts_taken, before.interrupts_taken + 100);
    vgpu_close(device);
}

static void test_identify(void)
{
    VgpuDevice *device = open_device();
    struct vgpu_identity identity;

    memset(&identity, 0xff, sizeof(identity));
    EXPECT_EQ(vgpu_identify(device, LIMIT, &identity), 0);
    EXPECT_EQ(identity.magic, VGPU_MAGIC);
    EXPECT_EQ(identity.abi_version, VGPU_ABI_VERSION);
    EXPECT_EQ(identity.driver_features, VGPU_FEATURE_QUEUES);
    EXPECT_EQ(identity.pool, 'B');
    EXPECT_EQ(identity.priority, VGPU_PRIORITY_HIGH);
    EXPECT_EQ(identity.vm_id, 100);
    EXPECT_EQ(identity.segments_max, VGPU_SEGMENTS_MAX);
    EXPECT_EQ(identity.command_bytes_max, MIB);
    vgpu_close(device);
}

/* As much as there is room for, and not a byte more. */
static void test_identify_partly(void)
{
    VgpuDevice *device = open_device();
    uint8_t page[4096];
    const VgpuBuffer small = { page, 5, VGPU_BUFFER_WRITE };
    const VgpuBuffer large = { page, sizeof(page), VGPU_BUFFER_WRITE };
    VgpuCommand command = { .opcode = VGPU_OP_IDENTIFY, .buffer_count = 1 };
    VgpuResult result;
    unsigned i, wrong = 0;

    memset(page, 0xa5, sizeof(page));
    command.buffers = &small;
    EXPECT_EQ(vgpu_run(device, &command, LIMIT, &result), 0);
    EXPECT_EQ(result.result, 5);
    EXPECT(memcmp(page, "VGPU", 4) == 0);
    EXPECT_EQ(page[5], 0xa5);
    command.buffers = &large;
    EXPECT_EQ(vgpu_run(device, &command, LIMIT, &result), 0);
    EXPECT_EQ(result.result, VGPU_IDENTITY_SIZE);
    for (i = VGPU_IDENTITY_SIZE; i < sizeof(page); i++) {
        wrong += page[i] != 0xa5;
    }
    EXPECT_EQ(wrong, 0);
    vgpu_close(device);
}

/* ---- Sizes ------------------------------------------------------------------ */

static void fill(uint8_t *memory, size_t size, uint64_t seed)
{
    size_t i;

    for (i = 0; i < size; i++) {
        memory[i] = vgpu_pattern_byte(seed, i);
    }
}

static void echo(VgpuDevice *device, size_t size, size_t from_at, size_t to_at)
{
    uint8_t *from = calloc(1, size + from_at + 1);
    uint8_t *to = malloc(size + to_at + 1);

    fill(from + from_at, size, size);
    memset(to, 0, size + to_at + 1);
    EXPECT_EQ(vgpu_echo(device, from + from_at, to + to_at, size, LIMIT), 0);
    EXPECT(memcmp(from + from_at, to + to_at, size) == 0);
    EXPECT_EQ(to[to_at + size], 0);
    free(from);
    free(to);
}

static const size_t sizes[] = {
    1,       2,    7,    8,     63,       4095,
    4096,    4097, 8192, 12289, 64 * KIB, 300 * KIB + 3,
    MIB / 2,
};

static void test_echo(void)
{
    VgpuDevice *device = open_device();
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        echo(device, sizes[i], 0, 0);
        echo(device, sizes[i], 1, UNALIGNED);
        echo(device, sizes[i], UNALIGNED, 3);
    }
    vgpu_close(device);
}

static void memory_test(VgpuDevice *device, size_t size, size_t at)
{
    uint8_t *memory = malloc(size + at + 1);
    uint64_t differing = 1;
    size_t i, wrong = 0;

    memset(memory, 0, size + at + 1);
    EXPECT_EQ(
        vgpu_memory_test(device, memory + at, size, size, LIMIT, &differing),
        0);
    EXPECT_EQ(differing, 0);
    for (i = 0; i < size; i++) {
        wrong += memory[at + i] != vgpu_pattern_byte(size, i);
    }
    EXPECT_EQ(wrong, 0);
    EXPECT(at == 0 || memory[at - 1] == 0);
    EXPECT_EQ(memory[at + size], 0);
    free(memory);
}

static void test_memory(void)
{
    VgpuDevice *device = open_device();
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        memory_test(device, sizes[i], 0);
        memory_test(device, sizes[i], UNALIGNED);
    }
    memory_test(device, MIB, 0);
    memory_test(device, MIB, UNALIGNED);
    vgpu_close(device);
}

static void test_memory_differs(void)
{
    VgpuDevice *device = open_device();
    uint8_t *memory = malloc(MIB);
    const VgpuBuffer buffer = { memory, MIB, 0 };
    const VgpuCommand command = {
        .opcode = VGPU_OP_MEMORY_TEST,
        .argument = 9,
        .buffers = &buffer,
        .buffer_count = 1,
    };
    VgpuResult result;

    fill(memory, MIB, 9);
    memory[0] ^= 1;
    memory[70000] ^= 0x80;
    memory[MIB - 1] ^= 0xff;
    EXPECT_EQ(vgpu_run(device, &command, LIMIT, &result), 0);
    EXPECT_EQ(result.status, VGPU_DONE_OK);
    EXPECT_EQ(result.result, 3);
    free(memory);
    vgpu_close(device);
}

static void test_too_large(void)
{
    VgpuDevice *device = open_device();
    uint8_t *memory = malloc(MIB + 1);
    uint64_t differing;

    EXPECT_EQ(vgpu_memory_test(device, memory, MIB + 1, 0, LIMIT, &differing),
              -EMSGSIZE);
    EXPECT_EQ(
        vgpu_echo(device, memory, memory + MIB / 2 + 1, MIB / 2 + 1, LIMIT),
        -EMSGSIZE);
    EXPECT_EQ(vgpu_memory_test(device, memory, SIZE_MAX, 0, LIMIT, &differing),
              -EMSGSIZE);
    free(memory);
    vgpu_close(device);
}

/* ---- Buffers ---------------------------------------------------------------- */

/* In any order, in many pieces: two rows of bytes. */
static void test_many_buffers(void)
{
    VgpuDevice *device = open_device();
    uint8_t *from = malloc(80 * KIB), *to = calloc(1, 80 * KIB);
    VgpuBuffer buffers[VGPU_BUFFERS_MAX];
    const VgpuCommand command = {
        .opcode = VGPU_OP_ECHO,
        .buffers = buffers,
        .buffer_count = VGPU_BUFFERS_MAX,
    };
    VgpuResult result;
    size_t i;

    fill(from, 80 * KIB, 4);
    for (i = 0; i < VGPU_BUFFERS_MAX / 2; i++) {
        buffers[2 * i] = (VgpuBuffer){ to + i * 10001, 10001,
                                       VGPU_BUFFER_WRITE };
        buffers[2 * i + 1] = (VgpuBuffer){ from + i * 10001, 10001, 0 };
    }
    EXPECT_EQ(vgpu_run(device, &command, LIMIT, &result), 0);
    EXPECT_EQ(result.status, VGPU_DONE_OK);
    EXPECT_EQ(result.result, 80008);
    EXPECT(memcmp(from, to, 80008) == 0);
    EXPECT_EQ(to[80008], 0);
    free(from);
    free(to);
    vgpu_close(device);
}

/* The same page twice, read-only memory to read from, memory never touched. */
static void test_kinds_of_memory(void)
{
    VgpuDevice *device = open_device();
    static const char text[] = "read-only bytes of the program itself";
    uint8_t *fresh = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *shared = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t differing;

    EXPECT_EQ(vgpu_echo(device, text, fresh, sizeof(text), LIMIT), 0);
    EXPECT(memcmp(text, fresh, sizeof(text)) == 0);
    EXPECT_EQ(vgpu_echo(device, fresh, fresh + 64, sizeof(text), LIMIT), 0);
    EXPECT(memcmp(text, fresh + 64, sizeof(text)) == 0);
    EXPECT_EQ(vgpu_echo(device, fresh + 32 * KIB, shared, 32 * KIB, LIMIT), 0);
    EXPECT_EQ(vgpu_memory_test(device, shared, 64 * KIB, 3, LIMIT, &differing),
              0);
    munmap(fresh, 64 * KIB);
    munmap(shared, 64 * KIB);
    vgpu_close(device);
}

/* A program may unmap what it has handed over. */
static void test_unmapped(void)
{
    VgpuDevice *device = open_device();
    uint8_t *memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const VgpuBuffer buffer = { memory, MIB, VGPU_BUFFER_WRITE };
    const VgpuCommand command = {
        .opcode = VGPU_OP_MEMORY_TEST,
        .buffers = &buffer,
        .buffer_count = 1,
    };
    VgpuResult result;
    uint64_t handle;

    EXPECT_EQ(vgpu_submit(device, &command, LIMIT, &handle), 0);
    munmap(memory, MIB);
    EXPECT_EQ(vgpu_wait(device, handle, LIMIT, &result), 0);
    EXPECT_EQ(result.status, VGPU_DONE_OK);
    vgpu_close(device);
}

/* ---- What the device says --------------------------------------------------- */

static uint32_t status_of(VgpuDevice *device, uint8_t opcode, uint64_t argument,
                          const VgpuBuffer *buffers, unsigned count)
{
    const VgpuCommand command = {
        .opcode = opcode,
        .argument = argument,
        .buffers = buffers,
        .buffer_count = count,
    };
    VgpuResult result = { .status = ~0u };

    EXPECT_EQ(vgpu_run(device, &command, LIMIT, &result), 0);
    EXPECT(result.status == VGPU_DONE_OK || result.result == 0);
    return result.status;
}

static void test_statuses(void)
{
    VgpuDevice *device = open_device();
    uint8_t bytes[16] = { 0 };
    const VgpuBuffer read = { bytes, 8, 0 };
    const VgpuBuffer pair[] = { { bytes, 8, 0 },
                                { bytes + 8, 7, VGPU_BUFFER_WRITE } };

    EXPECT_EQ(status_of(device, 0x7f, 0, NULL, 0), VGPU_DONE_BAD_OPCODE);
    EXPECT_EQ(status_of(device, VGPU_OP_NOP, 1, NULL, 0), VGPU_DONE_BAD_FIELD);
    EXPECT_EQ(status_of(device, VGPU_OP_NOP, 0, &read, 1),
              VGPU_DONE_BAD_SEGMENTS);
    EXPECT_EQ(status_of(device, VGPU_OP_IDENTIFY, 0, &read, 1),
              VGPU_DONE_BAD_SEGMENTS);
    EXPECT_EQ(status_of(device, VGPU_OP_ECHO, 0, pair, 2),
              VGPU_DONE_BAD_SEGMENTS);
    EXPECT_EQ(status_of(device, VGPU_OP_MEMORY_TEST, 0, NULL, 0), VGPU_DONE_OK);
    EXPECT_EQ(status_of(device, VGPU_OP_REQUEST, 0, pair, 2),
              VGPU_DONE_NO_BACKEND);
    vgpu_close(device);
}

const TapTest basic_tests[] = {
    { "sysfs", test_sysfs },
    { "info", test_info },
    { "nop", test_nop },
    { "counters", test_counters },
    { "identify", test_identify },
    { "identify-partly", test_identify_partly },
    { "echo", test_echo },
    { "memory", test_memory },
    { "memory-differs", test_memory_differs },
    { "too-large", test_too_large },
    { "many-buffers", test_many_buffers },
    { "kinds-of-memory", test_kinds_of_memory },
    { "unmapped", test_unmapped },
    { "statuses", test_statuses },
    { NULL, NULL },
};

/* ---- A device without queues -------------------------------------------------- */

static void test_plain_sysfs(void)
{
    EXPECT(strcmp(sysfs_text("pool"), "B") == 0);
    EXPECT(strcmp(sysfs_text("priority"), "high") == 0);
    EXPECT(strcmp(sysfs_text("vm_id"), "100") == 0);
    EXPECT(strcmp(sysfs_text("link"), "none") == 0);
    EXPECT(strcmp(sysfs_text("state"), "plain") == 0);
    EXPECT(strcmp(sysfs_text("queues"), "0") == 0);
    EXPECT(strcmp(sysfs_text("completed"), "0") == 0);
}

static void test_plain_calls(void)
{
    VgpuDevice *device = open_device();
    const struct vgpu_info info = info_of(device);
    VgpuResult result;

    EXPECT_EQ(info.state, VGPU_INFO_PLAIN);
    EXPECT_EQ(info.features, 0);
    EXPECT_EQ(info.vm_id, 100);
    EXPECT_EQ(info.queues, 0);
    EXPECT_EQ(info.command_bytes_max, 0);
    EXPECT_EQ(vgpu_nop(device, LIMIT), -EOPNOTSUPP);
    EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), -ENOENT);
    vgpu_close(device);
}

const TapTest plain_tests[] = {
    { "sysfs", test_plain_sysfs },
    { "calls", test_plain_calls },
    { NULL, NULL },
};
