/* SPDX-License-Identifier: MIT */
/*
 * What vgpuctl reads out of what xe prints, as xapi's sources have it
 * (ocaml/xapi-cli-server/cli_printer.ml).
 */
#include <glib.h>
#include <string.h>

#include "xapi.h"

#define WEB   "22222222-0000-4000-8000-000000000000"
#define BUILD "33333333-0000-4000-8000-000000000000"

static void test_uuid(void)
{
    static const char *const good[] = {
        WEB, "ABCDEF01-2345-6789-abcd-ef0123456789"
    };
    static const char *const bad[] = {
        "",
        "web",
        WEB "0",
        "22222222-0000-4000-8000-00000000000",
        "22222222-0000-4000-8000-00000000000g",
        "22222222000004000080000000000000000000",
        " " WEB,
        WEB "\n",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(xapi_is_uuid(good[i]));
    }
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(xapi_is_uuid(bad[i]));
    }
}

static void test_error_text(void)
{
    static const struct {
        const char *output;
        const char *text;
    } cases[] = {
        { "Error: Key device-model-args not found in map\n",
          "Key device-model-args not found in map" },
        { "The uuid you supplied was invalid.\ntype: VM\nuuid: 5\n",
          "The uuid you supplied was invalid. (type: VM, uuid: 5)" },
        { "Only this\n", "Only this" },
        { "", "it does not say why" },
        { "\n \n", "it does not say why" },
        { "a VM called \033[2Jx\n", "a VM called \\x1b[2Jx" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = xapi_error_text(cases[i].output);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static const char *value(GPtrArray *records, guint i, const char *name)
{
    return g_hash_table_lookup(records->pdata[i], name);
}

static void test_records(void)
{
    g_autoptr(GPtrArray) records = xapi_parse_records(
        "uuid ( RO)             : " WEB "\n"
        "         name-label ( RW): web, staging: 1 ( RO): x\n"
        "        power-state ( RO): halted\n"
        "           platform (MRW): nx: true; device-model-args: -device x\n"
        "\n\n"
        "uuid ( RO)             : " BUILD "\n"
        "         name-label ( RW): \n"
        "     snapshots ( RO) [DEPRECATED]: none\n"
        "\n\n");
    g_autoptr(GPtrArray) none = xapi_parse_records("");
    g_autoptr(GPtrArray) blank = xapi_parse_records("\n");

    g_assert_cmpuint(records->len, ==, 2);
    g_assert_cmpstr(value(records, 0, "uuid"), ==, WEB);
    g_assert_cmpstr(value(records, 0, "name-label"), ==,
                    "web, staging: 1 ( RO): x");
    g_assert_cmpstr(value(records, 0, "power-state"), ==, "halted");
    g_assert_cmpstr(value(records, 0, "platform"), ==,
                    "nx: true; device-model-args: -device x");
    g_assert_cmpstr(value(records, 1, "uuid"), ==, BUILD);
    g_assert_cmpstr(value(records, 1, "name-label"), ==, "");
    g_assert_cmpstr(value(records, 1, "snapshots"), ==, "none");
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(blank->len, ==, 0);
}

/* Anybody can give a VM a name with line ends in it: such a list is not read. */
static void test_ambiguous(void)
{
    static const char *const lists[] = {
        "uuid ( RO)    : " WEB "\n    name-label ( RW): two\nlines\n\n\n",
        "uuid ( RO)    : " WEB "\n    name-label ( RW): a\n"
        "    name-label ( RW): b\n\n\n",
        "    name-label ( RW): no uuid\n",
        "Connection refused\n",
        "uuid ( XX)    : " WEB "\n",
        "uuid: " WEB "\n",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_assert_null(xapi_parse_records(lists[i]));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xapi/uuid", test_uuid);
    g_test_add_func("/xapi/error-text", test_error_text);
    g_test_add_func("/xapi/records", test_records);
    g_test_add_func("/xapi/ambiguous", test_ambiguous);
    return g_test_run();
}
