/* SPDX-License-Identifier: MIT */
/*
 * The text of a configuration file of xl (xl.cfg(5)): the device put into its
 * `device_model_args_hvm = [ ... ]`, one element a word, and taken out again.
 * Every other byte stays as it is, and what was put in and is taken out leaves
 * the text as it was. What is not understood is refused and not guessed at.
 */
#ifndef VGPUCTL_XLCONFIG_H
#define VGPUCTL_XLCONFIG_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes of a file: real ones have one or two KiB. */
#define XLCONFIG_LIMIT ((size_t)1024 * 1024)

typedef struct XlConfig {
    char *text;
    /* The words of the list, NULL-terminated; no words where there is none. */
    char **words;
    bool has_list;
    /* What `device_model_override` and `type` or `builder` say; NULL: nothing. */
    char *override;
    char *type;

    /* Where it is in the text, for the functions below. */
    GArray *elements;
    size_t list_start; /* behind the `[` */
    size_t line_start; /* of the statement */
    size_t list_end;   /* behind the `]` */
} XlConfig;

/*
 * Reads a text. NULL with *why (g_free), in one line that begins with the line's
 * number where there is one, when it is not understood.
 */
XlConfig *xlconfig_new(const char *text, size_t length, char **why);
void xlconfig_free(XlConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XlConfig, xlconfig_free)

/* The text with the vgpu-stub, in the place of the one that is there. g_free. */
char *xlconfig_with(const XlConfig *config, const char *device);

/* The text without it; the same text where there is none. g_free. */
char *xlconfig_without(const XlConfig *config);

#endif /* VGPUCTL_XLCONFIG_H */
