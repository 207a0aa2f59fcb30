/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/queue.h"

/* ---- Interrupts ---------------------------------------------------------------- */

void vgpu_core_update_intx(VgpuCore *core)
{
    if (core->config.queues) {
        core->ops->set_intx(core->opaque,
                            core->interrupt != 0 &&
                                !core->ops->msix_is_on(core->opaque));
    }
}

static void vgpu_interrupt(VgpuCore *core, uint32_t vector, uint32_t bit)
{
    if (!core->ops->msix_is_on(core->opaque)) {
        core->interrupt |= bit;
        vgpu_core_update_intx(core);
    } else if (vector != VGPU_VECTOR_NONE) {
        core->ops->send_msix(core->opaque, vector);
    }
}

void vgpu_queue_interrupt(VgpuCore *core, unsigned number)
{
    vgpu_interrupt(core, core->queue[number].vector, 1u << number);
}

/* A driver that has not started the device waits for nothing. */
static void vgpu_config_interrupt(VgpuCore *core)
{
    if (core->state != VGPU_STATE_RESET) {
        vgpu_interrupt(core, core->config_vector, VGPU_INTERRUPT_CONFIG);
    }
}

static void vgpu_config_changed(VgpuCore *core)
{
    core->generation++;
    vgpu_config_interrupt(core);
}

void vgpu_core_set_link(VgpuCore *core, uint32_t link)
{
    if (core->link != link) {
        core->link = link;
        vgpu_config_changed(core);
    }
}

int vgpu_core_set_config(VgpuCore *core, uint32_t pool, uint32_t priority,
                         uint32_t vm_id)
{
    const VgpuConfig config = { pool, priority, vm_id, core->config.queues };

    if (!vgpu_config_pool_text(&config) ||
        !vgpu_config_priority_text(&config)) {
        return -EINVAL;
    }
    if (memcmp(&core->config, &config, sizeof(config)) != 0) {
        core->config = config;
        vgpu_config_changed(core);
    }
    return 0;
}

/* ---- The state machine ------------------------------------------------------------ */

static void vgpu_queue_clear(VgpuQueue *queue)
{
    memset(queue, 0, sizeof(*queue));
    queue->vector = VGPU_VECTOR_NONE;
}

/* What the driver has set stays. */
static void vgpu_queue_stop(VgpuCore *core, unsigned number)
{
    VgpuQueue *queue = &core->queue[number];

    vgpu_link_forget(core, number);
    queue->enabled = 0;
    queue->head = 0;
    queue->head_phase = 0;
    queue->tail = 0;
    queue->tail_phase = 0;
    queue->awake = 0;
    queue->rung = 0;
    queue->completed = 0;
}

void vgpu_queues_reset(VgpuCore *core)
{
    unsigned i;

    core->control = VGPU_CONTROL_RESET;
    core->state = VGPU_STATE_RESET;
    core->failure = VGPU_FAILURE_NONE;
    core->driver_features = 0;
    core->interrupt = 0;
    core->config_vector = VGPU_VECTOR_NONE;
    core->queue_select = 0;
    core->turn = 0;
    for (i = 0; i < VGPU_QUEUES_MAX; i++) {
        vgpu_queue_clear(&core->queue[i]);
        vgpu_link_forget(core, i);
    }
    vgpu_core_update_intx(core);
}

void vgpu_queues_fail(VgpuCore *core, uint32_t failure)
{
    unsigned i;

    core->state = VGPU_STATE_FAILED;
    core->failure = failure;
    for (i = 0; i < core->config.queues; i++) {
        vgpu_queue_stop(core, i);
    }
    vgpu_config_interrupt(core);
}

static const char *vgpu_control(VgpuCore *core, uint32_t value)
{
    switch (value) {
    case VGPU_CONTROL_RESET:
        vgpu_queues_reset(core);
        return NULL;
    case VGPU_CONTROL_START:
        if (core->state != VGPU_STATE_RESET) {
            return "start of a device that is not reset";
        }
        core->control = value;
        if (core->driver_features & ~core->features ||
            !(core->driver_features & VGPU_FEATURE_QUEUES)) {
            vgpu_queues_fail(core, VGPU_FAILURE_FEATURES);
        } else {
            core->state = VGPU_STATE_RUNNING;
        }
        return NULL;
    default:
        return "write of no control command";
    }
}

/* ---- A queue's registers ------------------------------------------------------------ */

/* Aligned, and its last byte is not behind the end of all addresses. */
static bool vgpu_address_is_good(uint64_t address, uint64_t bytes,
                                 uint64_t align)
{
    return address % align == 0 && address + (bytes - 1) >= address;
}

static bool vgpu_vector_is_good(const VgpuCore *core, uint32_t vector)
{
    return vector <= core->config.queues || vector == VGPU_VECTOR_NONE;
}

static bool vgpu_queue_is_good(const VgpuCore *core, const VgpuQueue *queue)
{
    uint64_t size = queue->size;

    return size >= VGPU_QUEUE_SIZE_MIN && size <= VGPU_QUEUE_SIZE_MAX &&
           (size & (size - 1)) == 0 &&
           vgpu_vector_is_good(core, queue->vector) &&
           vgpu_address_is_good(queue->submission, size * VGPU_SUBMISSION_SIZE,
                                VGPU_SUBMISSION_ALIGN) &&
           vgpu_address_is_good(queue->completion, size * VGPU_COMPLETION_SIZE,
                                VGPU_COMPLETION_ALIGN) &&
           vgpu_address_is_good(queue->event, VGPU_EVENT_SIZE,
                                VGPU_SUBMISSION_ALIGN);
}

/* The first look at the ring is the device's own: it tells the driver then that it
 * sleeps. */
static void vgpu_queue_enable(VgpuCore *core, VgpuQueue *queue)
{
    if (!vgpu_queue_is_good(core, queue)) {
        vgpu_queues_fail(core, VGPU_FAILURE_QUEUE);
        return;
    }
    queue->enabled = 1;
    queue->head_phase = VGPU_SUBMISSION_PHASE;
    queue->tail_phase = VGPU_COMPLETION_PHASE;
    queue->awake = 1;
    queue->rung = 1;
    core->ops->schedule(core->opaque);
}

static void vgpu_set_low(uint64_t *address, uint32_t value)
{
    *address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void vgpu_set_high(uint64_t *address, uint32_t value)
{
    *address = (*address & UINT32_MAX) | (uint64_t)value << 32;
}

static const char *vgpu_queue_write(VgpuCore *core, uint64_t offset,
                                    uint32_t value)
{
    VgpuQueue *queue;

    if (core->state != VGPU_STATE_RUNNING) {
        return "write to a queue of a device that does not run";
    }
    if (core->queue_select >= core->config.queues) {
        return "write to a queue that there is not";
    }
    queue = &core->queue[core->queue_select];
    if (offset == VGPU_REG_QUEUE_ENABLE) {
        if (value > 1) {
            return "write of neither 0 nor 1 to a queue's switch";
        }
        if (!value) {
            vgpu_queue_stop(core, core->queue_select);
            return NULL;
        }
    }
    if (queue->enabled) {
        return "write to a queue that is on";
    }
    switch (offset) {
    case VGPU_REG_QUEUE_SIZE:
        queue->size = value;
        break;
    case VGPU_REG_QUEUE_VECTOR:
        queue->vector = value;
        break;
    case VGPU_REG_QUEUE_SUBMISSION:
        vgpu_set_low(&queue->submission, value);
        break;
    case VGPU_REG_QUEUE_SUBMISSION_HIGH:
        vgpu_set_high(&queue->submission, value);
        break;
    case VGPU_REG_QUEUE_COMPLETION:
        vgpu_set_low(&queue->completion, value);
        break;
    case VGPU_REG_QUEUE_COMPLETION_HIGH:
        vgpu_set_high(&queue->completion, value);
        break;
    case VGPU_REG_QUEUE_EVENT:
        vgpu_set_low(&queue->event, value);
        break;
    case VGPU_REG_QUEUE_EVENT_HIGH:
        vgpu_set_high(&queue->event, value);
        break;
    default: /* VGPU_REG_QUEUE_ENABLE */
        vgpu_queue_enable(core, queue);
        break;
    }
    return NULL;
}

static uint32_t vgpu_queue_read(const VgpuCore *core, uint64_t offset)
{
    const VgpuQueue *queue;

    if (core->queue_select >= core->config.queues) {
        return 0;
    }
    queue = &core->queue[core->queue_select];
    switch (offset) {
    case VGPU_REG_QUEUE_SIZE:
        return queue->size;
    case VGPU_REG_QUEUE_VECTOR:
        return queue->vector;
    case VGPU_REG_QUEUE_SUBMISSION:
        return (uint32_t)queue->submission;
    case VGPU_REG_QUEUE_SUBMISSION_HIGH:
        return (uint32_t)(queue->submission >> 32);
    case VGPU_REG_QUEUE_COMPLETION:
        return (uint32_t)queue->completion;
    case VGPU_REG_QUEUE_COMPLETION_HIGH:
        return (uint32_t)(queue->completion >> 32);
    case VGPU_REG_QUEUE_EVENT:
        return (uint32_t)queue->event;
    case VGPU_REG_QUEUE_EVENT_HIGH:
        return (uint32_t)(queue->event >> 32);
    default: /* VGPU_REG_QUEUE_ENABLE */
        return queue->enabled;
    }
}

/* ---- The device's registers ----------------------------------------------------------- */

static const char *vgpu_doorbell(VgpuCore *core, uint64_t number)
{
    if (core->state != VGPU_STATE_RUNNING || number >= core->config.queues ||
        !core->queue[number].enabled) {
        return "doorbell of a queue that is not on";
    }
    core->queue[number].rung = 1;
    core->ops->schedule(core->opaque);
    return NULL;
}

static bool vgpu_is_doorbell(uint64_t offset)
{
    return offset >= VGPU_DOORBELLS &&
           offset < VGPU_DOORBELLS + VGPU_QUEUES_MAX * VGPU_REG_SIZE;
}

const char *vgpu_queues_read(const VgpuCore *core, uint64_t offset,
                             uint32_t *value)
{
    *value = 0;
    switch (offset) {
    case VGPU_REG_CONTROL:
        *value = core->control;
        return NULL;
    case VGPU_REG_STATE:
        *value = core->state;
        return NULL;
    case VGPU_REG_FAILURE:
        *value = core->failure;
        return NULL;
    case VGPU_REG_DRIVER_FEATURES:
        *value = core->driver_features;
        return NULL;
    case VGPU_REG_LINK:
        *value = core->link;
        return NULL;
    case VGPU_REG_GENERATION:
        *value = core->generation;
        return NULL;
    case VGPU_REG_INTERRUPT:
        *value = core->interrupt;
        return NULL;
    case VGPU_REG_CONFIG_VECTOR:
        *value = core->config_vector;
        return NULL;
    case VGPU_REG_QUEUES:
        *value = core->config.queues;
        return NULL;
    case VGPU_REG_QUEUE_LIMIT:
        *value = VGPU_QUEUE_SIZE_MAX;
        return NULL;
    case VGPU_REG_QUEUE_SELECT:
        *value = core->queue_select;
        return NULL;
    default:
        if (offset < VGPU_QUEUE_REGS_END) {
            *value = vgpu_queue_read(core, offset);
            return NULL;
        }
        return vgpu_is_doorbell(offset) ? "read of a doorbell"
                                        : "read of no register";
    }
}

const char *vgpu_queues_write(VgpuCore *core, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case VGPU_REG_CONTROL:
        return vgpu_control(core, value);
    case VGPU_REG_DRIVER_FEATURES:
        if (core->state != VGPU_STATE_RESET) {
            return "features chosen after the start";
        }
        core->driver_features = value;
        return NULL;
    case VGPU_REG_INTERRUPT:
        core->interrupt &= ~value;
        vgpu_core_update_intx(core);
        return NULL;
    case VGPU_REG_CONFIG_VECTOR:
        if (!vgpu_vector_is_good(core, value)) {
            return "configuration's vector that there is not";
        }
        core->config_vector = value;
        return NULL;
    case VGPU_REG_QUEUE_SELECT:
        core->queue_select = value;
        return NULL;
    default:
        if (offset >= VGPU_REG_QUEUE_SIZE && offset < VGPU_QUEUE_REGS_END) {
            return vgpu_queue_write(core, offset, value);
        }
        if (vgpu_is_doorbell(offset)) {
            return vgpu_doorbell(core,
                                 (offset - VGPU_DOORBELLS) / VGPU_REG_SIZE);
        }
        return "write to no writable register";
    }
}

/* ---- A loaded state ---------------------------------------------------------------------- */

static bool vgpu_queue_is_clear(const VgpuQueue *queue)
{
    return queue->size == 0 && queue->vector == VGPU_VECTOR_NONE &&
           queue->submission == 0 && queue->completion == 0 &&
           queue->event == 0 && !queue->enabled;
}

static bool vgpu_queue_state_is_good(const VgpuCore *core, unsigned number)
{
    const VgpuQueue *queue = &core->queue[number];

    if ((core->state == VGPU_STATE_RESET || number >= core->config.queues) &&
        !vgpu_queue_is_clear(queue)) {
        return false;
    }
    if (!queue->enabled) {
        return queue->head == 0 && queue->head_phase == 0 && queue->tail == 0 &&
               queue->tail_phase == 0 && queue->awake == 0 &&
               queue->rung == 0 && queue->completed == 0;
    }
    return queue->enabled == 1 && core->state == VGPU_STATE_RUNNING &&
           vgpu_queue_is_good(core, queue) && queue->head < queue->size &&
           queue->tail < queue->size && queue->head_phase <= 1 &&
           queue->tail_phase <= 1 && queue->rung <= 1 &&
           queue->awake <= queue->rung && queue->completed == 0;
}

static bool vgpu_features_are_good(const VgpuCore *core)
{
    return !(core->driver_features & ~core->features) &&
           core->driver_features & VGPU_FEATURE_QUEUES;
}

static bool vgpu_state_is_good(const VgpuCore *core)
{
    const bool started = core->control == VGPU_CONTROL_START;

    switch (core->state) {
    case VGPU_STATE_RESET:
        return core->control == VGPU_CONTROL_RESET &&
               core->failure == VGPU_FAILURE_NONE && core->interrupt == 0;
    case VGPU_STATE_RUNNING:
        return started && core->failure == VGPU_FAILURE_NONE &&
               vgpu_features_are_good(core);
    case VGPU_STATE_FAILED:
        return started && core->failure >= VGPU_FAILURE_FEATURES &&
               core->failure <= VGPU_FAILURE_RING &&
               (core->failure == VGPU_FAILURE_FEATURES) !=
                   vgpu_features_are_good(core);
    default:
        return false;
    }
}

static bool vgpu_flight_is_good(const VgpuCore *core, const VgpuFlight *flight)
{
    switch (flight->state) {
    case VGPU_FLIGHT_FREE:
    case VGPU_FLIGHT_ORPHAN:
        return true;
    case VGPU_FLIGHT_SENT:
    case VGPU_FLIGHT_LOST:
        return flight->queue < core->config.queues &&
               core->queue[flight->queue].enabled && flight->id <= UINT16_MAX;
    default:
        return false;
    }
}

int vgpu_queues_check_state(const VgpuCore *core)
{
    const uint32_t bits = VGPU_INTERRUPT_CONFIG |
                          ((1u << core->config.queues) - 1);
    unsigned i;

    if (!vgpu_state_is_good(core) || core->interrupt & ~bits ||
        !vgpu_vector_is_good(core, core->config_vector)) {
        return -EINVAL;
    }
    for (i = 0; i < VGPU_QUEUES_MAX; i++) {
        if (!vgpu_queue_state_is_good(core, i)) {
            return -EINVAL;
        }
    }
    for (i = 0; i < VGPU_LINK_SLOTS; i++) {
        if (!vgpu_flight_is_good(core, &core->flight[i])) {
            return -EINVAL;
        }
    }
    return 0;
}
