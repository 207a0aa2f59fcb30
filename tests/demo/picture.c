/* SPDX-License-Identifier: MIT */
#include "demo/picture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Binary digits behind the point, as in mandelbrot.cl. */
#define BITS 28

/* Characters of the print. */
#define COLUMNS 80u
#define LINES   24u

/* A character, and so a point, is twice as high as wide. */
const PictureView picture_view = {
    .left = -(5ll << (BITS - 1)), /* -2.5 */
    .top = -(9ll << (BITS - 3)),  /* -1.125 */
    .right = (1ll << BITS) / 170,
    .down = (2ll << BITS) / 170,
    .most = 1000,
};

char *picture_source(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 0x10000);

    if (!file || !text || !fread(text, 1, 0xffff, file)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    fclose(file);
    return text;
}

double picture_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static uint32_t steps_of(int64_t x, int64_t y)
{
    const int64_t far = 4ll << (2 * BITS);
    int64_t zx = 0, zy = 0;
    uint32_t n;

    for (n = 0; n < picture_view.most && zx * zx + zy * zy < far; n++) {
        const int64_t before = zx;

        zx = ((zx * zx - zy * zy) >> BITS) + x;
        zy = ((2 * before * zy) >> BITS) + y;
    }
    return n;
}

void picture_compute(uint32_t *steps)
{
    unsigned row, column;

    for (row = 0; row < PICTURE_HEIGHT; row++) {
        for (column = 0; column < PICTURE_WIDTH; column++) {
            *steps++ = steps_of(picture_view.left + column * picture_view.right,
                                picture_view.top + row * picture_view.down);
        }
    }
}

static char shade(uint32_t steps)
{
    static const char shades[] = " .,:;-=+*o%";
    uint32_t i = 0;

    if (steps >= picture_view.most) {
        return '#';
    }
    /* Each shade for half as many steps again. */
    for (; steps > 3 && shades[i + 2]; i++) {
        steps = steps * 2 / 3;
    }
    return shades[i];
}

void picture_print(const uint32_t *steps)
{
    unsigned line, column;

    for (line = 0; line < LINES; line++) {
        const unsigned row = line * (PICTURE_HEIGHT / LINES);

        for (column = 0; column < COLUMNS; column++) {
            const unsigned at = column * (PICTURE_WIDTH / COLUMNS);

            putchar(shade(steps[row * PICTURE_WIDTH + at]));
        }
        putchar('\n');
    }
}

/* FNV-1a: any other result has another sum, as far as chance goes. */
static uint64_t sum(const uint32_t *steps)
{
    const uint8_t *bytes = (const uint8_t *)steps;
    uint64_t hash = 0xcbf29ce484222325;
    size_t i;

    for (i = 0; i < PICTURE_BYTES; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    }
    return hash;
}

bool picture_report(const char *path, const uint32_t *steps,
                    const PictureTimes *times, double own_ms)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    fprintf(file, "sum=%016" PRIx64 "\nkernel=%.1f\nfirst=%.1f\n", sum(steps),
            times->kernel_ms, times->first_ms);
    fprintf(file, "again=%.1f\nown=%.1f\n", times->again_ms, own_ms);
    return fclose(file) == 0;
}
