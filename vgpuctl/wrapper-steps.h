/* SPDX-License-Identifier: MIT */
/*
 * What `wrapper install` and `wrapper remove` share: wrapper*.c's own business.
 */
#ifndef VGPUCTL_WRAPPER_STEPS_H
#define VGPUCTL_WRAPPER_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "hook.h"
#include "options.h"

/* The command line. */
typedef struct WrapperOrder {
    HookWay method; /* HOOK_NONE: what suits the host */
    bool any_release;
    bool restart;
} WrapperOrder;

/* Both return an exit code of exit.h, with all said. */
int wrapper_install(const Options *options, const WrapperOrder *order);
int wrapper_remove(const Options *options, const WrapperOrder *order);

/* The shim's programs. qemu-args comes first: the shim is of no use without. */
enum { PROGRAM_QEMU_ARGS, PROGRAM_SHIM, PROGRAM_COUNT };

typedef struct WrapperProgram {
    const char *path;
    const char *data;
    const size_t *size;
    const char *step; /* for journal_stop_after() */
} WrapperProgram;

extern const WrapperProgram wrapper_programs[PROGRAM_COUNT];
#define WRAPPER_PROGRAM_DIR "/usr/libexec/vgpu"

/* How one of them is found on the host. */
HookFile wrapper_program_state(const Hook *hook, int program);

/* By root, alone, where it can write. False with the problem reported. */
bool wrapper_preflight(const Options *options);

/* xe-toolstack-restart. g_free. False, with the problem reported, where a restart
 * is wanted and there is none. */
bool wrapper_find_restart(const Options *options, bool wanted, char **program);

/* Runs it. False with the problem reported. */
bool wrapper_restart(const Options *options, const char *program);

#endif /* VGPUCTL_WRAPPER_STEPS_H */
