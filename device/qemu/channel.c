/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/channel.h"

#include <sys/mman.h>

/* Linux's, which older C libraries do not have. */
#define VGPU_GET_SEALS 1034
#define VGPU_SEALS     (0x1 | 0x2 | 0x4) /* SEAL, SHRINK, GROW */

/* ---- Coming and going ------------------------------------------------------------ */

static void vgpu_channel_close_fd(int *fd)
{
    if (*fd >= 0) {
        qemu_set_fd_handler(*fd, NULL, NULL, NULL);
        close(*fd);
        *fd = -1;
    }
}

/* The core must not touch the memory any more. */
static void vgpu_channel_clear(VgpuChannel *channel)
{
    unsigned i;

    if (channel->memory) {
        munmap(channel->memory, VGPU_LINK_MEMORY_BYTES);
        channel->memory = NULL;
    }
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        vgpu_channel_close_fd(&channel->fd[i]);
    }
    channel->have = 0;
}

static void vgpu_channel_lost(VgpuChannel *channel)
{
    if (channel->memory) {
        vgpu_core_link_down(channel->core);
    }
    vgpu_channel_clear(channel);
}

void vgpu_channel_drop(VgpuChannel *channel)
{
    vgpu_channel_clear(channel);
    qemu_chr_fe_disconnect(&channel->chr);
}

static void vgpu_channel_refuse(VgpuChannel *channel, const char *why)
{
    warn_report(VGPU_DEVICE_NAME ": the link is dropped: %s", why);
    vgpu_channel_lost(channel);
    qemu_chr_fe_disconnect(&channel->chr);
}

/* ---- Messages -------------------------------------------------------------------- */

static void vgpu_channel_hello(VgpuChannel *channel)
{
    const VgpuConfig *config = &channel->core->config;
    const struct vgpu_link_hello hello = {
        .head = { .magic = VGPU_LINK_MAGIC,
                  .major = VGPU_LINK_MAJOR,
                  .minor = VGPU_LINK_MINOR,
                  .type = VGPU_LINK_HELLO },
        .pool = config->pool,
        .priority = config->priority,
        .vm_id = config->vm_id,
        .queues = config->queues,
        .command_bytes_max = VGPU_COMMAND_BYTES_MAX,
    };

    channel->have = 0;
    /* Less than any socket's buffer: it does not block. */
    qemu_chr_fe_write_all(&channel->chr, (const uint8_t *)&hello,
                          sizeof(hello));
}

static void vgpu_channel_on_done(void *opaque)
{
    VgpuChannel *channel = opaque;
    uint64_t count;

    if (read(channel->fd[VGPU_LINK_FD_DONE], &count, sizeof(count)) > 0) {
        channel->schedule(channel->opaque);
    }
}

/* Memory that the worker cannot take away under us. */
static void *vgpu_channel_map(int fd)
{
    struct stat info;
    int seals = fcntl(fd, VGPU_GET_SEALS);
    void *memory;

    if (seals < 0 || (seals & VGPU_SEALS) != VGPU_SEALS ||
        fstat(fd, &info) < 0 || info.st_size != VGPU_LINK_MEMORY_BYTES) {
        return NULL;
    }
    memory = mmap(NULL, VGPU_LINK_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* All at once: what is not asked for is closed. */
static bool vgpu_channel_take_fds(VgpuChannel *channel)
{
    unsigned i;

    if (qemu_chr_fe_get_msgfds(&channel->chr, channel->fd,
                               VGPU_LINK_DESCRIPTORS) !=
        VGPU_LINK_DESCRIPTORS) {
        return false;
    }
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        /* 4.2.1 has set them to blocking. */
        if (channel->fd[i] < 0 ||
            fcntl(channel->fd[i], F_SETFL, O_NONBLOCK) < 0) {
            return false;
        }
    }
    return true;
}

static bool vgpu_channel_has_zeros(const uint32_t *numbers, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (numbers[i]) {
            return false;
        }
    }
    return true;
}

static const char *vgpu_channel_config(VgpuChannel *channel, uint32_t pool,
                                       uint32_t priority, uint32_t vm_id)
{
    return vgpu_core_set_config(channel->core, pool, priority, vm_id) < 0
               ? "a pool or priority that there is not"
               : NULL;
}

static const char *vgpu_channel_on_answer(VgpuChannel *channel)
{
    struct vgpu_link_answer answer;
    const char *why;

    memcpy(&answer, channel->message, sizeof(answer));
    if (channel->memory) {
        return "a second answer";
    }
    if (answer.head.status != VGPU_LINK_STATUS_OK) {
        return "the worker refuses it";
    }
    if (answer.slots != VGPU_LINK_SLOTS ||
        answer.slot_bytes != VGPU_LINK_SLOT_BYTES ||
        answer.memory_bytes != VGPU_LINK_MEMORY_BYTES ||
        !vgpu_channel_has_zeros(answer.reserved, ARRAY_SIZE(answer.reserved))) {
        return "an answer of another geometry";
    }
    if (!vgpu_channel_take_fds(channel)) {
        return "an answer without its descriptors";
    }
    why = vgpu_channel_config(channel, answer.pool, answer.priority,
                              answer.vm_id);
    if (why) {
        return why;
    }
    channel->memory = vgpu_channel_map(channel->fd[VGPU_LINK_FD_MEMORY]);
    if (!channel->memory) {
        return "memory that cannot be used, or is not sealed";
    }
    qemu_set_fd_handler(channel->fd[VGPU_LINK_FD_DONE], vgpu_channel_on_done,
                        NULL, channel);
    vgpu_core_link_up(channel->core, channel->memory);
    return NULL;
}

static const char *vgpu_channel_on_config(VgpuChannel *channel)
{
    struct vgpu_link_config config;

    memcpy(&config, channel->message, sizeof(config));
    if (!channel->memory || config.head.status ||
        !vgpu_channel_has_zeros(config.reserved, ARRAY_SIZE(config.reserved))) {
        return "a wrong configuration";
    }
    return vgpu_channel_config(channel, config.pool, config.priority,
                               config.vm_id);
}

static const char *vgpu_channel_on_message(VgpuChannel *channel)
{
    struct vgpu_link_head head;

    memcpy(&head, channel->message, sizeof(head));
    if (head.magic != VGPU_LINK_MAGIC || head.major != VGPU_LINK_MAJOR) {
        return "not a message of this protocol";
    }
    switch (head.type) {
    case VGPU_LINK_ANSWER:
        return vgpu_channel_on_answer(channel);
    case VGPU_LINK_CONFIG:
        return vgpu_channel_on_config(channel);
    default:
        return "a message of an unknown type";
    }
}

/* ---- The chardev ------------------------------------------------------------------- */

/* Of one message at a time, or the next one's descriptors would be lost. */
static int vgpu_channel_can_read(void *opaque)
{
    VgpuChannel *channel = opaque;

    return (int)(sizeof(channel->message) - channel->have);
}

static void vgpu_channel_read(void *opaque, const uint8_t *bytes, int size)
{
    VgpuChannel *channel = opaque;
    const char *why;

    memcpy(channel->message + channel->have, bytes, size);
    channel->have += (unsigned)size;
    if (channel->have == sizeof(channel->message)) {
        channel->have = 0;
        why = vgpu_channel_on_message(channel);
        if (why) {
            vgpu_channel_refuse(channel, why);
        }
    }
}

static void vgpu_channel_event(void *opaque, VGPU_CHR_EVENT event)
{
    VgpuChannel *channel = opaque;

    if (event == CHR_EVENT_OPENED) {
        vgpu_channel_lost(channel);
        vgpu_channel_hello(channel);
    } else if (event == CHR_EVENT_CLOSED) {
        vgpu_channel_lost(channel);
    }
}

void vgpu_channel_init(VgpuChannel *channel, VgpuCore *core,
                       void (*schedule)(void *opaque), void *opaque)
{
    unsigned i;

    channel->core = core;
    channel->schedule = schedule;
    channel->opaque = opaque;
    channel->memory = NULL;
    channel->have = 0;
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        channel->fd[i] = -1;
    }
    if (core->config.queues && qemu_chr_fe_backend_connected(&channel->chr)) {
        vgpu_core_set_link(core, VGPU_LINK_DOWN);
        qemu_chr_fe_set_handlers(&channel->chr, vgpu_channel_can_read,
                                 vgpu_channel_read, vgpu_channel_event, NULL,
                                 channel, NULL, true);
    }
}

void vgpu_channel_deinit(VgpuChannel *channel)
{
    if (qemu_chr_fe_backend_connected(&channel->chr)) {
        qemu_chr_fe_set_handlers(&channel->chr, NULL, NULL, NULL, NULL, NULL,
                                 NULL, false);
    }
    vgpu_channel_lost(channel);
}

void vgpu_channel_wake(VgpuChannel *channel)
{
    const uint64_t one = 1;

    if (write(channel->fd[VGPU_LINK_FD_REQUESTS], &one, sizeof(one)) < 0) {
        /* It is full, and so the worker is awake. */
    }
}
