/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU binding of vgpu-stub: a conventional PCI device with one BAR.
 */
#include "qemu/compat.h"

#include "core/core.h"
#include "vgpu/properties.h"
#include "vgpu/regs.h"

typedef struct VgpuStub {
    PCIDevice parent_obj;
    MemoryRegion regs;
    VgpuCore core;
    /* Owned by their properties, which free them: there is no exit callback. */
    char *pool_id;
    char *priority;
    uint32_t vm_id;
} VgpuStub;

#define VGPU_STUB(obj) OBJECT_CHECK(VgpuStub, (obj), VGPU_DEVICE_NAME)

static void vgpu_stub_guest_error(void *opaque, const char *what,
                                  uint64_t offset, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR,
                  "%s: %s is ignored (offset 0x%" PRIx64 ", %u bytes)\n",
                  VGPU_DEVICE_NAME, what, offset, size);
}

static const VgpuCoreOps vgpu_stub_core_ops = {
    .guest_error = vgpu_stub_guest_error,
};

static uint64_t vgpu_stub_read(void *opaque, hwaddr offset, unsigned size)
{
    VgpuStub *stub = opaque;

    return vgpu_core_read(&stub->core, offset, size);
}

static void vgpu_stub_write(void *opaque, hwaddr offset, uint64_t value,
                            unsigned size)
{
    VgpuStub *stub = opaque;

    vgpu_core_write(&stub->core, offset, value, size);
}

/*
 * Every access is taken as the guest made it and the core decides: QEMU would
 * otherwise split or widen it, and not the same way in each version.
 */
static const MemoryRegionOps vgpu_stub_regs_ops = {
    .read = vgpu_stub_read,
    .write = vgpu_stub_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static void vgpu_stub_replace(char **property, const char *text)
{
    g_free(*property);
    *property = g_strdup(text);
}

static void vgpu_stub_realize(PCIDevice *pci, Error **errp)
{
    VgpuStub *stub = VGPU_STUB(pci);
    VgpuConfigError wrong;
    VgpuConfig config;

    if (vgpu_config_parse(&config, stub->pool_id, stub->priority, stub->vm_id,
                          &wrong) < 0) {
        error_setg(errp, VGPU_DEVICE_NAME ": %s must be one of%s, got '%s'",
                   wrong.property, wrong.allowed, wrong.value);
        return;
    }
    /* So that `info qtree` and qom-get show what is in force. */
    vgpu_stub_replace(&stub->pool_id, vgpu_config_pool_text(&config));
    vgpu_stub_replace(&stub->priority, vgpu_config_priority_text(&config));

    vgpu_core_init(&stub->core, &config, &vgpu_stub_core_ops, stub);
    memory_region_init_io(&stub->regs, OBJECT(stub), &vgpu_stub_regs_ops, stub,
                          VGPU_DEVICE_NAME "-regs", VGPU_REGS_BAR_SIZE);
    pci_register_bar(pci, VGPU_REGS_BAR, PCI_BASE_ADDRESS_SPACE_MEMORY,
                     &stub->regs);
}

static void vgpu_stub_reset(DeviceState *dev)
{
    vgpu_core_reset(&VGPU_STUB(dev)->core);
}

static int vgpu_stub_post_load(void *opaque, int version_id)
{
    VgpuStub *stub = opaque;

    return vgpu_core_check_state(&stub->core);
}

/*
 * A state saved by any release loads in every later one: fields are never
 * removed or reordered; what is new goes into a subsection. The properties are
 * not part of it: they are the host's word, and stand on the destination's
 * command line.
 */
static const VMStateDescription vgpu_stub_vmstate = {
    .name = VGPU_DEVICE_NAME,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = vgpu_stub_post_load,
    .fields = (VMStateField[]){ VMSTATE_PCI_DEVICE(parent_obj, VgpuStub),
                                VMSTATE_UINT32(core.command, VgpuStub),
                                VMSTATE_UINT32(core.status, VgpuStub),
                                VMSTATE_END_OF_LIST() },
};

static VGPU_PROPERTY vgpu_stub_properties[] = {
    DEFINE_PROP_STRING(VGPU_PROP_POOL_ID, VgpuStub, pool_id),
    DEFINE_PROP_STRING(VGPU_PROP_PRIORITY, VgpuStub, priority),
    DEFINE_PROP_UINT32(VGPU_PROP_VM_ID, VgpuStub, vm_id, VGPU_VM_ID_DEFAULT),
    VGPU_PROPERTY_LIST_END
};

static void vgpu_stub_class_init(ObjectClass *klass, VGPU_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = vgpu_stub_realize;
    k->vendor_id = VGPU_PCI_VENDOR_ID;
    k->device_id = VGPU_PCI_DEVICE_ID;
    k->subsystem_vendor_id = VGPU_PCI_SUBSYSTEM_VENDOR_ID;
    k->subsystem_id = VGPU_PCI_SUBSYSTEM_ID;
    k->revision = VGPU_PCI_REVISION;
    k->class_id = VGPU_PCI_CLASS;

    dc->desc = VGPU_DEVICE_DESC;
    dc->vmsd = &vgpu_stub_vmstate;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    vgpu_set_reset(dc, vgpu_stub_reset);
    vgpu_set_properties(dc, vgpu_stub_properties);
}

static const TypeInfo vgpu_stub_type = {
    .name = VGPU_DEVICE_NAME,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(VgpuStub),
    .class_init = vgpu_stub_class_init,
    .interfaces =
        (VGPU_INTERFACE_INFO[]){ { INTERFACE_CONVENTIONAL_PCI_DEVICE }, {} },
};

static void vgpu_stub_register_types(void)
{
    type_register_static(&vgpu_stub_type);
}

type_init(vgpu_stub_register_types)
