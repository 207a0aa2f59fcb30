/* SPDX-License-Identifier: MIT */
/*
 * What the two programs of `make demo` have in common: one in the guest, which has its
 * kernel run by libvgpu, and one on the host, which has the same one run by OpenCL.
 */
#ifndef TESTS_DEMO_PICTURE_H
#define TESTS_DEMO_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Eight times as many points as characters in each direction; half of what a command
 * can bring back. */
#define PICTURE_WIDTH  640u
#define PICTURE_HEIGHT 192u
#define PICTURE_POINTS ((size_t)PICTURE_WIDTH * PICTURE_HEIGHT)
#define PICTURE_BYTES  (PICTURE_POINTS * sizeof(uint32_t))

/* The kernel's arguments but the first: fixed-point numbers. */
typedef struct PictureView {
    int64_t left, top;   /* of the first point */
    int64_t right, down; /* to the next one */
    uint32_t most;       /* steps */
} PictureView;

extern const PictureView picture_view;

typedef struct PictureTimes {
    double kernel_ms; /* that OpenCL says of the kernel itself */
    double first_ms;  /* source to result, with the compiler */
    double again_ms;  /* the same once more; what was compiled is kept */
} PictureTimes;

/* The text of a file, the caller's to free; ends the program where there is none. */
char *picture_source(const char *path);

double picture_now_ms(void);

/* The same without a kernel. */
void picture_compute(uint32_t *steps);

/* In characters. */
void picture_print(const uint32_t *steps);

/* Writes "name=number" lines for the script: times, and a sum over all points. */
bool picture_report(const char *path, const uint32_t *steps,
                    const PictureTimes *times, double own_ms);

#endif /* TESTS_DEMO_PICTURE_H */
