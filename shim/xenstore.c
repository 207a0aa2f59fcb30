/* SPDX-License-Identifier: MIT */
#include "shim/xenstore.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* From xenstore.h of Xen: the ABI has been this since its first version. */
struct Xenstore {
    void *library;
    void *handle;
    void *(*open)(unsigned long flags);
    void (*close)(void *handle);
    void *(*read)(void *handle, guint32 transaction, const char *path,
                  unsigned *length);
};

/* Xen 4.16 and later, earlier ones, and what a -devel package installs. */
static const char *const sonames[] = { "libxenstore.so.4", "libxenstore.so.3.0",
                                       "libxenstore.so" };

static void *load(char **why)
{
    void *library = NULL;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(sonames) && !library; i++) {
        library = dlopen(sonames[i], RTLD_NOW | RTLD_LOCAL);
    }
    if (!library) {
        *why = g_strdup(dlerror());
    }
    return library;
}

/* dlsym() gives functions as objects, and C has no cast from one to the other. */
static int find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, size);
    return symbol != NULL;
}

Xenstore *xenstore_open(char **why)
{
    Xenstore *xenstore = g_new0(Xenstore, 1);

    xenstore->library = load(why);
    if (!xenstore->library) {
        xenstore_close(xenstore);
        return NULL;
    }
    if (!find(xenstore->library, "xs_open", &xenstore->open,
              sizeof(xenstore->open)) ||
        !find(xenstore->library, "xs_close", &xenstore->close,
              sizeof(xenstore->close)) ||
        !find(xenstore->library, "xs_read", &xenstore->read,
              sizeof(xenstore->read))) {
        *why = g_strdup("libxenstore lacks xs_open, xs_close or xs_read");
    } else {
        xenstore->handle = xenstore->open(0);
        if (!xenstore->handle) {
            *why = g_strdup_printf("xenstored does not answer: %s",
                                   g_strerror(errno));
        }
    }
    if (!xenstore->handle) {
        xenstore_close(xenstore);
        return NULL;
    }
    return xenstore;
}

void xenstore_close(Xenstore *xenstore)
{
    if (!xenstore) {
        return;
    }
    if (xenstore->handle) {
        xenstore->close(xenstore->handle);
    }
    if (xenstore->library) {
        dlclose(xenstore->library);
    }
    g_free(xenstore);
}

char *xenstore_read(Xenstore *xenstore, const char *path, size_t *length)
{
    unsigned size = 0;
    char *value, *copy;

    /* 0: in no transaction. The library ends each value with a NUL. */
    value = xenstore->read(xenstore->handle, 0, path, &size);
    if (!value) {
        return NULL;
    }
    copy = g_malloc0((size_t)size + 1);
    memcpy(copy, value, size);
    free(value);
    *length = size;
    return copy;
}
