/* SPDX-License-Identifier: MIT */
/*
 * qemu-args DOMID [WORD...]: what a VM's device-model-args add to the command
 * line of its QEMU, whose words so far are given. The words to add go to stdout,
 * each with a NUL behind it; what a log should have goes to stderr, a line each.
 * Exits with 0 when there is nothing wrong, also where there is nothing to add.
 * It ends itself in time: a VM waits for it.
 */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "shim/args.h"
#include "shim/device-check.h"
#include "shim/paths.h"
#include "shim/xenstore.h"

#ifndef VGPU_VERSION
#define VGPU_VERSION "unreleased"
#endif

/* The shim gives it a little more, and a VM's start is to lose no second. */
#define DEADLINE_MS 850L

/* A wrapper has some 15 KiB, a list of arguments less. */
#define FILE_LIMIT ((size_t)1024 * 1024)

static const char without[] = "starting without the device";

static void on_deadline(int number)
{
    static const char text[] = "vgpu: xenstore or QEMU did not answer in time: "
                               "starting without the device\n";

    (void)number;
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        _exit(2);
    }
    _exit(1);
}

static void set_deadline(void)
{
    const struct itimerval timer = { { 0, 0 }, { 0, DEADLINE_MS * 1000 } };
    struct sigaction action;
    sigset_t set;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_deadline;
    sigaction(SIGALRM, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static char *in_root(const char *path)
{
    const char *root = getenv(ROOT_VARIABLE);

    return g_strconcat(root ? root : "", path, NULL);
}

/* ---- What the VM asks for ------------------------------------------------------- */

typedef struct Wanted {
    char *text; /* NULL: nothing */
    size_t length;
    char *uuid;
} Wanted;

static void read_uuid(Xenstore *xenstore, unsigned domid, Wanted *wanted)
{
    g_autofree char *path = g_strdup_printf("/local/domain/%u/vm", domid);
    g_autofree char *vm = NULL;
    size_t length;

    vm = xenstore_read(xenstore, path, &length);
    if (vm && g_str_has_prefix(vm, "/vm/")) {
        char *uuid = vm + strlen("/vm/");

        /* xapi makes uuids; a part of a path is no place for anything else. */
        if (strlen(uuid) == 36 && !uuid[strspn(uuid, "0123456789abcdef-")]) {
            wanted->uuid = g_strdup(uuid);
        }
    }
}

/* False with *why: xenstore cannot be asked. */
static bool read_wanted(unsigned domid, Wanted *wanted, char **why)
{
    g_autofree char *path = g_strdup_printf(
        "/local/domain/%u/platform/" ARGS_KEY, domid);
    Xenstore *xenstore = xenstore_open(why);

    if (!xenstore) {
        return false;
    }
    wanted->text = xenstore_read(xenstore, path, &wanted->length);
    if (wanted->text) {
        read_uuid(xenstore, domid, wanted);
    } else if (errno != ENOENT) {
        *why = g_strdup_printf("xenstore: %s", g_strerror(errno));
    }
    xenstore_close(xenstore);
    return !*why;
}

/* ---- What the host says --------------------------------------------------------- */

static bool is_roots_own(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           (size_t)info.st_size <= FILE_LIMIT && info.st_uid == geteuid() &&
           !(info.st_mode & (S_IWGRP | S_IWOTH));
}

static GPtrArray *read_allowed(void)
{
    g_autofree char *path = in_root(SHIM_ALLOW_ARGS);
    g_autofree char *text = NULL;
    g_autofree char *refused = NULL;
    GPtrArray *allowed;
    gsize length;

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        return NULL;
    }
    if (!is_roots_own(path) ||
        !g_file_get_contents(path, &text, &length, NULL)) {
        fprintf(stderr,
                "vgpu: %s is not used: it must be a file that root "
                "owns and nobody else can write\n",
                path);
        return NULL;
    }
    allowed = args_allowed_parse(text, length, &refused);
    if (refused) {
        g_autofree char *shown = g_strescape(refused, NULL);

        fprintf(stderr, "vgpu: %s: this line is not used: %s\n", path, shown);
    }
    return allowed;
}

/* A wrapper that reads the key by itself would give QEMU the device twice. */
static bool wrapper_reads_key(void)
{
    g_autofree char *path = in_root(HOST_WRAPPER);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) &&
           args_wrapper_reads_key(text);
}

/*
 * A QEMU whose socket nobody listens at ends at once. Looked up and not tried:
 * whoever listens there takes a connection for the VM's.
 */
static bool is_listening(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    if (!g_file_get_contents("/proc/net/unix", &text, NULL, NULL)) {
        return true; /* it cannot be told */
    }
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        unsigned flags;
        int at = 0;

        /* Num RefCount Protocol Flags Type St Inode Path; the kernel's
         * __SO_ACCEPTCON is 0x10000. */
        if (sscanf(lines[i], "%*[^ ] %*x %*x %x %*x %*x %*u %n", &flags, &at) ==
                1 &&
            at > 0 && (flags & 0x10000) && strcmp(lines[i] + at, path) == 0) {
            return true;
        }
    }
    return false;
}

/* A VM's file in the directory of sockets. */
static char *socket_path(const Wanted *wanted, const char *suffix)
{
    g_autofree char *name = g_strconcat(SHIM_SOCKET_DIR "/", wanted->uuid,
                                        suffix, NULL);

    return in_root(name);
}

/* Where a word is; where the list ends if it is not there. */
static size_t index_of(char *const *words, const char *word)
{
    size_t i = 0;

    while (words[i] && strcmp(words[i], word) != 0) {
        i++;
    }
    return i;
}

static bool check_socket(const Wanted *wanted, char *const *words, char **why)
{
    g_autofree char *path = NULL;

    if (!words[index_of(words, "-chardev")]) {
        return true;
    }
    path = socket_path(wanted, SHIM_SOCKET_SUFFIX);
    if (!is_listening(path)) {
        *why = g_strdup_printf("nobody listens at %s", path);
    }
    return !*why;
}

/*
 * A QEMU that loses its link connects again, from within the root that the wrapper
 * locks it into; it may be in there even the first time, which then is no reason for
 * QEMU to end. vgpud makes a socket there if it knows whose root that is. Other
 * toolstacks than xenopsd have other roots, and say so.
 */
static void let_reconnect(const Wanted *wanted, unsigned domid,
                          char *const *command_line, char **words)
{
    const size_t at = index_of(words, "-chardev");
    g_autofree char *root = g_strdup_printf("root-%u\n", domid);
    g_autofree char *note = NULL;
    char *value = words[at] ? words[at + 1] : NULL;

    if (!value || command_line[index_of(command_line, "-chroot")]) {
        return;
    }
    note = socket_path(wanted, SHIM_NOTE_SUFFIX);
    if (g_file_set_contents(note, root, -1, NULL)) {
        words[at + 1] = g_strconcat(value, ",reconnect=1", NULL);
        g_free(value);
    }
}

/* ---- The whole ------------------------------------------------------------------ */

/* As the guides have it: ['-device', 'vgpu-stub,...']. */
static void log_words(char *const *words)
{
    g_autofree char *list = g_strjoinv("', '", (char **)words);

    fprintf(stderr, "Adding device-model-args from xenstore: ['%s']\n", list);
}

static void put_words(char *const *words)
{
    size_t i;

    for (i = 0; words[i]; i++) {
        fwrite(words[i], 1, strlen(words[i]) + 1, stdout);
    }
}

/* The words, NULL with *why. */
static char **decide(const Wanted *wanted, unsigned domid,
                     char *const *command_line, char **why)
{
    g_autofree char *qemu = in_root(HOST_QEMU);
    g_autofree char *cache = in_root(SHIM_CACHE);
    ArgsRules rules = { wanted->uuid, command_line, NULL };
    char **words;

    if (wrapper_reads_key()) {
        *why = g_strdup("the wrapper reads the key by itself");
        return NULL;
    }
    rules.allowed = read_allowed();
    words = args_check(wanted->text, wanted->length, &rules, why);
    if (rules.allowed) {
        g_ptr_array_unref(rules.allowed);
    }
    if (words && words[0] &&
        (!check_socket(wanted, words, why) ||
         !device_check(qemu, words, cache, why))) {
        g_strfreev(words);
        return NULL;
    }
    if (words) {
        let_reconnect(wanted, domid, command_line, words);
    }
    return words;
}

static int run(unsigned domid, char *const *command_line)
{
    Wanted wanted = { NULL, 0, NULL };
    g_autofree char *why = NULL;
    char **words = NULL;

    if (read_wanted(domid, &wanted, &why) && wanted.text) {
        words = decide(&wanted, domid, command_line, &why);
    }
    if (words && words[0]) {
        log_words(words);
        put_words(words);
    } else if (why) {
        fprintf(stderr, "vgpu: " ARGS_KEY ": %s: %s\n", why, without);
    }
    g_strfreev(words);
    g_free(wanted.text);
    g_free(wanted.uuid);
    return fflush(stdout) == 0 && !why ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool parse_domid(const char *text, unsigned *domid)
{
    size_t digits = strspn(text, "0123456789");

    /* Xen's domids have 16 bits. */
    *domid = (unsigned)g_ascii_strtoull(text, NULL, 10);
    return digits >= 1 && digits <= 5 && !text[digits] && *domid <= 0xffff;
}

int main(int argc, char **argv)
{
    unsigned domid;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("qemu-args " VGPU_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc < 2 || !parse_domid(argv[1], &domid)) {
        fputs(
            "usage: qemu-args DOMID [WORD...]\n"
            "Prints what the device-model-args of a domain add to the command "
            "line of its QEMU.\n",
            stderr);
        return 2;
    }
    set_deadline();
    return run(domid, argv + 2);
}
