/* SPDX-License-Identifier: MIT */
/* A spec with the device, and back. */
#include "spec-internal.h"

#include <stdint.h>
#include <string.h>

/* A name and a mail address; longer is a mistake. */
#define PACKAGER_LIMIT 200

const SpecBuildLine *spec_build_line(unsigned major, unsigned minor)
{
    static const SpecBuildLine makefile = { "hw/misc/Makefile.objs",
                                            "obj-y += vgpu-stub.o" };
    static const SpecBuildLine softmmu = {
        "hw/misc/meson.build", "softmmu_ss.add(files('vgpu-stub.c'))"
    };
    static const SpecBuildLine meson_system = {
        "hw/misc/meson.build", "system_ss.add(files('vgpu-stub.c'))"
    };
    unsigned version = major * 10000 + minor;

    if (version < 50002) {
        return &makefile;
    }
    return version < 80001 ? &softmmu : &meson_system;
}

/* ---- The lines --------------------------------------------------------------- */

/* A check of the block: the build stops with one clear line. */
static void append_check(GString *text, const char *condition,
                         const char *message)
{
    g_string_append_printf(text,
                           "if ! %s; then\n"
                           "    echo \"vgpu-stub: %s\" >&2\n"
                           "    exit 1\n"
                           "fi\n",
                           condition, message);
}

static char *prep_block(const Spec *spec)
{
    const SpecBuildLine *build = spec_build_line(spec->major, spec->minor);
    g_autofree char *is_there = g_strdup_printf("[ -f %s ]", build->file);
    g_autofree char *not_there = g_strdup_printf(
        "no %s in $PWD: the prep section has to end in the tree of QEMU %u.%u",
        build->file, spec->major, spec->minor);
    bool makefile = g_str_has_suffix(build->file, ".objs");
    GString *text = g_string_new(MARK_PREP "\n");

    append_check(text, is_there, not_there);
    /* Unpacked in the wrong place it fails much later, in keymap-gen's name. */
    if (makefile) {
        append_check(text, "[ -f ui/keycodemapdb/tools/keymap-gen ]",
                     "no ui/keycodemapdb/tools/keymap-gen: unpack the "
                     "keycodemapdb source to ui/keycodemapdb first");
    } else {
        append_check(text,
                     "[ -f ui/keycodemapdb/tools/keymap-gen -o "
                     "-f subprojects/keycodemapdb/tools/keymap-gen ]",
                     "no tools/keymap-gen in ui/keycodemapdb or "
                     "subprojects/keycodemapdb: unpack the keycodemapdb source "
                     "there first");
    }
    g_string_append_printf(text,
                           "cp -p %%{SOURCE%" G_GINT64_FORMAT
                           "} hw/misc/" SPEC_DEVICE_FILE "\n"
                           "echo \"%s\" >> %s\n" MARK_PREP_END "\n\n",
                           spec->source_number, build->line, build->file);
    return g_string_free(text, FALSE);
}

/* ---- The changelog ------------------------------------------------------------- */

bool spec_packager_valid(const char *packager)
{
    const char *c;

    if (!packager[0] || strlen(packager) > PACKAGER_LIMIT ||
        !g_utf8_validate(packager, -1, NULL)) {
        return false;
    }
    for (c = packager; *c; c++) {
        if (g_ascii_iscntrl(*c)) {
            return false;
        }
    }
    return true;
}

static const char *const months[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

/* `* Thu Jan 08 2026 ...`, or with time and zone before the year. */
static bool parse_date(const SpecLine *line, GDate *date)
{
    g_autofree char *text = g_strndup(line->text + 1, line->length - 1);
    g_auto(GStrv) all = g_strsplit_set(text, " \t", 0);
    const char *word[6] = { "", "", "", "", "", "" };
    guint64 day, year;
    size_t i, n = 0;
    int month;

    for (i = 0; all[i] && n < G_N_ELEMENTS(word); i++) {
        if (all[i][0]) {
            word[n++] = all[i];
        }
    }
    for (month = 0; month < 12; month++) {
        if (g_ascii_strcasecmp(word[1], months[month]) == 0) {
            break;
        }
    }
    day = g_ascii_strtoull(word[2], NULL, 10);
    year = g_ascii_strtoull(strchr(word[3], ':') ? word[5] : word[3], NULL, 10);
    if (month == 12 || day > 31 || year > 9999 ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)(month + 1),
                          (GDateYear)year)) {
        return false;
    }
    g_date_set_dmy(date, (GDateDay)day, (GDateMonth)(month + 1),
                   (GDateYear)year);
    if (strchr(word[3], ':')) {
        /* It may be late on that day; ours, without a time, counts as noon. */
        g_date_add_days(date, 1);
    }
    return true;
}

/* The date of the entry: now, but never before the newest that is there. */
static void entry_date(const Spec *spec, gint64 now, GDate *date)
{
    size_t i;

    g_date_clear(date, 1);
    g_date_set_dmy(date, 1, G_DATE_JANUARY, 1970);
    /* 9999-12-31: later is no date, and would not fit. */
    g_date_add_days(
        date, (guint)(CLAMP(now, 0, G_GINT64_CONSTANT(253402214400)) / 86400));
    for (i = spec->changelog_line + 1; i < spec->lines.count; i++) {
        const SpecLine *line = &spec->lines.line[i];
        GDate newest;

        if (line->length && line->text[0] == '*') {
            if (parse_date(line, &newest) &&
                g_date_compare(&newest, date) > 0) {
                *date = newest;
            }
            return;
        }
    }
}

static char *changelog_entry(const Spec *spec, const char *packager, gint64 now)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu",
                                        "Fri", "Sat", "Sun" };
    g_auto(GStrv) parts = g_strsplit(packager, "%", 0);
    /* rpm expands macros in a changelog too. */
    g_autofree char *author = g_strjoinv("%%", parts);
    GDate date;

    entry_date(spec, now, &date);
    return g_strdup_printf(
        "* %s %s %02u %u %s - %s-%s" SPEC_RELEASE_SUFFIX "\n" MARK_ENTRY "\n\n",
        days[g_date_get_weekday(&date) - 1],
        months[g_date_get_month(&date) - 1], (unsigned)g_date_get_day(&date),
        (unsigned)g_date_get_year(&date), author, spec->version, spec->release);
}

/* ---- There and back ------------------------------------------------------------ */

/* One edit: at an offset of the old text, `remove` bytes go and text comes. */
typedef struct Edit {
    size_t at;
    size_t remove;
    char *text;
} Edit;

static int by_offset(gconstpointer a, gconstpointer b)
{
    const Edit *first = a, *second = b;

    return first->at < second->at ? -1 : first->at > second->at;
}

static void add_edit(GArray *edits, size_t at, size_t remove, char *text)
{
    Edit edit = { at, remove, text };

    g_array_append_val(edits, edit);
}

/* Takes the edits. */
static char *apply(const Spec *spec, GArray *edits)
{
    GString *text = g_string_sized_new(spec->length + 4096);
    size_t done = 0;
    guint i;

    g_array_sort(edits, by_offset);
    for (i = 0; i < edits->len; i++) {
        Edit *edit = &g_array_index(edits, Edit, i);

        g_string_append_len(text, spec->data + done, (gssize)(edit->at - done));
        if (edit->text) {
            g_string_append(text, edit->text);
        }
        done = edit->at + edit->remove;
        g_free(edit->text);
    }
    g_string_append_len(text, spec->data + done, (gssize)(spec->length - done));
    g_array_free(edits, TRUE);
    return g_string_free(text, FALSE);
}

/* Where line i begins, or the file's end. */
static size_t offset(const Spec *spec, size_t i)
{
    return i < spec->lines.count ? spec->lines.line[i].start : spec->length;
}

static bool gives_back(const Spec *spec, const char *text)
{
    SpecRefusal refusal;
    Spec edited;
    bool same = false;

    if (spec_parse(&edited, text, strlen(text), &refusal)) {
        if (edited.state == SPEC_INTEGRATED) {
            g_autofree char *back = spec_undo(&edited);

            same = strlen(back) == spec->length &&
                   memcmp(back, spec->data, spec->length) == 0;
        }
        spec_clear(&edited);
    }
    return same;
}

char *spec_integrate(const Spec *spec, const char *packager, gint64 now,
                     SpecRefusal *refusal)
{
    GArray *edits = g_array_new(FALSE, FALSE, sizeof(Edit));
    char *text;

    add_edit(edits, offset(spec, spec->source_line), 0,
             g_strdup_printf(MARK_SOURCE "\nSource%" G_GINT64_FORMAT
                                         ": " SPEC_DEVICE_FILE
                                         "\n" MARK_SOURCE_END "\n",
                             spec->source_number));
    add_edit(edits, offset(spec, spec->release_line), 0,
             g_strdup(MARK_RELEASE "\n"));
    add_edit(edits, spec->release_insert, 0, g_strdup(SPEC_RELEASE_SUFFIX));
    add_edit(edits, offset(spec, spec->prep_end), 0, prep_block(spec));
    if (spec->has_changelog) {
        add_edit(edits, offset(spec, spec->changelog_line + 1), 0,
                 changelog_entry(spec, packager, now));
    }
    text = apply(spec, edits);
    if (!gives_back(spec, text)) {
        g_free(text);
        (void)spec_refuse(
            refusal, SPEC_RESTORE,
            "the spec is laid out so that the device could not be "
            "taken out of it again");
        return NULL;
    }
    return text;
}

char *spec_undo(const Spec *spec)
{
    GArray *edits = g_array_new(FALSE, FALSE, sizeof(Edit));
    size_t suffix = strlen(SPEC_RELEASE_SUFFIX), first, last;

    first = offset(spec, spec->device_line - 1);
    last = offset(spec, spec->device_line + 2);
    add_edit(edits, first, last - first, NULL);
    first = offset(spec, spec->release_line - 1);
    last = offset(spec, spec->release_line);
    add_edit(edits, first, last - first, NULL);
    add_edit(edits, spec->release_insert - suffix, suffix, NULL);
    first = offset(spec, spec->prep_begin_mark);
    last = offset(spec, spec->prep_end_mark + 2);
    add_edit(edits, first, last - first, NULL);
    if (spec->entry_mark != SIZE_MAX) {
        first = offset(spec, spec->entry_mark - 1);
        last = offset(spec, spec->entry_mark + 2);
        add_edit(edits, first, last - first, NULL);
    }
    return apply(spec, edits);
}
