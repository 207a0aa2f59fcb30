/* SPDX-License-Identifier: MIT */
/*
 * The shim qemu-wrapper against its calling protocol: whatever becomes of
 * qemu-args, it turns into the stock wrapper within a second, as the same
 * process, with the same environment, descriptors and signals, and with the
 * words that qemu-args has given and no others. What the stock wrapper sees of
 * a direct call is compared with what it sees through the shim.
 *
 * Usage: test_shim QEMU-WRAPPER STOCK [GTest's options]
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOCK "/usr/lib64/xen/bin/qemu-wrapper"
#define ARGS  "/usr/libexec/vgpu/qemu-args"

static const char *shim, *stock;

typedef struct Host {
    char *root;
    gint64 began, ended; /* of the last call, in microseconds */
    int status;
    char *output; /* what went to stdout */
    char *call;   /* what the stock wrapper has seen; NULL: it did not run */
} Host;

/* What a test does to the process before it becomes the wrapper. */
typedef void (*Prepare)(void);

static char *path_in(const Host *host, const char *path)
{
    return g_strconcat(host->root, path, NULL);
}

static void set_up(Host *host, gconstpointer unused)
{
    g_autofree char *wrapper = NULL;
    g_autofree char *args = NULL;
    g_autofree char *text = NULL;
    gsize length;

    (void)unused;
    memset(host, 0, sizeof(*host));
    host->root = g_dir_make_tmp("shim-XXXXXX", NULL);
    wrapper = path_in(host, "/usr/lib64/xen/bin");
    args = path_in(host, "/usr/libexec/vgpu");
    g_mkdir_with_parents(wrapper, 0755);
    g_mkdir_with_parents(args, 0755);
    g_free(wrapper);
    wrapper = path_in(host, STOCK);
    g_assert_true(g_file_get_contents(stock, &text, &length, NULL));
    g_assert_true(g_file_set_contents(wrapper, text, (gssize)length, NULL));
    g_chmod(wrapper, 0755);
}

static void tear_down(Host *host, gconstpointer unused)
{
    const char *argv[] = { "rm", "-rf", host->root, NULL };

    (void)unused;
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 NULL, NULL, NULL, NULL);
    g_free(host->root);
    g_free(host->output);
    g_free(host->call);
}

/* qemu-args, as a script. */
static void script(const Host *host, const char *text)
{
    g_autofree char *path = path_in(host, ARGS);
    g_autofree char *whole = g_strdup_printf("#!/bin/sh\n%s\n", text);

    g_assert_true(g_file_set_contents(path, whole, -1, NULL));
    g_chmod(path, 0755);
}

static G_GNUC_NORETURN void become(const Host *host, const char *program,
                                   char *const *argv, int output,
                                   Prepare prepare)
{
    g_autofree char *root = g_strconcat("VGPU_ROOT=", host->root, NULL);
    char *environment[] = { (char *)"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
                            (char *)"OTHER=kept", root, NULL };
    int null = open("/dev/null", O_RDONLY);

    dup2(null, 0);
    dup2(output, 1);
    dup2(output, 2);
    /* As xenopsd gives a tap to its wrapper. */
    dup2(null, 9);
    close(null);
    close(output);
    if (prepare) {
        prepare();
    }
    execve(program, argv, environment);
    _exit(99);
}

/* Calls a wrapper as xenopsd does, and reads all there is to see. */
static void call(Host *host, const char *program, char *const *argv,
                 Prepare prepare)
{
    g_autofree char *seen = path_in(host, "/call");
    g_autofree char *said = path_in(host, "/output");
    int output = open(said, O_RDWR | O_CREAT | O_TRUNC, 0600);
    pid_t pid;

    g_clear_pointer(&host->output, g_free);
    g_clear_pointer(&host->call, g_free);
    g_unlink(seen);
    host->began = g_get_monotonic_time();
    pid = fork();
    if (pid == 0) {
        become(host, program, argv, output, prepare);
    }
    close(output);
    while (waitpid(pid, &host->status, 0) < 0 && errno == EINTR) {
    }
    host->ended = g_get_monotonic_time();
    g_file_get_contents(said, &host->output, NULL, NULL);
    if (g_file_get_contents(seen, &host->call, NULL, NULL)) {
        g_autofree char *line = g_strdup_printf("pid %d\n", (int)pid);

        /* It is the process that was started, and no child of it. */
        g_assert_true(g_str_has_prefix(host->call, line));
    }
}

/* The lines of what was seen that begin so. g_free. */
static char *lines_of(const Host *host, const char *kind)
{
    g_auto(GStrv) lines = g_strsplit(host->call ? host->call : "", "\n", -1);
    GString *text = g_string_new(NULL);
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], kind)) {
            g_string_append_printf(text, "%s\n", lines[i] + strlen(kind));
        }
    }
    return g_string_free(text, FALSE);
}

static char *const usual[] = {
    (char *)"wrapper",    (char *)"7", (char *)"--syslog",
    (char *)"-xen-domid", (char *)"7", (char *)"-name",
    (char *)"a b",        (char *)"",  NULL
};

/* The words behind the wrapper's own path. */
#define USUAL "7\n--syslog\n-xen-domid\n7\n-name\na b\n\n"

static void call_shim(Host *host, Prepare prepare)
{
    call(host, shim, usual, prepare);
}

static void expect(const Host *host, const char *words, const char *said)
{
    g_autofree char *seen = lines_of(host, "word ");
    g_autofree char *wanted = g_strconcat(host->root, STOCK "\n", words, NULL);

    g_assert_true(WIFEXITED(host->status));
    g_assert_cmpint(WEXITSTATUS(host->status), ==, 42);
    g_assert_cmpstr(seen, ==, wanted);
    if (!strstr(host->output, said)) {
        g_test_message("said: %s", host->output);
        g_test_fail();
    }
}

static void expect_in_time(const Host *host)
{
    /* One second is the promise; a busy machine gets half of one more. */
    g_assert_cmpint(host->ended - host->began, <, G_GINT64_CONSTANT(1500000));
}

/* ---- What qemu-args says is done ------------------------------------------------------ */

static void test_words(Host *host, gconstpointer unused)
{
    (void)unused;
    script(host, "printf '%s\\0' -device 'vgpu-stub,addr=1e' '' 'a b'\n"
                 "echo to the log >&2");
    call_shim(host, NULL);
    expect(host, USUAL "-device\nvgpu-stub,addr=1e\n\na b\n", "to the log\n");
    g_assert_true(g_str_has_suffix(host->output, "stock\n"));
}

static void test_no_words(Host *host, gconstpointer unused)
{
    (void)unused;
    script(host, "exit 0");
    call_shim(host, NULL);
    expect(host, USUAL, "stock\n");
    g_assert_cmpstr(host->output, ==, "stock\n");
}

static void test_asked(Host *host, gconstpointer unused)
{
    (void)unused;
    /* It is told the domain, and all the words that QEMU will have. */
    script(host, "for w; do printf '<%s>' \"$w\" >&2; done");
    call_shim(host, NULL);
    expect(host, USUAL, "<7><--syslog><-xen-domid><7><-name><a b><>");
}

static void test_same_process(Host *host, gconstpointer unused)
{
    static const char *const kinds[] = { "env ", "Sig", "fd " };
    g_autofree char *program = path_in(host, STOCK);
    char *direct[G_N_ELEMENTS(kinds)];
    size_t i;

    (void)unused;
    script(host, "printf '%s\\0' -no-hpet");
    call(host, program, usual, NULL);
    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        direct[i] = lines_of(host, kinds[i]);
        g_assert_cmpuint(strlen(direct[i]), >, 10);
    }
    call_shim(host, NULL);
    expect(host, USUAL "-no-hpet\n", "stock");
    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *through = lines_of(host, kinds[i]);

        g_assert_cmpstr(through, ==, direct[i]);
        g_free(direct[i]);
    }
}

/* ---- Whatever is wrong, the VM starts ------------------------------------------------- */

#define TOO_LATE "qemu-args did not answer in time"

static const struct {
    const char *name, *script, *said;
} broken[] = {
    { "exits-1", "printf '%s\\0' -x; echo a reason >&2; exit 1", "a reason" },
    { "exits-2", "exit 2", "stock" },
    { "killed", "printf '%s\\0' -x; kill -9 $$", "qemu-args failed" },
    { "crashes", "kill -SEGV $$", "qemu-args failed" },
    { "hangs", "exec sleep 60", TOO_LATE },
    { "hangs-after-words", "printf '%s\\0' -x; exec sleep 60", TOO_LATE },
    { "closes-and-hangs", "printf '%s\\0' -x; exec >&-; exec sleep 60",
      TOO_LATE },
    { "deaf", "trap '' TERM INT; sleep 60", TOO_LATE },
    /* Half a word is none. */
    { "no-end", "printf -- '-x'", "stock" },
    { "half-a-word", "printf -- '-x\\0-y'", "stock" },
    { "too-much", "head -c 100000 /dev/zero | tr '\\0' x", "qemu-args failed" },
    { "too-many", "head -c 100000 /dev/zero", "qemu-args failed" },
    { "no-shell", "\n#!", "stock" },
};

static void test_broken(Host *host, gconstpointer at)
{
    size_t i = GPOINTER_TO_SIZE(at);

    script(host, broken[i].script);
    call_shim(host, NULL);
    expect(host, USUAL, broken[i].said);
    expect_in_time(host);
}

static void test_missing(Host *host, gconstpointer unused)
{
    (void)unused;
    call_shim(host, NULL);
    expect(host, USUAL, "no program " ARGS);
    expect_in_time(host);
}

static void test_not_executable(Host *host, gconstpointer unused)
{
    g_autofree char *path = path_in(host, ARGS);

    (void)unused;
    script(host, "exit 0");
    g_chmod(path, 0644);
    call_shim(host, NULL);
    expect(host, USUAL, "no program " ARGS);
}

static void test_garbage(Host *host, gconstpointer unused)
{
    g_autofree char *path = path_in(host, ARGS);

    (void)unused;
    g_file_set_contents(path, "\177ELFgarbage", -1, NULL);
    g_chmod(path, 0755);
    call_shim(host, NULL);
    expect(host, USUAL, "no program " ARGS);
}

static void test_no_stock(Host *host, gconstpointer unused)
{
    g_autofree char *path = path_in(host, STOCK);

    (void)unused;
    script(host, "exit 0");
    g_unlink(path);
    call_shim(host, NULL);
    g_assert_cmpint(WEXITSTATUS(host->status), ==, 127);
    g_assert_nonnull(strstr(host->output, "cannot run " STOCK));
}

/* ---- Odd callers ------------------------------------------------------------------------ */

static void ignore_children(void)
{
    signal(SIGCHLD, SIG_IGN);
}

static void block_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void close_standard_files(void)
{
    close(0);
    close(1);
    close(2);
}

static void break_output(void)
{
    int ends[2];

    if (pipe(ends) == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
    }
}

static void test_children_ignored(Host *host, gconstpointer unused)
{
    g_autofree char *ignored = NULL;

    (void)unused;
    script(host, "printf '%s\\0' -no-hpet");
    call_shim(host, ignore_children);
    expect(host, USUAL "-no-hpet\n", "stock");
    /* And so it is for the stock wrapper: bit 16 is SIGCHLD's. */
    ignored = lines_of(host, "SigIgn:\t");
    g_assert_true(g_ascii_strtoull(ignored, NULL, 16) >> (SIGCHLD - 1) & 1);
}

static void test_signals_blocked(Host *host, gconstpointer unused)
{
    (void)unused;
    script(host, "printf '%s\\0' -no-hpet");
    call_shim(host, block_signals);
    expect(host, USUAL "-no-hpet\n", "stock");
}

static void test_files_closed(Host *host, gconstpointer unused)
{
    (void)unused;
    script(host, "printf '%s\\0' -no-hpet");
    call_shim(host, close_standard_files);
    /* Without a stdout there is no way to ask; the VM starts all the same. */
    expect(host, USUAL, "");
    g_assert_null(strstr(host->call, "fd 0"));
}

static void test_output_broken(Host *host, gconstpointer unused)
{
    g_autofree char *path = path_in(host, ARGS);

    (void)unused;
    /* It wants to say that there is no qemu-args, and nobody listens. */
    call(host, shim, usual, break_output);
    g_assert_nonnull(host->call);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_no_words_at_all(Host *host, gconstpointer unused)
{
    char *const alone[] = { (char *)"wrapper", NULL };

    (void)unused;
    script(host, "printf '%s\\0' -x");
    call(host, shim, alone, NULL);
    expect(host, "", "stock");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Host *host, gconstpointer unused);
    } tests[] = {
        { "words", test_words },
        { "no-words", test_no_words },
        { "asked", test_asked },
        { "same-process", test_same_process },
        { "missing", test_missing },
        { "not-executable", test_not_executable },
        { "garbage", test_garbage },
        { "no-stock", test_no_stock },
        { "children-ignored", test_children_ignored },
        { "signals-blocked", test_signals_blocked },
        { "files-closed", test_files_closed },
        { "output-broken", test_output_broken },
        { "no-words-at-all", test_no_words_at_all },
    };
    size_t i;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    if (argc != 3) {
        g_printerr("usage: test_shim QEMU-WRAPPER STOCK\n");
        return 2;
    }
    shim = argv[1];
    stock = argv[2];
    for (i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *name = g_strdup_printf("/shim/%s", tests[i].name);

        g_test_add(name, Host, NULL, set_up, tests[i].run, tear_down);
    }
    for (i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autofree char *name = g_strdup_printf("/shim/%s", broken[i].name);

        g_test_add(name, Host, GSIZE_TO_POINTER(i), set_up, test_broken,
                   tear_down);
    }
    return g_test_run();
}
