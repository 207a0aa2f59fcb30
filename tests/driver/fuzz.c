/* SPDX-License-Identifier: MIT */
/*
 * What a hostile process can ask of the driver: calls with wrong numbers, sizes,
 * flags, lengths and pointers, from several processes with two threads each, whose
 * memory comes and goes meanwhile, and who close, fork and are killed in the
 * middle. Judged by the driver's answers (no call fails with an error that
 * vgpu/uapi.h does not name), by the kernel's log and pinned pages, which the
 * guest's init looks at, and by the device, which works afterwards as before.
 *
 * The numbers are of a fixed sequence: VGPU_FUZZ_SEED in the environment begins
 * another, VGPU_FUZZ_SECONDS takes longer.
 */
#include "driver/groups.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4
#define SECONDS   5

/* Of each process: what commands point into. */
#define MEMORY_PAGES 64u
#define PAGE         ((size_t)4096)

typedef struct Fuzzer {
    uint64_t state; /* of the sequence */
    int fd;
    unsigned calls, taken;
} Fuzzer;

static uint8_t *memory; /* of MEMORY_PAGES, and nothing behind them */
static int shared;      /* the file that one of the threads has opened last */

/* ---- Numbers ------------------------------------------------------------------- */

/* xorshift64*: its own state in each thread. */
static uint64_t next(Fuzzer *fuzzer)
{
    uint64_t x = fuzzer->state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    fuzzer->state = x;
    return x * 0x2545f4914f6cdd1dull;
}

static unsigned below(Fuzzer *fuzzer, unsigned limit)
{
    return (unsigned)(next(fuzzer) >> 33) % limit;
}

static bool one_in(Fuzzer *fuzzer, unsigned n)
{
    return below(fuzzer, n) == 0;
}

/* Numbers at which arithmetic goes wrong. */
static uint64_t nasty(Fuzzer *fuzzer)
{
    static const uint64_t numbers[] = {
        0,
        1,
        0xfff,
        0x1000,
        VGPU_COMMAND_BYTES_MAX,
        VGPU_COMMAND_BYTES_MAX + 1,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffff,
        0x8000000000000000,
        0xffffffffffff0000,
        0xffffffffffffffff,
    };

    return one_in(fuzzer, 4)
               ? next(fuzzer)
               : numbers[below(fuzzer, sizeof(numbers) / sizeof(*numbers))];
}

/* An address of ours mostly, at any alignment. */
static uint64_t some_address(Fuzzer *fuzzer)
{
    return one_in(fuzzer, 8)
               ? nasty(fuzzer)
               : (uintptr_t)memory +
                     below(fuzzer, (unsigned)((MEMORY_PAGES + 1) * PAGE));
}

static uint64_t some_deadline(Fuzzer *fuzzer)
{
    return one_in(fuzzer, 8) ? nasty(fuzzer)
                             : now_ns() + below(fuzzer, 20000000);
}

/* ---- Calls ---------------------------------------------------------------------- */

/* The errors that vgpu/uapi.h names, of all calls; ENOTTY is for no call at all. */
static bool is_named(int error)
{
    static const int errors[] = { EINVAL, EFAULT, E2BIG,     EMSGSIZE,
                                  EBUSY,  EINTR,  ETIMEDOUT, EOPNOTSUPP,
                                  EIO,    ENODEV, ENOMEM,    ENOENT,
                                  ENOTTY };
    size_t i;

    for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        if (error == errors[i]) {
            return true;
        }
    }
    return false;
}

static int call(Fuzzer *fuzzer, unsigned long number, void *argument)
{
    const int result = ioctl(fuzzer->fd, number, argument);

    fuzzer->calls++;
    if (result < 0 && !is_named(errno)) {
        tap_fail(__FILE__, __LINE__, "call 0x%lx: %s", number, strerror(errno));
    } else if (result > 0) {
        tap_fail(__FILE__, __LINE__, "call 0x%lx returns %d", number, result);
    }
    return result;
}

/* The same call in a size that is not the header's, or another call. */
static unsigned long some_number(Fuzzer *fuzzer, unsigned long number)
{
    if (one_in(fuzzer, 32)) {
        return (unsigned long)nasty(fuzzer) & 0xffffffff;
    }
    if (one_in(fuzzer, 16)) {
        return _IOC(_IOC_DIR(number), _IOC_TYPE(number), _IOC_NR(number),
                    below(fuzzer, 512));
    }
    return number;
}

/* A few of its bytes are anything. */
static void spoil(Fuzzer *fuzzer, void *structure, size_t size)
{
    uint8_t *bytes = structure;
    unsigned count = one_in(fuzzer, 8) ? 1 + below(fuzzer, 4) : 0;

    while (count-- > 0) {
        bytes[below(fuzzer, (unsigned)size)] = (uint8_t)next(fuzzer);
    }
}

/* Their addresses are not spoiled: the device would write to this program's own
 * stack. */
static void some_buffers(Fuzzer *fuzzer, struct vgpu_buffer *buffers,
                         unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        buffers[i].address = some_address(fuzzer);
        buffers[i].length = one_in(fuzzer, 16)
                                ? nasty(fuzzer)
                                : 1 + below(fuzzer, (unsigned)(4 * PAGE));
        buffers[i].flags = below(fuzzer, 2) ? VGPU_BUFFER_WRITE : 0;
        buffers[i].reserved = 0;
        spoil(fuzzer, &buffers[i].length,
              sizeof(*buffers) - offsetof(struct vgpu_buffer, length));
    }
}

/* Nobody is to wait for an hour. */
static void bound(__u64 *deadline)
{
    if (*deadline > now_ns() + VGPU_SECOND &&
        *deadline <= now_ns() + VGPU_WAIT_MAX_NS) {
        *deadline = now_ns();
    }
}

/* Larger than any size that some_number() gives. */
typedef union Argument {
    struct vgpu_submit submit;
    struct vgpu_wait wait;
    struct vgpu_info info;
    uint8_t bytes[1024];
} Argument;

static void do_submit(Fuzzer *fuzzer)
{
    static const uint8_t opcodes[] = { VGPU_OP_NOP, VGPU_OP_IDENTIFY,
                                       VGPU_OP_ECHO, VGPU_OP_MEMORY_TEST,
                                       VGPU_OP_REQUEST };
    struct vgpu_buffer buffers[VGPU_BUFFERS_MAX];
    const unsigned count = 1 + below(fuzzer,
                                     one_in(fuzzer, 4) ? VGPU_BUFFERS_MAX : 2);
    Argument argument;

    some_buffers(fuzzer, buffers, count);
    memset(&argument, 0, sizeof(argument));
    argument.submit.opcode = one_in(fuzzer, 8) ? (uint8_t)next(fuzzer)
                                               : opcodes[below(fuzzer, 5)];
    argument.submit.argument = nasty(fuzzer);
    argument.submit.cookie = next(fuzzer);
    argument.submit.buffers = one_in(fuzzer, 16) ? some_address(fuzzer)
                                                 : (uintptr_t)buffers;
    argument.submit.buffer_count = one_in(fuzzer, 16) ? (uint32_t)nasty(fuzzer)
                                                      : count;
    argument.submit.deadline = some_deadline(fuzzer);
    spoil(fuzzer, &argument.submit, sizeof(argument.submit));
    bound(&argument.submit.deadline);
    call(fuzzer, some_number(fuzzer, VGPU_IOC_SUBMIT), &argument);
}

static void do_wait(Fuzzer *fuzzer)
{
    Argument argument;

    memset(&argument, 0, sizeof(argument));
    argument.wait.handle = one_in(fuzzer, 2) ? 0 : below(fuzzer, 1000);
    argument.wait.deadline = some_deadline(fuzzer);
    spoil(fuzzer, &argument.wait, sizeof(argument.wait));
    bound(&argument.wait.deadline);
    fuzzer->taken += call(fuzzer, some_number(fuzzer, VGPU_IOC_WAIT),
                          &argument) == 0;
}

static void do_info(Fuzzer *fuzzer)
{
    Argument argument;

    memset(&argument, 0, sizeof(argument));
    spoil(fuzzer, &argument.info, sizeof(argument.info));
    call(fuzzer, some_number(fuzzer, VGPU_IOC_INFO), &argument);
}

/* The structure itself is nowhere, or where the memory ends. */
static void do_nowhere(Fuzzer *fuzzer)
{
    static const unsigned long numbers[] = { VGPU_IOC_INFO, VGPU_IOC_SUBMIT,
                                             VGPU_IOC_WAIT };
    void *const places[] = { NULL, memory + MEMORY_PAGES * PAGE - 8,
                             (void *)(uintptr_t)0xffffffff81000000,
                             (void *)(uintptr_t)1 };

    call(fuzzer, numbers[below(fuzzer, 3)], places[below(fuzzer, 4)]);
}

/* Pages go, or are new ones, under commands that are about them. */
static void do_memory(Fuzzer *fuzzer)
{
    const unsigned page = below(fuzzer, MEMORY_PAGES);
    const int protection = one_in(fuzzer, 3) ? PROT_READ
                                             : PROT_READ | PROT_WRITE;

    EXPECT(mmap(memory + page * PAGE, PAGE, protection,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
}

static void do_file(Fuzzer *fuzzer)
{
    struct pollfd pfd = { .fd = fuzzer->fd, .events = POLLIN };
    uint8_t byte;

    switch (below(fuzzer, 4)) {
    case 0:
        close(fuzzer->fd);
        fuzzer->fd = one_in(fuzzer, 2) ? dup(shared) : open_raw();
        EXPECT(fuzzer->fd >= 0 && dup2(fuzzer->fd, shared) == shared);
        break;
    case 1:
        poll(&pfd, 1, 1);
        break;
    case 2:
        EXPECT(read(fuzzer->fd, &byte, 1) < 0);
        EXPECT(write(fuzzer->fd, &byte, 1) < 0);
        break;
    default:
        EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fuzzer->fd, 0) ==
               MAP_FAILED);
        break;
    }
}

static void step(Fuzzer *fuzzer)
{
    const unsigned what = below(fuzzer, 64);

    if (what < 28) {
        do_submit(fuzzer);
    } else if (what < 52) {
        do_wait(fuzzer);
    } else if (what < 56) {
        do_info(fuzzer);
    } else if (what < 58) {
        do_nowhere(fuzzer);
    } else if (what < 62) {
        do_memory(fuzzer);
    } else {
        do_file(fuzzer);
    }
}

/* ---- Processes ------------------------------------------------------------------- */

typedef struct Plan {
    uint64_t seed;
    uint64_t until;
    Fuzzer done; /* what it came to */
} Plan;

static void *run(void *opaque)
{
    Plan *plan = opaque;
    Fuzzer fuzzer = { .state = plan->seed, .fd = dup(shared) };

    while (now_ns() < plan->until) {
        step(&fuzzer);
    }
    plan->done = fuzzer;
    return NULL;
}

/* What the program does in one of the processes: its exit status. */
static int process(uint64_t seed, uint64_t until)
{
    Plan plans[2];
    pthread_t thread;
    unsigned i;

    memory = mmap(NULL, (MEMORY_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return 1;
    }
    mprotect(memory + MEMORY_PAGES * PAGE, PAGE, PROT_NONE);
    shared = open_raw();
    for (i = 0; i < 2; i++) {
        plans[i] = (Plan){ .seed = seed * 2 + i + 1, .until = until };
    }
    if (pthread_create(&thread, NULL, run, &plans[0]) != 0) {
        return 1;
    }
    run(&plans[1]);
    pthread_join(thread, NULL);
    printf("# seed %llu: %u calls, %u results\n", (unsigned long long)seed,
           plans[0].done.calls + plans[1].done.calls,
           plans[0].done.taken + plans[1].done.taken);
    /* That it gets to the device at all, and back. */
    return tap_failed() || !plans[0].done.taken || !plans[1].done.taken;
}

static unsigned long number_of(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 0) : otherwise;
}

static void test_calls(void)
{
    const unsigned long seed = number_of("VGPU_FUZZ_SEED", 1);
    const uint64_t until = now_ns() + number_of("VGPU_FUZZ_SECONDS", SECONDS) *
                                          VGPU_SECOND;
    VgpuDevice *device = open_device();
    const unsigned resets = info_of(device).resets;
    pid_t pids[PROCESSES + 1];
    int status, i;

    fflush(stdout);
    for (i = 0; i <= PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            _exit(process(seed + (unsigned)i, until));
        }
        EXPECT(pids[i] > 0);
    }
    /* One of them is killed in the middle of what it does. */
    usleep(500000);
    kill(pids[PROCESSES], SIGKILL);
    for (i = 0; i <= PROCESSES; i++) {
        EXPECT_EQ(waitpid(pids[i], &status, 0), pids[i]);
        EXPECT_EQ(status, i < PROCESSES ? 0 : SIGKILL);
    }
    EXPECT_EQ(vgpu_nop(device, LIMIT), 0);
    EXPECT_EQ(info_of(device).resets, resets);
    vgpu_close(device);
}

const TapTest fuzz_tests[] = { { "calls", test_calls }, { NULL, NULL } };
