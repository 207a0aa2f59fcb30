/* SPDX-License-Identifier: MIT */
#include "xenopsd.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/paths.h"
#include "textfile.h"

/* ---- Its configuration ---------------------------------------------------------- */

static bool is_gap(char c)
{
    /* xenopsd's own expression has the backslash among the blanks. */
    return c == ' ' || c == '\t' || c == '\\';
}

/* The key before an equals sign: what ends there. *length is 0 for none. */
static const char *key_before(const char *line, const char *equals,
                              size_t *length)
{
    const char *end = equals, *start;

    while (end > line && is_gap(end[-1])) {
        end--;
    }
    for (start = end; start > line && !is_gap(start[-1]) && start[-1] != '=';) {
        start--;
    }
    *length = (size_t)(end - start);
    return start;
}

/* Without the quotes around it. g_free. */
static char *unquoted(const char *value)
{
    size_t length = strlen(value);

    if (length >= 2 && value[0] == value[length - 1] &&
        (value[0] == '"' || value[0] == '\'')) {
        return g_strndup(value + 1, length - 2);
    }
    return g_strdup(value);
}

/* The value that one line gives the key, or NULL. */
static char *value_of_line(char *line, const char *key)
{
    const char *equals, *start;
    size_t length;

    line[strcspn(line, "#")] = '\0';
    for (length = strlen(line);
         length && (line[length - 1] == ' ' || line[length - 1] == '\t');
         length--) {
        line[length - 1] = '\0';
    }
    for (equals = strchr(line, '='); equals; equals = strchr(equals + 1, '=')) {
        start = key_before(line, equals, &length);
        if (length) {
            if (length != strlen(key) || memcmp(start, key, length) != 0) {
                return NULL;
            }
            for (equals++; is_gap(*equals); equals++) {
            }
            return unquoted(equals);
        }
    }
    return NULL;
}

char *xenopsd_config_value(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    char *value = NULL;
    size_t i;

    for (i = 0; lines[i]; i++) {
        char *found = value_of_line(lines[i], key);

        if (found) {
            g_free(value);
            value = found;
        }
    }
    return value;
}

void xenopsd_setting_free(XenopsdSetting *setting)
{
    if (setting) {
        g_free(setting->path);
        g_free(setting->value);
        g_free(setting);
    }
}

static void add_setting(const Options *options, GPtrArray *settings,
                        const char *path, const char *key)
{
    g_autofree char *file = options_path(options, path);
    g_autofree char *text = NULL;
    XenopsdSetting *setting;
    char *value;
    size_t length;

    if (textfile_read(file, XENOPSD_FILE_LIMIT, &text, &length) < 0) {
        return;
    }
    value = xenopsd_config_value(text, key);
    if (value) {
        setting = g_new0(XenopsdSetting, 1);
        setting->path = g_strdup(path);
        setting->value = value;
        g_ptr_array_add(settings, setting);
    }
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *xenopsd_settings(const Options *options, const char *key)
{
    GPtrArray *settings = g_ptr_array_new_with_free_func(
        (GDestroyNotify)xenopsd_setting_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *directory = options_path(options, HOST_CONFIG_DIR);
    GDir *open = g_dir_open(directory, 0, NULL);
    const char *name;
    guint i;

    add_setting(options, settings, XENOPSD_CONFIG, key);
    while (open && (name = g_dir_read_name(open))) {
        g_ptr_array_add(names, g_strconcat(HOST_CONFIG_DIR "/", name, NULL));
    }
    if (open) {
        g_dir_close(open);
    }
    g_ptr_array_sort(names, compare_names);
    for (i = 0; i < names->len; i++) {
        add_setting(options, settings, names->pdata[i], key);
    }
    return settings;
}

/* ---- Its unit ------------------------------------------------------------------- */

static bool same_directory(const char *word, const char *directory)
{
    size_t length = strlen(directory);

    return strncmp(word, directory, length) == 0 &&
           !word[length + strspn(word + length, "/")];
}

gint64 xenopsd_changed(const Options *options, const char *path)
{
    g_autofree char *file = options_path(options, path);
    struct stat status;

    return stat(file, &status) < 0
               ? 0
               : (gint64)status.st_mtim.tv_sec * G_USEC_PER_SEC +
                     status.st_mtim.tv_nsec / 1000;
}

bool xenopsd_unit_names(const char *unit, const char *directory)
{
    static const char option[] = "--config-dir";
    g_auto(GStrv) lines = g_strsplit(unit, "\n", -1);
    bool names = false;
    size_t i, j;

    for (i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit_set(lines[i], " \t", -1);

        if (strchr("#;", g_strchug(lines[i])[0]) && lines[i][0]) {
            continue;
        }
        for (j = 0; words[j]; j++) {
            if (strcmp(words[j], option) == 0 && words[j + 1]) {
                names = same_directory(words[j + 1], directory);
            } else if (g_str_has_prefix(words[j], "--config-dir=")) {
                names = same_directory(words[j] + sizeof(option), directory);
            }
        }
    }
    return names;
}

bool xenopsd_reads_directory(const Options *options, const char *directory)
{
    /* In systemd's order: the administrator's goes before the package's. */
    static const char *const units[] = {
        "/etc/systemd/system/" XENOPSD_UNIT,
        "/usr/lib/systemd/system/" XENOPSD_UNIT,
    };
    g_autofree char *path = options_path(options, directory);
    size_t i;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return false;
    }
    for (i = 0; i < G_N_ELEMENTS(units); i++) {
        g_autofree char *file = options_path(options, units[i]);
        g_autofree char *unit = NULL;
        size_t length;

        if (textfile_read(file, XENOPSD_FILE_LIMIT, &unit, &length) == 0) {
            return xenopsd_unit_names(unit, directory);
        }
    }
    return false;
}

/* ---- Its process ---------------------------------------------------------------- */

/* Bytes of /proc/uptime and /proc/PID/stat, which are one line. */
#define PROC_LIMIT ((size_t)4096)

/* A small file of /proc, or NULL. g_free. */
static char *read_proc(const Options *options, const char *name)
{
    g_autofree char *path = g_strconcat(options->root, "/proc/", name, NULL);
    char *text = NULL;
    size_t length;

    return textfile_read(path, PROC_LIMIT, &text, &length) == 0 ? text : NULL;
}

/* When the host was booted, in microseconds since 1970; 0: unknown. "btime" of
 * /proc/stat has whole seconds, which is too coarse for what is compared here. */
static gint64 boot_time(const Options *options)
{
    /* Before the other clock: where this process has to wait between them, the
     * time is too early, and somebody is asked for a restart too many. */
    const gint64 now = g_get_real_time();
    g_autofree char *text = read_proc(options, "uptime");
    double up = text ? g_ascii_strtod(text, NULL) : 0;

    return up > 0 ? now - (gint64)(up * G_USEC_PER_SEC) : 0;
}

/* Clock ticks from boot to the start of a process; -1: it is not xenopsd. */
static gint64 start_ticks(const Options *options, const char *pid)
{
    g_autofree char *name = g_strconcat(pid, "/stat", NULL);
    g_autofree char *text = read_proc(options, name);
    g_auto(GStrv) fields = NULL;
    const char *comm = text ? strchr(text, '(') : NULL;
    const char *rest = text ? strrchr(text, ')') : NULL;

    if (!comm || !rest || !g_str_has_prefix(comm, "(xenopsd-xc)")) {
        return -1;
    }
    /* proc(5): the 22nd field; the third is the first behind the name. */
    fields = g_strsplit(rest + 1 + strspn(rest + 1, " "), " ", -1);
    return g_strv_length(fields) > 19 ? g_ascii_strtoll(fields[19], NULL, 10)
                                      : -1;
}

XenopsdState xenopsd_started(const Options *options, gint64 *since)
{
    g_autofree char *proc = options_path(options, "/proc");
    const gint64 boot = boot_time(options);
    const gint64 per_second = sysconf(_SC_CLK_TCK);
    GDir *open = boot && per_second > 0 ? g_dir_open(proc, 0, NULL) : NULL;
    const char *pid;
    gint64 oldest = -1;

    if (!open) {
        return XENOPSD_UNKNOWN;
    }
    while ((pid = g_dir_read_name(open))) {
        gint64 ticks = g_ascii_isdigit(pid[0]) ? start_ticks(options, pid) : -1;

        /* A child of it that has not yet become another has its name. */
        if (ticks >= 0 && (oldest < 0 || ticks < oldest)) {
            oldest = ticks;
        }
    }
    g_dir_close(open);
    if (oldest < 0) {
        return XENOPSD_DOWN;
    }
    *since = boot + oldest * G_USEC_PER_SEC / per_second;
    return XENOPSD_RUNS;
}
