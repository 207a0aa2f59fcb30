/* SPDX-License-Identifier: MIT */
/*
 * What a guest with the sample device (guest_checks_device) must print: one
 * list for the guest suite, which runs all of it on each boot, and for
 * `make demo`, which makes a table row of each.
 */
#ifndef TESTS_GUEST_CHECKS_H
#define TESTS_GUEST_CHECKS_H

#include "guest/guest.h"

extern const char guest_checks_device[];

typedef struct GuestCheck {
    const char *title;
    /* True when it holds; *seen gets one line on what was there, to g_free. */
    bool (*check)(const GuestReport *report, char **seen);
} GuestCheck;

/* Ends with a NULL title. */
extern const GuestCheck guest_checks[];

#endif /* TESTS_GUEST_CHECKS_H */
