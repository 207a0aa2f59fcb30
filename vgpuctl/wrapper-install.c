/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl wrapper install: what it is to do. wrapper-put.c does it.
 */
#include <string.h>

#include "exit.h"
#include "host.h"
#include "report.h"
#include "wrapper-put.h"

#define XENOPSD_REMEDY "yum reinstall xenopsd"
#define EDITED_REMEDY  XENOPSD_REMEDY ", then vgpuctl wrapper install"

static void plan_clear(WrapperPlan *plan)
{
    size_t i;

    hook_free(plan->hook);
    g_free(plan->text);
    g_free(plan->restart_program);
    g_free(plan->config_before.data);
    for (i = 0; i < PROGRAM_COUNT; i++) {
        g_free(plan->programs_before[i].data);
    }
}

/* ---- Deciding ------------------------------------------------------------------- */

static bool check_release(const Options *options, const WrapperOrder *order)
{
    g_autoptr(Host) host = host_new(options);
    const char *remedy;
    g_autofree char *problem = host_problem(host, &remedy);

    if (problem && !order->any_release) {
        report_problem(remedy, "%s", problem);
        return false;
    }
    if (problem) {
        report_warning("%s", problem);
    }
    return true;
}

static bool check_wrapper(const Hook *hook)
{
    if (!hook->wrapper) {
        report_problem(XENOPSD_REMEDY, "%s: %s", HOST_WRAPPER,
                       hook->why_no_text);
    } else if (!hook->executable) {
        report_problem(XENOPSD_REMEDY, "%s cannot be executed", HOST_WRAPPER);
    } else if (hook->wrapper->old) {
        report_problem("update the host to XCP-ng 8.2 or 8.3",
                       "this wrapper drives QEMU 2.10 (XCP-ng 8.1 and older), "
                       "which the device does not support");
    } else if (hook->edited) {
        report_problem(EDITED_REMEDY,
                       "%s is edited by hand, not as in the guide, and reads "
                       "%s: it cannot be told what to take out",
                       HOST_WRAPPER, hook->wrapper->native_key);
    } else if (hook->wrapper->block == WRAPPER_BLOCK_BROKEN) {
        report_problem(XENOPSD_REMEDY,
                       "%s has half of an edit of vgpuctl in it: it cannot be "
                       "told what to take out",
                       HOST_WRAPPER);
    } else {
        return true;
    }
    return false;
}

/* The way that was asked for, is there, or suits the host. */
static HookWay choose_way(const WrapperPlan *plan)
{
    if (plan->order->method != HOOK_NONE) {
        return plan->order->method;
    }
    if (plan->hook->wrapper->block != WRAPPER_BLOCK_ABSENT &&
        plan->hook->config == HOOK_FILE_ABSENT &&
        plan->hook->record.way != HOOK_BY_CONFIG) {
        return HOOK_BY_PYTHON;
    }
    return plan->hook->config_used ? HOOK_BY_CONFIG : HOOK_BY_PYTHON;
}

static bool check_config_way(const Hook *hook)
{
    if (!hook->config_used) {
        report_problem("leave --method away, or give --method python",
                       "xenopsd reads no configuration directory here "
                       "(" HOST_CONFIG_DIR ", --config-dir in its unit)");
        return false;
    }
    if (hook->conflict_is_shim) {
        report_problem("take that file away: xenopsd reads every file there, "
                       "and would not start without the shim",
                       "%s names the shim, too", hook->conflict);
        return false;
    }
    if (hook->conflict) {
        report_problem("take the line " HOST_WRAPPER_KEY "=... out of it",
                       "%s names another wrapper: %s", hook->conflict,
                       hook->conflict_value);
        return false;
    }
    return true;
}

static bool check_python_way(const Hook *hook)
{
    if (hook->config != HOOK_FILE_ABSENT && hook->config_used) {
        report_problem("vgpuctl wrapper remove, then install",
                       "the other way is there: " HOOK_CONFIG);
    } else if (!hook->wrapper->python) {
        report_problem(XENOPSD_REMEDY, "%s is no Python script", HOST_WRAPPER);
    } else if (hook->wrapper->anchors == 0) {
        report_problem("update the host to XCP-ng 8.2 or 8.3",
                       "%s has no line that logs QEMU's command line, before "
                       "which the edit goes",
                       HOST_WRAPPER);
    } else if (hook->wrapper->anchors > 1) {
        report_problem(XENOPSD_REMEDY,
                       "%s has %u lines that log QEMU's command line: it "
                       "cannot be told where the edit goes",
                       HOST_WRAPPER, hook->wrapper->anchors);
    } else {
        return true;
    }
    return false;
}

/* The wrapper's new text, seen to compile. False with the problem reported. */
static bool make_text(WrapperPlan *plan)
{
    const Hook *hook = plan->hook;
    g_autofree char *why = NULL;
    HookAnswer answer;

    plan->text = plan->way == HOOK_BY_PYTHON ? wrapper_python_edited(hook->text)
                                             : wrapper_python_stock(hook->text);
    if (strcmp(plan->text, hook->text) == 0) {
        g_clear_pointer(&plan->text, g_free);
        return true;
    }
    if (!hook->python) {
        report_problem("install it, then try again",
                       "%s is missing, which runs the wrapper: an edit could "
                       "not be checked",
                       hook->wrapper->interpreter);
        return false;
    }
    answer = hook_compiles(hook->python, plan->text, &why);
    if (answer != HOOK_YES) {
        report_problem(
            XENOPSD_REMEDY, "%s %s the edited wrapper%s%s", hook->python,
            answer == HOOK_NO ? "does not compile" : "cannot be run to check",
            why ? ": " : "", why ? why : "");
        return false;
    }
    return true;
}

static bool make_plan(WrapperPlan *plan)
{
    const Hook *hook = plan->hook;

    plan->way = choose_way(plan);
    if (!(plan->way == HOOK_BY_CONFIG ? check_config_way(hook)
                                      : check_python_way(hook)) ||
        !make_text(plan)) {
        return false;
    }
    plan->programs = hook->shim != HOOK_FILE_RIGHT ||
                     hook->qemu_args != HOOK_FILE_RIGHT;
    plan->config = plan->way == HOOK_BY_CONFIG &&
                   hook->config != HOOK_FILE_RIGHT;
    plan->restart = plan->way == HOOK_BY_CONFIG && plan->order->restart &&
                    (plan->config || hook->restarted != HOOK_YES);
    return wrapper_find_restart(plan->options, plan->restart,
                                &plan->restart_program);
}

/* ---- The whole ------------------------------------------------------------------ */

static void tell_result(const WrapperPlan *plan)
{
    if (plan->options->dry_run) {
        report_info("nothing was changed");
    } else if (plan->way == HOOK_BY_PYTHON) {
        report_info("the wrapper has the edit: it counts from the next start "
                    "of a VM, until an update replaces the wrapper (vgpuctl "
                    "wrapper status tells)");
    } else if (plan->restarted || plan->hook->restarted == HOOK_YES) {
        report_info("xenopsd starts QEMU through %s", SHIM_WRAPPER);
    } else {
        report_info("to put it into effect: xe-toolstack-restart (running VMs "
                    "are not disturbed)");
    }
}

static bool nothing_to_do(const WrapperPlan *plan)
{
    const Hook *hook = plan->hook;

    return !plan->programs && !plan->config && !plan->text && !plan->restart &&
           hook->record.way == plan->way &&
           !(plan->way == HOOK_BY_CONFIG && hook->config_half);
}

static int carry_out(WrapperPlan *plan)
{
    const Hook *hook = plan->hook;
    int code;

    if (nothing_to_do(plan)) {
        report_info("the way \"%s\" is installed: nothing to do",
                    hook_way_name(plan->way));
        if (plan->way == HOOK_BY_CONFIG && hook->restarted == HOOK_NO) {
            report_warning("xenopsd does not run with it yet: "
                           "xe-toolstack-restart");
        }
        return EXIT_SUCCESS;
    }
    if (hook->wrapper->by_hand) {
        report_step("the patch of the first guide is taken out of the wrapper: "
                    "it lets a VM's administrator give QEMU any argument");
    }
    code = wrapper_put(plan);
    if (code == EXIT_SUCCESS) {
        tell_result(plan);
    }
    return code;
}

/* A wrapper that reads the key needs nothing, and would give QEMU the device
 * twice if it got something. */
static int leave_native(const Hook *hook)
{
    bool hooked = hook->config == HOOK_FILE_RIGHT ||
                  hook->wrapper->block != WRAPPER_BLOCK_ABSENT;

    report_info("this wrapper reads the key itself (%s): nothing to install",
                hook->wrapper->native_key);
    report_warning("such a wrapper has no allow-list: who may administer a VM "
                   "may give its QEMU any argument");
    if (hooked) {
        report_warning("what was installed before adds nothing any more: "
                       "vgpuctl wrapper remove");
    }
    return EXIT_SUCCESS;
}

int wrapper_install(const Options *options, const WrapperOrder *order)
{
    WrapperPlan plan = { .options = options, .order = order };
    int code = EXIT_REFUSED;

    if (!wrapper_preflight(options) || !check_release(options, order)) {
        return EXIT_REFUSED;
    }
    plan.hook = hook_new(options);
    if (check_wrapper(plan.hook)) {
        if (plan.hook->wrapper->native_key) {
            code = leave_native(plan.hook);
        } else if (make_plan(&plan)) {
            code = carry_out(&plan);
        }
    }
    plan_clear(&plan);
    return code;
}
