/* SPDX-License-Identifier: MIT */
#include "verify-links.h"

#include <string.h>

#include "remote.h"
#include "report.h"
#include "time-limit.h"
#include "verify-guest.h"

/* A login and a look at its bus; what it then says is some lines. */
#define GUEST_LIMIT_S     30
#define GUEST_LIMIT_BYTES ((size_t)64 * 1024)

/* Between two questions. */
#define PAUSE_MS 2000

/* Of what a guest says instead of an answer. */
#define SHOWN_LIMIT 200

static const char title_guest[] = "the guest has found it";

/* The guest's device is the one that QEMU has. */
static char *other_device(const Verify *verify, const GuestDevice *device)
{
    const QmpPci *pci = &verify->pci;

    if (!verify_is_mapped(verify) || pci->bar0_address == device->bar) {
        return NULL;
    }
    return g_strdup_printf("%s has BAR 0 at 0x%08" G_GINT64_MODIFIER
                           "x, in QEMU it is at 0x%08" G_GINT64_MODIFIER "x",
                           device->slot, device->bar, pci->bar0_address);
}

static void judge_guest(Verify *verify, const Guest *guest)
{
    const char *remedy = NULL;
    g_autofree char *problem = guest_problem(guest, &remedy);
    const GuestDevice *device;

    if (problem) {
        doctor_problem(&verify->doctor, title_guest, remedy, "%s", problem);
        return;
    }
    device = guest->devices->pdata[0];
    problem = other_device(verify, device);
    if (problem) {
        doctor_problem(&verify->doctor, title_guest,
                       "is that the right guest? It may be another VM's "
                       "address",
                       "%s", problem);
        return;
    }
    verify->guest_has = true;
    doctor_ok(&verify->doctor, title_guest,
              "%s, class 0x%06x, BAR 0 is 4 KiB at 0x%08" G_GINT64_MODIFIER "x",
              device->slot, device->class, device->bar);
    report_info("  lspci: %s",
                guest->lspci ? guest->lspci : "it is not installed there");
}

/* What a guest that is booting does; all else stays as it is. */
static bool may_be_booting(const Remote *remote)
{
    static const char *const words[] = { "No route to host", "unreachable",
                                         "Connection refused", "timed out",
                                         "it does not answer in time" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(words); i++) {
        if (remote->status < 0 && strstr(remote->why, words[i])) {
            return true;
        }
    }
    return false;
}

static Remote *ask(const Verify *verify, const char *destination)
{
    Remote *remote = remote_run(destination, guest_command, GUEST_LIMIT_S,
                                GUEST_LIMIT_BYTES);

    while (may_be_booting(remote) && g_get_monotonic_time() < verify->end) {
        report_progress("waiting for %s: %s", destination, remote->why);
        g_usleep((gulong)time_limit_ms(PAUSE_MS) * 1000);
        remote_free(remote);
        remote = remote_run(destination, guest_command, GUEST_LIMIT_S,
                            GUEST_LIMIT_BYTES);
    }
    report_progress(NULL);
    return remote;
}

void verify_guest(Verify *verify, const char *destination)
{
    g_autoptr(Remote) remote = ask(verify, destination);
    g_autoptr(Guest) guest = NULL;

    if (remote->status < 0) {
        doctor_problem(&verify->doctor, title_guest, remote->remedy, "%s: %s",
                       destination, remote->why);
        return;
    }
    guest = guest_parse(remote->output);
    if (!guest->finished && remote->status != 0) {
        g_autofree char *shown = remote_shown(remote->output, SHOWN_LIMIT);

        doctor_problem(&verify->doctor, title_guest,
                       "see by hand what a login there prints",
                       "%s: the question ends with %d: %s", destination,
                       remote->status, shown);
        return;
    }
    verify->guest_asked = true;
    judge_guest(verify, guest);
}

void verify_guest_by_hand(const Verify *verify)
{
    const QmpPci *pci = &verify->pci;
    g_autofree char *slot = g_strdup_printf("%02x:%02x.%d", (unsigned)pci->bus,
                                            (unsigned)pci->slot, pci->function);

    report_info("In the guest this shows whether it has found the device "
                "(or --ssh USER@HOST does it):");
    report_info("  lspci -nn -d 1af4:1111");
    report_info("    must show one line, with [1200] and [1af4:1111]: %s "
                "Processing accelerators [1200]: Red Hat, Inc. Device "
                "[1af4:1111] (rev 01)",
                pci->count ? slot : "00:1e.0");
    report_info("  head -n 1 /sys/bus/pci/devices/0000:%s/resource",
                pci->count ? slot : "00:1e.0");
    report_info("    must show a first address that is not 0, and a second "
                "that is 0xfff higher");
}
