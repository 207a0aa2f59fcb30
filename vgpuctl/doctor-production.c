/* SPDX-License-Identifier: MIT */
/*
 * What the first guides want looked at before production (their phase 11), and
 * which of the limits that they name still hold.
 */
#include "doctor.h"

#include <string.h>

#include "doctor-vms.h"
#include "journal.h"
#include "package.h"
#include "shim/paths.h"
#include "stock.h"

/* A dom0 that has less left begins to swap, or to end processes. */
#define MEMORY_LIMIT_MIB 128

/* ---- Before ---------------------------------------------------------------------------- */

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
    gint64 mib = memory_in("/proc/meminfo", "MemAvailable:");

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

static void tell_replaced(Doctor *doctor)
{
    doctor_replaced(doctor, "Test with multiple VMs simultaneously",
                    "doctor looks at every VM of the pool that has the key: "
                    "rules, ids, slots");
    doctor_replaced(doctor, "Test VM shutdown/restart cycles",
                    "doctor looks for VMs that run with what was there before "
                    "their last start");
    doctor_replaced(doctor, "Create automated installation script",
                    "vgpuctl setup VM does all steps in one run that can be "
                    "resumed");
    doctor_replaced(doctor, "Document rollback procedures",
                    "vgpuctl rollback is the procedure; docs/xcp-ng.md has it");
    doctor_replaced(doctor, "Test different property combinations",
                    "the project's tests run all of them; vgpuctl attach tries "
                    "a VM's own in the installed QEMU before it sets them");
}

static void tell_maintenance(Doctor *doctor)
{
    doctor_replaced(doctor, "Keep backups of working binaries",
                    "vgpuctl install makes them, and doctor checks their "
                    "checksums");
    doctor_replaced(doctor,
                    "Document any XCP-ng updates that may overwrite files",
                    "doctor compares what is installed with what vgpuctl "
                    "noted, and names what an update has replaced");
    doctor_replaced(doctor, "Monitor for QEMU security updates from XCP-ng",
                    "doctor names a newer QEMU that waits in yum's cache; yum "
                    "check-update asks the mirrors");
    doctor_replaced(doctor, "Test device with new VM OS versions",
                    "vgpuctl verify VM --ssh USER@HOST judges a Linux guest");
}

/* ---- Limits ---------------------------------------------------------------------------- */

static void tell_limits(Doctor *doctor)
{
    doctor_replaced(doctor, "VM migration with custom device may fail",
                    "the device's state migrates; it fails where the other "
                    "host has no such QEMU (doctor --pool), and for a device "
                    "that was hot-plugged until the VM has restarted");
    doctor_replaced(doctor, "No hot-plug/hot-unplug support",
                    "vgpuctl attach --now and detach --now do it");
    doctor_replaced(doctor,
                    "Device properties cannot be changed without VM restart",
                    "it still holds for a device that the VM was started "
                    "with");
    doctor_replaced(doctor,
                    "Device appears but is non-functional without guest driver",
                    "it still holds: its registers can be read, and nothing "
                    "computes yet");
}

void doctor_check_production(Doctor *doctor)
{
    check_pool(doctor);
    check_memory(doctor);
    check_way_back(doctor);
    tell_replaced(doctor);
    tell_maintenance(doctor);
    tell_limits(doctor);
}
