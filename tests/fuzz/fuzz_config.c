/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: the properties' texts. What is taken reads back as one of the
 * texts that are allowed; what is refused leaves the config untouched.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static int is_default_or(const char *text, const char *taken)
{
    return *text == '\0' || strcmp(text, taken) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is pool_id, a NUL, priority. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const VgpuConfig before = { 1, 2, 3, 4 };
    VgpuConfig config = before;
    VgpuConfigError error = { NULL, NULL, NULL };
    char *pool = malloc(size + 2);
    char *priority;

    must(pool != NULL);
    if (size) {
        memcpy(pool, data, size);
    }
    pool[size] = pool[size + 1] = '\0';
    priority = pool + strlen(pool) + 1;

    if (vgpu_config_parse(&config, pool, priority, 7, 0, &error) == 0) {
        must(is_default_or(pool, vgpu_config_pool_text(&config)));
        must(is_default_or(priority, vgpu_config_priority_text(&config)));
        must(config.vm_id == 7);
    } else {
        must(error.property && error.allowed);
        must(error.value == pool || error.value == priority);
        must(memcmp(&config, &before, sizeof(config)) == 0);
    }
    free(pool);
    return 0;
}
