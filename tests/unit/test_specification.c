/* SPDX-License-Identifier: MIT */
/*
 * docs/specification.md against include/vgpu: each constant of the headers
 * stands in a table of the document with its value, and each VGPU_ name in a
 * table there is one of the headers'. And its rules against the tests that
 * break them: each MUST has a rule, and each rule a test.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "vgpu/properties.h"
#include "vgpu/queue.h"
#include "vgpu/regs.h"

#define SPECIFICATION "docs/specification.md"
#define TESTS         "tests/unit"

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
#include "abi-queue.inc"
#include "abi-properties.inc"
};
static const Text texts[] = {
#include "abi-texts.inc"
};

static char **lines;
/* A table's row: its cells, stripped, without backquotes. */
static GPtrArray *rows;

static void load(void)
{
    g_autofree char *document = NULL;
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
    static const Text accesses[] = { VGPU_REGISTERS(ACCESS)
                                         VGPU_QUEUE_REGISTERS(ACCESS) };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(accesses); i++) {
        char **cells = row_of(accesses[i].name);

        if (cells && cells[1]) {
            g_assert_cmpstr(cells[2], ==, accesses[i].value);
        }
    }
}

/* Every VGPU_REG_ constant that is an offset is in one of the lists, in order. */
static void check_list_is_complete(void)
{
#define OFFSET(name, access) VGPU_REG_##name,
    static const unsigned offsets[] = { VGPU_REGISTERS(OFFSET) };
    static const unsigned of_queues[] = { VGPU_QUEUE_REGISTERS(OFFSET) };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(offsets); i++) {
        g_assert_cmphex(offsets[i], ==, i * VGPU_REG_SIZE);
    }
    g_assert_cmphex(VGPU_REG_END, ==, i * VGPU_REG_SIZE);
    for (i = 0; i < G_N_ELEMENTS(of_queues); i++) {
        g_assert_cmphex(of_queues[i], ==, VGPU_REG_END + i * VGPU_REG_SIZE);
    }
    g_assert_cmphex(VGPU_QUEUE_REGS_END, ==, VGPU_REG_END + i * VGPU_REG_SIZE);
    g_assert_cmphex(VGPU_DOORBELLS, >=, VGPU_QUEUE_REGS_END);
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

/* The sources of the tests of queues, one after the other. */
static char *queue_tests(void)
{
    GString *sources = g_string_new(NULL);
    GDir *directory = g_dir_open(TESTS, 0, NULL);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *path = g_build_filename(TESTS, name, NULL);
        g_autofree char *source = NULL;

        if (g_str_has_prefix(name, "test_queue") &&
            g_str_has_suffix(name, ".c") &&
            g_file_get_contents(path, &source, NULL, NULL)) {
            g_string_append(sources, source);
        }
    }
    if (directory) {
        g_dir_close(directory);
    }
    return g_string_free(sources, FALSE);
}

/* The rules of a kind, rows "| Q7 | ..." numbered from 1. */
static unsigned count_rules(char kind)
{
    unsigned rules = 0;
    guint i;

    for (i = 0; i < rows->len; i++) {
        char **cells = g_ptr_array_index(rows, i);
        unsigned rule;
        char letter, rest;

        if (sscanf(cells[0], "%c%u%c", &letter, &rule, &rest) == 2 &&
            letter == kind) {
            g_assert_cmpuint(rule, ==, ++rules);
        }
    }
    g_assert_cmpuint(rules, >, 0);
    return rules;
}

/* Each rule has the test of its number. */
static void check_rules_have_tests(void)
{
    g_autofree char *sources = queue_tests();
    const unsigned rules = count_rules('Q');
    unsigned rule;

    for (rule = 1; rule <= rules; rule++) {
        g_autofree char *test = g_strdup_printf("\"/queue/Q%02u\"", rule);

        if (!strstr(sources, test)) {
            g_test_message("rule Q%u has no test %s", rule, test);
            g_test_fail();
        }
    }
}

/* And each test of a number has its rule. */
static void check_tests_have_rules(void)
{
    g_autofree char *sources = queue_tests();
    const char *test = sources;

    while ((test = strstr(test, "\"/queue/Q"))) {
        g_autofree char *rule = NULL;

        test += strlen("\"/queue/Q");
        rule = g_strdup_printf("Q%u",
                               (unsigned)g_ascii_strtoull(test, NULL, 10));
        g_assert_nonnull(row_of(rule));
    }
}

/* ---- Rules R1 to R10: their tests are named ------------------------------------------- */

/* Whether a file of that directory has the text. */
static bool is_in(const char *directory, const char *text)
{
    GDir *files = g_dir_open(directory, 0, NULL);
    const char *name;
    bool found = false;

    while (files && !found && (name = g_dir_read_name(files))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *source = NULL;

        found = g_str_has_suffix(name, ".c") &&
                g_file_get_contents(path, &source, NULL, NULL) &&
                strstr(source, text);
    }
    if (files) {
        g_dir_close(files);
    }
    return found;
}

/* "/core/reset" is a test of GLib's, "hostile/never" one of a group in a guest. */
static bool has_test(const char *test)
{
    const char *slash = strchr(test, '/');
    g_autofree char *glib = g_strdup_printf("\"%s\"", test);
    g_autofree char *in_guest = NULL;
    g_autofree char *path = NULL;
    g_autofree char *source = NULL;

    if (slash == test) {
        return is_in("tests/unit", glib) || is_in("tests/qtest", glib);
    }
    if (!slash) {
        return false;
    }
    in_guest = g_strdup_printf("{ \"%s\",", slash + 1);
    path = g_strdup_printf("tests/driver/%.*s.c", (int)(slash - test), test);
    return g_file_get_contents(path, &source, NULL, NULL) &&
           strstr(source, in_guest);
}

static void check_row_has_tests(char **cells)
{
    g_auto(GStrv) tests = NULL;
    size_t i;

    g_assert_cmpuint(g_strv_length(cells), >=, 4);
    if (g_str_has_prefix(cells[3], "none: ")) {
        return;
    }
    tests = g_strsplit(cells[3], ",", -1);
    for (i = 0; tests[i]; i++) {
        if (!has_test(g_strstrip(tests[i]))) {
            g_test_message("rule %s: there is no test %s", cells[0], tests[i]);
            g_test_fail();
        }
    }
    g_assert_cmpuint(i, >, 0);
}

static void check_named_tests(void)
{
    const unsigned rules = count_rules('R');
    unsigned rule;

    for (rule = 1; rule <= rules; rule++) {
        g_autofree char *name = g_strdup_printf("R%u", rule);
        char **cells = row_of(name);

        if (cells) {
            check_row_has_tests(cells);
        }
    }
}

/* "MUST ... (R7": what demands something in the text is one of the rules. */
static void check_demands_have_rules(void)
{
    const unsigned rules = count_rules('R');
    unsigned rule, demands = 0;
    size_t i;

    for (i = 0; lines[i]; i++) {
        const char *at = lines[i];

        if (*at == '|' || g_str_has_prefix(at, "MUST and MAY")) {
            continue;
        }
        while ((at = strstr(at, "MUST"))) {
            const char *number = strstr(at, "(R");

            if (!number || sscanf(number, "(R%u", &rule) != 1 || rule == 0 ||
                rule > rules) {
                g_test_message("line %zu: a MUST without a rule: %.60s", i + 1,
                               at);
                g_test_fail();
            }
            demands++;
            at += strlen("MUST");
        }
    }
    g_assert_cmpuint(demands, >=, rules);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    load();
    g_test_add_func("/specification/numbers", check_numbers);
    g_test_add_func("/specification/texts", check_texts);
    g_test_add_func("/specification/no-other-names", check_no_other_names);
    g_test_add_func("/specification/access", check_access);
    g_test_add_func("/specification/list-is-complete", check_list_is_complete);
    g_test_add_func("/specification/property-values", check_property_values);
    g_test_add_func("/specification/rules-have-tests", check_rules_have_tests);
    g_test_add_func("/specification/tests-have-rules", check_tests_have_rules);
    g_test_add_func("/specification/named-tests", check_named_tests);
    g_test_add_func("/specification/demands-have-rules",
                    check_demands_have_rules);
    status = g_test_run();
    g_ptr_array_unref(rows);
    g_strfreev(lines);
    return status;
}
