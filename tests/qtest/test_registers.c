/* SPDX-License-Identifier: MIT */
/*
 * Every register × values × access sizes × alignments, against a model that is
 * written from docs/specification.md: only an aligned 4-byte write to COMMAND
 * changes anything.
 */
#include "lib/device.h"

#include "vgpu/properties.h"

typedef struct Register {
    const char *name;
    unsigned offset;
    bool writable;
} Register;

#define WRITABLE_RW            true
#define WRITABLE_RO            false
#define REGISTER(name, access) { #name, VGPU_REG_##name, WRITABLE_##access },
static const Register registers[] = { VGPU_REGISTERS(REGISTER) };

static const unsigned sizes[] = { 1, 2, 4, 8 };

/* What each register holds, by the specification. */
typedef struct Model {
    uint32_t value[G_N_ELEMENTS(registers)];
} Model;

static uint32_t *model_at(Model *model, unsigned offset)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (registers[i].offset == offset) {
            return &model->value[i];
        }
    }
    g_assert_not_reached();
}

/* The sample properties: pool B, high, 100. */
static void model_reset(Model *model)
{
    *model_at(model, VGPU_REG_COMMAND) = 0;
    *model_at(model, VGPU_REG_STATUS) = VGPU_STATUS_IDLE;
    *model_at(model, VGPU_REG_POOL) = 'B';
    *model_at(model, VGPU_REG_PRIORITY) = 2;
    *model_at(model, VGPU_REG_VM_ID) = 100;
    *model_at(model, VGPU_REG_MAGIC) = 'V' | 'G' << 8 | 'P' << 16 |
                                       (uint32_t)'U' << 24;
    *model_at(model, VGPU_REG_ABI_VERSION) = 1 << 16;
    *model_at(model, VGPU_REG_FEATURES) = 0;
}

static void model_write(Model *model, unsigned offset, unsigned size,
                        uint64_t value)
{
    if (size == 4 && offset == VGPU_REG_COMMAND) {
        *model_at(model, VGPU_REG_COMMAND) = (uint32_t)value;
        *model_at(model, VGPU_REG_STATUS) = VGPU_STATUS_WRITTEN;
    }
}

static bool agrees(Device *d, Model *model, const char *after)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        uint32_t seen = device_read(d, registers[i].offset);

        if (seen != model->value[i]) {
            g_test_message("%s: %s is 0x%x, not 0x%x", after, registers[i].name,
                           seen, model->value[i]);
            g_test_fail();
            return false;
        }
    }
    return true;
}

static bool write_and_compare(Device *d, Model *model, unsigned offset,
                              unsigned size, uint64_t value)
{
    g_autofree char *after = g_strdup_printf(
        "after a %u-byte write of 0x%" G_GINT64_MODIFIER "x at 0x%x", size,
        value, offset);

    qemu_write(d->qemu, d->base + offset, value, size);
    model_write(model, offset, size, value);
    return agrees(d, model, after);
}

static void check_defaults(void)
{
    Device d;

    if (!device_start(&d, "pc", "")) {
        return;
    }
    g_assert_cmphex(device_read(&d, VGPU_REG_COMMAND), ==, 0);
    g_assert_cmphex(device_read(&d, VGPU_REG_STATUS), ==, 0);
    g_assert_cmphex(device_read(&d, VGPU_REG_POOL), ==, 'A');
    g_assert_cmphex(device_read(&d, VGPU_REG_PRIORITY), ==, 1);
    g_assert_cmphex(device_read(&d, VGPU_REG_VM_ID), ==, 0);
    device_stop(&d);
}

/* Nothing reaches the device, and it has lost nothing when something does again. */
static void check_decoding_off(void)
{
    Model model;
    Device d;

    if (!device_start(&d, "pc", DEVICE_SAMPLE_PROPERTIES)) {
        return;
    }
    model_reset(&model);
    pci_write(d.qemu, d.devfn, PCI_COMMAND, 0, 2);
    g_assert_cmphex(device_read(&d, VGPU_REG_MAGIC), !=, VGPU_MAGIC);
    device_write(&d, VGPU_REG_COMMAND, 0x5a5a1234);
    pci_write(d.qemu, d.devfn, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    agrees(&d, &model, "after a write that was not decoded");
    device_stop(&d);
}

/* One case for each size, so that a report names the size that is wrong. */
static void check_writes(gconstpointer data)
{
    static const uint64_t values[] = {
        0, 1, 0x7f, 0x7fff, 0x7fffffff, 0x80000000, 0xffffffff, ~0ull,
    };
    unsigned size = GPOINTER_TO_UINT(data);
    Model model;
    Device d;
    unsigned offset;
    size_t i;

    if (!device_start(&d, "pc", DEVICE_SAMPLE_PROPERTIES)) {
        return;
    }
    model_reset(&model);
    /* A value that no later one repeats: a write that is not ignored shows. */
    write_and_compare(&d, &model, VGPU_REG_COMMAND, 4, 0x5a5a1234);
    for (offset = 0; offset < VGPU_REG_END + 8; offset++) {
        for (i = 0; i < G_N_ELEMENTS(values); i++) {
            if (!write_and_compare(&d, &model, offset, size, values[i])) {
                device_stop(&d);
                return;
            }
        }
    }
    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        write_and_compare(&d, &model, VGPU_REGS_BAR_SIZE - size, size,
                          values[i]);
    }
    device_stop(&d);
}

/* An ignored write does not so much as set STATUS. */
static void check_ignored_write_sets_no_status(gconstpointer data)
{
    unsigned size = GPOINTER_TO_UINT(data);
    Model model;
    Device d;
    unsigned offset;

    if (!device_start(&d, "pc", DEVICE_SAMPLE_PROPERTIES)) {
        return;
    }
    model_reset(&model);
    for (offset = 0; offset < VGPU_REG_END; offset++) {
        if ((size != 4 || offset != VGPU_REG_COMMAND) &&
            !write_and_compare(&d, &model, offset, size, ~0ull)) {
            break;
        }
    }
    device_stop(&d);
}

static void check_reads(gconstpointer data)
{
    unsigned size = GPOINTER_TO_UINT(data);
    Model model;
    Device d;
    unsigned offset;

    if (!device_start(&d, "pc", DEVICE_SAMPLE_PROPERTIES)) {
        return;
    }
    model_reset(&model);
    write_and_compare(&d, &model, VGPU_REG_COMMAND, 4, 0x5a5a1234);
    for (offset = 0; offset <= VGPU_REGS_BAR_SIZE - size; offset++) {
        uint64_t seen = qemu_read(d.qemu, d.base + offset, size);
        uint64_t expected = 0;

        if (size == 4 && offset % 4 == 0 && offset < VGPU_REG_END) {
            expected = *model_at(&model, offset);
        }
        if (seen != expected) {
            g_test_message("a %u-byte read at 0x%x gave 0x%" G_GINT64_MODIFIER
                           "x",
                           size, offset, seen);
            g_test_fail();
            break;
        }
    }
    /* No read changed anything. */
    agrees(&d, &model, "after all reads");
    device_stop(&d);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestDataFunc check;
    } cases[] = {
        { "write", check_writes },
        { "ignored-write-sets-no-status", check_ignored_write_sets_no_status },
        { "read", check_reads },
    };
    size_t i, j;

    qemu_test_init(&argc, &argv);
    g_test_add_func("/registers/defaults", check_defaults);
    g_test_add_func("/registers/decoding-off", check_decoding_off);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (j = 0; j < G_N_ELEMENTS(sizes); j++) {
            g_autofree char *path = g_strdup_printf("/registers/%s/%u-bytes",
                                                    cases[i].name, sizes[j]);

            g_test_add_data_func(path, GUINT_TO_POINTER(sizes[j]),
                                 cases[i].check);
        }
    }
    return g_test_run();
}
