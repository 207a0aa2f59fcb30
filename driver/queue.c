// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vgpu-stub: the rings (docs/specification.md, section 4).
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "vgpu-driver.h"

/*
 * vgpu/queue.h is also the device's, and its numbers are little-endian without
 * saying so in their types: these say it, and read and write once.
 */
static void put16(uint16_t *to, u16 value)
{
	WRITE_ONCE(*to, (__force uint16_t)cpu_to_le16(value));
}

static void put32(uint32_t *to, u32 value)
{
	WRITE_ONCE(*to, (__force uint32_t)cpu_to_le32(value));
}

static void put64(uint64_t *to, u64 value)
{
	*to = (__force uint64_t)cpu_to_le64(value);
}

static u16 get16(const uint16_t *from)
{
	return le16_to_cpu((__force __le16)READ_ONCE(*from));
}

static u64 get64(const uint64_t *from)
{
	return le64_to_cpu((__force __le64)*(const volatile uint64_t *)from);
}

/* ---- Made and freed ------------------------------------------------------ */

static void *alloc_ring(struct vgpu_queue *queue, size_t size, dma_addr_t *dma)
{
	return dma_alloc_coherent(&queue->vgpu->pdev->dev, size, dma,
				  GFP_KERNEL);
}

static void free_ring(struct vgpu_queue *queue, size_t size, void *ring,
		      dma_addr_t dma)
{
	if (ring)
		dma_free_coherent(&queue->vgpu->pdev->dev, size, ring, dma);
}

int vgpu_queue_init(struct vgpu_queue *queue, struct vgpu *vgpu,
		    unsigned int index, unsigned int size)
{
	queue->vgpu = vgpu;
	queue->index = index;
	queue->size = size;
	spin_lock_init(&queue->lock);
	init_waitqueue_head(&queue->space);

	queue->free_ids = kcalloc(size, sizeof(*queue->free_ids), GFP_KERNEL);
	queue->commands = kcalloc(size, sizeof(*queue->commands), GFP_KERNEL);
	/* Pages, so that they are aligned to all that the device asks for. */
	queue->submissions = alloc_ring(queue, size * VGPU_SUBMISSION_SIZE,
					&queue->submissions_dma);
	queue->completions = alloc_ring(queue, size * VGPU_COMPLETION_SIZE,
					&queue->completions_dma);
	queue->event = alloc_ring(queue, VGPU_EVENT_SIZE, &queue->event_dma);
	/* The caller frees what there is. */
	if (!queue->free_ids || !queue->commands || !queue->submissions ||
	    !queue->completions || !queue->event)
		return -ENOMEM;
	return 0;
}

/* What the device has access to: gone before its driver is. */
void vgpu_queue_free_rings(struct vgpu_queue *queue)
{
	if (!queue->vgpu)
		return;
	free_ring(queue, queue->size * VGPU_SUBMISSION_SIZE,
		  queue->submissions, queue->submissions_dma);
	free_ring(queue, queue->size * VGPU_COMPLETION_SIZE,
		  queue->completions, queue->completions_dma);
	free_ring(queue, VGPU_EVENT_SIZE, queue->event, queue->event_dma);
	queue->submissions = NULL;
	queue->completions = NULL;
	queue->event = NULL;
}

/* The rest: gone with the last open file. */
void vgpu_queue_free(struct vgpu_queue *queue)
{
	kfree(queue->free_ids);
	kfree(queue->commands);
}

/* ---- Started and stopped ------------------------------------------------- */

void vgpu_queue_clear(struct vgpu_queue *queue)
{
	unsigned int i;
	unsigned long flags;

	memset(queue->submissions, 0, queue->size * VGPU_SUBMISSION_SIZE);
	memset(queue->completions, 0, queue->size * VGPU_COMPLETION_SIZE);
	memset(queue->event, 0, VGPU_EVENT_SIZE);
	put32(&queue->event->interrupt_wanted, 1);

	spin_lock_irqsave(&queue->lock, flags);
	for (i = 0; i < queue->size; i++)
		queue->free_ids[i] = queue->size - 1 - i;
	queue->free_count = queue->size;
	queue->tail = 0;
	queue->head = 0;
	queue->tail_phase = VGPU_SUBMISSION_PHASE;
	queue->head_phase = VGPU_COMPLETION_PHASE;
	spin_unlock_irqrestore(&queue->lock, flags);
}

void vgpu_queue_set_running(struct vgpu_queue *queue, bool running)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	queue->running = running;
	spin_unlock_irqrestore(&queue->lock, flags);
	wake_up_all(&queue->space);
}

bool vgpu_queue_idle(struct vgpu_queue *queue)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&queue->lock, flags);
	idle = queue->free_count == queue->size;
	spin_unlock_irqrestore(&queue->lock, flags);
	return idle;
}

void vgpu_queue_fail(struct vgpu_queue *queue, u32 status)
{
	unsigned int id;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	for (id = 0; id < queue->size; id++) {
		struct vgpu_command *command = queue->commands[id];

		if (!command)
			continue;
		queue->commands[id] = NULL;
		atomic64_inc(&queue->vgpu->lost);
		vgpu_file_done(command, status, 0);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
}

/* ---- Submissions --------------------------------------------------------- */

static void put_segment(struct vgpu_segment *to,
			const struct vgpu_segment *from)
{
	put64(&to->address, from->address);
	put32(&to->length, from->length);
	put32(&to->flags, from->flags);
}

static void put_segments(struct vgpu_submission *entry,
			 const struct vgpu_command *command)
{
	const struct vgpu_segment none = { 0 };
	const struct vgpu_segment list = {
		.address = command->list_dma,
		.length = command->segments * VGPU_SEGMENT_SIZE,
	};
	unsigned int i;

	for (i = 0; i < VGPU_SEGMENTS_INLINE; i++) {
		const struct vgpu_segment *segment = &none;

		if (command->list && i == 0)
			segment = &list;
		else if (!command->list && i < command->segments)
			segment = &command->inlined[i];
		put_segment(&entry->segment[i], segment);
	}
}

/* Under the lock. */
static void write_entry(struct vgpu_queue *queue,
			const struct vgpu_command *command, u16 id)
{
	struct vgpu_submission *entry = &queue->submissions[queue->tail];
	u8 flags = queue->tail_phase;

	if (command->list)
		flags |= VGPU_SUBMISSION_INDIRECT;
	entry->opcode = command->opcode;
	put16(&entry->id, id);
	put32(&entry->segments, command->segments);
	put64(&entry->argument, command->argument);
	put_segments(entry, command);
	/* The device must not see the phase before the rest. */
	dma_wmb();
	WRITE_ONCE(entry->flags, flags);

	if (++queue->tail == queue->size) {
		queue->tail = 0;
		queue->tail_phase ^= VGPU_SUBMISSION_PHASE;
	}
}

static void ring_doorbell(struct vgpu_queue *queue)
{
	/* The device first says that it sleeps, then looks once more: so here
	 * the entry is written first, then read what it said. */
	mb();
	if (!READ_ONCE(queue->event->doorbell_wanted))
		return;
	queue->doorbells++;
	vgpu_write(queue->vgpu, VGPU_DOORBELLS + 4 * queue->index, 1);
}

/* 0, -EAGAIN: no room yet, or the device is being reset; or another error. */
static int push(struct vgpu_queue *queue, struct vgpu_command *command)
{
	unsigned long flags;
	int ret;
	u16 id;

	spin_lock_irqsave(&queue->lock, flags);
	if (!queue->running) {
		ret = vgpu_usable(queue->vgpu) ?: -EAGAIN;
	} else if (!queue->free_count) {
		ret = -EAGAIN;
	} else {
		id = queue->free_ids[--queue->free_count];
		queue->commands[id] = command;
		atomic64_inc(&queue->vgpu->submitted);
		write_entry(queue, command, id);
		ring_doorbell(queue);
		ret = 0;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return ret;
}

int vgpu_queue_submit(struct vgpu_queue *queue, struct vgpu_command *command,
		      ktime_t deadline)
{
	int ret = push(queue, command);
	ktime_t left;
	int waited;

	if (ret != -EAGAIN)
		return ret;
	left = vgpu_remaining(deadline);
	if (!left)
		return -ETIMEDOUT;
	waited = wait_event_interruptible_hrtimeout(
		queue->space, (ret = push(queue, command)) != -EAGAIN, left);
	/* A command that went out in the last moment is out. */
	if (ret != -EAGAIN)
		return ret;
	return waited == -ETIME ? -ETIMEDOUT : waited;
}

/* ---- Completions --------------------------------------------------------- */

static bool is_there(const struct vgpu_queue *queue)
{
	const struct vgpu_completion *entry = &queue->completions[queue->head];

	return (READ_ONCE(entry->flags) & VGPU_COMPLETION_PHASE) ==
	       queue->head_phase;
}

/* Takes one completion, under the lock. False: the device cannot be believed. */
static bool take(struct vgpu_queue *queue)
{
	const struct vgpu_completion *entry = &queue->completions[queue->head];
	struct vgpu_command *command;
	u64 result;
	u16 id, status;

	/* Nothing else of it before its phase. */
	dma_rmb();
	id = get16(&entry->id);
	status = get16(&entry->status);
	result = get64(&entry->result);
	if (++queue->head == queue->size) {
		queue->head = 0;
		queue->head_phase ^= VGPU_COMPLETION_PHASE;
	}

	if (id >= queue->size || !queue->commands[id])
		return false;
	command = queue->commands[id];
	queue->commands[id] = NULL;
	queue->free_ids[queue->free_count++] = id;
	atomic64_inc(&queue->vgpu->completed);
	vgpu_file_done(command, status, result);
	return true;
}

/*
 * Never more turns than commands on their way: each takes one away. Returns
 * whether any was taken.
 */
static bool take_all(struct vgpu_queue *queue)
{
	bool taken = false;

	while (queue->running && is_there(queue)) {
		if (!take(queue)) {
			queue->running = false;
			WRITE_ONCE(queue->vgpu->confused, true);
			schedule_work(&queue->vgpu->work);
			return true;
		}
		taken = true;
	}
	return taken;
}

static void reap(struct vgpu_queue *queue, unsigned int interrupts)
{
	bool taken = false;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	queue->interrupts += interrupts;
	while (queue->running) {
		put32(&queue->event->interrupt_wanted, 0);
		taken |= take_all(queue);
		put32(&queue->event->interrupt_wanted, 1);
		/* Asked for first, then looked once more: what came between
		 * has raised no interrupt. */
		mb();
		if (!is_there(queue))
			break;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	if (taken)
		wake_up_all(&queue->space);
}

void vgpu_queue_reap(struct vgpu_queue *queue)
{
	reap(queue, 0);
}

void vgpu_queue_interrupt(struct vgpu_queue *queue)
{
	reap(queue, 1);
}

void vgpu_queue_count(struct vgpu_queue *queue, struct vgpu_info *info)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	info->doorbells += queue->doorbells;
	info->interrupts_taken += queue->interrupts;
	spin_unlock_irqrestore(&queue->lock, flags);
}
