/* SPDX-License-Identifier: MIT */
#include "doctor-report.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "remote.h"

/* A report nests three deep; the parser recurses for each. */
#define NESTING_LIMIT 8

/* A doctor makes some 60 checks, and a few for each VM. */
#define CHECKS_LIMIT 2000

/* Bytes of a text that is handed on. */
#define TITLE_LIMIT  200
#define DETAIL_LIMIT 1000

static void check_free(gpointer data)
{
    DoctorReportCheck *check = data;

    g_free(check->title);
    g_free(check->detail);
    g_free(check->remedy);
    g_free(check);
}

void doctor_report_free(DoctorReport *report)
{
    if (report) {
        g_ptr_array_unref(report->checks);
        g_free(report->version);
        g_free(report->package);
        g_free(report);
    }
}

static bool nests_too_deep(const char *text)
{
    bool in_string = false;
    int depth = 0;

    for (; *text; text++) {
        if (in_string) {
            if (*text == '\\' && text[1]) {
                text++;
            } else if (*text == '"') {
                in_string = false;
            }
        } else if (*text == '"') {
            in_string = true;
        } else if (*text == '{' || *text == '[') {
            if (++depth > NESTING_LIMIT) {
                return true;
            }
        } else if (*text == '}' || *text == ']') {
            depth--;
        }
    }
    return false;
}

/* ---- Members, whatever they are -------------------------------------------------------- */

/* A text member made printable (g_free); NULL when it is none. */
static char *text_of(JsonObject *object, const char *name, size_t limit)
{
    JsonNode *node = json_object_get_member(object, name);

    if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
        json_node_get_value_type(node) != G_TYPE_STRING) {
        return NULL;
    }
    return remote_shown(json_node_get_string(node), limit);
}

static JsonObject *object_of(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node)
                                                : NULL;
}

static const char *known_outcome(const char *outcome)
{
    static const char *const known[] = { "ok", "problem", "unknown",
                                         "replaced" };
    size_t i;

    for (i = 0; outcome && i < G_N_ELEMENTS(known); i++) {
        if (strcmp(outcome, known[i]) == 0) {
            return known[i];
        }
    }
    return NULL;
}

static bool add_check(DoctorReport *report, JsonObject *object)
{
    g_autofree char *outcome = object ? text_of(object, "outcome", TITLE_LIMIT)
                                      : NULL;
    DoctorReportCheck *check;

    if (!known_outcome(outcome)) {
        return false;
    }
    check = g_new0(DoctorReportCheck, 1);
    check->outcome = known_outcome(outcome);
    check->title = text_of(object, "title", TITLE_LIMIT);
    check->detail = text_of(object, "detail", DETAIL_LIMIT);
    check->remedy = text_of(object, "remedy", DETAIL_LIMIT);
    g_ptr_array_add(report->checks, check);
    return check->title && check->detail;
}

static bool add_checks(DoctorReport *report, JsonObject *root)
{
    JsonNode *node = json_object_get_member(root, "checks");
    JsonArray *array;
    guint i, length;

    if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
        return false;
    }
    array = json_node_get_array(node);
    length = json_array_get_length(array);
    for (i = 0; i < length && i < CHECKS_LIMIT; i++) {
        if (!add_check(report, object_of(json_array_get_element(array, i)))) {
            return false;
        }
    }
    return length > 0 && length <= CHECKS_LIMIT;
}

static bool read_root(DoctorReport *report, JsonObject *root)
{
    g_autofree char *verb = root ? text_of(root, "verb", TITLE_LIMIT) : NULL;
    JsonObject *values;

    if (g_strcmp0(verb, "doctor") != 0 || !add_checks(report, root)) {
        return false;
    }
    values = object_of(json_object_get_member(root, "values"));
    if (values) {
        report->version = text_of(values, "vgpuctl", TITLE_LIMIT);
        report->package = text_of(values, "qemu_package", TITLE_LIMIT);
    }
    report->version = report->version ? report->version : g_strdup("");
    report->package = report->package ? report->package : g_strdup("");
    return true;
}

/* ---- The whole ---------------------------------------------------------------------------- */

/* From the first line that is a brace: what the programs that run there warn
 * of comes before it. */
static const char *find_object(const char *text)
{
    const char *at = text;

    while (at && *at != '{') {
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return at;
}

DoctorReport *doctor_report_parse(const char *text, char **why)
{
    const char *start = find_object(text);
    g_autoptr(DoctorReport) report = NULL;
    g_autoptr(JsonParser) parser = NULL;

    *why = NULL;
    if (!start) {
        g_autofree char *shown = remote_shown(text, TITLE_LIMIT);

        *why = g_strdup_printf("it does not print a report: %s", shown);
        return NULL;
    }
    parser = json_parser_new();
    if (nests_too_deep(start) || !g_utf8_validate(start, -1, NULL) ||
        !json_parser_load_from_data(parser, start, -1, NULL)) {
        *why = g_strdup("what it prints is no JSON");
        return NULL;
    }
    report = g_new0(DoctorReport, 1);
    report->checks = g_ptr_array_new_with_free_func(check_free);
    if (!read_root(report, object_of(json_parser_get_root(parser)))) {
        *why = g_strdup("what it prints is no report of vgpuctl doctor");
        return NULL;
    }
    return g_steal_pointer(&report);
}
