/* SPDX-License-Identifier: MIT */
/* What rpm knows of the wrapper and the shim. */
#include <string.h>

#include "hook.h"

bool hook_owner(const Options *options, const char *path, char **nevra)
{
    g_autoptr(GPtrArray) owners = package_owners(options, path);

    *nevra = NULL;
    if (!owners) {
        return false;
    }
    if (owners->len) {
        *nevra = g_strdup(((const Package *)owners->pdata[0])->nevra);
    }
    return true;
}

char *hook_changed(const Options *options, const Package *package)
{
    g_autofree char *output = package_verify(options, package);
    g_auto(GStrv) lines = g_strsplit(output ? output : "", "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        const char *line = g_strchomp(lines[i]);

        /* "S.5....T.  c /path": a letter for each thing that differs. */
        if (g_str_has_suffix(line, HOST_WRAPPER) &&
            line[strspn(line, ".T")] != ' ') {
            return g_strdup(line);
        }
    }
    return NULL;
}

/* Its bytes differ, whatever else does. */
static bool is_other_text(const char *line)
{
    const char *letters = line + strcspn(line, "S5 ");

    return *letters != ' ' || g_str_has_prefix(line, "missing");
}

bool hook_text_is_packaged(const Options *options)
{
    g_autoptr(GPtrArray) owners = package_owners(options, HOST_WRAPPER);
    guint i;

    for (i = 0; owners && i < owners->len; i++) {
        g_autofree char *line = hook_changed(options, owners->pdata[i]);

        if (!line || !is_other_text(line)) {
            return true;
        }
    }
    return false;
}
