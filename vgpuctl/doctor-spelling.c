/* SPDX-License-Identifier: MIT */
/*
 * The key in its other spelling, which some wrappers read by themselves: without
 * a rule, and beside ours.
 */
#include "doctor.h"

#include "doctor-vms.h"
#include "remote.h"
#include "shim/paths.h"

/* Of foreign text in one line. */
#define SHOWN_LIMIT 300

typedef struct Spelling {
    Doctor *doctor;
    GPtrArray *allowed;
    bool is_read; /* this host's wrapper reads it, and has no rules */
    unsigned both;
} Spelling;

static void check_both(Spelling *spelling, const XapiVm *vm)
{
    g_autofree char *remedy = g_strdup_printf(
        "xe vm-param-remove uuid=%s param-name=platform "
        "param-key=" ARGS_KEY_OTHER,
        vm->uuid);

    spelling->both++;
    doctor_problem(spelling->doctor, DOCTOR_SPELLING, remedy,
                   "%s has " ARGS_KEY_OTHER ", too: a wrapper that reads that "
                   "adds the device once more",
                   vm->shown);
}

static void check_alone(Spelling *spelling, const XapiVm *vm, const char *shown)
{
    static const char title[] = "VMs with " ARGS_KEY_OTHER " alone get theirs";

    if (spelling->is_read) {
        doctor_ok(spelling->doctor, title,
                  "%s: this host's wrapper reads it: %s", vm->shown, shown);
    } else {
        doctor_unknown(spelling->doctor, title,
                       "%s: nothing on this host reads it (vgpuctl attach %s "
                       "sets " ARGS_KEY "): %s",
                       vm->shown, vm->uuid, shown);
    }
}

static void check_vm(Spelling *spelling, const XapiVm *vm, const char *text)
{
    g_autoptr(VmKey) key = vmkey_new(text, vm->uuid, spelling->allowed);
    g_autofree char *shown = remote_shown(text, SHOWN_LIMIT);
    g_autofree char *remedy = g_strdup_printf(
        "ask who set it; xe vm-param-remove uuid=%s param-name=platform "
        "param-key=" ARGS_KEY_OTHER,
        vm->uuid);

    if (vm->args) {
        check_both(spelling, vm);
    } else {
        check_alone(spelling, vm, shown);
    }
    if (key->why && (spelling->is_read || key->smuggles)) {
        doctor_problem(spelling->doctor, DOCTOR_SECURITY, remedy,
                       "%s (%s) asks by " ARGS_KEY_OTHER " for %s%s: %s",
                       vm->shown, vm->uuid, shown,
                       spelling->is_read ? ", and the wrapper hands on all of "
                                           "it"
                                         : "",
                       key->why);
    }
}

void doctor_check_spelling(Doctor *doctor, const GPtrArray *vms,
                           const Hook *hook)
{
    g_autofree char *problem = NULL;
    g_autoptr(GPtrArray) allowed = vmkey_allowed(doctor->options, &problem);
    Spelling spelling = { doctor, allowed, false, 0 };
    guint i;

    spelling.is_read = hook->wrapper && g_strcmp0(hook->wrapper->native_key,
                                                  ARGS_KEY_OTHER) == 0;
    for (i = 0; i < vms->len; i++) {
        const XapiVm *vm = vms->pdata[i];

        if (vm->args_other && vm->args_other[0]) {
            check_vm(&spelling, vm, vm->args_other);
        }
    }
    if (!spelling.both) {
        doctor_ok(doctor, DOCTOR_SPELLING, "%u VM%s", vms->len,
                  vms->len == 1 ? "" : "s");
    }
}
