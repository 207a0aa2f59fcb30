/* SPDX-License-Identifier: MIT */
/*
 * What the checks of `vgpuctl doctor` share. A check looks, decides and says
 * what it saw; it changes nothing.
 */
#ifndef VGPUCTL_DOCTOR_H
#define VGPUCTL_DOCTOR_H

#include <glib.h>

#include "options.h"

typedef struct Doctor {
    const Options *options;
    char *topdir;
    unsigned problems;
} Doctor;

/* The outcome of a check: title is what should hold, the text what was seen. */
void doctor_ok(Doctor *doctor, const char *title, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void doctor_problem(Doctor *doctor, const char *title, const char *remedy,
                    const char *format, ...) G_GNUC_PRINTF(4, 5);
/* It cannot be told; that is no problem by itself. */
void doctor_unknown(Doctor *doctor, const char *title, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* A box of the first guides that asks for the wrong thing, and why. */
void doctor_replaced(Doctor *doctor, const char *title, const char *reason);

/* The rpmbuild tree at doctor->topdir. */
void doctor_check_build(Doctor *doctor);

/* The host under options->root. */
void doctor_check_host(Doctor *doctor);

#endif /* VGPUCTL_DOCTOR_H */
