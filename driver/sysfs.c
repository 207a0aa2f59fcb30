// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vgpu-stub: /sys/class/vgpu/vgpuN. One value a file; poll() on pool, priority,
 * vm_id and link tells of a change.
 */
#include <linux/sysfs.h>

#include "vgpu-driver.h"

static struct vgpu *vgpu_of(struct device *dev)
{
	return container_of(dev, struct vgpu, dev);
}

static ssize_t pool_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	const u32 pool = vgpu_read(vgpu_of(dev), VGPU_REG_POOL);

	if (pool > ' ' && pool < 0x7f)
		return sysfs_emit(buf, "%c\n", pool);
	return sysfs_emit(buf, "0x%x\n", pool);
}
static DEVICE_ATTR_RO(pool);

static ssize_t priority_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	static const char *const names[] = {
		[VGPU_PRIORITY_LOW] = "low",
		[VGPU_PRIORITY_MEDIUM] = "medium",
		[VGPU_PRIORITY_HIGH] = "high",
	};
	const u32 priority = vgpu_read(vgpu_of(dev), VGPU_REG_PRIORITY);

	if (priority < ARRAY_SIZE(names))
		return sysfs_emit(buf, "%s\n", names[priority]);
	return sysfs_emit(buf, "%u\n", priority);
}
static DEVICE_ATTR_RO(priority);

static ssize_t vm_id_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  vgpu_read(vgpu_of(dev), VGPU_REG_VM_ID));
}
static DEVICE_ATTR_RO(vm_id);

static ssize_t abi_version_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	const u32 version = vgpu_of(dev)->abi_version;

	return sysfs_emit(buf, "%u.%u\n", version >> VGPU_ABI_MAJOR_SHIFT,
			  version & VGPU_ABI_MINOR_MASK);
}
static DEVICE_ATTR_RO(abi_version);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char *const names[] = {
		[VGPU_PLAIN] = "plain",	   [VGPU_RUNNING] = "running",
		[VGPU_STOPPED] = "stopped", [VGPU_FAILED] = "failed",
		[VGPU_GONE] = "gone",
	};

	return sysfs_emit(buf, "%s\n", names[vgpu_condition(vgpu_of(dev))]);
}
static DEVICE_ATTR_RO(state);

static ssize_t queues_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", vgpu_of(dev)->queue_count);
}
static DEVICE_ATTR_RO(queues);

static ssize_t link_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	static const char *const names[] = {
		[VGPU_LINK_NONE] = "none",
		[VGPU_LINK_DOWN] = "down",
		[VGPU_LINK_UP] = "up",
	};
	struct vgpu *vgpu = vgpu_of(dev);
	const u32 link = vgpu->queues_offered ?
				 vgpu_read(vgpu, VGPU_REG_LINK) : VGPU_LINK_NONE;

	if (link < ARRAY_SIZE(names))
		return sysfs_emit(buf, "%s\n", names[link]);
	return sysfs_emit(buf, "%u\n", link);
}
static DEVICE_ATTR_RO(link);

static ssize_t completed_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%lld\n",
			  (long long)atomic64_read(&vgpu_of(dev)->completed));
}
static DEVICE_ATTR_RO(completed);

static struct attribute *vgpu_attrs[] = {
	&dev_attr_pool.attr,	    &dev_attr_priority.attr,
	&dev_attr_vm_id.attr,	    &dev_attr_abi_version.attr,
	&dev_attr_state.attr,	    &dev_attr_queues.attr,
	&dev_attr_link.attr,	    &dev_attr_completed.attr,
	NULL,
};

static const struct attribute_group vgpu_group = { .attrs = vgpu_attrs };

const struct attribute_group *vgpu_groups[] = { &vgpu_group, NULL };
