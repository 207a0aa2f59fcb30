/* SPDX-License-Identifier: MIT */
/*
 * vgpu-bench, inside: figures, each measured for a slice of time in each of several
 * rounds, so that whatever else the machine does meanwhile meets all of them alike.
 * tests/bench measures a host with the same code.
 */
#ifndef VGPU_BENCH_H
#define VGPU_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vgpu.h"

/* For what is no pass: the kernels' floats, requests. */
#define BENCH_SIZE_MIN ((size_t)1 << 20)

/* The device is taken for stuck after so long. */
#define BENCH_LIMIT (30 * VGPU_SECOND)

typedef struct Bench {
    VgpuDevice *device;    /* NULL on a host */
    struct vgpu_info info; /* of the device, when it was opened */
    const char *disk;      /* a block device to read, or NULL */
    uint8_t *from, *to;    /* on pages of their own */
    size_t size;           /* of each: the largest pass that is wanted */
    uint64_t slice_ns;
} Bench;

typedef struct Figure Figure;

#define BENCH_NS       "ns"
#define BENCH_BYTES    "bytes/s"
#define BENCH_COMMANDS "commands/s"

/* Adds samples for a slice. 0, a negative errno, or BENCH_SKIP with figure->why. */
typedef int BenchMeasure(Bench *bench, Figure *figure);
#define BENCH_SKIP 1

/* An OpenCL kernel that is run; kernels.c. */
typedef struct BenchKernel {
    const char *source, *name;
    uint64_t items; /* as many floats are written */
    uint32_t turns; /* its last argument */
} BenchKernel;
extern const BenchKernel bench_kernel_add, bench_kernel_work;

struct Figure {
    const char *name;      /* of its own */
    const char *test;      /* it belongs to this name on the command line */
    const char *text;      /* what it is */
    const char *unit;      /* BENCH_* */
    uint64_t parameter;    /* bytes or depth, 0: none */
    BenchMeasure *measure; /* NULL: the one before measures this, too */
    const BenchKernel *kernel;

    double *sample;
    size_t samples, room;
    const char *why; /* it was skipped */
    bool checked;    /* the measure's own: contents were compared */
    bool counted;    /* the next three are of use */
    uint64_t commands, doorbells, interrupts;
};

/* ---- Samples --------------------------------------------------------------- */

uint64_t bench_now(void);

/* 0 or -ENOMEM. */
int bench_add(Figure *figure, double value);

/* The sample below which so large a share of them is, 0 to 1; 0 without any. Sorts
 * them. */
double bench_quantile(Figure *figure, double share);

/* So many bytes or commands in that time, by the second. */
double bench_rate(double amount, uint64_t ns);

/* ---- The run --------------------------------------------------------------- */

/* Allocates and touches the memory that the wanted figures need. 0 or -ENOMEM. */
int bench_begin(Bench *bench, const Figure *figures, size_t count,
                char *const *names, int name_count);
void bench_end(Bench *bench, Figure *figures, size_t count);

/* All figures whose test is among the names, or all, in turn, round by round. 0 or
 * a negative errno, having said of what. */
int bench_run(Bench *bench, Figure *figures, size_t count, unsigned rounds,
              char *const *names, int name_count);

bool bench_is_wanted(const Figure *figure, char *const *names, int name_count);

void bench_print(Figure *figures, size_t count);
void bench_print_json(Figure *figures, size_t count, unsigned rounds);

/* ---- What is measured -------------------------------------------------------- */

BenchMeasure bench_memcpy;   /* memory.c */
BenchMeasure bench_disk;     /* disk.c */
BenchMeasure bench_disk_ns;  /* disk.c: one read after the other */
BenchMeasure bench_register; /* device.c */
BenchMeasure bench_nop;
BenchMeasure bench_request;
BenchMeasure bench_depth;
BenchMeasure bench_echo;
BenchMeasure bench_echo_ns;
BenchMeasure
    bench_kernel; /* kernel.c; the time on the accelerator goes into the
                            * figure behind it */

/* ---- The kernels ------------------------------------------------------------- */

/* What they read: any memory of the bench will do, as floats between 0 and 1. */
void bench_kernel_fill(float *in, size_t count);
/* Whether that came out. The kernel reads the same for a and b. */
bool bench_kernel_is_right(const BenchKernel *kernel, const float *in,
                           const float *out);

#endif /* VGPU_BENCH_H */
