/* SPDX-License-Identifier: MIT */
/*
 * What `vgpuctl doctor --json` printed on another host: foreign text, which is
 * looked at before it is believed.
 */
#ifndef VGPUCTL_DOCTOR_REPORT_H
#define VGPUCTL_DOCTOR_REPORT_H

#include <glib.h>
#include <stdbool.h>

/* Bytes: a host with a hundred VMs says some 100 KiB. */
#define DOCTOR_REPORT_LIMIT ((size_t)1024 * 1024)

typedef struct DoctorReportCheck {
    const char *outcome; /* one of the four that doctor has */
    char *title;         /* printable, as are the others */
    char *detail;
    char *remedy; /* or NULL */
} DoctorReportCheck;

typedef struct DoctorReport {
    GPtrArray *checks; /* DoctorReportCheck * */
    char *version;     /* of that vgpuctl; "" when it does not say */
    char *package;     /* its QEMU; "" when it does not say */
} DoctorReport;

/* NULL with *why (g_free) in one line when it is no such report. */
DoctorReport *doctor_report_parse(const char *text, char **why);
void doctor_report_free(DoctorReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorReport, doctor_report_free)

#endif /* VGPUCTL_DOCTOR_REPORT_H */
