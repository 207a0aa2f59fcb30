/* SPDX-License-Identifier: MIT */
#include "lib/queue.h"

#include <string.h>

void queue_enable_bus_master(Device *d)
{
    uint32_t command = pci_read(d->qemu, d->devfn, PCI_COMMAND, 2);

    pci_write(d->qemu, d->devfn, PCI_COMMAND, command | PCI_COMMAND_MASTER, 2);
}

void queue_start_device(Device *d)
{
    device_write(d, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
    device_write(d, VGPU_REG_DRIVER_FEATURES, VGPU_FEATURE_QUEUES);
    device_write(d, VGPU_REG_CONTROL, VGPU_CONTROL_START);
    g_assert_cmpuint(device_read(d, VGPU_REG_STATE), ==, VGPU_STATE_RUNNING);
}

void queue_turn_on(Device *d, uint32_t submissions)
{
    device_write(d, VGPU_REG_QUEUE_SELECT, 0);
    device_write(d, VGPU_REG_QUEUE_SIZE, QUEUE_ENTRIES);
    device_write(d, VGPU_REG_QUEUE_VECTOR, 1);
    device_write(d, VGPU_REG_QUEUE_SUBMISSION, submissions);
    device_write(d, VGPU_REG_QUEUE_COMPLETION, QUEUE_COMPLETIONS);
    device_write(d, VGPU_REG_QUEUE_ENABLE, 1);
}

bool queue_start(Queue *queue, const char *args, const char *properties)
{
    g_autofree char *machine = g_strdup_printf("pc %s", args);

    memset(queue, 0, sizeof(*queue));
    if (!device_start(&queue->d, machine, properties)) {
        return false;
    }
    qemu_do(queue->d.qemu, "{'execute': 'cont'}");
    queue_enable_bus_master(&queue->d);
    queue_start_device(&queue->d);
    queue_turn_on(&queue->d, QUEUE_SUBMISSIONS);
    g_assert_cmpuint(device_read(&queue->d, VGPU_REG_QUEUE_ENABLE), ==, 1);
    return true;
}

/* The word with the phase comes last. */
static void write_submission(Qemu *qemu, uint64_t address,
                             const struct vgpu_submission *submission)
{
    uint64_t words[VGPU_SUBMISSION_SIZE / 8];
    size_t i;

    memcpy(words, submission, sizeof(words));
    for (i = G_N_ELEMENTS(words); i-- > 0;) {
        qemu_write(qemu, address + 8 * i, words[i], 8);
    }
}

void queue_submit(Queue *queue, struct vgpu_submission *submission)
{
    unsigned pass = queue->head / QUEUE_ENTRIES;

    submission->id = (uint16_t)queue->head;
    submission->flags |= pass % 2 ? 0 : VGPU_SUBMISSION_PHASE;
    write_submission(queue->d.qemu,
                     QUEUE_SUBMISSIONS +
                         queue->head % QUEUE_ENTRIES * VGPU_SUBMISSION_SIZE,
                     submission);
    queue->head++;
    device_write(&queue->d, VGPU_DOORBELLS, 0);
}

static uint64_t next_completion(const Queue *queue)
{
    return QUEUE_COMPLETIONS +
           queue->tail % QUEUE_ENTRIES * VGPU_COMPLETION_SIZE;
}

bool queue_is_completed(Queue *queue)
{
    unsigned phase = queue->tail / QUEUE_ENTRIES % 2 ? 0
                                                     : VGPU_COMPLETION_PHASE;

    return qemu_read(queue->d.qemu,
                     next_completion(queue) +
                         offsetof(struct vgpu_completion, flags),
                     1) == phase;
}

unsigned queue_complete(Queue *queue)
{
    const uint64_t entry = next_completion(queue);
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);

    while (!queue_is_completed(queue) && g_get_monotonic_time() < deadline) {
        g_usleep(1000);
    }
    g_assert_true(queue_is_completed(queue));
    g_assert_cmpuint(qemu_read(queue->d.qemu,
                               entry + offsetof(struct vgpu_completion, id), 2),
                     ==, queue->tail);
    queue->tail++;
    queue->result = qemu_read(queue->d.qemu, entry, 8);
    return (unsigned)qemu_read(
        queue->d.qemu, entry + offsetof(struct vgpu_completion, status), 2);
}

void queue_settle(Queue *queue)
{
    qemu_alive(queue->d.qemu);
    g_usleep(50000);
    qemu_alive(queue->d.qemu);
}

bool queue_wait_register(Queue *queue, unsigned offset, uint32_t value)
{
    gint64 deadline = deadline_after(QUEUE_TIMEOUT_S);

    while (device_read(&queue->d, offset) != value &&
           g_get_monotonic_time() < deadline && qemu_alive(queue->d.qemu)) {
        g_usleep(1000);
    }
    g_assert_cmphex(device_read(&queue->d, offset), ==, value);
    return device_read(&queue->d, offset) == value;
}
