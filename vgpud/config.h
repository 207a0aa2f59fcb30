/* SPDX-License-Identifier: MIT */
/* The texts of a VM's properties, as vgpud's files and the worker's options have them. */
#ifndef VGPUD_CONFIG_H
#define VGPUD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "vgpud/link.h"

/* Each sets the field and its has_*; false: it is not one of the texts that
 * vgpu/properties.h lists, or no number of 32 bits. */
bool config_set_pool(LinkConfig *config, const char *text);
bool config_set_priority(LinkConfig *config, const char *text);
bool config_set_vm_id(LinkConfig *config, const char *text);

/* Whether they say the same. */
bool config_same(const LinkConfig *a, const LinkConfig *b);

/* A decimal number of at most max and digits only. */
bool config_number(const char *text, uint32_t max, uint32_t *number);

/* What pool and priority may be, for messages. Static. */
const char *config_pools(void);
const char *config_priorities(void);

#endif /* VGPUD_CONFIG_H */
