/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgpud/config.h"
#include "vgpud/worker-exit.h"
#include "vgpud/worker-options.h"

#ifndef VGPU_VERSION
#define VGPU_VERSION "unreleased"
#endif

enum {
    SOCKET = 256,
    CONTROL,
    POOL,
    PRIORITY,
    VM_ID,
    BACKEND,
    DEVICE,
    DELAY,
    JOB_LIMIT,
    HELLO_LIMIT,
    USER,
    CACHE,
    SELF_TEST,
    HELP,
    VERSION,
};

static const struct option words[] = {
    { "socket", required_argument, NULL, SOCKET },
    { "control", required_argument, NULL, CONTROL },
    { "pool", required_argument, NULL, POOL },
    { "priority", required_argument, NULL, PRIORITY },
    { "vm-id", required_argument, NULL, VM_ID },
    { "backend", required_argument, NULL, BACKEND },
    { "device", required_argument, NULL, DEVICE },
    { "delay", required_argument, NULL, DELAY },
    { "job-limit", required_argument, NULL, JOB_LIMIT },
    { "hello-limit", required_argument, NULL, HELLO_LIMIT },
    { "user", required_argument, NULL, USER },
    { "cache", required_argument, NULL, CACHE },
    { "self-test", no_argument, NULL, SELF_TEST },
    { "help", no_argument, NULL, HELP },
    { "version", no_argument, NULL, VERSION },
    { NULL, 0, NULL, 0 },
};

static const char help[] =
    "Usage: vgpu-worker --socket FD [OPTION...]\n"
    "Serves the device of one VM, locked in. vgpud starts it.\n"
    "\n"
    "  --socket FD        the connected device\n"
    "  --control FD       where vgpud tells what has changed\n"
    "  --pool POOL        instead of the device's own\n"
    "  --priority P       instead of the device's own\n"
    "  --vm-id N          instead of the device's own\n"
    "  --backend NAME     what does the requests (opencl)\n"
    "  --device TEXT      of opencl: cpu, gpu, accelerator or a part of a "
    "name\n"
    "  --delay MS         of delay\n"
    "  --job-limit MS     a job that takes longer ends the worker (10000)\n"
    "  --hello-limit MS   the device has so long for its hello (10000)\n"
    "  --user UID:GID     what to run as; must be there when started by root\n"
    "  --cache DIRECTORY  for compiled kernels\n"
    "  --self-test        try what the sandbox must refuse, and exit\n"
    "  --help, --version\n"
    "\n"
    "Backends:\n";

static void print_help(void)
{
    unsigned i;

    fputs(help, stdout);
    for (i = 0; backends[i]; i++) {
        printf("  %-8s %s\n", backends[i]->name, backends[i]->help);
    }
}

static bool set_user(WorkerOptions *options, const char *text)
{
    char uid[16] = "";
    const char *colon = strchr(text, ':');
    uint32_t numbers[2];

    if (!colon || (size_t)(colon - text) >= sizeof(uid)) {
        return false;
    }
    memcpy(uid, text, (size_t)(colon - text));
    if (!config_number(uid, UINT32_MAX - 1, &numbers[0]) ||
        !config_number(colon + 1, UINT32_MAX - 1, &numbers[1])) {
        return false;
    }
    options->change_user = true;
    options->uid = numbers[0];
    options->gid = numbers[1];
    return true;
}

static bool set_fd(int *fd, const char *text)
{
    uint32_t number;

    if (!config_number(text, 1023, &number)) {
        return false;
    }
    *fd = (int)number;
    return true;
}

static bool set_limit(uint32_t *limit, const char *text)
{
    return config_number(text, LIMIT_MS_MAX, limit) && *limit;
}

static bool set(WorkerOptions *options, int word, const char *text)
{
    switch (word) {
    case SOCKET:
        return set_fd(&options->serve.socket, text);
    case CONTROL:
        return set_fd(&options->serve.control, text);
    case POOL:
        return config_set_pool(&options->serve.config, text);
    case PRIORITY:
        return config_set_priority(&options->serve.config, text);
    case VM_ID:
        return config_set_vm_id(&options->serve.config, text);
    case BACKEND:
        options->serve.backend = backend_by_name(text);
        return options->serve.backend != NULL;
    case DEVICE:
        options->backend.device = text;
        return true;
    case DELAY:
        return config_number(text, LIMIT_MS_MAX, &options->backend.delay_ms);
    case JOB_LIMIT:
        return set_limit(&options->job_limit_ms, text);
    case HELLO_LIMIT:
        return set_limit(&options->serve.hello_limit_ms, text);
    case USER:
        return set_user(options, text);
    case CACHE:
        options->cache = text;
        return true;
    default:
        return options->self_test = true;
    }
}

static void set_defaults(WorkerOptions *options)
{
    memset(options, 0, sizeof(*options));
    options->serve.socket = -1;
    options->serve.control = -1;
    options->serve.backend = &backend_opencl;
    options->serve.hello_limit_ms = VGPU_LINK_HELLO_SECONDS * 1000;
    options->job_limit_ms = JOB_LIMIT_MS;
}

static int usage(const char *what, const char *value)
{
    fprintf(stderr, "vgpu-worker: %s%s; see --help\n", what, value);
    return WORKER_EXIT_USAGE;
}

int worker_options_parse(WorkerOptions *options, int argc, char **argv)
{
    int word;

    set_defaults(options);
    while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
        if (word == '?') {
            return WORKER_EXIT_USAGE;
        }
        if (word == HELP) {
            print_help();
            return 0;
        }
        if (word == VERSION) {
            puts("vgpu-worker " VGPU_VERSION);
            return 0;
        }
        if (!set(options, word, optarg)) {
            fprintf(stderr,
                    "vgpu-worker: --%s does not take '%s'; see --help\n",
                    words[word - SOCKET].name, optarg);
            return WORKER_EXIT_USAGE;
        }
    }
    if (optind < argc) {
        return usage("not an option: ", argv[optind]);
    }
    if (options->serve.socket < 0 && !options->self_test) {
        return usage("--socket is missing", "");
    }
    return -1;
}
