/* SPDX-License-Identifier: MIT */
/* The memory of a link: requests come in, completions go out. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "vgpud/link.h"

int link_init(Link *link, int socket, const LinkConfig *config)
{
    memset(link, 0, sizeof(*link));
    link->socket = socket;
    link->config = *config;
    return memory_create(&link->memory);
}

void link_deinit(Link *link)
{
    memory_destroy(&link->memory);
}

/* ---- Single accesses to what the other end can change at any time ------------------- */

static uint32_t *word(Link *link, size_t offset)
{
    return (uint32_t *)(void *)(link->memory.bytes + offset);
}

#define HEADER(link, field) word(link, offsetof(struct vgpu_link_header, field))

static int broken(Link *link, const char *why)
{
    link->why = why;
    return LINK_BROKEN;
}

/* How many requests there are that were not taken, as the other end says. */
static uint32_t waiting(Link *link)
{
    return __atomic_load_n(HEADER(link, requests), __ATOMIC_ACQUIRE) -
           link->taken;
}

/* Copies memory that changes as it likes. The compiler may not read it twice. */
static void copy_once(void *to, const uint8_t *from, size_t length)
{
    memcpy(to, from, length);
    __asm__ volatile("" : : : "memory");
}

/* ---- Requests ------------------------------------------------------------------------ */

static int check(Link *link, const struct vgpu_link_request *entry)
{
    if (entry->slot >= VGPU_LINK_SLOTS) {
        return broken(link, "a request for a slot that there is not");
    }
    if (link->busy[entry->slot]) {
        return broken(link, "a request for a slot that is not completed");
    }
    if (entry->request_bytes > VGPU_COMMAND_BYTES_MAX ||
        entry->response_bytes > VGPU_COMMAND_BYTES_MAX - entry->request_bytes) {
        return broken(link, "a request that is too long");
    }
    if (entry->reserved || entry->reserved2) {
        return broken(link, "a request with a reserved field that is not 0");
    }
    return 0;
}

int link_take(Link *link, LinkRequest *request, bool *got)
{
    struct vgpu_link_request entry;
    uint32_t count = waiting(link);
    int error;

    *got = false;
    if (!count) {
        return 0;
    }
    if (count > VGPU_LINK_SLOTS) {
        return broken(link, "more requests than the ring has entries");
    }
    copy_once(&entry,
              link->memory.bytes + VGPU_LINK_REQUESTS_AT +
                  link->taken % VGPU_LINK_SLOTS * sizeof(entry),
              sizeof(entry));
    error = check(link, &entry);
    if (error) {
        return error;
    }
    link->taken++;
    link->busy[entry.slot] = true;
    link->at[entry.slot] = VGPU_LINK_RESPONSE_AT(entry.request_bytes);
    link->room[entry.slot] = entry.response_bytes;
    copy_once(link->request, link->memory.bytes + VGPU_LINK_SLOT_AT(entry.slot),
              entry.request_bytes);
    request->slot = entry.slot;
    request->bytes = entry.request_bytes;
    request->room = entry.response_bytes;
    request->argument = entry.argument;
    *got = true;
    return 0;
}

/* ---- Completions --------------------------------------------------------------------- */

/* The counter can only be full when the device made it so: it is awake then. The device
 * may have made the descriptor blocking, too; whoever does so waits for itself. */
static int wake_device(Link *link)
{
    const uint64_t one = 1;

    if (write(link->memory.fd[VGPU_LINK_FD_DONE], &one, sizeof(one)) < 0 &&
        errno != EAGAIN && errno != EINTR) {
        return -errno;
    }
    return 0;
}

int link_complete(Link *link, uint32_t slot, uint32_t status,
                  const uint8_t *response, uint32_t length)
{
    struct vgpu_link_completion entry;
    uint8_t *bytes = link->memory.bytes;

    if (slot >= VGPU_LINK_SLOTS || !link->busy[slot] ||
        length > link->room[slot]) {
        return -EINVAL;
    }
    memset(&entry, 0, sizeof(entry));
    entry.slot = slot;
    entry.status = status;
    if (status == VGPU_LINK_DONE_OK && length) {
        entry.response_bytes = length;
        memcpy(bytes + VGPU_LINK_SLOT_AT(slot) + link->at[slot], response,
               length);
    }
    memcpy(bytes + VGPU_LINK_COMPLETIONS_AT +
               link->completed % VGPU_LINK_SLOTS * sizeof(entry),
           &entry, sizeof(entry));
    link->busy[slot] = false;
    link->completed++;
    __atomic_store_n(HEADER(link, completions), link->completed,
                     __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(HEADER(link, completion_wanted), __ATOMIC_RELAXED)
               ? wake_device(link)
               : 0;
}

/* ---- Sleep ----------------------------------------------------------------------------- */

bool link_sleep(Link *link)
{
    __atomic_store_n(HEADER(link, request_wanted), 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return waiting(link) == 0;
}

void link_wake(Link *link)
{
    __atomic_store_n(HEADER(link, request_wanted), 0, __ATOMIC_RELAXED);
}
