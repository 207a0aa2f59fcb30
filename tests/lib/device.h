/* SPDX-License-Identifier: MIT */
/*
 * A machine with one vgpu-stub in it, for the qtests.
 */
#ifndef TESTS_LIB_DEVICE_H
#define TESTS_LIB_DEVICE_H

#include "lib/pci.h"
#include "lib/qemu.h"

/* Not the defaults, so that a default in the wrong place shows. */
#define DEVICE_SAMPLE_PROPERTIES "pool_id=B,priority=high,vm_id=100"

typedef struct Device {
    Qemu *qemu;
    PciDevfn devfn;
    uint64_t base; /* where the registers are placed */
} Device;

/*
 * Starts "-M machine -device vgpu-stub,properties", finds the device and
 * places its registers at PCI_TEST_BAR_ADDRESS. False (and a failed test) when
 * there is none.
 */
bool device_start(Device *device, const char *machine, const char *properties);
void device_stop(Device *device);

/* A register by its offset, in the one access that has an effect. */
uint32_t device_read(Device *device, unsigned offset);
void device_write(Device *device, unsigned offset, uint32_t value);

#endif /* TESTS_LIB_DEVICE_H */
