/* SPDX-License-Identifier: MIT */
/*
 * Whether the QEMU that is about to be started knows the devices that it is to
 * be given: one that does not would end at once, and xenopsd would wait for it
 * for 300 seconds.
 */
#ifndef VGPU_SHIM_DEVICE_CHECK_H
#define VGPU_SHIM_DEVICE_CHECK_H

#include <stdbool.h>

/*
 * Asks the QEMU for each device behind -device in words, and its properties.
 * What was found good is remembered in cache for as long as stat() says the
 * same of the QEMU. False with *why (g_free).
 */
bool device_check(const char *qemu, char *const *words, const char *cache,
                  char **why);

#endif /* VGPU_SHIM_DEVICE_CHECK_H */
