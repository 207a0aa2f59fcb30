/* SPDX-License-Identifier: MIT */
/*
 * `attach` and `detach` for a plain Xen host: a configuration file of xl instead
 * of a VM of XAPI. Both report and return a code of exit.h.
 */
#ifndef VGPUCTL_XLFILE_H
#define VGPUCTL_XLFILE_H

#include "shim/args.h"
#include "options.h"

int xlfile_attach(const Options *options, const char *path,
                  const ArgsDevice *wanted);
int xlfile_detach(const Options *options, const char *path);

#endif /* VGPUCTL_XLFILE_H */
