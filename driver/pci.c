// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vgpu-stub: finding the device, its interrupts, suspend and removal.
 */
#include <linux/cpumask.h>
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "compat.h"
#include "vgpu-driver.h"

/* Devices at once; a VM has one. */
#define VGPU_DEVICES_MAX 64

static unsigned int queue_size = 256;
module_param(queue_size, uint, 0444);
MODULE_PARM_DESC(queue_size, "entries of a queue, a power of two from "
		 __stringify(VGPU_QUEUE_SIZE_MIN) " to "
		 __stringify(VGPU_QUEUE_SIZE_MAX));

static dev_t vgpu_devt;
static DEFINE_IDA(vgpu_minors);

static struct class vgpu_class = {
	.name = "vgpu",
	.dev_groups = vgpu_groups,
};

/* ---- Interrupts ---------------------------------------------------------- */

static irqreturn_t queue_interrupt(int irq, void *opaque)
{
	vgpu_queue_interrupt(opaque);
	return IRQ_HANDLED;
}

static irqreturn_t config_interrupt(int irq, void *opaque)
{
	struct vgpu *vgpu = opaque;

	schedule_work(&vgpu->work);
	return IRQ_HANDLED;
}

static irqreturn_t pin_interrupt(int irq, void *opaque)
{
	struct vgpu *vgpu = opaque;
	const u32 pending = vgpu_read(vgpu, VGPU_REG_INTERRUPT);
	unsigned int i;

	/* Another device's; or this one sleeps, or is gone. */
	if (!pending || pending == ~0u)
		return IRQ_NONE;
	/* Cleared first: what comes from here on raises it again. */
	vgpu_write(vgpu, VGPU_REG_INTERRUPT, pending);
	for (i = 0; i < vgpu->queue_count; i++)
		if (pending & BIT(i))
			vgpu_queue_interrupt(&vgpu->queues[i]);
	if (pending & VGPU_INTERRUPT_CONFIG)
		schedule_work(&vgpu->work);
	return IRQ_HANDLED;
}

/* The processor that sends by a queue gets its interrupts, where it can. */
static void set_affinity(struct vgpu *vgpu, unsigned int queue, bool on)
{
	if (on && !cpu_online(queue))
		return;
	irq_set_affinity_hint(pci_irq_vector(vgpu->pdev, 1 + queue),
			      on ? cpumask_of(queue) : NULL);
}

static void free_interrupts(struct vgpu *vgpu, unsigned int count)
{
	struct pci_dev *pdev = vgpu->pdev;

	while (count-- > 1) {
		set_affinity(vgpu, count - 1, false);
		pci_free_irq(pdev, count, &vgpu->queues[count - 1]);
	}
	pci_free_irq(pdev, 0, vgpu);
	pci_free_irq_vectors(pdev);
}

static int request_vectors(struct vgpu *vgpu)
{
	struct pci_dev *pdev = vgpu->pdev;
	unsigned int i;
	int ret;

	ret = pci_request_irq(pdev, 0, config_interrupt, NULL, vgpu,
			      "vgpu%d config", vgpu->minor);
	if (ret) {
		pci_free_irq_vectors(pdev);
		return ret;
	}
	for (i = 0; i < vgpu->queue_count; i++) {
		ret = pci_request_irq(pdev, 1 + i, queue_interrupt, NULL,
				      &vgpu->queues[i], "vgpu%d queue %u",
				      vgpu->minor, i);
		if (ret) {
			free_interrupts(vgpu, 1 + i);
			return ret;
		}
		set_affinity(vgpu, i, true);
	}
	return 0;
}

static int request_pin(struct vgpu *vgpu)
{
	const int ret = pci_request_irq(vgpu->pdev, 0, pin_interrupt, NULL,
					vgpu, "vgpu%d", vgpu->minor);

	if (ret)
		pci_free_irq_vectors(vgpu->pdev);
	return ret;
}

/* A vector for each queue and one for the configuration; or fewer queues, if
 * there are fewer vectors; or the pin for all. */
static int allocate_vectors(struct vgpu *vgpu)
{
	int ret = pci_alloc_irq_vectors(vgpu->pdev, 2, 1 + vgpu->queue_count,
					PCI_IRQ_MSIX);

	if (ret >= 2) {
		vgpu->vectors = ret;
		vgpu->queue_count = ret - 1;
		return 0;
	}
	vgpu->vectors = 0;
	ret = pci_alloc_irq_vectors(vgpu->pdev, 1, 1, PCI_IRQ_INTX);
	return ret < 0 ? ret : 0;
}

static int request_interrupts(struct vgpu *vgpu)
{
	const int ret = vgpu->vectors ? request_vectors(vgpu) :
					request_pin(vgpu);

	vgpu->has_interrupts = !ret;
	return ret;
}

static void give_interrupts_back(struct vgpu *vgpu)
{
	if (vgpu->has_interrupts)
		free_interrupts(vgpu, vgpu->vectors);
	vgpu->has_interrupts = false;
}

/* Anew, after a sleep: in a guest of Xen that has been saved and restored, or has
 * come from another host, those of MSI-X lead nowhere any more. */
static int renew_interrupts(struct vgpu *vgpu)
{
	const unsigned int count = vgpu->vectors ?: 1;
	const int ret = pci_alloc_irq_vectors(vgpu->pdev, count, count,
					      vgpu->vectors ? PCI_IRQ_MSIX :
							      PCI_IRQ_INTX);

	return ret < 0 ? ret : request_interrupts(vgpu);
}

/* ---- A device with queues ------------------------------------------------ */

static void free_rings(struct vgpu *vgpu)
{
	unsigned int i;

	for (i = 0; i < vgpu->queue_count; i++)
		vgpu_queue_free_rings(&vgpu->queues[i]);
}

static int make_queues(struct vgpu *vgpu)
{
	unsigned int i;
	int ret;

	for (i = 0; i < vgpu->queue_count; i++) {
		ret = vgpu_queue_init(&vgpu->queues[i], vgpu, i, queue_size);
		if (ret) {
			free_rings(vgpu);
			return ret;
		}
	}
	return 0;
}

static int set_up_dma(struct vgpu *vgpu)
{
	struct device *dev = &vgpu->pdev->dev;
	const int ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));

	if (ret)
		return ret;
	vgpu->segment_max = min_t(size_t, dma_max_mapping_size(dev),
				  VGPU_COMMAND_BYTES_MAX);
	dma_set_max_seg_size(dev, vgpu->segment_max);
	/* A quarter of the memory, and at least what some commands need. */
	vgpu->pinned_max = max_t(long, totalram_pages() / 4,
				 4 * VGPU_SEGMENTS_MAX);
	return 0;
}

static int set_up_queues(struct vgpu *vgpu)
{
	int ret;

	vgpu->queue_count = min3(vgpu->queues_offered, num_online_cpus(),
				 (u32)VGPU_QUEUES_MAX);
	if (!vgpu->queue_count)
		return -EIO;
	ret = set_up_dma(vgpu) ?: allocate_vectors(vgpu);
	if (ret)
		return ret;
	ret = make_queues(vgpu);
	if (ret) {
		pci_free_irq_vectors(vgpu->pdev);
		return ret;
	}
	/* It may raise its pin since before this driver. */
	vgpu_write(vgpu, VGPU_REG_CONTROL, VGPU_CONTROL_RESET);
	ret = request_interrupts(vgpu);
	if (ret) {
		free_rings(vgpu);
		return ret;
	}
	down_write(&vgpu->gate);
	ret = vgpu_start(vgpu);
	up_write(&vgpu->gate);
	if (!ret)
		return 0;
	give_interrupts_back(vgpu);
	cancel_work_sync(&vgpu->work);
	free_rings(vgpu);
	return ret;
}

/* Whoever has it open finds it gone, and keeps nothing of it. */
static void leave(struct vgpu *vgpu)
{
	down_write(&vgpu->gate);
	if (vgpu->queue_count) {
		vgpu_stop(vgpu, VGPU_GONE, VGPU_STATUS_GONE);
	} else {
		WRITE_ONCE(vgpu->condition, VGPU_GONE);
		vgpu_files_wake(vgpu);
	}
	vgpu_files_unmap(vgpu);
	up_write(&vgpu->gate);
}

static void tear_down_queues(struct vgpu *vgpu)
{
	if (!vgpu->queue_count)
		return;
	give_interrupts_back(vgpu);
	cancel_work_sync(&vgpu->work);
	free_rings(vgpu);
	pci_clear_master(vgpu->pdev);
}

/* ---- A device ------------------------------------------------------------ */

static void release_device(struct device *dev)
{
	struct vgpu *vgpu = container_of(dev, struct vgpu, dev);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vgpu->queues); i++)
		vgpu_queue_free(&vgpu->queues[i]);
	ida_free(&vgpu_minors, vgpu->minor);
	pci_dev_put(vgpu->pdev);
	kfree(vgpu);
}

static struct vgpu *new_device(struct pci_dev *pdev)
{
	struct vgpu *vgpu = kzalloc(sizeof(*vgpu), GFP_KERNEL);

	if (!vgpu)
		return NULL;
	vgpu->minor = ida_alloc_max(&vgpu_minors, VGPU_DEVICES_MAX - 1,
				    GFP_KERNEL);
	if (vgpu->minor < 0) {
		kfree(vgpu);
		return NULL;
	}
	vgpu->pdev = pci_dev_get(pdev);
	init_rwsem(&vgpu->gate);
	mutex_init(&vgpu->files_lock);
	INIT_LIST_HEAD(&vgpu->files);
	INIT_WORK(&vgpu->work, vgpu_work);
	init_waitqueue_head(&vgpu->unpinned);
	vgpu->condition = VGPU_PLAIN;

	device_initialize(&vgpu->dev);
	vgpu->dev.class = &vgpu_class;
	vgpu->dev.parent = &pdev->dev;
	vgpu->dev.release = release_device;
	vgpu->dev.devt = MKDEV(MAJOR(vgpu_devt), vgpu->minor);
	if (dev_set_name(&vgpu->dev, "vgpu%d", vgpu->minor)) {
		put_device(&vgpu->dev);
		return NULL;
	}
	cdev_init(&vgpu->cdev, &vgpu_file_operations);
	vgpu->cdev.owner = THIS_MODULE;
	return vgpu;
}

static int map_registers(struct vgpu *vgpu)
{
	struct pci_dev *pdev = vgpu->pdev;
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = pci_request_region(pdev, VGPU_REGS_BAR, VGPU_DRIVER_NAME);
	if (ret)
		goto disable;
	ret = -ENOMEM;
	/* All of it or nothing. */
	if (pci_resource_len(pdev, VGPU_REGS_BAR) >= VGPU_REGS_BAR_SIZE)
		vgpu->regs = pci_iomap(pdev, VGPU_REGS_BAR, VGPU_REGS_BAR_SIZE);
	if (vgpu->regs)
		return 0;
	pci_release_region(pdev, VGPU_REGS_BAR);
disable:
	pci_disable_device(pdev);
	return ret;
}

static void unmap_registers(struct vgpu *vgpu)
{
	pci_iounmap(vgpu->pdev, vgpu->regs);
	vgpu->regs = NULL;
	pci_release_region(vgpu->pdev, VGPU_REGS_BAR);
	pci_disable_device(vgpu->pdev);
}

static int vgpu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vgpu *vgpu = new_device(pdev);
	int ret;

	if (!vgpu)
		return -ENOMEM;
	pci_set_drvdata(pdev, vgpu);
	ret = map_registers(vgpu);
	if (ret)
		goto put;
	ret = vgpu_identify(vgpu);
	if (ret)
		goto unmap;
	if (vgpu->queues_offered) {
		ret = set_up_queues(vgpu);
		if (ret)
			goto unmap;
	}
	ret = cdev_device_add(&vgpu->cdev, &vgpu->dev);
	if (ret)
		goto tear_down;
	dev_info(&pdev->dev, "vgpu%d: version %u.%u, %u queues, %u vectors\n",
		 vgpu->minor, vgpu->abi_version >> VGPU_ABI_MAJOR_SHIFT,
		 vgpu->abi_version & VGPU_ABI_MINOR_MASK, vgpu->queue_count,
		 vgpu->vectors);
	return 0;

tear_down:
	leave(vgpu);
	tear_down_queues(vgpu);
unmap:
	unmap_registers(vgpu);
put:
	put_device(&vgpu->dev);
	return ret;
}

static void vgpu_remove(struct pci_dev *pdev)
{
	struct vgpu *vgpu = pci_get_drvdata(pdev);

	leave(vgpu);
	tear_down_queues(vgpu);
	/* Waits for those that read a register in sysfs. */
	cdev_device_del(&vgpu->cdev, &vgpu->dev);
	unmap_registers(vgpu);
	put_device(&vgpu->dev);
}

/* ---- Power --------------------------------------------------------------- */

static int __maybe_unused vgpu_suspend(struct device *dev)
{
	struct vgpu *vgpu = dev_get_drvdata(dev);

	if (!vgpu->queue_count)
		return 0;
	vgpu_drain(vgpu);
	down_write(&vgpu->gate);
	if (vgpu_condition(vgpu) == VGPU_RUNNING)
		vgpu_stop(vgpu, VGPU_STOPPED, VGPU_STATUS_RESET);
	up_write(&vgpu->gate);
	give_interrupts_back(vgpu);
	cancel_work_sync(&vgpu->work);
	return 0;
}

/* After a sleep it can be the device of another host. */
static int identify_again(struct vgpu *vgpu)
{
	const int ret = vgpu_identify(vgpu);

	if (ret)
		return ret;
	if (vgpu->queues_offered < vgpu->queue_count) {
		dev_err(&vgpu->pdev->dev, "%u queues after the sleep, of %u\n",
			vgpu->queues_offered, vgpu->queue_count);
		return -ENODEV;
	}
	return 0;
}

static int __maybe_unused vgpu_resume(struct device *dev)
{
	struct vgpu *vgpu = dev_get_drvdata(dev);
	int ret = identify_again(vgpu);

	if (!vgpu->queue_count) {
		if (ret)
			WRITE_ONCE(vgpu->condition, VGPU_FAILED);
		return ret;
	}
	ret = ret ?: renew_interrupts(vgpu);
	down_write(&vgpu->gate);
	if (vgpu_condition(vgpu) != VGPU_STOPPED)
		ret = 0;
	else if (ret)
		vgpu_stop(vgpu, VGPU_FAILED, VGPU_STATUS_RESET);
	else
		ret = vgpu_start(vgpu);
	up_write(&vgpu->gate);
	return ret;
}

VGPU_PM_OPS(vgpu_pm_ops, vgpu_suspend, vgpu_resume);

/* The memory is somebody else's after this (kexec): the device must be still. */
static void vgpu_shutdown(struct pci_dev *pdev)
{
	struct vgpu *vgpu = pci_get_drvdata(pdev);

	leave(vgpu);
	pci_clear_master(pdev);
}

/* ---- The module ---------------------------------------------------------- */

static const struct pci_device_id vgpu_ids[] = {
	{ PCI_DEVICE_SUB(VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID,
			 VGPU_PCI_SUBSYSTEM_VENDOR_ID, VGPU_PCI_SUBSYSTEM_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vgpu_ids);

static struct pci_driver vgpu_driver = {
	.name = VGPU_DRIVER_NAME,
	.id_table = vgpu_ids,
	.probe = vgpu_probe,
	.remove = vgpu_remove,
	.shutdown = vgpu_shutdown,
	.driver.pm = pm_ptr(&vgpu_pm_ops),
};

static int __init vgpu_init(void)
{
	int ret;

	if (queue_size < VGPU_QUEUE_SIZE_MIN ||
	    queue_size > VGPU_QUEUE_SIZE_MAX || !is_power_of_2(queue_size)) {
		pr_err(VGPU_DRIVER_NAME ": queue_size %u: a power of two from %u to %u\n",
		       queue_size, VGPU_QUEUE_SIZE_MIN, VGPU_QUEUE_SIZE_MAX);
		return -EINVAL;
	}
	ret = alloc_chrdev_region(&vgpu_devt, 0, VGPU_DEVICES_MAX, "vgpu");
	if (ret)
		return ret;
	ret = class_register(&vgpu_class);
	if (ret)
		goto unregister_region;
	ret = pci_register_driver(&vgpu_driver);
	if (ret)
		goto unregister_class;
	return 0;

unregister_class:
	class_unregister(&vgpu_class);
unregister_region:
	unregister_chrdev_region(vgpu_devt, VGPU_DEVICES_MAX);
	return ret;
}
module_init(vgpu_init);

static void __exit vgpu_exit(void)
{
	pci_unregister_driver(&vgpu_driver);
	class_unregister(&vgpu_class);
	unregister_chrdev_region(vgpu_devt, VGPU_DEVICES_MAX);
	ida_destroy(&vgpu_minors);
}
module_exit(vgpu_exit);

MODULE_DESCRIPTION("vgpu-stub, a paravirtual accelerator");
MODULE_AUTHOR("vgpu-stub");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
