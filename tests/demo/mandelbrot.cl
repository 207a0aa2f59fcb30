/* SPDX-License-Identifier: MIT */
/* The Mandelbrot set: how many steps each point takes to get away. Numbers are
 * fixed-point, so that every processor gets the same. */
#define BITS 28

kernel void mandelbrot(global uint *steps, long left, long top, long right, long down,
                       uint most)
{
    size_t column = get_global_id(0), row = get_global_id(1);
    long x = left + (long)column * right, y = top + (long)row * down;
    long zx = 0, zy = 0;
    uint n = 0;

    while (n < most && zx * zx + zy * zy < 4L << 2 * BITS) {
        long next = ((zx * zx - zy * zy) >> BITS) + x;

        zy = (2 * zx * zy >> BITS) + y;
        zx = next;
        n++;
    }
    steps[row * get_global_size(0) + column] = n;
}
