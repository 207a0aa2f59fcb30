/* SPDX-License-Identifier: MIT */
/* What is run on the accelerator, from a guest and, to compare, on the host itself. */
#include "tools/bench/bench.h"

/* Next to no work: what is left is the way there and back. */
const BenchKernel bench_kernel_add = {
    .source = "kernel void add(global const float *a, global const float *b,\n"
              "                global float *out, uint turns) {\n"
              "  size_t i = get_global_id(0);\n"
              "  out[i] = a[i] + b[i];\n"
              "}\n",
    .name = "add",
    .items = 1024,
    .turns = 1,
};

/* As much as makes the way small. Each turn brings a value nearer to 1. */
const BenchKernel bench_kernel_work = {
    .source = "kernel void work(global const float *a, global const float *b,\n"
              "                 global float *out, uint turns) {\n"
              "  size_t i = get_global_id(0);\n"
              "  float x = a[i] + b[i];\n"
              "  for (uint turn = 0; turn < turns; turn++)\n"
              "    x = x * 0.999f + 0.001f;\n"
              "  out[i] = x;\n"
              "}\n",
    .name = "work",
    .items = 16384,
    .turns = 20000,
};

void bench_kernel_fill(float *in, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        in[i] = (float)(i % 1024) / 1024;
    }
}

static float difference(float a, float b)
{
    return a > b ? a - b : b - a;
}

bool bench_kernel_is_right(const BenchKernel *kernel, const float *in,
                           const float *out)
{
    const bool adds = kernel == &bench_kernel_add;
    uint64_t i;

    for (i = 0; i < kernel->items; i++) {
        if (difference(out[i], adds ? 2 * in[i] : 1) > 1e-3F) {
            return false;
        }
    }
    return true;
}
