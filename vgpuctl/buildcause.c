/* SPDX-License-Identifier: MIT */
#include "buildlog-private.h"

#include <string.h>

#define NEVER_DISABLE "; never --disable-werror, which hides real faults"

/*
 * A summary and a remedy each; %s in them is what the log names. Where the log
 * may name nothing, the words in front of '|' are for then.
 */
static const struct {
    bool weak;
    const char *name;
    const char *summary;
    const char *remedy;
} causes[BUILD_CAUSES] = {
    [BUILD_UNKNOWN] = { true, "unknown",
                        "it fails in a way that vgpuctl does not know",
                        "read the log; if it is about vgpu-stub, report it "
                        "with these lines" },
    [BUILD_NO_SPACE] = { false, "no-space",
                         "no space is left on a file system that the build "
                         "writes to",
                         "make room (a build takes about 1 GiB, more while it "
                         "packs), or give "
                         "--topdir on another file system" },
    [BUILD_OUT_OF_MEMORY] = { false, "out-of-memory",
                              "the compiler was killed: the machine is out of "
                              "memory",
                              "give the build machine more memory, or compile "
                              "one file at a time: "
                              "vgpuctl build --define '_smp_mflags -j1'" },
    [BUILD_NO_GIT_LFS] = { false, "no-git-lfs", "git-lfs is not installed",
                           "yum install git-lfs (on CentOS 7 it is in EPEL), "
                           "then in the checkout "
                           "git lfs install && git lfs pull, then vgpuctl "
                           "prepare again" },
    [BUILD_NO_RPMBUILD] = { false, "no-rpmbuild", "rpmbuild is not installed",
                            "yum install rpm-build" },
    [BUILD_NO_TOOL] = { true, "no-tool", "%s is not installed",
                        "yum install %s" },
    [BUILD_MISSING_PACKAGES] = { false, "missing-packages",
                                 "packages that the build needs are missing: "
                                 "%s",
                                 "yum install %s" },
    [BUILD_NO_DEVICE_SOURCE] = { false, "no-device-source",
                                 "vgpu-stub.c is missing",
                                 "vgpuctl integrate, which puts it into "
                                 "SOURCES" },
    [BUILD_NO_SOURCE] = { false, "no-source",
                          "a file that the spec names is missing: %s",
                          "vgpuctl prepare again, from a complete checkout" },
    [BUILD_NOT_AN_ARCHIVE] = { false, "not-an-archive",
                               "a source archive is none: most likely a Git "
                               "LFS pointer",
                               "install git-lfs (before the clone), in a "
                               "checkout that exists run "
                               "git lfs install && git lfs pull, then vgpuctl "
                               "prepare again" },
    [BUILD_TRUNCATED_ARCHIVE] = { true, "truncated-archive",
                                  "a source archive ends too early or is "
                                  "damaged",
                                  "get it again (git lfs fsck and git lfs pull "
                                  "in the checkout), then "
                                  "vgpuctl prepare again" },
    [BUILD_PATCH] = { false, "patch",
                      "a patch does not apply|patch %s does not apply",
                      "XCP-ng's patches need _default_patch_fuzz 2, which "
                      "vgpuctl build sets, "
                      "and the sources that belong to them: vgpuctl prepare "
                      "--force from one "
                      "checkout" },
    [BUILD_KEYMAP_GEN] = { false, "keymap-gen",
                           "keymap-gen does not know the arguments that this "
                           "QEMU gives it: "
                           "ui/keycodemapdb is of another version",
                           "use the keycodemapdb archive that the spec names: "
                           "vgpuctl prepare "
                           "--force from one checkout, then vgpuctl integrate, "
                           "which checks it" },
    [BUILD_NO_KEYCODEMAPDB] = { false, "no-keycodemapdb",
                                "ui/keycodemapdb is missing in the unpacked "
                                "tree",
                                "%prep has to unpack it (Source2) to "
                                "ui/keycodemapdb: vgpuctl integrate "
                                "checks and says what is wrong" },
    [BUILD_CONFIGURE] = { false, "configure", "configure stops: %s",
                          "install the development package that it wants: "
                          "vgpuctl prepare lists "
                          "all that are missing" },
    [BUILD_PYTHON] = { false, "python",
                       "there is no Python that the build can use",
                       "yum install python3-devel (8.3) or python2-devel "
                       "(8.2), as the spec "
                       "has it" },
    [BUILD_CLASS_ID] = { false, "class-id",
                         "class_id overflow: QEMU's class_id has 16 bits, this "
                         "one 24",
                         "it has to be 0x1200, not 0x120000: vgpuctl integrate "
                         "puts the right "
                         "vgpu-stub.c into SOURCES; never --disable-werror, "
                         "with which the device "
                         "builds and shows class 0000" },
    [BUILD_DEVICE_WARNING] = { false, "device-warning",
                               "-Werror stops at a warning in vgpu-stub.c",
                               "put the unchanged vgpu-stub.c back (vgpuctl "
                               "integrate) or report this "
                               "line" NEVER_DISABLE },
    [BUILD_DEVICE_ERROR] = { true, "device-error",
                             "vgpu-stub.c does not compile in this tree",
                             "put the unchanged vgpu-stub.c back (vgpuctl "
                             "integrate), and see that "
                             "the tree is QEMU 4.2.1 or later; otherwise "
                             "report this line" },
    [BUILD_TREE_WARNING] = { false, "tree-warning",
                             "-Werror stops at a warning in QEMU itself (%s): "
                             "the compiler is newer "
                             "than the tree",
                             "build in XCP-ng's build container, whose "
                             "compiler fits" NEVER_DISABLE },
    [BUILD_TREE_ERROR] = { true, "tree-error",
                           "QEMU itself does not compile (%s)",
                           "a header is missing or newer than the tree: build "
                           "in XCP-ng's build container, with all packages "
                           "that "
                           "vgpuctl prepare lists" },
    [BUILD_BAD_SPEC] = { false, "bad-spec",
                         "rpmbuild does not understand the spec",
                         "vgpuctl prepare --force writes it anew, then vgpuctl "
                         "integrate" },
};

/* All words of an entry have to be in the line. In order: the first entry that
 * fits a line is its cause. */
static const struct {
    BuildCause cause;
    const char *words[2];
} patterns[] = {
    { BUILD_NO_SPACE, { "No space left on device", NULL } },
    { BUILD_NO_SPACE, { "Disk quota exceeded", NULL } },
    { BUILD_OUT_OF_MEMORY, { "internal compiler error: Killed", NULL } },
    { BUILD_OUT_OF_MEMORY, { "Killed signal terminated program", NULL } },
    { BUILD_OUT_OF_MEMORY, { "virtual memory exhausted", NULL } },
    { BUILD_OUT_OF_MEMORY, { "out of memory allocating", NULL } },
    { BUILD_OUT_OF_MEMORY, { "Cannot allocate memory", NULL } },
    { BUILD_NO_GIT_LFS, { "git-lfs: command not found", NULL } },
    { BUILD_NO_GIT_LFS, { "git: 'lfs' is not a git command", NULL } },
    { BUILD_NO_GIT_LFS, { "git-lfs: not found", NULL } },
    { BUILD_NO_GIT_LFS, { "git-lfs was not found on your path", NULL } },
    { BUILD_NO_RPMBUILD, { "rpmbuild: command not found", NULL } },
    { BUILD_NO_RPMBUILD, { "rpmbuild: not found", NULL } },
    { BUILD_KEYMAP_GEN, { "keymap-gen", ": error: " } },
    { BUILD_NO_KEYCODEMAPDB, { "No rule to make target", "keycodemapdb" } },
    { BUILD_NO_KEYCODEMAPDB, { "can't open file", "keymap-gen" } },
    { BUILD_NO_DEVICE_SOURCE, { "No rule to make target", "vgpu-stub" } },
    { BUILD_NOT_AN_ARCHIVE, { "not in gzip format", NULL } },
    { BUILD_NOT_AN_ARCHIVE, { "does not look like a tar archive", NULL } },
    { BUILD_NOT_AN_ARCHIVE, { "xz: ", "File format not recognized" } },
    { BUILD_NOT_AN_ARCHIVE, { "bzip2: ", "is not a bzip2 file" } },
    { BUILD_TRUNCATED_ARCHIVE, { "gzip: ", "unexpected end of file" } },
    { BUILD_TRUNCATED_ARCHIVE, { "gzip: ", "invalid compressed data" } },
    { BUILD_TRUNCATED_ARCHIVE, { "xz: ", "Unexpected end of input" } },
    { BUILD_TRUNCATED_ARCHIVE, { "xz: ", "Compressed data is corrupt" } },
    { BUILD_TRUNCATED_ARCHIVE, { "bzip2: ", "file ends unexpectedly" } },
    { BUILD_TRUNCATED_ARCHIVE, { "tar: ", "Unexpected EOF in archive" } },
    { BUILD_PATCH, { "Hunk #", " FAILED" } },
    { BUILD_PATCH, { " hunk", " FAILED" } },
    { BUILD_PATCH, { "Reversed (or previously applied) patch", NULL } },
    { BUILD_PATCH, { "can't find file to patch", NULL } },
    { BUILD_PATCH, { "Only garbage was found in the patch input", NULL } },
    { BUILD_PATCH, { "patch: **** ", NULL } },
    { BUILD_PATCH, { "error: patch failed: ", NULL } },
    { BUILD_PYTHON, { "Python not found. Use --python", NULL } },
    { BUILD_PYTHON, { "python", ": No such file or directory" } },
};

/* What configure calls a library, and the package that has its headers. */
static const struct {
    const char *words;
    const char *package;
} libraries[] = {
    { "glib-", "glib2-devel" },
    { "pixman", "pixman-devel" },
    { "zlib", "zlib-devel" },
    { "feature xen", "xen-libs-devel xen-dom0-libs-devel" },
    { "feature Xen", "xen-libs-devel xen-dom0-libs-devel" },
    { "libusb", "libusbx-devel" },
    { "seccomp", "libseccomp-devel" },
    { "jemalloc", "jemalloc-devel" },
    { "linux AIO", "libaio-devel" },
    { "vnc-png", "libpng-devel" },
    { "vnc-jpeg", "libjpeg-devel" },
    { "pkg-config", "pkgconfig" },
    { "\"gcc\"", "gcc" },
};

/* "rpm-tmp.x: line 40: 1234 Killed   make …", "make: *** [x.o] Killed". */
static bool says_killed(const char *line)
{
    return strstr(line, " Killed ") || g_str_has_suffix(line, " Killed");
}

/* "error: line 12: Unknown tag: …": rpm's words for a spec's fault. */
static bool says_bad_spec(const char *line)
{
    const char *start = "error: line ";

    return g_str_has_prefix(line, start) &&
           g_ascii_isdigit(line[strlen(start)]);
}

/* env's and a shell's way, not a compiler's that misses a header. */
static bool is_about_program(const char *line)
{
    return strstr(line, "env: ") || strstr(line, "sh: ") ||
           strstr(line, "rpm-tmp.");
}

BuildCause build_cause_of_words(const char *line)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(patterns); i++) {
        const char *second = patterns[i].words[1];

        if (strstr(line, patterns[i].words[0]) &&
            (!second || strstr(line, second)) &&
            (patterns[i].cause != BUILD_PYTHON || !second ||
             is_about_program(line))) {
            return patterns[i].cause;
        }
    }
    if (says_killed(line)) {
        return BUILD_OUT_OF_MEMORY;
    }
    return says_bad_spec(line) ? BUILD_BAD_SPEC : BUILD_UNKNOWN;
}

/* ---- Words for a reader ------------------------------------------------------- */

bool build_cause_is_weak(BuildCause cause)
{
    return causes[cause].weak;
}

const char *build_cause_name(BuildCause cause)
{
    return causes[cause].name;
}

/* The text with detail where %s stands. */
static char *filled(const char *text, const char *detail)
{
    const char *bar = strchr(text, '|');
    g_autofree char *chosen = NULL;
    g_auto(GStrv) parts = NULL;

    if (bar) {
        chosen = detail ? g_strdup(bar + 1) : g_strndup(text, bar - text);
    } else {
        chosen = g_strdup(text);
    }
    parts = g_strsplit(chosen, "%s", -1);
    return g_strjoinv(detail ? detail : "something", parts);
}

char *build_cause_summary(BuildCause cause, const char *detail)
{
    return filled(causes[cause].summary, detail);
}

char *build_cause_remedy(BuildCause cause, const char *detail)
{
    size_t i;

    for (i = 0; cause == BUILD_CONFIGURE && i < G_N_ELEMENTS(libraries); i++) {
        if (detail && strstr(detail, libraries[i].words)) {
            return g_strconcat("yum install ", libraries[i].package, NULL);
        }
    }
    return filled(causes[cause].remedy, detail);
}

char *build_shell_word(const char *word)
{
    if (*word && !strpbrk(word, " \t\n'\"\\$`&|;<>()*?[]#~")) {
        return g_strdup(word);
    }
    return g_shell_quote(word);
}
