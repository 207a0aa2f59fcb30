/* SPDX-License-Identifier: MIT */
/*
 * What the first guides want looked at before production (their phase 11), and
 * which of the limits that they name still hold.
 */
#include "doctor.h"

#include <string.h>

#include "daemonlog.h"
#include "doctor-vms.h"
#include "journal.h"
#include "package.h"
#include "report.h"
#include "shim/paths.h"
#include "stock.h"

/* A dom0 that has less left begins to swap, or to end processes. */
#define MEMORY_LIMIT_MIB 128

/* ---- The pool ---------------------------------------------------------------------------- */

static void check_pool(Doctor *doctor)
{
    static const char title[] = "VMs can migrate between hosts with the device";
    g_autofree char *why = NULL;
    int hosts;

    if (doctor->pool) {
        return;
    }
    hosts = xapi_hosts(doctor->options, &why);
    if (hosts < 0) {
        doctor_unknown(doctor, title, "%s", why);
    } else if (hosts > 1) {
        doctor_unknown(doctor, title,
                       "%d hosts: vgpuctl doctor --pool says whether all have "
                       "the device's QEMU",
                       hosts);
    } else {
        doctor_ok(doctor, title, "one host: there is nowhere to go");
    }
}

/* ---- The VMs ---------------------------------------------------------------------------- */

static void check_several(Doctor *doctor)
{
    static const char title[] = "several VMs run with the device at once";
    GString *names = g_string_new(NULL);
    guint i;

    for (i = 0; i < doctor->qemus->len; i++) {
        const DoctorQemu *qemu = doctor->qemus->pdata[i];

        g_string_append_printf(names, "%s%s", i ? ", " : ": ", qemu->vm);
    }
    if (doctor->qemus->len > 1) {
        doctor_ok(doctor, title, "%u do, by their command lines%s",
                  doctor->qemus->len, names->str);
    } else {
        doctor_unknown(doctor, title,
                       "%u does, by its command line%s (start two, and look "
                       "again)",
                       doctor->qemus->len, names->str);
    }
    g_string_free(names, TRUE);
}

static void check_restarts(Doctor *doctor)
{
    static const char title[] = "VMs were restarted with the device";
    g_autofree char *why = NULL;
    g_autoptr(DaemonLog) log = daemonlog_read(doctor->options, &why);

    if (why) {
        doctor_unknown(doctor, title, "%s", why);
    } else if (log->starts < 2) {
        doctor_unknown(doctor, title,
                       HOST_DAEMON_LOG
                       " has %u start%s with it (xe vm-reboot, "
                       "then vgpuctl verify VM, and look again)",
                       log->starts, log->starts == 1 ? "" : "s");
    } else {
        doctor_ok(doctor, title, HOST_DAEMON_LOG " has %u starts with it",
                  log->starts);
    }
}

/* ---- Memory ------------------------------------------------------------------------------- */

/* "MemAvailable:   123456 kB" of a file of such lines, in MiB; -1: not told. */
static gint64 memory_in(const char *path, const char *key)
{
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return -1;
    }
    at = strstr(text, key);
    return at ? g_ascii_strtoll(at + strlen(key), NULL, 10) / 1024 : -1;
}

static void check_memory(Doctor *doctor)
{
    static const char title[] = "dom0 has memory left";
    gint64 mib;

    /* A host in a directory has no memory of its own. */
    if (doctor->options->root[0]) {
        return;
    }
    mib = memory_in("/proc/meminfo", "MemAvailable:");
    if (mib < 0) {
        doctor_unknown(doctor, title, "/proc/meminfo does not say");
    } else if (mib < MEMORY_LIMIT_MIB) {
        doctor_problem(doctor, title,
                       "give dom0 more memory; vgpuctl verify VM says which "
                       "process is a VM's QEMU",
                       "%" G_GINT64_FORMAT " MiB", mib);
    } else {
        doctor_ok(doctor, title,
                  "%" G_GINT64_FORMAT " MiB; the device itself takes a page "
                  "and no more",
                  mib);
    }
}

static void check_qemus(Doctor *doctor)
{
    static const char title[] = "what the QEMUs with the device take is known";
    guint i;

    for (i = 0; i < doctor->qemus->len; i++) {
        const DoctorQemu *qemu = doctor->qemus->pdata[i];
        g_autofree char *path = g_strdup_printf("/proc/%d/status",
                                                (int)qemu->pid);
        gint64 mib = memory_in(path, "VmRSS:");

        if (mib < 0) {
            doctor_unknown(doctor, title, "%s: %s does not say", qemu->vm,
                           path);
        } else {
            doctor_ok(doctor, title,
                      "%s (pid %d): %" G_GINT64_FORMAT " MiB (VmRSS)", qemu->vm,
                      (int)qemu->pid, mib);
        }
    }
    if (!doctor->qemus->len) {
        doctor_unknown(doctor, title, "none runs now");
    }
}

/* ---- The way back ------------------------------------------------------------------------ */

static void check_way_back(Doctor *doctor)
{
    static const char title[] = "there is a way back";
    g_autoptr(Record) record = record_read(doctor->options);
    g_autofree char *directory = NULL;

    if (!record) {
        doctor_unknown(doctor, title, "vgpuctl has installed nothing");
    } else if (!record->backup) {
        doctor_problem(doctor, title,
                       "have the stock RPM at hand: vgpuctl rollback "
                       "--stock-rpm FILE",
                       "no stock QEMU was there when it was installed");
    } else {
        directory = journal_backup_path(doctor->options, record->backup);
        doctor_ok(doctor, title, "vgpuctl rollback, with %s", directory);
    }
}

/* ---- What is not to be looked at ---------------------------------------------------------- */

static void tell(const char *heading, const char *const *lines)
{
    report_info("%s", heading);
    for (; *lines; lines++) {
        report_info("  %s", *lines);
    }
}

static void tell_instead(void)
{
    static const char *const lines[] = {
        "an installation script: vgpuctl setup VM, which can be run again",
        "rollback procedures: vgpuctl rollback; docs/xcp-ng.md has them",
        "combinations of properties: the project's tests run all of them, and "
        "vgpuctl attach tries a VM's own in the installed QEMU",
        "backups of binaries: vgpuctl install makes them, and doctor checks "
        "their checksums",
        "updates that overwrite files: doctor compares what is installed with "
        "what vgpuctl noted",
        "security updates of QEMU: doctor names one that waits in yum's cache; "
        "yum check-update asks the mirrors",
        "new guest systems: vgpuctl verify VM --ssh USER@HOST asks a Linux "
        "guest",
        NULL
    };

    tell("What does the guides' other work:", lines);
}

static void tell_limits(void)
{
    static const char *const lines[] = {
        "migration: the device's state goes along; it fails where the other "
        "host has no such QEMU (doctor --pool)",
        "hot-plug: vgpuctl attach --now and detach --now do it; the VM cannot "
        "migrate then until it has restarted",
        "properties: those of a device that the VM was started with change by "
        "a restart only",
        "without a driver in the guest the device does nothing: its registers "
        "can be read, and nothing computes yet",
        NULL
    };

    tell("The limits that the guides name, as they are now:", lines);
}

void doctor_check_production(Doctor *doctor)
{
    check_several(doctor);
    check_restarts(doctor);
    check_pool(doctor);
    check_qemus(doctor);
    check_memory(doctor);
    check_way_back(doctor);
    tell_instead();
    tell_limits();
}
