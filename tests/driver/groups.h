/* SPDX-License-Identifier: MIT */
/*
 * The groups of tests of the driver and libvgpu, run in the guest on /dev/vgpu0.
 */
#ifndef TESTS_DRIVER_GROUPS_H
#define TESTS_DRIVER_GROUPS_H

#include "driver/tap.h"
#include "vgpu.h"

extern const TapTest basic_tests[];    /* each command, each size */
extern const TapTest refuse_tests[];   /* each way to call it wrongly */
extern const TapTest parallel_tests[]; /* processes, threads, poll, signals */
extern const TapTest
    lifetime_tests[]; /* a device that fails, and one that goes */
extern const TapTest hostile_tests[]; /* one that lies */
extern const TapTest plain_tests[];   /* a device without queues */
extern const TapTest fuzz_tests[];    /* calls that no program makes */
extern const TapTest kernel_tests[];  /* kernels on the host's accelerator */

/* Ends a test's wait in any case: nothing takes so long. */
#define LIMIT (20 * VGPU_SECOND)

/* /dev/vgpu0; ends the program when it cannot be opened. */
VgpuDevice *open_device(void);
/* Its descriptor for calls of one's own. */
int open_raw(void);

/* Nanoseconds of the driver's clock. */
uint64_t now_ns(void);

/* A file's first line, or one of /sys/class/vgpu/vgpu0, without its newline, or "".
 * Static, the same for both. */
const char *file_text(const char *path);
const char *sysfs_text(const char *name);

struct vgpu_info info_of(VgpuDevice *device);

/* Work on the device, the same for the same seed; whether it went well. */
typedef bool Work(VgpuDevice *device, unsigned seed);

/* Several threads do it on one device, and leave no result that nobody has taken;
 * several processes do, each on one that it opens itself. Seeds are from 0. */
void run_in_threads(VgpuDevice *device, Work *work);
void run_in_processes(Work *work);

/* The PCI function of /dev/vgpu0: a bit of its command register set or cleared,
 * behind the driver's back. */
#define PCI_COMMAND_MEMORY_BIT 0x2
#define PCI_COMMAND_MASTER_BIT 0x4
void pci_command_set(uint16_t bits, bool on);

/* The device can neither reach memory nor raise an interrupt: commands that are
 * sent then do not end. The driver's reset lets it reach memory again; false gives
 * back its pin, if that was in use. */
void device_silence(bool on);

/* Writes a text to a file; 0 or a negative errno. */
int write_text(const char *path, const char *text);
/* Suspends the machine, whose clock wakes it; 0 or a negative errno. */
int sleep_a_moment(void);
/* Its directory in sysfs. Static. */
const char *pci_directory(void);

#endif /* TESTS_DRIVER_GROUPS_H */
