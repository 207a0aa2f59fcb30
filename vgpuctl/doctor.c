/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl doctor: every box of the first guides' checklist and every entry of
 * their troubleshooting lists that concerns building and installing, decided by
 * looking. Boxes that asked for the wrong thing are printed as replaced.
 */
#include "doctor.h"

#include <stdlib.h>

#include "exit.h"
#include "report.h"
#include "sources.h"
#include "verb.h"

static void check(const char *title, const char *outcome, const char *remedy,
                  const char *format, va_list args)
{
    g_autofree char *detail = g_strdup_vprintf(format, args);

    report_check(title, outcome, detail, remedy);
}

void doctor_ok(Doctor *doctor, const char *title, const char *format, ...)
{
    va_list args;

    (void)doctor;
    va_start(args, format);
    check(title, "ok", NULL, format, args);
    va_end(args);
}

void doctor_problem(Doctor *doctor, const char *title, const char *remedy,
                    const char *format, ...)
{
    va_list args;

    doctor->problems++;
    va_start(args, format);
    check(title, "problem", remedy, format, args);
    va_end(args);
}

void doctor_unknown(Doctor *doctor, const char *title, const char *format, ...)
{
    va_list args;

    (void)doctor;
    va_start(args, format);
    check(title, "unknown", NULL, format, args);
    va_end(args);
}

void doctor_replaced(Doctor *doctor, const char *title, const char *reason)
{
    (void)doctor;
    report_check(title, "replaced", reason, NULL);
}

int verb_doctor(int argc, char **argv)
{
    g_autofree char *topdir = NULL;
    gboolean build_only = FALSE, host_only = FALSE;
    const GOptionEntry entries[] = {
        { "topdir", 0, 0, G_OPTION_ARG_FILENAME, &topdir,
          "The rpmbuild tree (./rpmbuild)", "DIR" },
        { "build", 0, 0, G_OPTION_ARG_NONE, &build_only,
          "Look at the rpmbuild tree only", NULL },
        { "host", 0, 0, G_OPTION_ARG_NONE, &host_only, "Look at the host only",
          NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Doctor doctor = { 0 };
    Options options;
    int exit_code;

    if (!options_parse(&options, &argc, &argv, entries, "",
                       "Checks the build and the host, changes nothing, and "
                       "says what is wrong and what to do about it.",
                       &exit_code)) {
        return exit_code;
    }
    if (argc > 1) {
        report_problem("vgpuctl doctor --help", "'%s' is too much", argv[1]);
        options_clear(&options);
        return report_end(EXIT_USAGE);
    }
    doctor.options = &options;
    doctor.topdir = sources_topdir(&options, topdir);
    if (!host_only && (topdir || build_only ||
                       g_file_test(doctor.topdir, G_FILE_TEST_IS_DIR))) {
        doctor_check_build(&doctor);
    }
    if (!build_only) {
        doctor_check_host(&doctor);
    }
    report_info("%u problem%s", doctor.problems,
                doctor.problems == 1 ? "" : "s");
    g_free(doctor.topdir);
    options_clear(&options);
    return report_end(doctor.problems ? EXIT_FINDINGS : EXIT_SUCCESS);
}
