/* SPDX-License-Identifier: MIT */
/*
 * vgpu-test: whether commands and memory get to the device and back, and how
 * fast; and whether the host runs kernels.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vgpu.h"

#define LIMIT      (10 * VGPU_SECOND)
#define ROUNDS     1000
#define COPIES     50
#define ECHO_BYTES 0x80000

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Prints a line; returns whether it was good. */
static int tell(const char *what, int error, const char *more)
{
    printf("%-12s %s%s\n", what, error ? strerror(-error) : "ok  ",
           error ? "" : more);
    return error == 0;
}

static int test_identify(VgpuDevice *device)
{
    struct vgpu_identity identity = { 0 };
    char more[128] = "";
    const int error = vgpu_identify(device, LIMIT, &identity);

    if (!error) {
        snprintf(more, sizeof(more),
                 "vm %" PRIu32 ", %" PRIu64 " commands done", identity.vm_id,
                 (uint64_t)identity.completed);
    }
    return tell("identify", error, more);
}

static int test_nop(VgpuDevice *device)
{
    const double start = now();
    char more[64];
    int error = 0;
    unsigned i;

    for (i = 0; i < ROUNDS && !error; i++) {
        error = vgpu_nop(device, LIMIT);
    }
    snprintf(more, sizeof(more), "%.1f us there and back",
             (now() - start) * 1e6 / ROUNDS);
    return tell("nop", error, more);
}

static int test_echo(VgpuDevice *device)
{
    uint8_t *from = malloc(ECHO_BYTES), *to = calloc(1, ECHO_BYTES);
    double start;
    char more[64];
    int error = -ENOMEM;
    unsigned i;

    if (from && to) {
        for (i = 0; i < ECHO_BYTES; i++) {
            from[i] = vgpu_pattern_byte(1, i);
        }
        error = 0;
        start = now();
        for (i = 0; i < COPIES && !error; i++) {
            error = vgpu_echo(device, from, to, ECHO_BYTES, LIMIT);
        }
        snprintf(more, sizeof(more), "%.0f MB/s%s",
                 (double)ECHO_BYTES / 1e6 * COPIES / (now() - start),
                 memcmp(from, to, ECHO_BYTES) == 0 ? "" : ", WRONG BYTES");
        error = error || memcmp(from, to, ECHO_BYTES) == 0 ? error : -EIO;
    }
    free(from);
    free(to);
    return tell("echo", error, more);
}

static int test_memory(VgpuDevice *device)
{
    void *memory = malloc(VGPU_COMMAND_BYTES_MAX);
    uint64_t differing = 0;
    int error = memory
                    ? vgpu_memory_test(device, memory, VGPU_COMMAND_BYTES_MAX,
                                       2, LIMIT, &differing)
                    : -ENOMEM;

    free(memory);
    if (!error && differing) {
        printf("%-12s %" PRIu64 " wrong bytes\n", "memory", differing);
        return 0;
    }
    return tell("memory", error, "1 MiB there and back");
}

/* ---- A kernel --------------------------------------------------------------- */

/* With a compiler on a loaded host. */
#define KERNEL_LIMIT (60 * VGPU_SECOND)

#define NUMBERS 1024

static const char squares_source[] =
    "kernel void squares(global const uint *in, global uint *out)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "\n"
    "    out[i] = in[i] * in[i];\n"
    "}\n";

static const char *why(const VgpuKernelResult *result)
{
    return result->status != VGPU_DONE_OK
               ? vgpu_status_text(result->status)
               : vgpu_response_text(result->response);
}

static int tell_kernel(int ret, const VgpuKernelResult *result, int right)
{
    char more[64];

    if (ret > 0) {
        printf("%-12s %s\n%s", "kernel", why(result),
               result->log ? result->log : "");
        return 0;
    }
    if (ret == 0 && !right) {
        printf("%-12s WRONG NUMBERS\n", "kernel");
        return 0;
    }
    snprintf(more, sizeof(more), "on the host's accelerator, %.1f us",
             (double)result->device_ns / 1e3);
    return tell("kernel", ret, more);
}

static int run_squares(VgpuDevice *device)
{
    static uint32_t in[NUMBERS], out[NUMBERS];
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_IN, in, NULL, sizeof(in) },
        { VGPU_ARGUMENT_OUT, NULL, out, sizeof(out) },
    };
    const VgpuKernel kernel = {
        .source = squares_source,
        .name = "squares",
        .dimensions = 1,
        .global = { NUMBERS },
        .arguments = arguments,
        .argument_count = 2,
    };
    VgpuKernelResult result;
    int ret, right = 1;
    uint32_t i;

    for (i = 0; i < NUMBERS; i++) {
        in[i] = i;
    }
    ret = vgpu_run_kernel(device, &kernel, KERNEL_LIMIT, &result);
    for (i = 0; i < NUMBERS; i++) {
        right &= out[i] == i * i;
    }
    right = tell_kernel(ret, &result, right);
    free(result.log);
    return right;
}

static int test_kernel(VgpuDevice *device)
{
    struct vgpu_info info;
    const int error = vgpu_get_info(device, &info);

    if (error) {
        return tell("kernel", error, "");
    }
    if (info.link != VGPU_LINK_UP) {
        printf("%-12s left out: the device has no link to an accelerator "
               "of the host\n",
               "kernel");
        return 1;
    }
    return run_squares(device);
}

static int usage(FILE *to)
{
    fprintf(to, "usage: vgpu-test [--device N]\n"
                "Tests a vgpu-stub device: its own commands, memory there and "
                "back, and a kernel\n"
                "on the host's accelerator.\n\n"
                "  --device N  /dev/vgpuN; without it the first\n"
                "  --help      this text\n\n"
                "Exit status: 0 when all is well, 1 when not, 2 for a wrong "
                "option.\n");
    return to == stdout ? 0 : 2;
}

static int run(unsigned number)
{
    VgpuDevice *device;
    const int error = vgpu_open(number, &device);
    int good;

    if (error) {
        fprintf(stderr, "vgpu-test: /dev/vgpu%u: %s\n", number,
                strerror(-error));
        return 1;
    }
    good = test_identify(device);
    good &= test_nop(device);
    good &= test_echo(device);
    good &= test_memory(device);
    good &= test_kernel(device);
    vgpu_close(device);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "device", required_argument, NULL, 'd' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    unsigned number = 0;
    int option;
    char rest;

    vgpu_list(&number, 1);
    while ((option = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
        if (option == 'h') {
            return usage(stdout);
        }
        if (option != 'd' || sscanf(optarg, "%u%c", &number, &rest) != 1) {
            return usage(stderr);
        }
    }
    return optind < argc ? usage(stderr) : run(number);
}
