/* SPDX-License-Identifier: MIT */
/*
 * What vgpuctl reads of a host and its processes, on any text: xenopsd's
 * configuration and unit, a process's command line, what xenstore-read prints,
 * and the list of VMs.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device-words.h"
#include "domain.h"
#include "host.h"
#include "xenopsd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Each word is of the text, in its order, and no byte is lost. */
static void check_cmdline(const char *data, size_t size)
{
    char **words = domain_parse_cmdline(data, size);
    size_t total = 0, i;

    for (i = 0; words && words[i]; i++) {
        total += strlen(words[i]) + 1;
    }
    must(total <= size + 1);
    g_strfreev(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *value = xenopsd_config_value(text, HOST_WRAPPER_KEY);
    g_autofree char *plain = domain_unescape(text);
    g_autoptr(GPtrArray) names = host_parse_names(text);
    unsigned count;
    guint i;

    must(!value || !strpbrk(value, "#\n"));
    must(!plain || strlen(plain) <= strlen(text));
    must(!xenopsd_unit_names(text, HOST_CONFIG_DIR) ||
         strstr(text, HOST_CONFIG_DIR));
    must(domain_parse_pid(text) >= 0);
    for (i = 0; i < names->len; i++) {
        must(strstr(text, names->pdata[i]) != NULL);
    }
    check_cmdline((const char *)data, size);
    {
        g_auto(GStrv) words = g_strsplit(text, "\n", -1);
        const char *device = device_words_find(words, &count);

        must((device != NULL) == (count > 0));
    }
    return 0;
}
