/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: a guest with queues. The input is a program of what a guest can do
 * to its device and to the memory that they share, also while the device reads
 * it, and of what its host does. Whatever it does, the device's own check accepts
 * the state, a run ends and copies no more than it may, and no access or interrupt
 * leaves the device that it must not.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "vgpu/queue.h"
#include "vgpu/regs.h"

/* Small, so that what is named by chance is often there. A command gets to its
 * limit of bytes by naming the same memory again. */
#define BASE   0x10000000ull
#define MEMORY 0x10000u
#define QUEUES 3u
/* Where a well-behaved driver has its rings, events, lists and the rest. */
#define RING_ENTRIES 16ull
#define RING(queue)  (0x1000ull * (queue))
#define COMPLETIONS(queue) \
    (0x1000ull * (queue) + RING_ENTRIES * VGPU_SUBMISSION_SIZE)
#define EVENT(queue) (0x1000ull * (queue) + 0x800u)
#define LIST         0x3000u
#define DATA         0x5000u

/* One run: a command more than its budget, and for each command, of which there
 * are so many at most, what is read and written beside its segments: the entry, its
 * first byte, the list, the completion, and the event as it wakes and sleeps. */
#define RUN_COMMANDS (VGPU_RUN_BYTES / VGPU_RUN_COMMAND_BYTES + 1)
#define COMMAND_OVERHEAD \
    (2 * VGPU_SUBMISSION_SIZE + VGPU_SEGMENTS_MAX * VGPU_SEGMENT_SIZE + 64)
#define RUN_BYTES_MAX                          \
    (VGPU_RUN_BYTES + VGPU_COMMAND_BYTES_MAX + \
     (RUN_COMMANDS + QUEUES + VGPU_LINK_SLOTS) * COMMAND_OVERHEAD)
/* Programs are bytes, and some of them ask for a megabyte. */
#define OPERATIONS_MAX 64u
#define RUNS_MAX       40u

typedef struct Input {
    const uint8_t *data;
    size_t size;
} Input;

/* What happens at an access of the device, counted from the arming. */
typedef struct Trap {
    unsigned countdown; /* 0: not armed */
    uint32_t offset;
    uint32_t value;
} Trap;

static struct Guest {
    VgpuCore core;
    uint8_t memory[MEMORY];
    bool msix;
    bool intx;
    bool scheduled;
    bool in_run;
    uint64_t bytes;
    uint64_t calls;
    /* The device has written into a ring of submissions. */
    bool tainted;
    Trap fail;
    Trap flip;
    Trap access;
} guest;

/* The link's, of which a worker that may be hostile writes the first pages. Too
 * large to be cleared for each input; what is in its slots decides nothing. */
static _Alignas(4096) uint8_t link_memory[VGPU_LINK_MEMORY_BYTES];

static const VgpuConfig config = {
    .pool = 'B', .priority = 2, .vm_id = 100, .queues = QUEUES
};

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Byte by byte: both are copies of one structure, holes and all. */
static bool is_same(const void *left, const void *right, size_t size)
{
    return memcmp(left, right, size) == 0;
}

/* ---- The binding ---------------------------------------------------------------- */

static void on_error(void *opaque, const char *what, uint64_t offset,
                     unsigned size)
{
    (void)opaque;
    (void)offset;
    (void)size;
    must(what != NULL);
}

static bool springs(Trap *trap)
{
    return trap->countdown && --trap->countdown == 0;
}

static bool in_ring(uint64_t address, uint32_t length)
{
    unsigned i;

    for (i = 0; i < QUEUES; i++) {
        const VgpuQueue *queue = &guest.core.queue[i];
        uint64_t size = (uint64_t)queue->size * VGPU_SUBMISSION_SIZE;

        if (queue->enabled && address + (length - 1) >= queue->submission &&
            address <= queue->submission + (size - 1)) {
            return true;
        }
    }
    return false;
}

/* The guest's other processors, and the device as its own guest, at an access. */
static void meanwhile(void)
{
    if (springs(&guest.flip)) {
        memcpy(guest.memory + guest.flip.offset % (MEMORY - 4),
               &guest.flip.value, 4);
        guest.tainted = true;
    }
    if (springs(&guest.access)) {
        VgpuCore before;

        memcpy(&before, &guest.core, sizeof(before));
        vgpu_core_write(&guest.core, guest.access.offset, guest.access.value,
                        VGPU_REG_SIZE);
        vgpu_core_read(&guest.core, guest.access.offset, VGPU_REG_SIZE);
        must(is_same(&before, &guest.core, sizeof(before)));
    }
}

static uint8_t *take_access(uint64_t address, uint32_t length)
{
    uint64_t offset = address - BASE;

    must(guest.in_run);
    must(guest.core.state == VGPU_STATE_RUNNING);
    must(length > 0);
    must(address + (length - 1) >= address);
    guest.calls++;
    guest.bytes += length;
    meanwhile();
    if (springs(&guest.fail) || offset >= MEMORY || length > MEMORY - offset) {
        return NULL;
    }
    return guest.memory + offset;
}

static int on_read(void *opaque, uint64_t address, void *buffer,
                   uint32_t length)
{
    const uint8_t *memory = take_access(address, length);

    (void)opaque;
    if (!memory) {
        memset(buffer, 0xa5, length);
        return -EFAULT;
    }
    memcpy(buffer, memory, length);
    return 0;
}

static int on_write(void *opaque, uint64_t address, const void *buffer,
                    uint32_t length)
{
    uint8_t *memory = take_access(address, length);

    (void)opaque;
    if (!memory) {
        return -EFAULT;
    }
    guest.tainted = guest.tainted || in_ring(address, length);
    memcpy(memory, buffer, length);
    return 0;
}

static void on_schedule(void *opaque)
{
    (void)opaque;
    guest.scheduled = true;
}

static bool on_msix_is_on(void *opaque)
{
    (void)opaque;
    return guest.msix;
}

static void on_send_msix(void *opaque, unsigned vector)
{
    (void)opaque;
    must(guest.msix);
    must(vector < QUEUES + 1);
    must(guest.core.state != VGPU_STATE_RESET);
}

static void on_set_intx(void *opaque, bool level)
{
    (void)opaque;
    must(!level || (!guest.msix && guest.core.interrupt != 0));
    guest.intx = level;
}

static void on_wake_worker(void *opaque)
{
    (void)opaque;
    must(guest.core.link == VGPU_LINK_UP);
}

static void on_drop_link(void *opaque)
{
    (void)opaque;
    must(guest.in_run);
    must(guest.core.link == VGPU_LINK_DOWN && !guest.core.memory);
}

static const VgpuCoreOps ops = {
    .guest_error = on_error,
    .dma_read = on_read,
    .dma_write = on_write,
    .schedule = on_schedule,
    .msix_is_on = on_msix_is_on,
    .send_msix = on_send_msix,
    .set_intx = on_set_intx,
    .wake_worker = on_wake_worker,
    .drop_link = on_drop_link,
};

/* ---- The input ------------------------------------------------------------------- */

static uint32_t take(Input *input, unsigned bytes)
{
    uint32_t value = 0;

    while (bytes--) {
        value <<= 8;
        if (input->size) {
            value |= *input->data++;
            input->size--;
        }
    }
    return value;
}

/* Mostly what is near the limits of this and that. */
static uint32_t take_number(Input *input)
{
    static const uint32_t numbers[] = {
        0,
        1,
        2,
        3,
        4,
        8,
        16,
        64,
        257,
        258,
        259,
        1024,
        4096,
        0x4000,
        VGPU_COMMAND_BYTES_MAX - 1,
        VGPU_COMMAND_BYTES_MAX,
        VGPU_COMMAND_BYTES_MAX + 1,
        VGPU_VECTOR_NONE,
        0x80000000,
        0xffffffff,
    };
    uint32_t which = take(input, 1);

    return which < 0x80 ? numbers[which % (sizeof(numbers) / sizeof(*numbers))]
           : which < 0xf0 ? which & 0x7f
                          : take(input, 4);
}

/* Mostly in memory, and now and then at an edge, or anywhere. */
static uint64_t take_address(Input *input, uint32_t near)
{
    uint32_t which = take(input, 1);

    if (which < 0xe0) {
        return BASE + near + which;
    }
    if (which < 0xf0) {
        return BASE + MEMORY - (which & 0xf);
    }
    if (which < 0xf8) {
        return UINT64_MAX - (which & 7) * 16ull;
    }
    return (uint64_t)take(input, 4) << 32 | take(input, 4);
}

/* ---- Operations ------------------------------------------------------------------ */

static void set(uint64_t offset, uint32_t value)
{
    vgpu_core_write(&guest.core, offset, value, VGPU_REG_SIZE);
}

static void set_address(uint64_t offset, uint64_t address)
{
    set(offset, (uint32_t)address);
    set(offset + VGPU_REG_SIZE, (uint32_t)(address >> 32));
}

static uint64_t any_offset(Input *input)
{
    uint32_t which = take(input, 1);

    if (which < 0xd0) {
        return which % 28 * 4ull; /* up to VGPU_QUEUE_REGS_END */
    }
    if (which < 0xf0) {
        return VGPU_DOORBELLS + (which & 0x1f) * 4u;
    }
    return (uint64_t)take(input, 4) << (which & 0xf);
}

/* Mostly the only size that has an effect. */
static unsigned any_size(Input *input)
{
    uint32_t which = take(input, 1);

    return which < 0xe0 ? VGPU_REG_SIZE : 1u << (which & 3);
}

static void take_trap(Input *input, Trap *trap, uint64_t offset)
{
    trap->countdown = take(input, 1);
    trap->offset = (uint32_t)offset;
    trap->value = take_number(input);
}

static void start(Input *input)
{
    uint32_t features = take(input, 1);

    set(VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
    set(VGPU_REG_DRIVER_FEATURES, features < 0xf0 ? 1 : features);
    set(VGPU_REG_CONTROL, VGPU_CONTROL_START);
}

/* As a driver does, and one of the registers as it pleases. */
static void set_up(Input *input)
{
    uint32_t queue = take(input, 1) % QUEUES;
    uint32_t options = take(input, 1);
    uint32_t size = 2u << (options & 3);

    set(VGPU_REG_QUEUE_SELECT, queue);
    set(VGPU_REG_QUEUE_ENABLE, 0);
    memset(guest.memory + RING(queue), 0, 0x1000);
    set(VGPU_REG_QUEUE_SIZE, size);
    set(VGPU_REG_QUEUE_VECTOR, options >> 2 & 3);
    set_address(VGPU_REG_QUEUE_SUBMISSION, BASE + RING(queue));
    set_address(VGPU_REG_QUEUE_COMPLETION, BASE + COMPLETIONS(queue));
    set_address(VGPU_REG_QUEUE_EVENT, options & 0x10 ? BASE + EVENT(queue) : 0);
    if (options & 0x20) {
        set(VGPU_REG_QUEUE_SIZE + take(input, 1) % 8 * VGPU_REG_SIZE,
            take_number(input));
    }
    if (options & 0x40) {
        set_address(VGPU_REG_QUEUE_SUBMISSION + take(input, 1) % 3 * 8,
                    take_address(input, RING(take(input, 1) % 8)));
    }
    set(VGPU_REG_QUEUE_ENABLE, 1);
}

static struct vgpu_segment take_segment(Input *input)
{
    uint32_t flags = take(input, 1);
    struct vgpu_segment segment = {
        .address = take_address(input, DATA),
        .length = take_number(input),
        .flags = flags < 0xf0 ? flags & 1 : 1u << (flags & 0xf),
    };

    return segment;
}

static void put(uint32_t offset, const void *from, uint32_t length)
{
    if (offset < MEMORY && length <= MEMORY - offset) {
        memcpy(guest.memory + offset, from, length);
    }
}

/* A list of two kinds of segments, as long as it is asked for. */
static void take_list(Input *input, struct vgpu_submission *submission)
{
    struct vgpu_segment first = take_segment(input);
    struct vgpu_segment last = take_segment(input);
    uint32_t count = take_number(input), turn = take(input, 1);
    uint32_t offset = LIST + take(input, 1) * 16u, i;

    for (i = 0; i < count && i < VGPU_SEGMENTS_MAX + 2; i++) {
        put(offset + i * VGPU_SEGMENT_SIZE,
            i < turn || i < count / 2 ? &first : &last, VGPU_SEGMENT_SIZE);
    }
    submission->flags |= VGPU_SUBMISSION_INDIRECT;
    submission->segments = count;
    submission->segment[0].address = BASE + offset;
    submission->segment[0].length = count * VGPU_SEGMENT_SIZE;
}

static struct vgpu_submission take_submission(Input *input)
{
    static const uint8_t opcodes[] = {
        VGPU_OP_NOP,         VGPU_OP_IDENTIFY, VGPU_OP_ECHO,
        VGPU_OP_MEMORY_TEST, VGPU_OP_REQUEST,
    };
    struct vgpu_submission submission = { 0 };
    uint32_t options = take(input, 1);
    uint32_t i;

    submission.opcode = opcodes[options % sizeof(opcodes)];
    submission.id = (uint16_t)take(input, 1);
    submission.argument = options & 0x08 ? take_number(input) : 0;
    if (options & 0x10) {
        take_list(input, &submission);
    } else {
        submission.segments = take(input, 1) % 5;
        for (i = 0; i < submission.segments && i < VGPU_SEGMENTS_INLINE; i++) {
            submission.segment[i] = take_segment(input);
        }
    }
    if (options & 0x20) {
        uint8_t *bytes = (uint8_t *)&submission;

        bytes[take(input, 1) % sizeof(submission)] ^= (uint8_t)take(input, 1);
    }
    return submission;
}

/* Where the device looks next, with the phase that it looks for. */
static void push(Input *input)
{
    uint32_t number = take(input, 1);
    const VgpuQueue *queue = &guest.core.queue[number % QUEUES];
    struct vgpu_submission submission = take_submission(input);
    uint32_t times = 1 + (number >> 4), i;

    for (i = 0; i < times && queue->enabled; i++) {
        uint32_t at = queue->head + i;
        uint32_t phase = queue->head_phase ^ (at / queue->size & 1);
        uint64_t entry = queue->submission - BASE +
                         (uint64_t)(at % queue->size) * VGPU_SUBMISSION_SIZE;

        submission.flags = (uint8_t)((submission.flags & ~1u) | phase);
        if (entry < MEMORY) {
            put((uint32_t)entry, &submission, sizeof(submission));
        }
    }
    if (number & 8) {
        set(VGPU_DOORBELLS + number % QUEUES * 4ull, number);
    }
}

static void run(void)
{
    bool was_running = guest.core.state == VGPU_STATE_RUNNING;

    guest.scheduled = false;
    guest.in_run = true;
    guest.bytes = guest.calls = 0;
    vgpu_core_run(&guest.core);
    guest.in_run = false;
    must(guest.bytes <= RUN_BYTES_MAX);
    must(guest.calls <= RUN_BYTES_MAX);
    must(was_running || guest.calls == 0);
    must(guest.core.state != VGPU_STATE_RESET || !was_running);
}

static void settle(void)
{
    unsigned runs = 0;

    while (guest.scheduled && runs++ < RUNS_MAX) {
        run();
    }
}

/* Nothing that lies in a ring that was rung is forgotten, and who wants to know
 * that the device sleeps is told. */
static void check_at_rest(void)
{
    unsigned i;

    for (i = 0; i < QUEUES; i++) {
        const VgpuQueue *queue = &guest.core.queue[i];
        uint64_t flags = queue->submission - BASE +
                         (uint64_t)queue->head * VGPU_SUBMISSION_SIZE +
                         offsetof(struct vgpu_submission, flags);

        if (queue->enabled && flags < MEMORY) {
            must((guest.memory[flags] & VGPU_SUBMISSION_PHASE) !=
                 queue->head_phase);
        }
    }
}

/* With nobody meddling: all queues are rung, and the device comes to rest. */
static void ring_all(void)
{
    uint32_t i;

    guest.fail.countdown = guest.flip.countdown = guest.access.countdown = 0;
    guest.tainted = false;
    for (i = 0; i < QUEUES; i++) {
        set(VGPU_DOORBELLS + 4ull * i, 1);
    }
    settle();
    /* With a link, a request waits until one before it is answered. */
    if (!guest.scheduled && !guest.tainted && !guest.core.memory) {
        check_at_rest();
    }
}

static void write_memory(Input *input)
{
    uint32_t where = take(input, 2) % (MEMORY - 256);

    memset(guest.memory + where, (uint8_t)take(input, 1), take(input, 1));
}

static void turn_msix(void)
{
    guest.msix = !guest.msix;
    vgpu_core_update_intx(&guest.core);
}

/* The worker answers the oldest request, or what it likes; and looks at the
 * number of its answers, or not. */
static void answer(Input *input)
{
    struct vgpu_link_header *header = (struct vgpu_link_header *)(void *)
        link_memory;
    uint32_t options = take(input, 1);
    struct vgpu_link_completion completion = { 0 };
    uint32_t at = header->completions % VGPU_LINK_SLOTS;

    completion.slot = options & 0x10 ? take_number(input) : options & 0xf;
    completion.status = options & 0x20 ? take_number(input) : 0;
    completion.response_bytes = take_number(input);
    completion.reserved = options & 0x40 ? take(input, 1) : 0;
    memcpy(link_memory + VGPU_LINK_COMPLETIONS_AT +
               (size_t)at * VGPU_LINK_COMPLETION_SIZE,
           &completion, sizeof(completion));
    header->completions += options & 0x80 ? take(input, 1) : 1;
    header->request_wanted = options & 1;
    guest.scheduled = true;
}

static void move_link(Input *input)
{
    uint32_t option = take(input, 1);

    if (option < 0x10) {
        vgpu_core_reset(&guest.core);
    } else if (option < 0x60 && guest.core.memory) {
        vgpu_core_link_down(&guest.core);
    } else if (option < 0xa0 && !guest.core.memory) {
        memset(link_memory, 0, VGPU_LINK_SLOTS_AT);
        vgpu_core_link_up(&guest.core, link_memory);
    } else if (option < 0xb0 && !guest.core.memory) {
        vgpu_core_set_link(&guest.core, option & 1);
    } else {
        answer(input);
    }
}

/* A word of what a migration carries is what a hostile stream says. Where the
 * device's check lets it pass, all that is said here holds of it too. */
static void load_state(Input *input)
{
    static VgpuCore saved;
    const size_t first = offsetof(VgpuCore, control);
    const size_t words = (offsetof(VgpuCore, flight) - first) / 4;
    uint32_t which = take(input, 2), value = take_number(input);
    VgpuFlight *flight = &guest.core.flight[which % VGPU_LINK_SLOTS];
    uint8_t *word = which & 0x8000
                        ? (uint8_t *)flight + (which >> 4) % 5 * 4ull
                        : (uint8_t *)&guest.core + first + which % words * 4;

    if (guest.core.memory) {
        vgpu_core_link_down(&guest.core);
    }
    memcpy(&saved, &guest.core, sizeof(saved));
    memcpy(word, &value, sizeof(value));
    if (vgpu_core_check_state(&guest.core) < 0) {
        memcpy(&guest.core, &saved, sizeof(saved));
        return;
    }
    vgpu_core_loaded(&guest.core);
    vgpu_core_update_intx(&guest.core);
}

static void operate(Input *input)
{
    uint64_t offset;

    switch (take(input, 1) % 17) {
    case 0:
        offset = any_offset(input);
        vgpu_core_write(&guest.core, offset, take_number(input),
                        any_size(input));
        break;
    case 1:
        offset = any_offset(input);
        vgpu_core_read(&guest.core, offset, any_size(input));
        break;
    case 2:
        start(input);
        break;
    case 3:
    case 4:
        set_up(input);
        break;
    case 5:
    case 6:
    case 7:
        push(input);
        break;
    case 8:
        run();
        break;
    case 9:
        ring_all();
        break;
    case 10:
        take_trap(input, &guest.fail, 0);
        break;
    case 11:
        take_trap(input, &guest.flip, take(input, 2));
        break;
    case 12:
        take_trap(input, &guest.access, any_offset(input));
        break;
    case 13:
        write_memory(input);
        break;
    case 14:
        turn_msix();
        break;
    case 15:
        load_state(input);
        break;
    default:
        move_link(input);
        break;
    }
}

static void check_state(void)
{
    const VgpuCore *core = &guest.core;
    unsigned i;

    must(vgpu_core_check_state(core) == 0);
    must(memcmp(&core->config, &config, sizeof(config)) == 0);
    must(guest.intx == (!guest.msix && core->interrupt != 0));
    must(core->state != VGPU_STATE_RESET || core->interrupt == 0);
    must((core->state == VGPU_STATE_FAILED) ==
         (core->failure != VGPU_FAILURE_NONE));
    for (i = 0; i < QUEUES; i++) {
        must(!core->queue[i].enabled || core->state == VGPU_STATE_RUNNING);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Input input = { data, size };
    unsigned operations = 0;

    memset(&guest, 0, sizeof(guest));
    vgpu_core_init(&guest.core, &config, &ops, NULL);
    start(&input);
    set_up(&input);
    check_state();
    while (input.size && operations++ < OPERATIONS_MAX) {
        operate(&input);
        check_state();
    }
    ring_all();
    check_state();
    return 0;
}
