/* SPDX-License-Identifier: MIT */
#include "guest/guest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/qemu.h"

/* A boot takes 3 s under TCG on an idle machine, UEFI 20 s; these limits are
 * for a loaded one. */
#define TIMEOUT_S 120

static const char *environment(const char *name, const char *by_default)
{
    const char *value = g_getenv(name);

    return value && *value ? value : by_default;
}

static char *image_file(const char *name)
{
    return g_build_filename(environment("VGPU_GUEST", "build/guest/amd64"),
                            name, NULL);
}

const char *guest_missing(void)
{
    g_autofree char *kernel = image_file("vmlinuz");
    g_autofree char *initrd = image_file("initrd");

    if (access(qemu_binary(), X_OK) != 0) {
        return "no QEMU to run (see $VGPU_QEMU); `make demo` builds one";
    }
    if (access(kernel, R_OK) != 0 || access(initrd, R_OK) != 0) {
        return "no guest image in $VGPU_GUEST; `make demo` makes one";
    }
    return NULL;
}

/*
 * nokaslr: newer kernels hang now and then under TCG without it. The machine
 * must not restart: a guest that panics ends.
 */
static char **command_line(const GuestBoot *boot, const char *job)
{
    GPtrArray *argv = g_ptr_array_new();
    g_autofree char *kernel = image_file("vmlinuz");
    g_autofree char *initrd = image_file("initrd");
    /* clang-format off */
    const char *const fixed[] = {
        qemu_binary(), "-accel", environment("VGPU_ACCEL", "tcg"),
        "-M", boot->machine, "-m", "256", "-nodefaults", "-no-reboot",
        "-display", "none", "-vga", "none", "-chardev",
        "stdio,id=console,signal=off", "-serial", "chardev:console",
        "-kernel", kernel, "-initrd", initrd, "-device", boot->device,
    };
    /* clang-format on */
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(fixed); i++) {
        g_ptr_array_add(argv, g_strdup(fixed[i]));
    }
    if (boot->firmware) {
        g_ptr_array_add(argv, g_strdup("-bios"));
        g_ptr_array_add(argv, g_strdup(boot->firmware));
    }
    g_ptr_array_add(argv, g_strdup("-append"));
    g_ptr_array_add(
        argv,
        g_strdup_printf("console=ttyS0 quiet panic=-1 nokaslr vgpu=%s", job));
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}

int guest_exec_shell(const GuestBoot *boot)
{
    g_auto(GStrv) argv = command_line(boot, "shell");

    execvp(argv[0], argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    return 1;
}

/* ---- Running it to its end ----------------------------------------------- */

static double seconds_since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

/* Everything that comes from fd until its end or the deadline. */
static bool read_console(GuestReport *report, int fd, gint64 start,
                         unsigned timeout_s)
{
    GString *text = g_string_new(NULL);
    bool ended = false;

    while (!ended && seconds_since(start) < timeout_s) {
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        char chunk[4096];
        ssize_t n;

        if (poll(&pfd, 1, 200) <= 0) {
            continue;
        }
        n = read(fd, chunk, sizeof(chunk));
        ended = n <= 0;
        if (!ended) {
            g_string_append_len(text, chunk, n);
        }
        if (report->ready_s == 0 && strstr(text->str, "@@ ready")) {
            report->ready_s = seconds_since(start);
        }
    }
    report->console = g_string_free(text, FALSE);
    return ended;
}

static void split_sections(GuestReport *report)
{
    g_auto(GStrv) lines = g_strsplit(report->console, "\n", -1);
    g_autoptr(GString) text = NULL;
    g_autofree char *name = NULL;
    size_t i;

    report->sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                             g_free);
    for (i = 0; lines[i]; i++) {
        char *line = g_strchomp(lines[i]);

        if (g_str_has_prefix(line, "@@ ")) {
            if (name) {
                g_hash_table_insert(
                    report->sections, g_steal_pointer(&name),
                    g_string_free(g_steal_pointer(&text), FALSE));
            }
            name = g_strdup(line + strlen("@@ "));
            text = g_string_new(NULL);
        } else if (text && *line) {
            g_string_append_printf(text, "%s\n", line);
        }
    }
    if (name) {
        g_hash_table_insert(report->sections, g_steal_pointer(&name),
                            g_string_free(g_steal_pointer(&text), FALSE));
    }
}

static GPid spawn(char **argv, int *console)
{
    int output[2];
    GPid pid;

    g_assert_cmpint(pipe(output), ==, 0);
    pid = fork();
    if (pid == 0) {
        int input[2];

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* An open, silent standard input: at its end QEMU's console would
         * close. */
        if (pipe(input) < 0 || dup2(input[0], STDIN_FILENO) < 0 ||
            dup2(output[1], STDOUT_FILENO) < 0 ||
            dup2(output[1], STDERR_FILENO) < 0) {
            _exit(127);
        }
        close(output[0]);
        close(output[1]);
        execvp(argv[0], argv);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    g_assert_cmpint(pid, >, 0);
    close(output[1]);
    *console = output[0];
    return pid;
}

void guest_report_read(GuestReport *report, char *console)
{
    memset(report, 0, sizeof(*report));
    report->console = console;
    split_sections(report);
}

void guest_check(GuestReport *report, const GuestBoot *boot)
{
    g_auto(GStrv) argv = command_line(boot, "check");
    gint64 start = g_get_monotonic_time();
    int console, status;
    GPid pid;

    memset(report, 0, sizeof(*report));
    pid = spawn(argv, &console);
    if (!read_console(report, console, start, TIMEOUT_S)) {
        report->failure = g_strdup_printf("no end after %u s", TIMEOUT_S);
        kill(pid, SIGKILL);
    }
    close(console);
    waitpid(pid, &status, 0);
    report->seconds = seconds_since(start);
    split_sections(report);
    if (!report->failure && status != 0) {
        report->failure = g_strdup_printf("QEMU ended with wait status 0x%x",
                                          status);
    }
    if (!report->failure && !g_hash_table_contains(report->sections, "end")) {
        report->failure = g_strdup(
            report->ready_s > 0 ? "the guest stopped before its last line"
                                : "the guest's first process never ran");
    }
}

void guest_report_clear(GuestReport *report)
{
    g_free(report->console);
    g_free(report->failure);
    g_hash_table_unref(report->sections);
    memset(report, 0, sizeof(*report));
}

const char *guest_section(const GuestReport *report, const char *name)
{
    const char *text = g_hash_table_lookup(report->sections, name);

    return text ? text : "";
}
