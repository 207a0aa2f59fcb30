/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench.h"

#include <inttypes.h>
#include <string.h>

/* ---- For people -------------------------------------------------------------- */

static bool is_time(const Figure *figure)
{
    return strcmp(figure->unit, BENCH_NS) == 0;
}

static bool is_bytes(const Figure *figure)
{
    return strcmp(figure->unit, BENCH_BYTES) == 0;
}

/* As microseconds, MB/s, or commands a second. */
static double shown(const Figure *figure, double value)
{
    return is_time(figure)    ? value / 1e3
           : is_bytes(figure) ? value / 1e6
                              : value;
}

static const char *shown_unit(const Figure *figure)
{
    return is_time(figure) ? "us" : is_bytes(figure) ? "MB/s" : "a second";
}

static void print_value(double value)
{
    printf(" %10.*f", value < 10 ? 2 : value < 1000 ? 1 : 0, value);
}

static double each(const Figure *figure, uint64_t count)
{
    return (double)count / (double)(figure->commands ? figure->commands : 1);
}

/* The worst are the long times and the low rates. */
static void print_figure(Figure *figure)
{
    const bool time = is_time(figure);

    printf("%-36s", figure->text);
    if (figure->why) {
        printf(" skipped: %s\n", figure->why);
        return;
    }
    print_value(shown(figure, bench_quantile(figure, .5)));
    print_value(shown(figure, bench_quantile(figure, time ? .99 : .01)));
    print_value(shown(figure, bench_quantile(figure, time ? 0 : 1)));
    printf(" %-8s", shown_unit(figure));
    if (figure->counted) {
        printf(" %9.2f %10.2f", each(figure, figure->doorbells),
               each(figure, figure->interrupts));
    }
    printf("\n");
}

void bench_print(Figure *figures, size_t count)
{
    size_t i;

    printf("%-36s %10s %10s %10s %-8s %9s %10s\n", "", "median", "worst 1 %",
           "best", "", "doorbells", "interrupts");
    for (i = 0; i < count; i++) {
        if (figures[i].samples || figures[i].why) {
            print_figure(&figures[i]);
        }
    }
}

/* ---- For programs ------------------------------------------------------------ */

static void print_json_figure(Figure *figure, bool first)
{
    printf("%s\n    { \"name\": \"%s\", \"unit\": \"%s\", ", first ? "" : ",",
           figure->name, figure->unit);
    if (figure->why) {
        printf("\"skipped\": \"%s\" }", figure->why);
        return;
    }
    printf("\"samples\": %zu, \"median\": %.1f, \"p01\": %.1f, \"p99\": %.1f, "
           "\"min\": %.1f, \"max\": %.1f",
           figure->samples, bench_quantile(figure, .5),
           bench_quantile(figure, .01), bench_quantile(figure, .99),
           bench_quantile(figure, 0), bench_quantile(figure, 1));
    if (figure->counted) {
        printf(", \"commands\": %" PRIu64 ", \"doorbells\": %" PRIu64
               ", \"interrupts\": %" PRIu64,
               figure->commands, figure->doorbells, figure->interrupts);
    }
    printf(" }");
}

void bench_print_json(Figure *figures, size_t count, unsigned rounds)
{
    bool first = true;
    size_t i;

    printf("{\n  \"rounds\": %u,\n  \"figures\": [", rounds);
    for (i = 0; i < count; i++) {
        if (figures[i].samples || figures[i].why) {
            print_json_figure(&figures[i], first);
            first = false;
        }
    }
    printf("\n  ]\n}\n");
}
