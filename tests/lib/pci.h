/* SPDX-License-Identifier: MIT */
/*
 * PCI as a guest's firmware does it, over qtest: configuration mechanism #1
 * (PCI Local Bus 3.0, 3.2.2.3.2), sizing and placing a BAR. Bus 0 only.
 */
#ifndef TESTS_LIB_PCI_H
#define TESTS_LIB_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/qemu.h"

/* Offsets and bits of the type 0 header come from Linux's uAPI. */
#include <linux/pci_regs.h>

/* slot << 3 | function */
typedef unsigned PciDevfn;

#define PCI_DEVFN_NONE       (~0u)
#define PCI_SLOT_DEVFN(slot) ((PciDevfn)(slot) << 3)

/* Where our tests place a BAR: free in both machine types, below 4 GiB. */
#define PCI_TEST_BAR_ADDRESS 0xe0000000u

/* size is 1, 2 or 4 bytes, offset aligned to it. */
uint32_t pci_read(Qemu *qemu, PciDevfn devfn, unsigned offset, unsigned size);
void pci_write(Qemu *qemu, PciDevfn devfn, unsigned offset, uint32_t value,
               unsigned size);

/* The first device with these ids, at or after devfn; or PCI_DEVFN_NONE. */
PciDevfn pci_find(Qemu *qemu, uint16_t vendor, uint16_t device, PciDevfn from);

/* The raw value of a BAR after all ones were written, its old value restored. */
uint32_t pci_bar_mask(Qemu *qemu, PciDevfn devfn, unsigned bar);

/* Places a memory BAR and enables memory decoding. */
void pci_place_bar(Qemu *qemu, PciDevfn devfn, unsigned bar, uint32_t address);

#endif /* TESTS_LIB_PCI_H */
