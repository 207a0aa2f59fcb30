/* SPDX-License-Identifier: MIT */
/*
 * Installing an RPM with the device: what the verbs install and setup do.
 */
#ifndef VGPUCTL_INSTALL_H
#define VGPUCTL_INSTALL_H

#include "options.h"
#include "preflight.h"

/*
 * Finishes or undoes what was interrupted, then checks and installs. rpm and
 * stock_rpm are absolute paths, or NULL. Returns an exit code of exit.h, with
 * all said.
 */
int install_rpm(const Options *options, const Consent *consent, const char *rpm,
                const char *stock_rpm);

#endif /* VGPUCTL_INSTALL_H */
