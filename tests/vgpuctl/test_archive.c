/* SPDX-License-Identifier: MIT */
/* Archives good, cut short, damaged, misnamed, and Git LFS pointers. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"

static char *directory;

static char *file(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void put(const char *name, const char *data, gsize length)
{
    g_autofree char *path = file(name);

    g_assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
}

/* A real archive of that name, packed as the name says. */
static void pack(const char *name)
{
    g_autofree char *path = file(name);
    g_autofree char *data = file("tree/data");
    g_autofree char *tree = file("tree");
    g_autofree char *command = NULL;
    g_autofree guchar *bytes = g_malloc(300000);
    int status = -1;
    gsize i;

    for (i = 0; i < 300000; i++) {
        bytes[i] = (guchar)g_random_int();
    }
    g_mkdir_with_parents(tree, 0755);
    g_assert_true(g_file_set_contents(data, (char *)bytes, 300000, NULL));
    command = g_strdup_printf("tar -C '%s' -caf '%s' tree", directory, path);
    g_assert_true(
        g_spawn_command_line_sync(command, NULL, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
}

/* Copies the archive `from` with its first `keep` per cent and, where `damage`
 * says so, some bytes in its middle changed. */
static void spoil(const char *from, const char *to, gsize keep, gboolean damage)
{
    g_autofree char *path = file(from);
    g_autofree char *data = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(path, &data, &length, NULL));
    if (damage) {
        memset(data + length / 2, 0x55, 64);
    }
    put(to, data, length * keep / 100);
}

static int check(const char *name)
{
    g_autofree char *path = file(name);
    ArchiveInfo info;

    return archive_check(path, &info);
}

static void check_good(void)
{
    static const char *const names[] = { "a.tar.gz", "a.tgz", "a.tar.xz",
                                         "a.tar.bz2", "a.tar" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        pack(names[i]);
        g_test_message("%s", names[i]);
        g_assert_cmpint(check(names[i]), ==, ARCHIVE_GOOD);
        g_assert_true(archive_name(names[i]));
    }
    g_assert_false(archive_name("vgpu-stub.c"));
    g_assert_false(archive_name("tar.gz.patch"));
}

static void check_truncated(void)
{
    static const char *const names[] = { "a.tar.gz", "a.tar.xz", "a.tar.bz2",
                                         "a.tar" };
    static const gsize keep[] = { 1, 50, 99 };
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *cut = g_strconcat("cut-", names[i], NULL);

        pack(names[i]);
        for (j = 0; j < G_N_ELEMENTS(keep); j++) {
            /* Without its last blocks of zeros a plain tar is still read. */
            if (g_str_has_suffix(cut, ".tar") && keep[j] == 99) {
                continue;
            }
            spoil(names[i], cut, keep[j], FALSE);
            g_test_message("%s, %u per cent", cut, (guint)keep[j]);
            g_assert_cmpint(check(cut), ==, ARCHIVE_TRUNCATED);
        }
    }
}

static void check_damaged(void)
{
    static const char *const names[] = { "a.tar.gz", "a.tar.xz", "a.tar.bz2" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *bad = g_strconcat("bad-", names[i], NULL);

        pack(names[i]);
        spoil(names[i], bad, 100, TRUE);
        g_test_message("%s", bad);
        g_assert_cmpint(check(bad), ==, ARCHIVE_DAMAGED);
    }
}

static void check_foreign(void)
{
    static const char page[] = "<!DOCTYPE html><html>404</html>\n";

    put("page.tar.gz", page, sizeof(page) - 1);
    g_assert_cmpint(check("page.tar.gz"), ==, ARCHIVE_FOREIGN);
    put("empty.tar.gz", "", 0);
    g_assert_cmpint(check("empty.tar.gz"), ==, ARCHIVE_EMPTY);
    pack("a.tar.xz");
    spoil("a.tar.xz", "xz-inside.tar.gz", 100, FALSE);
    g_assert_cmpint(check("xz-inside.tar.gz"), ==, ARCHIVE_MISNAMED);
    g_assert_cmpint(check("absent.tar.gz"), ==, -ENOENT);
    g_assert_cmpint(check("tree"), ==, -EISDIR);
}

/* Compressed, but what is in it is a text. */
static void check_not_tar(void)
{
    g_autofree char *path = file("text.tar");
    g_autofree char *command = g_strdup_printf("gzip -f '%s'", path);
    g_autoptr(GString) text = g_string_new(NULL);
    int i, status = -1;

    for (i = 0; i < 1000; i++) {
        g_string_append_printf(text, "line %d of a text\n", i);
    }
    put("text.tar", text->str, text->len);
    g_assert_true(
        g_spawn_command_line_sync(command, NULL, NULL, &status, NULL));
    g_assert_cmpint(check("text.tar.gz"), ==, ARCHIVE_FOREIGN);
}

static void check_pointer(void)
{
    /* As Git LFS writes them; the sizes are those of XCP-ng's two archives. */
    static const struct {
        const char *size;
        guint64 value;
        gsize length;
    } cases[] = { { "28870001", 28870001, 133 }, { "31000", 31000, 130 } };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "version https://git-lfs.github.com/spec/v1\n"
            "oid sha256:%064d\nsize %s\n",
            1, cases[i].size);
        g_autofree char *path = file("pointer.tar.gz");
        ArchiveInfo info;

        g_assert_cmpuint(strlen(text), ==, cases[i].length);
        put("pointer.tar.gz", text, strlen(text));
        g_assert_cmpint(archive_check(path, &info), ==, ARCHIVE_POINTER);
        g_assert_cmpuint(info.size, ==, cases[i].length);
        g_assert_cmpuint(info.pointer_size, ==, cases[i].value);
        g_assert_cmpint(archive_check_pointer(path, &info), ==,
                        ARCHIVE_POINTER);
    }
}

static void check_plain_file(void)
{
    g_autofree char *path = file("a.patch");
    ArchiveInfo info;

    put("a.patch", "--- a\n+++ b\n", 12);
    g_assert_cmpint(archive_check_pointer(path, &info), ==, ARCHIVE_GOOD);
    g_assert_cmpuint(info.size, ==, 12);
    /* The address alone, further down, makes no pointer. */
    put("a.patch", "see\nversion https://git-lfs.github.com/spec/v1\n", 47);
    g_assert_cmpint(archive_check_pointer(path, &info), ==, ARCHIVE_GOOD);
}

static void check_odd_names(void)
{
    pack("a.tar.gz");
    spoil("a.tar.gz", "host:a b.tar.gz", 100, FALSE);
    g_assert_cmpint(check("host:a b.tar.gz"), ==, ARCHIVE_GOOD);
    spoil("a.tar.gz", "--help.tar.gz", 100, FALSE);
    g_assert_cmpint(g_chdir(directory), ==, 0);
    {
        ArchiveInfo info;

        g_assert_cmpint(archive_check("--help.tar.gz", &info), ==,
                        ARCHIVE_GOOD);
    }
}

static void check_no_tool(void)
{
    g_autofree char *before = g_strdup(g_getenv("PATH"));
    g_autofree char *path = file("a.tar.xz");
    ArchiveInfo info;

    pack("a.tar.xz");
    g_setenv("PATH", directory, TRUE);
    g_assert_cmpint(archive_check(path, &info), ==, ARCHIVE_NO_TOOL);
    g_assert_cmpstr(info.tool, ==, "xz");
    g_setenv("PATH", before, TRUE);
}

/* No two conditions read alike. */
static void check_texts(void)
{
    int i, j;

    for (i = ARCHIVE_GOOD; i <= ARCHIVE_NO_TOOL; i++) {
        for (j = i + 1; j <= ARCHIVE_NO_TOOL; j++) {
            g_assert_cmpstr(archive_condition_text(i), !=,
                            archive_condition_text(j));
        }
    }
    g_assert_cmpstr(archive_condition_text(-EIO), ==, "cannot be read");
}

int main(int argc, char **argv)
{
    g_autofree char *remove = NULL;
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    directory = g_dir_make_tmp("vgpuctl-archive-XXXXXX", NULL);
    g_test_add_func("/archive/good", check_good);
    g_test_add_func("/archive/truncated", check_truncated);
    g_test_add_func("/archive/damaged", check_damaged);
    g_test_add_func("/archive/foreign", check_foreign);
    g_test_add_func("/archive/not-tar", check_not_tar);
    g_test_add_func("/archive/pointer", check_pointer);
    g_test_add_func("/archive/plain-file", check_plain_file);
    g_test_add_func("/archive/odd-names", check_odd_names);
    g_test_add_func("/archive/no-tool", check_no_tool);
    g_test_add_func("/archive/texts", check_texts);
    result = g_test_run();
    remove = g_strdup_printf("rm -rf '%s'", directory);
    g_spawn_command_line_sync(remove, NULL, NULL, NULL, NULL);
    g_free(directory);
    return result;
}
