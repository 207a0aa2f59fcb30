/* SPDX-License-Identifier: MIT */
#include "vgpu.h"

#include <endian.h>
#include <errno.h>

const char *vgpu_status_text(uint32_t status)
{
    switch (status) {
    case VGPU_DONE_OK:
        return "done";
    case VGPU_DONE_BAD_OPCODE:
        return "the device has no such command";
    case VGPU_DONE_BAD_FIELD:
        return "wrong flag, argument or reserved field";
    case VGPU_DONE_BAD_SEGMENTS:
        return "wrong number, order, length or direction of buffers";
    case VGPU_DONE_TOO_LARGE:
        return "too large";
    case VGPU_DONE_BAD_ADDRESS:
        return "not in the guest's memory";
    case VGPU_DONE_NO_BACKEND:
        return "the host has no accelerator for this device now";
    case VGPU_DONE_LINK_LOST:
        return "the way to the host's accelerator was lost";
    case VGPU_DONE_BACKEND_FAILED:
        return "the host's side could not do it";
    case VGPU_STATUS_RESET:
        return "the device was reset before it was done";
    case VGPU_STATUS_GONE:
        return "the device is gone";
    default:
        return "a status that this library does not know";
    }
}

static int run(VgpuDevice *device, const VgpuCommand *command,
               uint64_t timeout_ns, uint64_t *value)
{
    VgpuResult result;
    const int ret = vgpu_run(device, command, timeout_ns, &result);

    if (ret < 0) {
        return ret;
    }
    *value = result.result;
    return result.status == VGPU_DONE_OK ? 0 : -EIO;
}

int vgpu_nop(VgpuDevice *device, uint64_t timeout_ns)
{
    const VgpuCommand command = { .opcode = VGPU_OP_NOP };
    uint64_t value;

    return run(device, &command, timeout_ns, &value);
}

static void to_host(struct vgpu_identity *identity)
{
    identity->magic = le32toh(identity->magic);
    identity->abi_version = le32toh(identity->abi_version);
    identity->features = le32toh(identity->features);
    identity->driver_features = le32toh(identity->driver_features);
    identity->pool = le32toh(identity->pool);
    identity->priority = le32toh(identity->priority);
    identity->vm_id = le32toh(identity->vm_id);
    identity->link = le32toh(identity->link);
    identity->generation = le32toh(identity->generation);
    identity->queues = le32toh(identity->queues);
    identity->queue_size_max = le32toh(identity->queue_size_max);
    identity->segments_max = le32toh(identity->segments_max);
    identity->command_bytes_max = le64toh(identity->command_bytes_max);
    identity->completed = le64toh(identity->completed);
}

int vgpu_identify(VgpuDevice *device, uint64_t timeout_ns,
                  struct vgpu_identity *identity)
{
    const VgpuBuffer buffer = { identity, sizeof(*identity),
                                VGPU_BUFFER_WRITE };
    const VgpuCommand command = {
        .opcode = VGPU_OP_IDENTIFY,
        .buffers = &buffer,
        .buffer_count = 1,
    };
    uint64_t length;
    int ret;

    ret = run(device, &command, timeout_ns, &length);
    if (ret < 0) {
        return ret;
    }
    to_host(identity);
    return length == sizeof(*identity) ? 0 : -EIO;
}

int vgpu_echo(VgpuDevice *device, const void *from, void *to, size_t size,
              uint64_t timeout_ns)
{
    const VgpuBuffer buffers[] = {
        { (void *)(uintptr_t)from, size, 0 },
        { to, size, VGPU_BUFFER_WRITE },
    };
    const VgpuCommand command = {
        .opcode = VGPU_OP_ECHO,
        .buffers = buffers,
        .buffer_count = 2,
    };
    uint64_t length;
    const int ret = run(device, &command, timeout_ns, &length);

    return ret < 0 || length == size ? ret : -EIO;
}

int vgpu_memory_test(VgpuDevice *device, void *memory, size_t size,
                     uint64_t seed, uint64_t timeout_ns, uint64_t *differing)
{
    VgpuBuffer buffer = { memory, size, VGPU_BUFFER_WRITE };
    const VgpuCommand command = {
        .opcode = VGPU_OP_MEMORY_TEST,
        .argument = seed,
        .buffers = &buffer,
        .buffer_count = 1,
    };
    int ret;

    *differing = 0;
    ret = run(device, &command, timeout_ns, differing);
    if (ret == 0) {
        buffer.flags = 0;
        ret = run(device, &command, timeout_ns, differing);
    }
    return ret;
}

uint8_t vgpu_pattern_byte(uint64_t seed, size_t number)
{
    const uint64_t word = (seed + number / 8) * VGPU_PATTERN_FACTOR;

    return (uint8_t)(word >> (number % 8 * 8));
}
