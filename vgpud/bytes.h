/* SPDX-License-Identifier: MIT */
/* Little-endian numbers in bytes that a guest sent or gets, on any host and at any
 * alignment. The caller has checked that they are there. */
#ifndef VGPUD_BYTES_H
#define VGPUD_BYTES_H

#include <stdint.h>

static inline uint64_t bytes_get(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    while (count--) {
        value = value << 8 | bytes[count];
    }
    return value;
}

static inline void bytes_put(uint8_t *bytes, uint64_t value, unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* A field of a structure of the interface, from the structure's first byte. */
#define BYTES_GET(bytes, type, field)                           \
    bytes_get((bytes) + __builtin_offsetof(struct type, field), \
              sizeof(((struct type *)0)->field))
#define BYTES_PUT(bytes, type, field, value)                             \
    bytes_put((bytes) + __builtin_offsetof(struct type, field), (value), \
              sizeof(((struct type *)0)->field))

#endif /* VGPUD_BYTES_H */
