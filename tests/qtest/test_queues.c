/* SPDX-License-Identifier: MIT */
/*
 * A device with queues, as QEMU binds it: its BARs and interrupts, DMA to the
 * machine's memory and to nothing else, stopping, reset and migration. What the
 * commands do is in the unit tests.
 */
#include "lib/queue.h"

#include <glib/gstdio.h>
#include <string.h>

#include "vgpu/properties.h"

#define QUEUES     2
#define PROPERTIES "queues=2"
/* As under KVM; here QEMU itself writes to the descriptors. */
#define IOEVENTFDS PROPERTIES ",ioeventfd=on"

/* Places in the machine's memory, beside those of lib/queue.h. */
#define MAILBOX 0x203000u

/* Where the MSI-X table goes, beside the registers. */
#define MSIX_ADDRESS (PCI_TEST_BAR_ADDRESS + 0x10000)

#define TIMEOUT_S QUEUE_TIMEOUT_S

static bool start(Queue *queue, const char *properties)
{
    return queue_start(queue, "", properties);
}

static void submit_nop(Queue *queue)
{
    struct vgpu_submission submission = { .opcode = VGPU_OP_NOP };

    queue_submit(queue, &submission);
}

static void submit_fill(Queue *queue, uint64_t address)
{
    struct vgpu_submission submission = {
        .opcode = VGPU_OP_MEMORY_TEST,
        .segments = 1,
        .argument = 1,
        .segment = { { address, 8, VGPU_SEGMENT_WRITE } },
    };

    queue_submit(queue, &submission);
}

static unsigned msix_capability(Device *d)
{
    unsigned at = pci_read(d->qemu, d->devfn, PCI_CAPABILITY_LIST, 1);

    while (at && pci_read(d->qemu, d->devfn, at, 1) != PCI_CAP_ID_MSIX) {
        at = pci_read(d->qemu, d->devfn, at + PCI_CAP_LIST_NEXT, 1);
    }
    return at;
}

/* ---- What a guest finds --------------------------------------------------------- */

static void check_identity(gconstpointer machine)
{
    unsigned at;
    Device d;

    if (!device_start(&d, machine, PROPERTIES)) {
        return;
    }
    g_assert_cmphex(device_read(&d, VGPU_REG_FEATURES), ==,
                    VGPU_FEATURE_QUEUES);
    g_assert_cmpuint(device_read(&d, VGPU_REG_QUEUES), ==, QUEUES);
    g_assert_cmphex(pci_bar_mask(d.qemu, d.devfn, VGPU_REGS_BAR), ==,
                    0xfffff000);
    g_assert_cmphex(pci_bar_mask(d.qemu, d.devfn, VGPU_MSIX_BAR), ==,
                    0xfffff000);
    g_assert_cmpuint(pci_read(d.qemu, d.devfn, PCI_INTERRUPT_PIN, 1), ==, 1);
    at = msix_capability(&d);
    g_assert_cmphex(at, !=, 0);
    g_assert_cmpuint(pci_read(d.qemu, d.devfn, at + PCI_MSIX_FLAGS, 2) &
                         PCI_MSIX_FLAGS_QSIZE,
                     ==, QUEUES);
    g_assert_cmphex(pci_read(d.qemu, d.devfn, at + PCI_MSIX_TABLE, 4), ==,
                    VGPU_MSIX_BAR);
    device_stop(&d);
}

static void check_too_many(void)
{
    QemuResult result;

    qemu_run(&result, TIMEOUT_S,
             "-M pc -accel qtest -nodefaults -display none "
             "-device " VGPU_DEVICE_NAME ",queues=17");
    g_assert_cmpint(result.exit_status, ==, 1);
    g_assert_nonnull(strstr(result.err, "queues must be 0 to 16"));
    qemu_result_clear(&result);
}

/* ---- Commands and interrupts ------------------------------------------------------ */

static void check_intx(void)
{
    const uint32_t bit = 1;
    Queue queue;

    if (!start(&queue, PROPERTIES)) {
        return;
    }
    submit_nop(&queue);
    g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_OK);
    queue_settle(&queue);
    g_assert_cmphex(device_read(&queue.d, VGPU_REG_INTERRUPT), ==, bit);
    g_assert_cmphex(pci_read(queue.d.qemu, queue.d.devfn, PCI_STATUS, 2) &
                        PCI_STATUS_INTERRUPT,
                    !=, 0);
    device_write(&queue.d, VGPU_REG_INTERRUPT, bit);
    g_assert_cmphex(device_read(&queue.d, VGPU_REG_INTERRUPT), ==, 0);
    g_assert_cmphex(pci_read(queue.d.qemu, queue.d.devfn, PCI_STATUS, 2) &
                        PCI_STATUS_INTERRUPT,
                    ==, 0);
    device_stop(&queue.d);
}

/* A message is a write: here it goes to memory, where it can be seen. */
static void turn_on_msix(Device *d, unsigned vector)
{
    const unsigned at = msix_capability(d);
    const uint64_t entry = MSIX_ADDRESS + vector * PCI_MSIX_ENTRY_SIZE;

    pci_place_bar(d->qemu, d->devfn, VGPU_MSIX_BAR, MSIX_ADDRESS);
    queue_enable_bus_master(d);
    qemu_write(d->qemu, entry + PCI_MSIX_ENTRY_LOWER_ADDR, MAILBOX, 4);
    qemu_write(d->qemu, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 0, 4);
    qemu_write(d->qemu, entry + PCI_MSIX_ENTRY_DATA, 0x5a00 + vector, 4);
    qemu_write(d->qemu, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0, 4);
    pci_write(d->qemu, d->devfn, at + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
}

static void check_msix(void)
{
    gint64 deadline = deadline_after(TIMEOUT_S);
    Queue queue;

    if (!start(&queue, PROPERTIES)) {
        return;
    }
    turn_on_msix(&queue.d, 1);
    submit_nop(&queue);
    g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_OK);
    while (qemu_read(queue.d.qemu, MAILBOX, 4) == 0 &&
           g_get_monotonic_time() < deadline) {
        g_usleep(1000);
    }
    g_assert_cmphex(qemu_read(queue.d.qemu, MAILBOX, 4), ==, 0x5a01);
    g_assert_cmphex(device_read(&queue.d, VGPU_REG_INTERRUPT), ==, 0);
    g_assert_cmphex(pci_read(queue.d.qemu, queue.d.devfn, PCI_STATUS, 2) &
                        PCI_STATUS_INTERRUPT,
                    ==, 0);
    device_stop(&queue.d);
}

/* Bytes 0 to 7 of pattern 1: 0x9e3779b97f4a7c15. */
static void check_memory(gconstpointer properties)
{
    Queue queue;
    unsigned i;

    if (!start(&queue, properties)) {
        return;
    }
    for (i = 0; i < 3 * QUEUE_ENTRIES; i++) {
        submit_fill(&queue, QUEUE_DATA + 16 * i);
        g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_OK);
        g_assert_cmphex(qemu_read(queue.d.qemu, QUEUE_DATA + 16 * i, 8), ==,
                        0x9e3779b97f4a7c15);
    }
    device_stop(&queue.d);
}

/* ---- What is not the guest's memory ------------------------------------------------- */

static void check_foreign_addresses(void)
{
    static const uint64_t addresses[] = {
        PCI_TEST_BAR_ADDRESS,                  /* our own registers */
        PCI_TEST_BAR_ADDRESS + VGPU_DOORBELLS, /* and doorbells */
        0xfee00000,                            /* the interrupt controller */
        0xfffffff8,                            /* the firmware's ROM */
        0x8000000000,                          /* nothing */
        128 * 1024 * 1024 - 4,                 /* the end of memory */
    };
    Queue queue;
    size_t i;

    if (!start(&queue, PROPERTIES)) {
        return;
    }
    for (i = 0; i < G_N_ELEMENTS(addresses); i++) {
        submit_fill(&queue, addresses[i]);
        g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_BAD_ADDRESS);
    }
    submit_fill(&queue, QUEUE_DATA);
    g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_OK);
    g_assert_cmphex(device_read(&queue.d, VGPU_REG_COMMAND), ==, 0);
    device_stop(&queue.d);
}

static void fails_with_ring(Queue *queue)
{
    queue_wait_register(queue, VGPU_REG_STATE, VGPU_STATE_FAILED);
    g_assert_cmpuint(device_read(&queue->d, VGPU_REG_FAILURE), ==,
                     VGPU_FAILURE_RING);
}

static void check_ring_in_registers(void)
{
    Queue queue;

    if (!start(&queue, PROPERTIES)) {
        return;
    }
    queue_start_device(&queue.d);
    queue_turn_on(&queue.d, PCI_TEST_BAR_ADDRESS);
    fails_with_ring(&queue);
    device_stop(&queue.d);
}

static void check_no_bus_master(gconstpointer properties)
{
    Queue queue;

    if (!start(&queue, properties)) {
        return;
    }
    queue_settle(&queue);
    pci_write(queue.d.qemu, queue.d.devfn, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    device_write(&queue.d, VGPU_DOORBELLS, 0);
    fails_with_ring(&queue);
    device_stop(&queue.d);
}

/* A doorbell that is no correct driver's: told to the core, and nothing else. */
static void check_ioeventfd_wrong(void)
{
    Queue queue;

    if (!start(&queue, IOEVENTFDS)) {
        return;
    }
    /* Of a queue that is off, of one that there is not, and not in 4 bytes. */
    device_write(&queue.d, VGPU_DOORBELLS + 1 * VGPU_REG_SIZE, 1);
    device_write(&queue.d, VGPU_DOORBELLS + QUEUES * VGPU_REG_SIZE, 1);
    qemu_write(queue.d.qemu, queue.d.base + VGPU_DOORBELLS, 1, 2);
    qemu_write(queue.d.qemu, queue.d.base + VGPU_DOORBELLS, 1, 8);
    queue_settle(&queue);
    g_assert_cmpuint(device_read(&queue.d, VGPU_REG_STATE), ==,
                     VGPU_STATE_RUNNING);
    submit_nop(&queue);
    g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_OK);
    device_stop(&queue.d);
}

/* ---- Stopping, reset, migration ------------------------------------------------------- */

static void check_stopped(gconstpointer properties)
{
    Queue queue;

    if (!start(&queue, properties)) {
        return;
    }
    queue_settle(&queue);
    qemu_do(queue.d.qemu, "{'execute': 'stop'}");
    submit_fill(&queue, QUEUE_DATA);
    queue_settle(&queue);
    g_assert_false(queue_is_completed(&queue));
    g_assert_cmphex(qemu_read(queue.d.qemu, QUEUE_DATA, 8), ==, 0);
    qemu_do(queue.d.qemu, "{'execute': 'cont'}");
    g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_OK);
    device_stop(&queue.d);
}

static void check_reset(gconstpointer properties)
{
    Queue queue;

    if (!start(&queue, properties)) {
        return;
    }
    submit_nop(&queue);
    g_assert_cmpuint(queue_complete(&queue), ==, VGPU_DONE_OK);
    qemu_do(queue.d.qemu, "{'execute': 'system_reset'}");
    g_assert_true(qemu_wait_event(queue.d.qemu, "RESET", TIMEOUT_S));
    g_assert_cmphex(
        pci_read(queue.d.qemu, queue.d.devfn, PCI_BASE_ADDRESS_0, 4), ==, 0);
    pci_place_bar(queue.d.qemu, queue.d.devfn, VGPU_REGS_BAR,
                  (uint32_t)queue.d.base);
    g_assert_cmpuint(device_read(&queue.d, VGPU_REG_STATE), ==,
                     VGPU_STATE_RESET);
    g_assert_cmphex(device_read(&queue.d, VGPU_REG_INTERRUPT), ==, 0);
    g_assert_cmpuint(device_read(&queue.d, VGPU_REG_QUEUE_ENABLE), ==, 0);
    device_stop(&queue.d);
}

static bool has_status(Qemu *qemu, const char *query, const char *wanted,
                       bool otherwise)
{
    gint64 deadline = deadline_after(TIMEOUT_S);

    while (qemu_alive(qemu) && g_get_monotonic_time() < deadline) {
        g_autoptr(JsonNode) node = qemu_qmp(qemu, "{'execute': '%s'}", query);
        const char *status = json_object_get_string_member_with_default(
            json_node_get_object(node), "status", "none");

        if ((strcmp(status, wanted) == 0) != otherwise) {
            return true;
        }
        g_usleep(10000);
    }
    return false;
}

/* A command that was submitted before, and is done after. */
static void check_migrate(gconstpointer properties)
{
    g_autofree char *directory = g_dir_make_tmp("vgpu-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "socket", NULL);
    g_autofree char *args = g_strdup_printf("-M pc -device " VGPU_DEVICE_NAME
                                            ",%s -incoming unix:%s",
                                            (const char *)properties, path);
    Queue source, target;

    if (!start(&source, properties)) {
        return;
    }
    submit_nop(&source);
    g_assert_cmpuint(queue_complete(&source), ==, VGPU_DONE_OK);
    qemu_do(source.d.qemu, "{'execute': 'stop'}");
    submit_fill(&source, QUEUE_DATA);
    target = source;
    target.d.qemu = qemu_start(args);
    if (target.d.qemu) {
        qemu_do(source.d.qemu,
                "{'execute': 'migrate', 'arguments': {'uri': 'unix:%s'}}",
                path);
        g_assert_true(
            has_status(source.d.qemu, "query-migrate", "completed", false));
        g_assert_true(
            has_status(target.d.qemu, "query-status", "inmigrate", true));
        g_assert_false(queue_is_completed(&target));
        g_assert_cmpuint(device_read(&target.d, VGPU_REG_STATE), ==,
                         VGPU_STATE_RUNNING);
        qemu_do(target.d.qemu, "{'execute': 'cont'}");
        g_assert_cmpuint(queue_complete(&target), ==, VGPU_DONE_OK);
        g_assert_cmphex(qemu_read(target.d.qemu, QUEUE_DATA, 8), ==,
                        0x9e3779b97f4a7c15);
        submit_nop(&target);
        g_assert_cmpuint(queue_complete(&target), ==, VGPU_DONE_OK);
        device_stop(&target.d);
    }
    device_stop(&source.d);
    g_unlink(path);
    g_rmdir(directory);
}

static void add(const char *name, GTestDataFunc check)
{
    g_autofree char *plain = g_strconcat("/queues/", name, NULL);
    g_autofree char *ioeventfds = g_strconcat("/queues/ioeventfd/", name, NULL);

    g_test_add_data_func(plain, PROPERTIES, check);
    g_test_add_data_func(ioeventfds, IOEVENTFDS, check);
}

int main(int argc, char **argv)
{
    qemu_test_init(&argc, &argv);
    g_test_add_data_func("/queues/identity/pc", "pc", check_identity);
    g_test_add_data_func("/queues/identity/q35", "q35", check_identity);
    g_test_add_func("/queues/too-many", check_too_many);
    g_test_add_func("/queues/intx", check_intx);
    g_test_add_func("/queues/msix", check_msix);
    add("memory", check_memory);
    g_test_add_func("/queues/foreign-addresses", check_foreign_addresses);
    g_test_add_func("/queues/ring-in-registers", check_ring_in_registers);
    add("no-bus-master", check_no_bus_master);
    g_test_add_func("/queues/ioeventfd/wrong", check_ioeventfd_wrong);
    add("stopped", check_stopped);
    add("reset", check_reset);
    add("migrate", check_migrate);
    return g_test_run();
}
