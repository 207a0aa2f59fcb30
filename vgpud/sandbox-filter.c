/* SPDX-License-Identifier: MIT */
/*
 * The second step: the system calls that are left. What is not here does not exist for
 * the worker (ENOSYS, which libraries have a way around); docs/vgpud.md says what one can
 * still do with those that are.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vgpud/log.h"
#include "vgpud/sandbox.h"

/* clang-format off */
/* Names, because the build's headers may not have the numbers: one that this host's
 * libseccomp does not know is one that nothing on it calls. */
static const char *const allowed[] = {
    /* The link, and what a runtime's threads wait with. */
    "read", "write", "readv", "writev", "close", "epoll_wait", "epoll_pwait",
    "epoll_ctl", "recvfrom", "sendmsg", "poll", "ppoll", "select", "pselect6",
    "futex", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres",
    "gettimeofday", "time", "setitimer", "restart_syscall",
    /* Memory. */
    "mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "membarrier",
    /* Threads and signals of its own. */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    "set_robust_list", "set_tid_address", "rseq", "arch_prctl", "gettid",
    "getpid", "getppid", "sched_yield", "sched_getaffinity", "sched_getparam",
    "sched_getscheduler", "getcpu", "exit", "exit_group",
    /* Files, as far as the user may: a runtime's, and the kernel cache. */
    "open", "openat", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs",
    "fstatfs", "lseek", "pread64", "pwrite64", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd",
    "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat",
    "renameat2", "ftruncate", "fallocate", "fsync", "fdatasync", "flock",
    "umask", "chmod", "fchmod", "fchmodat", "utimensat", "dup", "dup2", "dup3",
    "pipe", "pipe2", "fadvise64",
    /* What is what. */
    "uname", "sysinfo", "getuid", "geteuid", "getgid", "getegid", "getrusage",
    "getrlimit", "getrandom",
    /* PoCL starts a linker for each new kernel. */
    "execve", "vfork", "wait4", "waitid",
};
/* clang-format on */

/* Of clone(): a namespace of one's own has capabilities in it. */
#define NAMESPACES                                               \
    (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
     CLONE_NEWPID | CLONE_NEWNET | 0x02000000 /* CLONE_NEWCGROUP */)

static int allow(scmp_filter_ctx filter, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);

    return number == __NR_SCMP_ERROR
               ? 0
               : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

/* A call with one argument of one value. */
static int allow_if(scmp_filter_ctx filter, int number, unsigned argument,
                    scmp_datum_t value)
{
    const struct scmp_arg_cmp compare = { argument, SCMP_CMP_EQ, value, 0 };

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
}

static int allow_in_part(scmp_filter_ctx filter)
{
    /* Without a new limit. */
    const struct scmp_arg_cmp limits[] = { { 0, SCMP_CMP_EQ, 0, 0 },
                                           { 2, SCMP_CMP_EQ, 0, 0 } };
    const struct scmp_arg_cmp clone[] = {
        { 0, SCMP_CMP_MASKED_EQ, NAMESPACES, 0 },
    };
    static const int commands[] = { F_DUPFD, F_GETFD,  F_SETFD,
                                    F_GETFL, F_SETFL,  F_GETLK,
                                    F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC };
    int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
                                       SCMP_SYS(prlimit64), 2, limits);
    size_t i;

    error |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                    clone);
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        error |= allow_if(filter, SCMP_SYS(fcntl), 1,
                          (scmp_datum_t)commands[i]);
    }
    error |= allow_if(filter, SCMP_SYS(prctl), 0, PR_SET_NAME);
    error |= allow_if(filter, SCMP_SYS(prctl), 0, PR_GET_NAME);
    /* isatty() */
    error |= allow_if(filter, SCMP_SYS(ioctl), 1, TCGETS);
    /* abort() of its own, no signal to another process. */
    error |= allow_if(filter, SCMP_SYS(tgkill), 0, (scmp_datum_t)getpid());
    return error;
}

static int fill(scmp_filter_ctx filter)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    size_t i;

    for (i = 0; !error && i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        error = allow(filter, allowed[i]);
    }
    if (!error) {
        error = allow_in_part(filter);
    }
    return error ? error : seccomp_load(filter);
}

int sandbox_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int error = filter ? fill(filter) : -ENOMEM;

    if (filter) {
        seccomp_release(filter);
    }
    if (error) {
        log_say("the sandbox: no filter: %s",
                strerror(error < 0 ? -error : error));
        return error < 0 ? error : -EINVAL;
    }
    return 0;
}
