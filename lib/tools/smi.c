/* SPDX-License-Identifier: MIT */
/*
 * vgpu-smi: the vgpu-stub devices of this machine, as a table or as JSON.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vgpu.h"

#define VGPU_SMI_VERSION "1.0"

/* The driver has at most as many. */
#define DEVICES_MAX 64

#define LINE                                                                   \
    "+-----------------------------------------------------------------------" \
    "------+\n"
#define RULE                                                                   \
    "|-------------------------------+----------------------+----------------" \
    "------+\n"
#define HEAVY                                                                  \
    "|===============================+======================+================" \
    "======|\n"
#define FOOT                                                                   \
    "+-------------------------------+----------------------+----------------" \
    "------+\n"

typedef struct Row {
    unsigned number;
    int error; /* of what could not be read, a negative errno */
    struct vgpu_info info;
} Row;

/* ---- Texts ----------------------------------------------------------------- */

static const char *state_text(const struct vgpu_info *info)
{
    static const char *const texts[] = {
        [VGPU_INFO_PLAIN] = "plain",
        [VGPU_INFO_RUNNING] = "running",
        [VGPU_INFO_FAILED] = "failed",
    };

    return info->state < sizeof(texts) / sizeof(*texts) ? texts[info->state]
                                                        : "unknown";
}

static const char *link_text(const struct vgpu_info *info)
{
    static const char *const texts[] = {
        [VGPU_LINK_NONE] = "none",
        [VGPU_LINK_DOWN] = "down",
        [VGPU_LINK_UP] = "up",
    };

    return info->link < sizeof(texts) / sizeof(*texts) ? texts[info->link]
                                                       : "unknown";
}

/* Into a text of 16 bytes. A host may be newer than this program. */
static const char *priority_text(const struct vgpu_info *info, char *text)
{
    static const char *const texts[] = { "low", "medium", "high" };

    if (info->priority < sizeof(texts) / sizeof(*texts)) {
        return texts[info->priority];
    }
    snprintf(text, 16, "%" PRIu32, info->priority);
    return text;
}

static const char *pool_text(const struct vgpu_info *info, char *text)
{
    const uint32_t pool = info->pool;
    const bool letter = (pool >= 'A' && pool <= 'Z') ||
                        (pool >= 'a' && pool <= 'z') ||
                        (pool >= '0' && pool <= '9');

    snprintf(text, 16, letter ? "%c" : "0x%" PRIx32, pool);
    return text;
}

static void address_text(const struct vgpu_info *info, char *text, size_t size)
{
    snprintf(text, size, "%04" PRIx32 ":%02x:%02x.%x", info->pci_domain,
             info->pci_bus, info->pci_devfn >> 3, info->pci_devfn & 7);
}

static void interrupts_text(const struct vgpu_info *info, char *text,
                            size_t size)
{
    if (info->interrupts) {
        snprintf(text, size, "MSI-X %" PRIu32, info->interrupts);
    } else {
        snprintf(text, size, "%s", info->queues ? "INTx" : "none");
    }
}

static void driver_version(char *text, size_t size)
{
    FILE *file = fopen("/sys/module/vgpu_stub/version", "r");

    if (!file || !fgets(text, (int)size, file)) {
        snprintf(text, size, "none");
    }
    text[strcspn(text, "\n")] = 0;
    if (file) {
        fclose(file);
    }
}

/* ---- The table ------------------------------------------------------------- */

static void print_head(void)
{
    char driver[16], when[64];
    time_t now = time(NULL);
    struct tm local;

    driver_version(driver, sizeof(driver));
    strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y",
             localtime_r(&now, &local));
    printf("%s\n" LINE, when);
    printf("| VGPU-SMI %-14s Driver Version: %-15s ABI: %2d.%-11d |\n",
           VGPU_SMI_VERSION, driver, VGPU_ABI_MAJOR, VGPU_ABI_MINOR);
    printf(RULE);
    printf("| GPU  Pool  Priority     VM-Id | Bus-Id        Queues "
           "| Submitted       Lost |\n");
    printf("|      State               Link | Interrupts    Resets "
           "| Completed            |\n");
    printf(HEAVY);
}

static void print_row(const Row *row)
{
    const struct vgpu_info *info = &row->info;
    char address[24], pool[16], priority[16], interrupts[24], queues[24];

    if (row->error) {
        printf("| %3u  %-70.70s |\n" FOOT, row->number, strerror(-row->error));
        return;
    }
    address_text(info, address, sizeof(address));
    interrupts_text(info, interrupts, sizeof(interrupts));
    snprintf(queues, sizeof(queues), "%" PRIu32 "/%" PRIu32, info->queues,
             info->queues_offered);
    printf("| %3u  %-4s  %-8s %9" PRIu32 " | %-12s %7s | %9llu %10llu |\n",
           row->number, pool_text(info, pool), priority_text(info, priority),
           info->vm_id, address, queues, info->submitted, info->lost);
    printf("|      %-14s %9s | %-12s %7" PRIu32 " | %9llu %10s |\n" FOOT,
           state_text(info), link_text(info), interrupts, info->resets,
           info->completed, "");
}

static void print_table(const Row *rows, unsigned count)
{
    unsigned i;

    print_head();
    for (i = 0; i < count; i++) {
        print_row(&rows[i]);
    }
    if (count == 0) {
        printf("| %-75s |\n" LINE, "no devices");
    }
}

/* ---- JSON ------------------------------------------------------------------ */

static void print_json_row(const Row *row, bool last)
{
    const struct vgpu_info *info = &row->info;
    char address[24], pool[16], priority[16];

    printf("    {\n      \"device\": %u,\n", row->number);
    if (row->error) {
        printf("      \"error\": \"%s\"\n    }%s\n", strerror(-row->error),
               last ? "" : ",");
        return;
    }
    address_text(info, address, sizeof(address));
    printf("      \"pci\": \"%s\",\n", address);
    printf("      \"state\": \"%s\",\n", state_text(info));
    printf("      \"abi_version\": \"%" PRIu32 ".%" PRIu32 "\",\n",
           info->abi_version >> VGPU_ABI_MAJOR_SHIFT,
           info->abi_version & VGPU_ABI_MINOR_MASK);
    printf("      \"features\": %" PRIu32 ",\n", info->features);
    printf("      \"pool\": \"%s\",\n", pool_text(info, pool));
    printf("      \"priority\": \"%s\",\n", priority_text(info, priority));
    printf("      \"vm_id\": %" PRIu32 ",\n", info->vm_id);
    printf("      \"link\": \"%s\",\n", link_text(info));
    printf("      \"generation\": %" PRIu32 ",\n", info->generation);
    printf("      \"queues\": %" PRIu32 ",\n", info->queues);
    printf("      \"queues_offered\": %" PRIu32 ",\n", info->queues_offered);
    printf("      \"queue_size\": %" PRIu32 ",\n", info->queue_size);
    printf("      \"msix_vectors\": %" PRIu32 ",\n", info->interrupts);
    printf("      \"submitted\": %llu,\n", info->submitted);
    printf("      \"completed\": %llu,\n", info->completed);
    printf("      \"lost\": %llu,\n", info->lost);
    printf("      \"doorbells\": %llu,\n", info->doorbells);
    printf("      \"interrupts_taken\": %llu,\n", info->interrupts_taken);
    printf("      \"resets\": %" PRIu32 "\n    }%s\n", info->resets,
           last ? "" : ",");
}

static void print_json(const Row *rows, unsigned count)
{
    char driver[16];
    unsigned i;

    driver_version(driver, sizeof(driver));
    printf("{\n  \"driver_version\": \"%s\",\n  \"devices\": [\n", driver);
    for (i = 0; i < count; i++) {
        print_json_row(&rows[i], i + 1 == count);
    }
    printf("  ]\n}\n");
}

/* ---- Main ------------------------------------------------------------------ */

static void read_row(Row *row, unsigned number)
{
    VgpuDevice *device;

    memset(row, 0, sizeof(*row));
    row->number = number;
    row->error = vgpu_open(number, &device);
    if (row->error) {
        return;
    }
    row->error = vgpu_get_info(device, &row->info);
    vgpu_close(device);
}

static int usage(FILE *to)
{
    fprintf(to, "usage: vgpu-smi [--json]\n"
                "Shows the vgpu-stub devices of this machine.\n\n"
                "  --json     as JSON\n"
                "  --version  its version\n"
                "  --help     this text\n\n"
                "Exit status: 0; 1 when there is no device or one cannot be "
                "asked; 2 for a wrong option.\n");
    return to == stdout ? 0 : 2;
}

static int show(bool json)
{
    unsigned numbers[DEVICES_MAX];
    Row rows[DEVICES_MAX];
    const int found = vgpu_list(numbers, DEVICES_MAX);
    const unsigned count = found > DEVICES_MAX ? DEVICES_MAX : (unsigned)found;
    bool failed = count == 0;
    unsigned i;

    for (i = 0; i < count; i++) {
        read_row(&rows[i], numbers[i]);
        failed = failed || rows[i].error;
    }
    if (json) {
        print_json(rows, count);
    } else {
        print_table(rows, count);
    }
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    bool json = false;
    int option;

    while ((option = getopt_long(argc, argv, "jvh", options, NULL)) != -1) {
        switch (option) {
        case 'j':
            json = true;
            break;
        case 'v':
            printf("vgpu-smi %s\n", VGPU_SMI_VERSION);
            return 0;
        case 'h':
            return usage(stdout);
        default:
            return usage(stderr);
        }
    }
    return optind < argc ? usage(stderr) : show(json);
}
