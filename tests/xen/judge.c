/* SPDX-License-Identifier: MIT */
/*
 * What the guest suite demands of a guest with the sample device, of a console
 * that was recorded elsewhere: one line a check, "ok TITLE" or "not-ok TITLE",
 * behind "# " and what was seen.
 * Usage: xen_judge FILE
 */
#include <stdio.h>
#include <string.h>

#include "guest/checks.h"

int main(int argc, char **argv)
{
    GuestReport report;
    const GuestCheck *check;
    char *console = NULL;

    if (argc != 2 || !g_file_get_contents(argv[1], &console, NULL, NULL)) {
        fputs("usage: xen_judge FILE (a guest's console)\n", stderr);
        return 2;
    }
    guest_report_read(&report, console);
    for (check = guest_checks; check->title; check++) {
        g_autofree char *seen = NULL;
        bool ok = check->check(&report, &seen);

        printf("# %s\n%s %s\n", seen ? seen : "nothing", ok ? "ok" : "not-ok",
               check->title);
    }
    guest_report_clear(&report);
    return 0;
}
