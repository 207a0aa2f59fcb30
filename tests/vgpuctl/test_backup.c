/* SPDX-License-Identifier: MIT */
/*
 * Backups and their manifests: what is written is read again, what nobody wrote
 * is refused, what differs is seen and put back.
 */
#include "backup.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TOP "vgpuctl-backup 1\npackage\tqemu-2:4.2.1-1.x86_64\tid\n"

/* ---- The manifest ----------------------------------------------------------- */

static void test_format(void)
{
    g_autoptr(Manifest) manifest = manifest_new("qemu-2:4.2.1-1.x86_64", "id");
    g_autofree char *text = NULL;
    ManifestEntry *entry;

    manifest->rpm_sha256 = g_strdup(SHA);
    entry = manifest_add(manifest, MANIFEST_DIR, "/usr/share/qemu");
    entry->mode = 0755;
    entry = manifest_add(manifest, MANIFEST_FILE, "/usr/a b\n");
    entry->mode = 04711;
    entry->uid = 1;
    entry->gid = 2;
    entry->mtime = -3;
    entry->size = 4;
    entry->sha256 = g_strdup(SHA);
    entry = manifest_add(manifest, MANIFEST_LINK, "/usr/link");
    entry->target = g_strdup("to\tsomewhere");
    manifest_add(manifest, MANIFEST_ABSENT, "/usr/absent");
    text = manifest_format(manifest);
    g_assert_cmpstr(text, ==,
                    TOP "rpm\t" SHA "\n"
                        "dir\t0755\t0\t0\t/usr/share/qemu\n"
                        "file\t4711\t1\t2\t-3\t4\t" SHA "\t/usr/a b\\n\n"
                        "link\t0\t0\tto\\tsomewhere\t/usr/link\n"
                        "absent\t/usr/absent\n");
}

static void test_parse(void)
{
    static const char text[] = TOP "rpm\t" SHA "\n"
                                   "dir\t2755\t0\t10\t/usr/share\n"
                                   "file\t4711\t1\t2\t-3\t4\t" SHA "\t/a b\\n\n"
                                   "link\t5\t6\t../to\\tit\t/usr/link\n"
                                   "absent\t/usr/absent\n";
    g_autofree char *why = NULL;
    g_autoptr(Manifest) manifest = manifest_parse(text, sizeof(text) - 1, &why);
    const ManifestEntry *entry;

    g_assert_cmpstr(why, ==, NULL);
    g_assert_nonnull(manifest);
    if (!manifest) {
        return;
    }
    g_assert_cmpstr(manifest->nevra, ==, "qemu-2:4.2.1-1.x86_64");
    g_assert_cmpstr(manifest->id, ==, "id");
    g_assert_cmpstr(manifest->rpm_sha256, ==, SHA);
    g_assert_cmpuint(manifest->entries->len, ==, 4);
    entry = manifest->entries->pdata[0];
    g_assert_cmpint(entry->type, ==, MANIFEST_DIR);
    g_assert_cmpuint(entry->mode, ==, 02755);
    g_assert_cmpuint(entry->gid, ==, 10);
    entry = manifest->entries->pdata[1];
    g_assert_cmpint(entry->type, ==, MANIFEST_FILE);
    g_assert_cmpuint(entry->mode, ==, 04711);
    g_assert_cmpint(entry->mtime, ==, -3);
    g_assert_cmpuint(entry->size, ==, 4);
    g_assert_cmpstr(entry->path, ==, "/a b\n");
    entry = manifest->entries->pdata[2];
    g_assert_cmpstr(entry->target, ==, "../to\tit");
    g_assert_cmpuint(entry->uid, ==, 5);
    entry = manifest->entries->pdata[3];
    g_assert_cmpint(entry->type, ==, MANIFEST_ABSENT);
}

/* Each is one step away from a manifest that is read. */
static const struct {
    const char *name;
    const char *text;
    const char *why;
} wrong[] = {
    { "empty", "", "it is no manifest" },
    { "no-end", "vgpuctl-backup 1", "it is no manifest" },
    { "header-only", "vgpuctl-backup 1\n", "it ends before the package" },
    { "version", "vgpuctl-backup 2\npackage\ta\tb\n", "line 1 is wrong" },
    { "no-package", "vgpuctl-backup 1\nabsent\t/a\n", "line 2 is wrong" },
    { "no-nevra", "vgpuctl-backup 1\npackage\t\tid\n", "line 2 is wrong" },
    { "rpm-sum", TOP "rpm\tabc\n", "line 3 is wrong" },
    { "rpm-late", TOP "absent\t/a\nrpm\t" SHA "\n", "line 4 is wrong" },
    { "word", TOP "fifo\t/a\n", "line 3 is wrong" },
    { "fields", TOP "absent\t/a\t/b\n", "line 3 is wrong" },
    { "blank-line", TOP "\n", "line 3 is wrong" },
    { "relative", TOP "absent\ta\n", "line 3 is wrong" },
    { "dots", TOP "absent\t/a/../b\n", "line 3 is wrong" },
    { "dot", TOP "absent\t/./b\n", "line 3 is wrong" },
    { "hidden-dots", TOP "absent\t/a/\\056./b\n", "line 3 is wrong" },
    { "slashes", TOP "absent\t/a//b\n", "line 3 is wrong" },
    { "slash-at-end", TOP "absent\t/a/\n", "line 3 is wrong" },
    { "root", TOP "absent\t/\n", "line 3 is wrong" },
    { "no-path", TOP "absent\t\n", "line 3 is wrong" },
    { "escaped", TOP "absent\t/\\141\n", "it is not as vgpuctl writes it" },
    { "mode", TOP "dir\t0788\t0\t0\t/a\n", "line 3 is wrong" },
    { "mode-bits", TOP "dir\t10755\t0\t0\t/a\n", "line 3 is wrong" },
    { "mode-zeros", TOP "dir\t00755\t0\t0\t/a\n",
      "it is not as vgpuctl writes it" },
    { "uid", TOP "dir\t0755\t-1\t0\t/a\n", "line 3 is wrong" },
    { "uid-nobody", TOP "dir\t0755\t4294967295\t0\t/a\n", "line 3 is wrong" },
    { "gid", TOP "dir\t0755\t0\t4294967296\t/a\n", "line 3 is wrong" },
    { "gid-none", TOP "dir\t0755\t0\t\t/a\n", "line 3 is wrong" },
    { "time", TOP "file\t0644\t0\t0\t1e9\t1\t" SHA "\t/a\n",
      "line 3 is wrong" },
    { "size", TOP "file\t0644\t0\t0\t1\t9223372036854775808\t" SHA "\t/a\n",
      "line 3 is wrong" },
    { "sum", TOP "file\t0644\t0\t0\t1\t1\t" SHA "0\t/a\n", "line 3 is wrong" },
    { "target", TOP "link\t0\t0\t\t/a\n", "line 3 is wrong" },
};

static void test_refuse(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_autofree char *why = NULL;
    g_autoptr(Manifest)
        manifest = manifest_parse(wrong[i].text, strlen(wrong[i].text), &why);

    g_assert_null(manifest);
    g_assert_cmpstr(why, ==, wrong[i].why);
}

static void test_refuse_large(void)
{
    GString *text = g_string_new(TOP);
    g_autofree char *why = NULL;
    guint i;

    for (i = 0; i < MANIFEST_MAX_ENTRIES; i++) {
        g_string_append_printf(text, "absent\t/%u\n", i);
    }
    manifest_free(manifest_parse(text->str, text->len, &why));
    g_assert_cmpstr(why, ==, NULL);
    g_string_append(text, "absent\t/one-more\n");
    g_assert_null(manifest_parse(text->str, text->len, &why));
    g_assert_cmpstr(why, ==, "line 16387 is wrong");
    g_clear_pointer(&why, g_free);
    g_string_set_size(text, MANIFEST_MAX_BYTES + 1);
    g_assert_null(manifest_parse(text->str, text->len, &why));
    g_assert_cmpstr(why, ==, "it is no manifest");
    g_clear_pointer(&why, g_free);
    g_assert_null(manifest_parse(TOP "absent\t/\0\n", sizeof(TOP) + 9, &why));
    g_assert_cmpstr(why, ==, "it is no manifest");
    g_string_free(text, TRUE);
}

/* ---- A backup ------------------------------------------------------------------ */

typedef struct Host {
    char *directory;
    char *backup;
    Options options;
    GPtrArray *paths;
    GPtrArray *absent;
} Host;

static void put(const Host *host, const char *path, const char *text, int mode)
{
    g_autofree char *full = options_path(&host->options, path);

    g_remove(full);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
    g_assert_cmpint(g_chmod(full, mode), ==, 0);
}

static char *get(const Host *host, const char *path)
{
    g_autofree char *full = options_path(&host->options, path);
    char *text = NULL;

    g_file_get_contents(full, &text, NULL, NULL);
    return text;
}

static void set_up(Host *host, gconstpointer data)
{
    g_autofree char *folder = NULL, *link = NULL;

    (void)data;
    host->directory = g_dir_make_tmp("test-backup-XXXXXX", NULL);
    host->options.root = g_strconcat(host->directory, "/root", NULL);
    host->backup = g_strconcat(host->directory, "/backup", NULL);
    host->paths = g_ptr_array_new();
    host->absent = g_ptr_array_new();
    folder = options_path(&host->options, "/usr/share");
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    put(host, "/usr/share/a", "first", 0640);
    put(host, "/usr/share/b", "", 0755);
    link = options_path(&host->options, "/usr/share/link");
    g_assert_cmpint(symlink("a", link), ==, 0);
    g_ptr_array_add(host->paths, (char *)"/usr/share");
    g_ptr_array_add(host->paths, (char *)"/usr/share/a");
    g_ptr_array_add(host->paths, (char *)"/usr/share/b");
    g_ptr_array_add(host->paths, (char *)"/usr/share/gone");
    g_ptr_array_add(host->paths, (char *)"/usr/share/link");
    g_ptr_array_add(host->absent, (char *)"/usr/share/a");
    g_ptr_array_add(host->absent, (char *)"/usr/share/new");
    g_ptr_array_add(host->absent, (char *)"/usr/share/new/file");
    g_assert_cmpint(backup_make(&host->options, host->backup, "qemu-1-1.x86_64",
                                "id", host->paths, host->absent, NULL),
                    ==, 0);
}

static void tear_down(Host *host, gconstpointer data)
{
    const char *argv[] = { "rm", "-rf", host->directory, NULL };

    (void)data;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
    g_ptr_array_unref(host->paths);
    g_ptr_array_unref(host->absent);
    g_free(host->options.root);
    g_free(host->backup);
    g_free(host->directory);
}

static Backup *open_it(const Host *host)
{
    g_autofree char *why = NULL;
    Backup *backup = backup_open(host->backup, &why);

    g_assert_cmpstr(why, ==, NULL);
    g_assert_nonnull(backup);
    return backup;
}

/* What differs, joined by "; ". */
static char *differences(const Host *host, const Backup *backup)
{
    g_autoptr(GPtrArray) found = backup_compare(&host->options, backup);

    g_ptr_array_add(found, NULL);
    return g_strjoinv("; ", (char **)found->pdata);
}

static void test_same(Host *host, gconstpointer data)
{
    g_autoptr(Backup) backup = open_it(host);
    g_autofree char *found = differences(host, backup);

    (void)data;
    g_assert_cmpstr(found, ==, "");
    /* share, a, b, link; new and new/file as absent. Not "gone", not a twice. */
    g_assert_cmpuint(backup->manifest->entries->len, ==, 6);
    g_assert_null(backup_rpm(backup));
}

static void test_differs(Host *host, gconstpointer data)
{
    g_autoptr(Backup) backup = open_it(host);
    g_autofree char *link = options_path(&host->options, "/usr/share/link");
    g_autofree char *new = options_path(&host->options, "/usr/share/new");
    g_autofree char *share = options_path(&host->options, "/usr/share");
    g_autofree char *found = NULL, *after = NULL, *a = NULL, *target = NULL;
    struct stat status;

    (void)data;
    put(host, "/usr/share/a", "other", 0640);
    put(host, "/usr/share/b", "", 0700);
    g_assert_cmpint(g_remove(link), ==, 0);
    g_assert_cmpint(symlink("b", link), ==, 0);
    g_assert_cmpint(g_mkdir(new, 0755), ==, 0);
    put(host, "/usr/share/new/file", "x", 0644);
    g_assert_cmpint(g_chmod(share, 0700), ==, 0);
    found = differences(host, backup);
    g_assert_cmpstr(found, ==,
                    "/usr/share: has another mode; "
                    "/usr/share/a: has other contents; "
                    "/usr/share/b: has another mode; "
                    "/usr/share/link: points elsewhere; "
                    "/usr/share/new/file: was not there");
    g_assert_cmpint(backup_restore(&host->options, backup), ==, 0);
    after = differences(host, backup);
    g_assert_cmpstr(after, ==, "");
    a = get(host, "/usr/share/a");
    g_assert_cmpstr(a, ==, "first");
    target = g_file_read_link(link, NULL);
    g_assert_cmpstr(target, ==, "a");
    g_assert_cmpint(stat(share, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 07777, ==, 0755);
    g_assert_false(g_file_test(new, G_FILE_TEST_EXISTS));
}

/* A foreign file in a directory that was not there keeps both. */
static void test_foreign(Host *host, gconstpointer data)
{
    g_autoptr(Backup) backup = open_it(host);
    g_autofree char *new = options_path(&host->options, "/usr/share/new");
    g_autofree char *kept = NULL, *after = NULL;

    (void)data;
    g_assert_cmpint(g_mkdir(new, 0755), ==, 0);
    put(host, "/usr/share/new/file", "x", 0644);
    put(host, "/usr/share/new/foreign", "y", 0644);
    g_assert_cmpint(backup_restore(&host->options, backup), ==, 0);
    kept = get(host, "/usr/share/new/foreign");
    g_assert_cmpstr(kept, ==, "y");
    after = differences(host, backup);
    g_assert_cmpstr(after, ==, "");
}

/* A directory where a file was, and a link that leads out: both are left. */
static void test_in_the_way(Host *host, gconstpointer data)
{
    g_autoptr(Backup) backup = open_it(host);
    g_autofree char *a = options_path(&host->options, "/usr/share/a");
    g_autofree char *share = options_path(&host->options, "/usr/share");
    g_autofree char *outside = g_strconcat(host->directory, "/outside", NULL);
    g_autofree char *in_it = g_strconcat(outside, "/a", NULL);

    (void)data;
    g_assert_cmpint(g_remove(a), ==, 0);
    g_assert_cmpint(g_mkdir(a, 0755), ==, 0);
    put(host, "/usr/share/a/something", "x", 0644);
    g_assert_cmpint(backup_restore(&host->options, backup), ==, -EISDIR);
    g_assert_true(g_file_test(a, G_FILE_TEST_IS_DIR));

    g_assert_cmpint(g_rename(share, outside), ==, 0);
    g_assert_cmpint(symlink(outside, share), ==, 0);
    g_assert_cmpint(backup_restore(&host->options, backup), ==, -ENOTDIR);
    g_assert_true(g_file_test(in_it, G_FILE_TEST_IS_DIR));
}

static void test_dry_run(Host *host, gconstpointer data)
{
    g_autoptr(Backup) backup = open_it(host);
    g_autofree char *a = NULL;
    g_autofree char *other = g_strconcat(host->directory, "/other", NULL);

    (void)data;
    put(host, "/usr/share/a", "other", 0640);
    host->options.dry_run = true;
    g_assert_cmpint(backup_restore(&host->options, backup), ==, 0);
    a = get(host, "/usr/share/a");
    g_assert_cmpstr(a, ==, "other");
    g_assert_cmpint(backup_make(&host->options, other, "n", "i", host->paths,
                                host->absent, NULL),
                    ==, 0);
    g_assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
    host->options.dry_run = false;
}

/* An interrupted backup has no manifest, and is none. */
static void test_interrupted(Host *host, gconstpointer data)
{
    g_autofree char *path = g_strconcat(host->backup, "/manifest", NULL);
    g_autofree char *expected = g_strdup_printf("%s cannot be read", path);
    g_autofree char *why = NULL;

    (void)data;
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_null(backup_open(host->backup, &why));
    g_assert_cmpstr(why, ==, expected);
}

int main(int argc, char **argv)
{
    size_t i;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    report_begin("test", false, true);
    g_test_add_func("/manifest/format", test_format);
    g_test_add_func("/manifest/parse", test_parse);
    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *name = g_strdup_printf("/manifest/refuse/%s",
                                                wrong[i].name);

        g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_refuse);
    }
    g_test_add_func("/manifest/refuse/large", test_refuse_large);
#define ADD(name, function) \
    g_test_add(name, Host, NULL, set_up, function, tear_down)
    ADD("/backup/same", test_same);
    ADD("/backup/differs", test_differs);
    ADD("/backup/foreign", test_foreign);
    ADD("/backup/in-the-way", test_in_the_way);
    ADD("/backup/dry-run", test_dry_run);
    ADD("/backup/interrupted", test_interrupted);
    return g_test_run();
}
