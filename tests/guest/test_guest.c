/* SPDX-License-Identifier: MIT */
/*
 * The device in a real Linux guest, judged by what the guest prints: on both
 * machine types, under UEFI, and in ten boots in a row.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest/checks.h"
#include "guest/guest.h"
#include "lib/qemu.h"

#define BOOTS_IN_A_ROW 10

/* Debian's ovmf package. */
#define UEFI_FIRMWARE "/usr/share/ovmf/OVMF.fd"

static void run_checks(const GuestBoot *boot)
{
    GuestReport report;
    const GuestCheck *check;

    guest_check(&report, boot);
    for (check = guest_checks; check->title; check++) {
        g_autofree char *seen = NULL;

        if (!check->check(&report, &seen)) {
            g_test_message("%s: %s", check->title, seen ? seen : "nothing");
            g_test_fail();
        }
    }
    if (g_test_failed()) {
        g_test_message("the guest's console:\n%s", report.console);
    } else {
        g_test_message("userspace after %.1f s, %.1f s in all", report.ready_s,
                       report.seconds);
    }
    guest_report_clear(&report);
}

static void check_machine(gconstpointer machine)
{
    const GuestBoot boot = {
        .machine = machine,
        .device = guest_checks_device,
    };

    run_checks(&boot);
}

static void check_fixed_slot(void)
{
    g_autofree char *device = g_strconcat(guest_checks_device, ",addr=1e",
                                          NULL);
    const GuestBoot boot = { .machine = "pc", .device = device };

    run_checks(&boot);
}

static void check_uefi(void)
{
    const GuestBoot boot = {
        .machine = "q35",
        .device = guest_checks_device,
        .firmware = UEFI_FIRMWARE,
    };

    if (g_str_has_suffix(qemu_binary(), "i386")) {
        g_test_skip("this boots the 64-bit firmware of Debian's package ovmf; "
                    "a 64-bit QEMU makes this run");
        return;
    }
    if (access(UEFI_FIRMWARE, R_OK) != 0) {
        g_test_skip("no " UEFI_FIRMWARE "; `apt-get install ovmf` makes this "
                    "run");
        return;
    }
    run_checks(&boot);
}

static bool can_run_guests(void)
{
    const char *accel = g_getenv("VGPU_ACCEL");

    return qemu_has_accel(accel && *accel ? accel : "tcg");
}

static void skip_all(void)
{
    g_test_skip("this QEMU has no accelerator that can run a guest; one built "
                "with TCG makes this run");
}

int main(int argc, char **argv)
{
    const char *missing = guest_missing();
    unsigned i;

    qemu_test_init(&argc, &argv);
    if (missing) {
        printf("Bail out! %s\n", missing);
        return 1;
    }
    if (!can_run_guests()) {
        g_test_add_func("/guest", skip_all);
        return g_test_run();
    }
    g_test_add_data_func("/guest/pc", "pc", check_machine);
    g_test_add_data_func("/guest/q35", "q35", check_machine);
    g_test_add_func("/guest/fixed-slot", check_fixed_slot);
    g_test_add_func("/guest/uefi", check_uefi);
    if (g_test_thorough()) {
        for (i = 1; i <= BOOTS_IN_A_ROW; i++) {
            g_autofree char *path = g_strdup_printf("/guest/in-a-row/%02u", i);

            g_test_add_data_func(path, i % 2 ? "pc" : "q35", check_machine);
        }
    }
    return g_test_run();
}
