/* SPDX-License-Identifier: MIT */
/* What outlives a vgpud that dies, in a file for each VM: for the next one, which would
 * know neither the worker nor the QEMU that has it. */
#ifndef VGPUD_RECORD_H
#define VGPUD_RECORD_H

#include "vgpud/chroot.h"

typedef struct Record {
    Proc worker;
    Proc qemu;     /* that has, or had, the connection */
    Chroot chroot; /* where there is a socket for it */
} Record;

/* Fills *record in, without chroot.roots: with nothing where there is no file, or not one
 * that record_write() has written. chroot.name is the caller's. */
void record_read(const char *path, Record *record);

/* A failure is logged: it is the next vgpud's loss. */
void record_write(const char *path, const Record *record);

#endif /* VGPUD_RECORD_H */
