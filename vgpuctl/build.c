/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl build: rpmbuild with what XCP-ng's QEMU needs. The whole output is in
 * a file; what it comes to, good or bad, is said in a few lines.
 */
#include "verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "buildlog.h"
#include "change.h"
#include "command.h"
#include "exit.h"
#include "report.h"
#include "sources.h"

#define SPEC "SPECS/qemu.spec"

/* What a build of QEMU 4.2.1 for i386-softmmu writes: 120 MiB of sources, 450
 * of objects with debug information, and BUILDROOT, debuginfo and packages;
 * about 1 GiB. Twice that, because rpm has some of it twice for a while. */
#define SPACE_MIB 2048

/* Microseconds. More often than an eye follows is only work for a terminal. */
#define PROGRESS_INTERVAL 100000

typedef struct Build {
    Options options;
    char *topdir;    /* absolute */
    char *same_tree; /* the options by which another verb finds it */
    char *spec;
    char *log_path;
    char **defines;
    Sources sources;
    BuildLog *log;
    FILE *file;
    int file_error;
    char *section;
    gint64 start; /* microseconds, as all times here */
    gint64 progress_shown;
} Build;

/* ---- Checks -------------------------------------------------------------------- */

static bool check_defines(char *const *defines)
{
    for (; defines && *defines; defines++) {
        const char *space = strchr(*defines, ' ');

        if (!space || space == *defines || !space[1]) {
            report_problem("--define 'MACRO VALUE', one word each time",
                           "--define '%s' is no macro and value", *defines);
            return false;
        }
        if (g_str_has_prefix(*defines, "_topdir ")) {
            report_problem("use --topdir DIR",
                           "--define '%s' would lose the tree", *defines);
            return false;
        }
    }
    return true;
}

static bool check_spec(const Build *build)
{
    g_autofree char *text = NULL;
    g_autofree char *remedy = NULL;

    if (!g_file_get_contents(build->spec, &text, NULL, NULL)) {
        remedy = g_strdup_printf("vgpuctl prepare%s SOURCE", build->same_tree);
        report_problem(remedy, "there is no spec: %s", build->spec);
        return false;
    }
    if (!strstr(text, "vgpu-stub")) {
        remedy = g_strdup_printf("vgpuctl integrate%s", build->same_tree);
        report_problem(remedy, "the device is not in the spec: %s",
                       build->spec);
        return false;
    }
    return true;
}

static bool check_rpmbuild(void)
{
    g_autofree char *program = g_find_program_in_path("rpmbuild");

    if (!program) {
        report_problem("yum install rpm-build", "rpmbuild is not installed");
    }
    return program != NULL;
}

static bool check_space(const Build *build)
{
    struct statvfs status;
    guint64 mib;

    if (statvfs(build->topdir, &status) < 0) {
        report_problem(NULL, "cannot look at %s: %s", build->topdir,
                       g_strerror(errno));
        return false;
    }
    mib = (guint64)status.f_bavail * status.f_frsize >> 20;
    if (mib < SPACE_MIB) {
        report_problem("make room there, or give --topdir on another file "
                       "system",
                       "%s has %" G_GUINT64_FORMAT " MiB free, and the build "
                       "needs %d: unpacked sources, objects with debug "
                       "information, and the packages made of them",
                       build->topdir, mib, SPACE_MIB);
        return false;
    }
    return true;
}

static bool check_all(Build *build)
{
    g_autofree char *directory = g_build_filename(build->topdir, "SOURCES",
                                                  NULL);

    return sources_topdir_fits(build->topdir) && check_spec(build) &&
           check_rpmbuild() && check_space(build) &&
           sources_read(&build->sources, build->spec, directory,
                        build->defines) &&
           sources_check(&build->sources, directory, NULL);
}

/* ---- The build -------------------------------------------------------------------- */

/* rpmbuild's command line; the array is NULL-terminated and owns its words. */
static GPtrArray *command_line(const Build *build)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    char **define;

    g_ptr_array_add(argv, g_strdup("rpmbuild"));
    g_ptr_array_add(argv, g_strdup("--define"));
    g_ptr_array_add(argv, g_strdup_printf("_topdir %s", build->topdir));
    /* CentOS 7's own default. Newer rpms have 0, with which XCP-ng's
     * Patch1000 does not apply. */
    g_ptr_array_add(argv, g_strdup("--define"));
    g_ptr_array_add(argv, g_strdup("_default_patch_fuzz 2"));
    for (define = build->defines; define && *define; define++) {
        g_ptr_array_add(argv, g_strdup("--define"));
        g_ptr_array_add(argv, g_strdup(*define));
    }
    g_ptr_array_add(argv, g_strdup("-bb"));
    g_ptr_array_add(argv, g_strdup(build->spec));
    g_ptr_array_add(argv, NULL);
    return argv;
}

static int seconds(const Build *build)
{
    return (int)((g_get_monotonic_time() - build->start) / G_USEC_PER_SEC);
}

static void show_progress(Build *build)
{
    const char *section = build_log_section(build->log);
    g_autofree char *progress = NULL;
    gint64 now = g_get_monotonic_time();

    if (now - build->progress_shown < PROGRESS_INTERVAL) {
        return;
    }
    build->progress_shown = now;
    progress = build_log_progress(build->log);
    report_progress("%4d s  %%%s %s", seconds(build), section ? section : "",
                    progress);
}

static void take_line(const char *line, void *opaque)
{
    Build *build = opaque;
    const char *section;

    if (!build->file_error && fprintf(build->file, "%s\n", line) < 0) {
        build->file_error = errno;
    }
    build_log_line(build->log, line);
    section = build_log_section(build->log);
    if (g_strcmp0(section, build->section) != 0) {
        g_free(build->section);
        build->section = g_strdup(section);
        report_step("%%%s", section);
    }
    show_progress(build);
}

static int report_failure(Build *build, int status)
{
    BuildCause cause = build_log_cause(build->log);
    g_autofree char *summary = build_log_summary(build->log);
    g_autofree char *remedy = build_log_remedy(build->log);
    g_auto(GStrv) last = build_log_last_lines(build->log);
    const char *evidence;
    guint number;
    size_t i;

    if (status == -EINTR) {
        report_problem(NULL, "rpmbuild was ended by a signal; the log is %s",
                       build->log_path);
        return EXIT_FAILED;
    }
    evidence = build_log_evidence(build->log, &number);
    for (i = 0; cause == BUILD_UNKNOWN && last[i]; i++) {
        report_info("| %s", last[i]);
    }
    if (evidence) {
        report_info("%s:%u: %s", build->log_path, number, evidence);
    }
    report_problem(remedy, "the build failed: %s", summary);
    report_info("the whole log: %s", build->log_path);
    report_value("cause", build_cause_name(cause));
    return EXIT_FAILED;
}

static int report_success(Build *build)
{
    const char *rpm = build_log_rpm(build->log);
    g_autofree char *size = NULL;
    struct stat status;

    if (!rpm || stat(rpm, &status) < 0) {
        report_problem("read the log",
                       "rpmbuild wrote no qemu package; the log "
                       "is %s",
                       build->log_path);
        return EXIT_FAILED;
    }
    if (!build_log_has_device(build->log)) {
        report_warning("the log does not show that vgpu-stub was compiled: "
                       "vgpuctl install proves the package before it is used");
    }
    size = g_strdup_printf("%" G_GUINT64_FORMAT " KiB",
                           ((guint64)status.st_size + 1023) >> 10);
    report_info("built in %d s: %s (%s)", seconds(build), rpm, size);
    report_value("size", size);
    report_info("next, on the host: vgpuctl install %s", rpm);
    report_value("rpm", rpm);
    return EXIT_SUCCESS;
}

static bool open_log(Build *build)
{
    build->file = fopen(build->log_path, "we");
    if (!build->file) {
        report_problem("give a file that can be written with --log",
                       "cannot write %s: %s", build->log_path,
                       g_strerror(errno));
        return false;
    }
    /* So that one can follow it. */
    setvbuf(build->file, NULL, _IOLBF, 0);
    return true;
}

static int run_rpmbuild(Build *build)
{
    GPtrArray *argv = command_line(build);
    const char *const *words = (const char *const *)argv->pdata;
    g_autofree char *text = command_text(words);
    int status = 0;

    if (!build->options.dry_run && !open_log(build)) {
        g_ptr_array_unref(argv);
        return EXIT_REFUSED;
    }
    report_change("write", build->log_path);
    report_change("run", text);
    if (build->options.dry_run) {
        g_ptr_array_unref(argv);
        return EXIT_SUCCESS;
    }
    build->start = g_get_monotonic_time();
    status = command_run(words, NULL, take_line, build);
    g_ptr_array_unref(argv);
    report_progress(NULL);
    if (fclose(build->file) != 0 && !build->file_error) {
        build->file_error = errno;
    }
    if (build->file_error) {
        report_warning("%s is not complete: %s", build->log_path,
                       g_strerror(build->file_error));
    }
    report_value("log", build->log_path);
    return status == 0 ? report_success(build) : report_failure(build, status);
}

/* ---- The verb ------------------------------------------------------------------------ */

static int run(Build *build, int extra)
{
    if (extra) {
        report_problem("vgpuctl build --help", "it takes no argument");
        return EXIT_USAGE;
    }
    if (!check_defines(build->defines)) {
        return EXIT_USAGE;
    }
    report_step("checking the spec and its sources in %s", build->topdir);
    return check_all(build) ? run_rpmbuild(build) : EXIT_REFUSED;
}

int verb_build(int argc, char **argv)
{
    Build build = { .file_error = 0 };
    g_autofree char *topdir = NULL;
    g_autofree char *log = NULL;
    const GOptionEntry entries[] = {
        { "topdir", 0, 0, G_OPTION_ARG_FILENAME, &topdir,
          "The rpmbuild tree (./rpmbuild)", "DIR" },
        { "log", 0, 0, G_OPTION_ARG_FILENAME, &log,
          "The file for the whole output (DIR/" BUILD_LOG_NAME ")", "FILE" },
        { "define", 0, 0, G_OPTION_ARG_STRING_ARRAY, &build.defines,
          "A macro for rpmbuild, as its own --define", "'MACRO VALUE'" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    int exit_code;

    if (!options_parse(&build.options, &argc, &argv, entries, "",
                       "Builds the RPM of QEMU with the device; a failure is "
                       "explained.",
                       &exit_code)) {
        return exit_code;
    }
    build.topdir = sources_topdir(&build.options, topdir);
    build.same_tree = sources_same_tree(&build.options, topdir);
    build.spec = g_build_filename(build.topdir, SPEC, NULL);
    build.log_path = log ? sources_absolute(log)
                         : g_build_filename(build.topdir, BUILD_LOG_NAME, NULL);
    build.log = build_log_new();
    exit_code = run(&build, argc - 1);
    build_log_free(build.log);
    sources_clear(&build.sources);
    g_strfreev(build.defines);
    g_free(build.section);
    g_free(build.topdir);
    g_free(build.same_tree);
    g_free(build.spec);
    g_free(build.log_path);
    options_clear(&build.options);
    return report_end(exit_code);
}
