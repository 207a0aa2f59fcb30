/* SPDX-License-Identifier: MIT */
#include "needs.h"

#include <stdbool.h>

#include "command.h"
#include "package.h"
#include "report.h"

/* What a build takes that XCP-ng's spec does not name. */
static const struct {
    const char *program;
    const char *package;
} tools[] = {
    { "make", "make" },
    { "rpmbuild", "rpm-build" },
    { "git-lfs", "git-lfs" },
};

/* Where rpm keeps its database under the root, or NULL where there is none:
 * rpm would make an empty one to answer that nothing is installed. g_free. */
static char *database(const Options *options)
{
    const char *const ask[] = { "rpm", "--eval", "%_dbpath", NULL };
    g_autofree char *path = NULL;
    g_autofree char *there = NULL;

    if (!command_query(ask, &path)) {
        return NULL;
    }
    there = options_path(options, g_strstrip(path));
    return g_file_test(there, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&there)
                                                  : NULL;
}

static bool is_installed(const Options *options, const char *package)
{
    g_autoptr(GPtrArray) words = package_rpm_words(options);

    g_ptr_array_add(words, (char *)"-q");
    g_ptr_array_add(words, (char *)"--whatprovides");
    g_ptr_array_add(words, (char *)package);
    g_ptr_array_add(words, NULL);
    return command_query((const char *const *)words->pdata, NULL);
}

static bool has_program(const Options *options, const char *program)
{
    g_autofree char *path = g_strconcat("/usr/bin/", program, NULL);
    g_autofree char *there = options_path(options, path);
    g_autofree char *found = NULL;

    if (!options->root[0]) {
        found = g_find_program_in_path(program);
    }
    return found || g_file_test(there, G_FILE_TEST_IS_EXECUTABLE);
}

static GPtrArray *missing(const Options *options, const GPtrArray *needs)
{
    g_autofree char *known = database(options);
    GPtrArray *names = g_ptr_array_new();
    guint i;

    if (!known) {
        report_warning("there is no RPM database here: every package that the "
                       "build needs counts as missing");
    }
    for (i = 0; i < needs->len; i++) {
        if (!known || !is_installed(options, needs->pdata[i])) {
            g_ptr_array_add(names, needs->pdata[i]);
        }
    }
    for (i = 0; i < G_N_ELEMENTS(tools); i++) {
        if (!has_program(options, tools[i].program) &&
            !(known && is_installed(options, tools[i].package))) {
            g_ptr_array_add(names, (char *)tools[i].package);
        }
    }
    return names;
}

static void report_place(const Options *options)
{
    g_autofree char *inventory = options_path(options,
                                              "/etc/xensource-inventory");

    if (g_file_test(inventory, G_FILE_TEST_EXISTS)) {
        report_warning("this is a dom0 (it has %s): neither build here nor "
                       "install build packages here",
                       inventory);
    }
    report_info("build in XCP-ng's build container (xcp-ng-build-env) or in a "
                "CentOS-7-based VM, not in dom0");
}

void needs_report(const Options *options, const GPtrArray *needs)
{
    g_autoptr(GPtrArray) names = missing(options, needs);
    g_autofree char *packages = NULL;

    g_ptr_array_add(names, NULL);
    packages = command_text((const char *const *)names->pdata);
    if (packages[0]) {
        report_warning("packages are missing for a build on this machine:");
        report_info("yum install %s", packages);
    } else {
        report_info("all packages that the build needs are installed");
    }
    report_value("missing_packages", packages);
    report_place(options);
}
