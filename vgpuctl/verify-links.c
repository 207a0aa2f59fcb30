/* SPDX-License-Identifier: MIT */
#include "device-words.h"
#include "verify-links.h"

#include <string.h>

#include "daemonlog.h"
#include "hook.h"
#include "qemu-proof.h"
#include "remote.h"
#include "report.h"
#include "shim/args.h"
#include "shim/paths.h"
#include "vgpu/regs.h"

static const char title_key[] = "XAPI has the device for the VM";
static const char title_hook[] = "the host brings the key to QEMU";
static const char title_binary[] = "the installed QEMU has the device";
static const char title_xenstore[] = "xenstore has what XAPI has";
static const char title_bus[] = "QEMU has it on its PCI bus";
static const char title_qemu[] = VERIFY_QEMU;

/* ---- The links before the VM runs -------------------------------------------------- */

static const char remedy_attach[] = "vgpuctl attach VM";

void verify_key(Verify *verify, const char *title, const char *remedy_refused,
                const char *remedy_none)
{
    g_autofree char *shown = remote_shown(verify->vm->args, 400);

    if (verify->key->why) {
        doctor_problem(&verify->doctor, title, remedy_refused,
                       "the rules refuse %s: %s", shown, verify->key->why);
    } else if (verify->key->devices == 0) {
        doctor_problem(&verify->doctor, title, remedy_none,
                       "%s has no vgpu-stub",
                       shown[0] ? shown : "an empty key");
    } else {
        doctor_ok(&verify->doctor, title, "%s", shown);
    }
}

static void check_key(Verify *verify)
{
    g_autofree char *remedy = doctor_key_remedy(verify->vm->uuid, ARGS_KEY);

    if (verify->vm->args) {
        verify_key(verify, title_key, remedy, remedy_attach);
    } else {
        doctor_problem(&verify->doctor, title_key, remedy_attach,
                       "it has no " ARGS_KEY);
    }
}

static void check_hook(Verify *verify)
{
    g_autoptr(Hook) hook = hook_new(verify->options);
    const char *remedy = NULL;
    g_autofree char *verdict = hook_verdict(hook, &remedy);

    if (remedy) {
        doctor_problem(&verify->doctor, title_hook, remedy, "%s", verdict);
    } else {
        doctor_ok(&verify->doctor, title_hook, "%s", verdict);
    }
}

static void check_binary(Verify *verify)
{
    g_autofree char *binary = options_path(verify->options, HOST_QEMU);
    g_autoptr(QemuProof) proof = qemu_proof_new(binary);
    const char *remedy = NULL;
    g_autofree char *problem = qemu_proof_problem(proof, &remedy);

    if (problem) {
        doctor_problem(&verify->doctor, title_binary,
                       "vgpuctl install RPM, of the RPM that vgpuctl build "
                       "makes",
                       "%s: %s", binary, problem);
    } else {
        doctor_ok(&verify->doctor, title_binary, "QEMU %s: %s", proof->version,
                  proof->device_line);
    }
}

void verify_host(Verify *verify)
{
    check_key(verify);
    check_hook(verify);
    check_binary(verify);
}

/* ---- The links of the running VM ----------------------------------------------------- */

static bool was_hotplugged(const Verify *verify)
{
    return !verify->started_with && verify->pci.count > 0;
}

static void check_xenstore(Verify *verify)
{
    const Domain *domain = verify->domain;
    const char *asked = verify->vm->args;
    g_autofree char *shown = NULL;

    if (!domain->xenstore_args) {
        if (was_hotplugged(verify)) {
            doctor_ok(&verify->doctor, title_xenstore,
                      "it has nothing: the device was hot-plugged");
        } else {
            doctor_problem(&verify->doctor, title_xenstore,
                           asked ? "shut the VM down and start it again"
                                 : remedy_attach,
                           "domain %d has no " ARGS_KEY "%s", domain->domid,
                           asked ? ": it was set after the VM's start" : "");
        }
        return;
    }
    shown = remote_shown(domain->xenstore_args, 400);
    if (g_strcmp0(asked, domain->xenstore_args) == 0) {
        doctor_ok(&verify->doctor, title_xenstore,
                  "/local/domain/%d/platform/%s is %s", domain->domid,
                  domain->xenstore_key, shown);
    } else {
        doctor_problem(&verify->doctor, title_xenstore,
                       "shut the VM down and start it again",
                       "it was changed after the VM's start: xenstore has %s",
                       shown);
    }
}

/* What the log has of the start of this QEMU; the reason for leaving the device
 * out, where it has one. */
static const char *log_reason(const DaemonLog *log, const Domain *domain)
{
    return daemonlog_find(log, domain, DAEMONLOG_SHIM);
}

static void tell_log(const DaemonLog *log, const Domain *domain,
                     const char *why)
{
    const char *line = daemonlog_find(log, domain, DAEMONLOG_ADDING);
    g_autofree char *shown = line ? remote_shown(line, 400) : NULL;

    if (shown) {
        report_info("  " HOST_DAEMON_LOG ": qemu-dm-%d: %s", domain->domid,
                    shown);
    } else {
        report_info("  " HOST_DAEMON_LOG " has no such line of this start any "
                    "more%s%s",
                    why ? ": " : "", why ? why : "");
    }
}

/* xenstore has the key, and nothing has taken it to QEMU: by what the host has
 * now, which may not be what it had then. */
static void tell_not_taken(Verify *verify)
{
    const Domain *domain = verify->domain;
    g_autoptr(Hook) hook = hook_new(verify->options);
    const char *remedy = NULL;
    g_autofree char *verdict = hook_verdict(hook, &remedy);
    g_autofree char *full = g_strdup_printf(
        "%s; then shut the VM down and start it again",
        remedy ? remedy : "vgpuctl wrapper install");

    if (hook_way(hook) == HOOK_NATIVE) {
        doctor_problem(&verify->doctor, title_qemu, full,
                       "xenstore has %s, qemu-dm-%d (pid %d) has not: this "
                       "host's wrapper reads %s (%s)",
                       domain->xenstore_key, domain->domid, (int)domain->pid,
                       hook->wrapper->native_key, verdict);
    } else {
        doctor_problem(&verify->doctor, title_qemu, full,
                       "xenstore has it, qemu-dm-%d (pid %d) has not: the hook "
                       "was not there when the VM started",
                       domain->domid, (int)domain->pid);
    }
}

bool verify_hotplugged(Verify *verify)
{
    if (!was_hotplugged(verify)) {
        return false;
    }
    doctor_ok(&verify->doctor, title_qemu,
              "it was not, the device was hot-plugged: the VM cannot "
              "migrate until it has restarted");
    return true;
}

static void tell_missing(Verify *verify, const DaemonLog *log)
{
    const Domain *domain = verify->domain;
    const char *reason = log_reason(log, domain);
    g_autofree char *shown = reason ? remote_shown(reason, 400) : NULL;

    if (verify_hotplugged(verify)) {
        return;
    }
    if (shown) {
        doctor_problem(&verify->doctor, title_qemu,
                       "mend that, then shut the VM down and start it again",
                       "it was not; the log has the reason: %s", shown);
    } else if (!domain->xenstore_args) {
        doctor_problem(&verify->doctor, title_qemu,
                       "shut the VM down and start it again",
                       "qemu-dm-%d (pid %d) was not: xenstore has no key",
                       domain->domid, (int)domain->pid);
    } else {
        tell_not_taken(verify);
    }
}

/* The command line's device is what the key asks for. */
static void compare(Verify *verify, const char *word, const VmKey *key)
{
    const Domain *domain = verify->domain;
    g_autofree char *why = NULL;
    g_autofree char *difference = NULL;
    g_autofree char *shown = remote_shown(word, 400);
    g_autofree char *program = remote_shown(domain->argv[0], 200);
    ArgsDevice given = ARGS_DEVICE_INIT;

    if (!args_device_parse(&given, word, &why)) {
        doctor_problem(
            &verify->doctor, title_qemu, "shut the VM down and start it again",
            "-device %s is nothing that vgpuctl sets: %s", shown, why);
        return;
    }
    if (key) {
        difference = key->why || key->devices != 1
                         ? g_strdup("xenstore does not ask for it")
                         : vmkey_difference(&key->device, &given);
    }
    if (difference) {
        doctor_problem(
            &verify->doctor, title_qemu, "shut the VM down and start it again",
            "-device %s is not what xenstore has: %s", shown, difference);
    } else {
        doctor_ok(&verify->doctor, title_qemu, "%s (pid %d) has -device %s",
                  program, (int)domain->pid, shown);
    }
    args_device_clear(&given);
}

void verify_words(Verify *verify, const char *word, unsigned count,
                  const VmKey *key, const char *remedy_twice)
{
    if (count > 1) {
        doctor_problem(&verify->doctor, title_qemu, remedy_twice,
                       "it has it %u times", count);
    } else {
        compare(verify, word, key);
    }
}

static void check_command_line(Verify *verify)
{
    g_autofree char *why = NULL;
    g_autoptr(DaemonLog) log = daemonlog_read(verify->options, &why);
    const char *text = verify->domain->xenstore_args;
    g_autoptr(VmKey)
        key = vmkey_new(text ? text : "", verify->vm->uuid, verify->allowed);
    unsigned count = 0;
    const char *word = device_words_find(verify->domain->argv, &count);

    if (count == 0) {
        tell_missing(verify, log);
        return;
    }
    verify_words(verify, word, count, key,
                 "vgpuctl wrapper status says which two bring it; then restart "
                 "the VM");
    tell_log(log, verify->domain, why);
}

void verify_bus(Verify *verify)
{
    const QmpPci *pci = &verify->pci;

    if (verify->qmp_why) {
        doctor_unknown(&verify->doctor, title_bus, "%s", verify->qmp_why);
    } else if (pci->count == 0) {
        doctor_problem(&verify->doctor, title_bus,
                       "see the link before this one",
                       "query-pci has no %04x:%04x", VGPU_PCI_VENDOR_ID,
                       VGPU_PCI_DEVICE_ID);
    } else if (pci->count > 1) {
        doctor_problem(&verify->doctor, title_bus,
                       "vgpuctl detach, attach, and restart the VM",
                       "query-pci has %u of it", pci->count);
    } else if (!pci->has_bar0) {
        doctor_unknown(&verify->doctor, title_bus,
                       "%04x:%04x is at %02x:%02x.%d; its BAR 0 is not mapped "
                       "yet by the guest (--wait SECONDS waits for it)",
                       VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID,
                       (unsigned)pci->bus, (unsigned)pci->slot, pci->function);
    } else if (pci->bar0_size != VGPU_REGS_BAR_SIZE) {
        doctor_problem(&verify->doctor, title_bus,
                       "install the QEMU that vgpuctl build makes",
                       "its BAR 0 has %" G_GUINT64_FORMAT " bytes",
                       pci->bar0_size);
    } else {
        doctor_ok(&verify->doctor, title_bus,
                  "%04x:%04x is at %02x:%02x.%d, BAR 0 is 4 KiB at "
                  "0x%08" G_GINT64_MODIFIER "x",
                  VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID, (unsigned)pci->bus,
                  (unsigned)pci->slot, pci->function, pci->bar0_address);
    }
}

bool verify_is_mapped(const Verify *verify)
{
    return verify->pci.count > 0 && verify->pci.has_bar0;
}

void verify_running(Verify *verify)
{
    check_xenstore(verify);
    check_command_line(verify);
    verify_bus(verify);
}
