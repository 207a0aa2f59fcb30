/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl wrapper remove: the configuration first, then xenopsd is restarted, and
 * only then the shim's programs go: an xenopsd that was started with the
 * configuration starts every VM through the shim, whether the configuration is
 * still there or not, and one that finds the configuration without the shim does
 * not start.
 *
 * The steps, for journal_stop_after(): config wrapper restart shim qemu-args
 * record.
 */
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "exit.h"
#include "journal.h"
#include "report.h"
#include "textfile.h"
#include "wrapper-steps.h"
#include "xenopsd.h"

typedef struct Removal {
    const Options *options;
    Hook *hook;
    char *text; /* the wrapper's without the edit; NULL: it has none */
    char *restart_program;
    bool config;
    bool restart;
    bool restarted;
    bool waits;                  /* the programs had to stay for now */
    char *owners[PROGRAM_COUNT]; /* packages; NULL: none */
} Removal;

static void removal_clear(Removal *removal)
{
    size_t i;

    hook_free(removal->hook);
    g_free(removal->text);
    g_free(removal->restart_program);
    for (i = 0; i < PROGRAM_COUNT; i++) {
        g_free(removal->owners[i]);
    }
}

/* ---- Deciding ------------------------------------------------------------------- */

static bool there(const Removal *removal, int program)
{
    return wrapper_program_state(removal->hook, program) != HOOK_FILE_ABSENT;
}

static bool check(const Hook *hook)
{
    if (hook->conflict_is_shim) {
        report_problem("take that file away first: xenopsd reads every file "
                       "there, and would not start without the shim",
                       "%s names the shim, too", hook->conflict);
        return false;
    }
    if (hook->wrapper && hook->wrapper->block == WRAPPER_BLOCK_BROKEN) {
        report_problem("yum reinstall xenopsd",
                       "%s has half of an edit of vgpuctl in it: it cannot be "
                       "told what to take out",
                       HOST_WRAPPER);
        return false;
    }
    return true;
}

/*
 * Nothing can have the shim's path any more. A directory's time is that of the
 * last file that came or went there.
 */
static bool nobody_needs_programs(const Removal *removal)
{
    gint64 since;

    if (removal->restarted || !removal->hook->config_used) {
        return true;
    }
    if (removal->config) {
        return false;
    }
    switch (xenopsd_started(removal->options, &since)) {
    case XENOPSD_RUNS:
        return since > xenopsd_changed(removal->options, HOST_CONFIG_DIR);
    case XENOPSD_DOWN:
        return true;
    default:
        return false;
    }
}

/* Any of them is there while an xenopsd runs that may start VMs through them. */
static bool programs_are_needed(const Removal *removal)
{
    return (there(removal, PROGRAM_SHIM) ||
            there(removal, PROGRAM_QEMU_ARGS)) &&
           !nobody_needs_programs(removal);
}

/* Programs that are there and are no package's. */
static bool programs_to_remove(const Removal *removal)
{
    int i;

    for (i = 0; i < PROGRAM_COUNT; i++) {
        if (there(removal, i) && !removal->owners[i]) {
            return true;
        }
    }
    return false;
}

/* As a restart that failed leaves it. */
static bool is_down(const Removal *removal)
{
    gint64 since;

    return xenopsd_started(removal->options, &since) == XENOPSD_DOWN;
}

static bool make_removal(Removal *removal, bool restart)
{
    const Hook *hook = removal->hook;
    int i;

    if (!check(hook)) {
        return false;
    }
    for (i = 0; i < PROGRAM_COUNT; i++) {
        if (there(removal, i) &&
            !hook_owner(removal->options, wrapper_programs[i].path,
                        &removal->owners[i])) {
            return false;
        }
    }
    /* A patch by hand is not ours to take out. */
    if (hook->wrapper && hook->wrapper->block != WRAPPER_BLOCK_ABSENT) {
        removal->text = wrapper_python_without(hook->text);
    }
    removal->config = hook->config == HOOK_FILE_RIGHT;
    if (hook->config == HOOK_FILE_OTHER) {
        report_warning("%s does not name the shim and stays", HOOK_CONFIG);
    }
    removal->restart = restart && hook->config_used &&
                       (removal->config || is_down(removal) ||
                        programs_are_needed(removal));
    return wrapper_find_restart(removal->options, removal->restart,
                                &removal->restart_program);
}

/* ---- Taking out ----------------------------------------------------------------- */

static bool remove_config(const Removal *removal)
{
    g_autofree char *path = options_path(removal->options, HOOK_CONFIG);
    g_autofree char *half = options_path(removal->options, HOOK_CONFIG_HALF);
    g_autofree char *new_path = options_path(removal->options, HOOK_CONFIG_NEW);

    if (change_remove(removal->options, half) < 0 ||
        change_remove(removal->options, new_path) < 0 ||
        (removal->config && change_remove(removal->options, path) < 0)) {
        return false;
    }
    journal_stop_after(removal->options, "config");
    return true;
}

/* The copy that install made is what stands there without the edit: then it
 * comes back with its times, and rpm -V says nothing. */
static bool is_backup(const char *backup, const char *text)
{
    g_autofree char *kept = NULL;
    size_t length;

    return textfile_read(backup, WRAPPER_PYTHON_LIMIT, &kept, &length) == 0 &&
           length == strlen(text) && memcmp(kept, text, length) == 0;
}

static bool restore_wrapper(const Removal *removal)
{
    g_autofree char *path = options_path(removal->options, HOST_WRAPPER);
    g_autofree char *backup = hook_backup_path(removal->options);
    int result;

    if (!removal->text) {
        return true;
    }
    if (is_backup(backup, removal->text)) {
        result = change_copy(removal->options, backup, path);
    } else {
        result = change_write(removal->options, path, removal->text,
                              strlen(removal->text), 0755);
    }
    journal_stop_after(removal->options, "wrapper");
    return result == 0;
}

/* Only ours are in it. */
static bool goes_with_programs(const char *directory)
{
    GDir *open = g_dir_open(directory, 0, NULL);
    const char *name;
    bool only = open != NULL;

    while (only && (name = g_dir_read_name(open))) {
        only = strcmp(name, "qemu-args") == 0 ||
               strcmp(name, "qemu-wrapper") == 0 ||
               g_str_has_suffix(name, ".vgpuctl-new");
    }
    if (open) {
        g_dir_close(open);
    }
    return only;
}

static bool remove_programs(const Removal *removal)
{
    g_autofree char *directory = options_path(removal->options,
                                              WRAPPER_PROGRAM_DIR);
    bool empty = goes_with_programs(directory);
    int i;

    for (i = PROGRAM_COUNT - 1; i >= 0; i--) {
        g_autofree char *path = options_path(removal->options,
                                             wrapper_programs[i].path);

        if (removal->owners[i]) {
            report_info("%s stays: it is of the package %s", path,
                        removal->owners[i]);
            empty = false;
        } else if (change_remove(removal->options, path) < 0) {
            return false;
        }
        journal_stop_after(removal->options, wrapper_programs[i].step);
    }
    return !empty || change_remove(removal->options, directory) == 0;
}

static bool forget(const Removal *removal)
{
    g_autofree char *backup = hook_backup_path(removal->options);
    g_autofree char *directory = journal_path(removal->options, "");

    if (hook_record_remove(removal->options) < 0 ||
        change_remove(removal->options, backup) < 0) {
        return false;
    }
    if (!removal->options->dry_run) {
        /* It goes when nothing else is kept there. */
        (void)rmdir(directory);
    }
    journal_stop_after(removal->options, "record");
    return true;
}

/* ---- The whole ------------------------------------------------------------------ */

static bool anything_there(const Removal *removal)
{
    const Hook *hook = removal->hook;
    g_autofree char *backup = hook_backup_path(removal->options);

    return removal->config || hook->config_half || removal->text ||
           programs_to_remove(removal) || programs_are_needed(removal) ||
           hook->record.way != HOOK_NONE ||
           g_file_test(backup, G_FILE_TEST_EXISTS);
}

static bool take_out(Removal *removal)
{
    if (!remove_config(removal) || !restore_wrapper(removal)) {
        return false;
    }
    if (removal->restart) {
        if (!wrapper_restart(removal->options, removal->restart_program)) {
            return false;
        }
        removal->restarted = true;
        journal_stop_after(removal->options, "restart");
    }
    removal->waits = programs_are_needed(removal);
    if (!removal->waits && !remove_programs(removal)) {
        return false;
    }
    return forget(removal);
}

static void tell_result(const Removal *removal)
{
    const WrapperPython *wrapper = removal->hook->wrapper;

    if (removal->waits && !programs_to_remove(removal)) {
        report_info("xenopsd goes on with the shim until it is restarted: "
                    "xe-toolstack-restart, before a package with the programs "
                    "in " WRAPPER_PROGRAM_DIR " is removed");
    } else if (removal->waits) {
        report_info("xenopsd goes on with the shim until it is restarted, and "
                    "so the programs in " WRAPPER_PROGRAM_DIR
                    " stay: xe-toolstack-restart, then vgpuctl wrapper remove "
                    "again");
    } else if (removal->options->dry_run) {
        report_info("nothing was changed");
    } else if (!wrapper || (!wrapper->by_hand && !wrapper->native_key)) {
        report_info("a VM's " ARGS_KEY " reaches QEMU no more");
    }
    if (wrapper && (wrapper->by_hand || removal->hook->edited)) {
        report_warning("%s patch is in %s and stays: yum reinstall xenopsd "
                       "takes it out",
                       wrapper->by_hand ? "the first guide's" : "another",
                       HOST_WRAPPER);
    }
}

int wrapper_remove(const Options *options, const WrapperOrder *order)
{
    Removal removal = { .options = options };
    int code = EXIT_REFUSED;

    if (!wrapper_preflight(options)) {
        return EXIT_REFUSED;
    }
    removal.hook = hook_new(options);
    if (make_removal(&removal, order->restart)) {
        if (!anything_there(&removal)) {
            report_info("nothing of vgpuctl is there: nothing to do");
            code = EXIT_SUCCESS;
        } else if (take_out(&removal)) {
            tell_result(&removal);
            code = EXIT_SUCCESS;
        } else {
            code = EXIT_INCOMPLETE;
        }
    }
    removal_clear(&removal);
    return code;
}
