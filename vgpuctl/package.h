/* SPDX-License-Identifier: MIT */
/*
 * Facts about RPM packages, installed ones and files, asked of the program rpm:
 * its answers are the host's truth, and its library differs between releases.
 */
#ifndef VGPUCTL_PACKAGE_H
#define VGPUCTL_PACKAGE_H

#include <glib.h>
#include <stdbool.h>

#include "options.h"

typedef struct Package {
    char *name;
    char *epoch; /* NULL: it has none, which is not the same as 0 */
    char *version;
    char *release;
    char *arch;
    char *nevra; /* name-[epoch:]version-release.arch */
    /* The checksum of its header, "" where rpm keeps none: two packages of
     * one NEVRA that were built twice differ in it. */
    char *id;
    bool source;
} Package;

void package_free(Package *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Package, package_free)

/*
 * The installed packages that own a path of the host; more than one after an
 * interrupted transaction. g_ptr_array_unref. NULL when rpm cannot be run, with
 * the problem reported.
 */
GPtrArray *package_owners(const Options *options, const char *path);

/* What an RPM file is; NULL when rpm cannot read it. */
Package *package_of_file(const char *rpm_file);

/*
 * Whether an RPM file is whole: its own checksums are right. Signatures are
 * not looked at: who builds a QEMU has no key of the distribution. When it is
 * not, *why (g_free) says it in rpm's words.
 */
bool package_file_is_whole(const char *rpm_file, char **why);

/* The paths in a package, installed or in a file. g_ptr_array_unref. */
GPtrArray *package_paths(const Options *options, const Package *installed);
GPtrArray *package_file_paths(const char *rpm_file);

/* Bytes that an RPM file takes when it is installed. */
guint64 package_file_installed_size(const char *rpm_file);

/* The same build of the same package. */
bool package_same(const Package *a, const Package *b);

/*
 * What `rpm -V` says about an installed package: "" when all is as the package
 * has it, else its lines. g_free.
 */
char *package_verify(const Options *options, const Package *installed);

/*
 * Compares versions as rpm does: below, at or above 0. NULL epochs count as 0.
 * package_compare_versions() takes one version or one release.
 */
int package_compare(const Package *a, const Package *b);
int package_compare_versions(const char *a, const char *b);

/*
 * Starts a list of words that runs rpm on the host under options->root; the
 * caller adds words and the NULL. g_ptr_array_unref; it does not own the words,
 * and options must live as long.
 */
GPtrArray *package_rpm_words(const Options *options);

/* What matters of what rpm printed when it failed, in one line. g_free. */
char *package_rpm_error(const char *output);

#endif /* VGPUCTL_PACKAGE_H */
