/* SPDX-License-Identifier: MIT */
/*
 * A VGPU_REQUEST_RUN that was found right: what is in here needs no more checks.
 * Pointers lead into the bytes that were decoded, which must be the caller's own, so
 * that nobody changes them, and outlive it.
 */
#ifndef VGPUD_RUN_H
#define VGPUD_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vgpu/request.h"

typedef struct RunArgument {
    uint32_t kind; /* VGPU_ARGUMENT_* */
    uint32_t bytes;
    const uint8_t *data; /* NULL for OUT and LOCAL */
    uint32_t output;     /* of OUT and INOUT: where in the response it goes */
} RunArgument;

typedef struct Run {
    const char *source; /* no NUL behind it */
    uint32_t source_bytes;
    char name[VGPU_RUN_NAME_MAX + 1];
    char options[VGPU_RUN_OPTIONS_MAX + 1];
    unsigned dimensions;
    uint64_t global[VGPU_RUN_DIMENSIONS_MAX];
    uint64_t local[VGPU_RUN_DIMENSIONS_MAX];
    bool has_local; /* false: as the device likes it */
    unsigned arguments;
    RunArgument argument[VGPU_RUN_ARGUMENTS_MAX];
    uint32_t response_bytes; /* of the response that holds all outputs */
} Run;

/*
 * Decodes length bytes; room is what there is for the response, in bytes. Returns
 * VGPU_RESPONSE_OK, or the status that says what is wrong: *run is then not to be
 * used. A pure function.
 */
uint32_t run_decode(Run *run, const uint8_t *bytes, size_t length, size_t room);

/* Whether each word of options, with blanks between them, is allowed. */
bool run_options_are_allowed(const char *options);

/* The text of a VGPU_RESPONSE_*, or "unknown". Static. */
const char *run_status_text(uint32_t status);

#endif /* VGPUD_RUN_H */
