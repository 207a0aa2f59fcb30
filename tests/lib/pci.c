/* SPDX-License-Identifier: MIT */
#include "lib/pci.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };

#define CONFIG_ENABLE 0x80000000u
#define DEVFN_COUNT   256

static void select_register(Qemu *qemu, PciDevfn devfn, unsigned offset)
{
    qemu_out(qemu, CONFIG_ADDRESS, CONFIG_ENABLE | devfn << 8 | (offset & 0xfc),
             4);
}

uint32_t pci_read(Qemu *qemu, PciDevfn devfn, unsigned offset, unsigned size)
{
    select_register(qemu, devfn, offset);
    return qemu_in(qemu, (uint16_t)(CONFIG_DATA + (offset & 3)), size);
}

void pci_write(Qemu *qemu, PciDevfn devfn, unsigned offset, uint32_t value,
               unsigned size)
{
    select_register(qemu, devfn, offset);
    qemu_out(qemu, (uint16_t)(CONFIG_DATA + (offset & 3)), value, size);
}

PciDevfn pci_find(Qemu *qemu, uint16_t vendor, uint16_t device, PciDevfn from)
{
    uint32_t wanted = (uint32_t)device << 16 | vendor;
    PciDevfn devfn;

    for (devfn = from; devfn < DEVFN_COUNT; devfn++) {
        if (pci_read(qemu, devfn, PCI_VENDOR_ID, 4) == wanted) {
            return devfn;
        }
    }
    return PCI_DEVFN_NONE;
}

static unsigned bar_offset(unsigned bar)
{
    return PCI_BASE_ADDRESS_0 + 4 * bar;
}

uint32_t pci_bar_mask(Qemu *qemu, PciDevfn devfn, unsigned bar)
{
    uint32_t old = pci_read(qemu, devfn, bar_offset(bar), 4);
    uint32_t mask;

    pci_write(qemu, devfn, bar_offset(bar), ~0u, 4);
    mask = pci_read(qemu, devfn, bar_offset(bar), 4);
    pci_write(qemu, devfn, bar_offset(bar), old, 4);
    return mask;
}

void pci_place_bar(Qemu *qemu, PciDevfn devfn, unsigned bar, uint32_t address)
{
    uint32_t command = pci_read(qemu, devfn, PCI_COMMAND, 2);

    pci_write(qemu, devfn, bar_offset(bar), address, 4);
    pci_write(qemu, devfn, PCI_COMMAND, command | PCI_COMMAND_MEMORY, 2);
}
