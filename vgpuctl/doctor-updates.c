/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <string.h>
#include <sys/statvfs.h>

#include "command.h"
#include "package.h"
#include "probe-note.h"
#include "shim/paths.h"

/* yum has its packages four folders below its cache. */
#define CACHE       "/var/cache/yum"
#define CACHE_DEPTH 6

/* More RPMs of one package than a cache holds; rpm is asked about each. */
#define CACHE_LIMIT 50

/* For the backup of a QEMU package (some 60 MiB) and rpm's own work. */
#define SPACE_LIMIT_MIB 256

/* ---- The next update -------------------------------------------------------------------- */

typedef struct Newer {
    const Package *than;
    Package *newest;
    unsigned asked;
} Newer;

static void look_at_rpm(Newer *newer, const char *path, const char *name)
{
    size_t length = strlen(newer->than->name);
    Package *package;

    if (strncmp(name, newer->than->name, length) != 0 || name[length] != '-' ||
        !g_ascii_isdigit(name[length + 1]) || !g_str_has_suffix(name, ".rpm") ||
        newer->asked++ >= CACHE_LIMIT) {
        return;
    }
    package = package_of_file(path);
    if (package && strcmp(package->name, newer->than->name) == 0 &&
        !package->source && package_compare(package, newer->than) > 0 &&
        (!newer->newest || package_compare(package, newer->newest) > 0)) {
        package_free(newer->newest);
        newer->newest = package;
        return;
    }
    package_free(package);
}

static void search(Newer *newer, const char *directory, int depth)
{
    GDir *dir = depth ? g_dir_open(directory, 0, NULL) : NULL;
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
            continue;
        }
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            search(newer, path, depth - 1);
        } else {
            look_at_rpm(newer, path, name);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
}

static void check_waiting(Doctor *doctor, const Package *installed)
{
    static const char title[] = "no QEMU update waits in yum's cache";
    g_autofree char *cache = options_path(doctor->options, CACHE);
    Newer newer = { installed, NULL, 0 };

    search(&newer, cache, CACHE_DEPTH);
    if (newer.newest) {
        doctor_problem(doctor, title,
                       "build and install from its sources: it may mend a "
                       "security fault, and it replaces this QEMU; VMs start "
                       "without the device then",
                       "%s does, %s is installed", newer.newest->nevra,
                       installed->nevra);
        package_free(newer.newest);
    } else {
        doctor_ok(doctor, title, "nothing above %s", installed->nevra);
    }
}

/* ---- What the toolstack wants ------------------------------------------------------------ */

/* "2:4.2.1-5.0.0" taken apart; the parts point into text. */
static Package split_version(char *text)
{
    Package package = { 0 };
    char *colon = strchr(text, ':');
    char *dash;

    if (colon) {
        *colon = '\0';
        package.epoch = text;
        text = colon + 1;
    }
    dash = strrchr(text, '-');
    if (dash) {
        *dash = '\0';
    }
    package.version = text;
    package.release = dash ? dash + 1 : (char *)"";
    return package;
}

/* "qemu >= 2:4.2.1-5.0.0" of the toolstack; g_free, NULL for none. */
static char *wanted_version(const Options *options)
{
    g_autoptr(GPtrArray) words = package_rpm_words(options);
    g_autofree char *output = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    g_ptr_array_add(words, (char *)"-q");
    g_ptr_array_add(words, (char *)"--requires");
    g_ptr_array_add(words, (char *)"xenopsd-xc");
    g_ptr_array_add(words, NULL);
    if (!command_query((const char *const *)words->pdata, &output)) {
        return NULL;
    }
    lines = g_strsplit(output, "\n", -1);
    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "qemu >= ")) {
            return g_strdup(g_strstrip(lines[i]) + strlen("qemu >= "));
        }
    }
    return NULL;
}

static void check_wanted(Doctor *doctor, const Package *installed)
{
    static const char title[] = "the QEMU package is as new as xenopsd wants";
    g_autofree char *text = wanted_version(doctor->options);
    g_autofree char *parts = g_strdup(text);
    Package wanted;

    if (!text) {
        return;
    }
    wanted = split_version(parts);
    if (package_compare(installed, &wanted) < 0) {
        doctor_problem(doctor, title,
                       "keep the Epoch of XCP-ng's spec when building: vgpuctl "
                       "integrate does",
                       "xenopsd-xc wants qemu >= %s, installed is %s", text,
                       installed->nevra);
    } else {
        doctor_ok(doctor, title, "xenopsd-xc wants qemu >= %s", text);
    }
}

/* ---- vgpuctl's own notes ------------------------------------------------------------------- */

static void check_space(Doctor *doctor)
{
    static const char title[] = "there is room for a backup";
    g_autofree char *path = options_path(doctor->options, "/var/lib");
    struct statvfs status;
    guint64 mib;

    if (statvfs(path, &status) < 0) {
        doctor_unknown(doctor, title, "%s cannot be looked at", path);
        return;
    }
    mib = (guint64)status.f_bavail * status.f_frsize / 1024 / 1024;
    if (mib < SPACE_LIMIT_MIB) {
        doctor_problem(doctor, title, "make room there",
                       "%" G_GUINT64_FORMAT " MiB are free in %s", mib, path);
    } else {
        doctor_ok(doctor, title, "%" G_GUINT64_FORMAT " MiB are free", mib);
    }
}

static void check_probes(Doctor *doctor)
{
    static const char title[] = "no probe was interrupted";
    bool broken = false;
    g_autoptr(ProbeNote) note = probe_note_read(doctor->options, &broken);

    if (note) {
        g_autofree char *remedy = g_strdup_printf(
            "vgpuctl probe %s: it puts the VM's key back first", note->uuid);

        doctor_problem(doctor, title, remedy, "that of %s was", note->name);
    } else if (broken) {
        doctor_problem(doctor, title,
                       "look at the note by hand, then remove it; vgpuctl "
                       "list says which VM has the probe's device",
                       "one was, and its note makes no sense");
    } else {
        doctor_ok(doctor, title, "no note of one");
    }
}

void doctor_check_updates(Doctor *doctor)
{
    g_autoptr(GPtrArray) owners = package_owners(doctor->options, HOST_QEMU);

    if (owners && owners->len == 1) {
        check_waiting(doctor, owners->pdata[0]);
        check_wanted(doctor, owners->pdata[0]);
    }
    check_probes(doctor);
    check_space(doctor);
}
