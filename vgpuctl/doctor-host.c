/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <string.h>

#include "backup.h"
#include "hook.h"
#include "host.h"
#include "journal.h"
#include "package.h"
#include "qemu-proof.h"
#include "remote.h"

/* What has been found out about the host's QEMU package. */
typedef struct Installed {
    Package *package; /* NULL: none, or more than one */
    GPtrArray *owners;
    Record *record; /* NULL: vgpuctl has installed nothing */
} Installed;

static void check_release(Doctor *doctor)
{
    static const char title[] = "the host is an XCP-ng that this is for";
    g_autoptr(Host) host = host_new(doctor->options);
    const char *remedy = NULL;
    g_autofree char *problem = host_problem(host, &remedy);

    if (problem) {
        doctor_problem(doctor, title, remedy, "%s", problem);
    } else {
        doctor_ok(doctor, title, "%s %s", host->brand, host->version);
    }
}

static bool check_path(Doctor *doctor, const char *binary)
{
    static const char title[] = "QEMU is where the host starts it";
    g_autofree char *old = options_path(doctor->options,
                                        "/usr/lib/xen/bin/qemu-system-i386");

    if (g_file_test(binary, G_FILE_TEST_IS_EXECUTABLE)) {
        doctor_ok(doctor, title, "%s", binary);
        return true;
    }
    doctor_problem(doctor, title, "reinstall the package qemu",
                   "no program %s%s", binary,
                   g_file_test(old, G_FILE_TEST_EXISTS)
                       ? " (the one in /usr/lib is not used)"
                       : "");
    return false;
}

/* The path stands in the wrapper's text, and could be another one there. */
static void check_wrapper_path(Doctor *doctor)
{
    static const char title[] = "the wrapper starts that QEMU";
    g_autoptr(Hook) hook = hook_new(doctor->options);
    const char *at = hook->text ? strstr(hook->text, "/qemu-system-") : NULL;
    const char *start = at;
    g_autofree char *path = NULL;
    g_autofree char *shown = NULL;

    if (!at) {
        return;
    }
    while (start > hook->text && !strchr("'\" \t\n=", start[-1])) {
        start--;
    }
    path = g_strndup(start, strcspn(start, "'\" \t\n"));
    shown = remote_shown(path, 200);
    if (strcmp(path, HOST_QEMU) == 0) {
        doctor_ok(doctor, title, "%s", shown);
    } else {
        doctor_problem(
            doctor, title, "reinstall the package that owns " HOST_WRAPPER,
            "it starts %s, and the device goes to " HOST_QEMU, shown);
    }
}

static void check_interrupted(Doctor *doctor)
{
    static const char title[] = "no install or rollback was interrupted";
    bool broken = false;
    g_autoptr(Journal) journal = journal_read(doctor->options, &broken);

    if (journal || broken) {
        doctor_problem(doctor, title,
                       "vgpuctl rollback, or vgpuctl install RPM: either goes "
                       "on from there first",
                       "one was%s%s", journal ? ": " : "",
                       journal ? journal->step : "");
    } else {
        doctor_ok(doctor, title, "no journal");
    }
}

static void check_package(Doctor *doctor, const Installed *installed)
{
    static const char title[] = DOCTOR_PACKAGE;
    const Record *record = installed->record;

    if (!installed->package) {
        doctor_problem(doctor, title,
                       "reinstall the package qemu with the host's package "
                       "manager",
                       "%s",
                       installed->owners && installed->owners->len > 1
                           ? "two packages own the binary"
                           : "no package owns the binary");
    } else if (!record) {
        doctor_problem(doctor, title, "vgpuctl install RPM",
                       "vgpuctl has installed none; %s is there",
                       installed->package->nevra);
    } else if (!record_is_of(record, installed->package)) {
        doctor_problem(doctor, title,
                       "prepare, integrate and build again from the sources "
                       "of the new release, then install; until then VMs "
                       "start without the device",
                       "an update has replaced %s by %s", record->nevra,
                       installed->package->nevra);
    } else {
        doctor_ok(doctor, title, "%s", installed->package->nevra);
    }
}

static void check_files(Doctor *doctor, const Installed *installed)
{
    static const char title[] = "its files are as the package has them";
    g_autofree char *changed = NULL;

    doctor_replaced(doctor, "rpm -Uvh --nodeps --force",
                    "it installs over missing dependencies and hides "
                    "conflicts: install uses neither");
    if (!installed->package) {
        doctor_unknown(doctor, title, "no package to compare with");
        return;
    }
    doctor_replaced(doctor, "rpm -Uvh --replacepkgs --replacefiles",
                    "install adds rpm's replace flags itself where the same "
                    "version and release is installed already");
    changed = package_verify(doctor->options, installed->package);
    if (changed && *g_strstrip(changed)) {
        doctor_problem(doctor, title,
                       "install the RPM instead of copying files; for the "
                       "stock QEMU: vgpuctl rollback",
                       "rpm -V says: %s", changed);
    } else {
        doctor_ok(doctor, title, "rpm -V says nothing");
    }
}

static void check_backup(Doctor *doctor, const Installed *installed)
{
    static const char title[] = DOCTOR_BACKUP;
    g_autoptr(Backup) backup = NULL;
    g_autofree char *why = NULL;
    g_autofree char *directory = NULL;

    if (!installed->record || !installed->record->backup) {
        doctor_unknown(doctor, title, "vgpuctl has replaced no stock QEMU");
        return;
    }
    directory = journal_backup_path(doctor->options, installed->record->backup);
    backup = backup_open(directory, &why);
    if (backup) {
        doctor_ok(doctor, title, "%s, every checksum is right", directory);
    } else {
        doctor_problem(doctor, title,
                       "keep the stock RPM at hand: vgpuctl rollback "
                       "--stock-rpm FILE",
                       "%s", why);
    }
}

static void check_device(Doctor *doctor, const char *binary)
{
    static const char version[] = DOCTOR_VERSION;
    static const char device[] = DOCTOR_DEVICE;
    static const char properties[] = DOCTOR_PROPERTIES;
    g_autoptr(QemuProof) proof = qemu_proof_new(binary);
    const char *remedy = NULL;
    g_autofree char *problem = qemu_proof_problem(proof, &remedy);

    if (!proof->version) {
        doctor_problem(doctor, version, remedy, "%s",
                       proof->failure ? proof->failure : "it says none");
        return;
    }
    doctor_ok(doctor, version, "%s", proof->version);
    if (!proof->device_line) {
        doctor_problem(doctor, device,
                       proof->failure ? remedy
                                      : "vgpuctl install RPM, of the RPM that "
                                        "vgpuctl build makes",
                       "%s", problem ? problem : "it has not");
        return;
    }
    doctor_ok(doctor, device, "%s", proof->device_line);
    if (proof->missing && *proof->missing) {
        doctor_problem(doctor, properties, remedy, "missing: %s",
                       proof->missing);
    } else {
        doctor_ok(doctor, properties, "pool_id, priority, vm_id");
    }
}

/* In the middle of an update, where the package's triggers look, the database
 * has the old one, too: then the other one is what is installed. */
static Package *owner(const Installed *installed)
{
    const GPtrArray *owners = installed->owners;

    if (owners && owners->len == 2 && installed->record) {
        if (record_is_of(installed->record, owners->pdata[0])) {
            return owners->pdata[1];
        }
        if (record_is_of(installed->record, owners->pdata[1])) {
            return owners->pdata[0];
        }
    }
    return owners && owners->len == 1 ? owners->pdata[0] : NULL;
}

void doctor_check_host(Doctor *doctor)
{
    g_autofree char *binary = options_path(doctor->options, HOST_QEMU);
    Installed installed = { 0 };

    check_release(doctor);
    check_interrupted(doctor);
    check_wrapper_path(doctor);
    if (!check_path(doctor, binary)) {
        return;
    }
    installed.owners = package_owners(doctor->options, HOST_QEMU);
    installed.record = record_read(doctor->options);
    installed.package = owner(&installed);
    if (installed.package) {
        doctor->package = g_strdup(installed.package->nevra);
    }
    check_package(doctor, &installed);
    check_files(doctor, &installed);
    check_backup(doctor, &installed);
    check_device(doctor, binary);
    if (installed.record) {
        record_free(installed.record);
    }
    if (installed.owners) {
        g_ptr_array_unref(installed.owners);
    }
}
