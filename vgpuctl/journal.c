/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "change.h"
#include "report.h"

#define STATE   "/var/lib/vgpuctl"
#define BACKUPS "/backup/"
#define JOURNAL "/journal"
#define RECORD  "/record"
/* A directory that every host has: a lock on it leaves no trace, and can be had
 * where nothing can be written. */
#define LOCKED "/var/lib"

char *journal_path(const Options *options, const char *name)
{
    return g_strconcat(options->root, STATE, name, NULL);
}

char *journal_backup_path(const Options *options, const char *name)
{
    return g_strconcat(options->root, STATE BACKUPS, name, NULL);
}

/* ---- The lock -------------------------------------------------------------- */

int journal_lock(const Options *options)
{
    static bool held;
    g_autofree char *path = options_path(options, LOCKED);
    int fd;

    if (held) {
        return 0;
    }

    /*
     * Without O_CLOEXEC: an rpm that goes on after its vgpuctl was killed holds
     * the lock until it has ended too.
     */
    fd = open(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        int error = errno;

        report_problem(NULL, "cannot open %s: %s", path, strerror(error));
        return -error;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return 1;
    }
    held = true;
    return 0;
}

/* ---- Key files --------------------------------------------------------------- */

static GKeyFile *read_keys(const Options *options, const char *name,
                           bool *there)
{
    g_autofree char *path = journal_path(options, name);
    GKeyFile *keys = g_key_file_new();

    *there = g_file_test(path, G_FILE_TEST_EXISTS);
    if (!g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, NULL)) {
        g_key_file_free(keys);
        return NULL;
    }
    return keys;
}

static char *get(GKeyFile *keys, const char *key)
{
    return g_key_file_get_string(keys, "vgpuctl", key, NULL);
}

static void set(GKeyFile *keys, const char *key, const char *value)
{
    if (value) {
        g_key_file_set_string(keys, "vgpuctl", key, value);
    }
}

static int write_keys(const Options *options, const char *name, GKeyFile *keys)
{
    g_autofree char *directory = journal_path(options, "");
    g_autofree char *path = journal_path(options, name);
    g_autofree char *text = g_key_file_to_data(keys, NULL, NULL);
    int result = change_mkdir(options, directory, 0700);

    return result < 0 ? result
                      : change_write(options, path, text, strlen(text), 0600);
}

/* A directory's name, and nothing that leads elsewhere. */
static bool is_name(const char *text)
{
    return text[0] && text[0] != '.' && !strchr(text, '/');
}

/* ---- The journal --------------------------------------------------------------- */

void journal_free(Journal *journal)
{
    if (journal) {
        g_free(journal->step);
        g_free(journal->backup);
        g_free(journal->stock_backup);
        g_free(journal->stock_rpm);
        g_free(journal->nevra);
        g_free(journal->id);
        g_free(journal);
    }
}

/* Each step has what going on from it takes. */
static bool makes_sense(const Journal *journal)
{
    if (!journal->step || (journal->backup && !is_name(journal->backup)) ||
        (journal->stock_backup && !is_name(journal->stock_backup))) {
        return false;
    }
    if (strcmp(journal->step, JOURNAL_ROLLING_BACK) == 0) {
        return journal->backup || journal->stock_rpm;
    }
    return (strcmp(journal->step, JOURNAL_BEGUN) == 0 ||
            strcmp(journal->step, JOURNAL_INSTALLING) == 0) &&
           journal->backup && journal->nevra && journal->id;
}

Journal *journal_read(const Options *options, bool *broken)
{
    bool there;
    g_autoptr(GKeyFile) keys = read_keys(options, JOURNAL, &there);
    g_autoptr(Journal) journal = NULL;

    *broken = there;
    if (!keys) {
        return NULL;
    }
    journal = g_new0(Journal, 1);
    journal->step = get(keys, "step");
    journal->backup = get(keys, "backup");
    journal->stock_rpm = get(keys, "stock-rpm");
    journal->nevra = get(keys, "nevra");
    journal->id = get(keys, "id");
    journal->stock_backup = get(keys, "stock-backup");
    if (!makes_sense(journal)) {
        return NULL;
    }
    *broken = false;
    return g_steal_pointer(&journal);
}

int journal_write(const Options *options, const Journal *journal)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();

    set(keys, "step", journal->step);
    set(keys, "backup", journal->backup);
    set(keys, "stock-rpm", journal->stock_rpm);
    set(keys, "nevra", journal->nevra);
    set(keys, "id", journal->id);
    set(keys, "stock-backup", journal->stock_backup);
    return write_keys(options, JOURNAL, keys);
}

int journal_remove(const Options *options)
{
    g_autofree char *path = journal_path(options, JOURNAL);
    g_autofree char *backups = journal_backup_path(options, "");
    g_autofree char *directory = journal_path(options, "");
    int result = change_remove(options, path);

    if (result == 0 && !options->dry_run) {
        /* Where nothing is kept, nothing of ours stays: they go when empty. */
        (void)rmdir(backups);
        (void)rmdir(directory);
    }
    return result;
}

/* ---- The record ------------------------------------------------------------------ */

void record_free(Record *record)
{
    if (record) {
        g_free(record->nevra);
        g_free(record->id);
        g_free(record->backup);
        g_free(record);
    }
}

Record *record_read(const Options *options)
{
    bool there;
    g_autoptr(GKeyFile) keys = read_keys(options, RECORD, &there);
    g_autoptr(Record) record = NULL;

    if (!keys) {
        return NULL;
    }
    record = g_new0(Record, 1);
    record->nevra = get(keys, "nevra");
    record->id = get(keys, "id");
    record->backup = get(keys, "backup");
    if (!record->nevra || !record->id ||
        (record->backup && !is_name(record->backup))) {
        return NULL;
    }
    return g_steal_pointer(&record);
}

int record_write(const Options *options, const Record *record)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();

    set(keys, "nevra", record->nevra);
    set(keys, "id", record->id);
    set(keys, "backup", record->backup);
    return write_keys(options, RECORD, keys);
}

int record_remove(const Options *options)
{
    g_autofree char *path = journal_path(options, RECORD);

    return change_remove(options, path);
}

bool record_is_of(const Record *record, const Package *package)
{
    return record && strcmp(record->nevra, package->nevra) == 0 &&
           strcmp(record->id, package->id) == 0;
}

/* ---- The hook for tests ------------------------------------------------------------ */

void journal_stop_after(const Options *options, const char *step)
{
    const char *stop = getenv("VGPUCTL_STOP_AFTER");

    if (stop && !options->dry_run && strcmp(stop, step) == 0) {
        kill(getpid(), SIGKILL);
    }
}
