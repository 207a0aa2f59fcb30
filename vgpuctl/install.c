/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl install: check, back up, install, prove; or put all back.
 */
#include "install.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "change.h"
#include "exit.h"
#include "host.h"
#include "journal.h"
#include "preflight.h"
#include "recover.h"
#include "report.h"
#include "verb.h"

/* A name for the backup that no other has: the NEVRA, with a number behind it
 * from the second on. g_free. */
static char *free_name(const Options *options, const char *nevra)
{
    char *name = g_strdup(nevra);
    guint number;

    for (number = 2;; number++) {
        g_autofree char *path = journal_backup_path(options, name);

        if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
            return name;
        }
        g_free(name);
        name = g_strdup_printf("%s.%u", nevra, number);
    }
}

/* The RPM to go back with, once it is in the backup: it stays there. */
static void use_kept_rpm(Journal *journal, const char *directory)
{
    if (journal->stock_rpm) {
        g_free(journal->stock_rpm);
        journal->stock_rpm = g_strconcat(directory, "/stock.rpm", NULL);
    }
}

static int back_up(const Options *options, const Plan *plan, Journal *journal)
{
    g_autofree char *directory = journal_backup_path(options, journal->backup);
    int result = journal_write(options, journal);

    journal_stop_after(options, "journal");
    if (result == 0) {
        result = backup_make(options, directory, plan->installed->nevra,
                             plan->installed->id, plan->paths, plan->new_paths,
                             plan->stock_rpm);
    }
    journal_stop_after(options, "backup");
    if (result == 0) {
        use_kept_rpm(journal, directory);
        g_free(journal->step);
        journal->step = g_strdup(JOURNAL_INSTALLING);
        result = journal_write(options, journal);
    }
    journal_stop_after(options, "installing");
    return result;
}

static int run_rpm(const Options *options, const Plan *plan)
{
    g_autoptr(GPtrArray) words = preflight_command(options, plan, false);
    g_autofree char *output = NULL;
    int status = change_run(options, (const char *const *)words->pdata,
                            &output);

    journal_stop_after(options, "rpm");
    if (status > 0) {
        g_autofree char *error = package_rpm_error(output);

        report_problem(NULL, "rpm failed: %s", error);
    }
    return status;
}

/* The backup that a rollback will want: of the stock QEMU. */
static char *stock_backup(const Options *options, const Plan *plan,
                          const char *backup)
{
    g_autoptr(Record) record = NULL;

    if (plan->installed_stock) {
        return g_strdup(backup);
    }
    record = record_read(options);
    if (record && record_is_of(record, plan->installed)) {
        return g_strdup(record->backup);
    }
    report_warning("the installed QEMU has vgpu-stub already, and vgpuctl did "
                   "not install it: a rollback will want --stock-rpm");
    return NULL;
}

static Journal *begin(const Options *options, const Plan *plan)
{
    Journal *journal = g_new0(Journal, 1);

    journal->step = g_strdup(JOURNAL_BEGUN);
    journal->backup = free_name(options, plan->installed->nevra);
    journal->stock_backup = stock_backup(options, plan, journal->backup);
    journal->stock_rpm = g_strdup(plan->stock_rpm);
    journal->nevra = g_strdup(plan->package->nevra);
    journal->id = g_strdup(plan->package->id);
    return journal;
}

static int apply(const Options *options, const Plan *plan)
{
    g_autoptr(Journal) journal = begin(options, plan);

    report_value("backup", journal->backup);

    report_step("backing up %s", plan->installed->nevra);
    if (back_up(options, plan, journal) < 0) {
        bool found;

        /* Nothing of the host has been touched: that is to stay so. */
        return recover_interrupted(options, &found) == EXIT_SUCCESS
                   ? EXIT_FAILED
                   : EXIT_INCOMPLETE;
    }
    report_step("installing %s", plan->package->nevra);
    if (run_rpm(options, plan) == 0) {
        report_step(options->dry_run ? "noting it" : "proving it");
        if (recover_finish_install(options, journal) == EXIT_SUCCESS) {
            return EXIT_SUCCESS;
        }
    }
    return recover_undo_install(options, journal);
}

static int check_and_apply(const Options *options, const Consent *consent,
                           const char *rpm, const char *stock_rpm)
{
    g_autoptr(Plan) plan = NULL;
    int code;

    report_step("checking");
    if (!preflight_host(options, consent)) {
        return EXIT_REFUSED;
    }
    plan = preflight_rpm(options, consent, rpm, stock_rpm);
    if (!plan) {
        return EXIT_REFUSED;
    }
    report_value("installed", plan->installed->nevra);
    report_value("package", plan->package->nevra);
    if (plan->nothing_to_do) {
        report_info("%s is installed and works: nothing to do",
                    plan->installed->nevra);
        return EXIT_SUCCESS;
    }
    code = apply(options, plan);
    if (code == EXIT_SUCCESS && options->dry_run) {
        report_info("all checks pass; nothing was changed");
    } else if (code == EXIT_SUCCESS) {
        report_info("%s is installed", plan->package->nevra);
    }
    return code;
}

int install_rpm(const Options *options, const Consent *consent, const char *rpm,
                const char *stock_rpm)
{
    bool found = false;
    int code;

    if (!preflight_root() || !preflight_alone(options)) {
        return EXIT_REFUSED;
    }
    code = recover_interrupted(options, &found);
    if (code != EXIT_SUCCESS || (found && (!rpm || options->dry_run))) {
        return code;
    }
    if (!rpm) {
        report_problem("vgpuctl install RPM",
                       "no RPM is given, and no earlier run was interrupted");
        return EXIT_USAGE;
    }
    return check_and_apply(options, consent, rpm, stock_rpm);
}

int verb_install(int argc, char **argv)
{
    gboolean running_vms = FALSE, any_release = FALSE, downgrade = FALSE;
    g_autofree char *given = NULL, *stock_rpm = NULL, *rpm = NULL;
    const GOptionEntry entries[] = {
        { "with-running-vms", 0, 0, G_OPTION_ARG_NONE, &running_vms,
          "Install although VMs run: they keep the old QEMU", NULL },
        { "any-release", 0, 0, G_OPTION_ARG_NONE, &any_release,
          "Install on something other than XCP-ng 8.2 and 8.3", NULL },
        { "allow-downgrade", 0, 0, G_OPTION_ARG_NONE, &downgrade,
          "Install an RPM that is older than what is installed", NULL },
        { "stock-rpm", 0, 0, G_OPTION_ARG_FILENAME, &given,
          "The RPM of what is installed now, for the way back", "FILE" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Options options;
    Consent consent;
    int code;

    if (!options_parse(&options, &argc, &argv, entries, "[RPM]",
                       "Installs an RPM with vgpu-stub over the stock QEMU, "
                       "proves it, or puts all back.\nWithout RPM it only "
                       "finishes or undoes what was interrupted.",
                       &code)) {
        return code;
    }
    consent.running_vms = running_vms;
    consent.any_release = any_release;
    consent.downgrade = downgrade;
    if (argc > 2) {
        report_problem("vgpuctl install RPM", "more than one RPM is given");
        code = EXIT_USAGE;
    } else {
        rpm = argc == 2 ? preflight_absolute(argv[1]) : NULL;
        stock_rpm = given ? preflight_absolute(given) : NULL;
        code = install_rpm(&options, &consent, rpm, stock_rpm);
    }
    options_clear(&options);
    return report_end(code);
}
