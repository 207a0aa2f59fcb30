/* SPDX-License-Identifier: MIT */
/*
 * What is asked before a VM's device-model-args change: would the rules let the
 * new value pass, would the installed QEMU start with it, would xapi hand it on.
 * Each reports the one problem itself.
 */
#ifndef VGPUCTL_KEY_CHECK_H
#define VGPUCTL_KEY_CHECK_H

#include <stdbool.h>

#include "hook.h"
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

/* What to say where it does not, and *remedy what to do. Constants. */
const char *key_check_filter_text(const char **remedy);

/*
 * The host's wrapper reads a VM's key in the other spelling by itself, and so
 * ARGS_KEY is read by nobody there. Nothing is reported.
 */
bool key_check_reads_other(const Hook *hook);

/* What has to be said of such a wrapper. */
#define KEY_CHECK_READS_OTHER                                             \
    "this host's wrapper reads platform:" ARGS_KEY_OTHER " by itself and" \
    " not platform:" ARGS_KEY
#define KEY_CHECK_NO_LIST                                                \
    "such a wrapper has no allow-list: whoever may set a VM's keys may " \
    "give its QEMU any argument"

#endif /* VGPUCTL_KEY_CHECK_H */
