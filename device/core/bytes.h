/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vgpu-stub core: little-endian numbers in the guest's memory, on any host.
 */
#ifndef VGPU_CORE_BYTES_H
#define VGPU_CORE_BYTES_H

#include <stdint.h>

static inline uint64_t vgpu_get_bytes(const void *bytes, unsigned count)
{
    const uint8_t *from = bytes;
    uint64_t value = 0;

    while (count--) {
        value = value << 8 | from[count];
    }
    return value;
}

static inline void vgpu_put_bytes(void *bytes, uint64_t value, unsigned count)
{
    uint8_t *to = bytes;
    unsigned i;

    for (i = 0; i < count; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

/* In place, for a field of a structure that was copied from or goes to the guest. */
#define VGPU_FROM_GUEST(field) \
    ((field) = (__typeof__(field))vgpu_get_bytes(&(field), sizeof(field)))
#define VGPU_TO_GUEST(field) \
    vgpu_put_bytes(&(field), (uint64_t)(field), sizeof(field))

#endif /* VGPU_CORE_BYTES_H */
