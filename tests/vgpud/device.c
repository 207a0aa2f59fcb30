/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vgpu/regs.h"
#include "vgpud/device.h"

void device_init(Device *device, int socket)
{
    unsigned i;

    memset(device, 0, sizeof(*device));
    device->socket = socket;
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        device->fd[i] = -1;
    }
}

int device_dial(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

struct vgpu_link_hello device_hello(void)
{
    const struct vgpu_link_hello hello = {
        .head = { VGPU_LINK_MAGIC, VGPU_LINK_MAJOR, VGPU_LINK_MINOR,
                  VGPU_LINK_HELLO, 0 },
        .pool = VGPU_POOL_A,
        .priority = VGPU_PRIORITY_MEDIUM,
        .vm_id = 7,
        .queues = 2,
        .command_bytes_max = VGPU_COMMAND_BYTES_MAX,
    };

    return hello;
}

bool device_send(Device *device, const void *bytes, size_t length)
{
    return send(device->socket, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* ---- Receiving --------------------------------------------------------------------- */

static bool readable(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    return poll(&poll_fd, 1, DEVICE_WAIT_MS) > 0;
}

static void take_descriptors(Device *device, struct msghdr *header)
{
    struct cmsghdr *part;

    for (part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_type == SCM_RIGHTS) {
            device->descriptors = (unsigned)((part->cmsg_len - CMSG_LEN(0)) /
                                             sizeof(int));
            memcpy(device->fd, CMSG_DATA(part),
                   sizeof(int) * device->descriptors);
        }
    }
}

size_t device_receive(Device *device, void *message)
{
    char control[CMSG_SPACE(sizeof(device->fd))];
    size_t length = 0;

    while (length < VGPU_LINK_MESSAGE_BYTES && readable(device->socket)) {
        struct iovec vector = { (char *)message + length,
                                VGPU_LINK_MESSAGE_BYTES - length };
        struct msghdr header = { .msg_iov = &vector,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control) };
        ssize_t got = recvmsg(device->socket, &header, MSG_CMSG_CLOEXEC);

        if (got <= 0) {
            break;
        }
        take_descriptors(device, &header);
        length += (size_t)got;
    }
    return length;
}

bool device_sees_end(Device *device)
{
    char byte;

    return readable(device->socket) && recv(device->socket, &byte, 1, 0) <= 0;
}

/* ---- Opening ------------------------------------------------------------------------- */

static bool answer_is_right(const struct vgpu_link_answer *answer)
{
    return answer->head.magic == VGPU_LINK_MAGIC &&
           answer->head.major == VGPU_LINK_MAJOR &&
           answer->head.type == VGPU_LINK_ANSWER &&
           answer->head.status == VGPU_LINK_STATUS_OK &&
           answer->slots == VGPU_LINK_SLOTS &&
           answer->slot_bytes == VGPU_LINK_SLOT_BYTES &&
           answer->memory_bytes == VGPU_LINK_MEMORY_BYTES;
}

static bool map(Device *device)
{
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
    struct stat info;
    void *memory;

    if (fstat(device->fd[0], &info) < 0 ||
        info.st_size != VGPU_LINK_MEMORY_BYTES ||
        fcntl(device->fd[0], F_GET_SEALS) != seals) {
        return false;
    }
    memory = mmap(NULL, VGPU_LINK_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                  MAP_SHARED, device->fd[0], 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    device->memory = memory;
    return true;
}

bool device_open(Device *device)
{
    return device_receive(device, &device->answer) == sizeof(device->answer) &&
           answer_is_right(&device->answer) &&
           device->descriptors == VGPU_LINK_DESCRIPTORS && map(device);
}

bool device_connect(Device *device)
{
    const struct vgpu_link_hello hello = device_hello();

    return device_send(device, &hello, sizeof(hello)) && device_open(device);
}

void device_close(Device *device)
{
    unsigned i;

    if (device->memory) {
        munmap(device->memory, VGPU_LINK_MEMORY_BYTES);
    }
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        if (device->fd[i] >= 0) {
            close(device->fd[i]);
        }
    }
    if (device->socket >= 0) {
        close(device->socket);
    }
    device_init(device, -1);
}

/* ---- Requests -------------------------------------------------------------------------- */

uint32_t *device_word(Device *device, size_t offset)
{
    return (uint32_t *)(void *)(device->memory + offset);
}

#define HEADER(device, field) \
    device_word(device, offsetof(struct vgpu_link_header, field))

void device_kick(Device *device)
{
    const uint64_t one = 1;

    if (write(device->fd[VGPU_LINK_FD_REQUESTS], &one, sizeof(one)) < 0) {
        return;
    }
}

void device_put(Device *device, const struct vgpu_link_request *entry)
{
    memcpy(device->memory + VGPU_LINK_REQUESTS_AT +
               device->requests % VGPU_LINK_SLOTS * sizeof(*entry),
           entry, sizeof(*entry));
    device->requests++;
    __atomic_store_n(HEADER(device, requests), device->requests,
                     __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(HEADER(device, request_wanted), __ATOMIC_RELAXED)) {
        device_kick(device);
    }
}

void device_submit(Device *device, uint32_t slot, const void *request,
                   uint32_t bytes, uint32_t room)
{
    const struct vgpu_link_request entry = { .slot = slot,
                                             .request_bytes = bytes,
                                             .response_bytes = room };

    device->at[slot] = VGPU_LINK_SLOT_AT(slot) + VGPU_LINK_RESPONSE_AT(bytes);
    memcpy(device->memory + VGPU_LINK_SLOT_AT(slot), request, bytes);
    device_put(device, &entry);
}

/* ---- Completions ------------------------------------------------------------------------ */

static bool one_is_there(Device *device)
{
    return __atomic_load_n(HEADER(device, completions), __ATOMIC_ACQUIRE) !=
           device->taken;
}

/* Until a completion is there, or the socket has something: its end. */
static bool wait_for_one(Device *device)
{
    struct pollfd fds[] = {
        { .fd = device->fd[VGPU_LINK_FD_DONE], .events = POLLIN },
        { .fd = device->socket, .events = POLLIN },
    };
    uint64_t count;
    bool came;

    __atomic_store_n(HEADER(device, completion_wanted), 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    while (!(came = one_is_there(device)) && poll(fds, 2, DEVICE_WAIT_MS) > 0 &&
           !fds[1].revents) {
        if (read(fds[0].fd, &count, sizeof(count)) < 0 && errno != EAGAIN) {
            break;
        }
    }
    __atomic_store_n(HEADER(device, completion_wanted), 0, __ATOMIC_RELAXED);
    return came || one_is_there(device);
}

bool device_wait(Device *device, struct vgpu_link_completion *completion)
{
    if (!wait_for_one(device)) {
        return false;
    }
    memcpy(completion,
           device->memory + VGPU_LINK_COMPLETIONS_AT +
               device->taken % VGPU_LINK_SLOTS * sizeof(*completion),
           sizeof(*completion));
    device->taken++;
    return completion->slot < VGPU_LINK_SLOTS;
}

const uint8_t *device_call(Device *device, const void *request, uint32_t bytes,
                           uint32_t room,
                           struct vgpu_link_completion *completion)
{
    memset(completion, 0xff, sizeof(*completion));
    device_submit(device, 0, request, bytes, room);
    if (!device_wait(device, completion) ||
        completion->status != VGPU_LINK_DONE_OK) {
        return NULL;
    }
    return device->memory + device->at[0];
}
