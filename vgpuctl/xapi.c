/* SPDX-License-Identifier: MIT */
#include "xapi.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "command.h"
#include "report.h"
#include "xapi-private.h"

/* Seconds for a question. xapi answers in tenths of one; while a large pool's
 * master is busy it takes a few. */
#define QUESTION_LIMIT_S 60

/* What timeout(1) exits with when the command was too slow, and when it had to
 * be killed. */
#define TIMEOUT_ENDED  124
#define TIMEOUT_KILLED 137

#define UUID_LENGTH 36

#define NO_XE "there is no xe: this is no host of XAPI"

/* ---- Running xe ------------------------------------------------------------------ */

char *xapi_xe(const Options *options)
{
    static const char *const places[] = { "/opt/xensource/bin/xe",
                                          "/usr/bin/xe" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(places); i++) {
        char *path = options_path(options, places[i]);

        if (access(path, X_OK) == 0) {
            return path;
        }
        g_free(path);
    }
    return options->root[0] ? NULL : g_find_program_in_path("xe");
}

const char *xapi_remedy(const Options *options)
{
    g_autofree char *xe = xapi_xe(options);

    return xe ? "see that xapi runs (xe-toolstack-restart)"
              : "on plain Xen: vgpuctl attach --xl FILE";
}

/* The words that run xe for at most so many seconds, NULL-terminated; it does
 * not own them. */
static GPtrArray *command_words(const char *xe, const char *seconds,
                                const char *const *words)
{
    const char *const start[] = { "timeout", "-k", "5", seconds, xe };
    GPtrArray *command = g_ptr_array_new();
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(start); i++) {
        g_ptr_array_add(command, (char *)start[i]);
    }
    for (; *words; words++) {
        g_ptr_array_add(command, (char *)*words);
    }
    g_ptr_array_add(command, NULL);
    return command;
}

/* What a status of such a command means: 0, or a negative errno with *why. */
static int judge(int status, const char *output, int limit_s, char **why)
{
    if (status == 0) {
        return 0;
    }
    if (status == TIMEOUT_ENDED || status == TIMEOUT_KILLED) {
        *why = g_strdup_printf("xapi does not answer within %d s", limit_s);
        return -ETIMEDOUT;
    }
    if (status < 0) {
        *why = g_strdup_printf("xe does not run: %s", strerror(-status));
        return status;
    }
    *why = xapi_error_text(output);
    return -EIO;
}

int xapi_ask(const Options *options, const char *const *words, char **output,
             char **why)
{
    g_autofree char *xe = xapi_xe(options);
    g_autofree char *seconds = g_strdup_printf("%d", QUESTION_LIMIT_S);
    g_autoptr(GPtrArray) command = NULL;
    int result;

    *output = NULL;
    *why = NULL;
    if (!xe) {
        *why = g_strdup(NO_XE);
        return -ENOENT;
    }
    command = command_words(xe, seconds, words);
    result = command_run((const char *const *)command->pdata, output, NULL,
                         NULL);
    result = judge(result, *output ? *output : "", QUESTION_LIMIT_S, why);
    if (result < 0) {
        g_clear_pointer(output, g_free);
    } else if (!*output) {
        *output = g_strdup("");
    }
    return result;
}

int xapi_change(const Options *options, const char *const *words, int limit_s,
                char **why)
{
    g_autofree char *xe = xapi_xe(options);
    g_autofree char *seconds = g_strdup_printf("%d", limit_s);
    g_autoptr(GPtrArray) command = NULL;
    g_autofree char *output = NULL;
    int status;

    *why = NULL;
    if (!xe) {
        *why = g_strdup(NO_XE);
        return -ENOENT;
    }
    command = command_words(xe, seconds, words);
    status = change_run(options, (const char *const *)command->pdata, &output);
    return judge(status, output ? output : "", limit_s, why);
}

/* ---- Parameters and keys ------------------------------------------------------------- */

/* xe ends a value with one line end of its own. */
static void chop(char *value)
{
    size_t length = strlen(value);

    if (length && value[length - 1] == '\n') {
        value[length - 1] = '\0';
    }
}

char *xapi_vm_get(const Options *options, const char *uuid, const char *param,
                  char **why)
{
    g_autofree char *vm = g_strconcat("uuid=", uuid, NULL);
    g_autofree char *name = g_strconcat("param-name=", param, NULL);
    const char *words[] = { "vm-param-get", vm, name, NULL };
    char *value;

    if (xapi_ask(options, words, &value, why) < 0) {
        return NULL;
    }
    chop(value);
    return value;
}

int xapi_key_get(const Options *options, const char *uuid, const char *key,
                 char **value, char **why)
{
    g_autofree char *vm = g_strconcat("uuid=", uuid, NULL);
    g_autofree char *name = g_strconcat("param-key=", key, NULL);
    g_autofree char *missing = g_strdup_printf("Key %s not found in map", key);
    const char *words[] = { "vm-param-get", vm, "param-name=platform", name,
                            NULL };
    int result = xapi_ask(options, words, value, why);

    if (*value) {
        chop(*value);
    } else if (*why && strcmp(*why, missing) == 0) {
        g_clear_pointer(why, g_free);
        return XAPI_NO_KEY;
    }
    return result;
}

int xapi_key_set(const Options *options, const char *uuid, const char *key,
                 const char *value)
{
    g_autofree char *xe = xapi_xe(options);
    g_autofree char *vm = g_strconcat("uuid=", uuid, NULL);
    g_autofree char *setting = g_strdup_printf("platform:%s=%s", key,
                                               value ? value : "");
    g_autofree char *name = g_strconcat("param-key=", key, NULL);
    g_autofree char *missing = g_strdup_printf("Key %s is not in map", key);
    const char *set[] = { xe, "vm-param-set", vm, setting, NULL };
    const char *remove[] = { xe,   "vm-param-remove",
                             vm,   "param-name=platform",
                             name, NULL };
    g_autofree char *output = NULL;
    g_autofree char *why = NULL;
    int status;

    if (!xe) {
        report_problem(xapi_remedy(options), NO_XE);
        return -ENOENT;
    }
    status = change_run(options, value ? set : remove, &output);
    if (status <= 0) {
        return status;
    }
    why = xapi_error_text(output);
    if (!value && strcmp(why, missing) == 0) {
        return 0;
    }
    report_problem("see that xapi runs and that you may change the VM",
                   "xe cannot %s platform:%s: %s", value ? "set" : "remove",
                   key, why);
    return -EIO;
}

/* ---- The pool ------------------------------------------------------------------------ */

/* The uuid of the one pool, g_free. */
static char *pool_uuid(const Options *options, char **why)
{
    static const char *const words[] = { "pool-list", "params=uuid",
                                         "--minimal", NULL };
    g_autofree char *output = NULL;

    if (xapi_ask(options, words, &output, why) < 0) {
        return NULL;
    }
    g_strstrip(output);
    if (!xapi_is_uuid(output)) {
        *why = g_strdup("xe pool-list names no pool");
        return NULL;
    }
    return g_steal_pointer(&output);
}

int xapi_platform_filter(const Options *options, char **why)
{
    g_autofree char *uuid = pool_uuid(options, why);
    g_autofree char *pool = g_strconcat("uuid=", uuid ? uuid : "", NULL);
    const char *words[] = { "pool-param-get", pool, "param-name=restrictions",
                            NULL };
    g_autofree char *output = NULL;
    g_auto(GStrv) entries = NULL;
    int result, i;

    if (!uuid) {
        return -EIO;
    }
    result = xapi_ask(options, words, &output, why);
    if (result < 0) {
        return result;
    }
    entries = g_strsplit(output, ";", -1);
    for (i = 0; entries[i]; i++) {
        if (strcmp(g_strstrip(entries[i]), "platform_filter: false") == 0) {
            return 0;
        }
    }
    /* A restriction that the pool does not name is on. */
    return XAPI_FILTERED;
}

int xapi_hosts(const Options *options, char **why)
{
    static const char *const words[] = { "host-list", "params=uuid",
                                         "--minimal", NULL };
    g_autofree char *output = NULL;
    g_auto(GStrv) uuids = NULL;
    int result = xapi_ask(options, words, &output, why);

    if (result < 0) {
        return result;
    }
    uuids = g_strsplit(g_strstrip(output), ",", -1);
    return (int)g_strv_length(uuids);
}

char *xapi_this_host(const Options *options)
{
    g_autofree char *path = options_path(options, "/etc/xensource-inventory");
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "INSTALLATION_UUID=")) {
            char *value = lines[i] + strlen("INSTALLATION_UUID=");

            value += *value == '\'' || *value == '"';
            value[MIN(strlen(value), UUID_LENGTH)] = '\0';
            return xapi_is_uuid(value) ? g_strdup(value) : NULL;
        }
    }
    return NULL;
}
