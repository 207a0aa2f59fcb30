/* SPDX-License-Identifier: MIT */
#include "spec-lines.h"

#include <string.h>

/* ---- Sections --------------------------------------------------------------- */

/* rpm's list: a line that begins with one of these begins a section. */
static const struct {
    const char *name;
    SpecSection section;
} sections[] = {
    { "%package", SPEC_SECTION_PACKAGE },
    { "%prep", SPEC_SECTION_PREP },
    { "%build", SPEC_SECTION_BUILD },
    { "%changelog", SPEC_SECTION_CHANGELOG },
    { "%description", SPEC_SECTION_OTHER },
    { "%generate_buildrequires", SPEC_SECTION_OTHER },
    { "%conf", SPEC_SECTION_OTHER },
    { "%install", SPEC_SECTION_OTHER },
    { "%check", SPEC_SECTION_OTHER },
    { "%clean", SPEC_SECTION_OTHER },
    { "%files", SPEC_SECTION_OTHER },
    { "%pre", SPEC_SECTION_OTHER },
    { "%post", SPEC_SECTION_OTHER },
    { "%preun", SPEC_SECTION_OTHER },
    { "%postun", SPEC_SECTION_OTHER },
    { "%pretrans", SPEC_SECTION_OTHER },
    { "%posttrans", SPEC_SECTION_OTHER },
    { "%preuntrans", SPEC_SECTION_OTHER },
    { "%postuntrans", SPEC_SECTION_OTHER },
    { "%verifyscript", SPEC_SECTION_OTHER },
    { "%sepolicy", SPEC_SECTION_OTHER },
    { "%sourcelist", SPEC_SECTION_OTHER },
    { "%patchlist", SPEC_SECTION_OTHER },
    { "%trigger", SPEC_SECTION_OTHER },
    { "%triggerin", SPEC_SECTION_OTHER },
    { "%triggerun", SPEC_SECTION_OTHER },
    { "%triggerpostun", SPEC_SECTION_OTHER },
    { "%triggerprein", SPEC_SECTION_OTHER },
    { "%filetriggerin", SPEC_SECTION_OTHER },
    { "%filetriggerun", SPEC_SECTION_OTHER },
    { "%filetriggerpostun", SPEC_SECTION_OTHER },
    { "%transfiletriggerin", SPEC_SECTION_OTHER },
    { "%transfiletriggerun", SPEC_SECTION_OTHER },
    { "%transfiletriggerpostun", SPEC_SECTION_OTHER },
};

/* Does text begin with this word, and does the word end there? */
static bool begins_with_word(const char *text, size_t length, const char *word)
{
    size_t n = strlen(word);

    return length >= n && g_ascii_strncasecmp(text, word, n) == 0 &&
           (length == n || g_ascii_isspace(text[n]));
}

static bool begins_section(const SpecLine *line, SpecSection *section)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(sections); i++) {
        if (begins_with_word(line->text, line->length, sections[i].name)) {
            *section = sections[i].section;
            return true;
        }
    }
    return false;
}

static void skip_blanks(const char **text, size_t *length)
{
    while (*length && (**text == ' ' || **text == '\t')) {
        ++*text;
        --*length;
    }
}

/* 1 where the line opens an %if, -1 where it closes one. */
static int depth_change(const SpecLine *line)
{
    static const char *const opening[] = { "%if", "%ifarch", "%ifnarch",
                                           "%ifos", "%ifnos" };
    const char *text = line->text;
    size_t length = line->length, i;

    skip_blanks(&text, &length);
    for (i = 0; i < G_N_ELEMENTS(opening); i++) {
        if (begins_with_word(text, length, opening[i])) {
            return 1;
        }
    }
    return begins_with_word(text, length, "%endif") ? -1 : 0;
}

/* ---- Macros over several lines ------------------------------------------------ */

/* What is still open at a line's end, as rpm counts it. */
typedef struct Open {
    unsigned braces;
    unsigned parentheses;
    bool definition;
} Open;

static bool is_definition(const SpecLine *line)
{
    const char *text = line->text;
    size_t length = line->length;

    skip_blanks(&text, &length);
    return begins_with_word(text, length, "%define") ||
           begins_with_word(text, length, "%global");
}

static void count_open(Open *open, const SpecLine *line)
{
    bool continued = false;
    size_t i;

    for (i = 0; i < line->length; i++) {
        char c = line->text[i];
        char after = '\0';

        if (i + 1 < line->length) {
            after = line->text[i + 1];
        }
        if (c == '\\') {
            continued = i + 1 == line->length;
            i++;
        } else if (c == '%' && after == '%') {
            i++;
        } else if (c == '{' &&
                   (open->braces || (i && line->text[i - 1] == '%'))) {
            open->braces++;
        } else if (c == '}' && open->braces) {
            open->braces--;
        } else if (c == '(' &&
                   (open->parentheses || (i && line->text[i - 1] == '%'))) {
            open->parentheses++;
        } else if (c == ')' && open->parentheses) {
            open->parentheses--;
        }
    }
    /* Elsewhere a backslash is the shell's: the next line is a line. */
    open->definition = open->definition && continued;
}

/* ---- Lines ------------------------------------------------------------------- */

static void classify(SpecLines *lines)
{
    SpecSection section = SPEC_SECTION_PREAMBLE;
    Open open = { 0, 0, false };
    int depth = 0;
    size_t i;

    for (i = 0; i < lines->count; i++) {
        SpecLine *line = &lines->line[i];

        line->inside = open.braces || open.parentheses || open.definition;
        line->begins = !line->inside && begins_section(line, &section);
        line->section = section;
        line->depth = depth;
        if (!line->inside) {
            depth += depth_change(line);
            open.definition = is_definition(line);
        }
        /* The changelog is prose: a brace there opens nothing. */
        if (section != SPEC_SECTION_CHANGELOG) {
            count_open(&open, line);
        }
    }
}

void spec_lines_cut(SpecLines *lines, const char *data, size_t length)
{
    GArray *array = g_array_new(FALSE, TRUE, sizeof(SpecLine));
    size_t start = 0;

    while (start < length) {
        const char *end = memchr(data + start, '\n', length - start);
        SpecLine line = { .text = data + start, .start = start };

        line.length = end ? (size_t)(end - line.text) : length - start;
        line.next = start + line.length + (end ? 1 : 0);
        g_array_append_val(array, line);
        start = line.next;
    }
    lines->count = array->len;
    lines->line = (SpecLine *)(void *)g_array_free(array, FALSE);
    classify(lines);
}

void spec_lines_clear(SpecLines *lines)
{
    g_free(lines->line);
    lines->line = NULL;
    lines->count = 0;
}

bool spec_line_is(const SpecLine *line, const char *text)
{
    return line->length == strlen(text) &&
           memcmp(line->text, text, line->length) == 0;
}

bool spec_line_says(const SpecLine *line, const char *text)
{
    const char *start = line->text;
    size_t length = line->length;

    skip_blanks(&start, &length);
    return length && *start != '#' &&
           g_strstr_len(start, (gssize)length, text) != NULL;
}

bool spec_line_tag(const SpecLine *line, const char *tag, gint64 *number,
                   const char **value, size_t *value_length)
{
    const char *text = line->text;
    size_t length = line->length, n = strlen(tag);
    gint64 found = -1;

    if (line->inside || line->begins ||
        (line->section != SPEC_SECTION_PREAMBLE &&
         line->section != SPEC_SECTION_PACKAGE)) {
        return false;
    }
    skip_blanks(&text, &length);
    if (length < n || g_ascii_strncasecmp(text, tag, n) != 0) {
        return false;
    }
    text += n;
    length -= n;
    while (number && length && g_ascii_isdigit(*text) && found < G_MAXINT32) {
        found = (found < 0 ? 0 : found * 10) + (*text - '0');
        text++;
        length--;
    }
    skip_blanks(&text, &length);
    if (!length || *text != ':') {
        return false;
    }
    text++;
    length--;
    skip_blanks(&text, &length);
    while (length && g_ascii_isspace(text[length - 1])) {
        length--;
    }
    if (number) {
        *number = found;
    }
    *value = text;
    *value_length = length;
    return true;
}
