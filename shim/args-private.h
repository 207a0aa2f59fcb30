/* SPDX-License-Identifier: MIT */
/* What the files of args.h share. */
#ifndef VGPU_SHIM_ARGS_PRIVATE_H
#define VGPU_SHIM_ARGS_PRIVATE_H

#include <stdbool.h>

/* A piece of foreign text, short, in quotes and printable. g_free. */
char *args_shown(const char *text);

/* The word is `name` or begins with `name,`. */
bool args_names(const char *word, const char *name);

/* A name of ours for an object in QEMU: "vgpu" and what follows it. */
bool args_is_id(const char *text);

#endif /* VGPU_SHIM_ARGS_PRIVATE_H */
