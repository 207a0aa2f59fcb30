/* SPDX-License-Identifier: MIT */
/*
 * libvgpu's requests, which the host's own decoder takes and understands as they were
 * meant.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "request.h"
#include "vgpud/run.h"

#define MIB VGPU_COMMAND_BYTES_MAX

/* What is sure to stay in place, and what is sure to be copied. */
#define LARGE 0x10000
#define SMALL 0x100

static const char source[] = "kernel void k(int a) {}";

/* A plan, its head and response in memory of their exact lengths, and the row of
 * bytes that the device sees. */
typedef struct Encoded {
    Request request;
    uint8_t *head, *response, *row;
    size_t length;
} Encoded;

static int encode(Encoded *encoded, const VgpuKernel *kernel)
{
    Request *request = &encoded->request;
    unsigned i;
    int ret;

    memset(encoded, 0xa5, sizeof(*encoded));
    encoded->head = encoded->response = encoded->row = NULL;
    encoded->length = 0;
    ret = request_plan(request, kernel);
    if (ret < 0) {
        return ret;
    }
    encoded->head = g_malloc(request->head_bytes);
    encoded->response = g_malloc(request->room);
    request_write(request, encoded->head, encoded->response);
    encoded->row = g_malloc(request->bytes);
    for (i = 0; i + 1 < request->buffer_count; i++) {
        const VgpuBuffer *buffer = &request->buffers[i];

        g_assert_cmpuint(buffer->flags, ==, 0);
        g_assert_cmpuint(encoded->length + buffer->size, <=, request->bytes);
        memcpy(encoded->row + encoded->length, buffer->memory, buffer->size);
        encoded->length += buffer->size;
    }
    g_assert_cmpuint(encoded->length, ==, request->bytes);
    return 0;
}

static void encoded_clear(Encoded *encoded)
{
    g_free(encoded->head);
    g_free(encoded->response);
    g_free(encoded->row);
}

static size_t pages_of(const VgpuBuffer *buffer)
{
    const uintptr_t first = (uintptr_t)buffer->memory / 4096;

    return ((uintptr_t)buffer->memory + buffer->size - 1) / 4096 - first + 1;
}

/* What the driver and the device take, even if no page is beside another. */
static void check_buffers(const Request *request)
{
    const VgpuBuffer *last = &request->buffers[request->buffer_count - 1];
    size_t bytes = 0, pages = 0;
    unsigned i;

    g_assert_cmpuint(request->buffer_count, >=, 2);
    g_assert_cmpuint(request->buffer_count, <=, VGPU_BUFFERS_MAX);
    g_assert_cmpuint(last->flags, ==, VGPU_BUFFER_WRITE);
    g_assert_cmpuint(last->size, ==, request->room);
    for (i = 0; i < request->buffer_count; i++) {
        bytes += request->buffers[i].size;
        pages += pages_of(&request->buffers[i]);
    }
    g_assert_cmpuint(bytes, <=, MIB);
    g_assert_cmpuint(pages, <=, VGPU_SEGMENTS_MAX);
}

static void check_argument(const RunArgument *seen,
                           const VgpuArgument *argument)
{
    g_assert_cmpuint(seen->kind, ==, argument->kind);
    g_assert_cmpuint(seen->bytes, ==, argument->size);
    if (argument->in) {
        g_assert_cmpmem(seen->data, (int)seen->bytes, argument->in,
                        (int)argument->size);
    } else {
        g_assert_null(seen->data);
    }
}

/* The host sees what was meant, and the room is enough for all outputs. */
static void check_seen(const Encoded *encoded, const VgpuKernel *kernel)
{
    const char *options = kernel->options ? kernel->options : "";
    Run run = { .has_local = false };
    unsigned i;

    g_assert_cmpuint(
        run_decode(&run, encoded->row, encoded->length, encoded->request.room),
        ==, VGPU_RESPONSE_OK);
    g_assert_cmpmem(run.source, (int)run.source_bytes, kernel->source,
                    (int)strlen(kernel->source));
    g_assert_cmpstr(run.name, ==, kernel->name);
    g_assert_cmpstr(run.options, ==, options);
    g_assert_cmpuint(run.dimensions, ==, kernel->dimensions);
    for (i = 0; i < VGPU_RUN_DIMENSIONS_MAX; i++) {
        g_assert_cmpuint(run.global[i], ==, kernel->global[i]);
        g_assert_true(run.has_local == (kernel->local[0] != 0));
        if (run.has_local) {
            g_assert_cmpuint(run.local[i], ==, kernel->local[i]);
        }
    }
    g_assert_cmpuint(run.arguments, ==, kernel->argument_count);
    for (i = 0; i < run.arguments; i++) {
        check_argument(&run.argument[i], &kernel->arguments[i]);
    }
    g_assert_cmpuint(run.response_bytes, ==,
                     VGPU_RESPONSE_SIZE + encoded->request.output_bytes);
}

static void check_encoded(const VgpuKernel *kernel)
{
    Encoded encoded = { .length = 0 };

    g_assert_cmpint(encode(&encoded, kernel), ==, 0);
    check_buffers(&encoded.request);
    check_seen(&encoded, kernel);
    encoded_clear(&encoded);
}

static VgpuKernel kernel_with(const VgpuArgument *arguments, unsigned count)
{
    const VgpuKernel kernel = {
        .source = source,
        .name = "k",
        .dimensions = 1,
        .global = { 64 },
        .arguments = arguments,
        .argument_count = count,
    };

    return kernel;
}

static void check_mix(void)
{
    static const char in[100] = "in", inout[20] = "inout", scalar[4] = "abc";
    static char out[52], back[20];
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_SCALAR, scalar, NULL, sizeof(scalar) },
        { VGPU_ARGUMENT_IN, in, NULL, sizeof(in) },
        { VGPU_ARGUMENT_OUT, NULL, out, sizeof(out) },
        { VGPU_ARGUMENT_INOUT, inout, back, sizeof(inout) },
        { VGPU_ARGUMENT_LOCAL, NULL, NULL, 64 },
    };
    VgpuKernel kernel = kernel_with(arguments, G_N_ELEMENTS(arguments));

    check_encoded(&kernel);
    kernel.options = "-cl-mad-enable -DN=4";
    kernel.dimensions = 3;
    kernel.global[1] = 4;
    kernel.global[2] = 2;
    check_encoded(&kernel);
    kernel.local[0] = 8;
    kernel.local[1] = 2;
    kernel.local[2] = 1;
    check_encoded(&kernel);
    kernel = kernel_with(NULL, 0);
    check_encoded(&kernel);
}

/* What is large is not copied, the source neither. */
static void check_in_place(void)
{
    g_autofree char *long_source = g_strnfill(LARGE, ' ');
    g_autofree uint8_t *large = g_malloc0(LARGE);
    uint8_t small[SMALL] = { 0 };
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_IN, large, NULL, LARGE },
        { VGPU_ARGUMENT_IN, small, NULL, SMALL },
        { VGPU_ARGUMENT_OUT, NULL, small, SMALL },
    };
    VgpuKernel kernel = kernel_with(arguments, G_N_ELEMENTS(arguments));
    Encoded encoded = { .length = 0 };

    kernel.source = long_source;
    g_assert_cmpint(encode(&encoded, &kernel), ==, 0);
    g_assert_cmpuint(encoded.request.buffer_count, ==, 4);
    g_assert_true(encoded.request.buffers[1].memory == long_source);
    g_assert_true(encoded.request.buffers[2].memory == large);
    check_seen(&encoded, &kernel);
    encoded_clear(&encoded);
}

/* More large ones than a command has buffers: some are copied. */
static void check_many_large(void)
{
    g_autofree uint8_t *memory = g_malloc0(VGPU_RUN_ARGUMENTS_MAX * LARGE / 8);
    VgpuArgument arguments[32];
    VgpuKernel kernel = kernel_with(arguments, G_N_ELEMENTS(arguments));
    Encoded encoded = { .length = 0 };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(arguments); i++) {
        memory[i * LARGE / 4] = (uint8_t)(i + 1);
        arguments[i] = (VgpuArgument){ VGPU_ARGUMENT_IN, memory + i * LARGE / 4,
                                       NULL, LARGE / 4 };
    }
    g_assert_cmpint(encode(&encoded, &kernel), ==, 0);
    g_assert_cmpuint(encoded.request.buffer_count, ==, VGPU_BUFFERS_MAX);
    check_buffers(&encoded.request);
    check_seen(&encoded, &kernel);
    encoded_clear(&encoded);
}

/* As much as a command takes, to the byte, and the same in many scattered pieces:
 * pages that are touched twice are segments, too. */
static void check_largest(void)
{
    const size_t room = VGPU_RESPONSE_SIZE + 16;
    g_autofree uint8_t *memory = g_malloc0((size_t)2 * MIB);
    uint8_t byte;
    VgpuArgument arguments[15] = { { VGPU_ARGUMENT_OUT, NULL, &byte, 1 } };
    VgpuKernel kernel = kernel_with(arguments, 2);
    Encoded encoded = { .length = 0 };
    size_t left;
    unsigned i;

    left = MIB - room - VGPU_RUN_SIZE - (size_t)2 * VGPU_RUN_ARGUMENT_SIZE -
           strlen(source) - 1;
    arguments[1] = (VgpuArgument){ VGPU_ARGUMENT_IN, memory + 1, NULL, left };
    check_encoded(&kernel);
    arguments[1].size++;
    g_assert_cmpint(encode(&encoded, &kernel), ==, -EMSGSIZE);
    arguments[1].size -= 2;
    check_encoded(&kernel);

    kernel.argument_count = G_N_ELEMENTS(arguments);
    left -= (size_t)13 * VGPU_RUN_ARGUMENT_SIZE;
    for (i = 1; i < kernel.argument_count; i++) {
        arguments[i] = (VgpuArgument){ VGPU_ARGUMENT_IN,
                                       memory + (size_t)i * 2 * (MIB / 16) +
                                           4095,
                                       NULL, left / 14 };
    }
    check_encoded(&kernel);
}

/* A request with room for all outputs and hardly any log is better than none. */
static void check_room(void)
{
    g_autofree uint8_t *memory = g_malloc0(MIB);
    uint8_t byte[8];
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_IN, memory, NULL, MIB - 1000 },
        { VGPU_ARGUMENT_OUT, NULL, byte, sizeof(byte) },
    };
    const VgpuKernel large = kernel_with(arguments, 2);
    const VgpuKernel small = kernel_with(arguments + 1, 1);
    Encoded encoded = { .length = 0 };

    g_assert_cmpint(encode(&encoded, &large), ==, 0);
    g_assert_cmpuint(encoded.request.room + encoded.request.bytes, ==, MIB);
    encoded_clear(&encoded);
    g_assert_cmpint(encode(&encoded, &small), ==, 0);
    g_assert_cmpuint(encoded.request.room, >=, 0x4000);
    encoded_clear(&encoded);
}

static int plan_of(uint32_t kind, size_t size, unsigned count)
{
    static const uint8_t bytes[16];
    VgpuArgument arguments[VGPU_RUN_ARGUMENTS_MAX + 1];
    const VgpuKernel kernel = kernel_with(arguments, count);
    static Request request;
    unsigned i;

    for (i = 0; i < count; i++) {
        arguments[i] = (VgpuArgument){ kind, bytes, (void *)(uintptr_t)bytes,
                                       size };
    }
    return request_plan(&request, &kernel);
}

static void check_refused(void)
{
    const unsigned most = VGPU_RUN_ARGUMENTS_MAX;
    unsigned kind;

    g_assert_cmpint(plan_of(VGPU_ARGUMENT_SCALAR, 16, most), ==, 0);
    g_assert_cmpint(plan_of(VGPU_ARGUMENT_SCALAR, 16, most + 1), ==, -EINVAL);
    g_assert_cmpint(plan_of(0, 4, 1), ==, -EINVAL);
    g_assert_cmpint(plan_of(VGPU_ARGUMENT_LOCAL + 1, 4, 1), ==, -EINVAL);
    g_assert_cmpint(plan_of(0xffffffff, 4, 1), ==, -EINVAL);
    for (kind = VGPU_ARGUMENT_SCALAR; kind <= VGPU_ARGUMENT_LOCAL; kind++) {
        g_assert_cmpint(plan_of(kind, 0, 1), ==, -EINVAL);
        g_assert_cmpint(plan_of(kind, MIB + 1, 1), ==, -EMSGSIZE);
        g_assert_cmpint(plan_of(kind, SIZE_MAX, most), ==, -EMSGSIZE);
        g_assert_cmpint(plan_of(kind, SIZE_MAX - 15, most), ==, -EMSGSIZE);
    }
    g_assert_cmpint(plan_of(VGPU_ARGUMENT_OUT, MIB - 8, 1), ==, -EMSGSIZE);
    g_assert_cmpint(plan_of(VGPU_ARGUMENT_OUT, MIB, most), ==, -EMSGSIZE);
    g_assert_cmpint(plan_of(VGPU_ARGUMENT_IN, MIB, most), ==, -EMSGSIZE);
    g_assert_cmpint(plan_of(VGPU_ARGUMENT_INOUT, MIB / 2, 1), ==, -EMSGSIZE);
}

static void check_long_texts(void)
{
    g_autofree char *text = g_strnfill(MIB + 1, 'x');
    VgpuKernel kernels[3];
    Request *request = g_new(Request, 1);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(kernels); i++) {
        kernels[i] = kernel_with(NULL, 0);
    }
    kernels[0].source = text;
    kernels[1].name = text;
    kernels[2].options = text;
    for (i = 0; i < G_N_ELEMENTS(kernels); i++) {
        g_assert_cmpint(request_plan(request, &kernels[i]), ==, -EMSGSIZE);
    }
    g_free(request);
}

/* Arguments of any kind, size and number. */
static void check_any(void)
{
    const size_t sizes[] = { 1, 3, 16, 500, 0x3fff, 0x4000, 0x4001, 0x9000 };
    g_autofree uint8_t *memory = g_malloc(MIB);
    VgpuArgument arguments[VGPU_RUN_ARGUMENTS_MAX];
    unsigned round, i, fitting = 0;
    Encoded encoded = { .length = 0 };

    for (i = 0; i < MIB; i++) {
        memory[i] = (uint8_t)(i * 7 + i / 251);
    }
    for (round = 0; round < 500; round++) {
        const unsigned count = (unsigned)g_test_rand_int_range(0, 65);
        const VgpuKernel kernel = kernel_with(arguments, count);

        for (i = 0; i < count; i++) {
            const uint32_t kind = (uint32_t)g_test_rand_int_range(1, 6);
            uint8_t *at = memory + g_test_rand_int_range(0, MIB - 0x9000);
            const size_t most = kind == VGPU_ARGUMENT_SCALAR ? 3
                                : kind == VGPU_ARGUMENT_LOCAL
                                    ? 7
                                    : G_N_ELEMENTS(sizes);

            arguments[i] = (VgpuArgument){
                kind,
                kind == VGPU_ARGUMENT_OUT || kind == VGPU_ARGUMENT_LOCAL ? NULL
                                                                         : at,
                at, sizes[g_test_rand_int_range(0, (int)most)]
            };
        }
        if (encode(&encoded, &kernel) == 0) {
            check_buffers(&encoded.request);
            check_seen(&encoded, &kernel);
            encoded_clear(&encoded);
            fitting++;
        }
    }
    g_assert_cmpuint(fitting, >, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/request/mix", check_mix);
    g_test_add_func("/request/in-place", check_in_place);
    g_test_add_func("/request/many-large", check_many_large);
    g_test_add_func("/request/largest", check_largest);
    g_test_add_func("/request/room", check_room);
    g_test_add_func("/request/refused", check_refused);
    g_test_add_func("/request/long-texts", check_long_texts);
    g_test_add_func("/request/any", check_any);
    return g_test_run();
}
