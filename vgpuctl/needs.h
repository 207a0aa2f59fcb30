/* SPDX-License-Identifier: MIT */
#ifndef VGPUCTL_NEEDS_H
#define VGPUCTL_NEEDS_H

#include <glib.h>

#include "options.h"

/*
 * Reports which packages of needs (names, as a spec's BuildRequires has them)
 * and of the tools that no spec names are not installed, as one command; and
 * where to build. None of it is a reason to stop: the tree may be made on one
 * machine and built on another.
 */
void needs_report(const Options *options, const GPtrArray *needs);

#endif /* VGPUCTL_NEEDS_H */
