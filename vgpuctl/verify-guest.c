/* SPDX-License-Identifier: MIT */
#include "verify-guest.h"

#include <string.h>

#include "remote.h"
#include "vgpu/regs.h"

/* More than any guest has; what comes behind is not kept. */
#define DEVICES_LIMIT 32

/* Linux's IORESOURCE_MEM in the third word of a line of `resource`. */
#define RESOURCE_MEMORY 0x200

/*
 * Each line that counts begins with a word of ours: the login shell of the user
 * can print more. Nothing of it needs more than a POSIX shell; `exec` because
 * the login shell need not be one.
 */
const char guest_command[] =
    "exec sh -c 'cd /sys/bus/pci/devices 2>/dev/null && { echo vgpu-sysfs; "
    "for d in *; do "
    "read v <$d/vendor; read i <$d/device; "
    "[ \"$v $i\" = \"0x1af4 0x1111\" ] || continue; "
    "read c <$d/class; read sv <$d/subsystem_vendor; "
    "read s <$d/subsystem_device; read r <$d/resource; "
    "echo vgpu-device $d $c $sv $s $r; done; }; "
    "lspci -n -d 1af4:1111 2>/dev/null | while read l; do echo vgpu-lspci $l; "
    "done; echo vgpu-end'";

static void device_free(gpointer data)
{
    GuestDevice *device = data;

    g_free(device->slot);
    g_free(device);
}

void guest_free(Guest *guest)
{
    if (guest) {
        g_ptr_array_unref(guest->devices);
        g_free(guest->lspci);
        g_free(guest);
    }
}

/* ---- Reading it --------------------------------------------------------------------- */

/* "0x1234" of at most 64 bits, whole. */
static bool read_hex(const char *word, guint64 *value)
{
    const char *digits = g_str_has_prefix(word, "0x") ? word + 2 : "";
    size_t length = strspn(digits, "0123456789abcdefABCDEF");

    if (length < 1 || length > 16 || digits[length]) {
        return false;
    }
    *value = g_ascii_strtoull(digits, NULL, 16);
    return true;
}

static bool is_slot(const char *word)
{
    size_t length = strspn(word, "0123456789abcdef:.");

    return length >= 7 && length <= 16 && !word[length];
}

/* vgpu-device SLOT CLASS SUBVENDOR SUBDEVICE START END FLAGS */
static GuestDevice *parse_device(char *const *words)
{
    guint64 values[6];
    GuestDevice *device;
    size_t i;

    if (g_strv_length((char **)words) != 8 || !is_slot(words[1])) {
        return NULL;
    }
    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        if (!read_hex(words[i + 2], &values[i])) {
            return NULL;
        }
    }
    device = g_new0(GuestDevice, 1);
    device->slot = g_strdup(words[1]);
    device->class = (unsigned)(values[0] & 0xffffff);
    device->subsystem_vendor = (unsigned)(values[1] & 0xffff);
    device->subsystem = (unsigned)(values[2] & 0xffff);
    device->bar = values[3];
    device->bar_size = values[4] > values[3] ? values[4] - values[3] + 1 : 0;
    device->bar_is_memory = values[5] & RESOURCE_MEMORY;
    return device;
}

Guest *guest_parse(const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    Guest *guest = g_new0(Guest, 1);
    size_t i;

    guest->devices = g_ptr_array_new_with_free_func(device_free);
    for (i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(g_strchomp(lines[i]), " ", -1);
        GuestDevice *device;

        if (!words[0]) {
            continue;
        }
        if (strcmp(words[0], "vgpu-sysfs") == 0) {
            guest->has_sysfs = true;
        } else if (strcmp(words[0], "vgpu-end") == 0) {
            guest->finished = true;
        } else if (strcmp(words[0], "vgpu-lspci") == 0 && words[1] &&
                   !guest->lspci) {
            guest->lspci = remote_shown(lines[i] + strlen("vgpu-lspci "), 200);
        } else if (strcmp(words[0], "vgpu-device") == 0 &&
                   guest->devices->len < DEVICES_LIMIT &&
                   (device = parse_device(words))) {
            g_ptr_array_add(guest->devices, device);
        }
    }
    return guest;
}

/* ---- Judging it --------------------------------------------------------------------- */

static char *device_problem(const GuestDevice *device, const char **remedy)
{
    const unsigned class = VGPU_PCI_CLASS << 8;

    *remedy = "install the QEMU that vgpuctl integrate and build make, and "
              "restart the VM";
    if (device->class != class) {
        return g_strdup_printf("%s has the class 0x%06x instead of 0x%06x%s",
                               device->slot, device->class, class,
                               device->class == 0
                                   ? ": its QEMU was built with class_id = "
                                     "0x120000, and without -Werror"
                                   : "");
    }
    if (device->subsystem_vendor != VGPU_PCI_SUBSYSTEM_VENDOR_ID ||
        device->subsystem != VGPU_PCI_SUBSYSTEM_ID) {
        return g_strdup_printf("%s has the subsystem %04x:%04x instead of "
                               "%04x:%04x",
                               device->slot, device->subsystem_vendor,
                               device->subsystem, VGPU_PCI_SUBSYSTEM_VENDOR_ID,
                               VGPU_PCI_SUBSYSTEM_ID);
    }
    if (device->bar == 0 || device->bar_size == 0) {
        *remedy = "dmesg in the guest says why it gave BAR 0 no address";
        return g_strdup_printf("%s has no address for BAR 0", device->slot);
    }
    if (!device->bar_is_memory || device->bar_size != VGPU_REGS_BAR_SIZE) {
        return g_strdup_printf("%s has a BAR 0 of %" G_GUINT64_FORMAT
                               " bytes%s instead of %d bytes of memory",
                               device->slot, device->bar_size,
                               device->bar_is_memory ? "" : " of ports",
                               VGPU_REGS_BAR_SIZE);
    }
    *remedy = NULL;
    return NULL;
}

char *guest_problem(const Guest *guest, const char **remedy)
{
    if (!guest->finished) {
        *remedy = "see by hand what a login there prints";
        return g_strdup("the guest did not answer the question to its end");
    }
    if (!guest->has_sysfs) {
        *remedy = "look by hand for the PCI device 1af4:1111; vgpuctl asks "
                  "Linux guests only";
        return g_strdup("the guest has no /sys/bus/pci/devices");
    }
    if (guest->devices->len == 0) {
        *remedy = "as root in the guest: echo 1 >/sys/bus/pci/rescan; else "
                  "shut the VM down and start it again";
        return g_strdup("the guest has no PCI device 1af4:1111");
    }
    if (guest->devices->len > 1) {
        *remedy = "vgpuctl detach, attach, and restart the VM";
        return g_strdup_printf("the guest has %u of the device",
                               guest->devices->len);
    }
    return device_problem(guest->devices->pdata[0], remedy);
}
