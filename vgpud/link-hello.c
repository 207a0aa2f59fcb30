/* SPDX-License-Identifier: MIT */
/* The socket of a link: hello, answer, and what the host changes later. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "vgpu/regs.h"
#include "vgpud/link.h"

static const struct vgpu_link_head ours = {
    .magic = VGPU_LINK_MAGIC,
    .major = VGPU_LINK_MAJOR,
    .minor = VGPU_LINK_MINOR,
};

/* ---- Sending ---------------------------------------------------------------------- */

static void attach(struct msghdr *message, char *control, size_t size,
                   const int *fd)
{
    struct cmsghdr *part;

    memset(control, 0, size);
    message->msg_control = control;
    message->msg_controllen = size;
    part = CMSG_FIRSTHDR(message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * VGPU_LINK_DESCRIPTORS);
    memcpy(CMSG_DATA(part), fd, sizeof(int) * VGPU_LINK_DESCRIPTORS);
}

/* A whole message with all descriptors, or none of it: fd is NULL without. Returns 0,
 * LINK_ENDED, or -EAGAIN where the device reads nothing. */
static int send_message(Link *link, const void *bytes, const int *fd)
{
    char control[CMSG_SPACE(sizeof(int) * VGPU_LINK_DESCRIPTORS)];
    struct iovec vector = { (void *)bytes, VGPU_LINK_MESSAGE_BYTES };
    struct msghdr message;
    ssize_t sent;

    memset(&message, 0, sizeof(message));
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    if (fd) {
        attach(&message, control, sizeof(control), fd);
    }
    do {
        sent = sendmsg(link->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return errno == EPIPE || errno == ECONNRESET ? LINK_ENDED : -errno;
    }
    /* The kernel does not part so little. */
    return sent == VGPU_LINK_MESSAGE_BYTES ? 0 : -EIO;
}

/* ---- The hello ---------------------------------------------------------------------- */

static bool is_zero(const uint32_t *field, size_t count)
{
    while (count && !*field) {
        field++;
        count--;
    }
    return !count;
}

static bool fields_are_right(const struct vgpu_link_hello *hello)
{
    return hello->head.type == VGPU_LINK_HELLO && !hello->head.status &&
           (hello->pool == VGPU_POOL_A || hello->pool == VGPU_POOL_B) &&
           hello->priority <= VGPU_PRIORITY_HIGH && hello->queues >= 1 &&
           hello->queues <= VGPU_QUEUES_MAX &&
           hello->command_bytes_max == VGPU_COMMAND_BYTES_MAX &&
           /* A later minor may have something there that it can do without. */
           (hello->head.minor > VGPU_LINK_MINOR ||
            is_zero(hello->reserved,
                    sizeof(hello->reserved) / sizeof(hello->reserved[0])));
}

static uint32_t judge(Link *link, bool has_backend)
{
    const struct vgpu_link_hello *hello = &link->hello;

    if (hello->head.magic != VGPU_LINK_MAGIC) {
        link->why = "the hello is not of this protocol";
        return VGPU_LINK_STATUS_BAD_MAGIC;
    }
    if (hello->head.major != VGPU_LINK_MAJOR) {
        link->why = "the device speaks another major version";
        return VGPU_LINK_STATUS_BAD_VERSION;
    }
    if (!fields_are_right(hello)) {
        link->why = "a field of the hello has an unknown value";
        return VGPU_LINK_STATUS_BAD_HELLO;
    }
    if (!has_backend) {
        link->why = "there is no accelerator";
        return VGPU_LINK_STATUS_NO_BACKEND;
    }
    return VGPU_LINK_STATUS_OK;
}

static int refuse(Link *link, uint32_t status)
{
    struct vgpu_link_answer answer;

    memset(&answer, 0, sizeof(answer));
    answer.head = ours;
    answer.head.type = VGPU_LINK_ANSWER;
    answer.head.status = status;
    send_message(link, &answer, NULL); /* the link is broken anyway */
    return LINK_BROKEN;
}

static uint32_t in_force(bool has, uint32_t hosts, uint32_t devices)
{
    return has ? hosts : devices;
}

static int accept_hello(Link *link)
{
    const struct vgpu_link_hello *hello = &link->hello;
    const LinkConfig *config = &link->config;
    struct vgpu_link_answer answer;
    int error;

    memset(&answer, 0, sizeof(answer));
    answer.head = ours;
    answer.head.type = VGPU_LINK_ANSWER;
    answer.pool = in_force(config->has_pool, config->pool, hello->pool);
    answer.priority = in_force(config->has_priority, config->priority,
                               hello->priority);
    answer.vm_id = in_force(config->has_vm_id, config->vm_id, hello->vm_id);
    answer.slots = VGPU_LINK_SLOTS;
    answer.slot_bytes = VGPU_LINK_SLOT_BYTES;
    answer.memory_bytes = VGPU_LINK_MEMORY_BYTES;
    error = send_message(link, &answer, link->memory.fd);
    if (!error) {
        memory_sent(&link->memory);
        link->is_up = true;
    }
    return error;
}

/* What there is to read. Returns how much, 0 for nothing now, or as link_hello(). */
static int receive(Link *link, void *to, size_t room, int *error)
{
    ssize_t got;

    *error = 0;
    do {
        got = recv(link->socket, to, room, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
        *error = LINK_ENDED;
        return 0;
    }
    if (got < 0) {
        *error = errno == EAGAIN ? 0 : -errno;
        return 0;
    }
    return (int)got;
}

int link_hello(Link *link, bool has_backend)
{
    uint32_t status;
    int error, got;

    got = receive(link, (uint8_t *)&link->hello + link->hello_bytes,
                  sizeof(link->hello) - link->hello_bytes, &error);
    if (error) {
        return error;
    }
    link->hello_bytes += (uint32_t)got;
    /* Whoever speaks another protocol is told with its first words. */
    if (link->hello_bytes >= sizeof(link->hello.head) &&
        (link->hello.head.magic != VGPU_LINK_MAGIC ||
         link->hello.head.major != VGPU_LINK_MAJOR)) {
        return refuse(link, judge(link, has_backend));
    }
    if (link->hello_bytes < sizeof(link->hello)) {
        return 0;
    }
    status = judge(link, has_backend);
    return status ? refuse(link, status) : accept_hello(link);
}

/* ---- Later -------------------------------------------------------------------------- */

int link_socket_ready(Link *link)
{
    char byte;
    int error, got = receive(link, &byte, 1, &error);

    if (got) {
        link->why = "the device says something behind its hello";
        return LINK_BROKEN;
    }
    return error;
}

int link_set_config(Link *link, const LinkConfig *config)
{
    const struct vgpu_link_hello *hello = &link->hello;
    struct vgpu_link_config message;
    int error;

    if (config) {
        link->config = *config;
    }
    if (!link->is_up) { /* the answer will say it */
        return 0;
    }
    config = &link->config;
    memset(&message, 0, sizeof(message));
    message.head = ours;
    message.head.type = VGPU_LINK_CONFIG;
    message.pool = in_force(config->has_pool, config->pool, hello->pool);
    message.priority = in_force(config->has_priority, config->priority,
                                hello->priority);
    message.vm_id = in_force(config->has_vm_id, config->vm_id, hello->vm_id);
    error = send_message(link, &message, NULL);
    link->config_to_send = error == -EAGAIN;
    return error == -EAGAIN ? 0 : error;
}
