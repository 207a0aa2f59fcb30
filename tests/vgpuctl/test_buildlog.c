/* SPDX-License-Identifier: MIT */
/*
 * Build logs: lines as rpm 4.11 and 4.18, gcc 4.8 and 12, QEMU's configure and
 * make write them; which of them is the cause, and what is said about it.
 */
#include <glib.h>
#include <string.h>

#include "buildlog.h"

static BuildLog *log_of(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    BuildLog *log = build_log_new();
    size_t i;

    for (i = 0; lines[i]; i++) {
        build_log_line(log, lines[i]);
    }
    return log;
}

/* The cause, and where: a piece of the line of the log that says so. */
static void is(const char *text, const char *cause, const char *evidence)
{
    g_autoptr(BuildLog) log = log_of(text);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *line;
    guint number;

    g_test_message("%s", text);
    g_assert_cmpstr(build_cause_name(build_log_cause(log)), ==, cause);
    line = build_log_evidence(log, &number);
    if (!evidence) {
        g_assert_null(line);
        return;
    }
    g_assert_nonnull(line);
    g_assert_nonnull(strstr(line, evidence));
    g_assert_cmpuint(number, >, 0);
    g_assert_nonnull(strstr(lines[number - 1], evidence));
}

static void says(const char *text, const char *summary, const char *remedy)
{
    g_autoptr(BuildLog) log = log_of(text);
    g_autofree char *what = build_log_summary(log);
    g_autofree char *how = build_log_remedy(log);

    g_assert_nonnull(strstr(what, summary));
    g_assert_nonnull(strstr(how, remedy));
}

#define PREP  "Executing(%prep): /bin/sh -e /var/tmp/rpm-tmp.aBcDeF\n"
#define BUILD "Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.aBcDeF\n"
#define BAD_STATUS \
    "error: Bad exit status from /var/tmp/rpm-tmp.aBcDeF (%prep)\n"

/* ---- Archives, patches, sources --------------------------------------------- */

static void check_archives(void)
{
    const char *pointer = PREP
        "+ tar xzf /root/rpmbuild/SOURCES/keycodemapdb-22b8.tar.gz\n"
        "\n"
        "gzip: stdin: not in gzip format\n"
        "tar: Child returned status 1\n"
        "tar: Error is not recoverable: exiting now\n" BAD_STATUS;

    is(pointer, "not-an-archive", "gzip: stdin: not in gzip format");
    says(pointer, "Git LFS pointer", "git lfs install && git lfs pull");
    is(PREP "+ /usr/bin/tar -xf -\n"
            "tar: This does not look like a tar archive\n"
            "tar: Exiting with failure status due to previous errors\n",
       "not-an-archive", "does not look like a tar archive");
    is(PREP "xz: (stdin): File format not recognized\n", "not-an-archive",
       "xz: (stdin)");
    is(PREP "gzip: stdin: unexpected end of file\n"
            "tar: Unexpected EOF in archive\n",
       "truncated-archive", "unexpected end of file");
    is(PREP "xz: (stdin): Unexpected end of input\n", "truncated-archive",
       "xz: (stdin)");
}

static void check_patches(void)
{
    /* rpm 4.11, which names the patch; the hunk before was no failure. */
    const char *old = PREP
        "+ echo 'Patch #1 (0001-usb.patch):'\n"
        "Patch #1 (0001-usb.patch):\n"
        "+ /usr/bin/cat /root/rpmbuild/SOURCES/0001-usb.patch\n"
        "+ /usr/bin/patch -p1 -s\n"
        "Hunk #1 succeeded at 1028 with fuzz 2 (offset 9 lines).\n"
        "+ echo 'Patch #1000 (re-enable-cqe.patch):'\n"
        "Patch #1000 (re-enable-cqe.patch):\n"
        "1 out of 3 hunks FAILED -- saving rejects to file "
        "hw/block/nvme.c.rej\n" BAD_STATUS;
    /* rpm 4.18; the two sides of its pipe write into each other. */
    const char *mixed = PREP
        "+ + /usr/lib/rpm/rpmuncompress /root/r/SOURCES/a.patch/usr/bin/patch\n"
        " -p1 -s --fuzz=0 --no-backup-if-mismatch -f\n"
        "1 out of 1 hunk FAILED -- saving rejects to file main.c.rej\n";
    const char *other_way = PREP
        "+ + /usr/bin/patch -p1 -s --fuzz=0 --no-backup-if-mismatch -f\n"
        "/usr/lib/rpm/rpmuncompress /root/r/SOURCES/a.patch\n"
        "Hunk #1 FAILED at 12.\n";

    is(old, "patch", "1 out of 3 hunks FAILED");
    says(old, "patch re-enable-cqe.patch does not apply",
         "_default_patch_fuzz 2");
    says(mixed, "patch a.patch does not apply", "_default_patch_fuzz 2");
    says(other_way, "patch a.patch does not apply", "vgpuctl prepare --force");
    is(PREP
       "Reversed (or previously applied) patch detected!  Assume -R? [n]\n",
       "patch", "Reversed");
    is(PREP "Hunk #1 succeeded at 1028 with fuzz 2 (offset 9 lines).\n",
       "unknown", NULL);
}

static void check_sources(void)
{
    const char *bad_file =
        "error: Bad file: /root/rpmbuild/SOURCES/vgpu-stub.c: No such file or "
        "directory\n";
    const char *bad_source = "error: Bad source: /root/r/SOURCES/a.patch: No "
                             "such file or directory\n";

    is(bad_file, "no-device-source", "Bad file");
    says(bad_file, "vgpu-stub.c", "vgpuctl integrate");
    is(PREP
       "cp: cannot stat '/root/rpmbuild/SOURCES/vgpu-stub.c': No such file "
       "or directory\n",
       "no-device-source", "cannot stat");
    is("cp: cannot stat \xe2\x80\x98/r/SOURCES/vgpu-stub.c\xe2\x80\x99: No "
       "such "
       "file or directory\n",
       "no-device-source", "cannot stat");
    is(bad_source, "no-source", "a.patch");
    says(bad_source, "missing: /root/r/SOURCES/a.patch", "vgpuctl prepare");
    is(PREP "tar (child): /r/SOURCES/keycodemapdb-22b8.tar.gz: Cannot open: No "
            "such file or directory\n",
       "no-source", "keycodemapdb-22b8.tar.gz");
    is("error: line 12: Unknown tag: Licence: GPL\n", "bad-spec", "line 12");
}

static void check_packages(void)
{
    const char *missing =
        "error: Failed build dependencies:\n"
        "\tglib2-devel >= 2.40 is needed by qemu-2:4.2.1-5.2.15.2.x86_64\n"
        "\tlibaio-devel is needed by qemu-2:4.2.1-5.2.15.2.x86_64\n"
        "\tpkgconfig(pixman-1) is needed by qemu-2:4.2.1-5.2.15.2.x86_64\n"
        "something else is needed by nobody\n"
        "\n"
        "later is needed by qemu\n";

    is(missing, "missing-packages", "Failed build dependencies");
    says(
        missing, "glib2-devel",
        "yum install 'glib2-devel >= 2.40' libaio-devel 'pkgconfig(pixman-1)'");
    {
        g_autoptr(BuildLog) log = log_of(missing);
        g_autofree char *remedy = build_log_remedy(log);

        g_assert_null(strstr(remedy, "later"));
    }
}

/* All of a long list, not as much of it as of a line that is shown. */
static void check_many_packages(void)
{
    g_autoptr(GString)
        text = g_string_new("error: Failed build dependencies:\n");
    g_autoptr(GString) wanted = g_string_new("yum install");
    int i;

    for (i = 0; i < 100; i++) {
        g_string_append_printf(
            text, "\tlibrary-number-%d-devel is needed by qemu-2:4.2.1-1\n", i);
        g_string_append_printf(wanted, " library-number-%d-devel", i);
    }
    says(text->str, "library-number-99-devel", wanted->str);
}

static void check_tools(void)
{
    is("/var/tmp/rpm-tmp.x: line 30: git-lfs: command not found\n",
       "no-git-lfs", "git-lfs");
    is("git: 'lfs' is not a git command. See 'git --help'.\n", "no-git-lfs",
       "lfs");
    is("bash: rpmbuild: command not found\n", "no-rpmbuild", "rpmbuild");
    /* The tree's own path is no program. */
    is("cc: /root/rpmbuild/BUILD/x.o: not found\n", "unknown", NULL);
    is("/var/tmp/rpm-tmp.x: line 30: bzip2: command not found\n", "no-tool",
       "bzip2");
    is("/var/tmp/rpm-tmp.x: 30: bzip2: not found\n", "no-tool", "bzip2");
    is("make: gcc: Command not found\n", "no-tool", "gcc");
    says("make: gcc: Command not found\n", "gcc is not", "yum install gcc");
    is("/usr/bin/env: python3: No such file or directory\n", "python", "env");
    is("/bin/sh: python3: command not found\n", "python", "python3");
    is("x.c:1:10: fatal error: python/x.h: No such file or directory\n",
       "tree-error", "python/x.h");
}

/* ---- keycodemapdb and configure ------------------------------------------------- */

static void check_keycodemapdb(void)
{
    /* The rule removes the file and goes on: the compiler's error is late. */
    const char *chain = BUILD
        "  GEN     ui/input-keymap-atset1-to-qcode.c\n"
        "usage: keymap-gen [-h] {code-map,code-table} ...\n"
        "keymap-gen: error: unrecognized arguments: --lang --varname "
        "qemu_input_map_atset1_to_qcode\n"
        "  CC      ui/input-keymap.o\n"
        "ui/input-keymap.c:6:44: fatal error: "
        "ui/input-keymap-atset1-to-qcode.c: "
        "No such file or directory\n"
        "make: *** [ui/input-keymap.o] Error 1\n";
    const char *readme = BUILD
        "\n"
        "ERROR: missing file /root/rpmbuild/BUILD/qemu-4.2.1/ui/keycodemapdb/"
        "README\n"
        "\n"
        "This is not a GIT checkout but module content appears to\n";

    is(chain, "keymap-gen", "keymap-gen: error: unrecognized arguments");
    says(chain, "another version", "vgpuctl integrate");
    is(strstr(chain, "  CC "), "no-keycodemapdb", "fatal error");
    is(readme, "no-keycodemapdb", "missing file");
    is(PREP "mv: cannot stat 'keycodemapdb-*': No such file or directory\n",
       "no-keycodemapdb", "mv: ");
    is("make: *** No rule to make target 'ui/keycodemapdb/data/keymaps.csv', "
       "needed by 'ui/input-keymap-a-to-b.c'.  Stop.\n",
       "no-keycodemapdb", "No rule");
    is("python3: can't open file '/b/ui/keycodemapdb/tools/keymap-gen': [Errno "
       "2] "
       "No such file or directory\n",
       "no-keycodemapdb", "can't open");
}

static void check_configure(void)
{
    static const struct {
        const char *line, *remedy;
    } cases[] = {
        { "ERROR: glib-2.40 gthread-2.0 is required to compile QEMU",
          "yum install glib2-devel" },
        { "ERROR: pixman >= 0.21.8 not present.", "yum install pixman-devel" },
        { "ERROR: zlib check failed", "yum install zlib-devel" },
        { "ERROR: User requested feature xen",
          "yum install xen-libs-devel xen-dom0-libs-devel" },
        { "ERROR: User requested feature libusb", "yum install libusbx-devel" },
        { "ERROR: User requested feature something",
          "vgpuctl prepare lists all" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat(BUILD "\n", cases[i].line, "\n",
                                            NULL);

        is(text, "configure", "ERROR: ");
        says(text, cases[i].line + strlen("ERROR: "), cases[i].remedy);
    }
    is("ERROR: Cannot use 'python', Python 2 >= 2.7 or Python 3 is required.\n",
       "python", "Python");
    is("ERROR: Python not found. Use --python=/path/to/python\n", "python",
       "Python");
    is("../meson.build:1021:2: ERROR: Dependency \"pixman-1\" not found\n",
       "configure", "pixman-1");
    is("a test prints ERROR: in the middle\n", "unknown", NULL);
}

/* ---- Compilers -------------------------------------------------------------------- */

static void check_class_id(void)
{
    const char *gcc48 = "hw/misc/vgpu-stub.c: In function 'vgpu_class_init':\n"
                        "hw/misc/vgpu-stub.c:147:5: error: large integer "
                        "implicitly truncated to "
                        "unsigned type [-Werror=overflow]\n"
                        "     k->class_id = 0x120000;\n"
                        "     ^\n"
                        "cc1: all warnings being treated as errors\n"
                        "make: *** [hw/misc/vgpu-stub.o] Error 1\n";
    const char *gcc12 =
        "hw/misc/vgpu-stub.c: In function 'vgpu_class_init':\n"
        "hw/misc/vgpu-stub.c:147:19: error: unsigned conversion from 'int' to "
        "'uint16_t' {aka 'short unsigned int'} changes value from '1179648' to "
        "'0' [-Werror=overflow]\n"
        "  147 |     k->class_id = 0x120000;\n"
        "      |                   ^~~~~~~~\n"
        "cc1: all warnings being treated as errors\n";

    is(gcc48, "class-id", "large integer implicitly truncated");
    is(gcc12, "class-id", "changes value");
    says(gcc48, "class_id overflow", "0x1200, not 0x120000");
    says(gcc12, "class_id overflow", "never --disable-werror");
    /* Elsewhere in the file it is another fault. */
    is("hw/misc/vgpu-stub.c:9:5: error: large integer implicitly truncated to "
       "unsigned type [-Werror=overflow]\n"
       "     x = 300;\n"
       "     ^\n"
       "\n"
       "note: class_id is somewhere else\n",
       "device-warning", "overflow");
    /* As a warning it does not end the build. */
    is("hw/misc/vgpu-stub.c:147:5: warning: large integer implicitly truncated "
       "to "
       "unsigned type [-Woverflow]\n"
       "     k->class_id = 0x120000;\n",
       "unknown", NULL);
}

static void check_warnings(void)
{
    const char *device =
        "hw/misc/vgpu-stub.c:12:12: error: 'x' defined but not used "
        "[-Werror=unused-variable]\n";
    const char *tree = "block/io.c:77:9: error: 'r' may be used uninitialized "
                       "[-Werror=maybe-uninitialized]\n";
    g_autofree char *tree_first = g_strconcat(tree, device, NULL);
    g_autofree char *device_first = g_strconcat(device, tree, NULL);

    is(device, "device-warning", "unused-variable");
    says(device, "vgpu-stub.c", "never --disable-werror");
    is(tree, "tree-warning", "block/io.c");
    says(tree, "QEMU itself (block/io.c)", "build container");
    is(tree_first, "tree-warning", "block/io.c");
    is(device_first, "device-warning", "vgpu-stub.c");
    is("/b/qemu-4.2.1/hw/misc/vgpu-stub.c:4: error: x [-Werror]\n",
       "device-warning", "vgpu-stub.c:4");
    is("hw/misc/vgpu-stub.c:3:10: fatal error: hw/new.h: No such file or "
       "directory\n",
       "device-error", "hw/new.h");
    is("hw/misc/other.c:3:10: error: in vgpu-stub's neighbour [-Werror=x]\n",
       "tree-warning", "other.c");
    is("hw/misc/vgpu-stub.c:12:12: warning: unused\n", "unknown", NULL);
    is("/b/hw/display/vgt.c:62:35: error: storage size of 'b' isn't known\n",
       "tree-error", "vgt.c");
    says("/b/hw/display/vgt.c:62:35: error: storage size of 'b' isn't known\n",
         "does not compile (/b/hw/display/vgt.c)", "build container");
}

/* ---- The machine ---------------------------------------------------------------------- */

static void check_machine(void)
{
    const char *broken = "hw/misc/vgpu-stub.c:3:10: error: expected ';'\n";
    const char *full =
        "/tmp/cc8.s: Fatal error: can't close x.o: No space left on "
        "device\n";
    const char *killed = "gcc: internal compiler error: Killed (program cc1)\n";
    g_autofree char *late = g_strconcat(broken, full, NULL);
    g_autofree char *cut = g_strconcat("tar: Unexpected EOF in archive\n", full,
                                       NULL);
    g_autofree char *both = g_strconcat(full, killed, NULL);
    g_autofree char *strong = g_strconcat("gzip: stdin: not in gzip format\n",
                                          full, NULL);

    is(full, "no-space", "No space left");
    is(killed, "out-of-memory", "Killed");
    is("gcc: fatal error: Killed signal terminated program cc1\n",
       "out-of-memory", "Killed");
    is("make[1]: *** [Makefile:69: block/io.o] Killed\n", "out-of-memory",
       "Killed");
    is("/var/tmp/rpm-tmp.x: line 40:  1234 Killed                  make -j8\n",
       "out-of-memory", "1234 Killed");
    is("  CC      Killed.o\n", "unknown", NULL);
    is("hw/misc/vgpu-stub.c:9: fatal error: error writing to /tmp/x.s: No "
       "space "
       "left on device\n",
       "no-space", "No space left");
    /* What it brings about may be printed before it. */
    is(late, "no-space", "No space left");
    is(cut, "no-space", "No space left");
    is(both, "no-space", "No space left");
    is(strong, "not-an-archive", "gzip");
}

/* ---- No failure, and one that nobody knows ----------------------------------------------- */

static void check_unknown(void)
{
    const char *text =
        "warning: bogus date in %changelog: Tue Nov 17 2025 Somebody\n" BUILD
        "ld: x.o: undefined reference to `foo'\n"
        "\n"
        "collect2: error: ld returned 1 exit status\n"
        "error: Bad exit status from /var/tmp/rpm-tmp.aBcDeF (%build)\n"
        "    bogus date in %changelog: Tue Nov 17 2025 Somebody\n";
    g_autoptr(BuildLog) log = log_of(text);
    g_auto(GStrv) last = build_log_last_lines(log);

    is(text, "unknown", "undefined reference");
    says(text, "does not know", "read the log");
    g_assert_cmpuint(g_strv_length(last), ==, 4);
    g_assert_cmpstr(last[1], ==, "ld: x.o: undefined reference to `foo'");
    g_assert_cmpstr(last[3], ==,
                    "error: Bad exit status from /var/tmp/rpm-tmp.aBcDeF "
                    "(%build)");
    is("warning: bogus date in %changelog: Tue Nov 17 2025 Somebody\n",
       "unknown", NULL);
    is("", "unknown", NULL);
}

static void check_last_lines(void)
{
    g_autoptr(BuildLog) log = build_log_new();
    g_auto(GStrv) last = NULL;
    int i;

    for (i = 0; i < 100; i++) {
        g_autofree char *line = g_strdup_printf("line %d", i);

        build_log_line(log, line);
        build_log_line(log, "  ");
    }
    last = build_log_last_lines(log);
    g_assert_cmpuint(g_strv_length(last), ==, 12);
    g_assert_cmpstr(last[0], ==, "line 88");
    g_assert_cmpstr(last[11], ==, "line 99");
}

/* What is shown cannot move a terminal's cursor or break JSON. */
static void check_bytes(void)
{
    g_autoptr(BuildLog) log = log_of(
        "hw/misc/vgpu-stub.c:1:1: error: \x1b[31m\xff\x07 [-Werror=x]");
    guint number;
    const char *line = build_log_evidence(log, &number);

    g_assert_true(g_utf8_validate(line, -1, NULL));
    g_assert_null(strchr(line, '\x1b'));
    g_assert_null(strchr(line, '\x07'));
    g_assert_cmpuint(number, ==, 1);
}

static void check_rpm(void)
{
    g_autoptr(BuildLog) log = log_of(
        "  CC      i386-softmmu/hw/misc/vgpu-stub.o\n"
        "Wrote: /r/SRPMS/qemu-4.2.1-5.2.15.2.src.rpm\n"
        "Wrote: /r/RPMS/x86_64/qemu-debugsource-4.2.1-5.2.15.2.x86_64.rpm\n"
        "Wrote: /r/RPMS/x86_64/qemu-4.2.1-5.2.15.2.x86_64.rpm\n"
        "Wrote: /r/RPMS/x86_64/qemu-debuginfo-4.2.1-5.2.15.2.x86_64.rpm\n"
        "Wrote: /r/RPMS/x86_64/qemu-tools-4.2.1-5.2.15.2.x86_64.rpm\n");
    g_autoptr(BuildLog) none = log_of(
        "Wrote: /r/RPMS/x86_64/qemu-debuginfo-4.2.1-1.x86_64.rpm\n"
        "Wrote: /r/SRPMS/qemu-4.2.1-1.src.rpm\n"
        "  CC      hw/misc/edu.o\n");

    g_assert_cmpstr(build_log_rpm(log), ==,
                    "/r/RPMS/x86_64/qemu-4.2.1-5.2.15.2.x86_64.rpm");
    g_assert_true(build_log_has_device(log));
    g_assert_null(build_log_rpm(none));
    g_assert_false(build_log_has_device(none));
}

static void progress_is(const char *text, const char *section,
                        const char *progress)
{
    g_autoptr(BuildLog) log = log_of(text);
    g_autofree char *now = build_log_progress(log);

    g_assert_cmpstr(build_log_section(log), ==, section);
    g_assert_cmpstr(now, ==, progress);
}

static void check_progress(void)
{
    progress_is("", NULL, "");
    progress_is(PREP "Patch #1 (a.patch):\n"
                     "+ /usr/bin/cat /r/SOURCES/a.patch\n"
                     "Patch #2 (b.patch):\n",
                "prep", "patch 2 b.patch");
    progress_is(BUILD "  CC      a.o\n  GEN     b.h\n  CC      c.o\n", "build",
                "compiled 2");
    progress_is(BUILD "[12/3456] Compiling C object x.o\n", "build",
                "compiled 12/3456");
    progress_is(BUILD "[a/b] no count\n[12\n", "build", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/buildlog/archives", check_archives);
    g_test_add_func("/buildlog/patches", check_patches);
    g_test_add_func("/buildlog/sources", check_sources);
    g_test_add_func("/buildlog/packages", check_packages);
    g_test_add_func("/buildlog/many-packages", check_many_packages);
    g_test_add_func("/buildlog/tools", check_tools);
    g_test_add_func("/buildlog/keycodemapdb", check_keycodemapdb);
    g_test_add_func("/buildlog/configure", check_configure);
    g_test_add_func("/buildlog/class-id", check_class_id);
    g_test_add_func("/buildlog/warnings", check_warnings);
    g_test_add_func("/buildlog/machine", check_machine);
    g_test_add_func("/buildlog/unknown", check_unknown);
    g_test_add_func("/buildlog/last-lines", check_last_lines);
    g_test_add_func("/buildlog/bytes", check_bytes);
    g_test_add_func("/buildlog/rpm", check_rpm);
    g_test_add_func("/buildlog/progress", check_progress);
    return g_test_run();
}
