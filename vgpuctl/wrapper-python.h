/* SPDX-License-Identifier: MIT */
/*
 * The text of XCP-ng's qemu-wrapper, a Python script: what kind it is, and the
 * edit that makes a VM's device-model-args reach QEMU where xenopsd has no
 * configuration directory. Pure text: nothing here reads or writes a file.
 *
 * What a wrapper can do is told from its text and never from a version: XCP-ng
 * 8.3 alone has had some ten of them.
 *
 * A text is NUL-terminated and has no other NULs; it need not be UTF-8 nor end
 * with a newline. All functions are thread-safe and keep no pointer.
 */
#ifndef VGPUCTL_WRAPPER_PYTHON_H
#define VGPUCTL_WRAPPER_PYTHON_H

#include <glib.h>
#include <stdbool.h>

/* Bytes of a wrapper: the largest has 15 KiB. Its interpreter is given the text
 * in one word of a command line, which Linux limits to 128 KiB. */
#define WRAPPER_PYTHON_LIMIT ((size_t)100 * 1024)

typedef enum WrapperBlock {
    WRAPPER_BLOCK_ABSENT,
    WRAPPER_BLOCK_RIGHT,
    /* Another version's, changed by hand, more than one, or not in its place. */
    WRAPPER_BLOCK_CHANGED,
    /* A begin without an end or the other way round: nobody can tell what is
     * ours. */
    WRAPPER_BLOCK_BROKEN,
} WrapperBlock;

typedef struct WrapperPython {
    char *interpreter; /* the program of its first line; NULL: no Python */
    unsigned python;   /* 2 or 3; 0: no Python */
    /* Lines before which the edit can go, where the whole command line is
     * known: XCP-ng 8.2 and later have just one. */
    unsigned anchors;
    /* A wrapper as up to XCP-ng 8.1, which drive QEMU 2.10.2. */
    bool old;
    WrapperBlock block;
    /* How often the patch of the first guide (its 6.3) is in it, to the letter. */
    unsigned by_hand;
    /* The key that it reads besides: ARGS_KEY or ARGS_KEY_OTHER; NULL: none. */
    const char *native_key;
} WrapperPython;

/* Never NULL. */
WrapperPython *wrapper_python_new(const char *text);
void wrapper_python_free(WrapperPython *wrapper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WrapperPython, wrapper_python_free)

/*
 * The text without our edit and without the guide's patch: byte for byte what
 * stood there before. g_free. NULL when a block is broken.
 */
char *wrapper_python_stock(const char *text);

/* The text without our edit alone. g_free. NULL when a block is broken. */
char *wrapper_python_without(const char *text);

/*
 * The stock text with the edit in it; the text itself where it is in there
 * already. g_free. NULL when a block is broken or there is not just one anchor.
 */
char *wrapper_python_edited(const char *text);

#endif /* VGPUCTL_WRAPPER_PYTHON_H */
