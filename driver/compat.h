/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vgpu-stub: all that differs between the kernels from 5.10 to 6.12, under one
 * name each.
 */
#ifndef VGPU_DRIVER_COMPAT_H
#define VGPU_DRIVER_COMPAT_H

#include <linux/pci.h>
#include <linux/pm.h>

/* 6.8 calls it so. */
#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

/* The newer macros for this are not const, or not there, in some 5.10. The
 * functions are __maybe_unused: a kernel may have no suspend. */
#define VGPU_PM_OPS(name, suspend, resume)                      \
	static const struct dev_pm_ops __maybe_unused name = {  \
		SET_SYSTEM_SLEEP_PM_OPS(suspend, resume)        \
	}

#endif /* VGPU_DRIVER_COMPAT_H */
