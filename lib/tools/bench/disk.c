/* SPDX-License-Identifier: MIT */
/* A disk of the same machine, read past the cache: what another device does there. */
#include "tools/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int open_disk(const Bench *bench, Figure *figure)
{
    int fd;

    if (!bench->disk) {
        figure->why = "no --disk";
        return BENCH_SKIP;
    }
    fd = open(bench->disk, O_RDONLY | O_DIRECT | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int read_pass(int fd, Bench *bench, size_t size)
{
    size_t done = 0;

    while (done < size) {
        const ssize_t n = pread(fd, bench->to + done, size - done, (off_t)done);

        if (n <= 0) {
            return n < 0 ? -errno : -ENOSPC;
        }
        done += (size_t)n;
    }
    return 0;
}

static int measure(Bench *bench, Figure *figure, bool as_time)
{
    const uint64_t end = bench_now() + bench->slice_ns;
    const size_t size = (size_t)figure->parameter;
    const int fd = open_disk(bench, figure);
    uint64_t before, after;
    int ret;

    if (fd < 0 || figure->why) {
        return fd;
    }
    ret = read_pass(fd, bench, size); /* not counted: it wakes things up */
    while (ret == 0) {
        before = bench_now();
        ret = read_pass(fd, bench, size);
        after = bench_now();
        if (ret == 0) {
            ret = bench_add(figure,
                            as_time ? (double)(after - before)
                                    : bench_rate((double)size, after - before));
        }
        if (after >= end) {
            break;
        }
    }
    close(fd);
    return ret;
}

int bench_disk(Bench *bench, Figure *figure)
{
    return measure(bench, figure, false);
}

int bench_disk_ns(Bench *bench, Figure *figure)
{
    return measure(bench, figure, true);
}
