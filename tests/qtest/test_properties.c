/* SPDX-License-Identifier: MIT */
/* What -device vgpu-stub takes, shows and refuses. */
#include "lib/device.h"

#include <string.h>

#include "vgpu/properties.h"

#define RUN_TIMEOUT_S 30
#define BARE_MACHINE  "-accel qtest -M pc -nodefaults -display none -S "

/* A property's text as it stands on a command line, and what it comes to. */
typedef struct Good {
    const char *text; /* NULL: the property is absent */
    uint32_t value;
} Good;

static const Good pools[] = {
    { NULL, 'A' },
    { "", 'A' },
    { "A", 'A' },
    { "B", 'B' },
};
static const Good priorities[] = {
    { NULL, 1 }, { "", 1 }, { "low", 0 }, { "medium", 1 }, { "high", 2 },
};
static const Good vm_ids[] = {
    { NULL, 0 },
    { "0", 0 },
    { "1", 1 },
    { "0x64", 100 },
    { "4294967295", 4294967295u },
};

static void append(GString *list, const char *name, const char *text)
{
    if (text) {
        g_string_append_printf(list, "%s%s=%s", list->len ? "," : "", name,
                               text);
    }
}

static void check_good(gconstpointer data)
{
    const Good *vm_id = data;
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(pools); i++) {
        for (j = 0; j < G_N_ELEMENTS(priorities); j++) {
            g_autoptr(GString) list = g_string_new(NULL);
            Device d;

            append(list, "pool_id", pools[i].text);
            append(list, "priority", priorities[j].text);
            append(list, "vm_id", vm_id->text);
            if (!device_start(&d, "pc", list->str)) {
                return;
            }
            g_assert_cmphex(device_read(&d, VGPU_REG_POOL), ==, pools[i].value);
            g_assert_cmphex(device_read(&d, VGPU_REG_PRIORITY), ==,
                            priorities[j].value);
            g_assert_cmphex(device_read(&d, VGPU_REG_VM_ID), ==, vm_id->value);
            device_stop(&d);
        }
    }
}

static bool mentions(const char *text, const char *word)
{
    if (strstr(text, word)) {
        return true;
    }
    g_test_message("\"%s\" does not say %s", text, word);
    g_test_fail();
    return false;
}

typedef struct Bad {
    const char *property;
    const char *text;
    const char *const *allowed;
} Bad;

static const char *const pool_words[] = { "'A'", "'B'", NULL };
static const char *const priority_words[] = { "'low'", "'medium'", "'high'",
                                              NULL };
static const char *const no_words[] = { NULL };

static const Bad bad_texts[] = {
    { "pool_id", "C", pool_words },
    { "pool_id", "a", pool_words },
    { "pool_id", "AB", pool_words },
    { "pool_id", " A", pool_words },
    { "pool_id", "A ", pool_words },
    { "pool_id", "0", pool_words },
    { "pool_id", "%s%n", pool_words },
    { "pool_id", "\xc3\xa4\xff", pool_words },
    { "priority", "urgent", priority_words },
    { "priority", "HIGH", priority_words },
    { "priority", "low ", priority_words },
    { "priority", "lo", priority_words },
    { "priority", "1", priority_words },
    /* QEMU's own parser refuses these, and says the type. */
    { "vm_id", "", no_words },
    { "vm_id", "abc", no_words },
    { "vm_id", "-1", no_words },
    { "vm_id", "4294967296", no_words },
    { "vm_id", "1.5", no_words },
    { "vm_id", "99999999999999999999", no_words },
};

/* Exits by itself, before the machine starts, and says why. */
static void check_bad(gconstpointer data)
{
    const Bad *bad = data;
    g_autofree char *value = g_strdup_printf(VGPU_DEVICE_NAME ",%s=%s",
                                             bad->property, bad->text);
    g_autofree char *quoted = g_shell_quote(value);
    g_autofree char *args = g_strconcat(BARE_MACHINE "-device ", quoted, NULL);
    QemuResult result;
    size_t i;

    qemu_run(&result, RUN_TIMEOUT_S, args);
    g_assert_false(result.timed_out);
    g_assert_cmpint(result.exit_status, ==, 1);
    mentions(result.err, bad->property);
    mentions(result.err, bad->text);
    for (i = 0; bad->allowed[i]; i++) {
        mentions(result.err, bad->allowed[i]);
    }
    if (bad->allowed == no_words) {
        /* By version and value "integer", "uint32_t" or "uint64". */
        g_assert_true(g_regex_match_simple(
            "Parameter '(vgpu-stub\\.)?vm_id' expects .*(integer|uint(32|64))",
            result.err, 0, 0));
    }
    qemu_result_clear(&result);
}

/* 4 KiB of text is refused like any other. */
static void check_long(void)
{
    g_autofree char *text = g_strnfill(4096, 'A');
    Bad bad = { "pool_id", text, pool_words };

    check_bad(&bad);
}

/* A refused hot-plug leaves nothing behind: the same id and slot work after. */
static void check_refused_hotplug(void)
{
    Qemu *qemu = qemu_start("-M pc");
    g_autofree char *error = NULL;

    if (!qemu) {
        return;
    }
    error = qemu_qmp_error(qemu,
                           "{'execute': 'device_add', 'arguments': {"
                           "'driver': '" VGPU_DEVICE_NAME "', 'id': 'hot', "
                           "'addr': '10', 'pool_id': 'C'}}");
    if (error) {
        mentions(error, "pool_id");
        mentions(error, "'A'");
        mentions(error, "'B'");
    }
    g_assert_cmphex(pci_read(qemu, PCI_SLOT_DEVFN(0x10), PCI_VENDOR_ID, 4), ==,
                    ~0u);
    qemu_do(qemu, "{'execute': 'device_add', 'arguments': {"
                  "'driver': '" VGPU_DEVICE_NAME "', 'id': 'hot', "
                  "'addr': '10', 'pool_id': 'B'}}");
    g_assert_cmphex(pci_read(qemu, PCI_SLOT_DEVFN(0x10), PCI_VENDOR_ID, 2), ==,
                    VGPU_PCI_VENDOR_ID);
    qemu_stop(qemu, NULL);
}

/*
 * Needs a QEMU that tells each pci_register_bar(): tests/faults/bar-watch.c.
 * Nothing is registered for a device whose properties are wrong.
 */
static void check_refused_before_registration(void)
{
    static const char watched[] = "pci_register_bar: " VGPU_DEVICE_NAME;
    const char *binary = g_getenv("VGPU_QEMU_BAR_WATCH");
    g_autofree char *old = g_strdup(g_getenv("VGPU_QEMU"));
    Device d;
    QemuResult result;

    if (!binary) {
        g_test_skip("needs a QEMU linked with tests/faults/bar-watch.c; "
                    "`make test` on its own build makes this run");
        return;
    }
    g_setenv("VGPU_QEMU", binary, TRUE);

    qemu_run(&result, RUN_TIMEOUT_S,
             BARE_MACHINE "-device " VGPU_DEVICE_NAME ",priority=urgent");
    g_assert_cmpint(result.exit_status, ==, 1);
    g_assert_null(strstr(result.err, watched));
    qemu_result_clear(&result);

    /* And the watch does see a good one. */
    if (device_start(&d, "pc", "")) {
        qemu_stop(d.qemu, &result);
        mentions(result.err, watched);
        qemu_result_clear(&result);
    }

    if (old) {
        g_setenv("VGPU_QEMU", old, TRUE);
    } else {
        g_unsetenv("VGPU_QEMU");
    }
}

static bool has_line(const char *text, const char *prefix)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(g_strstrip(lines[i]), prefix)) {
            return true;
        }
    }
    g_test_message("no line begins with \"%s\" in: %s", prefix, text);
    g_test_fail();
    return false;
}

static void check_device_help(void)
{
    QemuResult result;
    char *category, *next;

    qemu_run(&result, RUN_TIMEOUT_S, "-device help");
    g_assert_cmpint(result.exit_status, ==, 0);
    category = strstr(result.out, "\nMisc devices:\n");
    g_assert_nonnull(category);
    if (category) {
        next = strstr(category, "\n\n");
        if (next) {
            *next = '\0';
        }
        has_line(category,
                 "name \"vgpu-stub\", bus PCI, desc "
                 "\"Virtual GPU Stub Device (Processing Accelerator)\"");
    }
    qemu_result_clear(&result);
}

static void check_property_help(void)
{
    QemuResult result;

    qemu_run(&result, RUN_TIMEOUT_S, "-device " VGPU_DEVICE_NAME ",help");
    g_assert_cmpint(result.exit_status, ==, 0);
    has_line(result.out, "pool_id=<str>");
    has_line(result.out, "priority=<str>");
    has_line(result.out, "vm_id=<uint32>");
    qemu_result_clear(&result);
}

int main(int argc, char **argv)
{
    size_t i;

    qemu_test_init(&argc, &argv);
    for (i = 0; i < G_N_ELEMENTS(vm_ids); i++) {
        g_autofree char *path = g_strdup_printf("/properties/good/vm_id-%s",
                                                vm_ids[i].text ? vm_ids[i].text
                                                               : "absent");

        g_test_add_data_func(path, &vm_ids[i], check_good);
    }
    for (i = 0; i < G_N_ELEMENTS(bad_texts); i++) {
        g_autofree char *text = g_strescape(bad_texts[i].text, NULL);
        g_autofree char *path = g_strdup_printf("/properties/bad/%s-%s",
                                                bad_texts[i].property, text);

        g_test_add_data_func(path, &bad_texts[i], check_bad);
    }
    g_test_add_func("/properties/bad/4-KiB", check_long);
    g_test_add_func("/properties/refused-hotplug", check_refused_hotplug);
    g_test_add_func("/properties/refused-before-registration",
                    check_refused_before_registration);
    g_test_add_func("/properties/help/device", check_device_help);
    g_test_add_func("/properties/help/properties", check_property_help);
    return g_test_run();
}
