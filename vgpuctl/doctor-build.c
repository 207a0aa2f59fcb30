/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <string.h>

#include "archive.h"
#include "buildlog.h"
#include "drop-in.h"
#include "spec.h"
#include "textfile.h"

static char *in_topdir(const Doctor *doctor, const char *path)
{
    return g_build_filename(doctor->topdir, path, NULL);
}

static bool is_archive_name(const char *name)
{
    static const char *const suffixes[] = { ".tar.gz", ".tgz", ".tar.xz",
                                            ".tar.bz2", ".tar" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        if (g_str_has_suffix(name, suffixes[i])) {
            return true;
        }
    }
    return false;
}

static void check_archives(Doctor *doctor)
{
    static const char title[] = DOCTOR_ARCHIVES;
    g_autofree char *sources = in_topdir(doctor, "SOURCES");
    g_autoptr(GDir) directory = g_dir_open(sources, 0, NULL);
    unsigned good = 0, bad = 0;
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *path = g_build_filename(sources, name, NULL);
        ArchiveInfo info;
        int condition;

        if (!is_archive_name(name)) {
            continue;
        }
        condition = archive_check(path, &info);
        if (condition == ARCHIVE_GOOD) {
            good++;
            continue;
        }
        bad++;
        doctor_problem(
            doctor, title,
            condition == ARCHIVE_POINTER
                ? "install git-lfs, then `git lfs install && git lfs pull` in "
                  "the checkout, and `vgpuctl prepare` again"
                : "fetch it again, and `vgpuctl prepare` again",
            "%s: %s", name,
            condition < 0 ? g_strerror(-condition)
                          : archive_condition_text(condition));
    }
    if (good && !bad) {
        doctor_ok(doctor, title, "%u of %u", good, good);
    } else if (!good && !bad) {
        doctor_problem(doctor, title, "vgpuctl prepare CHECKOUT",
                       "no archive in %s", sources);
    }
}

/* What is known to go wrong with another file than vgpuctl's. */
static void check_other_source(Doctor *doctor, const char *text)
{
    static const char class[] = "its class fits into 16 bits";
    static const char interface[] = "it has the interface that QEMU asserts";

    if (strstr(text, "0x120000;")) {
        doctor_problem(doctor, class,
                       "class_id = 0x1200, as vgpuctl integrate brings it",
                       "it has 0x120000: -Werror=overflow stops the build, and "
                       "without -Werror the guest sees class 0000");
    } else {
        doctor_ok(doctor, class, "no 0x120000");
    }
    if (strstr(text, "INTERFACE_CONVENTIONAL_PCI_DEVICE") ||
        strstr(text, "INTERFACE_PCIE_DEVICE")) {
        doctor_ok(doctor, interface, "it is named");
    } else {
        doctor_problem(doctor, interface,
                       "add { INTERFACE_CONVENTIONAL_PCI_DEVICE } to "
                       ".interfaces, as vgpuctl integrate brings it",
                       "it is missing: the QEMU aborts with `conventional || "
                       "pcie', even for -device help");
    }
}

static void check_device_source(Doctor *doctor)
{
    static const char title[] = DOCTOR_SOURCE;
    g_autofree char *path = in_topdir(doctor, "SOURCES/" SPEC_DEVICE_FILE);
    g_autofree char *data = NULL;
    size_t length = 0;
    int result = textfile_read(path, SPEC_SIZE_LIMIT, &data, &length);

    doctor_replaced(doctor, SPEC_DEVICE_FILE " created (252 lines)",
                    "the file in that guide has 183 lines, and a count proves "
                    "nothing: the contents are compared");
    if (result < 0) {
        doctor_problem(doctor, title, "vgpuctl integrate", "%s: %s", path,
                       textfile_error(result));
    } else if (length != drop_in_size ||
               memcmp(data, drop_in_data, length) != 0) {
        doctor_problem(doctor, title,
                       "vgpuctl integrate (or keep it, if it is meant)",
                       "it is another file");
        check_other_source(doctor, data);
    } else {
        doctor_ok(doctor, title, "%zu bytes", length);
    }
}

static void check_spec(Doctor *doctor)
{
    static const char title[] = DOCTOR_SPEC;
    static const char werror[] = DOCTOR_WERROR;
    g_autofree char *path = in_topdir(doctor, "SPECS/qemu.spec");
    g_autofree char *data = NULL;
    SpecRefusal refusal;
    size_t length = 0;
    int result = textfile_read(path, SPEC_SIZE_LIMIT, &data, &length);
    Spec spec;

    doctor_replaced(doctor,
                    "spec file modified (Source3 added, --disable-werror set)",
                    "the device compiles without a warning; without -Werror a "
                    "class_id that is too long would build and show up as "
                    "class 0000");
    if (result < 0) {
        doctor_problem(doctor, title, "vgpuctl prepare CHECKOUT", "%s: %s",
                       path, textfile_error(result));
        return;
    }
    if (!spec_parse(&spec, data, length, &refusal)) {
        doctor_problem(doctor, title, refusal.remedy, "%s", refusal.text);
        return;
    }
    if (spec.state == SPEC_STOCK) {
        doctor_problem(doctor, title, "vgpuctl integrate", "it has not");
    } else {
        doctor_ok(doctor, title, "QEMU %s-%s%s", spec.version, spec.release,
                  spec.state == SPEC_BY_HAND ? ", edited by hand" : "");
    }
    if (spec.werror_off) {
        doctor_problem(doctor, werror,
                       "put --enable-werror back in the place of "
                       "--disable-werror in SPECS/qemu.spec",
                       "it says --disable-werror");
    } else {
        doctor_ok(doctor, werror, "no --disable-werror");
    }
    spec_clear(&spec);
}

static void check_log(Doctor *doctor)
{
    static const char built[] = DOCTOR_RPM;
    static const char compiled[] = DOCTOR_COMPILED;
    g_autofree char *path = in_topdir(doctor, BUILD_LOG_NAME);
    g_autoptr(BuildLog) log = build_log_read(path);
    const char *rpm;

    if (!log) {
        doctor_problem(doctor, built, "vgpuctl build", "there is no %s", path);
        return;
    }
    rpm = build_log_rpm(log);
    if (rpm && g_file_test(rpm, G_FILE_TEST_IS_REGULAR)) {
        doctor_ok(doctor, built, "%s", rpm);
    } else if (rpm) {
        doctor_problem(doctor, built, "vgpuctl build",
                       "%s was written and is gone", rpm);
    } else {
        g_autofree char *summary = build_log_summary(log);
        g_autofree char *remedy = build_log_remedy(log);

        doctor_problem(doctor, built, remedy, "%s (%s)", summary, path);
    }
    if (build_log_has_device(log)) {
        doctor_ok(doctor, compiled, "%s says so", path);
    } else {
        doctor_problem(doctor, compiled, "vgpuctl integrate, then build again",
                       "%s does not say so", path);
    }
}

void doctor_check_build(Doctor *doctor)
{
    if (!g_file_test(doctor->topdir, G_FILE_TEST_IS_DIR)) {
        doctor_problem(doctor, "there is an rpmbuild tree",
                       "vgpuctl prepare CHECKOUT", "no directory %s",
                       doctor->topdir);
        return;
    }
    check_archives(doctor);
    check_device_source(doctor);
    check_spec(doctor);
    check_log(doctor);
}
