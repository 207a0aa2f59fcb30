/* SPDX-License-Identifier: MIT */
#include "xapi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/paths.h"
#include "remote.h"
#include "xapi-private.h"

/* Of a VM's name in a message; anybody may give a VM a name. */
#define NAME_LIMIT 200

/* ---- VMs --------------------------------------------------------------------------- */

void xapi_vm_free(XapiVm *vm)
{
    if (vm) {
        g_free(vm->uuid);
        g_free(vm->name);
        g_free(vm->shown);
        g_free(vm->power_state);
        g_free(vm->resident_on);
        g_free(vm->args);
        g_free(vm->args_other);
        g_free(vm);
    }
}

bool xapi_vm_is_on(const XapiVm *vm)
{
    return strcmp(vm->power_state, "halted") != 0;
}

static int parse_domid(const char *text)
{
    char *end;
    gint64 domid = text ? g_ascii_strtoll(text, &end, 10) : 0;

    /* Xen's domids are below 0x7ff0. */
    return text && end != text && !*end && domid > 0 && domid < 0x7ff0
               ? (int)domid
               : -1;
}

static char *parse_host(const char *text)
{
    return g_strdup(text && xapi_is_uuid(text) ? text : "");
}

/* A list of all VMs that are not the toolstack's own; NULL in *records where
 * somebody's text makes it ambiguous. */
static int list_vms(const Options *options, const char *params,
                    GPtrArray **records, char **why)
{
    g_autofree char *output = NULL;
    g_autofree char *wanted = g_strconcat("params=", params, NULL);
    const char *words[] = { "vm-list", "is-a-template=false",
                            "is-control-domain=false", wanted, NULL };
    int result = xapi_ask(options, words, &output, why);

    *records = result == 0 ? xapi_parse_records(output) : NULL;
    return result;
}

/* The same VMs in the same order: the records are what they seem to be. */
static bool is_of_same_vms(GPtrArray *records, GPtrArray *vms)
{
    guint i;

    if (!records || records->len != vms->len) {
        return false;
    }
    for (i = 0; i < vms->len; i++) {
        const XapiVm *vm = vms->pdata[i];

        /* The uuid and the one parameter that was asked for. */
        if (g_hash_table_size(records->pdata[i]) != 2 ||
            g_strcmp0(g_hash_table_lookup(records->pdata[i], "uuid"),
                      vm->uuid) != 0) {
            return false;
        }
    }
    return true;
}

/* NULL where there are no records. */
static const char *value_in(GPtrArray *records, guint i, const char *name)
{
    return records ? g_hash_table_lookup(records->pdata[i], name) : NULL;
}

static GPtrArray *make_vms(GPtrArray *records)
{
    GPtrArray *vms = g_ptr_array_new_with_free_func(
        (GDestroyNotify)xapi_vm_free);
    guint i;

    for (i = 0; i < records->len; i++) {
        GHashTable *record = records->pdata[i];
        const char *state = g_hash_table_lookup(record, "power-state");
        XapiVm *vm = g_new0(XapiVm, 1);

        vm->uuid = g_strdup(g_hash_table_lookup(record, "uuid"));
        vm->power_state = g_strdup(state ? state : "");
        vm->domid = parse_domid(g_hash_table_lookup(record, "dom-id"));
        vm->resident_on = parse_host(
            g_hash_table_lookup(record, "resident-on"));
        g_ptr_array_add(vms, vm);
    }
    return vms;
}

static bool add_names(const Options *options, GPtrArray *vms, char **why)
{
    g_autoptr(GPtrArray) records = NULL;
    guint i;

    if (list_vms(options, "uuid,name-label", &records, why) < 0) {
        return false;
    }
    if (!is_of_same_vms(records, vms)) {
        g_clear_pointer(&records, g_ptr_array_unref);
    }
    for (i = 0; i < vms->len; i++) {
        XapiVm *vm = vms->pdata[i];
        const char *name = value_in(records, i, "name-label");

        vm->name = name ? g_strdup(name)
                        : xapi_vm_get(options, vm->uuid, "name-label", why);
        if (!vm->name) {
            return false;
        }
        vm->shown = remote_shown(vm->name, NAME_LIMIT);
    }
    return true;
}

/* The map as text tells which VMs may have the key; the value itself is asked
 * for, because a map's text does not tell values and separators apart. */
static bool add_key(const Options *options, const XapiVm *vm, const char *map,
                    const char *key, char **value, char **why)
{
    g_autofree char *sign = g_strconcat(key, ":", NULL);

    return (map && !strstr(map, sign)) ||
           xapi_key_get(options, vm->uuid, key, value, why) >= 0;
}

static bool add_keys(const Options *options, GPtrArray *vms, char **why)
{
    g_autoptr(GPtrArray) records = NULL;
    guint i;

    if (list_vms(options, "uuid,platform", &records, why) < 0) {
        return false;
    }
    if (!is_of_same_vms(records, vms)) {
        g_clear_pointer(&records, g_ptr_array_unref);
    }
    for (i = 0; i < vms->len; i++) {
        XapiVm *vm = vms->pdata[i];
        const char *map = value_in(records, i, "platform");

        if (!add_key(options, vm, map, ARGS_KEY, &vm->args, why) ||
            !add_key(options, vm, map, ARGS_KEY_OTHER, &vm->args_other, why)) {
            return false;
        }
    }
    return true;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const XapiVm *first = *(const XapiVm *const *)a;
    const XapiVm *second = *(const XapiVm *const *)b;
    int order = strcmp(first->name, second->name);

    return order ? order : strcmp(first->uuid, second->uuid);
}

static GPtrArray *list_named(const Options *options, char **why)
{
    g_autoptr(GPtrArray) records = NULL;
    g_autoptr(GPtrArray) vms = NULL;

    if (list_vms(options, "uuid,power-state,dom-id,resident-on", &records,
                 why) < 0) {
        return NULL;
    }
    if (!records) {
        *why = g_strdup("xe vm-list prints what is no list of VMs");
        return NULL;
    }
    vms = make_vms(records);
    return add_names(options, vms, why) ? g_steal_pointer(&vms) : NULL;
}

GPtrArray *xapi_vms(const Options *options, char **why)
{
    g_autoptr(GPtrArray) vms = list_named(options, why);

    if (!vms || !add_keys(options, vms, why)) {
        return NULL;
    }
    g_ptr_array_sort(vms, by_name);
    return g_steal_pointer(&vms);
}

static XapiVm *copy_vm(const XapiVm *vm)
{
    XapiVm *copy = g_new0(XapiVm, 1);

    *copy = *vm;
    copy->uuid = g_strdup(vm->uuid);
    copy->name = g_strdup(vm->name);
    copy->shown = g_strdup(vm->shown);
    copy->power_state = g_strdup(vm->power_state);
    copy->resident_on = g_strdup(vm->resident_on);
    copy->args = g_strdup(vm->args);
    copy->args_other = g_strdup(vm->args_other);
    return copy;
}

XapiVm *xapi_vm_pick(GPtrArray *vms, const char *text)
{
    const XapiVm *named = NULL;
    guint i, count = 0;

    for (i = 0; i < vms->len; i++) {
        const XapiVm *vm = vms->pdata[i];

        if (g_ascii_strcasecmp(vm->uuid, text) == 0) {
            return copy_vm(vm);
        }
        if (strcmp(vm->name, text) == 0) {
            named = vm;
            count++;
        }
    }
    return count == 1 ? copy_vm(named) : NULL;
}

/* ---- One VM ------------------------------------------------------------------------- */

#define SEE_VMS "xe vm-list params=uuid,name-label"

/* Why this VM is none that can be given a device; NULL: it can. */
static const char *kind_problem(const Options *options, const char *uuid,
                                char **why)
{
    static const struct {
        const char *param;
        const char *problem;
    } kinds[] = {
        { "is-control-domain", "is a control domain, which has no QEMU" },
        /* Of a snapshot both are true. */
        { "is-a-template", "is a template or a snapshot" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *value = xapi_vm_get(options, uuid, kinds[i].param,
                                             why);

        if (!value) {
            return NULL;
        }
        if (strcmp(value, "true") == 0) {
            return kinds[i].problem;
        }
    }
    return NULL;
}

/* Reads the VM with that uuid; NULL with *why. */
static XapiVm *read_vm(const Options *options, const char *uuid, char **why)
{
    g_autoptr(XapiVm) vm = g_new0(XapiVm, 1);
    g_autofree char *domid = NULL;
    g_autofree char *host = NULL;

    vm->uuid = g_ascii_strdown(uuid, -1);
    vm->name = xapi_vm_get(options, vm->uuid, "name-label", why);
    if (!vm->name ||
        !(vm->power_state = xapi_vm_get(options, vm->uuid, "power-state",
                                        why)) ||
        !(domid = xapi_vm_get(options, vm->uuid, "dom-id", why)) ||
        !(host = xapi_vm_get(options, vm->uuid, "resident-on", why)) ||
        xapi_key_get(options, vm->uuid, ARGS_KEY, &vm->args, why) < 0) {
        return NULL;
    }
    vm->shown = remote_shown(vm->name, NAME_LIMIT);
    vm->domid = parse_domid(domid);
    vm->resident_on = parse_host(host);
    return g_steal_pointer(&vm);
}

/* The uuid of the VM with that name (g_free), or NULL with *why. */
static char *find_name(const Options *options, const char *name, char **why,
                       const char **remedy)
{
    g_autoptr(GPtrArray) vms = list_named(options, why);
    g_autoptr(GString) uuids = g_string_new(NULL);
    g_autofree char *shown = remote_shown(name, NAME_LIMIT);
    const char *uuid = NULL;
    guint i, count = 0;

    if (!vms) {
        return NULL;
    }
    for (i = 0; i < vms->len; i++) {
        const XapiVm *vm = vms->pdata[i];

        if (strcmp(vm->name, name) == 0) {
            g_string_append_printf(uuids, "%s%s", count++ ? ", " : "",
                                   vm->uuid);
            uuid = vm->uuid;
        }
    }
    if (count == 1) {
        return g_strdup(uuid);
    }
    if (count == 0) {
        *why = g_strdup_printf("no VM has the uuid or the name '%s'", shown);
        *remedy = SEE_VMS " shows them; templates, snapshots and control "
                          "domains cannot have the device";
    } else {
        *why = g_strdup_printf("%u VMs have the name '%s': %s", count, shown,
                               uuids->str);
        *remedy = "give the uuid of the one";
    }
    return NULL;
}

XapiVm *xapi_vm_find(const Options *options, const char *text, char **why,
                     const char **remedy)
{
    g_autofree char *uuid = NULL;
    const char *problem;
    XapiVm *vm;

    *why = NULL;
    *remedy = xapi_remedy(options);
    if (xapi_is_uuid(text)) {
        g_autofree char *name = xapi_vm_get(options, text, "name-label", why);

        uuid = name ? g_strdup(text) : NULL;
        if (!uuid && !strstr(*why, "The uuid you supplied was invalid")) {
            return NULL;
        }
    }
    if (!uuid) {
        g_clear_pointer(why, g_free);
        uuid = find_name(options, text, why, remedy);
        if (!uuid) {
            return NULL;
        }
    }
    problem = kind_problem(options, uuid, why);
    if (problem || *why) {
        if (problem) {
            *why = g_strdup_printf("%s %s", uuid, problem);
            *remedy = "give a VM: " SEE_VMS;
        }
        return NULL;
    }
    vm = read_vm(options, uuid, why);
    return vm;
}
