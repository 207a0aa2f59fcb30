/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vgpud/encode.h"

void encode_put(GByteArray *bytes, size_t offset, uint64_t value,
                unsigned width)
{
    unsigned i;

    for (i = 0; i < width; i++) {
        bytes->data[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

uint32_t response_get(const uint8_t *response, size_t offset)
{
    return (uint32_t)response[offset] | (uint32_t)response[offset + 1] << 8 |
           (uint32_t)response[offset + 2] << 16 |
           (uint32_t)response[offset + 3] << 24;
}

#define PUT(field, value)                                             \
    encode_put(bytes, G_STRUCT_OFFSET(struct vgpu_run, field), value, \
               sizeof(((struct vgpu_run *)0)->field))

/* Adds contents and writes where they are, and how many bytes, into the header. */
static void add_text(GByteArray *bytes, size_t offset_at, const char *text)
{
    size_t length = strlen(text);

    encode_put(bytes, offset_at, bytes->len, 4);
    encode_put(bytes, offset_at + 4, length, 4);
    g_byte_array_append(bytes, (const guint8 *)text, (guint)length);
}

static void add_argument(GByteArray *bytes, size_t at,
                         const EncodeArgument *argument)
{
    encode_put(bytes, at, argument->kind, 4);
    encode_put(bytes, at + 4, argument->bytes, 4);
    if (argument->data) {
        encode_put(bytes, at + 8, bytes->len, 4);
        g_byte_array_append(bytes, argument->data, argument->bytes);
    }
}

GByteArray *encode_run(const EncodeRun *run)
{
    GByteArray *bytes = g_byte_array_new();
    size_t list = VGPU_RUN_SIZE;
    unsigned i;

    g_byte_array_set_size(
        bytes, (guint)(list + (size_t)run->arguments * VGPU_RUN_ARGUMENT_SIZE));
    memset(bytes->data, 0, bytes->len);
    PUT(kind, VGPU_REQUEST_RUN);
    PUT(dimensions, run->dimensions);
    for (i = 0; i < 3; i++) {
        PUT(global[i], run->global[i]);
        PUT(local[i], run->local[i]);
    }
    PUT(arguments, list);
    PUT(argument_count, run->arguments);
    add_text(bytes, G_STRUCT_OFFSET(struct vgpu_run, source), run->source);
    add_text(bytes, G_STRUCT_OFFSET(struct vgpu_run, name), run->name);
    add_text(bytes, G_STRUCT_OFFSET(struct vgpu_run, options),
             run->options ? run->options : "");
    for (i = 0; i < run->arguments; i++) {
        add_argument(bytes, list + (size_t)i * VGPU_RUN_ARGUMENT_SIZE,
                     &run->argument[i]);
    }
    PUT(bytes, bytes->len);
    return bytes;
}
