/* SPDX-License-Identifier: MIT */
#include "vgpu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "device.h"

#define CLASS_DIRECTORY "/sys/class/vgpu"

static int compare(const void *a, const void *b)
{
    const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

int vgpu_list(unsigned *numbers, unsigned max)
{
    DIR *directory = opendir(CLASS_DIRECTORY);
    const struct dirent *entry;
    unsigned count = 0;

    if (!directory) {
        return 0;
    }
    while ((entry = readdir(directory))) {
        unsigned number;
        char rest;

        if (sscanf(entry->d_name, "vgpu%u%c", &number, &rest) != 1) {
            continue;
        }
        if (count < max) {
            numbers[count] = number;
        }
        count++;
    }
    closedir(directory);
    if (max) {
        qsort(numbers, count < max ? count : max, sizeof(*numbers), compare);
    }
    return (int)count;
}

int vgpu_open(unsigned number, VgpuDevice **device)
{
    char path[32];
    VgpuDevice *opened = calloc(1, sizeof(*opened));

    *device = NULL;
    if (!opened) {
        return -ENOMEM;
    }
    snprintf(path, sizeof(path), "/dev/vgpu%u", number);
    opened->fd = open(path, O_RDWR | O_CLOEXEC);
    if (opened->fd < 0) {
        const int error = errno;

        free(opened);
        return -error;
    }
    *device = opened;
    return 0;
}

void vgpu_close(VgpuDevice *device)
{
    if (device) {
        close(device->fd);
        vgpu_blocks_free(device);
        free(device);
    }
}

int vgpu_descriptor(const VgpuDevice *device)
{
    return device->fd;
}

int vgpu_get_info(VgpuDevice *device, struct vgpu_info *info)
{
    *info = (struct vgpu_info){ 0 };
    return ioctl(device->fd, VGPU_IOC_INFO, info) < 0 ? -errno : 0;
}

/* ---- Commands -------------------------------------------------------------- */

/* The driver's clock. 0 stays 0: it does not wait. */
static uint64_t deadline_after(uint64_t timeout_ns)
{
    struct timespec now;

    if (timeout_ns == 0) {
        return 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * VGPU_SECOND + (uint64_t)now.tv_nsec +
           timeout_ns;
}

static int call(const VgpuDevice *device, unsigned long request, void *argument)
{
    int ret;

    /* The deadline is absolute: what a signal has interrupted is asked again. */
    do {
        ret = ioctl(device->fd, request, argument);
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? -errno : 0;
}

static int submit_until(VgpuDevice *device, const VgpuCommand *command,
                        uint64_t deadline, uint64_t *handle)
{
    struct vgpu_buffer buffers[VGPU_BUFFERS_MAX] = { { 0 } };
    struct vgpu_submit submit = {
        .opcode = command->opcode,
        .argument = command->argument,
        .cookie = command->cookie,
        .buffers = (uintptr_t)buffers,
        .buffer_count = command->buffer_count,
        .deadline = deadline,
    };
    unsigned i;
    int ret;

    if (command->buffer_count > VGPU_BUFFERS_MAX) {
        return -EINVAL;
    }
    for (i = 0; i < command->buffer_count; i++) {
        buffers[i].address = (uintptr_t)command->buffers[i].memory;
        buffers[i].length = command->buffers[i].size;
        buffers[i].flags = command->buffers[i].flags;
    }
    ret = call(device, VGPU_IOC_SUBMIT, &submit);
    *handle = ret == 0 ? submit.handle : 0;
    return ret;
}

static int wait_until(VgpuDevice *device, uint64_t handle, uint64_t deadline,
                      VgpuResult *result)
{
    struct vgpu_wait wait = { .handle = handle, .deadline = deadline };
    const int ret = call(device, VGPU_IOC_WAIT, &wait);

    if (ret < 0) {
        return ret;
    }
    result->handle = wait.handle;
    result->cookie = wait.cookie;
    result->result = wait.result;
    result->status = wait.status;
    return 0;
}

static int check_timeout(uint64_t timeout_ns)
{
    return timeout_ns > VGPU_WAIT_MAX_NS ? -EINVAL : 0;
}

int vgpu_submit(VgpuDevice *device, const VgpuCommand *command,
                uint64_t timeout_ns, uint64_t *handle)
{
    const int ret = check_timeout(timeout_ns);

    *handle = 0;
    return ret < 0 ? ret
                   : submit_until(device, command, deadline_after(timeout_ns),
                                  handle);
}

int vgpu_wait(VgpuDevice *device, uint64_t handle, uint64_t timeout_ns,
              VgpuResult *result)
{
    const int ret = check_timeout(timeout_ns);

    return ret < 0
               ? ret
               : wait_until(device, handle, deadline_after(timeout_ns), result);
}

int vgpu_run(VgpuDevice *device, const VgpuCommand *command,
             uint64_t timeout_ns, VgpuResult *result)
{
    const uint64_t deadline = deadline_after(timeout_ns);
    int ret = check_timeout(timeout_ns);

    *result = (VgpuResult){ 0 };
    if (ret == 0) {
        ret = submit_until(device, command, deadline, &result->handle);
    }
    return ret < 0 ? ret : wait_until(device, result->handle, deadline, result);
}
