/* SPDX-License-Identifier: MIT */
/*
 * vgpu_run_kernel() with a driver that the test plays: who owns which memory when, and
 * what becomes of a kernel that nobody waits for any more.
 */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "request.h"
#include "vgpud/bytes.h"

/* ---- Memory ----------------------------------------------------------------------- */

#define PAGE 4096u

/* What the library gets for mmap(): what writes beyond a block ends the test. */
void *guarded_mmap(void *address, size_t size, int protection, int flags,
                   int fd, off_t offset)
{
    const size_t pages = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
    const uintptr_t block = (uintptr_t)syscall(SYS_mmap, address, pages + PAGE,
                                               protection, flags, fd, offset);

    mprotect((void *)(block + pages), PAGE, PROT_NONE);
    return (void *)block;
}

/* ---- The driver ------------------------------------------------------------------- */

/* What vgpu_run() is to return next, and with what status. */
static struct Driver {
    int error;
    uint64_t handle;
    uint32_t status;
    bool build_fails;
    size_t outputs; /* bytes of them */
    unsigned sent;
    /* What the last command was to be written to. */
    void *response;
    size_t room;
    /* Of vgpu_wait(). */
    int wait_error;
    uint64_t waited_for;
    unsigned waits;
} driver;

#define FILLED 0x5c

/* The program's. */
static uint8_t data[64];

/* A right response: outputs full of FILLED, or a log. */
static uint64_t respond(uint8_t *bytes, size_t room)
{
    const size_t outputs = driver.build_fails ? 7 : driver.outputs;

    g_assert_cmpuint(room, >=, VGPU_RESPONSE_SIZE + outputs);
    memset(bytes, FILLED, room);
    memset(bytes, 0, VGPU_RESPONSE_SIZE);
    BYTES_PUT(bytes, vgpu_response, status,
              driver.build_fails ? VGPU_RESPONSE_BUILD_FAILED
                                 : VGPU_RESPONSE_OK);
    BYTES_PUT(bytes, vgpu_response, bytes, VGPU_RESPONSE_SIZE + outputs);
    BYTES_PUT(bytes, vgpu_response, data, VGPU_RESPONSE_SIZE);
    BYTES_PUT(bytes, vgpu_response, data_bytes, outputs);
    return VGPU_RESPONSE_SIZE + outputs;
}

int vgpu_run(VgpuDevice *device, const VgpuCommand *command,
             uint64_t timeout_ns, VgpuResult *result)
{
    const VgpuBuffer *last = &command->buffers[command->buffer_count - 1];

    (void)device;
    g_assert_cmpuint(command->opcode, ==, VGPU_OP_REQUEST);
    g_assert_cmpuint(command->argument, ==, 0);
    g_assert_cmpuint(timeout_ns, ==, 5);
    driver.sent++;
    driver.response = last->memory;
    driver.room = last->size;
    memset(result, 0, sizeof(*result));
    result->handle = driver.handle;
    if (driver.error) {
        return driver.error;
    }
    result->status = driver.status;
    if (driver.status == VGPU_DONE_OK) {
        result->result = respond(last->memory, last->size);
    }
    return 0;
}

int vgpu_wait(VgpuDevice *device, uint64_t handle, uint64_t timeout_ns,
              VgpuResult *result)
{
    (void)device;
    (void)result;
    g_assert_cmpuint(timeout_ns, ==, 0);
    driver.waited_for = handle;
    driver.waits++;
    return driver.wait_error;
}

/* ---- A program -------------------------------------------------------------------- */

static int run(VgpuDevice *device, VgpuKernelResult *result)
{
    const VgpuArgument argument = { VGPU_ARGUMENT_INOUT, data, data,
                                    sizeof(data) };
    const VgpuKernel kernel = {
        .source = "x",
        .name = "k",
        .dimensions = 1,
        .global = { 1 },
        .arguments = &argument,
        .argument_count = 1,
    };

    memset(data, 0xee, sizeof(data));
    /* What the library does not say is to be seen. */
    memset(result, 0xee, sizeof(*result));
    return vgpu_run_kernel(device, &kernel, 5, result);
}

static bool data_is(uint8_t byte)
{
    size_t i;

    for (i = 0; i < sizeof(data) && data[i] == byte; i++) {
    }
    return i == sizeof(data);
}

static bool is_mapped(const void *address)
{
    const uintptr_t page = (uintptr_t)address & ~(uintptr_t)(PAGE - 1);

    return msync((void *)page, 1, MS_ASYNC) == 0;
}

static VgpuDevice *begin(void)
{
    memset(&driver, 0, sizeof(driver));
    driver.handle = 41;
    driver.outputs = sizeof(data);
    return g_new0(VgpuDevice, 1);
}

static void end(VgpuDevice *device)
{
    vgpu_blocks_free(device);
    g_free(device);
}

/* ---- Tests -------------------------------------------------------------------------- */

static void check_runs(void)
{
    VgpuDevice *device = begin();
    VgpuKernelResult result = { 0 };
    const void *used;

    g_assert_cmpint(run(device, &result), ==, 0);
    g_assert_cmpuint(result.status, ==, VGPU_DONE_OK);
    g_assert_cmpuint(result.response, ==, VGPU_RESPONSE_OK);
    g_assert_null(result.log);
    g_assert_true(data_is(FILLED));
    used = driver.response;
    g_assert_cmpint(run(device, &result), ==, 0);
    g_assert_cmpuint(driver.sent, ==, 2);
    g_assert_cmpuint(driver.waits, ==, 0);
    end(device);
    g_assert_false(is_mapped(used));
}

static void check_build_log(void)
{
    VgpuDevice *device = begin();
    VgpuKernelResult result = { 0 };

    driver.build_fails = true;
    g_assert_cmpint(run(device, &result), ==, VGPU_KERNEL_FAILED);
    g_assert_cmpuint(result.response, ==, VGPU_RESPONSE_BUILD_FAILED);
    g_assert_cmpstr(result.log, ==, "\\\\\\\\\\\\\\");
    g_assert_true(data_is(0xee));
    free(result.log);
    end(device);
}

static void check_status(void)
{
    VgpuDevice *device = begin();
    VgpuKernelResult result = { 0 };

    driver.status = VGPU_DONE_LINK_LOST;
    g_assert_cmpint(run(device, &result), ==, VGPU_KERNEL_FAILED);
    g_assert_cmpuint(result.status, ==, VGPU_DONE_LINK_LOST);
    g_assert_null(result.log);
    g_assert_true(data_is(0xee));
    end(device);
}

/* Nothing was sent: nothing is left. */
static void check_not_sent(void)
{
    VgpuDevice *device = begin();
    VgpuKernelResult result = { 0 };

    driver.error = -ETIMEDOUT;
    driver.handle = 0;
    g_assert_cmpint(run(device, &result), ==, -ETIMEDOUT);
    g_assert_null(result.log);
    driver.error = -ENODEV;
    g_assert_cmpint(run(device, &result), ==, -ENODEV);
    g_assert_cmpuint(driver.waits, ==, 0);
    g_assert_null(device->left);
    end(device);
}

/* The device writes when it likes, and to nobody's harm. */
static void check_left(void)
{
    VgpuDevice *device = begin();
    VgpuKernelResult result = { 0 };
    uint8_t *late;

    driver.error = -ETIMEDOUT;
    g_assert_cmpint(run(device, &result), ==, -ETIMEDOUT);
    g_assert_null(result.log);
    late = driver.response;
    driver.error = 0;
    driver.handle = 42;
    driver.wait_error = -ETIMEDOUT;
    g_assert_cmpint(run(device, &result), ==, 0);
    g_assert_cmpuint(driver.waited_for, ==, 41);
    g_assert_true(is_mapped(late));
    g_assert_true(driver.response != late);
    memset(late, 0x11, 64);
    g_assert_true(data_is(FILLED));
    /* It has ended: its result is taken, once. */
    driver.wait_error = 0;
    g_assert_cmpint(run(device, &result), ==, 0);
    g_assert_false(is_mapped(late));
    g_assert_cmpuint(driver.waits, ==, 2);
    g_assert_cmpint(run(device, &result), ==, 0);
    g_assert_cmpuint(driver.waits, ==, 2);
    end(device);
}

/* Several are left; some end, and the rest goes with the device. */
static void check_several_left(void)
{
    VgpuDevice *device = begin();
    VgpuKernelResult result = { 0 };
    const void *late[3];
    unsigned i;

    driver.error = -ETIMEDOUT;
    driver.wait_error = -ETIMEDOUT;
    for (i = 0; i < G_N_ELEMENTS(late); i++) {
        driver.handle = i + 1;
        g_assert_cmpint(run(device, &result), ==, -ETIMEDOUT);
        late[i] = driver.response;
    }
    driver.error = 0;
    driver.waits = 0;
    g_assert_cmpint(run(device, &result), ==, 0);
    g_assert_cmpuint(driver.waits, ==, 3);
    for (i = 0; i < G_N_ELEMENTS(late); i++) {
        g_assert_true(is_mapped(late[i]));
    }
    end(device);
    for (i = 0; i < G_N_ELEMENTS(late); i++) {
        g_assert_false(is_mapped(late[i]));
    }
}

/* Somebody who waits for any command has taken its result. */
static void check_taken(void)
{
    VgpuDevice *device = begin();
    VgpuKernelResult result = { 0 };

    driver.error = -ENOENT;
    driver.wait_error = -ENOENT;
    g_assert_cmpint(run(device, &result), ==, -ENOENT);
    driver.error = 0;
    g_assert_cmpint(run(device, &result), ==, 0);
    g_assert_null(device->left);
    end(device);
}

/* A larger one after a smaller one, and back. */
static void check_sizes(void)
{
    VgpuDevice *device = begin();
    g_autofree uint8_t *memory = g_malloc0(VGPU_COMMAND_BYTES_MAX);
    VgpuArgument argument = { VGPU_ARGUMENT_OUT, NULL, memory, 0 };
    const VgpuKernel kernel = {
        .source = "x",
        .name = "k",
        .dimensions = 1,
        .global = { 1 },
        .arguments = &argument,
        .argument_count = 1,
    };
    const size_t sizes[] = { 16, 0x8000, 0x80000, 16, 0x8000 };
    VgpuKernelResult result = { 0 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        argument.size = driver.outputs = sizes[i];
        memset(memory, 0xee, sizes[i] + 1);
        g_assert_cmpint(vgpu_run_kernel(device, &kernel, 5, &result), ==, 0);
        g_assert_cmpuint(memory[0], ==, FILLED);
        g_assert_cmpuint(memory[sizes[i] - 1], ==, FILLED);
        g_assert_cmpuint(memory[sizes[i]], ==, 0xee);
    }
    argument.size = VGPU_COMMAND_BYTES_MAX;
    g_assert_cmpint(vgpu_run_kernel(device, &kernel, 5, &result), ==,
                    -EMSGSIZE);
    argument.kind = 0;
    g_assert_cmpint(vgpu_run_kernel(device, &kernel, 5, &result), ==, -EINVAL);
    g_assert_cmpuint(driver.sent, ==, G_N_ELEMENTS(sizes));
    end(device);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/run/runs", check_runs);
    g_test_add_func("/run/build-log", check_build_log);
    g_test_add_func("/run/status", check_status);
    g_test_add_func("/run/not-sent", check_not_sent);
    g_test_add_func("/run/left", check_left);
    g_test_add_func("/run/several-left", check_several_left);
    g_test_add_func("/run/taken", check_taken);
    g_test_add_func("/run/sizes", check_sizes);
    return g_test_run();
}
