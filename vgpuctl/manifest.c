/* SPDX-License-Identifier: MIT */
#include "manifest.h"

#include <limits.h>
#include <string.h>

#define HEADER "vgpuctl-backup 1"

/* Hexadecimal digits of a SHA-256. */
#define SHA256_DIGITS 64

/* By ManifestType: the word, and the fields of its line with it. */
static const struct {
    const char *word;
    guint fields;
} types[] = {
    [MANIFEST_DIR] = { "dir", 5 },
    [MANIFEST_FILE] = { "file", 8 },
    [MANIFEST_LINK] = { "link", 5 },
    [MANIFEST_ABSENT] = { "absent", 2 },
};

static void entry_free(void *data)
{
    ManifestEntry *entry = data;

    g_free(entry->sha256);
    g_free(entry->target);
    g_free(entry->path);
    g_free(entry);
}

Manifest *manifest_new(const char *nevra, const char *id)
{
    Manifest *manifest = g_new0(Manifest, 1);

    manifest->nevra = g_strdup(nevra);
    manifest->id = g_strdup(id);
    manifest->entries = g_ptr_array_new_with_free_func(entry_free);
    return manifest;
}

void manifest_free(Manifest *manifest)
{
    if (manifest) {
        g_free(manifest->nevra);
        g_free(manifest->id);
        g_free(manifest->rpm_sha256);
        g_ptr_array_unref(manifest->entries);
        g_free(manifest);
    }
}

ManifestEntry *manifest_add(Manifest *manifest, ManifestType type,
                            const char *path)
{
    ManifestEntry *entry = g_new0(ManifestEntry, 1);

    entry->type = type;
    entry->path = g_strdup(path);
    g_ptr_array_add(manifest->entries, entry);
    return entry;
}

bool manifest_path_is_plain(const char *path)
{
    g_auto(GStrv) parts = NULL;
    size_t i;

    if (path[0] != '/' || strlen(path) >= PATH_MAX) {
        return false;
    }
    parts = g_strsplit(path + 1, "/", -1);
    for (i = 0; parts[i]; i++) {
        if (!parts[i][0] || strcmp(parts[i], ".") == 0 ||
            strcmp(parts[i], "..") == 0) {
            return false;
        }
    }
    return parts[0] != NULL;
}

/* ---- Writing ------------------------------------------------------------------ */

static void format_entry(GString *text, const ManifestEntry *entry)
{
    g_autofree char *path = g_strescape(entry->path, NULL);
    g_autofree char *target = entry->target ? g_strescape(entry->target, NULL)
                                            : NULL;

    g_string_append(text, types[entry->type].word);
    if (entry->type == MANIFEST_DIR || entry->type == MANIFEST_FILE) {
        g_string_append_printf(text, "\t%04o", (unsigned)entry->mode);
    }
    if (entry->type != MANIFEST_ABSENT) {
        g_string_append_printf(text, "\t%u\t%u", entry->uid, entry->gid);
    }
    if (entry->type == MANIFEST_FILE) {
        g_string_append_printf(
            text, "\t%" G_GINT64_FORMAT "\t%" G_GUINT64_FORMAT "\t%s",
            entry->mtime, entry->size, entry->sha256);
    }
    if (entry->type == MANIFEST_LINK) {
        g_string_append_printf(text, "\t%s", target);
    }
    g_string_append_printf(text, "\t%s\n", path);
}

char *manifest_format(const Manifest *manifest)
{
    GString *text = g_string_new(HEADER "\n");
    guint i;

    g_string_append_printf(text, "package\t%s\t%s\n", manifest->nevra,
                           manifest->id);
    if (manifest->rpm_sha256) {
        g_string_append_printf(text, "rpm\t%s\n", manifest->rpm_sha256);
    }
    for (i = 0; i < manifest->entries->len; i++) {
        format_entry(text, manifest->entries->pdata[i]);
    }
    return g_string_free(text, FALSE);
}

/* ---- Reading ------------------------------------------------------------------- */

/* A number of digits of the base, up to a limit. */
static bool read_number(const char *text, guint base, guint64 limit,
                        guint64 *value)
{
    guint64 number = 0;

    if (!text[0]) {
        return false;
    }
    for (; *text; text++) {
        int digit = g_ascii_digit_value(*text);

        if (digit < 0 || digit >= (int)base ||
            number > (limit - (guint64)digit) / base) {
            return false;
        }
        number = number * base + (guint64)digit;
    }
    *value = number;
    return true;
}

static bool read_mode(const char *text, mode_t *mode)
{
    guint64 value;

    if (!read_number(text, 8, 07777, &value)) {
        return false;
    }
    *mode = (mode_t)value;
    return true;
}

static bool read_owner(char **fields, ManifestEntry *entry)
{
    guint64 uid, gid;

    if (!read_number(fields[0], 10, G_MAXUINT32 - 1, &uid) ||
        !read_number(fields[1], 10, G_MAXUINT32 - 1, &gid)) {
        return false;
    }
    entry->uid = (uid_t)uid;
    entry->gid = (gid_t)gid;
    return true;
}

static bool read_mtime(const char *text, gint64 *mtime)
{
    bool negative = text[0] == '-';
    guint64 seconds;

    if (!read_number(text + negative, 10, G_MAXINT64, &seconds)) {
        return false;
    }
    *mtime = negative ? -(gint64)seconds : (gint64)seconds;
    return true;
}

static bool is_sha256(const char *text)
{
    return strlen(text) == SHA256_DIGITS &&
           strspn(text, "0123456789abcdef") == SHA256_DIGITS;
}

/* The escaped text; NULL when it is empty. g_free. */
static char *read_escaped(const char *text)
{
    return text[0] ? g_strcompress(text) : NULL;
}

static bool read_file_fields(char **fields, ManifestEntry *entry)
{
    if (!read_mode(fields[1], &entry->mode) || !read_owner(fields + 2, entry) ||
        !read_mtime(fields[4], &entry->mtime) ||
        !read_number(fields[5], 10, G_MAXINT64, &entry->size) ||
        !is_sha256(fields[6])) {
        return false;
    }
    entry->sha256 = g_strdup(fields[6]);
    return true;
}

/* What stands between the word and the path. */
static bool read_fields(char **fields, ManifestEntry *entry)
{
    switch (entry->type) {
    case MANIFEST_DIR:
        return read_mode(fields[1], &entry->mode) &&
               read_owner(fields + 2, entry);
    case MANIFEST_FILE:
        return read_file_fields(fields, entry);
    case MANIFEST_LINK:
        entry->target = read_escaped(fields[3]);
        return entry->target && strlen(entry->target) < PATH_MAX &&
               read_owner(fields + 1, entry);
    case MANIFEST_ABSENT:
        return true;
    }
    return false;
}

/* The word and number of fields make it an entry's line; -1: they do not. */
static int type_of(char **fields)
{
    guint i, count = g_strv_length(fields);

    for (i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(fields[0], types[i].word) == 0) {
            return count == types[i].fields ? (int)i : -1;
        }
    }
    return -1;
}

static bool read_entry(char **fields, Manifest *manifest)
{
    int type = type_of(fields);
    ManifestEntry *entry;
    g_autofree char *path = NULL;

    if (type < 0 || manifest->entries->len >= MANIFEST_MAX_ENTRIES) {
        return false;
    }
    path = read_escaped(fields[types[type].fields - 1]);
    if (!path || !manifest_path_is_plain(path)) {
        return false;
    }
    entry = manifest_add(manifest, (ManifestType)type, path);
    return read_fields(fields, entry);
}

static bool read_line(char *line, guint number, Manifest *manifest)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
    guint count = g_strv_length(fields);

    if (number == 0) {
        return strcmp(line, HEADER) == 0;
    }
    if (count == 0) {
        return false;
    }
    if (number == 1) {
        if (count != 3 || strcmp(fields[0], "package") != 0 || !fields[1][0]) {
            return false;
        }
        manifest->nevra = g_strdup(fields[1]);
        manifest->id = g_strdup(fields[2]);
        return true;
    }
    if (number == 2 && strcmp(fields[0], "rpm") == 0) {
        manifest->rpm_sha256 = count == 2 && is_sha256(fields[1])
                                   ? g_strdup(fields[1])
                                   : NULL;
        return manifest->rpm_sha256 != NULL;
    }
    return read_entry(fields, manifest);
}

Manifest *manifest_parse(const char *text, size_t length, char **why)
{
    g_autoptr(Manifest) manifest = manifest_new(NULL, NULL);
    g_autofree char *copy = NULL;
    g_autofree char *again = NULL;
    g_auto(GStrv) lines = NULL;
    guint i, count;

    *why = NULL;
    if (length > MANIFEST_MAX_BYTES || memchr(text, '\0', length) ||
        length == 0 || text[length - 1] != '\n') {
        *why = g_strdup("it is no manifest");
        return NULL;
    }
    copy = g_strndup(text, length - 1);
    lines = g_strsplit(copy, "\n", -1);
    count = g_strv_length(lines);
    for (i = 0; i < count; i++) {
        if (!read_line(lines[i], i, manifest)) {
            *why = g_strdup_printf("line %u is wrong", i + 1);
            return NULL;
        }
    }
    if (!manifest->nevra) {
        *why = g_strdup("it ends before the package");
        return NULL;
    }
    /* One way to write a thing: no escapes or zeros that hide something. */
    again = manifest_format(manifest);
    if (strlen(again) != length || memcmp(again, text, length) != 0) {
        *why = g_strdup("it is not as vgpuctl writes it");
        return NULL;
    }
    return g_steal_pointer(&manifest);
}
