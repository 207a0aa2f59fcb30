/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* ---- Samples --------------------------------------------------------------- */

uint64_t bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * VGPU_SECOND + (uint64_t)now.tv_nsec;
}

int bench_add(Figure *figure, double value)
{
    if (figure->samples == figure->room) {
        const size_t room = figure->room ? 2 * figure->room : 256;
        double *more = realloc(figure->sample, room * sizeof(*more));

        if (!more) {
            return -ENOMEM;
        }
        figure->sample = more;
        figure->room = room;
    }
    figure->sample[figure->samples++] = value;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_quantile(Figure *figure, double share)
{
    if (!figure->samples) {
        return 0;
    }
    qsort(figure->sample, figure->samples, sizeof(*figure->sample), compare);
    return figure->sample[(size_t)(share * (double)(figure->samples - 1) + .5)];
}

double bench_rate(double amount, uint64_t ns)
{
    return amount * 1e9 / (double)(ns ? ns : 1);
}

/* ---- The run --------------------------------------------------------------- */

static size_t needed(const Figure *figures, size_t count, char *const *names,
                     int name_count)
{
    size_t i, size = BENCH_SIZE_MIN;

    for (i = 0; i < count; i++) {
        if (strcmp(figures[i].unit, BENCH_BYTES) == 0 &&
            bench_is_wanted(&figures[i], names, name_count) &&
            figures[i].parameter > size) {
            size = (size_t)figures[i].parameter;
        }
    }
    return size;
}

static uint8_t *touched_memory(uint64_t seed, size_t size)
{
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t i;

    if (memory == MAP_FAILED) {
        return NULL;
    }
    for (i = 0; i < size / sizeof(seed); i++) {
        seed += VGPU_PATTERN_FACTOR;
        memcpy(memory + i * sizeof(seed), &seed, sizeof(seed));
    }
    return memory;
}

int bench_begin(Bench *bench, const Figure *figures, size_t count,
                char *const *names, int name_count)
{
    bench->size = needed(figures, count, names, name_count);
    bench->from = touched_memory(1, bench->size);
    bench->to = touched_memory(2, bench->size);
    return bench->from && bench->to ? 0 : -ENOMEM;
}

void bench_end(Bench *bench, Figure *figures, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        free(figures[i].sample);
    }
    if (bench->from) {
        munmap(bench->from, bench->size);
    }
    if (bench->to) {
        munmap(bench->to, bench->size);
    }
}

bool bench_is_wanted(const Figure *figure, char *const *names, int name_count)
{
    int i;

    for (i = 0; i < name_count; i++) {
        if (strcmp(names[i], figure->test) == 0) {
            return true;
        }
    }
    return name_count == 0;
}

static int measure(Bench *bench, Figure *figure)
{
    int ret;

    if (figure->why || !figure->measure) {
        return 0;
    }
    ret = figure->measure(bench, figure);
    if (ret < 0) {
        fprintf(stderr, "vgpu-bench: %s: %s\n", figure->text,
                ret == -EBADMSG ? "wrong bytes came back" : strerror(-ret));
    }
    return ret < 0 ? ret : 0;
}

int bench_run(Bench *bench, Figure *figures, size_t count, unsigned rounds,
              char *const *names, int name_count)
{
    unsigned round;
    size_t i;

    for (round = 0; round < rounds; round++) {
        for (i = 0; i < count; i++) {
            int ret = 0;

            if (bench_is_wanted(&figures[i], names, name_count)) {
                ret = measure(bench, &figures[i]);
            }
            if (ret < 0) {
                return ret;
            }
        }
    }
    return 0;
}
