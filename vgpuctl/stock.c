/* SPDX-License-Identifier: MIT */
#include "stock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "host.h"
#include "journal.h"
#include "report.h"

/* ---- Finding its RPM --------------------------------------------------------- */

/* yum has its packages four folders below its cache. */
#define CACHE       "/var/cache/yum"
#define CACHE_DEPTH 6

static bool is_rpm_of(const char *file, const Package *package)
{
    g_autoptr(Package) found = NULL;
    g_autofree char *why = NULL;

    if (access(file, R_OK) < 0 || !package_file_is_whole(file, &why)) {
        return false;
    }
    found = package_of_file(file);
    return found && package_same(found, package);
}

/* The first file of that name below a directory, that is the package's RPM. */
static char *search(const char *directory, const char *name, int depth,
                    const Package *package)
{
    GDir *dir = depth ? g_dir_open(directory, 0, NULL) : NULL;
    const char *entry;
    char *found = NULL;

    while (dir && !found && (entry = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, entry, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
            continue;
        }
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            found = search(path, name, depth - 1, package);
        } else if (strcmp(entry, name) == 0 && is_rpm_of(path, package)) {
            found = g_strdup(path);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    return found;
}

char *stock_find_rpm(const Options *options, const Package *package,
                     const char *given, char **why)
{
    g_autofree char *name = g_strdup_printf("%s-%s-%s.%s.rpm", package->name,
                                            package->version, package->release,
                                            package->arch);
    g_autofree char *backups = journal_backup_path(options, "");
    g_autofree char *cache = options_path(options, CACHE);
    char *found;

    *why = NULL;
    if (given) {
        if (is_rpm_of(given, package)) {
            return g_strdup(given);
        }
        *why = g_strdup_printf("%s is not the RPM of the installed %s", given,
                               package->nevra);
        return NULL;
    }
    found = search(backups, "stock.rpm", 2, package);
    return found ? found : search(cache, name, CACHE_DEPTH, package);
}

char *stock_record_remedy(const char *nevra)
{
    return g_strdup_printf("vgpuctl rollback --stock-rpm FILE with the RPM of "
                           "%s, or yum reinstall qemu (yum downgrade qemu)",
                           nevra);
}

/* ---- Putting it back ------------------------------------------------------------ */

static void stop_after(const Options *options, const char *stop,
                       const char *step)
{
    g_autofree char *name = g_strconcat(stop, step, NULL);

    journal_stop_after(options, name);
}

/* rpm's record has the backup's package as the one owner of the binary. */
static bool record_is_right(const Options *options, const Backup *backup)
{
    g_autoptr(GPtrArray) owners = package_owners(options, HOST_QEMU);
    const Package *owner;

    if (!owners || owners->len != 1) {
        return false;
    }
    owner = owners->pdata[0];
    return strcmp(owner->nevra, backup->manifest->nevra) == 0 &&
           strcmp(owner->id, backup->manifest->id) == 0;
}

static int reinstall(const Options *options, const char *rpm, bool fallback)
{
    g_autoptr(GPtrArray) words = package_rpm_words(options);
    g_autofree char *output = NULL;
    g_autofree char *error = NULL;
    int status;

    g_ptr_array_add(words, (char *)"-Uvh");
    g_ptr_array_add(words, (char *)"--oldpackage");
    g_ptr_array_add(words, (char *)"--replacepkgs");
    g_ptr_array_add(words, (char *)"--replacefiles");
    g_ptr_array_add(words, (char *)rpm);
    g_ptr_array_add(words, NULL);
    status = change_run(options, (const char *const *)words->pdata, &output);
    if (status == 0) {
        return 0;
    }
    error = package_rpm_error(output);
    if (fallback) {
        report_warning("rpm could not reinstall %s (%s); the backup is used",
                       rpm, error);
    } else {
        report_problem("mend what rpm complains about, then run it again",
                       "rpm could not reinstall %s: %s", rpm, error);
    }
    return status < 0 ? status : -EIO;
}

static int restore_files(const Options *options, const Backup *backup)
{
    g_autoptr(GPtrArray) differences = backup_compare(options, backup);
    int result;

    if (differences->len == 0) {
        return 0;
    }
    result = backup_restore(options, backup);
    if (result < 0 || options->dry_run) {
        return result;
    }
    g_ptr_array_unref(differences);
    differences = backup_compare(options, backup);
    if (differences->len) {
        report_problem("run it again", "%u files still differ, such as %s",
                       differences->len, (char *)differences->pdata[0]);
        return -EIO;
    }
    return 0;
}

int stock_put_back(const Options *options, const Backup *backup,
                   const char *rpm, const char *stop)
{
    int result = 0;
    bool right = backup && record_is_right(options, backup);

    if (backup && right) {
        g_autoptr(GPtrArray) differences = backup_compare(options, backup);

        if (differences->len == 0) {
            report_info("all is as it was");
            return 0;
        }
    }
    if (rpm && access(rpm, R_OK) < 0) {
        report_warning("cannot read %s any more: %s", rpm, strerror(errno));
        rpm = NULL;
    }
    if (!rpm && !backup) {
        report_problem("give its RPM with --stock-rpm",
                       "there is neither an RPM nor a backup to go back to");
        return -ENOENT;
    }
    if (rpm) {
        result = reinstall(options, rpm, backup != NULL);
        stop_after(options, stop, "rpm");
        if (result < 0 && !backup) {
            return result;
        }
    }
    /* A dry run takes it that rpm does what it is there for. */
    if (!backup || (rpm && options->dry_run)) {
        return 0;
    }
    result = restore_files(options, backup);
    stop_after(options, stop, "files");
    if (result < 0) {
        return result;
    }
    return record_is_right(options, backup) ? 0 : 1;
}
