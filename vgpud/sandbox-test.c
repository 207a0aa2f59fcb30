/* SPDX-License-Identifier: MIT */
/* What a worker must not be able to do, tried. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vgpud/sandbox.h"

/* The filter says ENOSYS where the kernel would have said something else. */
static bool refused(const char *name, long result)
{
    bool was = result < 0 && errno == ENOSYS;

    printf("%s %s\n", was ? "refused" : "NOT REFUSED", name);
    return was;
}

#define TRY(name, ...) (errno = 0, refused(name, syscall(__VA_ARGS__)))

static bool try_to_get_out(void)
{
    bool all = true;

    all &= TRY("socket of unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    all &= TRY("socket of inet", SYS_socket, AF_INET, SOCK_STREAM, 0);
    all &= TRY("connect", SYS_connect, -1, NULL, 0);
    all &= TRY("ptrace", SYS_ptrace, 0, 0, 0, 0);
    all &= TRY("process_vm_readv", SYS_process_vm_readv, getppid(), NULL, 0,
               NULL, 0, 0);
    all &= TRY("kill of another", SYS_kill, getppid(), 0);
    all &= TRY("tgkill of another", SYS_tgkill, getppid(), getppid(), 0);
    all &= TRY("mount", SYS_mount, "none", "/", "tmpfs", 0, NULL);
    all &= TRY("chroot", SYS_chroot, "/");
    all &= TRY("unshare", SYS_unshare, CLONE_NEWUSER);
    all &= TRY("clone of a namespace", SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL,
               NULL, NULL, NULL);
    all &= TRY("setns", SYS_setns, -1, 0);
    return all;
}

static bool try_to_be_more(void)
{
    bool all = true;

    all &= TRY("setuid", SYS_setuid, 0);
    all &= TRY("setresuid", SYS_setresuid, 0, 0, 0);
    all &= TRY("setgroups", SYS_setgroups, 0, NULL);
    all &= TRY("capset", SYS_capset, NULL, NULL);
    all &= TRY("prctl of dumpable", SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    all &= TRY("a new limit", SYS_prlimit64, 0, 7, "0123456789abcdef", NULL);
    all &= TRY("setpriority", SYS_setpriority, 0, 0, 0);
    all &= TRY("sched_setscheduler", SYS_sched_setscheduler, 0, 0, NULL);
    all &= TRY("personality", SYS_personality, 0xffffffff);
    return all;
}

static bool try_the_kernel(void)
{
    bool all = true;

    all &= TRY("init_module", SYS_init_module, NULL, 0, "");
    all &= TRY("keyctl", SYS_keyctl, 0, 0, 0, 0, 0);
    all &= TRY("add_key", SYS_add_key, "user", "x", "x", 1, 0);
    all &= TRY("perf_event_open", SYS_perf_event_open, NULL, 0, 0, 0, 0);
    all &= TRY("mknod", SYS_mknod, "/tmp/x", 0, 0);
    all &= TRY("ioctl of a terminal", SYS_ioctl, 0, TIOCSTI, "x");
    all &= TRY("memfd of its own", SYS_memfd_create, "x", 0);
#ifdef SYS_bpf
    all &= TRY("bpf", SYS_bpf, 0, NULL, 0);
#endif
#ifdef SYS_userfaultfd
    all &= TRY("userfaultfd", SYS_userfaultfd, 0);
#endif
#ifdef SYS_io_uring_setup
    all &= TRY("io_uring_setup", SYS_io_uring_setup, 1, NULL);
#endif
    return all;
}

bool sandbox_self_test(void)
{
    bool all = try_to_get_out();

    all &= try_to_be_more();
    all &= try_the_kernel();
    fflush(stdout);
    return all;
}
