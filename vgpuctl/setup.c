/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl setup: from the RPM that was built to a VM that has been seen to have
 * the device. Each step is a verb of its own and finds out by itself whether
 * there is anything left to do: so an interrupted setup goes on where it was
 * when it is run again.
 */
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "buildlog.h"
#include "device-words.h"
#include "domain.h"
#include "exit.h"
#include "hook.h"
#include "hotplug.h"
#include "install.h"
#include "journal.h"
#include "preflight.h"
#include "qemu-proof.h"
#include "report.h"
#include "sources.h"
#include "verb.h"
#include "verify.h"
#include "vmkey.h"
#include "wrapper-steps.h"
#include "xapi.h"

/* xapi waits 300 s for a QEMU that does not come, and then has to clean up. */
#define START_LIMIT_S 330

/* A guest's firmware maps the device within seconds, its sshd answers within two
 * minutes. */
#define WAIT_S 120

typedef struct Setup {
    const Options *options;
    const char *vm;
    char *rpm;       /* NULL: the one that was built in topdir */
    char *stock_rpm; /* NULL: none is given */
    char *topdir;
    const char *ssh;
    Consent consent;
    ArgsDevice wanted;
    bool restart_vm;
    int wait_s;
    bool qemu_follows; /* a dry run would have installed the QEMU by now */
} Setup;

/* ---- Before the first change ----------------------------------------------------- */

static XapiVm *find_vm(const Setup *setup)
{
    const char *remedy = NULL;
    g_autofree char *why = NULL;
    XapiVm *vm = xapi_vm_find(setup->options, setup->vm, &why, &remedy);

    if (!vm) {
        report_problem(remedy, "%s", why);
    }
    return vm;
}

/* What a VM is, as to its start. */
typedef enum Power {
    POWER_OFF,
    POWER_AS_ASKED, /* it runs with the device that it is to have */
    POWER_OTHER,    /* it runs with another one */
    POWER_WITHOUT,  /* it is on, and has none */
} Power;

/* The key will have another text once what is wanted has been put into it. */
static bool key_will_change(const Setup *setup, const XapiVm *vm)
{
    g_autoptr(VmKey) key = vmkey_new(vm->args, vm->uuid, NULL);
    ArgsDevice device = device_words_merge(&key->device, &setup->wanted, 0);
    g_autofree char *is = args_device_text(&key->device);
    g_autofree char *will_be = args_device_text(&device);

    args_device_clear(&device);
    return key->device.slot < 0 || strcmp(is, will_be) != 0;
}

/* By what its QEMU was given, which is not what XAPI has by now. */
static Power power_of(const Setup *setup, const XapiVm *vm)
{
    g_autofree char *why = NULL;
    g_autoptr(Domain) domain = NULL;
    unsigned count = 0;

    if (!xapi_vm_is_on(vm)) {
        return POWER_OFF;
    }
    domain = domain_of_vm(setup->options, vm->uuid, &why);
    if (domain) {
        device_words_find(domain->argv, &count);
    }
    if (count == 0) {
        return POWER_WITHOUT;
    }
    return vm->args && g_strcmp0(domain->xenstore_args, vm->args) == 0 &&
                   !key_will_change(setup, vm)
               ? POWER_AS_ASKED
               : POWER_OTHER;
}

/* A VM that is on gets what it is to have by a restart only. */
static bool may_start(const Setup *setup, const XapiVm *vm, Power power)
{
    g_autofree char *remedy = NULL;
    g_autofree char *command = NULL;

    if (setup->restart_vm || power == POWER_OFF || power == POWER_AS_ASKED) {
        return true;
    }
    if (power == POWER_WITHOUT) {
        report_problem("shut it down, or say --restart",
                       "%s is %s: it gets the device when it is started",
                       vm->shown, vm->power_state);
        return false;
    }
    command = hotplug_restart_command(vm);
    remedy = g_strdup_printf("the same command with --restart; or %s once its "
                             "key is set",
                             command);
    report_problem(remedy,
                   "%s is running with what it was started with, which is not "
                   "what it is to have",
                   vm->shown);
    return false;
}

static bool check(const Setup *setup)
{
    g_autoptr(XapiVm) vm = NULL;

    if (!preflight_root()) {
        return false;
    }
    vm = find_vm(setup);
    return vm && may_start(setup, vm, power_of(setup, vm));
}

/* ---- The steps -------------------------------------------------------------------- */

/* The RPM that `build` noted in its log. g_free, or NULL. */
static char *built_rpm(const Setup *setup)
{
    g_autofree char *path = g_build_filename(setup->topdir, BUILD_LOG_NAME,
                                             NULL);
    g_autoptr(BuildLog) log = build_log_read(path);
    const char *rpm = log ? build_log_rpm(log) : NULL;

    return rpm ? preflight_absolute(rpm) : NULL;
}

static int install_qemu(Setup *setup)
{
    g_autofree char *binary = options_path(setup->options, HOST_QEMU);
    g_autoptr(QemuProof) proof = qemu_proof_new(binary);
    bool broken = false;
    g_autoptr(Journal) journal = journal_read(setup->options, &broken);
    int code;

    if (qemu_proof_has_device(proof) && !setup->rpm && !journal && !broken) {
        report_info("%s has the device: nothing to do", binary);
        return EXIT_SUCCESS;
    }
    if (!setup->rpm) {
        setup->rpm = built_rpm(setup);
    }
    if (!setup->rpm) {
        report_problem("vgpuctl prepare, integrate and build first, or give "
                       "--rpm FILE",
                       "no RPM was built in %s", setup->topdir);
        return EXIT_REFUSED;
    }
    setup->qemu_follows = setup->options->dry_run &&
                          !qemu_proof_has_device(proof);
    code = install_rpm(setup->options, &setup->consent, setup->rpm,
                       setup->stock_rpm);
    return code;
}

static int install_wrapper(Setup *setup)
{
    const WrapperOrder order = { HOOK_NONE, setup->consent.any_release, true };

    return wrapper_install(setup->options, &order);
}

static int attach(Setup *setup)
{
    return attach_vm(setup->options, setup->vm, &setup->wanted,
                     setup->qemu_follows ? ATTACH_QEMU_FOLLOWS : ATTACH_ONLY);
}

static bool change_power(const Setup *setup, const XapiVm *vm,
                         const char *command)
{
    g_autofree char *uuid = g_strdup_printf("uuid=%s", vm->uuid);
    const char *words[] = { command, uuid, NULL };
    g_autofree char *why = NULL;

    report_progress("xe %s", command);
    if (xapi_change(setup->options, words, START_LIMIT_S, &why) < 0) {
        report_progress(NULL);
        report_problem("vgpuctl doctor; /var/log/daemon.log and "
                       "/var/log/xensource.log say more",
                       "xe %s: %s", command, why);
        return false;
    }
    report_progress(NULL);
    return true;
}

static int start(Setup *setup)
{
    g_autoptr(XapiVm) vm = find_vm(setup);
    Power power;

    if (!vm) {
        return EXIT_FAILED;
    }
    power = power_of(setup, vm);
    if (power == POWER_AS_ASKED) {
        report_info("%s runs with the device: nothing to do", vm->shown);
        return EXIT_SUCCESS;
    }
    /* It may have been started since check() looked. */
    if (!may_start(setup, vm, power)) {
        return EXIT_REFUSED;
    }
    if (power != POWER_OFF && !change_power(setup, vm, "vm-shutdown")) {
        return EXIT_FAILED;
    }
    return change_power(setup, vm, "vm-start") ? EXIT_SUCCESS : EXIT_FAILED;
}

static int verify(Setup *setup)
{
    if (setup->options->dry_run) {
        report_info("then: vgpuctl verify %s", setup->vm);
        return EXIT_SUCCESS;
    }
    return verify_vm(setup->options, setup->vm, setup->ssh, setup->wait_s);
}

static const struct {
    const char *name;
    int (*run)(Setup *setup);
} steps[] = {
    { "the QEMU", install_qemu }, { "the wrapper", install_wrapper },
    { "the VM's key", attach },   { "the VM's start", start },
    { "the proof", verify },
};

static int run(Setup *setup)
{
    size_t i;

    if (!check(setup)) {
        return EXIT_REFUSED;
    }
    for (i = 0; i < G_N_ELEMENTS(steps); i++) {
        int code;

        report_step("%zu of %zu: %s", i + 1, G_N_ELEMENTS(steps),
                    steps[i].name);
        code = steps[i].run(setup);
        if (code != EXIT_SUCCESS) {
            report_info("setup stops at %s; when that is mended, run the same "
                        "command again",
                        steps[i].name);
            /* What was done before it is done. */
            return code == EXIT_REFUSED && i > 0 ? EXIT_INCOMPLETE : code;
        }
    }
    return EXIT_SUCCESS;
}

/* ---- The command line ------------------------------------------------------------- */

typedef struct Words {
    char *rpm, *stock_rpm, *topdir, *ssh;
    char *pool, *priority, *vm_id, *addr;
    gboolean restart, running_vms, any_release, downgrade;
    int wait_s;
} Words;

static void words_clear(Words *words)
{
    g_free(words->rpm);
    g_free(words->stock_rpm);
    g_free(words->topdir);
    g_free(words->ssh);
    g_free(words->pool);
    g_free(words->priority);
    g_free(words->vm_id);
    g_free(words->addr);
}

static int run_words(const Options *options, const Words *words, int argc,
                     char **argv)
{
    static const ArgsDevice none = ARGS_DEVICE_INIT;
    Setup setup = { 0 };
    int code = EXIT_USAGE;

    setup.wanted = none;
    if (argc != 2) {
        report_problem("vgpuctl setup --help",
                       argc < 2 ? "which VM?" : "one VM at a time");
        return code;
    }
    if (verify_wait_is_good("setup", words->wait_s) &&
        verify_destination_is_good(words->ssh) &&
        attach_read_wanted(&setup.wanted, words->pool, words->priority,
                           words->vm_id, NULL, words->addr)) {
        setup.options = options;
        setup.vm = argv[1];
        setup.rpm = words->rpm ? preflight_absolute(words->rpm) : NULL;
        setup.stock_rpm = words->stock_rpm
                              ? preflight_absolute(words->stock_rpm)
                              : NULL;
        setup.topdir = sources_topdir(options, words->topdir);
        setup.ssh = words->ssh;
        setup.consent.running_vms = words->running_vms;
        setup.consent.any_release = words->any_release;
        setup.consent.downgrade = words->downgrade;
        setup.restart_vm = words->restart;
        setup.wait_s = words->wait_s;
        code = run(&setup);
    }
    args_device_clear(&setup.wanted);
    g_free(setup.rpm);
    g_free(setup.stock_rpm);
    g_free(setup.topdir);
    return code;
}

int verb_setup(int argc, char **argv)
{
    Words words = { .wait_s = WAIT_S };
    const GOptionEntry entries[] = {
        { "rpm", 0, 0, G_OPTION_ARG_FILENAME, &words.rpm,
          "The RPM to install (the one that vgpuctl build made)", "FILE" },
        { "stock-rpm", 0, 0, G_OPTION_ARG_FILENAME, &words.stock_rpm,
          "The RPM of what is installed now, for the way back", "FILE" },
        { "topdir", 0, 0, G_OPTION_ARG_FILENAME, &words.topdir,
          "The rpmbuild tree that it was built in (./rpmbuild)", "DIR" },
        { "pool", 0, 0, G_OPTION_ARG_STRING, &words.pool, "The VM's pool (A)",
          "A|B" },
        { "priority", 0, 0, G_OPTION_ARG_STRING, &words.priority,
          "Its priority there (medium)", "low|medium|high" },
        { "vm-id", 0, 0, G_OPTION_ARG_STRING, &words.vm_id,
          "Its number (the lowest that is free)", "N" },
        { "addr", 0, 0, G_OPTION_ARG_STRING, &words.addr,
          "The device's PCI slot, in hexadecimal (1e)", "SLOT" },
        { "ssh", 0, 0, G_OPTION_ARG_STRING, &words.ssh,
          "Ask the guest, too (with keys only)", "USER@HOST" },
        { "wait", 0, 0, G_OPTION_ARG_INT, &words.wait_s,
          "Wait so long for the guest to map it, and to answer (120)",
          "SECONDS" },
        { "restart", 0, 0, G_OPTION_ARG_NONE, &words.restart,
          "Shut the VM down and start it, where it runs otherwise", NULL },
        { "with-running-vms", 0, 0, G_OPTION_ARG_NONE, &words.running_vms,
          "Install although VMs run: they keep the old QEMU", NULL },
        { "any-release", 0, 0, G_OPTION_ARG_NONE, &words.any_release,
          "Install on something other than XCP-ng 8.2 and 8.3", NULL },
        { "allow-downgrade", 0, 0, G_OPTION_ARG_NONE, &words.downgrade,
          "Install an RPM that is older than what is installed", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Options options;
    int code;

    if (!options_parse(&options, &argc, &argv, entries, "VM",
                       "All steps from the RPM that was built to a VM that has "
                       "been seen to have the device.\nRun it again to go on "
                       "where it has stopped.",
                       &code)) {
        return code;
    }
    code = run_words(&options, &words, argc, argv);
    words_clear(&words);
    options_clear(&options);
    return report_end(code);
}
