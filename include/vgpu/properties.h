/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vgpu-stub: the host-visible interface of the PCI device, as in
 * `-device vgpu-stub,pool_id=B,priority=high,vm_id=100`.
 *
 * The names, the texts that a property takes and the defaults stand here
 * only; docs/specification.md is checked against it.
 */
#ifndef VGPU_PROPERTIES_H
#define VGPU_PROPERTIES_H

#include "vgpu/regs.h"

#define VGPU_DEVICE_NAME "vgpu-stub"
#define VGPU_DEVICE_DESC "Virtual GPU Stub Device (Processing Accelerator)"

#define VGPU_PROP_POOL_ID   "pool_id"
#define VGPU_PROP_PRIORITY  "priority"
#define VGPU_PROP_VM_ID     "vm_id"
#define VGPU_PROP_QUEUES    "queues"
#define VGPU_PROP_CHARDEV   "chardev"
#define VGPU_PROP_IOEVENTFD "ioeventfd"

/* X(text of the property, value of the register) */
#define VGPU_POOLS(X)   \
    X("A", VGPU_POOL_A) \
    X("B", VGPU_POOL_B)

#define VGPU_PRIORITIES(X)            \
    X("low", VGPU_PRIORITY_LOW)       \
    X("medium", VGPU_PRIORITY_MEDIUM) \
    X("high", VGPU_PRIORITY_HIGH)

/* What an absent or empty property means. */
#define VGPU_POOL_DEFAULT     "A"
#define VGPU_PRIORITY_DEFAULT "medium"
#define VGPU_VM_ID_DEFAULT    0
#define VGPU_QUEUES_DEFAULT   0

#endif /* VGPU_PROPERTIES_H */
