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

/* Starts that failed, as the logs have them. */
void doctor_check_logs(Doctor *doctor);

#endif /* VGPUCTL_DOCTOR_VMS_H */
