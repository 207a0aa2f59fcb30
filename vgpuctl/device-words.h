/* SPDX-License-Identifier: MIT */
/*
 * The vgpu-stub among the words of a VM's device-model-args: where it is, and
 * the words with it put in, changed or taken out. All other words stay as they
 * are and where they are. Words are NULL-terminated lists (g_strfreev).
 */
#ifndef VGPUCTL_DEVICE_WORDS_H
#define VGPUCTL_DEVICE_WORDS_H

#include <stdbool.h>

#include "shim/args.h"

/* The words behind -device that are a vgpu-stub: how many, and the first of them
 * (it belongs to the words), NULL for none. */
const char *device_words_find(char *const *words, unsigned *count);

/* The id of a -chardev that attach makes. */
#define DEVICE_WORDS_LINK "vgpu0"

/* Queues of a device that is to have a link and has none: a small VM's
 * processors. A guest uses no more than it has of them. */
#define DEVICE_WORDS_QUEUES 4

/*
 * The words with that vgpu-stub: in the place of the first one, or at the end.
 * Before it stands the -chardev that it names, with the path of the socket, where
 * there was none; one that only the old vgpu-stub used is not there any more.
 */
char **device_words_with(char *const *words, const ArgsDevice *device,
                         const char *socket);

/* The words without a vgpu-stub, and without the -chardev that only it used. */
char **device_words_without(char *const *words);

bool device_words_equal(char *const *a, char *const *b);

/*
 * Overlays what is there with what is wanted: a property that is not wanted
 * keeps its value, and one that nobody gave gets the default (pool A, priority
 * medium), vm_id the given one. The slot stays open (-1) when nobody gave it.
 * A link (chardev) that is wanted brings DEVICE_WORDS_QUEUES with it where there
 * are no queues; queues of 0 take it away. args_device_clear() the result.
 */
ArgsDevice device_words_merge(const ArgsDevice *there, const ArgsDevice *wanted,
                              gint64 vm_id);

#endif /* VGPUCTL_DEVICE_WORDS_H */
