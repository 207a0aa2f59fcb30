/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as what xe prints; names and keys in it are a VM
 * administrator's. Records are well-formed, and an error is one printable line.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xapi.h"

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void must_be_text(const char *text)
{
    const char *c;

    must(text != NULL && *text && g_utf8_validate(text, -1, NULL));
    for (c = text; *c; c++) {
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

/* How often the text is in the output: a value is never made up. */
static void must_be_in(const char *output, const char *text)
{
    must(strstr(output, text) != NULL && !strchr(text, '\n'));
}

static void check_records(const char *output, GPtrArray *records)
{
    guint i;

    for (i = 0; i < records->len; i++) {
        GHashTableIter iter;
        gpointer name, value;

        must(g_hash_table_contains(records->pdata[i], "uuid"));
        g_hash_table_iter_init(&iter, records->pdata[i]);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
            must(*(char *)name);
            must_be_in(output, name);
            must_be_in(output, value);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *output = g_strndup((const char *)data, size);
    char *error = xapi_error_text(output);
    GPtrArray *records = xapi_parse_records(output);

    must_be_text(error);
    if (records) {
        check_records(output, records);
        g_ptr_array_unref(records);
    }
    must(!xapi_is_uuid(output) || strlen(output) == 36);
    g_free(error);
    g_free(output);
    return 0;
}
