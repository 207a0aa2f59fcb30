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
    unsigned probes;
    char *chardev;        /* the id of the -chardev */
    char *device_chardev; /* the one that the device wants */
    guint64 used;         /* lines of allow-args, a bit each */
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
            check->device_chardev = g_strdup(device.chardev);
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
    /* One of the VM's own, and the one of `vgpuctl probe`. */
    if (++check->probes > 2) {
        check->why = g_strdup(ARGS_PROBE_DEVICE " is there more than twice");
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

/* The socket is the VM's identity: another VM's must never pass. */
static bool check_chardev(Check *check, const char *word)
{
    g_autofree char *path = NULL;
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);

    if (check->rules->uuid) {
        path = g_strdup_printf("path=" SHIM_SOCKET("%s"), check->rules->uuid);
    }
    if (g_strv_length(parts) != 3 || strcmp(parts[0], "socket") != 0 ||
        !g_str_has_prefix(parts[1], "id=") ||
        !args_is_id(parts[1] + strlen("id=")) ||
        g_strcmp0(parts[2], path) != 0) {
        check->why = g_strdup_printf("-chardev must be socket,id=vgpu...,%s",
                                     path ? path : "path= of the VM's socket");
        return false;
    }
    if (check->chardev) {
        check->why = g_strdup("the -chardev is there twice");
        return false;
    }
    check->chardev = g_strdup(parts[1] + strlen("id="));
    pass(check, "-chardev", g_strdup(word));
    return true;
}

/* QEMU would end for a device without its chardev. */
static bool check_pairing(Check *check)
{
    if (g_strcmp0(check->chardev, check->device_chardev) != 0) {
        check->why = g_strdup("the device and the -chardev do not belong to "
                              "each other");
        return false;
    }
    return true;
}

/* A line of allow-args stands here: both of its words. */
static bool is_line(const Check *check, char *const *line)
{
    return check->words[check->at + 1] &&
           strcmp(line[0], check->words[check->at]) == 0 &&
           strcmp(line[1], check->words[check->at + 1]) == 0;
}

/* False without a reason: there is no such line. */
static bool check_allowed(Check *check)
{
    guint i;

    for (i = 0; check->rules->allowed && i < check->rules->allowed->len; i++) {
        char **line = check->rules->allowed->pdata[i];
        guint32 slots;

        if (!is_line(check, line)) {
            continue;
        }
        slots = taken_slots(line);
        if (slots & check->taken) {
            check->why = g_strdup("its slot is taken by another device");
            return false;
        }
        if (check->used >> i & 1) {
            check->why = g_strdup("a line of allow-args is there twice");
            return false;
        }
        check->taken |= slots;
        check->used |= (guint64)1 << i;
        pass(check, line[0], g_strdup(line[1]));
        return true;
    }
    return false;
}

static void refuse(Check *check, const char *option, const char *value)
{
    bool pair = value && (strcmp(option, "-device") == 0);
    g_autofree char *shown = args_shown(option);
    g_autofree char *shown_value = pair ? args_shown(value) : g_strdup("");

    check->why = g_strdup_printf("%s%s%s is not allowed", shown,
                                 pair ? " " : "", shown_value);
}

static bool check_next(Check *check)
{
    const char *option = check->words[check->at];
    const char *value = check->words[check->at + 1];

    if (value && strcmp(option, "-device") == 0) {
        if (args_is_device(value)) {
            return check_device(check, value);
        }
        if (args_names(value, ARGS_PROBE_DEVICE)) {
            return check_probe(check, value);
        }
        if (check_allowed(check)) {
            return true;
        }
    }
    if (value && strcmp(option, "-chardev") == 0) {
        return check_chardev(check, value);
    }
    if (!check->why) {
        refuse(check, option, value);
    }
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
    Check check = { .rules = rules, .words = words };

    if (!words) {
        return NULL;
    }
    check.passed = g_ptr_array_new_with_free_func(g_free);
    check.taken = taken_slots(rules->command_line);
    check.has_device = has_device(rules->command_line);
    while (words[check.at] && check_next(&check)) {
    }
    if (!check.why) {
        check_pairing(&check);
    }
    g_free(check.chardev);
    g_free(check.device_chardev);
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

/* More than anybody lists; a bit each in Check.used. */
#define ALLOWED_LIMIT 64

/*
 * `-device NAME,...` with a slot of its own. QEMU takes a driver's name from
 * `driver=`, too, and from JSON; a romfile is a file; and properties of our own
 * device are not for lists.
 */
static bool is_sensible(char *const *words)
{
    g_auto(GStrv) parts = NULL;
    bool has_slot = false;
    size_t i;

    if (g_strv_length((char **)words) != 2 ||
        strcmp(words[0], "-device") != 0 || args_is_device(words[1]) ||
        !g_ascii_isalpha(words[1][0])) {
        return false;
    }
    parts = g_strsplit(words[1], ",", -1);
    if (strchr(parts[0], '=')) {
        return false;
    }
    for (i = 1; parts[i]; i++) {
        if (!parts[i][0] || g_str_has_prefix(parts[i], "driver=") ||
            g_str_has_prefix(parts[i], "romfile=")) {
            return false;
        }
        has_slot = has_slot || (g_str_has_prefix(parts[i], "addr=") &&
                                args_slot(parts[i] + strlen("addr=")) >= 0);
    }
    return has_slot || g_str_has_prefix(parts[0], "usb-");
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
        if (words && is_sensible(words) && allowed->len < ALLOWED_LIMIT) {
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

/* ---- Wrappers ------------------------------------------------------------------- */

static bool line_has(const char *line, const char *key)
{
    const char *at = line;

    while ((at = strstr(at, key))) {
        /* Behind one of these it is a path's last part, or a string. */
        if (at > line && strchr("/'\"", at[-1])) {
            return true;
        }
        at += strlen(key);
    }
    return false;
}

bool args_wrapper_reads_key(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        const char *line = g_strchug(lines[i]);

        if (line[0] != '#' &&
            (line_has(line, ARGS_KEY) || line_has(line, ARGS_KEY_OTHER))) {
            return true;
        }
    }
    return false;
}
