/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/paths.h"
#include "command.h"
#include "xapi.h"

/* Linux gives a program 2 MiB of arguments and no more (on 64 bit, with the
 * default limit of the stack); a QEMU's are some KiB. */
#define CMDLINE_LIMIT ((size_t)2 * 1024 * 1024)

/* ---- Reading texts ------------------------------------------------------------ */

char **domain_parse_cmdline(const char *data, size_t length)
{
    GPtrArray *words = g_ptr_array_new();
    size_t at = 0;

    while (at < length) {
        const char *end = memchr(data + at, '\0', length - at);
        size_t size = end ? (size_t)(end - data) - at : length - at;

        g_ptr_array_add(words, g_strndup(data + at, size));
        at += size + 1;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

pid_t domain_parse_pid(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    /* A pid of Linux has at most seven digits (4194304). */
    if (digits == 0 || digits > 7 || text[digits] != '\0') {
        return 0;
    }
    return (pid_t)strtol(text, NULL, 10);
}

static bool is_octal(char digit)
{
    return digit >= '0' && digit <= '7';
}

/* Takes one escape back, moves *at behind it. */
static char unescape_one(const char **at)
{
    const char *escape = *at + 1;

    if (is_octal(escape[0]) && is_octal(escape[1]) && is_octal(escape[2])) {
        *at += 4;
        return (char)((escape[0] - '0') * 64 + (escape[1] - '0') * 8 +
                      (escape[2] - '0'));
    }
    if (escape[0] == 'x' && g_ascii_isxdigit(escape[1]) &&
        g_ascii_isxdigit(escape[2])) {
        *at += 4;
        return (char)(g_ascii_xdigit_value(escape[1]) * 16 +
                      g_ascii_xdigit_value(escape[2]));
    }
    *at += 2;
    return escape[0] == 't'   ? '\t'
           : escape[0] == 'n' ? '\n'
           : escape[0] == 'r' ? '\r'
                              : escape[0];
}

/*
 * xenstore-read prints what is not printable as \t, \n, \r, three octal or,
 * behind an x, two hexadecimal digits, and a backslash as two.
 */
char *domain_unescape(const char *printed)
{
    GString *text = g_string_new(NULL);
    const char *at = printed;

    while (*at) {
        if (at[0] == '\\' && at[1]) {
            g_string_append_c(text, unescape_one(&at));
        } else {
            g_string_append_c(text, *at++);
        }
    }
    return g_string_free(text, FALSE);
}

/* ---- xenstore ------------------------------------------------------------------ */

int domain_xenstore_read(const char *path, char **value, char **why)
{
    const char *argv[] = { "timeout",       "-k", "2", "5",
                           "xenstore-read", path, NULL };
    g_autofree char *output = NULL;
    int status;

    *value = NULL;
    *why = NULL;
    status = command_run(argv, &output, NULL, NULL);
    if (status == 0) {
        if (g_str_has_suffix(output, "\n")) {
            output[strlen(output) - 1] = '\0';
        }
        *value = domain_unescape(output);
        return 0;
    }
    if (status == 124 || status == 137) {
        *why = g_strdup("xenstore does not answer within 5 seconds");
        return -ETIMEDOUT;
    }
    if (status == -ENOENT || status == 127) {
        *why = g_strdup("there is no program xenstore-read");
        return -ENOENT;
    }
    /* It exits with 1 for all else, too; the words tell. */
    if (output && strstr(output, "couldn't read path")) {
        return DOMAIN_NO_KEY;
    }
    *why = g_strdup_printf("xenstore-read fails: %s",
                           output && *g_strstrip(output)
                               ? g_strdelimit(output, "\n", ' ')
                               : "it ends without a word");
    return -EIO;
}

/* A key below /local/domain/<domid>/; as domain_xenstore_read(). */
static int read_of_domain(int domid, const char *key, char **value, char **why)
{
    g_autofree char *path = g_strdup_printf("/local/domain/%d/%s", domid, key);

    return domain_xenstore_read(path, value, why);
}

static bool read_args(Domain *domain, char **why)
{
    static const char *const keys[] = { ARGS_KEY, ARGS_KEY_OTHER };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *key = g_strconcat("platform/", keys[i], NULL);
        int result = read_of_domain(domain->domid, key, &domain->xenstore_args,
                                    why);

        if (result < 0) {
            return false;
        }
        if (result == 0) {
            domain->xenstore_key = keys[i];
            return true;
        }
    }
    return true;
}

/*
 * A domid is of one host only: another host of the pool has a domain of the
 * same number, and a VM that is being migrated has another uuid here.
 */
static bool is_of_vm(int domid, const char *uuid, char **why)
{
    g_autofree char *path = NULL;
    const char *name;
    int result = read_of_domain(domid, "vm", &path, why);

    if (result < 0) {
        return false;
    }
    if (result == DOMAIN_NO_KEY) {
        *why = g_strdup_printf("this host has no domain %d: the VM runs on "
                               "another host, or has just ended",
                               domid);
        return false;
    }
    name = g_str_has_prefix(path, "/vm/") ? path + strlen("/vm/") : path;
    if (g_ascii_strcasecmp(name, uuid) != 0) {
        *why = g_strdup_printf("domain %d of this host is of the VM %s: this "
                               "one runs on another host, or is being migrated",
                               domid, name);
        return false;
    }
    return true;
}

/* ---- /proc ----------------------------------------------------------------------- */

/* Files in /proc say that they are empty; so this reads to the end. */
static char *read_proc(pid_t pid, const char *name, size_t *length, int *error)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    GString *text;
    char chunk[4096];
    size_t n;

    if (!file) {
        *error = errno;
        return NULL;
    }
    text = g_string_new(NULL);
    while (text->len < CMDLINE_LIMIT &&
           (n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        g_string_append_len(text, chunk, (gssize)n);
    }
    *error = ferror(file) ? errno : 0;
    fclose(file);
    if (*error) {
        g_string_free(text, TRUE);
        return NULL;
    }
    *length = text->len;
    return g_string_free(text, FALSE);
}

static bool read_cmdline(Domain *domain, char **why)
{
    g_autofree char *name = g_strdup_printf("qemu-dm-%d", domain->domid);
    g_autofree char *data = NULL;
    size_t length = 0;
    int error = 0;

    data = read_proc(domain->pid, "cmdline", &length, &error);
    if (!data && (error == ENOENT || error == ESRCH)) {
        *why = g_strdup_printf("its QEMU (pid %d) is gone: it has ended or "
                               "crashed",
                               (int)domain->pid);
        return false;
    }
    if (!data) {
        *why = g_strdup_printf("/proc/%d/cmdline: %s", (int)domain->pid,
                               strerror(error));
        return false;
    }
    domain->argv = domain_parse_cmdline(data, length);
    if (!domain->argv[0]) {
        *why = g_strdup_printf("its QEMU (pid %d) has ended", (int)domain->pid);
        return false;
    }
    if (strcmp(domain->argv[0], name) != 0) {
        *why = g_strdup_printf("its QEMU is gone: process %d is %s, not %s",
                               (int)domain->pid, domain->argv[0], name);
        return false;
    }
    return true;
}

/* "btime 1700000000" of /proc/stat: when the host was booted; 0: not told. */
static gint64 boot_time(void)
{
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents("/proc/stat", &text, NULL, NULL)) {
        return 0;
    }
    at = strstr(text, "\nbtime ");
    return at ? g_ascii_strtoll(at + strlen("\nbtime "), NULL, 10) : 0;
}

/*
 * /proc/<pid>/stat: the 4th word is the parent, the 22nd clock ticks from the
 * boot to the start. The second is the name in parentheses, which can have
 * anything in it.
 */
static void read_stat(Domain *domain)
{
    g_autofree char *text = NULL;
    size_t length = 0;
    gint64 boot = boot_time();
    const char *at;
    int error = 0, word;

    text = read_proc(domain->pid, "stat", &length, &error);
    at = text ? strrchr(text, ')') : NULL;
    for (word = 2; at && word < 22; word++) {
        if (word == 4) {
            domain->parent = (pid_t)g_ascii_strtoll(at + 1, NULL, 10);
        }
        at = strchr(at + 1, ' ');
    }
    if (at && boot) {
        domain->started = boot + g_ascii_strtoll(at + 1, NULL, 10) /
                                     sysconf(_SC_CLK_TCK);
    }
}

int domain_binary(const Options *options, const Domain *domain)
{
    g_autofree char *running = g_strdup_printf("/proc/%d/exe",
                                               (int)domain->pid);
    g_autofree char *installed = options_path(options, HOST_QEMU);
    struct stat runs, is;

    if (stat(running, &runs) < 0 || stat(installed, &is) < 0) {
        return DOMAIN_BINARY_UNKNOWN;
    }
    return runs.st_dev == is.st_dev && runs.st_ino == is.st_ino
               ? DOMAIN_BINARY_INSTALLED
               : DOMAIN_BINARY_REPLACED;
}

char *domain_host_uuid(const Options *options)
{
    static const char key[] = "INSTALLATION_UUID='";
    g_autofree char *path = options_path(options, "/etc/xensource-inventory");
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        !(at = strstr(text, key))) {
        return NULL;
    }
    at += strlen(key);
    return g_strndup(at, strcspn(at, "'\n"));
}

/* ---- The whole -------------------------------------------------------------------- */

static bool find_pid(Domain *domain, char **why)
{
    g_autofree char *text = NULL;
    int result = read_of_domain(domain->domid, "qemu-pid", &text, why);

    if (result < 0) {
        return false;
    }
    if (result == DOMAIN_NO_KEY) {
        *why = g_strdup_printf("domain %d has no QEMU: it is starting, or no "
                               "HVM guest",
                               domain->domid);
        return false;
    }
    domain->pid = domain_parse_pid(text);
    if (domain->pid == 0) {
        *why = g_strdup_printf("xenstore has '%s' as the pid of its QEMU",
                               text);
        return false;
    }
    return true;
}

Domain *domain_of_domid(const Options *options, const char *uuid, int domid,
                        char **why)
{
    g_autoptr(Domain) domain = g_new0(Domain, 1);
    g_autofree char *socket = g_strdup_printf(HOST_QMP_LIBXL "%d", domid);

    *why = NULL;
    domain->domid = domid;
    domain->qmp = options_path(options, socket);
    if (!is_of_vm(domid, uuid, why) || !read_args(domain, why) ||
        !find_pid(domain, why) || !read_cmdline(domain, why)) {
        return NULL;
    }
    read_stat(domain);
    return g_steal_pointer(&domain);
}

Domain *domain_of_vm(const Options *options, const char *uuid, char **why)
{
    g_autofree char *text = xapi_vm_get(options, uuid, "dom-id", why);

    if (!text) {
        return NULL;
    }
    if (strcmp(text, "-1") == 0) {
        *why = g_strdup("it does not run");
        return NULL;
    }
    /* A domid has five digits at most. */
    if (strlen(text) > 5 || text[strspn(text, "0123456789")] || !text[0]) {
        *why = g_strdup_printf("xe has '%s' as its domid", text);
        return NULL;
    }
    return domain_of_domid(options, uuid, atoi(text), why);
}

void domain_free(Domain *domain)
{
    if (domain) {
        g_strfreev(domain->argv);
        g_free(domain->xenstore_args);
        g_free(domain->qmp);
        g_free(domain);
    }
}
