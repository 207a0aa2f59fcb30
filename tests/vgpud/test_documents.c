/* SPDX-License-Identifier: MIT */
/*
 * docs/link.md and docs/requests.md against include/vgpu/link.h and request.h: each
 * constant, structure and field of a header stands in a table of its document as it is,
 * and each name that is in a table there is one of the header's.
 *
 * A structure is a heading "### `struct NAME`, N bytes"; the tables behind it, up to the
 * next heading, have its fields where they name no VGPU_ constant.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "vgpu/link.h"
#include "vgpu/request.h"

typedef struct Number {
    const char *name;
    uint64_t value;
} Number;

typedef struct Field {
    const char *name; /* "structure.field" */
    size_t offset, bytes;
} Field;

typedef struct Text {
    const char *name, *text;
} Text;

/* Made by tests/unit/abi-constants.sh and tests/vgpud/abi-layout.sh. */
static const Number link_numbers[] = {
#include "abi-link.inc"
};
static const Number request_numbers[] = {
#include "abi-request.inc"
};
static const Number link_structures[] = {
#include "abi-link-structures.inc"
};
static const Number request_structures[] = {
#include "abi-request-structures.inc"
};
static const Field link_fields[] = {
#include "abi-link-fields.inc"
};
static const Field request_fields[] = {
#include "abi-request-fields.inc"
};

/* What the lists of a header say of their names. */
#define LINK_TYPE(name, value, text)   { "VGPU_LINK_" #name, text },
#define LINK_STATUS(name, value, text) { "VGPU_LINK_STATUS_" #name, text },
#define LINK_END(name, value, text)    { "VGPU_LINK_DONE_" #name, text },
#define ARGUMENT(name, value, text)    { "VGPU_ARGUMENT_" #name, text },
#define RESPONSE(name, value, text)    { "VGPU_RESPONSE_" #name, text },
static const Text link_texts[] = { VGPU_LINK_TYPES(
    LINK_TYPE) VGPU_LINK_STATUSES(LINK_STATUS) VGPU_LINK_ENDS(LINK_END) };
static const Text request_texts[] = { VGPU_ARGUMENTS(ARGUMENT)
                                          VGPU_RESPONSES(RESPONSE) };

typedef struct Header {
    const char *name, *document;
    const Number *numbers, *structures;
    const Field *fields;
    const Text *texts;
    size_t number_count, structure_count, field_count, text_count;
    GPtrArray *rows; /* of char **: the name, and the cells behind it */
} Header;

#define HEADER(part, path)                                                   \
    {                                                                        \
        "include/vgpu/" #part ".h", path, part##_numbers, part##_structures, \
            part##_fields, part##_texts, G_N_ELEMENTS(part##_numbers),       \
            G_N_ELEMENTS(part##_structures), G_N_ELEMENTS(part##_fields),    \
            G_N_ELEMENTS(part##_texts), NULL                                 \
    }
static Header headers[] = {
    HEADER(link, "docs/link.md"),
    HEADER(request, "docs/requests.md"),
};

/* ---- The document -------------------------------------------------------------------- */

static bool is_constant(const char *name)
{
    return g_str_has_prefix(name, "VGPU_");
}

/* A row of a table: without backquotes; a field with its structure before it. */
static char **row_of_line(const char *line, const char *structure)
{
    char **cells = g_strsplit(line + 1, "|", -1);
    size_t i;

    for (i = 0; cells[i]; i++) {
        g_strstrip(g_strdelimit(cells[i], "`", ' '));
    }
    if (structure && !is_constant(cells[0])) {
        char *name = g_strconcat(structure, ".", cells[0], NULL);

        g_free(cells[0]);
        cells[0] = name;
    }
    return cells;
}

/* "### `struct NAME`, N bytes" as a row of NAME and N; NULL: another heading. */
static char **row_of_heading(const char *line)
{
    char name[65], bytes[17];
    char **cells;

    if (sscanf(line, "### `struct %64[a-z_0-9]`, %16[0-9] bytes", name,
               bytes) != 2) {
        return NULL;
    }
    cells = g_new0(char *, 3);
    cells[0] = g_strdup(name);
    cells[1] = g_strdup(bytes);
    return cells;
}

/* The head of a table, and the line below it, are no rows. */
static bool is_row(char *const *lines, size_t at)
{
    return lines[at][0] == '|' && !g_str_has_prefix(lines[at], "|---") &&
           !(lines[at + 1] && g_str_has_prefix(lines[at + 1], "|---"));
}

static void load(Header *header)
{
    g_autofree char *document = NULL;
    g_auto(GStrv) lines = NULL;
    const char *structure = NULL;
    size_t i;

    header->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    if (!g_file_get_contents(header->document, &document, NULL, NULL)) {
        g_error("no %s; run this from the top of the tree", header->document);
    }
    lines = g_strsplit(document, "\n", -1);
    for (i = 0; lines[i]; i++) {
        if (lines[i][0] == '#') {
            char **cells = row_of_heading(lines[i]);

            structure = cells ? cells[0] : NULL;
            if (cells) {
                g_ptr_array_add(header->rows, cells);
            }
        } else if (is_row(lines, i)) {
            g_ptr_array_add(header->rows, row_of_line(lines[i], structure));
        }
    }
}

/* The row of a name; NULL, and a failed test, where there is not exactly one. */
static char **row_of(const Header *header, const char *name)
{
    char **found = NULL;
    guint i, count = 0;

    for (i = 0; i < header->rows->len; i++) {
        char **cells = g_ptr_array_index(header->rows, i);

        if (strcmp(cells[0], name) == 0) {
            found = cells;
            count++;
        }
    }
    if (count != 1) {
        g_test_message("%s has %u rows of %s, which is in %s", header->document,
                       count, name, header->name);
        g_test_fail();
        return NULL;
    }
    return found;
}

static void check_cell(const Header *header, char **cells, unsigned at,
                       uint64_t value)
{
    const char *cell = g_strv_length(cells) > at ? cells[at] : "";
    char *end = NULL;

    if (g_ascii_strtoull(cell, &end, 0) != value || end == cell || *end) {
        g_test_message("%s in %s is \"%s\", in %s 0x%" G_GINT64_MODIFIER "x",
                       cells[0], header->document, cell, header->name, value);
        g_test_fail();
    }
}

/* ---- The tests ----------------------------------------------------------------------- */

static void check_values(const Header *header, const Number *values,
                         size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        char **cells = row_of(header, values[i].name);

        if (cells) {
            check_cell(header, cells, 1, values[i].value);
        }
    }
}

static void check_numbers(gconstpointer data)
{
    const Header *header = data;

    g_assert_cmpuint(header->number_count, >, 10);
    check_values(header, header->numbers, header->number_count);
}

static void check_structures(gconstpointer data)
{
    const Header *header = data;

    check_values(header, header->structures, header->structure_count);
}

static void check_fields(gconstpointer data)
{
    const Header *header = data;
    size_t i;

    for (i = 0; i < header->field_count; i++) {
        char **cells = row_of(header, header->fields[i].name);

        if (cells) {
            check_cell(header, cells, 1, header->fields[i].offset);
            check_cell(header, cells, 2, header->fields[i].bytes);
        }
    }
}

static size_t structure_of(const Header *header, const char *field)
{
    size_t i, length = strcspn(field, ".");

    for (i = 0; i < header->structure_count; i++) {
        if (strlen(header->structures[i].name) == length &&
            strncmp(header->structures[i].name, field, length) == 0) {
            return i;
        }
    }
    g_error("%s is of no structure", field);
}

/* No hole, and no field that the script has overlooked. */
static void check_no_holes(gconstpointer data)
{
    const Header *header = data;
    g_autofree size_t *end = g_new0(size_t, header->structure_count);
    size_t i;

    for (i = 0; i < header->field_count; i++) {
        const Field *field = &header->fields[i];
        size_t of = structure_of(header, field->name);

        g_assert_cmpuint(field->offset, ==, end[of]);
        end[of] = field->offset + field->bytes;
    }
    for (i = 0; i < header->structure_count; i++) {
        g_assert_cmpuint(end[i], ==, header->structures[i].value);
    }
}

/* A row begins with what the header's list says. */
static void check_texts(gconstpointer data)
{
    const Header *header = data;
    size_t i;

    for (i = 0; i < header->text_count; i++) {
        char **cells = row_of(header, header->texts[i].name);

        if (cells && (g_strv_length(cells) < 3 ||
                      !g_str_has_prefix(cells[2], header->texts[i].text))) {
            g_test_message("%s does not say \"%s\" of %s", header->document,
                           header->texts[i].text, header->texts[i].name);
            g_test_fail();
        }
    }
}

static bool is_of(const Header *header, const char *name)
{
    bool is = false;
    size_t i;

    for (i = 0; i < header->number_count; i++) {
        is = is || strcmp(header->numbers[i].name, name) == 0;
    }
    for (i = 0; i < header->structure_count; i++) {
        is = is || strcmp(header->structures[i].name, name) == 0;
    }
    for (i = 0; i < header->field_count; i++) {
        is = is || strcmp(header->fields[i].name, name) == 0;
    }
    return is;
}

static void check_no_other_names(gconstpointer data)
{
    const Header *header = data;
    guint i;

    for (i = 0; i < header->rows->len; i++) {
        char **cells = g_ptr_array_index(header->rows, i);

        if (!is_of(header, cells[0])) {
            g_test_message("%s has %s, %s has not", header->document, cells[0],
                           header->name);
            g_test_fail();
        }
    }
}

static void add(const Header *header, const char *name,
                void (*check)(gconstpointer header))
{
    g_autofree char *part = g_path_get_basename(header->document);
    g_autofree char *path = g_strdup_printf("/documents/%s/%s", part, name);

    g_test_add_data_func(path, header, check);
}

int main(int argc, char **argv)
{
    int status;
    size_t i;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (i = 0; i < G_N_ELEMENTS(headers); i++) {
        load(&headers[i]);
        add(&headers[i], "numbers", check_numbers);
        add(&headers[i], "structures", check_structures);
        add(&headers[i], "fields", check_fields);
        add(&headers[i], "no-holes", check_no_holes);
        add(&headers[i], "texts", check_texts);
        add(&headers[i], "no-other-names", check_no_other_names);
    }
    status = g_test_run();
    for (i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_ptr_array_unref(headers[i].rows);
    }
    return status;
}
