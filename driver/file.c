// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vgpu-stub: an open /dev/vgpuN (vgpu/uapi.h, docs/driver.md).
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vgpu-driver.h"

/* A process that ends with commands on their way waits for them so long. Then
 * the device is reset: its memory is given back in any case. */
static unsigned int close_timeout_ms = 10000;
module_param(close_timeout_ms, uint, 0644);
MODULE_PARM_DESC(close_timeout_ms,
		 "how long a close waits for commands before it resets the device");

/* ---- Its commands -------------------------------------------------------- */

void vgpu_file_done(struct vgpu_command *command, u32 status, u64 result)
{
	struct vgpu_file *file = command->file;
	unsigned long flags;

	spin_lock_irqsave(&file->lock, flags);
	command->status = status;
	command->result = status == VGPU_DONE_OK ? result : 0;
	command->state = VGPU_COMMAND_DONE;
	/* Under the lock: behind it the command may be gone, and the file. */
	wake_up_all(&file->done);
	spin_unlock_irqrestore(&file->lock, flags);
}

static int add_command(struct vgpu_file *file, struct vgpu_command *command)
{
	unsigned long flags;
	int ret = -EBUSY;

	spin_lock_irqsave(&file->lock, flags);
	if (file->command_count < VGPU_FILE_COMMANDS_MAX) {
		file->command_count++;
		command->handle = ++file->last_handle;
		list_add_tail(&command->node, &file->commands);
		ret = 0;
	}
	spin_unlock_irqrestore(&file->lock, flags);
	return ret;
}

static void remove_command(struct vgpu_file *file,
			   struct vgpu_command *command)
{
	unsigned long flags;

	spin_lock_irqsave(&file->lock, flags);
	file->command_count--;
	list_del(&command->node);
	/* Whoever waits for any may have nothing left to wait for. */
	wake_up_all(&file->done);
	spin_unlock_irqrestore(&file->lock, flags);
}

/* 0, -EAGAIN: not done yet, or -ENOENT. */
static int claim(struct vgpu_file *file, u64 handle,
		 struct vgpu_command **claimed)
{
	struct vgpu_command *command;
	unsigned long flags;
	int ret = -ENOENT;

	spin_lock_irqsave(&file->lock, flags);
	list_for_each_entry(command, &file->commands, node) {
		if ((handle && command->handle != handle) ||
		    command->state == VGPU_COMMAND_CLAIMED)
			continue;
		ret = -EAGAIN;
		if (command->state == VGPU_COMMAND_DONE) {
			command->state = VGPU_COMMAND_CLAIMED;
			*claimed = command;
			ret = 0;
			break;
		}
	}
	spin_unlock_irqrestore(&file->lock, flags);
	if (ret == -ENOENT && vgpu_condition(file->vgpu) == VGPU_GONE)
		return -ENODEV;
	return ret;
}

static void unclaim(struct vgpu_file *file, struct vgpu_command *command)
{
	unsigned long flags;

	spin_lock_irqsave(&file->lock, flags);
	command->state = VGPU_COMMAND_DONE;
	wake_up_all(&file->done);
	spin_unlock_irqrestore(&file->lock, flags);
}

static bool has_done(struct vgpu_file *file)
{
	struct vgpu_command *command;
	unsigned long flags;
	bool done = false;

	spin_lock_irqsave(&file->lock, flags);
	list_for_each_entry(command, &file->commands, node)
		done |= command->state == VGPU_COMMAND_DONE;
	spin_unlock_irqrestore(&file->lock, flags);
	return done;
}

/* The memory is the process's alone again. */
static void release_memory(struct vgpu_command *command)
{
	struct vgpu *vgpu = command->file->vgpu;

	/* Where the device is gone its removal has unmapped all. */
	down_read(&vgpu->gate);
	vgpu_command_unmap(command);
	up_read(&vgpu->gate);
	vgpu_command_unpin(command);
}

static void drop_command(struct vgpu_command *command)
{
	release_memory(command);
	remove_command(command->file, command);
	vgpu_command_free(command);
}

/* ---- The calls' arguments ------------------------------------------------ */

/* A structure of any size from the first version's on (vgpu/uapi.h). */
static int copy_in(void *to, size_t size, size_t first_size,
		   const void __user *from, size_t from_size)
{
	if (from_size < first_size)
		return -EINVAL;
	return copy_struct_from_user(to, size, from, from_size);
}

static int copy_out(void __user *to, size_t to_size, const void *from,
		    size_t size)
{
	return copy_to_user(to, from, min(to_size, size)) ? -EFAULT : 0;
}

static int read_deadline(u64 ns, ktime_t *deadline)
{
	const u64 now = ktime_get_ns();

	if (ns > now && ns - now > VGPU_WAIT_MAX_NS)
		return -EINVAL;
	*deadline = ns_to_ktime(min_t(u64, ns, KTIME_MAX));
	return 0;
}

static int check_buffers(const struct vgpu_buffer *buffers, unsigned int count)
{
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct vgpu_buffer *buffer = &buffers[i];

		if (buffer->flags & ~VGPU_BUFFER_WRITE || buffer->reserved ||
		    !buffer->length)
			return -EINVAL;
		if (buffer->length > VGPU_COMMAND_BYTES_MAX)
			return -EMSGSIZE;
		if (buffer->address + buffer->length < buffer->address ||
		    buffer->address + buffer->length > ULONG_MAX)
			return -EFAULT;
		total += buffer->length;
	}
	return total > VGPU_COMMAND_BYTES_MAX ? -EMSGSIZE : 0;
}

static int copy_buffers(struct vgpu_buffer *buffers,
			const struct vgpu_submit *submit)
{
	if (submit->buffer_count > VGPU_BUFFERS_MAX)
		return -EINVAL;
	if (copy_from_user(buffers, u64_to_user_ptr(submit->buffers),
			   submit->buffer_count * sizeof(*buffers)))
		return -EFAULT;
	return check_buffers(buffers, submit->buffer_count);
}

/* ---- VGPU_IOC_INFO ------------------------------------------------------- */

static void fill_own(struct vgpu *vgpu, struct vgpu_info *info)
{
	unsigned int i;

	switch (vgpu_condition(vgpu)) {
	case VGPU_PLAIN:
		info->state = VGPU_INFO_PLAIN;
		break;
	case VGPU_FAILED:
		info->state = VGPU_INFO_FAILED;
		break;
	default:
		info->state = VGPU_INFO_RUNNING;
	}
	info->abi_version = vgpu->abi_version;
	info->features = vgpu->features;
	info->queues_offered = vgpu->queues_offered;
	if (vgpu->queue_count) {
		info->driver_features = VGPU_FEATURE_QUEUES;
		info->queues = vgpu->queue_count;
		info->queue_size = vgpu->queues[0].size;
		info->buffers_max = VGPU_BUFFERS_MAX;
		info->command_bytes_max = VGPU_COMMAND_BYTES_MAX;
		info->interrupts = vgpu->vectors;
	}
	info->submitted = atomic64_read(&vgpu->submitted);
	info->completed = atomic64_read(&vgpu->completed);
	info->lost = atomic64_read(&vgpu->lost);
	info->resets = atomic_read(&vgpu->resets);
	for (i = 0; i < vgpu->queue_count; i++)
		vgpu_queue_count(&vgpu->queues[i], info);
	info->pci_domain = pci_domain_nr(vgpu->pdev->bus);
	info->pci_bus = vgpu->pdev->bus->number;
	info->pci_devfn = vgpu->pdev->devfn;
}

static int ioctl_info(struct vgpu_file *file, void __user *argument,
		      size_t size)
{
	struct vgpu *vgpu = file->vgpu;
	struct vgpu_info info, empty = { 0 };
	int ret;

	ret = copy_in(&info, sizeof(info), VGPU_INFO_SIZE, argument, size);
	if (ret)
		return ret;
	if (info.flags)
		return -EINVAL;
	info = empty;
	down_read(&vgpu->gate);
	if (vgpu_condition(vgpu) == VGPU_GONE) {
		ret = -ENODEV;
	} else {
		fill_own(vgpu, &info);
		vgpu_fill_info(vgpu, &info);
	}
	up_read(&vgpu->gate);
	return ret ?: copy_out(argument, size, &info, sizeof(info));
}

/* ---- VGPU_IOC_SUBMIT ----------------------------------------------------- */

static int map(struct vgpu_command *command)
{
	struct vgpu *vgpu = command->file->vgpu;
	int ret;

	down_read(&vgpu->gate);
	ret = vgpu_usable(vgpu) ?: vgpu_command_map(command);
	up_read(&vgpu->gate);
	return ret;
}

/* Processors that have a queue each do not wait for one another's lock. */
static struct vgpu_queue *choose_queue(struct vgpu *vgpu)
{
	return &vgpu->queues[raw_smp_processor_id() % vgpu->queue_count];
}

static int send(struct vgpu_command *command,
		const struct vgpu_buffer *buffers, unsigned int count,
		ktime_t deadline, u64 __user *handle)
{
	int ret;

	/* Before it is on its way: a command without a handle is of no use. */
	if (put_user(command->handle, handle))
		return -EFAULT;
	ret = vgpu_command_pin(command, buffers, count, deadline);
	if (!ret)
		ret = map(command);
	if (!ret)
		ret = vgpu_queue_submit(choose_queue(command->file->vgpu),
					command, deadline);
	return ret;
}

static int ioctl_submit(struct vgpu_file *file, void __user *argument,
			size_t size)
{
	struct vgpu_submit __user *user = argument;
	struct vgpu_buffer buffers[VGPU_BUFFERS_MAX];
	struct vgpu_submit submit;
	struct vgpu_command *command;
	ktime_t deadline;
	int ret;

	ret = copy_in(&submit, sizeof(submit), VGPU_SUBMIT_SIZE, argument,
		      size);
	if (ret)
		return ret;
	if (submit.flags || submit.reserved || submit.handle ||
	    submit.opcode > U8_MAX)
		return -EINVAL;
	ret = read_deadline(submit.deadline, &deadline) ?:
	      copy_buffers(buffers, &submit) ?:
	      vgpu_usable(file->vgpu);
	if (ret)
		return ret;

	command = vgpu_command_new(file, &submit);
	if (!command)
		return -ENOMEM;
	ret = add_command(file, command);
	if (ret) {
		vgpu_command_free(command);
		return ret;
	}
	ret = send(command, buffers, submit.buffer_count, deadline,
		   &user->handle);
	if (ret) {
		drop_command(command);
		/* What is asked once more has to be what it was. */
		if (put_user(0, &user->handle))
			return -EFAULT;
	}
	return ret;
}

/* ---- VGPU_IOC_WAIT ------------------------------------------------------- */

static int wait_and_claim(struct vgpu_file *file, u64 handle, ktime_t deadline,
			  struct vgpu_command **command)
{
	int ret = claim(file, handle, command);
	int waited = -ETIME;
	ktime_t left;

	if (ret != -EAGAIN)
		return ret;
	left = vgpu_remaining(deadline);
	if (left)
		waited = wait_event_interruptible_hrtimeout(
			file->done,
			(ret = claim(file, handle, command)) != -EAGAIN, left);
	if (ret != -EAGAIN)
		return ret;
	if (waited != -ETIME)
		return waited;
	if (!left)
		return -ETIMEDOUT;
	/* An interrupt may be lost, and a device may have failed silently. */
	vgpu_check(file->vgpu);
	ret = claim(file, handle, command);
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

static int ioctl_wait(struct vgpu_file *file, void __user *argument,
		      size_t size)
{
	struct vgpu_command *command;
	struct vgpu_wait wait;
	ktime_t deadline;
	int ret;

	ret = copy_in(&wait, sizeof(wait), VGPU_WAIT_SIZE, argument, size);
	if (ret)
		return ret;
	if (wait.flags)
		return -EINVAL;
	ret = read_deadline(wait.deadline, &deadline) ?:
	      wait_and_claim(file, wait.handle, deadline, &command);
	if (ret)
		return ret;

	release_memory(command);
	wait.handle = command->handle;
	wait.status = command->status;
	wait.result = command->result;
	wait.cookie = command->cookie;
	ret = copy_out(argument, size, &wait, sizeof(wait));
	if (ret) {
		unclaim(file, command);
		return ret;
	}
	remove_command(file, command);
	vgpu_command_free(command);
	return 0;
}

/* ---- The file ------------------------------------------------------------ */

static long vgpu_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct vgpu_file *file = filp->private_data;
	void __user *argument = (void __user *)arg;
	const size_t size = _IOC_SIZE(cmd);

	if (_IOC_TYPE(cmd) != VGPU_IOC_TYPE ||
	    _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE))
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(VGPU_IOC_INFO):
		return ioctl_info(file, argument, size);
	case _IOC_NR(VGPU_IOC_SUBMIT):
		return ioctl_submit(file, argument, size);
	case _IOC_NR(VGPU_IOC_WAIT):
		return ioctl_wait(file, argument, size);
	default:
		return -ENOTTY;
	}
}

static __poll_t vgpu_poll(struct file *filp, poll_table *table)
{
	struct vgpu_file *file = filp->private_data;
	__poll_t events = 0;

	poll_wait(filp, &file->done, table);
	if (has_done(file))
		events |= EPOLLIN | EPOLLRDNORM;
	if (vgpu_condition(file->vgpu) == VGPU_GONE)
		events |= EPOLLHUP | EPOLLERR;
	return events;
}

static int vgpu_open(struct inode *inode, struct file *filp)
{
	/* The character device is part of it, and open keeps that. */
	struct vgpu *vgpu = container_of(inode->i_cdev, struct vgpu, cdev);
	struct vgpu_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	int ret = 0;

	if (!file)
		return -ENOMEM;
	file->vgpu = vgpu;
	spin_lock_init(&file->lock);
	INIT_LIST_HEAD(&file->commands);
	init_waitqueue_head(&file->done);

	down_read(&vgpu->gate);
	if (vgpu_condition(vgpu) == VGPU_GONE) {
		ret = -ENODEV;
	} else {
		mutex_lock(&vgpu->files_lock);
		list_add(&file->node, &vgpu->files);
		mutex_unlock(&vgpu->files_lock);
	}
	up_read(&vgpu->gate);
	if (ret) {
		kfree(file);
		return ret;
	}
	filp->private_data = file;
	return stream_open(inode, filp);
}

static bool has_busy(struct vgpu_file *file)
{
	struct vgpu_command *command;
	unsigned long flags;
	bool busy = false;

	spin_lock_irqsave(&file->lock, flags);
	list_for_each_entry(command, &file->commands, node)
		busy |= command->state == VGPU_COMMAND_BUSY;
	spin_unlock_irqrestore(&file->lock, flags);
	return busy;
}

static int vgpu_release(struct inode *inode, struct file *filp)
{
	struct vgpu_file *file = filp->private_data;
	struct vgpu *vgpu = file->vgpu;
	struct vgpu_command *command, *next;
	int seen;

	if (!wait_event_timeout(file->done, !has_busy(file),
				msecs_to_jiffies(close_timeout_ms))) {
		seen = atomic_read(&vgpu->resets);
		vgpu_check(vgpu);
		if (has_busy(file))
			vgpu_reset(vgpu, seen,
				   "commands of a closed file do not end");
	}
	/* Nobody else has the file, and nothing of it is on its way. */
	list_for_each_entry_safe(command, next, &file->commands, node)
		drop_command(command);
	mutex_lock(&vgpu->files_lock);
	list_del(&file->node);
	mutex_unlock(&vgpu->files_lock);
	kfree(file);
	return 0;
}

void vgpu_files_unmap(struct vgpu *vgpu)
{
	struct vgpu_command *command;
	struct vgpu_file *file;
	unsigned long flags;

	mutex_lock(&vgpu->files_lock);
	list_for_each_entry(file, &vgpu->files, node) {
		/* The gate keeps all others from mapping and unmapping, the lock
		 * those that have nothing mapped from the list. */
		spin_lock_irqsave(&file->lock, flags);
		list_for_each_entry(command, &file->commands, node)
			vgpu_command_unmap(command);
		spin_unlock_irqrestore(&file->lock, flags);
	}
	mutex_unlock(&vgpu->files_lock);
}

void vgpu_files_wake(struct vgpu *vgpu)
{
	struct vgpu_file *file;

	mutex_lock(&vgpu->files_lock);
	list_for_each_entry(file, &vgpu->files, node)
		wake_up_all(&file->done);
	mutex_unlock(&vgpu->files_lock);
	wake_up_all(&vgpu->unpinned);
}

const struct file_operations vgpu_file_operations = {
	.owner = THIS_MODULE,
	.open = vgpu_open,
	.release = vgpu_release,
	.poll = vgpu_poll,
	.unlocked_ioctl = vgpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
