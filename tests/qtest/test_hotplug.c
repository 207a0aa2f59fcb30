/* SPDX-License-Identifier: MIT */
/*
 * The device comes and goes while the machine runs: plugged in by the host,
 * ejected by a guest's write to the ACPI eject port, as often as a guest likes,
 * with a memory checker (valgrind) watching QEMU.
 */
#include "lib/device.h"

#include <string.h>

#include "vgpu/properties.h"
#include "vgpu/queue.h"

/* docs/specs/acpi_pci_hotplug in QEMU's tree; the place on machine pc. */
enum {
    ACPI_PCIHP_EJECT = 0xae08,
    ACPI_PCIHP_SELECT = 0xae10,
};

#define SLOT 0x10

/* `make test` asks for the thorough number, `make check` for the quick one. */
#define CYCLES_THOROUGH 1000
#define CYCLES_QUICK    50

/* Bad addresses and bad frees end with this; lost memory is looked up below. */
#define CHECKER_EXIT 99
#define CHECKER                                          \
    "valgrind --trace-children=yes --error-exitcode=99 " \
    "--undef-value-errors=no --leak-check=full "         \
    "--show-leak-kinds=definite --errors-for-leak-kinds=none --num-callers=30"

/* The plain device and one with queues in turn. */
static unsigned queues_of(unsigned vm_id)
{
    return vm_id % 2 ? 2 : 0;
}

static bool plug(Qemu *qemu, unsigned vm_id)
{
    qemu_do(qemu,
            "{'execute': 'device_add', 'arguments': {"
            "'driver': '" VGPU_DEVICE_NAME "', 'id': 'hot', 'addr': '%x', "
            "'pool_id': 'B', 'priority': 'high', 'vm_id': %u, 'queues': %u, "
            "'ioeventfd': 'on'}}",
            SLOT, vm_id, queues_of(vm_id));
    return pci_read(qemu, PCI_SLOT_DEVFN(SLOT), PCI_VENDOR_ID, 2) ==
           VGPU_PCI_VENDOR_ID;
}

static bool eject(Qemu *qemu)
{
    qemu_out(qemu, ACPI_PCIHP_SELECT, 0, 4);
    qemu_out(qemu, ACPI_PCIHP_EJECT, 1u << SLOT, 4);
    return qemu_wait_event(qemu, "DEVICE_DELETED", 30) &&
           pci_read(qemu, PCI_SLOT_DEVFN(SLOT), PCI_VENDOR_ID, 4) == ~0u;
}

/* A queue that is on, and has work to do when the device goes. */
static void leave_work(Device *d)
{
    device_write(d, VGPU_REG_DRIVER_FEATURES, VGPU_FEATURE_QUEUES);
    device_write(d, VGPU_REG_CONTROL, VGPU_CONTROL_START);
    device_write(d, VGPU_REG_QUEUE_SIZE, VGPU_QUEUE_SIZE_MIN);
    device_write(d, VGPU_REG_QUEUE_SUBMISSION, 0x200000);
    device_write(d, VGPU_REG_QUEUE_COMPLETION, 0x201000);
    device_write(d, VGPU_REG_QUEUE_ENABLE, 1);
    g_assert_cmpuint(device_read(d, VGPU_REG_QUEUE_ENABLE), ==, 1);
    device_write(d, VGPU_DOORBELLS, 0);
}

/* Plugs in, uses, ejects. */
static bool cycle(Qemu *qemu, unsigned vm_id)
{
    Device d = {
        .qemu = qemu,
        .devfn = PCI_SLOT_DEVFN(SLOT),
        .base = PCI_TEST_BAR_ADDRESS,
    };
    bool used;

    if (!plug(qemu, vm_id)) {
        return false;
    }
    pci_place_bar(qemu, d.devfn, VGPU_REGS_BAR, (uint32_t)d.base);
    device_write(&d, VGPU_REG_COMMAND, vm_id);
    if (queues_of(vm_id)) {
        leave_work(&d);
    }
    used = device_read(&d, VGPU_REG_VM_ID) == vm_id &&
           device_read(&d, VGPU_REG_COMMAND) == vm_id &&
           device_read(&d, VGPU_REG_STATUS) == VGPU_STATUS_WRITTEN;
    return eject(qemu) && used;
}

static void check_unmapped_after_eject(void)
{
    Qemu *qemu = qemu_start("-M pc");

    if (!qemu) {
        return;
    }
    g_assert_true(cycle(qemu, 7));
    g_assert_cmphex(qemu_read(qemu, PCI_TEST_BAR_ADDRESS + VGPU_REG_VM_ID, 4),
                    !=, 7);
    g_assert_true(cycle(qemu, 8));
    qemu_stop(qemu, NULL);
}

/* "... bytes in 1,000 blocks are definitely lost ...": 1000. */
static unsigned count_of_blocks(const char *record)
{
    const char *digit = strstr(record, "bytes in ");
    unsigned count = 0;

    for (digit = digit ? digit + strlen("bytes in ") : "";
         *digit != ' ' && *digit; digit++) {
        if (g_ascii_isdigit(*digit)) {
            count = 10 * count + (unsigned)(*digit - '0');
        }
    }
    return count;
}

/*
 * Nothing is lost once a cycle, and nothing that our device allocated is lost
 * at all. (QEMU loses a few blocks of its own, once.)
 */
static void check_nothing_lost(const char *report, unsigned cycles)
{
    g_auto(GStrv)
        records = g_regex_split_simple("\n==[0-9]+== \n", report, 0, 0);
    size_t i;

    for (i = 0; records[i]; i++) {
        if (!strstr(records[i], "are definitely lost in loss record")) {
            continue;
        }
        if (strstr(records[i], "vgpu") ||
            count_of_blocks(records[i]) >= cycles) {
            g_test_message("lost memory: %s", records[i]);
            g_test_fail();
        }
    }
}

static void check_under_memory_checker(void)
{
    g_autofree char *checker = g_find_program_in_path("valgrind");
    QemuResult result;
    Qemu *qemu;
    unsigned cycles = g_test_thorough() ? CYCLES_THOROUGH : CYCLES_QUICK;
    unsigned i;

    if (!checker) {
        g_test_skip("no valgrind; `apt-get install valgrind` makes this run");
        return;
    }
    qemu = qemu_start_under(CHECKER, "-M pc");
    if (!qemu) {
        return;
    }
    for (i = 1; i <= cycles && cycle(qemu, i); i++) {
    }
    g_assert_cmpuint(i - 1, ==, cycles);
    qemu_stop(qemu, &result);
    if (result.exit_status != 0) {
        g_test_message("%s", result.err);
    }
    g_assert_cmpint(result.exit_status, !=, CHECKER_EXIT);
    g_assert_cmpint(result.exit_status, ==, 0);
    g_assert_nonnull(strstr(result.err, "HEAP SUMMARY"));
    check_nothing_lost(result.err, cycles);
    qemu_result_clear(&result);
}

int main(int argc, char **argv)
{
    qemu_test_init(&argc, &argv);
    g_test_add_func("/hotplug/unmapped-after-eject",
                    check_unmapped_after_eject);
    g_test_add_func("/hotplug/under-memory-checker",
                    check_under_memory_checker);
    return g_test_run();
}
