/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <errno.h>
#include <string.h>

#include "command.h"
#include "xapi.h"

/* ---- What it is ---------------------------------------------------------------- */

/* The value of KEY=value in a file of such lines, without quotes; or NULL. */
static char *value_in(const Options *options, const char *file, const char *key)
{
    g_autofree char *path = options_path(options, file);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i, length = strlen(key);

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        if (strncmp(lines[i], key, length) == 0 && lines[i][length] == '=') {
            char *value = g_strdup(g_strstrip(lines[i] + length + 1));
            size_t end = strlen(value);

            if (end >= 2 && strchr("'\"", value[0]) &&
                value[end - 1] == value[0]) {
                value[end - 1] = '\0';
                memmove(value, value + 1, end - 1);
            }
            return value;
        }
    }
    return NULL;
}

/* "XCP-ng release 8.3.0 (xenenterprise)": the words around " release ". */
static void read_redhat_release(Host *host, const Options *options)
{
    g_autofree char *path = options_path(options, "/etc/redhat-release");
    g_autofree char *text = NULL;
    char *release;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return;
    }
    release = strstr(text, " release ");
    if (release) {
        host->brand = g_strndup(text, (size_t)(release - text));
        release += strlen(" release ");
        host->version = g_strndup(release, strspn(release, "0123456789."));
    }
}

Host *host_new(const Options *options)
{
    Host *host = g_new0(Host, 1);

    /* The inventory first: the toolstack itself goes by it. */
    host->brand = value_in(options, "/etc/xensource-inventory",
                           "PRODUCT_BRAND");
    host->version = value_in(options, "/etc/xensource-inventory",
                             "PRODUCT_VERSION");
    if (!host->brand || !host->version) {
        g_clear_pointer(&host->brand, g_free);
        g_clear_pointer(&host->version, g_free);
        host->brand = value_in(options, "/etc/os-release", "NAME");
        host->version = value_in(options, "/etc/os-release", "VERSION_ID");
    }
    if (!host->brand || !host->version) {
        g_clear_pointer(&host->brand, g_free);
        g_clear_pointer(&host->version, g_free);
        read_redhat_release(host, options);
    }
    if (!host->brand) {
        host->brand = g_strdup("");
        host->version = g_strdup("");
    }
    return host;
}

void host_free(Host *host)
{
    if (host) {
        g_free(host->brand);
        g_free(host->version);
        g_free(host);
    }
}

static bool is_release(const Host *host, const char *release)
{
    size_t length = strlen(release);

    return strncmp(host->version, release, length) == 0 &&
           (host->version[length] == '\0' || host->version[length] == '.');
}

char *host_problem(const Host *host, const char **remedy)
{
    static const char *const old[] = { "7", "8.0", "8.1" };
    size_t i;

    *remedy =
        "install on XCP-ng 8.2 or 8.3; --any-release goes on all the same";
    if (!host->brand[0]) {
        return g_strdup("this is no XCP-ng host: no /etc/xensource-inventory, "
                        "/etc/os-release or /etc/redhat-release says so");
    }
    if (strcmp(host->brand, "XCP-ng") != 0) {
        return g_strdup_printf("this host is %s %s, not XCP-ng", host->brand,
                               host->version);
    }
    for (i = 0; i < G_N_ELEMENTS(old); i++) {
        if (is_release(host, old[i])) {
            *remedy = "update the host to XCP-ng 8.2 or 8.3";
            return g_strdup_printf("XCP-ng %s has QEMU 2.10, which the device "
                                   "does not support",
                                   host->version);
        }
    }
    if (!is_release(host, "8.2") && !is_release(host, "8.3")) {
        return g_strdup_printf("XCP-ng %s is not a release that this was made "
                               "for",
                               host->version);
    }
    return NULL;
}

/* ---- What runs on it ------------------------------------------------------------ */

/* "name-label ( RW)    : web server" */
static const char *name_in(const char *line)
{
    const char *at = g_str_has_prefix(line, "name-label ( ") ? strchr(line, ')')
                                                             : NULL;

    if (!at) {
        return NULL;
    }
    at += 1 + strspn(at + 1, " ");
    return g_str_has_prefix(at, ": ") ? at + 2 : NULL;
}

GPtrArray *host_parse_names(const char *list)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        const char *name = name_in(g_strchug(lines[i]));

        if (name) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    return names;
}

static bool list_vms(const char *xe, const char *state, GPtrArray *names,
                     char **why)
{
    g_autofree char *filter = g_strdup_printf("power-state=%s", state);
    const char *argv[] = {
        xe,  "vm-list", filter, "is-control-domain=false", "params=name-label",
        NULL
    };
    g_autofree char *output = NULL;
    g_autoptr(GPtrArray) found = NULL;
    int status = command_run(argv, &output, NULL, NULL);
    guint i;

    if (status != 0) {
        if (status < 0) {
            *why = g_strdup_printf("xe does not run: %s", strerror(-status));
        } else {
            *why = g_strdup_printf("xe vm-list ends with %d: %s", status,
                                   g_strdelimit(g_strstrip(output), "\n", ' '));
        }
        return false;
    }
    found = host_parse_names(output);
    for (i = 0; i < found->len; i++) {
        g_ptr_array_add(names, g_strdup(found->pdata[i]));
    }
    return true;
}

GPtrArray *host_running_vms(const Options *options, char **why)
{
    g_autofree char *xe = xapi_xe(options);
    GPtrArray *names;

    *why = NULL;
    if (!xe) {
        *why = g_strdup("there is no xe");
        return NULL;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    if (!list_vms(xe, "running", names, why) ||
        !list_vms(xe, "paused", names, why)) {
        g_ptr_array_unref(names);
        return NULL;
    }
    return names;
}
