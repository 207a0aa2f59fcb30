/* SPDX-License-Identifier: MIT */
/*
 * Configuration files of xl, as xl.cfg(5) has them: the device put in and taken
 * out, and every other byte left alone.
 */
#include <glib.h>
#include <string.h>

#include "xlconfig.h"

#define DEVICE "vgpu-stub,pool_id=A,priority=medium,addr=1e"
#define BOTH   "\"-device\", \"" DEVICE "\""
#define KEY    "device_model_args_hvm"

static XlConfig *parse(const char *text)
{
    char *why = NULL;
    XlConfig *config = xlconfig_new(text, strlen(text), &why);

    g_assert_cmpstr(why, ==, NULL);
    g_assert_nonnull(config);
    return config;
}

/* The text with the device, and what is left without it. */
static void test_with(void)
{
    static const struct {
        const char *text;
        const char *with;
    } cases[] = {
        { "", KEY " = [" BOTH "]\n" },
        { "type = \"hvm\"\n", "type = \"hvm\"\n" KEY " = [" BOTH "]\n" },
        { "type = \"hvm\"", "type = \"hvm\"\n" KEY " = [" BOTH "]" },
        { "# " KEY " = [ \"-s\" ]\n",
          "# " KEY " = [ \"-s\" ]\n" KEY " = [" BOTH "]\n" },
        { KEY "=[]\n", KEY "=[ " BOTH "]\n" },
        { KEY " = [ ]", KEY " = [ " BOTH " ]" },
        { KEY " = [\n# nothing yet\n]\n",
          KEY " = [ " BOTH "\n# nothing yet\n]\n" },
        { KEY " = [ \"-s\" ]\n", KEY " = [ \"-s\", " BOTH " ]\n" },
        { KEY " = [ '-s', ] # gdb\n", KEY " = [ '-s', " BOTH ", ] # gdb\n" },
        { "name = 'a'; " KEY " = [\n  \"-device\",\n  \"e1000\", # a card\n]\n"
          "disk = [ 'phy:/dev/x,xvda,w' ]\n",
          "name = 'a'; " KEY " = [\n  \"-device\",\n  \"e1000\", " BOTH
          ", # a card\n]\ndisk = [ 'phy:/dev/x,xvda,w' ]\n" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XlConfig) config = parse(cases[i].text);
        g_autofree char *with = xlconfig_with(config, DEVICE);
        g_autoptr(XlConfig) changed = NULL;
        g_autofree char *again = NULL;
        g_autofree char *without = NULL;

        g_assert_cmpstr(with, ==, cases[i].with);
        changed = parse(with);
        again = xlconfig_with(changed, DEVICE);
        g_assert_cmpstr(again, ==, with);
        without = xlconfig_without(changed);
        g_assert_cmpstr(without, ==, cases[i].text);
    }
}

static void test_replace(void)
{
    g_autoptr(XlConfig) config = parse(
        KEY " = [ '-s', '-device' , 'vgpu-stub,vm_id=5' , '-S' ]\n");
    g_autofree char *with = xlconfig_with(config, DEVICE);

    g_assert_cmpstr(with, ==,
                    KEY " = [ '-s', '-device' , \"" DEVICE "\" , '-S' ]\n");
}

/* A device that somebody wrote by hand. */
static void test_without(void)
{
    static const struct {
        const char *text;
        const char *without;
    } cases[] = {
        { "type = 'hvm'\n", "type = 'hvm'\n" },
        { KEY " = [ '-s' ]\n", KEY " = [ '-s' ]\n" },
        { KEY " = ['-device', 'vgpu-stub', '-s']\n", KEY " = ['-s']\n" },
        { KEY " = ['-s', '-device', 'vgpu-stub', '-S']\n",
          KEY " = ['-s', '-S']\n" },
        { KEY " = ['-s',\n '-device', 'vgpu-stub',\n]\n",
          KEY " = ['-s',\n]\n" },
        /* A comment is somebody's, and stays. */
        { KEY " = ['-s', # gdb\n '-device', 'vgpu-stub', '-S']\n",
          KEY " = ['-s', # gdb\n '-S']\n" },
        { KEY " = ['-device', 'vgpu-stub', # ours\n '-s']\n",
          KEY " = [ # ours\n '-s']\n" },
        { KEY " = ['-s', # a, b\n '-device', 'vgpu-stub',\n]\n",
          KEY " = ['-s', # a, b\n \n]\n" },
        { KEY " = ['-device', 'vgpu-stub' # a, b\n, '-s']\n",
          KEY " = ['-s']\n" },
        { KEY " = ['-device', 'vgpu-stub',]\n", KEY " = []\n" },
        /* As attach writes it, wherever it has got to in the file. */
        { "a = 1\n" KEY " = [" BOTH "]\nb = 2\n", "a = 1\nb = 2\n" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XlConfig) config = parse(cases[i].text);
        g_autofree char *without = xlconfig_without(config);
        g_autoptr(XlConfig) left = NULL;

        g_assert_cmpstr(without, ==, cases[i].without);
        left = parse(without);
        g_assert_nonnull(left);
    }
}

static void test_facts(void)
{
    g_autoptr(XlConfig)
        config = parse("type = \"hvm\"\nmemory = 2048\nvif = [ [ 'a' ], 'b' ]\n"
                       "device_model_override = '/opt/qemu/bin/qemu'\n" KEY
                       " = [ \"-s\", '-device', \"vgpu-stub,vm_id=5\" ]\n");
    g_autoptr(XlConfig) none = parse("name = 'x'\n");

    g_assert_cmpstr(config->type, ==, "hvm");
    g_assert_cmpstr(config->override, ==, "/opt/qemu/bin/qemu");
    g_assert_true(config->has_list);
    g_assert_cmpuint(g_strv_length(config->words), ==, 3);
    g_assert_cmpstr(config->words[2], ==, "vgpu-stub,vm_id=5");
    g_assert_cmpstr(none->type, ==, NULL);
    g_assert_cmpstr(none->override, ==, NULL);
    g_assert_false(none->has_list);
}

static void test_refused(void)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        { KEY " = [ '-s' ]\n" KEY " += [ '-S' ]\n",
          "line 2: " KEY " is set in more than one place" },
        { KEY " = [ '-s' ]\n" KEY " = [ '-S' ]\n",
          "line 2: " KEY " is set in more than one place" },
        { KEY " += [ '-s' ]\n",
          "line 1: " KEY " is set in more than one place" },
        { KEY " = '-s'\n", "line 1: " KEY " is no list" },
        { KEY " = [ 5 ]\n",
          "line 1: " KEY " has an element that is no string" },
        { KEY " = [ [ '-s' ] ]\n",
          "line 1: " KEY " has an element that is no string" },
        { "\n" KEY " = [ '-s'\n", "line 3: a list is not closed, or lacks a "
                                  "comma" },
        { KEY " = [ '-s' '-S' ]\n", "line 1: a list is not closed, or lacks a "
                                    "comma" },
        { "name = 'x\n", "line 1: a quote is not closed" },
        { "name = \"x", "line 1: a quote is not closed" },
        { "name 'x'\n", "line 1: it is no `name = value`" },
        { "import os\n", "line 1: it is no `name = value`" },
        { "= 5\n", "line 1: it is no `name = value`" },
        { "name = x\n",
          "line 1: a value is neither a string, a number nor a list" },
        { "name = 'x' 'y'\n", "line 1: more stands behind a value" },
        { KEY " = [ '-device vgpu-stub' ]\n",
          "line 1: " KEY " has a vgpu-stub that is not \"-device\", "
          "\"vgpu-stub,...\"" },
        { "\n\n" KEY " = [ '-s',\n'vgpu-stub' ]\n",
          "line 4: " KEY " has a vgpu-stub that is not \"-device\", "
          "\"vgpu-stub,...\"" },
        { KEY " = [ '-device', 'vgpu-stub,\\x' ]\n",
          "line 1: " KEY " has a vgpu-stub that is not \"-device\", "
          "\"vgpu-stub,...\"" },
        { "device_model_args = [ '-device', 'vgpu-stub' ]\n",
          "line 1: device_model_args has a vgpu-stub already" },
        { "a = [[[[[[[[[[[1]]]]]]]]]]]\n",
          "line 1: lists are nested too deep" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;

        g_assert_null(xlconfig_new(cases[i].text, strlen(cases[i].text), &why));
        g_assert_cmpstr(why, ==, cases[i].why);
    }
}

static void test_no_text(void)
{
    g_autofree char *large = g_strnfill(XLCONFIG_LIMIT + 1, '\n');
    g_autofree char *why = NULL;
    g_autofree char *why_large = NULL;

    g_assert_null(xlconfig_new("a = 1\0\n", 7, &why));
    g_assert_cmpstr(why, ==, "it is no configuration file of xl");
    g_assert_null(xlconfig_new(large, XLCONFIG_LIMIT + 1, &why_large));
    g_assert_cmpstr(why_large, ==, "it is no configuration file of xl");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xlconfig/with", test_with);
    g_test_add_func("/xlconfig/replace", test_replace);
    g_test_add_func("/xlconfig/without", test_without);
    g_test_add_func("/xlconfig/facts", test_facts);
    g_test_add_func("/xlconfig/refused", test_refused);
    g_test_add_func("/xlconfig/no-text", test_no_text);
    return g_test_run();
}
