/* SPDX-License-Identifier: MIT */
/*
 * What every verb is given: the options that all of them have, and the rest of
 * the command line.
 */
#ifndef VGPUCTL_OPTIONS_H
#define VGPUCTL_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

typedef struct Options {
    bool dry_run;
    bool json;
    /* Absolute, without a slash at its end; "" is the system itself. */
    char *root;
} Options;

/* A file of the host that is acted on: root and path, path absolute. g_free. */
char *options_path(const Options *options, const char *path);

/*
 * Parses a verb's command line: argv[0] is the verb, entries its own options
 * (NULL-terminated), usage what comes behind the options in `--help`. What is
 * no option is left in argv. Starts the report. Returns true, or false with
 * *exit_code set: --help was given, or the line is wrong and has been reported.
 */
bool options_parse(Options *options, int *argc, char ***argv,
                   const GOptionEntry *entries, const char *usage,
                   const char *summary, int *exit_code);
void options_clear(Options *options);

#endif /* VGPUCTL_OPTIONS_H */
