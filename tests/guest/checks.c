/* SPDX-License-Identifier: MIT */
#include "guest/checks.h"

#include <stdint.h>
#include <string.h>

#include "vgpu/properties.h"

#define SAMPLE_POOL     "B"
#define SAMPLE_PRIORITY "high"
#define SAMPLE_VM_ID    100

#define GOLDEN_LSPCI "tests/guest/golden/lspci-nnvv"

/* What tests/guest/init writes to COMMAND. */
#define WRITTEN 0x12345678u

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

const char guest_checks_device[] = VGPU_DEVICE_NAME
    "," VGPU_PROP_POOL_ID "=" SAMPLE_POOL "," VGPU_PROP_PRIORITY
    "=" SAMPLE_PRIORITY "," VGPU_PROP_VM_ID "=" TEXT(SAMPLE_VM_ID);

static bool check_booted(const GuestReport *report, char **seen)
{
    const char *uname = guest_section(report, "uname");

    *seen = report->failure ? g_strdup(report->failure)
                            : g_strdup_printf("%.*s, userspace after %.1f s",
                                              (int)strcspn(uname, "\n"), uname,
                                              report->ready_s);
    return !report->failure;
}

/* The line of a section that has a text in it, or NULL. To g_free. */
static char *line_with(const GuestReport *report, const char *section,
                       const char *text)
{
    g_auto(GStrv) lines = g_strsplit(guest_section(report, section), "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (strstr(lines[i], text)) {
            return g_strdup(lines[i]);
        }
    }
    return NULL;
}

static bool check_lspci_line(const GuestReport *report, char **seen)
{
    *seen = line_with(report, "lspci-nn", "[1af4:1111]");
    return *seen && g_regex_match_simple(
                        "^[0-9a-f]{2}:[0-9a-f]{2}\\.0 Processing accelerators "
                        "\\[1200\\]: "
                        "Red Hat, Inc\\. Device \\[1af4:1111\\] \\(rev 01\\)$",
                        *seen, 0, 0);
}

static char *substitute(const char *text, const char *pattern, const char *by)
{
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);

    return g_regex_replace_literal(regex, text, -1, 0, by, 0, NULL);
}

/*
 * Left out of the comparison, because the machine, its firmware and the kernel
 * choose them: the slot, its physical number, the address, the Control bits
 * and, once a bit there makes it a bus master, the latency.
 */
static bool check_lspci_golden(const GuestReport *report, char **seen)
{
    const char *printed = guest_section(report, "lspci-nnvv");
    g_autofree char *no_slot = substitute(printed, "^[0-9a-f]{2}:[0-9a-f.]{4} ",
                                          "SLOT ");
    g_autofree char *no_address = substitute(no_slot, "Memory at [0-9a-f]+ ",
                                             "Memory at ADDRESS ");
    g_autofree char *no_extra = substitute(
        no_address, "^\t(Physical Slot|Latency): [0-9]+\n", "");
    g_autofree char *text = substitute(no_extra, "Control: .*$",
                                       "Control: CONTROL");
    g_autofree char *golden = NULL;

    if (!g_file_get_contents(GOLDEN_LSPCI, &golden, NULL, NULL)) {
        *seen = g_strdup("no " GOLDEN_LSPCI);
        return false;
    }
    if (strcmp(text, golden) == 0) {
        *seen = line_with(report, "lspci-nnvv", "Region 0");
        g_strstrip(*seen);
        return true;
    }
    *seen = g_strdup_printf("differs from " GOLDEN_LSPCI ":\n%s", printed);
    return false;
}

static bool check_sysfs(const GuestReport *report, char **seen)
{
    static const char *const wanted[] = {
        "vendor 0x1af4", "device 0x1111",           "class 0x120000",
        "revision 0x01", "subsystem_vendor 0x1af4", "subsystem_device 0x0001",
        "irq 0",         "resource0 4096",
    };
    g_auto(GStrv) lines = g_strsplit(guest_section(report, "sysfs"), "\n", -1);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (!g_strv_contains((const char *const *)lines, wanted[i])) {
            *seen = g_strdup_printf("no line \"%s\"", wanted[i]);
            return false;
        }
    }
    *seen = g_strdup(lines[0]);
    return g_str_has_prefix(*seen, "/sys/bus/pci/devices/0000:");
}

/* Whether a section says "0xOFFSET NAME 0xVALUE" for each expected value. */
typedef struct Expected {
    const char *name;
    uint32_t value;
} Expected;

static bool has_registers(const GuestReport *report, const char *section,
                          const Expected *expected, size_t count, char **seen)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool all = true;
    size_t i;

    for (i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf(" %s ", expected[i].name);
        g_autofree char *line = line_with(report, section, name);
        const char *value = line ? strrchr(line, ' ') + 1 : "none";

        g_string_append_printf(text, "%s%s %s", i ? ", " : "", expected[i].name,
                               value);
        all = all && line &&
              g_ascii_strtoull(value, NULL, 16) == expected[i].value &&
              g_str_has_prefix(value, "0x");
    }
    *seen = g_string_free(g_steal_pointer(&text), FALSE);
    return all;
}

static bool check_properties(const GuestReport *report, char **seen)
{
    static const Expected expected[] = {
        { "POOL", 'B' },
        { "PRIORITY", 2 },
        { "VM_ID", SAMPLE_VM_ID },
    };

    return has_registers(report, "registers", expected, G_N_ELEMENTS(expected),
                         seen);
}

static bool check_identity(const GuestReport *report, char **seen)
{
    static const Expected expected[] = {
        { "MAGIC", 0x55504756 },
        { "ABI_VERSION", 0x00010000 },
        { "FEATURES", 0 },
    };

    return has_registers(report, "registers", expected, G_N_ELEMENTS(expected),
                         seen);
}

static bool check_idle(const GuestReport *report, char **seen)
{
    static const Expected expected[] = { { "COMMAND", 0 }, { "STATUS", 0 } };

    return has_registers(report, "registers", expected, G_N_ELEMENTS(expected),
                         seen);
}

static bool check_command(const GuestReport *report, char **seen)
{
    static const Expected expected[] = {
        { "COMMAND", WRITTEN },
        { "STATUS", 1 },
    };

    return has_registers(report, "command", expected, G_N_ELEMENTS(expected),
                         seen);
}

static bool check_accesses(const GuestReport *report, char **seen)
{
    const char *text = guest_section(report, "accesses");

    *seen = g_strndup(text, strcspn(text, "\n"));
    return g_regex_match_simple("^[1-9][0-9]+ accesses, 0 with an effect$",
                                *seen, 0, 0);
}

static bool check_kernel(const GuestReport *report, char **seen)
{
    const char *text = guest_section(report, "kernel");

    *seen = g_strndup(text, strcspn(text, "\n"));
    return strcmp(text, "clean\n") == 0;
}

const GuestCheck guest_checks[] = {
    { "the guest boots and ends", check_booted },
    { "lspci -nn", check_lspci_line },
    { "lspci -vv", check_lspci_golden },
    { "entry in sysfs", check_sysfs },
    { "registers after reset", check_idle },
    { "registers of the properties", check_properties },
    { "magic, version, features", check_identity },
    { "command register written", check_command },
    { "wrong accesses are ignored", check_accesses },
    { "kernel log: no BUG, no WARNING", check_kernel },
    { NULL, NULL },
};
