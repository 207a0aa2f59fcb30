/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "queue-guest.h"

/* More runs than any test has work for: the core never comes to rest. */
#define RUNS_MAX 100000u

G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);

/* ---- The binding ---------------------------------------------------------------- */

static void on_error(void *opaque, const char *what, uint64_t offset,
                     unsigned size)
{
    Guest *guest = opaque;

    (void)offset;
    (void)size;
    g_assert_nonnull(what);
    guest->errors++;
}

bool access_touches(const Access *access, uint64_t address, uint64_t length)
{
    return length && access->address <= address + (length - 1) &&
           address <= access->address + (access->length - 1);
}

static uint8_t *memory_of(Guest *guest, const Access *access)
{
    uint64_t offset = access->address - guest->base;

    if (access_touches(access, guest->bad_address, guest->bad_length) ||
        offset >= GUEST_SIZE || access->length > GUEST_SIZE - offset) {
        return NULL;
    }
    return guest->memory + offset;
}

/* The core's promises, and the accounts; whether there is memory. */
static uint8_t *take_access(Guest *guest, const Access *access)
{
    g_assert_true(guest->in_run);
    g_assert_cmpuint(access->length, >, 0);
    g_assert_cmphex(access->address + (access->length - 1), >=,
                    access->address);
    *(access->write ? &guest->writes : &guest->reads) += 1;
    guest->bytes += access->length;
    if (guest->before) {
        guest->before(guest, access);
    }
    return memory_of(guest, access);
}

static int on_read(void *opaque, uint64_t address, void *buffer,
                   uint32_t length)
{
    Guest *guest = opaque;
    Access access = { false, address, length };
    const uint8_t *memory = take_access(guest, &access);

    if (!memory) {
        memset(buffer, 0xa5, length);
        return -EFAULT;
    }
    memcpy(buffer, memory, length);
    if (guest->after) {
        guest->after(guest, &access);
    }
    return 0;
}

static int on_write(void *opaque, uint64_t address, const void *buffer,
                    uint32_t length)
{
    Guest *guest = opaque;
    Access access = { true, address, length };
    uint8_t *memory = take_access(guest, &access);

    if (!memory) {
        return -EFAULT;
    }
    memcpy(memory, buffer, length);
    if (guest->after) {
        guest->after(guest, &access);
    }
    return 0;
}

static void on_schedule(void *opaque)
{
    Guest *guest = opaque;

    guest->scheduled = true;
}

static bool on_msix_is_on(void *opaque)
{
    Guest *guest = opaque;

    return guest->msix;
}

static void on_send_msix(void *opaque, unsigned vector)
{
    Guest *guest = opaque;

    g_assert_true(guest->msix);
    g_assert_cmpuint(vector, <, guest->config.queues + 1);
    if (vector <= VGPU_QUEUES_MAX) {
        guest->vector[vector]++;
    }
    guest->messages++;
}

static void on_set_intx(void *opaque, bool level)
{
    Guest *guest = opaque;

    guest->intx = level;
}

/* The worker is not looked at: it never answers. */
static void on_wake_worker(void *opaque)
{
    (void)opaque;
}

static void on_drop_link(void *opaque)
{
    (void)opaque;
    g_assert_not_reached();
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

Guest *guest_new_at(uint64_t base, uint32_t queues)
{
    Guest *guest = g_new0(Guest, 1);

    guest->base = base;
    guest->memory = g_malloc0(GUEST_SIZE);
    guest->config = (VgpuConfig){ 'B', 2, 100, queues };
    /* Whatever the binding's allocator left in it, init makes good. */
    memset(&guest->core, 0xa5, sizeof(guest->core));
    vgpu_core_init(&guest->core, &guest->config, &ops, guest);
    return guest;
}

Guest *guest_new(uint32_t queues)
{
    return guest_new_at(GUEST_BASE, queues);
}

void guest_free(Guest *guest)
{
    g_assert_cmpint(vgpu_core_check_state(&guest->core), ==, 0);
    g_free(guest->link_memory);
    g_free(guest->memory);
    g_free(guest);
}

void guest_set_link(Guest *guest, uint32_t link)
{
    if (link == VGPU_LINK_UP && !guest->link_memory) {
        guest->link_memory = g_malloc0(VGPU_LINK_MEMORY_BYTES);
        vgpu_core_link_up(&guest->core, guest->link_memory);
    } else if (link != VGPU_LINK_UP) {
        if (guest->link_memory) {
            vgpu_core_link_down(&guest->core);
            g_clear_pointer(&guest->link_memory, g_free);
        }
        vgpu_core_set_link(&guest->core, link);
    }
}

/* ---- Memory ----------------------------------------------------------------- */

uint64_t guest_at(const Guest *guest, uint32_t offset)
{
    return guest->base + offset;
}

uint8_t *guest_memory(Guest *guest, uint64_t address, uint64_t length)
{
    uint64_t offset = address - guest->base;

    if (offset > GUEST_SIZE || length > GUEST_SIZE - offset) {
        g_error("the test itself is wrong: no memory at 0x%" G_GINT64_MODIFIER
                "x",
                address);
    }
    return guest->memory + offset;
}

uint32_t guest_get32(Guest *guest, uint64_t address)
{
    uint32_t value;

    memcpy(&value, guest_memory(guest, address, sizeof(value)), sizeof(value));
    return value;
}

void guest_put32(Guest *guest, uint64_t address, uint32_t value)
{
    memcpy(guest_memory(guest, address, sizeof(value)), &value, sizeof(value));
}

/* ---- Registers --------------------------------------------------------------- */

uint32_t guest_reg(Guest *guest, uint64_t offset)
{
    return vgpu_core_read(&guest->core, offset, VGPU_REG_SIZE);
}

void guest_set(Guest *guest, uint64_t offset, uint32_t value)
{
    vgpu_core_write(&guest->core, offset, value, VGPU_REG_SIZE);
}

uint32_t guest_queue_reg(Guest *guest, uint32_t queue, uint64_t offset)
{
    guest_set(guest, VGPU_REG_QUEUE_SELECT, queue);
    return guest_reg(guest, offset);
}

void guest_queue_set(Guest *guest, uint32_t queue, uint64_t offset,
                     uint32_t value)
{
    guest_set(guest, VGPU_REG_QUEUE_SELECT, queue);
    guest_set(guest, offset, value);
}

void guest_registers(Guest *guest, Registers *registers)
{
    unsigned errors = guest->errors;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(registers->value); i++) {
        registers->value[i] = guest_reg(guest, i * VGPU_REG_SIZE);
    }
    /* Most of it is no register, and is told as such. */
    guest->errors = errors;
}

void guest_check_ignored(Guest *guest, uint64_t offset, uint32_t value)
{
    unsigned errors = guest->errors;
    unsigned calls = guest->reads + guest->writes;
    unsigned messages = guest->messages;
    bool intx = guest->intx;
    Registers before, after;

    guest_registers(guest, &before);
    guest_set(guest, offset, value);
    g_assert_cmpuint(guest->errors, >, errors);
    guest_settle(guest);
    guest_registers(guest, &after);
    g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));
    g_assert_cmpuint(guest->reads + guest->writes, ==, calls);
    g_assert_cmpuint(guest->messages, ==, messages);
    g_assert_true(guest->intx == intx);
}

/* ---- A driver's start ----------------------------------------------------------- */

void guest_start(Guest *guest)
{
    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
    guest_set(guest, VGPU_REG_DRIVER_FEATURES, VGPU_FEATURE_QUEUES);
    guest_set(guest, VGPU_REG_CONTROL, VGPU_CONTROL_START);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RUNNING);
}

static void set_address(Guest *guest, uint64_t low_register, uint64_t address)
{
    guest_set(guest, low_register, (uint32_t)address);
    guest_set(guest, low_register + VGPU_REG_SIZE, (uint32_t)(address >> 32));
}

void guest_setup(Guest *guest, uint32_t queue, uint32_t size, bool event)
{
    uint32_t slot = queue * GUEST_SLOT;
    GuestQueue *q = &guest->queue[queue];

    *q = (GuestQueue){
        .submission = guest_at(guest, slot),
        .completion = guest_at(guest, slot + GUEST_COMPLETION),
        .event = event ? guest_at(guest, slot + GUEST_EVENT) : 0,
        .size = size,
        .head_phase = 1,
        .tail_phase = 1,
    };
    memset(guest_memory(guest, q->submission, GUEST_LIST), 0, GUEST_LIST);
    guest_set(guest, VGPU_REG_QUEUE_SELECT, queue);
    guest_set(guest, VGPU_REG_QUEUE_SIZE, size);
    set_address(guest, VGPU_REG_QUEUE_SUBMISSION, q->submission);
    set_address(guest, VGPU_REG_QUEUE_COMPLETION, q->completion);
    set_address(guest, VGPU_REG_QUEUE_EVENT, q->event);
}

void guest_open(Guest *guest, uint32_t queue, uint32_t size, bool event)
{
    guest_setup(guest, queue, size, event);
    guest_set(guest, VGPU_REG_QUEUE_ENABLE, 1);
    guest_settle(guest);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RUNNING);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_QUEUE_ENABLE), ==, 1);
}

Guest *guest_running(uint32_t size, bool event)
{
    Guest *guest = guest_new(3);

    guest_start(guest);
    guest_open(guest, 0, size, event);
    g_assert_cmpuint(guest->errors, ==, 0);
    return guest;
}

void guest_check_recovers(Guest *guest)
{
    guest->bad_length = 0;
    guest->before = guest->after = NULL;
    guest_start(guest);
    guest_open(guest, 0, 4, false);
    guest_check_works(guest, 0);
}

/* ---- Commands ------------------------------------------------------------------ */

struct vgpu_submission command(uint8_t opcode, uint64_t argument)
{
    return (struct vgpu_submission){ .opcode = opcode, .argument = argument };
}

void add_segment(struct vgpu_submission *submission, uint64_t address,
                 uint32_t length, uint32_t flags)
{
    submission->segment[submission->segments++] = (struct vgpu_segment){
        address, length, flags
    };
}

void use_list(Guest *guest, struct vgpu_submission *submission,
              uint64_t address, const struct vgpu_segment *segments,
              uint32_t count)
{
    uint32_t length = count * VGPU_SEGMENT_SIZE;

    memcpy(guest_memory(guest, address, length), segments, length);
    submission->flags |= VGPU_SUBMISSION_INDIRECT;
    submission->segments = count;
    submission->segment[0] = (struct vgpu_segment){ address, length, 0 };
}

uint16_t guest_push(Guest *guest, uint32_t queue,
                    struct vgpu_submission submission)
{
    GuestQueue *q = &guest->queue[queue];
    uint8_t *entry = guest_memory(
        guest, q->submission + (uint64_t)q->head * VGPU_SUBMISSION_SIZE,
        VGPU_SUBMISSION_SIZE);

    submission.id = guest->next_id++;
    submission.flags |= q->head_phase;
    memcpy(entry, &submission, sizeof(submission));
    if (++q->head == q->size) {
        q->head = 0;
        q->head_phase ^= 1;
    }
    return submission.id;
}

void guest_doorbell(Guest *guest, uint32_t queue)
{
    /* The value has no meaning. */
    guest_set(guest, VGPU_DOORBELLS + 4ull * queue, 0xdeadbeef * queue);
}

void guest_run(Guest *guest)
{
    if (guest->scheduled) {
        guest->scheduled = false;
        guest->in_run = true;
        vgpu_core_run(&guest->core);
        guest->in_run = false;
    }
}

unsigned guest_settle(Guest *guest)
{
    unsigned runs = 0;

    while (guest->scheduled) {
        guest_run(guest);
        if (++runs == RUNS_MAX) {
            g_error("the device never comes to rest");
        }
    }
    return runs;
}

bool guest_pop(Guest *guest, uint32_t queue, struct vgpu_completion *completion)
{
    GuestQueue *q = &guest->queue[queue];

    memcpy(completion,
           guest_memory(
               guest, q->completion + (uint64_t)q->tail * VGPU_COMPLETION_SIZE,
               VGPU_COMPLETION_SIZE),
           sizeof(*completion));
    if ((completion->flags & VGPU_COMPLETION_PHASE) != q->tail_phase) {
        return false;
    }
    if (++q->tail == q->size) {
        q->tail = 0;
        q->tail_phase ^= 1;
    }
    return true;
}

struct vgpu_completion guest_do(Guest *guest, uint32_t queue,
                                struct vgpu_submission submission)
{
    struct vgpu_completion completion, other;
    uint8_t phase = guest->queue[queue].tail_phase;
    uint16_t id = guest_push(guest, queue, submission);

    guest_doorbell(guest, queue);
    guest_settle(guest);
    if (!guest_pop(guest, queue, &completion)) {
        g_test_message("no completion of opcode 0x%x", submission.opcode);
        g_test_fail();
        return (struct vgpu_completion){ .status = 0xffff };
    }
    g_assert_false(guest_pop(guest, queue, &other));
    g_assert_cmphex(completion.id, ==, id);
    g_assert_cmphex(completion.flags, ==, phase);
    g_assert_cmphex(completion.reserved, ==, 0);
    g_assert_cmphex(completion.reserved2, ==, 0);
    return completion;
}

void guest_check_done(Guest *guest, struct vgpu_submission submission,
                      uint16_t status, uint64_t result)
{
    struct vgpu_completion completion = guest_do(guest, 0, submission);

    g_assert_cmpuint(completion.status, ==, status);
    g_assert_cmphex(completion.result, ==, result);
    g_assert_cmphex(guest_reg(guest, VGPU_REG_STATE), ==, VGPU_STATE_RUNNING);
}

void guest_check_works(Guest *guest, uint32_t queue)
{
    struct vgpu_completion completion = guest_do(guest, queue,
                                                 command(VGPU_OP_NOP, 0));

    g_assert_cmpuint(completion.status, ==, VGPU_DONE_OK);
    g_assert_cmphex(completion.result, ==, 0);
}
