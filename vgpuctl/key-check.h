/* SPDX-License-Identifier: MIT */
/*
 * What is asked before a VM's device-model-args change: would the rules let the
 * new value pass, would the installed QEMU start with it, would xapi hand it on.
 * Each reports the one problem itself.
 */
#ifndef VGPUCTL_KEY_CHECK_H
#define VGPUCTL_KEY_CHECK_H

#include <stdbool.h>

#include "options.h"
#include "xapi.h"

/*
 * The words that the rules make of a value for this VM (g_strfreev), each device
 * with its addr; NULL with *why (g_free). Nothing is reported.
 */
char **key_check_words(const Options *options, const char *uuid,
                       const char *value, char **why);

/* The same for a value that is to be set: NULL has been reported. */
char **key_check_rules(const Options *options, const XapiVm *vm,
                       const char *value);

/*
 * The QEMU binary starts with what is behind -device in the words. A path of the
 * system that vgpuctl runs on.
 */
bool key_check_qemu(const char *binary, char *const *words);

/* xapi hands on keys that it does not know. */
bool key_check_filter(const Options *options);

#endif /* VGPUCTL_KEY_CHECK_H */
