// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vgpu-stub: the device by its registers (docs/specification.md, sections 2, 3).
 */
#include <linux/delay.h>
#include <linux/pci.h>

#include "vgpu-driver.h"

/* The longest that a suspend waits for commands. */
#define DRAIN_MS 1000

int vgpu_usable(struct vgpu *vgpu)
{
	switch (vgpu_condition(vgpu)) {
	case VGPU_PLAIN:
		return -EOPNOTSUPP;
	case VGPU_FAILED:
		return -EIO;
	case VGPU_GONE:
		return -ENODEV;
	default:
		return 0;
	}
}

int vgpu_identify(struct vgpu *vgpu)
{
	struct device *dev = &vgpu->pdev->dev;
	const u32 magic = vgpu_read(vgpu, VGPU_REG_MAGIC);

	if (magic != VGPU_MAGIC) {
		dev_err(dev, "no vgpu-stub of version 1 or later: magic 0x%08x, not 0x%08x\n",
			magic, VGPU_MAGIC);
		return -ENODEV;
	}
	vgpu->abi_version = vgpu_read(vgpu, VGPU_REG_ABI_VERSION);
	if (vgpu->abi_version >> VGPU_ABI_MAJOR_SHIFT != VGPU_ABI_MAJOR) {
		dev_err(dev, "version %u of the device, this driver knows version %u\n",
			vgpu->abi_version >> VGPU_ABI_MAJOR_SHIFT,
			VGPU_ABI_MAJOR);
		return -ENODEV;
	}
	vgpu->features = vgpu_read(vgpu, VGPU_REG_FEATURES);
	vgpu->queues_offered = vgpu->features & VGPU_FEATURE_QUEUES ?
				       vgpu_read(vgpu, VGPU_REG_QUEUES) : 0;
	return 0;
}

/* Of a device that was pulled out all reads give the same, whatever that is. */
static bool present(struct vgpu *vgpu)
{
	return vgpu_read(vgpu, VGPU_REG_MAGIC) == VGPU_MAGIC;
}

/* ---- Start and stop ------------------------------------------------------ */

static void write_address(struct vgpu *vgpu, unsigned int reg, dma_addr_t to)
{
	vgpu_write(vgpu, reg, lower_32_bits(to));
	vgpu_write(vgpu, reg + VGPU_REG_SIZE, upper_32_bits(to));
}

static void turn_on(struct vgpu_queue *queue)
{
	struct vgpu *vgpu = queue->vgpu;

	vgpu_queue_clear(queue);
	vgpu_write(vgpu, VGPU_REG_QUEUE_SELECT, queue->index);
	vgpu_write(vgpu, VGPU_REG_QUEUE_SIZE, queue->size);
	vgpu_write(vgpu, VGPU_REG_QUEUE_VECTOR,
		   vgpu->vectors ? 1 + queue->index : VGPU_VECTOR_NONE);
	write_address(vgpu, VGPU_REG_QUEUE_SUBMISSION, queue->submissions_dma);
	write_address(vgpu, VGPU_REG_QUEUE_COMPLETION, queue->completions_dma);
	write_address(vgpu, VGPU_REG_QUEUE_EVENT, queue->event_dma);
	vgpu_write(vgpu, VGPU_REG_QUEUE_ENABLE, 1);
}

static int start(struct vgpu *vgpu)
{
	unsigned int i;

	vgpu_write(vgpu, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
	if (vgpu_read(vgpu, VGPU_REG_STATE) != VGPU_STATE_RESET)
		return -EIO;
	pci_set_master(vgpu->pdev);
	vgpu_write(vgpu, VGPU_REG_DRIVER_FEATURES, VGPU_FEATURE_QUEUES);
	vgpu_write(vgpu, VGPU_REG_CONTROL, VGPU_CONTROL_START);
	vgpu_write(vgpu, VGPU_REG_CONFIG_VECTOR,
		   vgpu->vectors ? 0 : VGPU_VECTOR_NONE);
	for (i = 0; i < vgpu->queue_count; i++)
		turn_on(&vgpu->queues[i]);
	if (vgpu_read(vgpu, VGPU_REG_STATE) != VGPU_STATE_RUNNING)
		return -EIO;
	return 0;
}

static void set_running(struct vgpu *vgpu, bool running)
{
	unsigned int i;

	for (i = 0; i < vgpu->queue_count; i++)
		vgpu_queue_set_running(&vgpu->queues[i], running);
}

int vgpu_start(struct vgpu *vgpu)
{
	const int ret = start(vgpu);

	WRITE_ONCE(vgpu->confused, false);
	WRITE_ONCE(vgpu->condition, ret ? VGPU_FAILED : VGPU_RUNNING);
	if (ret)
		dev_err(&vgpu->pdev->dev,
			"the device did not start: state %u, failure %u\n",
			vgpu_read(vgpu, VGPU_REG_STATE),
			vgpu_read(vgpu, VGPU_REG_FAILURE));
	/* In any case: it wakes those that waited for this. */
	set_running(vgpu, !ret);
	return ret;
}

/* Its memory is not the device's any more. False: the device is gone. */
static bool stop(struct vgpu *vgpu)
{
	bool there;
	u32 state;

	vgpu_write(vgpu, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
	state = vgpu_read(vgpu, VGPU_REG_STATE);
	there = present(vgpu);
	if (there && state == VGPU_STATE_RESET)
		return true;
	dev_err(&vgpu->pdev->dev, "the device %s\n",
		there ? "does not stop" : "does not answer");
	/* It may be there all the same, with memory decoding off. */
	pci_clear_master(vgpu->pdev);
	return there;
}

void vgpu_stop(struct vgpu *vgpu, enum vgpu_condition condition, u32 status)
{
	unsigned int i;

	WRITE_ONCE(vgpu->condition, condition);
	set_running(vgpu, false);
	if (!stop(vgpu)) {
		WRITE_ONCE(vgpu->condition, VGPU_GONE);
		status = VGPU_STATUS_GONE;
	}
	for (i = 0; i < vgpu->queue_count; i++)
		vgpu_queue_fail(&vgpu->queues[i], status);
	if (vgpu_condition(vgpu) == VGPU_GONE) {
		set_running(vgpu, false);
		vgpu_files_wake(vgpu);
	}
}

void vgpu_reset(struct vgpu *vgpu, int seen, const char *why)
{
	down_write(&vgpu->gate);
	if (vgpu_condition(vgpu) == VGPU_RUNNING &&
	    atomic_read(&vgpu->resets) == seen) {
		dev_warn(&vgpu->pdev->dev, "reset: %s (state %u, failure %u)\n",
			 why, vgpu_read(vgpu, VGPU_REG_STATE),
			 vgpu_read(vgpu, VGPU_REG_FAILURE));
		atomic_inc(&vgpu->resets);
		vgpu_stop(vgpu, VGPU_STOPPED, VGPU_STATUS_RESET);
		if (vgpu_condition(vgpu) == VGPU_STOPPED)
			vgpu_start(vgpu);
	}
	up_write(&vgpu->gate);
}

void vgpu_drain(struct vgpu *vgpu)
{
	unsigned int i, left = DRAIN_MS;

	for (i = 0; i < vgpu->queue_count; i++)
		for (; left && !vgpu_queue_idle(&vgpu->queues[i]); left--)
			msleep(1);
}

/* ---- What it tells ------------------------------------------------------- */

void vgpu_check(struct vgpu *vgpu)
{
	unsigned int i;

	down_read(&vgpu->gate);
	if (vgpu_condition(vgpu) == VGPU_RUNNING) {
		for (i = 0; i < vgpu->queue_count; i++)
			vgpu_queue_reap(&vgpu->queues[i]);
		if (vgpu_read(vgpu, VGPU_REG_STATE) != VGPU_STATE_RUNNING)
			schedule_work(&vgpu->work);
	}
	up_read(&vgpu->gate);
}

static void notify(struct vgpu *vgpu)
{
	static const char *const names[] = { "pool", "priority", "vm_id",
					     "link" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		sysfs_notify(&vgpu->dev.kobj, NULL, names[i]);
}

void vgpu_work(struct work_struct *work)
{
	struct vgpu *vgpu = container_of(work, struct vgpu, work);
	const int seen = atomic_read(&vgpu->resets);
	bool running = true;

	down_read(&vgpu->gate);
	if (vgpu_condition(vgpu) == VGPU_RUNNING)
		running = vgpu_read(vgpu, VGPU_REG_STATE) == VGPU_STATE_RUNNING;
	up_read(&vgpu->gate);

	if (READ_ONCE(vgpu->confused))
		vgpu_reset(vgpu, seen, "it completed a command that was not sent");
	else if (!running)
		vgpu_reset(vgpu, seen, "it has stopped");
	else
		notify(vgpu);
}

static void fill_once(struct vgpu *vgpu, struct vgpu_info *info)
{
	info->pool = vgpu_read(vgpu, VGPU_REG_POOL);
	info->priority = vgpu_read(vgpu, VGPU_REG_PRIORITY);
	info->vm_id = vgpu_read(vgpu, VGPU_REG_VM_ID);
	if (!vgpu->queues_offered)
		return;
	info->link = vgpu_read(vgpu, VGPU_REG_LINK);
	info->generation = vgpu_read(vgpu, VGPU_REG_GENERATION);
}

void vgpu_fill_info(struct vgpu *vgpu, struct vgpu_info *info)
{
	unsigned int tries = 8;
	u32 generation;

	/* The host may change them between two reads. */
	fill_once(vgpu, info);
	do {
		generation = info->generation;
		fill_once(vgpu, info);
	} while (info->generation != generation && --tries);
}
