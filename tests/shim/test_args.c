/* SPDX-License-Identifier: MIT */
/*
 * The rules of device-model-args: what passes, what becomes of it, and that
 * nothing else does. The expectations are from docs/security.md and from what
 * QEMU's own options mean, not from the code.
 */
#include <glib.h>
#include <string.h>

#include "shim/args.h"

#define UUID   "33333333-0000-4000-8000-000000000000"
#define OTHERS "44444444-0000-4000-8000-000000000000"
#define SOCKET "/run/vgpu/" UUID ".sock"

static char *check(const char *text, const ArgsRules *rules, char **why)
{
    g_auto(GStrv) words = args_check(text, strlen(text), rules, why);

    g_assert_true((words == NULL) == (*why != NULL));
    return words ? g_strjoinv("|", words) : NULL;
}

/* ---- What passes ------------------------------------------------------------------ */

static const struct {
    const char *text, *words;
} passes[] = {
    { "", "" },
    { " \t\n ", "" },
    { "-device vgpu-stub", "-device|vgpu-stub,addr=1e" },
    { "-device vgpu-stub,pool_id=A,priority=medium,vm_id=100",
      "-device|vgpu-stub,pool_id=A,priority=medium,vm_id=100,addr=1e" },
    { "  -device\tvgpu-stub,pool_id=B\n",
      "-device|vgpu-stub,pool_id=B,addr=1e" },
    { "-device vgpu-stub,pool_id=,priority=",
      "-device|vgpu-stub,pool_id=,priority=,addr=1e" },
    { "-device vgpu-stub,vm_id=0", "-device|vgpu-stub,vm_id=0,addr=1e" },
    { "-device vgpu-stub,vm_id=4294967295",
      "-device|vgpu-stub,vm_id=4294967295,addr=1e" },
    { "-device vgpu-stub,queues=0", "-device|vgpu-stub,queues=0,addr=1e" },
    { "-device vgpu-stub,queues=16", "-device|vgpu-stub,queues=16,addr=1e" },
    { "-device vgpu-stub,addr=0x10", "-device|vgpu-stub,addr=0x10" },
    { "-device vgpu-stub,addr=1f.0", "-device|vgpu-stub,addr=1f.0" },
    { "-device 'vgpu-stub,pool_id=A'", "-device|vgpu-stub,pool_id=A,addr=1e" },
    { "\"-device\" vgpu\\-stub", "-device|vgpu-stub,addr=1e" },
    { "-device ich9-usb-ehci1", "-device|ich9-usb-ehci1,addr=1d" },
    { "-device ich9-usb-ehci1,addr=1c", "-device|ich9-usb-ehci1,addr=1c" },
    { "-device vgpu-stub -device ich9-usb-ehci1",
      "-device|vgpu-stub,addr=1e|-device|ich9-usb-ehci1,addr=1d" },
    /* The second takes what the first has left. */
    { "-device vgpu-stub,addr=1d -device ich9-usb-ehci1",
      "-device|vgpu-stub,addr=1d|-device|ich9-usb-ehci1,addr=1c" },
    { "-chardev socket,id=vgpu0,path=" SOCKET
      " -device vgpu-stub,chardev=vgpu0",
      "-chardev|socket,id=vgpu0,path=" SOCKET
      "|-device|vgpu-stub,chardev=vgpu0,addr=1e" },
    { "-device vgpu-stub,chardev=vgpu -chardev socket,id=vgpu,path=" SOCKET,
      "-device|vgpu-stub,chardev=vgpu,addr=1e|-chardev|socket,id=vgpu,"
      "path=" SOCKET },
};

static void test_passes(void)
{
    const ArgsRules rules = { UUID, NULL, NULL };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(passes); i++) {
        g_autofree char *why = NULL;
        g_autofree char *words = check(passes[i].text, &rules, &why);

        g_assert_cmpstr(why, ==, NULL);
        g_assert_cmpstr(words, ==, passes[i].words);
    }
}

/* ---- What does not ------------------------------------------------------------------ */

/* All of the text is refused, for a reason that has this in it. */
static const struct {
    const char *text, *why;
} refusals[] = {
    /* What opens the sandbox, alone and beside what passes. */
    { "-priv", "'-priv' is not allowed" },
    { "-device vgpu-stub -priv", "'-priv' is not allowed" },
    { "-priv -device vgpu-stub", "'-priv' is not allowed" },
    { "'-priv'", "not allowed" },
    { "-pr''iv", "'-priv' is not allowed" },
    { "--syslog", "not allowed" },
    { "-loadvm /etc/shadow", "not allowed" },
    { "-vgpu", "not allowed" },
    { "-xengt", "not allowed" },
    { "-videoram 4", "not allowed" },
    { "-xen-domid 1", "not allowed" },
    { "-sandbox off", "not allowed" },
    { "-runas 0:0", "not allowed" },
    { "-run-with chroot=/", "not allowed" },
    { "-netdev tap,fd=3", "not allowed" },
    { "-monitor unix:/tmp/x,server", "not allowed" },
    { "-mon chardev=x", "not allowed" },
    { "-qmp tcp::4444,server", "not allowed" },
    { "-drive file=/dev/sda", "not allowed" },
    { "-serial file:/root/x", "not allowed" },
    { "-D /root/x", "not allowed" },
    { "-trace events=/root/x", "not allowed" },
    { "@/etc/shadow", "not allowed" },
    { "/etc/shadow", "not allowed" },
    { "-readconfig /root/x", "not allowed" },
    { "-object memory-backend-file,id=x,mem-path=/root/x,size=1",
      "not allowed" },
    /* Other devices, and other ways of saying ours. */
    { "-device e1000", "'-device' 'e1000' is not allowed" },
    { "-device vgpu", "not allowed" },
    { "-device vgpu-stub2", "not allowed" },
    { "-device vfio-pci,host=00:02.0", "not allowed" },
    { "-device driver=vgpu-stub", "not allowed" },
    { "-device {\"driver\":\"vgpu-stub\"}", "not allowed" },
    { "--device vgpu-stub", "'--device'" },
    { "-device=vgpu-stub", "'-device=vgpu-stub'" },
    { "-device", "'-device' is not allowed" },
    { "-device ''", "not allowed" },
    { "vgpu-stub", "not allowed" },
    { "-device vgpu-stub -device vgpu-stub", "twice" },
    { "-device vgpu-stub,pool_id=A -device vgpu-stub,pool_id=B", "twice" },
    /* Properties of every PCI device, and such as replace the driver. */
    { "-device vgpu-stub,romfile=/etc/shadow", "'romfile'" },
    { "-device vgpu-stub,driver=e1000", "'driver'" },
    { "-device vgpu-stub,bus=pci.0", "'bus'" },
    { "-device vgpu-stub,id=x", "'id'" },
    { "-device vgpu-stub,multifunction=on", "'multifunction'" },
    { "-device vgpu-stub,help", "'help'" },
    { "-device vgpu-stub,", "'' is no PROPERTY=VALUE" },
    { "-device vgpu-stub,,pool_id=A", "PROPERTY=VALUE" },
    { "-device vgpu-stub,pool_id=A,,romfile=x", "PROPERTY=VALUE" },
    { "-device vgpu-stub,pool_id=A,pool_id=B", "twice" },
    { "-device vgpu-stub,vm_id=1,vm_id=2", "twice" },
    { "-device vgpu-stub,queues=1,queues=1", "twice" },
    { "-device vgpu-stub,addr=1e,addr=1f", "twice" },
    { "-device vgpu-stub,POOL_ID=A", "'POOL_ID'" },
    { "-device vgpu-stub,pool-id=A", "'pool-id'" },
    /* Values that QEMU's device refuses. */
    { "-device vgpu-stub,pool_id=C", "pool_id is 'C'" },
    { "-device vgpu-stub,pool_id=a", "pool_id is 'a'" },
    { "-device vgpu-stub,pool_id=AB", "pool_id is 'AB'" },
    { "-device 'vgpu-stub,pool_id= A'", "pool_id is ' A'" },
    { "-device vgpu-stub,priority=urgent", "priority is 'urgent'" },
    { "-device vgpu-stub,priority=High", "priority is 'High'" },
    { "-device vgpu-stub,vm_id=", "vm_id is ''" },
    { "-device vgpu-stub,vm_id=-1", "vm_id is '-1'" },
    { "-device vgpu-stub,vm_id=4294967296", "vm_id is '4294967296'" },
    { "-device vgpu-stub,vm_id=99999999999999999999", "vm_id is" },
    { "-device vgpu-stub,vm_id=1x", "vm_id is '1x'" },
    { "-device vgpu-stub,vm_id=0x10", "vm_id is '0x10'" },
    /* Octal for QEMU: another VM's number, or none. */
    { "-device vgpu-stub,vm_id=012", "vm_id is '012'" },
    { "-device vgpu-stub,vm_id=08", "vm_id is '08'" },
    { "-device vgpu-stub,vm_id=00", "vm_id is '00'" },
    { "-device vgpu-stub,vm_id=+1", "vm_id is '+1'" },
    /* Slots of the machine's own, and what is none. */
    { "-device vgpu-stub,addr=", "addr is ''" },
    { "-device vgpu-stub,addr=0", "addr is '0'" },
    { "-device vgpu-stub,addr=03", "addr is '03'" },
    { "-device vgpu-stub,queues=17",
      "queues is '17', and is a number from 0 to 16" },
    { "-device vgpu-stub,queues=4294967297", "queues is '4294967297'" },
    { "-device vgpu-stub,queues=010", "queues is '010'" },
    { "-device vgpu-stub,queues=-1", "queues is '-1'" },
    { "-device vgpu-stub,queues=", "queues is ''" },
    { "-device vgpu-stub,queues=2x", "queues is '2x'" },
    { "-device vgpu-stub,addr=04", "addr is '04'" },
    { "-device vgpu-stub,addr=f", "addr is 'f'" },
    { "-device vgpu-stub,addr=20", "addr is '20'" },
    { "-device vgpu-stub,addr=1e.1", "addr is '1e.1'" },
    { "-device vgpu-stub,addr=1e.0x", "addr is '1e.0x'" },
    { "-device vgpu-stub,addr=01e", "addr is '01e'" },
    { "-device vgpu-stub,addr=-1", "addr is '-1'" },
    { "-device vgpu-stub,addr=0x", "addr is '0x'" },
    { "-device vgpu-stub,addr=1d -device ich9-usb-ehci1,addr=1d",
      "slot 1d is taken" },
    { "-device ich9-usb-ehci1,addr=2", "no more than addr=SLOT" },
    { "-device ich9-usb-ehci1,romfile=x", "no more than addr=SLOT" },
    { "-device ich9-usb-ehci1,addr=1c,romfile=x", "no more than addr=SLOT" },
    /* Sockets: this VM's own, and no other file or option. */
    { "-chardev socket,id=vgpu0,path=/run/vgpu/" OTHERS ".sock",
      "-chardev must" },
    { "-chardev socket,id=vgpu0,path=/run/vgpu/../xen/x.sock",
      "-chardev must" },
    { "-chardev socket,id=vgpu0,path=/var/run/xen/qmp-libxl-1",
      "-chardev must" },
    { "-chardev file,id=vgpu0,path=" SOCKET, "-chardev must" },
    { "-chardev socket,id=ovmf,path=" SOCKET, "-chardev must" },
    { "-chardev socket,id=vgpu0,path=" SOCKET ",server", "-chardev must" },
    { "-chardev socket,id=vgpu0,path=" SOCKET ",logfile=/x", "-chardev must" },
    { "-chardev socket,id=vgpu0,path=" SOCKET ",reconnect=1,logfile=/x",
      "-chardev must" },
    { "-chardev socket,id=vgpu0,path=" SOCKET ",reconnect=x", "-chardev must" },
    { "-chardev socket,id=vgpu0,host=localhost,port=1", "-chardev must" },
    { "-chardev socket,path=" SOCKET ",id=vgpu0", "-chardev must" },
    { "-chardev socket,id=vgpu0,path=" SOCKET ",", "-chardev must" },
    { "-chardev", "'-chardev' is not allowed" },
    { "-chardev socket,id=vgpu0,path=" SOCKET ",reconnect=1", "-chardev must" },
    { "-chardev socket,id=vgpu0,path=" SOCKET, "do not belong to each other" },
    { "-device vgpu-stub,chardev=vgpu0", "do not belong to each other" },
    { "-chardev socket,id=vgpu1,path=" SOCKET
      " -device vgpu-stub,chardev=vgpu0",
      "do not belong to each other" },
    { "-chardev socket,id=vgpu0,path=" SOCKET
      " -chardev socket,id=vgpu0,path=" SOCKET
      " -device vgpu-stub,chardev=vgpu0",
      "the -chardev is there twice" },
    { "-device ich9-usb-ehci1 -device ich9-usb-ehci1 -device ich9-usb-ehci1",
      "more than twice" },
    { "-device vgpu-stub,chardev=ovmf", "chardev is 'ovmf'" },
    { "-device vgpu-stub,chardev=", "chardev is ''" },
    /* Text that is none. */
    { "-device \"vgpu-stub", "quotes do not match" },
    { "-device 'vgpu-stub", "quotes do not match" },
    { "-device vgpu-stub \\", "quotes do not match" },
    { "-device vgpu-stub\001", "control characters" },
    { "-device vgpu-stub\r", "control characters" },
    { "-device vgpu-stub\033[2J", "control characters" },
    { "-device vgpu-stub\377", "UTF-8" },
    { "-device vgpu-stub,pool_id=\303\204", "pool_id is" },
    { "$(reboot)", "not allowed" },
    { "-device vgpu-stub,pool_id=$HOME", "pool_id is '$HOME'" },
    { "-device vgpu-stub; reboot", "not allowed" },
};

static void test_refusals(void)
{
    const ArgsRules rules = { UUID, NULL, NULL };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *why = NULL;
        g_autofree char *words = check(refusals[i].text, &rules, &why);

        if (words || !strstr(why, refusals[i].why)) {
            g_test_message("%s: %s", refusals[i].text, words ? words : why);
            g_test_fail();
        }
        /* It goes into a log: one line that one can read, of bounded length. */
        g_assert_true(!why || g_str_is_ascii(why));
        g_assert_true(!why || !strpbrk(why, "\n\r\033"));
        g_assert_true(!why || strlen(why) < 300);
    }
}

static void test_length(void)
{
    const ArgsRules rules = { UUID, NULL, NULL };
    g_autofree char *blanks = g_strnfill(ARGS_TEXT_LIMIT, ' ');
    g_autofree char *longer = g_strnfill(ARGS_TEXT_LIMIT + 1, ' ');
    g_autofree char *why = NULL;
    g_autofree char *words = NULL;

    g_assert_cmpint(ARGS_TEXT_LIMIT, ==, 4096);
    {
        static const char device[] = "-device vgpu-stub ";

        memcpy(blanks, device, sizeof(device) - 1);
    }
    words = check(blanks, &rules, &why);
    g_assert_cmpstr(words, ==, "-device|vgpu-stub,addr=1e");
    g_assert_null(check(longer, &rules, &why));
    g_assert_nonnull(strstr(why, "4097 bytes"));
}

static void test_nul(void)
{
    static const char text[] = "-device vgpu-stub\0-priv";
    const ArgsRules rules = { UUID, NULL, NULL };
    g_autofree char *why = NULL;

    g_assert_null(args_check(text, sizeof(text) - 1, &rules, &why));
    g_assert_nonnull(why);
}

/* ---- What the VM has already -------------------------------------------------------- */

static void test_command_line(void)
{
    static const struct {
        const char *line[5], *words, *why;
    } cases[] = {
        { { "-device", "e1000,addr=4", NULL },
          "-device|vgpu-stub,addr=1e",
          NULL },
        /* The default gives way. */
        { { "-device", "x,host=1,addr=1e", NULL },
          "-device|vgpu-stub,addr=1d",
          NULL },
        { { "-device", "x,addr=0x1e.0", "-device", "y,addr=1d", NULL },
          "-device|vgpu-stub,addr=1c",
          NULL },
        { { "-device", "vgpu-stub", NULL }, NULL, "twice" },
        { { "-device", "vgpu-stub,addr=15", NULL }, NULL, "twice" },
        /* No device, although it looks so. */
        { { "-name", "vgpu-stub", NULL }, "-device|vgpu-stub,addr=1e", NULL },
        { { "-device", NULL }, "-device|vgpu-stub,addr=1e", NULL },
        { { "-device", "x,addr=ff", NULL }, "-device|vgpu-stub,addr=1e", NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        const ArgsRules rules = { UUID, (char *const *)cases[i].line, NULL };
        g_autofree char *why = NULL;
        g_autofree char *words = check("-device vgpu-stub", &rules, &why);

        g_assert_cmpstr(words, ==, cases[i].words);
        g_assert_true(!cases[i].why || strstr(why, cases[i].why));
    }
    {
        static const char *const line[] = { "-device", "x,addr=10", NULL };
        const ArgsRules rules = { UUID, (char *const *)line, NULL };
        g_autofree char *why = NULL;

        g_assert_null(check("-device vgpu-stub,addr=10", &rules, &why));
        g_assert_cmpstr(why, ==, "slot 10 is taken by another device");
    }
}

static void test_unknown_uuid(void)
{
    const ArgsRules rules = { NULL, NULL, NULL };
    g_autofree char *why = NULL;

    g_assert_null(check("-chardev socket,id=vgpu0,path=" SOCKET, &rules, &why));
    g_assert_nonnull(strstr(why, "-chardev must"));
}

/* ---- allow-args ---------------------------------------------------------------------- */

static GPtrArray *allow(const char *text, char **refused)
{
    return args_allowed_parse(text, strlen(text), refused);
}

static void test_allowed(void)
{
    g_autofree char *refused = NULL;
    g_autoptr(GPtrArray) lines = allow("# a comment\n\n"
                                       "-device ich9-usb-uhci1,addr=1b\n"
                                       "  -device 'usb-host,hostbus=1' \n"
                                       "-device e1000,addr=1b",
                                       &refused);
    const ArgsRules rules = { UUID, NULL, lines };
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "-device ich9-usb-uhci1,addr=1b", "-device|ich9-usb-uhci1,addr=1b" },
        { "-device usb-host,hostbus=1 -device vgpu-stub",
          "-device|usb-host,hostbus=1|-device|vgpu-stub,addr=1e" },
        { "-device \"ich9-usb-uhci1,addr=1b\"",
          "-device|ich9-usb-uhci1,addr=1b" },
        /* Word by word. */
        { "-device ich9-usb-uhci1,addr=1c", NULL },
        { "-device ich9-usb-uhci1", NULL },
        { "-device ich9-usb-uhci1,addr=1b,romfile=x", NULL },
        { "a comment", NULL },
        /* What one has taken is taken; and each line counts once. */
        { "-device ich9-usb-uhci1,addr=1b -device vgpu-stub,addr=1b", NULL },
        { "-device vgpu-stub,addr=1b -device ich9-usb-uhci1,addr=1b", NULL },
        { "-device ich9-usb-uhci1,addr=1b -device e1000,addr=1b", NULL },
        { "-device usb-host,hostbus=1 -device usb-host,hostbus=1", NULL },
    };
    size_t i;

    g_assert_cmpstr(refused, ==, NULL);
    g_assert_cmpuint(lines->len, ==, 3);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;
        g_autofree char *words = check(cases[i].text, &rules, &why);

        g_assert_cmpstr(words, ==, cases[i].words);
    }
}

static void test_never_allowed(void)
{
    static const char *const never[] = {
        "-priv",
        "--priv",
        "-no-hpet",
        "-sandbox off",
        "-runas root",
        "-chroot /",
        "-run-with chroot=/",
        "-xen-domid 0",
        "--syslog",
        "-loadvm /x",
        "-incoming fd:3",
        "@/etc/x",
        "-machine pc",
        "-daemonize",
        "-serial tcp:1.2.3.4:5",
        "-serial file:/x",
        "-chardev file,id=a,path=/x",
        "-netdev tap,fd=3",
        "-readconfig /x",
        "-global vgpu-stub.romfile=/x",
        "-set device.x.romfile=/y",
        "-qmp tcp::1,server",
        "-monitor stdio",
        "-M pc",
        "-accel kvm",
        "-drive file=/x",
        "-object rng-random,id=a",
        "-device vgpu-stub,addr=1b",
        "-device vgpu-stub,romfile=/x",
        "-device driver=vgpu-stub,romfile=/x,addr=1b",
        "-device e1000,driver=vgpu-stub,addr=1b",
        "-device {\"driver\":\"e1000\",\"addr\":\"1b\"}",
        "-device e1000,romfile=/etc/shadow,addr=1b",
        "-device e1000,,addr=1b",
        /* Without a slot of its own it would lie somewhere. */
        "-device e1000",
        "-device e1000,addr=5",
        "-device",
        "-device e1000,addr=1b x",
        "no-dash",
        "-a 'open",
        "-a \001",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(never); i++) {
        g_autofree char *refused = NULL;
        g_autoptr(GPtrArray) lines = allow(never[i], &refused);

        g_assert_cmpuint(lines->len, ==, 0);
        g_assert_cmpstr(refused, ==, never[i]);
    }
}

/* ---- Wrappers that read the key ------------------------------------------------------- */

static void test_wrapper(void)
{
    static const struct {
        const char *text;
        bool reads;
    } cases[] = {
        { "x = xenstore_read(\"/local/domain/%d/platform/device-model-args\")",
          true },
        { "x = read('/local/domain/%d/platform/device_model_args' % domid)",
          true },
        { "x = xenstore_read(p + \"/device-model-args\")", true },
        { "key = 'device_model_args'\nread(p + key)", true },
        /* Comments, what vgpuctl's own edit says, and the stock wrapper's path. */
        { "  # reads /platform/device-model-args", false },
        { "# What the VM's device-model-args add to QEMU's command line.",
          false },
        { "x = \"/local/domain/%d/platform/device-model\" % domid", false },
        { "", false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(args_wrapper_reads_key(cases[i].text) == cases[i].reads);
    }
}

/* ---- The device's word ---------------------------------------------------------------- */

static void test_device(void)
{
    ArgsDevice device = ARGS_DEVICE_INIT;
    g_autofree char *text = NULL;
    g_autofree char *why = NULL;

    g_assert_true(args_device_parse(
        &device,
        "vgpu-stub,vm_id=7,addr=0x1c,chardev=vgpu0,priority=low,pool_id=B,"
        "queues=3",
        &why));
    g_assert_cmpstr(device.pool_id, ==, "B");
    g_assert_cmpstr(device.priority, ==, "low");
    g_assert_cmpint(device.vm_id, ==, 7);
    g_assert_cmpint(device.slot, ==, 0x1c);
    g_assert_cmpint(device.queues, ==, 3);
    g_assert_cmpstr(device.chardev, ==, "vgpu0");
    text = args_device_text(&device);
    g_assert_cmpstr(text, ==,
                    "vgpu-stub,pool_id=B,priority=low,vm_id=7,queues=3,"
                    "chardev=vgpu0,addr=1c");
    args_device_clear(&device);
    g_assert_cmpint(device.vm_id, ==, -1);
    g_assert_cmpint(device.queues, ==, -1);
    g_assert_null(device.chardev);
    g_assert_cmpint(device.slot, ==, -1);
    g_free(text);
    text = args_device_text(&device);
    g_assert_cmpstr(text, ==, "vgpu-stub");
}

static void test_join(void)
{
    static const char *const words[] = { "-device", "a b",           "",
                                         "it's",    "\"$x\"",        "\\",
                                         "#",       "vgpu-stub,a=b", NULL };
    g_autofree char *text = args_join((char *const *)words);
    g_autofree char *why = NULL;
    g_auto(GStrv) again = args_split(text, strlen(text), &why);
    size_t i;

    g_assert_nonnull(again);
    for (i = 0; words[i]; i++) {
        g_assert_cmpstr(again[i], ==, words[i]);
    }
    g_assert_null(again[i]);
    g_assert_true(g_str_has_prefix(text, "-device 'a b' "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/args/passes", test_passes);
    g_test_add_func("/args/refusals", test_refusals);
    g_test_add_func("/args/length", test_length);
    g_test_add_func("/args/nul", test_nul);
    g_test_add_func("/args/command-line", test_command_line);
    g_test_add_func("/args/unknown-uuid", test_unknown_uuid);
    g_test_add_func("/args/allowed", test_allowed);
    g_test_add_func("/args/never-allowed", test_never_allowed);
    g_test_add_func("/args/wrapper", test_wrapper);
    g_test_add_func("/args/device", test_device);
    g_test_add_func("/args/join", test_join);
    return g_test_run();
}
