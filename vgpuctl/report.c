/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <unistd.h>

static struct {
    const char *verb;
    bool dry_run;
    bool json;
    bool progress_shown;
    JsonArray *messages;
    JsonArray *changes;
    JsonArray *checks;
    JsonObject *values;
} report;

void report_begin(const char *verb, bool dry_run, bool json)
{
    report.verb = verb;
    report.dry_run = dry_run;
    report.json = json;
    report.messages = json_array_new();
    report.changes = json_array_new();
    report.checks = json_array_new();
    report.values = json_object_new();
}

/* ---- Lines -------------------------------------------------------------- */

static void clear_progress(void)
{
    if (report.progress_shown) {
        printf("\r%79s\r", "");
        fflush(stdout);
        report.progress_shown = false;
    }
}

static void add_message(const char *level, const char *text, const char *remedy)
{
    JsonObject *message = json_object_new();

    json_object_set_string_member(message, "level", level);
    json_object_set_string_member(message, "text", text);
    if (remedy) {
        json_object_set_string_member(message, "remedy", remedy);
    }
    json_array_add_object_element(report.messages, message);
}

static void say(const char *level, const char *prefix, const char *format,
                va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    add_message(level, text, NULL);
    if (!report.json) {
        clear_progress();
        printf("%s%s\n", prefix, text);
        fflush(stdout);
    }
}

void report_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("info", "", format, args);
    va_end(args);
}

void report_step(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("step", "==> ", format, args);
    va_end(args);
}

void report_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("warning", "warning: ", format, args);
    va_end(args);
}

void report_problem(const char *remedy, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    add_message("problem", text, remedy);
    if (!report.json) {
        clear_progress();
        fprintf(stderr, "vgpuctl %s: %s\n", report.verb, text);
        if (remedy) {
            fprintf(stderr, "  remedy: %s\n", remedy);
        }
    }
}

void report_change(const char *kind, const char *what)
{
    JsonObject *change = json_object_new();

    json_object_set_string_member(change, "kind", kind);
    json_object_set_string_member(change, "what", what);
    json_array_add_object_element(report.changes, change);
    if (!report.json) {
        clear_progress();
        printf("%s%-6s %s\n", report.dry_run ? "would " : "  ", kind, what);
        fflush(stdout);
    }
}

void report_check(const char *title, const char *outcome, const char *detail,
                  const char *remedy)
{
    JsonObject *check = json_object_new();

    json_object_set_string_member(check, "title", title);
    json_object_set_string_member(check, "outcome", outcome);
    json_object_set_string_member(check, "detail", detail);
    if (remedy) {
        json_object_set_string_member(check, "remedy", remedy);
    }
    json_array_add_object_element(report.checks, check);
    if (!report.json) {
        clear_progress();
        printf("%-9s %s: %s\n", outcome, title, detail);
        if (remedy) {
            printf("%-9s remedy: %s\n", "", remedy);
        }
        fflush(stdout);
    }
}

void report_value(const char *name, const char *value)
{
    json_object_set_string_member(report.values, name, value);
}

void report_item(const char *list, const char *const *pairs)
{
    JsonObject *item = json_object_new();
    size_t i;

    for (i = 0; pairs[i]; i += 2) {
        json_object_set_string_member(item, pairs[i], pairs[i + 1]);
    }
    if (!json_object_has_member(report.values, list)) {
        json_object_set_array_member(report.values, list, json_array_new());
    }
    json_array_add_object_element(
        json_object_get_array_member(report.values, list), item);
}

void report_progress(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    if (report.json || !isatty(STDOUT_FILENO)) {
        return;
    }
    clear_progress();
    if (!format) {
        return;
    }
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    printf("\r%.78s", text);
    fflush(stdout);
    report.progress_shown = true;
}

/* ---- The end ------------------------------------------------------------- */

static void print_json(int exit_code)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autofree char *text = NULL;
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "verb", report.verb);
    json_object_set_boolean_member(object, "dry_run", report.dry_run);
    json_object_set_int_member(object, "exit_code", exit_code);
    json_object_set_array_member(object, "messages", report.messages);
    json_object_set_array_member(object, "changes", report.changes);
    json_object_set_array_member(object, "checks", report.checks);
    json_object_set_object_member(object, "values", report.values);
    json_node_take_object(node, object);
    json_generator_set_pretty(generator, TRUE);
    json_generator_set_root(generator, node);
    text = json_generator_to_data(generator, NULL);
    puts(text);
}

int report_end(int exit_code)
{
    clear_progress();
    if (report.json) {
        print_json(exit_code);
    } else {
        json_array_unref(report.messages);
        json_array_unref(report.changes);
        json_array_unref(report.checks);
        json_object_unref(report.values);
    }
    return exit_code;
}
