/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as a configuration file of xl. What is understood stays
 * understood with the device in it, has it once, and is the same text again
 * without it.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device-words.h"
#include "xlconfig.h"

#define DEVICE "vgpu-stub,pool_id=A,priority=medium,addr=1e"

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static XlConfig *must_parse(const char *text)
{
    char *why;
    XlConfig *config = xlconfig_new(text, strlen(text), &why);

    must(config != NULL && why == NULL);
    return config;
}

/* All words of `before` are in `after`, in their order. */
static void must_keep(char *const *before, char *const *after)
{
    for (; *after; after++) {
        if (*before && strcmp(*before, *after) == 0) {
            before++;
        }
    }
    must(!*before);
}

static void check(const XlConfig *config)
{
    unsigned count, with_count;
    const char *there = device_words_find(config->words, &count);
    char *with = xlconfig_with(config, DEVICE);
    XlConfig *changed = must_parse(with);
    char *again = xlconfig_with(changed, DEVICE);
    char *without = xlconfig_without(changed);
    XlConfig *left = must_parse(without);

    must(strcmp(device_words_find(changed->words, &with_count), DEVICE) == 0);
    must(with_count == MAX(count, 1));
    must(strcmp(again, with) == 0);
    if (!there) {
        must(strcmp(without, config->text) == 0);
        must_keep(config->words, changed->words);
    } else if (count == 1) {
        must(!device_words_find(left->words, &with_count));
        must_keep(left->words, config->words);
    }
    xlconfig_free(left);
    xlconfig_free(changed);
    g_free(without);
    g_free(again);
    g_free(with);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *why;
    XlConfig *config = xlconfig_new((const char *)data, size, &why);

    must(!config == (why != NULL));
    if (config) {
        must(strlen(config->text) == size &&
             memcmp(config->text, data, size) == 0);
        check(config);
    }
    xlconfig_free(config);
    g_free(why);
    return 0;
}
