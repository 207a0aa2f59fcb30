/* SPDX-License-Identifier: MIT */
/*
 * The build options that a guest may give. They go to a compiler that is a C compiler
 * as well, so only words that are known to do nothing but change the code: none that
 * names a file, a plugin or another compiler's option.
 */
#include <string.h>

#include "vgpud/run.h"

static const char *const allowed[] = {
    "-cl-std=CL1.0",
    "-cl-std=CL1.1",
    "-cl-std=CL1.2",
    "-cl-std=CL2.0",
    "-cl-std=CL3.0",
    "-cl-denorms-are-zero",
    "-cl-fast-relaxed-math",
    "-cl-finite-math-only",
    "-cl-fp32-correctly-rounded-divide-sqrt",
    "-cl-kernel-arg-info",
    "-cl-mad-enable",
    "-cl-no-signed-zeros",
    "-cl-opt-disable",
    "-cl-single-precision-constant",
    "-cl-strict-aliasing",
    "-cl-unsafe-math-optimizations",
    "-w",
    "-Werror",
};

/* Of a definition: a name, and a number or a name behind a '='. No quote and no
 * backslash: a runtime may split the text once more, by rules of its own. */
#define NAME_CHARACTERS                                     \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_" \
    "0123456789"
#define VALUE_CHARACTERS NAME_CHARACTERS ".+-"

static bool is_definition(const char *word, size_t length)
{
    size_t name = strspn(word, NAME_CHARACTERS);

    if (!name || name > length || (*word >= '0' && *word <= '9')) {
        return false;
    }
    if (name == length) {
        return true;
    }
    return word[name] == '=' &&
           name + 1 + strspn(word + name + 1, VALUE_CHARACTERS) == length;
}

static bool is_allowed(const char *word, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (strlen(allowed[i]) == length &&
            memcmp(allowed[i], word, length) == 0) {
            return true;
        }
    }
    return length > 2 && memcmp(word, "-D", 2) == 0 &&
           is_definition(word + 2, length - 2);
}

bool run_options_are_allowed(const char *options)
{
    const char *at = options + strspn(options, " ");

    while (*at) {
        size_t length = strcspn(at, " ");
        bool separate = length == 2 && memcmp(at, "-D", 2) == 0;

        if (separate) { /* "-D NAME": the definition is a word of its own */
            at += 2;
            at += strspn(at, " ");
            length = strcspn(at, " ");
        }
        if (separate ? !is_definition(at, length) : !is_allowed(at, length)) {
            return false;
        }
        at += length;
        at += strspn(at, " ");
    }
    return true;
}
