/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: a spec of any bytes. What is taken as a stock spec gives the same
 * bytes back after integrate and undo, and is taken as integrated in between;
 * what is refused says why in one line.
 *
 * Specs are hardly found by chance, so bytes from 0x80 on stand for pieces of
 * them; with a first byte of 'r' the input is the text as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "tree.h"

static const char *const pieces[] = {
    "Name: qemu\nVersion: 4.2.1\nRelease: 1%{?dist}\nSource0: a\n",
    "%prep\n",
    "%build\n",
    "%changelog\n",
    "Name: qemu\n",
    "Version: ",
    "4.2.1",
    "10.1.0\n",
    "Release: ",
    "%{?dist}",
    ".0.vgpu.1",
    "Epoch: 2\n",
    "Source",
    "Source0: a\n",
    "Source3: vgpu-stub.c\n",
    ": ",
    "%global ",
    "%define ",
    "%{?",
    "%{a}",
    "%(",
    "a ",
    "}",
    ")",
    "{",
    "\\\n",
    "%if 1\n",
    "%else\n",
    "%endif\n",
    "%description\n",
    "%package b\n",
    "%files\n",
    "\n",
    "\n\n",
    "# ",
    "# vgpuctl: begin source\n",
    "# vgpuctl: end source\n",
    "# vgpuctl: release\n",
    "# vgpuctl: begin prep\n",
    "# vgpuctl: end prep\n\n",
    "- Add the vgpu-stub device (vgpuctl integrate)\n",
    "* Thu Jan 08 2026 A <a@b> - 1\n",
    "* Thu Jan 08 01:02:03 UTC 2026 A <a@b>\n",
    "cp -a %{SOURCE3} hw/misc/vgpu-stub.c\n",
    "echo \"obj-y += vgpu-stub.o\" >> hw/misc/Makefile.objs\n",
    "obj-y += vgpu-stub.o\n",
    "tar xzf %{SOURCE2}\n",
    "%autosetup -p1\n",
    "--disable-werror",
    "\xc3\xa9",
};

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static GString *make_text(const uint8_t *data, size_t size)
{
    GString *text = g_string_new(NULL);
    size_t i;

    if (size && data[0] == 'r') {
        g_string_append_len(text, (const char *)data + 1, (gssize)size - 1);
        return text;
    }
    for (i = 0; i < size; i++) {
        if (data[i] < 0x80) {
            g_string_append_c(text, (char)data[i]);
        } else {
            g_string_append(text,
                            pieces[(data[i] - 0x80) % G_N_ELEMENTS(pieces)]);
        }
    }
    return text;
}

static void must_be_a_reason(const SpecRefusal *refusal)
{
    must(refusal->text[0] && !strchr(refusal->text, '\n') &&
         memchr(refusal->text, '\0', sizeof(refusal->text)));
}

static void check_stock(const Spec *spec, const GString *text)
{
    SpecRefusal refusal = { "", NULL };
    char *edited = spec_integrate(spec, "A % B <a@b>", 1770076800, &refusal);
    char *back;
    Spec again;

    if (!edited) {
        must_be_a_reason(&refusal);
        return;
    }
    must(spec_parse(&again, edited, strlen(edited), &refusal));
    must(again.state == SPEC_INTEGRATED);
    must(again.source_number == spec->source_number);
    back = spec_undo(&again);
    must(strlen(back) == text->len && memcmp(back, text->str, text->len) == 0);
    spec_clear(&again);
    g_free(back);
    g_free(edited);
}

static void check_line(const GString *text)
{
    static const char line[] = "obj-y += vgpu-stub.o";
    size_t length = strlen(text->str);
    char *added = tree_add_line(text->str, length, line);
    char *back = tree_remove_line(added, strlen(added), line);

    /* NULL where the line was there before. */
    must(back ? strcmp(back, text->str) == 0 : strstr(text->str, line) != NULL);
    g_free(back);
    g_free(added);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GString *text = make_text(data, size);
    /* Of the exact size, so that a read past its end is found. */
    char *exact = malloc(text->len ? text->len : 1);
    SpecRefusal refusal = { "", NULL };
    Spec spec;

    must(exact != NULL);
    memcpy(exact, text->str, text->len);
    if (!spec_parse(&spec, exact, text->len, &refusal)) {
        must_be_a_reason(&refusal);
    } else {
        must(spec.version && spec.release);
        if (spec.state == SPEC_STOCK) {
            check_stock(&spec, text);
        } else if (spec.state == SPEC_INTEGRATED) {
            char *back = spec_undo(&spec);

            must(strlen(back) < text->len);
            g_free(back);
        }
        spec_clear(&spec);
    }
    check_line(text);
    free(exact);
    g_string_free(text, TRUE);
    return 0;
}
