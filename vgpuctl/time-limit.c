/* SPDX-License-Identifier: MIT */
#include "time-limit.h"

#include <glib.h>
#include <stdlib.h>

int time_limit_ms(int limit_ms)
{
    const char *text = getenv("VGPUCTL_LIMIT_MS");
    gint64 shorter = text ? g_ascii_strtoll(text, NULL, 10) : 0;

    return shorter > 0 && shorter < limit_ms ? (int)shorter : limit_ms;
}
