/* SPDX-License-Identifier: MIT */
#include "qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "remote.h"

/* The longest answer that is asked for here, query-pci of a full bus, has some
 * 30 KiB. */
#define LINE_LIMIT ((size_t)1024 * 1024)

/* Opening brackets in a line: a bus of 32 slots with 8 functions, 12 brackets
 * each, has some 3000. json-glib recurses by them; this many fit on the stack
 * even where all of them nest. */
#define BRACKET_LIMIT 4096

/* Events that may come before an answer: a VM that starts sends a dozen. */
#define EVENT_LIMIT 1000

/* Of QEMU's own words in a message: its longest ones list a few names. */
#define SHOWN_LIMIT 300

struct Qmp {
    int fd;
    int limit_ms;
    gint64 deadline; /* of the call that is under way, monotonic, in us */
    GString *buffer; /* read, and not yet taken apart */
    char *error_class;
};

/* ---- Reading what it sends ------------------------------------------------------ */

static size_t brackets(const char *line, size_t length)
{
    size_t i, n = 0;

    for (i = 0; i < length; i++) {
        n += line[i] == '{' || line[i] == '[';
    }
    return n;
}

JsonObject *qmp_parse(const char *line, size_t length, char **why)
{
    g_autoptr(JsonParser) parser = NULL;
    JsonNode *root;

    *why = NULL;
    if (length > LINE_LIMIT || brackets(line, length) > BRACKET_LIMIT) {
        *why = g_strdup("it sends more than a QEMU has to say");
        return NULL;
    }
    parser = json_parser_new();
    if (memchr(line, '\0', length) ||
        !g_utf8_validate(line, (gssize)length, NULL) ||
        !json_parser_load_from_data(parser, line, (gssize)length, NULL)) {
        *why = g_strdup("it sends what is no JSON");
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        *why = g_strdup("it sends JSON that is no QMP");
        return NULL;
    }
    return json_object_ref(json_node_get_object(root));
}

/* The member, where it has that type; else NULL. */
static JsonNode *member(JsonObject *object, const char *name, JsonNodeType type)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_TYPE(node) == type ? node : NULL;
}

static const char *text_in(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name, JSON_NODE_VALUE);

    return node && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : "";
}

/* False where it is missing, no whole number or outside of 0 to limit. */
static bool number_in(JsonObject *object, const char *name, gint64 limit,
                      gint64 *number)
{
    JsonNode *node = member(object, name, JSON_NODE_VALUE);

    if (!node || json_node_get_value_type(node) != G_TYPE_INT64) {
        return false;
    }
    *number = json_node_get_int(node);
    return *number >= 0 && *number <= limit;
}

static JsonObject *object_in(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name, JSON_NODE_OBJECT);

    return node ? json_node_get_object(node) : NULL;
}

static JsonArray *array_in(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name, JSON_NODE_ARRAY);

    return node ? json_node_get_array(node) : NULL;
}

/* The array's element as an object, or NULL. */
static JsonObject *object_at(JsonArray *array, guint i)
{
    JsonNode *node = json_array_get_element(array, i);

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node)
                                                : NULL;
}

/* ---- PCI devices ------------------------------------------------------------------ */

static void read_bar0(JsonObject *device, QmpPci *pci)
{
    JsonArray *regions = array_in(device, "regions");
    guint i;

    for (i = 0; regions && i < json_array_get_length(regions); i++) {
        JsonObject *region = object_at(regions, i);
        gint64 bar, address, size;

        if (region && number_in(region, "bar", 0, &bar) &&
            number_in(region, "address", G_MAXINT64, &address) &&
            number_in(region, "size", G_MAXINT64, &size)) {
            pci->has_bar0 = true;
            pci->bar0_address = (guint64)address;
            pci->bar0_size = (guint64)size;
            return;
        }
    }
}

static void read_device(JsonObject *device, guint vendor_id, guint device_id,
                        QmpPci *pci)
{
    JsonObject *id = object_in(device, "id");
    gint64 number, bus, slot, function;

    if (!id || !number_in(id, "vendor", 0xffff, &number) ||
        number != vendor_id || !number_in(id, "device", 0xffff, &number) ||
        number != device_id || !number_in(device, "bus", 255, &bus) ||
        !number_in(device, "slot", 31, &slot) ||
        !number_in(device, "function", 7, &function)) {
        return;
    }
    if (pci->count++ > 0) {
        return;
    }
    pci->bus = (int)bus;
    pci->slot = (int)slot;
    pci->function = (int)function;
    pci->id = g_strdup(text_in(device, "qdev_id"));
    read_bar0(device, pci);
}

void qmp_read_pci(JsonNode *returned, guint vendor, guint device, QmpPci *pci)
{
    JsonArray *buses = NULL;
    guint i, j;

    memset(pci, 0, sizeof(*pci));
    if (JSON_NODE_HOLDS_ARRAY(returned)) {
        buses = json_node_get_array(returned);
    }
    for (i = 0; buses && i < json_array_get_length(buses); i++) {
        JsonObject *bus = object_at(buses, i);
        JsonArray *devices = bus ? array_in(bus, "devices") : NULL;

        for (j = 0; devices && j < json_array_get_length(devices); j++) {
            JsonObject *one = object_at(devices, j);

            if (one) {
                read_device(one, vendor, device, pci);
            }
        }
    }
    if (!pci->id) {
        pci->id = g_strdup("");
    }
}

bool qmp_find_pci(Qmp *qmp, guint vendor, guint device, QmpPci *pci, char **why)
{
    JsonNode *returned = qmp_call(qmp, "query-pci", NULL, why);

    memset(pci, 0, sizeof(*pci));
    if (!returned) {
        return false;
    }
    qmp_read_pci(returned, vendor, device, pci);
    json_node_unref(returned);
    return true;
}

void qmp_pci_clear(QmpPci *pci)
{
    g_free(pci->id);
    memset(pci, 0, sizeof(*pci));
}

/* ---- The connection ---------------------------------------------------------------- */

static void start_clock(Qmp *qmp)
{
    qmp->deadline = g_get_monotonic_time() + (gint64)qmp->limit_ms * 1000;
}

/* Waits until the descriptor is ready for events: 0, or a negative errno. */
static int wait_for(Qmp *qmp, short events)
{
    for (;;) {
        struct pollfd fd = { qmp->fd, events, 0 };
        gint64 left = (qmp->deadline - g_get_monotonic_time() + 999) / 1000;
        int n;

        if (left <= 0) {
            return -ETIMEDOUT;
        }
        n = poll(&fd, 1, (int)left);
        if (n > 0) {
            return 0;
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
    }
}

static int send_all(Qmp *qmp, const char *text, size_t length)
{
    while (length) {
        ssize_t n = send(qmp->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        int result = 0;

        if (n >= 0) {
            text += n;
            length -= (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            result = wait_for(qmp, POLLOUT);
        } else if (errno != EINTR) {
            result = -errno;
        }
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

static int receive_some(Qmp *qmp)
{
    char chunk[16384];
    ssize_t n = recv(qmp->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (n > 0) {
        g_string_append_len(qmp->buffer, chunk, n);
        return 0;
    }
    if (n == 0) {
        return -ECONNRESET;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return wait_for(qmp, POLLIN);
    }
    return errno == EINTR ? 0 : -errno;
}

static char *error_text(const Qmp *qmp, int error)
{
    switch (error) {
    case -ETIMEDOUT:
        return g_strdup_printf("it does not answer within %d s",
                               (qmp->limit_ms + 999) / 1000);
    case -ECONNRESET:
        return g_strdup("it has hung up");
    case -EFBIG:
        return g_strdup("it sends more than a QEMU has to say");
    default:
        return g_strdup(strerror(-error));
    }
}

/* The next object that it sends; NULL with *why. */
static JsonObject *receive(Qmp *qmp, char **why)
{
    for (;;) {
        char *end = memchr(qmp->buffer->str, '\n', qmp->buffer->len);
        int result;

        if (end) {
            size_t length = (size_t)(end - qmp->buffer->str);
            JsonObject *object = qmp_parse(qmp->buffer->str, length, why);

            g_string_erase(qmp->buffer, 0, (gssize)length + 1);
            return object;
        }
        result = qmp->buffer->len > LINE_LIMIT ? -EFBIG : receive_some(qmp);
        /* A peer that never stops sending would never be waited for. */
        if (result == 0 && g_get_monotonic_time() > qmp->deadline) {
            result = -ETIMEDOUT;
        }
        if (result < 0) {
            *why = error_text(qmp, result);
            return NULL;
        }
    }
}

/* The next object that is no event. */
static JsonObject *receive_answer(Qmp *qmp, char **why)
{
    int i;

    for (i = 0; i < EVENT_LIMIT; i++) {
        JsonObject *object = receive(qmp, why);

        if (!object || !json_object_has_member(object, "event")) {
            return object;
        }
        json_object_unref(object);
    }
    *why = g_strdup("it sends events without an end");
    return NULL;
}

static char *command_line(const char *command, JsonObject *arguments)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autofree char *text = NULL;
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "execute", command);
    if (arguments) {
        json_object_set_object_member(object, "arguments", arguments);
    }
    json_node_take_object(node, object);
    json_generator_set_root(generator, node);
    text = json_generator_to_data(generator, NULL);
    return g_strconcat(text, "\n", NULL);
}

JsonNode *qmp_call(Qmp *qmp, const char *command, JsonObject *arguments,
                   char **why)
{
    g_autofree char *line = command_line(command, arguments);
    g_autoptr(JsonObject) answer = NULL;
    JsonObject *error;
    JsonNode *node;
    int result;

    *why = NULL;
    g_clear_pointer(&qmp->error_class, g_free);
    start_clock(qmp);
    result = send_all(qmp, line, strlen(line));
    if (result < 0) {
        *why = error_text(qmp, result);
        return NULL;
    }
    answer = receive_answer(qmp, why);
    if (!answer) {
        return NULL;
    }
    node = json_object_get_member(answer, "return");
    if (node) {
        return json_node_copy(node);
    }
    error = object_in(answer, "error");
    if (error) {
        qmp->error_class = remote_shown(text_in(error, "class"), SHOWN_LIMIT);
        *why = remote_shown(text_in(error, "desc"), SHOWN_LIMIT);
        if (!**why) {
            g_free(*why);
            *why = g_strdup("it gives no reason");
        }
    } else {
        *why = g_strdup("it sends JSON that is no QMP");
    }
    return NULL;
}

const char *qmp_error_class(const Qmp *qmp)
{
    return qmp->error_class ? qmp->error_class : "";
}

/* ---- Opening ------------------------------------------------------------------------ */

static bool say_hello(Qmp *qmp, char **why)
{
    g_autoptr(JsonObject) greeting = receive_answer(qmp, why);
    JsonNode *returned;

    if (!greeting) {
        return false;
    }
    if (!object_in(greeting, "QMP")) {
        *why = g_strdup("it sends JSON that is no QMP");
        return false;
    }
    returned = qmp_call(qmp, "qmp_capabilities", NULL, why);
    if (!returned) {
        return false;
    }
    json_node_unref(returned);
    return true;
}

Qmp *qmp_open_fd(int fd, int limit_ms, char **why)
{
    Qmp *qmp = g_new0(Qmp, 1);

    *why = NULL;
    qmp->fd = fd;
    qmp->limit_ms = limit_ms;
    qmp->buffer = g_string_new(NULL);
    start_clock(qmp);
    if (!say_hello(qmp, why)) {
        g_clear_pointer(&qmp, qmp_close);
    }
    return qmp;
}

/*
 * Connects; the path may be longer than an address of a socket can be. Returns
 * 0 or a negative errno. It waits for nothing: -EAGAIN when too many clients
 * wait already.
 */
static int connect_to(int fd, const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int at = -1, n, result;

    n = g_snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (n >= (int)sizeof(address.sun_path)) {
        at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (at < 0) {
            return -errno;
        }
        n = g_snprintf(address.sun_path, sizeof(address.sun_path),
                       "/proc/self/fd/%d/%s", at, name);
    }
    if (n >= (int)sizeof(address.sun_path)) {
        result = -ENAMETOOLONG;
    } else {
        result = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0
                     ? -errno
                     : 0;
    }
    if (at >= 0) {
        close(at);
    }
    return result;
}

Qmp *qmp_open(const char *path, int limit_ms, char **why)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = fd < 0 ? -errno : connect_to(fd, path);
    char *reason;
    Qmp *qmp;

    *why = NULL;
    if (result < 0) {
        *why = result == -EAGAIN
                   ? g_strdup_printf("%s: other clients wait already", path)
                   : g_strdup_printf("%s: %s", path, strerror(-result));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    qmp = qmp_open_fd(fd, limit_ms, &reason);
    if (!qmp) {
        *why = g_strdup_printf("%s: %s", path, reason);
        g_free(reason);
    }
    return qmp;
}

void qmp_close(Qmp *qmp)
{
    if (qmp) {
        close(qmp->fd);
        g_string_free(qmp->buffer, TRUE);
        g_free(qmp->error_class);
        g_free(qmp);
    }
}
