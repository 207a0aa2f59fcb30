/* SPDX-License-Identifier: MIT */
#include "spec.h"

#include <stdint.h>
#include <string.h>

#include "spec-internal.h"

bool spec_refuse(SpecRefusal *refusal, const char *remedy, const char *format,
                 ...)
{
    g_autofree char *text = NULL;
    g_autofree char *valid = NULL;
    va_list args;
    char *c;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    /* It may quote the spec: cut in a character, or with a terminal's escapes. */
    valid = g_utf8_make_valid(text, -1);
    for (c = valid; *c; c++) {
        *c = g_ascii_iscntrl(*c) ? '?' : *c;
    }
    g_strlcpy(refusal->text, valid, sizeof(refusal->text));
    refusal->remedy = remedy;
    return false;
}

/* ---- Bytes ------------------------------------------------------------------ */

static bool check_bytes(const char *data, size_t length, SpecRefusal *refusal)
{
    if (length == 0) {
        return spec_refuse(refusal, SPEC_RESTORE, "the spec is empty");
    }
    if (length > SPEC_SIZE_LIMIT) {
        return spec_refuse(refusal, NULL, "the spec is larger than %zu KiB",
                           SPEC_SIZE_LIMIT / 1024);
    }
    if (memchr(data, '\0', length)) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec has NUL bytes: it is no text");
    }
    if (!g_utf8_validate(data, (gssize)length, NULL)) {
        return spec_refuse(refusal, "convert it with iconv",
                           "the spec is not UTF-8");
    }
    if (g_strstr_len(data, (gssize)length, "\r\n")) {
        return spec_refuse(refusal, "convert it with dos2unix",
                           "the spec has DOS line ends");
    }
    return true;
}

/* ---- Tags ------------------------------------------------------------------- */

/* The only line with this tag in the main preamble. */
static bool one_tag(const Spec *spec, const char *tag, size_t *at, char **value,
                    SpecRefusal *refusal)
{
    const char *text = NULL;
    size_t i, found = 0, length = 0;

    for (i = 0; i < spec->lines.count; i++) {
        const SpecLine *line = &spec->lines.line[i];

        if (line->section == SPEC_SECTION_PREAMBLE &&
            spec_line_tag(line, tag, NULL, &text, &length)) {
            *at = i;
            found++;
        }
    }
    if (found != 1) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec has %zu %s: lines, not one", found, tag);
    }
    *value = spec_expand(&spec->lines, text, length);
    if (!*value) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the macros of the spec's %s: line have no end",
                           tag);
    }
    return true;
}

bool spec_version_numbers(const char *version, unsigned *major, unsigned *minor)
{
    unsigned *const numbers[] = { major, minor };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(numbers); i++) {
        unsigned number = 0, digits = 0;

        for (; g_ascii_isdigit(*version) && digits < 4; version++, digits++) {
            number = number * 10 + (unsigned)(*version - '0');
        }
        if (!digits || (i == 0 && *version++ != '.')) {
            return false;
        }
        *numbers[i] = number;
    }
    return !g_ascii_isdigit(*version);
}

static bool find_version(Spec *spec, SpecRefusal *refusal)
{
    size_t line;

    if (!one_tag(spec, "Version", &line, &spec->version, refusal)) {
        return false;
    }
    if (!spec_version_numbers(spec->version, &spec->major, &spec->minor)) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec's version '%.60s' is no number",
                           spec->version);
    }
    if (spec->major < 4 || (spec->major == 4 && spec->minor < 2)) {
        return spec_refuse(
            refusal, "upgrade the host to XCP-ng 8.2 or 8.3",
            "QEMU %.20s is too old: XCP-ng 8.1 and older are out of "
            "scope, the device needs QEMU 4.2 or later",
            spec->version);
    }
    return true;
}

/* Where in a Release value the suffix goes: before the last %{?dist}. */
static size_t before_dist(const char *value, size_t length, size_t *dist_length)
{
    static const char *const forms[] = { "%{?dist}", "%{dist}", "%?dist",
                                         "%dist" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(forms); i++) {
        const char *at = g_strrstr_len(value, (gssize)length, forms[i]);

        if (at) {
            *dist_length = strlen(forms[i]);
            return (size_t)(at - value);
        }
    }
    *dist_length = 0;
    return length;
}

static bool find_release(Spec *spec, SpecRefusal *refusal)
{
    g_autofree char *expanded = NULL;
    g_autofree char *plain = NULL;
    const char *value = NULL;
    size_t length = 0, insert, dist;

    if (!one_tag(spec, "Release", &spec->release_line, &expanded, refusal)) {
        return false;
    }
    (void)spec_line_tag(&spec->lines.line[spec->release_line], "Release", NULL,
                        &value, &length);
    insert = before_dist(value, length, &dist);
    if (!insert) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec's Release: line is empty");
    }
    spec->release_insert = (size_t)(value - spec->data) + insert;
    plain = g_strdup_printf("%.*s%.*s", (int)insert, value,
                            (int)(length - insert - dist),
                            value + insert + dist);
    spec->release = spec_expand(&spec->lines, plain, strlen(plain));
    if (!spec->release) {
        return spec_refuse(
            refusal, SPEC_RESTORE,
            "the macros of the spec's Release: line have no end");
    }
    return true;
}

/* The last one counts, as for rpm. */
static void find_epoch(Spec *spec)
{
    g_autofree char *text = NULL;
    const char *value = NULL;
    size_t length = 0, i;

    for (i = 0; i < spec->lines.count; i++) {
        if (spec->lines.line[i].section == SPEC_SECTION_PREAMBLE) {
            (void)spec_line_tag(&spec->lines.line[i], "Epoch", NULL, &value,
                                &length);
        }
    }
    text = value ? spec_expand(&spec->lines, value, length) : NULL;
    spec->epoch = text && g_ascii_isdigit(text[0])
                      ? g_ascii_strtoll(text, NULL, 10)
                      : -1;
}

/* ---- Sections --------------------------------------------------------------- */

/* Are the lines from `from` to `to` under the same %if, or none? */
static bool is_one_block(const Spec *spec, size_t from, size_t to)
{
    int depth = spec->lines.line[from].depth;
    size_t i;

    for (i = from; i < to; i++) {
        if (spec->lines.line[i].depth < depth) {
            return false;
        }
    }
    return to < spec->lines.count && spec->lines.line[to].depth == depth;
}

static bool find_prep(Spec *spec, SpecRefusal *refusal)
{
    size_t preps = 0, builds = 0, changelogs = 0, prep = 0, i;
    const SpecLine *last;

    spec->prep_end = spec->lines.count;
    for (i = 0; i < spec->lines.count; i++) {
        const SpecLine *line = &spec->lines.line[i];

        if (!line->begins) {
            continue;
        }
        if (preps && spec->prep_end == spec->lines.count) {
            spec->prep_end = i;
        }
        if (line->section == SPEC_SECTION_PREP) {
            preps++;
            prep = i;
        } else if (line->section == SPEC_SECTION_CHANGELOG) {
            changelogs++;
            spec->changelog_line = i;
        }
        builds += line->section == SPEC_SECTION_BUILD;
    }
    if (preps != 1 || builds != 1) {
        return spec_refuse(
            refusal, SPEC_RESTORE,
            "the spec has %zu %%prep and %zu %%build, not one each", preps,
            builds);
    }
    if (changelogs > 1) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec has %zu %%changelog", changelogs);
    }
    spec->has_changelog = changelogs == 1;
    if (!is_one_block(spec, prep, spec->prep_end)) {
        return spec_refuse(
            refusal, SPEC_RESTORE,
            "the spec's %%prep ends inside an %%if, or with the file");
    }
    last = &spec->lines.line[spec->prep_end - 1];
    if (last->length && last->text[last->length - 1] == '\\') {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec's %%prep ends in the middle of a command");
    }
    return true;
}

/* Where a Source line can go so that no %if hides it, and a free number. */
static bool find_sources(Spec *spec, SpecRefusal *refusal)
{
    gint64 highest = -1, sources = 0;
    bool found = false, placed = false, over = false;
    size_t i;

    for (i = 0; i < spec->lines.count; i++) {
        const SpecLine *line = &spec->lines.line[i];
        const char *value;
        size_t length;
        gint64 number;

        if (found && !placed && !over && line->depth == 0 && !line->inside) {
            spec->source_line = i;
            placed = true;
        }
        over |= line->begins;
        if (spec_line_tag(line, "Source", &number, &value, &length)) {
            sources++;
            highest = MAX(highest, number);
            if (line->section == SPEC_SECTION_PREAMBLE) {
                found = true;
                placed = false;
            }
        }
    }
    if (!found) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec has no Source line");
    }
    if (!placed) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec's last Source line is inside an %%if");
    }
    spec->source_number = MAX(highest + 1, sources);
    if (spec->source_number > G_MAXINT32) {
        return spec_refuse(refusal, SPEC_RESTORE,
                           "the spec's Source lines leave no number free");
    }
    return true;
}

/* ---- All of it ---------------------------------------------------------------- */

static bool find_all(Spec *spec, SpecRefusal *refusal)
{
    g_autofree char *name = NULL;
    size_t line, i;

    if (!one_tag(spec, "Name", &line, &name, refusal)) {
        return false;
    }
    if (g_strcmp0(name, "qemu") != 0) {
        return spec_refuse(refusal, "give it the spec of XCP-ng's qemu package",
                           "the spec is of '%.60s', not of qemu", name);
    }
    if (!find_version(spec, refusal) || !find_release(spec, refusal) ||
        !find_prep(spec, refusal) || !find_sources(spec, refusal)) {
        return false;
    }
    find_epoch(spec);
    for (i = 0; i < spec->lines.count; i++) {
        spec->werror_off |= spec_line_says(&spec->lines.line[i],
                                           "--disable-werror") &&
                            spec->lines.line[i].section == SPEC_SECTION_BUILD;
    }
    return spec_find_device(spec, refusal);
}

bool spec_parse(Spec *spec, const char *data, size_t length,
                SpecRefusal *refusal)
{
    memset(spec, 0, sizeof(*spec));
    if (!check_bytes(data, length, refusal)) {
        return false;
    }
    spec->data = data;
    spec->length = length;
    spec_lines_cut(&spec->lines, data, length);
    if (!find_all(spec, refusal)) {
        spec_clear(spec);
        return false;
    }
    return true;
}

void spec_clear(Spec *spec)
{
    spec_lines_clear(&spec->lines);
    g_free(spec->version);
    g_free(spec->release);
    memset(spec, 0, sizeof(*spec));
}
