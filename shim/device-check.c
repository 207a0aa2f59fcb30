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

/* Another QEMU differs in one of these; a copy with its times kept, in ctime. */
static char *cache_line(const struct stat *info, const char *device)
{
    return g_strdup_printf(
        "%llu %llu %llu %lld.%09ld %lld.%09ld %s\n",
        (unsigned long long)info->st_dev, (unsigned long long)info->st_ino,
        (unsigned long long)info->st_size, (long long)info->st_mtim.tv_sec,
        info->st_mtim.tv_nsec, (long long)info->st_ctim.tv_sec,
        info->st_ctim.tv_nsec, device);
}

/* The cache is root's alone: else anybody could vouch for a QEMU. */
static bool is_cached(const char *cache, const char *line)
{
    g_autofree char *text = NULL;
    struct stat info;

    return lstat(cache, &info) == 0 && S_ISREG(info.st_mode) &&
           info.st_uid == geteuid() && !(info.st_mode & (S_IWGRP | S_IWOTH)) &&
           g_file_get_contents(cache, &text, NULL, NULL) &&
           strcmp(text, line) == 0;
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

bool device_check(const char *qemu, char *const *words, const char *cache,
                  char **why)
{
    GString *devices = g_string_new(NULL);
    g_autofree char *list = NULL;
    g_autofree char *line = NULL;
    struct stat info;
    bool good = true;
    size_t i;

    for (i = 0; words[i] && words[i + 1]; i++) {
        if (strcmp(words[i], "-device") == 0) {
            g_autofree char *names = g_strdup(words[i + 1]);
            char *at;

            /* The values do not matter here: the rules have judged them. */
            while ((at = strchr(names, '='))) {
                size_t value = strcspn(at, ",");

                memmove(at, at + value, strlen(at + value) + 1);
            }
            g_string_append_printf(devices, "%s ", names);
        }
    }
    list = g_string_free(devices, FALSE);
    if (stat(qemu, &info) < 0) {
        *why = g_strdup_printf("%s: %s", qemu, g_strerror(errno));
        return false;
    }
    line = cache_line(&info, list);
    if (is_cached(cache, line)) {
        return true;
    }
    for (i = 0; good && words[i] && words[i + 1]; i++) {
        if (strcmp(words[i], "-device") == 0) {
            good = check_word(qemu, words[++i], why);
        }
    }
    if (good) {
        /* It only saves time: a failure is none. */
        (void)g_file_set_contents(cache, line, -1, NULL);
    }
    return good;
}
