/* SPDX-License-Identifier: MIT */
/* What the files of xapi.h share. */
#ifndef VGPUCTL_XAPI_PRIVATE_H
#define VGPUCTL_XAPI_PRIVATE_H

#include "options.h"

/*
 * Asks xe; the words end with NULL. 0 with *output (g_free), or a negative errno
 * with *why (g_free): -ETIMEDOUT, -EIO when xe says no, in its words.
 */
int xapi_ask(const Options *options, const char *const *words, char **output,
             char **why);

#endif /* VGPUCTL_XAPI_PRIVATE_H */
