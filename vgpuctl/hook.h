/* SPDX-License-Identifier: MIT */
/*
 * The hook: what makes a VM's platform:device-model-args reach QEMU on this
 * host, and in what state it is. It looks and changes nothing.
 *
 * There are two ways that vgpuctl makes. By a file in xenopsd's configuration
 * directory that names the shim as the wrapper: it survives updates. And where
 * xenopsd has no such directory, by a marked edit of the wrapper, a Python script
 * that every update replaces.
 */
#ifndef VGPUCTL_HOOK_H
#define VGPUCTL_HOOK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "change.h"
#include "options.h"
#include "package.h"
#include "shim/paths.h"
#include "wrapper-python.h"

/* Ours. xenopsd parses every file there: there is never a second one. */
#define HOOK_CONFIG HOST_CONFIG_DIR "/vgpu.conf"
/* Where it is made: outside, because xenopsd opens every name that it finds there,
 * and dies when one has gone meanwhile. */
#define HOOK_CONFIG_NEW "/etc/vgpu.conf" CHANGE_NEW
/* What an older vgpuctl left there, interrupted; xenopsd parses that, too. */
#define HOOK_CONFIG_HALF HOOK_CONFIG CHANGE_NEW
#define HOOK_CONFIG_TEXT HOST_WRAPPER_KEY "=" SHIM_WRAPPER "\n"

typedef enum HookWay {
    HOOK_NONE,
    HOOK_BY_CONFIG, /* xenopsd's configuration names the shim */
    HOOK_BY_PYTHON, /* our marked edit of the wrapper */
    HOOK_BY_HAND,   /* the first guide's patch of the wrapper, or another */
    HOOK_NATIVE,    /* the wrapper as it comes reads the key */
} HookWay;

typedef enum HookFile {
    HOOK_FILE_ABSENT,
    HOOK_FILE_RIGHT,
    /* A config that names another wrapper; a program that is not the one that
     * this vgpuctl carries. */
    HOOK_FILE_OTHER,
    /* A program that cannot be executed. */
    HOOK_FILE_UNUSABLE,
} HookFile;

typedef enum HookAnswer {
    HOOK_NO,
    HOOK_YES,
    HOOK_UNKNOWN,
} HookAnswer;

/* What `wrapper install` noted. */
typedef struct HookRecord {
    HookWay way;   /* HOOK_NONE: nothing is installed */
    char *xenopsd; /* the package that owned the wrapper, or NULL */
    bool restarted;
} HookRecord;

typedef struct Hook {
    /* The stock wrapper. */
    char *text; /* NULL: it cannot be read, and why_no_text says why */
    char *why_no_text;
    bool executable;
    WrapperPython *wrapper; /* NULL without text */
    /* It reads the key, and not because its package has it so. */
    bool edited;
    char *python;       /* the interpreter as found on this host, or NULL */
    HookAnswer syntax;  /* the text compiles; unknown without python */
    char *syntax_error; /* NULL, or Python's own line */

    /* The way by configuration. */
    bool config_used; /* xenopsd reads the configuration directory */
    HookFile config;
    bool config_half;      /* HOOK_CONFIG_HALF lies there */
    char *conflict;        /* another file that names a wrapper, or NULL */
    char *conflict_value;  /* which */
    bool conflict_is_shim; /* it is ours: it must go before the shim goes */
    HookAnswer restarted;  /* xenopsd was started since the config changed */

    HookFile shim;      /* SHIM_WRAPPER */
    HookFile qemu_args; /* SHIM_QEMU_ARGS */

    HookRecord record;
    char *xenopsd; /* what owns the wrapper now, where it was asked for */
} Hook;

/* Never NULL. */
Hook *hook_new(const Options *options);
void hook_free(Hook *hook);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hook, hook_free)

/* The way by which the key reaches QEMU when a VM starts, faults aside. */
HookWay hook_way(const Hook *hook);

/* "config", "python", "by hand", "native", "none". */
const char *hook_way_name(HookWay way);

/*
 * In one line what the way is and what is wrong with it (g_free). *remedy is
 * NULL when nothing is, else what to do about it; it lives as long as hook.
 */
char *hook_verdict(const Hook *hook, const char **remedy);

/* One thing that was looked at. */
typedef struct HookFact {
    const char *title; /* what should hold */
    const char
        *outcome; /* "ok", "problem" or "unknown", as report_check() has */
    char *detail; /* what was seen */
    const char *remedy; /* NULL but for a problem */
} HookFact;

/* All of them, as `wrapper status` prints them: HookFact. g_ptr_array_unref. */
GPtrArray *hook_facts(const Hook *hook);

/*
 * Whether a Python compiles a text. HOOK_UNKNOWN when it does not run; else with
 * HOOK_NO, *why (g_free) is its own line.
 */
HookAnswer hook_compiles(const char *python, const char *text, char **why);

/* The record. Writing and removing report a problem and return a negative errno;
 * both are changes, and report themselves. */
int hook_record_write(const Options *options, const HookRecord *record);
int hook_record_remove(const Options *options);

/* The package that owns a path of the host: its NEVRA (g_free), NULL for none.
 * False when rpm cannot be asked, with the problem reported. */
bool hook_owner(const Options *options, const char *path, char **nevra);

/* rpm's line of the wrapper where that package has it otherwise, its time aside.
 * g_free; NULL: it is as the package has it. */
char *hook_changed(const Options *options, const Package *package);

/* The wrapper's text is that of a package. */
bool hook_text_is_packaged(const Options *options);

/* The copy of the wrapper as it was found. g_free. */
char *hook_backup_path(const Options *options);

#endif /* VGPUCTL_HOOK_H */
