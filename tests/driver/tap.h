/* SPDX-License-Identifier: MIT */
/*
 * Tests that run in the guest, where there is no GLib: each is a function, and
 * has failed when one of its expectations has. Prints TAP.
 */
#ifndef TESTS_DRIVER_TAP_H
#define TESTS_DRIVER_TAP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct TapTest {
    const char *name;
    void (*run)(void);
} TapTest;

/* Runs tests up to one without a name, or the one that only names unless that is
 * NULL. A test that takes longer than limit_s ends the program. Returns how many
 * have failed. */
unsigned tap_run(const char *group, const char *only, const TapTest *tests,
                 unsigned limit_s);
/* Prints the plan. */
void tap_end(void);

/* Whether the test that runs has failed by now; for a process that it has made. */
bool tap_failed(void);

/* For EXPECT(): may be called by any thread. */
void tap_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define EXPECT(condition)                                   \
    do {                                                    \
        if (!(condition)) {                                 \
            tap_fail(__FILE__, __LINE__, "%s", #condition); \
        }                                                   \
    } while (0)

/* Two whole numbers are equal. */
#define EXPECT_EQ(seen, wanted)                                             \
    do {                                                                    \
        const int64_t seen_ = (int64_t)(seen), wanted_ = (int64_t)(wanted); \
        if (seen_ != wanted_) {                                             \
            tap_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #seen,     \
                     (long long)seen_, (long long)wanted_);                 \
        }                                                                   \
    } while (0)

#endif /* TESTS_DRIVER_TAP_H */
