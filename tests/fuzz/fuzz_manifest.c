/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any text as a backup's manifest. What is accepted is written back
 * as it was, and every path in it stays below the root.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check(const Manifest *manifest, const char *text, size_t length)
{
    g_autofree char *again = manifest_format(manifest);
    guint i;

    must(strlen(again) == length && memcmp(again, text, length) == 0);
    for (i = 0; i < manifest->entries->len; i++) {
        const ManifestEntry *entry = manifest->entries->pdata[i];

        must(entry->path[0] == '/' && !strstr(entry->path, "/../"));
        must(!g_str_has_suffix(entry->path, "/.."));
        must(entry->mode <= 07777);
        must(!entry->sha256 == (entry->type != MANIFEST_FILE));
        must(!entry->target == (entry->type != MANIFEST_LINK));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Most of the time past the first two lines: few inputs have them. */
    static const char top[] = "vgpuctl-backup 1\npackage\ta\tb\n";
    bool with_top = size && data[0] != 'v';
    size_t skipped = with_top ? sizeof(top) - 1 : 0;
    g_autofree char *text = g_malloc(skipped + size + 1);
    g_autofree char *why = NULL;
    g_autoptr(Manifest) manifest = NULL;

    memcpy(text, top, skipped);
    memcpy(text + skipped, data, size);
    manifest = manifest_parse(text, skipped + size, &why);
    must(!manifest == (why != NULL));
    if (manifest) {
        check(manifest, text, skipped + size);
    }
    return 0;
}
