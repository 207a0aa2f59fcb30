/* SPDX-License-Identifier: MIT */
#include "device-words.h"

#include <string.h>

#include "vgpu/properties.h"

/* words[i] is a -device and behind it is a vgpu-stub. */
static bool is_device_at(char *const *words, size_t i)
{
    return strcmp(words[i], "-device") == 0 && words[i + 1] &&
           args_is_device(words[i + 1]);
}

const char *device_words_find(char *const *words, unsigned *count)
{
    const char *first = NULL;
    size_t i;

    *count = 0;
    for (i = 0; words[i]; i++) {
        if (is_device_at(words, i)) {
            first = first ? first : words[i + 1];
            (*count)++;
            i++;
        }
    }
    return first;
}

/* The value of KEY= among the parts of "vgpu-stub,KEY=VALUE", g_free; NULL. */
static char *part_of(const char *word, const char *key)
{
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);
    size_t i, length = strlen(key);

    for (i = 1; parts[0] && parts[i]; i++) {
        if (strncmp(parts[i], key, length) == 0) {
            return g_strdup(parts[i] + length);
        }
    }
    return NULL;
}

/* Whether another word than our devices and the chardev itself names the id. */
static bool is_used_elsewhere(char *const *words, const char *id)
{
    g_autofree char *property = g_strdup_printf("chardev=%s", id);
    g_autofree char *target = g_strdup_printf("chardev:%s", id);
    size_t i, part;

    for (i = 0; words[i]; i++) {
        g_auto(GStrv) parts = NULL;

        if (is_device_at(words, i)) {
            i++;
            continue;
        }
        parts = g_strsplit(words[i], ",", -1);
        for (part = 0; parts[part]; part++) {
            if (strcmp(parts[part], property) == 0 ||
                strcmp(parts[part], target) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* words[i] is a -chardev, and one of our devices is the only one to use it. */
static bool is_own_chardev_at(char *const *words, size_t i)
{
    g_autofree char *id = NULL;
    size_t j;

    if (strcmp(words[i], "-chardev") != 0 || !words[i + 1] ||
        !(id = part_of(words[i + 1], "id="))) {
        return false;
    }
    for (j = 0; words[j]; j++) {
        if (is_device_at(words, j)) {
            g_autofree char *used = part_of(words[++j], "chardev=");

            if (g_strcmp0(used, id) == 0) {
                return !is_used_elsewhere(words, id);
            }
        }
    }
    return false;
}

/* words[i] is the -chardev of that id. */
static bool is_chardev_at(char *const *words, size_t i, const char *id)
{
    g_autofree char *its = NULL;

    if (strcmp(words[i], "-chardev") != 0 || !words[i + 1]) {
        return false;
    }
    its = part_of(words[i + 1], "id=");
    return g_strcmp0(its, id) == 0;
}

static bool has_chardev(char *const *words, const char *id)
{
    size_t i = 0;

    while (words[i] && !is_chardev_at(words, i, id)) {
        i++;
    }
    return words[i] != NULL;
}

static void add_device(GPtrArray *with, char *const *words,
                       const ArgsDevice *device, const char *socket)
{
    if (device->chardev && !has_chardev(words, device->chardev)) {
        g_ptr_array_add(with, g_strdup("-chardev"));
        g_ptr_array_add(with, g_strdup_printf("socket,id=%s,path=%s",
                                              device->chardev, socket));
    }
    g_ptr_array_add(with, g_strdup("-device"));
    g_ptr_array_add(with, args_device_text(device));
}

char **device_words_with(char *const *words, const ArgsDevice *device,
                         const char *socket)
{
    GPtrArray *with = g_ptr_array_new();
    bool done = false;
    size_t i;

    for (i = 0; words[i]; i++) {
        if (!done && is_device_at(words, i)) {
            add_device(with, words, device, socket);
            done = true;
            i++;
        } else if (is_own_chardev_at(words, i) &&
                   !(device->chardev &&
                     is_chardev_at(words, i, device->chardev))) {
            i++;
        } else {
            g_ptr_array_add(with, g_strdup(words[i]));
        }
    }
    if (!done) {
        add_device(with, words, device, socket);
    }
    g_ptr_array_add(with, NULL);
    return (char **)g_ptr_array_free(with, FALSE);
}

char **device_words_without(char *const *words)
{
    GPtrArray *without = g_ptr_array_new();
    size_t i;

    for (i = 0; words[i]; i++) {
        if (is_device_at(words, i) || is_own_chardev_at(words, i)) {
            i++;
        } else {
            g_ptr_array_add(without, g_strdup(words[i]));
        }
    }
    g_ptr_array_add(without, NULL);
    return (char **)g_ptr_array_free(without, FALSE);
}

bool device_words_equal(char *const *a, char *const *b)
{
    size_t i;

    for (i = 0; a[i] && b[i] && strcmp(a[i], b[i]) == 0; i++) {
    }
    return !a[i] && !b[i];
}

static char *pick(const char *wanted, const char *there, const char *fallback)
{
    return g_strdup(wanted ? wanted : there ? there : fallback);
}

ArgsDevice device_words_merge(const ArgsDevice *there, const ArgsDevice *wanted,
                              gint64 vm_id)
{
    ArgsDevice device = ARGS_DEVICE_INIT;

    device.pool_id = pick(wanted->pool_id, there->pool_id, VGPU_POOL_DEFAULT);
    device.priority = pick(wanted->priority, there->priority,
                           VGPU_PRIORITY_DEFAULT);
    device.queues = wanted->queues >= 0 ? wanted->queues : there->queues;
    if (wanted->chardev && device.queues <= 0) {
        device.queues = DEVICE_WORDS_QUEUES;
    }
    device.chardev = device.queues == 0
                         ? NULL
                         : pick(wanted->chardev, there->chardev, NULL);
    device.vm_id = wanted->vm_id >= 0  ? wanted->vm_id
                   : there->vm_id >= 0 ? there->vm_id
                                       : vm_id;
    device.slot = wanted->slot >= 0 ? wanted->slot : there->slot;
    return device;
}
