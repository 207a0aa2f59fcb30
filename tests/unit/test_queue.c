/* SPDX-License-Identifier: MIT */
/*
 * The rules of docs/specification.md, section 4.4: each is broken here by the
 * test of its number, and the device does what stands beside it, and no more.
 */
#include <glib.h>
#include <string.h>

#include "queue-guest.h"

/* A write that is ignored, once for each of these. */
static const uint32_t any_values[] = { 0, 1, 2, 3, 0x80000000, 0xffffffff };

static const uint64_t queue_registers[] = {
    VGPU_REG_QUEUE_SIZE,       VGPU_REG_QUEUE_VECTOR,
    VGPU_REG_QUEUE_SUBMISSION, VGPU_REG_QUEUE_SUBMISSION_HIGH,
    VGPU_REG_QUEUE_COMPLETION, VGPU_REG_QUEUE_COMPLETION_HIGH,
    VGPU_REG_QUEUE_EVENT,      VGPU_REG_QUEUE_EVENT_HIGH,
    VGPU_REG_QUEUE_ENABLE,
};

/* The driver is told, once, and then nothing happens until it resets. */
static void check_failed(Guest *guest, uint32_t failure)
{
    unsigned calls;
    uint32_t i;

    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_FAILED);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_FAILURE), ==, failure);
    g_assert_cmphex(
        guest_reg(guest, VGPU_REG_INTERRUPT) & VGPU_INTERRUPT_CONFIG, !=, 0);
    g_assert_true(guest->intx);
    for (i = 0; i < guest->config.queues; i++) {
        g_assert_cmpuint(guest->core.queue[i].enabled, ==, 0);
    }
    calls = guest->reads + guest->writes;
    for (i = 0; i < guest->config.queues; i++) {
        guest_check_ignored(guest, VGPU_DOORBELLS + 4ull * i, 1);
    }
    guest_check_ignored(guest, VGPU_REG_CONTROL, VGPU_CONTROL_START);
    guest->scheduled = true;
    guest_settle(guest);
    g_assert_cmpuint(guest->reads + guest->writes, ==, calls);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_FAILED);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_FAILURE), ==, failure);
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
}

/* Features are chosen in RESET only. */
static void check_q01(void)
{
    Guest *guest = guest_running(4, false);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(any_values); i++) {
        guest_check_ignored(guest, VGPU_REG_DRIVER_FEATURES, any_values[i]);
    }
    guest_check_works(guest, 0);
    guest_queue_set(guest, 1, VGPU_REG_QUEUE_ENABLE, 1);
    guest_settle(guest);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_FAILED);
    for (i = 0; i < G_N_ELEMENTS(any_values); i++) {
        guest_check_ignored(guest, VGPU_REG_DRIVER_FEATURES, any_values[i]);
    }
    g_assert_cmphex(guest_reg(guest, VGPU_REG_DRIVER_FEATURES), ==,
                    VGPU_FEATURE_QUEUES);
    guest_check_recovers(guest);
    guest_free(guest);
}

/* What is not offered, and all that is offered left out. */
static void check_q02(void)
{
    static const uint32_t features[] = {
        0, 2, 3, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
    };
    Guest *guest = guest_new(2);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(features); i++) {
        guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
        guest_set(guest, VGPU_REG_DRIVER_FEATURES, features[i]);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_DRIVER_FEATURES), ==,
                        features[i]);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RESET);
        guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_START);
        check_failed(guest, VGPU_FAILURE_FEATURES);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_DRIVER_FEATURES), ==,
                        features[i]);
    }
    g_assert_cmpuint(guest->reads + guest->writes, ==, 0);
    guest_check_recovers(guest);
    guest_free(guest);
}

static void check_queue_registers_ignored(Guest *guest, uint32_t queue)
{
    size_t i, j;

    guest_set(guest, VGPU_REG_QUEUE_SELECT, queue);
    for (i = 0; i < G_N_ELEMENTS(queue_registers); i++) {
        for (j = 0; j < G_N_ELEMENTS(any_values); j++) {
            if (queue_registers[i] == VGPU_REG_QUEUE_ENABLE &&
                any_values[j] == 0) {
                continue;
            }
            guest_check_ignored(guest, queue_registers[i], any_values[j]);
        }
    }
}

static void check_absent_queue(Guest *guest, uint32_t queue)
{
    size_t i;

    guest_set(guest, VGPU_REG_QUEUE_SELECT, queue);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_SELECT), ==, queue);
    for (i = 0; i < G_N_ELEMENTS(queue_registers); i++) {
        g_assert_cmphex(guest_reg(guest, queue_registers[i]), ==, 0);
    }
    check_queue_registers_ignored(guest, queue);
    guest_check_ignored(guest, VGPU_REG_QUEUE_ENABLE, 0);
}

/* Of a queue that is on, of one that there is not, and before the start. */
static void check_q03(void)
{
    static const uint32_t absent[] = {
        3, 4, 15, 16, 255, 0x80000000, 0xffffffff
    };
    Guest *guest = guest_new(3);
    size_t i;

    check_queue_registers_ignored(guest, 0);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RESET);
    guest_start(guest);
    guest_open(guest, 0, 4, true);
    guest_check_works(guest, 0);
    check_queue_registers_ignored(guest, 0);
    /* Turned on once more: its rings do not begin anew. */
    guest_check_works(guest, 0);
    for (i = 0; i < G_N_ELEMENTS(absent); i++) {
        check_absent_queue(guest, absent[i]);
    }
    guest_check_works(guest, 0);
    guest_queue_set(guest, 1, VGPU_REG_QUEUE_ENABLE, 1);
    check_failed(guest, VGPU_FAILURE_QUEUE);
    check_queue_registers_ignored(guest, 0);
    check_failed(guest, VGPU_FAILURE_QUEUE);
    guest_check_recovers(guest);
    guest_free(guest);
}

/* Turns queue 1 on beside a queue that works, and this is what comes of it. */
static void check_enable_fails(Guest *guest)
{
    unsigned calls = guest->reads + guest->writes;

    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RUNNING);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    check_failed(guest, VGPU_FAILURE_QUEUE);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_ENABLE), ==, 0);
    g_assert_cmpuint(guest->reads + guest->writes, ==, calls);
    guest_check_recovers(guest);
    guest_setup(guest, 1, 4, true);
}

static void check_q04(void)
{
    static const uint32_t wrong[] = {
        0,    1,    3,    5,      6,          1000,       1023,
        1025, 2048, 4096, 0x8000, 0x10000002, 0x80000000, 0xffffffff,
    };
    Guest *guest = guest_running(4, false);
    uint32_t size;
    size_t i;

    guest_setup(guest, 1, 4, true);
    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        guest_set(guest, VGPU_REG_QUEUE_SIZE, wrong[i]);
        check_enable_fails(guest);
    }
    for (size = 2; size <= 1024; size *= 2) {
        guest_open(guest, 1, size, true);
        guest_check_works(guest, 1);
        guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
    }
    guest_free(guest);
}

typedef struct Place {
    uint64_t register_;
    uint64_t address;
} Place;

/* Neither aligned, nor below 2^64 to their ends (of 4 entries). */
static const Place wrong_places[] = {
    { VGPU_REG_QUEUE_SUBMISSION, GUEST_BASE + 1 },
    { VGPU_REG_QUEUE_SUBMISSION, GUEST_BASE + 16 },
    { VGPU_REG_QUEUE_SUBMISSION, GUEST_BASE + 32 },
    { VGPU_REG_QUEUE_SUBMISSION, GUEST_BASE + 63 },
    { VGPU_REG_QUEUE_SUBMISSION, UINT64_MAX - 255 + 64 },
    { VGPU_REG_QUEUE_SUBMISSION, UINT64_MAX - 63 },
    { VGPU_REG_QUEUE_SUBMISSION, UINT64_MAX },
    { VGPU_REG_QUEUE_COMPLETION, GUEST_BASE + 1 },
    { VGPU_REG_QUEUE_COMPLETION, GUEST_BASE + 8 },
    { VGPU_REG_QUEUE_COMPLETION, GUEST_BASE + 15 },
    { VGPU_REG_QUEUE_COMPLETION, UINT64_MAX - 63 + 16 },
    { VGPU_REG_QUEUE_COMPLETION, UINT64_MAX - 15 },
    { VGPU_REG_QUEUE_COMPLETION, UINT64_MAX },
    { VGPU_REG_QUEUE_EVENT, 1 },
    { VGPU_REG_QUEUE_EVENT, 32 },
    { VGPU_REG_QUEUE_EVENT, GUEST_BASE + 4 },
    { VGPU_REG_QUEUE_EVENT, GUEST_BASE + 16 },
    { VGPU_REG_QUEUE_EVENT, GUEST_BASE + 32 },
    { VGPU_REG_QUEUE_EVENT, UINT64_MAX - 63 },
    { VGPU_REG_QUEUE_EVENT, UINT64_MAX },
};

static void place(Guest *guest, const Place *where)
{
    guest_set(guest, where->register_, (uint32_t)where->address);
    guest_set(guest, where->register_ + VGPU_REG_SIZE,
              (uint32_t)(where->address >> 32));
}

/* Rings that end where the address space does: one byte less than too far. */
static void check_end_of_space(void)
{
    Guest *guest = guest_new_at(-(uint64_t)GUEST_SIZE, 1);
    GuestQueue *q = &guest->queue[0];

    guest_start(guest);
    guest_setup(guest, 0, 4, true);
    q->submission = UINT64_MAX - 255;
    place(guest, &(Place){ VGPU_REG_QUEUE_SUBMISSION, q->submission });
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_check_works(guest, 0);

    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
    guest_setup(guest, 0, 4, true);
    q->completion = UINT64_MAX - 63;
    place(guest, &(Place){ VGPU_REG_QUEUE_COMPLETION, q->completion });
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_check_works(guest, 0);

    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
    guest_setup(guest, 0, 4, true);
    memset(guest_memory(guest, UINT64_MAX - 127, 128), 0, 128);
    place(guest, &(Place){ VGPU_REG_QUEUE_EVENT, UINT64_MAX - 127 });
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_check_works(guest, 0);
    g_assert_cmphex(guest_get32(guest, UINT64_MAX - 127), ==, 1);
    guest_free(guest);
}

/* Three queues have four vectors. */
static void check_q05(void)
{
    static const uint32_t wrong_vectors[] = {
        4, 5, 16, 17, 0xfffe, 0x10000, 0x1ffff, 0x80000000, 0xffffffff,
    };
    static const uint32_t right_vectors[] = { 0, 1, 3, VGPU_VECTOR_NONE };
    Guest *guest = guest_running(4, false);
    size_t i;

    guest_setup(guest, 1, 4, true);
    for (i = 0; i < G_N_ELEMENTS(wrong_places); i++) {
        place(guest, &wrong_places[i]);
        check_enable_fails(guest);
    }
    for (i = 0; i < G_N_ELEMENTS(wrong_vectors); i++) {
        guest_set(guest, VGPU_REG_QUEUE_VECTOR, wrong_vectors[i]);
        check_enable_fails(guest);
    }
    for (i = 0; i < G_N_ELEMENTS(right_vectors); i++) {
        guest_queue_set(guest, 1, VGPU_REG_QUEUE_VECTOR, right_vectors[i]);
        guest_open(guest, 1, 4, true);
        guest_check_works(guest, 1);
        guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
    }
    guest_free(guest);
    check_end_of_space();
}

/* Places that are well-formed, where no memory of the guest is. */
static const Place lost_places[] = {
    { VGPU_REG_QUEUE_SUBMISSION, 0 },
    { VGPU_REG_QUEUE_SUBMISSION, GUEST_BASE - 256 },
    { VGPU_REG_QUEUE_SUBMISSION, GUEST_BASE + GUEST_SIZE },
    { VGPU_REG_QUEUE_SUBMISSION, 0x100000000 + GUEST_BASE },
    { VGPU_REG_QUEUE_SUBMISSION, UINT64_MAX - 255 },
    { VGPU_REG_QUEUE_COMPLETION, 0 },
    { VGPU_REG_QUEUE_COMPLETION, GUEST_BASE - 64 },
    { VGPU_REG_QUEUE_COMPLETION, GUEST_BASE + GUEST_SIZE },
    { VGPU_REG_QUEUE_COMPLETION, 0x100000000 + GUEST_BASE },
    { VGPU_REG_QUEUE_COMPLETION, UINT64_MAX - 63 },
    { VGPU_REG_QUEUE_EVENT, 64 },
    { VGPU_REG_QUEUE_EVENT, GUEST_BASE - 128 },
    { VGPU_REG_QUEUE_EVENT, GUEST_BASE + GUEST_SIZE },
    { VGPU_REG_QUEUE_EVENT, 0x100000000 + GUEST_BASE },
    { VGPU_REG_QUEUE_EVENT, UINT64_MAX - 127 },
};

/* Gone while a queue is on that has worked so far. */
static void check_lost(uint64_t address, uint64_t length)
{
    Guest *guest = guest_running(4, true);

    guest_check_works(guest, 0);
    guest->bad_address = address;
    guest->bad_length = length;
    guest_push(guest, 0, command(VGPU_OP_NOP, 0));
    guest_doorbell(guest, 0);
    guest_settle(guest);
    check_failed(guest, VGPU_FAILURE_RING);
    guest_check_recovers(guest);
    guest_free(guest);
}

/* The first two entries are there, the others are not. */
static void check_half_a_ring(void)
{
    Guest *guest = guest_running(4, false);
    GuestQueue *q = &guest->queue[0];

    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
    guest_setup(guest, 0, 4, false);
    q->submission = GUEST_BASE + GUEST_SIZE - 2ull * VGPU_SUBMISSION_SIZE;
    place(guest, &(Place){ VGPU_REG_QUEUE_SUBMISSION, q->submission });
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_push(guest, 0, command(VGPU_OP_NOP, 0));
    guest_push(guest, 0, command(VGPU_OP_NOP, 0));
    guest_doorbell(guest, 0);
    guest_settle(guest);
    check_failed(guest, VGPU_FAILURE_RING);
    guest_check_recovers(guest);
    guest_free(guest);
}

static void check_q06(void)
{
    Guest *guest = guest_running(4, false);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lost_places); i++) {
        guest_setup(guest, 1, 4, true);
        place(guest, &lost_places[i]);
        guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
        /* Into the void, where the ring is not; else the device may look. */
        guest_push(guest, 1, command(VGPU_OP_NOP, 0));
        guest_doorbell(guest, 1);
        guest_settle(guest);
        check_failed(guest, VGPU_FAILURE_RING);
        guest_check_recovers(guest);
    }
    guest_free(guest);
    check_lost(GUEST_BASE, 4ull * VGPU_SUBMISSION_SIZE);
    check_lost(GUEST_BASE + GUEST_COMPLETION, 4ull * VGPU_COMPLETION_SIZE);
    check_lost(GUEST_BASE + GUEST_EVENT + VGPU_EVENT_DOORBELL, 4);
    check_lost(GUEST_BASE + GUEST_EVENT + VGPU_EVENT_INTERRUPT, 4);
    check_half_a_ring();
}

static void check_q07(void)
{
    static const uint32_t wrong[] = { 2, 3, 0x100, 0x80000001, 0xffffffff };
    Guest *guest = guest_new(2);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        guest_check_ignored(guest, VGPU_REG_CONTROL, wrong[i]);
    }
    guest_start(guest);
    guest_setup(guest, 0, 4, false);
    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        guest_check_ignored(guest, VGPU_REG_QUEUE_ENABLE, wrong[i]);
        guest_check_ignored(guest, VGPU_REG_CONTROL, wrong[i]);
    }
    guest_open(guest, 0, 4, false);
    guest_check_works(guest, 0);
    guest_check_ignored(guest, VGPU_REG_CONTROL, VGPU_CONTROL_START);
    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        guest_check_ignored(guest, VGPU_REG_QUEUE_ENABLE, wrong[i]);
        guest_check_ignored(guest, VGPU_REG_CONTROL, wrong[i]);
    }
    guest_check_works(guest, 0);
    guest_queue_set(guest, 1, VGPU_REG_QUEUE_ENABLE, 1);
    check_failed(guest, VGPU_FAILURE_QUEUE);
    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        guest_check_ignored(guest, VGPU_REG_CONTROL, wrong[i]);
    }
    guest_check_recovers(guest);
    guest_free(guest);
}

static void check_doorbells_ignored(Guest *guest, uint32_t first)
{
    uint32_t i;

    for (i = first; i < VGPU_QUEUES_MAX + 4; i++) {
        guest_check_ignored(guest, VGPU_DOORBELLS + 4ull * i, 1);
    }
}

/* Also of a queue that has submissions from when it was on. */
static void check_q08(void)
{
    struct vgpu_completion completion;
    Guest *guest = guest_new(3);

    check_doorbells_ignored(guest, 0);
    guest_start(guest);
    check_doorbells_ignored(guest, 0);
    guest_open(guest, 0, 4, false);
    check_doorbells_ignored(guest, 1);
    guest_push(guest, 0, command(VGPU_OP_NOP, 0));
    guest_queue_set(guest, 0, VGPU_REG_QUEUE_ENABLE, 0);
    check_doorbells_ignored(guest, 0);
    g_assert_false(guest_pop(guest, 0, &completion));

    /* Rung while it was on, and turned off before the device came to it. */
    guest_open(guest, 0, 4, false);
    guest_push(guest, 0, command(VGPU_OP_NOP, 0));
    guest_doorbell(guest, 0);
    guest_queue_set(guest, 0, VGPU_REG_QUEUE_ENABLE, 0);
    guest->reads = guest->writes = 0;
    guest_settle(guest);
    g_assert_cmpuint(guest->reads + guest->writes, ==, 0);
    g_assert_false(guest_pop(guest, 0, &completion));
    guest_check_recovers(guest);
    guest_free(guest);
}

/* Eight commands on their way in rings of four: the first four are lost. */
static void check_q09(void)
{
    Guest *guest = guest_running(4, false);
    GuestQueue *q = &guest->queue[0];
    struct vgpu_completion completion;
    uint16_t first = guest->next_id;
    unsigned i;

    for (i = 0; i < 8; i++) {
        guest_push(guest, 0, command(VGPU_OP_NOP, 0));
        guest_doorbell(guest, 0);
        guest_settle(guest);
    }
    /* The driver has slept through a whole pass. */
    q->tail_phase = 0;
    for (i = 0; i < 4; i++) {
        g_assert_true(guest_pop(guest, 0, &completion));
        g_assert_cmpuint(completion.id, ==, first + 4 + i);
        g_assert_cmpuint(completion.status, ==, VGPU_DONE_OK);
    }
    g_assert_false(guest_pop(guest, 0, &completion));
    guest_check_works(guest, 0);
    guest_free(guest);
}

static void check_q10(void)
{
    Guest *guest = guest_running(4, false);
    unsigned opcode;

    for (opcode = 0; opcode < 0x100; opcode++) {
        struct vgpu_submission bare = command((uint8_t)opcode, 0);
        struct vgpu_submission full = command((uint8_t)opcode, 5);

        if (opcode <= VGPU_OP_MEMORY_TEST || opcode == VGPU_OP_REQUEST) {
            continue;
        }
        guest_check_done(guest, bare, VGPU_DONE_BAD_OPCODE, 0);
        add_segment(&full, guest_at(guest, GUEST_DATA), 64, VGPU_SEGMENT_WRITE);
        guest_check_done(guest, full, VGPU_DONE_BAD_OPCODE, 0);
    }
    g_assert_cmphex(guest_get32(guest, guest_at(guest, GUEST_DATA)), ==, 0);
    guest_check_works(guest, 0);
    guest_free(guest);
}

static struct vgpu_submission echo_of(const Guest *guest, uint32_t read_flags,
                                      uint32_t write_flags)
{
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);

    add_segment(&echo, guest_at(guest, GUEST_DATA), 8, read_flags);
    add_segment(&echo, guest_at(guest, GUEST_OTHER_DATA), 8, write_flags);
    return echo;
}

static void check_q11(void)
{
    Guest *guest = guest_running(4, false);
    unsigned bit;

    for (bit = 2; bit < 8; bit++) {
        struct vgpu_submission nop = command(VGPU_OP_NOP, 0);

        nop.flags = (uint8_t)(1u << bit);
        guest_check_done(guest, nop, VGPU_DONE_BAD_FIELD, 0);
    }
    for (bit = 1; bit < 32; bit++) {
        struct vgpu_submission echo = echo_of(guest, 1u << bit, 1);
        struct vgpu_submission late = echo_of(guest, 0, 1 | 1u << bit);
        struct vgpu_submission listed = command(VGPU_OP_ECHO, 0);

        guest_check_done(guest, echo, VGPU_DONE_BAD_FIELD, 0);
        guest_check_done(guest, late, VGPU_DONE_BAD_FIELD, 0);
        use_list(guest, &listed, guest_at(guest, GUEST_LIST), late.segment, 2);
        guest_check_done(guest, listed, VGPU_DONE_BAD_FIELD, 0);
    }
    guest_check_done(guest, echo_of(guest, 0, 1), VGPU_DONE_OK, 8);
    guest_free(guest);
}

/* Each word of segments that a submission has not, one after the other. */
static void check_unused_fields(Guest *guest, struct vgpu_submission right,
                                unsigned used)
{
    size_t i;

    for (i = used; i < VGPU_SEGMENTS_INLINE; i++) {
        struct vgpu_submission wrong = right;

        wrong.segment[i].address = 1;
        guest_check_done(guest, wrong, VGPU_DONE_BAD_FIELD, 0);
        wrong.segment[i].address = 1ull << 63;
        guest_check_done(guest, wrong, VGPU_DONE_BAD_FIELD, 0);
        wrong.segment[i] = (struct vgpu_segment){ .length = 1 };
        guest_check_done(guest, wrong, VGPU_DONE_BAD_FIELD, 0);
        wrong.segment[i] = (struct vgpu_segment){ .flags = VGPU_SEGMENT_WRITE };
        guest_check_done(guest, wrong, VGPU_DONE_BAD_FIELD, 0);
    }
}

static void check_q12(void)
{
    static const uint32_t inline_counts[] = { 4, 5, 258, 259, 0xffffffff };
    static const uint32_t list_counts[] = {
        259, 260, 0x10000, 0x10000001, 0x80000000, 0xffffffff,
    };
    Guest *guest = guest_running(4, false);
    struct vgpu_submission echo = echo_of(guest, 0, 1);
    struct vgpu_submission listed = command(VGPU_OP_ECHO, 0);
    size_t i;

    use_list(guest, &listed, guest_at(guest, GUEST_LIST), echo.segment, 2);
    check_unused_fields(guest, command(VGPU_OP_NOP, 0), 0);
    check_unused_fields(guest, echo, 2);
    check_unused_fields(guest, listed, 1);
    for (i = 0; i < G_N_ELEMENTS(inline_counts); i++) {
        struct vgpu_submission wrong = echo;

        wrong.segments = inline_counts[i];
        guest_check_done(guest, wrong, VGPU_DONE_BAD_SEGMENTS, 0);
    }
    for (i = 0; i < G_N_ELEMENTS(list_counts); i++) {
        struct vgpu_submission wrong = listed;

        wrong.segments = list_counts[i];
        wrong.segment[0].length = list_counts[i] * VGPU_SEGMENT_SIZE;
        guest_check_done(guest, wrong, VGPU_DONE_BAD_SEGMENTS, 0);
    }
    guest_check_done(guest, echo, VGPU_DONE_OK, 8);
    guest_check_done(guest, listed, VGPU_DONE_OK, 8);
    guest_free(guest);
}

static void check_q13(void)
{
    static const uint32_t lengths[] = { 0,  1,  16, 31,         33,
                                        48, 64, 32, 0x80000020, 0xffffffff };
    Guest *guest = guest_running(4, false);
    struct vgpu_submission echo = echo_of(guest, 0, 1);
    struct vgpu_submission listed = command(VGPU_OP_ECHO, 0);
    struct vgpu_submission wrong;
    size_t i;

    use_list(guest, &listed, guest_at(guest, GUEST_LIST), echo.segment, 2);
    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        wrong = listed;
        wrong.segment[0].length = lengths[i];
        if (lengths[i] == 32) {
            wrong.segment[0].flags = VGPU_SEGMENT_WRITE;
        }
        guest_check_done(guest, wrong, VGPU_DONE_BAD_SEGMENTS, 0);
    }
    /* One segment less or more than the list has. */
    wrong = listed;
    wrong.segments = 1;
    guest_check_done(guest, wrong, VGPU_DONE_BAD_SEGMENTS, 0);
    wrong.segments = 3;
    guest_check_done(guest, wrong, VGPU_DONE_BAD_SEGMENTS, 0);
    guest_check_done(guest, listed, VGPU_DONE_OK, 8);
    guest_free(guest);
}

/* As a submission has them, and as a list has them. */
static void check_segments(Guest *guest, uint8_t opcode,
                           const struct vgpu_segment *segments, uint32_t count,
                           uint16_t status)
{
    struct vgpu_submission plain = command(opcode, 0);
    struct vgpu_submission listed = command(opcode, 0);
    uint32_t i;

    for (i = 0; i < count; i++) {
        add_segment(&plain, segments[i].address, segments[i].length,
                    segments[i].flags);
    }
    guest_check_done(guest, plain, status, 0);
    use_list(guest, &listed, guest_at(guest, GUEST_LIST), segments, count);
    guest_check_done(guest, listed, status, 0);
}

#define READ_OF(length)                    \
    {                                      \
        GUEST_BASE + GUEST_DATA, length, 0 \
    }
#define WRITE_OF(length)                                          \
    {                                                             \
        GUEST_BASE + GUEST_OTHER_DATA, length, VGPU_SEGMENT_WRITE \
    }

static void check_q14(void)
{
    static const struct vgpu_segment wrong[][3] = {
        { WRITE_OF(8), READ_OF(8), WRITE_OF(8) },
        { WRITE_OF(8), READ_OF(8), READ_OF(8) },
        { WRITE_OF(8), WRITE_OF(8), READ_OF(8) },
        { READ_OF(8), WRITE_OF(8), READ_OF(8) },
        { READ_OF(0), WRITE_OF(8), WRITE_OF(8) },
        { READ_OF(8), READ_OF(0), WRITE_OF(16) },
        { READ_OF(8), WRITE_OF(0), WRITE_OF(8) },
        { READ_OF(8), WRITE_OF(8), WRITE_OF(0) },
        { READ_OF(0), READ_OF(0), READ_OF(0) },
    };
    static const uint8_t opcodes[] = {
        VGPU_OP_NOP,         VGPU_OP_IDENTIFY, VGPU_OP_ECHO,
        VGPU_OP_MEMORY_TEST, VGPU_OP_REQUEST,
    };
    Guest *guest = guest_running(4, false);
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        for (j = 0; j < G_N_ELEMENTS(opcodes); j++) {
            check_segments(guest, opcodes[j], wrong[i], 3,
                           VGPU_DONE_BAD_SEGMENTS);
        }
    }
    guest_check_done(guest, echo_of(guest, 0, 1), VGPU_DONE_OK, 8);
    guest_free(guest);
}

static void check_q15(void)
{
    static const struct vgpu_segment wrong[][3] = {
        { READ_OF(1), WRITE_OF(1), WRITE_OF(VGPU_COMMAND_BYTES_MAX - 1) },
        { READ_OF(1), WRITE_OF(VGPU_COMMAND_BYTES_MAX), WRITE_OF(1) },
        { READ_OF(VGPU_COMMAND_BYTES_MAX), WRITE_OF(1), WRITE_OF(1) },
        { READ_OF(1), WRITE_OF(1), WRITE_OF(0xffffffff) },
        { READ_OF(0x80000000), WRITE_OF(0x80000000), WRITE_OF(1) },
        { READ_OF(0xffffffff), WRITE_OF(1), WRITE_OF(1) },
        { READ_OF(0xfffffff0), WRITE_OF(0x10), WRITE_OF(0x10) },
    };
    Guest *guest = guest_running(4, false);
    struct vgpu_submission most = command(VGPU_OP_ECHO, 0);
    size_t i;

    guest->bytes = 0;
    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        check_segments(guest, VGPU_OP_ECHO, wrong[i], 3, VGPU_DONE_TOO_LARGE);
        check_segments(guest, VGPU_OP_MEMORY_TEST, wrong[i], 3,
                       VGPU_DONE_TOO_LARGE);
    }
    /* Judged before any of it is copied. */
    g_assert_cmpuint(guest->bytes, <, 0x10000);
    add_segment(&most, GUEST_BASE + GUEST_DATA, VGPU_COMMAND_BYTES_MAX / 2, 0);
    add_segment(&most, GUEST_BASE + GUEST_OTHER_DATA,
                VGPU_COMMAND_BYTES_MAX / 2, VGPU_SEGMENT_WRITE);
    guest_check_done(guest, most, VGPU_DONE_OK, VGPU_COMMAND_BYTES_MAX / 2);
    guest_free(guest);
}

/* Not in memory at all, or not all of it; and beyond the end of all addresses. */
static const uint64_t bad_addresses[] = {
    0,
    GUEST_BASE - 1,
    GUEST_BASE - 7,
    GUEST_BASE + GUEST_SIZE - 7,
    GUEST_BASE + GUEST_SIZE,
    0x100000000 + GUEST_BASE,
    1ull << 63,
    UINT64_MAX - 8,
    UINT64_MAX - 7,
    UINT64_MAX - 6,
    UINT64_MAX,
};

static void check_q16(void)
{
    Guest *guest = guest_running(4, false);
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(bad_addresses); i++) {
        for (j = 0; j < 2; j++) {
            struct vgpu_submission echo = echo_of(guest, 0, 1);
            struct vgpu_submission test = echo_of(guest, 0, 1);

            echo.segment[j].address = bad_addresses[i];
            test.segment[j].address = bad_addresses[i];
            test.opcode = VGPU_OP_MEMORY_TEST;
            check_segments(guest, VGPU_OP_ECHO, echo.segment, 2,
                           VGPU_DONE_BAD_ADDRESS);
            check_segments(guest, VGPU_OP_MEMORY_TEST, test.segment, 2,
                           VGPU_DONE_BAD_ADDRESS);
        }
    }
    for (i = 0; i < G_N_ELEMENTS(bad_addresses); i++) {
        struct vgpu_submission listed = echo_of(guest, 0, 1);
        struct vgpu_submission identify = command(VGPU_OP_IDENTIFY, 0);

        memset(listed.segment, 0, sizeof(listed.segment));
        listed.flags = VGPU_SUBMISSION_INDIRECT;
        listed.segment[0].address = bad_addresses[i];
        listed.segment[0].length = 2 * VGPU_SEGMENT_SIZE;
        guest_check_done(guest, listed, VGPU_DONE_BAD_ADDRESS, 0);
        add_segment(&identify, bad_addresses[i], 8, VGPU_SEGMENT_WRITE);
        guest_check_done(guest, identify, VGPU_DONE_BAD_ADDRESS, 0);
    }
    guest_check_done(guest, echo_of(guest, 0, 1), VGPU_DONE_OK, 8);
    guest_free(guest);
}

static void check_q17(void)
{
    static const uint64_t arguments[] = { 1, 0x100000000, 1ull << 63,
                                          UINT64_MAX };
    static const struct vgpu_segment read[] = { READ_OF(8) };
    static const struct vgpu_segment write[] = { WRITE_OF(8) };
    static const struct vgpu_segment both[] = { READ_OF(8), WRITE_OF(8) };
    static const struct vgpu_segment narrow[] = { READ_OF(8), WRITE_OF(7) };
    static const struct vgpu_segment twice[] = { READ_OF(8), READ_OF(1),
                                                 WRITE_OF(8) };
    Guest *guest = guest_running(4, false);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(arguments); i++) {
        struct vgpu_submission identify = command(VGPU_OP_IDENTIFY,
                                                  arguments[i]);
        struct vgpu_submission echo = echo_of(guest, 0, 1);

        add_segment(&identify, guest_at(guest, GUEST_DATA), 64,
                    VGPU_SEGMENT_WRITE);
        echo.argument = arguments[i];
        guest_check_done(guest, command(VGPU_OP_NOP, arguments[i]),
                         VGPU_DONE_BAD_FIELD, 0);
        guest_check_done(guest, identify, VGPU_DONE_BAD_FIELD, 0);
        guest_check_done(guest, echo, VGPU_DONE_BAD_FIELD, 0);
    }
    check_segments(guest, VGPU_OP_NOP, read, 1, VGPU_DONE_BAD_SEGMENTS);
    check_segments(guest, VGPU_OP_NOP, write, 1, VGPU_DONE_BAD_SEGMENTS);
    check_segments(guest, VGPU_OP_IDENTIFY, read, 1, VGPU_DONE_BAD_SEGMENTS);
    check_segments(guest, VGPU_OP_IDENTIFY, both, 2, VGPU_DONE_BAD_SEGMENTS);
    check_segments(guest, VGPU_OP_ECHO, read, 1, VGPU_DONE_BAD_SEGMENTS);
    check_segments(guest, VGPU_OP_ECHO, narrow, 2, VGPU_DONE_BAD_SEGMENTS);
    check_segments(guest, VGPU_OP_ECHO, twice, 3, VGPU_DONE_BAD_SEGMENTS);
    g_assert_cmphex(guest_get32(guest, guest_at(guest, GUEST_DATA)), ==, 0);
    guest_check_works(guest, 0);
    guest_free(guest);
}

static void check_q18(void)
{
    static const uint32_t links[] = { VGPU_LINK_NONE, VGPU_LINK_DOWN };
    Guest *guest = guest_running(4, false);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(links); i++) {
        struct vgpu_submission request = echo_of(guest, 0, 1);
        struct vgpu_submission listed = request;

        guest_set_link(guest, links[i]);
        request.opcode = VGPU_OP_REQUEST;
        request.argument = 5;
        guest_check_done(guest, request, VGPU_DONE_NO_BACKEND, 0);
        listed = command(VGPU_OP_REQUEST, 5);
        use_list(guest, &listed, guest_at(guest, GUEST_LIST), request.segment,
                 2);
        guest_check_done(guest, listed, VGPU_DONE_NO_BACKEND, 0);
    }
    guest_check_works(guest, 0);
    guest_free(guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/queue/Q01", check_q01);
    g_test_add_func("/queue/Q02", check_q02);
    g_test_add_func("/queue/Q03", check_q03);
    g_test_add_func("/queue/Q04", check_q04);
    g_test_add_func("/queue/Q05", check_q05);
    g_test_add_func("/queue/Q06", check_q06);
    g_test_add_func("/queue/Q07", check_q07);
    g_test_add_func("/queue/Q08", check_q08);
    g_test_add_func("/queue/Q09", check_q09);
    g_test_add_func("/queue/Q10", check_q10);
    g_test_add_func("/queue/Q11", check_q11);
    g_test_add_func("/queue/Q12", check_q12);
    g_test_add_func("/queue/Q13", check_q13);
    g_test_add_func("/queue/Q14", check_q14);
    g_test_add_func("/queue/Q15", check_q15);
    g_test_add_func("/queue/Q16", check_q16);
    g_test_add_func("/queue/Q17", check_q17);
    g_test_add_func("/queue/Q18", check_q18);
    return g_test_run();
}
