/* SPDX-License-Identifier: MIT */
#include "buildlog.h"

#include <string.h>

#include "buildlog-private.h"
#include "textfile.h"

/* A line that is kept for a reader: longer ones are command lines of make. */
#define KEPT_LENGTH 300

/* As many last lines as a reader wants to see of an unknown failure. */
#define LAST_LINES 12

/* How far below gcc's message the line of source is that it is about. */
#define SOURCE_LINE_DISTANCE 3

struct BuildLog {
    guint lines;
    BuildCause cause;
    guint evidence_number;
    char *evidence;
    char *detail; /* what the cause is about: a file, packages, a patch */
    GString *needs;
    bool listing_needs;
    char *first_error;
    guint first_error_number;
    char *patch;
    char *section;
    char *rpm;
    char *counter;
    guint patches;
    guint compiled;
    bool has_device;
    GQueue last;
};

BuildLog *build_log_new(void)
{
    BuildLog *log = g_new0(BuildLog, 1);

    g_queue_init(&log->last);
    log->needs = g_string_new(NULL);
    return log;
}

void build_log_free(BuildLog *log)
{
    if (!log) {
        return;
    }
    g_list_free_full(log->last.head, g_free);
    g_string_free(log->needs, TRUE);
    g_free(log->evidence);
    g_free(log->detail);
    g_free(log->first_error);
    g_free(log->patch);
    g_free(log->section);
    g_free(log->rpm);
    g_free(log->counter);
    g_free(log);
}

/* A build's log has some MiB; one of more is not read to its end. */
#define LOG_SIZE_LIMIT ((size_t)256 * 1024 * 1024)

BuildLog *build_log_read(const char *path)
{
    g_autofree char *data = NULL;
    BuildLog *log;
    size_t length;
    char *line, *rest;

    if (textfile_read(path, LOG_SIZE_LIMIT, &data, &length) < 0) {
        return NULL;
    }
    log = build_log_new();
    rest = data;
    while ((line = strsep(&rest, "\n"))) {
        build_log_line(log, line);
    }
    return log;
}

/* Text as it can be shown and put into JSON: valid UTF-8, no controls. */
static char *printable(const char *text)
{
    char *clean = g_utf8_make_valid(text, -1);
    char *c;

    for (c = clean; *c; c++) {
        if ((guchar)*c < 0x20 || *c == 0x7f) {
            *c = ' ';
        }
    }
    return clean;
}

static char *cleaned(const char *line)
{
    g_autofree char *start = g_strndup(line, KEPT_LENGTH);

    return printable(start);
}

/* The word at the start of text, up to one of the characters in ends. */
static char *word_before(const char *text, const char *ends)
{
    g_autofree char *word = g_strndup(text, strcspn(text, ends));

    return cleaned(word);
}

static const char *after(const char *line, const char *mark)
{
    const char *found = strstr(line, mark);

    return found ? found + strlen(mark) : NULL;
}

/* ---- The cause ------------------------------------------------------------------ */

static void note(BuildLog *log, BuildCause cause, const char *line,
                 char *detail)
{
    bool stronger = build_cause_is_weak(log->cause) &&
                    (cause == BUILD_NO_SPACE || cause == BUILD_OUT_OF_MEMORY);

    if (log->cause != BUILD_UNKNOWN && !stronger) {
        g_free(detail);
        return;
    }
    log->cause = cause;
    g_free(log->evidence);
    g_free(log->detail);
    log->evidence = cleaned(line);
    log->detail = detail;
    log->evidence_number = log->lines;
}

/* "FILE:LINE:COLUMN: error: …", also without the column. */
static bool is_diagnostic(const char *line)
{
    const char *colon = strchr(line, ':');

    return colon && colon != line && g_ascii_isdigit(colon[1]) &&
           !memchr(line, ' ', (size_t)(colon - line)) &&
           (strstr(colon, ": error: ") || strstr(colon, ": fatal error: "));
}

static void take_diagnostic(BuildLog *log, const char *line)
{
    bool device = strstr(line, "vgpu-stub") &&
                  strstr(line, "vgpu-stub") < strchr(line, ':');
    bool warning = strstr(line, "[-Werror") != NULL;
    char *file = word_before(line, ":");

    if (strstr(line, "input-keymap-") && strstr(line, "No such file")) {
        /* The rule that makes them goes on when keymap-gen is not there. */
        note(log, BUILD_NO_KEYCODEMAPDB, line, file);
    } else if (device) {
        note(log, warning ? BUILD_DEVICE_WARNING : BUILD_DEVICE_ERROR, line,
             file);
    } else {
        note(log, warning ? BUILD_TREE_WARNING : BUILD_TREE_ERROR, line, file);
    }
}

/* gcc says "overflow" and shows the line of source below; gcc 4.8 does not name
 * the field in the message itself. */
static void take_source_line(BuildLog *log, const char *line)
{
    if ((log->cause == BUILD_DEVICE_WARNING ||
         log->cause == BUILD_TREE_WARNING) &&
        log->lines - log->evidence_number <= SOURCE_LINE_DISTANCE &&
        strstr(log->evidence, "[-Werror=overflow]") &&
        strstr(line, "class_id")) {
        log->cause = BUILD_CLASS_ID;
    }
}

static void take_configure_error(BuildLog *log, const char *line)
{
    const char *text = after(line, "ERROR: ");

    if (!text ||
        (text != line + strlen("ERROR: ") && !strstr(line, "meson.build:"))) {
        return;
    }
    if (strstr(text, "keycodemapdb")) {
        note(log, BUILD_NO_KEYCODEMAPDB, line, NULL);
    } else if (strstr(text, "Python")) {
        note(log, BUILD_PYTHON, line, NULL);
    } else {
        note(log, BUILD_CONFIGURE, line, cleaned(text));
    }
}

/* "\tlibaio-devel is needed by qemu-2:4.2.1-…", one below the other. */
static void take_need(BuildLog *log, const char *line)
{
    const char *end = strstr(line, " is needed by ");
    g_autofree char *need = NULL;
    g_autofree char *quoted = NULL;

    if (!end) {
        log->listing_needs = false;
        return;
    }
    need = g_strndup(line, (gsize)(end - line));
    g_strstrip(need);
    quoted = build_shell_word(need);
    g_string_append_printf(log->needs, "%s%s", log->needs->len ? " " : "",
                           quoted);
    if (log->cause == BUILD_MISSING_PACKAGES) {
        g_free(log->detail);
        log->detail = printable(log->needs->str);
    }
}

/* "…: FILE: No such file or directory" for a file that the spec names. */
static void take_missing_file(BuildLog *log, const char *line)
{
    g_autofree char *path = NULL;
    char *start;
    char *end = strstr(line, ": No such file");

    if (!end) {
        return;
    }
    path = g_strndup(line, (gsize)(end - line));
    g_strdelimit(path, "'\"`", ' ');
    /* "Cannot open" is tar's way to begin the reason. */
    if (g_str_has_suffix(path, ": Cannot open")) {
        path[strlen(path) - strlen(": Cannot open")] = '\0';
    }
    g_strchomp(path);
    start = strrchr(path, ' ');
    start = start ? start + 1 : path;
    if (strstr(start, "vgpu-stub.c")) {
        note(log, BUILD_NO_DEVICE_SOURCE, line, cleaned(start));
    } else if (strstr(start, "/SOURCES/") || strstr(line, "Bad file: ") ||
               strstr(line, "Bad source: ") ||
               g_str_has_prefix(line, "error: File ")) {
        note(log, BUILD_NO_SOURCE, line, cleaned(start));
    } else if (strstr(start, "keycodemapdb")) {
        note(log, BUILD_NO_KEYCODEMAPDB, line, cleaned(start));
    }
}

/* "sh: git: command not found"; make and dash have words of their own. */
static void take_missing_command(BuildLog *log, const char *line)
{
    static const char *const ends[] = { ": command not found",
                                        ": Command not found", ": not found" };
    const char *end = NULL;
    g_autofree char *start = NULL;
    char *name;
    size_t i;

    for (i = 0; !end && i < G_N_ELEMENTS(ends); i++) {
        end = g_str_has_suffix(line, ends[i])
                  ? line + strlen(line) - strlen(ends[i])
                  : NULL;
    }
    if (!end || (!strstr(line, "rpm-tmp.") && !strstr(line, "sh: ") &&
                 !g_str_has_prefix(line, "make"))) {
        return;
    }
    start = g_strndup(line, (gsize)(end - line));
    name = strrchr(start, ' ');
    name = cleaned(name ? name + 1 : start);
    note(log, g_str_has_prefix(name, "python") ? BUILD_PYTHON : BUILD_NO_TOOL,
         line, name);
}

static void take_error(BuildLog *log, const char *line)
{
    BuildCause cause = build_cause_of_words(line);

    if (cause != BUILD_UNKNOWN) {
        note(log, cause, line,
             cause == BUILD_PATCH ? g_strdup(log->patch) : NULL);
        return;
    }
    if (strstr(line, "error: Failed build dependencies:")) {
        note(log, BUILD_MISSING_PACKAGES, line, NULL);
        log->listing_needs = true;
        return;
    }
    take_missing_file(log, line);
    take_missing_command(log, line);
    take_configure_error(log, line);
    if (is_diagnostic(line)) {
        take_diagnostic(log, line);
    }
}

/* ---- How far it is -------------------------------------------------------------- */

/* "[12/345] Compiling …" (ninja), "  CC      hw/misc/x.o" (QEMU's make). */
static void take_compiled(BuildLog *log, const char *line)
{
    const char *text = line + strspn(line, " ");
    const char *close = *text == '[' ? strchr(text, ']') : NULL;

    if (close && g_ascii_isdigit(text[1]) &&
        strspn(text + 1, "0123456789/") == (size_t)(close - text) - 1) {
        g_free(log->counter);
        log->counter = word_before(text + 1, "]");
    } else if (g_str_has_prefix(text, "CC ") || strstr(text, " -c ")) {
        log->compiled++;
    } else {
        return;
    }
    if (strstr(text, "vgpu-stub")) {
        log->has_device = true;
    }
}

/*
 * The patch that is next. rpm prints its name (4.11: "Patch #1 (a.patch):") or
 * the shell's trace shows it, which may come mixed, because it is of a pipe:
 * "+ + /usr/lib/rpm/rpmuncompress /…/a.patch/usr/bin/patch".
 */
static void take_patch(BuildLog *log, const char *line)
{
    const char *end = strstr(line, ".patch");
    const char *start = end;
    char *name;

    if (!end || g_strcmp0(log->section, "prep") != 0) {
        return;
    }
    while (start > line && !strchr("/ ('\"", start[-1])) {
        start--;
    }
    name = g_strndup(start, (gsize)(end - start) + strlen(".patch"));
    if (g_strcmp0(name, log->patch) != 0) {
        log->patches++;
    }
    g_free(log->patch);
    log->patch = cleaned(name);
    g_free(name);
}

/* True for "qemu-4.2.1-….rpm": qemu itself and none of its other packages. */
static bool is_qemu_itself(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    return g_str_has_prefix(name, "qemu-") && g_ascii_isdigit(name[5]) &&
           g_str_has_suffix(name, ".rpm") &&
           !g_str_has_suffix(name, ".src.rpm");
}

static void take_progress(BuildLog *log, const char *line)
{
    const char *section = after(line, "Executing(%");

    if (section) {
        g_free(log->section);
        log->section = word_before(section, ")");
    } else if (g_str_has_prefix(line, "Wrote: ")) {
        if (is_qemu_itself(line + strlen("Wrote: "))) {
            g_free(log->rpm);
            log->rpm = g_strdup(line + strlen("Wrote: "));
        }
    } else {
        take_patch(log, line);
        take_compiled(log, line);
    }
}

static void keep(BuildLog *log, const char *line)
{
    if (line[strspn(line, " \t\r")] == '\0') {
        return;
    }
    g_queue_push_tail(&log->last, cleaned(line));
    if (g_queue_get_length(&log->last) > LAST_LINES) {
        g_free(g_queue_pop_head(&log->last));
    }
    if (!log->first_error &&
        (g_str_has_prefix(line, "error: ") || strstr(line, ": error: ") ||
         strstr(line, ": fatal error: ") ||
         strstr(line, "undefined reference"))) {
        log->first_error = cleaned(line);
        log->first_error_number = log->lines;
    }
}

void build_log_line(BuildLog *log, const char *line)
{
    log->lines++;
    /* rpm complains of dates in XCP-ng's changelog in every build. */
    if (strstr(line, "bogus date in %changelog")) {
        return;
    }
    keep(log, line);
    if (log->listing_needs) {
        take_need(log, line);
    }
    if (!log->listing_needs) {
        take_source_line(log, line);
        take_error(log, line);
    }
    take_progress(log, line);
}

/* ---- Answers ---------------------------------------------------------------------- */

BuildCause build_log_cause(const BuildLog *log)
{
    return log->cause;
}

char *build_log_summary(const BuildLog *log)
{
    return build_cause_summary(log->cause, log->detail);
}

char *build_log_remedy(const BuildLog *log)
{
    return build_cause_remedy(log->cause, log->detail);
}

const char *build_log_evidence(const BuildLog *log, guint *number)
{
    bool known = log->cause != BUILD_UNKNOWN;

    *number = known ? log->evidence_number : log->first_error_number;
    return known ? log->evidence : log->first_error;
}

char **build_log_last_lines(const BuildLog *log)
{
    GPtrArray *lines = g_ptr_array_new();
    GList *link;

    for (link = log->last.head; link; link = link->next) {
        g_ptr_array_add(lines, g_strdup(link->data));
    }
    g_ptr_array_add(lines, NULL);
    return (char **)g_ptr_array_free(lines, FALSE);
}

const char *build_log_rpm(const BuildLog *log)
{
    return log->rpm;
}

bool build_log_has_device(const BuildLog *log)
{
    return log->has_device;
}

const char *build_log_section(const BuildLog *log)
{
    return log->section;
}

char *build_log_progress(const BuildLog *log)
{
    if (log->counter) {
        return g_strdup_printf("compiled %s", log->counter);
    }
    if (log->compiled) {
        return g_strdup_printf("compiled %u", log->compiled);
    }
    if (log->patches && g_strcmp0(log->section, "prep") == 0) {
        return g_strdup_printf("patch %u %s", log->patches,
                               log->patch ? log->patch : "");
    }
    return g_strdup("");
}
