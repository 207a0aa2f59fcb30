/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <string.h>

#include "exit.h"
#include "report.h"

char *options_path(const Options *options, const char *path)
{
    return g_strconcat(options->root, path, NULL);
}

/* An absolute path without a slash at its end; "" for "/" and for NULL. */
static char *absolute_root(const char *root)
{
    g_autofree char *current = g_get_current_dir();
    char *path;

    if (!root) {
        return g_strdup("");
    }
    path = g_path_is_absolute(root) ? g_strdup(root)
                                    : g_build_filename(current, root, NULL);
    while (g_str_has_suffix(path, "/")) {
        path[strlen(path) - 1] = '\0';
    }
    return path;
}

bool options_parse(Options *options, int *argc, char ***argv,
                   const GOptionEntry *entries, const char *usage,
                   const char *summary, int *exit_code)
{
    gboolean dry_run = FALSE, json = FALSE;
    g_autofree char *root = NULL;
    const GOptionEntry common[] = {
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
          "Print what would be changed and run, and change nothing", NULL },
        { "json", 0, 0, G_OPTION_ARG_NONE, &json,
          "Print one JSON object instead of lines", NULL },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &root,
          "Act on the system under DIR", "DIR" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    const char *verb = (*argv)[0];
    g_autofree char *line = g_strdup_printf("%s", usage);
    GOptionContext *context = g_option_context_new(line);
    g_autofree char *program = g_strdup_printf("vgpuctl %s", verb);
    g_autoptr(GError) error = NULL;
    bool parsed;

    memset(options, 0, sizeof(*options));
    g_set_prgname(program);
    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, common, NULL);
    if (entries) {
        g_option_context_add_main_entries(context, entries, NULL);
    }
    parsed = g_option_context_parse(context, argc, argv, &error);
    g_option_context_free(context);

    options->dry_run = dry_run;
    options->json = json;
    options->root = absolute_root(root);
    report_begin(verb, dry_run, json);
    if (!parsed) {
        g_autofree char *remedy = g_strdup_printf("vgpuctl %s --help", verb);

        report_problem(remedy, "%s", error->message);
        *exit_code = report_end(EXIT_USAGE);
        options_clear(options);
        return false;
    }
    if (options->root[0] && !g_file_test(options->root, G_FILE_TEST_IS_DIR)) {
        report_problem(NULL, "--root %s is no directory", options->root);
        *exit_code = report_end(EXIT_USAGE);
        options_clear(options);
        return false;
    }
    return true;
}

void options_clear(Options *options)
{
    g_free(options->root);
    memset(options, 0, sizeof(*options));
}
