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

/* A domid has five digits at most. -1: it is none. */
static int parse_domid(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits >= 1 && digits <= 5 && !text[digits] ? atoi(text) : -1;
}

/* ---- Asking Xen's programs ----------------------------------------------------- */

/* What a program of Xen is run by: it may wait for a daemon that hangs. */
#define LIMITED "timeout", "-k", "2", "5"

/*
 * Runs LIMITED PROGRAM WORD...; who is what then does not answer. Returns its
 * exit status with what it printed, or a negative errno with *why.
 */
static int ask(const char *const *argv, const char *who, char **output,
               char **why)
{
    int status = command_run(argv, output, NULL, NULL);

    if (status == 124 || status == 137) {
        *why = g_strdup_printf("%s does not answer within 5 seconds", who);
        return -ETIMEDOUT;
    }
    if (status == -ENOENT || status == 127) {
        *why = g_strdup_printf("there is no program %s", argv[4]);
        return -ENOENT;
    }
    return status;
}

/* What such a program says when it fails, in one line. */
static char *failure(const char *program, char *output)
{
    return g_strdup_printf("%s fails: %s", program,
                           output && *g_strstrip(output)
                               ? g_strdelimit(output, "\n", ' ')
                               : "it ends without a word");
}

int domain_xenstore_read(const char *path, char **value, char **why)
{
    const char *argv[] = { LIMITED, "xenstore-read", path, NULL };
    g_autofree char *output = NULL;
    int status;

    *value = NULL;
    *why = NULL;
    status = ask(argv, "xenstore", &output, why);
    if (*why) {
        return status;
    }
    if (status == 0) {
        if (g_str_has_suffix(output, "\n")) {
            output[strlen(output) - 1] = '\0';
        }
        *value = domain_unescape(output);
        return 0;
    }
    /* It exits with 1 for all else, too; the words tell. */
    if (output && strstr(output, "couldn't read path")) {
        return DOMAIN_NO_KEY;
    }
    *why = failure("xenstore-read", output);
    return -EIO;
}

/* A key below /local/domain/<domid>/; as domain_xenstore_read(). */
static int read_of_domain(int domid, const char *key, char **value, char **why)
{
    g_autofree char *path = g_strdup_printf("/local/domain/%d/%s", domid, key);

    return domain_xenstore_read(path, value, why);
}

bool domain_read_args(int domid, char **args, const char **key, char **why)
{
    static const char *const keys[] = { ARGS_KEY, ARGS_KEY_OTHER };
    size_t i;

    *args = NULL;
    *key = NULL;
    for (i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *path = g_strconcat("platform/", keys[i], NULL);
        int result = read_of_domain(domid, path, args, why);

        if (result < 0) {
            return false;
        }
        if (result == 0) {
            *key = keys[i];
            return true;
        }
    }
    return true;
}

/* As read_of_domain(). */
static int read_uuid(int domid, char **uuid, char **why)
{
    g_autofree char *path = NULL;
    int result = read_of_domain(domid, "vm", &path, why);

    *uuid = NULL;
    if (result == 0) {
        *uuid = g_strdup(g_str_has_prefix(path, "/vm/") ? path + strlen("/vm/")
                                                        : path);
    }
    return result;
}

char *domain_uuid(int domid, char **why)
{
    char *uuid = NULL;

    if (read_uuid(domid, &uuid, why) == DOMAIN_NO_KEY) {
        *why = g_strdup_printf("this host has no domain %d", domid);
    }
    return uuid;
}

/*
 * A domid is of one host only: another host of the pool has a domain of the
 * same number, and a VM that is being migrated has another uuid here.
 */
static bool is_of_vm(int domid, const char *uuid, char **why)
{
    g_autofree char *name = NULL;
    int result = read_uuid(domid, &name, why);

    if (result < 0) {
        return false;
    }
    if (result == DOMAIN_NO_KEY) {
        *why = g_strdup_printf("this host has no domain %d: the VM runs on "
                               "another host, or has just ended",
                               domid);
        return false;
    }
    if (g_ascii_strcasecmp(name, uuid) != 0) {
        *why = g_strdup_printf("domain %d of this host is of the VM %s: this "
                               "one runs on another host, or is being migrated",
                               domid, name);
        return false;
    }
    return true;
}

/* ---- xl -------------------------------------------------------------------------- */

const char *domain_xl_problem(const char *text)
{
    size_t i;

    if (!text[0] || text[0] == '-') {
        return "a domain's name is not empty and begins with no dash";
    }
    /* libxl names files by it. */
    for (i = 0; text[i]; i++) {
        if (text[i] == '/' || g_ascii_iscntrl(text[i])) {
            return "a domain's name has no slash and no control character";
        }
    }
    if (!text[strspn(text, "0123456789")] && parse_domid(text) < 0) {
        return "a domain's number has five digits at most";
    }
    return NULL;
}

/* What xl prints; before it there may be warnings. */
static int last_domid(char *output)
{
    const char *end = strrchr(g_strchomp(output), '\n');

    return parse_domid(end ? end + 1 : output);
}

int domain_xl_domid(const char *text, char **why, const char **remedy)
{
    const char *argv[] = { LIMITED, "xl", "domid", text, NULL };
    g_autofree char *output = NULL;
    int status, domid;

    *why = NULL;
    *remedy = "run it as root in dom0, where xl list shows the domains";
    if (parse_domid(text) >= 0) {
        return parse_domid(text);
    }
    status = ask(argv, "xl", &output, why);
    if (status == -ENOENT) {
        *remedy = "give the domain's number, or install what has xl";
    }
    if (*why) {
        return status;
    }
    if (status != 0 && output && strstr(output, "Can't get domid")) {
        *why = g_strdup_printf("no domain is called '%s'", text);
        *remedy = "xl list shows the domains; xl create FILE starts one";
        return -ESRCH;
    }
    domid = status == 0 && output ? last_domid(output) : -1;
    if (domid < 0) {
        *why = failure("xl domid", output);
        return -EIO;
    }
    return domid;
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
    return true;
}

/* A wrapper calls it so. */
static bool is_named_qemu(char *const *argv, int domid)
{
    g_autofree char *name = g_strdup_printf("qemu-dm-%d", domid);

    return argv[0] && strcmp(argv[0], name) == 0;
}

bool domain_is_xl_qemu(char *const *argv, int domid)
{
    g_autofree char *number = g_strdup_printf("%d", domid);
    size_t i;

    if (is_named_qemu(argv, domid)) {
        return true;
    }
    for (i = 1; argv[0] && argv[i]; i++) {
        if (strcmp(argv[i], "-xen-domid") == 0) {
            return g_strcmp0(argv[i + 1], number) == 0;
        }
    }
    return false;
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

/* By the first of these keys that is there. */
static bool find_pid(Domain *domain, const char *const *keys, char **why)
{
    g_autofree char *text = NULL;
    int result = DOMAIN_NO_KEY;
    size_t i;

    for (i = 0; result == DOMAIN_NO_KEY && keys[i]; i++) {
        result = read_of_domain(domain->domid, keys[i], &text, why);
    }
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

/* How a domain's QEMU is found, by what started it. */
typedef struct Starter {
    const char *pid_keys[3]; /* the first one that is there counts */
    /* Tells it from a process that has got the number of one that has ended. */
    bool (*is_its)(char *const *argv, int domid);
    const char *also; /* what else such a process lacks */
} Starter;

static const Starter xenopsd = { { "qemu-pid" }, is_named_qemu, "" };

/* libxl's pid is of what it started: where that is a wrapper, QEMU may be another
 * process, whose pid the wrapper writes. */
static const Starter libxl = { { "qemu-pid", "image/device-model-pid" },
                               domain_is_xl_qemu,
                               ", and has not its -xen-domid" };

static Domain *with_qemu(const Options *options, int domid,
                         const Starter *starter, char **why)
{
    g_autoptr(Domain) domain = g_new0(Domain, 1);
    g_autofree char *socket = g_strdup_printf(HOST_QMP_LIBXL "%d", domid);

    domain->domid = domid;
    domain->qmp = options_path(options, socket);
    if (!domain_read_args(domid, &domain->xenstore_args, &domain->xenstore_key,
                          why) ||
        !find_pid(domain, starter->pid_keys, why) ||
        !read_cmdline(domain, why)) {
        return NULL;
    }
    if (!starter->is_its(domain->argv, domid)) {
        *why = g_strdup_printf("its QEMU is gone: process %d is %s, not "
                               "qemu-dm-%d%s",
                               (int)domain->pid, domain->argv[0], domid,
                               starter->also);
        return NULL;
    }
    read_stat(domain);
    return g_steal_pointer(&domain);
}

Domain *domain_of_domid(const Options *options, const char *uuid, int domid,
                        char **why)
{
    *why = NULL;
    return is_of_vm(domid, uuid, why) ? with_qemu(options, domid, &xenopsd, why)
                                      : NULL;
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
    if (parse_domid(text) < 0) {
        *why = g_strdup_printf("xe has '%s' as its domid", text);
        return NULL;
    }
    return domain_of_domid(options, uuid, parse_domid(text), why);
}

Domain *domain_of_xl(const Options *options, int domid, char **why)
{
    *why = NULL;
    return with_qemu(options, domid, &libxl, why);
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
