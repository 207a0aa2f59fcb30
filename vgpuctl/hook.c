/* SPDX-License-Identifier: MIT */
#include "hook.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "hook-record.h"
#include "shim-files.h"
#include "textfile.h"
#include "xenopsd.h"

/* ---- The stock wrapper ---------------------------------------------------------- */

/* A program of the host; of another root, of the system itself where that has
 * none: then it is what would run. g_free; NULL: there is none. */
static char *find_program(const Options *options, const char *program)
{
    g_autofree char *path = NULL;

    if (!g_path_is_absolute(program)) {
        return g_find_program_in_path(program);
    }
    path = options_path(options, program);
    if (access(path, X_OK) == 0) {
        return g_steal_pointer(&path);
    }
    return access(program, X_OK) == 0 ? g_strdup(program) : NULL;
}

HookAnswer hook_compiles(const char *python, const char *text, char **why)
{
    /* The text is a word of the command line: no file is left behind. */
    static const char compile[] =
        "import os, sys\n"
        "text = getattr(os, 'fsencode', str)(sys.argv[1])\n"
        "compile(text, 'qemu-wrapper', 'exec')\n";
    const char *argv[] = {
        python, "-B", "-E", "-S", "-c", compile, text, NULL
    };
    g_autofree char *output = NULL;
    int status = command_run(argv, &output, NULL, NULL);
    char *last;

    *why = NULL;
    if (status == 0) {
        return HOOK_YES;
    }
    /* Its last line is the error. Without one it was not Python that spoke. */
    last = status > 0 ? strrchr(g_strchomp(output), '\n') : NULL;
    last = last ? last + 1 : status > 0 ? output : NULL;
    if (!last || !strstr(last, "Error")) {
        return HOOK_UNKNOWN;
    }
    *why = g_strdup(last);
    return HOOK_NO;
}

static void look_at_wrapper(const Options *options, Hook *hook)
{
    g_autofree char *path = options_path(options, HOST_WRAPPER);
    struct stat status;
    size_t length = 0;
    int result;

    result = textfile_read(path, WRAPPER_PYTHON_LIMIT, &hook->text, &length);
    if (result == 0 && lstat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        /* Replacing it would replace the link. */
        hook->why_no_text = g_strdup("it is a symbolic link");
    } else if (result < 0) {
        hook->why_no_text = g_strdup(textfile_error(result));
    } else if (strlen(hook->text) != length) {
        hook->why_no_text = g_strdup("it is no text");
    }
    if (hook->why_no_text) {
        g_clear_pointer(&hook->text, g_free);
        return;
    }
    hook->executable = access(path, X_OK) == 0;
    hook->wrapper = wrapper_python_new(hook->text);
    if (hook->wrapper->interpreter) {
        hook->python = find_program(options, hook->wrapper->interpreter);
    }
    hook->edited = hook->wrapper->native_key && !hook_text_is_packaged(options);
    hook->syntax = hook->python ? hook_compiles(hook->python, hook->text,
                                                &hook->syntax_error)
                                : HOOK_UNKNOWN;
}

/* ---- The way by configuration ----------------------------------------------------- */

static void look_at_settings(const Options *options, Hook *hook)
{
    g_autoptr(GPtrArray) settings = xenopsd_settings(options, HOST_WRAPPER_KEY);
    guint i;

    for (i = 0; i < settings->len; i++) {
        const XenopsdSetting *setting = settings->pdata[i];
        bool is_shim = strcmp(setting->value, SHIM_WRAPPER) == 0;

        if (strcmp(setting->path, HOOK_CONFIG) == 0) {
            hook->config = is_shim ? HOOK_FILE_RIGHT : HOOK_FILE_OTHER;
        } else if (strcmp(setting->path, HOOK_CONFIG_HALF) != 0 &&
                   (!hook->conflict || is_shim)) {
            g_free(hook->conflict);
            g_free(hook->conflict_value);
            hook->conflict = g_strdup(setting->path);
            hook->conflict_value = g_strdup(setting->value);
            hook->conflict_is_shim = is_shim;
        }
    }
}

static void look_at_restart(const Options *options, Hook *hook)
{
    const gint64 changed = xenopsd_changed(options, HOOK_CONFIG);
    gint64 since;

    if (hook->config == HOOK_FILE_ABSENT || !changed) {
        return;
    }
    switch (xenopsd_started(options, &since)) {
    case XENOPSD_RUNS:
        hook->restarted = since > changed ? HOOK_YES : HOOK_NO;
        break;
    case XENOPSD_DOWN:
        hook->restarted = HOOK_NO;
        break;
    default:
        hook->restarted = hook->record.restarted ? HOOK_YES : HOOK_UNKNOWN;
    }
}

static void look_at_config(const Options *options, Hook *hook)
{
    g_autofree char *config = options_path(options, HOOK_CONFIG);
    g_autofree char *half = options_path(options, HOOK_CONFIG_HALF);

    hook->config_used = xenopsd_reads_directory(options, HOST_CONFIG_DIR);
    hook->config_half = g_file_test(half, G_FILE_TEST_EXISTS);
    look_at_settings(options, hook);
    if (hook->config == HOOK_FILE_ABSENT &&
        g_file_test(config, G_FILE_TEST_EXISTS)) {
        hook->config = HOOK_FILE_OTHER;
    }
    look_at_restart(options, hook);
}

/* ---- The shim's programs ------------------------------------------------------------ */

static HookFile look_at_program(const Options *options, const char *path,
                                const char *data, size_t size)
{
    g_autofree char *file = options_path(options, path);
    g_autofree char *found = NULL;
    struct stat status;
    size_t length;

    if (lstat(file, &status) < 0) {
        return HOOK_FILE_ABSENT;
    }
    /* root's access() is true with any one x; xenopsd is root, too. */
    if (stat(file, &status) < 0 || !S_ISREG(status.st_mode) ||
        access(file, X_OK) < 0) {
        return HOOK_FILE_UNUSABLE;
    }
    if ((size_t)status.st_size != size ||
        textfile_read(file, size, &found, &length) < 0 || length != size ||
        memcmp(found, data, size) != 0) {
        return HOOK_FILE_OTHER;
    }
    return HOOK_FILE_RIGHT;
}

/* ---- The whole ------------------------------------------------------------------------ */

/* It was installed and is gone: was the wrapper's package replaced? */
static void look_at_update(const Options *options, Hook *hook)
{
    if (hook->record.way == HOOK_BY_PYTHON && hook->wrapper &&
        hook->wrapper->block == WRAPPER_BLOCK_ABSENT) {
        (void)hook_owner(options, HOST_WRAPPER, &hook->xenopsd);
    }
}

Hook *hook_new(const Options *options)
{
    Hook *hook = g_new0(Hook, 1);

    hook->restarted = HOOK_UNKNOWN;
    hook->syntax = HOOK_UNKNOWN;
    hook_record_read(options, &hook->record);
    look_at_wrapper(options, hook);
    look_at_config(options, hook);
    hook->shim = look_at_program(options, SHIM_WRAPPER, shim_wrapper_data,
                                 shim_wrapper_size);
    hook->qemu_args = look_at_program(options, SHIM_QEMU_ARGS,
                                      shim_qemu_args_data, shim_qemu_args_size);
    look_at_update(options, hook);
    return hook;
}

void hook_free(Hook *hook)
{
    if (hook) {
        g_free(hook->text);
        g_free(hook->why_no_text);
        wrapper_python_free(hook->wrapper);
        g_free(hook->python);
        g_free(hook->syntax_error);
        g_free(hook->conflict);
        g_free(hook->conflict_value);
        g_free(hook->record.xenopsd);
        g_free(hook->xenopsd);
        g_free(hook);
    }
}

HookWay hook_way(const Hook *hook)
{
    const WrapperPython *wrapper = hook->wrapper;

    /* qemu-args stands back where the wrapper reads the key by itself. */
    if (wrapper && (wrapper->by_hand || hook->edited)) {
        return HOOK_BY_HAND;
    }
    if (wrapper && wrapper->native_key) {
        return HOOK_NATIVE;
    }
    if (hook->config == HOOK_FILE_RIGHT && hook->config_used) {
        return HOOK_BY_CONFIG;
    }
    if (wrapper && wrapper->block == WRAPPER_BLOCK_RIGHT) {
        return HOOK_BY_PYTHON;
    }
    return HOOK_NONE;
}

const char *hook_way_name(HookWay way)
{
    static const char *const names[] = {
        [HOOK_NONE] = "none",        [HOOK_BY_CONFIG] = "config",
        [HOOK_BY_PYTHON] = "python", [HOOK_BY_HAND] = "by hand",
        [HOOK_NATIVE] = "native",
    };

    return names[way];
}
