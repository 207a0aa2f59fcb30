/* SPDX-License-Identifier: MIT */
/*
 * docs/specification.md against include/vgpu: each constant of the headers
 * stands in a table of the document with its value, and each VGPU_ name in a
 * table there is one of the headers'.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vgpu/properties.h"
#include "vgpu/regs.h"

#define SPECIFICATION "docs/specification.md"

typedef struct Number {
    const char *name;
    uint64_t value;
} Number;

typedef struct Text {
    const char *name;
    const char *value;
} Text;

/* Made by tests/unit/abi-constants.sh. */
static const Number numbers[] = {
#include "abi-regs.inc"
#include "abi-properties.inc"
};
static const Text texts[] = {
#include "abi-texts.inc"
};

/* A table's row: its cells, stripped, without backquotes. */
static GPtrArray *rows;

static void load_rows(void)
{
    g_autofree char *document = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i, j;

    rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    if (!g_file_get_contents(SPECIFICATION, &document, NULL, NULL)) {
        g_error("no " SPECIFICATION "; run this from the top of the tree");
    }
    lines = g_strsplit(document, "\n", -1);
    for (i = 0; lines[i]; i++) {
        char **cells;

        if (lines[i][0] != '|') {
            continue;
        }
        cells = g_strsplit(lines[i] + 1, "|", -1);
        for (j = 0; cells[j]; j++) {
            g_strstrip(g_strdelimit(cells[j], "`", ' '));
        }
        g_ptr_array_add(rows, cells);
    }
}

/* The row whose first cell is this, or NULL. */
static char **row_of(const char *name)
{
    guint i;

    for (i = 0; i < rows->len; i++) {
        char **cells = g_ptr_array_index(rows, i);

        if (g_strcmp0(cells[0], name) == 0) {
            return cells;
        }
    }
    g_test_message(SPECIFICATION " has no table row for %s", name);
    g_test_fail();
    return NULL;
}

static void check_numbers(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(numbers); i++) {
        char **cells = row_of(numbers[i].name);
        char *end = NULL;

        if (cells && (g_ascii_strtoull(cells[1], &end, 0) != numbers[i].value ||
                      end == cells[1] || *end)) {
            g_test_message("%s is \"%s\" in " SPECIFICATION
                           ", 0x%" G_GINT64_MODIFIER "x in the header",
                           numbers[i].name, cells[1], numbers[i].value);
            g_test_fail();
        }
    }
}

static void check_texts(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        char **cells = row_of(texts[i].name);

        if (cells) {
            g_assert_cmpstr(cells[1], ==, texts[i].value);
        }
    }
}

static bool is_constant(const char *name)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            return true;
        }
    }
    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (strcmp(texts[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_no_other_names(void)
{
    guint i;

    for (i = 0; i < rows->len; i++) {
        char **cells = g_ptr_array_index(rows, i);

        if (g_str_has_prefix(cells[0], "VGPU_") && !is_constant(cells[0])) {
            g_test_message(SPECIFICATION " has %s, the headers have not",
                           cells[0]);
            g_test_fail();
        }
    }
}

/* The third cell of a register's row says who may write it. */
static void check_access(void)
{
#define ACCESS(name, access) { "VGPU_REG_" #name, #access },
    static const Text accesses[] = { VGPU_REGISTERS(ACCESS) };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(accesses); i++) {
        char **cells = row_of(accesses[i].name);

        if (cells && cells[1]) {
            g_assert_cmpstr(cells[2], ==, accesses[i].value);
        }
    }
}

/* Every VGPU_REG_ constant that is an offset is in VGPU_REGISTERS, in order. */
static void check_list_is_complete(void)
{
#define OFFSET(name, access) VGPU_REG_##name,
    static const unsigned offsets[] = { VGPU_REGISTERS(OFFSET) };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(offsets); i++) {
        g_assert_cmphex(offsets[i], ==, i * VGPU_REG_SIZE);
    }
    g_assert_cmphex(VGPU_REG_END, ==, G_N_ELEMENTS(offsets) * VGPU_REG_SIZE);
}

/* "| `low` | `VGPU_PRIORITY_LOW` |": what a property's text comes to. */
static void check_property_values(void)
{
#define CONSTANT(text, value) { text, #value },
    static const Text constants[] = { VGPU_POOLS(CONSTANT)
                                          VGPU_PRIORITIES(CONSTANT) };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(constants); i++) {
        char **cells = row_of(constants[i].name);

        if (cells) {
            g_assert_cmpstr(cells[1], ==, constants[i].value);
        }
    }
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    load_rows();
    g_test_add_func("/specification/numbers", check_numbers);
    g_test_add_func("/specification/texts", check_texts);
    g_test_add_func("/specification/no-other-names", check_no_other_names);
    g_test_add_func("/specification/access", check_access);
    g_test_add_func("/specification/list-is-complete", check_list_is_complete);
    g_test_add_func("/specification/property-values", check_property_values);
    status = g_test_run();
    g_ptr_array_unref(rows);
    return status;
}
