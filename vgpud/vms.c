/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "vgpud/peer.h"
#include "vgpud/vms.h"

struct Vms {
    const VmOptions *options;
    GHashTable *by_uuid; /* of Vm */
    GPtrArray *going;    /* of Vm: stopped, with a worker */
};

Vms *vms_new(const VmOptions *options)
{
    Vms *vms = g_new0(Vms, 1);

    vms->options = options;
    vms->by_uuid = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    vms->going = g_ptr_array_new();
    return vms;
}

guint vms_count(const Vms *vms)
{
    return g_hash_table_size(vms->by_uuid);
}

static void stop(Vms *vms, Vm *vm)
{
    vm_stop(vm);
    if (vm_has_worker(vm)) {
        g_ptr_array_add(vms->going, vm);
    } else {
        vm_free(vm);
    }
}

/* ---- Users ------------------------------------------------------------------------------ */

/* Two VMs whose numbers are one would not be kept apart. Once in many thousand hosts. */
static gboolean uid_is_taken(const Vms *vms, const char *uuid)
{
    GHashTableIter iter;
    gpointer other;

    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (g_hash_table_iter_next(&iter, &other, NULL)) {
        if (spawn_uid(other) == spawn_uid(uuid)) {
            g_printerr("vgpud: %s: its user would be that of %s: that VM has "
                       "no accelerator\n",
                       uuid, (const char *)other);
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- Loading ------------------------------------------------------------------------------ */

/* Takes settings over. */
static void add(Vms *vms, VmSettings *settings)
{
    g_autofree char *uuid = g_strdup(settings->uuid);
    g_autoptr(GError) error = NULL;
    Vm *vm;

    if (uid_is_taken(vms, uuid)) {
        vm_settings_free(settings);
        return;
    }
    vm = vm_new(vms->options, settings, &error);
    if (!vm) {
        g_printerr("vgpud: %s: that VM has no accelerator\n", error->message);
        return;
    }
    g_hash_table_insert(vms->by_uuid, g_steal_pointer(&uuid), vm);
}

static gboolean file_is_there(const char *directory, const char *uuid)
{
    g_autofree char *name = g_strconcat(uuid, REGISTRY_SUFFIX, NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void stop_those_without_file(Vms *vms, const char *directory)
{
    GHashTableIter iter;
    gpointer uuid, vm;

    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (g_hash_table_iter_next(&iter, &uuid, &vm)) {
        if (!file_is_there(directory, uuid)) {
            stop(vms, vm);
            g_hash_table_iter_remove(&iter);
        }
    }
}

/* What an earlier vgpud has left of a VM, whose file has gone since. */
static void end_remains(const Vms *vms, char *uuid)
{
    const char *directory = vms->options->directory;
    g_autofree char *path = vm_path(directory, uuid, VM_SOCKET);
    g_autofree char *record = vm_path(directory, uuid, VM_RECORD);
    const PeerOptions options = { .roots = vms->options->roots,
                                  .uuid = uuid,
                                  .path = path,
                                  .record = record };
    Peer *peer = peer_new(&options);

    peer_stop(peer);
    peer_free(peer);
    unlink(path);
}

static void end_remains_without_file(const Vms *vms, const char *directory)
{
    GDir *dir = g_dir_open(vms->options->directory, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *uuid = g_strdup(name);

        if (g_str_has_suffix(uuid, VM_RECORD)) {
            uuid[strlen(uuid) - strlen(VM_RECORD)] = '\0';
            if (registry_is_uuid(uuid) && !file_is_there(directory, uuid)) {
                end_remains(vms, uuid);
            }
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
}

gboolean vms_load(Vms *vms, const char *directory, GError **error)
{
    g_autoptr(GHashTable) all = registry_read_all(directory, error);
    GHashTableIter iter;
    gpointer settings;

    if (!all) {
        return FALSE;
    }
    stop_those_without_file(vms, directory);
    end_remains_without_file(vms, directory);
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, NULL, &settings)) {
        Vm *vm = g_hash_table_lookup(vms->by_uuid,
                                     ((VmSettings *)settings)->uuid);

        g_hash_table_iter_steal(&iter);
        if (vm) {
            vm_update(vm, settings);
        } else {
            add(vms, settings);
        }
    }
    return TRUE;
}

/* ---- Ends ------------------------------------------------------------------------------------ */

void vms_child_ended(Vms *vms)
{
    GHashTableIter iter;
    gpointer vm;
    guint i = 0;

    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &vm)) {
        vm_child_ended(vm);
    }
    while (i < vms->going->len) {
        vm = g_ptr_array_index(vms->going, i);
        vm_child_ended(vm);
        if (vm_has_worker(vm)) {
            i++;
        } else {
            g_ptr_array_remove_index_fast(vms->going, i);
            vm_free(vm);
        }
    }
}

void vms_stop_all(Vms *vms)
{
    GHashTableIter iter;
    gpointer vm;

    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &vm)) {
        stop(vms, vm);
        g_hash_table_iter_remove(&iter);
    }
}

gboolean vms_have_workers(const Vms *vms)
{
    return vms->going->len != 0;
}

void vms_free(Vms *vms)
{
    g_hash_table_destroy(vms->by_uuid);
    g_ptr_array_free(vms->going, TRUE);
    g_free(vms);
}
