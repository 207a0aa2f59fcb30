/* SPDX-License-Identifier: MIT */
/*
 * What vgpuctl finds out about a running domain, and what it reads in
 * daemon.log. xenstore-read is a stand-in here; tests/vgpuctl/test_verify.sh has
 * the real one.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemonlog.h"
#include "device-words.h"
#include "domain.h"
#include "report.h"
#include "shim/paths.h"

#define VM "22222222-0000-4000-8000-000000000000"

/* ---- Texts ------------------------------------------------------------------------- */

static void test_cmdline(void)
{
    static const char data[] = "qemu-dm-5\0-device\0\0vgpu-stub";
    g_auto(GStrv) words = domain_parse_cmdline(data, sizeof(data));
    g_auto(GStrv) cut = domain_parse_cmdline(data, sizeof(data) - 4);
    g_auto(GStrv) none = domain_parse_cmdline("", 0);

    g_assert_cmpuint(g_strv_length(words), ==, 4);
    g_assert_cmpstr(words[0], ==, "qemu-dm-5");
    g_assert_cmpstr(words[2], ==, "");
    g_assert_cmpstr(words[3], ==, "vgpu-stub");
    g_assert_cmpstr(cut[3], ==, "vgpu-s");
    g_assert_null(none[0]);
}

static void test_pid(void)
{
    static const struct {
        const char *text;
        pid_t pid;
    } cases[] = {
        { "1", 1 },    { "4194304", 4194304 }, { "12345678", 0 }, { "", 0 },
        { "-1", 0 },   { "12 ", 0 },           { "12\n", 0 },     { "0x12", 0 },
        { "self", 0 }, { "../../etc", 0 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(domain_parse_pid(cases[i].text), ==, cases[i].pid);
    }
}

/* As the xenstore-read of Xen 4.17 has been seen to escape each byte. */
static void test_unescape(void)
{
    static const struct {
        const char *printed;
        const char *text;
    } cases[] = {
        { "-device vgpu-stub", "-device vgpu-stub" },
        { "a\\\\b", "a\\b" },
        { "tab\\tline\\nend\\r", "tab\tline\nend\r" },
        { "\\xc3\\xa4", "\303\244" },
        { "\\x1b[31m\\0015", "\033[31m\0015" },
        { "\\xg", "xg" },
        { "\\x0", "x0" },
        { "cut\\", "cut\\" },
        { "\\12", "12" },
        { "", "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = domain_unescape(cases[i].printed);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_device(void)
{
    char *none[] = { "qemu-dm-1", "-device", "VGA", NULL };
    char *two[] = { "qemu-dm-1",           "-device", "VGA",       "-device",
                    "vgpu-stub,pool_id=A", "-device", "vgpu-stub", NULL };
    char *last[] = { "qemu-dm-1", "vgpu-stub", "-device", NULL };
    unsigned count;

    g_assert_null(device_words_find(none, &count));
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpstr(device_words_find(two, &count), ==, "vgpu-stub,pool_id=A");
    g_assert_cmpuint(count, ==, 2);
    g_assert_null(device_words_find(last, &count));
    g_assert_cmpuint(count, ==, 0);
}

/* libxl calls a QEMU by its path, and a wrapper by the domain. */
static void test_xl_qemu(void)
{
    static const struct {
        const char *argv[6];
        bool is_its;
    } cases[] = {
        { { "/usr/lib/xen/bin/qemu-system-i386", "-xen-domid", "5", "-S" },
          true },
        { { "qemu-dm-5", "-S" }, true },
        { { "/usr/bin/qemu", "-no-shutdown", "-xen-domid", "5" }, true },
        { { "qemu-dm-5" }, true },
        { { "/usr/bin/qemu", "-xen-domid", "51" }, false },
        { { "/usr/bin/qemu", "-xen-domid", "4" }, false },
        { { "qemu-dm-51", "-S" }, false },
        { { "qemu-dm-51", "qemu-dm-5" }, false },
        { { "/usr/bin/qemu", "-xen-domid" }, false },
        { { "/usr/bin/qemu", "-xen-domid", "-S", "5" }, false },
        { { "/usr/bin/qemu", "-xen-domid=5" }, false },
        { { "/usr/bin/qemu", "5", "-S" }, false },
        { { "-xen-domid", "5" }, false },
        /* libxl's comes first; what another names so is no option. */
        { { "qemu", "-xen-domid", "4", "-xen-domid", "5" }, false },
        { { NULL }, false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (domain_is_xl_qemu((char *const *)cases[i].argv, 5) !=
            cases[i].is_its) {
            g_error("case %zu: not %d", i, cases[i].is_its);
        }
    }
}

static void test_xl_words(void)
{
    static const char *const good[] = { "web",   "web, staging", "5",  "0",
                                        "32751", "5a",           "a-1" };
    static const char *const bad[] = { "",    "-5",          "../1",  "a/b",
                                       "a\n", "\033[31mweb", "123456" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_cmpstr(domain_xl_problem(good[i]), ==, NULL);
    }
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_nonnull(domain_xl_problem(bad[i]));
    }
}

/* ---- A domain ---------------------------------------------------------------------- */

typedef struct Fixture {
    char *directory; /* the root, and what PATH begins with */
    char *path;      /* PATH as it was */
    Options options;
    pid_t child;
} Fixture;

/* A stand-in for xenstore-read: a key is a file named by its last part. */
static const char xenstore_read[] =
    "#!/bin/sh\n"
    "# A stand-in for xenstore-read.\n"
    "cd \"${0%/*}/keys\" || exit 1\n"
    "[ ! -e hangs ] || exec sleep 60\n"
    "[ ! -e down ] || { echo 'xenstore-read: xs_open: Connection refused' >&2;"
    " exit 1; }\n"
    "[ -e \"${1##*/}\" ] || { echo \"xenstore-read: couldn't read path $1\" "
    ">&2; exit 1; }\n"
    "cat \"${1##*/}\"\n";

static void put(Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->directory, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void take(Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->directory, name, NULL);

    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* A process that goes by a QEMU's name. */
static pid_t start_as(const char *name)
{
    pid_t pid = fork();

    if (pid == 0) {
        execl("/bin/sleep", name, "60", (char *)NULL);
        _exit(127);
    }
    g_assert_cmpint(pid, >, 0);
    /* Until it is sleep, it has this program's command line. */
    for (;;) {
        g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        if (strcmp(text, name) == 0) {
            return pid;
        }
        g_usleep(1000);
    }
}

static void end(Fixture *fixture)
{
    if (fixture->child) {
        kill(fixture->child, SIGKILL);
        g_assert_cmpint(waitpid(fixture->child, NULL, 0), ==, fixture->child);
        fixture->child = 0;
    }
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autofree char *keys = NULL;
    g_autofree char *path = NULL;
    g_autofree char *pid = NULL;
    g_autofree char *program = NULL;

    (void)data;
    fixture->directory = g_dir_make_tmp("test-domain-XXXXXX", NULL);
    fixture->options.root = fixture->directory;
    fixture->path = g_strdup(g_getenv("PATH"));
    path = g_strconcat(fixture->directory, ":", fixture->path, NULL);
    g_setenv("PATH", path, TRUE);
    keys = g_build_filename(fixture->directory, "keys", NULL);
    g_assert_cmpint(g_mkdir(keys, 0700), ==, 0);
    put(fixture, "xenstore-read", xenstore_read);
    program = g_build_filename(fixture->directory, "xenstore-read", NULL);
    g_assert_cmpint(g_chmod(program, 0755), ==, 0);
    fixture->child = start_as("qemu-dm-5");
    pid = g_strdup_printf("%d\n", (int)fixture->child);
    put(fixture, "keys/vm", "/vm/" VM "\n");
    put(fixture, "keys/qemu-pid", pid);
    put(fixture, "keys/" ARGS_KEY, "-device vgpu-stub\n");
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    const char *argv[] = { "rm", "-r", fixture->directory, NULL };

    (void)data;
    end(fixture);
    g_setenv("PATH", fixture->path, TRUE);
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(fixture->path);
    g_free(fixture->directory);
}

static void assert_refused(Fixture *fixture, const char *text)
{
    g_autofree char *why = NULL;

    g_assert_null(domain_of_domid(&fixture->options, VM, 5, &why));
    g_assert_nonnull(why);
    g_assert_null(strchr(why, '\n'));
    if (!strstr(why, text)) {
        g_error("'%s' has no '%s'", why, text);
    }
}

static void test_domain(Fixture *fixture, gconstpointer data)
{
    g_autofree char *why = NULL;
    g_autoptr(Domain) domain = domain_of_domid(&fixture->options, VM, 5, &why);
    g_autofree char *qmp = g_strconcat(fixture->directory,
                                       "/var/run/xen/qmp-libxl-5", NULL);
    gint64 age;

    (void)data;
    g_assert_nonnull(domain);
    g_assert_null(why);
    g_assert_cmpint(domain->pid, ==, fixture->child);
    g_assert_cmpint(domain->parent, ==, getpid());
    g_assert_cmpstr(domain->argv[0], ==, "qemu-dm-5");
    g_assert_cmpstr(domain->argv[1], ==, "60");
    g_assert_cmpstr(domain->xenstore_args, ==, "-device vgpu-stub");
    g_assert_cmpstr(domain->xenstore_key, ==, ARGS_KEY);
    g_assert_cmpstr(domain->qmp, ==, qmp);
    age = g_get_real_time() / G_USEC_PER_SEC - domain->started;
    g_assert_cmpint(age, >=, -2);
    g_assert_cmpint(age, <, 60);
}

static void test_keys(Fixture *fixture, gconstpointer data)
{
    g_autofree char *why = NULL;
    g_autoptr(Domain) other = NULL;
    g_autoptr(Domain) none = NULL;

    (void)data;
    take(fixture, "keys/" ARGS_KEY);
    none = domain_of_domid(&fixture->options, VM, 5, &why);
    g_assert_nonnull(none);
    g_assert_null(none->xenstore_args);
    put(fixture, "keys/" ARGS_KEY_OTHER, "-device x\\\\y\n");
    other = domain_of_domid(&fixture->options, VM, 5, &why);
    g_assert_nonnull(other);
    g_assert_cmpstr(other->xenstore_args, ==, "-device x\\y");
    g_assert_cmpstr(other->xenstore_key, ==, ARGS_KEY_OTHER);
}

static void test_binary(Fixture *fixture, gconstpointer data)
{
    g_autofree char *why = NULL;
    g_autofree char *directory = g_build_filename(fixture->directory,
                                                  "usr/lib64/xen/bin", NULL);
    g_autofree char *binary = g_strconcat(fixture->directory, HOST_QEMU, NULL);
    g_autoptr(Domain) domain = domain_of_domid(&fixture->options, VM, 5, &why);

    (void)data;
    g_assert_cmpint(domain_binary(&fixture->options, domain), ==,
                    DOMAIN_BINARY_UNKNOWN);
    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    put(fixture, HOST_QEMU, "another");
    g_assert_cmpint(domain_binary(&fixture->options, domain), ==,
                    DOMAIN_BINARY_REPLACED);
    take(fixture, HOST_QEMU);
    g_assert_cmpint(symlink("/bin/sleep", binary), ==, 0);
    g_assert_cmpint(domain_binary(&fixture->options, domain), ==,
                    DOMAIN_BINARY_INSTALLED);
}

static void test_refusals(Fixture *fixture, gconstpointer data)
{
    (void)data;
    put(fixture, "keys/vm", "/vm/33333333-0000-4000-8000-000000000000\n");
    assert_refused(fixture, "domain 5 of this host is of the VM 33333333-");
    take(fixture, "keys/vm");
    assert_refused(fixture, "this host has no domain 5");
    put(fixture, "keys/vm", "/vm/" VM "\n");
    put(fixture, "keys/qemu-pid", "none\n");
    assert_refused(fixture, "xenstore has 'none' as the pid");
    take(fixture, "keys/qemu-pid");
    assert_refused(fixture, "domain 5 has no QEMU");
    put(fixture, "keys/down", "");
    assert_refused(fixture, "xenstore-read fails: xenstore-read: xs_open: "
                            "Connection refused");
}

static void test_gone(Fixture *fixture, gconstpointer data)
{
    g_autofree char *pid = NULL;

    (void)data;
    end(fixture);
    assert_refused(fixture, "is gone: it has ended or crashed");
    /* Its number belongs to another now. */
    fixture->child = start_as("qemu-dm-51");
    pid = g_strdup_printf("%d\n", (int)fixture->child);
    put(fixture, "keys/qemu-pid", pid);
    assert_refused(fixture, "is qemu-dm-51, not qemu-dm-5");
}

static void test_hangs(Fixture *fixture, gconstpointer data)
{
    gint64 begin = g_get_monotonic_time();

    (void)data;
    put(fixture, "keys/hangs", "");
    assert_refused(fixture, "xenstore does not answer within 5 seconds");
    g_assert_cmpint(g_get_monotonic_time() - begin, <,
                    (gint64)9 * G_USEC_PER_SEC);
}

/* ---- A domain of xl ---------------------------------------------------------------- */

/* A process of that command line, which waits for its end. */
static void start_words(Fixture *fixture, const char *name, const char *domid)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    bool started = false;

    end(fixture);
    fixture->child = fork();
    if (fixture->child == 0) {
        execl("/bin/sh", name, "-c", "kill -STOP $$", "-xen-domid", domid,
              (char *)NULL);
        _exit(127);
    }
    g_assert_cmpint(fixture->child, >, 0);
    path = g_strdup_printf("/proc/%d/cmdline", (int)fixture->child);
    while (!started) {
        g_clear_pointer(&text, g_free);
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        started = strcmp(text, name) == 0;
        g_usleep(1000);
    }
}

static void test_xl_found(Fixture *fixture, gconstpointer data)
{
    static const char name[] = "/usr/lib/xen/bin/qemu-system-i386";
    g_autofree char *why = NULL;
    g_autofree char *pid = NULL;
    g_autofree char *own = NULL;
    g_autoptr(Domain) wrapped = domain_of_xl(&fixture->options, 5, &why);
    g_autoptr(Domain) domain = NULL;

    (void)data;
    g_assert_nonnull(wrapped);
    g_assert_cmpstr(wrapped->argv[0], ==, "qemu-dm-5");
    g_assert_cmpstr(wrapped->xenstore_args, ==, "-device vgpu-stub");
    /* libxl's own. */
    take(fixture, "keys/qemu-pid");
    start_words(fixture, name, "5");
    pid = g_strdup_printf("%d\n", (int)fixture->child);
    put(fixture, "keys/device-model-pid", pid);
    domain = domain_of_xl(&fixture->options, 5, &why);
    g_assert_nonnull(domain);
    g_assert_null(why);
    g_assert_cmpint(domain->pid, ==, fixture->child);
    g_assert_cmpstr(domain->argv[0], ==, name);
    g_assert_true(g_str_has_suffix(domain->qmp, "/var/run/xen/qmp-libxl-5"));
    /* What a wrapper has written is nearer to QEMU than what libxl has. */
    own = g_strdup_printf("%d\n", (int)getpid());
    put(fixture, "keys/qemu-pid", own);
    g_assert_null(domain_of_xl(&fixture->options, 5, &why));
    g_assert_nonnull(strstr(why, "not qemu-dm-5"));
    g_clear_pointer(&why, g_free);
    take(fixture, "keys/qemu-pid");
    take(fixture, "keys/device-model-pid");
    g_assert_null(domain_of_xl(&fixture->options, 5, &why));
    g_assert_nonnull(strstr(why, "domain 5 has no QEMU"));
}

static void test_xl_gone(Fixture *fixture, gconstpointer data)
{
    g_autofree char *why = NULL;
    g_autofree char *pid = NULL;

    (void)data;
    start_words(fixture, "/usr/lib/xen/bin/qemu-system-i386", "51");
    pid = g_strdup_printf("%d\n", (int)fixture->child);
    put(fixture, "keys/qemu-pid", pid);
    g_assert_null(domain_of_xl(&fixture->options, 5, &why));
    g_assert_nonnull(strstr(why, "is /usr/lib/xen/bin/qemu-system-i386, not "
                                 "qemu-dm-5, and has not its -xen-domid"));
}

/* A stand-in for xl that says what a file has, and exits as another has. */
static const char xl[] = "#!/bin/sh\n"
                         "# A stand-in for xl.\n"
                         "cat \"${0%/*}/keys/says\"\n"
                         "[ \"$*\" = 'domid web, staging' ] || exit 64\n"
                         "exit $(cat \"${0%/*}/keys/exits\")\n";

static void test_xl_domid(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *says;
        const char *exits;
        int domid;
        const char *why; /* NULL: none */
    } cases[] = {
        { "7\n", "0", 7, NULL },
        { "WARNING: a line of xl.conf\n12\n", "0", 12, NULL },
        { "Can't get domid of domain name 'web, staging', maybe this domain "
          "does not exist.\n",
          "1", -ESRCH, "no domain is called 'web, staging'" },
        { "xencall: error: no interface\nlibxl: error: cannot open\n", "1",
          -EIO,
          "xl domid fails: xencall: error: no interface libxl: error: cannot "
          "open" },
        { "7 8\n", "0", -EIO, "xl domid fails: 7 8" },
        { "", "0", -EIO, "xl domid fails: it ends without a word" },
        { "7\n", "1", -EIO, "xl domid fails: 7" },
    };
    g_autofree char *program = g_build_filename(fixture->directory, "xl", NULL);
    size_t i;

    (void)data;
    put(fixture, "xl", xl);
    g_assert_cmpint(g_chmod(program, 0755), ==, 0);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *remedy = NULL;
        g_autofree char *why = NULL;

        put(fixture, "keys/says", cases[i].says);
        put(fixture, "keys/exits", cases[i].exits);
        g_assert_cmpint(domain_xl_domid("web, staging", &why, &remedy), ==,
                        cases[i].domid);
        g_assert_cmpstr(why, ==, cases[i].why);
        g_assert_nonnull(remedy);
        /* A number is one, whatever xl says. */
        g_clear_pointer(&why, g_free);
        g_assert_cmpint(domain_xl_domid("5", &why, &remedy), ==, 5);
        g_assert_null(why);
    }
}

/* ---- daemon.log -------------------------------------------------------------------- */

/* 2026-11-20 13:20:00 UTC */
#define NOW ((gint64)1795180800)

static const char *find(const DaemonLog *log, int domid, pid_t pid,
                        pid_t parent, gint64 started, const char *prefix)
{
    const Domain domain = {
        .domid = domid, .pid = pid, .parent = parent, .started = started
    };

    return daemonlog_find(log, &domain, prefix);
}

static void test_log_lines(void)
{
    static const struct {
        const char *line;
        int domid; /* -1: it is none */
        pid_t pid;
        gint64 time;
        const char *text;
    } cases[] = {
        { "Nov 20 13:10:00 xcp1 qemu-dm-21[4711]: Exec: x", 21, 4711, NOW - 600,
          "Exec: x" },
        { "Nov  5 13:20:00 xcp1 qemu-dm-2[1]: a: b", 2, 1,
          NOW - (gint64)15 * 24 * 3600, "a: b" },
        /* It has no year, and cannot be in the future. */
        { "Dec 20 13:20:00 xcp1 qemu-dm-2[1]: x", 2, 1,
          NOW - (gint64)335 * 24 * 3600, "x" },
        { "2026-11-20T13:10:00+00:00 xcp1 qemu-dm-3: x", 3, 0, NOW - 600, "x" },
        { "2026-11-20T15:10:00.123456+02:00 xcp1 qemu-dm-3[5]: x", 3, 5,
          NOW - 600, "x" },
        { "2026-11-20T08:40:00-04:30 xcp1 qemu-dm-3[5]: x", 3, 5, NOW - 600,
          "x" },
        { "Nov 20 13:10:00 xcp1 forkexecd: qemu-dm-4[9]: x", 4, 9, NOW - 600,
          "x" },
        { "qemu-dm-5[9]: x", 5, 9, 0, "x" },
        /* Another's text that names one. */
        { "Nov 20 13:10:00 xcp1 sshd[1]: user said qemu-dm-6[9]: x", -1, 0, 0,
          NULL },
        { "Nov 20 13:10:00 xcp1 qemu-dm-[9]: x", -1, 0, 0, NULL },
        { "Nov 20 13:10:00 xcp1 qemu-dm-7[0]: x", -1, 0, 0, NULL },
        { "Nov 20 13:10:00 xcp1 qemu-dm-7[9: x", -1, 0, 0, NULL },
        { "Nov 20 13:10:00 xcp1 qemu-dm-12345678: x", -1, 0, 0, NULL },
        { "", -1, 0, 0, NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DaemonLog) log = daemonlog_new();
        const DaemonLine *line;

        daemonlog_add(log, cases[i].line, NOW);
        if (cases[i].domid < 0) {
            g_assert_cmpuint(log->lines->len, ==, 0);
            continue;
        }
        g_assert_cmpuint(log->lines->len, ==, 1);
        line = log->lines->pdata[0];
        g_assert_cmpint(line->domid, ==, cases[i].domid);
        g_assert_cmpint(line->pid, ==, cases[i].pid);
        g_assert_cmpint(line->time, ==, cases[i].time);
        g_assert_cmpstr(line->text, ==, cases[i].text);
    }
}

static void test_log_find(void)
{
    static const char *const lines[] = {
        /* An earlier boot of the host: the same domid, even the same pid. */
        "Nov 19 10:00:00 xcp1 qemu-dm-2[500]: vgpu: from yesterday",
        "Nov 20 13:00:00 xcp1 qemu-dm-21[600]: vgpu: of 21",
        "Nov 20 13:00:01 xcp1 qemu-dm-2[500]: Adding a",
        "Nov 20 13:00:02 xcp1 qemu-dm-2[501]: Exec: b",
        "Nov 20 13:05:00 xcp1 qemu-dm-2[700]: vgpu: of a later one",
    };
    g_autoptr(DaemonLog) log = daemonlog_new();
    const gint64 started = NOW - 1199;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lines); i++) {
        daemonlog_add(log, lines[i], NOW);
    }
    g_assert_cmpstr(find(log, 2, 501, 500, started, "Adding "), ==, "Adding a");
    g_assert_cmpstr(find(log, 2, 501, 500, started, "Exec: "), ==, "Exec: b");
    g_assert_null(find(log, 2, 501, 500, started, "vgpu: "));
    g_assert_cmpstr(find(log, 2, 700, 1, 0, "vgpu: "), ==,
                    "vgpu: of a later one");
    g_assert_cmpstr(find(log, 21, 601, 600, started, "vgpu: "), ==,
                    "vgpu: of 21");
    /* Neither pid is known: the time tells. */
    g_assert_cmpstr(find(log, 2, 90, 91, started, "Adding "), ==, "Adding a");
    g_assert_null(find(log, 2, 90, 91, started + 3600, "Adding "));
    g_assert_null(find(log, 2, 90, 91, 0, "Adding "));
    g_assert_null(find(log, 3, 500, 500, started, ""));
}

static void test_log_events(void)
{
    g_autoptr(DaemonLog) log = daemonlog_new();

    daemonlog_add(log,
                  "Nov 20 13:10:00 xcp1 qemu-dm-2[5]: TypeError: sequence "
                  "item 30: expected str instance, bytes found",
                  NOW);
    daemonlog_add(log,
                  "Nov 20 13:15:00 xcp1 xenopsd-xc: [error||5 |Async.VM."
                  "start R:1|xenops] Service_failed(service=qemu-dm,"
                  "reason=Timeout reached while starting daemon)",
                  NOW);
    /* What a VM's administrator wrote. */
    daemonlog_add(log,
                  "Nov 20 13:16:00 xcp1 qemu-dm-2[5]: Adding "
                  "['Timeout reached while starting daemon']",
                  NOW);
    g_assert_cmpint(log->type_error, ==, NOW - 600);
    g_assert_cmpint(log->timeout, ==, NOW - 300);
    g_assert_nonnull(strstr(log->timeout_line, "13:15:00"));
}

/* Of hw/pci/pci.c: what QEMU says of a saved state of another device. */
static void test_log_bad_config(void)
{
    g_autoptr(DaemonLog) log = daemonlog_new();

    daemonlog_add(log,
                  "Nov 20 13:10:00 xcp1 qemu-dm-2[5]: Exec: qemu -device "
                  "get_pci_config_device: Bad config data: i=0x10",
                  NOW);
    daemonlog_add(log,
                  "Nov 20 13:11:00 xcp1 qemu-dm-2[5]: vgpu: device-model-args: "
                  "'get_pci_config_device: Bad config data: ' is not allowed",
                  NOW);
    g_assert_null(log->bad_config_line);
    daemonlog_add(log,
                  "Nov 20 13:15:00 xcp1 qemu-dm-2[5]: qemu-dm-2: "
                  "get_pci_config_device: Bad config data: i=0x10 read: 0 "
                  "device: 4 cmask: ff wmask: 0 w1cmask:0",
                  NOW);
    g_assert_cmpint(log->bad_config, ==, NOW - 300);
    g_assert_nonnull(strstr(log->bad_config_line, "13:15:00"));
}

/* A start is one whose QEMU was given the device, and not probe's. */
static void test_log_starts(void)
{
    g_autoptr(DaemonLog) log = daemonlog_new();

    daemonlog_add(log, "Nov 20 13:10:00 xcp1 qemu-dm-2[5]: Exec: vgpu-stub",
                  NOW);
    daemonlog_add(log,
                  "Nov 20 13:10:00 xcp1 qemu-dm-2[5]: " DAEMONLOG_ADDING
                  "['-device', 'ich9-usb-ehci1,addr=1d']",
                  NOW);
    g_assert_cmpuint(log->starts, ==, 0);
    daemonlog_add(log,
                  "Nov 20 13:11:00 xcp1 qemu-dm-3[6]: " DAEMONLOG_ADDING
                  "['-device', 'vgpu-stub,addr=1e']",
                  NOW);
    g_assert_cmpuint(log->starts, ==, 1);
}

/* The newest part of a log that is larger than that. */
static void test_log_tail(Fixture *fixture, gconstpointer data)
{
    g_autofree char *why = NULL;
    g_autoptr(DaemonLog) none = daemonlog_read(&fixture->options, &why);
    g_autoptr(DaemonLog) log = NULL;
    GString *text = g_string_new("Nov 20 13:10:00 xcp1 qemu-dm-1[5]: first\n");
    g_autofree char *directory = g_build_filename(fixture->directory, "var/log",
                                                  NULL);

    (void)data;
    g_assert_nonnull(strstr(why, "No such file"));
    g_assert_cmpuint(none->lines->len, ==, 0);
    g_clear_pointer(&why, g_free);
    while (text->len < (gsize)5 * 1024 * 1024) {
        g_string_append(text, "Nov 20 13:10:00 xcp1 sshd[1]: something that "
                              "does not matter\n");
    }
    g_string_append(text, "Nov 20 13:10:00 xcp1 qemu-dm-1[5]: last");
    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    put(fixture, HOST_DAEMON_LOG, text->str);
    log = daemonlog_read(&fixture->options, &why);
    g_assert_null(why);
    g_assert_cmpuint(log->lines->len, ==, 1);
    g_assert_cmpstr(((const DaemonLine *)log->lines->pdata[0])->text, ==,
                    "last");
    g_string_free(text, TRUE);
}

#define ADD(name, function)                                              \
    g_test_add("/vgpuctl/domain/" name, Fixture, NULL, set_up, function, \
               tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_setenv("TZ", "UTC", TRUE);
    tzset();
    report_begin("test", false, true);
    g_test_add_func("/vgpuctl/domain/cmdline", test_cmdline);
    g_test_add_func("/vgpuctl/domain/pid", test_pid);
    g_test_add_func("/vgpuctl/domain/unescape", test_unescape);
    g_test_add_func("/vgpuctl/domain/device", test_device);
    g_test_add_func("/vgpuctl/domain/xl/qemu", test_xl_qemu);
    g_test_add_func("/vgpuctl/domain/xl/words", test_xl_words);
    ADD("found", test_domain);
    ADD("keys", test_keys);
    ADD("binary", test_binary);
    ADD("refusals", test_refusals);
    ADD("gone", test_gone);
    ADD("hangs", test_hangs);
    ADD("xl/found", test_xl_found);
    ADD("xl/gone", test_xl_gone);
    ADD("xl/domid", test_xl_domid);
    g_test_add_func("/vgpuctl/daemonlog/lines", test_log_lines);
    g_test_add_func("/vgpuctl/daemonlog/find", test_log_find);
    g_test_add_func("/vgpuctl/daemonlog/events", test_log_events);
    g_test_add_func("/vgpuctl/daemonlog/bad-config", test_log_bad_config);
    g_test_add_func("/vgpuctl/daemonlog/starts", test_log_starts);
    g_test_add("/vgpuctl/daemonlog/tail", Fixture, NULL, set_up, test_log_tail,
               tear_down);
    return g_test_run();
}
