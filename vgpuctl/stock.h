/* SPDX-License-Identifier: MIT */
/*
 * The way back to the QEMU that was there: its RPM where it can be had, because
 * then the package manager's record is right too, and the backup.
 */
#ifndef VGPUCTL_STOCK_H
#define VGPUCTL_STOCK_H

#include "backup.h"
#include "options.h"
#include "package.h"

/*
 * The RPM of an installed package: the same build, whole. Looks at `given`
 * (NULL: none), else into the backups and yum's cache. NULL when there is none;
 * when `given` is not it, *why (g_free) says so. g_free.
 */
char *stock_find_rpm(const Options *options, const Package *package,
                     const char *given, char **why);

/*
 * Puts everything back: by the RPM if there is one (NULL: none), then whatever
 * still differs by the backup (NULL: none; not both). Does nothing where
 * nothing differs, so that it may be done again after an interruption; `stop`
 * is what the steps for journal_stop_after() begin with.
 *
 * Returns 0, 1 when the files are as they were but rpm's record is not (no
 * RPM), or a negative errno with the problem reported.
 */
int stock_put_back(const Options *options, const Backup *backup,
                   const char *rpm, const char *stop);

/* How one gets rpm's record right afterwards, where that returned 1. g_free. */
char *stock_record_remedy(const char *nevra);

#endif /* VGPUCTL_STOCK_H */
