/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl list: the VMs that are given the device, and what is wrong with them.
 */
#include <stdlib.h>
#include <string.h>

#include "shim/args.h"
#include "shim/paths.h"
#include "vgpu/properties.h"
#include "device-words.h"
#include "domain.h"
#include "exit.h"
#include "hotplug.h"
#include "key-check.h"
#include "remote.h"
#include "report.h"
#include "verb.h"
#include "xapi.h"

/* What is known of a VM that has the key; of one that has it in both spellings
 * there are two. */
typedef struct Entry {
    const XapiVm *vm;
    const char *key;   /* ARGS_KEY or ARGS_KEY_OTHER */
    const char *value; /* what stands there */
    ArgsDevice device; /* that of a VM's key which passes */
    bool has_device;
    char *wrong; /* NULL: nothing is */
} Entry;

static void entry_free(gpointer data)
{
    Entry *entry = data;

    args_device_clear(&entry->device);
    g_free(entry->wrong);
    g_free(entry);
}

/* ---- Looking ------------------------------------------------------------------------- */

static bool is_other(const Entry *entry)
{
    return strcmp(entry->key, ARGS_KEY_OTHER) == 0;
}

/* What the key asks for. */
static void find_device(Entry *entry, char *const *words)
{
    g_autofree char *why = NULL;
    unsigned count;
    const char *word = device_words_find(words, &count);

    entry->has_device = word && args_device_parse(&entry->device, word, &why);
}

/* What is wrong with the key by itself: then it gives the VM nothing. */
static void judge_key(const Options *options, Entry *entry, bool reads_other)
{
    g_autofree char *why = NULL;
    g_auto(GStrv) words = NULL;

    if (is_other(entry) != reads_other) {
        entry->wrong = g_strdup_printf("by platform:%s, which this host's "
                                       "wrapper does not read",
                                       entry->key);
        return;
    }
    /* The rules are the shim's: another's wrapper has none. */
    words = reads_other
                ? args_split(entry->value, strlen(entry->value), &why)
                : key_check_words(options, entry->vm->uuid, entry->value, &why);
    if (words) {
        find_device(entry, words);
    } else {
        entry->wrong = g_strdup_printf("refused, the VM starts without the "
                                       "device: %s",
                                       why);
    }
}

/* What the VM's QEMU has in truth, where it runs on this host. */
static void judge_domain(const Options *options, Entry *entry)
{
    g_autofree char *why = NULL;
    g_autoptr(Domain) domain = NULL;
    unsigned count;

    if (entry->wrong || !entry->has_device || !xapi_vm_is_on(entry->vm)) {
        return;
    }
    domain = domain_of_vm(options, entry->vm->uuid, &why);
    if (!domain || device_words_find(domain->argv, &count)) {
        return;
    }
    switch (hotplug_state(domain->qmp)) {
    case HOTPLUG_PLUGGED:
        entry->wrong = g_strdup("hot-plugged: cannot be migrated or suspended "
                                "until it is restarted");
        break;
    case HOTPLUG_STARTED:
        break;
    default:
        entry->wrong = g_strdup("set, but this running VM was started without "
                                "it");
        break;
    }
}

static gint64 vm_id_of(const Entry *entry)
{
    return entry->has_device ? entry->device.vm_id : -1;
}

/* A number that two VMs have tells nobody which one it is. */
static void judge_vm_id(Entry *entry, GPtrArray *entries)
{
    guint i;

    for (i = 0; i < entries->len && !entry->wrong; i++) {
        const Entry *other = entries->pdata[i];

        if (other->vm != entry->vm && vm_id_of(entry) > 0 &&
            vm_id_of(entry) == vm_id_of(other)) {
            entry->wrong = g_strdup_printf(
                "vm_id %" G_GINT64_FORMAT " is also that of %s (%s)",
                vm_id_of(entry), other->vm->shown, other->vm->uuid);
        }
    }
}

static void add(GPtrArray *entries, const XapiVm *vm, const char *key,
                const char *value)
{
    static const ArgsDevice none = ARGS_DEVICE_INIT;
    Entry *entry;

    if (value && value[0]) {
        entry = g_new0(Entry, 1);
        entry->vm = vm;
        entry->key = key;
        entry->value = value;
        entry->device = none;
        g_ptr_array_add(entries, entry);
    }
}

static GPtrArray *look(const Options *options, GPtrArray *vms)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func(entry_free);
    g_autoptr(Hook) hook = hook_new(options);
    guint i;

    for (i = 0; i < vms->len; i++) {
        const XapiVm *vm = vms->pdata[i];

        add(entries, vm, ARGS_KEY, vm->args);
        add(entries, vm, ARGS_KEY_OTHER, vm->args_other);
    }
    for (i = 0; i < entries->len; i++) {
        judge_key(options, entries->pdata[i], key_check_reads_other(hook));
    }
    for (i = 0; i < entries->len; i++) {
        judge_vm_id(entries->pdata[i], entries);
        judge_domain(options, entries->pdata[i]);
    }
    return entries;
}

/* ---- Telling --------------------------------------------------------------------------- */

/* What QEMU makes of a property that is empty or not given. */
static const char *or_default(const char *text, const char *fallback)
{
    return text && text[0] ? text : fallback;
}

static void tell(const Entry *entry)
{
    const ArgsDevice *device = &entry->device;
    g_autofree char *vm_id = g_strdup_printf("%" G_GINT64_FORMAT,
                                             MAX(device->vm_id, 0));
    g_autofree char *slot = g_strdup_printf("%02x", (unsigned)device->slot);
    bool has_device = entry->has_device;
    const char *pool = has_device
                           ? or_default(device->pool_id, VGPU_POOL_DEFAULT)
                           : "-";
    const char *priority = has_device ? or_default(device->priority,
                                                   VGPU_PRIORITY_DEFAULT)
                                      : "-";
    const char *id = has_device ? vm_id : "-";
    const char *addr = has_device && device->slot >= 0 ? slot : "-";
    const char *pairs[] = { "uuid",        entry->vm->uuid,
                            "name",        entry->vm->shown,
                            "power-state", entry->vm->power_state,
                            "pool",        pool,
                            "priority",    priority,
                            "vm-id",       id,
                            "slot",        addr,
                            "key",         entry->key,
                            "wrong",       entry->wrong ? entry->wrong : "",
                            NULL };

    report_info("%s  %-9s  %-4s  %-8s  %-10s  %-4s  %s%s%s%s", entry->vm->uuid,
                entry->vm->power_state, pool, priority, id, addr,
                entry->vm->shown,
                entry->has_device && is_other(entry)
                    ? ": by platform:" ARGS_KEY_OTHER ", without an allow-list"
                    : "",
                entry->wrong ? ": " : "", entry->wrong ? entry->wrong : "");
    report_item("vms", pairs);
}

static int run(const Options *options)
{
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) vms = xapi_vms(options, &why);
    g_autoptr(GPtrArray) entries = NULL;
    guint i;

    if (!vms) {
        report_problem(xapi_remedy(options),
                       "cannot read the VMs of the pool: %s", why);
        return EXIT_FAILED;
    }
    entries = look(options, vms);
    if (!entries->len) {
        report_info("no VM has platform:" ARGS_KEY);
        return EXIT_SUCCESS;
    }
    report_info("%-36s  %-9s  %-4s  %-8s  %-10s  %-4s  %s", "UUID", "STATE",
                "POOL", "PRIORITY", "VM_ID", "SLOT", "NAME");
    for (i = 0; i < entries->len; i++) {
        tell(entries->pdata[i]);
    }
    return EXIT_SUCCESS;
}

int verb_list(int argc, char **argv)
{
    Options options;
    int code;

    if (!options_parse(&options, &argc, &argv, NULL, "",
                       "Lists the VMs of the pool that are given the device.",
                       &code)) {
        return code;
    }
    if (argc > 1) {
        report_problem("vgpuctl list --help", "'%s' is too much", argv[1]);
        code = EXIT_USAGE;
    } else {
        code = run(&options);
    }
    options_clear(&options);
    return report_end(code);
}
