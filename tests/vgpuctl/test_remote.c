/* SPDX-License-Identifier: MIT */
/*
 * What vgpuctl takes from machines that it does not trust: a guest, another
 * host, ssh. The ids are those of docs/specification.md.
 */
#include <glib.h>
#include <string.h>

#include "doctor-report.h"
#include "remote.h"
#include "verify-guest.h"

/* ---- Text -------------------------------------------------------------------------- */

static void test_shown(void)
{
    static const struct {
        const char *text;
        size_t limit;
        const char *shown;
    } cases[] = {
        { "-device vgpu-stub", 100, "-device vgpu-stub" },
        { "red \033[31m bell \a", 100, "red \\x1b[31m bell \\x07" },
        { "\303\244", 100, "\303\244" },
        { "\303", 100, "\\xc3" },
        { "\377\376", 100, "\\xff\\xfe" },
        /* A mark that turns the line around. */
        { "a\342\200\256b", 100, "a\\xe2\\x80\\xaeb" },
        { "line\nline", 100, "line\\x0aline" },
        { "0123456789", 10, "0123456789" },
        { "0123456789a", 10, "0123456789..." },
        { "", 10, "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shown = remote_shown(cases[i].text, cases[i].limit);

        g_assert_cmpstr(shown, ==, cases[i].shown);
    }
}

static void test_destination(void)
{
    static const char *const good[] = { "guest", "root@192.0.2.7",
                                        "user@fe80::1%eth0", "a-b_c.example",
                                        "root@[2001:db8::1]" };
    /* The first two would be options. */
    static const char *const bad[] = { "-oProxyCommand=touch /tmp/x",
                                       "-",
                                       "",
                                       "a b",
                                       "a;b",
                                       "a\nb",
                                       "$(x)",
                                       "`x`",
                                       "a'b" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_null(remote_destination_problem(good[i]));
    }
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_nonnull(remote_destination_problem(bad[i]));
    }
}

static void test_judge(void)
{
    static const struct {
        const char *printed;
        int status;
        const char *output;
        const char *why;    /* a part of it */
        const char *remedy; /* a part of it */
    } cases[] = {
        { "hello\n\nstatus 0\n", 0, "hello\n", NULL, NULL },
        { "\nstatus 5\n", 5, "", NULL, NULL },
        /* What the other side prints is not believed. */
        { "\nstatus 0\nmore\n\nstatus 3\n", 3, "\nstatus 0\nmore\n", NULL,
          NULL },
        { "much\nstatus 0\nmore", -1, "", "longer than", "by hand" },
        { "", -1, "", "longer than", "by hand" },
        { "x\n\nstatus 124\n", -1, "x\n", "in time", "waits" },
        { "timeout: failed to run command 'ssh': No such file or directory\n"
          "\nstatus 127\n",
          -1, NULL, "no program ssh", "openssh" },
        { "bash: vgpuctl: command not found\n\nstatus 127\n", 127, NULL, NULL,
          NULL },
        { "user@h: Permission denied (publickey).\n\nstatus 255\n", -1, NULL,
          "Permission denied (publickey).", "authorized_keys" },
        { "No ED25519 host key is known for h.\nHost key verification failed."
          "\n\nstatus 255\n",
          -1, NULL, "Host key verification failed.", "fingerprint" },
        { "ssh: connect to host h port 22: Connection timed out\n\n"
          "status 255\n",
          -1, NULL, "Connection timed out", "address" },
        { "\nstatus 255\n", -1, NULL, "does not say why", "-v" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Remote) remote = g_new0(Remote, 1);

        remote_judge(remote, cases[i].printed, 1000);
        g_assert_cmpint(remote->status, ==, cases[i].status);
        if (cases[i].output) {
            g_assert_cmpstr(remote->output, ==, cases[i].output);
        }
        if (cases[i].why) {
            g_assert_nonnull(strstr(remote->why, cases[i].why));
            g_assert_nonnull(strstr(remote->remedy, cases[i].remedy));
        } else {
            g_assert_null(remote->why);
        }
    }
}

/* ---- The guest ----------------------------------------------------------------------- */

#define DEVICE(class, sub, first, last, flags)                           \
    "vgpu-device 0000:00:1e.0 " class " 0x1af4 " sub " 0x00000000" first \
                                      " 0x00000000" last                 \
                                      " 0x00000000000" flags "\n"
#define GOOD DEVICE("0x120000", "0x0001", "febf1000", "febf1fff", "40200")

static void test_guest(void)
{
    static const struct {
        const char *output;
        const char *problem; /* a part of it; NULL: none */
        const char *remedy;
    } cases[] = {
        { "Welcome!\nvgpu-sysfs\n" GOOD "vgpu-lspci 00:1e.0 1200: 1af4:1111 "
          "(rev 01)\nvgpu-end\n",
          NULL, NULL },
        { "vgpu-sysfs\n" GOOD, "did not answer", "by hand" },
        { "vgpu-end\n", "no /sys/bus/pci/devices", "Linux" },
        { "vgpu-sysfs\nvgpu-end\n", "no PCI device 1af4:1111",
          "/sys/bus/pci/rescan" },
        { "vgpu-sysfs\n" GOOD GOOD "vgpu-end\n", "has 2 of the device",
          "detach" },
        { "vgpu-sysfs\n" DEVICE("0x000000", "0x0001", "febf1000", "febf1fff",
                                "40200") "vgpu-end\n",
          "class 0x000000 instead of 0x120000: its QEMU was built with "
          "class_id = 0x120000, and without -Werror",
          "install" },
        { "vgpu-sysfs\n" DEVICE("0x030000", "0x0001", "febf1000", "febf1fff",
                                "40200") "vgpu-end\n",
          "class 0x030000 instead of 0x120000", "install" },
        { "vgpu-sysfs\n" DEVICE("0x120000", "0x1100", "febf1000", "febf1fff",
                                "40200") "vgpu-end\n",
          "subsystem 1af4:1100 instead of 1af4:0001", "install" },
        { "vgpu-sysfs\n" DEVICE("0x120000", "0x0001", "00000000", "00000000",
                                "00000") "vgpu-end\n",
          "no address for BAR 0", "dmesg" },
        { "vgpu-sysfs\n" DEVICE("0x120000", "0x0001", "febf0000", "febf1fff",
                                "40200") "vgpu-end\n",
          "BAR 0 of 8192 bytes", "install" },
        { "vgpu-sysfs\n" DEVICE("0x120000", "0x0001", "0000c000", "0000cfff",
                                "40101") "vgpu-end\n",
          "of ports", "install" },
        /* Lines that are no such lines are none. */
        { "vgpu-sysfs\nvgpu-device 0000:00:1e.0\nvgpu-device a b c d e f g\n"
          "vgpu-device ../../x 0x120000 0x1af4 0x0001 0x1 0x2 0x3\n"
          "vgpu-device 0000:00:1e.0 0x120000 0x1af4 0x0001 0x1 0x2 "
          "0x12345678123456789\nvgpu-end\n",
          "no PCI device 1af4:1111", "rescan" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Guest) guest = guest_parse(cases[i].output);
        const char *remedy = NULL;
        g_autofree char *problem = guest_problem(guest, &remedy);

        if (!cases[i].problem) {
            g_assert_null(problem);
            continue;
        }
        g_assert_nonnull(problem);
        if (!strstr(problem, cases[i].problem)) {
            g_error("'%s' has no '%s'", problem, cases[i].problem);
        }
        g_assert_nonnull(strstr(remedy, cases[i].remedy));
    }
}

static void test_guest_facts(void)
{
    g_autoptr(Guest) guest = guest_parse(
        "vgpu-sysfs\r\n" GOOD
        "vgpu-lspci 00:1e.0 1200: 1af4:1111 \033[31m(rev 01)\nvgpu-end\n");
    const GuestDevice *device = guest->devices->pdata[0];

    g_assert_cmpstr(device->slot, ==, "0000:00:1e.0");
    g_assert_cmpuint(device->class, ==, 0x120000);
    g_assert_cmpuint(device->bar, ==, 0xfebf1000);
    g_assert_cmpuint(device->bar_size, ==, 0x1000);
    g_assert_true(device->bar_is_memory);
    g_assert_cmpstr(guest->lspci, ==,
                    "00:1e.0 1200: 1af4:1111 \\x1b[31m(rev 01)");
}

/* The question itself, to this machine: it has no such device. */
static void test_guest_command(void)
{
    const char *argv[] = { "sh", "-c", guest_command, NULL };
    g_autofree char *output = NULL;
    g_autoptr(Guest) guest = NULL;
    int status = -1;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, &output, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    guest = guest_parse(output);
    g_assert_true(guest->finished);
    g_assert_cmpint(guest->has_sysfs, ==,
                    g_file_test("/sys/bus/pci/devices", G_FILE_TEST_IS_DIR));
    g_assert_cmpuint(guest->devices->len, ==, 0);
}

/* ---- Another host's doctor ------------------------------------------------------------ */

#define CHECK(outcome)                                                    \
    "{\"title\": \"a title\", \"outcome\": \"" outcome "\", \"detail\": " \
    "\"d\"}"
#define REPORT(checks, values) \
    "{\"verb\": \"doctor\", \"checks\": [" checks "], \"values\": " values "}"

static void test_report(void)
{
    static const char text[] = "some library: a warning\n" REPORT(
        "{\"title\": \"t \\u001b[31m\", \"outcome\": \"problem\", "
        "\"detail\": \"d\", \"remedy\": \"r\"}," CHECK("ok"),
        "{\"vgpuctl\": \"1.0\", \"qemu_package\": \"qemu-1\"}");
    g_autofree char *why = NULL;
    g_autoptr(DoctorReport) report = doctor_report_parse(text, &why);
    const DoctorReportCheck *check;

    g_assert_nonnull(report);
    g_assert_cmpuint(report->checks->len, ==, 2);
    check = report->checks->pdata[0];
    g_assert_cmpstr(check->outcome, ==, "problem");
    g_assert_cmpstr(check->title, ==, "t \\x1b[31m");
    g_assert_cmpstr(check->remedy, ==, "r");
    check = report->checks->pdata[1];
    g_assert_cmpstr(check->outcome, ==, "ok");
    g_assert_null(check->remedy);
    g_assert_cmpstr(report->version, ==, "1.0");
    g_assert_cmpstr(report->package, ==, "qemu-1");
}

static void test_report_refused(void)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        { "", "does not print a report" },
        { "bash: no\n", "does not print a report: bash: no" },
        { "{", "no JSON" },
        { "{\"verb\": \"doctor\"", "no JSON" },
        { "{\"a\":[[[[[[[[[[1]]]]]]]]]]}", "no JSON" },
        { "{}", "no report" },
        { "{\"verb\": \"doctor\"}", "no report" },
        { "{\"verb\": 5, \"checks\": []}", "no report" },
        { "{\"verb\": \"doctor\", \"checks\": {}}", "no report" },
        { REPORT("", "{}"), "no report" },
        { REPORT("5", "{}"), "no report" },
        { REPORT("{}", "{}"), "no report" },
        { REPORT("{\"outcome\": \"ok\"}", "{}"), "no report" },
        { REPORT(CHECK("fine"), "{}"), "no report" },
        { "{\"verb\": \"install\", \"checks\": [" CHECK("ok") "]}",
          "no report" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;

        g_assert_null(doctor_report_parse(cases[i].text, &why));
        g_assert_nonnull(why);
        if (!strstr(why, cases[i].why)) {
            g_error("'%s' for '%s'", why, cases[i].text);
        }
    }
}

/* What does not matter may be anything. */
static void test_report_values(void)
{
    static const char *const values[] = { "{}", "[]", "null", "5",
                                          "{\"vgpuctl\": {}}" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *text = g_strdup_printf(REPORT(CHECK("ok"), "%s"),
                                                values[i]);
        g_autofree char *why = NULL;
        g_autoptr(DoctorReport) report = doctor_report_parse(text, &why);

        g_assert_nonnull(report);
        g_assert_cmpstr(report->version, ==, "");
        g_assert_cmpstr(report->package, ==, "");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vgpuctl/remote/shown", test_shown);
    g_test_add_func("/vgpuctl/remote/destination", test_destination);
    g_test_add_func("/vgpuctl/remote/judge", test_judge);
    g_test_add_func("/vgpuctl/guest/judged", test_guest);
    g_test_add_func("/vgpuctl/guest/facts", test_guest_facts);
    g_test_add_func("/vgpuctl/guest/command", test_guest_command);
    g_test_add_func("/vgpuctl/report/read", test_report);
    g_test_add_func("/vgpuctl/report/refused", test_report_refused);
    g_test_add_func("/vgpuctl/report/values", test_report_values);
    return g_test_run();
}
