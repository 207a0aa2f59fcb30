/* SPDX-License-Identifier: MIT */
/*
 * xenopsd, the daemon that starts QEMU: its configuration as it reads it itself,
 * and when it was started. It changes nothing.
 */
#ifndef VGPUCTL_XENOPSD_H
#define VGPUCTL_XENOPSD_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "options.h"

#define XENOPSD_CONFIG "/etc/xenopsd.conf"
#define XENOPSD_UNIT   "xenopsd-xc.service"

/* Bytes of a configuration file or a unit that are looked at; the real ones have
 * 2 KiB. */
#define XENOPSD_FILE_LIMIT ((size_t)256 * 1024)

/*
 * The value that a text in the manner of xenopsd.conf gives a key, as xenopsd
 * understands it: `#` begins a comment anywhere, quotes around a value go, the
 * last one counts. g_free; NULL: the key is not set.
 */
char *xenopsd_config_value(const char *text, const char *key);

/* A file that sets the key, and to what. */
typedef struct XenopsdSetting {
    char *path; /* of the system itself: without the root */
    char *value;
} XenopsdSetting;

void xenopsd_setting_free(XenopsdSetting *setting);

/*
 * All settings of a key in xenopsd.conf and in the files of its configuration
 * directory, in the order in which xenopsd reads them: the last one counts. Every
 * file in the directory is read, whatever its name. g_ptr_array_unref.
 */
GPtrArray *xenopsd_settings(const Options *options, const char *key);

/* When a file, or the list of a directory's files, was last changed, in the same
 * unit as xenopsd_started(); 0: it is not there. */
gint64 xenopsd_changed(const Options *options, const char *path);

/* A unit's text starts xenopsd with this configuration directory. */
bool xenopsd_unit_names(const char *unit, const char *directory);

/* The host's unit does, and the directory is there. */
bool xenopsd_reads_directory(const Options *options, const char *directory);

typedef enum XenopsdState {
    XENOPSD_RUNS,
    XENOPSD_DOWN,
    XENOPSD_UNKNOWN,
} XenopsdState;

/* Whether xenopsd runs, and since when: microseconds since 1970, to some 20 ms. */
XenopsdState xenopsd_started(const Options *options, gint64 *since);

#endif /* VGPUCTL_XENOPSD_H */
