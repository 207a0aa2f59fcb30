/* SPDX-License-Identifier: MIT */
/*
 * What vgpuctl keeps in <root>/var/lib/vgpuctl: the journal of a change that is
 * under way, the record of what it installed, the backups; and the lock.
 *
 * The journal is written before the first change of `install` and `rollback`
 * and removed after the last one. Where a run finds one, an earlier run was
 * interrupted, and the journal says how far it had come:
 *
 *   begun        the backup is being made; the host is untouched
 *   installing   rpm may have begun; it is finished if all is there, else undone
 *   rolling-back rpm may have begun; it is done again
 */
#ifndef VGPUCTL_JOURNAL_H
#define VGPUCTL_JOURNAL_H

#include <stdbool.h>

#include "options.h"
#include "package.h"

#define JOURNAL_BEGUN        "begun"
#define JOURNAL_INSTALLING   "installing"
#define JOURNAL_ROLLING_BACK "rolling-back"

typedef struct Journal {
    char *step;
    /* The backup's directory, below JOURNAL_BACKUPS; NULL: there is none. */
    char *backup;
    /* An RPM that leads back to the stock QEMU, NULL: none. */
    char *stock_rpm;
    /* What is being installed: its NEVRA and id; NULL for rollback. */
    char *nevra;
    char *id;
    /* The backup of the stock QEMU, for the record: that one, or where one of
     * ours is replaced, the earlier install's. NULL: there is none. */
    char *stock_backup;
} Journal;

void journal_free(Journal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)

/*
 * Keeps other runs away until this process and what it started have ended.
 * Fine to call again. Returns 0, 1 when another run is at work, or a negative errno with the
 * problem reported. Leaves no trace.
 */
int journal_lock(const Options *options);

/* NULL when no change is under way. *broken: there is one that makes no sense. */
Journal *journal_read(const Options *options, bool *broken);

/* 0, or a negative errno with the problem reported. */
int journal_write(const Options *options, const Journal *journal);
int journal_remove(const Options *options);

/* A file below <root>/var/lib/vgpuctl. name begins with "/"; "" is the
 * directory. g_free. */
char *journal_path(const Options *options, const char *name);

/* The directory of a backup of that name. g_free. */
char *journal_backup_path(const Options *options, const char *name);

/*
 * The record: what vgpuctl installed, and the backup of what was there before.
 * An update of the host can have replaced it since: compare with what is
 * installed.
 */
typedef struct Record {
    char *nevra;
    char *id;
    /* The directory of the stock QEMU's backup; NULL: it was gone already. */
    char *backup;
} Record;

void record_free(Record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)

/* NULL when nothing is installed by vgpuctl, or the record makes no sense. */
Record *record_read(const Options *options);
int record_write(const Options *options, const Record *record);
int record_remove(const Options *options);

/* The package is the one that the record says was installed. */
bool record_is_of(const Record *record, const Package *package);

/*
 * A hook for tests: where the environment variable VGPUCTL_STOP_AFTER names the
 * step, the process kills itself with SIGKILL, as a power cut would. The steps,
 * in their order:
 *
 *   install   journal backup installing rpm proof record end
 *   undo      undo-rpm undo-files undo-end
 *   rollback  journal back-rpm back-files proof record end
 *
 *   wrapper install  qemu-args shim proof config restart backup wrapper record
 *   put back         undo-config undo-restart undo-programs
 *   wrapper remove   config wrapper restart shim qemu-args record
 *   probe            probe-note probe-key probe-shutdown probe-start probe-look
 *                    probe-stop probe-key-back probe-started-again
 */
void journal_stop_after(const Options *options, const char *step);

#endif /* VGPUCTL_JOURNAL_H */
