/* SPDX-License-Identifier: MIT */
/* The device's own commands, and the way of a request to the worker and back. */
#include "tools/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of one command: half of what it has at most is to read, half to write. */
#define ECHO_BYTES ((size_t)VGPU_COMMAND_BYTES_MAX / 2)

/* Commands of an echo on their way: enough to keep the device busy. */
#define ECHO_DEPTH 16

#define REGISTER_READS 1000

/* ---- A register -------------------------------------------------------------- */

static const volatile uint32_t *map_registers(const Bench *bench)
{
    const struct vgpu_info *info = &bench->info;
    char path[96];
    void *regs;
    int fd;

    snprintf(path, sizeof(path),
             "/sys/bus/pci/devices/%04x:%02x:%02x.%x/resource%d",
             info->pci_domain, info->pci_bus, info->pci_devfn >> 3,
             info->pci_devfn & 7, VGPU_REGS_BAR);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    regs = mmap(NULL, VGPU_REGS_BAR_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return regs == MAP_FAILED ? NULL : regs;
}

int bench_register(Bench *bench, Figure *figure)
{
    const uint64_t end = bench_now() + bench->slice_ns;
    const volatile uint32_t *regs = map_registers(bench);
    uint64_t before, after;
    unsigned i;
    int ret = 0;

    if (!regs) {
        figure->why = "registers are root's, and with a driver in use only a "
                      "kernel with iomem=relaxed lets them be mapped";
        return BENCH_SKIP;
    }
    do {
        before = bench_now();
        for (i = 0; i < REGISTER_READS; i++) {
            if (regs[VGPU_REG_MAGIC / VGPU_REG_SIZE] != VGPU_MAGIC) {
                ret = -ENODEV;
            }
        }
        after = bench_now();
        if (ret == 0) {
            ret = bench_add(figure, (double)(after - before) / REGISTER_READS);
        }
    } while (ret == 0 && after < end);
    munmap((void *)(uintptr_t)regs, VGPU_REGS_BAR_SIZE);
    return ret;
}

/* ---- One command after the other ---------------------------------------------- */

/* 0, or what has become of a command is said. */
static int judge(uint32_t status)
{
    if (status == VGPU_DONE_OK) {
        return 0;
    }
    fprintf(stderr, "vgpu-bench: a command failed: %s\n",
            vgpu_status_text(status));
    return -EIO;
}

static int run_one(Bench *bench, const VgpuCommand *command)
{
    VgpuResult result;
    const int ret = vgpu_run(bench->device, command, BENCH_LIMIT, &result);

    return ret < 0 ? ret : judge(result.status);
}

static int round_trips(Bench *bench, Figure *figure, const VgpuCommand *command)
{
    const uint64_t end = bench_now() + bench->slice_ns;
    uint64_t before = 0, after = 0;
    int ret = run_one(bench, command); /* not counted: it wakes things up */

    while (ret == 0 && after < end) {
        before = bench_now();
        ret = run_one(bench, command);
        after = bench_now();
        if (ret == 0) {
            ret = bench_add(figure, (double)(after - before));
        }
    }
    return ret;
}

int bench_nop(Bench *bench, Figure *figure)
{
    const VgpuCommand command = { .opcode = VGPU_OP_NOP };

    return round_trips(bench, figure, &command);
}

/* Nothing that a backend would do: what is measured is the way. */
int bench_request(Bench *bench, Figure *figure)
{
    static uint8_t request[VGPU_SEGMENT_SIZE], response[64];
    const VgpuBuffer buffers[] = {
        { request, sizeof(request), 0 },
        { response, sizeof(response), VGPU_BUFFER_WRITE },
    };
    const VgpuCommand command = {
        .opcode = VGPU_OP_REQUEST,
        .buffers = buffers,
        .buffer_count = 2,
    };

    if (bench->info.link != VGPU_LINK_UP) {
        figure->why = "the link is not up: the host has no worker for this VM";
        return BENCH_SKIP;
    }
    return round_trips(bench, figure, &command);
}

/* ---- Doorbells and interrupts -------------------------------------------------- */

/* Those that so many commands have cost since the first look. */
static int add_counts(Bench *bench, Figure *figure,
                      const struct vgpu_info *first, uint64_t commands)
{
    struct vgpu_info last;
    const int ret = vgpu_get_info(bench->device, &last);

    if (ret == 0) {
        figure->counted = true;
        figure->commands += commands;
        figure->doorbells += last.doorbells - first->doorbells;
        figure->interrupts += last.interrupts_taken - first->interrupts_taken;
    }
    return ret;
}

/* ---- Many at once ---------------------------------------------------------------- */

/* Takes the result of whichever is done first. */
static int take_any(Bench *bench)
{
    VgpuResult result;
    const int ret = vgpu_wait(bench->device, 0, BENCH_LIMIT, &result);

    return ret < 0 ? ret : judge(result.status);
}

static int send_nop(Bench *bench)
{
    const VgpuCommand command = { .opcode = VGPU_OP_NOP };
    uint64_t handle;

    return vgpu_submit(bench->device, &command, BENCH_LIMIT, &handle);
}

/* A new one for each that is done, and in the end none. */
static int keep_busy(Bench *bench, uint64_t depth, uint64_t end,
                     uint64_t *commands)
{
    uint64_t sent = 0;
    int ret = 0;

    *commands = 0;
    while (ret == 0 && sent < depth) {
        ret = send_nop(bench);
        sent++;
    }
    while (ret == 0 && *commands < sent) {
        ret = take_any(bench);
        ++*commands;
        if (ret == 0 && bench_now() < end) {
            ret = send_nop(bench);
            sent++;
        }
    }
    return ret;
}

int bench_depth(Bench *bench, Figure *figure)
{
    struct vgpu_info first;
    uint64_t before, after, commands;
    int ret = vgpu_get_info(bench->device, &first);

    if (ret < 0) {
        return ret;
    }
    before = bench_now();
    ret = keep_busy(bench, figure->parameter, before + bench->slice_ns,
                    &commands);
    after = bench_now();
    if (ret == 0) {
        ret = add_counts(bench, figure, &first, commands);
    }
    return ret < 0 ? ret
                   : bench_add(figure,
                               bench_rate((double)commands, after - before));
}

/* ---- Bytes ------------------------------------------------------------------------ */

static int send_echo(Bench *bench, size_t at, size_t size)
{
    const VgpuBuffer buffers[] = {
        { bench->from + at, size, 0 },
        { bench->to + at, size, VGPU_BUFFER_WRITE },
    };
    const VgpuCommand command = {
        .opcode = VGPU_OP_ECHO,
        .buffers = buffers,
        .buffer_count = 2,
    };
    uint64_t handle;

    return vgpu_submit(bench->device, &command, BENCH_LIMIT, &handle);
}

static size_t echo_commands(size_t size)
{
    return (size + ECHO_BYTES - 1) / ECHO_BYTES;
}

/* Copies from one buffer to the other, in as many commands as it takes. */
static int echo_pass(Bench *bench, size_t size)
{
    const size_t each = size < ECHO_BYTES ? size : ECHO_BYTES;
    size_t at = 0, on_their_way = 0;
    int ret = 0;

    while (ret == 0 && (at < size || on_their_way)) {
        if (at < size && on_their_way < ECHO_DEPTH) {
            ret = send_echo(bench, at, each);
            at += each;
            on_their_way++;
        } else {
            ret = take_any(bench);
            on_their_way--;
        }
    }
    return ret;
}

/* Once, and not in the time that counts. */
static int check_echo(Bench *bench, Figure *figure, size_t size)
{
    int ret;

    if (figure->checked) {
        return 0;
    }
    memset(bench->to, 0, size);
    ret = echo_pass(bench, size);
    if (ret == 0 && memcmp(bench->from, bench->to, size) != 0) {
        ret = -EBADMSG;
    }
    figure->checked = true;
    return ret;
}

static int measure_echo(Bench *bench, Figure *figure, bool as_time)
{
    const size_t size = (size_t)figure->parameter;
    struct vgpu_info first = bench->info;
    uint64_t end, before, after = 0, passes = 0;
    int ret = check_echo(bench, figure, size);

    if (ret == 0) {
        ret = vgpu_get_info(bench->device, &first);
    }
    end = bench_now() + bench->slice_ns;
    for (; ret == 0 && after < end; passes++) {
        before = bench_now();
        ret = echo_pass(bench, size);
        after = bench_now();
        if (ret == 0) {
            ret = bench_add(figure,
                            as_time ? (double)(after - before)
                                    : bench_rate((double)size, after - before));
        }
    }
    return ret < 0 ? ret
                   : add_counts(bench, figure, &first,
                                passes * echo_commands(size));
}

int bench_echo(Bench *bench, Figure *figure)
{
    return measure_echo(bench, figure, false);
}

int bench_echo_ns(Bench *bench, Figure *figure)
{
    return measure_echo(bench, figure, true);
}
