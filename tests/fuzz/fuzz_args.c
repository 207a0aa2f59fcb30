/* SPDX-License-Identifier: MIT */
/*
 * The rules of device-model-args on any text and any allow-args. Whatever
 * passes must be a sequence of what the rules name; all of it again must pass
 * unchanged; and nothing that opens the sandbox is ever among it.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shim/args.h"

#define UUID   "33333333-0000-4000-8000-000000000000"
#define SOCKET "socket,id=vgpu"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Without allow-args: pairs, each of one of three kinds, each device placed. */
static void check_words(char **words)
{
    unsigned devices = 0, chardevs = 0;
    guint32 slots = 0;
    size_t i;

    for (i = 0; words[i]; i += 2) {
        const char *value = words[i + 1];

        must(value != NULL && !strpbrk(value, "\n\r\001"));
        if (strcmp(words[i], "-chardev") == 0) {
            must(g_str_has_prefix(value, SOCKET) &&
                 g_str_has_suffix(value, ",path=/run/vgpu/" UUID ".sock"));
            chardevs++;
            continue;
        }
        {
            int slot = args_slot(strstr(value, ",addr=") + strlen(",addr="));

            /* addr= is the last or the text of addr= runs on to a comma. */
            if (slot >= 0) {
                must(!(slots >> slot & 1));
                slots |= (guint32)1 << slot;
            }
        }
        must(strcmp(words[i], "-device") == 0);
        must(strstr(value, ",addr=") && !strstr(value, ",,") &&
             !strstr(value, ",romfile") && !strstr(value, ",driver"));
        devices += args_is_device(value);
        must(args_is_device(value) ||
             g_str_has_prefix(value, ARGS_PROBE_DEVICE ",addr="));
    }
    must(devices <= 1 && chardevs <= devices);
}

static void check_again(char **words, const ArgsRules *rules)
{
    g_autofree char *text = args_join(words);
    g_autofree char *why = NULL;
    g_auto(GStrv) again = NULL;
    size_t i;

    /* The addr= that was added can make it too long for one more turn. */
    if (strlen(text) > ARGS_TEXT_LIMIT) {
        return;
    }
    again = args_check(text, strlen(text), rules, &why);
    must(again != NULL && g_strv_length(again) == g_strv_length(words));
    for (i = 0; words[i]; i++) {
        must(strcmp(words[i], again[i]) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    ArgsRules rules = { UUID, NULL, NULL };
    const char *end = memchr(data, '\0', size);
    size_t length = end ? (size_t)(end - text) : size;
    g_autofree char *why = NULL;
    g_autofree char *refused = NULL;
    g_auto(GStrv) words = args_check(text, length, &rules, &why);

    must((words == NULL) == (why != NULL));
    must(!why || (g_str_is_ascii(why) && !strchr(why, '\n')));
    if (words) {
        check_words(words);
        check_again(words, &rules);
    }
    if (end) {
        g_autofree char *second = NULL;
        g_auto(GStrv) more = NULL;
        size_t i;

        rules.allowed = args_allowed_parse(end + 1, size - length - 1,
                                           &refused);
        more = args_check(text, length, &rules, &second);
        for (i = 0; more && more[i]; i++) {
            must(strcmp(more[i], "-priv") != 0 &&
                 strcmp(more[i], "-runas") != 0);
        }
        /* A list only ever adds. */
        must(!words || more);
        g_ptr_array_unref(rules.allowed);
    }
    return 0;
}
