/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every difference between the QEMU versions that vgpu-stub builds in, 4.2.1
 * and later, and QEMU's headers themselves. What is a line of its own here is
 * a name that the rest of device/qemu uses as if there were one QEMU only.
 */
#ifndef VGPU_QEMU_COMPAT_H
#define VGPU_QEMU_COMPAT_H

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "migration/vmstate.h"

#define VGPU_QEMU_AT_LEAST(major, minor) \
    (QEMU_VERSION_MAJOR > (major) ||     \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#include "qemu/error-report.h"
#include "qemu/event_notifier.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "hw/pci/msix.h"
#include "chardev/char-fe.h"

/* 8.0 moved struct PCIDevice to a header of its own. */
#if VGPU_QEMU_AT_LEAST(8, 0)
#include "hw/pci/pci_device.h"
#else
#include "hw/pci/pci.h"
#endif

/* 11.0 moved hw/'s own headers to hw/core/. */
#if VGPU_QEMU_AT_LEAST(11, 0)
#include "hw/core/qdev-properties.h"
#else
#include "hw/qdev-properties.h"
#endif

/* 10.0 moved them to system/; 6.0 made a handler's "running" a bool. */
#if VGPU_QEMU_AT_LEAST(10, 0)
#include "system/kvm.h"
#include "system/runstate.h"
#else
#include "sysemu/kvm.h"
#include "sysemu/runstate.h"
#endif
#if VGPU_QEMU_AT_LEAST(6, 0)
#define VGPU_RUNNING bool
#else
#define VGPU_RUNNING int
#endif

/* 8.1 guards bottom halves against a device's DMA to itself. The core refuses such
 * accesses anyway. */
#if VGPU_QEMU_AT_LEAST(8, 1)
#define vgpu_bh_new(dev, fn, opaque) \
    qemu_bh_new_guarded(fn, opaque, &DEVICE(dev)->mem_reentrancy_guard)
#else
#define vgpu_bh_new(dev, fn, opaque) qemu_bh_new(fn, opaque)
#endif

/* 6.0 moved DEFINE_PROP_CHR to a header of its own. */
#if VGPU_QEMU_AT_LEAST(11, 0)
#include "hw/core/qdev-properties-system.h"
#elif VGPU_QEMU_AT_LEAST(6, 0)
#include "hw/qdev-properties-system.h"
#endif

/* 5.0 gave a chardev's events a type; 10.2 renamed the end that a device has. */
#if VGPU_QEMU_AT_LEAST(5, 0)
#define VGPU_CHR_EVENT QEMUChrEvent
#else
#define VGPU_CHR_EVENT int
#endif
#if VGPU_QEMU_AT_LEAST(10, 2)
#define VGPU_CHR CharFrontend
#else
#define VGPU_CHR CharBackend
#endif

/* 5.0 made the property list a call; 10.0 made it const and dropped its end
 * marker, and counts the elements of the array instead. */
#if VGPU_QEMU_AT_LEAST(10, 0)
#define VGPU_PROPERTY const Property
#define VGPU_PROPERTY_LIST_END
#else
#define VGPU_PROPERTY          Property
#define VGPU_PROPERTY_LIST_END DEFINE_PROP_END_OF_LIST(),
#endif
#if VGPU_QEMU_AT_LEAST(5, 0)
#define vgpu_set_properties(dc, list) device_class_set_props(dc, list)
#else
#define vgpu_set_properties(dc, list) ((dc)->props = (list))
#endif

/* 9.2 renamed the plain reset callback to "legacy". */
#if VGPU_QEMU_AT_LEAST(9, 2)
#define vgpu_set_reset(dc, fn) device_class_set_legacy_reset(dc, fn)
#else
#define vgpu_set_reset(dc, fn) ((dc)->reset = (fn))
#endif

/* 10.1 made class data and the interface list const. */
#if VGPU_QEMU_AT_LEAST(10, 1)
#define VGPU_CLASS_DATA     const void
#define VGPU_INTERFACE_INFO const InterfaceInfo
#else
#define VGPU_CLASS_DATA     void
#define VGPU_INTERFACE_INFO InterfaceInfo
#endif

#endif /* VGPU_QEMU_COMPAT_H */
