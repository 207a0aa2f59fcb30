/* SPDX-License-Identifier: MIT */
#include "device-words.h"
#include "doctor-vms.h"

#include <string.h>

#include "daemonlog.h"
#include "hotplug.h"
#include "qmp.h"
#include "remote.h"
#include "shim/paths.h"
#include "vgpu/regs.h"

/* Of foreign text in one line. */
#define SHOWN_LIMIT 300

/* Log entries that are older have had their remedy, or nobody minds. */
#define LATELY_S ((gint64)24 * 3600)

static const char title_sandbox[] = "their QEMUs are in their sandbox";
static const char restart[] = "shut the VM down and start it again";

/* ---- The logs ------------------------------------------------------------------------- */

static void check_event(Doctor *doctor, const char *title, const char *remedy,
                        gint64 when, const char *line, const char *what)
{
    gint64 age = g_get_real_time() / G_USEC_PER_SEC - when;
    g_autofree char *shown = line ? remote_shown(line, SHOWN_LIMIT) : NULL;

    if (!line) {
        doctor_ok(doctor, title, "the logs have no such line");
    } else if (when && age > LATELY_S) {
        doctor_ok(doctor, title, "not within a day; the last one is: %s",
                  shown);
    } else {
        doctor_problem(doctor, title, remedy, "%s: %s", what, shown);
    }
}

void doctor_check_logs(Doctor *doctor)
{
    g_autofree char *why = NULL;
    g_autoptr(DaemonLog) log = daemonlog_read(doctor->options, &why);

    if (why) {
        doctor_unknown(doctor, DOCTOR_STARTS, "%s", why);
        return;
    }
    check_event(doctor, DOCTOR_STARTS,
                "the lines `qemu-dm-<domid>` before it in " HOST_DAEMON_LOG
                " say what ended the QEMU or its wrapper; vgpuctl wrapper "
                "status says whether it was the wrapper; vgpuctl detach VM "
                "lets the VM start without the device",
                log->timeout, log->timeout_line,
                "a VM's start waited for a QEMU that did not come");
    check_event(doctor, "no VM came back with another device lately",
                "start the VM anew: xe vm-shutdown force=true, then xe "
                "vm-start; and have the same QEMU on all hosts (vgpuctl doctor "
                "--pool)",
                log->bad_config, log->bad_config_line,
                "a VM's state was saved or sent with another device than its "
                "QEMU has");
    check_event(doctor, DOCTOR_TYPE_ERROR,
                "vgpuctl wrapper install: it takes that patch out",
                log->type_error, log->type_error_line,
                "a hand-made patch of the wrapper joins bytes and text "
                "(Python 3)");
}

/* ---- Their QEMUs ------------------------------------------------------------------------ */

typedef struct Running {
    Doctor *doctor;
    const DaemonLog *log;
    unsigned vms;      /* that ask for the device, and have a QEMU here */
    unsigned with;     /* have it on the QEMU's command line */
    unsigned logged;   /* and in the log */
    unsigned mapped;   /* and have mapped it */
    unsigned asked;    /* QEMUs that answered */
    unsigned replaced; /* that run a QEMU which has been replaced since */
    unsigned changed;  /* whose key was changed since they started */
    unsigned missing;  /* that lack it */
    unsigned plugged;  /* that were given it while they ran */
    unsigned open;     /* that are not in their sandbox */
    GString *names;
} Running;

static void check_missing(Running *running, const VmFacts *facts,
                          const QmpPci *pci)
{
    const Domain *domain = facts->domain;
    const char *reason = daemonlog_find(running->log, domain, DAEMONLOG_SHIM);
    g_autofree char *shown = reason ? remote_shown(reason, SHOWN_LIMIT)
                                    : g_strdup("the log does not say why");

    if (pci->count) {
        running->plugged++;
        return; /* doctor_check_hotplugged() says so */
    }
    running->missing++;
    if (!domain->xenstore_args) {
        doctor_problem(running->doctor, DOCTOR_STARTED, restart,
                       "%s runs without it: the key was set after its start",
                       facts->vm->name);
    } else {
        doctor_problem(running->doctor, DOCTOR_STARTED,
                       "mend that, then shut the VM down and start it again",
                       "%s (qemu-dm-%d, pid %d) runs without it: %s",
                       facts->vm->name, domain->domid, (int)domain->pid, shown);
    }
}

static void check_twice(Running *running, const VmFacts *facts, unsigned count)
{
    if (count > 1) {
        doctor_problem(running->doctor, "no QEMU has the device twice",
                       "vgpuctl wrapper status says which two bring it",
                       "the QEMU of %s has it %u times", facts->vm->name,
                       count);
    }
}

static bool shows_sandbox(const char *words)
{
    return strstr(words, " -chroot ") || strstr(words, " -run-with ");
}

/* -priv, once it has passed, is nowhere to be seen but in what it took away. */
static void check_sandbox(Running *running, const VmFacts *facts)
{
    const Domain *domain = facts->domain;
    g_autofree char *words = g_strjoinv(" ", domain->argv);
    const char *logged = daemonlog_find(running->log, domain, DAEMONLOG_EXEC);

    /* Each QEMU below Xen has its domid there. */
    if (shows_sandbox(words) || (!strstr(words, " -xen-domid ") &&
                                 (!logged || shows_sandbox(logged)))) {
        return;
    }
    running->open++;
    doctor_problem(running->doctor, title_sandbox,
                   "ask who set the VM's " ARGS_KEY "; vgpuctl wrapper "
                   "install, then shut the VM down and start it again",
                   "that of %s (pid %d) has no chroot: it may do in dom0 what "
                   "root may, which -priv brings about",
                   facts->vm->name, (int)domain->pid);
}

/* What the VM was started with is not what the host and XAPI have now. */
static void check_stale(Running *running, const VmFacts *facts)
{
    const Domain *domain = facts->domain;

    if (domain_binary(running->doctor->options, domain) ==
        DOMAIN_BINARY_REPLACED) {
        running->replaced++;
        doctor_problem(running->doctor,
                       "running VMs have the QEMU that is installed", restart,
                       "%s (pid %d) still runs one that has been replaced",
                       facts->vm->name, (int)domain->pid);
    }
    if (domain->xenstore_args &&
        strcmp(domain->xenstore_args, facts->vm->args) != 0) {
        running->changed++;
        doctor_problem(running->doctor, "running VMs have the key as it is now",
                       restart, "that of %s was changed after its start",
                       facts->vm->name);
    }
}

static void ask_qemu(Running *running, const VmFacts *facts, QmpPci *pci)
{
    g_autofree char *why = NULL;
    g_autoptr(Qmp) qmp = qmp_open(facts->domain->qmp, QMP_TIME_LIMIT_MS, &why);

    memset(pci, 0, sizeof(*pci));
    if (!qmp ||
        !qmp_find_pci(qmp, VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID, pci, &why)) {
        doctor_unknown(running->doctor, DOCTOR_MAPPED, "%s: %s",
                       facts->vm->name, why);
        return;
    }
    running->asked++;
    running->mapped += pci->count == 1 && pci->has_bar0;
}

static void check_vm(Running *running, const VmFacts *facts)
{
    const Domain *domain = facts->domain;
    unsigned count = 0;
    QmpPci pci;

    if (!domain) {
        doctor_problem(running->doctor, "the QEMU of each VM can be seen",
                       "run it as root; vgpuctl verify VM tells more", "%s: %s",
                       facts->vm->name, facts->why);
        return;
    }
    g_string_append_printf(running->names, "%s%s (domain %d)",
                           running->vms++ ? ", " : "", facts->vm->name,
                           domain->domid);
    device_words_find(domain->argv, &count);
    ask_qemu(running, facts, &pci);
    if (count) {
        running->with++;
        doctor_note_qemu(running->doctor, facts->vm->name, domain->pid);
        running->logged += daemonlog_find(running->log, domain,
                                          DAEMONLOG_ADDING) != NULL;
    } else {
        check_missing(running, facts, &pci);
    }
    qmp_pci_clear(&pci);
    check_twice(running, facts, count);
    check_sandbox(running, facts);
    check_stale(running, facts);
}

/* ---- The sums ----------------------------------------------------------------------------- */

static void sum_up(const Running *running)
{
    Doctor *doctor = running->doctor;

    if (!running->vms) {
        doctor_unknown(doctor, DOCTOR_RUNNING, "none does now");
        return;
    }
    doctor_ok(doctor, DOCTOR_RUNNING, "%s", running->names->str);
    if (!running->open) {
        doctor_ok(doctor, title_sandbox, "%u of %u", running->vms,
                  running->vms);
    }
    if (!running->missing) {
        doctor_ok(doctor, DOCTOR_STARTED,
                  "%u of %u, by the command line of "
                  "the pid that xenstore has%s",
                  running->with, running->vms,
                  running->plugged ? "; the others were given it while they ran"
                                   : "");
    }
    if (running->with && running->logged == running->with) {
        doctor_ok(doctor, DOCTOR_LOGGED, "for each of the %u", running->with);
    } else if (running->with) {
        doctor_unknown(doctor, DOCTOR_LOGGED,
                       "for %u of %u; the others may have been started before "
                       "the log was rotated",
                       running->logged, running->with);
    }
    if (!running->replaced) {
        doctor_ok(doctor, "running VMs have the QEMU that is installed",
                  "%u of %u", running->vms, running->vms);
    }
    if (!running->changed) {
        doctor_ok(doctor, "running VMs have the key as it is now", "%u of %u",
                  running->vms, running->vms);
    }
    if (running->asked && running->mapped == running->asked) {
        doctor_ok(doctor, DOCTOR_MAPPED,
                  "%u of %u, as query-pci has it; vgpuctl verify VM --ssh "
                  "asks a guest itself",
                  running->mapped, running->asked);
    } else if (running->asked) {
        doctor_unknown(doctor, DOCTOR_MAPPED,
                       "%u of %u; the others are starting, or have no guest "
                       "that looks at its PCI bus",
                       running->mapped, running->asked);
    }
}

void doctor_check_running(Doctor *doctor, const GPtrArray *all)
{
    g_autofree char *why = NULL;
    g_autoptr(DaemonLog) log = daemonlog_read(doctor->options, &why);
    Running running = { .doctor = doctor,
                        .log = log,
                        .names = g_string_new(NULL) };
    guint i;

    for (i = 0; i < all->len; i++) {
        const VmFacts *facts = all->pdata[i];

        if (facts->here) {
            check_vm(&running, facts);
        }
    }
    sum_up(&running);
    g_string_free(running.names, TRUE);
}

/* ---- Those that were given it while they ran ---------------------------------------------- */

static bool is_hotplugged(const Options *options, const XapiVm *vm)
{
    g_autofree char *why = NULL;
    g_autoptr(Domain)
        domain = domain_of_domid(options, vm->uuid, vm->domid, &why);
    unsigned count = 0;
    int state;

    if (!domain) {
        return false;
    }
    device_words_find(domain->argv, &count);
    state = count ? HOTPLUG_NONE : hotplug_state(domain->qmp);
    return state == HOTPLUG_PLUGGED || state == HOTPLUG_STARTED;
}

void doctor_check_hotplugged(Doctor *doctor, const GPtrArray *vms)
{
    static const char title[] = "each VM that runs can migrate with its device";
    g_autofree char *host = domain_host_uuid(doctor->options);
    unsigned found = 0, here = 0;
    guint i;

    for (i = 0; i < vms->len; i++) {
        const XapiVm *vm = vms->pdata[i];
        g_autofree char *remedy = NULL;

        if (vm->domid < 0 || (host && vm->resident_on[0] &&
                              strcmp(vm->resident_on, host) != 0)) {
            continue;
        }
        here++;
        if (is_hotplugged(doctor->options, vm)) {
            found++;
            remedy = hotplug_restart_command(vm);
            doctor_problem(doctor, title, remedy,
                           "the device of %s was hot-plugged: the VM cannot "
                           "migrate until it has restarted",
                           vm->shown);
        }
    }
    if (here && !found) {
        doctor_ok(doctor, title, "none of %u has one that was hot-plugged",
                  here);
    }
}
