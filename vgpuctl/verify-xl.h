/* SPDX-License-Identifier: MIT */
/*
 * `vgpuctl verify --xl`: the links of a domain that xl has started, on a host
 * without XAPI. What its QEMU is given stands in its configuration file, of which
 * the host keeps no path; a platform key is there only where root writes one.
 */
#ifndef VGPUCTL_VERIFY_XL_H
#define VGPUCTL_VERIFY_XL_H

#include "verify-links.h"

extern const VerifyWay verify_xl;

#endif /* VGPUCTL_VERIFY_XL_H */
