/* SPDX-License-Identifier: MIT */
#include "hotplug.h"

#include <string.h>

#include "vgpu/properties.h"
#include "vgpu/regs.h"
#include "domain.h"
#include "qmp.h"
#include "remote.h"
#include "report.h"
#include "time-limit.h"

/* A guest that looks after its PCI bus gives a device up in a second; one that
 * starts just now may take a few. */
#define REMOVAL_LIMIT_MS 5000
#define REMOVAL_STEP_MS  200UL

#define LOOK_LIMIT_MS 2000

char *hotplug_restart_command(const XapiVm *vm)
{
    const char *uuid = vm->uuid;

    if (strcmp(vm->power_state, "suspended") == 0) {
        return g_strdup_printf("resume it (xe vm-resume uuid=%s) and shut it "
                               "down in the guest, then xe vm-start uuid=%s; "
                               "vm-shutdown force=true would discard its "
                               "memory",
                               uuid, uuid);
    }
    return strcmp(vm->power_state, "paused") == 0
               ? g_strdup_printf("xe vm-unpause uuid=%s, then xe vm-reboot "
                                 "uuid=%s",
                                 uuid, uuid)
               : g_strdup_printf("xe vm-reboot uuid=%s", uuid);
}

/* ---- Reaching the VM's QEMU ---------------------------------------------------------- */

static void refuse(const XapiVm *vm, const char *doing, const char *why)
{
    g_autofree char *command = hotplug_restart_command(vm);
    g_autofree char *remedy = g_strdup_printf(
        "the key is as you want it: restart the VM (%s)", command);

    report_problem(remedy, "cannot %s: %s", doing, why);
}

/* Connects to the VM's QEMU and looks for the device; NULL has been reported. */
static Qmp *reach(const Options *options, const XapiVm *vm, const char *doing,
                  QmpPci *pci, Domain **domain)
{
    g_autofree char *why = NULL;
    Qmp *qmp;

    *domain = domain_of_vm(options, vm->uuid, &why);
    if (!*domain) {
        refuse(vm, doing, why);
        return NULL;
    }
    qmp = qmp_open((*domain)->qmp, QMP_TIME_LIMIT_MS, &why);
    if (!qmp ||
        !qmp_find_pci(qmp, VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID, pci, &why)) {
        refuse(vm, doing, why);
        qmp_close(qmp);
        return NULL;
    }
    return qmp;
}

int hotplug_state(const char *qmp_path)
{
    g_autofree char *why = NULL;
    g_autoptr(Qmp) qmp = qmp_open(qmp_path, LOOK_LIMIT_MS, &why);
    int state = HOTPLUG_UNKNOWN;
    QmpPci pci;

    if (!qmp || !qmp_find_pci(qmp, VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID, &pci,
                              &why)) {
        return state;
    }
    state = pci.count == 0                    ? HOTPLUG_NONE
            : strcmp(pci.id, HOTPLUG_ID) == 0 ? HOTPLUG_PLUGGED
                                              : HOTPLUG_STARTED;
    qmp_pci_clear(&pci);
    return state;
}

/* ---- Adding --------------------------------------------------------------------------- */

/* Newer QEMUs want a number where a property is one; addr is a text in all. */
static JsonObject *device_arguments(const ArgsDevice *device)
{
    JsonObject *arguments = json_object_new();
    g_autofree char *slot = g_strdup_printf("%02x", (unsigned)device->slot);

    json_object_set_string_member(arguments, "driver", VGPU_DEVICE_NAME);
    json_object_set_string_member(arguments, "id", HOTPLUG_ID);
    json_object_set_string_member(arguments, "addr", slot);
    if (device->pool_id) {
        json_object_set_string_member(arguments, VGPU_PROP_POOL_ID,
                                      device->pool_id);
    }
    if (device->priority) {
        json_object_set_string_member(arguments, VGPU_PROP_PRIORITY,
                                      device->priority);
    }
    if (device->vm_id >= 0) {
        json_object_set_int_member(arguments, VGPU_PROP_VM_ID, device->vm_id);
    }
    if (device->queues >= 0) {
        json_object_set_int_member(arguments, VGPU_PROP_QUEUES, device->queues);
    }
    return arguments;
}

/* The QEMU that runs was started from a binary that has the device. */
static bool knows_device(const Options *options, const XapiVm *vm,
                         const Domain *domain, Qmp *qmp)
{
    JsonObject *arguments = json_object_new();
    g_autoptr(JsonNode) list = NULL;
    g_autofree char *why = NULL;
    g_autofree char *reason = NULL;

    json_object_set_string_member(arguments, "typename", VGPU_DEVICE_NAME);
    list = qmp_call(qmp, "device-list-properties", arguments, &why);
    if (list) {
        return true;
    }
    reason = g_strdup_printf(
        "%s: %s",
        domain_binary(options, domain) == DOMAIN_BINARY_REPLACED
            ? "the VM's QEMU was started before the one that is installed now"
            : "the VM's QEMU does not have the device",
        why);
    refuse(vm, "hot-plug the device", reason);
    return false;
}

static void warn_of_migration(const XapiVm *vm)
{
    g_autofree char *command = hotplug_restart_command(vm);

    report_warning("a hot-plugged device is not among the VM's start "
                   "arguments: it cannot be migrated or suspended until it has "
                   "been restarted (%s)",
                   command);
}

static bool add(const Options *options, const XapiVm *vm,
                const ArgsDevice *device, Qmp *qmp, const char *path)
{
    g_autofree char *text = args_device_text(device);
    g_autofree char *what = g_strdup_printf(
        "QMP device_add %s,id=" HOTPLUG_ID " on %s", text, path);
    g_autofree char *why = NULL;
    g_autoptr(JsonNode) returned = NULL;
    bool there;
    QmpPci pci;

    report_change("run", what);
    if (options->dry_run) {
        return true;
    }
    returned = qmp_call(qmp, "device_add", device_arguments(device), &why);
    if (!returned || !qmp_find_pci(qmp, VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID,
                                   &pci, &why)) {
        refuse(vm, "hot-plug the device", why);
        return false;
    }
    there = pci.count > 0;
    if (!there) {
        refuse(vm, "hot-plug the device",
               "QEMU took it, but query-pci does not show it");
    } else {
        report_info("hot-plugged: query-pci shows 1af4:1111 at %02x:%02x.%d",
                    (unsigned)pci.bus, (unsigned)pci.slot, pci.function);
        warn_of_migration(vm);
    }
    qmp_pci_clear(&pci);
    return there;
}

bool hotplug_add(const Options *options, const XapiVm *vm,
                 const ArgsDevice *device)
{
    g_autoptr(Domain) domain = NULL;
    QmpPci pci = { 0 };
    g_autoptr(Qmp)
        qmp = reach(options, vm, "hot-plug the device", &pci, &domain);

    if (!qmp) {
        return false;
    }
    if (pci.count == 0) {
        qmp_pci_clear(&pci);
        if (device->chardev) {
            refuse(vm, "hot-plug the device",
                   "QEMU opens its link when the VM starts, and only then");
            return false;
        }
        return knows_device(options, vm, domain, qmp) &&
               add(options, vm, device, qmp, domain->qmp);
    }
    report_info("the running VM has the device already, at %02x:%02x.%d, and "
                "keeps it as it is until it is restarted: nothing to hot-plug",
                (unsigned)pci.bus, (unsigned)pci.slot, pci.function);
    if (strcmp(pci.id, HOTPLUG_ID) == 0) {
        warn_of_migration(vm);
    }
    qmp_pci_clear(&pci);
    return true;
}

/* ---- Removing ---------------------------------------------------------------------------- */

/* Waits until query-pci no longer shows it. Between two looks the socket is
 * free: it serves one client at a time, and xenopsd is one. */
static bool wait_until_gone(const char *path)
{
    int limit = time_limit_ms(REMOVAL_LIMIT_MS);
    int waited;

    for (waited = 0; waited < limit; waited += REMOVAL_STEP_MS) {
        if (hotplug_state(path) == HOTPLUG_NONE) {
            return true;
        }
        g_usleep(REMOVAL_STEP_MS * 1000);
    }
    return false;
}

/* Takes qmp over. */
static bool remove_plugged(const Options *options, const XapiVm *vm, Qmp *qmp,
                           const char *path)
{
    g_autoptr(Qmp) connection = qmp;
    g_autofree char *what = g_strdup_printf(
        "QMP device_del " HOTPLUG_ID " on %s", path);
    g_autofree char *why = NULL;
    g_autoptr(JsonNode) returned = NULL;
    JsonObject *arguments;

    report_change("run", what);
    if (options->dry_run) {
        return true;
    }
    arguments = json_object_new();
    json_object_set_string_member(arguments, "id", HOTPLUG_ID);
    returned = qmp_call(connection, "device_del", arguments, &why);
    if (!returned) {
        refuse(vm, "hot-unplug the device", why);
        return false;
    }
    g_clear_pointer(&connection, qmp_close);
    if (!wait_until_gone(path)) {
        refuse(vm, "hot-unplug the device",
               "the guest has been asked and has not given it up");
        return false;
    }
    report_info("hot-unplugged: query-pci no longer shows 1af4:1111");
    return true;
}

bool hotplug_remove(const Options *options, const XapiVm *vm)
{
    g_autoptr(Domain) domain = NULL;
    QmpPci pci = { 0 };
    g_autoptr(Qmp)
        qmp = reach(options, vm, "hot-unplug the device", &pci, &domain);
    bool done = false;

    if (!qmp) {
        return false;
    }
    if (pci.count == 0) {
        report_info("the running VM does not have the device: nothing to "
                    "hot-unplug");
        done = true;
    } else if (strcmp(pci.id, HOTPLUG_ID) != 0) {
        refuse(vm, "hot-unplug the device",
               "the VM was started with it, and such a device has no name that "
               "QEMU could remove it by");
    } else {
        done = remove_plugged(options, vm, g_steal_pointer(&qmp), domain->qmp);
    }
    qmp_pci_clear(&pci);
    return done;
}
