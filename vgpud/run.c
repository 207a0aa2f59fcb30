/* SPDX-License-Identifier: MIT */
/* The decoder: each rule of vgpu/request.h once, in the order of its statuses. */
#include <string.h>

#include "vgpud/bytes.h"
#include "vgpud/checked.h"
#include "vgpud/run.h"

/* The bytes, and what every part has to stay in. */
typedef struct Input {
    const uint8_t *bytes;
    uint64_t length;
} Input;

#define FIELD(input, field) \
    ((uint32_t)BYTES_GET((input)->bytes, vgpu_run, field))

/* A part behind the header. NULL where it is not. */
static const uint8_t *part(const Input *input, uint32_t offset, uint64_t length)
{
    if (!checked_inside(offset, length, VGPU_RUN_SIZE, input->length)) {
        return NULL;
    }
    return input->bytes + offset;
}

static uint32_t decode_head(Run *run, const Input *input)
{
    if (input->length < VGPU_RUN_SIZE ||
        input->length > VGPU_COMMAND_BYTES_MAX ||
        FIELD(input, bytes) != input->length) {
        return VGPU_RESPONSE_BAD_LENGTH;
    }
    if (FIELD(input, kind) != VGPU_REQUEST_RUN) {
        return VGPU_RESPONSE_BAD_KIND;
    }
    if (FIELD(input, flags)) {
        return VGPU_RESPONSE_BAD_FLAGS;
    }
    run->dimensions = FIELD(input, dimensions);
    if (run->dimensions < 1 || run->dimensions > VGPU_RUN_DIMENSIONS_MAX) {
        return VGPU_RESPONSE_BAD_DIMENSIONS;
    }
    return VGPU_RESPONSE_OK;
}

/* Sizes with a product of at most max, and 0 where there is no dimension. */
static bool take_sizes(uint64_t *sizes, const uint8_t *from,
                       unsigned dimensions, uint64_t max)
{
    uint64_t product = 1;
    unsigned i;

    for (i = 0; i < VGPU_RUN_DIMENSIONS_MAX; i++) {
        sizes[i] = bytes_get(from + (size_t)8 * i, 8);
        if (i >= dimensions
                ? sizes[i] != 0
                : !sizes[i] || sizes[i] > max ||
                      !checked_multiply(product, sizes[i], &product) ||
                      product > max) {
            return false;
        }
    }
    return true;
}

static uint32_t decode_sizes(Run *run, const Input *input)
{
    static const uint8_t none[sizeof(((struct vgpu_run *)0)->local)];
    const uint8_t *global = input->bytes + offsetof(struct vgpu_run, global);
    const uint8_t *local = input->bytes + offsetof(struct vgpu_run, local);
    unsigned i;

    if (!take_sizes(run->global, global, run->dimensions, VGPU_RUN_ITEMS_MAX)) {
        return VGPU_RESPONSE_BAD_GLOBAL;
    }
    run->has_local = memcmp(local, none, sizeof(none)) != 0;
    if (!run->has_local) {
        return VGPU_RESPONSE_OK;
    }
    if (!take_sizes(run->local, local, run->dimensions, VGPU_RUN_GROUP_MAX)) {
        return VGPU_RESPONSE_BAD_LOCAL;
    }
    for (i = 0; i < run->dimensions; i++) {
        if (run->global[i] % run->local[i]) {
            return VGPU_RESPONSE_BAD_LOCAL;
        }
    }
    return VGPU_RESPONSE_OK;
}

/* Not by ctype.h, which asks the locale. */
static bool is_identifier(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

    return *text && strchr(letters, *text) &&
           !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")];
}

/* Copies a text of at most max bytes and puts a NUL behind it. */
static bool take_text(char *text, const Input *input, uint32_t offset,
                      uint32_t length, uint32_t max)
{
    const uint8_t *from = length <= max ? part(input, offset, length) : NULL;

    if (!from || memchr(from, 0, length)) {
        return false;
    }
    memcpy(text, from, length);
    text[length] = '\0';
    return true;
}

static uint32_t decode_texts(Run *run, const Input *input)
{
    const uint8_t *source;

    run->source_bytes = FIELD(input, source_bytes);
    source = part(input, FIELD(input, source), run->source_bytes);
    if (!source || !run->source_bytes ||
        run->source_bytes > VGPU_RUN_SOURCE_MAX ||
        memchr(source, 0, run->source_bytes)) {
        return VGPU_RESPONSE_BAD_SOURCE;
    }
    run->source = (const char *)source;
    if (!take_text(run->name, input, FIELD(input, name),
                   FIELD(input, name_bytes), VGPU_RUN_NAME_MAX) ||
        !is_identifier(run->name)) {
        return VGPU_RESPONSE_BAD_NAME;
    }
    /* Without options there is no place to be looked at. */
    run->options[0] = '\0';
    if (FIELD(input, options_bytes) &&
        (!take_text(run->options, input, FIELD(input, options),
                    FIELD(input, options_bytes), VGPU_RUN_OPTIONS_MAX) ||
         !run_options_are_allowed(run->options))) {
        return VGPU_RESPONSE_BAD_OPTIONS;
    }
    return VGPU_RESPONSE_OK;
}

static uint32_t most_bytes(uint32_t kind)
{
    switch (kind) {
    case VGPU_ARGUMENT_SCALAR:
        return VGPU_RUN_SCALAR_MAX;
    case VGPU_ARGUMENT_LOCAL:
        return VGPU_RUN_LOCAL_MAX;
    case VGPU_ARGUMENT_IN:
    case VGPU_ARGUMENT_OUT:
    case VGPU_ARGUMENT_INOUT:
        return VGPU_COMMAND_BYTES_MAX;
    default:
        return 0;
    }
}

static bool take_argument(RunArgument *argument, const Input *input,
                          const uint8_t *from)
{
    uint32_t data = (uint32_t)BYTES_GET(from, vgpu_run_argument, data);

    argument->kind = (uint32_t)BYTES_GET(from, vgpu_run_argument, kind);
    argument->bytes = (uint32_t)BYTES_GET(from, vgpu_run_argument, bytes);
    argument->data = NULL;
    argument->output = 0;
    if (BYTES_GET(from, vgpu_run_argument, reserved) || !argument->bytes ||
        argument->bytes > most_bytes(argument->kind)) {
        return false;
    }
    if (argument->kind == VGPU_ARGUMENT_OUT ||
        argument->kind == VGPU_ARGUMENT_LOCAL) {
        return data == 0;
    }
    argument->data = part(input, data, argument->bytes);
    return argument->data != NULL;
}

static uint32_t decode_arguments(Run *run, const Input *input)
{
    uint32_t count = FIELD(input, argument_count);
    const uint8_t *list;
    unsigned i;

    run->arguments = 0;
    if (!count) {
        return VGPU_RESPONSE_OK;
    }
    list = count <= VGPU_RUN_ARGUMENTS_MAX
               ? part(input, FIELD(input, arguments),
                      (uint64_t)count * VGPU_RUN_ARGUMENT_SIZE)
               : NULL;
    if (!list) {
        return VGPU_RESPONSE_BAD_ARGUMENTS;
    }
    for (i = 0; i < count; i++) {
        if (!take_argument(&run->argument[i], input,
                           list + (size_t)i * VGPU_RUN_ARGUMENT_SIZE)) {
            return VGPU_RESPONSE_BAD_ARGUMENT;
        }
    }
    run->arguments = count;
    return VGPU_RESPONSE_OK;
}

/* Gives each output its place in the response. */
static uint32_t place_outputs(Run *run, size_t room)
{
    uint64_t end = VGPU_RESPONSE_SIZE;
    unsigned i;

    for (i = 0; i < run->arguments; i++) {
        RunArgument *argument = &run->argument[i];

        if (argument->kind != VGPU_ARGUMENT_OUT &&
            argument->kind != VGPU_ARGUMENT_INOUT) {
            continue;
        }
        /* No more than VGPU_RUN_ARGUMENTS_MAX times VGPU_COMMAND_BYTES_MAX. */
        argument->output = (uint32_t)end;
        if (!checked_add(end, argument->bytes, &end) ||
            !checked_round_up(end, VGPU_OUTPUT_ALIGN, &end)) {
            return VGPU_RESPONSE_NO_ROOM;
        }
    }
    if (end > room) {
        return VGPU_RESPONSE_NO_ROOM;
    }
    run->response_bytes = (uint32_t)end;
    return VGPU_RESPONSE_OK;
}

uint32_t run_decode(Run *run, const uint8_t *bytes, size_t length, size_t room)
{
    const Input input = { bytes, length };
    uint32_t status = decode_head(run, &input);

    if (!status) {
        status = decode_sizes(run, &input);
    }
    if (!status) {
        status = decode_texts(run, &input);
    }
    if (!status) {
        status = decode_arguments(run, &input);
    }
    if (!status) {
        status = place_outputs(run, room);
    }
    return status;
}

const char *run_status_text(uint32_t status)
{
    switch (status) {
#define TEXT_OF(name, value, text) \
    case VGPU_RESPONSE_##name:     \
        return text;
        VGPU_RESPONSES(TEXT_OF)
#undef TEXT_OF
    default:
        return "unknown";
    }
}
