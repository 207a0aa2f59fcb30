/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as what another machine says: a guest, a host's doctor,
 * ssh. What is handed on is printable, and a judgement is given in any case.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "doctor-report.h"
#include "domain.h"
#include "remote.h"
#include "verify-guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Nothing that a terminal would act on. */
static void must_be_printable(const char *text)
{
    const char *at;

    must(g_utf8_validate(text, -1, NULL));
    for (at = text; *at; at = g_utf8_next_char(at)) {
        must(g_unichar_isprint(g_utf8_get_char(at)));
    }
}

static void check_shown(const char *text)
{
    g_autofree char *shown = remote_shown(text, 100);

    must_be_printable(shown);
    /* Each byte takes four characters at most. */
    must(strlen(shown) <= 100 * 4 + 16);
}

static void check_guest(const char *text)
{
    g_autoptr(Guest) guest = guest_parse(text);
    const char *remedy = NULL;
    g_autofree char *problem = guest_problem(guest, &remedy);

    must(!problem == !remedy);
    if (problem) {
        must_be_printable(problem);
    } else {
        must(guest->finished && guest->devices->len == 1);
    }
    if (guest->lspci) {
        must_be_printable(guest->lspci);
    }
}

static void check_report(const char *text)
{
    g_autofree char *why = NULL;
    g_autoptr(DoctorReport) report = doctor_report_parse(text, &why);
    guint i;

    must(!report == !!why);
    if (why) {
        must_be_printable(why);
        return;
    }
    must_be_printable(report->version);
    must_be_printable(report->package);
    for (i = 0; i < report->checks->len; i++) {
        const DoctorReportCheck *check = report->checks->pdata[i];

        must_be_printable(check->title);
        must_be_printable(check->detail);
        if (check->remedy) {
            must_be_printable(check->remedy);
        }
    }
}

static void check_judge(const char *text)
{
    g_autoptr(Remote) remote = g_new0(Remote, 1);

    remote_judge(remote, text, 1000);
    must(remote->output && remote->status >= -1 && remote->status <= 999);
    must((remote->status < 0) == (remote->why != NULL));
    if (remote->why) {
        must_be_printable(remote->why);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *unescaped = domain_unescape(text);
    g_auto(GStrv) words = domain_parse_cmdline((const char *)data, size);

    must(strlen(unescaped) <= strlen(text));
    must(words != NULL);
    check_shown(text);
    check_guest(text);
    check_report(text);
    check_judge(text);
    return 0;
}
