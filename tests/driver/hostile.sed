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
    }\
    return vgpu_ring_complete(core, queue, &lie);\
}\

s/: vgpu_ring_complete(core, queue, &completion);/: vgpu_lie(core, queue, \&submission, \&completion);/
