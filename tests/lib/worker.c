/* SPDX-License-Identifier: MIT */
#include "lib/worker.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/qemu.h"

#define TIMEOUT_S 30

#define GOOD_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)

int worker_memory(size_t size, unsigned seals)
{
    int fd = memfd_create("vgpu-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
    return fd;
}

void worker_init(Worker *worker)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memset(worker, 0, sizeof(*worker));
    worker->directory = g_dir_make_tmp("vgpu-XXXXXX", NULL);
    worker->path = g_build_filename(worker->directory, "socket", NULL);
    g_strlcpy(address.sun_path, worker->path, sizeof(address.sun_path));
    worker->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(
        bind(worker->listener, (struct sockaddr *)&address, sizeof(address)),
        ==, 0);
    g_assert_cmpint(listen(worker->listener, 4), ==, 0);
    worker->peer = -1;
    worker->fd[VGPU_LINK_FD_MEMORY] = worker_memory(VGPU_LINK_MEMORY_BYTES,
                                                    GOOD_SEALS);
    worker->fd[VGPU_LINK_FD_REQUESTS] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    worker->fd[VGPU_LINK_FD_DONE] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    worker->memory = mmap(NULL, VGPU_LINK_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                          MAP_SHARED, worker->fd[VGPU_LINK_FD_MEMORY], 0);
    g_assert_true(worker->memory != MAP_FAILED);
    worker->header = (struct vgpu_link_header *)(void *)worker->memory;
    worker->header->request_wanted = 1;
}

void worker_hang_up(Worker *worker)
{
    if (worker->peer >= 0) {
        close(worker->peer);
        worker->peer = -1;
    }
}

void worker_clear(Worker *worker)
{
    unsigned i;

    worker_hang_up(worker);
    close(worker->listener);
    munmap(worker->memory, VGPU_LINK_MEMORY_BYTES);
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        close(worker->fd[i]);
    }
    g_unlink(worker->path);
    g_rmdir(worker->directory);
    g_free(worker->path);
    g_free(worker->directory);
}

static bool is_readable(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    gint64 left = deadline_after(TIMEOUT_S) - g_get_monotonic_time();

    return poll(&wait, 1, (int)(left / 1000)) == 1;
}

bool worker_accept(Worker *worker, struct vgpu_link_hello *hello)
{
    memset(hello, 0, sizeof(*hello));
    if (!is_readable(worker->listener)) {
        g_test_message("the device does not connect");
        g_test_fail();
        return false;
    }
    worker_hang_up(worker);
    worker->peer = accept4(worker->listener, NULL, NULL, SOCK_CLOEXEC);
    if (!is_readable(worker->peer) || recv(worker->peer, hello, sizeof(*hello),
                                           MSG_WAITALL) != sizeof(*hello)) {
        g_test_message("the device says no hello");
        g_test_fail();
        return false;
    }
    g_assert_cmphex(hello->head.magic, ==, VGPU_LINK_MAGIC);
    g_assert_cmpuint(hello->head.major, ==, VGPU_LINK_MAJOR);
    g_assert_cmpuint(hello->head.type, ==, VGPU_LINK_HELLO);
    return true;
}

struct vgpu_link_answer worker_answer(const struct vgpu_link_hello *hello)
{
    const struct vgpu_link_answer answer = {
        .head = { .magic = VGPU_LINK_MAGIC,
                  .major = VGPU_LINK_MAJOR,
                  .minor = VGPU_LINK_MINOR,
                  .type = VGPU_LINK_ANSWER,
                  .status = VGPU_LINK_STATUS_OK },
        .pool = hello->pool,
        .priority = hello->priority,
        .vm_id = hello->vm_id,
        .slots = VGPU_LINK_SLOTS,
        .slot_bytes = VGPU_LINK_SLOT_BYTES,
        .memory_bytes = VGPU_LINK_MEMORY_BYTES,
    };

    return answer;
}

void worker_send(Worker *worker, const void *bytes, size_t size, const int *fds,
                 unsigned count)
{
    char control[CMSG_SPACE(16 * sizeof(int))] = "";
    struct iovec data = { (void *)bytes, size };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

    if (count) {
        struct cmsghdr *header;

        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    g_assert_cmpint(sendmsg(worker->peer, &message, MSG_NOSIGNAL), ==,
                    (gssize)size);
}

bool worker_connect(Worker *worker)
{
    struct vgpu_link_answer answer;
    struct vgpu_link_hello hello;

    if (!worker_accept(worker, &hello)) {
        return false;
    }
    answer = worker_answer(&hello);
    worker_send(worker, &answer, sizeof(answer), worker->fd,
                VGPU_LINK_DESCRIPTORS);
    return true;
}

bool worker_take(Worker *worker, struct vgpu_link_request *request)
{
    gint64 end = deadline_after(TIMEOUT_S);

    while (__atomic_load_n(&worker->header->requests, __ATOMIC_ACQUIRE) ==
           worker->taken) {
        if (g_get_monotonic_time() > end) {
            g_test_message("no request comes");
            g_test_fail();
            return false;
        }
        g_usleep(1000);
    }
    memcpy(request,
           worker->memory + VGPU_LINK_REQUESTS_AT +
               (size_t)(worker->taken % VGPU_LINK_SLOTS) *
                   VGPU_LINK_REQUEST_SIZE,
           sizeof(*request));
    worker->taken++;
    return true;
}

void worker_done(Worker *worker, const struct vgpu_link_completion *done)
{
    const uint32_t count = worker->header->completions;
    const uint64_t one = 1;

    memcpy(worker->memory + VGPU_LINK_COMPLETIONS_AT +
               (size_t)(count % VGPU_LINK_SLOTS) * VGPU_LINK_COMPLETION_SIZE,
           done, sizeof(*done));
    __atomic_store_n(&worker->header->completions, count + 1, __ATOMIC_RELEASE);
    g_assert_cmpint(write(worker->fd[VGPU_LINK_FD_DONE], &one, sizeof(one)), ==,
                    sizeof(one));
}

uint8_t *worker_slot(Worker *worker, uint32_t slot)
{
    return worker->memory + VGPU_LINK_SLOT_AT(slot);
}
