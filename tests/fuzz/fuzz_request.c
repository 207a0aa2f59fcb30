/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: the decoder of a guest's requests. What it accepts keeps all that vgpud/run.h
 * promises of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vgpud/run.h"

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void is_inside(const void *part, size_t length, const uint8_t *bytes,
                      size_t size)
{
    const uint8_t *at = part;

    must(at >= bytes + VGPU_RUN_SIZE && length <= size &&
         at + length <= bytes + size);
}

static void check_arguments(const Run *run, const uint8_t *bytes, size_t size)
{
    uint64_t end = VGPU_RESPONSE_SIZE;
    unsigned i;

    must(run->arguments <= VGPU_RUN_ARGUMENTS_MAX);
    for (i = 0; i < run->arguments; i++) {
        const RunArgument *argument = &run->argument[i];

        must(argument->bytes != 0);
        if (argument->data) {
            is_inside(argument->data, argument->bytes, bytes, size);
        }
        if (argument->output) {
            must(argument->kind == VGPU_ARGUMENT_OUT ||
                 argument->kind == VGPU_ARGUMENT_INOUT);
            must(argument->output == end);
            end += (argument->bytes + 15u) & ~15u;
        }
    }
    must(end == run->response_bytes);
}

static void check(const Run *run, const uint8_t *bytes, size_t size,
                  size_t room)
{
    uint64_t items = 1, group = 1;
    unsigned i;

    is_inside(run->source, run->source_bytes, bytes, size);
    must(run->source_bytes && !memchr(run->source, 0, run->source_bytes));
    must(strlen(run->name) <= VGPU_RUN_NAME_MAX && *run->name);
    must(run_options_are_allowed(run->options));
    must(!strpbrk(run->options, "/\\\"'\n\t@$`"));
    must(run->dimensions >= 1 && run->dimensions <= 3);
    for (i = 0; i < run->dimensions; i++) {
        must(run->global[i] >= 1 && run->global[i] <= VGPU_RUN_ITEMS_MAX);
        items *= run->global[i];
        must(items <= VGPU_RUN_ITEMS_MAX);
        if (run->has_local) {
            must(run->local[i] && run->global[i] % run->local[i] == 0);
            group *= run->local[i];
            must(group <= VGPU_RUN_GROUP_MAX);
        }
    }
    must(run->response_bytes <= room);
    check_arguments(run, bytes, size);
}

/* A right request, in which the input then changes some numbers: chance does not come by
 * one. 16 work-items in twos; a scalar, an input, two outputs. */
#define BASE_BYTES 256

static void make_base(uint8_t *bytes)
{
    const struct vgpu_run run = {
        .kind = VGPU_REQUEST_RUN,
        .bytes = BASE_BYTES,
        .dimensions = 1,
        .source = 160,
        .source_bytes = 18,
        .name = 180,
        .name_bytes = 1,
        .options = 184,
        .options_bytes = 9,
        .arguments = VGPU_RUN_SIZE,
        .argument_count = 4,
        .global = { 16 },
        .local = { 2 },
    };
    const struct vgpu_run_argument arguments[] = {
        { VGPU_ARGUMENT_SCALAR, 4, 200, 0 },
        { VGPU_ARGUMENT_IN, 40, 204, 0 },
        { VGPU_ARGUMENT_OUT, 20, 0, 0 },
        { VGPU_ARGUMENT_INOUT, 8, 240, 0 },
    };

    memset(bytes, 0, BASE_BYTES);
    memcpy(bytes, &run, sizeof(run));
    memcpy(bytes + VGPU_RUN_SIZE, arguments, sizeof(arguments));
    strcpy((char *)bytes + 160, "kernel void k() {}");
    strcpy((char *)bytes + 180, "k");
    strcpy((char *)bytes + 184, "-w -DN=42");
}

static void change(uint8_t *bytes, const uint8_t *data, size_t size)
{
    for (; size >= 6; data += 6, size -= 6) {
        size_t at = data[0];
        size_t width = 1 + data[1] % 4;

        if (at + width <= BASE_BYTES) {
            memcpy(bytes + at, data + 2, width);
        }
    }
}

static uint32_t decode(const uint8_t *bytes, size_t length, size_t room)
{
    Run run;
    uint32_t status = run_decode(&run, bytes, length, room);

    if (status == VGPU_RESPONSE_OK) {
        check(&run, bytes, length, room);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t rooms[] = { 0, 31, 32, 4096, VGPU_COMMAND_BYTES_MAX };
    size_t length, room;
    uint32_t status;
    uint8_t *bytes;

    if (!size) {
        return 0;
    }
    room = rooms[(data[0] >> 1) % 5];
    length = data[0] & 1 ? BASE_BYTES : size - 1;
    bytes = malloc(length ? length : 1); /* so that a byte beyond is seen */
    must(bytes != NULL);
    if (data[0] & 1) {
        make_base(bytes);
        change(bytes, data + 1, size - 1);
    } else {
        memcpy(bytes, data + 1, length);
    }
    status = decode(bytes, length, room);
    /* Without a change it is right. */
    must(size != 1 || length != BASE_BYTES || room < 4096 || !status);
    free(bytes);
    return 0;
}
