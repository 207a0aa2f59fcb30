/* SPDX-License-Identifier: MIT */
/*
 * What the log of a QEMU RPM's build says: how far it is, which packages it
 * wrote, and if it failed the known cause with its remedy. Lines in, answers
 * out; nothing here prints, reads files or runs anything.
 *
 * The first line that explains the failure counts: what follows it are its
 * consequences. Causes that are often such consequences themselves (a compiler's
 * error, an archive that ends too early) give way to a later full disk or a
 * compiler that was killed.
 */
#ifndef VGPUCTL_BUILDLOG_H
#define VGPUCTL_BUILDLOG_H

#include <glib.h>
#include <stdbool.h>

/* Where vgpuctl build leaves the log, in the topdir, unless it is told. */
#define BUILD_LOG_NAME "vgpuctl-build.log"

typedef enum BuildCause {
    BUILD_UNKNOWN,
    BUILD_NO_SPACE,
    BUILD_OUT_OF_MEMORY,
    BUILD_NO_GIT_LFS,
    BUILD_NO_RPMBUILD,
    BUILD_NO_TOOL,
    BUILD_MISSING_PACKAGES,
    BUILD_NO_DEVICE_SOURCE,
    BUILD_NO_SOURCE,
    BUILD_NOT_AN_ARCHIVE,
    BUILD_TRUNCATED_ARCHIVE,
    BUILD_PATCH,
    BUILD_KEYMAP_GEN,
    BUILD_NO_KEYCODEMAPDB,
    BUILD_CONFIGURE,
    BUILD_PYTHON,
    BUILD_CLASS_ID,
    BUILD_DEVICE_WARNING,
    BUILD_DEVICE_ERROR,
    BUILD_TREE_WARNING,
    BUILD_TREE_ERROR,
    BUILD_BAD_SPEC,
    BUILD_CAUSES,
} BuildCause;

typedef struct BuildLog BuildLog;

BuildLog *build_log_new(void);
void build_log_free(BuildLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BuildLog, build_log_free)

/* One that was kept in a file; NULL when it cannot be read. */
BuildLog *build_log_read(const char *path);

/* Takes the next line, without its end. Any bytes will do. */
void build_log_line(BuildLog *log, const char *line);

/* A short fixed name for a program to read ("class-id"). Static. */
const char *build_cause_name(BuildCause cause);

/* ---- The failure -------------------------------------------------------------- */

BuildCause build_log_cause(const BuildLog *log);

/* The cause in one line, with what the log names. g_free. */
char *build_log_summary(const BuildLog *log);

/* What to do about it, in one line. g_free. */
char *build_log_remedy(const BuildLog *log);

/* The line that says so, as UTF-8 without control characters, and its number
 * from 1; NULL and 0 where there is none. The log's. */
const char *build_log_evidence(const BuildLog *log, guint *number);

/* The last lines that are not empty, newest last, NULL-terminated. g_strfreev. */
char **build_log_last_lines(const BuildLog *log);

/* ---- The success ---------------------------------------------------------------- */

/* The package to install: qemu itself, never its debuginfo, debugsource or
 * source. NULL where none was written. The log's. */
const char *build_log_rpm(const BuildLog *log);

/* True when the log shows that the device's source was compiled. */
bool build_log_has_device(const BuildLog *log);

/* ---- How far it is ---------------------------------------------------------------- */

/* The section of the spec that runs ("prep", "build"), or NULL. The log's. */
const char *build_log_section(const BuildLog *log);

/* What is being done, in a few words ("patch 12", "compiled 345"). g_free. */
char *build_log_progress(const BuildLog *log);

#endif /* VGPUCTL_BUILDLOG_H */
