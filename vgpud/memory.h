/* SPDX-License-Identifier: MIT */
/*
 * What a link's two ends share: the memory, sealed so that neither can take pages away
 * from under the other, and the two eventfds.
 */
#ifndef VGPUD_MEMORY_H
#define VGPUD_MEMORY_H

#include <stdint.h>

#include "vgpu/link.h"

/* Not in the headers of glibc 2.17. */
#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_GET_SEALS   1034
#define F_SEAL_SEAL   0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW   0x0004
#endif
#define MEMORY_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)

typedef struct Memory {
    int fd[VGPU_LINK_DESCRIPTORS]; /* by VGPU_LINK_FD_*; close-on-exec */
    uint8_t *bytes;                /* VGPU_LINK_MEMORY_BYTES, zeroed, shared */
} Memory;

/* Makes all of it. Returns 0 or a negative errno: then there is nothing to free. */
int memory_create(Memory *memory);

/* Unmaps and closes it. The other end keeps what it has. */
void memory_destroy(Memory *memory);

/* The other end has the descriptors: closes that of the memory, which is mapped. */
void memory_sent(Memory *memory);

#endif /* VGPUD_MEMORY_H */
