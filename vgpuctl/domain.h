/* SPDX-License-Identifier: MIT */
/*
 * Facts about a running domain of this host: what xenstore has of it, and the
 * command line of its real QEMU, found by the pid that xenstore has. (A search
 * for "qemu-dm-2" finds 21 too, and domain ids recur.) Changes nothing.
 */
#ifndef VGPUCTL_DOMAIN_H
#define VGPUCTL_DOMAIN_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "options.h"

typedef struct Domain {
    int domid;
    pid_t pid; /* its QEMU */
    /* The parent of that: where wrappers start QEMU as a child and become its
     * logger, the process that was the wrapper. 0: it cannot be told. */
    pid_t parent;
    /* The QEMU's command line, which has been seen to be this domain's. */
    char **argv;
    /* When the QEMU was started, in seconds since 1970; 0: it cannot be told. */
    gint64 started;
    /* The platform key as xenstore has it, and its name there: ARGS_KEY or
     * ARGS_KEY_OTHER. NULL: xenstore has neither. */
    char *xenstore_args;
    const char *xenstore_key;
    /* The path of the QMP socket that is libxl's; it need not be there. */
    char *qmp;
} Domain;

/*
 * The domain of a VM of XAPI by its uuid. NULL when it does not run here or
 * something cannot be read, with *why (g_free) in one line.
 */
Domain *domain_of_vm(const Options *options, const char *uuid, char **why);

/* The same where the domid is known. */
Domain *domain_of_domid(const Options *options, const char *uuid, int domid,
                        char **why);

/*
 * The same of a domain that libxl has started, by its domid: no uuid is compared,
 * and the pid is the one that libxl writes where no wrapper has written one.
 */
Domain *domain_of_xl(const Options *options, int domid, char **why);
void domain_free(Domain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, domain_free)

/* Why a word can be neither a domain's name nor its number; NULL: it can. */
const char *domain_xl_problem(const char *text);

/*
 * The domid of such a word: the number itself, whether there is such a domain or
 * not, or what xl has of the name. A negative errno with *why (g_free) in one
 * line and *remedy: -ENOENT there is no program xl, -ESRCH no domain is called so,
 * -ETIMEDOUT xl does not answer in 5 s, -EIO all else.
 */
int domain_xl_domid(const char *text, char **why, const char **remedy);

/* What a VM's QEMU runs from. */
enum {
    DOMAIN_BINARY_INSTALLED, /* the host's QEMU as it is installed now */
    DOMAIN_BINARY_REPLACED,  /* one that has been replaced since */
    DOMAIN_BINARY_UNKNOWN,   /* it cannot be told */
};
int domain_binary(const Options *options, const Domain *domain);

/*
 * Reads a key of xenstore into *value (g_free). Returns 0, DOMAIN_NO_KEY with
 * *value NULL, or a negative errno with *why (g_free): -ENOENT there is no
 * xenstore-read, -ETIMEDOUT xenstore does not answer in 5 s, -EIO all else.
 */
#define DOMAIN_NO_KEY 1
int domain_xenstore_read(const char *path, char **value, char **why);

/* The uuid of a domain of this host, g_free; NULL with *why (g_free). */
char *domain_uuid(int domid, char **why);

/*
 * A domain's platform key in xenstore (g_free) and how it is spelled there, as
 * Domain has them. False with *why (g_free) when xenstore cannot be read.
 */
bool domain_read_args(int domid, char **args, const char **key, char **why);

/* The uuid of this host, as XAPI has it in resident-on; g_free, NULL: it is not
 * told. */
char *domain_host_uuid(const Options *options);

/*
 * The parts that only read text, for their tests. The words of a file
 * /proc/<pid>/cmdline (g_strfreev); a pid in decimal, 0 for what is none; what
 * xenstore-read prints, with its escapes taken back (g_free).
 */
char **domain_parse_cmdline(const char *data, size_t length);
pid_t domain_parse_pid(const char *text);
char *domain_unescape(const char *printed);

/*
 * Whether such words are of the QEMU of a domain that libxl has started. It calls
 * a QEMU by its path, unlike a wrapper: then -xen-domid tells whose it is.
 */
bool domain_is_xl_qemu(char *const *argv, int domid);

#endif /* VGPUCTL_DOMAIN_H */
