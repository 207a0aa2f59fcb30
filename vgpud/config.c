/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vgpu/properties.h"
#include "vgpud/config.h"

#define SET_IF(text_, value)        \
    if (strcmp(text, text_) == 0) { \
        *field = (value);           \
        return true;                \
    }

static bool pool_by_text(const char *text, uint32_t *field)
{
    VGPU_POOLS(SET_IF)
    return false;
}

static bool priority_by_text(const char *text, uint32_t *field)
{
    VGPU_PRIORITIES(SET_IF)
    return false;
}

bool config_set_pool(LinkConfig *config, const char *text)
{
    return config->has_pool = pool_by_text(text, &config->pool);
}

bool config_set_priority(LinkConfig *config, const char *text)
{
    return config->has_priority = priority_by_text(text, &config->priority);
}

bool config_set_vm_id(LinkConfig *config, const char *text)
{
    return config->has_vm_id = config_number(text, UINT32_MAX, &config->vm_id);
}

static bool same(bool has_a, uint32_t a, bool has_b, uint32_t b)
{
    return has_a == has_b && (!has_a || a == b);
}

bool config_same(const LinkConfig *a, const LinkConfig *b)
{
    return same(a->has_pool, a->pool, b->has_pool, b->pool) &&
           same(a->has_priority, a->priority, b->has_priority, b->priority) &&
           same(a->has_vm_id, a->vm_id, b->has_vm_id, b->vm_id);
}

bool config_number(const char *text, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;
    size_t i;

    for (i = 0; text[i]; i++) {
        if (text[i] < '0' || text[i] > '9' || i >= 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (!i || value > max) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

#define QUOTE(text, value) " '" text "'"

const char *config_pools(void)
{
    return VGPU_POOLS(QUOTE);
}

const char *config_priorities(void)
{
    return VGPU_PRIORITIES(QUOTE);
}
