/* SPDX-License-Identifier: MIT */
/*
 * What vgpuctl reads out of xenopsd's configuration and unit, as xenopsd itself
 * (its xcp_service.ml) and systemd read them.
 */
#include <glib.h>

#include "shim/paths.h"
#include "xenopsd.h"

#define KEY HOST_WRAPPER_KEY

static void test_value(void)
{
    static const struct {
        const char *text;
        const char *value;
    } cases[] = {
        { KEY "=/a", "/a" },
        { KEY "=/a\n", "/a" },
        { KEY " = /a \t\n", "/a" },
        { "  " KEY "=/a", "/a" },
        { KEY "=\"/a b\"\n", "/a b" },
        { KEY "='/a'", "/a" },
        { KEY "='/a\"", "'/a\"" },
        { KEY "='", "'" },
        { KEY "=", "" },
        { KEY "=/a # why\n", "/a" },
        { KEY "=/a=b\n", "/a=b" },
        { "inventory=/i\n" KEY "=/a\n" KEY "=/b\nlog=x\n", "/b" },
        { "junk " KEY "=/a", "/a" },
        { "=" KEY "=/a", "/a" },
        { "# " KEY "=/a", NULL },
        { KEY "-2=/a", NULL },
        { "x" KEY "=/a", NULL },
        { "other=" KEY "=/a", NULL },
        { KEY, NULL },
        { KEY " /a", NULL },
        { "", NULL },
        { "====", NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *value = xenopsd_config_value(cases[i].text, KEY);

        g_assert_cmpstr(value, ==, cases[i].value);
    }
}

static void test_unit(void)
{
    static const struct {
        const char *unit;
        bool names;
    } cases[] = {
        /* 8.3's and 8.2's. */
        { "[Service]\nExecStart=/usr/sbin/xenopsd-xc --config "
          "/etc/xenopsd.conf --config-dir /etc/xenopsd.conf.d "
          "$XENOPSD_OPTIONS\nStandardError=null\n",
          true },
        { "[Service]\nExecStart=/usr/sbin/xenopsd-xc $XENOPSD_OPTIONS\n",
          false },
        { "ExecStart=x --config-dir=/etc/xenopsd.conf.d/\n", true },
        { "ExecStart=x --config-dir /etc/xenopsd.conf.d2\n", false },
        { "ExecStart=x --config-dir /etc/other\n", false },
        { "ExecStart=x --config-dir\n", false },
        { "ExecStart=x --config-directory=/etc/xenopsd.conf.d\n", false },
        { "#ExecStart=x --config-dir /etc/xenopsd.conf.d\n", false },
        { " ; --config-dir /etc/xenopsd.conf.d\n", false },
        { "ExecStart=x \\\n  --config-dir /etc/xenopsd.conf.d\n", true },
        { "", false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(xenopsd_unit_names(cases[i].unit, HOST_CONFIG_DIR) ==
                      cases[i].names);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xenopsd/value", test_value);
    g_test_add_func("/xenopsd/unit", test_unit);
    return g_test_run();
}
