/* SPDX-License-Identifier: MIT */
#include "hook-record.h"

#include <string.h>

#include "change.h"
#include "journal.h"

#define GROUP  "wrapper"
#define RECORD "/wrapper"
#define BACKUP "/wrapper.orig"

char *hook_backup_path(const Options *options)
{
    return journal_path(options, BACKUP);
}

void hook_record_read(const Options *options, HookRecord *record)
{
    g_autofree char *path = journal_path(options, RECORD);
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autofree char *way = NULL;

    memset(record, 0, sizeof(*record));
    if (!g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, NULL)) {
        return;
    }
    way = g_key_file_get_string(keys, GROUP, "way", NULL);
    if (g_strcmp0(way, hook_way_name(HOOK_BY_CONFIG)) == 0) {
        record->way = HOOK_BY_CONFIG;
    } else if (g_strcmp0(way, hook_way_name(HOOK_BY_PYTHON)) == 0) {
        record->way = HOOK_BY_PYTHON;
    } else {
        return;
    }
    record->xenopsd = g_key_file_get_string(keys, GROUP, "xenopsd", NULL);
    record->restarted = g_key_file_get_boolean(keys, GROUP, "restarted", NULL);
}

int hook_record_write(const Options *options, const HookRecord *record)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autofree char *directory = journal_path(options, "");
    g_autofree char *path = journal_path(options, RECORD);
    g_autofree char *text = NULL;
    int result = change_mkdir(options, directory, 0700);

    if (result < 0) {
        return result;
    }
    g_key_file_set_string(keys, GROUP, "way", hook_way_name(record->way));
    if (record->xenopsd) {
        g_key_file_set_string(keys, GROUP, "xenopsd", record->xenopsd);
    }
    g_key_file_set_boolean(keys, GROUP, "restarted", record->restarted);
    text = g_key_file_to_data(keys, NULL, NULL);
    return change_write(options, path, text, strlen(text), 0600);
}

int hook_record_remove(const Options *options)
{
    g_autofree char *path = journal_path(options, RECORD);

    return change_remove(options, path);
}
