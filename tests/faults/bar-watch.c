/* SPDX-License-Identifier: MIT */
/*
 * Linked into QEMU with -Wl,--wrap=pci_register_bar: tells each call, so that
 * a test sees what a device registers, and when.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"

void __real_pci_register_bar(PCIDevice *pci, int bar, uint8_t type,
                             MemoryRegion *memory);
void __wrap_pci_register_bar(PCIDevice *pci, int bar, uint8_t type,
                             MemoryRegion *memory);

void __wrap_pci_register_bar(PCIDevice *pci, int bar, uint8_t type,
                             MemoryRegion *memory)
{
    fprintf(stderr, "pci_register_bar: %s\n", object_get_typename(OBJECT(pci)));
    __real_pci_register_bar(pci, bar, type, memory);
}
