/* SPDX-License-Identifier: MIT */
#include "lib/device.h"

#include "vgpu/properties.h"

bool device_start(Device *device, const char *machine, const char *properties)
{
    g_autofree char *args = g_strdup_printf(
        "-M %s -device " VGPU_DEVICE_NAME "%s%s", machine,
        *properties ? "," : "", properties);

    device->base = PCI_TEST_BAR_ADDRESS;
    device->devfn = PCI_DEVFN_NONE;
    device->qemu = qemu_start(args);
    if (!device->qemu) {
        return false;
    }
    device->devfn = pci_find(device->qemu, VGPU_PCI_VENDOR_ID,
                             VGPU_PCI_DEVICE_ID, 0);
    if (device->devfn == PCI_DEVFN_NONE) {
        g_test_message("no device on the bus");
        g_test_fail();
        device_stop(device);
        return false;
    }
    pci_place_bar(device->qemu, device->devfn, VGPU_REGS_BAR,
                  (uint32_t)device->base);
    return true;
}

void device_stop(Device *device)
{
    qemu_stop(device->qemu, NULL);
    device->qemu = NULL;
}

uint32_t device_read(Device *device, unsigned offset)
{
    return (uint32_t)qemu_read(device->qemu, device->base + offset,
                               VGPU_REG_SIZE);
}

void device_write(Device *device, unsigned offset, uint32_t value)
{
    qemu_write(device->qemu, device->base + offset, value, VGPU_REG_SIZE);
}
