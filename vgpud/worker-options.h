/* SPDX-License-Identifier: MIT */
/* The command line of vgpu-worker. */
#ifndef VGPUD_WORKER_OPTIONS_H
#define VGPUD_WORKER_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "vgpud/serve.h"

/* Milliseconds for a job: a build of a large program takes seconds, and the others that
 * share the accelerator wait as long. */
#define JOB_LIMIT_MS 10000

/* A day, for whoever wants none. */
#define LIMIT_MS_MAX 86400000

typedef struct WorkerOptions {
    ServeOptions serve;
    BackendOptions backend;
    uint32_t job_limit_ms;
    bool change_user;
    uid_t uid;
    gid_t gid;
    const char *cache; /* a directory that is the worker's; NULL: none */
    bool self_test;
} WorkerOptions;

/* Returns -1 to go on, or the code to exit with: what there is to say was said. */
int worker_options_parse(WorkerOptions *options, int argc, char **argv);

#endif /* VGPUD_WORKER_OPTIONS_H */
