/* SPDX-License-Identifier: MIT */
#include "vmkey.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/paths.h"
#include "textfile.h"
#include "vgpu/properties.h"

/* As in the shim. */
#define ALLOW_ARGS_LIMIT ((size_t)1024 * 1024)

/* ---- What root lists ---------------------------------------------------------------- */

GPtrArray *vmkey_allowed(const Options *options, char **problem)
{
    g_autofree char *path = options_path(options, SHIM_ALLOW_ARGS);
    g_autofree char *text = NULL;
    g_autofree char *refused = NULL;
    struct stat status;
    GPtrArray *allowed;
    size_t length = 0;
    int result;

    *problem = NULL;
    if (stat(path, &status) < 0) {
        return NULL;
    }
    if (status.st_uid != 0 || status.st_mode & (S_IWGRP | S_IWOTH)) {
        *problem = g_strdup_printf("%s is not root's alone, and is not used",
                                   path);
        return NULL;
    }
    result = textfile_read(path, ALLOW_ARGS_LIMIT, &text, &length);
    if (result < 0) {
        *problem = g_strdup_printf("%s: %s", path, textfile_error(result));
        return NULL;
    }
    allowed = args_allowed_parse(text, length, &refused);
    if (refused) {
        *problem = g_strdup_printf("%s: this line is not used: %s", path,
                                   refused);
    }
    return allowed;
}

/* ---- A key -------------------------------------------------------------------------- */

/* An option of QEMU or of its wrapper that is none of those that can pass. */
static bool is_foreign_option(const char *word)
{
    return word[0] == '-' && strcmp(word, "-device") != 0 &&
           strcmp(word, "-chardev") != 0;
}

/* Of a text that the rules refuse: what it tries. */
static void look_at_words(VmKey *key, char *const *words)
{
    size_t i;

    for (i = 0; words[i]; i++) {
        bool behind = i > 0 && strcmp(words[i - 1], "-device") == 0;
        bool behind_chardev = i > 0 && strcmp(words[i - 1], "-chardev") == 0;

        if (behind && args_is_device(words[i])) {
            key->devices++;
        } else if (behind && g_str_has_prefix(words[i], ARGS_PROBE_DEVICE)) {
            key->probe = true;
        } else if (behind || behind_chardev || is_foreign_option(words[i])) {
            key->smuggles = key->smuggles || key->why;
        }
    }
}

static void parse_first(VmKey *key, char *const *words)
{
    g_autofree char *why = NULL;
    size_t i;

    for (i = 0; words[i]; i++) {
        if (i > 0 && strcmp(words[i - 1], "-device") == 0 &&
            args_is_device(words[i])) {
            args_device_parse(&key->device, words[i], &why);
            return;
        }
    }
}

VmKey *vmkey_new(const char *text, const char *uuid, GPtrArray *allowed)
{
    static const ArgsDevice none = ARGS_DEVICE_INIT;
    VmKey *key = g_new0(VmKey, 1);
    const ArgsRules rules = { uuid, NULL, allowed };
    g_autofree char *unsplit = NULL;
    g_auto(GStrv) words = NULL;

    key->device = none;
    g_strfreev(args_check(text, strlen(text), &rules, &key->why));
    words = args_split(text, strlen(text), &unsplit);
    if (words) {
        look_at_words(key, words);
        parse_first(key, words);
    }
    return key;
}

void vmkey_free(VmKey *key)
{
    if (key) {
        args_device_clear(&key->device);
        g_free(key->why);
        g_free(key);
    }
}

/* ---- Comparing ---------------------------------------------------------------------- */

/* Absent and empty are the default, as in QEMU. */
static const char *text_of(const char *value, const char *otherwise)
{
    return value && *value ? value : otherwise;
}

static char *differs(const char *name, const char *asked, const char *given)
{
    return strcmp(asked, given) == 0
               ? NULL
               : g_strdup_printf("%s=%s instead of %s", name, given, asked);
}

/* -1: not given. */
static char *number_differs(const char *name, gint64 asked, gint64 given,
                            gint64 otherwise)
{
    asked = asked < 0 ? otherwise : asked;
    given = given < 0 ? otherwise : given;
    return asked == given ? NULL
                          : g_strdup_printf("%s=%" G_GINT64_FORMAT
                                            " instead of %" G_GINT64_FORMAT,
                                            name, given, asked);
}

char *vmkey_difference(const ArgsDevice *asked, const ArgsDevice *given)
{
    char *difference = differs(VGPU_PROP_POOL_ID,
                               text_of(asked->pool_id, VGPU_POOL_DEFAULT),
                               text_of(given->pool_id, VGPU_POOL_DEFAULT));

    if (!difference) {
        difference = differs(VGPU_PROP_PRIORITY,
                             text_of(asked->priority, VGPU_PRIORITY_DEFAULT),
                             text_of(given->priority, VGPU_PRIORITY_DEFAULT));
    }
    if (!difference) {
        difference = number_differs(VGPU_PROP_VM_ID, asked->vm_id, given->vm_id,
                                    VGPU_VM_ID_DEFAULT);
    }
    if (!difference) {
        difference = number_differs(VGPU_PROP_QUEUES, asked->queues,
                                    given->queues, VGPU_QUEUES_DEFAULT);
    }
    if (!difference && asked->slot >= 0 && asked->slot != given->slot) {
        difference = g_strdup_printf("addr=%02x instead of %02x",
                                     (unsigned)given->slot,
                                     (unsigned)asked->slot);
    }
    if (!difference &&
        strcmp(text_of(asked->chardev, ""), text_of(given->chardev, "")) != 0) {
        difference = g_strdup("another chardev");
    }
    return difference;
}
