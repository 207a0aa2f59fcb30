/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl prepare: an rpmbuild tree from a checkout of XCP-ng's QEMU RPM
 * repository or from its source RPM. All checks come before the first change.
 */
#include "verb.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "change.h"
#include "command.h"
#include "exit.h"
#include "needs.h"
#include "report.h"
#include "sources.h"

#define SPEC "SPECS/qemu.spec"

/* In the topdir: the checksum of the spec as it was copied there, by which a
 * later run tells an integrated spec from another one. */
#define RECORD ".vgpuctl-spec.sha256"

/* The oldest QEMU that the device is for, and XCP-ng's that are older. */
#define OLDEST_MAJOR 4
#define OLDEST_MINOR 2

/* More than the directories and the record take. */
#define SPARE_BYTES (1 << 20)

typedef struct Prepare {
    Options options;
    bool force;
    char *topdir;    /* absolute */
    char *same_tree; /* the options by which the next verb finds it */
    char *from;      /* has SPECS and SOURCES: the checkout, or staging */
    char *staging;   /* where a source RPM is unpacked, or NULL */
    char *spec;      /* the spec's text, and its checksum */
    gsize spec_length;
    char *spec_sum;
    bool keep_spec;
    guint already;
    Sources sources;
} Prepare;

/* ---- Where it comes from ------------------------------------------------------- */

/* Unpacks a source RPM aside, so that it can be looked at before any change. */
static bool unpack(Prepare *prepare, const char *rpm)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *topdir = NULL, *database = NULL, *output = NULL;
    g_autofree char *kind = NULL;
    const char *const ask[] = { "rpm", "-qp", "--qf", "%{SOURCEPACKAGE}",
                                rpm,   NULL };

    if (!command_query(ask, &kind)) {
        report_problem("give it a checkout of XCP-ng's QEMU RPM repository or "
                       "its source RPM",
                       "%s is no RPM", rpm);
        return false;
    }
    /* A warning about an unknown key stands before the answer. */
    if (!g_str_has_suffix(kind, "1")) {
        report_problem("give it the source RPM (qemu-*.src.rpm)",
                       "%s is a binary RPM", rpm);
        return false;
    }
    prepare->staging = g_dir_make_tmp("vgpuctl-prepare-XXXXXX", &error);
    if (!prepare->staging) {
        report_problem("set TMPDIR to a directory with some room",
                       "cannot unpack %s: %s", rpm, error->message);
        return false;
    }
    topdir = g_strdup_printf("_topdir %s", prepare->staging);
    database = g_build_filename(prepare->staging, "db", NULL);
    {
        /* The host's database has no part in it. */
        const char *const argv[] = { "rpm",  "--dbpath", database, "--define",
                                     topdir, "-i",       rpm,      NULL };

        if (!command_query(argv, &output)) {
            report_problem("get it again: it may be truncated",
                           "rpm cannot unpack %s", rpm);
            return false;
        }
    }
    prepare->from = g_strdup(prepare->staging);
    return true;
}

static bool find_source(Prepare *prepare, const char *source)
{
    if (g_file_test(source, G_FILE_TEST_IS_DIR)) {
        prepare->from = sources_absolute(source);
        return true;
    }
    if (g_file_test(source, G_FILE_TEST_IS_REGULAR)) {
        return unpack(prepare, source);
    }
    report_problem("give it a checkout of XCP-ng's QEMU RPM repository or its "
                   "source RPM",
                   "no directory and no file: %s", source);
    return false;
}

/* ---- The spec -------------------------------------------------------------------- */

static bool read_spec(Prepare *prepare, const char *source)
{
    g_autofree char *path = g_build_filename(prepare->from, SPEC, NULL);
    g_autofree char *sources = g_build_filename(prepare->from, "SOURCES", NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents(path, &prepare->spec, &prepare->spec_length,
                             &error)) {
        report_problem("give it a checkout of XCP-ng's QEMU RPM repository or "
                       "its source RPM",
                       "%s has no " SPEC, source);
        return false;
    }
    prepare->spec_sum = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, (const guchar *)prepare->spec, prepare->spec_length);
    return sources_read(&prepare->sources, path, sources, NULL);
}

static bool check_version(const Sources *sources)
{
    char *end;
    guint64 major = g_ascii_strtoull(sources->version, &end, 10);
    guint64 minor = *end == '.' ? g_ascii_strtoull(end + 1, NULL, 10) : 0;

    if (strcmp(sources->name, "qemu") != 0) {
        report_problem("give it XCP-ng's qemu.spec",
                       SPEC " is for a package '%s', not for qemu",
                       sources->name);
        return false;
    }
    if (major < OLDEST_MAJOR ||
        (major == OLDEST_MAJOR && minor < OLDEST_MINOR)) {
        report_problem(
            "use XCP-ng 8.2 or 8.3, which have QEMU 4.2.1: in the "
            "QEMU RPM repository git checkout 8.2, or master for 8.3",
            "QEMU %s is out of scope: the device needs 4.2 or later, "
            "XCP-ng 8.1 and older have 2.10",
            sources->version);
        return false;
    }
    return true;
}

/* ---- The topdir ------------------------------------------------------------------ */

static bool same_contents(const char *from, const char *to)
{
    g_autofree char *old = NULL, *new = NULL;
    gsize old_length, new_length;

    return g_file_get_contents(to, &old, &old_length, NULL) &&
           g_file_get_contents(from, &new, &new_length, NULL) &&
           old_length == new_length && memcmp(old, new, new_length) == 0;
}

/* The name of a spec in topdir/SPECS that is not qemu.spec, or NULL. */
static char *foreign_spec(const char *topdir)
{
    g_autofree char *specs = g_build_filename(topdir, "SPECS", NULL);
    GDir *directory = g_dir_open(specs, 0, NULL);
    const char *name;
    char *found = NULL;

    while (directory && !found && (name = g_dir_read_name(directory))) {
        if (g_str_has_suffix(name, ".spec") && strcmp(name, "qemu.spec") != 0) {
            found = g_strdup(name);
        }
    }
    if (directory) {
        g_dir_close(directory);
    }
    return found;
}

static bool was_prepared_from(const Prepare *prepare)
{
    g_autofree char *path = g_build_filename(prepare->topdir, RECORD, NULL);
    g_autofree char *record = NULL;

    return g_file_get_contents(path, &record, NULL, NULL) &&
           strcmp(g_strstrip(record), prepare->spec_sum) == 0;
}

static bool check_topdir(Prepare *prepare)
{
    g_autofree char *from = g_build_filename(prepare->from, SPEC, NULL);
    g_autofree char *to = g_build_filename(prepare->topdir, SPEC, NULL);
    g_autofree char *other = foreign_spec(prepare->topdir);

    if (g_file_test(prepare->topdir, G_FILE_TEST_EXISTS) &&
        !g_file_test(prepare->topdir, G_FILE_TEST_IS_DIR)) {
        report_problem("choose another --topdir", "%s is no directory",
                       prepare->topdir);
        return false;
    }
    if (prepare->force) {
        return true;
    }
    if (other) {
        report_problem("choose another --topdir, or say --force",
                       "%s has another spec: SPECS/%s", prepare->topdir, other);
        return false;
    }
    if (!g_file_test(to, G_FILE_TEST_EXISTS) || same_contents(from, to)) {
        return true;
    }
    prepare->keep_spec = was_prepared_from(prepare);
    if (!prepare->keep_spec) {
        report_problem("choose another --topdir, or replace it with --force "
                       "(then vgpuctl integrate again)",
                       "%s has another " SPEC " than this source",
                       prepare->topdir);
    }
    return prepare->keep_spec;
}

/* The nearest directory above path that exists. g_free. */
static char *existing_parent(const char *path)
{
    char *parent = g_strdup(path);

    while (!g_file_test(parent, G_FILE_TEST_EXISTS)) {
        char *above = g_path_get_dirname(parent);

        g_free(parent);
        parent = above;
    }
    return parent;
}

/* What is there already is not counted off: a copy is written beside it. */
static bool check_space(const Prepare *prepare)
{
    g_autofree char *parent = existing_parent(prepare->topdir);
    guint64 needed = prepare->spec_length + SPARE_BYTES;
    struct statvfs status;
    guint i;

    for (i = 0; i < prepare->sources.files->len; i++) {
        g_autofree char *path = g_build_filename(
            prepare->from, "SOURCES", prepare->sources.files->pdata[i], NULL);
        struct stat file;

        needed += stat(path, &file) == 0 ? (guint64)file.st_size : 0;
    }
    if (statvfs(parent, &status) == 0 &&
        (guint64)status.f_bavail * status.f_frsize < needed) {
        report_problem("make room there, or give --topdir on another file "
                       "system",
                       "no room in %s: the sources take %" G_GUINT64_FORMAT
                       " KiB and %" G_GUINT64_FORMAT " KiB are free",
                       parent, needed >> 10,
                       (guint64)status.f_bavail * status.f_frsize >> 10);
        return false;
    }
    return true;
}

/* ---- The changes ------------------------------------------------------------------- */

static int copy_one(Prepare *prepare, const char *directory, const char *name)
{
    g_autofree char *from = g_build_filename(prepare->from, directory, name,
                                             NULL);
    g_autofree char *to = g_build_filename(prepare->topdir, directory, name,
                                           NULL);

    if (same_contents(from, to)) {
        prepare->already++;
        return 0;
    }
    return change_copy(&prepare->options, from, to);
}

static int copy_spec(Prepare *prepare)
{
    g_autofree char *record = g_build_filename(prepare->topdir, RECORD, NULL);
    g_autofree char *line = g_strconcat(prepare->spec_sum, "\n", NULL);

    if (prepare->keep_spec) {
        report_info(SPEC " was changed since it was prepared: left as it is");
        return 0;
    }
    if (!was_prepared_from(prepare)) {
        int result = change_write(&prepare->options, record, line, strlen(line),
                                  0644);

        if (result < 0) {
            return result;
        }
    }
    return copy_one(prepare, "SPECS", "qemu.spec");
}

static int make_tree(Prepare *prepare)
{
    static const char *const directories[] = {
        "BUILD", "BUILDROOT", "RPMS", "SOURCES", "SPECS", "SRPMS"
    };
    int result = 0;
    guint i;

    for (i = 0; result == 0 && i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_build_filename(prepare->topdir,
                                                 directories[i], NULL);

        result = change_mkdir(&prepare->options, path, 0755);
    }
    for (i = 0; result == 0 && i < prepare->sources.files->len; i++) {
        result = copy_one(prepare, "SOURCES", prepare->sources.files->pdata[i]);
    }
    /* Last, so that a tree with a spec has its sources too. */
    if (result == 0) {
        result = copy_spec(prepare);
    }
    if (result == 0 && prepare->already) {
        report_info("%u files are already there and the same",
                    prepare->already);
    }
    return result;
}

/* ---- The verb ----------------------------------------------------------------------- */

static int run(Prepare *prepare, const char *source)
{
    g_autofree char *sources = NULL;
    const char *checkout;

    if (!sources_topdir_fits(prepare->topdir) ||
        !find_source(prepare, source) || !read_spec(prepare, source) ||
        !check_version(&prepare->sources)) {
        return EXIT_REFUSED;
    }
    report_step("checking the %u files that the spec of %s names",
                prepare->sources.files->len, prepare->sources.nevr);
    sources = g_build_filename(prepare->from, "SOURCES", NULL);
    checkout = prepare->staging ? NULL : prepare->from;
    if (!sources_check(&prepare->sources, sources, checkout) ||
        !check_topdir(prepare) || !check_space(prepare)) {
        return EXIT_REFUSED;
    }
    report_step("making the rpmbuild tree %s", prepare->topdir);
    if (make_tree(prepare) < 0) {
        return EXIT_FAILED;
    }
    needs_report(&prepare->options, prepare->sources.needs);
    report_value("topdir", prepare->topdir);
    report_value("nevr", prepare->sources.nevr);
    report_info("next: vgpuctl integrate%s", prepare->same_tree);
    return EXIT_SUCCESS;
}

/* Takes staging away; it was never a part of what the run is about. */
static void clear(Prepare *prepare)
{
    if (prepare->staging) {
        const char *const argv[] = { "rm", "-rf", "--", prepare->staging,
                                     NULL };

        command_query(argv, NULL);
    }
    sources_clear(&prepare->sources);
    g_free(prepare->staging);
    g_free(prepare->topdir);
    g_free(prepare->same_tree);
    g_free(prepare->from);
    g_free(prepare->spec);
    g_free(prepare->spec_sum);
    options_clear(&prepare->options);
}

int verb_prepare(int argc, char **argv)
{
    Prepare prepare = { .force = false };
    g_autofree char *topdir = NULL;
    gboolean force = FALSE;
    const GOptionEntry entries[] = {
        { "topdir", 0, 0, G_OPTION_ARG_FILENAME, &topdir,
          "The rpmbuild tree to make (./rpmbuild)", "DIR" },
        { "force", 0, 0, G_OPTION_ARG_NONE, &force,
          "Replace another spec in that tree", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    int exit_code;

    if (!options_parse(&prepare.options, &argc, &argv, entries, "SOURCE",
                       "Makes an rpmbuild tree from SOURCE: a checkout of "
                       "XCP-ng's QEMU RPM repository, or its source RPM.",
                       &exit_code)) {
        return exit_code;
    }
    prepare.force = force;
    prepare.topdir = sources_topdir(&prepare.options, topdir);
    prepare.same_tree = sources_same_tree(&prepare.options, topdir);
    if (argc != 2) {
        report_problem("vgpuctl prepare --help", "it takes one SOURCE, not %d",
                       argc - 1);
        exit_code = EXIT_USAGE;
    } else {
        exit_code = run(&prepare, argv[1]);
    }
    clear(&prepare);
    return report_end(exit_code);
}
