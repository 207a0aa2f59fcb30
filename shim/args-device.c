/* SPDX-License-Identifier: MIT */
#include "shim/args.h"

#include <string.h>

#include "shim/args-private.h"
#include "shim/paths.h"
#include "vgpu/properties.h"

#define PROP_ADDR "addr"

/* clang-format off */
#define TEXT(text, value) text,
static const char *const pools[] = { VGPU_POOLS(TEXT) NULL };
static const char *const priorities[] = { VGPU_PRIORITIES(TEXT) NULL };
#undef TEXT
/* clang-format on */

void args_device_clear(ArgsDevice *device)
{
    static const ArgsDevice none = ARGS_DEVICE_INIT;

    g_free(device->pool_id);
    g_free(device->priority);
    g_free(device->chardev);
    *device = none;
}

bool args_is_device(const char *word)
{
    return args_names(word, VGPU_DEVICE_NAME);
}

bool args_names(const char *word, const char *name)
{
    size_t length = strlen(name);

    return strncmp(word, name, length) == 0 &&
           (word[length] == '\0' || word[length] == ',');
}

int args_slot(const char *text)
{
    const char *digits = g_str_has_prefix(text, "0x") ? text + 2 : text;
    size_t length = strspn(digits, "0123456789abcdefABCDEF");
    int slot;

    /* Function 0 only: a guest does not look for the others without it. */
    if (length < 1 || length > 2 ||
        (digits[length] && strcmp(digits + length, ".0") != 0)) {
        return -1;
    }
    slot = (int)g_ascii_strtoull(digits, NULL, 16);
    return slot >= ARGS_SLOT_FIRST && slot <= ARGS_SLOT_LAST ? slot : -1;
}

/* ---- Parsing -------------------------------------------------------------------- */

/* Empty means the default, as in QEMU. */
static bool take_choice(const char *const *choices, const char *key,
                        const char *value, char **member, char **why)
{
    g_autofree char *list = NULL;

    if (*value && !g_strv_contains(choices, value)) {
        g_autofree char *shown = args_shown(value);

        list = g_strjoinv(", ", (char **)choices);
        *why = g_strdup_printf("%s is %s, and can be %s", key, shown, list);
        return false;
    }
    *member = g_strdup(value);
    return true;
}

static bool take_number(const char *key, const char *value, guint64 most,
                        gint64 *member, char **why)
{
    size_t digits = strspn(value, "0123456789");
    guint64 number = g_ascii_strtoull(value, NULL, 10);

    /* Ten digits hold every 32-bit number. With a zero in front QEMU would read
     * an octal one, and another than we do. */
    if (digits < 1 || digits > 10 || value[digits] || number > most ||
        (value[0] == '0' && digits > 1)) {
        g_autofree char *shown = args_shown(value);

        *why = g_strdup_printf("%s is %s, and is a number from 0 to "
                               "%" G_GUINT64_FORMAT " without a zero in front",
                               key, shown, most);
        return false;
    }
    *member = (gint64)number;
    return true;
}

static bool take_slot(const char *value, int *slot, char **why)
{
    *slot = args_slot(value);
    if (*slot < 0) {
        g_autofree char *shown = args_shown(value);

        *why = g_strdup_printf(PROP_ADDR " is %s, and is a slot from %02x to "
                                         "%02x, in hexadecimal",
                               shown, ARGS_SLOT_FIRST, ARGS_SLOT_LAST);
    }
    return *slot >= 0;
}

static bool take_chardev(const char *value, char **chardev, char **why)
{
    if (!args_is_id(value)) {
        g_autofree char *shown = args_shown(value);

        *why = g_strdup_printf(VGPU_PROP_CHARDEV
                               " is %s, and is a name that begins "
                               "with vgpu",
                               shown);
        return false;
    }
    *chardev = g_strdup(value);
    return true;
}

static bool take(ArgsDevice *device, const char *key, const char *value,
                 char **why)
{
    if (strcmp(key, VGPU_PROP_POOL_ID) == 0 && !device->pool_id) {
        return take_choice(pools, key, value, &device->pool_id, why);
    }
    if (strcmp(key, VGPU_PROP_PRIORITY) == 0 && !device->priority) {
        return take_choice(priorities, key, value, &device->priority, why);
    }
    if (strcmp(key, VGPU_PROP_VM_ID) == 0 && device->vm_id < 0) {
        return take_number(key, value, G_MAXUINT32, &device->vm_id, why);
    }
    if (strcmp(key, VGPU_PROP_QUEUES) == 0 && device->queues < 0) {
        return take_number(key, value, VGPU_QUEUES_MAX, &device->queues, why);
    }
    if (strcmp(key, PROP_ADDR) == 0 && device->slot < 0) {
        return take_slot(value, &device->slot, why);
    }
    if (strcmp(key, VGPU_PROP_CHARDEV) == 0 && !device->chardev) {
        return take_chardev(value, &device->chardev, why);
    }
    {
        g_autofree char *shown = args_shown(key);

        *why = g_strdup_printf("the property %s is unknown or given twice",
                               shown);
    }
    return false;
}

bool args_device_parse(ArgsDevice *device, const char *word, char **why)
{
    static const ArgsDevice none = ARGS_DEVICE_INIT;
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);
    size_t i;

    *device = none;
    *why = NULL;
    for (i = 1; parts[i]; i++) {
        char *value = strchr(parts[i], '=');

        if (!value) {
            g_autofree char *shown = args_shown(parts[i]);

            *why = g_strdup_printf("%s is no PROPERTY=VALUE", shown);
            break;
        }
        *value++ = '\0';
        if (!take(device, parts[i], value, why)) {
            break;
        }
    }
    if (*why) {
        args_device_clear(device);
    }
    return !*why;
}

/* ---- Writing -------------------------------------------------------------------- */

char *args_device_text(const ArgsDevice *device)
{
    GString *text = g_string_new(VGPU_DEVICE_NAME);

    if (device->pool_id) {
        g_string_append_printf(text, "," VGPU_PROP_POOL_ID "=%s",
                               device->pool_id);
    }
    if (device->priority) {
        g_string_append_printf(text, "," VGPU_PROP_PRIORITY "=%s",
                               device->priority);
    }
    if (device->vm_id >= 0) {
        g_string_append_printf(text, "," VGPU_PROP_VM_ID "=%" G_GINT64_FORMAT,
                               device->vm_id);
    }
    if (device->queues >= 0) {
        g_string_append_printf(text, "," VGPU_PROP_QUEUES "=%" G_GINT64_FORMAT,
                               device->queues);
    }
    if (device->chardev) {
        g_string_append_printf(text, "," VGPU_PROP_CHARDEV "=%s",
                               device->chardev);
    }
    if (device->slot >= 0) {
        g_string_append_printf(text, "," PROP_ADDR "=%02x",
                               (unsigned)device->slot);
    }
    return g_string_free(text, FALSE);
}
