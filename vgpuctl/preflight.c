/* SPDX-License-Identifier: MIT */
#include "preflight.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backup.h"
#include "command.h"
#include "host.h"
#include "journal.h"
#include "report.h"
#include "stock.h"
#include "unpack.h"

/* For manifest, journal, record and directories; they take some 100 KiB. */
#define ROOM_FOR_NOTES (1u << 20)

void plan_free(Plan *plan)
{
    if (plan) {
        package_free(plan->package);
        package_free(plan->installed);
        g_free(plan->stock_rpm);
        g_clear_pointer(&plan->paths, g_ptr_array_unref);
        g_clear_pointer(&plan->new_paths, g_ptr_array_unref);
        g_free(plan);
    }
}

/* ---- The host ------------------------------------------------------------------- */

bool preflight_root(void)
{
    if (geteuid() == 0) {
        return true;
    }
    report_problem("run it as root",
                   "only root may do this, and this is user %u",
                   (unsigned)geteuid());
    return false;
}

bool preflight_alone(const Options *options)
{
    int result = journal_lock(options);

    if (result > 0) {
        report_problem("wait until it has ended",
                       "another vgpuctl, or an rpm that one started, is at "
                       "work");
    }
    return result == 0;
}

char *preflight_absolute(const char *path)
{
    g_autofree char *current = g_get_current_dir();

    return g_path_is_absolute(path) ? g_strdup(path)
                                    : g_build_filename(current, path, NULL);
}

static bool check_running_vms(const Options *options, const Consent *consent)
{
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) names = host_running_vms(options, &why);
    g_autofree char *list = NULL;

    if (!names) {
        if (consent->running_vms) {
            report_warning("cannot tell which VMs run: %s", why);
            return true;
        }
        report_problem("see that xapi runs (xe-toolstack-restart), or give "
                       "--with-running-vms",
                       "cannot tell which VMs run: %s", why);
        return false;
    }
    if (names->len == 0) {
        return true;
    }
    g_ptr_array_add(names, NULL);
    list = g_strjoinv(", ", (char **)names->pdata);
    if (consent->running_vms) {
        report_warning("these VMs run, and keep the old QEMU until they are "
                       "started anew: %s",
                       list);
        return true;
    }
    report_problem("shut them down, or give --with-running-vms: they keep the "
                   "old QEMU until they are started anew",
                   "%u VM%s running: %s", names->len - 1,
                   names->len == 2 ? " is" : "s are", list);
    return false;
}

bool preflight_host(const Options *options, const Consent *consent)
{
    g_autoptr(Host) host = host_new(options);
    const char *remedy;
    g_autofree char *problem = host_problem(host, &remedy);

    if (problem && !consent->any_release) {
        report_problem(remedy, "%s", problem);
        return false;
    }
    if (problem) {
        report_warning("%s", problem);
    }
    return check_running_vms(options, consent);
}

/* ---- The RPM by itself --------------------------------------------------------------- */

static bool has_path(GPtrArray *paths, const char *path)
{
    guint i;

    for (i = 0; paths && i < paths->len; i++) {
        if (strcmp(paths->pdata[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_file(const char *rpm)
{
    g_autofree char *why = NULL;
    struct stat status;

    if (stat(rpm, &status) < 0 || access(rpm, R_OK) < 0) {
        report_problem("give the RPM that vgpuctl build names",
                       "cannot read %s: %s", rpm, strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        report_problem("give the RPM that vgpuctl build names",
                       "%s is no regular file", rpm);
        return false;
    }
    if (!package_file_is_whole(rpm, &why)) {
        report_problem("copy it again, or build it again",
                       "%s is not a whole RPM: %s", rpm, why);
        return false;
    }
    return true;
}

static bool check_kind(const Plan *plan)
{
    const Package *package = plan->package;
    const char *problem = NULL;

    if (strstr(package->name, "-debuginfo") ||
        strstr(package->name, "-debugsource")) {
        problem = "it has only debug symbols";
    } else if (package->source) {
        problem = "it is a source RPM";
    } else if (strcmp(package->name, plan->installed->name) != 0) {
        problem = "it is another package";
    } else if (strcmp(package->arch, plan->installed->arch) != 0) {
        problem = "it is for another architecture";
    } else if (!has_path(plan->new_paths, HOST_QEMU)) {
        problem = "it has no " HOST_QEMU;
    }
    if (problem) {
        g_autofree char *remedy = g_strdup_printf(
            "give the RPM %s-...%s.rpm that vgpuctl build names",
            plan->installed->name, plan->installed->arch);

        report_problem(remedy, "%s is %s: %s", plan->rpm, package->nevra,
                       problem);
    }
    return !problem;
}

/* ---- The RPM against what is installed -------------------------------------------------- */

static Package *find_installed(const Options *options)
{
    g_autoptr(GPtrArray) owners = package_owners(options, HOST_QEMU);

    if (!owners) {
        return NULL;
    }
    if (owners->len == 1) {
        /* It is the caller's from here on. */
        g_ptr_array_set_free_func(owners, NULL);
        return owners->pdata[0];
    }
    if (owners->len == 0) {
        report_problem(
            "this is for hosts whose QEMU came as an RPM; on XCP-ng: "
            "yum install qemu",
            "no installed package owns " HOST_QEMU);
    } else {
        report_problem("vgpuctl rollback --stock-rpm FILE with the stock RPM",
                       "%u installed packages own " HOST_QEMU
                       ", %s and %s: a transaction of rpm was interrupted",
                       owners->len, ((Package *)owners->pdata[0])->nevra,
                       ((Package *)owners->pdata[1])->nevra);
    }
    return NULL;
}

static bool check_versions(const Plan *plan, const Consent *consent)
{
    const Package *new = plan->package, *old = plan->installed;

    if (old->epoch &&
        (!new->epoch || package_compare_versions(new->epoch, old->epoch) < 0)) {
        g_autofree char *remedy = g_strdup_printf(
            "build it with 'Epoch: %s' in the spec; xenopsd-xc requires "
            "qemu >= 2:4.2.1-5.0.0",
            old->epoch);

        report_problem(remedy, "%s has %s%s, and %s is installed", new->nevra,
                       new->epoch ? "Epoch " : "no Epoch",
                       new->epoch ? new->epoch : "", old->nevra);
        return false;
    }
    if (package_compare(new, old) < 0 && !consent->downgrade) {
        report_problem("build it from the installed release's sources, or give "
                       "--allow-downgrade",
                       "%s is older than the installed %s", new->nevra,
                       old->nevra);
        return false;
    }
    return true;
}

/* ---- Where it goes ------------------------------------------------------------------------ */

/* The path, or the nearest directory above it that exists. g_free. */
static char *existing(char *path)
{
    while (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        char *parent = g_path_get_dirname(path);

        g_free(path);
        path = parent;
    }
    return path;
}

static bool check_writable(const char *directory)
{
    int error;

    if (access(directory, W_OK) == 0) {
        return true;
    }
    error = errno;
    report_problem(error == EROFS ? "mount the file system read-write"
                                  : "see that root may write there",
                   "cannot write in %s: %s", directory, strerror(error));
    return false;
}

bool preflight_writable(const Options *options)
{
    g_autofree char *binary = options_path(options, HOST_QEMU);
    g_autofree char *for_qemu = existing(g_path_get_dirname(binary));
    g_autofree char *for_backup = existing(journal_path(options, ""));

    return check_writable(for_qemu) && check_writable(for_backup);
}

static bool check_room(const char *directory, guint64 bytes)
{
    struct statvfs status;
    guint64 free_bytes;

    if (statvfs(directory, &status) < 0) {
        report_problem("see that it can be read",
                       "cannot tell how much room is in %s: %s", directory,
                       strerror(errno));
        return false;
    }
    free_bytes = (guint64)status.f_bavail * status.f_frsize;
    if (free_bytes >= bytes) {
        return true;
    }
    report_problem("make room on that file system",
                   "%s has %" G_GUINT64_FORMAT " MiB free, and this needs "
                   "%" G_GUINT64_FORMAT " MiB",
                   directory, free_bytes >> 20, (bytes >> 20) + 1);
    return false;
}

static guint64 file_size(const char *path)
{
    struct stat status;

    return path && stat(path, &status) == 0 ? (guint64)status.st_size : 0;
}

static bool check_disks(const Options *options, const Plan *plan)
{
    g_autofree char *binary = options_path(options, HOST_QEMU);
    g_autofree char *for_qemu = existing(g_path_get_dirname(binary));
    g_autofree char *for_backup = existing(journal_path(options, ""));
    guint64 qemu = package_file_installed_size(plan->rpm);
    guint64 backup = backup_size(options, plan->paths) +
                     file_size(plan->stock_rpm) + ROOM_FOR_NOTES;
    struct stat a, b;

    if (!preflight_writable(options)) {
        return false;
    }
    if (stat(for_qemu, &a) == 0 && stat(for_backup, &b) == 0 &&
        a.st_dev == b.st_dev) {
        return check_room(for_backup, qemu + backup);
    }
    return check_room(for_qemu, qemu) && check_room(for_backup, backup);
}

/* ---- What rpm says -------------------------------------------------------------------------- */

GPtrArray *preflight_command(const Options *options, const Plan *plan,
                             bool test)
{
    GPtrArray *words = package_rpm_words(options);
    int order = package_compare(plan->package, plan->installed);

    g_ptr_array_add(words, (char *)"-Uvh");
    if (test) {
        g_ptr_array_add(words, (char *)"--test");
    }
    if (order == 0) {
        g_ptr_array_add(words, (char *)"--replacepkgs");
        g_ptr_array_add(words, (char *)"--replacefiles");
    } else if (order < 0) {
        g_ptr_array_add(words, (char *)"--oldpackage");
    }
    g_ptr_array_add(words, (char *)plan->rpm);
    g_ptr_array_add(words, NULL);
    return words;
}

static bool check_transaction(const Options *options, const Plan *plan)
{
    g_autoptr(GPtrArray) words = preflight_command(options, plan, true);
    g_autofree char *output = NULL;
    g_autofree char *error = NULL;

    if (command_query((const char *const *)words->pdata, &output)) {
        return true;
    }
    error = package_rpm_error(output);
    report_problem("install what it needs, or build it for this release; "
                   "--nodeps and --force are no way out",
                   "rpm would not install %s: %s", plan->rpm, error);
    return false;
}

/* ---- All of them ------------------------------------------------------------------------------ */

static bool check_proof(const Plan *plan)
{
    g_autoptr(QemuProof) proof = unpack_and_prove(plan->rpm);
    g_autofree char *problem = NULL;
    const char *remedy;

    if (!proof) {
        return false;
    }
    problem = qemu_proof_problem(proof, &remedy);
    if (problem) {
        report_problem(remedy, "the QEMU in %s is not usable: %s", plan->rpm,
                       problem);
        return false;
    }
    report_info("the QEMU in it is %s and has the device", proof->version);
    return true;
}

/* What is installed: whether it is stock, and whether it is this already. */
static void look_at_installed(const Options *options, Plan *plan)
{
    g_autofree char *binary = options_path(options, HOST_QEMU);
    g_autoptr(QemuProof) proof = qemu_proof_new(binary);

    plan->installed_stock = !proof->device_line;
    if (proof->failure) {
        report_warning("the installed QEMU does not run: %s", proof->failure);
    }
    if (plan->package && package_same(plan->package, plan->installed) &&
        qemu_proof_has_device(proof)) {
        g_autofree char *verify = package_verify(options, plan->installed);

        plan->nothing_to_do = !verify[0];
    }
}

static bool find_stock_rpm(const Options *options, Plan *plan,
                           const char *given)
{
    g_autofree char *why = NULL;

    plan->stock_rpm = stock_find_rpm(options, plan->installed, given, &why);
    if (why) {
        report_problem(
            "give the RPM that is installed now, or leave the option "
            "out: the backup is a way back too",
            "--stock-rpm: %s", why);
        return false;
    }
    if (plan->stock_rpm) {
        report_info("the RPM to go back with is %s", plan->stock_rpm);
    } else {
        report_warning("there is no RPM of %s to go back with (--stock-rpm): "
                       "going back will restore the backup's files",
                       plan->installed->nevra);
    }
    return true;
}

Plan *preflight_rpm(const Options *options, const Consent *consent,
                    const char *rpm, const char *stock_rpm)
{
    g_autoptr(Plan) plan = g_new0(Plan, 1);

    plan->rpm = rpm;
    plan->installed = find_installed(options);
    if (!plan->installed || !check_file(rpm)) {
        return NULL;
    }
    plan->package = package_of_file(rpm);
    plan->new_paths = package_file_paths(rpm);
    plan->paths = package_paths(options, plan->installed);
    if (!plan->package || !plan->new_paths || !plan->paths) {
        report_problem("copy it again, or build it again",
                       "rpm says nothing about %s", rpm);
        return NULL;
    }
    report_info("installed: %s", plan->installed->nevra);
    report_info("to be installed: %s", plan->package->nevra);
    if (!check_kind(plan) || !check_versions(plan, consent)) {
        return NULL;
    }
    look_at_installed(options, plan);
    if (plan->nothing_to_do) {
        return g_steal_pointer(&plan);
    }
    if (!find_stock_rpm(options, plan, stock_rpm) ||
        !check_disks(options, plan) || !check_proof(plan) ||
        !check_transaction(options, plan)) {
        return NULL;
    }
    return g_steal_pointer(&plan);
}
