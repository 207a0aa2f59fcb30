/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vgpud/clock.h"
#include "vgpud/lease.h"
#include "vgpud/log.h"
#include "vgpud/serve.h"
#include "vgpud/watchdog.h"

struct Server {
    const ServeOptions *options;
    int poll;
    int control; /* -1: none, or vgpud has gone */
    bool wants_write;
    uint64_t hello_until_ns;
    Lease lease;
    Link link;
    uint8_t response[VGPU_COMMAND_BYTES_MAX];
};

/* ---- Jobs -------------------------------------------------------------------------- */

static int run(Server *server, const LinkRequest *request, BackendReply *reply)
{
    int result;

    if (request->argument) { /* not assigned yet */
        return BACKEND_FAILED;
    }
    result = lease_acquire(&server->lease);
    if (result) {
        return result;
    }
    result = server->options->backend->request(
        server->options->state, server->link.request, request->bytes, reply);
    lease_release(&server->lease);
    return result;
}

/* The device's wake-up is under the watchdog, too: the device could make it wait. */
static int do_job(Server *server, const LinkRequest *request)
{
    BackendReply reply = { server->response, request->room, 0 };
    int result;

    watchdog_start();
    result = run(server, request, &reply);
    if (result >= 0) {
        result = link_complete(&server->link, request->slot,
                               result ? VGPU_LINK_DONE_FAILED
                                      : VGPU_LINK_DONE_OK,
                               reply.bytes, result ? 0 : reply.length);
    }
    watchdog_stop();
    return result;
}

/* ---- What is waited for --------------------------------------------------------------- */

/* The eventfd is never read, which could wait for ever: its other owner can empty it, and
 * make it blocking, at any time. Edge-triggered, each write to it is an event. */
static int watch(int poll, int fd, uint32_t events)
{
    struct epoll_event event;

    memset(&event, 0, sizeof(event));
    event.events = events;
    event.data.fd = fd;
    return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int watch_write(Server *server)
{
    struct epoll_event event;

    if (server->wants_write == server->link.config_to_send) {
        return 0;
    }
    server->wants_write = server->link.config_to_send;
    memset(&event, 0, sizeof(event));
    event.events = EPOLLIN | (server->wants_write ? (uint32_t)EPOLLOUT : 0);
    event.data.fd = server->options->socket;
    return epoll_ctl(server->poll, EPOLL_CTL_MOD, server->options->socket,
                     &event) < 0
               ? -errno
               : 0;
}

static int on_control(Server *server)
{
    LinkConfig config;
    ssize_t got = recv(server->control, &config, sizeof(config), MSG_DONTWAIT);

    if (got == (ssize_t)sizeof(config)) {
        return link_set_config(&server->link, &config);
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        epoll_ctl(server->poll, EPOLL_CTL_DEL, server->control, NULL);
        server->control = -1;
    }
    return 0;
}

static int on_socket(Server *server, uint32_t events)
{
    int result = 0;

    if ((events & EPOLLOUT) && server->link.config_to_send) {
        result = link_set_config(&server->link, NULL);
    }
    if (!result && (events & ~(uint32_t)EPOLLOUT)) {
        result = server->link.is_up
                     ? link_socket_ready(&server->link)
                     : link_hello(&server->link,
                                  server->options->backend != NULL);
    }
    return result;
}

static int on_event(Server *server, const struct epoll_event *event)
{
    int result = 0;

    if (event->data.fd == server->options->socket) {
        result = on_socket(server, event->events);
    } else if (event->data.fd == server->control) {
        result = on_control(server);
    }
    return result ? result : watch_write(server);
}

/* In milliseconds for epoll_wait(). */
static int time_to_wait(Server *server, bool busy)
{
    uint64_t now;

    if (server->link.is_up) {
        return busy || !link_sleep(&server->link) ? 0 : -1;
    }
    now = clock_now_ns();
    return now >= server->hello_until_ns
               ? 0
               : (int)((server->hello_until_ns - now) / 1000000 + 1);
}

static int wait_and_handle(Server *server, bool busy)
{
    struct epoll_event event[4];
    int count, i, result = 0;

    count = epoll_wait(server->poll, event, 4, time_to_wait(server, busy));
    link_wake(&server->link);
    if (count < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    for (i = 0; i < count && !result; i++) {
        result = on_event(server, &event[i]);
    }
    if (!result && !server->link.is_up &&
        clock_now_ns() >= server->hello_until_ns) {
        server->link.why = "the device said no hello in time";
        return LINK_BROKEN;
    }
    return result;
}

/* ---- The loop ---------------------------------------------------------------------------- */

static int step(Server *server)
{
    LinkRequest request;
    bool got = false;
    int result = 0;

    if (server->link.is_up) {
        result = link_take(&server->link, &request, &got);
    }
    if (!result && got) {
        result = do_job(server, &request);
    }
    return result ? result : wait_and_handle(server, got);
}

static int prepare(Server *server)
{
    const ServeOptions *options = server->options;
    int error, flags = fcntl(options->socket, F_GETFL);

    if (flags < 0 || fcntl(options->socket, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -errno;
    }
    server->poll = epoll_create1(EPOLL_CLOEXEC);
    if (server->poll < 0) {
        return -errno;
    }
    error = watch(server->poll, options->socket, EPOLLIN);
    if (!error) {
        error = watch(server->poll,
                      server->link.memory.fd[VGPU_LINK_FD_REQUESTS],
                      EPOLLIN | EPOLLET);
    }
    if (!error && server->control >= 0) {
        error = watch(server->poll, server->control, EPOLLIN);
    }
    return error;
}

int server_run(Server *server)
{
    int result = 0;

    server->hello_until_ns = clock_now_ns() +
                             (uint64_t)server->options->hello_limit_ms *
                                 1000000;
    while (!result) {
        result = step(server);
    }
    if (result == LINK_BROKEN) {
        log_say("the link is ended: %s", server->link.why);
    } else if (result < 0) {
        log_say("%s", strerror(-result));
    }
    return result;
}

void server_free(Server *server)
{
    if (server) {
        if (server->poll >= 0) {
            close(server->poll);
        }
        link_deinit(&server->link);
        free(server);
    }
}

Server *server_new(const ServeOptions *options)
{
    Server *server = calloc(1, sizeof(*server));
    int error = server ? 0 : -ENOMEM;

    if (!error) {
        server->options = options;
        server->control = options->control;
        server->poll = -1;
        error = link_init(&server->link, options->socket, &options->config);
        if (error) {
            free(server);
            server = NULL;
        }
    }
    if (!error) {
        error = prepare(server);
    }
    if (error) {
        log_say("no memory for the link: %s", strerror(-error));
        server_free(server);
        return NULL;
    }
    return server;
}
