/* SPDX-License-Identifier: MIT */
/* What a guest's firmware sees: ids, BAR, pin, capabilities, several devices. */
#include "lib/device.h"

#include "vgpu/properties.h"

static void check_identity(gconstpointer machine)
{
    Device d;

    if (!device_start(&d, machine, "")) {
        return;
    }
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_CLASS_DEVICE, 2), ==,
                    VGPU_PCI_CLASS);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_CLASS_PROG, 1), ==, 0);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_REVISION_ID, 1), ==,
                    VGPU_PCI_REVISION);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_SUBSYSTEM_VENDOR_ID, 2), ==,
                    VGPU_PCI_SUBSYSTEM_VENDOR_ID);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_SUBSYSTEM_ID, 2), ==,
                    VGPU_PCI_SUBSYSTEM_ID);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_HEADER_TYPE, 1), ==,
                    PCI_HEADER_TYPE_NORMAL);
    device_stop(&d);
}

static void check_bars(gconstpointer machine)
{
    Device d;
    unsigned bar;

    if (!device_start(&d, machine, "")) {
        return;
    }
    /* Writable down to its size, and no flag bit: 32-bit, memory, not
     * prefetchable. */
    g_assert_cmphex(pci_bar_mask(d.qemu, d.devfn, VGPU_REGS_BAR), ==,
                    ~(uint32_t)(VGPU_REGS_BAR_SIZE - 1));
    for (bar = 0; bar < 6; bar++) {
        if (bar != VGPU_REGS_BAR) {
            g_assert_cmphex(pci_bar_mask(d.qemu, d.devfn, bar), ==, 0);
        }
    }
    pci_write(d.qemu, d.devfn, PCI_ROM_ADDRESS, ~0u, 4);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_ROM_ADDRESS, 4), ==, 0);
    device_stop(&d);
}

static void check_no_pin(gconstpointer machine)
{
    Device d;

    if (!device_start(&d, machine, "")) {
        return;
    }
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_INTERRUPT_PIN, 1), ==, 0);
    device_stop(&d);
}

static void check_no_capability(gconstpointer machine)
{
    Device d;

    if (!device_start(&d, machine, "")) {
        return;
    }
    g_assert_cmphex(
        pci_read(d.qemu, d.devfn, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, ==, 0);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, PCI_CAPABILITY_LIST, 1), ==, 0);
    device_stop(&d);
}

/* The registers are where the BAR says, and nowhere once decoding is off. */
static void check_decoding(gconstpointer machine)
{
    const uint32_t elsewhere = PCI_TEST_BAR_ADDRESS + 0x100000;
    Device d;

    if (!device_start(&d, machine, DEVICE_SAMPLE_PROPERTIES)) {
        return;
    }
    g_assert_cmphex(device_read(&d, VGPU_REG_VM_ID), ==, 100);
    pci_place_bar(d.qemu, d.devfn, VGPU_REGS_BAR, elsewhere);
    g_assert_cmphex(device_read(&d, VGPU_REG_VM_ID), !=, 100);
    d.base = elsewhere;
    g_assert_cmphex(device_read(&d, VGPU_REG_VM_ID), ==, 100);
    pci_write(d.qemu, d.devfn, PCI_COMMAND, 0, 2);
    g_assert_cmphex(device_read(&d, VGPU_REG_VM_ID), !=, 100);
    device_stop(&d);
}

static void check_two_devices(gconstpointer machine)
{
    Device one, two;

    if (!device_start(&one, machine,
                      "vm_id=1 -device " VGPU_DEVICE_NAME ",vm_id=2")) {
        return;
    }
    two = one;
    two.base = PCI_TEST_BAR_ADDRESS + VGPU_REGS_BAR_SIZE;
    two.devfn = pci_find(one.qemu, VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID,
                         one.devfn + 1);
    g_assert_cmpuint(two.devfn, !=, PCI_DEVFN_NONE);
    pci_place_bar(two.qemu, two.devfn, VGPU_REGS_BAR, (uint32_t)two.base);

    device_write(&one, VGPU_REG_COMMAND, 0x11);
    g_assert_cmphex(device_read(&one, VGPU_REG_VM_ID), ==, 1);
    g_assert_cmphex(device_read(&one, VGPU_REG_COMMAND), ==, 0x11);
    g_assert_cmphex(device_read(&two, VGPU_REG_VM_ID), ==, 2);
    g_assert_cmphex(device_read(&two, VGPU_REG_COMMAND), ==, 0);
    g_assert_cmphex(device_read(&two, VGPU_REG_STATUS), ==, VGPU_STATUS_IDLE);
    device_stop(&one);
}

int main(int argc, char **argv)
{
    static const char *const machines[] = { "pc", "q35" };
    size_t i;

    qemu_test_init(&argc, &argv);
    for (i = 0; i < G_N_ELEMENTS(machines); i++) {
        static const struct {
            const char *name;
            GTestDataFunc check;
        } cases[] = {
            { "identity", check_identity },
            { "bars", check_bars },
            { "no-pin", check_no_pin },
            { "no-capability", check_no_capability },
            { "decoding", check_decoding },
            { "two-devices", check_two_devices },
        };
        size_t j;

        for (j = 0; j < G_N_ELEMENTS(cases); j++) {
            g_autofree char *path = g_strdup_printf("/enumerate/%s/%s",
                                                    machines[i], cases[j].name);

            g_test_add_data_func(path, machines[i], cases[j].check);
        }
    }
    return g_test_run();
}
