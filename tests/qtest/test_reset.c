/* SPDX-License-Identifier: MIT */
/* A system reset clears what the guest wrote and keeps what the host said. */
#include "lib/device.h"

#include "vgpu/properties.h"

static void check_system_reset(gconstpointer machine)
{
    Device d;

    if (!device_start(&d, machine, DEVICE_SAMPLE_PROPERTIES)) {
        return;
    }
    device_write(&d, VGPU_REG_COMMAND, 0xcafe);
    g_assert_cmphex(device_read(&d, VGPU_REG_STATUS), ==, VGPU_STATUS_WRITTEN);

    qemu_do(d.qemu, "{'execute': 'system_reset'}");
    g_assert_true(qemu_wait_event(d.qemu, "RESET", 10));

    /* The bus reset took the BAR and the decoding. */
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_BASE_ADDRESS_0, 4), ==, 0);
    g_assert_cmphex(
        pci_read(d.qemu, d.devfn, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, ==, 0);
    pci_place_bar(d.qemu, d.devfn, VGPU_REGS_BAR, (uint32_t)d.base);
    g_assert_cmphex(device_read(&d, VGPU_REG_COMMAND), ==, 0);
    g_assert_cmphex(device_read(&d, VGPU_REG_STATUS), ==, VGPU_STATUS_IDLE);
    g_assert_cmphex(device_read(&d, VGPU_REG_POOL), ==, VGPU_POOL_B);
    g_assert_cmphex(device_read(&d, VGPU_REG_PRIORITY), ==, VGPU_PRIORITY_HIGH);
    g_assert_cmphex(device_read(&d, VGPU_REG_VM_ID), ==, 100);
    device_stop(&d);
}

int main(int argc, char **argv)
{
    qemu_test_init(&argc, &argv);
    g_test_add_data_func("/reset/system/pc", "pc", check_system_reset);
    g_test_add_data_func("/reset/system/q35", "q35", check_system_reset);
    return g_test_run();
}
