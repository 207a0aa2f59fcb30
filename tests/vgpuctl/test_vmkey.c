/* SPDX-License-Identifier: MIT */
/*
 * What doctor and verify make of a VM's device-model-args.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/paths.h"
#include "vmkey.h"

#define VM "22222222-0000-4000-8000-000000000000"

static void test_keys(void)
{
    static const struct {
        const char *text;
        unsigned devices;
        bool accepted;
        bool smuggles;
        bool probe;
    } cases[] = {
        { "-device vgpu-stub", 1, true, false, false },
        { "-device vgpu-stub,pool_id=B,priority=low,vm_id=7,addr=1e", 1, true,
          false, false },
        { "-device ich9-usb-ehci1", 0, true, false, true },
        { "", 0, true, false, false },
        { "-device vgpu-stub -device vgpu-stub", 2, false, false, false },
        { "-device vgpu-stub,pool_id=C", 1, false, false, false },
        /* Out of xe --minimal: as a shell reads it, no harm. */
        { "-device vgpu-stub,pool_id=A\\,vm_id=7", 1, true, false, false },
        { "-device 'vgpu-stub,pool_id=A\\,vm_id=7'", 1, false, false, false },
        { "-device 'vgpu-stub", 0, false, false, false },
        { "-device vgpu-stub -priv", 1, false, true, false },
        { "-priv", 0, false, true, false },
        { "-device e1000", 0, false, true, false },
        { "-device vgpu-stub -monitor tcp:0.0.0.0:4444", 1, false, true,
          false },
        { "-chardev file,id=vgpu,path=/etc/passwd", 0, false, true, false },
        { "-drive file=/etc/shadow", 0, false, true, false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VmKey) key = vmkey_new(cases[i].text, VM, NULL);

        g_test_message("%s: %s", cases[i].text, key->why ? key->why : "");
        g_assert_cmpint(key->why == NULL, ==, cases[i].accepted);
        g_assert_cmpint(key->smuggles, ==, cases[i].smuggles);
        g_assert_cmpuint(key->devices, ==, cases[i].devices);
        g_assert_cmpint(key->probe, ==, cases[i].probe);
    }
}

static void test_device(void)
{
    g_autoptr(VmKey) key = vmkey_new(
        "-device vgpu-stub,pool_id=B,vm_id=4294967295,addr=0x1f", VM, NULL);

    g_assert_cmpstr(key->device.pool_id, ==, "B");
    g_assert_cmpstr(key->device.priority, ==, NULL);
    g_assert_cmpint(key->device.vm_id, ==, 4294967295);
    g_assert_cmpint(key->device.slot, ==, 0x1f);
}

static void test_difference(void)
{
    static const struct {
        const char *asked;
        const char *given;
        const char *difference; /* NULL: none */
    } cases[] = {
        { "vgpu-stub", "vgpu-stub,addr=1e", NULL },
        { "vgpu-stub", "vgpu-stub,pool_id=A,priority=medium,vm_id=0", NULL },
        { "vgpu-stub,vm_id=7,pool_id=B", "vgpu-stub,pool_id=B,vm_id=7", NULL },
        { "vgpu-stub,addr=0x1e", "vgpu-stub,addr=1e.0", NULL },
        { "vgpu-stub", "vgpu-stub,pool_id=B", "pool_id=B instead of A" },
        { "vgpu-stub,priority=high", "vgpu-stub",
          "priority=medium instead of high" },
        { "vgpu-stub,vm_id=7", "vgpu-stub,vm_id=8", "vm_id=8 instead of 7" },
        { "vgpu-stub", "vgpu-stub,queues=0", NULL },
        { "vgpu-stub,queues=2", "vgpu-stub", "queues=0 instead of 2" },
        { "vgpu-stub,addr=1d", "vgpu-stub,addr=1e", "addr=1e instead of 1d" },
        { "vgpu-stub", "vgpu-stub,chardev=vgpu0", "another chardev" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        ArgsDevice asked = ARGS_DEVICE_INIT, given = ARGS_DEVICE_INIT;
        g_autofree char *why = NULL;
        g_autofree char *difference = NULL;

        g_assert_true(args_device_parse(&asked, cases[i].asked, &why));
        g_assert_true(args_device_parse(&given, cases[i].given, &why));
        difference = vmkey_difference(&asked, &given);
        g_assert_cmpstr(difference, ==, cases[i].difference);
        args_device_clear(&asked);
        args_device_clear(&given);
    }
}

static void test_allowed(void)
{
    g_autofree char *root = g_dir_make_tmp("test-vmkey-XXXXXX", NULL);
    g_autofree char *directory = g_build_filename(root, "etc/vgpu", NULL);
    g_autofree char *path = g_build_filename(root, SHIM_ALLOW_ARGS, NULL);
    const Options options = { .root = root };
    const char *remove[] = { "rm", "-r", root, NULL };
    g_autofree char *problem = NULL;
    g_autoptr(GPtrArray) allowed = NULL;

    g_assert_null(vmkey_allowed(&options, &problem));
    g_assert_null(problem);
    g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
    g_assert_true(
        g_file_set_contents(path, "-device e1000,addr=1b\n-priv\n", -1, NULL));
    g_assert_cmpint(g_chmod(path, 0666), ==, 0);
    g_assert_null(vmkey_allowed(&options, &problem));
    g_assert_nonnull(strstr(problem, "not root's alone"));
    g_clear_pointer(&problem, g_free);
    g_assert_cmpint(g_chmod(path, 0644), ==, 0);
    allowed = vmkey_allowed(&options, &problem);
    if (getuid() == 0) {
        g_autoptr(VmKey) key = vmkey_new("-device e1000,addr=1b", VM, allowed);

        g_assert_cmpuint(allowed->len, ==, 1);
        g_assert_nonnull(strstr(problem, "this line is not used: -priv"));
        g_assert_null(key->why);
    }
    if (getuid() == 0) {
        g_clear_pointer(&problem, g_free);
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
        g_assert_null(vmkey_allowed(&options, &problem));
        g_assert_nonnull(strstr(problem, "it is no regular file"));
    }
    g_assert_true(g_spawn_sync(NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vgpuctl/vmkey/keys", test_keys);
    g_test_add_func("/vgpuctl/vmkey/device", test_device);
    g_test_add_func("/vgpuctl/vmkey/difference", test_difference);
    g_test_add_func("/vgpuctl/vmkey/allowed", test_allowed);
    return g_test_run();
}
