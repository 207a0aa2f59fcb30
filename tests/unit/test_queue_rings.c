/* SPDX-License-Identifier: MIT */
/*
 * The rings at work, docs/specification.md, sections 4.1 and 4.2: phases, who
 * reads and writes what in which order, who is woken, and how the device shares
 * its time between queues.
 */
#include <glib.h>
#include <string.h>

#include "queue-guest.h"

/* What one call of vgpu_core_run() does, and one command more than that. */
#define RUN_COMMANDS (VGPU_RUN_BYTES / VGPU_RUN_COMMAND_BYTES + 1)
/* What is read and written for a command beside what it copies itself: twice the
 * submission, the list, the completion, the event. */
#define COMMAND_OVERHEAD \
    (2 * VGPU_SUBMISSION_SIZE + VGPU_SEGMENTS_MAX * VGPU_SEGMENT_SIZE + 64)
#define RUN_BYTES_MAX                          \
    (VGPU_RUN_BYTES + VGPU_COMMAND_BYTES_MAX + \
     (RUN_COMMANDS + VGPU_QUEUES_MAX) * COMMAND_OVERHEAD)

/* Takes this many completions, in order of their ids. */
static void pop_in_order(Guest *guest, uint32_t queue, uint16_t first,
                         unsigned count)
{
    struct vgpu_completion completion;
    unsigned i;

    for (i = 0; i < count; i++) {
        if (!guest_pop(guest, queue, &completion)) {
            g_test_message("%u completions, not %u", i, count);
            g_test_fail();
            return;
        }
        g_assert_cmpuint(completion.id, ==, (uint16_t)(first + i));
        g_assert_cmpuint(completion.status, ==, VGPU_DONE_OK);
    }
    g_assert_false(guest_pop(guest, queue, &completion));
}

static uint16_t push_nops(Guest *guest, uint32_t queue, unsigned count)
{
    uint16_t first = guest->next_id;
    unsigned i;

    for (i = 0; i < count; i++) {
        guest_push(guest, queue, command(VGPU_OP_NOP, 0));
    }
    return first;
}

/* ---- Phases ----------------------------------------------------------------------- */

/* Over several passes, in steps that do and do not divide the ring. */
static void check_passes(void)
{
    static const uint32_t sizes[] = { 2, 4, 1024 };
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const unsigned steps[] = { 1, sizes[i] / 2 + 1, sizes[i] - 1,
                                   sizes[i] };

        for (j = 0; j < G_N_ELEMENTS(steps); j++) {
            Guest *guest = guest_running(sizes[i], i % 2);
            unsigned done;

            for (done = 0; done < 5 * sizes[i]; done += steps[j]) {
                uint16_t first = push_nops(guest, 0, steps[j]);

                guest_doorbell(guest, 0);
                guest_settle(guest);
                pop_in_order(guest, 0, first, steps[j]);
            }
            g_assert_cmpuint(guest->errors, ==, 0);
            guest_free(guest);
        }
    }
}

/* Only what lies next in the ring is there, whatever lies behind it. */
static void check_gap(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_completion completion;
    uint16_t first = push_nops(guest, 0, 3);
    uint8_t *flags = guest_memory(guest,
                                  guest->queue[0].submission +
                                      VGPU_SUBMISSION_SIZE +
                                      offsetof(struct vgpu_submission, flags),
                                  1);

    *flags ^= VGPU_SUBMISSION_PHASE;
    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_true(guest_pop(guest, 0, &completion));
    g_assert_cmpuint(completion.id, ==, first);
    g_assert_false(guest_pop(guest, 0, &completion));
    *flags ^= VGPU_SUBMISSION_PHASE;
    guest_doorbell(guest, 0);
    guest_settle(guest);
    pop_in_order(guest, 0, (uint16_t)(first + 1), 2);
    guest_free(guest);
}

/* A doorbell for nothing: the ring is looked at, and nothing comes of it. */
static void check_empty_ring(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_completion completion;

    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_cmpuint(guest->writes, ==, 0);
    g_assert_false(guest->intx);
    g_assert_false(guest_pop(guest, 0, &completion));
    guest_check_works(guest, 0);
    /* An entry of the pass before is none of this one. */
    push_nops(guest, 0, 3);
    guest_doorbell(guest, 0);
    guest_settle(guest);
    guest->writes = 0;
    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_cmpuint(guest->writes, ==, 0);
    guest_free(guest);
}

/* Rings and commands above 4 GiB: both halves of each address count. */
static void check_high_memory(void)
{
    Guest *guest = guest_new_at(0x123400000000, 2);
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);

    guest_start(guest);
    guest_open(guest, 1, 4, true);
    guest_open(guest, 0, 4, true);
    guest_check_works(guest, 0);
    guest_check_works(guest, 1);
    guest_put32(guest, guest_at(guest, GUEST_DATA), 0x89abcdef);
    add_segment(&echo, guest_at(guest, GUEST_DATA), 4, 0);
    add_segment(&echo, guest_at(guest, GUEST_OTHER_DATA), 4, 1);
    guest_check_done(guest, echo, VGPU_DONE_OK, 4);
    g_assert_cmphex(guest_get32(guest, guest_at(guest, GUEST_OTHER_DATA)), ==,
                    0x89abcdef);
    guest_free(guest);
}

/* ---- Order ------------------------------------------------------------------------ */

#define COMPLETION_FLAGS offsetof(struct vgpu_completion, flags)

/* The writes of one completion. */
typedef struct Order {
    uint64_t address;
    struct vgpu_completion when_there; /* what it is as its phase comes */
    bool there;
    unsigned late; /* writes to it after that */
} Order;

static void watch_completion(Guest *guest, const Access *access)
{
    Order *order = guest->data;
    const uint8_t *entry = guest_memory(guest, order->address,
                                        VGPU_COMPLETION_SIZE);

    if (!access->write ||
        !access_touches(access, order->address, VGPU_COMPLETION_SIZE)) {
        return;
    }
    if (order->there) {
        order->late++;
        return;
    }
    if (entry[COMPLETION_FLAGS] & VGPU_COMPLETION_PHASE) {
        order->there = true;
        memcpy(&order->when_there, entry, sizeof(order->when_there));
        /* One write of all of it has no order in itself. */
        g_assert_cmphex(access->address, >=, order->address + COMPLETION_FLAGS);
    }
}

/* Its phase is written last, when all other bytes are there. */
static void check_completion_order(void)
{
    Guest *guest = guest_running(4, true);
    Order order = { .address = guest->queue[0].completion };
    struct vgpu_submission test = command(VGPU_OP_MEMORY_TEST, UINT64_MAX);
    struct vgpu_completion completion;

    memset(guest_memory(guest, order.address, VGPU_COMPLETION_SIZE), 0xfe,
           VGPU_COMPLETION_SIZE);
    memset(guest_memory(guest, guest_at(guest, GUEST_DATA), 8), 0xee, 8);
    add_segment(&test, guest_at(guest, GUEST_DATA), 8, 0);
    guest->next_id = 0x1234;
    guest->data = &order;
    guest->after = watch_completion;
    completion = guest_do(guest, 0, test);
    g_assert_cmphex(completion.result, ==, 8);
    g_assert_true(order.there);
    g_assert_cmpuint(order.late, ==, 0);
    g_assert_cmpmem(&order.when_there, sizeof(order.when_there), &completion,
                    sizeof(completion));
    guest_free(guest);
}

/* The interrupt comes when the completion is there, not before. */
static void on_last_write(Guest *guest, const Access *access)
{
    if (access->write) {
        g_assert_cmpuint(guest->messages, ==, 0);
        g_assert_false(guest->intx);
    }
}

static void check_interrupt_order(void)
{
    Guest *guest = guest_running(8, false);

    push_nops(guest, 0, 1);
    guest->before = on_last_write;
    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_true(guest->intx);
    guest_free(guest);
}

/* A driver on another processor whose other bytes are seen after its phase. */
typedef struct Late {
    uint64_t address;
    struct vgpu_submission submission;
    bool done;
} Late;

static void write_the_rest(Guest *guest, const Access *access)
{
    Late *late = guest->data;

    if (!access->write && !late->done &&
        access_touches(access, late->address, VGPU_SUBMISSION_SIZE)) {
        late->done = true;
        memcpy(guest_memory(guest, late->address, VGPU_SUBMISSION_SIZE),
               &late->submission, sizeof(late->submission));
    }
}

/* The byte with the phase is read first, the rest behind it. */
static void check_submission_order(void)
{
    Guest *guest = guest_running(4, false);
    Late late = { .address = guest->queue[0].submission };
    uint8_t *entry = guest_memory(guest, late.address, VGPU_SUBMISSION_SIZE);
    struct vgpu_completion completion;

    late.submission = command(VGPU_OP_MEMORY_TEST, 0);
    late.submission.flags = VGPU_SUBMISSION_PHASE;
    late.submission.id = 0x4321;
    add_segment(&late.submission, guest_at(guest, GUEST_DATA), 12, 0);
    memset(entry, 0xee, VGPU_SUBMISSION_SIZE);
    entry[offsetof(struct vgpu_submission, flags)] = VGPU_SUBMISSION_PHASE;
    guest->data = &late;
    guest->after = write_the_rest;
    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_true(guest_pop(guest, 0, &completion));
    g_assert_cmphex(completion.id, ==, 0x4321);
    g_assert_cmphex(completion.status, ==, VGPU_DONE_OK);
    g_assert_cmphex(completion.result, ==, 4);
    guest_free(guest);
}

/* ---- Suppression of doorbells --------------------------------------------------------- */

static uint32_t doorbell_wanted(Guest *guest, uint32_t queue)
{
    return guest_get32(guest, guest->queue[queue].event + VGPU_EVENT_DOORBELL);
}

static void check_event_untouched(Guest *guest)
{
    const uint8_t *event = guest_memory(guest, guest->queue[0].event,
                                        VGPU_EVENT_SIZE);
    unsigned i;

    for (i = 4; i < VGPU_EVENT_SIZE; i++) {
        g_assert_cmphex(event[i], ==, 0xee);
    }
}

/* At each moment that a sleeping driver could look. */
static void check_doorbell_wanted(void)
{
    Guest *guest = guest_new(1);
    unsigned i;

    guest_start(guest);
    guest_setup(guest, 0, 4, true);
    memset(guest_memory(guest, guest->queue[0].event + 4, VGPU_EVENT_SIZE - 4),
           0xee, VGPU_EVENT_SIZE - 4);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_settle(guest);
    g_assert_cmphex(doorbell_wanted(guest, 0), ==, 1);
    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_cmphex(doorbell_wanted(guest, 0), ==, 1);
    for (i = 0; i < 9; i++) {
        guest_check_works(guest, 0);
        g_assert_cmphex(doorbell_wanted(guest, 0), ==, 1);
    }
    check_event_untouched(guest);
    guest_free(guest);
}

/* What it was before the queue was turned on, or before a reset, says nothing. */
static void check_doorbell_wanted_anew(void)
{
    static const uint32_t values[] = { 0, 1, 2, 0xffffffff };
    Guest *guest = guest_new(1);
    size_t i;

    guest_start(guest);
    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        guest_setup(guest, 0, 4, true);
        guest_put32(guest, guest->queue[0].event, values[i]);
        guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
        guest_settle(guest);
        g_assert_cmphex(doorbell_wanted(guest, 0), ==, 1);
        guest_check_works(guest, 0);
        guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
        if (i == 1) {
            guest_start(guest);
        }
    }
    guest_free(guest);
}

/* While it has work, the driver need not ring. */
static void look_at_doorbell(Guest *guest, const Access *access)
{
    unsigned *completions = guest->data;

    if (access->write && access_touches(access, guest->queue[0].completion,
                                        8ull * VGPU_COMPLETION_SIZE)) {
        if (++*completions > 1) {
            g_assert_cmphex(doorbell_wanted(guest, 0), ==, 0);
        }
    }
}

static void check_doorbell_not_wanted(void)
{
    Guest *guest = guest_running(8, true);
    unsigned completions = 0;
    uint16_t first = push_nops(guest, 0, 4);

    guest->data = &completions;
    guest->after = look_at_doorbell;
    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_cmpuint(completions, >=, 4);
    pop_in_order(guest, 0, first, 4);
    g_assert_cmphex(doorbell_wanted(guest, 0), ==, 1);
    guest_free(guest);
}

/* It has been said that there is more to do: asleep it is not. */
static void check_doorbell_not_wanted_between_runs(void)
{
    Guest *guest = guest_running(1024, true);

    push_nops(guest, 0, 1024);
    guest_doorbell(guest, 0);
    guest_run(guest);
    while (guest->scheduled) {
        struct vgpu_completion completion;
        unsigned taken = 0;

        while (guest_pop(guest, 0, &completion)) {
            taken++;
        }
        g_assert_cmpuint(taken, >, 0);
        if (guest->queue[0].tail || guest->queue[0].tail_phase) {
            g_assert_cmphex(doorbell_wanted(guest, 0), ==, 0);
        }
        guest_run(guest);
    }
    g_assert_cmphex(doorbell_wanted(guest, 0), ==, 1);
    guest_free(guest);
}

/* Writes a submission as the device says that it goes to sleep, or before it. */
static void push_as_it_sleeps(Guest *guest, const Access *access)
{
    unsigned *left = guest->data;
    GuestQueue *q = &guest->queue[0];

    if (*left && access->write && access_touches(access, q->event, 4)) {
        --*left;
        guest_push(guest, 0, command(VGPU_OP_NOP, 0));
    }
}

static void check_last_look(bool before)
{
    Guest *guest = guest_new(1);
    unsigned left = 3;

    guest_start(guest);
    guest_setup(guest, 0, 8, true);
    guest->data = &left;
    *(before ? &guest->before : &guest->after) = push_as_it_sleeps;
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_settle(guest);
    g_assert_cmpuint(left, ==, 0);
    pop_in_order(guest, 0, 0, 3);
    g_assert_cmphex(doorbell_wanted(guest, 0), ==, 1);
    guest_free(guest);
}

/* It looks at the ring once more after it has set doorbell_wanted. */
static void check_last_looks(void)
{
    check_last_look(true);
    check_last_look(false);
}

/* Turned on, but not come to yet: doorbell_wanted is still 0, so nobody rings. */
static void check_pushed_before_first_run(void)
{
    Guest *guest = guest_new(1);
    uint16_t first;

    guest_start(guest);
    guest_setup(guest, 0, 4, true);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    first = push_nops(guest, 0, 2);
    guest_settle(guest);
    pop_in_order(guest, 0, first, 2);
    guest_free(guest);
}

/* ---- Suppression of interrupts --------------------------------------------------------- */

static void check_interrupt_wanted(void)
{
    static const uint32_t values[] = { 1, 2, 0x100, 0x80000000, 0xffffffff };
    Guest *guest = guest_running(4, true);
    uint64_t wanted = guest->queue[0].event + VGPU_EVENT_INTERRUPT;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        guest_put32(guest, wanted, 0);
        guest_check_works(guest, 0);
        g_assert_false(guest->intx);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 0);
        g_assert_cmphex(guest_get32(guest, wanted), ==, 0);
        guest_put32(guest, wanted, values[i]);
        guest_check_works(guest, 0);
        g_assert_true(guest->intx);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 1);
        g_assert_cmphex(guest_get32(guest, wanted), ==, values[i]);
        guest_set(guest, VGPU_REG_INTERRUPT, 1);
        g_assert_false(guest->intx);
    }
    guest_free(guest);
}

static void check_interrupt_wanted_messages(void)
{
    Guest *guest = guest_new(2);
    uint64_t wanted;

    guest->msix = true;
    guest_start(guest);
    guest_queue_set(guest, 1, VGPU_REG_QUEUE_VECTOR, 2);
    guest_open(guest, 1, 4, true);
    wanted = guest->queue[1].event + VGPU_EVENT_INTERRUPT;
    guest_check_works(guest, 1);
    g_assert_cmpuint(guest->messages, ==, 0);
    guest_put32(guest, wanted, 1);
    guest_check_works(guest, 1);
    g_assert_cmpuint(guest->vector[2], ==, 1);
    /* No completion, no interrupt, however much it is wanted. */
    guest_doorbell(guest, 1);
    guest_settle(guest);
    g_assert_cmpuint(guest->messages, ==, 1);
    guest_free(guest);
}

/* A driver that sets it, looks at the ring, sees nothing yet, and sleeps. */
static void go_to_sleep(Guest *guest, const Access *access)
{
    GuestQueue *q = &guest->queue[0];

    if (access->write &&
        access_touches(access, q->completion + COMPLETION_FLAGS, 1)) {
        guest_put32(guest, q->event + VGPU_EVENT_INTERRUPT, 1);
    }
}

/* So it is read when the completions are there. */
static void check_interrupt_wanted_late(void)
{
    Guest *guest = guest_running(4, true);

    guest->before = go_to_sleep;
    guest_check_works(guest, 0);
    g_assert_true(guest->intx);
    guest_free(guest);
}

/* Several completions may have one interrupt; they have at least one. */
static void check_interrupts_together(void)
{
    Guest *guest = guest_running(1024, false);
    unsigned taken = 0;
    struct vgpu_completion completion;

    guest->msix = true;
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
    guest_set(guest, VGPU_REG_QUEUE_VECTOR, 1);
    guest_open(guest, 0, 1024, false);
    push_nops(guest, 0, 1000);
    guest_doorbell(guest, 0);
    while (guest->scheduled) {
        unsigned messages = guest->vector[1];
        unsigned before = taken;

        guest_run(guest);
        while (guest_pop(guest, 0, &completion)) {
            taken++;
        }
        g_assert_true(taken == before || guest->vector[1] > messages);
    }
    g_assert_cmpuint(taken, ==, 1000);
    g_assert_cmpuint(guest->vector[1], <=, 1000);
    guest_free(guest);
}

/* ---- How much one run does -------------------------------------------------------------- */

static void check_budget_of_nops(void)
{
    Guest *guest = guest_running(1024, true);
    struct vgpu_completion completion;
    unsigned total = 0;

    push_nops(guest, 0, 1024);
    guest_doorbell(guest, 0);
    while (guest->scheduled) {
        unsigned taken = 0;

        guest->bytes = 0;
        guest_run(guest);
        while (guest_pop(guest, 0, &completion)) {
            taken++;
        }
        g_assert_cmpuint(taken, <=, RUN_COMMANDS);
        g_assert_cmpuint(guest->bytes, <=, RUN_BYTES_MAX);
        total += taken;
    }
    g_assert_cmpuint(total, ==, 1024);
    guest_free(guest);
}

/* Two megabytes a run at the very most, of commands of a megabyte and less. */
static void check_budget_of_copies(void)
{
    static const uint32_t halves[] = { 0x1000, 0x10000, 0x7fff1, 0x80000 };
    struct vgpu_completion completion;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(halves); i++) {
        Guest *guest = guest_running(32, false);
        struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);
        unsigned j, total = 0;

        add_segment(&echo, guest_at(guest, GUEST_DATA), halves[i], 0);
        add_segment(&echo, guest_at(guest, GUEST_OTHER_DATA), halves[i], 1);
        for (j = 0; j < 32; j++) {
            guest_push(guest, 0, echo);
        }
        guest_doorbell(guest, 0);
        while (guest->scheduled) {
            guest->bytes = 0;
            guest_run(guest);
            g_assert_cmpuint(guest->bytes, <=, RUN_BYTES_MAX);
            while (guest_pop(guest, 0, &completion)) {
                g_assert_cmpuint(completion.status, ==, VGPU_DONE_OK);
                total++;
            }
        }
        g_assert_cmpuint(total, ==, 32);
        guest_free(guest);
    }
}

/* Puts another in the ring of each completion, for queues that are never empty. */
static void refill(Guest *guest, const Access *access)
{
    const struct vgpu_submission *submission = guest->data;
    uint32_t queues = guest->config.queues;
    struct vgpu_completion completion;
    uint32_t i;

    if (!access->write) {
        return;
    }
    /* The last queue is the one that is kept waiting. */
    for (i = 0; i + 1 < queues; i++) {
        while (guest_pop(guest, i, &completion)) {
            guest_push(guest, i, *submission);
        }
    }
}

static void keep_full(Guest *guest, const struct vgpu_submission *submission)
{
    uint32_t i, j;

    for (i = 0; i + 1 < guest->config.queues; i++) {
        guest_open(guest, i, 1024, i % 2);
        for (j = 0; j < 1024; j++) {
            guest_push(guest, i, *submission);
        }
    }
    guest_open(guest, i, 4, false);
    guest->data = (void *)submission;
    guest->after = refill;
    for (i = 0; i + 1 < guest->config.queues; i++) {
        guest_doorbell(guest, i);
    }
}

/* How many runs the last queue waits for its one command beside full ones. */
static unsigned runs_of_wait(Guest *guest)
{
    struct vgpu_completion completion;
    uint32_t last = guest->config.queues - 1;
    unsigned runs = 0;

    guest_push(guest, last, command(VGPU_OP_NOP, 0));
    guest_doorbell(guest, last);
    while (!guest_pop(guest, last, &completion) && runs < 1000) {
        g_assert_true(guest->scheduled);
        guest->bytes = 0;
        guest_run(guest);
        g_assert_cmpuint(guest->bytes, <=, RUN_BYTES_MAX);
        runs++;
    }
    return runs;
}

static void check_fair_between(uint32_t queues,
                               const struct vgpu_submission *submission)
{
    Guest *guest = guest_new(queues);
    unsigned i;

    guest_start(guest);
    keep_full(guest, submission);
    for (i = 0; i < 5; i++) {
        guest_run(guest);
    }
    for (i = 0; i < 5; i++) {
        /* Each of the others has its turn once, at most. */
        g_assert_cmpuint(runs_of_wait(guest), <=, queues);
    }
    guest->after = NULL;
    guest_free(guest);
}

static void check_fair(void)
{
    static const uint32_t queues[] = { 2, 3, 16 };
    struct vgpu_submission nop = command(VGPU_OP_NOP, 0);
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);
    size_t i;

    add_segment(&echo, GUEST_BASE + GUEST_DATA, 0x80000, 0);
    add_segment(&echo, GUEST_BASE + GUEST_OTHER_DATA, 0x80000, 1);
    for (i = 0; i < G_N_ELEMENTS(queues); i++) {
        check_fair_between(queues[i], &nop);
        check_fair_between(queues[i], &echo);
    }
}

/* ---- A device that is written to by itself -------------------------------------------- */

/* An access to the BAR that comes from within the device's own DMA. */
static void write_registers(Guest *guest, const Access *access)
{
    static const uint64_t offsets[] = {
        VGPU_REG_COMMAND,       VGPU_REG_CONTROL,      VGPU_REG_QUEUE_ENABLE,
        VGPU_REG_CONFIG_VECTOR, VGPU_REG_QUEUE_SELECT, VGPU_REG_INTERRUPT,
        VGPU_DOORBELLS,         VGPU_DOORBELLS + 4,
    };
    uint32_t value;
    size_t i;

    (void)access;
    for (value = 0; value < 3; value++) {
        for (i = 0; i < G_N_ELEMENTS(offsets); i++) {
            guest_set(guest, offsets[i], value);
            guest_reg(guest, offsets[i]);
        }
    }
}

static void check_own_registers(void)
{
    Guest *guest = guest_running(4, true);
    Registers before, after;
    unsigned i;

    guest_open(guest, 1, 4, false);
    /* Waits, and is not rung for. */
    guest_push(guest, 1, command(VGPU_OP_NOP, 0));
    guest_registers(guest, &before);
    guest->before = guest->after = write_registers;
    for (i = 0; i < 9; i++) {
        guest_check_works(guest, 0);
    }
    guest->before = guest->after = NULL;
    guest_registers(guest, &after);
    g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));
    g_assert_false(guest->scheduled);
    guest_doorbell(guest, 1);
    guest_settle(guest);
    pop_in_order(guest, 1, 0, 1);
    guest_free(guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/rings/passes", check_passes);
    g_test_add_func("/rings/gap", check_gap);
    g_test_add_func("/rings/empty", check_empty_ring);
    g_test_add_func("/rings/high-memory", check_high_memory);
    g_test_add_func("/rings/completion-order", check_completion_order);
    g_test_add_func("/rings/interrupt-order", check_interrupt_order);
    g_test_add_func("/rings/submission-order", check_submission_order);
    g_test_add_func("/rings/doorbell-wanted", check_doorbell_wanted);
    g_test_add_func("/rings/doorbell-wanted-anew", check_doorbell_wanted_anew);
    g_test_add_func("/rings/doorbell-not-wanted", check_doorbell_not_wanted);
    g_test_add_func("/rings/doorbell-not-wanted-between-runs",
                    check_doorbell_not_wanted_between_runs);
    g_test_add_func("/rings/last-look", check_last_looks);
    g_test_add_func("/rings/pushed-before-first-run",
                    check_pushed_before_first_run);
    g_test_add_func("/rings/interrupt-wanted", check_interrupt_wanted);
    g_test_add_func("/rings/interrupt-wanted-messages",
                    check_interrupt_wanted_messages);
    g_test_add_func("/rings/interrupt-wanted-late",
                    check_interrupt_wanted_late);
    g_test_add_func("/rings/interrupts-together", check_interrupts_together);
    g_test_add_func("/rings/budget-of-nops", check_budget_of_nops);
    g_test_add_func("/rings/budget-of-copies", check_budget_of_copies);
    g_test_add_func("/rings/fair", check_fair);
    g_test_add_func("/rings/own-registers", check_own_registers);
    return g_test_run();
}
