/* SPDX-License-Identifier: MIT */
/*
 * The device's source on its way to where a build finds it: SOURCES of an
 * rpmbuild tree, or hw/misc of a QEMU tree.
 */
#ifndef VGPUCTL_DEVICE_FILE_H
#define VGPUCTL_DEVICE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

typedef struct DeviceFile {
    char *path; /* where it goes */
    char *data; /* what goes there */
    size_t size;
    char *old; /* what is there, or NULL */
    size_t old_size;
} DeviceFile;

/*
 * Reads what is at path, and what is to go there: the file `from`, or the
 * device that vgpuctl carries if that is NULL. Returns false after having
 * reported why not; then there is nothing to clear.
 */
bool device_file_open(DeviceFile *device, const char *path, const char *from);
void device_file_clear(DeviceFile *device);

/* Is what is to go there the same as what is there? */
bool device_file_is_there(const DeviceFile *device);

/* Something else is there, which vgpuctl did not put there as far as one can
 * see: reports that and returns true. */
bool device_file_is_other(const DeviceFile *device);

/* Writes it, unless it is there. 0 or a negative errno, as change.h has it. */
int device_file_write(const Options *options, const DeviceFile *device);

/* Puts back what was there before device_file_write(). The same returns. */
int device_file_put_back(const Options *options, const DeviceFile *device);

#endif /* VGPUCTL_DEVICE_FILE_H */
