/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl verify: the whole way of the device into one VM, link by link: XAPI,
 * the hook, the installed QEMU, xenstore, the command line of the VM's QEMU,
 * QEMU's own PCI bus, and the guest.
 */
#include <glib.h>
#include <string.h>

#include "exit.h"
#include "remote.h"
#include "report.h"
#include "shim/paths.h"
#include "verb.h"
#include "verify-links.h"
#include "verify.h"
#include "vgpu/regs.h"

/* A VM boots in minutes; whoever asks for more has mistyped. */
#define WAIT_LIMIT_S 3600

/* Of a VM's name, which can have any length. */
#define NAME_LIMIT 120

/* ---- Looking ---------------------------------------------------------------------- */

static void forget(Verify *verify)
{
    g_clear_pointer(&verify->domain, domain_free);
    g_clear_pointer(&verify->domain_why, g_free);
    g_clear_pointer(&verify->qmp_why, g_free);
    qmp_pci_clear(&verify->pci);
    memset(&verify->pci, 0, sizeof(verify->pci));
}

static void ask_qemu(Verify *verify)
{
    g_autoptr(Qmp) qmp = qmp_open(verify->domain->qmp, QMP_TIME_LIMIT_MS,
                                  &verify->qmp_why);

    if (qmp) {
        qmp_find_pci(qmp, VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID, &verify->pci,
                     &verify->qmp_why);
    }
}

static void look_at_domain(Verify *verify)
{
    forget(verify);
    verify->domain = domain_of_vm(verify->options, verify->vm->uuid,
                                  &verify->domain_why);
    if (verify->domain) {
        ask_qemu(verify);
    }
}

/* For a VM that is starting: until the guest's firmware has given the BAR an
 * address. It never will where the QEMU that was waited for has no device, or
 * where the VM is paused. */
static bool is_mapped_or_never(const Verify *verify)
{
    const bool asked = verify->domain && !verify->qmp_why;

    return verify_is_mapped(verify) ||
           (verify->was_started && asked &&
            (verify->pci.count == 0 ||
             strcmp(verify->vm->power_state, "running") != 0));
}

static void wait_for_domain(Verify *verify)
{
    look_at_domain(verify);
    while (!is_mapped_or_never(verify) &&
           g_get_monotonic_time() < verify->end) {
        report_progress("waiting for %s: %s", verify->vm->name,
                        verify->domain_why ? verify->domain_why
                        : verify->qmp_why  ? verify->qmp_why
                        : verify->pci.count
                            ? "the guest has not mapped the device yet"
                            : "QEMU has no device");
        g_usleep(G_USEC_PER_SEC);
        look_at_domain(verify);
    }
    report_progress(NULL);
}

/* ---- The whole ------------------------------------------------------------------------ */

static void tell_not_running(Verify *verify)
{
    const XapiVm *vm = verify->vm;
    const bool on = xapi_vm_is_on(vm);
    g_autofree char *start = g_strdup_printf(
        "xe vm-start uuid=%s, then vgpuctl verify %s --wait 120", vm->uuid,
        vm->uuid);

    doctor_problem(&verify->doctor, VERIFY_QEMU,
                   on ? "run it on the host that the VM runs on, as root; if "
                        "it is this one, look into " HOST_DAEMON_LOG
                      : start,
                   "the VM is %s: %s", vm->power_state, verify->domain_why);
}

static void summarise(const Verify *verify)
{
    const bool configured = verify->key && !verify->key->why &&
                            verify->key->devices > 0;
    const bool in_qemu = verify->started_with || verify->pci.count > 0;
    const char *verdict, *text;

    if (in_qemu && verify->guest_has) {
        verdict = "enumerated";
        text = "really enumerated: QEMU has the device, and so has the guest";
    } else if (in_qemu && verify->guest_asked) {
        verdict = "not-in-guest";
        text = "QEMU has it; the guest does not show it";
    } else if (in_qemu) {
        verdict = "in-qemu";
        text = "QEMU has it; the guest has not been asked";
    } else if (configured) {
        verdict = "configured";
        text = "only configured: no QEMU has it";
    } else {
        verdict = "absent";
        text = "the VM has no such device";
    }
    report_value("uuid", verify->vm->uuid);
    report_value("verdict", verdict);
    report_info("%s (%s): %s", verify->vm->name, verify->vm->uuid, text);
}

/* What XAPI has of the VM, now. */
static bool find_vm(Verify *verify, const char *text)
{
    const char *remedy = NULL;
    g_autofree char *why = NULL;
    g_autofree char *name = NULL;
    XapiVm *vm = xapi_vm_find(verify->options, text, &why, &remedy);

    if (!vm) {
        report_problem(remedy, "%s", why);
        return false;
    }
    xapi_vm_free(verify->vm);
    verify->vm = vm;
    name = vm->name;
    vm->name = remote_shown(name, NAME_LIMIT);
    return true;
}

/* After the wait the VM may have another state, and another key. */
static bool wait_for_vm(Verify *verify, int wait_s)
{
    g_autofree char *uuid = g_strdup(verify->vm->uuid);

    verify->end = g_get_monotonic_time() + (gint64)wait_s * G_USEC_PER_SEC;
    wait_for_domain(verify);
    return wait_s == 0 || find_vm(verify, uuid);
}

static int run(Verify *verify, const char *text, const char *destination,
               int wait_s)
{
    g_autofree char *list_problem = NULL;

    if (!find_vm(verify, text) || !wait_for_vm(verify, wait_s)) {
        return EXIT_REFUSED;
    }
    verify->allowed = vmkey_allowed(verify->options, &list_problem);
    if (list_problem) {
        report_warning("%s", list_problem);
    }
    if (verify->vm->args) {
        verify->key = vmkey_new(verify->vm->args, verify->vm->uuid,
                                verify->allowed);
    }
    verify_host(verify);
    if (!verify->domain) {
        tell_not_running(verify);
    } else {
        verify_running(verify);
        if (destination) {
            verify_guest(verify, destination);
        } else if (verify->pci.count || verify->started_with) {
            verify_guest_by_hand(verify);
        }
    }
    summarise(verify);
    return verify->doctor.problems ? EXIT_FINDINGS : EXIT_SUCCESS;
}

static void verify_clear(Verify *verify)
{
    forget(verify);
    xapi_vm_free(verify->vm);
    vmkey_free(verify->key);
    if (verify->allowed) {
        g_ptr_array_unref(verify->allowed);
    }
}

static int verify_whole(const Options *options, const char *vm, const char *ssh,
                        int wait_s, bool was_started)
{
    Verify verify;
    int code;

    memset(&verify, 0, sizeof(verify));
    verify.options = options;
    verify.doctor.options = options;
    verify.was_started = was_started;
    code = run(&verify, vm, ssh, wait_s);
    verify_clear(&verify);
    return code;
}

int verify_vm(const Options *options, const char *vm, const char *ssh,
              int wait_s)
{
    return verify_whole(options, vm, ssh, wait_s, true);
}

/* ---- The verb ------------------------------------------------------------------------- */

bool verify_destination_is_good(const char *ssh)
{
    const char *problem = ssh ? remote_destination_problem(ssh) : NULL;

    if (problem) {
        report_problem("give USER@HOST", "--ssh '%s': %s", ssh, problem);
    }
    return !problem;
}

bool verify_wait_is_good(const char *verb, int wait_s)
{
    g_autofree char *remedy = g_strdup_printf("vgpuctl %s --help", verb);

    if (wait_s < 0 || wait_s > WAIT_LIMIT_S) {
        report_problem(remedy, "--wait takes 0 to %d seconds", WAIT_LIMIT_S);
        return false;
    }
    return true;
}

static bool check_words(int argc, const char *ssh, int wait_s)
{
    if (argc != 2) {
        report_problem("vgpuctl verify --help",
                       argc < 2 ? "which VM?" : "one VM at a time");
        return false;
    }
    return verify_wait_is_good("verify", wait_s) &&
           verify_destination_is_good(ssh);
}

int verb_verify(int argc, char **argv)
{
    g_autofree char *ssh = NULL;
    int wait_s = 0, code;
    const GOptionEntry entries[] = {
        { "ssh", 0, 0, G_OPTION_ARG_STRING, &ssh,
          "Ask the guest, too (with keys only)", "USER@HOST" },
        { "wait", 0, 0, G_OPTION_ARG_INT, &wait_s,
          "Wait so long for a VM that is starting", "SECONDS" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Options options;

    if (!options_parse(&options, &argc, &argv, entries, "VM",
                       "Follows the device into a VM, link by link, from XAPI "
                       "to the guest, and changes nothing.",
                       &code)) {
        return code;
    }
    code = check_words(argc, ssh, wait_s)
               ? verify_whole(&options, argv[1], ssh, wait_s, false)
               : EXIT_USAGE;
    options_clear(&options);
    return report_end(code);
}
