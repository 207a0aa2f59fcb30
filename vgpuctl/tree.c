/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <string.h>

#include "change.h"
#include "device-file.h"
#include "exit.h"
#include "report.h"
#include "spec.h"
#include "textfile.h"

/* QEMU 10's largest build file has 12 KiB. */
#define BUILD_FILE_LIMIT ((size_t)1024 * 1024)
#define VERSION_LIMIT    100

typedef struct Tree {
    const char *directory;
    char *version;
    char *build_path;
    const char *line; /* that adds the device */
    char *build;      /* the build file's text */
    size_t build_length;
    enum { TREE_STOCK, TREE_INTEGRATED, TREE_BY_HAND } state;
    DeviceFile device;
} Tree;

/* ---- One line ------------------------------------------------------------------ */

char *tree_add_line(const char *data, size_t length, const char *line)
{
    bool ended = length == 0 || data[length - 1] == '\n';

    /* Where the last line had no newline, the new last line has none. */
    return g_strdup_printf("%.*s%s%s%s", (int)length, data, ended ? "" : "\n",
                           line, ended ? "\n" : "");
}

/* The line from `from` on, as a whole line; NULL if there is none. */
static const char *find_line(const char *from, const char *start,
                             const char *line)
{
    size_t n = strlen(line);

    while ((from = strstr(from, line))) {
        if ((from == start || from[-1] == '\n') &&
            (from[n] == '\n' || from[n] == '\0')) {
            return from;
        }
        from++;
    }
    return NULL;
}

char *tree_remove_line(const char *data, size_t length, const char *line)
{
    const char *at = find_line(data, data, line), *after;
    size_t before;

    if (!at || find_line(at + 1, data, line)) {
        return NULL;
    }
    after = at + strlen(line);
    before = (size_t)(at - data);
    if (*after == '\n') {
        after++;
    } else if (before) {
        before--;
    }
    return g_strdup_printf("%.*s%.*s", (int)before, data,
                           (int)(length - (size_t)(after - data)), after);
}

/* Other lines that name the device: not ours to touch. */
static bool is_named_elsewhere(const char *data, const char *line)
{
    g_auto(GStrv) lines = g_strsplit(data, "\n", 0);
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (strcmp(lines[i], line) != 0 &&
            g_strstr_len(lines[i], -1, "vgpu-stub") &&
            g_strchug(lines[i])[0] != '#') {
            return true;
        }
    }
    return false;
}

/* ---- The tree ------------------------------------------------------------------ */

static bool is_there(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static bool read_version(Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->directory, "VERSION", NULL);
    unsigned major, minor;
    size_t length;
    int result = textfile_read(path, VERSION_LIMIT, &tree->version, &length);

    if (result < 0 || !is_there(tree->directory, "hw/misc")) {
        report_problem("give the directory that QEMU's configure is in",
                       "%s is no QEMU tree: it has no %s", tree->directory,
                       result < 0 ? "VERSION file" : "hw/misc");
        return false;
    }
    /* Some packagers have more lines in it. */
    tree->version[strcspn(tree->version, "\r\n")] = '\0';
    g_strstrip(tree->version);
    if (!g_utf8_validate(tree->version, -1, NULL) ||
        !spec_version_numbers(tree->version, &major, &minor)) {
        report_problem(NULL, "%s does not begin with a version number", path);
        return false;
    }
    if (major < 4 || (major == 4 && minor < 2)) {
        report_problem("use QEMU 4.2 or later",
                       "QEMU %s is too old: the device needs 4.2 or later",
                       tree->version);
        return false;
    }
    return true;
}

/*
 * What the tree has decides, not its version: a git tree between two releases
 * calls itself 5.1.50 on both sides of the change to meson.
 */
static bool read_build_file(Tree *tree)
{
    bool meson = is_there(tree->directory, "hw/misc/meson.build");
    const SpecBuildLine *build = meson ? spec_build_line(10, 0)
                                       : spec_build_line(4, 2);
    int result;

    tree->build_path = g_build_filename(tree->directory, build->file, NULL);
    result = textfile_read(tree->build_path, BUILD_FILE_LIMIT, &tree->build,
                           &tree->build_length);
    if (result < 0) {
        report_problem(NULL, "cannot read %s: %s", tree->build_path,
                       textfile_error(result));
        return false;
    }
    if (meson && !strstr(tree->build, "system_ss.add(")) {
        build = spec_build_line(7, 2);
    }
    if (strlen(tree->build) != tree->build_length ||
        (meson && !strstr(tree->build, "softmmu_ss.add(") &&
         build == spec_build_line(7, 2))) {
        report_problem(
            "unpack QEMU's source again",
            "%s is not QEMU's: neither system_ss nor softmmu_ss in it",
            tree->build_path);
        return false;
    }
    tree->line = build->line;
    return true;
}

static bool check_keycodemapdb(const Tree *tree)
{
    static const char new_place[] = "subprojects/keycodemapdb/tools/keymap-gen";
    static const char old_place[] = "ui/keycodemapdb/tools/keymap-gen";

    if (is_there(tree->directory, old_place) ||
        (g_str_has_suffix(tree->build_path, "meson.build") &&
         is_there(tree->directory, new_place))) {
        return true;
    }
    if (is_there(tree->directory, ".git")) {
        report_warning("no keycodemapdb in %s: QEMU's configure fetches it, or "
                       "run git submodule update --init",
                       tree->directory);
        return true;
    }
    report_problem("unpack the keycodemapdb source to ui/keycodemapdb, or take "
                   "QEMU's release archive, which has it",
                   "%s has no %s: QEMU does not build without it",
                   tree->directory, old_place);
    return false;
}

static void tree_clear(Tree *tree)
{
    device_file_clear(&tree->device);
    g_free(tree->version);
    g_free(tree->build_path);
    g_free(tree->build);
}

static bool tree_open(Tree *tree, const char *directory, const char *from)
{
    g_autofree char *device = g_build_filename(directory, "hw", "misc",
                                               SPEC_DEVICE_FILE, NULL);
    g_autofree char *without = NULL;

    memset(tree, 0, sizeof(*tree));
    tree->directory = directory;
    if (!read_version(tree) || !read_build_file(tree) ||
        !device_file_open(&tree->device, device, from)) {
        tree_clear(tree);
        return false;
    }
    without = tree_remove_line(tree->build, tree->build_length, tree->line);
    if (is_named_elsewhere(tree->build, tree->line) ||
        (!without && find_line(tree->build, tree->build, tree->line))) {
        tree->state = TREE_BY_HAND;
    } else {
        tree->state = without ? TREE_INTEGRATED : TREE_STOCK;
    }
    report_value("version", tree->version);
    report_value("build_file", tree->build_path);
    return true;
}

/* ---- There and back -------------------------------------------------------------- */

static int write_build_file(const Options *options, const Tree *tree,
                            char *text)
{
    g_autofree char *mine = text;

    return change_write(options, tree->build_path, mine, strlen(mine), 0644);
}

/* The device first, its line last: the line makes it count. */
static int add(const Options *options, const Tree *tree)
{
    if (device_file_is_other(&tree->device) || !check_keycodemapdb(tree)) {
        return EXIT_REFUSED;
    }
    if (device_file_write(options, &tree->device) < 0) {
        return EXIT_FAILED;
    }
    if (write_build_file(
            options, tree,
            tree_add_line(tree->build, tree->build_length, tree->line)) < 0) {
        return device_file_put_back(options, &tree->device) < 0
                   ? EXIT_INCOMPLETE
                   : EXIT_FAILED;
    }
    report_info("QEMU %s: %s, in %s", tree->version, tree->line,
                tree->build_path);
    return EXIT_SUCCESS;
}

int tree_integrate(const Options *options, const char *directory,
                   const char *from)
{
    Tree tree;
    int result;

    if (!tree_open(&tree, directory, from)) {
        return EXIT_REFUSED;
    }
    if (tree.state == TREE_STOCK) {
        result = add(options, &tree);
    } else {
        report_info(tree.state == TREE_INTEGRATED
                        ? "already integrated: %s"
                        : "integrated by hand: %s stays as it is, only the "
                          "device's source is kept up to date",
                    tree.build_path);
        (void)check_keycodemapdb(&tree);
        result = device_file_write(options, &tree.device) < 0 ? EXIT_FAILED
                                                              : EXIT_SUCCESS;
    }
    tree_clear(&tree);
    return result;
}

static int take_out(const Options *options, const Tree *tree)
{
    switch (tree->state) {
    case TREE_BY_HAND:
        report_problem("take them out by hand",
                       "%s names vgpu-stub in lines that vgpuctl did not add",
                       tree->build_path);
        return EXIT_REFUSED;
    case TREE_INTEGRATED:
        if (write_build_file(options, tree,
                             tree_remove_line(tree->build, tree->build_length,
                                              tree->line)) < 0) {
            return EXIT_FAILED;
        }
        return change_remove(options, tree->device.path) < 0 ? EXIT_INCOMPLETE
                                                             : EXIT_SUCCESS;
    case TREE_STOCK:
    default:
        break;
    }
    /* What an interrupted run left. */
    if (device_file_is_there(&tree->device)) {
        return change_remove(options, tree->device.path) < 0 ? EXIT_FAILED
                                                             : EXIT_SUCCESS;
    }
    report_info("nothing to undo: %s has no vgpu-stub", tree->build_path);
    return EXIT_SUCCESS;
}

int tree_undo(const Options *options, const char *directory, const char *from)
{
    Tree tree;
    int result;

    if (!tree_open(&tree, directory, from)) {
        return EXIT_REFUSED;
    }
    result = take_out(options, &tree);
    tree_clear(&tree);
    return result;
}
