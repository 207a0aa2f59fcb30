// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vgpu-stub: a command, and the memory of a process that it is about.
 *
 * Memory is pinned before it is mapped and unmapped before it is unpinned. A
 * device writes only what is mapped for it.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "vgpu-driver.h"

struct vgpu_command *vgpu_command_new(struct vgpu_file *file,
				      const struct vgpu_submit *submit)
{
	struct vgpu_command *command;

	command = kzalloc(sizeof(*command), GFP_KERNEL_ACCOUNT);
	if (!command)
		return NULL;
	INIT_LIST_HEAD(&command->node);
	command->file = file;
	command->opcode = submit->opcode;
	command->argument = submit->argument;
	command->cookie = submit->cookie;
	return command;
}

void vgpu_command_free(struct vgpu_command *command)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(command->side); i++) {
		kfree(command->side[i].pages);
		kfree(command->side[i].sg);
	}
	kfree(command->list);
	kfree(command);
}

/* ---- Pages of all commands of a device ----------------------------------- */

static bool try_charge(struct vgpu *vgpu, long pages)
{
	if (atomic_long_add_return(pages, &vgpu->pinned) <= vgpu->pinned_max)
		return true;
	atomic_long_sub(pages, &vgpu->pinned);
	return false;
}

static void uncharge(struct vgpu_command *command)
{
	struct vgpu *vgpu = command->file->vgpu;

	if (!command->charged)
		return;
	atomic_long_sub(command->charged, &vgpu->pinned);
	command->charged = 0;
	wake_up_all(&vgpu->unpinned);
}

/* No process may pin all of the memory: it waits for its turn. */
static int charge(struct vgpu_command *command, long pages, ktime_t deadline)
{
	struct vgpu *vgpu = command->file->vgpu;
	bool charged = try_charge(vgpu, pages);
	int waited = -ETIME;
	ktime_t left;

	/* The clock is read by those only that have to wait: it may be slow. */
	left = charged ? 0 : vgpu_remaining(deadline);
	if (left)
		waited = wait_event_interruptible_hrtimeout(
			vgpu->unpinned,
			(charged = try_charge(vgpu, pages)) ||
				vgpu_usable(vgpu),
			left);
	if (charged) {
		command->charged = pages;
		return 0;
	}
	return vgpu_usable(vgpu) ?: waited == -ETIME ? -ETIMEDOUT : waited;
}

/* ---- Pinned -------------------------------------------------------------- */

static unsigned int side_of(const struct vgpu_buffer *buffer)
{
	return buffer->flags & VGPU_BUFFER_WRITE ? VGPU_WRITE : VGPU_READ;
}

static unsigned int pages_of(const struct vgpu_buffer *buffer)
{
	return DIV_ROUND_UP(offset_in_page(buffer->address) + buffer->length,
			    PAGE_SIZE);
}

static int alloc_side(struct vgpu_side *side)
{
	if (!side->page_max)
		return 0;
	side->pages = kcalloc(side->page_max, sizeof(*side->pages),
			      GFP_KERNEL_ACCOUNT);
	side->sg = kcalloc(side->page_max, sizeof(*side->sg),
			   GFP_KERNEL_ACCOUNT);
	if (!side->pages || !side->sg)
		return -ENOMEM;
	sg_init_table(side->sg, side->page_max);
	return 0;
}

/* Adds a piece of a page, to the entry before where it continues that. */
static void add_piece(struct vgpu_side *side, struct page *page,
		      unsigned int offset, unsigned int length, size_t max)
{
	if (side->entries) {
		struct scatterlist *last = &side->sg[side->entries - 1];

		if (page_to_phys(page) + offset == sg_phys(last) + last->length &&
		    last->length + length <= max) {
			last->length += length;
			return;
		}
	}
	sg_set_page(&side->sg[side->entries++], page, length, offset);
}

static int pin_buffer(struct vgpu_side *side, const struct vgpu_buffer *buffer,
		      size_t max)
{
	const unsigned int count = pages_of(buffer);
	const unsigned long first = buffer->address & PAGE_MASK;
	struct page **pages = side->pages + side->page_count;
	unsigned int offset = offset_in_page(buffer->address), left, i;
	int pinned;

	pinned = pin_user_pages_fast(first, count,
				     side_of(buffer) == VGPU_WRITE ? FOLL_WRITE
								   : 0,
				     pages);
	if (pinned > 0)
		side->page_count += pinned;
	if (pinned != (int)count)
		return pinned < 0 ? pinned : -EFAULT;

	left = buffer->length;
	for (i = 0; i < count; i++) {
		const unsigned int length = min_t(unsigned int, left,
						  PAGE_SIZE - offset);

		add_piece(side, pages[i], offset, length, max);
		left -= length;
		offset = 0;
	}
	return 0;
}

int vgpu_command_pin(struct vgpu_command *command,
		     const struct vgpu_buffer *buffers, unsigned int count,
		     ktime_t deadline)
{
	const size_t max = command->file->vgpu->segment_max;
	struct vgpu_side *side = command->side;
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++)
		side[side_of(&buffers[i])].page_max += pages_of(&buffers[i]);
	ret = charge(command, side[VGPU_READ].page_max +
				      side[VGPU_WRITE].page_max, deadline);
	if (!ret)
		ret = alloc_side(&side[VGPU_READ]);
	if (!ret)
		ret = alloc_side(&side[VGPU_WRITE]);
	for (i = 0; !ret && i < count; i++)
		ret = pin_buffer(&side[side_of(&buffers[i])], &buffers[i], max);
	return ret;
}

void vgpu_command_unpin(struct vgpu_command *command)
{
	struct vgpu_side *read = &command->side[VGPU_READ];
	struct vgpu_side *write = &command->side[VGPU_WRITE];

	unpin_user_pages(read->pages, read->page_count);
	unpin_user_pages_dirty_lock(write->pages, write->page_count, true);
	read->page_count = 0;
	write->page_count = 0;
	uncharge(command);
}

/* ---- Mapped -------------------------------------------------------------- */

/*
 * What the device writes is mapped in both directions: it may write a part only,
 * and where the kernel copies through a buffer of its own the rest has to be what
 * it was.
 */
static enum dma_data_direction direction_of(unsigned int which)
{
	return which == VGPU_WRITE ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

static int map_side(struct device *dev, struct vgpu_side *side,
		    unsigned int which)
{
	if (!side->entries)
		return 0;
	sg_mark_end(&side->sg[side->entries - 1]);
	side->mapped = dma_map_sg(dev, side->sg, side->entries,
				  direction_of(which));
	return side->mapped ? 0 : -ENOMEM;
}

static void unmap_side(struct device *dev, struct vgpu_side *side,
		       unsigned int which)
{
	if (side->mapped)
		dma_unmap_sg(dev, side->sg, side->entries, direction_of(which));
	side->mapped = 0;
}

/* Those to read come first (rule Q14). Returns the end of the list. */
static struct vgpu_segment *list_side(struct vgpu_segment *to,
				      struct vgpu_side *side,
				      unsigned int which)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(side->sg, sg, side->mapped, i) {
		to->address = sg_dma_address(sg);
		to->length = sg_dma_len(sg);
		to->flags = which == VGPU_WRITE ? VGPU_SEGMENT_WRITE : 0;
		to++;
	}
	return to;
}

/* The device reads a list as its numbers are: little-endian. */
static void list_to_device(struct vgpu_segment *list, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		list[i].address = (__force u64)cpu_to_le64(list[i].address);
		list[i].length = (__force u32)cpu_to_le32(list[i].length);
		list[i].flags = (__force u32)cpu_to_le32(list[i].flags);
	}
}

static int list_segments(struct vgpu_command *command, struct device *dev)
{
	struct vgpu_side *side = command->side;
	struct vgpu_segment *to = command->inlined;

	command->segments = side[VGPU_READ].mapped + side[VGPU_WRITE].mapped;
	if (command->segments > VGPU_SEGMENTS_MAX)
		return -EMSGSIZE;
	if (command->segments > VGPU_SEGMENTS_INLINE) {
		command->list = kcalloc(command->segments, VGPU_SEGMENT_SIZE,
					GFP_KERNEL_ACCOUNT);
		if (!command->list)
			return -ENOMEM;
		to = command->list;
	}
	to = list_side(to, &side[VGPU_READ], VGPU_READ);
	list_side(to, &side[VGPU_WRITE], VGPU_WRITE);
	if (!command->list)
		return 0;

	list_to_device(command->list, command->segments);
	command->list_dma = dma_map_single(dev, command->list,
					   command->segments * VGPU_SEGMENT_SIZE,
					   DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, command->list_dma))
		return 0;
	kfree(command->list);
	command->list = NULL;
	return -ENOMEM;
}

int vgpu_command_map(struct vgpu_command *command)
{
	struct device *dev = &command->file->vgpu->pdev->dev;
	struct vgpu_side *side = command->side;
	int ret;

	ret = map_side(dev, &side[VGPU_READ], VGPU_READ);
	if (ret)
		return ret;
	ret = map_side(dev, &side[VGPU_WRITE], VGPU_WRITE);
	if (ret)
		goto unmap_read;
	ret = list_segments(command, dev);
	if (ret)
		goto unmap_write;
	command->mapped = true;
	return 0;

unmap_write:
	kfree(command->list);
	command->list = NULL;
	unmap_side(dev, &side[VGPU_WRITE], VGPU_WRITE);
unmap_read:
	unmap_side(dev, &side[VGPU_READ], VGPU_READ);
	return ret;
}

void vgpu_command_unmap(struct vgpu_command *command)
{
	struct device *dev = &command->file->vgpu->pdev->dev;

	if (!command->mapped)
		return;
	command->mapped = false;
	if (command->list)
		dma_unmap_single(dev, command->list_dma,
				 command->segments * VGPU_SEGMENT_SIZE,
				 DMA_TO_DEVICE);
	unmap_side(dev, &command->side[VGPU_READ], VGPU_READ);
	unmap_side(dev, &command->side[VGPU_WRITE], VGPU_WRITE);
}
