/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for the hypervisor, preloaded into Xen's real xenstored: enough of
 * libxenevtchn, libxengnttab, libxenctrl and /proc/xen for it to serve its
 * socket on a machine without Xen. No domain ever talks to it over a ring.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

/* Where xenstored looks for its own event channel and its own ring. */
#define PORT_FILE "/proc/xen/xsd_port"
#define RING_FILE "/proc/xen/xsd_kva"
#define RING_SIZE 4096

/* What the libraries' functions return as a handle; nothing looks into it. */
static char handle[1];
static char ring[RING_SIZE] __attribute__((aligned(RING_SIZE)));

/* ---- Event channels: none ever comes ---------------------------------------- */

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return (xenevtchn_handle *)(void *)handle;
}

xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *logger, int fd,
                                   unsigned int flags)
{
    (void)fd;
    return xenevtchn_open(logger, flags);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    (void)xce;
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    static int fd = -1;

    (void)xce;
    if (fd < 0) {
        fd = eventfd(0, EFD_CLOEXEC);
    }
    return fd;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
                                                     uint32_t domid,
                                                     evtchn_port_t port)
{
    (void)xce;
    (void)domid;
    return (xenevtchn_port_or_error_t)port;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
                                              unsigned int virq)
{
    (void)xce;
    return (xenevtchn_port_or_error_t)virq + 100;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    (void)xce;
    return -1;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return 0;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return 0;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return 0;
}

/* ---- Grants and domains: there are none -------------------------------------- */

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return (xengnttab_handle *)(void *)handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
    (void)xgt;
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
    (void)xgt;
    (void)nr_grants;
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
                              uint32_t ref, int prot)
{
    (void)xgt;
    (void)domid;
    (void)ref;
    (void)prot;
    return ring;
}

xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *dombuild_logger,
                                unsigned open_flags)
{
    (void)logger;
    (void)dombuild_logger;
    (void)open_flags;
    return (xc_interface *)(void *)handle;
}

int xc_interface_close(xc_interface *xch)
{
    (void)xch;
    return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
                      unsigned int max_doms, xc_dominfo_t *info)
{
    (void)xch;
    (void)first_domid;
    (void)max_doms;
    (void)info;
    return 0;
}

/* ---- The kernel's files -------------------------------------------------------- */

/* A descriptor in place of a file of the kernel's, or -1: it is another file. */
static int in_place_of(const char *path)
{
    static const char port[] = "1\n";
    int fd;

    if (strcmp(path, PORT_FILE) == 0) {
        fd = memfd_create("xsd_port", MFD_CLOEXEC);
        if (fd >= 0 &&
            (write(fd, port, strlen(port)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
            close(fd);
            return -1;
        }
        return fd;
    }
    if (strcmp(path, RING_FILE) == 0) {
        fd = memfd_create("xsd_kva", MFD_CLOEXEC);
        if (fd >= 0 && ftruncate(fd, RING_SIZE) < 0) {
            close(fd);
            return -1;
        }
        return fd;
    }
    return -1;
}

static int open_file(const char *path, int flags, mode_t mode)
{
    int fd = in_place_of(path);

    return fd >= 0 ? fd : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* The mode is there with this flag only (xenstored uses no O_TMPFILE). */
#define OPEN_FILE(path, flags)               \
    do {                                     \
        mode_t mode = 0;                     \
        va_list args;                        \
                                             \
        if ((flags)&O_CREAT) {               \
            va_start(args, flags);           \
            mode = va_arg(args, mode_t);     \
            va_end(args);                    \
        }                                    \
        return open_file(path, flags, mode); \
    } while (0)

int open(const char *path, int flags, ...)
{
    OPEN_FILE(path, flags);
}

int open64(const char *path, int flags, ...)
{
    OPEN_FILE(path, flags);
}

/* What a fortified program calls in their place. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_file(path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_file(path, flags, 0);
}
