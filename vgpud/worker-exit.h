/* SPDX-License-Identifier: MIT */
/* What a worker's exit code says to vgpud. */
#ifndef VGPUD_WORKER_EXIT_H
#define VGPUD_WORKER_EXIT_H

/* X(NAME, code, text) */
#define WORKER_EXITS(X)                                \
    X(ENDED, 0, "the device has gone")                 \
    X(FAILED, 1, "something on this host failed")      \
    X(USAGE, 2, "called with wrong options")           \
    X(BROKEN, 3, "the device broke the protocol")      \
    X(TOO_LONG, 4, "a job took longer than its limit") \
    X(SANDBOX, 5, "it could not be locked in, and did nothing")

#define WORKER_EXIT_ENUM(name, code, text) WORKER_EXIT_##name = (code),
enum { WORKER_EXITS(WORKER_EXIT_ENUM) };

#endif /* VGPUD_WORKER_EXIT_H */
