/* SPDX-License-Identifier: MIT */
/*
 * A test's work, done by several threads or processes at once.
 */
#include "driver/groups.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not fewer than a guest has processors, and queues in use. */
#define MANY 4

typedef struct Worker {
    Work *work;
    VgpuDevice *device;
    pthread_t thread;
    unsigned seed;
    bool good;
} Worker;

static void *run(void *opaque)
{
    Worker *worker = opaque;

    worker->good = worker->work(worker->device, worker->seed);
    return NULL;
}

void run_in_threads(VgpuDevice *device, Work *work)
{
    Worker workers[MANY];
    VgpuResult result;
    unsigned i;

    for (i = 0; i < MANY; i++) {
        workers[i] = (Worker){ .work = work, .device = device, .seed = i };
        EXPECT_EQ(pthread_create(&workers[i].thread, NULL, run, &workers[i]),
                  0);
    }
    for (i = 0; i < MANY; i++) {
        EXPECT_EQ(pthread_join(workers[i].thread, NULL), 0);
        EXPECT(workers[i].good);
    }
    EXPECT_EQ(vgpu_wait(device, 0, 0, &result), -ENOENT);
}

void run_in_processes(Work *work)
{
    pid_t pids[MANY];
    unsigned i;
    int status;

    for (i = 0; i < MANY; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            VgpuDevice *device = open_device();
            const bool good = work(device, i);

            vgpu_close(device);
            _exit(good ? 0 : 1);
        }
    }
    for (i = 0; i < MANY; i++) {
        EXPECT_EQ(waitpid(pids[i], &status, 0), pids[i]);
        EXPECT_EQ(status, 0);
    }
}
