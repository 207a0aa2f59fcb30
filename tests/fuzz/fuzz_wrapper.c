/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any text as a wrapper and as xenopsd's configuration. The edit is
 * undone to the byte, done twice it is done once, and it is recognised.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shim/paths.h"
#include "wrapper-python.h"
#include "xenopsd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The patch of the first guide, 6.3. */
#define GUIDE                                                                 \
    "\n"                                                                      \
    "    # Read additional device-model-args from xenstore (for vgpu-stub)\n" \
    "    try:\n"                                                              \
    "        extra_args_str = xenstore_read(\"/local/domain/%d/platform/"     \
    "device-model-args\" % domid)\n"                                          \
    "        if isinstance(extra_args_str, bytes):\n"                         \
    "            extra_args_str = extra_args_str.decode('utf-8')\n"           \
    "        if extra_args_str:\n"                                            \
    "            extra_args = extra_args_str.strip().split()\n"               \
    "            if extra_args:\n"                                            \
    "                print(\"Adding device-model-args from xenstore: %s\" "   \
    "% extra_args)\n"                                                         \
    "                qemu_args.extend(extra_args)\n"                          \
    "    except:\n"                                                           \
    "        pass  # xenstore key does not exist, which is fine\n"            \
    "\n"

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_edit(const char *text, const char *stock)
{
    g_autofree char *edited = wrapper_python_edited(text);
    g_autofree char *again = NULL;
    g_autofree char *undone = NULL;
    g_autofree char *without = NULL;
    g_autoptr(WrapperPython) wrapper = NULL;

    if (edited) {
        again = wrapper_python_edited(edited);
        undone = wrapper_python_stock(edited);
        without = wrapper_python_without(edited);
        wrapper = wrapper_python_new(edited);
        must(again && strcmp(again, edited) == 0);
        must(undone && strcmp(undone, stock) == 0);
        must(without && strcmp(without, stock) == 0);
        must(wrapper->block == WRAPPER_BLOCK_RIGHT && wrapper->anchors == 1);
        must(wrapper->by_hand == 0);
    }
}

static void check(const char *text)
{
    g_autoptr(WrapperPython) wrapper = wrapper_python_new(text);
    g_autofree char *stock = wrapper_python_stock(text);
    g_autofree char *value = xenopsd_config_value(text, HOST_WRAPPER_KEY);
    g_autofree char *again = NULL;

    must(!stock == (wrapper->block == WRAPPER_BLOCK_BROKEN));
    must(!wrapper->interpreter == (wrapper->python == 0));
    must(!value || strstr(text, HOST_WRAPPER_KEY));
    (void)xenopsd_unit_names(text, HOST_CONFIG_DIR);
    if (stock) {
        again = wrapper_python_stock(stock);
        must(again && strcmp(again, stock) == 0);
        check_edit(text, stock);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const pieces[] = {
        "    print(\"Exec: %s %s\" % (qemu_dm, \" \".join(qemu_args)))\n",
        "    # ---- vgpuctl wrapper: begin\n",
        "    # ---- vgpuctl wrapper: end\n",
        "#! /usr/bin/python3\n",
        "platform/" ARGS_KEY "\"\n",
        HOST_WRAPPER_KEY "=",
        GUIDE,
    };
    GString *text = g_string_new(NULL);
    size_t i;

    /* Few inputs would come to have the lines that count: bytes that no text
     * has stand for them. */
    for (i = 0; i < size && data[i]; i++) {
        if (data[i] >= 0xf8 && data[i] - 0xf8u < G_N_ELEMENTS(pieces)) {
            g_string_append(text, pieces[data[i] - 0xf8]);
        } else {
            g_string_append_c(text, (char)data[i]);
        }
    }
    check(text->str);
    g_string_free(text, TRUE);
    return 0;
}
