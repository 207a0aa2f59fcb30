/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl rollback: back to the stock host. The wrapper first: from then on no
 * VM is given the device, whatever its key says and whichever QEMU is there.
 */
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "command.h"
#include "detach.h"
#include "exit.h"
#include "host.h"
#include "journal.h"
#include "preflight.h"
#include "qemu-proof.h"
#include "recover.h"
#include "report.h"
#include "stock.h"
#include "unpack.h"
#include "verb.h"
#include "wrapper-steps.h"

typedef struct Situation {
    GPtrArray *owners;
    const Package *installed; /* the one owner; NULL: none, or several */
    QemuProof *proof;
    Record *record;
    bool ours; /* the record is of what is installed */
} Situation;

static void situation_clear(Situation *situation)
{
    g_clear_pointer(&situation->owners, g_ptr_array_unref);
    g_clear_pointer(&situation->proof, qemu_proof_free);
    g_clear_pointer(&situation->record, record_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Situation, situation_clear)

static bool look(const Options *options, Situation *situation)
{
    g_autofree char *binary = options_path(options, HOST_QEMU);

    situation->owners = package_owners(options, HOST_QEMU);
    if (!situation->owners) {
        return false;
    }
    if (situation->owners->len == 0) {
        report_problem("yum install qemu",
                       "no installed package owns " HOST_QEMU);
        return false;
    }
    if (situation->owners->len == 1) {
        situation->installed = situation->owners->pdata[0];
        report_info("installed: %s", situation->installed->nevra);
        report_value("installed", situation->installed->nevra);
    }
    situation->proof = qemu_proof_new(binary);
    situation->record = record_read(options);
    situation->ours = situation->installed && situation->record &&
                      record_is_of(situation->record, situation->installed);
    return true;
}

/* ---- Where there is nothing to do --------------------------------------------------- */

/*
 * A stock QEMU that its package vouches for. With a given RPM there is more to
 * do only where the package does not.
 */
static bool is_stock_already(const Options *options, const Situation *situation,
                             bool have_rpm, int *code)
{
    g_autofree char *verify = NULL;
    g_autofree char *remedy = NULL;

    if (!situation->installed || !qemu_proof_is_stock(situation->proof)) {
        return false;
    }
    verify = package_verify(options, situation->installed);
    if (verify[0] && (have_rpm || situation->ours)) {
        return false;
    }
    *code = EXIT_SUCCESS;
    if (verify[0]) {
        remedy = stock_record_remedy(situation->installed->nevra);
        report_warning("the QEMU has no vgpu-stub, but rpm -V differs: %s",
                       g_strdelimit(verify, "\n", ' '));
        report_info("to mend the record: %s", remedy);
        return true;
    }
    report_info(
        "the QEMU is stock (no vgpu-stub, rpm -V clean): nothing to do");
    if (situation->record && !situation->ours) {
        report_info("an update or another install has replaced %s",
                    situation->record->nevra);
        if (record_remove(options) < 0) {
            *code = EXIT_FAILED;
        }
    }
    return true;
}

/* ---- What to go back with --------------------------------------------------------------- */

static bool refuse_rpm(const char *rpm, const char *why)
{
    report_problem("give the RPM of the stock QEMU, as XCP-ng ships it",
                   "--stock-rpm %s: %s", rpm, why);
    return false;
}

/* A given RPM: whole, of the same kind, and without the device. */
static bool check_given(const Situation *situation, const char *rpm)
{
    const Package *installed = situation->owners->pdata[0];
    g_autoptr(Package) package = NULL;
    g_autoptr(QemuProof) proof = NULL;
    g_autofree char *why = NULL;

    if (!package_file_is_whole(rpm, &why)) {
        return refuse_rpm(rpm, why);
    }
    package = package_of_file(rpm);
    if (!package || package->source ||
        strcmp(package->name, installed->name) != 0 ||
        strcmp(package->arch, installed->arch) != 0) {
        return refuse_rpm(rpm, "it is another package");
    }
    proof = unpack_and_prove(rpm);
    if (!proof) {
        return false;
    }
    if (proof->device_line) {
        return refuse_rpm(rpm, "its QEMU has vgpu-stub");
    }
    return proof->failure ? refuse_rpm(rpm, proof->failure) : true;
}

/* The given RPM is the one that the backup was made from. */
static bool is_of_backup(const char *rpm, const Backup *backup)
{
    g_autoptr(Package) package = package_of_file(rpm);

    return package && strcmp(package->nevra, backup->manifest->nevra) == 0 &&
           strcmp(package->id, backup->manifest->id) == 0;
}

/* Opens the record's backup into *backup where it is of use. */
static bool open_backup(const Options *options, const Situation *situation,
                        const char *given, Backup **backup)
{
    g_autofree char *directory = NULL;
    g_autofree char *why = NULL;

    if (!situation->record || !situation->record->backup ||
        (situation->installed && !situation->ours)) {
        return true;
    }
    directory = journal_backup_path(options, situation->record->backup);
    *backup = backup_open(directory, &why);
    if (*backup) {
        if (given && !is_of_backup(given, *backup)) {
            report_info("%s is another build than the backup's %s", given,
                        (*backup)->manifest->nevra);
            g_clear_pointer(backup, backup_free);
        }
        return true;
    }
    if (given) {
        report_warning("the backup is damaged and not used: %s", why);
        return true;
    }
    report_problem("give the stock RPM with --stock-rpm, or yum reinstall qemu "
                   "(yum downgrade qemu); vgpuctl wrapper remove and vgpuctl "
                   "detach --all take the rest back by themselves",
                   "the backup is damaged: %s", why);
    return false;
}

/* rpm's own opinion of going back, before anything changes. */
static bool check_transaction(const Options *options, const char *rpm)
{
    g_autoptr(GPtrArray) words = package_rpm_words(options);
    g_autofree char *output = NULL;
    g_autofree char *error = NULL;

    g_ptr_array_add(words, (char *)"-Uvh");
    g_ptr_array_add(words, (char *)"--test");
    g_ptr_array_add(words, (char *)"--oldpackage");
    g_ptr_array_add(words, (char *)"--replacepkgs");
    g_ptr_array_add(words, (char *)"--replacefiles");
    g_ptr_array_add(words, (char *)rpm);
    g_ptr_array_add(words, NULL);
    if (command_query((const char *const *)words->pdata, &output)) {
        return true;
    }
    error = package_rpm_error(output);
    report_problem("install what it needs, or give another --stock-rpm",
                   "rpm would not install %s: %s", rpm, error);
    return false;
}

static void warn_of_running_vms(const Options *options)
{
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) names = host_running_vms(options, &why);
    g_autofree char *list = NULL;

    if (!names) {
        report_warning("cannot tell which VMs run: %s", why);
    } else if (names->len) {
        g_ptr_array_add(names, NULL);
        list = g_strjoinv(", ", (char **)names->pdata);
        report_warning("these VMs run, and keep their QEMU until they are "
                       "started anew: %s",
                       list);
    }
}

/* ---- The whole -------------------------------------------------------------------------- */

static int roll_back(const Options *options, const Situation *situation,
                     const Backup *backup, const char *rpm)
{
    g_autoptr(Journal) journal = g_new0(Journal, 1);
    int code;

    journal->step = g_strdup(JOURNAL_ROLLING_BACK);
    journal->backup = backup ? g_strdup(situation->record->backup) : NULL;
    journal->stock_rpm = g_strdup(rpm);
    warn_of_running_vms(options);
    if (backup) {
        report_step("going back to %s", backup->manifest->nevra);
    } else {
        report_step("going back to %s", rpm);
    }
    if (journal_write(options, journal) < 0) {
        return EXIT_FAILED;
    }
    journal_stop_after(options, "journal");
    code = recover_finish_rollback(options, journal);
    if (code == EXIT_SUCCESS) {
        report_info(options->dry_run ? "nothing was changed"
                                     : "the stock QEMU is back");
    }
    return code;
}

/* What goes before the QEMU does. */
typedef struct Before {
    bool wrapper;
    bool restart;
    bool vms;
} Before;

static int take_away(const Options *options, const Before *before)
{
    WrapperOrder order = { HOOK_NONE, false, before->restart };
    int code = EXIT_SUCCESS;

    if (before->wrapper) {
        report_step("the wrapper");
        code = wrapper_remove(options, &order);
    }
    if (code == EXIT_SUCCESS && before->vms) {
        report_step("the VMs");
        code = detach_all(options);
    }
    return code;
}

static int check_and_roll_back(const Options *options, const char *given,
                               const Before *before)
{
    g_auto(Situation) situation = { NULL, NULL, NULL, NULL, false };
    g_autoptr(Backup) backup = NULL;
    g_autofree char *rpm = NULL;
    int code;

    if (!look(options, &situation)) {
        return EXIT_REFUSED;
    }
    if (is_stock_already(options, &situation, given != NULL, &code)) {
        return code == EXIT_SUCCESS ? take_away(options, before) : code;
    }
    if ((given && !check_given(&situation, given)) ||
        !open_backup(options, &situation, given, &backup)) {
        return EXIT_REFUSED;
    }
    rpm = given ? g_strdup(given) : backup ? backup_rpm(backup) : NULL;
    if (!rpm && !backup) {
        report_problem("give the stock RPM with --stock-rpm, or yum reinstall "
                       "qemu (yum downgrade qemu); vgpuctl wrapper remove and "
                       "vgpuctl detach --all take the rest back by themselves",
                       "vgpuctl did not install this QEMU and has no backup to "
                       "go back to");
        return EXIT_REFUSED;
    }
    if (!preflight_writable(options) ||
        (rpm && !check_transaction(options, rpm))) {
        return EXIT_REFUSED;
    }
    code = take_away(options, before);
    return code == EXIT_SUCCESS ? roll_back(options, &situation, backup, rpm)
                                : code;
}

static int run(const Options *options, const char *given, const Before *before)
{
    bool found;
    int code;

    if (!preflight_root() || !preflight_alone(options)) {
        return EXIT_REFUSED;
    }
    code = recover_interrupted(options, &found);
    if (code != EXIT_SUCCESS || (found && options->dry_run)) {
        return code;
    }
    return check_and_roll_back(options, given, before);
}

int verb_rollback(int argc, char **argv)
{
    g_autofree char *given = NULL, *stock_rpm = NULL;
    gboolean keep_wrapper = FALSE, restart = FALSE, vms = FALSE;
    const GOptionEntry entries[] = {
        { "vms", 0, 0, G_OPTION_ARG_NONE, &vms,
          "Take the device out of every VM's configuration, too", NULL },
        { "restart-toolstack", 0, 0, G_OPTION_ARG_NONE, &restart,
          "Run xe-toolstack-restart where the wrapper needs it", NULL },
        { "keep-wrapper", 0, 0, G_OPTION_ARG_NONE, &keep_wrapper,
          "Go back to the stock QEMU only", NULL },
        { "stock-rpm", 0, 0, G_OPTION_ARG_FILENAME, &given,
          "The RPM of the stock QEMU", "FILE" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Before before;
    Options options;
    int code;

    if (!options_parse(&options, &argc, &argv, entries, "",
                       "Goes back to the stock host: the wrapper, on request "
                       "the VMs' keys, and the QEMU,\nby its RPM or by the "
                       "backup that install made.",
                       &code)) {
        return code;
    }
    if (argc > 1) {
        report_problem("vgpuctl rollback --help", "'%s' is too much", argv[1]);
        code = EXIT_USAGE;
    } else {
        before.wrapper = !keep_wrapper;
        before.restart = restart;
        before.vms = vms;
        stock_rpm = given ? preflight_absolute(given) : NULL;
        code = run(&options, stock_rpm, &before);
    }
    options_clear(&options);
    return report_end(code);
}
