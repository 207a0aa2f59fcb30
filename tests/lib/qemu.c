/* SPDX-License-Identifier: MIT */
#include "lib/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_BINARY "build/qemu/qemu-system-x86_64"

/* Longest wait for one answer. A QEMU under a memory checker starts slowly. */
#define ANSWER_TIMEOUT_MS 120000

/* Descriptors of the two sockets inside QEMU. */
enum { QTEST_FD = 3, QMP_FD = 4 };

typedef struct Line {
    int fd;
    GString *buffer;
} Line;

struct Qemu {
    GPid pid;
    Line qtest;
    Line qmp;
    FILE *out;
    FILE *err;
    GQueue events; /* names, in the order of their coming */
    bool dead;
};

void qemu_test_init(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    g_test_set_nonfatal_assertions();
    if (access(qemu_binary(), X_OK) != 0) {
        printf("Bail out! no QEMU at %s; `make demo` builds one\n",
               qemu_binary());
        exit(1);
    }
}

gint64 deadline_after(unsigned seconds)
{
    const char *limit = g_getenv("VGPU_TEST_LIMIT_S");

    if (limit) {
        seconds = MIN(seconds, (unsigned)strtoul(limit, NULL, 10));
    }
    return g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
}

const char *qemu_binary(void)
{
    const char *binary = g_getenv("VGPU_QEMU");

    return binary && *binary ? binary : DEFAULT_BINARY;
}

bool qemu_has_accel(const char *name)
{
    g_autofree char *line = g_strdup_printf("\n%s\n", name);
    QemuResult result;
    bool found;

    qemu_run(&result, 30, "-accel help");
    found = strstr(result.out, line) != NULL;
    qemu_result_clear(&result);
    return found;
}

/* ---- Processes ---------------------------------------------------------- */

static char *read_all(FILE *file)
{
    GString *text = g_string_new(NULL);
    char chunk[4096];
    size_t n;

    rewind(file);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        g_string_append_len(text, chunk, (gssize)n);
    }
    return g_string_free(text, FALSE);
}

static char **split(const char *before, const char *args)
{
    g_autofree char *line = g_strconcat(before, " ", args, NULL);
    g_autoptr(GError) error = NULL;
    char **argv = NULL;

    if (!g_shell_parse_argv(line, NULL, &argv, &error)) {
        g_error("cannot split \"%s\": %s", line, error->message);
    }
    return argv;
}

static void put_fd(int fd, int at)
{
    if (fd >= 0 && dup2(fd, at) < 0) {
        _exit(127);
    }
}

/* qtest and qmp are put at QTEST_FD and QMP_FD, or left out when negative. */
static GPid spawn(char **argv, FILE *out, FILE *err, int qtest, int qmp)
{
    GPid pid = fork();

    if (pid == 0) {
        /* Not to outlive a test program that crashes. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        put_fd(fileno(out), STDOUT_FILENO);
        put_fd(fileno(err), STDERR_FILENO);
        /* Both are above QMP_FD: see socket_pair(). */
        put_fd(qtest, QTEST_FD);
        put_fd(qmp, QMP_FD);
        execvp(argv[0], argv);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void wait_for_end(GPid pid, unsigned timeout_s, QemuResult *result)
{
    gint64 deadline = deadline_after(timeout_s);
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (g_get_monotonic_time() > deadline) {
            result->timed_out = true;
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            break;
        }
        g_usleep(2000);
    }
    result->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

void qemu_run(QemuResult *result, unsigned timeout_s, const char *args)
{
    g_autofree char *binary = g_shell_quote(qemu_binary());
    g_auto(GStrv) argv = split(binary, args);
    FILE *out = tmpfile(), *err = tmpfile();

    memset(result, 0, sizeof(*result));
    wait_for_end(spawn(argv, out, err, -1, -1), timeout_s, result);
    result->out = read_all(out);
    result->err = read_all(err);
    fclose(out);
    fclose(err);
}

void qemu_result_clear(QemuResult *result)
{
    g_free(result->out);
    g_free(result->err);
    memset(result, 0, sizeof(*result));
}

/* ---- Sockets ------------------------------------------------------------ */

/* [0] is ours; [1] is QEMU's, above every number that spawn() fills. */
static void socket_pair(int pair[2])
{
    int raw[2];
    int i;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, raw), ==, 0);
    for (i = 0; i < 2; i++) {
        pair[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, QMP_FD + 1);
        g_assert_cmpint(pair[i], >, QMP_FD);
        close(raw[i]);
    }
}

static void died(Qemu *qemu, const char *doing)
{
    g_autofree char *err = NULL;

    if (!qemu->dead) {
        qemu->dead = true;
        err = read_all(qemu->err);
        g_test_message("QEMU gave no answer to \"%s\"; it printed: %s", doing,
                       err);
        g_test_fail();
    }
}

/* The next line without its end, or NULL at end of file or after timeout_ms. */
static char *read_line(Line *line, int timeout_ms)
{
    for (;;) {
        char *end = memchr(line->buffer->str, '\n', line->buffer->len);
        struct pollfd pfd = { .fd = line->fd, .events = POLLIN };
        char chunk[4096];
        ssize_t n;

        if (end) {
            size_t length = (size_t)(end - line->buffer->str);
            char *text = g_strndup(line->buffer->str, length);

            g_string_erase(line->buffer, 0, (gssize)length + 1);
            return text;
        }
        if (poll(&pfd, 1, timeout_ms) <= 0) {
            return NULL;
        }
        n = read(line->fd, chunk, sizeof(chunk));
        if (n <= 0) {
            return NULL;
        }
        g_string_append_len(line->buffer, chunk, n);
    }
}

static bool write_line(Line *line, const char *text)
{
    g_autofree char *full = g_strconcat(text, "\n", NULL);
    size_t length = strlen(full);

    return send(line->fd, full, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* ---- Start and stop ----------------------------------------------------- */

Qemu *qemu_start(const char *args)
{
    return qemu_start_under(NULL, args);
}

Qemu *qemu_start_under(const char *wrapper, const char *args)
{
    g_autofree char *binary = g_shell_quote(qemu_binary());
    g_autofree char *command = g_strdup_printf(
        "%s %s -accel qtest -nodefaults -display none -S "
        "-chardev socket,id=qtest,fd=%d -qtest chardev:qtest "
        "-chardev socket,id=qmp,fd=%d -mon chardev=qmp,mode=control",
        wrapper ? wrapper : "", binary, QTEST_FD, QMP_FD);
    g_auto(GStrv) argv = split(command, args);
    Qemu *qemu = g_new0(Qemu, 1);
    int qtest[2], qmp[2];
    g_autofree char *greeting = NULL;

    socket_pair(qtest);
    socket_pair(qmp);
    qemu->out = tmpfile();
    qemu->err = tmpfile();
    qemu->qtest = (Line){ qtest[0], g_string_new(NULL) };
    qemu->qmp = (Line){ qmp[0], g_string_new(NULL) };
    g_queue_init(&qemu->events);
    qemu->pid = spawn(argv, qemu->out, qemu->err, qtest[1], qmp[1]);
    close(qtest[1]);
    close(qmp[1]);

    greeting = read_line(&qemu->qmp, ANSWER_TIMEOUT_MS);
    if (!greeting) {
        died(qemu, args);
    } else {
        qemu_do(qemu, "{'execute': 'qmp_capabilities'}");
    }
    if (qemu->dead) {
        QemuResult result;

        qemu_stop(qemu, &result);
        qemu_result_clear(&result);
        return NULL;
    }
    return qemu;
}

void qemu_stop(Qemu *qemu, QemuResult *result)
{
    QemuResult end = { 0 };

    if (!qemu) {
        if (result) {
            memset(result, 0, sizeof(*result));
        }
        return;
    }
    if (!qemu->dead && write_line(&qemu->qmp, "{\"execute\": \"quit\"}")) {
        wait_for_end(qemu->pid, ANSWER_TIMEOUT_MS / 1000, &end);
    } else {
        /* It may be about to report why it dies: a moment for that. */
        wait_for_end(qemu->pid, 5, &end);
    }
    end.out = read_all(qemu->out);
    end.err = read_all(qemu->err);
    if (!result && (end.timed_out || end.exit_status != 0)) {
        g_test_message("QEMU ended with status %d, signal %d: %s",
                       end.exit_status, end.signal, end.err);
        g_test_fail();
    }

    close(qemu->qtest.fd);
    close(qemu->qmp.fd);
    g_string_free(qemu->qtest.buffer, TRUE);
    g_string_free(qemu->qmp.buffer, TRUE);
    g_queue_clear_full(&qemu->events, g_free);
    fclose(qemu->out);
    fclose(qemu->err);
    g_free(qemu);
    if (result) {
        *result = end;
    } else {
        qemu_result_clear(&end);
    }
}

/* ---- qtest -------------------------------------------------------------- */

/* Sends one qtest command; *value gets the number of its answer, if any. */
static bool qtest_command(Qemu *qemu, uint64_t *value, const char *command)
{
    g_autofree char *answer = NULL;

    *value = 0;
    if (qemu->dead) {
        return false;
    }
    if (write_line(&qemu->qtest, command)) {
        do {
            g_clear_pointer(&answer, g_free);
            answer = read_line(&qemu->qtest, ANSWER_TIMEOUT_MS);
        } while (answer && g_str_has_prefix(answer, "IRQ "));
    }
    if (!answer || !g_str_has_prefix(answer, "OK")) {
        died(qemu, command);
        return false;
    }
    if (answer[2]) {
        *value = g_ascii_strtoull(answer + 3, NULL, 0);
    }
    return true;
}

static char size_letter(unsigned size)
{
    return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

uint64_t qemu_read(Qemu *qemu, uint64_t address, unsigned size)
{
    g_autofree char *command = g_strdup_printf(
        "read%c 0x%" G_GINT64_MODIFIER "x", size_letter(size), address);
    uint64_t value;

    qtest_command(qemu, &value, command);
    return value;
}

void qemu_write(Qemu *qemu, uint64_t address, uint64_t value, unsigned size)
{
    g_autofree char *command = g_strdup_printf(
        "write%c 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x",
        size_letter(size), address, value);

    qtest_command(qemu, &value, command);
}

uint32_t qemu_in(Qemu *qemu, uint16_t port, unsigned size)
{
    g_autofree char *command = g_strdup_printf("in%c 0x%x", size_letter(size),
                                               port);
    uint64_t value;

    qtest_command(qemu, &value, command);
    return (uint32_t)value;
}

void qemu_out(Qemu *qemu, uint16_t port, uint32_t value, unsigned size)
{
    g_autofree char *command = g_strdup_printf("out%c 0x%x 0x%x",
                                               size_letter(size), port, value);
    uint64_t ignored;

    qtest_command(qemu, &ignored, command);
}

bool qemu_alive(Qemu *qemu)
{
    siginfo_t info = { 0 };

    /* Only looks: qemu_stop() takes the status. */
    return qemu && !qemu->dead &&
           waitid(P_PID, (id_t)qemu->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
               0 &&
           info.si_pid == 0;
}

/* ---- QMP ---------------------------------------------------------------- */

/* The next message that is no event; events go to qemu->events. */
static JsonNode *qmp_message(Qemu *qemu, int timeout_ms, bool *is_event)
{
    g_autofree char *text = read_line(&qemu->qmp, timeout_ms);
    g_autoptr(GError) error = NULL;
    JsonNode *node;
    JsonObject *object;

    *is_event = false;
    if (!text) {
        return NULL;
    }
    node = json_from_string(text, &error);
    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        g_error("QMP sent what is no object: %s", text);
    }
    object = json_node_get_object(node);
    if (json_object_has_member(object, "event")) {
        g_queue_push_tail(&qemu->events, g_strdup(json_object_get_string_member(
                                             object, "event")));
        *is_event = true;
    }
    return node;
}

static JsonNode *qmp_answer(Qemu *qemu, const char *command)
{
    JsonNode *node = NULL;
    bool is_event = false;

    if (!qemu->dead && write_line(&qemu->qmp, command)) {
        do {
            g_clear_pointer(&node, json_node_unref);
            node = qmp_message(qemu, ANSWER_TIMEOUT_MS, &is_event);
        } while (node && is_event);
    }
    if (!node) {
        died(qemu, command);
        node = json_from_string("{}", NULL);
    }
    return node;
}

static char *qmp_format(const char *format, va_list args)
{
    char *text = g_strdup_vprintf(format, args);

    /* So that C source needs no escapes: no value of ours has an apostrophe. */
    return g_strdelimit(text, "'", '"');
}

static JsonNode *qmp_return(Qemu *qemu, const char *command)
{
    g_autoptr(JsonNode) node = qmp_answer(qemu, command);
    JsonObject *object = json_node_get_object(node);

    if (json_object_has_member(object, "return")) {
        return json_node_ref(json_object_get_member(object, "return"));
    }
    if (json_object_has_member(object, "error")) {
        g_autofree char *error = json_to_string(node, FALSE);

        g_test_message("%s answered %s", command, error);
        g_test_fail();
    }
    return json_from_string("{}", NULL);
}

JsonNode *qemu_qmp(Qemu *qemu, const char *format, ...)
{
    g_autofree char *command = NULL;
    va_list args;

    va_start(args, format);
    command = qmp_format(format, args);
    va_end(args);
    return qmp_return(qemu, command);
}

void qemu_do(Qemu *qemu, const char *format, ...)
{
    g_autofree char *command = NULL;
    va_list args;

    va_start(args, format);
    command = qmp_format(format, args);
    va_end(args);
    json_node_unref(qmp_return(qemu, command));
}

char *qemu_qmp_error(Qemu *qemu, const char *format, ...)
{
    g_autofree char *command = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object;
    va_list args;

    va_start(args, format);
    command = qmp_format(format, args);
    va_end(args);
    node = qmp_answer(qemu, command);
    object = json_node_get_object(node);
    if (!json_object_has_member(object, "error")) {
        g_test_message("%s was not refused", command);
        g_test_fail();
        return NULL;
    }
    object = json_object_get_object_member(object, "error");
    return g_strdup(json_object_get_string_member(object, "desc"));
}

static bool take_event(Qemu *qemu, const char *name)
{
    GList *found = g_queue_find_custom(&qemu->events, name,
                                       (GCompareFunc)g_strcmp0);

    if (!found) {
        return false;
    }
    g_free(found->data);
    g_queue_delete_link(&qemu->events, found);
    return true;
}

bool qemu_wait_event(Qemu *qemu, const char *name, unsigned timeout_s)
{
    gint64 deadline = deadline_after(timeout_s);

    while (!take_event(qemu, name)) {
        gint64 left = deadline - g_get_monotonic_time();
        JsonNode *node;
        bool is_event;

        if (left <= 0) {
            return false;
        }
        node = qmp_message(qemu, (int)(left / 1000) + 1, &is_event);
        if (!node) {
            return false;
        }
        json_node_unref(node);
    }
    return true;
}
