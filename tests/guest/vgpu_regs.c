/* SPDX-License-Identifier: MIT */
/*
 * vgpu-regs: reads and writes the device's registers from inside a guest,
 * through the BAR's file in sysfs. It needs root and no driver.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vgpu/regs.h"

#define DEVICES   "/sys/bus/pci/devices"
#define PATH_SIZE 512

typedef struct Register {
    const char *name;
    unsigned offset;
} Register;

#define REGISTER(name, access) { #name, VGPU_REG_##name },
static const Register registers[] = { VGPU_REGISTERS(REGISTER) };
#define REGISTER_COUNT (sizeof(registers) / sizeof(registers[0]))

static volatile unsigned char *bar;

/* What -d names in /sys/bus/pci/devices; NULL: the first vgpu-stub. */
static const char *chosen;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
    va_list args;

    fputs("vgpu-regs: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

/* ---- Finding and mapping the device -------------------------------------- */

/* A sysfs file that holds one hexadecimal number; -1 when it cannot be read. */
static long read_number(const char *device, const char *name)
{
    char path[PATH_SIZE];
    char text[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), DEVICES "/%.32s/%.32s", device, name);
    file = fopen(path, "r");
    if (!file) {
        return -1;
    }
    if (!fgets(text, sizeof(text), file)) {
        text[0] = '\0';
    }
    fclose(file);
    return text[0] ? strtol(text, NULL, 16) : -1;
}

/* The directory of the chosen device. */
static void find_device(char path[PATH_SIZE])
{
    DIR *directory = opendir(DEVICES);
    struct dirent *entry;
    bool found = false;

    if (chosen) {
        snprintf(path, PATH_SIZE, DEVICES "/%.32s", chosen);
        return;
    }
    if (!directory) {
        die("%s: %s", DEVICES, strerror(errno));
    }
    while (!found && (entry = readdir(directory))) {
        if (entry->d_name[0] != '.' &&
            read_number(entry->d_name, "vendor") == VGPU_PCI_VENDOR_ID &&
            read_number(entry->d_name, "device") == VGPU_PCI_DEVICE_ID) {
            snprintf(path, PATH_SIZE, DEVICES "/%.32s", entry->d_name);
            found = true;
        }
    }
    closedir(directory);
    if (!found) {
        die("no PCI device %04x:%04x here; is it on QEMU's command line?",
            VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID);
    }
}

static void enable_device(const char *device)
{
    char path[PATH_SIZE + 16];
    int fd;

    snprintf(path, sizeof(path), "%s/enable", device);
    fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, "1", 1) != 1) {
        die("%s: %s", path, strerror(errno));
    }
    close(fd);
}

static void map_registers(void)
{
    char device[PATH_SIZE];
    char path[PATH_SIZE + 16];
    void *map;
    int fd;

    find_device(device);
    enable_device(device);
    snprintf(path, sizeof(path), "%s/resource%d", device, VGPU_REGS_BAR);
    fd = open(path, O_RDWR | O_SYNC);
    if (fd < 0) {
        die("%s: %s", path, strerror(errno));
    }
    map = mmap(NULL, VGPU_REGS_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
               0);
    if (map == MAP_FAILED) {
        die("mmap of %s: %s", path, strerror(errno));
    }
    close(fd);
    bar = map;
}

/* ---- Accesses ------------------------------------------------------------ */

static uint32_t read_register(unsigned offset)
{
    return le32toh(*(volatile uint32_t *)(bar + offset));
}

static void write_register(unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(bar + offset) = htole32(value);
}

static uint64_t read_sized(unsigned offset, unsigned size)
{
    switch (size) {
    case 1:
        return *(bar + offset);
    case 2:
        return *(volatile uint16_t *)(bar + offset);
    default:
        return *(volatile uint32_t *)(bar + offset);
    }
}

static void write_sized(unsigned offset, unsigned size, uint32_t value)
{
    switch (size) {
    case 1:
        *(bar + offset) = (unsigned char)value;
        break;
    case 2:
        *(volatile uint16_t *)(bar + offset) = (uint16_t)value;
        break;
    default:
        *(volatile uint32_t *)(bar + offset) = value;
        break;
    }
}

/* ---- Verbs --------------------------------------------------------------- */

static const Register *register_by_name(const char *name)
{
    size_t i;

    for (i = 0; i < REGISTER_COUNT; i++) {
        if (strcmp(registers[i].name, name) == 0) {
            return &registers[i];
        }
    }
    die("no register '%s'; `vgpu-regs list` names them", name);
}

static void print_register(const Register *reg)
{
    printf("0x%03x %-12s 0x%08" PRIx32 "\n", reg->offset, reg->name,
           read_register(reg->offset));
}

static void do_list(void)
{
    size_t i;

    map_registers();
    for (i = 0; i < REGISTER_COUNT; i++) {
        print_register(&registers[i]);
    }
}

static void do_write(const char *name, const char *text)
{
    const Register *reg = register_by_name(name);
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 0);
    if (!*text || *end || errno || value > UINT32_MAX) {
        die("'%s' is no 32-bit number", text);
    }
    map_registers();
    write_register(reg->offset, (uint32_t)value);
    printf("wrote 0x%08lx to %s\n", value, reg->name);
}

/*
 * What a real CPU does with the wrong size or alignment must have no effect.
 * (4-byte accesses at other alignments are left out: a CPU may split them.)
 */
static void do_check_accesses(void)
{
    static const uint32_t kept = 0x5a5a1234;
    static const unsigned sizes[] = { 1, 2 };
    unsigned offset, refused = 0, effects = 0;
    size_t i;

    map_registers();
    write_register(VGPU_REG_COMMAND, kept);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (offset = 0; offset < VGPU_REG_END; offset += sizes[i]) {
            write_sized(offset, sizes[i], ~0u);
            effects += read_sized(offset, sizes[i]) != 0;
            effects += read_register(VGPU_REG_COMMAND) != kept;
            refused++;
        }
    }
    for (offset = VGPU_REG_STATUS; offset < VGPU_REGS_BAR_SIZE;
         offset += VGPU_REG_SIZE) {
        uint32_t before = read_register(offset);

        write_register(offset, ~before);
        effects += read_register(offset) != before;
        effects += read_register(VGPU_REG_COMMAND) != kept;
        effects += offset >= VGPU_REG_END && before != 0;
        refused++;
    }
    printf("%u accesses, %u with an effect\n", refused, effects);
}

/*
 * What a read costs, in nanoseconds: the median of some rounds, for anything
 * else that runs meanwhile only ever adds to one. Any device will do, so that
 * ours can be compared with another.
 */
#define TIME_ROUNDS 11
#define TIME_READS  300

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void do_time(void)
{
    uint64_t rounds[TIME_ROUNDS];
    unsigned round, i;

    map_registers();
    for (round = 0; round < TIME_ROUNDS; round++) {
        uint64_t start = now_ns();

        for (i = 0; i < TIME_READS; i++) {
            (void)read_register(0);
        }
        rounds[round] = (now_ns() - start) / TIME_READS;
    }
    qsort(rounds, TIME_ROUNDS, sizeof(rounds[0]), compare_numbers);
    printf("%" PRIu64 " ns a read of 4 bytes\n", rounds[TIME_ROUNDS / 2]);
}

static int usage(FILE *stream)
{
    fputs(
        "usage: vgpu-regs [-d DEVICE] VERB      DEVICE is 0000:00:1e.0 or so;\n"
        "                                       else it is the first one\n"
        "       vgpu-regs list                  every register\n"
        "       vgpu-regs read REGISTER\n"
        "       vgpu-regs write REGISTER VALUE\n"
        "       vgpu-regs check-accesses        wrong accesses have no effect\n"
        "       vgpu-regs time                  what a read costs\n"
        "       vgpu-regs path                  the device in sysfs\n"
        "       vgpu-regs id                    vendor:device\n",
        stream);
    return stream == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    const char *verb;
    char path[PATH_SIZE];

    if (argc > 2 && strcmp(argv[1], "-d") == 0) {
        chosen = argv[2];
        argc -= 2;
        argv += 2;
    }
    verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "list") == 0 && argc == 2) {
        do_list();
    } else if (strcmp(verb, "read") == 0 && argc == 3) {
        const Register *reg = register_by_name(argv[2]);

        map_registers();
        print_register(reg);
    } else if (strcmp(verb, "write") == 0 && argc == 4) {
        do_write(argv[2], argv[3]);
    } else if (strcmp(verb, "check-accesses") == 0 && argc == 2) {
        do_check_accesses();
    } else if (strcmp(verb, "time") == 0 && argc == 2) {
        do_time();
    } else if (strcmp(verb, "path") == 0 && argc == 2) {
        find_device(path);
        puts(path);
    } else if (strcmp(verb, "id") == 0 && argc == 2) {
        printf("%04x:%04x\n", VGPU_PCI_VENDOR_ID, VGPU_PCI_DEVICE_ID);
    } else if (strcmp(verb, "help") == 0 || strcmp(verb, "--help") == 0) {
        return usage(stdout);
    } else {
        return usage(stderr);
    }
    return 0;
}
