# SPDX-License-Identifier: MIT
# A device that lies to its driver, in as many ways as the argument of a
# VGPU_OP_NOP says. For tests/driver/hostile.c.
/^static int vgpu_queue_step(VgpuCore \*core/i\
static int vgpu_lie(VgpuCore *core, VgpuQueue *queue,\
                    const struct vgpu_submission *submission,\
                    const struct vgpu_completion *honest)\
{\
    struct vgpu_completion lie = *honest;\
    uint8_t ones[VGPU_QUEUE_SIZE_MAX * VGPU_COMPLETION_SIZE];\
    unsigned i;\
\
    switch (submission->opcode == VGPU_OP_NOP ? submission->argument : 0) {\
    case 1: /* an id that no driver can have */\
        lie.id = 0xffff;\
        break;\
    case 2: /* an id that this one does not have now */\
        lie.id ^= 0x80;\
        break;\
    case 3: /* twice */\
        vgpu_ring_complete(core, queue, &lie);\
        lie = *honest;\
        break;\
    case 4: /* never */\
        return 0;\
    case 5: /* nonsense in all other fields */\
        lie.status = 0xffff;\
        lie.result = ~(uint64_t)0;\
        lie.reserved = 0xffff;\
        lie.reserved2 = 0xff;\
        break;\
    case 6: /* again and again */\
        for (i = 0; i < queue->size / 2; i++) {\
            lie = *honest;\
            vgpu_ring_complete(core, queue, &lie);\
        }\
        return 0;\
    case 7: /* says that it is awake, and sleeps */\
        vgpu_ring_set_awake(core, queue, 1);\
        queue->awake = 0;\
        queue->rung = 0;\
        break;\
    case 8: /* the whole ring is ones */\
        memset(ones, 0xff, sizeof(ones));\
        core->ops->dma_write(core->opaque, queue->completion, ones,\
                             queue->size * VGPU_COMPLETION_SIZE);\
        queue->completed = 1;\
        return 0;\
    case 9: /* its version is another, the next time that it is read */\
        vgpu_other_version = 1;\
        break;\
    }\
    return vgpu_ring_complete(core, queue, &lie);\
}\

s/: vgpu_ring_complete(core, queue, &completion);/: vgpu_lie(core, queue, \&submission, \&completion);/

# One that is no vgpu-stub, one of another version, and one of a later minor, as its
# vm_id says; and one that is another after a sleep.
/^uint32_t vgpu_core_read(VgpuCore \*core, uint64_t offset, unsigned size)$/i\
static int vgpu_other_version;\
\
static uint32_t vgpu_lying_version(const VgpuCore *core)\
{\
    if (vgpu_other_version && core->config.vm_id == 100) {\
        vgpu_other_version = 0;\
        return 2 << VGPU_ABI_MAJOR_SHIFT;\
    }\
    return core->config.vm_id == 902 ? 2 << VGPU_ABI_MAJOR_SHIFT :\
           core->config.vm_id == 903 ? VGPU_ABI_VERSION + 7 : VGPU_ABI_VERSION;\
}\

s/^        return VGPU_MAGIC;/        return core->config.vm_id == 901 ? 0x55504757 : VGPU_MAGIC;/
s/^        return VGPU_ABI_VERSION;/        return vgpu_lying_version(core);/
s/^        return core->features;/        return core->config.vm_id == 903 ? ~0u : core->features;/
s/^        return core->config.pool;/        return core->config.vm_id == 903 ? 'Z' : core->config.pool;/
s/^        return core->config.priority;/        return core->config.vm_id == 903 ? 9 : core->config.priority;/
