/* SPDX-License-Identifier: MIT */
/* Requests as a guest's library would make them, and a look into responses. */
#ifndef TESTS_VGPUD_ENCODE_H
#define TESTS_VGPUD_ENCODE_H

#include <glib.h>
#include <stdint.h>

#include "vgpu/request.h"

typedef struct EncodeArgument {
    uint32_t kind; /* VGPU_ARGUMENT_* */
    uint32_t bytes;
    const void *data; /* NULL for OUT and LOCAL */
} EncodeArgument;

typedef struct EncodeRun {
    const char *source, *name, *options; /* options may be NULL */
    unsigned dimensions;
    uint64_t global[3], local[3];
    unsigned arguments;
    const EncodeArgument *argument;
} EncodeRun;

/* The caller's to free. Header, arguments, source, name, options, contents. */
GByteArray *encode_run(const EncodeRun *run);

/* A number of a request at an offset, and of a response. */
void encode_put(GByteArray *bytes, size_t offset, uint64_t value,
                unsigned width);
uint32_t response_get(const uint8_t *response, size_t offset);

#define RESPONSE(response, field) \
    response_get(response, G_STRUCT_OFFSET(struct vgpu_response, field))

#endif /* TESTS_VGPUD_ENCODE_H */
