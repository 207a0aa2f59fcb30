/* SPDX-License-Identifier: MIT */
/*
 * Kernels on the host's accelerator. The device has a link to a vgpud with the backend
 * opencl.
 */
#include "driver/groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With a compiler on a loaded machine. */
#define KERNEL_LIMIT (60 * VGPU_SECOND)

#define COUNT  1000
#define ROUNDS 5

/* A compiler takes longer than this, and a signal to it does not. */
#define TOO_SHORT (VGPU_SECOND / 1000)

static const char add_source[] =
    "kernel void add(global const int *a, global const int *b, global int *c)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    c[i] = a[i] + b[i] + EXTRA;\n"
    "}\n";

static VgpuKernel kernel_of(const char *source, const char *name,
                            const VgpuArgument *arguments, unsigned count)
{
    const VgpuKernel kernel = {
        .source = source,
        .name = name,
        .dimensions = 1,
        .global = { 1 },
        .arguments = arguments,
        .argument_count = count,
    };

    return kernel;
}

/* Runs a kernel that ends in one way or another; says why one has not run. */
static VgpuKernelResult run(VgpuDevice *device, const VgpuKernel *kernel,
                            int wanted)
{
    VgpuKernelResult result;

    const int ret = vgpu_run_kernel(device, kernel, KERNEL_LIMIT, &result);

    EXPECT_EQ(ret, wanted);
    if (ret > 0 && wanted == 0) {
        printf(
            "# %s: %s, %s\n%s", kernel->name, vgpu_status_text(result.status),
            vgpu_response_text(result.response), result.log ? result.log : "");
    }
    return result;
}

/* The response of a kernel that is to fail. */
static uint32_t response_of(VgpuDevice *device, const VgpuKernel *kernel)
{
    const VgpuKernelResult result = run(device, kernel, VGPU_KERNEL_FAILED);

    EXPECT_EQ(result.status, VGPU_DONE_OK);
    free(result.log);
    return result.response;
}

/* ---- What it is for --------------------------------------------------------------- */

/* Adds arrays, and looks at each sum, and at what is behind them. */
static bool add(VgpuDevice *device, int seed, size_t count)
{
    const size_t size = count * sizeof(int);
    int *a = malloc(size), *b = malloc(size), *c = calloc(1, size + 1);
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_IN, a, NULL, size },
        { VGPU_ARGUMENT_IN, b, NULL, size },
        { VGPU_ARGUMENT_OUT, NULL, c, size },
    };
    VgpuKernel kernel = kernel_of(add_source, "add", arguments, 3);
    VgpuKernelResult result;
    char options[32];
    bool good = a && b && c;
    size_t i;

    for (i = 0; good && i < count; i++) {
        a[i] = seed + (int)i;
        b[i] = 1000 * (int)i;
    }
    snprintf(options, sizeof(options), "-DEXTRA=%d", seed);
    kernel.options = options;
    kernel.global[0] = count;
    good = good &&
           vgpu_run_kernel(device, &kernel, KERNEL_LIMIT, &result) == 0 &&
           result.status == VGPU_DONE_OK && result.device_ns > 0 && !result.log;
    for (i = 0; good && i < count; i++) {
        good = c[i] == 2 * seed + 1001 * (int)i;
    }
    good = good && ((char *)c)[size] == 0;
    free(a);
    free(b);
    free(c);
    return good;
}

static void test_result(void)
{
    VgpuDevice *device = open_device();

    EXPECT_EQ(info_of(device).link, VGPU_LINK_UP);
    EXPECT(strcmp(sysfs_text("link"), "up") == 0);
    EXPECT(add(device, 5, COUNT));
    EXPECT(add(device, -7, COUNT));
    vgpu_close(device);
}

/* From one number to nearly all that a command takes: copied and in place. */
static void test_sizes(void)
{
    static const size_t counts[] = { 1, 3, 1024, 4097, 10000, 86000 };
    VgpuDevice *device = open_device();
    size_t i;

    for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        EXPECT(add(device, 3, counts[i]));
    }
    vgpu_close(device);
}

static const char blend_source[] =
    "kernel void blend(int factor, global const int *in, global int *inout,\n"
    "                  local int *own, global int *out)\n"
    "{\n"
    "    size_t x = get_global_id(0), y = get_global_id(1);\n"
    "    size_t i = y * get_global_size(0) + x;\n"
    "    size_t me = get_local_id(1) * get_local_size(0) + get_local_id(0);\n"
    "    own[me] = in[i];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    out[i] = own[get_local_size(0) * get_local_size(1) - 1 - me];\n"
    "    inout[i] = inout[i] * factor + in[i];\n"
    "}\n";

#define WIDTH  8
#define HEIGHT 4
#define GROUP  4 /* work-items of a group, in the first dimension */

/* All kinds of arguments, in two dimensions, at odd places. */
static void test_mix(void)
{
    VgpuDevice *device = open_device();
    int in[WIDTH * HEIGHT], out[WIDTH * HEIGHT], before[WIDTH * HEIGHT];
    char room[sizeof(in) + 1];
    void *const inout = room + 1;
    const int factor = 3;
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_SCALAR, &factor, NULL, sizeof(factor) },
        { VGPU_ARGUMENT_IN, in, NULL, sizeof(in) },
        { VGPU_ARGUMENT_INOUT, inout, inout, sizeof(in) },
        { VGPU_ARGUMENT_LOCAL, NULL, NULL, GROUP * sizeof(int) },
        { VGPU_ARGUMENT_OUT, NULL, out, sizeof(out) },
    };
    VgpuKernel kernel = kernel_of(blend_source, "blend", arguments, 5);
    int after[WIDTH * HEIGHT], i;

    for (i = 0; i < WIDTH * HEIGHT; i++) {
        in[i] = 100 + i;
        before[i] = 7 * i;
    }
    memcpy(inout, before, sizeof(before));
    kernel.dimensions = 2;
    kernel.global[0] = WIDTH;
    kernel.global[1] = HEIGHT;
    kernel.local[0] = GROUP;
    kernel.local[1] = 1;
    run(device, &kernel, 0);
    memcpy(after, inout, sizeof(after));
    for (i = 0; i < WIDTH * HEIGHT; i++) {
        EXPECT_EQ(out[i], 100 + i / GROUP * GROUP + GROUP - 1 - i % GROUP);
        EXPECT_EQ(after[i], before[i] * factor + in[i]);
    }
    vgpu_close(device);
}

/* ---- What goes wrong -------------------------------------------------------------- */

static void test_build_log(void)
{
    VgpuDevice *device = open_device();
    const VgpuKernel kernel = kernel_of(
        "kernel void add(vgpu_no_such_type x) {}\n", "add", NULL, 0);
    const VgpuKernelResult result = run(device, &kernel, VGPU_KERNEL_FAILED);

    EXPECT_EQ(result.status, VGPU_DONE_OK);
    EXPECT_EQ(result.response, VGPU_RESPONSE_BUILD_FAILED);
    EXPECT(result.cl_status != 0);
    EXPECT(result.log && strstr(result.log, "vgpu_no_such_type"));
    free(result.log);
    EXPECT(add(device, 1, COUNT));
    vgpu_close(device);
}

/* Outputs stay what they were. */
static void test_wrong_kernels(void)
{
    VgpuDevice *device = open_device();
    int number = 77;
    const VgpuArgument argument = { VGPU_ARGUMENT_INOUT, &number, &number,
                                    sizeof(number) };
    VgpuKernel kernel = kernel_of("kernel void k(global int *p) { *p = 1; }",
                                  "other", &argument, 1);

    EXPECT_EQ(response_of(device, &kernel), VGPU_RESPONSE_NO_KERNEL);
    kernel.name = "no name";
    EXPECT_EQ(response_of(device, &kernel), VGPU_RESPONSE_BAD_NAME);
    kernel.name = "k";
    kernel.argument_count = 0;
    EXPECT_EQ(response_of(device, &kernel), VGPU_RESPONSE_NOT_CALLABLE);
    kernel.argument_count = 1;
    kernel.options = "-I/etc";
    EXPECT_EQ(response_of(device, &kernel), VGPU_RESPONSE_BAD_OPTIONS);
    kernel.options = NULL;
    kernel.local[0] = 3;
    EXPECT_EQ(response_of(device, &kernel), VGPU_RESPONSE_BAD_LOCAL);
    kernel.local[0] = 0;
    kernel.dimensions = 4;
    EXPECT_EQ(response_of(device, &kernel), VGPU_RESPONSE_BAD_DIMENSIONS);
    kernel.dimensions = 1;
    EXPECT_EQ(number, 77);
    run(device, &kernel, 0);
    EXPECT_EQ(number, 1);
    vgpu_close(device);
}

static void test_too_large(void)
{
    VgpuDevice *device = open_device();
    const uint64_t before = info_of(device).submitted;
    uint8_t *memory = calloc(1, VGPU_COMMAND_BYTES_MAX);
    VgpuArgument argument = { VGPU_ARGUMENT_INOUT, memory, memory,
                              VGPU_COMMAND_BYTES_MAX / 2 };
    const VgpuKernel kernel = kernel_of(
        "kernel void k(global int *p) { *p = 1; }", "k", &argument, 1);
    VgpuKernelResult result;

    EXPECT_EQ(vgpu_run_kernel(device, &kernel, LIMIT, &result), -EMSGSIZE);
    EXPECT_EQ(info_of(device).submitted, before);
    EXPECT_EQ(memory[0], 0);
    argument.size -= 4096;
    run(device, &kernel, 0);
    EXPECT_EQ(memory[0], 1);
    free(memory);
    vgpu_close(device);
}

/* Whoever does not wait gets nothing late, and nothing stays behind. */
static void test_timeout(void)
{
    VgpuDevice *device = open_device();
    int number = 77;
    const VgpuArgument argument = { VGPU_ARGUMENT_OUT, NULL, &number,
                                    sizeof(number) };
    VgpuKernel kernel = kernel_of("kernel void k(global int *p) { *p = WHEN; }",
                                  "k", &argument, 1);
    VgpuKernelResult result;
    char options[64];
    VgpuResult other;

    /* A program that no compiler has seen. */
    snprintf(options, sizeof(options), "-DWHEN=%d -DOWN%llu", 4,
             (unsigned long long)now_ns());
    kernel.options = options;
    EXPECT_EQ(vgpu_run_kernel(device, &kernel, TOO_SHORT, &result), -ETIMEDOUT);
    EXPECT(result.log == NULL);
    /* The worker does one after the other: the first has ended now. */
    EXPECT(add(device, 2, COUNT));
    EXPECT_EQ(number, 77);
    EXPECT(add(device, 2, COUNT));
    EXPECT_EQ(vgpu_wait(device, 0, 0, &other), -ENOENT);
    EXPECT_EQ(info_of(device).submitted, info_of(device).completed);
    EXPECT_EQ(vgpu_run_kernel(device, &kernel, VGPU_WAIT_MAX_NS + 1, &result),
              -EINVAL);
    vgpu_close(device);
}

/* ---- Many at once ----------------------------------------------------------------- */

static bool work(VgpuDevice *device, unsigned seed)
{
    bool good = true;
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        good &= add(device, (int)seed, COUNT + i * COUNT);
    }
    return good;
}

static void test_threads(void)
{
    VgpuDevice *device = open_device();

    run_in_threads(device, work);
    vgpu_close(device);
}

static void test_processes(void)
{
    run_in_processes(work);
}

/* ---- The link --------------------------------------------------------------------- */

static void wait_for_link(VgpuDevice *device)
{
    const uint64_t start = now_ns();

    while (info_of(device).link != VGPU_LINK_UP && now_ns() - start < LIMIT) {
        usleep(10000);
    }
    EXPECT_EQ(info_of(device).link, VGPU_LINK_UP);
}

/* A kernel that takes its worker with it: told, and all is well with the next. */
static void test_link_lost(void)
{
    VgpuDevice *device = open_device();
    int number = 77;
    const VgpuArgument argument = { VGPU_ARGUMENT_INOUT, &number, &number,
                                    sizeof(number) };
    /* On a processor a kernel runs in the worker itself. */
    const VgpuKernel kernel = kernel_of(
        "kernel void k(global int *p) {\n"
        "    *(volatile global int *)(size_t)(*p - 69) = 1;\n"
        "}\n",
        "k", &argument, 1);
    const VgpuKernelResult result = run(device, &kernel, VGPU_KERNEL_FAILED);

    EXPECT_EQ(result.status, VGPU_DONE_LINK_LOST);
    EXPECT(result.log == NULL);
    EXPECT_EQ(number, 77);
    wait_for_link(device);
    EXPECT(add(device, 4, COUNT));
    vgpu_close(device);
}

const TapTest kernel_tests[] = {
    { "result", test_result },
    { "sizes", test_sizes },
    { "mix", test_mix },
    { "build-log", test_build_log },
    { "wrong-kernels", test_wrong_kernels },
    { "too-large", test_too_large },
    { "timeout", test_timeout },
    { "threads", test_threads },
    { "processes", test_processes },
    { "link-lost", test_link_lost },
    { NULL, NULL },
};
