/* SPDX-License-Identifier: MIT */
/*
 * What `wrapper install` has decided to do, and doing it: wrapper-install.c's and
 * wrapper-put.c's own business.
 */
#ifndef VGPUCTL_WRAPPER_PUT_H
#define VGPUCTL_WRAPPER_PUT_H

#include "wrapper-steps.h"

/* A file as it was before, to be put back. */
typedef struct WrapperBefore {
    bool touched;
    char *data; /* NULL: it was not there */
    size_t length;
} WrapperBefore;

typedef struct WrapperPlan {
    const Options *options;
    const WrapperOrder *order;
    Hook *hook;
    HookWay way;
    char *text;            /* the wrapper's new one; NULL: it stays as it is */
    char *restart_program; /* xe-toolstack-restart, or NULL */
    bool programs;         /* any of them is to be written */
    bool config;
    bool restart;   /* to be done, and has been asked for */
    bool restarted; /* it has been tried */
    bool backed_up; /* the wrapper, by this run */
    WrapperBefore programs_before[PROGRAM_COUNT];
    WrapperBefore config_before;
} WrapperPlan;

/*
 * Carries the plan out, in the order that keeps the host in order. EXIT_SUCCESS;
 * EXIT_FAILED when it went wrong and all has been put back; EXIT_INCOMPLETE when
 * not all could be, or a shim stays that was missing: a configuration of before
 * names it. The problem has been reported.
 */
int wrapper_put(WrapperPlan *plan);

#endif /* VGPUCTL_WRAPPER_PUT_H */
