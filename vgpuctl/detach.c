/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl detach: takes the device away from a VM, or from all.
 */
#include "detach.h"

#include <stdlib.h>
#include <string.h>

#include "shim/args.h"
#include "shim/paths.h"
#include "vgpu/properties.h"
#include "device-words.h"
#include "exit.h"
#include "hotplug.h"
#include "key-check.h"
#include "preflight.h"
#include "report.h"
#include "verb.h"
#include "xapi.h"
#include "xlfile.h"

/* ---- One key ------------------------------------------------------------------------ */

/* The words of the VM's key; NULL has been reported. */
static char **read_words(const XapiVm *vm)
{
    g_autofree char *why = NULL;
    g_autofree char *remedy = NULL;
    char **words = args_split(vm->args ? vm->args : "",
                              vm->args ? strlen(vm->args) : 0, &why);

    if (!words) {
        remedy = g_strdup_printf("look at it, and where nothing of it is "
                                 "needed: xe vm-param-remove uuid=%s "
                                 "param-name=platform param-key=" ARGS_KEY,
                                 vm->uuid);
        report_problem(remedy, "the " ARGS_KEY " of %s (%s) cannot be read: %s",
                       vm->shown, vm->uuid, why);
    }
    return words;
}

/* Takes the device out of the key; there is none: 1. A problem is reported. */
static int change_key(const Options *options, const XapiVm *vm)
{
    g_auto(GStrv) words = read_words(vm);
    g_auto(GStrv) without = NULL;
    g_autofree char *value = NULL;
    unsigned count;

    if (!words) {
        return -1;
    }
    if (!device_words_find(words, &count)) {
        return 1;
    }
    report_step("taking the device from %s (%s)", vm->shown, vm->uuid);
    without = device_words_without(words);
    value = without[0] ? args_join(without) : NULL;
    if (xapi_key_set(options, vm->uuid, ARGS_KEY, value) < 0) {
        return -1;
    }
    if (value) {
        report_info("its " ARGS_KEY " keeps: %s", value);
    }
    return 0;
}

/* The command that takes the device out of the other key with these words. */
static char *other_command(const XapiVm *vm, char *const *words)
{
    g_auto(GStrv) without = words ? device_words_without(words) : NULL;
    g_autofree char *value = NULL;
    g_autofree char *quoted = NULL;

    if (!without || !without[0]) {
        return g_strdup_printf("xe vm-param-remove uuid=%s param-name=platform "
                               "param-key=" ARGS_KEY_OTHER,
                               vm->uuid);
    }
    value = args_join(without);
    quoted = g_shell_quote(value);
    return g_strdup_printf("xe vm-param-set uuid=%s "
                           "platform:" ARGS_KEY_OTHER "=%s",
                           vm->uuid, quoted);
}

/* Whether the VM has no device by the key in the other spelling, which is not
 * vgpuctl's to change. False has been reported. */
static bool check_other(const XapiVm *vm, const char *other)
{
    g_autofree char *why = NULL;
    g_autofree char *command = NULL;
    g_autofree char *remedy = NULL;
    g_auto(GStrv) words = other ? args_split(other, strlen(other), &why) : NULL;
    unsigned count = 0;

    /* What cannot be taken apart here may be understood by another. */
    if (!other || (words ? !device_words_find(words, &count)
                         : !strstr(other, VGPU_DEVICE_NAME))) {
        return true;
    }
    command = other_command(vm, words);
    remedy = g_strdup_printf("%s; " KEY_CHECK_NO_LIST, command);
    report_problem(remedy,
                   KEY_CHECK_READS_OTHER ", and %s (%s) has the device there",
                   vm->shown, vm->uuid);
    return false;
}

static bool reads_other(const Options *options)
{
    g_autoptr(Hook) hook = hook_new(options);

    return key_check_reads_other(hook);
}

static void tell_when(const XapiVm *vm)
{
    g_autofree char *command = hotplug_restart_command(vm);

    if (xapi_vm_is_on(vm)) {
        report_info("the VM is %s and has the device until it is restarted: %s",
                    vm->power_state, command);
    }
}

/* ---- One VM, all VMs ------------------------------------------------------------------- */

static int detach_vm(const Options *options, const char *text, bool now)
{
    g_autofree char *why = NULL;
    const char *remedy;
    g_autoptr(XapiVm) vm = xapi_vm_find(options, text, &why, &remedy);
    g_autofree char *other = NULL;
    int result;

    if (!vm) {
        report_problem(remedy, "%s", why);
        return EXIT_REFUSED;
    }
    if (reads_other(options) &&
        xapi_key_get(options, vm->uuid, ARGS_KEY_OTHER, &other, &why) < 0) {
        report_problem(xapi_remedy(options), "cannot read the VM's key: %s",
                       why);
        return EXIT_REFUSED;
    }
    if (!check_other(vm, other)) {
        return EXIT_REFUSED;
    }
    result = change_key(options, vm);
    if (result < 0) {
        return EXIT_FAILED;
    }
    if (result > 0) {
        report_info(
            "the key of %s (%s) does not have the device: nothing to do",
            vm->shown, vm->uuid);
    }
    if (now && strcmp(vm->power_state, "running") == 0) {
        return hotplug_remove(options, vm) ? EXIT_SUCCESS : EXIT_INCOMPLETE;
    }
    if (result == 0) {
        tell_when(vm);
    }
    return EXIT_SUCCESS;
}

int detach_all(const Options *options)
{
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) vms = xapi_vms(options, &why);
    bool other = reads_other(options);
    guint i, done = 0, failed = 0, refused = 0;

    if (!vms) {
        report_problem(xapi_remedy(options),
                       "cannot read the VMs of the pool: %s", why);
        return EXIT_REFUSED;
    }
    for (i = 0; i < vms->len; i++) {
        const XapiVm *vm = vms->pdata[i];
        int result = vm->args ? change_key(options, vm) : 1;

        if (other && !check_other(vm, vm->args_other)) {
            refused++;
        }
        failed += result < 0;
        done += result == 0;
        if (result == 0) {
            tell_when(vm);
        }
    }
    if (done == 0 && failed == 0 && refused == 0) {
        report_info("no VM has the device: nothing to do");
    }
    if (!failed && !refused) {
        return EXIT_SUCCESS;
    }
    return done ? EXIT_INCOMPLETE : failed ? EXIT_FAILED : EXIT_REFUSED;
}

/* ---- The command line -------------------------------------------------------------------- */

static int run(const Options *options, const char *vm, const char *xl, bool now)
{
    if (!preflight_root() || !preflight_alone(options)) {
        return EXIT_REFUSED;
    }
    if (xl) {
        return xlfile_detach(options, xl);
    }
    return vm ? detach_vm(options, vm, now) : detach_all(options);
}

int verb_detach(int argc, char **argv)
{
    g_autofree char *xl = NULL;
    gboolean now = FALSE, all = FALSE;
    const GOptionEntry entries[] = {
        { "now", 0, 0, G_OPTION_ARG_NONE, &now,
          "Hot-unplug it from a running VM, too", NULL },
        { "all", 0, 0, G_OPTION_ARG_NONE, &all,
          "From all VMs of the pool instead of one", NULL },
        { "xl", 0, 0, G_OPTION_ARG_FILENAME, &xl,
          "Change a configuration file of xl instead", "FILE" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Options options;
    int code, given;

    if (!options_parse(&options, &argc, &argv, entries, "[VM]",
                       "Takes the device away from a VM, by its uuid or its "
                       "name.",
                       &code)) {
        return code;
    }
    code = EXIT_USAGE;
    given = (argc > 1) + (all ? 1 : 0) + (xl ? 1 : 0);
    if (argc > 2) {
        report_problem("vgpuctl detach --help", "'%s' is too much", argv[2]);
    } else if (given != 1) {
        report_problem("vgpuctl detach --help",
                       "give one of a VM, --all and --xl FILE");
    } else if (now && argc < 2) {
        report_problem("vgpuctl detach --help", "--now is for one VM of XAPI");
    } else {
        code = run(&options, argc > 1 ? argv[1] : NULL, xl, now);
    }
    options_clear(&options);
    return report_end(code);
}
