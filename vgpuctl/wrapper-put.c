/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl wrapper install: the doing of it.
 *
 * The order is what keeps the host in order. xenopsd checks when it starts that
 * the wrapper that its configuration names can be executed, and does not start
 * when it cannot: then no VM of the host can be started, stopped or moved. So the
 * shim's programs come first and are seen to run, and the configuration last.
 * The programs do nothing where nothing names them. Whoever is interrupted leaves
 * a host that starts its VMs, and the next run goes on from what it finds.
 *
 * The steps, for journal_stop_after(): qemu-args shim proof config restart backup
 * wrapper record; and when all is put back: undo-config undo-restart
 * undo-programs.
 */
#include "wrapper-put.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "command.h"
#include "exit.h"
#include "journal.h"
#include "report.h"
#include "textfile.h"

/* ---- Putting in ----------------------------------------------------------------- */

/* Bytes of a file that is kept in memory to be put back: the programs have 100
 * KiB, the configuration a line. */
#define BEFORE_LIMIT ((size_t)16 * 1024 * 1024)

static int remember(const char *path, WrapperBefore *before)
{
    int result = textfile_read(path, BEFORE_LIMIT, &before->data,
                               &before->length);

    result = result == -ENOENT ? 0 : result;
    before->touched = result == 0;
    return result;
}

static int write_program(WrapperPlan *plan, int number)
{
    const WrapperProgram *program = &wrapper_programs[number];
    HookFile state = wrapper_program_state(plan->hook, number);
    g_autofree char *path = options_path(plan->options, program->path);
    const char *chmod[] = { "chmod", "755", path, NULL };
    int result;

    if (state == HOOK_FILE_RIGHT) {
        return 0;
    }
    if (state != HOOK_FILE_UNUSABLE) {
        /* One that cannot be read is not put back: the new one is no worse. */
        (void)remember(path, &plan->programs_before[number]);
    }
    result = change_write(plan->options, path, program->data, *program->size,
                          0755);
    if (result == 0 && state == HOOK_FILE_UNUSABLE) {
        /* A file that is replaced keeps its mode. */
        result = change_run(plan->options, chmod, NULL);
    }
    journal_stop_after(plan->options, program->step);
    return result;
}

static bool prove_program(const WrapperPlan *plan, int number)
{
    const WrapperProgram *program = &wrapper_programs[number];
    g_autofree char *path = options_path(plan->options, program->path);
    const char *argv[] = { path, "--version", NULL };
    g_autofree char *output = NULL;
    g_autofree char *why = NULL;
    int status;

    if (plan->options->dry_run &&
        wrapper_program_state(plan->hook, number) != HOOK_FILE_RIGHT) {
        return true;
    }
    status = command_run(argv, &output, NULL, NULL);
    if (status == 0 && output[0]) {
        return true;
    }
    /* It is there: "no such program" is one that cannot be executed. */
    why = status == -ENOENT ? g_strdup("it cannot be executed")
          : status < 0      ? g_strdup(strerror(-status))
                       : g_strdup_printf("it ends with %d %s", status, output);
    report_problem("see that the file system is not mounted noexec and that "
                   "the host has GLib",
                   "%s does not run here: %s", path,
                   g_strdelimit(g_strchomp(why), "\n", ' '));
    return false;
}

static bool put_programs(WrapperPlan *plan)
{
    g_autofree char *directory = options_path(plan->options,
                                              WRAPPER_PROGRAM_DIR);
    int i;

    if (change_mkdir(plan->options, directory, 0755) < 0) {
        return false;
    }
    for (i = 0; i < PROGRAM_COUNT; i++) {
        if (write_program(plan, i) != 0) {
            return false;
        }
    }
    for (i = 0; i < PROGRAM_COUNT; i++) {
        if (!prove_program(plan, i)) {
            return false;
        }
    }
    journal_stop_after(plan->options, "proof");
    return true;
}

static int write_config(const Options *options, const char *data, size_t length)
{
    g_autofree char *path = options_path(options, HOOK_CONFIG);
    g_autofree char *new_path = options_path(options, HOOK_CONFIG_NEW);

    return change_write_by(options, path, new_path, data, length, 0644);
}

static bool put_config(WrapperPlan *plan)
{
    g_autofree char *path = options_path(plan->options, HOOK_CONFIG);
    g_autofree char *half = options_path(plan->options, HOOK_CONFIG_HALF);

    if (change_remove(plan->options, half) < 0) {
        return false;
    }
    if (plan->config) {
        if (remember(path, &plan->config_before) < 0 ||
            write_config(plan->options, HOOK_CONFIG_TEXT,
                         strlen(HOOK_CONFIG_TEXT)) < 0) {
            return false;
        }
        journal_stop_after(plan->options, "config");
    }
    if (plan->restart) {
        plan->restarted = true;
        if (!wrapper_restart(plan->options, plan->restart_program)) {
            return false;
        }
        journal_stop_after(plan->options, "restart");
    }
    return true;
}

static bool put_text(WrapperPlan *plan)
{
    g_autofree char *path = options_path(plan->options, HOST_WRAPPER);
    g_autofree char *backup = hook_backup_path(plan->options);
    g_autofree char *directory = journal_path(plan->options, "");

    if (!plan->text) {
        return true;
    }
    /* A text with an edit of ours is not what was found at first. */
    if (plan->hook->wrapper->block == WRAPPER_BLOCK_ABSENT) {
        if (change_mkdir(plan->options, directory, 0700) < 0 ||
            change_copy(plan->options, path, backup) < 0) {
            return false;
        }
        plan->backed_up = true;
        journal_stop_after(plan->options, "backup");
    }
    if (change_write(plan->options, path, plan->text, strlen(plan->text),
                     0755) < 0) {
        return false;
    }
    journal_stop_after(plan->options, "wrapper");
    return true;
}

static bool put_record(const WrapperPlan *plan)
{
    const HookRecord *old = &plan->hook->record;
    HookRecord record = { .way = plan->way };
    bool written;

    record.restarted = plan->restarted || (old->restarted && !plan->config);
    (void)hook_owner(plan->options, HOST_WRAPPER, &record.xenopsd);
    written = hook_record_write(plan->options, &record) == 0;
    g_free(record.xenopsd);
    journal_stop_after(plan->options, "record");
    return written;
}

/* ---- Putting back --------------------------------------------------------------- */

static bool put_back_config(const WrapperPlan *plan)
{
    const WrapperBefore *before = &plan->config_before;
    g_autofree char *path = options_path(plan->options, HOOK_CONFIG);

    if (!before->touched) {
        return true;
    }
    if (before->data) {
        return write_config(plan->options, before->data, before->length) == 0;
    }
    return change_remove(plan->options, path) == 0;
}

/* A configuration named the shim before this run, whether it was there or not. */
static bool was_named(const Hook *hook)
{
    return hook->config == HOOK_FILE_RIGHT || hook->conflict_is_shim;
}

/* False also for a program that has to stay. */
static bool put_back_program(const WrapperPlan *plan, int number)
{
    const WrapperBefore *before = &plan->programs_before[number];
    g_autofree char *path = options_path(plan->options,
                                         wrapper_programs[number].path);

    if (!before->touched) {
        return true;
    }
    if (before->data) {
        return change_write(plan->options, path, before->data, before->length,
                            0755) == 0;
    }
    if (number == PROGRAM_SHIM && was_named(plan->hook)) {
        report_info("%s stays, which was missing: the configuration names it, "
                    "and xenopsd would not start without",
                    path);
        return false;
    }
    return change_remove(plan->options, path) == 0;
}

/* The configuration, xenopsd with the old one, and only then the programs. */
static int put_back(WrapperPlan *plan)
{
    const Options *options = plan->options;
    g_autofree char *backup = hook_backup_path(options);
    g_autofree char *programs = options_path(options, WRAPPER_PROGRAM_DIR);
    g_autofree char *state = journal_path(options, "");
    int code = EXIT_FAILED;
    int i;

    report_step("putting back what was there");
    if (!put_back_config(plan)) {
        return EXIT_INCOMPLETE;
    }
    journal_stop_after(options, "undo-config");
    if (plan->restarted && plan->config_before.touched) {
        if (!wrapper_restart(options, plan->restart_program)) {
            /* What runs may still have the shim's path. */
            return EXIT_INCOMPLETE;
        }
        journal_stop_after(options, "undo-restart");
    }
    if (plan->restarted && !plan->config_before.touched) {
        return EXIT_FAILED;
    }
    for (i = PROGRAM_COUNT - 1; i >= 0; i--) {
        if (!put_back_program(plan, i)) {
            code = EXIT_INCOMPLETE;
        }
    }
    if (plan->backed_up && change_remove(options, backup) < 0) {
        return EXIT_INCOMPLETE;
    }
    if (!options->dry_run) {
        /* Where they are empty: nothing of ours stays. */
        (void)rmdir(programs);
        (void)rmdir(state);
    }
    journal_stop_after(options, "undo-programs");
    return code;
}

/* ---- The whole ------------------------------------------------------------------ */

int wrapper_put(WrapperPlan *plan)
{
    if (!put_programs(plan) ||
        (plan->way == HOOK_BY_CONFIG && !put_config(plan)) || !put_text(plan)) {
        return put_back(plan);
    }
    return put_record(plan) ? EXIT_SUCCESS : EXIT_INCOMPLETE;
}
