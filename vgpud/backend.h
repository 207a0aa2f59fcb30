/* SPDX-License-Identifier: MIT */
/*
 * What answers requests. A worker has one backend, and calls it from one thread, one
 * request at a time.
 */
#ifndef VGPUD_BACKEND_H
#define VGPUD_BACKEND_H

#include <stddef.h>
#include <stdint.h>

typedef struct BackendOptions {
    unsigned delay_ms; /* of "delay" */
    const char
        *device; /* of "opencl": a type, or a part of a name; NULL: any */
} BackendOptions;

/* Where the answer goes: the worker's own memory. */
typedef struct BackendReply {
    uint8_t *bytes;
    uint32_t room;   /* in bytes */
    uint32_t length; /* that were written; 0 before the call */
} BackendReply;

/* request() could not do it, and there is nothing in the reply. */
#define BACKEND_FAILED 1

typedef struct Backend {
    const char *name;
    const char *help;

    /* Sets *state, which close() frees. Returns 0, or a negative errno: it has then
     * said why on stderr, and there is nothing to close. */
    int (*open)(void **state, const BackendOptions *options);

    /* Answers one request of bytes bytes, which nobody changes meanwhile. Returns 0,
     * BACKEND_FAILED, or a negative errno when it can answer no more requests. */
    int (*request)(void *state, const uint8_t *request, uint32_t bytes,
                   BackendReply *reply);

    void (*close)(void *state);
} Backend;

extern const Backend backend_null;
extern const Backend backend_error;
extern const Backend backend_delay;
extern const Backend backend_opencl;

/* All of them, NULL behind the last. */
extern const Backend *const backends[];

/* By its name; NULL: there is none. */
const Backend *backend_by_name(const char *name);

#endif /* VGPUD_BACKEND_H */
