/* SPDX-License-Identifier: MIT */
/* The device's registers and state, with no hypervisor around. */
#include <errno.h>
#include <glib.h>
#include <stdbool.h>

#include "core/core.h"
#include "vgpu/regs.h"

/* Guest errors that the core told its binding, and the last one's place. */
typedef struct Errors {
    unsigned count;
    uint64_t offset;
    unsigned size;
} Errors;

static void count_error(void *opaque, const char *what, uint64_t offset,
                        unsigned size)
{
    Errors *errors = opaque;

    g_assert_nonnull(what);
    errors->count++;
    errors->offset = offset;
    errors->size = size;
}

static const VgpuCoreOps ops = { .guest_error = count_error };
static const VgpuConfig sample = { .pool = 'B', .priority = 2, .vm_id = 100 };

static void check_after_init(void)
{
    Errors errors = { 0 };
    VgpuCore core;

    vgpu_core_init(&core, &sample, &ops, &errors);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_COMMAND, 4), ==, 0);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_STATUS, 4), ==, 0);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_POOL, 4), ==, 'B');
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_PRIORITY, 4), ==, 2);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_VM_ID, 4), ==, 100);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_MAGIC, 4), ==, 0x55504756);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_ABI_VERSION, 4), ==,
                    0x00010000);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_FEATURES, 4), ==, 0);
    g_assert_cmpuint(errors.count, ==, 0);
}

static void check_command(void)
{
    static const uint64_t values[] = {
        0, 1, 0x80000000, 0xffffffff, 0x123456789abcdef0,
    };
    Errors errors = { 0 };
    VgpuCore core;
    size_t i;

    vgpu_core_init(&core, &sample, &ops, &errors);
    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        vgpu_core_reset(&core);
        vgpu_core_write(&core, VGPU_REG_COMMAND, values[i], 4);
        g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_COMMAND, 4), ==,
                        (uint32_t)values[i]);
        g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_STATUS, 4), ==,
                        VGPU_STATUS_WRITTEN);
    }
    g_assert_cmpuint(errors.count, ==, 0);
}

static void check_reset(void)
{
    Errors errors = { 0 };
    VgpuCore core;

    vgpu_core_init(&core, &sample, &ops, &errors);
    vgpu_core_write(&core, VGPU_REG_COMMAND, 7, 4);
    vgpu_core_reset(&core);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_COMMAND, 4), ==, 0);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_STATUS, 4), ==,
                    VGPU_STATUS_IDLE);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_POOL, 4), ==, 'B');
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_PRIORITY, 4), ==, 2);
    g_assert_cmphex(vgpu_core_read(&core, VGPU_REG_VM_ID, 4), ==, 100);
}

static bool untouched(VgpuCore *core)
{
    return core->command == 0 && core->status == VGPU_STATUS_IDLE &&
           core->config.pool == sample.pool &&
           core->config.priority == sample.priority &&
           core->config.vm_id == sample.vm_id;
}

/* Every other size and alignment, every other register: no effect, and told. */
static void check_wrong_accesses(void)
{
    static const unsigned sizes[] = { 0, 1, 2, 3, 4, 8, 16, ~0u };
    Errors errors = { 0 };
    VgpuCore core;
    uint64_t offset;
    size_t i;

    vgpu_core_init(&core, &sample, &ops, &errors);
    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (offset = 0; offset < VGPU_REGS_BAR_SIZE + 16; offset++) {
            unsigned before = errors.count;
            bool right = sizes[i] == 4 && offset % 4 == 0;

            if (!(right && offset < VGPU_REG_END)) {
                g_assert_cmphex(vgpu_core_read(&core, offset, sizes[i]), ==, 0);
                g_assert_cmpuint(errors.count, ==, before + 1);
                g_assert_cmphex(errors.offset, ==, offset);
                g_assert_cmpuint(errors.size, ==, sizes[i]);
            }
            if (!(right && offset == VGPU_REG_COMMAND)) {
                before = errors.count;
                vgpu_core_write(&core, offset, ~0ull, sizes[i]);
                g_assert_cmpuint(errors.count, ==, before + 1);
                g_assert_true(untouched(&core));
            }
        }
    }
}

/* Offsets that wrap or overflow when added to are offsets like any other. */
static void check_huge_offsets(void)
{
    static const uint64_t offsets[] = {
        UINT32_MAX - 3, UINT32_MAX, 1ull << 32, UINT64_MAX - 3, UINT64_MAX,
    };
    Errors errors = { 0 };
    VgpuCore core;
    size_t i;

    vgpu_core_init(&core, &sample, &ops, &errors);
    for (i = 0; i < G_N_ELEMENTS(offsets); i++) {
        g_assert_cmphex(vgpu_core_read(&core, offsets[i], 4), ==, 0);
        vgpu_core_write(&core, offsets[i], 1, 4);
        g_assert_true(untouched(&core));
    }
    g_assert_cmpuint(errors.count, ==, 2 * G_N_ELEMENTS(offsets));
}

static void check_loaded_state(void)
{
    static const struct {
        uint32_t command, status;
        int expected;
    } cases[] = {
        { 0, VGPU_STATUS_IDLE, 0 },
        { 0, VGPU_STATUS_WRITTEN, 0 },
        { 0xffffffff, VGPU_STATUS_WRITTEN, 0 },
        { 1, VGPU_STATUS_IDLE, -EINVAL },
        { 0, 2, -EINVAL },
        { 0, 3, -EINVAL },
        { 0, 0x80000000, -EINVAL },
        { 0, 0xffffffff, -EINVAL },
    };
    Errors errors = { 0 };
    VgpuCore core;
    size_t i;

    vgpu_core_init(&core, &sample, &ops, &errors);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        core.command = cases[i].command;
        core.status = cases[i].status;
        g_assert_cmpint(vgpu_core_check_state(&core), ==, cases[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/core/after-init", check_after_init);
    g_test_add_func("/core/command", check_command);
    g_test_add_func("/core/reset", check_reset);
    g_test_add_func("/core/wrong-accesses", check_wrong_accesses);
    g_test_add_func("/core/huge-offsets", check_huge_offsets);
    g_test_add_func("/core/loaded-state", check_loaded_state);
    return g_test_run();
}
