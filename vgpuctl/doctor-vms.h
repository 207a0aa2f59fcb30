/* SPDX-License-Identifier: MIT */
/*
 * What the checks of VMs share: each VM that has the key.
 */
#ifndef VGPUCTL_DOCTOR_VMS_H
#define VGPUCTL_DOCTOR_VMS_H

#include <glib.h>
#include <stdbool.h>

#include "doctor.h"
#include "domain.h"
#include "hook.h"
#include "vmkey.h"
#include "xapi.h"

typedef struct VmFacts {
    const XapiVm *vm; /* the list's */
    VmKey *key;
    bool here;      /* it has a domain on this host */
    Domain *domain; /* NULL: it has none here, or why not */
    char *why;
} VmFacts;

/* Those of them that run here: their QEMUs. `all` holds VmFacts. */
void doctor_check_running(Doctor *doctor, const GPtrArray *all);

/* Those of all XapiVms that run here and have the device, but not from their
 * start. */
void doctor_check_hotplugged(Doctor *doctor, const GPtrArray *vms);

/* Those of all XapiVms that have the key in its other spelling. */
void doctor_check_spelling(Doctor *doctor, const GPtrArray *vms,
                           const Hook *hook);

/* What no VM may ask for, in either spelling. */
#define DOCTOR_SECURITY "no VM asks for more than the device"
#define DOCTOR_SPELLING "no VM has the key in both spellings"

/* Starts that failed, as the logs have them. */
void doctor_check_logs(Doctor *doctor);

#endif /* VGPUCTL_DOCTOR_VMS_H */
