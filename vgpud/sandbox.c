/* SPDX-License-Identifier: MIT */
/* The first step: user, capabilities, privileges, limits. */
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vgpud/log.h"
#include "vgpud/sandbox.h"

static int failed(const char *what)
{
    int error = errno ? errno : EPERM;

    log_say("the sandbox: %s: %s", what, strerror(error));
    return -error;
}

/* ---- The user ------------------------------------------------------------------------ */

/* While the process may still do it: what no exec can bring back. */
static int drop_bounding_set(void)
{
    capng_clear(CAPNG_SELECT_BOUNDS);
    return capng_apply(CAPNG_SELECT_BOUNDS) ? failed("the bounding set") : 0;
}

static int become(uid_t uid, gid_t gid)
{
    uid_t real, effective, saved;
    gid_t greal, geffective, gsaved;

    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0) {
        return failed("another user");
    }
    if (getresuid(&real, &effective, &saved) < 0 ||
        getresgid(&greal, &geffective, &gsaved) < 0) {
        return failed("the user");
    }
    errno = 0;
    if (real != uid || effective != uid || saved != uid || greal != gid ||
        geffective != gid || gsaved != gid || getgroups(0, NULL) != 0 ||
        setuid(0) == 0) {
        return failed("it is not the user that it should be");
    }
    return 0;
}

static int change(uid_t uid, gid_t gid)
{
    int error;

    if (!uid || !gid) {
        errno = EINVAL;
        return failed("root is no user to change to");
    }
    error = drop_bounding_set();
    return error ? error : become(uid, gid);
}

/* ---- Limits --------------------------------------------------------------------------- */

typedef struct Limit {
    int resource;
    const char *name;
    rlim_t value;
} Limit;

static const Limit limits[] = {
    /* A dump would have the guest's data in it. */
    { RLIMIT_CORE, "core", 0 },
    /* The link has six, a runtime some dozens. */
    { RLIMIT_NOFILE, "files", 256 },
    /* The largest file of a kernel cache is below a megabyte. */
    { RLIMIT_FSIZE, "file size", (rlim_t)64 << 20 },
    /* Of the user, which is the VM's: runtimes have a thread for each processor. It bounds
     * a kernel that multiplies itself. */
    { RLIMIT_NPROC, "processes", 1024 },
};

static int set_limits(void)
{
    size_t i;

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit;

        if (getrlimit(limits[i].resource, &limit) < 0) {
            return failed(limits[i].name);
        }
        if (limit.rlim_max < limits[i].value) { /* it is less already */
            continue;
        }
        limit.rlim_cur = limit.rlim_max = limits[i].value;
        if (setrlimit(limits[i].resource, &limit) < 0) {
            return failed(limits[i].name);
        }
    }
    return 0;
}

/* ---- All of it -------------------------------------------------------------------------- */

static int drop_capabilities(void)
{
    capng_clear(CAPNG_SELECT_CAPS);
    errno = 0;
    if (capng_apply(CAPNG_SELECT_CAPS)) {
        return failed("capabilities");
    }
    if (capng_get_caps_process() ||
        capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
        return failed("it still has capabilities");
    }
    return 0;
}

int sandbox_drop(bool change_user, uid_t uid, gid_t gid)
{
    int error = 0;

    if (!change_user && geteuid() == 0) {
        errno = EINVAL;
        return failed("a worker is not to be root: --user UID:GID");
    }
    if (change_user) {
        error = change(uid, gid);
    }
    if (!error) {
        error = drop_capabilities();
    }
    if (!error) {
        error = set_limits();
    }
    /* Not dumpable: nobody of the same user can trace it, or open its memory. */
    if (!error && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                   prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)) {
        error = failed("no new privileges");
    }
    return error;
}
