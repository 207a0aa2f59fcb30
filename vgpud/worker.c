/* SPDX-License-Identifier: MIT */
/*
 * vgpu-worker: serves the device of one VM. It makes what it shares with the device,
 * becomes a user who owns nothing, opens its backend, lets a filter take the rest, looks
 * that all of it is so, and only then reads the first byte.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vgpud/log.h"
#include "vgpud/sandbox.h"
#include "vgpud/serve.h"
#include "vgpud/watchdog.h"
#include "vgpud/worker-exit.h"
#include "vgpud/worker-options.h"

/* Where a runtime writes: its cache, and what its compiler needs meanwhile. */
static void set_cache(const char *directory)
{
    setenv("HOME", directory ? directory : "/nonexistent", 1);
    if (directory) {
        setenv("TMPDIR", directory, 1);
        setenv("POCL_CACHE_DIR", directory, 1);
    }
}

/* What else was open where it was started is no business of a guest's. */
static void close_the_rest(const ServeOptions *options)
{
    DIR *open_ones = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (open_ones && (entry = readdir(open_ones))) {
        int fd = atoi(entry->d_name);

        if (fd > STDERR_FILENO && fd != options->socket &&
            fd != options->control && fd != dirfd(open_ones)) {
            close(fd);
        }
    }
    if (open_ones) {
        closedir(open_ones);
    }
}

/* Nothing that is executed gets the link. */
static int keep_to_itself(const ServeOptions *options)
{
    if (fcntl(options->socket, F_SETFD, FD_CLOEXEC) < 0 ||
        (options->control >= 0 &&
         fcntl(options->control, F_SETFD, FD_CLOEXEC) < 0)) {
        log_say("--socket, --control: %s", strerror(errno));
        return WORKER_EXIT_USAGE;
    }
    close_the_rest(options);
    return 0;
}

/* A worker without a backend goes on: the device is told that there is none. */
static void open_backend(WorkerOptions *options)
{
    ServeOptions *serve = &options->serve;

    if (serve->backend->open(&serve->state, &options->backend) < 0) {
        serve->backend = NULL;
    }
}

static int lock_in(WorkerOptions *options)
{
    if (sandbox_drop(options->change_user, options->uid, options->gid) < 0) {
        return WORKER_EXIT_SANDBOX;
    }
    open_backend(options);
    if (sandbox_filter() < 0 || sandbox_verify() < 0) {
        return WORKER_EXIT_SANDBOX;
    }
    return 0;
}

static int work(WorkerOptions *options)
{
    Server *server = server_new(&options->serve);
    int code, result;

    if (!server) {
        return WORKER_EXIT_FAILED;
    }
    code = lock_in(options);
    if (!code && log_keep_for_itself() < 0) {
        code = WORKER_EXIT_FAILED;
    }
    if (!code) {
        result = server_run(server);
        code = result == LINK_ENDED    ? WORKER_EXIT_ENDED
               : result == LINK_BROKEN ? WORKER_EXIT_BROKEN
                                       : WORKER_EXIT_FAILED;
    }
    server_free(server);
    return code;
}

int main(int argc, char **argv)
{
    WorkerOptions options;
    int code = worker_options_parse(&options, argc, argv);

    if (code >= 0) {
        return code;
    }
    set_cache(options.cache);
    if (options.self_test) {
        code = lock_in(&options);
        return code ? code : !sandbox_self_test();
    }
    code = keep_to_itself(&options.serve);
    if (!code && watchdog_init(options.job_limit_ms) < 0) {
        code = WORKER_EXIT_FAILED;
    }
    if (!code) {
        code = work(&options);
    }
    /* The runtime's threads are not waited for: they are a guest's code. */
    _exit(code);
}
