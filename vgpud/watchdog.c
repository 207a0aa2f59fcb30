/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "vgpud/log.h"
#include "vgpud/watchdog.h"
#include "vgpud/worker-exit.h"

static struct itimerval limit;

static void on_alarm(int number)
{
    static const char text[] =
        "vgpu-worker: a job took longer than its limit: ending with it\n";

    (void)number;
    if (write(log_fd, text, sizeof(text) - 1)) { /* as it may be */
    }
    _exit(WORKER_EXIT_TOO_LONG);
}

int watchdog_init(unsigned limit_ms)
{
    struct sigaction action;
    sigset_t set;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_alarm;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    limit.it_value.tv_sec = limit_ms / 1000;
    limit.it_value.tv_usec = limit_ms % 1000 * 1000L;
    if (sigaction(SIGALRM, &action, NULL) < 0 ||
        sigprocmask(SIG_UNBLOCK, &set, NULL) < 0) {
        return -errno;
    }
    return 0;
}

void watchdog_start(void)
{
    setitimer(ITIMER_REAL, &limit, NULL);
}

void watchdog_stop(void)
{
    static const struct itimerval none;

    setitimer(ITIMER_REAL, &none, NULL);
}
