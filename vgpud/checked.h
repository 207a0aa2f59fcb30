/* SPDX-License-Identifier: MIT */
/* Arithmetic on numbers that somebody else chose. Each returns false where the result
 * would not fit, and leaves *result alone. gcc 4.8 has no builtins for it. */
#ifndef VGPUD_CHECKED_H
#define VGPUD_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *result)
{
    if (a > UINT64_MAX - b) {
        return false;
    }
    *result = a + b;
    return true;
}

static inline bool checked_multiply(uint64_t a, uint64_t b, uint64_t *result)
{
    if (b && a > UINT64_MAX / b) {
        return false;
    }
    *result = a * b;
    return true;
}

/* Up to a multiple of align, a power of two. */
static inline bool checked_round_up(uint64_t a, uint64_t align,
                                    uint64_t *result)
{
    uint64_t sum;

    if (!checked_add(a, align - 1, &sum)) {
        return false;
    }
    *result = sum & ~(align - 1);
    return true;
}

/* Whether length bytes from offset lie below end, and not below begin. */
static inline bool checked_inside(uint64_t offset, uint64_t length,
                                  uint64_t begin, uint64_t end)
{
    return offset >= begin && offset <= end && length <= end - offset;
}

#endif /* VGPUD_CHECKED_H */
