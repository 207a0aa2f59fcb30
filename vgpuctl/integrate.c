/* SPDX-License-Identifier: MIT */
/* vgpuctl integrate: the device into a qemu.spec or a QEMU tree, and out. */
#include "verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change.h"
#include "command.h"
#include "device-file.h"
#include "exit.h"
#include "options.h"
#include "report.h"
#include "sources.h"
#include "spec.h"
#include "textfile.h"
#include "tree.h"

#define DEFAULT_PACKAGER "vgpuctl <root@localhost>"
/* xenopsd-xc requires qemu >= 2:4.2.1-5.0.0. */
#define XCPNG_EPOCH 2

typedef struct Integrate {
    Options options;
    char *topdir;
    char *tree;
    char *device;
    char *packager;
    gboolean undo;
    gint64 now;
} Integrate;

/* ---- The command line ------------------------------------------------------------ */

static int wrong(const char *remedy, const char *problem, const char *value)
{
    report_problem(remedy, "%s: %s", problem, value);
    return EXIT_USAGE;
}

/* Reproducible builds set SOURCE_DATE_EPOCH; rpm's changelog follows it too. */
static int read_clock(gint64 *now)
{
    const char *text = g_getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;

    *now = (gint64)time(NULL);
    if (!text || !text[0]) {
        return EXIT_SUCCESS;
    }
    errno = 0;
    *now = g_ascii_strtoll(text, &end, 10);
    if (errno || *end || *now < 0) {
        return wrong("give seconds since 1970, or unset it",
                     "SOURCE_DATE_EPOCH is no number of seconds", text);
    }
    return EXIT_SUCCESS;
}

static int check_line(Integrate *integrate, int argc, char **argv)
{
    if (argc > 1) {
        return wrong("vgpuctl integrate --help", "not an option", argv[1]);
    }
    if (integrate->topdir && integrate->tree) {
        return wrong("give one of them",
                     "--topdir and --tree exclude each other", integrate->tree);
    }
    if (integrate->packager && !spec_packager_valid(integrate->packager)) {
        return wrong("give one line: --packager \"Name <mail>\"",
                     "--packager does not fit a changelog",
                     integrate->packager);
    }
    return read_clock(&integrate->now);
}

/* ---- The spec -------------------------------------------------------------------- */

typedef struct SpecFile {
    char *path; /* symbolic links followed: they have to survive */
    char *data;
    size_t length;
    Spec spec;
    DeviceFile device;
} SpecFile;

static bool read_spec(SpecFile *file, const char *topdir)
{
    g_autofree char *path = g_build_filename(topdir, "SPECS", "qemu.spec",
                                             NULL);
    g_autofree char *sources = g_build_filename(topdir, "SOURCES", NULL);
    char *followed = realpath(path, NULL);
    SpecRefusal refusal;
    int result;

    file->path = g_strdup(followed ? followed : path);
    free(followed);
    result = textfile_read(file->path, SPEC_SIZE_LIMIT, &file->data,
                           &file->length);
    if (result == -EFBIG) {
        report_problem("give it the spec of XCP-ng's qemu package",
                       "%s: the spec is larger than %zu KiB", path,
                       SPEC_SIZE_LIMIT / 1024);
        return false;
    }
    if (result < 0) {
        report_problem("make the tree first: vgpuctl prepare, or name it with "
                       "--topdir",
                       "cannot read %s: %s", path, textfile_error(result));
        return false;
    }
    if (!g_file_test(sources, G_FILE_TEST_IS_DIR)) {
        report_problem("make the tree first: vgpuctl prepare",
                       "%s is no rpmbuild tree: it has no SOURCES", topdir);
        return false;
    }
    if (!spec_parse(&file->spec, file->data, file->length, &refusal)) {
        report_problem(refusal.remedy, "%s: %s", path, refusal.text);
        return false;
    }
    return true;
}

static void spec_file_clear(SpecFile *file)
{
    spec_clear(&file->spec);
    device_file_clear(&file->device);
    g_free(file->path);
    g_free(file->data);
}

static bool spec_file_open(SpecFile *file, const char *topdir, const char *from)
{
    g_autofree char *device = g_build_filename(topdir, "SOURCES",
                                               SPEC_DEVICE_FILE, NULL);

    memset(file, 0, sizeof(*file));
    if (!read_spec(file, topdir) ||
        !device_file_open(&file->device, device, from)) {
        spec_file_clear(file);
        return false;
    }
    return true;
}

static void warn(const SpecFile *file)
{
    if (file->spec.werror_off) {
        report_warning(
            "%s says --disable-werror: with it a faulty device builds "
            "silently, and the device does not need it; put "
            "--enable-werror back",
            file->path);
    }
    if (file->spec.epoch < XCPNG_EPOCH) {
        report_warning(
            "%s has no Epoch of %d or more: XCP-ng's xenopsd requires "
            "qemu >= 2:4.2.1, so the package would not install; add "
            "Epoch: %d",
            file->path, XCPNG_EPOCH, XCPNG_EPOCH);
    }
}

static void report_result(const Spec *spec, const char *suffix)
{
    g_autofree char *result = g_strdup_printf("%s-%s%s", spec->version,
                                              spec->release, suffix);
    g_autofree char *source = g_strdup_printf("Source%" G_GINT64_FORMAT,
                                              spec->source_number);

    report_value("version_release", result);
    report_value("source", source);
}

/* ---- Integrate --------------------------------------------------------------------- */

/* What rpm says, else a name that nobody mistakes for a person's. g_free. */
static char *find_packager(const Integrate *integrate)
{
    static const char *const ask[] = { "rpm", "--eval", "%packager", NULL };
    g_autofree char *answer = NULL;

    if (integrate->packager) {
        return g_strdup(integrate->packager);
    }
    if (command_query(ask, &answer) &&
        spec_packager_valid(g_strstrip(answer)) &&
        strcmp(answer, "%packager") != 0) {
        return g_strdup(answer);
    }
    return g_strdup(DEFAULT_PACKAGER);
}

static void describe(const Spec *spec)
{
    const SpecBuildLine *build = spec_build_line(spec->major, spec->minor);

    report_info("  Source%" G_GINT64_FORMAT ": " SPEC_DEVICE_FILE,
                spec->source_number);
    report_info("  %%prep: copies it to hw/misc, adds \"%s\" to %s",
                build->line, build->file);
    report_info("  Release: %s -> %s" SPEC_RELEASE_SUFFIX, spec->release,
                spec->release);
    report_info(spec->has_changelog ? "  %%changelog: an entry for %s-%s%s"
                                    : "  no %%changelog: no entry for %s-%s%s",
                spec->version, spec->release, SPEC_RELEASE_SUFFIX);
}

/* The device first, the spec last: without the spec's lines nothing uses it. */
static int add(const Integrate *integrate, const SpecFile *file)
{
    const Options *options = &integrate->options;
    g_autofree char *packager = NULL;
    g_autofree char *text = NULL;
    SpecRefusal refusal;

    if (device_file_is_other(&file->device)) {
        return EXIT_REFUSED;
    }
    packager = find_packager(integrate);
    text = spec_integrate(&file->spec, packager, integrate->now, &refusal);
    if (!text) {
        report_problem(refusal.remedy, "%s: %s", file->path, refusal.text);
        return EXIT_REFUSED;
    }
    report_info("%s: qemu %s", file->path, file->spec.version);
    describe(&file->spec);
    if (device_file_write(options, &file->device) < 0) {
        return EXIT_FAILED;
    }
    if (change_write(options, file->path, text, strlen(text), 0644) < 0) {
        return device_file_put_back(options, &file->device) < 0
                   ? EXIT_INCOMPLETE
                   : EXIT_FAILED;
    }
    report_result(&file->spec, SPEC_RELEASE_SUFFIX);
    return EXIT_SUCCESS;
}

static int spec_file_integrate(const Integrate *integrate, const SpecFile *file)
{
    const Spec *spec = &file->spec;

    warn(file);
    switch (spec->state) {
    case SPEC_INTEGRATED:
        report_info("already integrated: %s", file->path);
        break;
    case SPEC_BY_HAND:
        report_info("integrated by hand (Source%" G_GINT64_FORMAT
                    ": " SPEC_DEVICE_FILE "): %s stays as it is, only the "
                    "device's source is kept up to date",
                    spec->source_number, file->path);
        break;
    case SPEC_STOCK:
    default:
        return add(integrate, file);
    }
    report_result(spec, "");
    return device_file_write(&integrate->options, &file->device) < 0
               ? EXIT_FAILED
               : EXIT_SUCCESS;
}

/* ---- Undo ------------------------------------------------------------------------ */

/* The spec first: the device's file alone does no harm. */
static int take_out(const Options *options, const SpecFile *file)
{
    g_autofree char *text = spec_undo(&file->spec);

    if (change_write(options, file->path, text, strlen(text), 0644) < 0) {
        return EXIT_FAILED;
    }
    if (change_remove(options, file->device.path) < 0) {
        return EXIT_INCOMPLETE;
    }
    report_info("%s is as it was", file->path);
    return EXIT_SUCCESS;
}

static int spec_file_undo(const Options *options, const SpecFile *file)
{
    switch (file->spec.state) {
    case SPEC_INTEGRATED:
        return take_out(options, file);
    case SPEC_BY_HAND:
        report_problem(
            "take its lines out by hand, or put back the spec of the "
            "QEMU RPM repository",
            "%s was integrated by hand: what it was before is not "
            "known",
            file->path);
        return EXIT_REFUSED;
    case SPEC_STOCK:
    default:
        break;
    }
    /* What an interrupted run left. */
    if (device_file_is_there(&file->device)) {
        return change_remove(options, file->device.path) < 0 ? EXIT_FAILED
                                                             : EXIT_SUCCESS;
    }
    report_info("nothing to undo: %s has no vgpu-stub", file->path);
    return EXIT_SUCCESS;
}

/* ---- The verb ---------------------------------------------------------------------- */

static int act(const Integrate *integrate)
{
    const Options *options = &integrate->options;
    g_autofree char *topdir = sources_topdir(options, integrate->topdir);
    SpecFile file;
    int result;

    if (integrate->tree) {
        return integrate->undo
                   ? tree_undo(options, integrate->tree, integrate->device)
                   : tree_integrate(options, integrate->tree,
                                    integrate->device);
    }
    if (!spec_file_open(&file, topdir, integrate->device)) {
        return EXIT_REFUSED;
    }
    result = integrate->undo ? spec_file_undo(options, &file)
                             : spec_file_integrate(integrate, &file);
    spec_file_clear(&file);
    return result;
}

int verb_integrate(int argc, char **argv)
{
    Integrate integrate = { .topdir = NULL };
    const GOptionEntry entries[] = {
        { "topdir", 0, 0, G_OPTION_ARG_FILENAME, &integrate.topdir,
          "The rpmbuild tree (rpmbuild)", "DIR" },
        { "tree", 0, 0, G_OPTION_ARG_FILENAME, &integrate.tree,
          "A QEMU source tree instead of an rpmbuild tree", "DIR" },
        { "undo", 0, 0, G_OPTION_ARG_NONE, &integrate.undo,
          "Take the device out again: the same bytes as before", NULL },
        { "device", 0, 0, G_OPTION_ARG_FILENAME, &integrate.device,
          "Use this source instead of the one that vgpuctl carries", "FILE" },
        /* FILENAME: the bytes as they are, whatever the locale. */
        { "packager", 0, 0, G_OPTION_ARG_FILENAME, &integrate.packager,
          "The changelog entry's author (rpm's %packager)", "\"NAME <MAIL>\"" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    int exit_code = EXIT_SUCCESS;

    if (options_parse(
            &integrate.options, &argc, &argv, entries, "",
            "Adds the vgpu-stub device to an XCP-ng qemu.spec or to a "
            "QEMU source tree.",
            &exit_code)) {
        exit_code = check_line(&integrate, argc, argv);
        if (exit_code == EXIT_SUCCESS) {
            exit_code = act(&integrate);
        }
        exit_code = report_end(exit_code);
        options_clear(&integrate.options);
    }
    g_free(integrate.topdir);
    g_free(integrate.tree);
    g_free(integrate.device);
    g_free(integrate.packager);
    return exit_code;
}
