/* SPDX-License-Identifier: MIT */
/* The backend "opencl" in a worker that is locked in, with PoCL: results, and everything
 * that a request can get wrong. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "vgpud/encode.h"
#include "vgpud/process.h"
#include "vgpud/worker-exit.h"

#define COUNT 1000u

/* One worker for all of the tests but those that end it. */
static Worker worker;
static Device device;
static char *cache;

static const char source[] =
    "kernel void add(global const float *a, global const float *b,\n"
    "                global float *c) {\n"
    "  size_t i = get_global_id(0);\n"
    "  c[i] = a[i] + b[i];\n"
    "}\n"
    "kernel void multiply(global float *x, float factor, float4 more) {\n"
    "  size_t i = get_global_id(0);\n"
    "  x[i] = fma(x[i], factor, more.w);\n"
    "}\n"
    "kernel void sum(global const int *in, global int *out, local int *all) {\n"
    "  size_t i = get_local_id(0), n = get_local_size(0);\n"
    "  all[i] = in[get_global_id(0)];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  if (i == 0) {\n"
    "    int s = 0;\n"
    "    for (size_t j = 0; j < n; j++) s += all[j];\n"
    "    out[get_group_id(0)] = s;\n"
    "  }\n"
    "}\n"
    "kernel void where(global uint *out) {\n"
    "  size_t i = get_global_id(0) + get_global_size(0) *\n"
    "      (get_global_id(1) + get_global_size(1) * get_global_id(2));\n"
    "  out[i] = (get_global_id(2) << 16) | (get_global_id(1) << 8) |\n"
    "      get_global_id(0) | (DIMENSIONS << 24);\n"
    "}\n"
    "kernel void nothing(global int *untouched) {}\n"
    "kernel void sample(sampler_t s, global int *x) {}\n";

static void start(const char *job_limit)
{
    worker_start_open(&worker, &device,
                      (const char *[]){ "--backend", "opencl", "--device",
                                        "cpu", "--cache", cache, "--job-limit",
                                        job_limit, NULL });
}

/* Sends a run with as much room; the response, whose status has to be this. */
static const uint8_t *call(const EncodeRun *run, uint32_t room, uint32_t status)
{
    g_autoptr(GByteArray) bytes = encode_run(run);
    struct vgpu_link_completion done;
    const uint8_t *response = device_call(&device, bytes->data, bytes->len,
                                          room, &done);

    g_assert_nonnull(response);
    if (RESPONSE(response, status) != status) {
        g_test_message("status %u, OpenCL %d", RESPONSE(response, status),
                       (int)RESPONSE(response, cl_status));
    }
    g_assert_cmpuint(RESPONSE(response, status), ==, status);
    g_assert_cmpuint(RESPONSE(response, bytes), ==, done.response_bytes);
    g_assert_cmpuint(RESPONSE(response, data), ==, VGPU_RESPONSE_SIZE);
    g_assert_cmpuint(RESPONSE(response, data_bytes), ==,
                     done.response_bytes - VGPU_RESPONSE_SIZE);
    return response;
}

static EncodeRun one_dimension(const char *kernel, uint64_t items,
                               const EncodeArgument *argument,
                               unsigned arguments)
{
    const EncodeRun run = {
        .source = source,
        .name = kernel,
        .options = "-DDIMENSIONS=1",
        .dimensions = 1,
        .global = { items },
        .argument = argument,
        .arguments = arguments,
    };

    return run;
}

static void check_add(void)
{
    static float a[COUNT], b[COUNT], c[COUNT];
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(b), b },
        { VGPU_ARGUMENT_OUT, sizeof(c), NULL },
    };
    const EncodeRun run = one_dimension("add", COUNT, argument, 3);
    const uint8_t *response;
    unsigned i, round;

    for (round = 0; round < 3; round++) {
        for (i = 0; i < COUNT; i++) {
            a[i] = (float)(i + round);
            b[i] = 0.25f * (float)i;
        }
        response = call(&run, 8192, VGPU_RESPONSE_OK);
        g_assert_cmpuint(RESPONSE(response, cl_status), ==, 0);
        g_assert_cmpuint(RESPONSE(response, device_ns), >, 0);
        memcpy(c, response + VGPU_RESPONSE_SIZE, sizeof(c));
        for (i = 0; i < COUNT; i++) {
            g_assert_true(c[i] == a[i] + b[i]);
        }
    }
}

static void check_fma(void)
{
    float x[COUNT], factor = 3.0f, more[4] = { 0, 0, 0, 0.5f };
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_INOUT, sizeof(x), x },
        { VGPU_ARGUMENT_SCALAR, sizeof(factor), &factor },
        { VGPU_ARGUMENT_SCALAR, sizeof(more), more },
    };
    EncodeRun run = one_dimension("multiply", COUNT, argument, 3);
    const uint8_t *response;
    unsigned i;

    for (i = 0; i < COUNT; i++) {
        x[i] = (float)i;
    }
    run.local[0] = 8;
    run.options = "-DDIMENSIONS=1 -cl-mad-enable";
    response = call(&run, 8192, VGPU_RESPONSE_OK);
    for (i = 0; i < COUNT; i++) {
        float result;

        memcpy(&result, response + VGPU_RESPONSE_SIZE + (size_t)4 * i, 4);
        g_assert_true(result == 3.0f * (float)i + 0.5f);
    }
}

static void check_local(void)
{
    int in[64], i, sum = 0;
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(in), in },
        { VGPU_ARGUMENT_OUT, 4 * 4, NULL },
        { VGPU_ARGUMENT_LOCAL, 16 * 4, NULL },
    };
    EncodeRun run = one_dimension("sum", 64, argument, 3);
    const uint8_t *response;

    for (i = 0; i < 64; i++) {
        in[i] = i * i;
    }
    run.local[0] = 16;
    response = call(&run, 4096, VGPU_RESPONSE_OK);
    for (i = 0; i < 64; i++) {
        sum = i % 16 ? sum + i * i : i * i;
        if (i % 16 == 15) {
            g_assert_cmpint((int)response_get(response, 32 + 4u * (i / 16)), ==,
                            sum);
        }
    }
}

static void check_dimensions(void)
{
    const EncodeArgument argument[] = { { VGPU_ARGUMENT_OUT, 4 * 24, NULL } };
    EncodeRun run = one_dimension("where", 4, argument, 1);
    const uint8_t *response;
    unsigned x, y, z;

    run.dimensions = 3;
    run.global[1] = 3;
    run.global[2] = 2;
    run.options = "-D DIMENSIONS=3";
    response = call(&run, 4096, VGPU_RESPONSE_OK);
    for (z = 0; z < 2; z++) {
        for (y = 0; y < 3; y++) {
            for (x = 0; x < 4; x++) {
                g_assert_cmphex(
                    response_get(response, 32 + 4 * (x + 4 * (y + 3 * z))), ==,
                    3u << 24 | z << 16 | y << 8 | x);
            }
        }
    }
}

/* Outputs begin as 0, also after a job that left something there. */
static void check_untouched(void)
{
    const EncodeArgument argument[] = { { VGPU_ARGUMENT_OUT, 300, NULL } };
    const EncodeRun run = one_dimension("nothing", 1, argument, 1);
    const uint8_t *response = call(&run, 4096, VGPU_RESPONSE_OK);
    unsigned i;

    g_assert_cmpuint(RESPONSE(response, data_bytes), ==, 304);
    for (i = 0; i < 304; i++) {
        g_assert_cmpuint(response[VGPU_RESPONSE_SIZE + i], ==, 0);
    }
}

static void check_build_log(void)
{
    EncodeRun run = one_dimension("k", 1, NULL, 0);
    const uint8_t *response;
    g_autofree char *log = NULL;
    uint32_t length;

    run.source = "kernel void k() { no_such_function_anywhere(1); }";
    response = call(&run, 65536, VGPU_RESPONSE_BUILD_FAILED);
    length = RESPONSE(response, data_bytes);
    log = g_strndup((const char *)response + VGPU_RESPONSE_SIZE, length);
    g_assert_nonnull(strstr(log, "no_such_function_anywhere"));
    g_assert_cmpuint(strlen(log), ==, length);
    g_assert_cmpuint(RESPONSE(response, flags), ==, 0);
    g_assert_cmpint((int)RESPONSE(response, cl_status), ==,
                    CL_BUILD_PROGRAM_FAILURE);

    response = call(&run, VGPU_RESPONSE_SIZE + 10, VGPU_RESPONSE_BUILD_FAILED);
    g_assert_cmpuint(RESPONSE(response, data_bytes), ==, 10);
    g_assert_cmpuint(RESPONSE(response, flags), ==,
                     VGPU_RESPONSE_LOG_TRUNCATED);
    g_assert_cmpmem(response + VGPU_RESPONSE_SIZE, 10, log, 10);

    response = call(&run, VGPU_RESPONSE_SIZE, VGPU_RESPONSE_BUILD_FAILED);
    g_assert_cmpuint(RESPONSE(response, flags), ==,
                     VGPU_RESPONSE_LOG_TRUNCATED);
}

static void check_wrong_name(void)
{
    EncodeRun run = one_dimension("no_such_kernel", 1, NULL, 0);

    call(&run, 4096, VGPU_RESPONSE_NO_KERNEL);
    run.name = "no such kernel";
    call(&run, 4096, VGPU_RESPONSE_BAD_NAME);
}

static void check_wrong_arguments(void)
{
    static const char bytes[64] = "contents";
    const EncodeArgument in = { VGPU_ARGUMENT_IN, 64, bytes };
    const EncodeArgument pointer = { VGPU_ARGUMENT_SCALAR, 8, bytes };
    const EncodeArgument local = { VGPU_ARGUMENT_LOCAL, 64, NULL };
    const EncodeArgument cases[][3] = {
        { in, in, pointer }, /* a number for a pointer: never */
        { pointer, in, in },
        { local, in, in },
    };
    EncodeRun run = one_dimension("add", 1, cases[0], 3);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        run.argument = cases[i];
        call(&run, 4096, VGPU_RESPONSE_NOT_CALLABLE);
    }
    run.arguments = 0; /* too few */
    call(&run, 4096, VGPU_RESPONSE_NOT_CALLABLE);
    run = one_dimension("sample", 1, cases[1],
                        2); /* a handle is a number, too */
    call(&run, 4096, VGPU_RESPONSE_NOT_CALLABLE);
    run = one_dimension("nothing", 1, cases[0], 2); /* too many */
    call(&run, 4096, VGPU_RESPONSE_NOT_CALLABLE);
    run = one_dimension("nothing", 1, &local, 1);
    call(&run, 4096, VGPU_RESPONSE_NOT_CALLABLE);
    run = one_dimension("multiply", 1,
                        (const EncodeArgument[]){
                            in, { VGPU_ARGUMENT_SCALAR, 3, bytes }, pointer },
                        3); /* scalars of another size */
    call(&run, 4096, VGPU_RESPONSE_NOT_CALLABLE);
}

static void check_wrong_sizes(void)
{
    const EncodeArgument argument[] = { { VGPU_ARGUMENT_OUT, 4096, NULL } };
    EncodeRun run = one_dimension("nothing", 0x80000001u, argument, 1);

    call(&run, 8192, VGPU_RESPONSE_BAD_GLOBAL);
    run.global[0] = 8192;
    run.local[0] = 8192;
    call(&run, 8192, VGPU_RESPONSE_BAD_LOCAL);
    run.local[0] = 1;
    call(&run, 4096, VGPU_RESPONSE_NO_ROOM);
    run.options = "-I/etc";
    call(&run, 8192, VGPU_RESPONSE_BAD_OPTIONS);
}

/* No room for as much as a header; and no request at all. */
static void check_no_request(void)
{
    struct vgpu_link_completion done;
    const uint8_t *response;

    g_assert_null(device_call(&device, "x", 1, VGPU_RESPONSE_SIZE - 1, &done));
    g_assert_cmpuint(done.status, ==, VGPU_LINK_DONE_FAILED);
    response = device_call(&device, "x", 1, VGPU_RESPONSE_SIZE, &done);
    g_assert_nonnull(response);
    g_assert_cmpuint(RESPONSE(response, status), ==, VGPU_RESPONSE_BAD_LENGTH);
}

static void check_largest(void)
{
    const uint32_t bytes = 1000000;
    const EncodeArgument argument[] = { { VGPU_ARGUMENT_OUT, bytes, NULL } };
    EncodeRun run = one_dimension("where", bytes / 4, argument, 1);
    const uint8_t *response;

    response = call(&run, VGPU_COMMAND_BYTES_MAX - 8192, VGPU_RESPONSE_OK);
    g_assert_cmphex(response_get(response, 32 + bytes - 4), ==,
                    (bytes / 4 - 1) | 1u << 24);
}

/* A kernel without an end takes its worker with it. */
static void check_endless(void)
{
    const EncodeArgument argument[] = { { VGPU_ARGUMENT_OUT, 4, NULL } };
    EncodeRun run = one_dimension("forever", 1, argument, 1);
    g_autoptr(GByteArray) bytes = NULL;
    struct vgpu_link_completion done;
    g_autofree char *errors = NULL;

    worker_close(&worker, &device);
    start("3000");
    run.source = "kernel void forever(global volatile int *x) {"
                 " while (!*x) { } }";
    bytes = encode_run(&run);
    g_assert_null(device_call(&device, bytes->data, bytes->len, 4096, &done));
    g_assert_cmpint(worker_end(&worker, &errors), ==, WORKER_EXIT_TOO_LONG);
    device_close(&device);
    start("10000");
}

/* One that reaches for memory that is not its own: the worker alone is gone. */
static void check_wild(void)
{
    const EncodeArgument argument[] = { { VGPU_ARGUMENT_OUT, 4, NULL } };
    EncodeRun run = one_dimension("wild", 1, argument, 1);
    g_autoptr(GByteArray) bytes = NULL;
    struct vgpu_link_completion done;
    int code;

    run.source = "kernel void wild(global int *x) {"
                 " *(global volatile int *)16 = 1; }";
    bytes = encode_run(&run);
    g_assert_null(device_call(&device, bytes->data, bytes->len, 4096, &done));
    code = worker_end(&worker, NULL);
    g_assert_cmpint(code, !=, 0);
    g_assert_cmpint(code, !=, -1);
    device_close(&device);
    start("10000");
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    cache = directory_new();
    start("10000");
    g_test_add_func("/opencl/add", check_add);
    g_test_add_func("/opencl/fma", check_fma);
    g_test_add_func("/opencl/local", check_local);
    g_test_add_func("/opencl/dimensions", check_dimensions);
    g_test_add_func("/opencl/untouched", check_untouched);
    g_test_add_func("/opencl/build-log", check_build_log);
    g_test_add_func("/opencl/wrong-name", check_wrong_name);
    g_test_add_func("/opencl/wrong-arguments", check_wrong_arguments);
    g_test_add_func("/opencl/wrong-sizes", check_wrong_sizes);
    g_test_add_func("/opencl/no-request", check_no_request);
    g_test_add_func("/opencl/largest", check_largest);
    g_test_add_func("/opencl/endless", check_endless);
    g_test_add_func("/opencl/wild", check_wild);
    result = g_test_run();
    worker_close(&worker, &device);
    directory_remove(cache);
    return result;
}
