/* SPDX-License-Identifier: MIT */
#include "device-file.h"

#include <errno.h>
#include <string.h>

#include "change.h"
#include "drop-in.h"
#include "report.h"
#include "textfile.h"

/* The device has some 20 KiB; what is so much larger is another file. */
#define DEVICE_LIMIT ((size_t)4 * 1024 * 1024)

/* The device's name, which its source has to register. */
static const char type_name[] = "\"vgpu-stub\"";

static bool read_source(DeviceFile *device, const char *from)
{
    int result;

    if (!from) {
        device->data = g_strndup(drop_in_data, drop_in_size);
        device->size = drop_in_size;
        return true;
    }
    result = textfile_read(from, DEVICE_LIMIT, &device->data, &device->size);
    if (result < 0) {
        report_problem(NULL, "cannot read --device %s: %s", from,
                       textfile_error(result));
        return false;
    }
    if (memchr(device->data, '\0', device->size) ||
        !g_strstr_len(device->data, (gssize)device->size, type_name)) {
        report_problem("leave --device away: vgpuctl carries the device",
                       "--device %s is not the device's source: nothing in it "
                       "names %s",
                       from, type_name);
        return false;
    }
    return true;
}

bool device_file_open(DeviceFile *device, const char *path, const char *from)
{
    int result;

    memset(device, 0, sizeof(*device));
    if (!read_source(device, from)) {
        device_file_clear(device);
        return false;
    }
    result = textfile_read(path, DEVICE_LIMIT, &device->old, &device->old_size);
    if (result < 0 && result != -ENOENT) {
        report_problem(NULL, "cannot read %s: %s", path,
                       textfile_error(result));
        device_file_clear(device);
        return false;
    }
    device->path = g_strdup(path);
    return true;
}

void device_file_clear(DeviceFile *device)
{
    g_free(device->path);
    g_free(device->data);
    g_free(device->old);
    memset(device, 0, sizeof(*device));
}

bool device_file_is_there(const DeviceFile *device)
{
    return device->old && device->old_size == device->size &&
           memcmp(device->old, device->data, device->size) == 0;
}

bool device_file_is_other(const DeviceFile *device)
{
    if (!device->old || device_file_is_there(device)) {
        return false;
    }
    report_problem("move it away, or name it with --device to use it",
                   "%s is there already and is another file", device->path);
    return true;
}

int device_file_write(const Options *options, const DeviceFile *device)
{
    if (device_file_is_there(device)) {
        return 0;
    }
    return change_write(options, device->path, device->data, device->size,
                        0644);
}

int device_file_put_back(const Options *options, const DeviceFile *device)
{
    if (device_file_is_there(device)) {
        return 0;
    }
    if (!device->old) {
        return change_remove(options, device->path);
    }
    return change_write(options, device->path, device->old, device->old_size,
                        0644);
}
