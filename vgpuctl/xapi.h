/* SPDX-License-Identifier: MIT */
/*
 * XAPI by its command xe: VMs and their platform keys. A value is read as xe
 * prints it and never through --minimal, which escapes commas.
 */
#ifndef VGPUCTL_XAPI_H
#define VGPUCTL_XAPI_H

#include <glib.h>
#include <stdbool.h>

#include "options.h"

/* The program xe of the host, g_free; NULL when there is none. */
char *xapi_xe(const Options *options);

/* What to do where XAPI could not be asked: another thing without xe. */
const char *xapi_remedy(const Options *options);

typedef struct XapiVm {
    char *uuid;
    char *name;
    char *shown;         /* the name as it can be printed */
    char *power_state;   /* "halted", "running", "paused", "suspended" */
    int domid;           /* -1 where it has none */
    char *resident_on;   /* a host's uuid, or "" */
    bool control_domain; /* dom0 itself, or another of the toolstack's own */
    char *args;       /* its ARGS_KEY; NULL: it has none, or it was not read */
    char *args_other; /* its ARGS_KEY_OTHER; only xapi_vms() reads it */
} XapiVm;

void xapi_vm_free(XapiVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XapiVm, xapi_vm_free)

/* It has a QEMU, or is about to have the same one again (suspended). */
bool xapi_vm_is_on(const XapiVm *vm);

/*
 * The VM with that uuid or name-label, with its key. NULL when there is none,
 * the name is not unique, or it is a control domain, a template or a snapshot:
 * then *why (g_free) says so in one line, and *remedy what to do.
 */
XapiVm *xapi_vm_find(const Options *options, const char *text, char **why,
                     const char **remedy);

/*
 * All VMs of the pool but control domains, templates and snapshots, by name,
 * with their keys in both spellings. g_ptr_array_unref. NULL with *why (g_free).
 */
GPtrArray *xapi_vms(const Options *options, char **why);

/* A copy of the one VM of such a list with that uuid or name; NULL: there is none,
 * or more than one. xapi_vm_find() says why. */
XapiVm *xapi_vm_pick(GPtrArray *vms, const char *text);

/* A parameter of a VM, g_free; NULL with *why (g_free). */
char *xapi_vm_get(const Options *options, const char *uuid, const char *param,
                  char **why);

/*
 * A platform key of a VM. xapi_key_get() returns 0 with *value (g_free),
 * XAPI_NO_KEY, or a negative errno with *why (g_free). The others are changes:
 * 0, or a negative errno with the problem reported. xapi_key_set() sets it to
 * the value, and for NULL removes it (fine where there is none).
 */
#define XAPI_NO_KEY 1
int xapi_key_get(const Options *options, const char *uuid, const char *key,
                 char **value, char **why);
int xapi_key_set(const Options *options, const char *uuid, const char *key,
                 const char *value);

/*
 * xapi passes on the platform keys that it does not know only where the pool's
 * restrictions say `platform_filter: false`. Returns 0 when it does,
 * XAPI_FILTERED when it drops them, or a negative errno with *why (g_free).
 */
#define XAPI_FILTERED 1
int xapi_platform_filter(const Options *options, char **why);

/* How many hosts the pool has; a negative errno with *why (g_free). */
int xapi_hosts(const Options *options, char **why);

/* The uuid that XAPI has for this host, g_free; NULL: nothing says it. */
char *xapi_this_host(const Options *options);

/*
 * Runs `xe WORD...` as a change, for at most limit_s seconds. Returns 0,
 * -ETIMEDOUT, or another negative errno; on failure *why (g_free) is xe's own
 * words in one line. Nothing is reported but the change.
 */
int xapi_change(const Options *options, const char *const *words, int limit_s,
                char **why);

/*
 * The parts that only read text, for their tests. What xe prints when it fails,
 * in one line (g_free). The records of a list: each a GHashTable of parameter to
 * value, NULL when the text is not such a list. g_ptr_array_unref.
 */
char *xapi_error_text(const char *output);
GPtrArray *xapi_parse_records(const char *output);
bool xapi_is_uuid(const char *text);

#endif /* VGPUCTL_XAPI_H */
