/* SPDX-License-Identifier: MIT */
#include "driver/tap.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Worth a word. */
#define SLOW_S 4

static unsigned planned;
static bool failed;

void tap_fail(const char *file, int line, const char *format, ...)
{
    char text[256];
    va_list arguments;

    failed = true;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    printf("# %s:%d: %s\n", file, line, text);
}

bool tap_failed(void)
{
    return failed;
}

/* Not alarm(): that is the tests' own. */
static void limit(timer_t timer, unsigned seconds)
{
    const struct itimerspec spec = { .it_value.tv_sec = seconds };

    timer_settime(timer, 0, &spec, NULL);
}

unsigned tap_run(const char *group, const char *only, const TapTest *tests,
                 unsigned limit_s)
{
    struct sigevent end = { .sigev_notify = SIGEV_SIGNAL,
                            .sigev_signo = SIGKILL };
    unsigned failures = 0;
    timer_t timer;
    time_t start;

    timer_create(CLOCK_MONOTONIC, &end, &timer);
    for (; tests->name; tests++) {
        if (only && strcmp(only, tests->name) != 0) {
            continue;
        }
        failed = false;
        limit(timer, limit_s);
        start = time(NULL);
        tests->run();
        limit(timer, 0);
        if (time(NULL) - start >= SLOW_S) {
            printf("# %s took %ld s\n", tests->name,
                   (long)(time(NULL) - start));
        }
        planned++;
        failures += failed;
        printf("%sok %u /driver/%s/%s\n", failed ? "not " : "", planned, group,
               tests->name);
        fflush(stdout);
    }
    timer_delete(timer);
    return failures;
}

void tap_end(void)
{
    printf("1..%u\n", planned);
}
