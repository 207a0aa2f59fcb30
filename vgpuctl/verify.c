/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl verify: the whole way of the device into one VM, link by link: XAPI,
 * the hook, the installed QEMU, xenstore, the command line of the VM's QEMU,
 * QEMU's own PCI bus, and the guest. A domain of xl has fewer.
 */
#include <glib.h>
#include <string.h>

#include "device-words.h"
#include "exit.h"
#include "remote.h"
#include "report.h"
#include "shim/paths.h"
#include "verb.h"
#include "verify-links.h"
#include "verify-xl.h"
#include "verify.h"
#include "vgpu/regs.h"

/* A VM boots in minutes; whoever asks for more has mistyped. */
#define WAIT_LIMIT_S 3600

/* ---- Looking ---------------------------------------------------------------------- */

static void forget(Verify *verify)
{
    g_clear_pointer(&verify->domain, domain_free);
    g_clear_pointer(&verify->domain_why, g_free);
    g_clear_pointer(&verify->qmp_why, g_free);
    qmp_pci_clear(&verify->pci);
    memset(&verify->pci, 0, sizeof(verify->pci));
    verify->started_with = false;
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
    unsigned count = 0;

    forget(verify);
    verify->domain = verify->way->domain(verify, &verify->domain_why);
    if (verify->domain) {
        device_words_find(verify->domain->argv, &count);
        verify->started_with = count > 0;
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
        report_progress("waiting for %s: %s", verify->vm->shown,
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

/* ---- The way of XAPI ------------------------------------------------------------------- */

/* What XAPI has of the VM, now. Its name may change meanwhile. */
static bool find_vm(Verify *verify)
{
    const char *remedy = NULL;
    g_autofree char *why = NULL;
    XapiVm *vm = xapi_vm_find(verify->options, verify->asked, &why, &remedy);

    if (!vm) {
        report_problem(remedy, "%s", why);
        return false;
    }
    xapi_vm_free(verify->vm);
    verify->vm = vm;
    g_free(verify->asked);
    verify->asked = g_strdup(vm->uuid);
    return true;
}

static Domain *find_domain(const Verify *verify, char **why)
{
    return domain_of_vm(verify->options, verify->vm->uuid, why);
}

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

static const VerifyWay way_xapi = {
    find_vm, find_domain, verify_host, verify_running, tell_not_running,
};

/* ---- The whole ------------------------------------------------------------------------ */

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
    report_info("%s (%s): %s", verify->vm->shown, verify->vm->uuid, text);
}

/* After the wait the VM may have another state, and another key. */
static bool wait_for_vm(Verify *verify, int wait_s)
{
    verify->end = g_get_monotonic_time() + (gint64)wait_s * G_USEC_PER_SEC;
    wait_for_domain(verify);
    return wait_s == 0 || verify->way->find(verify);
}

static int run(Verify *verify, const char *destination, int wait_s)
{
    g_autofree char *list_problem = NULL;

    if (!verify->way->find(verify) || !wait_for_vm(verify, wait_s)) {
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
    verify->way->host(verify);
    if (!verify->domain) {
        verify->way->not_running(verify);
    } else {
        verify->way->running(verify);
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
    g_free(verify->asked);
    xapi_vm_free(verify->vm);
    vmkey_free(verify->key);
    if (verify->allowed) {
        g_ptr_array_unref(verify->allowed);
    }
}

static int verify_whole(const Options *options, const VerifyWay *way,
                        const char *vm, const char *ssh, int wait_s,
                        bool was_started)
{
    Verify verify;
    int code;

    memset(&verify, 0, sizeof(verify));
    verify.options = options;
    verify.doctor.options = options;
    verify.way = way;
    verify.asked = g_strdup(vm);
    verify.was_started = was_started;
    code = run(&verify, ssh, wait_s);
    verify_clear(&verify);
    return code;
}

int verify_vm(const Options *options, const char *vm, const char *ssh,
              int wait_s)
{
    return verify_whole(options, &way_xapi, vm, ssh, wait_s, true);
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

static bool domain_is_good(const char *xl)
{
    const char *problem = domain_xl_problem(xl);

    if (problem) {
        report_problem("give the domain's name or number, as xl list has it",
                       "--xl '%s': %s", xl, problem);
    }
    return !problem;
}

static bool check_words(int argc, const char *xl, const char *ssh, int wait_s)
{
    const char *problem = xl && argc > 1    ? "give one of a VM and --xl DOMAIN"
                          : argc > 2        ? "one VM at a time"
                          : !xl && argc < 2 ? "which VM? Or --xl DOMAIN"
                                            : NULL;

    if (problem) {
        report_problem("vgpuctl verify --help", "%s", problem);
        return false;
    }
    return (!xl || domain_is_good(xl)) &&
           verify_wait_is_good("verify", wait_s) &&
           verify_destination_is_good(ssh);
}

int verb_verify(int argc, char **argv)
{
    g_autofree char *ssh = NULL;
    g_autofree char *xl = NULL;
    int wait_s = 0, code;
    const GOptionEntry entries[] = {
        { "ssh", 0, 0, G_OPTION_ARG_STRING, &ssh,
          "Ask the guest, too (with keys only)", "USER@HOST" },
        { "wait", 0, 0, G_OPTION_ARG_INT, &wait_s,
          "Wait so long for a VM that is starting", "SECONDS" },
        { "xl", 0, 0, G_OPTION_ARG_FILENAME, &xl,
          "Look at a domain of xl instead, by its name or number", "DOMAIN" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Options options;

    if (!options_parse(&options, &argc, &argv, entries, "[VM]",
                       "Follows the device into a VM, link by link, from XAPI "
                       "to the guest, and changes nothing.",
                       &code)) {
        return code;
    }
    code = check_words(argc, xl, ssh, wait_s)
               ? verify_whole(&options, xl ? &verify_xl : &way_xapi,
                              xl ? xl : argv[1], ssh, wait_s, false)
               : EXIT_USAGE;
    options_clear(&options);
    return report_end(code);
}
