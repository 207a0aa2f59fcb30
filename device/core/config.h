/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vgpu-stub core: the device's properties, from text to register values.
 */
#ifndef VGPU_CORE_CONFIG_H
#define VGPU_CORE_CONFIG_H

#include <stdint.h>

/* Register values; all of them valid. */
typedef struct VgpuConfig {
    uint32_t pool;
    uint32_t priority;
    uint32_t vm_id;
    uint32_t queues; /* 0 to VGPU_QUEUES_MAX */
} VgpuConfig;

/* What was wrong: static strings, but for value, which the caller passed in or
 * which is NULL for a number. */
typedef struct VgpuConfigError {
    const char *property;
    const char *value;
    const char *allowed;
} VgpuConfigError;

/*
 * Reads pool_id and priority, each a text of vgpu/properties.h; NULL or empty
 * means the default. Any vm_id is valid, and queues up to VGPU_QUEUES_MAX.
 * Returns 0 with *config filled in, or -EINVAL with *error filled in and *config
 * untouched. Keeps no pointer. Thread-safe.
 */
int vgpu_config_parse(VgpuConfig *config, const char *pool_id,
                      const char *priority, uint32_t vm_id, uint32_t queues,
                      VgpuConfigError *error);

/* The property's text for a register value of a parsed config. */
const char *vgpu_config_pool_text(const VgpuConfig *config);
const char *vgpu_config_priority_text(const VgpuConfig *config);

#endif /* VGPU_CORE_CONFIG_H */
