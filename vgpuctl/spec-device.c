/* SPDX-License-Identifier: MIT */
/* Has a spec the device already, and who added it? */
#include "spec-internal.h"

#include <stdint.h>
#include <string.h>

/* The lines that are exactly this text: how many, and the last of them. */
static size_t find_lines(const Spec *spec, const char *text, size_t *last)
{
    size_t i, found = 0;

    *last = SIZE_MAX;
    for (i = 0; i < spec->lines.count; i++) {
        if (spec_line_is(&spec->lines.line[i], text)) {
            *last = i;
            found++;
        }
    }
    return found;
}

/* `Source3: vgpu-stub.c`, with or without a path before it. */
static bool is_device_source(const Spec *spec, size_t i, gint64 *number)
{
    const size_t n = strlen(SPEC_DEVICE_FILE);
    const char *value;
    size_t length;

    return spec_line_tag(&spec->lines.line[i], "Source", number, &value,
                         &length) &&
           length >= n &&
           memcmp(value + length - n, SPEC_DEVICE_FILE, n) == 0 &&
           (length == n || value[length - n - 1] == '/');
}

static size_t find_device_sources(Spec *spec)
{
    size_t i, found = 0;
    gint64 number;

    for (i = 0; i < spec->lines.count; i++) {
        if (is_device_source(spec, i, &number)) {
            spec->device_line = i;
            found++;
        }
    }
    return found;
}

/* Does a line of %prep say one of these? */
static bool prep_says(const Spec *spec, const char *first, const char *second)
{
    size_t i;

    for (i = 0; i < spec->lines.count; i++) {
        const SpecLine *line = &spec->lines.line[i];

        if (line->section == SPEC_SECTION_PREP &&
            (spec_line_says(line, first) || spec_line_says(line, second))) {
            return true;
        }
    }
    return false;
}

static bool suffix_is_there(const Spec *spec)
{
    const SpecLine *line = &spec->lines.line[spec->release_line];
    size_t n = strlen(SPEC_RELEASE_SUFFIX);

    return spec->release_insert >= line->start + n &&
           memcmp(spec->data + spec->release_insert - n, SPEC_RELEASE_SUFFIX,
                  n) == 0;
}

/* The entry is a header, the mark and an empty line; or there is none. */
static bool entry_is_whole(const Spec *spec, size_t entries)
{
    size_t i = spec->entry_mark;

    if (entries == 0) {
        return true;
    }
    return entries == 1 && spec->has_changelog &&
           i > spec->changelog_line + 1 && i + 1 < spec->lines.count &&
           spec->lines.line[i].section == SPEC_SECTION_CHANGELOG &&
           spec->lines.line[i - 1].length > 1 &&
           memcmp(spec->lines.line[i - 1].text, "* ", 2) == 0 &&
           spec->lines.line[i + 1].length == 0;
}

/* Every mark once, where spec_integrate() puts it. */
static bool marks_are_whole(const Spec *spec, size_t source, size_t release,
                            size_t entries)
{
    const SpecLine *line = spec->lines.line;
    size_t source_end, prep = spec->prep_begin_mark, end = spec->prep_end_mark;

    return find_lines(spec, MARK_SOURCE_END, &source_end) == 1 &&
           source != SIZE_MAX && release != SIZE_MAX && prep != SIZE_MAX &&
           end != SIZE_MAX && spec->device_line == source + 1 &&
           source_end == source + 2 && spec->release_line == release + 1 &&
           suffix_is_there(spec) && prep < end &&
           line[prep].section == SPEC_SECTION_PREP &&
           line[end].section == SPEC_SECTION_PREP &&
           end + 1 < spec->lines.count && line[end + 1].length == 0 &&
           !line[source].inside && !line[prep].inside && !line[end].inside &&
           entry_is_whole(spec, entries);
}

static bool find_marks(Spec *spec, size_t device_sources, SpecRefusal *refusal)
{
    size_t source, release, entries, marks = 0, i;
    bool whole;

    for (i = 0; i < spec->lines.count; i++) {
        marks += spec->lines.line[i].length >= strlen(SPEC_MARK) - 1 &&
                 memcmp(spec->lines.line[i].text, SPEC_MARK,
                        strlen(SPEC_MARK) - 1) == 0;
    }
    find_lines(spec, MARK_SOURCE, &source);
    find_lines(spec, MARK_RELEASE, &release);
    find_lines(spec, MARK_PREP, &spec->prep_begin_mark);
    find_lines(spec, MARK_PREP_END, &spec->prep_end_mark);
    entries = find_lines(spec, MARK_ENTRY, &spec->entry_mark);
    if (!marks && !entries) {
        return true;
    }
    /* Five marks in five places: each is there once. */
    whole = marks == 5 && device_sources == 1 &&
            marks_are_whole(spec, source, release, entries);
    if (!whole) {
        return spec_refuse(
            refusal, SPEC_RESTORE,
            "the spec has vgpuctl's marks, but not all of them once "
            "and in their places: it was edited since");
    }
    spec->state = SPEC_INTEGRATED;
    (void)is_device_source(spec, spec->device_line, &spec->source_number);
    return true;
}

/* What the guides say to add by hand: all of it, or none. */
static bool find_by_hand(Spec *spec, size_t device_sources,
                         SpecRefusal *refusal)
{
    g_autofree char *macro = NULL;
    bool copies, builds;
    gint64 number = -1;

    if (device_sources > 1) {
        return spec_refuse(
            refusal, "leave one of them in",
            "the spec has %zu Source lines for " SPEC_DEVICE_FILE,
            device_sources);
    }
    if (device_sources) {
        (void)is_device_source(spec, spec->device_line, &number);
    }
    macro = g_strdup_printf("%%{SOURCE%" G_GINT64_FORMAT "}", MAX(number, 0));
    copies = prep_says(spec, "hw/misc/" SPEC_DEVICE_FILE,
                       device_sources ? macro : "hw/misc/" SPEC_DEVICE_FILE);
    builds = prep_says(spec, "vgpu-stub.o", "files('" SPEC_DEVICE_FILE "')");
    if (!device_sources && !copies && !builds) {
        return true;
    }
    if (!device_sources || !copies || !builds) {
        return spec_refuse(
            refusal,
            "add what is missing, or take the rest out and run it "
            "again",
            "the spec has half of the device, added by hand: no %s",
            !device_sources ? "Source line for " SPEC_DEVICE_FILE
            : !copies       ? "line in %prep that copies it"
                            : "line in %prep that adds it to the build");
    }
    spec->state = SPEC_BY_HAND;
    spec->source_number = number;
    return true;
}

bool spec_find_device(Spec *spec, SpecRefusal *refusal)
{
    size_t device_sources = find_device_sources(spec);

    if (!find_marks(spec, device_sources, refusal)) {
        return false;
    }
    return spec->state == SPEC_INTEGRATED ||
           find_by_hand(spec, device_sources, refusal);
}
