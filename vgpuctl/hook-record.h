/* SPDX-License-Identifier: MIT */
/* Reading what `wrapper install` noted: hook.c's own business. */
#ifndef VGPUCTL_HOOK_RECORD_H
#define VGPUCTL_HOOK_RECORD_H

#include "hook.h"

/* *record is zero where nothing was noted, or what makes no sense. */
void hook_record_read(const Options *options, HookRecord *record);

#endif /* VGPUCTL_HOOK_RECORD_H */
