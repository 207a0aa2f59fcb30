/* SPDX-License-Identifier: MIT */
/*
 * The device among a VM's other words: put in, changed and taken out, with all
 * else left where it is.
 */
#include <glib.h>
#include <string.h>

#include "device-words.h"

static char **split(const char *text)
{
    char *why = NULL;
    char **words = args_split(text, strlen(text), &why);

    g_assert_cmpstr(why, ==, NULL);
    return words;
}

static char *join(char **words)
{
    char *text = args_join(words);

    g_strfreev(words);
    return text;
}

#define OTHER  "-device ich9-usb-ehci1,addr=1d"
#define SOCKET "-chardev socket,id=vgpu0,path=/run/vgpu/x.sock"

static void test_find(void)
{
    static const struct {
        const char *text;
        const char *word;
        unsigned count;
    } cases[] = {
        { "", NULL, 0 },
        { OTHER, NULL, 0 },
        { "-device vgpu-stub", "vgpu-stub", 1 },
        { OTHER " -device vgpu-stub,vm_id=5", "vgpu-stub,vm_id=5", 1 },
        { "-device vgpu-stub,vm_id=1 -device vgpu-stub", "vgpu-stub,vm_id=1",
          2 },
        /* The word is not behind -device, or another device's. */
        { "vgpu-stub", NULL, 0 },
        { "-device vgpu-stub2", NULL, 0 },
        { "-device", NULL, 0 },
        { "-name -device -device vgpu-stub", "vgpu-stub", 1 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) words = split(cases[i].text);
        unsigned count;

        g_assert_cmpstr(device_words_find(words, &count), ==, cases[i].word);
        g_assert_cmpuint(count, ==, cases[i].count);
    }
}

static char *with(const char *text, const char *device)
{
    g_auto(GStrv) words = split(text);
    g_autofree char *why = NULL;
    ArgsDevice parsed;
    char *joined;

    g_assert_true(args_device_parse(&parsed, device, &why));
    joined = join(device_words_with(words, &parsed, "/run/vgpu/x.sock"));
    args_device_clear(&parsed);
    return joined;
}

static void test_with(void)
{
    static const struct {
        const char *text;
        const char *device;
        const char *with;
    } cases[] = {
        { "", "vgpu-stub,vm_id=7", "-device vgpu-stub,vm_id=7" },
        { OTHER, "vgpu-stub,vm_id=7", OTHER " -device vgpu-stub,vm_id=7" },
        { "-device vgpu-stub " OTHER, "vgpu-stub,vm_id=7",
          "-device vgpu-stub,vm_id=7 " OTHER },
        { "-x 'a b' -device vgpu-stub,vm_id=7", "vgpu-stub,vm_id=7",
          "-x 'a b' -device vgpu-stub,vm_id=7" },
        /* A link: made where it is not, kept where it is, once. */
        { OTHER, "vgpu-stub,chardev=vgpu0",
          OTHER " " SOCKET " -device vgpu-stub,chardev=vgpu0" },
        { SOCKET " -device vgpu-stub,chardev=vgpu0 " OTHER,
          "vgpu-stub,chardev=vgpu0",
          SOCKET " -device vgpu-stub,chardev=vgpu0 " OTHER },
        { "-device vgpu-stub,chardev=vgpu0 " SOCKET, "vgpu-stub,chardev=vgpu0",
          "-device vgpu-stub,chardev=vgpu0 " SOCKET },
        /* Given up, and another instead of it. */
        { SOCKET " " OTHER " -device vgpu-stub,chardev=vgpu0", "vgpu-stub",
          OTHER " -device vgpu-stub" },
        { "-chardev socket,id=vgpu,path=/run/vgpu/y.sock -device "
          "vgpu-stub,chardev=vgpu",
          "vgpu-stub,chardev=vgpu0",
          SOCKET " -device vgpu-stub,chardev=vgpu0" },
        /* One that is not its own stays. */
        { SOCKET " -device vgpu-stub,chardev=vgpu0 -device x,chardev=vgpu0",
          "vgpu-stub", SOCKET " -device vgpu-stub -device x,chardev=vgpu0" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = with(cases[i].text, cases[i].device);

        g_assert_cmpstr(text, ==, cases[i].with);
    }
}

static void test_without(void)
{
    static const struct {
        const char *text;
        const char *without;
    } cases[] = {
        { "", "" },
        { OTHER, OTHER },
        { "-device vgpu-stub,vm_id=7", "" },
        { OTHER " -device vgpu-stub -x y", OTHER " -x y" },
        { "-device vgpu-stub -device vgpu-stub", "" },
        /* Its own socket goes with it. */
        { SOCKET " -device vgpu-stub,chardev=vgpu0", "" },
        { "-device vgpu-stub,chardev=vgpu0 " SOCKET " " OTHER, OTHER },
        /* Another one's stays, and so does one that another one uses, too. */
        { SOCKET " -device vgpu-stub,chardev=vgpu1", SOCKET },
        { SOCKET " -device vgpu-stub", SOCKET },
        { SOCKET " -device vgpu-stub,chardev=vgpu0 -device x,chardev=vgpu0",
          SOCKET " -device x,chardev=vgpu0" },
        { SOCKET " -device vgpu-stub,chardev=vgpu0 -serial chardev:vgpu0",
          SOCKET " -serial chardev:vgpu0" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) words = split(cases[i].text);
        g_autofree char *without = join(device_words_without(words));

        g_assert_cmpstr(without, ==, cases[i].without);
    }
}

static char *merged(const char *there, const char *wanted)
{
    ArgsDevice a, b, c;
    g_autofree char *why = NULL;
    char *text;

    g_assert_true(args_device_parse(&a, there, &why));
    g_assert_true(args_device_parse(&b, wanted, &why));
    c = device_words_merge(&a, &b, 9);
    text = args_device_text(&c);
    args_device_clear(&a);
    args_device_clear(&b);
    args_device_clear(&c);
    return text;
}

static void test_merge(void)
{
    static const struct {
        const char *there;
        const char *wanted;
        const char *merged;
    } cases[] = {
        { "vgpu-stub", "vgpu-stub",
          "vgpu-stub,pool_id=A,priority=medium,vm_id=9" },
        { "vgpu-stub,pool_id=B,priority=high,vm_id=100", "vgpu-stub",
          "vgpu-stub,pool_id=B,priority=high,vm_id=100" },
        { "vgpu-stub,pool_id=B,priority=high,vm_id=100,addr=15",
          "vgpu-stub,pool_id=A,addr=1d",
          "vgpu-stub,pool_id=A,priority=high,vm_id=100,addr=1d" },
        { "vgpu-stub,vm_id=0,chardev=vgpu0", "vgpu-stub,priority=low,vm_id=3",
          "vgpu-stub,pool_id=A,priority=low,vm_id=3,chardev=vgpu0" },
        /* A link brings queues where there are none, and goes with them. */
        { "vgpu-stub,vm_id=0", "vgpu-stub,chardev=vgpu0",
          "vgpu-stub,pool_id=A,priority=medium,vm_id=0,queues=4,"
          "chardev=vgpu0" },
        { "vgpu-stub,vm_id=0,queues=2", "vgpu-stub,chardev=vgpu0",
          "vgpu-stub,pool_id=A,priority=medium,vm_id=0,queues=2,"
          "chardev=vgpu0" },
        { "vgpu-stub,vm_id=0,queues=2,chardev=vgpu0", "vgpu-stub,queues=0",
          "vgpu-stub,pool_id=A,priority=medium,vm_id=0,queues=0" },
        /* Empty is a value: QEMU takes its default for it. */
        { "vgpu-stub,pool_id=,vm_id=0", "vgpu-stub",
          "vgpu-stub,pool_id=,priority=medium,vm_id=0" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = merged(cases[i].there, cases[i].wanted);

        g_assert_cmpstr(text, ==, cases[i].merged);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device-words/find", test_find);
    g_test_add_func("/device-words/with", test_with);
    g_test_add_func("/device-words/without", test_without);
    g_test_add_func("/device-words/merge", test_merge);
    return g_test_run();
}
