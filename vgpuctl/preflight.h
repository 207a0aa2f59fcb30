/* SPDX-License-Identifier: MIT */
/*
 * All that `install` asks before its first change.
 */
#ifndef VGPUCTL_PREFLIGHT_H
#define VGPUCTL_PREFLIGHT_H

#include <glib.h>
#include <stdbool.h>

#include "options.h"
#include "package.h"

/* What the administrator says to objections. */
typedef struct Consent {
    bool running_vms;
    bool any_release;
    bool downgrade;
} Consent;

/* What is to be installed, and over what. */
typedef struct Plan {
    const char *rpm;      /* the caller's */
    Package *package;     /* what it is */
    Package *installed;   /* what owns the QEMU binary now */
    bool installed_stock; /* that has no vgpu-stub */
    bool nothing_to_do;   /* just this is installed, and works */
    char *stock_rpm;      /* the RPM of what is installed, or NULL */
    GPtrArray *paths;     /* of what is installed */
    GPtrArray *new_paths; /* of what is to be installed */
} Plan;

void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/*
 * False, with the one problem reported, when a check says no. By root; with no
 * other run at work (from here on none can be); where it can write.
 */
bool preflight_root(void);
bool preflight_alone(const Options *options);
bool preflight_writable(const Options *options);

/* The release, and running VMs. */
bool preflight_host(const Options *options, const Consent *consent);

/*
 * The checks of an RPM against the host. stock_rpm is what was given for it,
 * or NULL. NULL when one says no, with the problem reported.
 */
Plan *preflight_rpm(const Options *options, const Consent *consent,
                    const char *rpm, const char *stock_rpm);

/* A path of the command line, absolute: rpm --root takes no other. g_free. */
char *preflight_absolute(const char *path);

/* The words of the rpm command that installs a plan. g_ptr_array_unref; it does
 * not own the words. */
GPtrArray *preflight_command(const Options *options, const Plan *plan,
                             bool test);

#endif /* VGPUCTL_PREFLIGHT_H */
