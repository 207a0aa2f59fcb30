/* SPDX-License-Identifier: MIT */
#include "shim/args.h"

#include <string.h>

#include "shim/args-private.h"
#include "shim/paths.h"
#include "vgpu/properties.h"

/* Of foreign text in a message: enough to know it again. */
#define SHOWN_LIMIT 60

char *args_shown(const char *text)
{
    g_autofree char *head = g_strndup(text, SHOWN_LIMIT);
    g_autofree char *escaped = g_strescape(head, NULL);

    return g_strdup_printf("'%s%s'", escaped,
                           strlen(text) > SHOWN_LIMIT ? "..." : "");
}

bool args_is_id(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";

    return g_str_has_prefix(text, "vgpu") && !text[strspn(text, letters)];
}

/* ---- Words ---------------------------------------------------------------------- */

static bool has_control(const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (g_ascii_iscntrl(text[i]) && text[i] != '\t' && text[i] != '\n') {
            return true;
        }
    }
    return false;
}

char **args_split(const char *text, size_t length, char **why)
{
    g_autofree char *copy = NULL;
    g_autoptr(GError) error = NULL;
    char **words = NULL;

    *why = NULL;
    if (length > ARGS_TEXT_LIMIT) {
        *why = g_strdup_printf("it has %zu bytes, more than %d", length,
                               ARGS_TEXT_LIMIT);
        return NULL;
    }
    if (!g_utf8_validate(text, (gssize)length, NULL)) {
        *why = g_strdup("it is no valid UTF-8");
        return NULL;
    }
    if (has_control(text, length)) {
        *why = g_strdup("it has control characters");
        return NULL;
    }
    copy = g_strndup(text, length);
    if (g_shell_parse_argv(copy, NULL, &words, &error)) {
        return words;
    }
    if (g_error_matches(error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING)) {
        return g_new0(char *, 1);
    }
    *why = g_strdup("its quotes do not match");
    return NULL;
}

char *args_join(char *const *words)
{
    GString *text = g_string_new(NULL);
    size_t i;

    for (i = 0; words[i]; i++) {
        bool plain = words[i][0] &&
                     !words[i][strspn(words[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "abcdefghijklmnopqrstuvwxyz"
                                                "0123456789_@%+=:,./-")];
        g_autofree char *quoted = plain ? g_strdup(words[i])
                                        : g_shell_quote(words[i]);

        g_string_append_printf(text, "%s%s", i ? " " : "", quoted);
    }
    return g_string_free(text, FALSE);
}

/* ---- Slots ---------------------------------------------------------------------- */

/* Adds the slots that "-device X,...,addr=SLOT" words take, a bit each. */
static guint32 taken_slots(char *const *words)
{
    guint32 taken = 0;
    size_t i;

    for (i = 0; words && words[i]; i++) {
        g_auto(GStrv) parts = NULL;
        size_t part;

        if (strcmp(words[i], "-device") != 0 || !words[i + 1]) {
            continue;
        }
        parts = g_strsplit(words[++i], ",", -1);
        for (part = 1; parts[part]; part++) {
            if (g_str_has_prefix(parts[part], "addr=")) {
                guint64 slot = g_ascii_strtoull(parts[part] + strlen("addr="),
                                                NULL, 16);

                taken |= slot < 32 ? (guint32)1 << slot : 0;
            }
        }
    }
    return taken;
}

/* The wanted slot, or for -1 the first free one from `first` downwards. */
static int choose_slot(int wanted, int first, guint32 *taken, char **why)
{
    int slot = wanted >= 0 ? wanted : first;

    while (wanted < 0 && slot > ARGS_SLOT_FIRST && *taken >> slot & 1) {
        slot--;
    }
    if (*taken >> slot & 1) {
        *why = g_strdup_printf("slot %02x is taken by another device",
                               (unsigned)slot);
        return -1;
    }
    *taken |= (guint32)1 << slot;
    return slot;
}

/* ---- The rules ------------------------------------------------------------------ */

typedef struct Check {
    const ArgsRules *rules;
    char *const *words;
    size_t at;
    GPtrArray *passed;
    guint32 taken;
    bool has_device;
    char *why;
} Check;

static void pass(Check *check, const char *option, char *value)
{
    g_ptr_array_add(check->passed, g_strdup(option));
    g_ptr_array_add(check->passed, value);
    check->at += 2;
}

static bool check_device(Check *check, const char *word)
{
    ArgsDevice device;
    bool good = args_device_parse(&device, word, &check->why);

    if (good && check->has_device) {
        check->why = g_strdup("the device is there twice");
        good = false;
    }
    if (good) {
        bool has_slot = device.slot >= 0;

        device.slot = choose_slot(device.slot, ARGS_SLOT_DEVICE, &check->taken,
                                  &check->why);
        good = device.slot >= 0;
        if (good) {
            check->has_device = true;
            pass(check, "-device",
                 has_slot ? g_strdup(word)
                          : g_strdup_printf("%s,addr=%02x", word,
                                            (unsigned)device.slot));
        }
    }
    args_device_clear(&device);
    return good;
}

static bool check_probe(Check *check, const char *word)
{
    const char *rest = word + strlen(ARGS_PROBE_DEVICE);
    int slot = -1;

    if (*rest && (!g_str_has_prefix(rest, ",addr=") ||
                  (slot = args_slot(rest + strlen(",addr="))) < 0)) {
        check->why = g_strdup(ARGS_PROBE_DEVICE
                              " takes no more than addr=SLOT");
        return false;
    }
    slot = choose_slot(slot, ARGS_SLOT_PROBE, &check->taken, &check->why);
    if (slot < 0) {
        return false;
    }
    pass(check, "-device",
         g_strdup_printf(ARGS_PROBE_DEVICE ",addr=%02x", (unsigned)slot));
    return true;
}

static bool is_reconnect(const char *part)
{
    const char *digits = g_str_has_prefix(part, "reconnect=")
                             ? part + strlen("reconnect=")
                             : "";
    size_t length = strspn(digits, "0123456789");

    return length >= 1 && length <= 3 && !digits[length];
}

/* The socket is the VM's identity: another VM's must never pass. */
static bool check_chardev(Check *check, const char *word)
{
    g_autofree char *path = NULL;
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);
    guint count = g_strv_length(parts);

    if (check->rules->uuid) {
        path = g_strdup_printf("path=" SHIM_SOCKET_DIR "/%s.sock",
                               check->rules->uuid);
    }
    if (count < 3 || count > 4 || strcmp(parts[0], "socket") != 0 ||
        !g_str_has_prefix(parts[1], "id=") ||
        !args_is_id(parts[1] + strlen("id=")) ||
        g_strcmp0(parts[2], path) != 0 ||
        (count == 4 && !is_reconnect(parts[3]))) {
        check->why = g_strdup_printf("-chardev must be socket,id=vgpu...,%s"
                                     "[,reconnect=SECONDS]",
                                     path ? path : "path= of the VM's socket");
        return false;
    }
    pass(check, "-chardev", g_strdup(word));
    return true;
}

/* A whole line of allow-args stands here. */
static bool check_allowed(Check *check)
{
    guint i;

    for (i = 0; check->rules->allowed && i < check->rules->allowed->len; i++) {
        char **line = check->rules->allowed->pdata[i];
        size_t n = 0;

        while (line[n] && check->words[check->at + n] &&
               strcmp(line[n], check->words[check->at + n]) == 0) {
            n++;
        }
        if (!line[n]) {
            check->taken |= taken_slots(line);
            for (n = 0; line[n]; n++, check->at++) {
                g_ptr_array_add(check->passed, g_strdup(line[n]));
            }
            return true;
        }
    }
    return false;
}

static bool check_next(Check *check)
{
    const char *option = check->words[check->at];
    const char *value = check->words[check->at + 1];
    g_autofree char *shown = NULL;
    g_autofree char *shown_value = NULL;

    if (value && strcmp(option, "-device") == 0) {
        if (args_is_device(value)) {
            return check_device(check, value);
        }
        if (args_names(value, ARGS_PROBE_DEVICE)) {
            return check_probe(check, value);
        }
    }
    if (check_allowed(check)) {
        return true;
    }
    if (value && strcmp(option, "-chardev") == 0) {
        return check_chardev(check, value);
    }
    shown = args_shown(option);
    shown_value = value ? args_shown(value) : g_strdup("");
    check->why = g_strdup_printf("%s%s%s is not allowed", shown,
                                 value ? " " : "", shown_value);
    return false;
}

static bool has_device(char *const *words)
{
    size_t i;

    for (i = 0; words && words[i]; i++) {
        if (strcmp(words[i], "-device") == 0 && words[i + 1] &&
            args_is_device(words[i + 1])) {
            return true;
        }
    }
    return false;
}

char **args_check(const char *text, size_t length, const ArgsRules *rules,
                  char **why)
{
    g_auto(GStrv) words = args_split(text, length, why);
    Check check = { rules, words, 0, NULL, 0, false, NULL };

    if (!words) {
        return NULL;
    }
    check.passed = g_ptr_array_new_with_free_func(g_free);
    check.taken = taken_slots(rules->command_line);
    check.has_device = has_device(rules->command_line);
    while (words[check.at] && check_next(&check)) {
    }
    if (check.why) {
        *why = check.why;
        g_ptr_array_unref(check.passed);
        return NULL;
    }
    g_ptr_array_add(check.passed, NULL);
    g_ptr_array_set_free_func(check.passed, NULL);
    return (char **)g_ptr_array_free(check.passed, FALSE);
}

/* ---- allow-args ----------------------------------------------------------------- */

/* No list can allow these: they open the sandbox that QEMU runs in, or are the
 * wrapper's own. */
static bool is_forbidden(const char *word)
{
    static const char *const forbidden[] = {
        "-priv",        "--syslog",  "-xen-domid", "-xen-domid-restrict",
        "-sandbox",     "-runas",    "-chroot",    "-run-with",
        "-daemonize",   "-loadvm",   "-incoming",  "-machine",
        "-trad-compat", "-videoram", "-std-vga",   "-vgpu",
        "-xengt",       "-acpi",     NULL
    };

    return g_strv_contains(forbidden, word) || word[0] == '@';
}

static bool is_sensible(char *const *words)
{
    size_t i;

    if (words[0][0] != '-') {
        return false;
    }
    for (i = 0; words[i]; i++) {
        /* QEMU takes an option with one dash or two. */
        if (is_forbidden(words[i]) ||
            (g_str_has_prefix(words[i], "--") && is_forbidden(words[i] + 1)) ||
            args_is_device(words[i])) {
            return false;
        }
    }
    return true;
}

GPtrArray *args_allowed_parse(const char *text, size_t length, char **refused)
{
    GPtrArray *allowed = g_ptr_array_new_with_free_func(
        (GDestroyNotify)g_strfreev);
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    size_t i;

    *refused = NULL;
    for (i = 0; lines[i]; i++) {
        g_autofree char *why = NULL;
        char **words;

        if (!*g_strstrip(lines[i]) || lines[i][0] == '#') {
            continue;
        }
        words = args_split(lines[i], strlen(lines[i]), &why);
        if (words && words[0] && is_sensible(words)) {
            g_ptr_array_add(allowed, words);
            continue;
        }
        g_strfreev(words);
        if (!*refused) {
            *refused = g_strdup(lines[i]);
        }
    }
    return allowed;
}
