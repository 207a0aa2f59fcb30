/* SPDX-License-Identifier: MIT */
#include "sources.h"

#include <errno.h>
#include <string.h>

#include "archive.h"
#include "command.h"
#include "report.h"

/* So many names of one kind go into a line; a checkout without its patches
 * would otherwise print all 130. */
#define NAMES_SHOWN 5

/* ---- What the spec names ------------------------------------------------------ */

/* Each line of the answer says what it is, because rpm's warnings stand between
 * them. These tags are as old as rpm 4.11. */
#define NAME    "vgpuctl-name "
#define VERSION "vgpuctl-version "
#define NEVR    "vgpuctl-nevr "
#define SOURCE  "vgpuctl-source "
#define PATCH   "vgpuctl-patch "
#define NEED    "vgpuctl-need "
#define QUERY                                                \
    NAME "%{NAME}\n" VERSION "%{VERSION}\n" NEVR "%{NEVR}\n" \
         "[" SOURCE "%{SOURCE}\n]"                           \
         "[" PATCH "%{PATCH}\n]"                             \
         "[" NEED "%{REQUIRENAME}\n]"

static bool take(char **value, const char *line, const char *mark)
{
    if (!g_str_has_prefix(line, mark)) {
        return false;
    }
    g_free(*value);
    *value = g_strdup(line + strlen(mark));
    return true;
}

static bool take_each(GPtrArray *values, const char *line, const char *mark)
{
    if (!g_str_has_prefix(line, mark)) {
        return false;
    }
    g_ptr_array_add(values, g_strdup(line + strlen(mark)));
    return true;
}

static void take_line(Sources *sources, const char *line)
{
    if (take(&sources->name, line, NAME) ||
        take(&sources->version, line, VERSION) ||
        take(&sources->nevr, line, NEVR) ||
        take_each(sources->files, line, SOURCE)) {
        return;
    }
    if (take_each(sources->files, line, PATCH)) {
        sources->patches++;
    } else if (!g_str_has_prefix(line, NEED "rpmlib(")) {
        take_each(sources->needs, line, NEED);
    }
}

/* The first line with "error: ", which says what rpm does not like. */
static const char *complaint(char *const *lines)
{
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "error: ")) {
            return lines[i];
        }
    }
    return lines[0] ? lines[0] : "it says nothing";
}

/* rpmspec's command line; the array is NULL-terminated and owns its words. */
static GPtrArray *query(const char *spec, const char *directory,
                        char *const *defines)
{
    static const char *const ask[] = { "-q", "--srpm", "--qf", QUERY };
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    guint i;

    g_ptr_array_add(argv, g_strdup("rpmspec"));
    g_ptr_array_add(argv, g_strdup("--define"));
    g_ptr_array_add(argv, g_strdup_printf("_sourcedir %s", directory));
    for (; defines && *defines; defines++) {
        g_ptr_array_add(argv, g_strdup("--define"));
        g_ptr_array_add(argv, g_strdup(*defines));
    }
    for (i = 0; i < G_N_ELEMENTS(ask); i++) {
        g_ptr_array_add(argv, g_strdup(ask[i]));
    }
    g_ptr_array_add(argv, g_strdup(spec));
    g_ptr_array_add(argv, NULL);
    return argv;
}

bool sources_read(Sources *sources, const char *spec, const char *directory,
                  char *const *defines)
{
    g_autoptr(GPtrArray) argv = query(spec, directory, defines);
    g_autofree char *output = NULL;
    g_auto(GStrv) lines = NULL;
    int status, i;

    memset(sources, 0, sizeof(*sources));
    sources->files = g_ptr_array_new_with_free_func(g_free);
    sources->needs = g_ptr_array_new_with_free_func(g_free);
    status = command_run((const char *const *)argv->pdata, &output, NULL, NULL);
    if (status == -ENOENT) {
        report_problem("yum install rpm-build", "rpmspec is not installed");
        return false;
    }
    if (status < 0) {
        report_problem(NULL, "cannot run rpmspec: %s", g_strerror(-status));
        return false;
    }
    lines = g_strsplit(output, "\n", -1);
    for (i = 0; lines[i]; i++) {
        take_line(sources, lines[i]);
    }
    if (status != 0 || !sources->name || !sources->version || !sources->nevr) {
        report_problem("give it a qemu.spec of XCP-ng 8.2 or 8.3, unchanged or "
                       "changed by vgpuctl integrate",
                       "rpmspec does not understand %s: %s", spec,
                       complaint(lines));
        return false;
    }
    return true;
}

void sources_clear(Sources *sources)
{
    g_free(sources->name);
    g_free(sources->version);
    g_free(sources->nevr);
    if (sources->files) {
        g_ptr_array_unref(sources->files);
    }
    if (sources->needs) {
        g_ptr_array_unref(sources->needs);
    }
    memset(sources, 0, sizeof(*sources));
}

/* ---- Whether the files are there ------------------------------------------------ */

typedef struct Faults {
    GPtrArray *missing;
    GPtrArray *pointers;
    GPtrArray *bad;
    const char *tool;
} Faults;

/* "a, b and 3 more" */
static char *names_text(const GPtrArray *names)
{
    GString *text = g_string_new(NULL);
    guint i;

    for (i = 0; i < names->len && i < NAMES_SHOWN; i++) {
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               (const char *)names->pdata[i]);
    }
    if (names->len > NAMES_SHOWN) {
        g_string_append_printf(text, " and %u more", names->len - NAMES_SHOWN);
    }
    return g_string_free(text, FALSE);
}

static void check_file(Faults *faults, const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    ArchiveInfo info;
    int result = archive_name(name) ? archive_check(path, &info)
                                    : archive_check_pointer(path, &info);

    if (result == -ENOENT) {
        g_ptr_array_add(faults->missing, g_strdup(name));
    } else if (result < 0) {
        g_ptr_array_add(faults->bad,
                        g_strdup_printf("%s cannot be read: %s", name,
                                        g_strerror(-result)));
    } else if (result == ARCHIVE_POINTER) {
        g_ptr_array_add(faults->pointers,
                        g_strdup_printf("%s (%" G_GUINT64_FORMAT " bytes)",
                                        name, info.size));
    } else if (result == ARCHIVE_NO_TOOL) {
        faults->tool = info.tool;
    } else if (result != 0) {
        g_ptr_array_add(
            faults->bad,
            g_strdup_printf("%s %s", name, archive_condition_text(result)));
    }
}

static void report_missing(const Faults *faults, const char *directory,
                           const char *checkout)
{
    g_autofree char *names = names_text(faults->missing);
    const char *remedy = "vgpuctl prepare again, from a complete checkout";
    guint i;

    if (checkout) {
        remedy = "git checkout -- SOURCES in the checkout, or clone it anew";
    }
    for (i = 0; i < faults->missing->len; i++) {
        if (strcmp(faults->missing->pdata[i], "vgpu-stub.c") == 0) {
            remedy = "vgpuctl integrate, which puts vgpu-stub.c there";
        }
    }
    report_problem(remedy, "not in %s, but the spec names it: %s", directory,
                   names);
}

static void report_pointers(const Faults *faults, const char *directory,
                            const char *checkout)
{
    g_autofree char *names = names_text(faults->pointers);
    g_autofree char *at = checkout ? command_text((const char *const[]){
                                         "cd", checkout, NULL })
                                   : g_strdup("in the checkout");
    g_autofree char *remedy = g_strdup_printf(
        "git-lfs has to be installed before the clone; for this one: yum "
        "install "
        "git-lfs, then %s%s git lfs install && git lfs pull%s",
        at, checkout ? " &&" : ":",
        checkout ? "" : ", then vgpuctl prepare again");

    report_problem(remedy,
                   "Git LFS pointers instead of the files themselves in %s: %s",
                   directory, names);
}

static void report_bad(const Faults *faults, const char *directory,
                       const char *checkout)
{
    g_autofree char *names = names_text(faults->bad);
    const char *remedy = "get it again, then vgpuctl prepare again";

    if (checkout) {
        remedy = "remove it, then in the checkout: git lfs fsck; git checkout "
                 "-- SOURCES && git lfs pull";
    }
    report_problem(remedy, "in %s: %s", directory, names);
}

bool sources_check(const Sources *sources, const char *directory,
                   const char *checkout)
{
    Faults faults = { g_ptr_array_new_with_free_func(g_free),
                      g_ptr_array_new_with_free_func(g_free),
                      g_ptr_array_new_with_free_func(g_free), NULL };
    bool good;
    guint i;

    for (i = 0; i < sources->files->len; i++) {
        report_progress("looking at %s",
                        (const char *)sources->files->pdata[i]);
        check_file(&faults, directory, sources->files->pdata[i]);
    }
    report_progress(NULL);
    if (faults.missing->len) {
        report_missing(&faults, directory, checkout);
    }
    if (faults.pointers->len) {
        report_pointers(&faults, directory, checkout);
    }
    if (faults.bad->len) {
        report_bad(&faults, directory, checkout);
    }
    if (faults.tool) {
        g_autofree char *remedy = g_strdup_printf("yum install %s",
                                                  faults.tool);

        report_problem(remedy,
                       "%s is not installed: the archives in %s cannot "
                       "be checked",
                       faults.tool, directory);
    }
    good = !faults.missing->len && !faults.pointers->len && !faults.bad->len &&
           !faults.tool;
    g_ptr_array_unref(faults.missing);
    g_ptr_array_unref(faults.pointers);
    g_ptr_array_unref(faults.bad);
    return good;
}

/* ---- The tree -------------------------------------------------------------------- */

char *sources_absolute(const char *path)
{
    g_autofree char *current = g_get_current_dir();
    char *whole = g_path_is_absolute(path)
                      ? g_strdup(path)
                      : g_build_filename(current, path, NULL);
    size_t length = strlen(whole);

    while (length > 1 && whole[length - 1] == '/') {
        whole[--length] = '\0';
    }
    return whole;
}

char *sources_topdir(const Options *options, const char *topdir)
{
    g_autofree char *path = NULL;

    if (!topdir) {
        return sources_absolute("rpmbuild");
    }
    path = g_path_is_absolute(topdir) ? options_path(options, topdir)
                                      : g_strdup(topdir);
    return sources_absolute(path);
}

char *sources_same_tree(const Options *options, const char *topdir)
{
    const char *const root[] = { "--root", options->root, NULL };
    const char *const tree[] = { "--topdir", topdir, NULL };
    g_autofree char *root_text = options->root[0] ? command_text(root)
                                                  : g_strdup("");
    g_autofree char *tree_text = topdir ? command_text(tree) : g_strdup("");

    return g_strdup_printf("%s%s%s%s", options->root[0] ? " " : "", root_text,
                           topdir ? " " : "", tree_text);
}

bool sources_topdir_fits(const char *topdir)
{
    const char *bad = strpbrk(topdir, " :%\t\n");

    if (!bad) {
        return true;
    }
    report_problem("choose another --topdir",
                   "QEMU cannot be built in a path with '%c': %s", *bad,
                   topdir);
    return false;
}
