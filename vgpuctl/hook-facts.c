/* SPDX-License-Identifier: MIT */
#include "hook.h"

#include <string.h>

static const char install[] = "vgpuctl wrapper install";
static const char reinstall[] = "yum reinstall xenopsd, then vgpuctl wrapper "
                                "install";
static const char nothing[] = "nothing does";

static void fact_free(gpointer data)
{
    HookFact *fact = data;

    g_free(fact->detail);
    g_free(fact);
}

static void add(GPtrArray *facts, const char *title, const char *outcome,
                const char *remedy, const char *format, va_list args)
{
    HookFact *fact = g_new0(HookFact, 1);

    fact->title = title;
    fact->outcome = outcome;
    fact->remedy = remedy;
    fact->detail = g_strdup_vprintf(format, args);
    g_ptr_array_add(facts, fact);
}

static void G_GNUC_PRINTF(3, 4)
    ok(GPtrArray *facts, const char *title, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(facts, title, "ok", NULL, format, args);
    va_end(args);
}

static void G_GNUC_PRINTF(3, 4)
    unknown(GPtrArray *facts, const char *title, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(facts, title, "unknown", NULL, format, args);
    va_end(args);
}

static void G_GNUC_PRINTF(4, 5)
    problem(GPtrArray *facts, const char *title, const char *remedy,
            const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(facts, title, "problem", remedy, format, args);
    va_end(args);
}

/* ---- The stock wrapper ---------------------------------------------------------- */

static void tell_kind(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "the wrapper is one that vgpuctl knows";
    const WrapperPython *wrapper = hook->wrapper;

    if (!wrapper) {
        problem(facts, title, reinstall, "%s: %s", HOST_WRAPPER,
                hook->why_no_text);
    } else if (!hook->executable) {
        problem(facts, title, reinstall, "%s cannot be executed", HOST_WRAPPER);
    } else if (wrapper->old) {
        problem(facts, title, "update the host to XCP-ng 8.2 or 8.3",
                "it drives QEMU 2.10 (XCP-ng 8.1 and older), which the device "
                "does not support");
    } else if (!wrapper->python) {
        problem(facts, title, reinstall, "%s is no Python script",
                HOST_WRAPPER);
    } else {
        ok(facts, title, "Python %u%s", wrapper->python,
           wrapper->anchors == 1 ? ", with the one line for an edit"
                                 : ", without the one line for an edit");
    }
}

static void tell_syntax(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "the wrapper is valid Python";

    if (!hook->wrapper) {
        return;
    }
    if (hook->syntax == HOOK_YES) {
        ok(facts, title, "%s compiles it", hook->python);
    } else if (hook->syntax == HOOK_NO) {
        problem(facts, title,
                hook->wrapper->block == WRAPPER_BLOCK_ABSENT ? reinstall
                                                             : install,
                "no VM starts with it: %s", hook->syntax_error);
    } else {
        unknown(facts, title, "%s does not run here",
                hook->wrapper->interpreter ? hook->wrapper->interpreter
                                           : "no interpreter");
    }
}

static void tell_readers(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "nothing else reads the key";
    const WrapperPython *wrapper = hook->wrapper;
    bool hooked = hook->config == HOOK_FILE_RIGHT ||
                  (wrapper && wrapper->block != WRAPPER_BLOCK_ABSENT);

    if (!wrapper) {
        return;
    }
    if (hook->edited) {
        problem(facts, title, reinstall,
                "the wrapper is edited by hand, not as in the guide, and reads "
                "%s: it has no allow-list, and -priv passes",
                wrapper->native_key);
    } else if (wrapper->by_hand > 1) {
        problem(facts, title, install,
                "the first guide's patch is in it %u times, so QEMU gets the "
                "device as often and does not start",
                wrapper->by_hand);
    } else if (wrapper->by_hand) {
        problem(facts, title, install,
                "the first guide's patch is in it, which lets a VM's "
                "administrator give QEMU any argument");
    } else if (!wrapper->native_key) {
        ok(facts, title, "the wrapper as it comes does not");
    } else if (hooked) {
        problem(facts, title, "vgpuctl wrapper remove",
                "it reads %s by itself since an update, and so vgpuctl's own "
                "way adds nothing any more",
                wrapper->native_key);
    } else if (strcmp(wrapper->native_key, ARGS_KEY) != 0) {
        problem(facts, title,
                "set platform:" ARGS_KEY_OTHER
                " on the VM in place of " ARGS_KEY,
                "it reads %s, and vgpuctl attach sets " ARGS_KEY,
                wrapper->native_key);
    } else {
        ok(facts, title,
           "it reads %s: nothing is needed, and it has no allow-list",
           wrapper->native_key);
    }
}

/* ---- The way by configuration --------------------------------------------------------- */

static void tell_config(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "xenopsd's configuration names the shim";

    if (hook->config == HOOK_FILE_RIGHT && hook->config_used) {
        ok(facts, title, HOOK_CONFIG);
    } else if (hook->config == HOOK_FILE_RIGHT) {
        problem(facts, title, install,
                "xenopsd does not read " HOST_CONFIG_DIR ": its unit has no "
                "--config-dir");
    } else if (hook->config == HOOK_FILE_OTHER) {
        problem(facts, title, install,
                HOOK_CONFIG " does not name " SHIM_WRAPPER);
    } else if (hook->record.way == HOOK_BY_CONFIG) {
        problem(facts, title, install,
                HOOK_CONFIG " is gone, which vgpuctl had written");
    }
}

static void tell_conflict(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "no other file names a wrapper";

    if (hook->conflict_is_shim) {
        problem(facts, title,
                "take that file out of the directory: xenopsd reads every file "
                "there, and would not start without the shim",
                "%s names the shim, too", hook->conflict);
    } else if (hook->conflict) {
        problem(facts, title,
                "take the line " HOST_WRAPPER_KEY "=... out of it",
                "%s names %s", hook->conflict, hook->conflict_value);
    } else if (hook->config_half) {
        problem(facts, title, install,
                HOOK_CONFIG_HALF " is what an interrupted run left");
    } else {
        ok(facts, title, "none in " HOST_CONFIG_DIR);
    }
}

static void tell_restart(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "xenopsd was restarted since";

    if (hook->config == HOOK_FILE_ABSENT || !hook->config_used) {
        return;
    }
    if (hook->restarted == HOOK_YES) {
        ok(facts, title, "it runs with " HOOK_CONFIG);
    } else if (hook->restarted == HOOK_NO) {
        problem(facts, title, "xe-toolstack-restart",
                "it does not run, or runs from before " HOOK_CONFIG
                " was written");
    } else {
        unknown(facts, title, "when it was started cannot be told");
    }
}

/* ---- The way by an edit --------------------------------------------------------------- */

static void tell_gone(const Hook *hook, GPtrArray *facts, const char *title)
{
    const char *before = hook->record.xenopsd;

    if (before && hook->xenopsd && strcmp(before, hook->xenopsd) != 0) {
        problem(facts, title, install,
                "an update has replaced it (%s, before that %s)", hook->xenopsd,
                before);
    } else {
        problem(facts, title, install,
                "an update has replaced it, or the package was reinstalled");
    }
}

static void tell_block(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "the wrapper has vgpuctl's edit";

    if (!hook->wrapper) {
        return;
    }
    switch (hook->wrapper->block) {
    case WRAPPER_BLOCK_RIGHT:
        ok(facts, title, "before the line that logs QEMU's command line");
        break;
    case WRAPPER_BLOCK_CHANGED:
        problem(facts, title, install, "it is not the one of this vgpuctl");
        break;
    case WRAPPER_BLOCK_BROKEN:
        problem(facts, title, reinstall,
                "its marks do not fit: it cannot be told what is vgpuctl's");
        break;
    default:
        if (hook->record.way == HOOK_BY_PYTHON && hook_way(hook) == HOOK_NONE) {
            tell_gone(hook, facts, title);
        }
    }
}

/* ---- The shim's programs ---------------------------------------------------------------- */

static void tell_program(const Hook *hook, GPtrArray *facts, HookFile file,
                         const char *title, const char *path)
{
    bool fatal = hook->config == HOOK_FILE_RIGHT && hook->config_used &&
                 strcmp(path, SHIM_WRAPPER) == 0;
    bool wanted = fatal || hook_way(hook) == HOOK_BY_CONFIG ||
                  (hook_way(hook) == HOOK_BY_PYTHON &&
                   strcmp(path, SHIM_QEMU_ARGS) == 0);

    if (file == HOOK_FILE_RIGHT) {
        ok(facts, title, "%s", path);
    } else if (file == HOOK_FILE_OTHER) {
        problem(facts, title, install,
                "%s is not the one that this vgpuctl carries", path);
    } else if (wanted || file != HOOK_FILE_ABSENT) {
        problem(facts, title, install, "%s %s%s", path,
                file == HOOK_FILE_ABSENT ? "is missing" : "cannot be executed",
                fatal ? ", and so xenopsd will not start again" : "");
    }
}

/* ---- The whole ------------------------------------------------------------------------ */

static void tell_way(const Hook *hook, GPtrArray *facts)
{
    static const char title[] = "something takes a VM's key to QEMU";
    static const char *const words[] = {
        [HOOK_BY_CONFIG] = ("the shim, by " HOOK_CONFIG),
        [HOOK_BY_PYTHON] = "vgpuctl's edit of the wrapper",
        [HOOK_BY_HAND] = "an edit of the wrapper by hand",
        [HOOK_NATIVE] = "the wrapper as its package has it",
    };
    HookWay way = hook_way(hook);

    if (way == HOOK_NONE) {
        problem(facts, title, install, "%s", nothing);
    } else {
        ok(facts, title, "%s", words[way]);
    }
}

GPtrArray *hook_facts(const Hook *hook)
{
    GPtrArray *facts = g_ptr_array_new_with_free_func(fact_free);

    /* What is worst when it is wrong comes first: hook_verdict() names that. */
    tell_program(hook, facts, hook->shim, "the shim is there", SHIM_WRAPPER);
    tell_kind(hook, facts);
    tell_syntax(hook, facts);
    tell_readers(hook, facts);
    tell_conflict(hook, facts);
    tell_config(hook, facts);
    tell_block(hook, facts);
    tell_program(hook, facts, hook->qemu_args,
                 "the shim's other program is there", SHIM_QEMU_ARGS);
    tell_restart(hook, facts);
    tell_way(hook, facts);
    return facts;
}

/* A problem, with the way before it that it is one of. */
static char *verdict_of(const Hook *hook, const HookFact *fact)
{
    const HookWay way = hook_way(hook);

    if (way != HOOK_NONE) {
        return g_strdup_printf("%s: %s", hook_way_name(way), fact->detail);
    }
    /* The last of the facts, where nothing else is wrong. */
    return g_strdup(strcmp(fact->detail, nothing) == 0
                        ? "nothing takes a VM's " ARGS_KEY " to QEMU"
                        : fact->detail);
}

char *hook_verdict(const Hook *hook, const char **remedy)
{
    g_autoptr(GPtrArray) facts = hook_facts(hook);
    const char *way = hook_way_name(hook_way(hook));
    guint i;

    *remedy = NULL;
    for (i = 0; i < facts->len; i++) {
        const HookFact *fact = facts->pdata[i];

        if (strcmp(fact->outcome, "problem") == 0) {
            *remedy = fact->remedy;
            return verdict_of(hook, fact);
        }
    }
    switch (hook_way(hook)) {
    case HOOK_BY_CONFIG:
        return g_strdup_printf("%s: " HOOK_CONFIG " names the shim", way);
    case HOOK_BY_PYTHON:
        return g_strdup_printf("%s: " HOST_WRAPPER " has vgpuctl's edit", way);
    default:
        return g_strdup_printf("%s: " HOST_WRAPPER " reads the key, without an "
                               "allow-list",
                               way);
    }
}
