/* SPDX-License-Identifier: MIT */
/*
 * vgpu-bench: how fast a vgpu-stub device is, beside the machine's memory and a disk
 * of the same machine.
 */
#include "tools/bench/bench.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* A slice of time that one figure has in a round, and how many rounds. */
#define SLICE_MS       50
#define ROUNDS         15
#define SLICE_MS_QUICK 20
#define ROUNDS_QUICK   3

/* A longer slice, or more rounds, only wait longer for the same. */
#define SLICE_MS_MAX 10000
#define ROUNDS_MAX   1000

typedef struct Options {
    unsigned number; /* of the device */
    const char *disk;
    unsigned rounds, slice_ms;
    bool json;
} Options;

#define TIME(test_, text_, measure_)                                         \
    {                                                                        \
        .name = (test_), .test = (test_), .text = (text_), .unit = BENCH_NS, \
        .measure = (measure_)                                                \
    }
#define TIME_OF(test_, size_, text_, measure_)                              \
    {                                                                       \
        .name = test_ "-" #size_ "-time", .test = (test_), .text = (text_), \
        .unit = BENCH_NS, .parameter = (size_), .measure = (measure_)       \
    }
#define DEPTH(depth_)                                                          \
    {                                                                          \
        .name = "depth-" #depth_, .test = "depth",                             \
        .text = "empty commands, " #depth_ " at once", .unit = BENCH_COMMANDS, \
        .parameter = (depth_), .measure = bench_depth                          \
    }
#define BYTES(test_, size_, text_, measure_)                             \
    {                                                                    \
        .name = test_ "-" #size_, .test = (test_), .text = (text_),      \
        .unit = BENCH_BYTES, .parameter = (size_), .measure = (measure_) \
    }
#define EACH_SIZE(test_, text_, measure_)                   \
    BYTES(test_, 4096, text_ ", 4 KiB", measure_),          \
        BYTES(test_, 65536, text_ ", 64 KiB", measure_),    \
        BYTES(test_, 1048576, text_ ", 1 MiB", measure_),   \
        BYTES(test_, 16777216, text_ ", 16 MiB", measure_), \
        BYTES(test_, 67108864, text_ ", 64 MiB", measure_)
#define KERNEL(name_, text_, kernel_)                          \
    { .name = (name_),                                         \
      .test = "kernel",                                        \
      .text = text_ ", the call",                              \
      .unit = BENCH_NS,                                        \
      .measure = bench_kernel,                                 \
      .kernel = (kernel_) },                                   \
    {                                                          \
        .name = name_ "-device", .test = "kernel",             \
        .text = text_ ", on the accelerator", .unit = BENCH_NS \
    }

static Figure figures[] = {
    TIME("register", "register read", bench_register),
    TIME("nop", "empty command, there and back", bench_nop),
    TIME_OF("echo", 4096, "echo of 4 KiB, there and back", bench_echo_ns),
    TIME_OF("disk", 4096, "disk, read of 4 KiB", bench_disk_ns),
    TIME("request", "empty request to the host's worker", bench_request),
    DEPTH(1),
    DEPTH(4),
    DEPTH(16),
    DEPTH(64),
    EACH_SIZE("echo", "echo", bench_echo),
    EACH_SIZE("disk", "disk", bench_disk),
    EACH_SIZE("memcpy", "memcpy", bench_memcpy),
    KERNEL("kernel-add", "short kernel", &bench_kernel_add),
    KERNEL("kernel-work", "long kernel", &bench_kernel_work),
};
#define FIGURES (sizeof(figures) / sizeof(*figures))

static int usage(FILE *to)
{
    fprintf(
        to,
        "usage: vgpu-bench [OPTION...] [TEST...]\n"
        "Measures a vgpu-stub device, in rounds: each figure in turn, for a "
        "slice of time.\n"
        "Tests: register nop depth echo request kernel memcpy disk; all "
        "without any.\n\n"
        "  --device N   /dev/vgpuN; without it the first\n"
        "  --disk PATH  a block device of at least 64 MiB, to compare; it "
        "is only read\n"
        "  --rounds N   so many (%d)\n"
        "  --slice MS   milliseconds for a figure in a round (%d)\n"
        "  --quick      %d rounds of %d milliseconds\n"
        "  --json       as JSON\n"
        "  --help       this text\n\n"
        "Exit status: 0; 1 when something did not work, 2 for a wrong "
        "option.\n",
        ROUNDS, SLICE_MS, ROUNDS_QUICK, SLICE_MS_QUICK);
    return to == stdout ? 0 : 2;
}

static int run(const Options *options, char *const *names, int name_count)
{
    Bench bench = { .disk = options->disk,
                    .slice_ns = options->slice_ms * (VGPU_SECOND / 1000) };
    int error = vgpu_open(options->number, &bench.device);

    if (!error) {
        error = vgpu_get_info(bench.device, &bench.info);
    }
    if (error) {
        fprintf(stderr, "vgpu-bench: /dev/vgpu%u: %s\n", options->number,
                strerror(-error));
    } else {
        error = bench_begin(&bench, figures, FIGURES, names, name_count);
        if (error) {
            fprintf(stderr, "vgpu-bench: %s\n", strerror(-error));
        }
    }
    if (!error) {
        error = bench_run(&bench, figures, FIGURES, options->rounds, names,
                          name_count);
    }
    /* First, so that no command writes to the memory any more. */
    vgpu_close(bench.device);
    if (!error && options->json) {
        bench_print_json(figures, FIGURES, options->rounds);
    } else if (!error) {
        bench_print(figures, FIGURES);
    }
    bench_end(&bench, figures, FIGURES);
    return error ? 1 : 0;
}

/* From 0 or 1 on, as the least says. */
static bool take_number(const char *text, unsigned least, unsigned most,
                        unsigned *number)
{
    char rest;

    return sscanf(text, "%u%c", number, &rest) == 1 && *number >= least &&
           *number <= most;
}

static bool take_option(int option, Options *options)
{
    switch (option) {
    case 'd':
        return take_number(optarg, 0, UINT32_MAX, &options->number);
    case 'k':
        options->disk = optarg;
        return true;
    case 'r':
        return take_number(optarg, 1, ROUNDS_MAX, &options->rounds);
    case 's':
        return take_number(optarg, 1, SLICE_MS_MAX, &options->slice_ms);
    case 'q':
        options->rounds = ROUNDS_QUICK;
        options->slice_ms = SLICE_MS_QUICK;
        return true;
    case 'j':
        options->json = true;
        return true;
    default:
        return false;
    }
}

static bool is_test(char *const *name)
{
    size_t i;

    for (i = 0; i < FIGURES; i++) {
        if (bench_is_wanted(&figures[i], name, 1)) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        { "device", required_argument, NULL, 'd' },
        { "disk", required_argument, NULL, 'k' },
        { "rounds", required_argument, NULL, 'r' },
        { "slice", required_argument, NULL, 's' },
        { "quick", no_argument, NULL, 'q' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    Options options = { .rounds = ROUNDS, .slice_ms = SLICE_MS };
    int option, i;

    vgpu_list(&options.number, 1);
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'h') {
            return usage(stdout);
        }
        if (!take_option(option, &options)) {
            return usage(stderr);
        }
    }
    for (i = optind; i < argc; i++) {
        if (!is_test(&argv[i])) {
            return usage(stderr);
        }
    }
    return run(&options, argv + optind, argc - optind);
}
