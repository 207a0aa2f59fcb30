/* SPDX-License-Identifier: MIT */
/*
 * The rules of device-model-args: what a VM's administrator may add to the
 * command line of the VM's QEMU. The text comes from somebody who may do no
 * more than administer one VM, and what passes here runs in dom0: so nothing
 * passes that is not understood, and one wrong word refuses all of it.
 *
 *   -device vgpu-stub[,PROPERTY=VALUE...]   pool_id, priority, vm_id, queues,
 *                                           chardev, addr; once; addr is added
 *   -device ich9-usb-ehci1[,addr=SLOT]      the known-good device of `probe`,
 *                                           twice at most
 *   -chardev socket,id=ID,path=PATH         PATH is this VM's own socket, and ID
 *                                           what the vgpu-stub has as chardev
 *   the lines of /etc/vgpu/allow-args, word by word, each once
 *
 * Words are split by a shell's quoting rules (g_shell_parse_argv()); nothing is
 * expanded. All functions are thread-safe and keep no pointer.
 */
#ifndef VGPU_SHIM_ARGS_H
#define VGPU_SHIM_ARGS_H

#include <glib.h>
#include <stdbool.h>

/* Bytes of text: what xenstore transfers at most. */
#define ARGS_TEXT_LIMIT 4096

/* Slots that are given where addr is missing: high, where neither XCP-ng's
 * network cards nor passed-through devices come to lie. */
#define ARGS_SLOT_DEVICE 0x1e
#define ARGS_SLOT_PROBE  0x1d

/* Slots below are the machine's own: up to seven network cards from 4 on, and
 * passed-through devices from 8 on, not all of which say their slot. */
#define ARGS_SLOT_FIRST 0x10
#define ARGS_SLOT_LAST  0x1f

#define ARGS_PROBE_DEVICE "ich9-usb-ehci1"

/*
 * The words of a text, or NULL with *why (g_free) when it is too long, no
 * UTF-8, has control characters or an open quote. An empty text has no words.
 */
char **args_split(const char *text, size_t length, char **why);

/* The text that args_split() takes apart into these words. g_free. */
char *args_join(char *const *words);

/* A vgpu-stub as `-device` has it. NULL and -1 are properties not given. */
typedef struct ArgsDevice {
    char *pool_id;
    char *priority;
    gint64 vm_id;
    int slot;
    char *chardev;
    gint64 queues;
} ArgsDevice;

#define ARGS_DEVICE_INIT             \
    {                                \
        NULL, NULL, -1, -1, NULL, -1 \
    }
void args_device_clear(ArgsDevice *device);

/* The word behind -device is a vgpu-stub, with or without properties. */
bool args_is_device(const char *word);

/*
 * Parses such a word. False with *why (g_free) when a property is unknown,
 * given twice or has a value that QEMU would refuse; *device is then cleared.
 */
bool args_device_parse(ArgsDevice *device, const char *word, char **why);

/* "vgpu-stub,pool_id=A,...": what is given, in the order of the guides. g_free. */
char *args_device_text(const ArgsDevice *device);

/* A number of a slot as addr= has it: "1e", "0x1e", "1e.0"; or -1. */
int args_slot(const char *text);

/* What the rules need to know of the VM and its host. */
typedef struct ArgsRules {
    /* The VM's uuid; NULL: unknown, and no -chardev passes. */
    const char *uuid;
    /* The QEMU command line without these, or NULL: whose slots are taken, and
     * whether it has the device already. */
    char *const *command_line;
    /* args_allowed_parse(), or NULL. */
    GPtrArray *allowed;
} ArgsRules;

/*
 * The words to add (g_strfreev), each device with its addr; none for a text
 * without words. NULL with *why (g_free), in one line for a log, when anything
 * of it is refused.
 */
char **args_check(const char *text, size_t length, const ArgsRules *rules,
                  char **why);

/*
 * The lines of allow-args: `-device NAME,...,addr=SLOT` each, a usb-* without
 * addr=; `#` begins a comment line. Only devices can be allowed: every other
 * option can open QEMU's sandbox, a file or a console. Lines that are none are
 * left out, and *refused (g_free, NULL: none) names the first.
 * g_ptr_array_unref.
 */
GPtrArray *args_allowed_parse(const char *text, size_t length, char **refused);

/*
 * Whether a wrapper's text reads a VM's device-model-args (either spelling) by
 * itself: then nothing may be added, or the device would be there twice.
 * Comments do not count. What vgpuctl edits into a wrapper does not read it.
 */
bool args_wrapper_reads_key(const char *text);

#endif /* VGPU_SHIM_ARGS_H */
