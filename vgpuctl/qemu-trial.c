/* SPDX-License-Identifier: MIT */
#include "qemu-trial.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/args.h"
#include "vgpu/properties.h"
#include "vgpu/regs.h"
#include "qmp.h"
#include "remote.h"
#include "time-limit.h"

/* A machine without a guest is there in half a second. */
#define TIME_LIMIT_MS 10000

/* The smallest firmware that the machine takes. */
#define FIRMWARE_SIZE 65536

/* Of what QEMU says on stderr. */
#define WORDS_LIMIT 4096
#define SHOWN_LIMIT 300

typedef struct Trial {
    pid_t pid;
    int stream;   /* its stdin and stdout */
    int words;    /* a file without a name: its stderr */
    int firmware; /* another, of zeros */
} Trial;

/* ---- Starting and ending it ------------------------------------------------------- */

/* A file without a name that goes away by itself; -1 with *why. */
static int nameless_file(char **why)
{
    g_autofree char *name = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("vgpuctl-XXXXXX", &name, &error);

    if (fd < 0) {
        *why = g_strdup(error->message);
        return -1;
    }
    g_unlink(name);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

/* In the child; returns only when it fails. dup2() leaves out FD_CLOEXEC. */
static void become(const Trial *trial, int stream, char *const *argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(stream, STDIN_FILENO) >= 0 && dup2(stream, STDOUT_FILENO) >= 0 &&
        dup2(trial->words, STDERR_FILENO) >= 0 &&
        fcntl(trial->firmware, F_SETFD, 0) == 0) {
        execv(argv[0], argv);
    }
}

/* Instead of the socket that such a device has in a VM: a trial must not connect
 * to what serves the VM. */
static void add_chardev(GPtrArray *words, const char *device)
{
    g_auto(GStrv) parts = g_strsplit(device, ",", -1);
    size_t i;

    for (i = 0; parts[i]; i++) {
        if (g_str_has_prefix(parts[i], "chardev=")) {
            g_ptr_array_add(words, g_strdup("-chardev"));
            g_ptr_array_add(
                words,
                g_strdup_printf("null,id=%s", parts[i] + strlen("chardev=")));
        }
    }
}

static char **command(const char *binary, char *const *devices, int firmware)
{
    static const char *const start[] = {
        "-machine",    "pc,accel=qtest", "-no-user-config",
        "-nodefaults", "-display",       "none",
        "-S",          "-qmp",           "stdio"
    };
    GPtrArray *words = g_ptr_array_new();
    size_t i;

    g_ptr_array_add(words, g_strdup(binary));
    for (i = 0; i < G_N_ELEMENTS(start); i++) {
        g_ptr_array_add(words, g_strdup(start[i]));
    }
    g_ptr_array_add(words, g_strdup("-bios"));
    g_ptr_array_add(words, g_strdup_printf("/proc/self/fd/%d", firmware));
    for (i = 0; devices[i]; i++) {
        add_chardev(words, devices[i]);
        g_ptr_array_add(words, g_strdup("-device"));
        g_ptr_array_add(words, g_strdup(devices[i]));
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static bool start(Trial *trial, const char *binary, char *const *devices,
                  char **why)
{
    g_auto(GStrv) argv = NULL;
    int pair[2];

    trial->words = nameless_file(why);
    trial->firmware = trial->words < 0 ? -1 : nameless_file(why);
    if (trial->firmware < 0) {
        return false;
    }
    if (ftruncate(trial->firmware, FIRMWARE_SIZE) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        *why = g_strdup(strerror(errno));
        return false;
    }
    argv = command(binary, devices, trial->firmware);
    trial->pid = fork();
    if (trial->pid == 0) {
        become(trial, pair[1], argv);
        _exit(127);
    }
    close(pair[1]);
    trial->stream = pair[0];
    if (trial->pid < 0) {
        *why = g_strdup(strerror(errno));
        return false;
    }
    return true;
}

static void end(Trial *trial)
{
    if (trial->pid > 0) {
        kill(trial->pid, SIGKILL);
        while (waitpid(trial->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (trial->words >= 0) {
        close(trial->words);
    }
    if (trial->firmware >= 0) {
        close(trial->firmware);
    }
    if (trial->stream >= 0) {
        close(trial->stream);
    }
}

/* ---- Judging it -------------------------------------------------------------------- */

/* What it said on stderr, g_free. */
static char *said(const Trial *trial)
{
    char *text = g_malloc0(WORDS_LIMIT + 1);
    ssize_t n = pread(trial->words, text, WORDS_LIMIT, 0);

    if (n <= 0) {
        text[0] = '\0';
    }
    return text;
}

/* Its last line, without the name of the program that says it. */
static char *last_words(const char *binary, const char *text)
{
    g_autofree char *copy = g_strchomp(g_strdup(text));
    g_autofree char *name = g_path_get_basename(binary);
    g_autofree char *prefix = g_strconcat(name, ": ", NULL);
    const char *line = strrchr(copy, '\n');

    line = line ? line + 1 : copy;
    /* Newer ones have its path there, older ones just its name. */
    if (strstr(line, prefix)) {
        line = strstr(line, prefix) + strlen(prefix);
    }
    return remote_shown(line, SHOWN_LIMIT);
}

/* It cannot be started so at all, with whatever device. */
static bool is_unknown(const char *text)
{
    static const char *const signs[] = { "invalid accelerator",
                                         "No accelerator found",
                                         "unsupported machine type",
                                         "No machine specified" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (strstr(text, signs[i])) {
            return true;
        }
    }
    return false;
}

/* The names of the properties in "vgpu-stub,pool_id=A" are among the list's. */
static bool has_properties(JsonNode *list, const char *word, char **why)
{
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(list) ? json_node_get_array(list)
                                                   : NULL;
    guint part, i;

    for (part = 1; parts[part]; part++) {
        g_autofree char *name = g_strndup(parts[part],
                                          strcspn(parts[part], "="));
        bool found = false;

        for (i = 0; array && i < json_array_get_length(array) && !found; i++) {
            JsonNode *node = json_array_get_element(array, i);
            JsonNode *member = JSON_NODE_HOLDS_OBJECT(node)
                                   ? json_object_get_member(
                                         json_node_get_object(node), "name")
                                   : NULL;

            found = member && JSON_NODE_HOLDS_VALUE(member) &&
                    json_node_get_value_type(member) == G_TYPE_STRING &&
                    strcmp(json_node_get_string(member), name) == 0;
        }
        if (!found) {
            *why = g_strdup_printf("its vgpu-stub has no property '%s'", name);
            return false;
        }
    }
    return true;
}

static bool check_device(Qmp *qmp, const char *word, char **why)
{
    JsonObject *arguments = json_object_new();
    g_autoptr(JsonNode) list = NULL;
    QmpPci pci;
    bool good;

    json_object_set_string_member(arguments, "typename", VGPU_DEVICE_NAME);
    list = qmp_call(qmp, "device-list-properties", arguments, why);
    if (!list || !has_properties(list, word, why) ||
        !qmp_find_pci(qmp, VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID, &pci, why)) {
        return false;
    }
    good = pci.count == 1;
    if (!good) {
        *why = g_strdup_printf("it has %u of the device on its PCI bus",
                               pci.count);
    }
    qmp_pci_clear(&pci);
    return good;
}

static bool check(Qmp *qmp, char *const *devices, char **why)
{
    size_t i;

    for (i = 0; devices[i]; i++) {
        if (args_is_device(devices[i]) && !check_device(qmp, devices[i], why)) {
            return false;
        }
    }
    return true;
}

int qemu_trial(const char *binary, char *const *devices, char **why)
{
    Trial trial = { -1, -1, -1, -1 };
    g_autoptr(Qmp) qmp = NULL;
    g_autofree char *text = NULL;
    int result = QEMU_TRIAL_UNKNOWN;

    *why = NULL;
    if (start(&trial, binary, devices, why)) {
        qmp = qmp_open_fd(trial.stream, time_limit_ms(TIME_LIMIT_MS), why);
        trial.stream = -1;
        result = qmp && check(qmp, devices, why) ? 0 : QEMU_TRIAL_REFUSED;
        text = said(&trial);
        if (!qmp && text[0]) {
            /* It ended before it spoke QMP, and stderr says why. */
            g_free(*why);
            *why = last_words(binary, text);
            result = is_unknown(text) ? QEMU_TRIAL_UNKNOWN : result;
        }
    }
    end(&trial);
    return result;
}
