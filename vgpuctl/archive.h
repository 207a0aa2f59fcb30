/* SPDX-License-Identifier: MIT */
/*
 * Is a file the archive that its name promises? Nothing here prints.
 */
#ifndef VGPUCTL_ARCHIVE_H
#define VGPUCTL_ARCHIVE_H

#include <glib.h>
#include <stdbool.h>

/* What archive_check() and archive_check_pointer() find; 0 is a good file. */
typedef enum ArchiveCondition {
    ARCHIVE_GOOD,
    /* Git LFS has not been there: a few lines of text that name the file. */
    ARCHIVE_POINTER,
    ARCHIVE_EMPTY,
    /* It ends before it should. */
    ARCHIVE_TRUNCATED,
    /* Its contents do not agree with their checksums. */
    ARCHIVE_DAMAGED,
    /* Whole, but compressed in another way than its name says. */
    ARCHIVE_MISNAMED,
    /* Anything else: a web page, an executable. */
    ARCHIVE_FOREIGN,
    /* tar, gzip, xz or bzip2 is not there to look into it. */
    ARCHIVE_NO_TOOL,
} ArchiveCondition;

typedef struct ArchiveInfo {
    guint64 size;         /* bytes of the file itself */
    guint64 pointer_size; /* ARCHIVE_POINTER: bytes it stands for, or 0 */
    const char *tool;     /* ARCHIVE_NO_TOOL: the program; static */
} ArchiveInfo;

/* True where the name says that the file is a tar archive. */
bool archive_name(const char *path);

/*
 * Reads the whole archive with tar and its decompressor. Returns 0, an
 * ArchiveCondition, or a negative errno when the file cannot be read. *info is
 * always set.
 */
int archive_check(const char *path, ArchiveInfo *info);

/* Only whether a file of any kind is empty or a Git LFS pointer. Returns 0,
 * ARCHIVE_POINTER, ARCHIVE_EMPTY or a negative errno. */
int archive_check_pointer(const char *path, ArchiveInfo *info);

/* The condition in words that follow a file's name. Static. */
const char *archive_condition_text(int condition);

#endif /* VGPUCTL_ARCHIVE_H */
