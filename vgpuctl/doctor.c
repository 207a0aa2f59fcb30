/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl doctor: every box of the first guides' checklist, every entry of
 * their troubleshooting lists and every known trap, decided by looking. What
 * asked for the wrong thing is printed as replaced, in the checklist.
 */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "report.h"
#include "shim/paths.h"
#include "sources.h"
#include "verb.h"

#ifndef VGPU_VERSION
#define VGPU_VERSION "unreleased"
#endif

/* ---- Results ------------------------------------------------------------------------ */

static void result_free(gpointer data)
{
    DoctorResult *result = data;

    g_free(result->detail);
    g_free(result);
}

GPtrArray *doctor_results_new(void)
{
    return g_ptr_array_new_with_free_func(result_free);
}

static void take(Doctor *doctor, const char *title, const char *outcome,
                 const char *remedy, char *detail)
{
    g_autofree char *full = doctor->host
                                ? g_strdup_printf("%s: %s", doctor->host, title)
                                : g_strdup(title);

    if (!doctor->quiet && strcmp(outcome, "replaced") != 0) {
        report_check(full, outcome, detail, remedy);
    }
    if (doctor->results) {
        DoctorResult *result = g_new0(DoctorResult, 1);

        result->title = title;
        result->outcome = outcome;
        result->detail = g_strdup(detail);
        g_ptr_array_add(doctor->results, result);
    }
    g_free(detail);
}

void doctor_ok(Doctor *doctor, const char *title, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    take(doctor, title, "ok", NULL, g_strdup_vprintf(format, args));
    va_end(args);
}

void doctor_problem(Doctor *doctor, const char *title, const char *remedy,
                    const char *format, ...)
{
    va_list args;

    doctor->problems++;
    va_start(args, format);
    take(doctor, title, "problem", remedy, g_strdup_vprintf(format, args));
    va_end(args);
}

void doctor_unknown(Doctor *doctor, const char *title, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    take(doctor, title, "unknown", NULL, g_strdup_vprintf(format, args));
    va_end(args);
}

void doctor_replaced(Doctor *doctor, const char *title, const char *reason)
{
    take(doctor, title, "replaced", NULL, g_strdup(reason));
}

static void qemu_free(gpointer data)
{
    DoctorQemu *qemu = data;

    g_free(qemu->vm);
    g_free(qemu);
}

void doctor_note_qemu(Doctor *doctor, const char *vm, pid_t pid)
{
    if (doctor->qemus) {
        DoctorQemu *qemu = g_new0(DoctorQemu, 1);

        qemu->vm = g_strdup(vm);
        qemu->pid = pid;
        g_ptr_array_add(doctor->qemus, qemu);
    }
}

char *doctor_key_remedy(const char *uuid, const char *key)
{
    return g_strdup_printf(
        "xe vm-param-remove uuid=%s param-name=platform "
        "param-key=%s, then vgpuctl attach %s; or root lists "
        "what is meant in " SHIM_ALLOW_ARGS,
        uuid, key, uuid);
}

void doctor_heading(Doctor *doctor, const char *heading)
{
    if (!doctor->quiet && !doctor->host) {
        report_step("%s", heading);
    }
}

/* ---- The verb ----------------------------------------------------------------------- */

typedef struct Wanted {
    char *topdir;
    gboolean build;
    gboolean host;
    gboolean production;
    gboolean pool;
    gboolean checklist;
} Wanted;

void doctor_check_this_host(Doctor *doctor)
{
    doctor_heading(doctor, "Installation");
    doctor_check_host(doctor);
    doctor_heading(doctor, "Integration");
    doctor_check_hook(doctor);
    doctor_check_updates(doctor);
    doctor_heading(doctor, "Runtime");
    doctor_check_vms(doctor);
}

static void check(Doctor *doctor, const Wanted *wanted)
{
    const bool tree = wanted->topdir || wanted->build || wanted->checklist ||
                      g_file_test(doctor->topdir, G_FILE_TEST_IS_DIR);

    if (tree && !wanted->host && !wanted->pool) {
        doctor_heading(doctor, "Build");
        doctor_check_build(doctor);
    }
    if (wanted->build) {
        return;
    }
    doctor->pool = wanted->pool;
    if (wanted->pool) {
        doctor_check_pool(doctor);
    } else {
        doctor_check_this_host(doctor);
    }
    if (wanted->production) {
        doctor_heading(doctor, "Production");
        doctor_check_production(doctor);
    }
}

static int run(Doctor *doctor, const Wanted *wanted)
{
    unsigned wrong, unseen = 0;

    check(doctor, wanted);
    report_value("vgpuctl", VGPU_VERSION);
    report_value("qemu_package", doctor->package ? doctor->package : "");
    wrong = doctor->problems;
    if (wanted->checklist) {
        wrong = doctor_print_checklist(doctor, &unseen);
        report_info("%u box%s open", wrong, wrong == 1 ? "" : "es");
        if (unseen) {
            report_info("%u cannot be looked at here: vgpuctl doctor --build "
                        "where it was built",
                        unseen);
        }
    } else {
        report_info("%u problem%s", wrong, wrong == 1 ? "" : "s");
    }
    return wrong ? EXIT_FINDINGS : EXIT_SUCCESS;
}

/* What goes together: at most one of build, host, pool and checklist. */
static bool check_words(int argc, char **argv, const Wanted *wanted)
{
    if (argc > 1) {
        report_problem("vgpuctl doctor --help", "'%s' is too much", argv[1]);
    } else if (wanted->build + wanted->host + wanted->pool + wanted->checklist >
               1) {
        report_problem("vgpuctl doctor --help",
                       "only one of --build, --host, --pool and --checklist");
    } else if (wanted->production && (wanted->build || wanted->checklist)) {
        report_problem("vgpuctl doctor --production",
                       "--production does not go with --build or --checklist");
    } else {
        return true;
    }
    return false;
}

int verb_doctor(int argc, char **argv)
{
    Wanted wanted = { 0 };
    const GOptionEntry entries[] = {
        { "topdir", 0, 0, G_OPTION_ARG_FILENAME, &wanted.topdir,
          "The rpmbuild tree (./rpmbuild)", "DIR" },
        { "build", 0, 0, G_OPTION_ARG_NONE, &wanted.build,
          "Look at the rpmbuild tree only", NULL },
        { "host", 0, 0, G_OPTION_ARG_NONE, &wanted.host,
          "Look at the host only", NULL },
        { "pool", 0, 0, G_OPTION_ARG_NONE, &wanted.pool,
          "Look at every host of the pool, over ssh", NULL },
        { "production", 0, 0, G_OPTION_ARG_NONE, &wanted.production,
          "And at what matters before production", NULL },
        { "checklist", 0, 0, G_OPTION_ARG_NONE, &wanted.checklist,
          "Print the guides' checklist only", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Doctor doctor = { 0 };
    Options options;
    int code;

    if (!options_parse(&options, &argc, &argv, entries, "",
                       "Checks the build, the host and its VMs, changes "
                       "nothing, and says what is wrong and what to do about "
                       "it.",
                       &code)) {
        g_free(wanted.topdir);
        return code;
    }
    doctor.options = &options;
    doctor.topdir = sources_topdir(&options, wanted.topdir);
    doctor.quiet = wanted.checklist;
    doctor.results = doctor_results_new();
    doctor.qemus = g_ptr_array_new_with_free_func(qemu_free);
    code = check_words(argc, argv, &wanted) ? run(&doctor, &wanted)
                                            : EXIT_USAGE;
    g_ptr_array_unref(doctor.results);
    g_ptr_array_unref(doctor.qemus);
    g_free(doctor.package);
    g_free(doctor.topdir);
    g_free(wanted.topdir);
    options_clear(&options);
    return report_end(code);
}
