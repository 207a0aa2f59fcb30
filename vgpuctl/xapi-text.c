/* SPDX-License-Identifier: MIT */
#include "xapi.h"

#include <string.h>

#include "remote.h"

/* Of xe's own words in a message: its longest errors name a few objects. */
#define SHOWN_LIMIT 600

#define UUID_LENGTH 36

/* ---- Reading what xe says -------------------------------------------------------- */

bool xapi_is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i;

    for (i = 0; i < UUID_LENGTH && text[i]; i++) {
        if (shape[i] == '-' ? text[i] != '-' : !g_ascii_isxdigit(text[i])) {
            return false;
        }
    }
    return i == UUID_LENGTH && !text[i];
}

/* "The uuid you supplied was invalid.\ntype: VM\nuuid: 5" in one line. */
char *xapi_error_text(const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    guint i, said = 0;

    for (i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);

        if (g_str_has_prefix(line, "Error: ")) {
            line += strlen("Error: ");
        }
        if (*line) {
            g_string_append_printf(text, "%s%s",
                                   said == 0   ? ""
                                   : said == 1 ? " ("
                                               : ", ",
                                   line);
            said++;
        }
    }
    if (said > 1) {
        g_string_append_c(text, ')');
    }
    return said ? remote_shown(text->str, SHOWN_LIMIT)
                : g_strdup("it does not say why");
}

/*
 * "    name-label ( RW)    : web server" taken apart; false when the line begins
 * no parameter.
 */
static bool parse_field(const char *line, char **name, const char **value)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char *const kinds[] = { " ( RO)", " ( RW)", " (MRO)",
                                         " (MRW)", " (SRO)", " (SRW)" };
    const char *start = line + strspn(line, " ");
    const char *end = start + strspn(start, letters);
    const char *at;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(end, kinds[i])) {
            break;
        }
    }
    if (end == start || i == G_N_ELEMENTS(kinds)) {
        return false;
    }
    at = end + strlen(kinds[i]);
    if (g_str_has_prefix(at, " [DEPRECATED]")) {
        at += strlen(" [DEPRECATED]");
    }
    at += strspn(at, " ");
    if (!g_str_has_prefix(at, ": ")) {
        return false;
    }
    *name = g_strndup(start, (size_t)(end - start));
    *value = at + 2;
    return true;
}

/* Where a list is not just uuids and fields in one line, somebody's text has
 * line ends in it, and what looks like a record may be part of a name. */
GPtrArray *xapi_parse_records(const char *output)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(
        (GDestroyNotify)g_hash_table_unref);
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    GHashTable *record = NULL;
    guint i;

    for (i = 0; lines[i]; i++) {
        const char *value;
        char *name;

        if (!lines[i][0]) {
            continue;
        }
        if (!parse_field(lines[i], &name, &value)) {
            return NULL;
        }
        if (strcmp(name, "uuid") == 0) {
            record = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           g_free);
            g_ptr_array_add(records, record);
        }
        if (!record || g_hash_table_contains(record, name)) {
            g_free(name);
            return NULL;
        }
        g_hash_table_insert(record, name, g_strdup(value));
    }
    return g_steal_pointer(&records);
}
