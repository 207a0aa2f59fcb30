/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <string.h>

#include "hook.h"
#include "shim/paths.h"
#include "vmkey.h"

#define PROGRAMS "/usr/lib64/xen/bin"

static void check_facts(Doctor *doctor, const Hook *hook)
{
    g_autoptr(GPtrArray) facts = hook_facts(hook);
    guint i;

    for (i = 0; i < facts->len; i++) {
        const HookFact *fact = facts->pdata[i];

        if (strcmp(fact->outcome, "ok") == 0) {
            doctor_ok(doctor, fact->title, "%s", fact->detail);
        } else if (strcmp(fact->outcome, "problem") == 0) {
            doctor_problem(doctor, fact->title, fact->remedy, "%s",
                           fact->detail);
        } else {
            doctor_unknown(doctor, fact->title, "%s", fact->detail);
        }
    }
}

/* ---- The way back --------------------------------------------------------------------- */

static void check_untouched(Doctor *doctor)
{
    static const char title[] = DOCTOR_WAY_BACK;
    g_autoptr(GPtrArray) owners = package_owners(doctor->options, HOST_WRAPPER);
    g_autofree char *changed = NULL;

    if (!owners || owners->len != 1) {
        doctor_unknown(doctor, title, "no package owns " HOST_WRAPPER);
        return;
    }
    changed = hook_changed(doctor->options, owners->pdata[0]);
    if (changed) {
        doctor_problem(doctor, title,
                       "vgpuctl wrapper remove; if it stays so, reinstall the "
                       "package with the host's package manager",
                       "it is not as its package has it: %s", changed);
    } else {
        doctor_ok(doctor, title, "it is as %s has it",
                  ((const Package *)owners->pdata[0])->nevra);
    }
}

static void check_way_back(Doctor *doctor, const Hook *hook)
{
    static const char title[] = DOCTOR_WAY_BACK;
    g_autofree char *stock = hook->text ? wrapper_python_stock(hook->text)
                                        : NULL;

    doctor_replaced(doctor, "qemu-wrapper backed up",
                    "copying a backup over it undoes the updates since, too: "
                    "it is left alone, or edited in a way that can be undone "
                    "to the byte");
    if (hook_way(hook) != HOOK_BY_PYTHON) {
        check_untouched(doctor);
    } else if (stock) {
        doctor_ok(doctor, title,
                  "the edit can be taken out to the byte: vgpuctl wrapper "
                  "remove");
    } else {
        doctor_problem(doctor, title,
                       "reinstall the package xenopsd with the host's package "
                       "manager",
                       "the edit cannot be taken out");
    }
}

/* ---- What comes to QEMU --------------------------------------------------------------- */

static void check_text(Doctor *doctor, const Hook *hook)
{
    static const char title[] = DOCTOR_TEXT;
    static const char handed_on[] = "the wrapper hands on whatever the key "
                                    "has: a wrong one makes the start hang for "
                                    "300 seconds";

    doctor_replaced(doctor, "grep shows bytes.decode('utf-8') line present",
                    "a decode that fails drops the device without a word, and "
                    "split() keeps quotes: the text is read and checked "
                    "by " SHIM_QEMU_ARGS);
    switch (hook_way(hook)) {
    case HOOK_BY_CONFIG:
    case HOOK_BY_PYTHON:
        doctor_ok(
            doctor, title, "%s",
            SHIM_QEMU_ARGS
            " leaves out what is wrong, and says why in " HOST_DAEMON_LOG);
        break;
    case HOOK_BY_HAND:
        doctor_problem(doctor, title,
                       hook->edited ? "yum reinstall xenopsd, then vgpuctl "
                                      "wrapper install"
                                    : "vgpuctl wrapper install",
                       "%s", handed_on);
        break;
    case HOOK_NATIVE:
        doctor_problem(doctor, title,
                       "set that key by nothing but vgpuctl attach, which "
                       "checks it: this wrapper has no list of what is allowed",
                       "%s", handed_on);
        break;
    default:
        doctor_unknown(doctor, title, "nothing reads the key");
    }
}

static void check_allowed(Doctor *doctor)
{
    static const char title[] = SHIM_ALLOW_ARGS " allows no more than is meant";
    g_autofree char *problem = NULL;
    g_autoptr(GPtrArray) allowed = vmkey_allowed(doctor->options, &problem);

    if (problem) {
        doctor_problem(doctor, title,
                       "chown root: and chmod 644 it, and mend the line", "%s",
                       problem);
    } else if (allowed) {
        doctor_ok(doctor, title, "%u line%s", allowed->len,
                  allowed->len == 1 ? "" : "s");
    } else {
        doctor_ok(doctor, title, "there is none");
    }
}

/* The backups of the first guides: name.backup-YYYYMMDD-HHMMSS. */
static void check_leftovers(Doctor *doctor)
{
    static const char title[] = "no VM needs the guides' own backups";
    g_autofree char *directory = options_path(doctor->options, PROGRAMS);
    GDir *dir = g_dir_open(directory, 0, NULL);
    GString *found = g_string_new(NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, "qemu-") && strstr(name, ".backup-")) {
            g_string_append_printf(found, "%s%s", found->len ? ", " : "", name);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    if (found->len) {
        doctor_ok(doctor, title,
                  "%s in " PROGRAMS " can go; never copy one back: on a QEMU "
                  "that runs that fails with \"Text file busy\", and rpm's "
                  "record is wrong afterwards (vgpuctl rollback does it right)",
                  found->str);
    } else {
        doctor_ok(doctor, title, "none lie in " PROGRAMS);
    }
    g_string_free(found, TRUE);
}

void doctor_check_hook(Doctor *doctor)
{
    g_autoptr(Hook) hook = hook_new(doctor->options);

    check_facts(doctor, hook);
    check_way_back(doctor, hook);
    check_text(doctor, hook);
    check_allowed(doctor);
    check_leftovers(doctor);
}
