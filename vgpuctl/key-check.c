/* SPDX-License-Identifier: MIT */
#include "key-check.h"

#include <string.h>

#include "shim/args.h"
#include "shim/paths.h"
#include "device-words.h"
#include "qemu-proof.h"
#include "qemu-trial.h"
#include "report.h"
#include "vmkey.h"

/* ---- The rules -------------------------------------------------------------------- */

char **key_check_words(const Options *options, const char *uuid,
                       const char *value, char **why)
{
    g_autofree char *problem = NULL;
    ArgsRules rules = { uuid, NULL, vmkey_allowed(options, &problem) };
    char **words = args_check(value, strlen(value), &rules, why);

    if (rules.allowed) {
        g_ptr_array_unref(rules.allowed);
    }
    return words;
}

char **key_check_rules(const Options *options, const XapiVm *vm,
                       const char *value)
{
    g_autofree char *why = NULL;
    g_autofree char *remedy = NULL;
    char **words = key_check_words(options, vm->uuid, value, &why);

    if (!words) {
        remedy = g_strdup_printf("change the key by xe vm-param-set uuid=%s "
                                 "platform:" ARGS_KEY "=..., or list the words "
                                 "in " SHIM_ALLOW_ARGS,
                                 vm->uuid);
        report_problem(remedy,
                       "with this key the VM would start without the device: "
                       "%s",
                       why);
    }
    return words;
}

/* ---- QEMU -------------------------------------------------------------------------- */

/* The words behind -device that are ours to try: root's own lists are not. */
static char **own_devices(char *const *words)
{
    GPtrArray *devices = g_ptr_array_new();
    size_t i;

    for (i = 0; words[i] && words[i + 1]; i++) {
        if (strcmp(words[i], "-device") == 0 &&
            (args_is_device(words[i + 1]) ||
             g_str_has_prefix(words[i + 1], ARGS_PROBE_DEVICE))) {
            g_ptr_array_add(devices, g_strdup(words[++i]));
        }
    }
    g_ptr_array_add(devices, NULL);
    return (char **)g_ptr_array_free(devices, FALSE);
}

/* It has the vgpu-stub. */
static bool check_proof(const char *binary)
{
    g_autoptr(QemuProof) proof = qemu_proof_new(binary);
    const char *remedy;
    g_autofree char *problem = qemu_proof_problem(proof, &remedy);

    if (problem && !proof->failure && !proof->device_line) {
        remedy = "vgpuctl install RPM";
    }
    if (problem) {
        report_problem(remedy, "%s: %s", binary, problem);
    }
    return !problem;
}

bool key_check_qemu(const char *binary, char *const *words)
{
    g_auto(GStrv) devices = own_devices(words);
    g_autofree char *why = NULL;
    unsigned count;

    if (device_words_find(words, &count) && !check_proof(binary)) {
        return false;
    }
    switch (qemu_trial(binary, devices, &why)) {
    case 0:
        return true;
    case QEMU_TRIAL_UNKNOWN:
        report_warning("this QEMU cannot be tried without a VM, so that only "
                       "its own lists were looked at: %s",
                       why);
        return true;
    default:
        report_problem("the VM would not start: give what this QEMU takes, or "
                       "install a QEMU that takes it",
                       "%s refuses: %s", binary, why);
        return false;
    }
}

/* ---- The wrapper ------------------------------------------------------------------- */

bool key_check_reads_other(const Hook *hook)
{
    return hook_way(hook) == HOOK_NATIVE &&
           strcmp(hook->wrapper->native_key, ARGS_KEY_OTHER) == 0;
}

/* ---- xapi --------------------------------------------------------------------------- */

const char *key_check_filter_text(const char **remedy)
{
    *remedy = "XCP-ng's feature daemon allows it: see that xcp-featured is "
              "installed, then xe-toolstack-restart; on XenServer the licence "
              "decides";
    return "the pool's restrictions do not say platform_filter: false, so that "
           "xapi drops the key at a VM's start";
}

bool key_check_filter(const Options *options)
{
    const char *remedy;
    const char *text = key_check_filter_text(&remedy);
    g_autofree char *why = NULL;
    int result = xapi_platform_filter(options, &why);

    if (result == XAPI_FILTERED) {
        report_problem(remedy, "%s", text);
    } else if (result < 0) {
        report_problem(xapi_remedy(options),
                       "cannot read the pool's restrictions: %s", why);
    }
    return result == 0;
}
