/* SPDX-License-Identifier: MIT */
/*
 * What a spec file names, as rpm itself reads it, and whether the files are
 * there and are what they should be.
 */
#ifndef VGPUCTL_SOURCES_H
#define VGPUCTL_SOURCES_H

#include <glib.h>
#include <stdbool.h>

#include "options.h"

typedef struct Sources {
    char *name;
    char *version;
    char *nevr;
    GPtrArray *files; /* names of all sources and patches, no directories */
    guint patches;    /* how many of them are patches */
    GPtrArray *needs; /* names of what has to be installed for the build */
} Sources;

/*
 * Asks rpmspec what the spec names; directory is its SOURCES, defines more
 * macros ("NAME VALUE", NULL-terminated) or NULL. Returns true,
 * or false after having reported why not. Clear it in either case.
 */
bool sources_read(Sources *sources, const char *spec, const char *directory,
                  char *const *defines);
void sources_clear(Sources *sources);

/*
 * Looks at every file: there, no Git LFS pointer, and the archives whole. Each
 * kind of fault is reported as one problem. checkout is where the files come
 * from, for the remedies: a git checkout, or NULL for another origin. Returns
 * true when all is well.
 */
bool sources_check(const Sources *sources, const char *directory,
                   const char *checkout);

/* A path from the current directory made absolute. g_free. */
char *sources_absolute(const char *path);

/* The rpmbuild tree that --topdir names, NULL for its default, as an absolute
 * path; an absolute name is one under --root. g_free. */
char *sources_topdir(const Options *options, const char *topdir);

/* " --topdir DIR" and what else another verb needs to find the same tree; ""
 * for the default. g_free. */
char *sources_same_tree(const Options *options, const char *topdir);

/*
 * True for an absolute path in which QEMU can be built: its configure refuses
 * spaces and colons, and rpm takes % for a macro. Reports it otherwise.
 */
bool sources_topdir_fits(const char *topdir);

#endif /* VGPUCTL_SOURCES_H */
