/* SPDX-License-Identifier: MIT */
/* The list of backends, and those that look at no request: they show how the rest of
 * the host's side does, without an accelerator or with a bad one. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "vgpud/backend.h"

const Backend *const backends[] = {
    &backend_null, &backend_error, &backend_delay, &backend_opencl, NULL,
};

const Backend *backend_by_name(const char *name)
{
    unsigned i;

    for (i = 0; backends[i]; i++) {
        if (strcmp(backends[i]->name, name) == 0) {
            return backends[i];
        }
    }
    return NULL;
}

/* The state is what was asked for: delay_ms. */
static int open_simple(void **state, const BackendOptions *options)
{
    *state = (void *)options;
    return 0;
}

static void close_simple(void *state)
{
    (void)state;
}

static int answer_nothing(void *state, const uint8_t *request, uint32_t bytes,
                          BackendReply *reply)
{
    (void)state;
    (void)request;
    (void)bytes;
    (void)reply;
    return 0;
}

static int answer_error(void *state, const uint8_t *request, uint32_t bytes,
                        BackendReply *reply)
{
    (void)state;
    (void)request;
    (void)bytes;
    (void)reply;
    return BACKEND_FAILED;
}

static int answer_late(void *state, const uint8_t *request, uint32_t bytes,
                       BackendReply *reply)
{
    const BackendOptions *options = state;
    struct timespec left = { options->delay_ms / 1000,
                             options->delay_ms % 1000 * 1000000L };

    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
    return answer_nothing(state, request, bytes, reply);
}

const Backend backend_null = {
    "null",       "answers each request with nothing, at once",
    open_simple,  answer_nothing,
    close_simple,
};
const Backend backend_error = {
    "error", "fails each request", open_simple, answer_error, close_simple,
};
const Backend backend_delay = {
    "delay",      "as null, after --delay MS", open_simple, answer_late,
    close_simple,
};
