/* SPDX-License-Identifier: MIT */
/* The macros of a spec, as far as a version or a release uses them. */
#include "spec-lines.h"

#include <string.h>

/* A version or release is some ten characters; rpm's own limit is larger. */
#define TEXT_LIMIT 256
/* Real specs use three. Without a limit a macro that names itself has no end,
 * and some that name each other twice take for ever. */
#define EXPANSION_LIMIT 100

typedef struct Expansion {
    const SpecLines *lines;
    GString *text;
    unsigned left;
} Expansion;

static void expand(Expansion *expansion, const char *text, size_t length);

static bool is_name(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

static void skip_blanks(const char **text, const char *end)
{
    while (*text < end && (**text == ' ' || **text == '\t')) {
        ++*text;
    }
}

/* `%global name body` or `%define name body`, on one line. */
static bool defines(const SpecLine *line, const char *name, size_t name_length,
                    const char **body, size_t *length)
{
    const char *text = line->text, *end = text + line->length;

    skip_blanks(&text, end);
    if (line->inside || end - text < 8 ||
        (strncmp(text, "%global", 7) != 0 &&
         strncmp(text, "%define", 7) != 0) ||
        (text[7] != ' ' && text[7] != '\t')) {
        return false;
    }
    text += 8;
    skip_blanks(&text, end);
    if ((size_t)(end - text) <= name_length ||
        memcmp(text, name, name_length) != 0 ||
        (text[name_length] != ' ' && text[name_length] != '\t')) {
        return false;
    }
    text += name_length;
    skip_blanks(&text, end);
    while (end > text && g_ascii_isspace(end[-1])) {
        end--;
    }
    *body = text;
    *length = (size_t)(end - text);
    return true;
}

/* The last definition counts; then the tags that rpm makes macros of. */
static bool look_up(const SpecLines *lines, const char *name,
                    size_t name_length, const char **body, size_t *length)
{
    static const char *const tags[] = { "name", "version" };
    bool found = false;
    size_t i, j;

    for (i = 0; i < lines->count; i++) {
        found |= defines(&lines->line[i], name, name_length, body, length);
    }
    for (j = 0; !found && j < G_N_ELEMENTS(tags); j++) {
        if (strlen(tags[j]) != name_length ||
            memcmp(tags[j], name, name_length) != 0) {
            continue;
        }
        for (i = 0; !found && i < lines->count; i++) {
            found = spec_line_tag(&lines->line[i], tags[j], NULL, body, length);
        }
    }
    return found;
}

/* Appends what one macro stands for. `whole` is how the text has it. */
static void expand_one(Expansion *expansion, const char *inner, size_t length,
                       const char *whole, size_t whole_length)
{
    bool optional = false, negated = false, known;
    const char *body = NULL, *end = inner + length, *name;
    size_t name_length, body_length = 0;

    while (inner < end && (*inner == '?' || *inner == '!')) {
        optional |= *inner == '?';
        negated ^= *inner == '!';
        inner++;
    }
    for (name = inner; inner < end && is_name(*inner); inner++) {
    }
    name_length = (size_t)(inner - name);
    if (!name_length || (inner < end && (*inner != ':' || !optional))) {
        g_string_append_len(expansion->text, whole, (gssize)whole_length);
        return;
    }
    known = look_up(expansion->lines, name, name_length, &body, &body_length);
    if (inner < end) {
        if (known != negated) {
            expand(expansion, inner + 1, (size_t)(end - inner - 1));
        }
    } else if (known && !negated) {
        expand(expansion, body, body_length);
    } else if (!optional) {
        g_string_append_len(expansion->text, whole, (gssize)whole_length);
    }
}

/* The length of the macro that begins at text, `%` and all; 0 if it has no end. */
static size_t macro_length(const char *text, size_t length)
{
    size_t i = 1, depth = 0;

    if (length > 1 && text[1] == '{') {
        for (; i < length; i++) {
            depth += text[i] == '{';
            depth -= text[i] == '}';
            if (!depth) {
                return i + 1;
            }
        }
        return 0;
    }
    while (i < length && (text[i] == '?' || text[i] == '!')) {
        i++;
    }
    while (i < length && is_name(text[i])) {
        i++;
    }
    return i;
}

static void expand(Expansion *expansion, const char *text, size_t length)
{
    size_t i = 0;

    while (i < length && expansion->left && expansion->text->len < TEXT_LIMIT) {
        size_t n = text[i] == '%' ? macro_length(text + i, length - i) : 0;

        if (n < 2) {
            g_string_append_c(expansion->text, text[i]);
            i++;
            continue;
        }
        expansion->left--;
        if (text[i + 1] == '{') {
            expand_one(expansion, text + i + 2, n - 3, text + i, n);
        } else {
            expand_one(expansion, text + i + 1, n - 1, text + i, n);
        }
        i += n;
    }
}

char *spec_expand(const SpecLines *lines, const char *text, size_t length)
{
    Expansion expansion = { lines, g_string_new(NULL), EXPANSION_LIMIT };

    expand(&expansion, text, length);
    if (!expansion.left || expansion.text->len >= TEXT_LIMIT) {
        g_string_free(expansion.text, TRUE);
        return NULL;
    }
    return g_string_free(expansion.text, FALSE);
}
