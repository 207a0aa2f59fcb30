/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vgpu-stub: the Linux driver, inside.
 *
 * pci.c     finding the device, its interrupts, suspend, removal
 * device.c  its registers: start, stop, reset
 * queue.c   its rings
 * command.c a command and the memory that it has pinned
 * file.c    an open /dev/vgpuN
 * sysfs.c   /sys/class/vgpu/vgpuN
 *
 * Locks, from the outer to the inner:
 *
 * vgpu->gate        read: the device is there, and memory may be mapped for it or
 *                   unmapped; write: reset, suspend, removal
 * vgpu->files_lock  the list of open files
 * queue->lock       a queue's indices, ids and doorbell; taken in interrupts
 * file->lock        a file's commands and their states; taken in interrupts
 *
 * Nobody waits for the device or for a process with one of them held.
 *
 * What a device writes is not believed: an id is looked up among the commands
 * that are on their way, and nothing else of it decides what the driver does.
 */
#ifndef VGPU_DRIVER_H
#define VGPU_DRIVER_H

#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vgpu/queue.h"
#include "vgpu/regs.h"
#include "vgpu/uapi.h"

#define VGPU_DRIVER_NAME "vgpu_stub"

struct vgpu;
struct vgpu_command;

/* ---- Queues -------------------------------------------------------------- */

struct vgpu_queue {
	struct vgpu *vgpu;
	unsigned int index;
	unsigned int size;		/* entries of each ring */

	spinlock_t lock;		/* of all that follows */
	bool running;
	unsigned int tail;		/* the next submission */
	unsigned int head;		/* the next completion */
	u8 tail_phase, head_phase;
	unsigned int free_count;
	u16 *free_ids;			/* a stack of free_count ids */
	struct vgpu_command **commands;	/* by id, NULL where it is free */
	u64 doorbells, interrupts;	/* counted for VGPU_IOC_INFO */

	wait_queue_head_t space;	/* for a free id, or an end of the queue */

	/* Shared with the device. */
	struct vgpu_submission *submissions;
	struct vgpu_completion *completions;
	struct vgpu_event *event;
	dma_addr_t submissions_dma, completions_dma, event_dma;
};

int vgpu_queue_init(struct vgpu_queue *queue, struct vgpu *vgpu,
		    unsigned int index, unsigned int size);
void vgpu_queue_free_rings(struct vgpu_queue *queue);
void vgpu_queue_free(struct vgpu_queue *queue);

/* Empties the rings, as the device wants them when it turns the queue on. */
void vgpu_queue_clear(struct vgpu_queue *queue);
/* Lets commands in and completions out, or no longer. */
void vgpu_queue_set_running(struct vgpu_queue *queue, bool running);
/* No command is on its way. */
bool vgpu_queue_idle(struct vgpu_queue *queue);

/* Ends all commands that are on their way; the device must have stopped. */
void vgpu_queue_fail(struct vgpu_queue *queue, u32 status);

/* Takes the completions that are there. */
void vgpu_queue_reap(struct vgpu_queue *queue);
/* The same, for an interrupt that has told of them. */
void vgpu_queue_interrupt(struct vgpu_queue *queue);

/* Adds what it has counted. */
void vgpu_queue_count(struct vgpu_queue *queue, struct vgpu_info *info);

/* Sends a command, waiting for room until the deadline. */
int vgpu_queue_submit(struct vgpu_queue *queue, struct vgpu_command *command,
		      ktime_t deadline);

/* ---- The device ---------------------------------------------------------- */

enum vgpu_condition {
	VGPU_PLAIN,	/* has no queues */
	VGPU_RUNNING,
	VGPU_STOPPED,	/* while it is reset, or suspended */
	VGPU_FAILED,	/* could not be started again */
	VGPU_GONE,
};

struct vgpu {
	struct device dev;	/* of class vgpu; what it counts keeps this */
	struct cdev cdev;
	int minor;
	struct pci_dev *pdev;
	void __iomem *regs;
	unsigned int vectors;	/* of MSI-X; 0: the pin */
	bool has_interrupts;	/* not while the machine sleeps */

	u32 abi_version;
	u32 features;
	u32 queues_offered;
	size_t segment_max;	/* bytes that one mapping can have */

	struct rw_semaphore gate;
	enum vgpu_condition condition;	/* written under the gate */
	struct mutex files_lock;
	struct list_head files;
	struct work_struct work;	/* looks at what an interrupt has told */
	bool confused;			/* the device has named a wrong id */

	atomic_long_t pinned;		/* pages */
	long pinned_max;
	wait_queue_head_t unpinned;

	atomic64_t submitted, completed, lost;
	atomic_t resets;

	unsigned int queue_count;	/* 0: a plain one */
	struct vgpu_queue queues[VGPU_QUEUES_MAX];
};

static inline u32 vgpu_read(struct vgpu *vgpu, unsigned int reg)
{
	return readl(vgpu->regs + reg);
}

static inline void vgpu_write(struct vgpu *vgpu, unsigned int reg, u32 value)
{
	writel(value, vgpu->regs + reg);
}

static inline enum vgpu_condition vgpu_condition(struct vgpu *vgpu)
{
	return READ_ONCE(vgpu->condition);
}

/* 0, or the error of a call that needs a running device. */
int vgpu_usable(struct vgpu *vgpu);

/* Reads what says what device this is; 0 or -ENODEV. */
int vgpu_identify(struct vgpu *vgpu);

/*
 * Both with the gate held for writing. vgpu_stop() ends all commands with the
 * status; the device touches no memory after it.
 */
int vgpu_start(struct vgpu *vgpu);
void vgpu_stop(struct vgpu *vgpu, enum vgpu_condition condition, u32 status);

/*
 * Ends all commands and starts the device anew; not if that was done since
 * vgpu->resets was what the caller has seen.
 */
void vgpu_reset(struct vgpu *vgpu, int seen, const char *why);

/* Waits a moment for what is on its way. */
void vgpu_drain(struct vgpu *vgpu);

/* Looks whether completions or a failure have been missed. */
void vgpu_check(struct vgpu *vgpu);

/* The work that an interrupt leaves to a process. */
void vgpu_work(struct work_struct *work);

/* Of VGPU_IOC_INFO; with the gate held for reading. */
void vgpu_fill_info(struct vgpu *vgpu, struct vgpu_info *info);

/* ---- Commands ------------------------------------------------------------ */

enum vgpu_command_state {
	VGPU_COMMAND_BUSY,
	VGPU_COMMAND_DONE,	/* its result is there */
	VGPU_COMMAND_CLAIMED,	/* and somebody is taking it */
};

/* What the device reads, or what it writes. */
struct vgpu_side {
	unsigned int page_count;	/* how many are pinned */
	unsigned int page_max;
	struct page **pages;
	unsigned int entries;		/* of sg, adjacent pages being one */
	unsigned int mapped;		/* entries after dma_map_sg(), 0: not mapped */
	struct scatterlist *sg;
};

#define VGPU_READ  0
#define VGPU_WRITE 1

struct vgpu_command {
	struct list_head node;		/* of file->commands */
	struct vgpu_file *file;
	enum vgpu_command_state state;	/* under file->lock */
	u64 handle, cookie;

	u8 opcode;
	u64 argument;
	struct vgpu_side side[2];
	unsigned int segments;
	struct vgpu_segment inlined[VGPU_SEGMENTS_INLINE];
	struct vgpu_segment *list;	/* when they are more */
	dma_addr_t list_dma;
	bool mapped;
	long charged;			/* pages of vgpu->pinned */

	u32 status;
	u64 result;
};

struct vgpu_command *vgpu_command_new(struct vgpu_file *file,
				      const struct vgpu_submit *submit);

/* Pins its memory. The buffers are the kernel's copy. */
int vgpu_command_pin(struct vgpu_command *command,
		     const struct vgpu_buffer *buffers, unsigned int count,
		     ktime_t deadline);

/* Both with the gate held, and the device there. */
int vgpu_command_map(struct vgpu_command *command);
void vgpu_command_unmap(struct vgpu_command *command);

/* Gives the memory back; it is not mapped any more. */
void vgpu_command_unpin(struct vgpu_command *command);
void vgpu_command_free(struct vgpu_command *command);

/* ---- Files --------------------------------------------------------------- */

struct vgpu_file {
	struct list_head node;		/* of vgpu->files */
	struct vgpu *vgpu;
	spinlock_t lock;
	struct list_head commands;	/* in the order they were sent */
	unsigned int command_count;
	u64 last_handle;
	wait_queue_head_t done;
};

extern const struct file_operations vgpu_file_operations;

/* The result is there; in interrupts, under the queue's lock. */
void vgpu_file_done(struct vgpu_command *command, u32 status, u64 result);

/* Unmaps all memory of all files: the device goes. With the gate for writing. */
void vgpu_files_unmap(struct vgpu *vgpu);
/* Wakes all that wait for anything. */
void vgpu_files_wake(struct vgpu *vgpu);

/* ---- Time ---------------------------------------------------------------- */

/* What is left until a deadline, at least 0. */
static inline ktime_t vgpu_remaining(ktime_t deadline)
{
	const ktime_t left = ktime_sub(deadline, ktime_get());

	return left > 0 ? left : 0;
}

extern const struct attribute_group *vgpu_groups[];

#endif /* VGPU_DRIVER_H */
