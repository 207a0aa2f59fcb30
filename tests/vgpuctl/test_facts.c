/* SPDX-License-Identifier: MIT */
/*
 * What vgpuctl reads out of what other programs say: QEMU, xe, rpm; and the
 * order of versions, held against rpm's own.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "package.h"
#include "qemu-proof.h"

/* ---- QEMU ------------------------------------------------------------------- */

static void test_find_device(void)
{
    static const struct {
        const char *help;
        const char *line;
    } cases[] = {
        { "name \"vgpu-stub\", bus PCI\n", "name \"vgpu-stub\", bus PCI" },
        { "Misc devices:\nname \"vgpu-stub\", bus PCI, desc \"Stub\"\r\nname",
          "name \"vgpu-stub\", bus PCI, desc \"Stub\"" },
        /* XenServer's own. */
        { "name \"vgpu\", bus System\n", NULL },
        { "name \"vgpu\", bus System, desc \"not vgpu-stub\"\n", NULL },
        { "name \"vgpu-stub\", bus System\n", NULL },
        { "name \"vgpu-stub\", bus PCIE\n", NULL },
        { "name \"vgpu-stub2\", bus PCI\n", NULL },
        { "qemu: warning: name \"vgpu-stub\", bus PCI\n", NULL },
        { "", NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = qemu_proof_find_device(cases[i].help);

        g_assert_cmpstr(line, ==, cases[i].line);
    }
}

static void test_properties(void)
{
    static const struct {
        const char *help;
        const char *missing;
    } cases[] = {
        { "vgpu-stub options:\n  pool_id=<str>\n  priority=<str>\n"
          "  vm_id=<uint32>         -  (default: 0)\n",
          "" },
        { "  priority=<str>\n  pool_id=<str>\n  vm_id=<uint32>\n", "" },
        { "  pool_id=<str>\n  priority=<str>\n  vm_id=<uint64>\n",
          "vm_id=<uint32>" },
        { "  pool_id=<str>\n  x-priority=<str>\n  vm_id=<uint32>\n",
          "priority=<str>" },
        { "", "pool_id=<str> priority=<str> vm_id=<uint32>" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *missing = qemu_proof_missing_properties(cases[i].help);

        g_assert_cmpstr(missing, ==, cases[i].missing);
    }
}

static void test_version(void)
{
    g_autofree char *four = qemu_proof_find_version(
        "QEMU emulator version 4.2.1\nCopyright");
    g_autofree char *seven = qemu_proof_find_version(
        "warning\nQEMU emulator version 7.2.22 (Debian 1:7.2)\n");
    g_autofree char *none = qemu_proof_find_version("QEMU emulator version x");
    g_autofree char *other = qemu_proof_find_version("version 4.2.1");

    g_assert_cmpstr(four, ==, "4.2.1");
    g_assert_cmpstr(seven, ==, "7.2.22");
    g_assert_cmpstr(none, ==, NULL);
    g_assert_cmpstr(other, ==, NULL);
}

/* A program that says what a QEMU does that was built wrong. */
static QemuProof *prove_script(const char *script)
{
    g_autofree char *directory = g_dir_make_tmp("test-facts-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "qemu", NULL);
    const char *argv[] = { "chmod", "755", path, NULL };
    const char *remove[] = { "rm", "-r", directory, NULL };
    QemuProof *proof;

    g_assert_true(g_file_set_contents(path, script, -1, NULL));
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
    proof = qemu_proof_new(path);
    g_assert_true(g_spawn_sync(NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
    return proof;
}

static void test_assertion(void)
{
    const char *remedy;
    g_autoptr(QemuProof) proof = prove_script(
        "#!/bin/sh\n"
        "[ $1 != -version ] || exec echo 'QEMU emulator version 4.2.1'\n"
        "echo \"qemu-system-i386: hw/pci/pci.c:2646: "
        "pci_device_class_base_init: Assertion \\`conventional || pcie' "
        "failed.\" >&2\n"
        "kill -ABRT $$\n");
    g_autofree char *problem = qemu_proof_problem(proof, &remedy);

    g_assert_true(proof->interface_assertion);
    g_assert_false(qemu_proof_has_device(proof));
    g_assert_false(qemu_proof_is_stock(proof));
    g_assert_cmpstr(problem, ==,
                    "it aborts: assertion `conventional || pcie' failed");
    g_assert_nonnull(strstr(remedy, "INTERFACE_CONVENTIONAL_PCI_DEVICE"));
}

static void test_does_not_run(void)
{
    const char *remedy;
    g_autoptr(QemuProof) proof = prove_script(
        "#!/bin/sh\n"
        "echo 'qemu: error while loading shared libraries: libx.so.1' >&2\n"
        "exit 127\n");
    g_autoptr(QemuProof) none = qemu_proof_new("/nonexistent/qemu");
    g_autofree char *problem = qemu_proof_problem(proof, &remedy);

    g_assert_cmpstr(problem, ==,
                    "it does not run: qemu: error while loading shared "
                    "libraries: libx.so.1");
    g_assert_false(qemu_proof_is_stock(proof));
    g_assert_false(qemu_proof_is_stock(none));
    g_assert_false(qemu_proof_has_device(none));
}

/* ---- xe ------------------------------------------------------------------------ */

static void test_names(void)
{
    g_autoptr(GPtrArray)
        names = host_parse_names("name-label ( RW)    : web, staging\n\n\n"
                                 "     name-label ( RO)    : a (b): c\n\n\n"
                                 "name-label ( RW): \n\n"
                                 "uuid ( RO)          : 1234\n"
                                 "name-labels ( RW)   : no\n");

    g_assert_cmpuint(names->len, ==, 3);
    if (names->len == 3) {
        g_assert_cmpstr(names->pdata[0], ==, "web, staging");
        g_assert_cmpstr(names->pdata[1], ==, "a (b): c");
        g_assert_cmpstr(names->pdata[2], ==, "");
    }
}

/* ---- rpm ------------------------------------------------------------------------- */

static void test_rpm_error(void)
{
    g_autofree char *error = package_rpm_error(
        "warning: NOKEY\nPreparing... ####\nerror: Failed dependencies:\n"
        "\tliba.so.1 is needed by b\n");
    g_autofree char *other = package_rpm_error("package a is  already\n");

    g_assert_cmpstr(error, ==,
                    "error: Failed dependencies: liba.so.1 is needed by b");
    g_assert_cmpstr(other, ==, "package a is already");
}

/* In rising order; XCP-ng's own releases and ours among them. */
static const char *const rising[] = {
    "",
    "1~rc1",
    "1~rc2",
    "1",
    "1^git1",
    "1.a",
    "1.0",
    "1.0.1",
    "1.1",
    "1.1a",
    "1.1b",
    "1.1.1",
    "1.2",
    "1.10",
    "4.2.1",
    "5.0.0",
    "5.2.9.1.xcpng8.3",
    "5.2.15.xcpng8.3",
    "5.2.15.2.xcpng8.3",
    "5.2.15.2.0.vgpu.1.xcpng8.3",
    "5.2.15.2.0.vgpu.2.xcpng8.3",
    "5.2.15.3.xcpng8.3",
    "5.2.16.1.xcpng8.3",
};

static void test_compare(void)
{
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(rising); i++) {
        for (j = 0; j < G_N_ELEMENTS(rising); j++) {
            int expected = i < j ? -1 : i > j ? 1 : 0;

            if (package_compare_versions(rising[i], rising[j]) != expected) {
                g_test_message("'%s' and '%s'", rising[i], rising[j]);
                g_test_fail();
            }
        }
    }
    g_assert_cmpint(package_compare_versions("1.0", "1_0"), ==, 0);
    g_assert_cmpint(package_compare_versions("01.002", "1.2"), ==, 0);
    g_assert_cmpint(package_compare_versions("1.", "1"), ==, 0);
}

/* rpm's own answers, all at once: its Lua has rpm.vercmp(). */
static void test_compare_with_rpm(void)
{
    g_autofree char *rpm = g_find_program_in_path("rpm");
    static const char alphabet[] = "0019ab.~^_";
    GString *script = g_string_new("%{lua:");
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *answers = NULL;
    const char *argv[] = { "rpm", "--eval", NULL, NULL };
    size_t i;
    int k;

    if (!rpm) {
        g_test_skip("wants rpm: apt-get install rpm");
        g_string_free(script, TRUE);
        g_ptr_array_unref(words);
        return;
    }
    for (i = 0; i < 2000; i++) {
        char word[9] = "";
        int length = g_test_rand_int_range(1, 8);

        for (k = 0; k < length; k++) {
            word[k] = alphabet[g_test_rand_int_range(0, sizeof(alphabet) - 1)];
        }
        g_ptr_array_add(words, g_strdup(word));
        if (i % 2) {
            g_string_append_printf(script, "print(rpm.vercmp(\"%s\",\"%s\"))",
                                   (char *)words->pdata[i - 1], word);
            g_string_append(script, "print(\",\")");
        }
    }
    g_string_append(script, "}");
    argv[2] = script->str;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, &answers, NULL, NULL, NULL));
    {
        g_auto(GStrv) each = g_strsplit(answers, ",", -1);

        g_assert_cmpuint(g_strv_length(each), ==, words->len / 2 + 1);
        for (i = 0; i < words->len / 2 && each[i]; i++) {
            const char *a = words->pdata[2 * i], *b = words->pdata[2 * i + 1];

            if (package_compare_versions(a, b) != atoi(g_strstrip(each[i]))) {
                g_test_message("'%s' and '%s': rpm says %s", a, b, each[i]);
                g_test_fail();
            }
        }
    }
    g_string_free(script, TRUE);
    g_ptr_array_unref(words);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/qemu/find-device", test_find_device);
    g_test_add_func("/qemu/properties", test_properties);
    g_test_add_func("/qemu/version", test_version);
    g_test_add_func("/qemu/assertion", test_assertion);
    g_test_add_func("/qemu/does-not-run", test_does_not_run);
    g_test_add_func("/xe/names", test_names);
    g_test_add_func("/rpm/error", test_rpm_error);
    g_test_add_func("/rpm/compare", test_compare);
    g_test_add_func("/rpm/compare-with-rpm", test_compare_with_rpm);
    return g_test_run();
}
