/* SPDX-License-Identifier: MIT */
/* What the host's files say of each VM: UUID.conf in one directory. */
#ifndef VGPUD_REGISTRY_H
#define VGPUD_REGISTRY_H

#include <glib.h>

#include "vgpud/link.h"

#define REGISTRY_GROUP  "vm"
#define REGISTRY_SUFFIX ".conf"

typedef struct VmSettings {
    char *uuid; /* in lower case */
    LinkConfig config;
    char *backend;  /* NULL: the worker's default */
    char *device;   /* NULL: any */
    char *delay_ms; /* as the worker's options take them; NULL: the defaults */
    char *job_limit_ms;
} VmSettings;

void vm_settings_free(VmSettings *settings);

/* Whether it is a uuid in lower case, and so a safe part of a path. */
gboolean registry_is_uuid(const char *text);

/*
 * Reads a file, whose name gives the uuid. Only one that its reader's user owns, and
 * nobody else can write, is believed. NULL with *error, which names the file, the key and
 * what is allowed.
 */
VmSettings *registry_read(const char *path, GError **error);

/* All files of a directory that end in REGISTRY_SUFFIX, by uuid. What is wrong with one
 * is logged, and that VM is left out: the others go on. The caller's, with its VmSettings;
 * NULL with *error when the directory cannot be read. */
GHashTable *registry_read_all(const char *directory, GError **error);

#endif /* VGPUD_REGISTRY_H */
