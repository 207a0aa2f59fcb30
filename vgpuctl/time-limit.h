/* SPDX-License-Identifier: MIT */
/*
 * How long another program is waited for.
 */
#ifndef VGPUCTL_TIME_LIMIT_H
#define VGPUCTL_TIME_LIMIT_H

/*
 * limit_ms, or what the environment variable VGPUCTL_LIMIT_MS has where that is
 * shorter: a hook for tests, which would wait for nothing but this.
 */
int time_limit_ms(int limit_ms);

#endif /* VGPUCTL_TIME_LIMIT_H */
