/* SPDX-License-Identifier: MIT */
/* What the files spec*.c share; for others there is spec.h. */
#ifndef VGPUCTL_SPEC_INTERNAL_H
#define VGPUCTL_SPEC_INTERNAL_H

#include "spec.h"

#define MARK_SOURCE     SPEC_MARK "begin source"
#define MARK_SOURCE_END SPEC_MARK "end source"
#define MARK_RELEASE    SPEC_MARK "release"
#define MARK_PREP       SPEC_MARK "begin prep"
#define MARK_PREP_END   SPEC_MARK "end prep"
#define MARK_ENTRY      "- Add the vgpu-stub device (vgpuctl integrate)"

#define SPEC_RESTORE \
    "put back the spec of the QEMU RPM repository and run it again"

/* Fills in a refusal; false, for the caller to return. */
bool spec_refuse(SpecRefusal *refusal, const char *remedy, const char *format,
                 ...) G_GNUC_PRINTF(3, 4);

/* Finds out spec->state, and for a spec with the device where its lines are. */
bool spec_find_device(Spec *spec, SpecRefusal *refusal);

#endif /* VGPUCTL_SPEC_INTERNAL_H */
