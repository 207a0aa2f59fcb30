/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vgpud/config.h"
#include "vgpud/registry.h"

#define REGISTRY_ERROR g_quark_from_static_string("vgpud-registry")

void vm_settings_free(VmSettings *settings)
{
    if (settings) {
        g_free(settings->uuid);
        g_free(settings->backend);
        g_free(settings->device);
        g_free(settings->delay_ms);
        g_free(settings->job_limit_ms);
        g_free(settings);
    }
}

gboolean registry_is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i;

    if (strlen(text) != sizeof(form) - 1) {
        return FALSE;
    }
    for (i = 0; form[i]; i++) {
        if (form[i] == '-' ? text[i] != '-'
                           : !strchr("0123456789abcdef", text[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- Keys ------------------------------------------------------------------------------ */

static gboolean set_text(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
    return *value != '\0';
}

static gboolean set_number(char **field, const char *value)
{
    uint32_t number;

    return set_text(field, value) && config_number(value, 86400000, &number);
}

/* NULL: it is right. Else what is allowed. */
static const char *set(VmSettings *settings, const char *key, const char *value)
{
    if (strcmp(key, "pool") == 0) {
        return config_set_pool(&settings->config, value) ? NULL
                                                         : config_pools();
    }
    if (strcmp(key, "priority") == 0) {
        return config_set_priority(&settings->config, value)
                   ? NULL
                   : config_priorities();
    }
    if (strcmp(key, "vm_id") == 0) {
        return config_set_vm_id(&settings->config, value) ? NULL
                                                          : " 0 to 4294967295";
    }
    if (strcmp(key, "backend") == 0) {
        return set_text(&settings->backend, value) ? NULL : " a name";
    }
    if (strcmp(key, "device") == 0) {
        return set_text(&settings->device, value) ? NULL : " a text";
    }
    if (strcmp(key, "delay_ms") == 0) {
        return set_number(&settings->delay_ms, value) ? NULL : " milliseconds";
    }
    if (strcmp(key, "job_limit_ms") == 0) {
        return set_number(&settings->job_limit_ms, value) ? NULL
                                                          : " milliseconds";
    }
    return " pool priority vm_id backend device delay_ms job_limit_ms as keys";
}

static gboolean set_all(VmSettings *settings, GKeyFile *file, const char *path,
                        GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, REGISTRY_GROUP, NULL, error);
    size_t i;

    for (i = 0; keys && keys[i]; i++) {
        g_autofree char *value = g_key_file_get_string(file, REGISTRY_GROUP,
                                                       keys[i], error);
        const char *allowed = value ? set(settings, keys[i], value) : NULL;

        if (!value) {
            g_prefix_error(error, "%s: ", path);
            return FALSE;
        }
        if (allowed) {
            g_set_error(error, REGISTRY_ERROR, 0,
                        "%s: %s=%s is not allowed; allowed:%s", path, keys[i],
                        value, allowed);
            return FALSE;
        }
    }
    if (!keys) {
        g_prefix_error(error, "%s: ", path);
    }
    return keys != NULL;
}

/* ---- Files -------------------------------------------------------------------------------- */

static char *uuid_of(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    if (!g_str_has_suffix(name, REGISTRY_SUFFIX)) {
        return NULL;
    }
    name[strlen(name) - strlen(REGISTRY_SUFFIX)] = '\0';
    return registry_is_uuid(name) ? g_strdup(name) : NULL;
}

static gboolean is_own(const char *path, GError **error)
{
    struct stat info;

    if (stat(path, &info) < 0 || !S_ISREG(info.st_mode) ||
        info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH))) {
        g_set_error(error, REGISTRY_ERROR, 0,
                    "%s: must be a file that root owns and nobody else "
                    "can write",
                    path);
        return FALSE;
    }
    return TRUE;
}

VmSettings *registry_read(const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    VmSettings *settings = g_new0(VmSettings, 1);

    settings->uuid = uuid_of(path);
    if (!settings->uuid) {
        g_set_error(error, REGISTRY_ERROR, 0,
                    "%s: the name is not a VM's uuid in lower case and %s",
                    path, REGISTRY_SUFFIX);
    } else if (is_own(path, error)) {
        if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error)) {
            g_prefix_error(error, "%s: ", path);
        } else if (set_all(settings, file, path, error)) {
            return settings;
        }
    }
    vm_settings_free(settings);
    return NULL;
}

GHashTable *registry_read_all(const char *directory, GError **error)
{
    GDir *dir = g_dir_open(directory, 0, error);
    const char *name;
    GHashTable *all;

    if (!dir) {
        return NULL;
    }
    all = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                (GDestroyNotify)vm_settings_free);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autoptr(GError) wrong = NULL;
        VmSettings *settings;

        if (!g_str_has_suffix(name, REGISTRY_SUFFIX)) {
            continue;
        }
        settings = registry_read(path, &wrong);
        if (settings) {
            g_hash_table_insert(all, settings->uuid, settings);
        } else {
            g_printerr("vgpud: %s: that VM has no accelerator\n",
                       wrong->message);
        }
    }
    g_dir_close(dir);
    return all;
}
