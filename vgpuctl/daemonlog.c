/* SPDX-License-Identifier: MIT */
#include "daemonlog.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shim/paths.h"
#include "textfile.h"
#include "vgpu/properties.h"

#define XENSOURCE_LOG "/var/log/xensource.log"

/* Of each log: hundreds of starts, and read in a moment. */
#define TAIL_LIMIT ((size_t)4 * 1024 * 1024)

/* The name of the writer is at most the sixth word: three of the date, the
 * host, and where one names it, the daemon that hands the line on. */
#define WORDS_BEFORE 5

/* An hour: a clock that was set back, or a line without its zone. */
#define FUTURE_LIMIT 3600

/* Seconds between what a wrapper logs and its QEMU's start, as the clocks of both
 * have it. A host does not come up twice in that time. */
#define START_WINDOW_S 30

static void line_free(gpointer data)
{
    DaemonLine *line = data;

    g_free(line->text);
    g_free(line);
}

DaemonLog *daemonlog_new(void)
{
    DaemonLog *log = g_new0(DaemonLog, 1);

    log->lines = g_ptr_array_new_with_free_func(line_free);
    return log;
}

void daemonlog_free(DaemonLog *log)
{
    if (log) {
        g_ptr_array_unref(log->lines);
        g_free(log->type_error_line);
        g_free(log->bad_config_line);
        g_free(log->timeout_line);
        g_free(log);
    }
}

/* ---- One line ------------------------------------------------------------------- */

/* "Nov 20 13:20:01", which has no year: the last such moment that has been. */
static gint64 short_time(const char *line, gint64 now)
{
    time_t current = (time_t)now;
    struct tm when, today;
    gint64 time_of_year;

    if (!localtime_r(&current, &today)) {
        return 0;
    }
    memset(&when, 0, sizeof(when));
    if (!strptime(line, "%b %d %H:%M:%S", &when)) {
        return 0;
    }
    when.tm_year = today.tm_year;
    when.tm_isdst = -1;
    time_of_year = (gint64)mktime(&when);
    if (time_of_year > now + FUTURE_LIMIT) {
        when.tm_year--;
        when.tm_isdst = -1;
        time_of_year = (gint64)mktime(&when);
    }
    return time_of_year > 0 ? time_of_year : 0;
}

/* "2026-11-20T13:20:01.123456+00:00". */
static gint64 iso_time(const char *line)
{
    struct tm when;
    const char *zone;
    int hours = 0, minutes = 0;
    gint64 time_of_day;

    memset(&when, 0, sizeof(when));
    zone = strptime(line, "%Y-%m-%dT%H:%M:%S", &when);
    if (!zone) {
        return 0;
    }
    time_of_day = (gint64)timegm(&when);
    if (*zone == '.') {
        zone += 1 + strspn(zone + 1, "0123456789");
    }
    if (sscanf(zone + (*zone != '\0'), "%2d:%2d", &hours, &minutes) == 2) {
        time_of_day += (*zone == '-' ? 60 : -60) *
                       (gint64)(hours * 60 + minutes);
    }
    return time_of_day > 0 ? time_of_day : 0;
}

static gint64 line_time(const char *line, gint64 now)
{
    return g_ascii_isdigit(line[0]) ? iso_time(line) : short_time(line, now);
}

/* A number of at most seven digits; moves *at behind it. -1: none. */
static int number(const char **at)
{
    size_t digits = strspn(*at, "0123456789");
    int value;

    if (digits < 1 || digits > 7) {
        return -1;
    }
    value = (int)g_ascii_strtoll(*at, NULL, 10);
    *at += digits;
    return value;
}

/* "qemu-dm-21[4711]: text", "qemu-dm-21: text". */
static DaemonLine *parse_name(const char *at)
{
    DaemonLine *line;
    int domid, pid = 0;

    if (!g_str_has_prefix(at, "qemu-dm-")) {
        return NULL;
    }
    at += strlen("qemu-dm-");
    domid = number(&at);
    if (domid >= 0 && *at == '[') {
        at++;
        pid = number(&at);
        if (pid <= 0 || *at != ']') {
            return NULL;
        }
        at++;
    }
    if (domid < 0 || at[0] != ':' || at[1] != ' ') {
        return NULL;
    }
    line = g_new0(DaemonLine, 1);
    line->domid = domid;
    line->pid = pid;
    line->text = g_strdup(at + 2);
    return line;
}

static DaemonLine *parse_line(const char *text)
{
    const char *at = text;
    int word;

    for (word = 0; at && word <= WORDS_BEFORE; word++) {
        DaemonLine *line = parse_name(at);

        if (line) {
            return line;
        }
        at = strchr(at, ' ');
        at = at ? at + strspn(at, " ") : NULL;
    }
    return NULL;
}

static void remember(const char *line, gint64 now, gint64 *when, char **text)
{
    *when = line_time(line, now);
    g_free(*text);
    *text = g_strdup(line);
}

/* QEMU's own words about a state that it does not take; the lines that quote what
 * a VM's administrator wrote are not its. */
static bool is_bad_config(const char *text)
{
    return strstr(text, "get_pci_config_device: Bad config data: ") &&
           !g_str_has_prefix(text, DAEMONLOG_ADDING) &&
           !g_str_has_prefix(text, DAEMONLOG_SHIM) &&
           !g_str_has_prefix(text, DAEMONLOG_EXEC);
}

void daemonlog_add(DaemonLog *log, const char *line, gint64 now)
{
    DaemonLine *parsed = parse_line(line);

    if (parsed && g_str_has_prefix(parsed->text, "TypeError: ") &&
        strstr(parsed->text, "bytes found")) {
        remember(line, now, &log->type_error, &log->type_error_line);
    }
    if (parsed && is_bad_config(parsed->text)) {
        remember(line, now, &log->bad_config, &log->bad_config_line);
    }
    if (parsed && g_str_has_prefix(parsed->text, DAEMONLOG_ADDING) &&
        strstr(parsed->text, VGPU_DEVICE_NAME)) {
        log->starts++;
    }
    if (parsed) {
        parsed->time = line_time(line, now);
        g_ptr_array_add(log->lines, parsed);
    } else if (strstr(line, "Timeout reached while starting ")) {
        remember(line, now, &log->timeout, &log->timeout_line);
    }
}

/* ---- The files -------------------------------------------------------------------- */

static int add_file(DaemonLog *log, const Options *options, const char *name)
{
    g_autofree char *path = options_path(options, name);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *text = NULL;
    int result = textfile_tail(path, TAIL_LIMIT, &text);
    char *rest = text, *line;

    while (rest && (line = strsep(&rest, "\n"))) {
        daemonlog_add(log, line, now);
    }
    return result;
}

DaemonLog *daemonlog_read(const Options *options, char **why)
{
    DaemonLog *log = daemonlog_new();
    int result;

    *why = NULL;
    add_file(log, options, XENSOURCE_LOG);
    result = add_file(log, options, HOST_DAEMON_LOG);
    if (result < 0) {
        *why = g_strdup_printf(HOST_DAEMON_LOG ": %s", textfile_error(result));
    }
    return log;
}

/* ---- Finding ----------------------------------------------------------------------- */

/* By the pid; that of an earlier boot can be the same, but its time is not. */
static bool is_of_start(const DaemonLine *line, const Domain *domain)
{
    const bool timed = line->time && domain->started;

    if (line->domid != domain->domid ||
        (timed && line->time < domain->started - START_WINDOW_S)) {
        return false;
    }
    if (line->pid &&
        (line->pid == domain->pid || line->pid == domain->parent)) {
        return true;
    }
    return timed && line->time <= domain->started + START_WINDOW_S;
}

const char *daemonlog_find(const DaemonLog *log, const Domain *domain,
                           const char *prefix)
{
    guint i;

    for (i = log->lines->len; i-- > 0;) {
        const DaemonLine *line = log->lines->pdata[i];

        if (is_of_start(line, domain) && g_str_has_prefix(line->text, prefix)) {
            return line->text;
        }
    }
    return NULL;
}
