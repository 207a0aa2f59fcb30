/* SPDX-License-Identifier: MIT */
#include "recover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "change.h"
#include "exit.h"
#include "host.h"
#include "qemu-proof.h"
#include "report.h"
#include "stock.h"

/* What rpm says about the owner of the QEMU, for a reader. */
static void report_verify(const Options *options, const char *explanation)
{
    g_autoptr(GPtrArray) owners = package_owners(options, HOST_QEMU);
    g_autofree char *verify = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    if (options->dry_run) {
        return;
    }
    if (!owners || owners->len == 0) {
        return;
    }
    verify = package_verify(options, owners->pdata[0]);
    if (!verify[0]) {
        report_info("rpm -V: clean");
        return;
    }
    report_info("rpm -V differs%s%s:", explanation ? "; " : "",
                explanation ? explanation : "");
    lines = g_strsplit(verify, "\n", -1);
    for (i = 0; lines[i]; i++) {
        report_info("  %s", lines[i]);
    }
}

static char *backup_directory(const Options *options, const Journal *journal)
{
    return journal->backup ? journal_backup_path(options, journal->backup)
                           : NULL;
}

/* ---- Install: done ------------------------------------------------------ */

/* Just the new package owns the QEMU. */
static char *package_problem(const Options *options, const Journal *journal)
{
    g_autoptr(GPtrArray) owners = package_owners(options, HOST_QEMU);
    const Package *owner;

    if (!owners || owners->len != 1) {
        return g_strdup("rpm's transaction did not come to its end");
    }
    owner = owners->pdata[0];
    if (strcmp(owner->nevra, journal->nevra) == 0 &&
        strcmp(owner->id, journal->id) == 0) {
        return NULL;
    }
    return g_strdup_printf("%s is installed, and not %s", owner->nevra,
                           journal->nevra);
}

/* Why what is to be installed is not, or does not work (g_free); NULL: it is
 * there and works, and what it says has been reported. */
static char *prove_installed(const Options *options, const Journal *journal,
                             const char **remedy)
{
    g_autofree char *binary = options_path(options, HOST_QEMU);
    g_autoptr(QemuProof) proof = NULL;
    g_autofree char *problem = package_problem(options, journal);

    *remedy = NULL;
    if (problem) {
        return g_steal_pointer(&problem);
    }
    proof = qemu_proof_new(binary);
    problem = qemu_proof_problem(proof, remedy);
    if (problem) {
        return g_strdup_printf("the installed QEMU is not usable: %s", problem);
    }
    report_info("-version: %s", proof->version);
    report_info("-device help: %s", proof->device_line);
    report_info("-device vgpu-stub,help: pool_id=<str> priority=<str> "
                "vm_id=<uint32>");
    return NULL;
}

/* The backup, if it is whole, is of the same package. */
static bool is_of_same_package(const char *directory, const Backup *backup)
{
    g_autofree char *why = NULL;
    g_autoptr(Backup) other = backup_open(directory, &why);

    return other &&
           strcmp(other->manifest->nevra, backup->manifest->nevra) == 0 &&
           strcmp(other->manifest->id, backup->manifest->id) == 0;
}

/* Each install makes a backup, and all of one package hold the same: the last
 * one is enough. */
static int remove_older_backups(const Options *options, const char *name)
{
    g_autofree char *directory = journal_backup_path(options, name);
    g_autofree char *backups = journal_backup_path(options, "");
    g_autofree char *why = NULL;
    g_autoptr(Backup) backup = backup_open(directory, &why);
    GDir *dir = backup ? g_dir_open(backups, 0, NULL) : NULL;
    const char *entry;
    int result = 0;

    while (dir && result == 0 && (entry = g_dir_read_name(dir))) {
        g_autofree char *path = journal_backup_path(options, entry);

        if (strcmp(entry, name) != 0 && is_of_same_package(path, backup)) {
            result = change_remove(options, path);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    return result;
}

/* A backup of an earlier QEMU of ours is of no use once there is a newer one. */
static int settle_record(const Options *options, const Journal *journal)
{
    g_autofree char *directory = backup_directory(options, journal);
    const Record record = { journal->nevra, journal->id,
                            journal->stock_backup };
    int result = record_write(options, &record);

    if (result == 0 && journal->stock_backup &&
        strcmp(journal->stock_backup, journal->backup) != 0) {
        result = change_remove(options, directory);
    }
    if (result == 0 && journal->stock_backup) {
        result = remove_older_backups(options, journal->stock_backup);
    }
    return result;
}

static int settle_install(const Options *options, const Journal *journal)
{
    journal_stop_after(options, "proof");
    if (settle_record(options, journal) < 0) {
        return EXIT_INCOMPLETE;
    }
    journal_stop_after(options, "record");
    if (journal_remove(options) < 0) {
        return EXIT_INCOMPLETE;
    }
    journal_stop_after(options, "end");
    report_verify(options, NULL);
    return EXIT_SUCCESS;
}

int recover_finish_install(const Options *options, const Journal *journal)
{
    g_autofree char *problem = NULL;
    const char *remedy = NULL;

    if (!options->dry_run) {
        problem = prove_installed(options, journal, &remedy);
    }
    if (problem) {
        report_problem(remedy, "%s", problem);
        return EXIT_FAILED;
    }
    return settle_install(options, journal);
}

/* ---- Install: undone ------------------------------------------------------------------ */

/* The host is as it was: the change's own notes go too. */
static int forget(const Options *options, const Journal *journal)
{
    g_autofree char *directory = backup_directory(options, journal);
    int result = change_remove(options, directory);

    return result < 0 ? result : journal_remove(options);
}

/* The files are as they were and rpm's record is not: that is to be known. */
static int note_record_is_wrong(const Options *options, const Journal *journal,
                                const Backup *backup)
{
    g_autofree char *remedy = stock_record_remedy(backup->manifest->nevra);
    int result = 0;

    report_warning("the files are as they were, but rpm's record is not: there "
                   "is no RPM of %s",
                   backup->manifest->nevra);
    report_info("to mend the record: %s", remedy);
    report_verify(options, "rpm's record is of the other package");
    if (journal->nevra) {
        const Record record = { journal->nevra, journal->id,
                                journal->stock_backup };

        result = record_write(options, &record);
    }
    return result;
}

int recover_undo_install(const Options *options, const Journal *journal)
{
    g_autofree char *directory = backup_directory(options, journal);
    g_autofree char *why = NULL;
    g_autoptr(Backup) backup = NULL;
    int result;

    report_step("putting everything back");
    backup = backup_open(directory, &why);
    if (!backup) {
        report_warning("the backup is damaged: %s", why);
    }
    result = stock_put_back(options, backup, journal->stock_rpm, "undo-");
    if (result < 0) {
        return EXIT_INCOMPLETE;
    }
    if (result == 1 && backup) {
        return note_record_is_wrong(options, journal, backup) < 0 ||
                       journal_remove(options) < 0
                   ? EXIT_INCOMPLETE
                   : EXIT_FAILED;
    }
    report_verify(options, "as it did before");
    if (forget(options, journal) < 0) {
        return EXIT_INCOMPLETE;
    }
    journal_stop_after(options, "undo-end");
    report_info("everything is as it was before");
    return EXIT_FAILED;
}

/* ---- Rollback --------------------------------------------------------------------------- */

static bool prove_stock(const Options *options)
{
    g_autofree char *binary = options_path(options, HOST_QEMU);
    g_autoptr(QemuProof) proof = qemu_proof_new(binary);

    if (qemu_proof_is_stock(proof)) {
        report_info("-version: %s; -device help has no vgpu-stub",
                    proof->version);
        return true;
    }
    report_problem("yum reinstall qemu",
                   proof->failure ? "the QEMU does not run: %s"
                                  : "the QEMU still has the device: %s",
                   proof->failure ? proof->failure : proof->device_line);
    return false;
}

int recover_finish_rollback(const Options *options, const Journal *journal)
{
    g_autofree char *directory = backup_directory(options, journal);
    g_autofree char *why = NULL;
    g_autoptr(Backup) backup = NULL;
    bool proven;
    int result;

    backup = directory ? backup_open(directory, &why) : NULL;
    if (why) {
        report_warning("the backup is damaged: %s", why);
    }
    result = stock_put_back(options, backup, journal->stock_rpm, "back-");
    if (result < 0) {
        return EXIT_INCOMPLETE;
    }
    /* What is back is back, even if it is a QEMU that did not run before. */
    proven = options->dry_run || prove_stock(options);
    journal_stop_after(options, "proof");
    if (result == 1 && backup) {
        result = note_record_is_wrong(options, journal, backup);
    } else {
        report_verify(options, "as it did before the install");
        result = record_remove(options);
    }
    journal_stop_after(options, "record");
    if (result < 0 || journal_remove(options) < 0) {
        return EXIT_INCOMPLETE;
    }
    journal_stop_after(options, "end");
    return proven ? EXIT_SUCCESS : EXIT_FAILED;
}

/* ---- After an interruption ------------------------------------------------------------------ */

static int go_on_installing(const Options *options, const Journal *journal)
{
    const char *remedy;
    g_autofree char *problem = NULL;
    int code;

    report_step("the install of %s was interrupted", journal->nevra);
    problem = prove_installed(options, journal, &remedy);
    if (!problem) {
        report_info("it had come to its end");
        return settle_install(options, journal);
    }
    report_info("%s", problem);
    code = recover_undo_install(options, journal);
    /* That it is undone is what was wanted this time. */
    return code == EXIT_FAILED ? EXIT_SUCCESS : code;
}

static int go_on(const Options *options, const Journal *journal)
{
    if (strcmp(journal->step, JOURNAL_BEGUN) == 0) {
        report_step("an install was interrupted before it changed anything");
        return forget(options, journal) < 0 ? EXIT_INCOMPLETE : EXIT_SUCCESS;
    }
    if (strcmp(journal->step, JOURNAL_ROLLING_BACK) == 0) {
        report_step("a rollback was interrupted: finishing it");
        return recover_finish_rollback(options, journal);
    }
    return go_on_installing(options, journal);
}

int recover_interrupted(const Options *options, bool *found)
{
    g_autofree char *path = journal_path(options, "/journal");
    bool broken;
    g_autoptr(Journal) journal = journal_read(options, &broken);

    *found = journal != NULL;
    if (broken) {
        report_problem("see what is installed (vgpuctl doctor), then remove it",
                       "the journal %s makes no sense", path);
        return EXIT_REFUSED;
    }
    return journal ? go_on(options, journal) : EXIT_SUCCESS;
}
