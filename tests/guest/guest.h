/* SPDX-License-Identifier: MIT */
/*
 * Boots the Linux guest of tests/guest/init with a device in it and reads what
 * it prints. The QEMU is qemu_binary(); the image lies in $VGPU_GUEST (default
 * build/guest/amd64); $VGPU_ACCEL is the accelerator (default tcg).
 */
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include <glib.h>
#include <stdbool.h>

typedef struct GuestBoot {
    const char *machine;  /* "pc" or "q35" */
    const char *device;   /* the argument of -device */
    const char *firmware; /* a UEFI image, or NULL for the machine's BIOS */
} GuestBoot;

typedef struct GuestReport {
    char *console;        /* everything, for a human to read */
    GHashTable *sections; /* name → text, from the lines that begin with @@ */
    double ready_s;       /* seconds from QEMU's start to the first process */
    double seconds;       /* until QEMU had ended */
    char *failure;        /* why it did not run to its end, or NULL */
} GuestReport;

/* Runs a guest to its end. The report is the caller's: guest_report_clear(). */
void guest_check(GuestReport *report, const GuestBoot *boot);
/* The same of a console that was recorded elsewhere, which it takes over. */
void guest_report_read(GuestReport *report, char *console);
void guest_report_clear(GuestReport *report);

/* A section's text, "" when the guest did not print it. */
const char *guest_section(const GuestReport *report, const char *name);

/* Replaces this process by QEMU, with the guest's shell on the terminal. */
int guest_exec_shell(const GuestBoot *boot);

/* NULL, or what is missing to boot a guest, with the remedy. */
const char *guest_missing(void);

#endif /* TESTS_GUEST_H */
