/* SPDX-License-Identifier: MIT */
/*
 * vgpu-driver-test GROUP[/TEST]...: runs groups of tests, or one, on /dev/vgpu0.
 */
#include "driver/groups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLASS_DEVICE "/sys/class/vgpu/vgpu0"

/* A test's limit. The guest is an emulated one, and the machine may be loaded. */
#define TEST_LIMIT_S 100

VgpuDevice *open_device(void)
{
    VgpuDevice *device;
    const int error = vgpu_open(0, &device);

    if (error) {
        printf("Bail out! /dev/vgpu0: %s\n", strerror(-error));
        exit(1);
    }
    return device;
}

int open_raw(void)
{
    const int fd = open("/dev/vgpu0", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        printf("Bail out! /dev/vgpu0: %s\n", strerror(errno));
        exit(1);
    }
    return fd;
}

uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * VGPU_SECOND + (uint64_t)now.tv_nsec;
}

const char *file_text(const char *path)
{
    static char text[128];
    FILE *file = fopen(path, "r");

    text[0] = 0;
    if (file) {
        if (!fgets(text, sizeof(text), file)) {
            text[0] = 0;
        }
        fclose(file);
    }
    text[strcspn(text, "\n")] = 0;
    return text;
}

const char *sysfs_text(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), CLASS_DEVICE "/%s", name);
    return file_text(path);
}

struct vgpu_info info_of(VgpuDevice *device)
{
    struct vgpu_info info;

    EXPECT_EQ(vgpu_get_info(device, &info), 0);
    return info;
}

int write_text(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY);
    int error = 0;

    if (fd < 0) {
        return -errno;
    }
    if (write(fd, text, strlen(text)) < 0) {
        error = -errno;
    }
    close(fd);
    return error;
}

int sleep_a_moment(void)
{
    const int error = write_text("/sys/class/rtc/rtc0/wakealarm", "+2");

    return error ? error : write_text("/sys/power/state", "mem");
}

const char *pci_directory(void)
{
    static char path[PATH_MAX];

    if (!path[0] && !realpath(CLASS_DEVICE "/device", path)) {
        path[0] = 0;
    }
    return path;
}

void pci_command_set(uint16_t bits, bool on)
{
    char path[PATH_MAX + 16];
    uint16_t command;
    int fd;

    snprintf(path, sizeof(path), "%s/config", pci_directory());
    fd = open(path, O_RDWR);
    EXPECT_EQ(pread(fd, &command, sizeof(command), 4), sizeof(command));
    command = on ? command | bits : command & ~bits;
    EXPECT_EQ(pwrite(fd, &command, sizeof(command), 4), sizeof(command));
    close(fd);
}

/* The interrupt pin off. */
#define PCI_COMMAND_NO_PIN_BIT 0x400

void device_silence(bool on)
{
    static bool had_pin;

    if (on) {
        VgpuDevice *device = open_device();

        had_pin = info_of(device).interrupts == 0;
        vgpu_close(device);
        pci_command_set(PCI_COMMAND_NO_PIN_BIT, true);
        pci_command_set(PCI_COMMAND_MASTER_BIT, false);
    } else if (had_pin) {
        pci_command_set(PCI_COMMAND_NO_PIN_BIT, false);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const TapTest *tests;
    } groups[] = {
        { "basic", basic_tests },       { "refuse", refuse_tests },
        { "parallel", parallel_tests }, { "lifetime", lifetime_tests },
        { "plain", plain_tests },       { "hostile", hostile_tests },
        { "fuzz", fuzz_tests },         { "kernel", kernel_tests },
    };
    unsigned failures = 0;
    size_t i;
    int k;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (k = 1; k < argc; k++) {
        char *only = strchr(argv[k], '/');

        if (only) {
            *only++ = 0;
        }
        for (i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
            if (strcmp(argv[k], groups[i].name) == 0) {
                failures += tap_run(argv[k], only, groups[i].tests,
                                    TEST_LIMIT_S);
            }
        }
    }
    tap_end();
    return failures ? 1 : 0;
}
