/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <string.h>

#include "doctor-vms.h"
#include "hook.h"
#include "qemu-proof.h"
#include "remote.h"
#include "shim/paths.h"

/* Of foreign text in one line. */
#define SHOWN_LIMIT 300

/* ---- Gathering ---------------------------------------------------------------------- */

static void vm_facts_free(gpointer data)
{
    VmFacts *facts = data;

    vmkey_free(facts->key);
    domain_free(facts->domain);
    g_free(facts->why);
    g_free(facts);
}

static VmFacts *vm_facts_new(const Options *options, XapiVm *vm,
                             const char *host, GPtrArray *allowed)
{
    VmFacts *facts = g_new0(VmFacts, 1);

    facts->vm = vm;
    facts->key = vmkey_new(vm->args, vm->uuid, allowed);
    facts->here = vm->domid >= 0 && (!host || !vm->resident_on[0] ||
                                     strcmp(vm->resident_on, host) == 0);
    if (facts->here) {
        facts->domain = domain_of_domid(options, vm->uuid, vm->domid,
                                        &facts->why);
    }
    return facts;
}

/* The VMs that have the key. Their names are made fit to be printed. */
static GPtrArray *gather(const Options *options, GPtrArray *vms)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(vm_facts_free);
    g_autofree char *host = domain_host_uuid(options);
    g_autofree char *problem = NULL;
    g_autoptr(GPtrArray) allowed = vmkey_allowed(options, &problem);
    guint i;

    for (i = 0; i < vms->len; i++) {
        XapiVm *vm = vms->pdata[i];

        if (vm->args) {
            g_autofree char *name = vm->name;

            vm->name = remote_shown(name, SHOWN_LIMIT);
            g_ptr_array_add(all, vm_facts_new(options, vm, host, allowed));
        }
    }
    return all;
}

/* ---- The keys ----------------------------------------------------------------------- */

static void check_keys(Doctor *doctor, const GPtrArray *all)
{
    GString *names = g_string_new(NULL);
    guint i;

    for (i = 0; i < all->len; i++) {
        const VmFacts *facts = all->pdata[i];

        g_string_append_printf(names, "%s%s (%s)", i ? ", " : "",
                               facts->vm->name, facts->vm->power_state);
    }
    if (all->len) {
        doctor_ok(doctor, DOCTOR_KEYS, "%s", names->str);
    } else {
        doctor_unknown(doctor, DOCTOR_KEYS,
                       "none has a " ARGS_KEY " (vgpuctl attach VM sets it)");
    }
    g_string_free(names, TRUE);
}

static void check_accepted(Doctor *doctor, const GPtrArray *all)
{
    unsigned refused = 0, smuggle = 0;
    guint i;

    for (i = 0; i < all->len; i++) {
        const VmFacts *facts = all->pdata[i];
        g_autofree char *shown = remote_shown(facts->vm->args, SHOWN_LIMIT);
        g_autofree char *remedy = doctor_key_remedy(facts->vm->uuid, ARGS_KEY);
        g_autofree char *full = g_strconcat("ask who set it; ", remedy, NULL);
        g_autofree char *escaped = g_strconcat(
            "it was copied out of xe --minimal, which escapes commas: ", remedy,
            NULL);

        if (facts->key->smuggles) {
            smuggle++;
            doctor_problem(doctor, DOCTOR_SECURITY, full, "%s (%s) asks for %s",
                           facts->vm->name, facts->vm->uuid, shown);
        }
        if (facts->key->why) {
            refused++;
            doctor_problem(doctor, DOCTOR_ACCEPTED,
                           strstr(facts->vm->args, "\\,") ? escaped : remedy,
                           "%s starts without the device: %s: %s",
                           facts->vm->name, shown, facts->key->why);
        }
    }
    if (!smuggle) {
        doctor_ok(doctor, DOCTOR_SECURITY, "%u VM%s", all->len,
                  all->len == 1 ? "" : "s");
    }
    if (!refused && all->len) {
        doctor_ok(doctor, DOCTOR_ACCEPTED, "%u of %u", all->len, all->len);
    }
}

/* Where each VM's number is to be its own: a guest tells itself by it. */
static void check_vm_ids(Doctor *doctor, const GPtrArray *all)
{
    static const char title[] = "each VM id is used once in the pool";
    g_autoptr(GHashTable)
        seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, NULL);
    unsigned twice = 0;
    guint i;

    for (i = 0; i < all->len; i++) {
        VmFacts *facts = all->pdata[i];
        const VmFacts *other;

        if (facts->key->why || facts->key->device.vm_id < 0) {
            continue;
        }
        other = g_hash_table_lookup(seen, &facts->key->device.vm_id);
        if (other) {
            twice++;
            doctor_problem(doctor, title,
                           "vgpuctl attach VM --vm-id NUMBER for one of them "
                           "(a clone keeps the number of what it was made of)",
                           "%" G_GINT64_FORMAT " is that of %s and of %s",
                           facts->key->device.vm_id, other->vm->name,
                           facts->vm->name);
        } else {
            g_hash_table_insert(seen, &facts->key->device.vm_id, facts);
        }
    }
    if (!twice) {
        doctor_ok(doctor, title, "%u number%s", g_hash_table_size(seen),
                  g_hash_table_size(seen) == 1 ? "" : "s");
    }
}

static void check_slots(Doctor *doctor, const GPtrArray *all, HookWay way)
{
    static const char title[] = "no VM's slot is left to QEMU";
    const bool given = way == HOOK_BY_CONFIG || way == HOOK_BY_PYTHON;
    unsigned without = 0;
    guint i;

    for (i = 0; i < all->len && !given; i++) {
        const VmFacts *facts = all->pdata[i];

        if (facts->key->devices && facts->key->device.slot < 0) {
            without++;
            doctor_problem(doctor, title,
                           "vgpuctl wrapper install: it adds addr=; or vgpuctl "
                           "attach VM --addr 1e",
                           "%s asks for none: its slot changes with the VM's "
                           "other hardware, and can keep it from booting",
                           facts->vm->name);
        }
    }
    if (!without && all->len) {
        doctor_ok(doctor, title, "%s",
                  given ? "where a key names none, the shim gives it 1e"
                        : "each key names one");
    }
}

/* ---- What the host has for them ------------------------------------------------------- */

/* Says what happens to VMs that ask for a device that the QEMU has not. */
static void check_host_has(Doctor *doctor, const GPtrArray *all, HookWay way)
{
    static const char title[] = "the host's QEMU has what its VMs ask for";
    g_autofree char *binary = options_path(doctor->options, HOST_QEMU);
    g_autoptr(QemuProof) proof = NULL;
    GString *suspended = g_string_new(NULL);
    guint i;

    for (i = 0; i < all->len; i++) {
        const VmFacts *facts = all->pdata[i];

        if (strcmp(facts->vm->power_state, "suspended") == 0) {
            g_string_append_printf(suspended,
                                   "; %s is suspended and cannot be "
                                   "resumed here",
                                   facts->vm->name);
        }
    }
    proof = all->len ? qemu_proof_new(binary) : NULL;
    if (proof && !qemu_proof_has_device(proof)) {
        doctor_problem(doctor, title, "vgpuctl install RPM",
                       "%u VM%s for it%s%s", all->len,
                       all->len == 1 ? " asks" : "s ask",
                       way == HOOK_BY_HAND || way == HOOK_NATIVE
                           ? ": a start hangs for 300 seconds and fails"
                       : way == HOOK_NONE ? ""
                                          : ": they start without it",
                       suspended->str);
    } else if (proof) {
        doctor_ok(doctor, title, "%u VM%s", all->len, all->len == 1 ? "" : "s");
    }
    g_string_free(suspended, TRUE);
}

static void check_filter(Doctor *doctor)
{
    static const char title[] = "XAPI hands the key on (platform_filter)";
    g_autofree char *why = NULL;
    int result = xapi_platform_filter(doctor->options, &why);

    if (result == XAPI_FILTERED) {
        doctor_problem(doctor, title,
                       "on XCP-ng: xe-toolstack-restart, its feature daemon "
                       "sets it false; on XenServer the licence decides",
                       "the pool's restrictions say platform_filter: true: "
                       "xapi drops the key at a VM's start");
    } else if (result < 0) {
        doctor_unknown(doctor, title, "%s", why);
    } else {
        doctor_ok(doctor, title, "platform_filter is not true");
    }
}

/* ---- The whole ------------------------------------------------------------------------ */

void doctor_check_vms(Doctor *doctor)
{
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) vms = xapi_vms(doctor->options, &why);
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(Hook) hook = NULL;

    doctor_check_logs(doctor);
    if (!vms) {
        doctor_problem(doctor, "XAPI answers",
                       "systemctl status xapi; xe-toolstack-restart starts it "
                       "again",
                       "%s", why);
        return;
    }
    hook = hook_new(doctor->options);
    check_filter(doctor);
    all = gather(doctor->options, vms);
    check_keys(doctor, all);
    check_accepted(doctor, all);
    check_vm_ids(doctor, all);
    check_slots(doctor, all, hook_way(hook));
    doctor_check_spelling(doctor, vms, hook);
    check_host_has(doctor, all, hook_way(hook));
    doctor_check_running(doctor, all);
    doctor_check_hotplugged(doctor, vms);
}
