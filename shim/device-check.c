/* SPDX-License-Identifier: MIT */
#include "shim/device-check.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- What was found before ------------------------------------------------------ */

/* Lines that are kept: as many kinds of devices as hosts ever have. */
#define CACHE_LINES 32

/* Another QEMU differs in one of these; a copy with its times kept, in ctime. */
static char *qemu_identity(const struct stat *info)
{
    return g_strdup_printf(
        "%llu %llu %llu %lld.%09ld %lld.%09ld ",
        (unsigned long long)info->st_dev, (unsigned long long)info->st_ino,
        (unsigned long long)info->st_size, (long long)info->st_mtim.tv_sec,
        info->st_mtim.tv_nsec, (long long)info->st_ctim.tv_sec,
        info->st_ctim.tv_nsec);
}

/*
 * The lines of the cache that are about this QEMU: what it is, then a device and
 * its properties. The cache is root's alone: else anybody could vouch for a QEMU.
 */
static GPtrArray *read_cache(const char *cache, const char *identity)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;
    g_auto(GStrv) all = NULL;
    struct stat info;
    size_t i;

    if (lstat(cache, &info) < 0 || !S_ISREG(info.st_mode) ||
        info.st_uid != geteuid() || info.st_mode & (S_IWGRP | S_IWOTH) ||
        !g_file_get_contents(cache, &text, NULL, NULL)) {
        return lines;
    }
    all = g_strsplit(text, "\n", -1);
    for (i = 0; all[i] && lines->len < CACHE_LINES; i++) {
        if (g_str_has_prefix(all[i], identity)) {
            g_ptr_array_add(lines, g_strdup(all[i]));
        }
    }
    return lines;
}

static bool has_line(const GPtrArray *lines, const char *line)
{
    guint i;

    for (i = 0; i < lines->len; i++) {
        if (strcmp(lines->pdata[i], line) == 0) {
            return true;
        }
    }
    return false;
}

/* It only saves time: a failure is none. */
static void write_cache(const char *cache, const GPtrArray *lines)
{
    GString *text = g_string_new(NULL);
    guint i;

    for (i = 0; i < lines->len; i++) {
        g_string_append_printf(text, "%s\n", (char *)lines->pdata[i]);
    }
    (void)g_file_set_contents(cache, text->str, (gssize)text->len, NULL);
    g_string_free(text, TRUE);
}

/* ---- Asking --------------------------------------------------------------------- */

/* Whoever asked may be killed at any time; nothing is to be left over then. */
static void end_with_parent(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static char *ask(const char *qemu, const char *device, char **why)
{
    g_autofree char *words = g_strdup_printf("%s,help", device);
    g_autofree char *title = g_strdup_printf("%s options:", device);
    char *argv[] = { (char *)qemu, (char *)"-device", words, NULL };
    g_autoptr(GError) error = NULL;
    char *help = NULL;

    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL,
                      end_with_parent, NULL, &help, NULL, NULL, &error)) {
        *why = g_strdup_printf("QEMU does not run: %s", error->message);
        return NULL;
    }
    /* Its exit status says nothing: it is 0 for an unknown device, too. */
    if (!g_str_has_prefix(help, title)) {
        *why = g_strdup_printf("%s has no device %s", qemu, device);
        g_clear_pointer(&help, g_free);
    }
    return help;
}

/* `-device X,help` has "  NAME=<TYPE>" lines. */
static bool has_property(const char *help, const char *name)
{
    g_autofree char *start = g_strdup_printf("%s=", name);
    g_auto(GStrv) lines = g_strsplit(help, "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(g_strchug(lines[i]), start)) {
            return true;
        }
    }
    return false;
}

static bool check_word(const char *qemu, const char *word, char **why)
{
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);
    g_autofree char *help = ask(qemu, parts[0], why);
    size_t i;

    for (i = 1; help && parts[i]; i++) {
        parts[i][strcspn(parts[i], "=")] = '\0';
        if (!has_property(help, parts[i])) {
            *why = g_strdup_printf("the device %s of %s has no property %s",
                                   parts[0], qemu, parts[i]);
            return false;
        }
    }
    return help != NULL;
}

/* "NAME,PROPERTY,PROPERTY": the values do not matter, the rules have judged
 * them. g_free. */
static char *names_of(const char *word)
{
    char *names = g_strdup(word);
    char *at;

    while ((at = strchr(names, '='))) {
        size_t value = strcspn(at, ",");

        memmove(at, at + value, strlen(at + value) + 1);
    }
    return names;
}

bool device_check(const char *qemu, char *const *words, const char *cache,
                  char **why)
{
    g_autofree char *identity = NULL;
    g_autoptr(GPtrArray) lines = NULL;
    struct stat info;
    guint known;
    size_t i;

    if (stat(qemu, &info) < 0) {
        *why = g_strdup_printf("%s: %s", qemu, g_strerror(errno));
        return false;
    }
    identity = qemu_identity(&info);
    lines = read_cache(cache, identity);
    known = lines->len;
    for (i = 0; words[i] && words[i + 1]; i += 2) {
        g_autofree char *names = names_of(words[i + 1]);
        g_autofree char *line = g_strconcat(identity, names, NULL);

        if (strcmp(words[i], "-device") != 0 || has_line(lines, line)) {
            continue;
        }
        if (!check_word(qemu, words[i + 1], why)) {
            return false;
        }
        g_ptr_array_add(lines, g_steal_pointer(&line));
    }
    if (lines->len > known) {
        write_cache(cache, lines);
    }
    return true;
}
