/* SPDX-License-Identifier: MIT */
#include "probe-note.h"

#include <string.h>
#include <unistd.h>

#include "change.h"
#include "journal.h"
#include "xapi.h"

#define FILE_NAME "/probe"
#define GROUP     "probe"

void probe_note_free(ProbeNote *note)
{
    if (note) {
        g_free(note->uuid);
        g_free(note->name);
        g_free(note->before);
        g_free(note->during);
        g_free(note);
    }
}

ProbeNote *probe_note_read(const Options *options, bool *broken)
{
    g_autofree char *path = journal_path(options, FILE_NAME);
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(ProbeNote) note = g_new0(ProbeNote, 1);

    *broken = g_file_test(path, G_FILE_TEST_EXISTS);
    if (!*broken ||
        !g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, NULL)) {
        return NULL;
    }
    note->uuid = g_key_file_get_string(keys, GROUP, "uuid", NULL);
    note->name = g_key_file_get_string(keys, GROUP, "name", NULL);
    note->was_running = g_key_file_get_boolean(keys, GROUP, "was-running",
                                               NULL);
    note->before = g_key_file_get_string(keys, GROUP, "before", NULL);
    note->during = g_key_file_get_string(keys, GROUP, "during", NULL);
    if (!note->uuid || !xapi_is_uuid(note->uuid) || !note->name ||
        !note->during) {
        return NULL;
    }
    *broken = false;
    return g_steal_pointer(&note);
}

int probe_note_write(const Options *options, const ProbeNote *note)
{
    g_autofree char *directory = journal_path(options, "");
    g_autofree char *path = journal_path(options, FILE_NAME);
    g_autofree char *text = NULL;
    g_autoptr(GKeyFile) keys = g_key_file_new();
    int result = change_mkdir(options, directory, 0700);

    if (result < 0) {
        return result;
    }
    g_key_file_set_string(keys, GROUP, "uuid", note->uuid);
    g_key_file_set_string(keys, GROUP, "name", note->name);
    g_key_file_set_boolean(keys, GROUP, "was-running", note->was_running);
    g_key_file_set_string(keys, GROUP, "during", note->during);
    if (note->before) {
        g_key_file_set_string(keys, GROUP, "before", note->before);
    }
    text = g_key_file_to_data(keys, NULL, NULL);
    return change_write(options, path, text, strlen(text), 0600);
}

int probe_note_remove(const Options *options)
{
    g_autofree char *path = journal_path(options, FILE_NAME);
    g_autofree char *directory = journal_path(options, "");
    int result = change_remove(options, path);

    if (result == 0 && !options->dry_run) {
        /* Where nothing else is kept, nothing of ours stays. */
        (void)rmdir(directory);
    }
    return result;
}
