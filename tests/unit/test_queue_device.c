/* SPDX-License-Identifier: MIT */
/*
 * A device with queues, seen from its registers, docs/specification.md, sections
 * 2 and 3: reset, start, interrupts, the link, and states that were loaded. And
 * a device without queues, which has none of it.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "queue-guest.h"

/* ---- A device without queues ------------------------------------------------------ */

static void ignore_error(void *opaque, const char *what, uint64_t offset,
                         unsigned size)
{
    (void)opaque;
    (void)what;
    (void)offset;
    (void)size;
}

/* It has nothing to ask of its binding: these are not even there. */
static const VgpuCoreOps no_ops = { .guest_error = ignore_error };

static void check_without_queues(void)
{
    static const VgpuConfig config = { 'A', 1, 7, 0 };
    VgpuCore core;
    uint64_t offset;

    vgpu_core_init(&core, &config, &no_ops, NULL);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_FEATURES, 4), ==, 0);
    for (offset = VGPU_REG_END; offset < VGPU_REGS_BAR_SIZE; offset += 4) {
        g_assert_cmphex(vgpu_core_read(&core, offset, 4), ==, 0);
        vgpu_core_write(&core, offset, 1, 4);
        vgpu_core_write(&core, offset, 0xffffffff, 4);
        g_assert_cmphex(vgpu_core_read(&core, offset, 4), ==, 0);
        g_assert_cmpint(vgpu_core_check_state(&core), ==, 0);
    }
    vgpu_core_run(&core);
    vgpu_core_set_link(&core, VGPU_LINK_DOWN);
    vgpu_core_update_intx(&core);
    vgpu_core_reset(&core);
    for (offset = VGPU_REG_END; offset < VGPU_REGS_BAR_SIZE; offset += 4) {
        g_assert_cmphex(vgpu_core_read(&core, offset, 4), ==, 0);
    }
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_POOL, 4), ==, 'A');
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_FEATURES, 4), ==, 0);
}

/* ---- Registers -------------------------------------------------------------------- */

typedef struct Expected {
    uint64_t offset;
    uint32_t value;
} Expected;

static const Expected after_reset[] = {
    { VGPU_REG_COMMAND, 0 },
    { VGPU_REG_STATUS, 0 },
    { VGPU_REG_POOL, 'B' },
    { VGPU_REG_PRIORITY, 2 },
    { VGPU_REG_VM_ID, 100 },
    { VGPU_REG_MAGIC, 0x55504756 },
    { VGPU_REG_ABI_VERSION, 0x00010000 },
    { VGPU_REG_FEATURES, 1 },
    { VGPU_REG_CONTROL, 0 },
    { VGPU_REG_STATE, 0 },
    { VGPU_REG_FAILURE, 0 },
    { VGPU_REG_DRIVER_FEATURES, 0 },
    { VGPU_REG_INTERRUPT, 0 },
    { VGPU_REG_CONFIG_VECTOR, 0xffff },
    { VGPU_REG_QUEUES, 3 },
    { VGPU_REG_QUEUE_LIMIT, 1024 },
    { VGPU_REG_QUEUE_SELECT, 0 },
};

static const Expected queue_after_reset[] = {
    { VGPU_REG_QUEUE_SIZE, 0 },       { VGPU_REG_QUEUE_VECTOR, 0xffff },
    { VGPU_REG_QUEUE_SUBMISSION, 0 }, { VGPU_REG_QUEUE_SUBMISSION_HIGH, 0 },
    { VGPU_REG_QUEUE_COMPLETION, 0 }, { VGPU_REG_QUEUE_COMPLETION_HIGH, 0 },
    { VGPU_REG_QUEUE_EVENT, 0 },      { VGPU_REG_QUEUE_EVENT_HIGH, 0 },
    { VGPU_REG_QUEUE_ENABLE, 0 },
};

static void check_expected(Guest *guest, const Expected *expected, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        uint32_t value = guest_reg(guest, expected[i].offset);

        if (value != expected[i].value) {
            g_test_message("0x%03x is 0x%x, not 0x%x",
                           (unsigned)expected[i].offset, value,
                           expected[i].value);
            g_test_fail();
        }
    }
}

static void check_all_after_reset(Guest *guest)
{
    uint32_t i;

    check_expected(guest, after_reset, G_N_ELEMENTS(after_reset));
    for (i = 0; i < 3; i++) {
        guest_set(guest, VGPU_REG_QUEUE_SELECT, i);
        check_expected(guest, queue_after_reset,
                       G_N_ELEMENTS(queue_after_reset));
    }
    guest_set(guest, VGPU_REG_QUEUE_SELECT, 0);
    g_assert_false(guest->intx);
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
}

static void check_reset_values(void)
{
    Guest *guest = guest_new(3);

    check_all_after_reset(guest);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_LINK), ==, VGPU_LINK_NONE);
    g_assert_cmpuint(guest->errors, ==, 0);
    g_assert_false(guest->scheduled);
    guest_free(guest);
}

/* All that a driver can write, on queue 1. */
static void check_read_back(void)
{
    static const Expected writes[] = {
        { VGPU_REG_QUEUE_SIZE, 0xffffffff },
        { VGPU_REG_QUEUE_SIZE, 64 },
        { VGPU_REG_QUEUE_VECTOR, 2 },
        { VGPU_REG_QUEUE_SUBMISSION, 0x12345640 },
        { VGPU_REG_QUEUE_SUBMISSION_HIGH, 0x89abcdef },
        { VGPU_REG_QUEUE_COMPLETION, 0x23456780 },
        { VGPU_REG_QUEUE_COMPLETION_HIGH, 0x9abcdef0 },
        { VGPU_REG_QUEUE_EVENT, 0x34567880 },
        { VGPU_REG_QUEUE_EVENT_HIGH, 0xabcdef01 },
        { VGPU_REG_CONFIG_VECTOR, 3 },
        { VGPU_REG_CONFIG_VECTOR, 0xffff },
    };
    Guest *guest = guest_new(3);
    size_t i;

    guest_start(guest);
    guest_set(guest, VGPU_REG_QUEUE_SELECT, 1);
    for (i = 0; i < G_N_ELEMENTS(writes); i++) {
        guest_set(guest, writes[i].offset, writes[i].value);
        check_expected(guest, &writes[i], 1);
    }
    check_expected(guest, writes + 1, 8);
    guest_set(guest, VGPU_REG_QUEUE_SELECT, 0);
    check_expected(guest, queue_after_reset, G_N_ELEMENTS(queue_after_reset));
    g_assert_cmpuint(guest->errors, ==, 0);
    guest_free(guest);
}

static bool is_writable(uint64_t offset)
{
#define IS_RW(offset) offset,
#define IS_RO(offset)
#define WRITABLE(name, access) IS_##access(VGPU_REG_##name)
    static const uint64_t writable[] = { VGPU_REGISTERS(WRITABLE)
                                             VGPU_QUEUE_REGISTERS(WRITABLE) };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(writable); i++) {
        if (writable[i] == offset) {
            return true;
        }
    }
    return false;
}

static void check_read_only(Guest *guest)
{
    static const uint32_t values[] = { 0, 1, 2, 0xffffffff };
    uint64_t offset;
    size_t i;

    for (offset = 0; offset < VGPU_REGS_BAR_SIZE; offset += 4) {
        for (i = 0; i < G_N_ELEMENTS(values) && !is_writable(offset); i++) {
            if (offset < VGPU_DOORBELLS || offset >= VGPU_DOORBELLS + 4) {
                guest_check_ignored(guest, offset, values[i]);
            }
        }
    }
}

/* Neither a read-only register, nor a wrong size, nor a wrong alignment. */
static void check_no_effect(void)
{
    static const unsigned sizes[] = { 0, 1, 2, 3, 4, 8, 16, ~0u };
    Guest *guest = guest_running(4, false);
    Registers before, after;
    uint64_t offset;
    size_t i;

    check_read_only(guest);
    guest_registers(guest, &before);
    for (offset = 0; offset < VGPU_REGS_BAR_SIZE + 16; offset++) {
        for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
            if (sizes[i] == 4 && offset % 4 == 0) {
                continue;
            }
            vgpu_core_write(&guest->core, offset, 1, sizes[i]);
            vgpu_core_write(&guest->core, offset, 0, sizes[i]);
            g_assert_cmphex(vgpu_core_read(&guest->core, offset, sizes[i]), ==,
                            0);
        }
    }
    g_assert_false(guest->scheduled);
    guest_registers(guest, &after);
    g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));
    guest_check_works(guest, 0);
    guest_free(guest);
}

/* Doorbells are write-only, and the registers have 32 bits. */
static void check_odd_values(void)
{
    Guest *guest = guest_running(4, false);

    g_assert_cmphex(guest_reg(guest, VGPU_DOORBELLS), ==, 0);
    vgpu_core_write(&guest->core, VGPU_REG_QUEUE_SELECT, 0x500000001, 4);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_SELECT), ==, 1);
    vgpu_core_write(&guest->core, VGPU_REG_QUEUE_SIZE, 0x500000004, 4);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_SIZE), ==, 4);
    guest_free(guest);
}

/* ---- Start and reset ------------------------------------------------------------- */

static void check_start(void)
{
    Guest *guest = guest_new(3);

    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RESET);
    guest_set(guest, VGPU_REG_DRIVER_FEATURES,
              guest_reg(guest, VGPU_REG_FEATURES));
    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_START);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RUNNING);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_CONTROL), ==, VGPU_CONTROL_START);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_FAILURE), ==, VGPU_FAILURE_NONE);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_DRIVER_FEATURES), ==, 1);
    guest_settle(guest);
    g_assert_cmpuint(guest->reads + guest->writes, ==, 0);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 0);
    guest_open(guest, 2, 8, true);
    guest_check_works(guest, 2);
    g_assert_cmpuint(guest->errors, ==, 0);
    guest_free(guest);
}

/* A device in use, with something in each register. */
static Guest *used(void)
{
    Guest *guest = guest_new(3);

    guest_start(guest);
    guest_set(guest, VGPU_REG_COMMAND, 0x1234);
    guest_set(guest, VGPU_REG_CONFIG_VECTOR, 1);
    guest_open(guest, 2, 8, true);
    guest_setup(guest, 1, 8, true);
    guest_set(guest, VGPU_REG_QUEUE_VECTOR, 2);
    guest_put32(guest, guest->queue[2].event + VGPU_EVENT_INTERRUPT, 1);
    guest_check_works(guest, 2);
    guest_set_link(guest, VGPU_LINK_DOWN);
    g_assert_true(guest->intx);
    /* Work that is left for it. */
    guest_push(guest, 2, command(VGPU_OP_NOP, 0));
    guest_doorbell(guest, 2);
    guest->reads = guest->writes = 0;
    return guest;
}

static void check_after_used(Guest *guest, uint32_t generation)
{
    struct vgpu_completion completion;

    guest_settle(guest);
    g_assert_cmpuint(guest->reads + guest->writes, ==, 0);
    g_assert_false(guest_pop(guest, 2, &completion));
    g_assert_false(guest->intx);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_LINK), ==, VGPU_LINK_DOWN);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_GENERATION), ==, generation);
}

static void check_control_reset(void)
{
    Guest *guest = used();
    uint32_t generation = guest_reg(guest, VGPU_REG_GENERATION);

    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
    check_after_used(guest, generation);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_COMMAND), ==, 0x1234);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATUS), ==, VGPU_STATUS_WRITTEN);
    guest->core.command = guest->core.status = 0;
    check_all_after_reset(guest);
    guest_check_recovers(guest);
    guest_free(guest);
}

static void check_system_reset(void)
{
    Guest *guest = used();
    uint32_t generation = guest_reg(guest, VGPU_REG_GENERATION);

    vgpu_core_reset(&guest->core);
    check_after_used(guest, generation);
    check_all_after_reset(guest);
    guest_check_recovers(guest);
    guest_free(guest);
}

/* COMMAND has no part in it: in no state, and it is not a reset's business. */
static void check_command(void)
{
    Guest *guest = guest_new(1);

    guest_set(guest, VGPU_REG_COMMAND, 1);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATUS), ==, VGPU_STATUS_WRITTEN);
    guest_start(guest);
    guest_set(guest, VGPU_REG_COMMAND, 2);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_FAILED);
    guest_set(guest, VGPU_REG_COMMAND, 3);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_COMMAND), ==, 3);
    guest_check_recovers(guest);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_COMMAND), ==, 3);
    guest_free(guest);
}

/* Off and on again: from the start of both rings, with the first pass's phase. */
static void check_off_and_on(void)
{
    Guest *guest = guest_running(4, true);
    struct vgpu_completion completion;
    unsigned i, times;

    for (times = 0; times < 4; times++) {
        for (i = 0; i < 5 + times; i++) {
            guest_check_works(guest, 0);
        }
        guest_push(guest, 0, command(VGPU_OP_NOP, 0));
        guest_set(guest, VGPU_REG_QUEUE_ENABLE, 0);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_ENABLE), ==, 0);
        guest_settle(guest);
        g_assert_false(guest_pop(guest, 0, &completion));
        /* Off, it keeps what it was told. */
        g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_SIZE), ==, 4);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_SUBMISSION), ==,
                        (uint32_t)guest->queue[0].submission);
        guest_open(guest, 0, 4, true);
    }
    g_assert_cmpuint(guest->errors, ==, 0);
    guest_free(guest);
}

/* ---- Interrupts ------------------------------------------------------------------ */

static void do_nop(Guest *guest, uint32_t queue)
{
    guest_check_works(guest, queue);
}

static void check_intx(void)
{
    const uint32_t config = VGPU_INTERRUPT_CONFIG;
    Guest *guest = guest_new(3);

    guest_start(guest);
    guest_open(guest, 0, 4, false);
    guest_open(guest, 2, 4, false);
    g_assert_false(guest->intx);
    do_nop(guest, 0);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 1);
    g_assert_true(guest->intx);
    do_nop(guest, 2);
    guest_set_link(guest, VGPU_LINK_UP);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, config | 5);
    /* No bit but those that are written with 1, and no other. */
    guest_set(guest, VGPU_REG_INTERRUPT, 0);
    guest_set(guest, VGPU_REG_INTERRUPT, 0x7ffffffa);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, config | 5);
    guest_set(guest, VGPU_REG_INTERRUPT, 4);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, config | 1);
    g_assert_true(guest->intx);
    guest_set(guest, VGPU_REG_INTERRUPT, config);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 1);
    g_assert_true(guest->intx);
    guest_set(guest, VGPU_REG_INTERRUPT, 0xffffffff);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 0);
    g_assert_false(guest->intx);
    do_nop(guest, 0);
    g_assert_true(guest->intx);
    g_assert_cmpuint(guest->messages, ==, 0);
    guest_free(guest);
}

/* A driver that handles an interrupt has to be able to in any state. */
static void check_intx_when_failed(void)
{
    Guest *guest = guest_new(1);

    guest_start(guest);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_FAILED);
    g_assert_true(guest->intx);
    guest_set(guest, VGPU_REG_INTERRUPT, VGPU_INTERRUPT_CONFIG);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 0);
    g_assert_false(guest->intx);
    guest_free(guest);
}

static void turn_msix(Guest *guest, bool on)
{
    guest->msix = on;
    vgpu_core_update_intx(&guest->core);
}

static void check_intx_follows_msix(void)
{
    Guest *guest = guest_running(4, false);

    guest_set(guest, VGPU_REG_CONFIG_VECTOR, 0);
    do_nop(guest, 0);
    g_assert_true(guest->intx);
    turn_msix(guest, true);
    g_assert_false(guest->intx);
    /* A message now, and no bit for it. */
    guest_set(guest, VGPU_REG_INTERRUPT, 0xffffffff);
    guest_set_link(guest, VGPU_LINK_DOWN);
    do_nop(guest, 0);
    g_assert_cmpuint(guest->vector[0], ==, 1);
    g_assert_false(guest->intx);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 0);
    turn_msix(guest, false);
    g_assert_false(guest->intx);
    do_nop(guest, 0);
    g_assert_true(guest->intx);
    g_assert_cmpuint(guest->messages, ==, 1);
    /* On and off with a bit pending: INTx says what the register says. */
    turn_msix(guest, true);
    g_assert_false(guest->intx);
    turn_msix(guest, false);
    g_assert_true(guest->intx == !!guest_reg(guest, VGPU_REG_INTERRUPT));
    guest_free(guest);
}

/* Each cause its vector, the last one there is among them; some share one. */
static void check_vectors(void)
{
    Guest *guest = guest_new(3);

    guest->msix = true;
    guest_start(guest);
    guest_set(guest, VGPU_REG_CONFIG_VECTOR, 3);
    guest_queue_set(guest, 0, VGPU_REG_QUEUE_VECTOR, 1);
    guest_queue_set(guest, 1, VGPU_REG_QUEUE_VECTOR, 1);
    guest_open(guest, 0, 4, false);
    guest_open(guest, 1, 4, false);
    guest_open(guest, 2, 4, false);
    g_assert_cmpuint(guest->messages, ==, 0);
    do_nop(guest, 0);
    g_assert_cmpuint(guest->vector[1], ==, 1);
    do_nop(guest, 1);
    g_assert_cmpuint(guest->vector[1], ==, 2);
    /* That of queue 2 was never chosen. */
    do_nop(guest, 2);
    g_assert_cmpuint(guest->messages, ==, 2);
    guest_set_link(guest, VGPU_LINK_UP);
    g_assert_cmpuint(guest->vector[3], ==, 1);
    guest_set(guest, VGPU_REG_CONFIG_VECTOR, VGPU_VECTOR_NONE);
    guest_set_link(guest, VGPU_LINK_DOWN);
    g_assert_cmpuint(guest->messages, ==, 3);
    g_assert_false(guest->intx);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==, 0);
    guest_free(guest);
}

/* Rule Q5 speaks of a queue's vector. What is not there is not raised here. */
static void check_odd_config_vectors(void)
{
    static const uint32_t odd[] = { 4, 5, 17, 0xfffe, 0x10000, 0xffffffff };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(odd); i++) {
        Guest *guest = guest_new(3);

        guest->msix = true;
        guest_start(guest);
        guest_set(guest, VGPU_REG_CONFIG_VECTOR, odd[i]);
        guest_set_link(guest, VGPU_LINK_UP);
        g_assert_cmpuint(guest->messages, ==, 0);
        guest_free(guest);
    }
}

static void check_message_of_failure(void)
{
    Guest *guest = guest_running(4, false);

    guest->msix = true;
    guest_set(guest, VGPU_REG_CONFIG_VECTOR, 2);
    guest->bad_address = guest->queue[0].submission;
    guest->bad_length = VGPU_SUBMISSION_SIZE;
    guest_doorbell(guest, 0);
    guest_settle(guest);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_FAILED);
    g_assert_cmpuint(guest->vector[2], ==, 1);
    g_assert_cmpuint(guest->messages, ==, 1);
    guest_free(guest);
}

/* ---- The link -------------------------------------------------------------------- */

static void check_link(void)
{
    static const uint32_t links[] = {
        VGPU_LINK_DOWN, VGPU_LINK_UP,   VGPU_LINK_UP,
        VGPU_LINK_DOWN, VGPU_LINK_DOWN, VGPU_LINK_NONE,
    };
    Guest *guest = guest_running(4, false);
    uint32_t link = guest_reg(guest, VGPU_REG_LINK);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(links); i++) {
        uint32_t generation = guest_reg(guest, VGPU_REG_GENERATION);
        bool changed = links[i] != link;

        link = links[i];
        guest_set_link(guest, link);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_LINK), ==, link);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_GENERATION), ==,
                        generation + changed);
        g_assert_cmphex(guest_reg(guest, VGPU_REG_INTERRUPT), ==,
                        changed ? VGPU_INTERRUPT_CONFIG : 0);
        g_assert_true(guest->intx == changed);
        guest_set(guest, VGPU_REG_INTERRUPT, VGPU_INTERRUPT_CONFIG);
    }
    g_assert_cmpuint(guest->errors, ==, 0);
    guest_free(guest);
}

/* Before the start it is known, and nobody is told. */
static void check_link_in_reset(void)
{
    Guest *guest = guest_new(1);
    uint32_t generation = guest_reg(guest, VGPU_REG_GENERATION);

    guest_set_link(guest, VGPU_LINK_UP);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_LINK), ==, VGPU_LINK_UP);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_GENERATION), ==, generation + 1);
    g_assert_false(guest->intx);
    vgpu_core_reset(&guest->core);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_LINK), ==, VGPU_LINK_UP);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_GENERATION), ==, generation + 1);
    guest_free(guest);
}

/* ---- States that were loaded ------------------------------------------------------ */

/* A running device of three queues: 0 is on with an event, 1 is set up. */
static Guest *sample(void)
{
    Guest *guest = guest_running(4, true);
    unsigned i;

    for (i = 0; i < 6; i++) {
        guest_check_works(guest, 0);
    }
    guest_setup(guest, 1, 8, true);
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    return guest;
}

static VgpuCore saved;

#define REFUSED(field, wrong)                                          \
    do {                                                               \
        saved = guest->core;                                           \
                                                                       \
        guest->core.field = wrong;                                     \
        if (vgpu_core_check_state(&guest->core) != -EINVAL) {          \
            g_test_message("a state with %s = %s is accepted", #field, \
                           #wrong);                                    \
            g_test_fail();                                             \
        }                                                              \
        guest->core = saved;                                           \
    } while (0)

static void check_refused_registers(void)
{
    Guest *guest = sample();

    REFUSED(control, 2);
    REFUSED(control, 0xffffffff);
    REFUSED(control, VGPU_CONTROL_RESET);
    REFUSED(state, 3);
    REFUSED(state, 0xffffffff);
    REFUSED(state, VGPU_STATE_RESET);
    REFUSED(state, VGPU_STATE_FAILED);
    REFUSED(failure, 1);
    REFUSED(failure, 4);
    REFUSED(failure, 0xffffffff);
    REFUSED(driver_features, 0);
    REFUSED(driver_features, 2);
    REFUSED(driver_features, 3);
    REFUSED(driver_features, 0xffffffff);
    REFUSED(interrupt, 8);
    REFUSED(interrupt, 0x10000);
    REFUSED(interrupt, 0x40000000);
    REFUSED(interrupt, 0xffffffff);
    REFUSED(status, 2);
    REFUSED(command, 1);
    guest_free(guest);
}

static void check_refused_queues(void)
{
    Guest *guest = sample();

    REFUSED(queue[0].enabled, 2);
    REFUSED(queue[0].enabled, 0xffffffff);
    REFUSED(queue[0].size, 0);
    REFUSED(queue[0].size, 1);
    REFUSED(queue[0].size, 3);
    REFUSED(queue[0].size, 5);
    REFUSED(queue[0].size, 2048);
    REFUSED(queue[0].size, 0x80000000);
    REFUSED(queue[0].size, 0xffffffff);
    REFUSED(queue[0].vector, 4);
    REFUSED(queue[0].vector, 0xfffe);
    REFUSED(queue[0].vector, 0xffffffff);
    REFUSED(queue[0].head, 4);
    REFUSED(queue[0].head, 0xffffffff);
    REFUSED(queue[0].head_phase, 2);
    REFUSED(queue[0].head_phase, 0xffffffff);
    REFUSED(queue[0].tail, 4);
    REFUSED(queue[0].tail, 0xffffffff);
    REFUSED(queue[0].tail_phase, 2);
    REFUSED(queue[0].tail_phase, 0xffffffff);
    REFUSED(queue[0].awake, 2);
    REFUSED(queue[0].rung, 2);
    REFUSED(queue[0].submission, GUEST_BASE + 32);
    REFUSED(queue[0].submission, UINT64_MAX - 63);
    REFUSED(queue[0].completion, GUEST_BASE + 8);
    REFUSED(queue[0].completion, UINT64_MAX - 15);
    REFUSED(queue[0].event, GUEST_BASE + 16);
    REFUSED(queue[0].event, UINT64_MAX - 63);
    /* Set up, but not as one that is on has to be. */
    guest_set(guest, VGPU_REG_QUEUE_SIZE, 3);
    REFUSED(queue[1].enabled, 1);
    /* Never was. */
    REFUSED(queue[2].enabled, 1);
    REFUSED(queue[3].enabled, 1);
    REFUSED(queue[15].enabled, 1);
    guest_free(guest);
}

/* Nothing is on but while the device runs. */
static void check_refused_states(void)
{
    Guest *guest = sample();
    VgpuQueue on = guest->core.queue[0];

    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
    REFUSED(queue[0], on);
    REFUSED(queue[1].size, 4);
    REFUSED(queue[1].vector, 0);
    REFUSED(queue[1].submission, GUEST_BASE);
    REFUSED(interrupt, 1);
    REFUSED(interrupt, VGPU_INTERRUPT_CONFIG);
    REFUSED(control, VGPU_CONTROL_START);
    REFUSED(failure, VGPU_FAILURE_RING);
    REFUSED(state, VGPU_STATE_RUNNING);
    guest_start(guest);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_FAILED);
    REFUSED(queue[0], on);
    REFUSED(failure, VGPU_FAILURE_NONE);
    REFUSED(failure, 4);
    guest_free(guest);
}

/* A request on its way is of a queue that is on. */
static void check_refused_requests(void)
{
    Guest *guest = sample();
    VgpuFlight *flight = &guest->core.flight[3];

    REFUSED(flight[3].state, 4);
    REFUSED(flight[3].state, 0xffffffff);
    flight->queue = 1;
    REFUSED(flight[3].state, VGPU_FLIGHT_SENT);
    REFUSED(flight[3].state, VGPU_FLIGHT_LOST);
    flight->queue = 0;
    flight->id = 0xffff;
    flight->state = VGPU_FLIGHT_SENT;
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    REFUSED(flight[3].queue, 1);
    REFUSED(flight[3].queue, 3);
    REFUSED(flight[3].queue, 0xffffffff);
    REFUSED(flight[3].id, 0x10000);
    flight->state = VGPU_FLIGHT_FREE;
    guest_free(guest);
}

/* A vector of the configuration that a guest can bring about, and no other. */
static void check_config_vectors(void)
{
    static const uint32_t vectors[] = { 0,      3,      4,       17,
                                        0xfffe, 0xffff, 0x10000, 0xffffffff };
    Guest *guest = sample();
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(vectors); i++) {
        bool can;

        guest_set(guest, VGPU_REG_CONFIG_VECTOR, VGPU_VECTOR_NONE);
        guest_set(guest, VGPU_REG_CONFIG_VECTOR, vectors[i]);
        can = guest_reg(guest, VGPU_REG_CONFIG_VECTOR) == vectors[i];
        guest->core.config_vector = vectors[i];
        g_assert_cmpint(vgpu_core_check_state(&guest->core), ==,
                        can ? 0 : -EINVAL);
    }
    guest_set(guest, VGPU_REG_CONFIG_VECTOR, VGPU_VECTOR_NONE);
    guest_free(guest);
}

static void check_accepted(void)
{
    static const uint32_t sizes[] = { 0, 1, 3, 4, 0xffffffff };
    Guest *guest = sample();
    size_t i;

    guest->core.completed = UINT64_MAX;
    guest->core.generation = 0xffffffff;
    guest_set(guest, VGPU_REG_QUEUE_SELECT, 0xffffffff);
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    guest_set(guest, VGPU_REG_QUEUE_SELECT, 1);
    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guest_set(guest, VGPU_REG_QUEUE_SIZE, sizes[i]);
        guest_set(guest, VGPU_REG_QUEUE_VECTOR, sizes[i]);
        guest_set(guest, VGPU_REG_QUEUE_EVENT_HIGH, sizes[i]);
        g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    }
    /* Off, and given a smaller size than its rings had got to. */
    guest_queue_set(guest, 0, VGPU_REG_QUEUE_ENABLE, 0);
    guest_set(guest, VGPU_REG_QUEUE_SIZE, 0);
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
    guest_set(guest, VGPU_REG_DRIVER_FEATURES, 0xffffffff);
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_START);
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    guest_free(guest);
}

/* What a migration carries, put into another device: the rings go on. */
static void check_migrated(void)
{
    Guest *guest = sample();
    VgpuCore source = guest->core;
    VgpuCore *core = &guest->core;

    guest->scheduled = false;
    guest->intx = false;
    memset(core, 0xa5, sizeof(*core));
    vgpu_core_init(core, &guest->config, source.ops, guest);
    core->command = source.command;
    core->status = source.status;
    core->control = source.control;
    core->state = source.state;
    core->failure = source.failure;
    core->driver_features = source.driver_features;
    core->generation = source.generation;
    core->interrupt = source.interrupt;
    core->config_vector = source.config_vector;
    core->queue_select = source.queue_select;
    core->completed = source.completed;
    memcpy(core->queue, source.queue, sizeof(core->queue));
    g_assert_cmpint(vgpu_core_check_state(core), ==, 0);
    vgpu_core_update_intx(core);
    g_assert_true(guest->intx == !!source.interrupt);
    guest_check_works(guest, 0);
    guest_check_works(guest, 0);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_settle(guest);
    guest_check_works(guest, 1);
    guest_free(guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/device/without-queues", check_without_queues);
    g_test_add_func("/device/reset-values", check_reset_values);
    g_test_add_func("/device/read-back", check_read_back);
    g_test_add_func("/device/no-effect", check_no_effect);
    g_test_add_func("/device/odd-values", check_odd_values);
    g_test_add_func("/device/start", check_start);
    g_test_add_func("/device/control-reset", check_control_reset);
    g_test_add_func("/device/system-reset", check_system_reset);
    g_test_add_func("/device/command", check_command);
    g_test_add_func("/device/off-and-on", check_off_and_on);
    g_test_add_func("/device/intx", check_intx);
    g_test_add_func("/device/intx-when-failed", check_intx_when_failed);
    g_test_add_func("/device/intx-follows-msix", check_intx_follows_msix);
    g_test_add_func("/device/vectors", check_vectors);
    g_test_add_func("/device/odd-config-vectors", check_odd_config_vectors);
    g_test_add_func("/device/message-of-failure", check_message_of_failure);
    g_test_add_func("/device/link", check_link);
    g_test_add_func("/device/link-in-reset", check_link_in_reset);
    g_test_add_func("/device/refused-registers", check_refused_registers);
    g_test_add_func("/device/refused-queues", check_refused_queues);
    g_test_add_func("/device/refused-states", check_refused_states);
    g_test_add_func("/device/refused-requests", check_refused_requests);
    g_test_add_func("/device/config-vectors", check_config_vectors);
    g_test_add_func("/device/accepted", check_accepted);
    g_test_add_func("/device/migrated", check_migrated);
    return g_test_run();
}
