/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <string.h>

#include "core/bytes.h"
#include "core/queue.h"

/* Bytes that are copied at a time, on the stack. */
#define VGPU_CHUNK 4096

/* A walk through some segments. */
typedef struct VgpuCursor {
    const struct vgpu_segment *segment;
    uint32_t offset; /* in *segment */
} VgpuCursor;

typedef struct VgpuCommand {
    VgpuCore *core;
    unsigned queue;
    const struct vgpu_submission *submission;
    uint32_t segments;
    VgpuCursor in, out;
    uint32_t in_bytes, out_bytes;
    uint64_t result;
} VgpuCommand;

/* ---- Its segments --------------------------------------------------------------- */

static bool vgpu_segment_is_zero(const struct vgpu_segment *segment)
{
    return segment->address == 0 && segment->length == 0 && segment->flags == 0;
}

static uint16_t vgpu_take_inline(VgpuCommand *command)
{
    const struct vgpu_submission *submission = command->submission;
    unsigned i;

    if (submission->segments > VGPU_SEGMENTS_INLINE) {
        return VGPU_DONE_BAD_SEGMENTS;
    }
    for (i = submission->segments; i < VGPU_SEGMENTS_INLINE; i++) {
        if (!vgpu_segment_is_zero(&submission->segment[i])) {
            return VGPU_DONE_BAD_FIELD;
        }
    }
    memcpy(command->core->segment, submission->segment,
           sizeof(submission->segment));
    return VGPU_DONE_OK;
}

static uint16_t vgpu_take_list(VgpuCommand *command)
{
    const struct vgpu_submission *submission = command->submission;
    const struct vgpu_segment *list = &submission->segment[0];
    VgpuCore *core = command->core;
    uint32_t i;

    if (submission->segments < 1 || submission->segments > VGPU_SEGMENTS_MAX) {
        return VGPU_DONE_BAD_SEGMENTS;
    }
    for (i = 1; i < VGPU_SEGMENTS_INLINE; i++) {
        if (!vgpu_segment_is_zero(&submission->segment[i])) {
            return VGPU_DONE_BAD_FIELD;
        }
    }
    if (list->flags ||
        list->length != submission->segments * VGPU_SEGMENT_SIZE) {
        return VGPU_DONE_BAD_SEGMENTS;
    }
    if (list->address + (list->length - 1) < list->address ||
        core->ops->dma_read(core->opaque, list->address, core->segment,
                            list->length) < 0) {
        return VGPU_DONE_BAD_ADDRESS;
    }
    for (i = 0; i < submission->segments; i++) {
        VGPU_FROM_GUEST(core->segment[i].address);
        VGPU_FROM_GUEST(core->segment[i].length);
        VGPU_FROM_GUEST(core->segment[i].flags);
    }
    return VGPU_DONE_OK;
}

static uint16_t vgpu_add_segment(VgpuCommand *command, uint32_t number)
{
    const struct vgpu_segment *segment = &command->core->segment[number];
    const bool write = segment->flags & VGPU_SEGMENT_WRITE;
    uint32_t *bytes = write ? &command->out_bytes : &command->in_bytes;

    if (segment->flags & ~(uint32_t)VGPU_SEGMENT_WRITE) {
        return VGPU_DONE_BAD_FIELD;
    }
    if (segment->length == 0 || (!write && command->out_bytes)) {
        return VGPU_DONE_BAD_SEGMENTS;
    }
    if (segment->length >
        VGPU_COMMAND_BYTES_MAX - command->in_bytes - command->out_bytes) {
        return VGPU_DONE_TOO_LARGE;
    }
    if (write && !command->out_bytes) {
        command->out.segment = segment;
    }
    *bytes += segment->length;
    return VGPU_DONE_OK;
}

static uint16_t vgpu_take_segments(VgpuCommand *command)
{
    const uint8_t known = VGPU_SUBMISSION_PHASE | VGPU_SUBMISSION_INDIRECT;
    uint16_t status;
    uint32_t i;

    if (command->submission->flags & ~known) {
        return VGPU_DONE_BAD_FIELD;
    }
    status = command->submission->flags & VGPU_SUBMISSION_INDIRECT
                 ? vgpu_take_list(command)
                 : vgpu_take_inline(command);
    for (i = 0; status == VGPU_DONE_OK && i < command->submission->segments;
         i++) {
        status = vgpu_add_segment(command, i);
    }
    return status;
}

/* ---- Copying ---------------------------------------------------------------------- */

/* The rest of the segment at a cursor, at most so many bytes; false where its
 * address wraps. */
static bool vgpu_piece(const VgpuCursor *cursor, uint32_t limit,
                       uint64_t *address, uint32_t *length)
{
    const struct vgpu_segment *segment = cursor->segment;

    if (segment->address + (segment->length - 1) < segment->address) {
        return false;
    }
    *address = segment->address + cursor->offset;
    *length = segment->length - cursor->offset;
    if (*length > limit) {
        *length = limit;
    }
    return true;
}

static void vgpu_advance(VgpuCursor *cursor, uint32_t length)
{
    cursor->offset += length;
    if (cursor->offset == cursor->segment->length) {
        cursor->segment++;
        cursor->offset = 0;
    }
}

/* There are as many bytes left; false: not in the guest's memory. */
static bool vgpu_get(VgpuCommand *command, void *to, uint32_t size)
{
    VgpuCore *core = command->core;
    uint8_t *at = to;

    while (size) {
        uint64_t address;
        uint32_t length;

        if (!vgpu_piece(&command->in, size, &address, &length) ||
            core->ops->dma_read(core->opaque, address, at, length) < 0) {
            return false;
        }
        vgpu_advance(&command->in, length);
        at += length;
        size -= length;
    }
    return true;
}

static bool vgpu_put_at(VgpuCore *core, VgpuCursor *cursor, const void *from,
                        uint32_t size)
{
    const uint8_t *at = from;

    while (size) {
        uint64_t address;
        uint32_t length;

        if (!vgpu_piece(cursor, size, &address, &length) ||
            core->ops->dma_write(core->opaque, address, at, length) < 0) {
            return false;
        }
        vgpu_advance(cursor, length);
        at += length;
        size -= length;
    }
    return true;
}

static bool vgpu_put(VgpuCommand *command, const void *from, uint32_t size)
{
    return vgpu_put_at(command->core, &command->out, from, size);
}

bool vgpu_command_put(VgpuCore *core, const struct vgpu_segment *segments,
                      const uint8_t *bytes, uint32_t size)
{
    VgpuCursor cursor = { segments, 0 };

    return vgpu_put_at(core, &cursor, bytes, size);
}

static uint32_t vgpu_least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- The commands ------------------------------------------------------------------ */

static uint16_t vgpu_do_identify(VgpuCommand *command)
{
    const VgpuCore *core = command->core;
    const uint32_t length = vgpu_least(command->out_bytes, VGPU_IDENTITY_SIZE);
    struct vgpu_identity identity = {
        .magic = VGPU_MAGIC,
        .abi_version = VGPU_ABI_VERSION,
        .features = core->features,
        .driver_features = core->driver_features,
        .pool = core->config.pool,
        .priority = core->config.priority,
        .vm_id = core->config.vm_id,
        .link = core->link,
        .generation = core->generation,
        .queues = core->config.queues,
        .queue_size_max = VGPU_QUEUE_SIZE_MAX,
        .segments_max = VGPU_SEGMENTS_MAX,
        .command_bytes_max = VGPU_COMMAND_BYTES_MAX,
        .completed = core->completed,
    };

    if (command->submission->argument) {
        return VGPU_DONE_BAD_FIELD;
    }
    if (command->in_bytes) {
        return VGPU_DONE_BAD_SEGMENTS;
    }
    VGPU_TO_GUEST(identity.magic);
    VGPU_TO_GUEST(identity.abi_version);
    VGPU_TO_GUEST(identity.features);
    VGPU_TO_GUEST(identity.driver_features);
    VGPU_TO_GUEST(identity.pool);
    VGPU_TO_GUEST(identity.priority);
    VGPU_TO_GUEST(identity.vm_id);
    VGPU_TO_GUEST(identity.link);
    VGPU_TO_GUEST(identity.generation);
    VGPU_TO_GUEST(identity.queues);
    VGPU_TO_GUEST(identity.queue_size_max);
    VGPU_TO_GUEST(identity.segments_max);
    VGPU_TO_GUEST(identity.command_bytes_max);
    VGPU_TO_GUEST(identity.completed);
    command->result = length;
    return vgpu_put(command, &identity, length) ? VGPU_DONE_OK
                                                : VGPU_DONE_BAD_ADDRESS;
}

static uint16_t vgpu_do_echo(VgpuCommand *command)
{
    uint8_t chunk[VGPU_CHUNK];
    uint32_t left = command->in_bytes;

    if (command->submission->argument) {
        return VGPU_DONE_BAD_FIELD;
    }
    if (command->out_bytes < command->in_bytes) {
        return VGPU_DONE_BAD_SEGMENTS;
    }
    while (left) {
        uint32_t length = vgpu_least(left, sizeof(chunk));

        if (!vgpu_get(command, chunk, length) ||
            !vgpu_put(command, chunk, length)) {
            return VGPU_DONE_BAD_ADDRESS;
        }
        left -= length;
    }
    command->result = command->in_bytes;
    return VGPU_DONE_OK;
}

/* Bytes of the pattern from one that is a multiple of 8. */
static void vgpu_pattern(uint8_t *bytes, uint32_t from, uint32_t length,
                         uint64_t argument)
{
    uint32_t i;

    for (i = 0; i < length; i += 8) {
        uint64_t value = (argument + (from + i) / 8) * VGPU_PATTERN_FACTOR;

        vgpu_put_bytes(bytes + i, value, vgpu_least(length - i, 8));
    }
}

static uint16_t vgpu_do_memory_test(VgpuCommand *command)
{
    const uint64_t argument = command->submission->argument;
    uint8_t wanted[VGPU_CHUNK], chunk[VGPU_CHUNK];
    uint32_t at, length, i;

    for (at = 0; at < command->in_bytes; at += length) {
        length = vgpu_least(command->in_bytes - at, sizeof(chunk));
        if (!vgpu_get(command, chunk, length)) {
            return VGPU_DONE_BAD_ADDRESS;
        }
        vgpu_pattern(wanted, at, length, argument);
        for (i = 0; i < length; i++) {
            command->result += chunk[i] != wanted[i];
        }
    }
    for (at = 0; at < command->out_bytes; at += length) {
        length = vgpu_least(command->out_bytes - at, sizeof(wanted));
        vgpu_pattern(wanted, at, length, argument);
        if (!vgpu_put(command, wanted, length)) {
            return VGPU_DONE_BAD_ADDRESS;
        }
    }
    return VGPU_DONE_OK;
}

static uint16_t vgpu_do_nop(VgpuCommand *command)
{
    if (command->submission->argument) {
        return VGPU_DONE_BAD_FIELD;
    }
    return command->submission->segments ? VGPU_DONE_BAD_SEGMENTS
                                         : VGPU_DONE_OK;
}

/* The segments to write to are kept for the response. */
static void vgpu_keep_segments(const VgpuCommand *command, VgpuFlight *flight)
{
    const struct vgpu_segment *first = command->out.segment;
    const struct vgpu_segment *end = command->core->segment +
                                     command->submission->segments;

    if (command->out_bytes) {
        memcpy(flight->segment, first, (size_t)(end - first) * sizeof(*first));
    }
    flight->room = command->out_bytes;
}

static uint16_t vgpu_do_request(VgpuCommand *command)
{
    VgpuCore *core = command->core;
    unsigned slot;
    VgpuFlight *flight;

    if (core->link != VGPU_LINK_UP) {
        return VGPU_DONE_NO_BACKEND;
    }
    /* There is one, or the queue would have waited. */
    slot = vgpu_link_free_slot(core);
    flight = &core->flight[slot];
    if (!vgpu_get(command, vgpu_link_slot(core, slot), command->in_bytes)) {
        return VGPU_DONE_BAD_ADDRESS;
    }
    vgpu_keep_segments(command, flight);
    flight->queue = command->queue;
    flight->id = command->submission->id;
    vgpu_link_send(core, slot, command->in_bytes,
                   command->submission->argument);
    return VGPU_DONE_LATER;
}

typedef uint16_t VgpuDo(VgpuCommand *command);

static VgpuDo *vgpu_command_of(uint8_t opcode)
{
    switch (opcode) {
    case VGPU_OP_NOP:
        return vgpu_do_nop;
    case VGPU_OP_IDENTIFY:
        return vgpu_do_identify;
    case VGPU_OP_ECHO:
        return vgpu_do_echo;
    case VGPU_OP_MEMORY_TEST:
        return vgpu_do_memory_test;
    case VGPU_OP_REQUEST:
        return vgpu_do_request;
    default:
        return NULL;
    }
}

uint32_t vgpu_command_cost(uint32_t bytes)
{
    return bytes > VGPU_RUN_COMMAND_BYTES ? bytes : VGPU_RUN_COMMAND_BYTES;
}

uint32_t vgpu_command_do(VgpuCore *core, unsigned queue,
                         const struct vgpu_submission *submission,
                         struct vgpu_completion *completion)
{
    VgpuDo *const act = vgpu_command_of(submission->opcode);
    VgpuCommand command = {
        .core = core,
        .queue = queue,
        .submission = submission,
        .in = { core->segment, 0 },
        .out = { core->segment, 0 },
    };
    uint16_t status = act ? vgpu_take_segments(&command) : VGPU_DONE_BAD_OPCODE;

    if (status == VGPU_DONE_OK) {
        status = act(&command);
    }
    memset(completion, 0, sizeof(*completion));
    completion->id = submission->id;
    completion->status = status;
    completion->result = status == VGPU_DONE_OK ? command.result : 0;
    return command.in_bytes + command.out_bytes;
}
