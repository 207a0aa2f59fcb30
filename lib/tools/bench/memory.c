/* SPDX-License-Identifier: MIT */
/* What the machine's own processor copies: the measure of all that the device copies. */
#include "tools/bench/bench.h"

#include <string.h>

/* A sample copies at least so much: reading the clock shall not count. */
#define SAMPLE_BYTES ((size_t)4 << 20)

int bench_memcpy(Bench *bench, Figure *figure)
{
    const uint64_t end = bench_now() + bench->slice_ns;
    const size_t size = (size_t)figure->parameter;
    const size_t passes = size < SAMPLE_BYTES ? SAMPLE_BYTES / size : 1;
    uint64_t before, after;
    size_t i;
    int ret;

    do {
        before = bench_now();
        for (i = 0; i < passes; i++) {
            memcpy(bench->to, bench->from, size);
            /* The compiler must not see that one copy would do. */
            __asm__ volatile("" ::: "memory");
        }
        after = bench_now();
        ret = bench_add(figure,
                        bench_rate((double)(passes * size), after - before));
    } while (ret == 0 && after < end);
    return ret;
}
