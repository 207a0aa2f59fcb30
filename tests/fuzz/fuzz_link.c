/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: the worker's end of a link, in this process: any bytes on the socket, and a
 * device that writes anywhere into what is shared at any time.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vgpu/regs.h"
#include "vgpud/link.h"

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

typedef struct Step {
    uint8_t operation;
    uint8_t slot;
    uint16_t at;
    uint32_t a, b;
} Step;

typedef struct Side {
    Link *link;
    int device;
    LinkRequest request; /* that was taken last */
    bool has_request;
    uint32_t put;
} Side;

static void put(Side *side, const Step *step)
{
    const struct vgpu_link_request entry = {
        .slot = step->slot % (VGPU_LINK_SLOTS + 1),
        .request_bytes = step->a & 0x1fffff,
        .response_bytes = step->b & 0x1fffff,
        .reserved = step->at == 0xffff,
    };
    uint8_t *memory = side->link->memory.bytes;

    memcpy(memory + VGPU_LINK_REQUESTS_AT +
               side->put % VGPU_LINK_SLOTS * sizeof(entry),
           &entry, sizeof(entry));
    side->put++;
    memcpy(memory, &side->put, sizeof(side->put));
}

static void scribble(Side *side, const Step *step)
{
    memcpy(side->link->memory.bytes + step->at % (VGPU_LINK_SLOTS_AT + 64),
           &step->a, sizeof(step->a));
}

/* Returns whether the link still is. */
static bool take(Side *side)
{
    bool got;
    int result = link_take(side->link, &side->request, &got);

    must(result == 0 || result == LINK_BROKEN);
    must(result == 0 || (side->link->why && !got));
    if (got) {
        must(side->request.slot < VGPU_LINK_SLOTS);
        must(side->request.bytes <= VGPU_COMMAND_BYTES_MAX);
        must(side->request.room <=
             VGPU_COMMAND_BYTES_MAX - side->request.bytes);
        must(side->link->busy[side->request.slot]);
        side->has_request = true;
    }
    return result == 0;
}

static void complete(Side *side, const Step *step)
{
    static uint8_t response[VGPU_COMMAND_BYTES_MAX];
    int result;

    if (side->has_request) {
        result = link_complete(
            side->link, side->request.slot, step->slot & 1, response,
            side->request.room ? step->a % side->request.room : 0);
        must(result == 0);
        side->has_request = false;
    }
}

static bool step_once(Side *side, const Step *step)
{
    LinkConfig config = { .has_pool = true, .pool = step->a };

    switch (step->operation % 8) {
    case 0:
    case 1:
        put(side, step);
        return true;
    case 2:
        scribble(side, step);
        return true;
    case 3:
    case 4:
        return side->has_request || take(side);
    case 5:
        complete(side, step);
        return true;
    case 6:
        link_sleep(side->link);
        link_wake(side->link);
        return link_set_config(side->link, &config) == 0;
    default:
        if (step->at & 1) {
            must(send(side->device, "", 1, MSG_NOSIGNAL) == 1);
        }
        return link_socket_ready(side->link) == 0;
    }
}

/* A right hello, or what the input has. Returns whether the link is up. */
static bool hello(Side *side, const uint8_t **data, size_t *size)
{
    struct vgpu_link_hello bytes = {
        .head = { VGPU_LINK_MAGIC, VGPU_LINK_MAJOR, 0, VGPU_LINK_HELLO, 0 },
        .pool = VGPU_POOL_A,
        .queues = 1,
        .command_bytes_max = VGPU_COMMAND_BYTES_MAX,
    };
    size_t length = sizeof(bytes);
    bool own = (*data)[0] & 1;
    int result;

    (*data)++;
    (*size)--;
    if (own) {
        length = *size < length ? *size : length;
        memcpy(&bytes, *data, length);
        *data += length;
        *size -= length;
    }
    must(send(side->device, &bytes, length, MSG_NOSIGNAL) == (ssize_t)length);
    result = link_hello(side->link, true);
    must(result == 0 || result == LINK_BROKEN);
    must(own || side->link->is_up);
    return side->link->is_up;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const LinkConfig none;
    static Link link;
    Side side = { .link = &link };
    Step step;
    int fd[2];

    if (!size) {
        return 0;
    }
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
    side.device = fd[0];
    must(link_init(&link, fd[1], &none) == 0);
    if (hello(&side, &data, &size)) {
        while (size >= sizeof(step)) {
            memcpy(&step, data, sizeof(step));
            data += sizeof(step);
            size -= sizeof(step);
            if (!step_once(&side, &step)) {
                break;
            }
        }
    }
    link_deinit(&link);
    close(fd[0]);
    close(fd[1]);
    return 0;
}
