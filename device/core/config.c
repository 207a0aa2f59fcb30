/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/config.h"
#include "vgpu/properties.h"

/* " 'A' 'B'" and " 'low' 'medium' 'high'", for messages. */
#define VGPU_QUOTE(text, value) " '" text "'"
#define VGPU_POOL_TEXTS         VGPU_POOLS(VGPU_QUOTE)
#define VGPU_PRIORITY_TEXTS     VGPU_PRIORITIES(VGPU_QUOTE)

#define VGPU_STRING_OF(number) #number
#define VGPU_STRING(number)    VGPU_STRING_OF(number)
#define VGPU_QUEUES_ALLOWED    " 0 to " VGPU_STRING(VGPU_QUEUES_MAX)

typedef struct VgpuChoice {
    const char *text;
    uint32_t value;
} VgpuChoice;

/* clang-format off */
#define VGPU_CHOICE(text, value)    { text, value },
static const VgpuChoice vgpu_pools[] = {
    VGPU_POOLS(VGPU_CHOICE) { NULL, 0 }
};
static const VgpuChoice vgpu_priorities[] = {
    VGPU_PRIORITIES(VGPU_CHOICE) { NULL, 0 }
};
#undef VGPU_CHOICE
/* clang-format on */

static const VgpuChoice *vgpu_choice_by_text(const VgpuChoice *choice,
                                             const char *text,
                                             const char *by_default)
{
    if (!text || !*text) {
        text = by_default;
    }
    while (choice->text && strcmp(choice->text, text) != 0) {
        choice++;
    }
    return choice->text ? choice : NULL;
}

static const char *vgpu_choice_text(const VgpuChoice *choice, uint32_t value)
{
    while (choice->text && choice->value != value) {
        choice++;
    }
    return choice->text;
}

int vgpu_config_parse(VgpuConfig *config, const char *pool_id,
                      const char *priority, uint32_t vm_id, uint32_t queues,
                      VgpuConfigError *error)
{
    const VgpuChoice *pool, *prio;

    pool = vgpu_choice_by_text(vgpu_pools, pool_id, VGPU_POOL_DEFAULT);
    if (!pool) {
        error->property = VGPU_PROP_POOL_ID;
        error->value = pool_id;
        error->allowed = VGPU_POOL_TEXTS;
        return -EINVAL;
    }
    prio = vgpu_choice_by_text(vgpu_priorities, priority,
                               VGPU_PRIORITY_DEFAULT);
    if (!prio) {
        error->property = VGPU_PROP_PRIORITY;
        error->value = priority;
        error->allowed = VGPU_PRIORITY_TEXTS;
        return -EINVAL;
    }
    if (queues > VGPU_QUEUES_MAX) {
        error->property = VGPU_PROP_QUEUES;
        error->value = NULL;
        error->allowed = VGPU_QUEUES_ALLOWED;
        return -EINVAL;
    }

    config->pool = pool->value;
    config->priority = prio->value;
    config->vm_id = vm_id;
    config->queues = queues;
    return 0;
}

const char *vgpu_config_pool_text(const VgpuConfig *config)
{
    return vgpu_choice_text(vgpu_pools, config->pool);
}

const char *vgpu_config_priority_text(const VgpuConfig *config)
{
    return vgpu_choice_text(vgpu_priorities, config->priority);
}
