/* SPDX-License-Identifier: MIT */
/*
 * The device in a qemu.spec: what the spec is, the spec with the device, and
 * back to the same bytes. Text in, text out: nothing here reads or writes files.
 *
 * Each edit carries a mark (SPEC_MARK and a word, in a comment line of its own;
 * in the changelog, where rpm has no comments, a sentence), so that it is found
 * again and nothing else is ever taken away.
 */
#ifndef VGPUCTL_SPEC_H
#define VGPUCTL_SPEC_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "spec-lines.h"

/* XCP-ng's spec has 22 KiB, most of it changelog; Fedora's has 200 KiB. */
#define SPEC_SIZE_LIMIT ((size_t)1024 * 1024)

#define SPEC_MARK "# vgpuctl: "
/* XCP-ng's X.0.<name>.1: the next official update sorts above it. */
#define SPEC_RELEASE_SUFFIX ".0.vgpu.1"
/* The device's name in SOURCES and in hw/misc. */
#define SPEC_DEVICE_FILE "vgpu-stub.c"

typedef enum SpecState {
    SPEC_STOCK,
    SPEC_INTEGRATED, /* by spec_integrate() */
    SPEC_BY_HAND,    /* Source line, copy and build line, without our marks */
} SpecState;

/* Why a spec is left alone: one line, and what to do about it (or NULL). */
typedef struct SpecRefusal {
    char text[256];
    const char *remedy;
} SpecRefusal;

/* How a QEMU takes one more file into its build. */
typedef struct SpecBuildLine {
    const char *file; /* in QEMU's tree */
    const char *line; /* at its end */
} SpecBuildLine;

typedef struct Spec {
    SpecState state;
    char *version; /* macros expanded: "4.2.1" */
    char *release; /* the same, without %{?dist}: "5.2.15.2" */
    unsigned major;
    unsigned minor;
    gint64 epoch;    /* -1: none, or not a number */
    bool werror_off; /* it says --disable-werror */
    bool has_changelog;
    gint64 source_number; /* of the device's Source line, or free for it */

    /* For spec*.c only: the text, and the lines that matter. */
    const char *data;
    size_t length;
    SpecLines lines;
    size_t source_line; /* the new Source line goes before this one */
    size_t device_line; /* has the device's Source line */
    size_t release_line;
    size_t release_insert; /* offset in data: where the suffix goes */
    size_t prep_end;       /* the first line after %prep; may be lines.count */
    size_t changelog_line;
    size_t prep_begin_mark, prep_end_mark, entry_mark; /* SIZE_MAX: none */
} Spec;

/*
 * Understands a spec. data stays the caller's and must outlive it. Returns
 * true, or false with the reason in *refusal; then there is nothing to clear.
 */
bool spec_parse(Spec *spec, const char *data, size_t length,
                SpecRefusal *refusal);
void spec_clear(Spec *spec);

/*
 * The text of a SPEC_STOCK spec with the device. packager is the changelog
 * entry's author (spec_packager_valid() must hold), now its date in seconds
 * since 1970 (never below the newest entry's: rpm wants them in order). g_free.
 * Returns NULL with *refusal set where spec_undo() would not give back exactly
 * the same bytes.
 */
char *spec_integrate(const Spec *spec, const char *packager, gint64 now,
                     SpecRefusal *refusal);

/* The text of a SPEC_INTEGRATED spec without the device. g_free. */
char *spec_undo(const Spec *spec);

/* One line of UTF-8 that fits into a changelog entry. */
bool spec_packager_valid(const char *packager);

/* The build line of a QEMU version (4.2 and later). */
const SpecBuildLine *spec_build_line(unsigned major, unsigned minor);

/* The major and minor number that a version begins with; false if it does not. */
bool spec_version_numbers(const char *version, unsigned *major,
                          unsigned *minor);

#endif /* VGPUCTL_SPEC_H */
