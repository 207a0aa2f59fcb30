/* SPDX-License-Identifier: MIT */
/*
 * A spec file cut into lines, as rpm would: the section each line is in, how
 * many %if are open there, and which lines are only the inside of a macro.
 * Nothing here reads or writes files.
 */
#ifndef VGPUCTL_SPEC_LINES_H
#define VGPUCTL_SPEC_LINES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum SpecSection {
    SPEC_SECTION_PREAMBLE,
    SPEC_SECTION_PACKAGE, /* of a sub-package */
    SPEC_SECTION_PREP,
    SPEC_SECTION_BUILD,
    SPEC_SECTION_CHANGELOG,
    SPEC_SECTION_OTHER,
} SpecSection;

typedef struct SpecLine {
    const char *text; /* in the caller's data, not terminated */
    size_t length;    /* without the newline */
    size_t start;     /* its first byte in the file */
    size_t next;      /* the first byte after it and its newline */
    SpecSection section;
    int depth;   /* %if that are open before it */
    bool begins; /* it is the line that begins its section */
    bool inside; /* of a macro that began on an earlier line */
} SpecLine;

typedef struct SpecLines {
    SpecLine *line;
    size_t count;
} SpecLines;

/* Cuts data, which stays the caller's and must outlive the lines. */
void spec_lines_cut(SpecLines *lines, const char *data, size_t length);
void spec_lines_clear(SpecLines *lines);

/* Is the line exactly this text? */
bool spec_line_is(const SpecLine *line, const char *text);

/* Is the text in the line, and the line no comment? */
bool spec_line_says(const SpecLine *line, const char *text);

/*
 * Is it `Tag: value`, in a preamble? Case does not matter. With number, `Tag3:`
 * is meant too, and *number is 3, or -1 where there is none. The value goes to
 * *value, without blanks at its ends, in the caller's data.
 */
bool spec_line_tag(const SpecLine *line, const char *tag, gint64 *number,
                   const char **value, size_t *value_length);

/*
 * Expands the macros of a text by the spec's own %global and %define lines and
 * by its Name and Version. What the spec does not say stays as it is, or goes
 * away where it is optional (`%{?dist}`). g_free. NULL when that has no end or
 * is larger than any such text.
 */
char *spec_expand(const SpecLines *lines, const char *text, size_t length);

#endif /* VGPUCTL_SPEC_LINES_H */
