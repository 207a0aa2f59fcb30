/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vgpud/memory.h"

/* Nor these. */
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC       0x0001U
#define MFD_ALLOW_SEALING 0x0002U
#endif
#if !defined(SYS_memfd_create) && defined(__x86_64__)
#define SYS_memfd_create 319
#endif

static void clear(Memory *memory)
{
    unsigned i;

    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        memory->fd[i] = -1;
    }
    memory->bytes = NULL;
}

/* Sealed when it has its size, and before anybody else has it. */
static int make_memory(Memory *memory)
{
    void *bytes;
    int fd = (int)syscall(SYS_memfd_create, "vgpu-link",
                          MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0) {
        return -errno;
    }
    memory->fd[VGPU_LINK_FD_MEMORY] = fd;
    if (ftruncate(fd, VGPU_LINK_MEMORY_BYTES) < 0 ||
        fcntl(fd, F_ADD_SEALS, MEMORY_SEALS) < 0) {
        return -errno;
    }
    bytes = mmap(NULL, VGPU_LINK_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                 MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        return -errno;
    }
    memory->bytes = bytes;
    return 0;
}

static int make_event(int *fd)
{
    *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return *fd < 0 ? -errno : 0;
}

int memory_create(Memory *memory)
{
    int error;

    clear(memory);
    error = make_memory(memory);
    if (!error) {
        error = make_event(&memory->fd[VGPU_LINK_FD_REQUESTS]);
    }
    if (!error) {
        error = make_event(&memory->fd[VGPU_LINK_FD_DONE]);
    }
    if (error) {
        memory_destroy(memory);
    }
    return error;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void memory_sent(Memory *memory)
{
    close_fd(&memory->fd[VGPU_LINK_FD_MEMORY]);
}

void memory_destroy(Memory *memory)
{
    unsigned i;

    if (memory->bytes) {
        munmap(memory->bytes, VGPU_LINK_MEMORY_BYTES);
    }
    for (i = 0; i < VGPU_LINK_DESCRIPTORS; i++) {
        close_fd(&memory->fd[i]);
    }
    clear(memory);
}
