/* SPDX-License-Identifier: MIT */
#include "wrapper-python.h"

#include <string.h>

#include "shim/args.h"
#include "shim/paths.h"

static const char anchor[] =
    "print(\"Exec: %s %s\" % (qemu_dm, \" \".join(qemu_args)))";

#define BEGIN "# ---- vgpuctl wrapper: begin"
#define END   "# ---- vgpuctl wrapper: end"

/*
 * The edit, for Python 2.7 and 3.4 and later alike. It has a function of its own
 * so that its imports and names stay out of main(): an `import sys` there would
 * make sys a local name of main(), and its uses above would fail. What reads the
 * key and knows the rules is qemu-args, the same as for the shim.
 *
 * - Words that are no ASCII are an error here, where it is caught, and not in the
 * print() below, which cannot print them in a C locale. str() is for Python 2: one
 * unicode word would make all of QEMU's command line so.
 * - It does not wait for what it has killed: a process that cannot die must not
 *   hold up a VM. The next Popen() collects it.
 */
static const char block[] = BEGIN
    " (`vgpuctl wrapper remove` takes it out) ----\n"
    "# What the VM's " ARGS_KEY " add to QEMU's command line. Whatever is\n"
    "# wrong with it, the VM starts without.\n"
    "def vgpu_arguments(domid, words):\n"
    "    import os, select, subprocess, sys, time\n"
    "\n"
    "    clock = getattr(time, \"monotonic\", time.time)\n"
    "    deadline = clock() + 1.0\n"
    "    program = os.environ.get(\"" ROOT_VARIABLE "\", \"\") + \\\n"
    "        \"" SHIM_QEMU_ARGS "\"\n"
    "    output = b\"\"\n"
    "    sys.stdout.flush()\n"
    "    with open(os.devnull) as nothing:\n"
    "        child = subprocess.Popen([program, str(domid)] + words,\n"
    "                                 stdin=nothing, stderr=1,\n"
    "                                 stdout=subprocess.PIPE,\n"
    "                                 close_fds=True)\n"
    "    try:\n"
    "        data = None\n"
    "        while data != b\"\" and len(output) <= 65536:\n"
    "            left = max(0, deadline - clock())\n"
    "            if not select.select([child.stdout], [], [], left)[0]:\n"
    "                raise Exception(\"qemu-args does not answer\")\n"
    "            data = os.read(child.stdout.fileno(), 4096)\n"
    "            output += data\n"
    "        while child.poll() is None:\n"
    "            if clock() >= deadline:\n"
    "                raise Exception(\"qemu-args does not end\")\n"
    "            time.sleep(0.01)\n"
    "    finally:\n"
    "        if child.poll() is None:\n"
    "            child.kill()\n"
    "        child.stdout.close()\n"
    "    if child.returncode > 0: # it has said why\n"
    "        return []\n"
    "    if child.returncode < 0:\n"
    "        raise Exception(\"qemu-args: signal %d\" % -child.returncode)\n"
    "    if output and not output.endswith(b\"\\0\"):\n"
    "        raise Exception(\"qemu-args says half a word\")\n"
    "    words = output.decode(\"ascii\").split(\"\\0\")[:-1]\n"
    "    return [str(word) for word in words]\n"
    "\n"
    "try:\n"
    "    qemu_args.extend(vgpu_arguments(domid, qemu_args))\n"
    "except Exception as vgpu_error:\n"
    "    try:\n"
    "        print(\"vgpu: %s: starting without the device\" % vgpu_error)\n"
    "    except Exception:\n"
    "        pass\n" END " ----\n";

/* What the first guide's script put before the same line, in its 6.3. */
static const char guide[] =
    "\n"
    "    # Read additional device-model-args from xenstore (for vgpu-stub)\n"
    "    try:\n"
    "        extra_args_str = xenstore_read(\"/local/domain/%d/platform/"
    "device-model-args\" % domid)\n"
    "        if isinstance(extra_args_str, bytes):\n"
    "            extra_args_str = extra_args_str.decode('utf-8')\n"
    "        if extra_args_str:\n"
    "            extra_args = extra_args_str.strip().split()\n"
    "            if extra_args:\n"
    "                print(\"Adding device-model-args from xenstore: %s\" % "
    "extra_args)\n"
    "                qemu_args.extend(extra_args)\n"
    "    except:\n"
    "        pass  # xenstore key does not exist, which is fine\n"
    "\n";

/* ---- Lines ---------------------------------------------------------------------- */

/* Of the line at `line`, with its newline where it has one. */
static size_t line_length(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? (size_t)(end - line) + 1 : strlen(line);
}

static size_t indentation(const char *line)
{
    return strspn(line, " \t");
}

static bool line_begins(const char *line, const char *with)
{
    return g_str_has_prefix(line + indentation(line), with);
}

/* A line that is this statement and nothing else. */
static bool line_is(const char *line, const char *statement)
{
    const char *rest = line + indentation(line);

    if (!g_str_has_prefix(rest, statement)) {
        return false;
    }
    rest += strlen(statement);
    rest += indentation(rest);
    return *rest == '\n' || *rest == '\0';
}

/* The first anchor, or NULL. *count: how many there are. */
static const char *find_anchor(const char *text, unsigned *count)
{
    const char *line, *found = NULL;

    *count = 0;
    for (line = text; *line; line += line_length(line)) {
        if (line_is(line, anchor)) {
            found = found ? found : line;
            (*count)++;
        }
    }
    return found;
}

/* ---- Taking out ----------------------------------------------------------------- */

/* Copies all but the marked blocks. NULL when one is broken. */
static char *without_blocks(const char *text, bool *had_one)
{
    GString *rest = g_string_new(NULL);
    bool inside = false, broken = false;
    const char *line;

    *had_one = false;
    for (line = text; *line && !broken; line += line_length(line)) {
        bool begins = line_begins(line, BEGIN), ends = line_begins(line, END);

        broken = (begins && inside) || (ends && !inside);
        inside = (inside || begins) && !ends;
        *had_one |= begins || ends;
        if (!inside && !ends) {
            g_string_append_len(rest, line, (gssize)line_length(line));
        }
    }
    if (broken || inside) {
        g_string_free(rest, TRUE);
        return NULL;
    }
    return g_string_free(rest, FALSE);
}

/* Takes the guide's patch out wherever it begins a line; returns how often. */
static unsigned take_out_guide(char *text)
{
    const size_t length = sizeof(guide) - 1;
    unsigned count = 0;
    char *at = text;

    while ((at = strstr(at, guide))) {
        if (at == text || at[-1] == '\n') {
            memmove(at, at + length, strlen(at + length) + 1);
            count++;
            /* What it stood between may now be another. */
            at = text;
        } else {
            at++;
        }
    }
    return count;
}

char *wrapper_python_without(const char *text)
{
    bool had_one;

    return without_blocks(text, &had_one);
}

char *wrapper_python_stock(const char *text)
{
    char *rest = wrapper_python_without(text);

    if (rest) {
        take_out_guide(rest);
    }
    return rest;
}

/* ---- Putting in ----------------------------------------------------------------- */

/* The block with each line as far in as the anchor. */
static void append_block(GString *text, const char *indent, size_t length)
{
    const char *line;

    for (line = block; *line; line += line_length(line)) {
        if (*line != '\n') {
            g_string_append_len(text, indent, (gssize)length);
        }
        g_string_append_len(text, line, (gssize)line_length(line));
    }
}

char *wrapper_python_edited(const char *text)
{
    g_autofree char *stock = wrapper_python_stock(text);
    unsigned anchors = 0;
    const char *at = stock ? find_anchor(stock, &anchors) : NULL;
    GString *edited;

    if (anchors != 1) {
        return NULL;
    }
    edited = g_string_new_len(stock, at - stock);
    append_block(edited, at, indentation(at));
    g_string_append(edited, at);
    return g_string_free(edited, FALSE);
}

/* ---- What it is ------------------------------------------------------------------- */

/* The interpreter of "#! /usr/bin/python3 -s"; "env python3" is python3. */
static void read_first_line(WrapperPython *wrapper, const char *text)
{
    g_autofree char *line = NULL;
    g_autofree char *name = NULL;
    g_auto(GStrv) words = NULL;
    char **word;

    if (!g_str_has_prefix(text, "#!")) {
        return;
    }
    line = g_strndup(text + 2, line_length(text) - 2);
    words = g_strsplit_set(line, " \t\r\n", -1);
    for (word = words; *word && !**word; word++) {
    }
    if (*word && g_str_has_suffix(*word, "/env")) {
        for (word++; *word && !**word; word++) {
        }
    }
    if (!*word) {
        return;
    }
    name = g_path_get_basename(*word);
    /* dom0's plain python is 2.7. */
    if (g_str_has_prefix(name, "python")) {
        wrapper->python = name[strlen("python")] == '3' ? 3 : 2;
        wrapper->interpreter = g_strdup(*word);
    }
}

/* The shim's own rule: where that lets it stand back, nothing else may be said. */
static const char *find_native_key(const char *stock)
{
    g_auto(GStrv) lines = g_strsplit(stock, "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (args_wrapper_reads_key(lines[i])) {
            return strstr(lines[i], ARGS_KEY) ? ARGS_KEY : ARGS_KEY_OTHER;
        }
    }
    return NULL;
}

/* Up to 8.1 that line was a statement of Python 2, or went to a file. */
static bool is_old(const char *text)
{
    const char *line;

    for (line = text; *line; line += line_length(line)) {
        if (line_begins(line, "print \"Exec: %s %s\"") ||
            line_begins(line, "f.write(\"Exec: %s %s")) {
            return true;
        }
    }
    return false;
}

WrapperPython *wrapper_python_new(const char *text)
{
    WrapperPython *wrapper = g_new0(WrapperPython, 1);
    bool had_one;
    g_autofree char *rest = without_blocks(text, &had_one);
    g_autofree char *guided = g_strdup(text);
    g_autofree char *edited = NULL;

    read_first_line(wrapper, text);
    if (!rest) {
        wrapper->block = WRAPPER_BLOCK_BROKEN;
        rest = g_strdup(text);
    }
    wrapper->by_hand = take_out_guide(rest);
    find_anchor(rest, &wrapper->anchors);
    wrapper->old = !wrapper->anchors && is_old(rest);
    wrapper->native_key = find_native_key(rest);
    if (had_one && wrapper->block != WRAPPER_BLOCK_BROKEN) {
        /* The guide's patch beside it does not make it another. */
        take_out_guide(guided);
        edited = wrapper_python_edited(guided);
        wrapper->block = g_strcmp0(edited, guided) == 0 ? WRAPPER_BLOCK_RIGHT
                                                        : WRAPPER_BLOCK_CHANGED;
    }
    return wrapper;
}

void wrapper_python_free(WrapperPython *wrapper)
{
    if (wrapper) {
        g_free(wrapper->interpreter);
        g_free(wrapper);
    }
}
