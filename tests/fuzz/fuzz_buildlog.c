/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as the log of a build. Whatever is said of them can be
 * printed and put into JSON, and the package is never one that is not qemu's.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buildlog.h"

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

/* One line that a terminal takes for nothing but text. */
static void must_be_text(const char *text)
{
    const char *c;

    must(text != NULL && g_utf8_validate(text, -1, NULL));
    for (c = text; *c; c++) {
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

static void check_answers(const BuildLog *log, guint lines)
{
    BuildCause cause = build_log_cause(log);
    char *summary = build_log_summary(log);
    char *remedy = build_log_remedy(log);
    char *progress = build_log_progress(log);
    char **last = build_log_last_lines(log);
    const char *rpm = build_log_rpm(log);
    guint number, i;
    const char *evidence = build_log_evidence(log, &number);

    must(cause < BUILD_CAUSES && *build_cause_name(cause));
    must_be_text(summary);
    must_be_text(remedy);
    must_be_text(progress);
    must(*summary && *remedy);
    if (build_log_section(log)) {
        must_be_text(build_log_section(log));
    }
    must(!evidence == !number && number <= lines);
    must(evidence || cause == BUILD_UNKNOWN);
    if (evidence) {
        must_be_text(evidence);
    }
    for (i = 0; last[i]; i++) {
        must_be_text(last[i]);
    }
    must(i <= 12);
    if (rpm) {
        must(g_str_has_suffix(rpm, ".rpm") &&
             !g_str_has_suffix(rpm, ".src.rpm"));
        must(strstr(rpm, "qemu-") && !g_str_has_suffix(rpm, "/"));
    }
    g_strfreev(last);
    g_free(progress);
    g_free(remedy);
    g_free(summary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = g_strndup((const char *)data, size);
    char **lines = g_strsplit(text, "\n", -1);
    BuildLog *log = build_log_new();
    BuildCause before = BUILD_UNKNOWN;
    guint i;

    for (i = 0; lines[i]; i++) {
        build_log_line(log, lines[i]);
        /* A cause once found is never forgotten. */
        must(before == BUILD_UNKNOWN || build_log_cause(log) != BUILD_UNKNOWN);
        before = build_log_cause(log);
    }
    check_answers(log, i);
    build_log_free(log);
    g_strfreev(lines);
    g_free(text);
    return 0;
}
