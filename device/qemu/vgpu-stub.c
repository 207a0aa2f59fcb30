/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU binding of vgpu-stub: a conventional PCI device with one BAR; with
 * queues=N also MSI-X, an interrupt pin and DMA.
 */
#include "qemu/compat.h"

#include "core/core.h"
#include "qemu/channel.h"
#include "qemu/doorbell.h"
#include "vgpu/properties.h"
#include "vgpu/regs.h"

typedef struct VgpuStub {
    PCIDevice parent_obj;
    MemoryRegion regs;
    VgpuCore core;
    /* Owned by their properties, which free them: the exit callback must not. */
    char *pool_id;
    char *priority;
    uint32_t vm_id;
    uint32_t queues;
    /* Of a device with queues. */
    QEMUBH *bh;
    VMChangeStateEntry *vm_change;
    bool pending; /* the core wants to run */
    VgpuChannel channel;
    OnOffAuto ioeventfd;
    VgpuDoorbells doorbells;
} VgpuStub;

#define VGPU_STUB(obj) OBJECT_CHECK(VgpuStub, (obj), VGPU_DEVICE_NAME)

static void vgpu_stub_guest_error(void *opaque, const char *what,
                                  uint64_t offset, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR,
                  "%s: %s is ignored (offset 0x%" PRIx64 ", %u bytes)\n",
                  VGPU_DEVICE_NAME, what, offset, size);
}

/* ---- The guest's memory ------------------------------------------------------ */

/* How many of so many bytes at an address are RAM that can be read or written: a
 * device's registers are no place for DMA, least of all our own. */
static hwaddr vgpu_stub_ram(VgpuStub *stub, hwaddr address, hwaddr length,
                            bool write)
{
    MemoryRegion *region;
    hwaddr offset;

    rcu_read_lock();
    region = address_space_translate(pci_get_address_space(PCI_DEVICE(stub)),
                                     address, &offset, &length, write,
                                     MEMTXATTRS_UNSPECIFIED);
    if (!memory_region_is_ram(region) || (write && region->readonly)) {
        length = 0;
    }
    rcu_read_unlock();
    return length;
}

static int vgpu_stub_dma_read(void *opaque, uint64_t address, void *buffer,
                              uint32_t length)
{
    VgpuStub *stub = opaque;
    uint8_t *at = buffer;

    while (length) {
        hwaddr piece = vgpu_stub_ram(stub, address, length, false);

        if (!piece || pci_dma_read(PCI_DEVICE(stub), address, at, piece)) {
            return -EFAULT;
        }
        address += piece;
        at += piece;
        length -= piece;
    }
    return 0;
}

static int vgpu_stub_dma_write(void *opaque, uint64_t address,
                               const void *buffer, uint32_t length)
{
    VgpuStub *stub = opaque;
    const uint8_t *at = buffer;

    while (length) {
        hwaddr piece = vgpu_stub_ram(stub, address, length, true);

        if (!piece || pci_dma_write(PCI_DEVICE(stub), address, at, piece)) {
            return -EFAULT;
        }
        address += piece;
        at += piece;
        length -= piece;
    }
    return 0;
}

/* ---- Running and interrupts ---------------------------------------------------- */

static void vgpu_stub_schedule(void *opaque)
{
    VgpuStub *stub = opaque;

    stub->pending = true;
    if (runstate_is_running()) {
        qemu_bh_schedule(stub->bh);
    }
}

/* A stopped VM's memory is as it is: its migration may have sent it already. */
static void vgpu_stub_run(void *opaque)
{
    VgpuStub *stub = opaque;

    if (stub->pending && runstate_is_running()) {
        stub->pending = false;
        vgpu_core_run(&stub->core);
    }
}

static void vgpu_stub_vm_change(void *opaque, VGPU_RUNNING running,
                                RunState state)
{
    VgpuStub *stub = opaque;

    if (!running) {
        vgpu_doorbells_take(&stub->doorbells);
    } else if (stub->pending) {
        qemu_bh_schedule(stub->bh);
    }
}

static bool vgpu_stub_msix_is_on(void *opaque)
{
    return msix_enabled(PCI_DEVICE(opaque));
}

static void vgpu_stub_send_msix(void *opaque, unsigned vector)
{
    msix_notify(PCI_DEVICE(opaque), vector);
}

static void vgpu_stub_set_intx(void *opaque, bool level)
{
    pci_set_irq(PCI_DEVICE(opaque), level);
}

static void vgpu_stub_wake_worker(void *opaque)
{
    VgpuStub *stub = opaque;

    vgpu_channel_wake(&stub->channel);
}

static void vgpu_stub_drop_link(void *opaque)
{
    VgpuStub *stub = opaque;

    vgpu_channel_drop(&stub->channel);
}

static const VgpuCoreOps vgpu_stub_core_ops = {
    .guest_error = vgpu_stub_guest_error,
    .wake_worker = vgpu_stub_wake_worker,
    .drop_link = vgpu_stub_drop_link,
    .dma_read = vgpu_stub_dma_read,
    .dma_write = vgpu_stub_dma_write,
    .schedule = vgpu_stub_schedule,
    .msix_is_on = vgpu_stub_msix_is_on,
    .send_msix = vgpu_stub_send_msix,
    .set_intx = vgpu_stub_set_intx,
};

/* ---- Registers -------------------------------------------------------------------- */

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

/* ---- Its life ------------------------------------------------------------------------ */

static void vgpu_stub_replace(char **property, const char *text)
{
    g_free(*property);
    *property = g_strdup(text);
}

static void vgpu_stub_wrong_property(const VgpuConfigError *wrong, Error **errp)
{
    if (wrong->value) {
        error_setg(errp, VGPU_DEVICE_NAME ": %s must be one of%s, got '%s'",
                   wrong->property, wrong->allowed, wrong->value);
    } else {
        error_setg(errp, VGPU_DEVICE_NAME ": %s must be%s", wrong->property,
                   wrong->allowed);
    }
}

/* Elsewhere QEMU would write to the descriptor, to read it a moment later. */
static bool vgpu_stub_wants_ioeventfds(const VgpuStub *stub)
{
    return stub->ioeventfd == ON_OFF_AUTO_ON ||
           (stub->ioeventfd == ON_OFF_AUTO_AUTO && kvm_enabled());
}

/* A machine without MSI has INTx. */
static bool vgpu_stub_init_msix(VgpuStub *stub, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(stub);
    Error *error = NULL;
    int result = msix_init_exclusive_bar(pci, stub->queues + 1, VGPU_MSIX_BAR,
                                         &error);
    unsigned i;

    if (result == -ENOTSUP) {
        error_free(error);
        return true;
    }
    if (result < 0) {
        error_propagate(errp, error);
        return false;
    }
    for (i = 0; i <= stub->queues; i++) {
        msix_vector_use(pci, i);
    }
    return true;
}

static bool vgpu_stub_init_queues(VgpuStub *stub, Error **errp)
{
    if (!vgpu_stub_init_msix(stub, errp)) {
        return false;
    }
    pci_config_set_interrupt_pin(PCI_DEVICE(stub)->config, 1);
    stub->bh = vgpu_bh_new(stub, vgpu_stub_run, stub);
    stub->vm_change = qemu_add_vm_change_state_handler(vgpu_stub_vm_change,
                                                       stub);
    return true;
}

static void vgpu_stub_realize(PCIDevice *pci, Error **errp)
{
    VgpuStub *stub = VGPU_STUB(pci);
    VgpuConfigError wrong;
    VgpuConfig config;

    if (vgpu_config_parse(&config, stub->pool_id, stub->priority, stub->vm_id,
                          stub->queues, &wrong) < 0) {
        vgpu_stub_wrong_property(&wrong, errp);
        return;
    }
    /* No reason to keep a VM from starting. */
    if (!stub->queues && qemu_chr_fe_backend_connected(&stub->channel.chr)) {
        warn_report(VGPU_DEVICE_NAME ": " VGPU_PROP_CHARDEV
                                     " is not used without " VGPU_PROP_QUEUES);
    }
    if (stub->queues && !vgpu_stub_init_queues(stub, errp)) {
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
    if (vgpu_stub_wants_ioeventfds(stub)) {
        vgpu_doorbells_init(&stub->doorbells, &stub->core, &stub->regs);
    }
    vgpu_channel_init(&stub->channel, &stub->core, vgpu_stub_schedule, stub);
}

static void vgpu_stub_reset(DeviceState *dev)
{
    VgpuStub *stub = VGPU_STUB(dev);

    vgpu_doorbells_forget(&stub->doorbells);
    vgpu_core_reset(&stub->core);
}

static void vgpu_stub_exit(PCIDevice *pci)
{
    VgpuStub *stub = VGPU_STUB(pci);

    vgpu_channel_deinit(&stub->channel);
    vgpu_doorbells_deinit(&stub->doorbells);
    if (stub->queues) {
        qemu_del_vm_change_state_handler(stub->vm_change);
        qemu_bh_delete(stub->bh);
        msix_uninit_exclusive_bar(pci);
    }
}

static void vgpu_stub_write_config(PCIDevice *pci, uint32_t address,
                                   uint32_t value, int length)
{
    pci_default_write_config(pci, address, value, length);
    vgpu_core_update_intx(&VGPU_STUB(pci)->core);
}

/* ---- Its state ----------------------------------------------------------------------- */

/* Commands that were in the rings go on where the VM does. */
static int vgpu_stub_post_load(void *opaque, int version_id)
{
    VgpuStub *stub = opaque;
    int result = vgpu_core_check_state(&stub->core);

    if (result == 0) {
        vgpu_core_loaded(&stub->core);
    }
    return result;
}

static bool vgpu_stub_has_queues(void *opaque)
{
    VgpuStub *stub = opaque;

    return stub->queues != 0;
}

static const VMStateDescription vgpu_stub_vmstate_queue = {
    .name = VGPU_DEVICE_NAME "/queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]){ VMSTATE_UINT64(submission, VgpuQueue),
                                VMSTATE_UINT64(completion, VgpuQueue),
                                VMSTATE_UINT64(event, VgpuQueue),
                                VMSTATE_UINT32(size, VgpuQueue),
                                VMSTATE_UINT32(vector, VgpuQueue),
                                VMSTATE_UINT32(enabled, VgpuQueue),
                                VMSTATE_UINT32(head, VgpuQueue),
                                VMSTATE_UINT32(head_phase, VgpuQueue),
                                VMSTATE_UINT32(tail, VgpuQueue),
                                VMSTATE_UINT32(tail_phase, VgpuQueue),
                                VMSTATE_UINT32(awake, VgpuQueue),
                                VMSTATE_UINT32(rung, VgpuQueue),
                                VMSTATE_END_OF_LIST() },
};

static const VMStateDescription vgpu_stub_vmstate_flight = {
    .name = VGPU_DEVICE_NAME "/flight",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]){ VMSTATE_UINT32(state, VgpuFlight),
                                VMSTATE_UINT32(queue, VgpuFlight),
                                VMSTATE_UINT32(id, VgpuFlight),
                                VMSTATE_END_OF_LIST() },
};

static const VMStateDescription vgpu_stub_vmstate_queues = {
    .name = VGPU_DEVICE_NAME "/queues",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = vgpu_stub_has_queues,
    .fields =
        (VMStateField[]){
            VMSTATE_UINT32_EQUAL(core.config.queues, VgpuStub, NULL),
            VMSTATE_MSIX(parent_obj, VgpuStub),
            VMSTATE_UINT32(core.control, VgpuStub),
            VMSTATE_UINT32(core.state, VgpuStub),
            VMSTATE_UINT32(core.failure, VgpuStub),
            VMSTATE_UINT32(core.driver_features, VgpuStub),
            VMSTATE_UINT32(core.generation, VgpuStub),
            VMSTATE_UINT32(core.interrupt, VgpuStub),
            VMSTATE_UINT32(core.config_vector, VgpuStub),
            VMSTATE_UINT32(core.queue_select, VgpuStub),
            VMSTATE_UINT64(core.completed, VgpuStub),
            VMSTATE_STRUCT_ARRAY(core.queue, VgpuStub, VGPU_QUEUES_MAX, 1,
                                 vgpu_stub_vmstate_queue, VgpuQueue),
            VMSTATE_STRUCT_ARRAY(core.flight, VgpuStub, VGPU_LINK_SLOTS, 1,
                                 vgpu_stub_vmstate_flight, VgpuFlight),
            VMSTATE_END_OF_LIST() },
};

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
    .subsections = (const VMStateDescription *[]){ &vgpu_stub_vmstate_queues,
                                                   NULL },
};

static VGPU_PROPERTY vgpu_stub_properties[] = {
    DEFINE_PROP_STRING(VGPU_PROP_POOL_ID, VgpuStub, pool_id),
    DEFINE_PROP_STRING(VGPU_PROP_PRIORITY, VgpuStub, priority),
    DEFINE_PROP_UINT32(VGPU_PROP_VM_ID, VgpuStub, vm_id, VGPU_VM_ID_DEFAULT),
    DEFINE_PROP_UINT32(VGPU_PROP_QUEUES, VgpuStub, queues, VGPU_QUEUES_DEFAULT),
    DEFINE_PROP_CHR(VGPU_PROP_CHARDEV, VgpuStub, channel.chr),
    DEFINE_PROP_ON_OFF_AUTO(VGPU_PROP_IOEVENTFD, VgpuStub, ioeventfd,
                            ON_OFF_AUTO_AUTO),
    VGPU_PROPERTY_LIST_END
};

static void vgpu_stub_class_init(ObjectClass *klass, VGPU_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = vgpu_stub_realize;
    k->exit = vgpu_stub_exit;
    k->config_write = vgpu_stub_write_config;
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
