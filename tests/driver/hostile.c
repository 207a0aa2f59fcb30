/* SPDX-License-Identifier: MIT */
/*
 * A device that lies (tests/driver/hostile.sed): each command ends in some way, no
 * memory is touched that is not a command's (the kernel checks its own), and the
 * device works again when it is honest again.
 */
#include "driver/groups.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LIE_WRONG_ID = 1,
    LIE_FREE_ID,
    LIE_TWICE,
    LIE_NEVER,
    LIE_NONSENSE,
    LIE_FLOOD,
    LIE_AWAKE,
    LIE_ONES,
    LIE_OTHER_VERSION,
};

static uint64_t submit_lie(VgpuDevice *device, unsigned lie)
{
    const VgpuCommand command = { .opcode = VGPU_OP_NOP, .argument = lie };
    uint64_t handle = 0;

    EXPECT_EQ(vgpu_submit(device, &command, LIMIT, &handle), 0);
    return handle;
}

/* Until it works: a reset may still be under way. */
static void expect_works(void)
{
    VgpuDevice *device = open_device();
    uint8_t *memory = malloc(200000);
    uint64_t differing = 1;
    unsigned i;

    for (i = 0; i < 20 && vgpu_nop(device, VGPU_SECOND) != 0; i++) {
        usleep(10000);
    }
    EXPECT_EQ(vgpu_memory_test(device, memory, 200000, 6, LIMIT, &differing),
              0);
    EXPECT_EQ(differing, 0);
    free(memory);
    vgpu_close(device);
}

/* The lie among honest commands with memory. */
static void lie_and_recover(unsigned lie, bool resets)
{
    uint8_t *memory = malloc(VGPU_COMMAND_BYTES_MAX);
    const VgpuBuffer buffer = { memory, VGPU_COMMAND_BYTES_MAX,
                                VGPU_BUFFER_WRITE };
    const VgpuCommand honest = { .opcode = VGPU_OP_MEMORY_TEST,
                                 .buffers = &buffer,
                                 .buffer_count = 1 };
    VgpuDevice *device = open_device();
    const uint32_t before = info_of(device).resets;
    unsigned round, i;

    for (round = 0; round < 10; round++) {
        VgpuResult result;
        uint64_t handle;

        EXPECT_EQ(vgpu_submit(device, &honest, LIMIT, &handle), 0);
        submit_lie(device, lie);
        EXPECT_EQ(vgpu_submit(device, &honest, LIMIT, &handle), 0);
        for (i = 0; i < 3; i++) {
            EXPECT_EQ(vgpu_wait(device, 0, LIMIT, &result), 0);
            EXPECT(result.status == VGPU_DONE_OK || result.result == 0);
            EXPECT(result.status <= VGPU_STATUS_RESET);
        }
        EXPECT_EQ(vgpu_wait(device, 0, 0, &result), -ENOENT);
    }
    EXPECT_EQ(info_of(device).resets > before, resets);
    vgpu_close(device);
    free(memory);
    expect_works();
}

static void test_wrong_id(void)
{
    lie_and_recover(LIE_WRONG_ID, true);
}

static void test_free_id(void)
{
    lie_and_recover(LIE_FREE_ID, true);
}

static void test_twice(void)
{
    lie_and_recover(LIE_TWICE, true);
}

static void test_nonsense(void)
{
    lie_and_recover(LIE_NONSENSE, false);
}

static void test_flood(void)
{
    lie_and_recover(LIE_FLOOD, true);
}

static void test_ones(void)
{
    lie_and_recover(LIE_ONES, true);
}

/* It ends when its file is closed, with a reset. */
static void close_with(unsigned lie)
{
    VgpuDevice *device = open_device();
    const uint32_t before = info_of(device).resets;
    const uint64_t handle = submit_lie(device, lie);
    VgpuResult result;

    EXPECT_EQ(vgpu_wait(device, handle, VGPU_SECOND / 10, &result), -ETIMEDOUT);
    vgpu_close(device);
    device = open_device();
    EXPECT_EQ(info_of(device).resets, before + 1);
    vgpu_close(device);
    expect_works();
}

static void test_never(void)
{
    close_with(LIE_NEVER);
}

static void test_awake(void)
{
    VgpuDevice *device = open_device();
    VgpuResult result;

    vgpu_wait(device, submit_lie(device, LIE_AWAKE), LIMIT, &result);
    vgpu_close(device);
    /* On one processor, and so one queue: nothing is taken any more. */
    close_with(LIE_NEVER);
}

/* ---- Devices that are something else --------------------------------------- */

/* tests/driver/run.sh has put them there. */
#define OTHER_MAGIC "/sys/bus/pci/devices/0000:00:10.0"
#define OTHER_MAJOR "/sys/bus/pci/devices/0000:00:11.0"

static void expect_left_alone(const char *device)
{
    char driver[PATH_MAX];

    snprintf(driver, sizeof(driver), "%s/driver", device);
    EXPECT_EQ(access(device, F_OK), 0);
    EXPECT(access(driver, F_OK) != 0);
}

static void test_other_magic(void)
{
    expect_left_alone(OTHER_MAGIC);
}

static void test_other_major(void)
{
    expect_left_alone(OTHER_MAJOR);
}

static void expect_text(const char *path, const char *wanted)
{
    EXPECT(strcmp(file_text(path), wanted) == 0);
}

/* All feature bits, a later minor, a pool and a priority that nobody knows yet. */
static void test_newer(void)
{
    VgpuDevice *device;
    struct vgpu_info info;
    const int error = vgpu_open(1, &device);

    EXPECT_EQ(error, 0);
    if (error) {
        return;
    }
    info = info_of(device);
    EXPECT_EQ(info.features, UINT32_MAX);
    EXPECT_EQ(info.driver_features, VGPU_FEATURE_QUEUES);
    EXPECT_EQ(info.state, VGPU_INFO_RUNNING);
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    vgpu_close(device);
    expect_text("/sys/class/vgpu/vgpu1/abi_version", "1.7");
    expect_text("/sys/class/vgpu/vgpu1/pool", "Z");
    expect_text("/sys/class/vgpu/vgpu1/priority", "9");
}

/* The last test: the device is left alone until the driver is loaded anew. */
static void test_other_after_sleep(void)
{
    VgpuDevice *device = open_device();
    VgpuResult result;

    EXPECT_EQ(vgpu_wait(device, submit_lie(device, LIE_OTHER_VERSION), LIMIT,
                        &result),
              0);
    EXPECT_EQ(sleep_a_moment(), 0);
    EXPECT_EQ(vgpu_nop(device, LIMIT), -EIO);
    EXPECT_EQ(info_of(device).state, VGPU_INFO_FAILED);
    vgpu_close(device);
}

const TapTest hostile_tests[] = {
    { "wrong-id", test_wrong_id },
    { "free-id", test_free_id },
    { "twice", test_twice },
    { "never", test_never },
    { "nonsense", test_nonsense },
    { "flood", test_flood },
    { "awake", test_awake },
    { "ones", test_ones },
    { "other-magic", test_other_magic },
    { "other-major", test_other_major },
    { "newer", test_newer },
    { "other-after-sleep", test_other_after_sleep },
    { NULL, NULL },
};
