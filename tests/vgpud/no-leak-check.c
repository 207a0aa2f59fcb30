/* SPDX-License-Identifier: MIT */
/* For programs with AddressSanitizer that are locked in. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
