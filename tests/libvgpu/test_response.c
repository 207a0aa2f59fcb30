/* SPDX-License-Identifier: MIT */
/*
 * libvgpu's judgement of responses: each rule of vgpu/request.h broken once.
 */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "vgpud/bytes.h"

/* Two outputs with an input between: 20 bytes and 4, in 32 and 16. */
#define OUTPUTS (32 + 16)
#define ROOM    (VGPU_RESPONSE_SIZE + OUTPUTS)

static uint8_t first[20], second[4];

static const VgpuArgument outputs[] = {
    { VGPU_ARGUMENT_OUT, NULL, first, sizeof(first) },
    { VGPU_ARGUMENT_SCALAR, "abc", NULL, 4 },
    { VGPU_ARGUMENT_INOUT, "abc", second, sizeof(second) },
};

static void right_response(uint8_t bytes[ROOM])
{
    unsigned i;

    memset(bytes, 0, VGPU_RESPONSE_SIZE);
    BYTES_PUT(bytes, vgpu_response, bytes, ROOM);
    BYTES_PUT(bytes, vgpu_response, data, VGPU_RESPONSE_SIZE);
    BYTES_PUT(bytes, vgpu_response, data_bytes, OUTPUTS);
    BYTES_PUT(bytes, vgpu_response, device_ns, 0x123456789a);
    for (i = VGPU_RESPONSE_SIZE; i < ROOM; i++) {
        bytes[i] = (uint8_t)i;
    }
}

/* Judges a copy of its exact length, so that a sanitizer sees what reads beyond. */
static int finish_room(const uint8_t *bytes, size_t there, uint64_t length,
                       size_t room, VgpuKernelResult *result)
{
    const VgpuKernel kernel = { .source = "x",
                                .name = "k",
                                .arguments = outputs,
                                .argument_count = G_N_ELEMENTS(outputs) };
    uint8_t *copy = g_memdup2(bytes, there);
    Request request;
    int ret;

    g_assert_cmpint(request_plan(&request, &kernel), ==, 0);
    g_assert_cmpuint(request.output_bytes, ==, OUTPUTS);
    request.room = room;
    memset(first, 0xee, sizeof(first));
    memset(second, 0xee, sizeof(second));
    memset(result, 0, sizeof(*result));
    ret = request_finish(&request, copy, length, result);
    g_free(copy);
    return ret;
}

static int finish(const uint8_t *bytes, size_t length, VgpuKernelResult *result)
{
    return finish_room(bytes, length, length, ROOM, result);
}

static bool outputs_untouched(void)
{
    uint8_t ee[sizeof(first)];

    memset(ee, 0xee, sizeof(ee));
    return memcmp(first, ee, sizeof(first)) == 0 &&
           memcmp(second, ee, sizeof(second)) == 0;
}

static void check_right_response(void)
{
    VgpuKernelResult result = { 0 };
    uint8_t bytes[ROOM];

    right_response(bytes);
    g_assert_cmpint(finish(bytes, ROOM, &result), ==, 0);
    g_assert_cmpuint(result.response, ==, VGPU_RESPONSE_OK);
    g_assert_cmpuint(result.device_ns, ==, 0x123456789a);
    g_assert_null(result.log);
    g_assert_cmpmem(first, sizeof(first), bytes + 32, sizeof(first));
    g_assert_cmpmem(second, sizeof(second), bytes + 64, sizeof(second));
}

#define CHANGE(field, value, status)                              \
    {                                                             \
        G_STRUCT_OFFSET(struct vgpu_response, field), (value),    \
            sizeof(((struct vgpu_response *)0)->field), (status), \
    }
#define FIELD(field, value)  CHANGE(field, value, VGPU_RESPONSE_OK)
#define IN_LOG(field, value) CHANGE(field, value, VGPU_RESPONSE_BUILD_FAILED)

/* Each in a response that is otherwise right; the last with a log. */
static const struct {
    size_t offset;
    uint64_t value;
    unsigned width;
    uint32_t status;
} broken[] = {
    FIELD(flags, 0x2),
    FIELD(flags, 0x80000000),
    FIELD(bytes, 0),
    FIELD(bytes, ROOM - 1),
    FIELD(bytes, ROOM + 1),
    FIELD(bytes, 0xffffffff),
    FIELD(data, 0),
    FIELD(data, VGPU_RESPONSE_SIZE - 1),
    FIELD(data, VGPU_RESPONSE_SIZE + 1),
    FIELD(data, ROOM),
    FIELD(data, ROOM + 1),
    FIELD(data, 0xffffffff),
    FIELD(data, 0xffffffff - OUTPUTS + 1),
    FIELD(data_bytes, 0),
    FIELD(data_bytes, OUTPUTS - 1),
    FIELD(data_bytes, OUTPUTS + 1),
    FIELD(data_bytes, 0xffffffff),
    FIELD(data_bytes, 0xffffffff - VGPU_RESPONSE_SIZE + 1),
    IN_LOG(flags, 0x2),
    IN_LOG(data, 0),
    IN_LOG(data, VGPU_RESPONSE_SIZE + 1),
    IN_LOG(data, 0xffffffff - OUTPUTS + 1),
    IN_LOG(data_bytes, OUTPUTS + 1),
    IN_LOG(data_bytes, 0xffffffff),
    IN_LOG(bytes, ROOM + 1),
};

static void check_broken_response(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(broken); i++) {
        VgpuKernelResult result = { 0 };
        uint8_t bytes[ROOM];
        int ret;

        right_response(bytes);
        BYTES_PUT(bytes, vgpu_response, status, broken[i].status);
        bytes_put(bytes + broken[i].offset, broken[i].value, broken[i].width);
        ret = finish(bytes, ROOM, &result);
        if (ret != -EPROTO || !outputs_untouched() || result.log) {
            g_test_message("row %zu: %d", i, ret);
            g_test_fail();
        }
        g_free(result.log);
    }
}

/* A device that says that it has written less, or more. */
static void check_response_length(void)
{
    VgpuKernelResult result = { 0 };
    uint8_t bytes[ROOM];
    size_t i;

    right_response(bytes);
    for (i = 0; i < ROOM; i++) {
        g_assert_cmpint(finish(bytes, i, &result), ==, -EPROTO);
        g_assert_true(outputs_untouched());
    }
    /* Whatever it says itself. */
    for (i = 0; i < ROOM; i++) {
        BYTES_PUT(bytes, vgpu_response, bytes, i);
        g_assert_cmpint(finish(bytes, i, &result), ==, -EPROTO);
        g_assert_true(outputs_untouched());
    }
    BYTES_PUT(bytes, vgpu_response, bytes, ROOM + 16);
    BYTES_PUT(bytes, vgpu_response, data_bytes, OUTPUTS + 16);
    g_assert_cmpint(finish_room(bytes, ROOM, ROOM + 16, ROOM, &result), ==,
                    -EPROTO);
    right_response(bytes);
    g_assert_cmpint(finish_room(bytes, ROOM, ROOM, ROOM - 1, &result), ==,
                    -EPROTO);
    g_assert_cmpint(
        finish_room(bytes, ROOM, 0x100000000ull + ROOM, ROOM, &result), ==,
        -EPROTO);
    g_assert_true(outputs_untouched());
}

/* Outputs are where the response says, not where the host likes them best. */
static void check_moved_response(void)
{
    uint8_t bytes[ROOM + 5];
    VgpuKernelResult result = { 0 };

    right_response(bytes);
    memmove(bytes + 37, bytes + 32, OUTPUTS);
    BYTES_PUT(bytes, vgpu_response, bytes, sizeof(bytes));
    BYTES_PUT(bytes, vgpu_response, data, 37);
    g_assert_cmpint(finish_room(bytes, sizeof(bytes), sizeof(bytes),
                                sizeof(bytes), &result),
                    ==, 0);
    g_assert_cmpmem(first, sizeof(first), bytes + 37, sizeof(first));
    g_assert_cmpmem(second, sizeof(second), bytes + 69, sizeof(second));
}

static void check_log(void)
{
    VgpuKernelResult result = { 0 };
    uint8_t bytes[ROOM];

    right_response(bytes);
    BYTES_PUT(bytes, vgpu_response, status, VGPU_RESPONSE_BUILD_FAILED);
    BYTES_PUT(bytes, vgpu_response, cl_status, (uint64_t)-11);
    memset(bytes + 32, 'x', OUTPUTS);
    g_assert_cmpint(finish(bytes, ROOM, &result), ==, VGPU_KERNEL_FAILED);
    g_assert_cmpuint(result.response, ==, VGPU_RESPONSE_BUILD_FAILED);
    g_assert_cmpint(result.cl_status, ==, -11);
    g_assert_false(result.log_truncated);
    g_assert_cmpuint(strlen(result.log), ==, OUTPUTS);
    g_assert_true(outputs_untouched());
    free(result.log);

    BYTES_PUT(bytes, vgpu_response, flags, VGPU_RESPONSE_LOG_TRUNCATED);
    BYTES_PUT(bytes, vgpu_response, data_bytes, 3);
    g_assert_cmpint(finish(bytes, ROOM, &result), ==, VGPU_KERNEL_FAILED);
    g_assert_true(result.log_truncated);
    g_assert_cmpstr(result.log, ==, "xxx");
    free(result.log);
}

/* Each other status, also one of a later version: no data is needed. */
static void check_statuses(void)
{
    uint32_t status;

    for (status = 1; status < 40; status++) {
        VgpuKernelResult result = { 0 };
        uint8_t bytes[ROOM];

        right_response(bytes);
        BYTES_PUT(bytes, vgpu_response, status, status);
        BYTES_PUT(bytes, vgpu_response, bytes, VGPU_RESPONSE_SIZE);
        BYTES_PUT(bytes, vgpu_response, data_bytes, 0);
        g_assert_cmpint(finish(bytes, VGPU_RESPONSE_SIZE, &result), ==,
                        VGPU_KERNEL_FAILED);
        g_assert_cmpuint(result.response, ==, status);
        g_assert_true(outputs_untouched());
        g_free(result.log);
    }
}

static void check_texts(void)
{
    g_assert_cmpstr(vgpu_response_text(VGPU_RESPONSE_OK), ==, "done");
    g_assert_cmpstr(vgpu_response_text(VGPU_RESPONSE_BUILD_FAILED), ==,
                    "the program does not build; see the log");
    g_assert_nonnull(vgpu_response_text(0xffffffff));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/response/right", check_right_response);
    g_test_add_func("/response/broken", check_broken_response);
    g_test_add_func("/response/length", check_response_length);
    g_test_add_func("/response/moved", check_moved_response);
    g_test_add_func("/response/log", check_log);
    g_test_add_func("/response/statuses", check_statuses);
    g_test_add_func("/response/texts", check_texts);
    return g_test_run();
}
