/* SPDX-License-Identifier: MIT */
/*
 * The spec editor, text in and text out: what it adds to each form of spec,
 * that undo gives back the same bytes, and each refusal by its words.
 */
#include <glib.h>
#include <string.h>

#include "spec.h"
#include "tree.h"

#define SPECS "tests/vgpuctl/specs/"
/* 2026-02-03, a Tuesday. */
#define NOW 1770076800

static char *read_file(const char *name)
{
    g_autofree char *path = g_strconcat(SPECS, name, ".spec", NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* A copy of text with the first `from` replaced, which has to be there. */
static char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    if (!at) {
        g_error("the text has no '%s'", from);
    }
    return g_strdup_printf("%.*s%s%s", (int)(at - text), text, to,
                           at + strlen(from));
}

static void parse(Spec *spec, const char *text)
{
    SpecRefusal refusal = { "", NULL };

    if (!spec_parse(spec, text, strlen(text), &refusal)) {
        g_error("refused: %s", refusal.text);
    }
}

static char *integrate_at(const char *text, gint64 now)
{
    SpecRefusal refusal = { "", NULL };
    Spec spec;
    char *result;

    parse(&spec, text);
    g_assert_cmpint(spec.state, ==, SPEC_STOCK);
    result = spec_integrate(&spec, "Some One <one@example.org>", now, &refusal);
    spec_clear(&spec);
    if (!result) {
        g_error("refused: %s", refusal.text);
    }
    return result;
}

static char *integrate(const char *text)
{
    return integrate_at(text, NOW);
}

static char *undo(const char *text)
{
    Spec spec;
    char *result;

    parse(&spec, text);
    g_assert_cmpint(spec.state, ==, SPEC_INTEGRATED);
    result = spec_undo(&spec);
    spec_clear(&spec);
    return result;
}

static void refused(const char *text, gssize length, const char *words)
{
    SpecRefusal refusal = { "", NULL };
    Spec spec;

    if (spec_parse(&spec, text, length < 0 ? strlen(text) : (size_t)length,
                   &refusal)) {
        g_test_message("taken, not refused with: %s", words);
        g_test_fail();
        spec_clear(&spec);
        return;
    }
    if (!strstr(refusal.text, words) || strchr(refusal.text, '\n')) {
        g_test_message("says '%s', not '%s'", refusal.text, words);
        g_test_fail();
    }
}

/* ---- What it adds ---------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *source; /* with the line before it */
    const char *release;
    const char *entry; /* the changelog's top */
    const char *copy;
    const char *build;
    const char *after; /* the block's end, with what follows */
} forms[] = {
    { "autosetup",
      "Source2: keycodemapdb-0.tar.gz\n# vgpuctl: begin source\n"
      "Source3: vgpu-stub.c\n# vgpuctl: end source\nPatch0: first.patch\n",
      "\n# vgpuctl: release\nRelease: %{?xsrel}.2.0.vgpu.1%{?dist}\n",
      "%changelog\n* Tue Feb 03 2026 Some One <one@example.org> - "
      "4.2.1-5.2.15.2.0.vgpu.1\n- Add the vgpu-stub device (vgpuctl "
      "integrate)\n\n* Thu Jan 08 2026 ",
      "\ncp -p %{SOURCE3} hw/misc/vgpu-stub.c\n",
      "\necho \"obj-y += vgpu-stub.o\" >> hw/misc/Makefile.objs\n",
      "\n# vgpuctl: end prep\n\n%build\n%if %{with_asan}\n" },
    { "moved-keycodemapdb",
      "Source2: keycodemapdb-0.tar.gz\n# vgpuctl: begin source\n"
      "Source3: vgpu-stub.c\n# vgpuctl: end source\n%description\n",
      "\n# vgpuctl: release\nRelease: 4.6.4.0.vgpu.1%{?dist}\n",
      "%changelog\n* Tue Feb 03 2026 Some One <one@example.org> - "
      "4.2.1-4.6.4.0.vgpu.1\n",
      "\ncp -p %{SOURCE3} hw/misc/vgpu-stub.c\n",
      "\necho \"obj-y += vgpu-stub.o\" >> hw/misc/Makefile.objs\n",
      "\n# vgpuctl: end prep\n\n%build\n./configure" },
    { "setup-patch",
      "Source:         qemu-4.2.1.tar.gz\n# vgpuctl: begin source\n"
      "Source1: vgpu-stub.c\n# vgpuctl: end source\nPatch0:",
      "\n# vgpuctl: release\nRelease:        4.6.2.0.vgpu.1\nSummary:",
      "%changelog\n* Tue Feb 03 2026 Some One <one@example.org> - "
      "4.2.1-4.6.2.0.vgpu.1\n",
      "\ncp -p %{SOURCE1} hw/misc/vgpu-stub.c\n",
      "\necho \"obj-y += vgpu-stub.o\" >> hw/misc/Makefile.objs\n",
      "\n# vgpuctl: end prep\n\n%build\n./configure" },
    { "meson-softmmu",
      "Source10: docs.tar.gz\n%endif\n# vgpuctl: begin source\n"
      "Source21: vgpu-stub.c\n# vgpuctl: end source\nBuildRequires: make\n",
      "\n# vgpuctl: release\nRelease: 1.0.vgpu.1%{?dist}\n",
      "%changelog\n* Tue Feb 03 2026 Some One <one@example.org> - "
      "7.2.5-1.0.vgpu.1\n",
      "\ncp -p %{SOURCE21} hw/misc/vgpu-stub.c\n",
      "\necho \"softmmu_ss.add(files('vgpu-stub.c'))\" >> "
      "hw/misc/meson.build\n",
      "\n# vgpuctl: end prep\n\n%build\n./configure" },
    { "meson-system",
      "Source0: qemu-10.1.0.tar.gz\n# vgpuctl: begin source\n"
      "Source1: vgpu-stub.c\n# vgpuctl: end source\nBuildRequires: make\n",
      "\n# vgpuctl: release\nRelease: 1.0.vgpu.1%{?dist}\n",
      "%changelog\n* Tue Feb 03 2026 Some One <one@example.org> - "
      "10.1.0-1.0.vgpu.1\n",
      "\ncp -p %{SOURCE1} hw/misc/vgpu-stub.c\n",
      "\necho \"system_ss.add(files('vgpu-stub.c'))\" >> hw/misc/meson.build\n",
      "\n# vgpuctl: end prep\n\n%build\n./configure" },
};

static void has(const char *text, const char *part)
{
    const char *at = strstr(text, part);

    if (!at || strstr(at + 1, part)) {
        g_test_message("%s: '%s'", at ? "twice" : "missing", part);
        g_test_fail();
    }
}

static void check_forms(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *text = read_file(forms[i].name);
        g_autofree char *edited = integrate(text);
        g_autofree char *back = undo(edited);

        has(edited, forms[i].source);
        has(edited, forms[i].release);
        has(edited, forms[i].entry);
        has(edited, forms[i].copy);
        has(edited, forms[i].build);
        has(edited, forms[i].after);
        has(edited,
            strstr(forms[i].build, "Makefile.objs")
                ? "\nif ! [ -f ui/keycodemapdb/tools/keymap-gen ]; then\n"
                : " -f subprojects/keycodemapdb/tools/keymap-gen ]; "
                  "then\n");
        g_assert_cmpstr(back, ==, text);
    }
}

/* Not one of the old lines is lost or moved, and -Werror stays as it was. */
static void check_old_lines(void)
{
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *text = read_file(forms[i].name);
        g_autofree char *edited = integrate(text);
        g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
        const char *at = edited;

        for (j = 0; lines[j]; j++) {
            if (g_str_has_prefix(lines[j], "Release:")) {
                continue;
            }
            at = strstr(at, lines[j]);
            g_assert_nonnull(at);
            if (!at) {
                break;
            }
            at += strlen(lines[j]);
        }
        g_assert_true(!strstr(edited, "disable-werror") ==
                      !strstr(text, "disable-werror"));
    }
}

static void check_build_lines(void)
{
    static const struct {
        unsigned major, minor;
        const char *file, *line;
    } cases[] = {
        { 4, 2, "hw/misc/Makefile.objs", "obj-y += vgpu-stub.o" },
        { 5, 1, "hw/misc/Makefile.objs", "obj-y += vgpu-stub.o" },
        { 5, 2, "hw/misc/meson.build", "softmmu_ss.add(files('vgpu-stub.c'))" },
        { 8, 0, "hw/misc/meson.build", "softmmu_ss.add(files('vgpu-stub.c'))" },
        { 8, 1, "hw/misc/meson.build", "system_ss.add(files('vgpu-stub.c'))" },
        { 10, 0, "hw/misc/meson.build", "system_ss.add(files('vgpu-stub.c'))" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        const SpecBuildLine *build = spec_build_line(cases[i].major,
                                                     cases[i].minor);

        g_assert_cmpstr(build->file, ==, cases[i].file);
        g_assert_cmpstr(build->line, ==, cases[i].line);
    }
}

/* ---- What it understands ---------------------------------------------------------- */

static void check_facts(void)
{
    g_autofree char *stock = read_file("autosetup");
    g_autofree char *meson = read_file("meson-softmmu");
    Spec spec;

    parse(&spec, stock);
    g_assert_cmpstr(spec.version, ==, "4.2.1");
    g_assert_cmpstr(spec.release, ==, "5.2.15.2");
    g_assert_cmpint(spec.epoch, ==, 2);
    g_assert_false(spec.werror_off);
    spec_clear(&spec);

    parse(&spec, meson);
    g_assert_cmpint(spec.epoch, ==, -1);
    g_assert_true(spec.werror_off);
    g_assert_cmpuint(spec.major, ==, 7);
    g_assert_cmpuint(spec.minor, ==, 2);
    spec_clear(&spec);
}

static void release_is(const char *lines, const char *value, const char *result)
{
    g_autofree char *text = read_file("setup-patch");
    g_autofree char *tag = g_strconcat(lines, "Release: ", value, NULL);
    g_autofree char *changed = with(text, "Release:        4.6.2", tag);
    g_autofree char *edited = integrate(changed);
    g_autofree char *back = undo(edited);
    g_autofree char *entry = g_strdup_printf(" - 4.2.1-%s\n", result);

    has(edited, entry);
    g_assert_cmpstr(back, ==, changed);
}

static void check_macros(void)
{
    release_is("", "3%{?dist}", "3.0.vgpu.1");
    release_is("", "3%{dist}", "3.0.vgpu.1");
    release_is("", "3%{?dist}.4", "3.4.0.vgpu.1");
    release_is("", "3  ", "3.0.vgpu.1");
    release_is("%global a 7\n", "%{a}%{?nothing}%{?dist}", "7.0.vgpu.1");
    release_is("%global a 7\n%define b %{a}.%a\n", "%{b}", "7.7.0.vgpu.1");
    release_is("%global a 7\n%global a 8\n", "%{a}", "8.0.vgpu.1");
    release_is("%global a 7\n", "%{?a:1.%{a}}%{!?a:2}", "1.7.0.vgpu.1");
    release_is("", "1%{!?a:.2}", "1.2.0.vgpu.1");
    /* What only rpm can know stays for rpm. */
    release_is("", "1.%{build_number}", "1.%{build_number}.0.vgpu.1");
    release_is("", "1%(echo .2)", "1%(echo .2).0.vgpu.1");
    /* The suffix of another tool, and our own text where it is not ours. */
    release_is("", "2.0.ydi.1%{?dist}", "2.0.ydi.1.0.vgpu.1");
    release_is("", "2.0.vgpu.1%{?dist}", "2.0.vgpu.1.0.vgpu.1");
}

static void entry_is(const char *top, gint64 now, const char *date)
{
    g_autofree char *text = read_file("setup-patch");
    g_autofree char *changed = with(text, "Fri Mar 01 2024", top);
    g_autofree char *edited = integrate_at(changed, now);
    g_autofree char *entry = g_strdup_printf("%%changelog\n* %s Some One <",
                                             date);

    has(edited, entry);
}

/* rpm does not build where an entry is older than the one below it. */
static void check_dates(void)
{
    entry_is("Fri Mar 01 2024", NOW, "Tue Feb 03 2026");
    entry_is("Fri Mar 01 2024", 0, "Fri Mar 01 2024");
    entry_is("Wed Mar 04 2026", NOW, "Wed Mar 04 2026");
    entry_is("Tue Feb 03 2026 23:59:00 CET", NOW, "Tue Feb 03 2026");
    entry_is("Tue Feb 03 23:59:00 CET 2026", NOW, "Wed Feb 04 2026");
    entry_is("Sat Feb 28 01:00:00 UTC 2026", NOW, "Sun Mar 01 2026");
    entry_is("sometime", NOW, "Tue Feb 03 2026");
    entry_is("Fri Feb 31 2027", NOW, "Tue Feb 03 2026");
    entry_is("Fri Mar 01 2024", 951782400, "Fri Mar 01 2024");
    /* A day with one digit, and the year 10000. */
    entry_is("Fri Mar 01 2024", 1709596800, "Tue Mar 05 2024");
    entry_is("Fri Mar 01 2024", G_MAXINT64, "Fri Dec 31 9999");
}

static void check_packager(void)
{
    g_autofree char *text = read_file("autosetup");
    g_autofree char *edited = NULL;
    g_autofree char *longest = g_strnfill(201, 'x');
    SpecRefusal refusal;
    Spec spec;

    g_assert_true(spec_packager_valid("Nové <n@example.org>"));
    g_assert_false(spec_packager_valid(""));
    g_assert_false(spec_packager_valid("a\n* b"));
    g_assert_false(spec_packager_valid("a\tb"));
    g_assert_false(spec_packager_valid("\xff"));
    g_assert_false(spec_packager_valid(longest));

    parse(&spec, text);
    edited = spec_integrate(&spec, "100% <%{name}>", NOW, &refusal);
    spec_clear(&spec);
    /* As rpm has to read it: a macro would be expanded. */
    has(edited, "* Tue Feb 03 2026 100%% <%%{name}> - 4.2.1");
}

static void source_is(const char *from, const char *to, const char *expected)
{
    g_autofree char *text = read_file("autosetup");
    g_autofree char *changed = with(text, from, to);
    g_autofree char *edited = integrate(changed);
    g_autofree char *back = undo(edited);

    has(edited, expected);
    g_assert_cmpstr(back, ==, changed);
}

static void check_source_place(void)
{
    const char *old = "Source2: keycodemapdb-0.tar.gz\n";

    source_is(
        old, "Source9999: a\nSource5: b\n",
        "Source5: b\n# vgpuctl: begin source\nSource10000: vgpu-stub.c\n");
    source_is(old, "Source: a\nSource: b\nSource: c\n",
              "Source: c\n# vgpuctl: begin source\nSource4: vgpu-stub.c\n");
    source_is(old, "  source2 : a\n",
              "  source2 : a\n# vgpuctl: begin source\nSource3: vgpu-stub.c\n");
    /* Under an %if it would be there only sometimes. */
    source_is(old, "%if 0\n%ifarch arm\nSource7: a\n%endif\n#\n%endif\n",
              "%endif\n# vgpuctl: begin source\nSource8: vgpu-stub.c\n");
    /* No line of the preamble: a macro's inside, and a description. */
    source_is("License: GPL\n", "%define x() \\\nSource50: a\\\nx\n",
              "Source3: vgpu-stub.c");
    source_is("License: GPL\n", "%{lua:\nSource50: a\n}\n",
              "Source3: vgpu-stub.c");
    source_is("A device model.\n", "Source50: a\n", "Source3: vgpu-stub.c");
    source_is("# Ours\n", "#Source50: a\n# Source3: vgpu-stub.c\n",
              "Source3: vgpu-stub.c\n# vgpuctl: end source\n");
}

/* Section names count at the start of a line only, as for rpm. */
static void check_sections(void)
{
    source_is("# submodule ui/keycodemapdb\n", "  %build\n#%build\n%buildx\n",
              "# vgpuctl: end prep\n\n%build\n%if");
    source_is("%define with_asan 0\n",
              "%define with_asan 0\n%global y %{expand:\n%prep\n%build\n}\n",
              "# vgpuctl: end prep\n\n%build\n%if");
    source_is("tar xzf %{SOURCE2}\n", "%if 1\ntar xzf %{SOURCE2}\n%endif\n",
              "# vgpuctl: end prep\n\n%build\n%if");
}

static void check_no_changelog(void)
{
    g_autofree char *text = read_file("autosetup");
    g_autofree char *edited = NULL;
    g_autofree char *back = NULL;

    *strstr(text, "%changelog") = '\0';
    edited = integrate(text);
    g_assert_null(strstr(edited, "changelog"));
    back = undo(edited);
    g_assert_cmpstr(back, ==, text);
}

/* ---- Has it the device already? ---------------------------------------------------- */

static void check_by_hand(void)
{
    static const struct {
        const char *name;
        gint64 number;
        bool werror_off;
    } cases[] = {
        { "by-hand-3", 3, true },
        { "by-hand-9999", 9999, false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = read_file(cases[i].name);
        Spec spec;

        parse(&spec, text);
        g_assert_cmpint(spec.state, ==, SPEC_BY_HAND);
        g_assert_cmpint(spec.source_number, ==, cases[i].number);
        g_assert_true(spec.werror_off == cases[i].werror_off);
        spec_clear(&spec);
    }
}

static void check_half_by_hand(void)
{
    g_autofree char *text = read_file("by-hand-3");
    g_autofree char *source = with(text, "Source3: vgpu-stub.c\n", "");
    g_autofree char *copy = with(text, "cp -a", "#cp -a");
    g_autofree char *build = with(text, "echo \"obj", "# echo \"obj");
    g_autofree char *twice = with(
        text, "Source3: ", "Source4: a/vgpu-stub.c\nSource3: ");

    refused(source, -1, "added by hand: no Source line for vgpu-stub.c");
    refused(copy, -1, "added by hand: no line in %prep that copies it");
    refused(build, -1, "by hand: no line in %prep that adds it to the build");
    refused(twice, -1, "the spec has 2 Source lines for vgpu-stub.c");
}

/* Each mark taken away, doubled or moved to the end. */
static void check_half_edited(void)
{
    static const char *const marks[] = {
        "# vgpuctl: begin source\n", "# vgpuctl: end source\n",
        "# vgpuctl: release\n",      "# vgpuctl: begin prep\n",
        "# vgpuctl: end prep\n",
    };
    static const struct {
        const char *from, *to;
    } others[] = {
        { "Source3: vgpu-stub.c\n", "" },
        { "Source3: vgpu-stub.c\n", "Source3: other.c\n" },
        { "Source3: vgpu-stub.c\n", "Source3: vgpu-stub.c\n\n" },
        { ".2.0.vgpu.1%{?dist}", ".2%{?dist}" },
        { "# vgpuctl: release\n", "# vgpuctl: release\n\n" },
        { "# vgpuctl: release\n", "# vgpuctl: releases\n" },
        { "# vgpuctl: end prep\n\n", "# vgpuctl: end prep\n" },
        { "integrate)\n\n", "integrate)\n- more\n\n" },
        { "- Add the vgpu-stub device (vgpuctl integrate)\n",
          "- Add the vgpu-stub device (vgpuctl integrate)\n"
          "- Add the vgpu-stub device (vgpuctl integrate)\n" },
        { "License: GPL\n", "Source8: vgpu-stub.c\n" },
    };
    const char *words = "not all of them once and in their places";
    g_autofree char *text = read_file("autosetup");
    g_autofree char *edited = integrate(text);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(marks); i++) {
        g_autofree char *twice = g_strconcat(marks[i], marks[i], NULL);
        g_autofree char *without = with(edited, marks[i], "");
        g_autofree char *doubled = with(edited, marks[i], twice);
        g_autofree char *moved = g_strconcat(without, marks[i], NULL);

        refused(without, -1, words);
        refused(doubled, -1, words);
        refused(moved, -1, words);
    }
    for (i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *changed = with(edited, others[i].from, others[i].to);

        refused(changed, -1, words);
    }
}

/* An update that was merged over an integrated spec does not bind the marks. */
static void check_edited_elsewhere(void)
{
    g_autofree char *text = read_file("autosetup");
    g_autofree char *edited = integrate(text);
    g_autofree char *more = with(edited, "%changelog\n",
                                 "%changelog\n* Wed Mar 04 2026 A <a@b> - 1\n"
                                 "- More\n\n");
    g_autofree char *expected = with(
        text, "%changelog\n",
        "%changelog\n* Wed Mar 04 2026 A <a@b> - 1\n"
        "- More\n\n");
    g_autofree char *back = undo(more);

    g_assert_cmpstr(back, ==, expected);
}

/* ---- Refusals --------------------------------------------------------------------- */

static void check_bytes(void)
{
    g_autofree char *text = read_file("autosetup");
    g_autofree char *dos = with(text, "\n", "\r\n");
    g_autofree char *latin = with(text, "\xc3\xa9", "\xe9");
    g_autofree char *large = g_strnfill(SPEC_SIZE_LIMIT + 1, '\n');

    refused("", 0, "the spec is empty");
    refused(text, (gssize)strlen(text) + 1, "the spec has NUL bytes");
    refused(latin, -1, "the spec is not UTF-8");
    refused(dos, -1, "the spec has DOS line ends");
    refused(large, -1, "the spec is larger than 1024 KiB");
}

static void check_refusals(void)
{
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        { "Name: qemu", "Name: xen", "the spec is of 'xen', not of qemu" },
        { "Name: qemu", "Nome: qemu", "the spec has 0 Name: lines, not one" },
        { "Version: 4.2.1\n", "", "the spec has 0 Version: lines, not one" },
        { "Version: 4.2.1\n", "Version: 4.2.1\nVersion: 5\n",
          "the spec has 2 Version: lines, not one" },
        { "Version: 4.2.1", "Version: %{nothing}",
          "the spec's version '%{nothing}' is no number" },
        { "Version: 4.2.1", "Version: 4",
          "the spec's version '4' is no number" },
        { "Version: 4.2.1", "Version: 12345.1",
          "the spec's version '12345.1' is no number" },
        { "Version: 4.2.1", "Version: 4.1.1", "QEMU 4.1.1 is too old" },
        { "Version: 4.2.1", "Version: 2.10.2",
          "QEMU 2.10.2 is too old: XCP-ng 8.1 and older are out of scope, the "
          "device needs QEMU 4.2 or later" },
        { "Version: 4.2.1", "Version: %{version}",
          "the macros of the spec's Version: line have no end" },
        { "%global usver 4.2.1\n",
          "%global xsver %{xsrel}\n%global usver %{xsver}\n",
          "the macros of the spec's Release: line have no end" },
        { "Release: %{?xsrel}.2%{?dist}\n", "",
          "the spec has 0 Release: lines, not one" },
        { "Release: %{?xsrel}.2%{?dist}",
          "Release: ", "the spec's Release: line is empty" },
        { "%prep\n", "", "the spec has 0 %prep and 1 %build, not one each" },
        { "%build\n", "", "the spec has 1 %prep and 0 %build, not one each" },
        { "%build\n", "%build\n%prep\n",
          "the spec has 2 %prep and 1 %build, not one each" },
        { "%changelog\n", "%changelog\n%changelog\n",
          "the spec has 2 %changelog" },
        { "\n%build\n", "%if 0\n%build\n",
          "the spec's %prep ends inside an %if" },
        { "\n%build\n", "%endif\n%build\n",
          "the spec's %prep ends inside an %if" },
        { "tar xzf %{SOURCE2}\n\n", "tar xzf \\\n",
          "the spec's %prep ends in the middle of a command" },
        { "Source2: keycodemapdb-0.tar.gz\n", "%if 1\nSource2: a\n",
          "the spec's last Source line is inside an %if" },
        { "Source2: ", "Source2147483647: ",
          "the spec's Source lines leave no number free" },
    };
    g_autofree char *text = read_file("autosetup");
    g_autofree char *one = NULL;
    g_autofree char *none = NULL;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *changed = with(text, cases[i].from, cases[i].to);

        /* The second definition stays in the text after the first. */
        if (strstr(cases[i].to, "%global xsver")) {
            g_autofree char *rest = with(changed, "%global xsver 5.2.15\n", "");

            refused(rest, -1, cases[i].words);
        } else {
            refused(changed, -1, cases[i].words);
        }
    }
    one = with(text, "Source0: qemu-4.2.1.tar.gz\n", "");
    none = with(one, "Source2: keycodemapdb-0.tar.gz\n", "");
    refused(none, -1, "the spec has no Source line");
}

/* Where undo could not give back the same bytes, nothing is begun. */
static void check_not_reversible(void)
{
    g_autofree char *text = read_file("autosetup");
    SpecRefusal refusal = { "", NULL };
    Spec spec;

    strstr(text, "%changelog")[strlen("%changelog")] = '\0';
    parse(&spec, text);
    g_assert_null(spec_integrate(&spec, "a", NOW, &refusal));
    g_assert_nonnull(
        strstr(refusal.text, "could not be taken out of it again"));
    spec_clear(&spec);
}

/* Macros that double each time would take for ever. */
static void check_macro_bomb(void)
{
    g_autofree char *text = read_file("setup-patch");
    GString *bomb = g_string_new("%global a0 %{?none}\n");
    g_autofree char *changed = NULL;
    int i;

    for (i = 1; i < 60; i++) {
        g_string_append_printf(bomb, "%%global a%d %%{a%d}%%{a%d}\n", i, i - 1,
                               i - 1);
    }
    g_string_append(bomb, "Release: 1%{a59}");
    changed = with(text, "Release:        4.6.2", bomb->str);
    refused(changed, -1, "the macros of the spec's Release: line have no end");
    g_string_free(bomb, TRUE);
}

/* ---- A line at a build file's end ------------------------------------------------------ */

static void check_tree_line(void)
{
    static const struct {
        const char *text, *added;
    } cases[] = {
        { "", "obj-y += vgpu-stub.o\n" },
        { "a\n", "a\nobj-y += vgpu-stub.o\n" },
        { "a\n\n", "a\n\nobj-y += vgpu-stub.o\n" },
        { "a", "a\nobj-y += vgpu-stub.o" },
    };
    const char *line = "obj-y += vgpu-stub.o";
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *added = tree_add_line(cases[i].text,
                                               strlen(cases[i].text), line);
        g_autofree char *back = tree_remove_line(added, strlen(added), line);
        g_autofree char *again = tree_add_line(added, strlen(added), line);

        g_assert_cmpstr(added, ==, cases[i].added);
        g_assert_cmpstr(back, ==, cases[i].text);
        g_assert_null(tree_remove_line(again, strlen(again), line));
        g_assert_null(
            tree_remove_line(cases[i].text, strlen(cases[i].text), line));
    }
    g_assert_null(tree_remove_line("#obj-y += vgpu-stub.o\n", 22, line));
    g_assert_null(tree_remove_line("obj-y += vgpu-stub.o1\n", 22, line));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/spec/forms", check_forms);
    g_test_add_func("/spec/old-lines", check_old_lines);
    g_test_add_func("/spec/build-lines", check_build_lines);
    g_test_add_func("/spec/facts", check_facts);
    g_test_add_func("/spec/macros", check_macros);
    g_test_add_func("/spec/dates", check_dates);
    g_test_add_func("/spec/packager", check_packager);
    g_test_add_func("/spec/source-place", check_source_place);
    g_test_add_func("/spec/sections", check_sections);
    g_test_add_func("/spec/no-changelog", check_no_changelog);
    g_test_add_func("/spec/by-hand", check_by_hand);
    g_test_add_func("/spec/half-by-hand", check_half_by_hand);
    g_test_add_func("/spec/half-edited", check_half_edited);
    g_test_add_func("/spec/edited-elsewhere", check_edited_elsewhere);
    g_test_add_func("/spec/bytes", check_bytes);
    g_test_add_func("/spec/refusals", check_refusals);
    g_test_add_func("/spec/not-reversible", check_not_reversible);
    g_test_add_func("/spec/macro-bomb", check_macro_bomb);
    g_test_add_func("/tree/line", check_tree_line);
    return g_test_run();
}
