/* SPDX-License-Identifier: MIT */
#include "xlfile.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "device-words.h"
#include "exit.h"
#include "key-check.h"
#include "remote.h"
#include "report.h"
#include "textfile.h"
#include "xlconfig.h"

/* Of a file's text in a message. */
#define TYPE_LIMIT 40

/* Reads the file that a path leads to: *real (g_free) is its own path, so that
 * a link stays a link. NULL has been reported. */
static XlConfig *read_config(const char *path, char **real)
{
    g_autofree char *text = NULL;
    g_autofree char *why = NULL;
    char *resolved = realpath(path, NULL);
    XlConfig *config;
    size_t length = 0;
    int result = resolved
                     ? textfile_read(resolved, XLCONFIG_LIMIT, &text, &length)
                     : -errno;

    *real = g_strdup(resolved);
    free(resolved);
    if (result < 0) {
        report_problem("give the file that you give to xl create",
                       "cannot read %s: %s", path, textfile_error(result));
        return NULL;
    }
    config = xlconfig_new(text, length, &why);
    if (!config) {
        report_problem("change it by hand: device_model_args_hvm = "
                       "[\"-device\", \"vgpu-stub,...\"]",
                       "%s is not understood: %s", path, why);
    }
    return config;
}

/* Writes the text unless it stands there already. */
static int write_config(const Options *options, const char *path,
                        const XlConfig *config, const char *text)
{
    if (strcmp(text, config->text) == 0) {
        report_info("%s has it already so: nothing to do", path);
        return EXIT_SUCCESS;
    }
    return change_write(options, path, text, strlen(text), 0600) == 0
               ? EXIT_SUCCESS
               : EXIT_FAILED;
}

/* ---- What the file's other lines mean for the device -------------------------------- */

/* A file may leave the type to the command line of xl create. */
static bool check_guest(const char *path, const XlConfig *config)
{
    if (!config->type) {
        report_warning("%s has no type = \"hvm\": only such a guest has a QEMU "
                       "with PCI",
                       path);
    } else if (strcmp(config->type, "hvm") != 0) {
        g_autofree char *shown = remote_shown(config->type, TYPE_LIMIT);

        report_problem(
            "give the file of a guest with type = \"hvm\"",
            "%s has type = \"%s\": only an hvm guest has a QEMU with "
            "PCI",
            path, shown);
        return false;
    }
    return true;
}

/* The QEMU that xl would start, as far as the file says it. */
static bool check_qemu(const XlConfig *config, const char *word)
{
    char *words[] = { (char *)"-device", (char *)word, NULL };

    if (!config->override) {
        report_info("the file has no device_model_override: the QEMU that xl "
                    "starts by itself must have the device");
        return true;
    }
    if (access(config->override, X_OK) < 0) {
        report_warning("device_model_override is %s: %s", config->override,
                       strerror(errno));
        return true;
    }
    return key_check_qemu(config->override, words);
}

/* Another device in the list lies there. */
static bool check_slot(const XlConfig *config, const ArgsDevice *device)
{
    size_t i;

    for (i = 1; config->words[0] && config->words[i]; i++) {
        const char *addr = strstr(config->words[i], ",addr=");
        g_autofree char *slot = NULL;

        if (strcmp(config->words[i - 1], "-device") != 0 || !addr ||
            args_is_device(config->words[i])) {
            continue;
        }
        addr += strlen(",addr=");
        slot = g_strndup(addr, strcspn(addr, ","));
        if (args_slot(slot) == device->slot) {
            report_problem("give another --addr", "slot %02x is that of %s",
                           (unsigned)device->slot, config->words[i]);
            return false;
        }
    }
    return true;
}

/* ---- The whole ------------------------------------------------------------------------ */

/* The device as it is to be. False has been reported. */
static bool plan(const char *path, const XlConfig *config,
                 const ArgsDevice *wanted, ArgsDevice *device)
{
    ArgsDevice there = ARGS_DEVICE_INIT;
    g_autofree char *why = NULL;
    unsigned count;
    const char *word = device_words_find(config->words, &count);

    if (count > 1) {
        report_problem("take all but one out of it by hand",
                       "%s has the device %u times", path, count);
        return false;
    }
    if (word && !args_device_parse(&there, word, &why)) {
        report_problem("vgpuctl detach --xl FILE, then attach it anew",
                       "%s has '%s': %s", path, word, why);
        return false;
    }
    /* Nobody knows all VMs of a plain Xen host: no number is made up. */
    *device = device_words_merge(&there, wanted, -1);
    args_device_clear(&there);
    if (device->slot < 0) {
        device->slot = ARGS_SLOT_DEVICE;
    }
    return true;
}

int xlfile_attach(const Options *options, const char *path,
                  const ArgsDevice *wanted)
{
    g_autofree char *real = NULL;
    g_autoptr(XlConfig) config = read_config(path, &real);
    ArgsDevice device = ARGS_DEVICE_INIT;
    g_autofree char *word = NULL;
    g_autofree char *text = NULL;
    int code = EXIT_REFUSED;

    if (!config || !plan(path, config, wanted, &device)) {
        return EXIT_REFUSED;
    }
    word = args_device_text(&device);
    if (check_guest(path, config) && check_slot(config, &device) &&
        check_qemu(config, word)) {
        text = xlconfig_with(config, word);
        code = write_config(options, real, config, text);
    }
    if (code == EXIT_SUCCESS) {
        report_value("device", word);
        report_info("%s gives its VM %s from the next xl create on", path,
                    word);
    }
    args_device_clear(&device);
    return code;
}

int xlfile_detach(const Options *options, const char *path)
{
    g_autofree char *real = NULL;
    g_autoptr(XlConfig) config = read_config(path, &real);
    g_autofree char *text = NULL;
    unsigned count;
    int code;

    if (!config) {
        return EXIT_REFUSED;
    }
    if (!device_words_find(config->words, &count)) {
        report_info("%s does not have the device: nothing to do", path);
        return EXIT_SUCCESS;
    }
    text = xlconfig_without(config);
    code = write_config(options, real, config, text);
    if (code == EXIT_SUCCESS) {
        report_info("%s gives its VM no device from the next xl create on",
                    path);
    }
    return code;
}
