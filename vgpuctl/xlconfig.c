/* SPDX-License-Identifier: MIT */
#include "xlconfig.h"

#include <string.h>

#include "shim/args.h"
#include "vgpu/properties.h"

#define LIST "device_model_args_hvm"
/* For guests of every kind; xl adds it to the list above. */
#define LIST_OF_ALL "device_model_args"

/* An element of the list: its bytes, quotes and all. */
typedef struct Element {
    size_t start;
    size_t end;
} Element;

typedef struct Reader {
    XlConfig *config;
    size_t at;
    size_t length;
    GPtrArray *words;
    char *why;
} Reader;

/* ---- Tokens --------------------------------------------------------------------------- */

static char at(const Reader *reader)
{
    return reader->at < reader->length ? reader->config->text[reader->at]
                                       : '\0';
}

static bool refuse(Reader *reader, const char *what)
{
    const char *text = reader->config->text;
    size_t i;
    unsigned line = 1;

    for (i = 0; i < reader->at && i < reader->length; i++) {
        line += text[i] == '\n';
    }
    if (!reader->why) {
        reader->why = g_strdup_printf("line %u: %s", line, what);
    }
    return false;
}

static void skip_comment(Reader *reader)
{
    while (reader->at < reader->length && at(reader) != '\n') {
        reader->at++;
    }
}

/* Blanks and comments, and where line ends mean nothing, those. */
static void skip(Reader *reader, bool lines)
{
    for (;;) {
        char c = at(reader);

        if (c == ' ' || c == '\t' || (lines && c == '\n')) {
            reader->at++;
        } else if (c == '#') {
            skip_comment(reader);
        } else {
            return;
        }
    }
}

/* A name, g_free; NULL where none begins. */
static char *name(Reader *reader)
{
    const char *start = reader->config->text + reader->at;
    size_t length = strspn(start, "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

    if (length == 0 || g_ascii_isdigit(start[0])) {
        return NULL;
    }
    reader->at += length;
    return g_strndup(start, length);
}

/*
 * "text" or 'text', g_free; NULL with why. Backslashes are left as they are: what
 * has one is no word of ours.
 */
static char *string(Reader *reader)
{
    size_t start = reader->at + 1;
    char quote = at(reader), c;

    for (reader->at++; (c = at(reader)) != quote; reader->at++) {
        if (c == '\0' || c == '\n') {
            refuse(reader, "a quote is not closed");
            return NULL;
        }
        if (c == '\\' && reader->at + 1 < reader->length) {
            reader->at++;
        }
    }
    reader->at++;
    return g_strndup(reader->config->text + start, reader->at - 1 - start);
}

/* A string or a number, g_free; NULL with why. */
static char *atom(Reader *reader)
{
    const char *start = reader->config->text + reader->at;
    size_t length = g_ascii_isdigit(start[0])
                        ? strspn(start, "0123456789abcdefABCDEFx")
                        : 0;

    if (at(reader) == '"' || at(reader) == '\'') {
        return string(reader);
    }
    if (length == 0) {
        refuse(reader, "a value is neither a string, a number nor a list");
        return NULL;
    }
    reader->at += length;
    return g_strndup(start, length);
}

/* ---- Lists ------------------------------------------------------------------------------ */

/*
 * The elements between `[` and `]`. Into words and elements where it is ours
 * (keep); other lists may have lists in them.
 */
static bool list(Reader *reader, bool keep, unsigned depth)
{
    bool more = true;

    /* xl's own files nest two deep. */
    if (depth > 8) {
        return refuse(reader, "lists are nested too deep");
    }
    for (reader->at++;; more = at(reader) == ',', reader->at += more) {
        Element element;
        g_autofree char *value = NULL;

        skip(reader, true);
        if (at(reader) == ']') {
            reader->at++;
            return true;
        }
        if (!more) {
            return refuse(reader, "a list is not closed, or lacks a comma");
        }
        if (at(reader) == '[' && !keep) {
            if (!list(reader, false, depth + 1)) {
                return false;
            }
        } else {
            if (keep && at(reader) != '"' && at(reader) != '\'') {
                return refuse(reader, LIST " has an element that is no string");
            }
            element.start = reader->at;
            value = atom(reader);
            element.end = reader->at;
            if (!value) {
                return false;
            }
            if (keep) {
                g_ptr_array_add(reader->words, g_steal_pointer(&value));
                g_array_append_val(reader->config->elements, element);
            }
        }
        skip(reader, true);
    }
}

/* ---- Statements -------------------------------------------------------------------------- */

/* Where the line begins, and only blanks stand before the statement. */
static size_t line_start(const Reader *reader, size_t statement)
{
    while (statement > 0 && reader->config->text[statement - 1] != '\n') {
        statement--;
    }
    return statement;
}

static bool own_list(Reader *reader, size_t statement, bool add)
{
    XlConfig *config = reader->config;

    if (config->has_list || add) {
        return refuse(reader, LIST " is set in more than one place");
    }
    if (at(reader) != '[') {
        return refuse(reader, LIST " is no list");
    }
    config->has_list = true;
    config->line_start = line_start(reader, statement);
    config->list_start = reader->at + 1;
    if (!list(reader, true, 0)) {
        return false;
    }
    config->list_end = reader->at;
    return true;
}

/* `key = value` with reader behind the `=`. */
static bool value(Reader *reader, const char *key, size_t statement, bool add)
{
    XlConfig *config = reader->config;
    size_t start = reader->at;
    g_autofree char *text = NULL;

    if (strcmp(key, LIST) == 0) {
        return own_list(reader, statement, add);
    }
    if (at(reader) == '[') {
        g_autofree char *bytes = NULL;

        if (!list(reader, false, 0)) {
            return false;
        }
        bytes = g_strndup(config->text + start, reader->at - start);
        if (strcmp(key, LIST_OF_ALL) == 0 && strstr(bytes, VGPU_DEVICE_NAME)) {
            return refuse(reader,
                          LIST_OF_ALL " has a " VGPU_DEVICE_NAME " already");
        }
        return true;
    }
    text = atom(reader);
    if (text && strcmp(key, "device_model_override") == 0) {
        g_free(config->override);
        config->override = g_steal_pointer(&text);
    } else if (text &&
               (strcmp(key, "type") == 0 || strcmp(key, "builder") == 0)) {
        g_free(config->type);
        config->type = g_steal_pointer(&text);
    }
    return !reader->why;
}

static bool statement(Reader *reader)
{
    size_t start = reader->at;
    g_autofree char *key = name(reader);
    bool add;

    if (!key) {
        return refuse(reader, "it is no `name = value`");
    }
    skip(reader, false);
    add = at(reader) == '+';
    reader->at += add;
    if (at(reader) != '=') {
        return refuse(reader, "it is no `name = value`");
    }
    reader->at++;
    skip(reader, false);
    if (!value(reader, key, start, add)) {
        return false;
    }
    skip(reader, false);
    if (at(reader) != '\n' && at(reader) != ';' &&
        reader->at < reader->length) {
        return refuse(reader, "more stands behind a value");
    }
    return true;
}

/* Each part of a device is an element of its own, written plainly. */
static bool check_words(Reader *reader)
{
    size_t i;

    for (i = 0; i + 1 < reader->words->len; i++) {
        const char *word = reader->words->pdata[i];
        bool is_ours = i > 0 && args_is_device(word) && !strchr(word, '\\') &&
                       strcmp(reader->words->pdata[i - 1], "-device") == 0;

        if (strstr(word, VGPU_DEVICE_NAME) && !is_ours) {
            Element *element = &g_array_index(reader->config->elements, Element,
                                              i);

            reader->at = element->start;
            return refuse(reader, LIST " has a " VGPU_DEVICE_NAME
                                       " that is not \"-device\", "
                                       "\"" VGPU_DEVICE_NAME ",...\"");
        }
    }
    return true;
}

static bool read_all(Reader *reader)
{
    while (skip(reader, true), reader->at < reader->length) {
        if (at(reader) == ';') {
            reader->at++;
        } else if (!statement(reader)) {
            return false;
        }
    }
    g_ptr_array_add(reader->words, NULL);
    return check_words(reader);
}

XlConfig *xlconfig_new(const char *text, size_t length, char **why)
{
    g_autoptr(XlConfig) config = NULL;
    Reader reader = { NULL, 0, length, NULL, NULL };
    bool good;

    *why = NULL;
    if (length > XLCONFIG_LIMIT || memchr(text, '\0', length)) {
        *why = g_strdup("it is no configuration file of xl");
        return NULL;
    }
    config = g_new0(XlConfig, 1);
    config->text = g_strndup(text, length);
    config->elements = g_array_new(FALSE, FALSE, sizeof(Element));
    reader.config = config;
    reader.words = g_ptr_array_new_with_free_func(g_free);
    good = read_all(&reader);
    if (good) {
        g_ptr_array_set_free_func(reader.words, NULL);
        config->words = (char **)g_ptr_array_free(reader.words, FALSE);
        return g_steal_pointer(&config);
    }
    g_ptr_array_unref(reader.words);
    *why = reader.why;
    return NULL;
}

void xlconfig_free(XlConfig *config)
{
    if (config) {
        g_free(config->text);
        g_strfreev(config->words);
        g_free(config->override);
        g_free(config->type);
        g_array_free(config->elements, TRUE);
        g_free(config);
    }
}

/* ---- Changing it ---------------------------------------------------------------------------- */

/* A list in an own line; without the blanks that a word put into somebody's
 * empty list gets, so that the one is not taken for the other. */
#define CREATED_BEFORE LIST " = [\"-device\", \""
#define CREATED_AFTER  "\"]"

static Element element_at(const XlConfig *config, guint i)
{
    return g_array_index(config->elements, Element, i);
}

/* The text with the bytes from start to end replaced. */
static char *splice(const XlConfig *config, size_t start, size_t end,
                    const char *by)
{
    g_autofree char *head = g_strndup(config->text, start);

    return g_strconcat(head, by, config->text + end, NULL);
}

/* The index of the element behind "-device" that is ours; -1. */
static int device_at(const XlConfig *config)
{
    int i;

    for (i = 1; i < (int)config->elements->len; i++) {
        if (strcmp(config->words[i - 1], "-device") == 0 &&
            args_is_device(config->words[i])) {
            return i;
        }
    }
    return -1;
}

/*
 * A list of its own, in the last line. A text whose last line has no end gets
 * none either, so that what is taken out again leaves just that text.
 */
static char *create(const XlConfig *config, const char *device)
{
    size_t length = strlen(config->text);
    bool ended = length == 0 || config->text[length - 1] == '\n';

    return g_strconcat(config->text, ended ? "" : "\n", CREATED_BEFORE, device,
                       CREATED_AFTER, ended ? "\n" : "", NULL);
}

char *xlconfig_with(const XlConfig *config, const char *device)
{
    g_autofree char *quoted = g_strdup_printf("\"%s\"", device);
    g_autofree char *both = g_strdup_printf("\"-device\", \"%s\"", device);
    g_autofree char *more = g_strconcat(", ", both, NULL);
    g_autofree char *first = g_strconcat(" ", both, NULL);
    guint count = config->elements->len;
    int there = device_at(config);
    Element element;

    if (!config->has_list) {
        return create(config, device);
    }
    if (there >= 0) {
        element = element_at(config, (guint)there);
        return splice(config, element.start, element.end, quoted);
    }
    if (count) {
        element = element_at(config, count - 1);
        return splice(config, element.end, element.end, more);
    }
    return splice(config, config->list_start, config->list_start, first);
}

/* The list is one that create() made: all of its line. */
static bool is_created(const XlConfig *config, int there)
{
    g_autofree char *line = g_strconcat(CREATED_BEFORE, config->words[there],
                                        CREATED_AFTER, NULL);
    const char *found = config->text + config->line_start;

    return g_str_has_prefix(found, line) &&
           (found[strlen(line)] == '\0' || found[strlen(line)] == '\n');
}

static char *remove_line(const XlConfig *config)
{
    size_t start = config->line_start, end = config->list_end;

    if (config->text[end]) {
        end++;
    } else if (start > 0) {
        /* create() gave the line before its end. */
        start--;
    }
    return splice(config, start, end, "");
}

/* Somebody's comment stands between; all there goes from start to end. */
static bool has_comment(const XlConfig *config, size_t start, size_t end)
{
    return memchr(config->text + start, '#', end - start) != NULL;
}

/* Behind the comma that follows an element's end, or that end without one. */
static size_t behind_comma(const XlConfig *config, size_t end)
{
    Reader reader = { (XlConfig *)config, end, config->list_end, NULL, NULL };

    skip(&reader, true);
    return at(&reader) == ',' ? reader.at + 1 : end;
}

/*
 * Takes the elements out with one comma: the one before them, or where that is
 * not possible, the one behind. A comment of somebody's stays.
 */
static char *remove_elements(const XlConfig *config, guint there)
{
    size_t start = element_at(config, there - 1).start;
    size_t end = element_at(config, there).end;

    if (there > 1 &&
        !has_comment(config, element_at(config, there - 2).end, start)) {
        return splice(config, element_at(config, there - 2).end, end, "");
    }
    end = behind_comma(config, end);
    if (there + 1 < config->elements->len) {
        size_t next = element_at(config, there + 1).start;

        end = has_comment(config, end, next) ? end : next;
    } else if (there == 1 && start > config->list_start &&
               config->text[start - 1] == ' ') {
        /* xlconfig_with() put a blank before them. */
        start--;
    }
    return splice(config, start, end, "");
}

char *xlconfig_without(const XlConfig *config)
{
    int there = device_at(config);

    if (there < 0) {
        return g_strdup(config->text);
    }
    return is_created(config, there) ? remove_line(config)
                                     : remove_elements(config, (guint)there);
}
