/* SPDX-License-Identifier: MIT */
/*
 * The QMP client against a QEMU that answers as the protocol has it, and against
 * one that a guest has taken over.
 */
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp.h"

#define GREETING                                                       \
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, " \
    "\"major\": 4}, \"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n"
#define DONE  "{\"return\": {}}\r\n"
#define EVENT "{\"event\": \"RESUME\", \"timestamp\": {\"seconds\": 1}}\r\n"

/* Long enough for a slow machine, short enough to be waited for. */
#define SHORT_MS 300

/* ---- A peer that says what it is told to, whatever it is asked ----------------- */

typedef struct Peer {
    int fd;
    const char *says;
    size_t times; /* that the text comes; after it the peer stays silent */
    bool hangs_up;
} Peer;

static gpointer speak(gpointer data)
{
    Peer *peer = data;
    size_t i;

    for (i = 0; i < peer->times; i++) {
        size_t length = strlen(peer->says), done = 0;

        while (done < length) {
            ssize_t n = send(peer->fd, peer->says + done, length - done,
                             MSG_NOSIGNAL);

            if (n < 0) {
                return NULL;
            }
            done += (size_t)n;
        }
    }
    if (peer->hangs_up) {
        shutdown(peer->fd, SHUT_WR);
    }
    return NULL;
}

/* Opens a connection to such a peer; why is that of qmp_open_fd(). */
static Qmp *open_to(Peer *peer, GThread **thread, char **why)
{
    int pair[2];

    g_assert_true(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    peer->fd = pair[1];
    *thread = g_thread_new("peer", speak, peer);
    return qmp_open_fd(pair[0], SHORT_MS, why);
}

static void end(Qmp *qmp, Peer *peer, GThread *thread)
{
    qmp_close(qmp);
    shutdown(peer->fd, SHUT_RDWR);
    g_thread_join(thread);
    close(peer->fd);
}

/* ---- What a QEMU does ------------------------------------------------------------ */

static void test_call(void)
{
    Peer peer = { -1, GREETING DONE EVENT EVENT "{\"return\": [1, 2]}\r\n", 1,
                  false };
    g_autofree char *why = NULL;
    GThread *thread;
    Qmp *qmp = open_to(&peer, &thread, &why);
    g_autoptr(JsonNode) returned = NULL;

    g_assert_cmpstr(why, ==, NULL);
    g_assert_nonnull(qmp);
    returned = qmp_call(qmp, "query-something", NULL, &why);
    g_assert_cmpstr(why, ==, NULL);
    g_assert_true(JSON_NODE_HOLDS_ARRAY(returned));
    g_assert_cmpint(json_array_get_length(json_node_get_array(returned)), ==,
                    2);
    end(qmp, &peer, thread);
}

static void test_error(void)
{
    Peer peer = { -1,
                  GREETING DONE
                  "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": "
                  "\"no\\u001b[2J\\nsuch device\"}}\r\n",
                  1, false };
    g_autofree char *why = NULL;
    GThread *thread;
    Qmp *qmp = open_to(&peer, &thread, &why);

    g_assert_nonnull(qmp);
    g_assert_null(qmp_call(qmp, "device_add", NULL, &why));
    /* What QEMU says goes to a terminal: no control character of it does. */
    g_assert_cmpstr(why, ==, "no\\x1b[2J\\x0asuch device");
    g_assert_cmpstr(qmp_error_class(qmp), ==, "DeviceNotFound");
    end(qmp, &peer, thread);
}

/* The words of a command as they go out. */
static void test_sent(void)
{
    Peer peer = { -1, GREETING DONE DONE, 1, false };
    g_autofree char *why = NULL;
    char sent[512] = "";
    GThread *thread;
    Qmp *qmp = open_to(&peer, &thread, &why);
    JsonObject *arguments = json_object_new();
    g_autoptr(JsonNode) returned = NULL;
    ssize_t n;

    json_object_set_string_member(arguments, "id", "vgpu-hotplug");
    returned = qmp_call(qmp, "device_del", arguments, &why);
    g_assert_nonnull(returned);
    n = recv(peer.fd, sent, sizeof(sent) - 1, MSG_DONTWAIT);
    g_assert_cmpint(n, >, 0);
    g_assert_cmpstr(sent, ==,
                    "{\"execute\":\"qmp_capabilities\"}\n"
                    "{\"execute\":\"device_del\",\"arguments\":"
                    "{\"id\":\"vgpu-hotplug\"}}\n");
    end(qmp, &peer, thread);
}

/* ---- What a QEMU does not do -------------------------------------------------------- */

static void test_opening_fails(void)
{
    static const struct {
        const char *says;
        size_t times;
        bool hangs_up;
        const char *why;
    } cases[] = {
        { "", 1, true, "it has hung up" },
        { "", 1, false, "it does not answer within 1 s" },
        { GREETING, 1, true, "it has hung up" },
        { GREETING, 1, false, "it does not answer within 1 s" },
        { "hello\n", 1, false, "it sends what is no JSON" },
        { "\n", 1, false, "it sends JSON that is no QMP" },
        { "[1]\n", 1, false, "it sends JSON that is no QMP" },
        { "{\"return\": {}}\n", 1, false, "it sends JSON that is no QMP" },
        { "{\"QMP\": 1}\n", 1, false, "it sends JSON that is no QMP" },
        { GREETING "{}\n", 1, false, "it sends JSON that is no QMP" },
        { GREETING "{\"error\": 1}\n", 1, false,
          "it sends JSON that is no QMP" },
        { GREETING "{\"error\": {}}\n", 1, false, "it gives no reason" },
        { "{\"QMP\": \"\xff\"}\n", 1, false, "it sends what is no JSON" },
        /* 4 MiB without a line end. */
        { "0123456789abcdef", 262144, false,
          "it sends more than a QEMU has to say" },
        /* Nested deeper than a stack is. */
        { "[[[[[[[[[[[[[[[[", 262144, false,
          "it sends more than a QEMU has to say" },
        { EVENT, 100000, false, "it sends events without an end" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        Peer peer = { -1, cases[i].says, cases[i].times, cases[i].hangs_up };
        g_autofree char *why = NULL;
        gint64 start = g_get_monotonic_time();
        GThread *thread;
        Qmp *qmp = open_to(&peer, &thread, &why);

        g_assert_null(qmp);
        g_assert_cmpstr(why, ==, cases[i].why);
        /* The limit, and what a loaded machine adds. */
        g_assert_cmpint(g_get_monotonic_time() - start, <,
                        (gint64)5 * G_USEC_PER_SEC);
        end(qmp, &peer, thread);
    }
}

/* One byte every now and then must not keep it waiting for ever. */
static gpointer drip(gpointer data)
{
    Peer *peer = data;
    int i;

    for (i = 0; i < 100; i++) {
        if (send(peer->fd, "x", 1, MSG_NOSIGNAL) < 0) {
            break;
        }
        g_usleep(50000);
    }
    return NULL;
}

static void test_drips(void)
{
    Peer peer = { -1, "", 0, false };
    g_autofree char *why = NULL;
    gint64 start = g_get_monotonic_time();
    int pair[2];
    GThread *thread;

    g_assert_true(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    peer.fd = pair[1];
    thread = g_thread_new("peer", drip, &peer);
    g_assert_null(qmp_open_fd(pair[0], SHORT_MS, &why));
    g_assert_cmpstr(why, ==, "it does not answer within 1 s");
    g_assert_cmpint(g_get_monotonic_time() - start, <,
                    (gint64)3 * G_USEC_PER_SEC);
    end(NULL, &peer, thread);
}

/* A parser that recurses has to be kept from it before it begins. */
static void test_nesting(void)
{
    g_autofree char *why = NULL;
    g_autofree char *why_deep = NULL;
    g_autofree char *opening = g_strnfill(4000, '[');
    g_autofree char *closing = g_strnfill(4000, ']');
    g_autofree char *most = g_strdup_printf("{\"return\": %s%s}", opening,
                                            closing);
    g_autofree char *deep = g_strnfill(500000, '[');
    g_autoptr(JsonObject) object = qmp_parse(most, strlen(most), &why);

    g_assert_cmpstr(why, ==, NULL);
    g_assert_nonnull(object);
    g_assert_null(qmp_parse(deep, strlen(deep), &why_deep));
    g_assert_cmpstr(why_deep, ==, "it sends more than a QEMU has to say");
}

static void test_no_socket(void)
{
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "qmp", NULL);
    g_autofree char *wanted = g_strconcat(path, ": No such file or directory",
                                          NULL);
    g_autofree char *filler = g_strnfill(200, 'x');
    g_autofree char *deep = g_build_filename(directory, filler, NULL);
    g_autofree char *why = NULL;
    g_autofree char *why_deep = NULL;

    g_assert_null(qmp_open(path, SHORT_MS, &why));
    g_assert_cmpstr(why, ==, wanted);
    g_assert_null(qmp_open(deep, SHORT_MS, &why_deep));
    g_assert_nonnull(strstr(why_deep, "File name too long"));
    rmdir(directory);
}

/* ---- query-pci ---------------------------------------------------------------------- */

static void read_pci(const char *text, QmpPci *pci)
{
    g_autoptr(JsonParser) parser = json_parser_new();

    g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
    qmp_read_pci(json_parser_get_root(parser), 0x1af4, 0x1111, pci);
}

#define HOST_BRIDGE                                                  \
    "{\"bus\": 0, \"slot\": 0, \"function\": 0, \"qdev_id\": \"\", " \
    "\"class_info\": {\"class\": 1536}, \"id\": {\"device\": 4663, " \
    "\"vendor\": 32902}, \"regions\": []}"
#define DEVICE(slot, id, regions)                                              \
    "{\"bus\": 0, \"slot\": " slot ", \"function\": 0, \"qdev_id\": \"" id     \
    "\", \"id\": {\"device\": 4369, \"vendor\": 6900}, \"regions\": [" regions \
    "]}"
#define BAR0                                                       \
    "{\"bar\": 0, \"type\": \"memory\", \"address\": 4273991680, " \
    "\"size\": 4096}"

static void test_pci(void)
{
    QmpPci pci;

    read_pci("[{\"bus\": 0, \"devices\": [" HOST_BRIDGE "]}]", &pci);
    g_assert_cmpuint(pci.count, ==, 0);
    g_assert_cmpstr(pci.id, ==, "");
    qmp_pci_clear(&pci);

    read_pci("[{\"bus\": 0, \"devices\": [" HOST_BRIDGE
             ", " DEVICE("30", "vgpu-hotplug", BAR0) "]}]",
             &pci);
    g_assert_cmpuint(pci.count, ==, 1);
    g_assert_cmpint(pci.bus, ==, 0);
    g_assert_cmpint(pci.slot, ==, 30);
    g_assert_cmpint(pci.function, ==, 0);
    g_assert_cmpstr(pci.id, ==, "vgpu-hotplug");
    g_assert_true(pci.has_bar0);
    g_assert_cmpuint(pci.bar0_address, ==, 0xfebff000);
    g_assert_cmpuint(pci.bar0_size, ==, 4096);
    qmp_pci_clear(&pci);

    /* Two of them, on two buses; the first one is told of. */
    read_pci(
        "[{\"devices\": [" DEVICE("30", "", "") "]}, {\"devices\": [" DEVICE(
            "3", "x", BAR0) "]}]",
        &pci);
    g_assert_cmpuint(pci.count, ==, 2);
    g_assert_cmpint(pci.slot, ==, 30);
    g_assert_false(pci.has_bar0);
    qmp_pci_clear(&pci);
}

/* What is not as it should be counts as not there. */
static void test_odd_pci(void)
{
    static const char *const odd[] = {
        "[]",
        "{}",
        "[1, null, [], {\"devices\": 1}, {\"devices\": [1, null, {}]}]",
        "[{\"devices\": [{\"id\": {\"device\": 4369, \"vendor\": 6900}}]}]",
        "[{\"devices\": [" DEVICE("32", "", "") "]}]",
        "[{\"devices\": [" DEVICE("-1", "", "") "]}]",
        "[{\"devices\": [" DEVICE("\"30\"", "", "") "]}]",
        "[{\"devices\": [" DEVICE("30.5", "", "") "]}]",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(odd); i++) {
        QmpPci pci;

        read_pci(odd[i], &pci);
        g_assert_cmpuint(pci.count, ==, 0);
        g_assert_cmpstr(pci.id, ==, "");
        qmp_pci_clear(&pci);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp/call", test_call);
    g_test_add_func("/qmp/error", test_error);
    g_test_add_func("/qmp/sent", test_sent);
    g_test_add_func("/qmp/opening-fails", test_opening_fails);
    g_test_add_func("/qmp/drips", test_drips);
    g_test_add_func("/qmp/nesting", test_nesting);
    g_test_add_func("/qmp/no-socket", test_no_socket);
    g_test_add_func("/qmp/pci", test_pci);
    g_test_add_func("/qmp/odd-pci", test_odd_pci);
    return g_test_run();
}
