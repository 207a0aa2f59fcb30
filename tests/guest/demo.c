/* SPDX-License-Identifier: MIT */
/*
 * `make demo` and `make vm`: one boot with the sample device, shown from
 * inside the guest, with a table of what was checked at the end.
 */
#include <stdio.h>
#include <string.h>

#include "guest/checks.h"
#include "guest/guest.h"

static void show(const GuestReport *report, const char *title,
                 const char *section)
{
    g_auto(GStrv) lines = g_strsplit(guest_section(report, section), "\n", -1);
    size_t i;

    printf("\nguest$ %s\n", title);
    for (i = 0; lines[i] && *lines[i]; i++) {
        printf("  %s\n", lines[i]);
    }
}

static int print_table(const GuestReport *report)
{
    unsigned passed = 0, failed = 0;
    const GuestCheck *row;

    printf("\n%-32s %-6s %s\n", "CHECKED", "", "SEEN IN THE GUEST");
    for (row = guest_checks; row->title; row++) {
        g_autofree char *seen = NULL;
        bool ok = row->check(report, &seen);

        printf("%-32s %-6s %s\n", row->title, ok ? "ok" : "FAILED",
               seen ? seen : "nothing");
        passed += ok;
        failed += !ok;
    }
    printf("\n%u checked, %u failed; booted in %.1f s\n", passed + failed,
           failed, report->seconds);
    return failed ? 1 : 0;
}

static int demo(const GuestBoot *boot)
{
    GuestReport report;
    int status;

    printf("\nBooting Linux with -device %s\n", boot->device);
    fflush(stdout);
    guest_check(&report, boot);
    if (report.failure) {
        printf("\nThe guest's console:\n%s\n", report.console);
    }
    show(&report, "lspci -nn", "lspci-nn");
    show(&report, "lspci -nnvv -d 1af4:1111", "lspci-nnvv");
    show(&report, "ls /sys/bus/pci/devices; cat its files", "sysfs");
    show(&report, "vgpu-regs list", "registers");
    show(&report, "vgpu-regs write COMMAND 0x12345678; vgpu-regs read ...",
         "command");
    show(&report, "vgpu-regs check-accesses", "accesses");
    status = print_table(&report);
    guest_report_clear(&report);
    return status;
}

int main(int argc, char **argv)
{
    const GuestBoot boot = { .machine = "pc", .device = guest_checks_device };
    const char *missing = guest_missing();

    if (missing) {
        fprintf(stderr, "demo: %s\n", missing);
        return 1;
    }
    if (argc == 2 && strcmp(argv[1], "--shell") == 0) {
        return guest_exec_shell(&boot);
    }
    if (argc != 1) {
        fprintf(stderr, "usage: demo [--shell]\n");
        return 2;
    }
    return demo(&boot);
}
