/* SPDX-License-Identifier: MIT */
/*
 * The edit of the Python wrapper as text: what a wrapper is told to be, that the
 * edit goes before the one line, that it is undone to the byte, that twice is
 * once, and what is not touched. The wrappers are stand-ins of the structure of
 * the real ones.
 */
#include <glib.h>
#include <string.h>

#include "wrapper-python.h"

#define EXEC "print(\"Exec: %s %s\" % (qemu_dm, \" \".join(qemu_args)))"

/* The structure from XCP-ng 8.2 on. */
#define HEAD                                                        \
    "#\n# A stand-in for qemu-wrapper.\n\n"                         \
    "import os\nimport subprocess\nimport sys\n\n"                  \
    "def main(argv):\n"                                             \
    "    qemu_dm = '/usr/lib64/xen/bin/qemu-system-i386'\n"         \
    "    qemu_args = ['qemu-dm-%d' % domid]\n"                      \
    "    qemu_args.extend(argv[2:])\n"                              \
    "    xenstore_write(\"/local/domain/%d/platform/device-model\"" \
    " % domid, \"qemu_xen\")\n\n"
#define TAIL                                                           \
    "\n    qemu = subprocess.Popen(qemu_args, executable=qemu_dm)\n\n" \
    "if __name__ == '__main__':\n    raise SystemExit(main(sys.argv))\n"
#define NEW     HEAD "    " EXEC "\n" TAIL
#define PYTHON3 "#! /usr/bin/python3\n"
#define PYTHON2 "#! /usr/bin/python\nfrom __future__ import print_function\n"

/* The patch of the first guide, 6.3, as its script writes it. */
#define GUIDE                                                                 \
    "\n"                                                                      \
    "    # Read additional device-model-args from xenstore (for vgpu-stub)\n" \
    "    try:\n"                                                              \
    "        extra_args_str = xenstore_read(\"/local/domain/%d/platform/"     \
    "device-model-args\" % domid)\n"                                          \
    "        if isinstance(extra_args_str, bytes):\n"                         \
    "            extra_args_str = extra_args_str.decode('utf-8')\n"           \
    "        if extra_args_str:\n"                                            \
    "            extra_args = extra_args_str.strip().split()\n"               \
    "            if extra_args:\n"                                            \
    "                print(\"Adding device-model-args from xenstore: %s\" "   \
    "% extra_args)\n"                                                         \
    "                qemu_args.extend(extra_args)\n"                          \
    "    except:\n"                                                           \
    "        pass  # xenstore key does not exist, which is fine\n"            \
    "\n"

/* ---- What it is ------------------------------------------------------------- */

static void test_kind(void)
{
    static const struct {
        const char *text;
        const char *interpreter;
        unsigned python;
        unsigned anchors;
        bool old;
    } cases[] = {
        { PYTHON3 NEW, "/usr/bin/python3", 3, 1, false },
        { PYTHON2 NEW, "/usr/bin/python", 2, 1, false },
        { "#!/usr/bin/python2.7\n" NEW, "/usr/bin/python2.7", 2, 1, false },
        { "#!/usr/bin/python3.6 -s\n" NEW, "/usr/bin/python3.6", 3, 1, false },
        { "#!/usr/bin/env python3\n" NEW, "python3", 3, 1, false },
        { "#!/bin/sh\n" NEW, NULL, 0, 1, false },
        { "#!\n" NEW, NULL, 0, 1, false },
        { "#!", NULL, 0, 0, false },
        { "", NULL, 0, 0, false },
        { NEW, NULL, 0, 1, false },
        /* Up to 8.1, of 2018 and of 2017. */
        { PYTHON2 HEAD
          "    print \"Exec: %s %s\" % (qemu_dm, \" \".join(qemu_args))\n",
          "/usr/bin/python", 2, 0, true },
        { PYTHON2 HEAD "    f.write(\"Exec: %s %s\\n\" % (qemu_dm, \" "
                       "\".join(qemu_args)))\n",
          "/usr/bin/python", 2, 0, true },
        /* Nothing that it knows. */
        { PYTHON3 HEAD, "/usr/bin/python3", 3, 0, false },
        { PYTHON3 HEAD "    log(\"Exec\")\n    # " EXEC "\n",
          "/usr/bin/python3", 3, 0, false },
        { PYTHON3 HEAD "    " EXEC "; x()\n", "/usr/bin/python3", 3, 0, false },
        { PYTHON3 HEAD "    if x: " EXEC "\n", "/usr/bin/python3", 3, 0,
          false },
        { PYTHON3 NEW NEW, "/usr/bin/python3", 3, 2, false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(WrapperPython) wrapper = wrapper_python_new(cases[i].text);

        g_assert_cmpstr(wrapper->interpreter, ==, cases[i].interpreter);
        g_assert_cmpuint(wrapper->python, ==, cases[i].python);
        g_assert_cmpuint(wrapper->anchors, ==, cases[i].anchors);
        g_assert_true(wrapper->old == cases[i].old);
        g_assert_true(wrapper->block == WRAPPER_BLOCK_ABSENT);
        g_assert_cmpuint(wrapper->by_hand, ==, 0);
        g_assert_cmpstr(wrapper->native_key, ==, NULL);
    }
}

static void test_native(void)
{
    static const struct {
        const char *line;
        const char *key;
    } cases[] = {
        { "    a = xenstore_read(\"/local/domain/%d/platform/"
          "device-model-args\" % domid)\n",
          "device-model-args" },
        { "    a = xenstore_read('/local/domain/%d/platform/"
          "device_model_args' % domid)\n",
          "device_model_args" },
        { "    a = platform(domid, \"device_model_args\")\n",
          "device_model_args" },
        /* A name of its own, a comment, longer and shorter keys. */
        { "    device_model_args = []\n", NULL },
        { "    # reads platform/device-model-args\n", NULL },
        /* The shim stands back from that, too. */
        { "    a = read(\"platform/device-model-args-2\")\n",
          "device-model-args" },
        { "    a = read(\"platform/my-device-model-args\")\n", NULL },
        { "    a = read(\"platform/device-model\")\n", NULL },
        { "    a = read(\"image/device-model-pid\")\n", NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat(PYTHON3 HEAD, cases[i].line,
                                            "    " EXEC "\n" TAIL, NULL);
        g_autoptr(WrapperPython) wrapper = wrapper_python_new(text);
        g_autofree char *edited = wrapper_python_edited(text);
        g_autoptr(WrapperPython) after = wrapper_python_new(edited);

        g_assert_cmpstr(wrapper->native_key, ==, cases[i].key);
        /* The edit itself is not taken for one that reads the key. */
        g_assert_cmpstr(after->native_key, ==, cases[i].key);
        g_assert_cmpuint(after->by_hand, ==, 0);
    }
}

/* ---- The edit --------------------------------------------------------------- */

/* The lines that the edit added, which must all lie before the anchor. */
static char *added(const char *text, const char *edited)
{
    const char *anchor = strstr(text, EXEC);
    size_t head, length;

    while (anchor > text && anchor[-1] != '\n') {
        anchor--;
    }
    head = (size_t)(anchor - text);
    length = strlen(edited) - strlen(text);
    g_assert_cmpuint(strlen(edited), >, strlen(text));
    g_assert_true(memcmp(edited, text, head) == 0);
    g_assert_cmpstr(edited + head + length, ==, anchor);
    return g_strndup(edited + head, length);
}

static void test_edit(void)
{
    static const struct {
        const char *text;
        const char *indent;
    } cases[] = {
        { PYTHON3 NEW, "    " },
        { PYTHON2 NEW, "    " },
        { PYTHON3 HEAD "    " EXEC, "    " }, /* no newline at the end */
        { PYTHON3 EXEC "\n", "" },
        { PYTHON3 EXEC, "" },
        { PYTHON3 "def main():\n\t" EXEC "\n", "\t" },
        { PYTHON3 "if a:\n  if b:\n      " EXEC "  \n", "      " },
        { PYTHON3 "# \xff\xfe no UTF-8\n" EXEC "\n", "" },
    };
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *edited = wrapper_python_edited(cases[i].text);
        g_autofree char *again = wrapper_python_edited(edited);
        g_autofree char *stock = wrapper_python_stock(edited);
        g_autofree char *without = wrapper_python_without(edited);
        g_autofree char *block = added(cases[i].text, edited);
        g_autoptr(WrapperPython) wrapper = wrapper_python_new(edited);
        g_auto(GStrv) lines = g_strsplit(block, "\n", -1);

        for (j = 0; lines[j + 1]; j++) {
            g_assert_true(!lines[j][0] ||
                          g_str_has_prefix(lines[j], cases[i].indent));
        }
        g_assert_cmpstr(lines[j], ==, "");
        g_assert_cmpstr(again, ==, edited);
        g_assert_cmpstr(stock, ==, cases[i].text);
        g_assert_cmpstr(without, ==, cases[i].text);
        g_assert_true(wrapper->block == WRAPPER_BLOCK_RIGHT);
        g_assert_cmpuint(wrapper->anchors, ==, 1);
    }
}

/* What the lead of the file says about the names in it. */
static void test_edit_keeps_names(void)
{
    g_autofree char *edited = wrapper_python_edited(PYTHON3 NEW);
    g_autofree char *block = added(PYTHON3 NEW, edited);

    /* An import in main() itself would make the name local to all of it. */
    g_assert_null(strstr(block, "\n    import"));
    g_assert_nonnull(strstr(block, "\n        import"));
    /* qemu-args takes a wrapper with this for one that reads the key. */
    g_assert_null(strstr(block, "platform/"));
    g_assert_nonnull(strstr(block, "\"/usr/libexec/vgpu/qemu-args\""));
}

static void test_no_edit(void)
{
    static const char *const texts[] = {
        "",
        PYTHON3,
        PYTHON3 HEAD,
        PYTHON3 NEW NEW,
        PYTHON2 HEAD
        "    print \"Exec: %s %s\" % (qemu_dm, \" \".join(qemu_args))\n",
        PYTHON3 HEAD "    " EXEC "\r\n",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *edited = wrapper_python_edited(texts[i]);
        g_autofree char *stock = wrapper_python_stock(texts[i]);

        g_assert_cmpstr(edited, ==, NULL);
        g_assert_cmpstr(stock, ==, texts[i]);
    }
}

static char *replaced(const char *text, const char *what, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(text, what, 2);

    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    return g_strjoinv(by, parts);
}

static void test_changed(void)
{
    g_autofree char *right = wrapper_python_edited(PYTHON3 NEW);
    g_autofree char *block = added(PYTHON3 NEW, right);
    char *cases[] = {
        /* Another deadline, more than one, and not in its place. */
        replaced(right, "clock() + 1.0", "clock() + 300.0"),
        replaced(right, block,
                 "    # ---- vgpuctl wrapper: begin, of old\n"
                 "    # ---- vgpuctl wrapper: end\n"),
        g_strconcat(PYTHON3 HEAD, block, block, "    " EXEC "\n" TAIL, NULL),
        g_strconcat(PYTHON3, block, NEW, NULL),
        g_strconcat(PYTHON3 NEW, block, NULL),
        g_strconcat(PYTHON3 HEAD, block, "\n    " EXEC "\n" TAIL, NULL),
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(WrapperPython) wrapper = wrapper_python_new(cases[i]);
        g_autofree char *edited = wrapper_python_edited(cases[i]);
        g_autofree char *stock = wrapper_python_stock(cases[i]);
        g_autoptr(WrapperPython) after = wrapper_python_new(edited);

        g_assert_true(wrapper->block == WRAPPER_BLOCK_CHANGED);
        g_assert_true(after->block == WRAPPER_BLOCK_RIGHT);
        if (i < 5) {
            g_assert_cmpstr(edited, ==, right);
            g_assert_cmpstr(stock, ==, PYTHON3 NEW);
        }
        g_free(cases[i]);
    }
}

static void test_broken(void)
{
    static const char begin[] = "    # ---- vgpuctl wrapper: begin ----\n";
    static const char end[] = "    # ---- vgpuctl wrapper: end ----\n";
    char *cases[] = {
        g_strconcat(PYTHON3 HEAD, begin, "    " EXEC "\n" TAIL, NULL),
        g_strconcat(PYTHON3 HEAD, end, "    " EXEC "\n" TAIL, NULL),
        g_strconcat(PYTHON3 HEAD, end, begin, "    " EXEC "\n" TAIL, NULL),
        g_strconcat(PYTHON3 HEAD, begin, begin, end, "    " EXEC "\n", NULL),
        g_strconcat(PYTHON3 HEAD, begin, end, end, "    " EXEC "\n", NULL),
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(WrapperPython) wrapper = wrapper_python_new(cases[i]);
        g_autofree char *edited = wrapper_python_edited(cases[i]);
        g_autofree char *stock = wrapper_python_stock(cases[i]);

        g_assert_true(wrapper->block == WRAPPER_BLOCK_BROKEN);
        g_assert_cmpuint(wrapper->anchors, ==, 1);
        g_assert_cmpstr(edited, ==, NULL);
        g_assert_cmpstr(stock, ==, NULL);
        g_free(cases[i]);
    }
}

/* ---- The guide's patch ------------------------------------------------------ */

static void test_guide(void)
{
    static const char before[] = PYTHON3 HEAD;
    static const char after[] = "    " EXEC "\n" TAIL;
    g_autofree char *right = wrapper_python_edited(PYTHON3 NEW);
    unsigned times;

    for (times = 1; times <= 3; times++) {
        GString *text = g_string_new(before);
        g_autoptr(WrapperPython) wrapper = NULL;
        g_autofree char *edited = NULL;
        g_autofree char *stock = NULL;
        g_autofree char *without = NULL;
        unsigned i;

        for (i = 0; i < times; i++) {
            g_string_append(text, GUIDE);
        }
        g_string_append(text, after);
        wrapper = wrapper_python_new(text->str);
        edited = wrapper_python_edited(text->str);
        stock = wrapper_python_stock(text->str);
        without = wrapper_python_without(text->str);
        g_assert_cmpuint(wrapper->by_hand, ==, times);
        g_assert_cmpstr(wrapper->native_key, ==, NULL);
        g_assert_true(wrapper->block == WRAPPER_BLOCK_ABSENT);
        g_assert_cmpstr(edited, ==, right);
        g_assert_cmpstr(stock, ==, PYTHON3 NEW);
        g_assert_cmpstr(without, ==, text->str);
        g_string_free(text, TRUE);
    }
}

/* Put in behind our edit, as the guide's script would. */
static void test_guide_and_edit(void)
{
    g_autofree char *right = wrapper_python_edited(PYTHON3 NEW);
    g_autofree char *both = replaced(right, "    " EXEC, GUIDE "    " EXEC);
    g_autofree char *edited = wrapper_python_edited(both);
    g_autoptr(WrapperPython) wrapper = wrapper_python_new(both);

    g_assert_cmpuint(wrapper->by_hand, ==, 1);
    g_assert_true(wrapper->block == WRAPPER_BLOCK_RIGHT);
    g_assert_cmpstr(edited, ==, right);
}

/* A letter off: then it is a wrapper that reads the key, and only its package can
 * tell whether somebody edited it. */
static void test_guide_changed(void)
{
    g_autofree char *text = g_strconcat(
        PYTHON3 HEAD GUIDE "    " EXEC "\n" TAIL, NULL);
    g_autofree char *other = replaced(text, ".strip().split()", ".split()");
    g_autoptr(WrapperPython) wrapper = wrapper_python_new(other);
    g_autofree char *stock = wrapper_python_stock(other);

    g_assert_cmpuint(wrapper->by_hand, ==, 0);
    g_assert_cmpstr(wrapper->native_key, ==, "device-model-args");
    g_assert_cmpstr(stock, ==, other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wrapper-python/kind", test_kind);
    g_test_add_func("/wrapper-python/native", test_native);
    g_test_add_func("/wrapper-python/edit", test_edit);
    g_test_add_func("/wrapper-python/edit-keeps-names", test_edit_keeps_names);
    g_test_add_func("/wrapper-python/no-edit", test_no_edit);
    g_test_add_func("/wrapper-python/changed", test_changed);
    g_test_add_func("/wrapper-python/broken", test_broken);
    g_test_add_func("/wrapper-python/guide", test_guide);
    g_test_add_func("/wrapper-python/guide-and-edit", test_guide_and_edit);
    g_test_add_func("/wrapper-python/guide-changed", test_guide_changed);
    return g_test_run();
}
