/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include <glib.h>

#include "report.h"

struct Waiting {
    GThread *thread;
    GMutex mutex;
    GCond ended;
    bool end;
    char *what;
};

static gpointer show(gpointer data)
{
    Waiting *waiting = data;
    gint64 start = g_get_monotonic_time();
    gint64 next = start;

    g_mutex_lock(&waiting->mutex);
    while (!waiting->end) {
        next += G_TIME_SPAN_SECOND;
        if (!g_cond_wait_until(&waiting->ended, &waiting->mutex, next)) {
            report_progress("%s: %d s", waiting->what,
                            (int)((next - start) / G_TIME_SPAN_SECOND));
        }
    }
    g_mutex_unlock(&waiting->mutex);
    return NULL;
}

Waiting *waiting_begin(const char *what)
{
    Waiting *waiting = g_new0(Waiting, 1);

    g_mutex_init(&waiting->mutex);
    g_cond_init(&waiting->ended);
    waiting->what = g_strdup(what);
    waiting->thread = g_thread_new("waiting", show, waiting);
    return waiting;
}

void waiting_end(Waiting *waiting)
{
    g_mutex_lock(&waiting->mutex);
    waiting->end = true;
    g_cond_signal(&waiting->ended);
    g_mutex_unlock(&waiting->mutex);
    g_thread_join(waiting->thread);
    report_progress(NULL);
    g_mutex_clear(&waiting->mutex);
    g_cond_clear(&waiting->ended);
    g_free(waiting->what);
    g_free(waiting);
}
