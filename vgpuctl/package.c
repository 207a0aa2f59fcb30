/* SPDX-License-Identifier: MIT */
#include "package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "report.h"

/* Sets our lines apart from the warnings that rpm mixes with them. */
#define MARK "@vgpuctl\t"

#define FACTS                                                              \
    MARK "%{NAME}\t%|EPOCH?{%{EPOCH}}|\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t" \
         "%|SHA1HEADER?{%{SHA1HEADER}}|\t%|SOURCEPACKAGE?{source}|\n"

enum { NAME, EPOCH, VERSION, RELEASE, ARCH, ID, SOURCE, FACT_COUNT };

void package_free(Package *package)
{
    if (package) {
        g_free(package->name);
        g_free(package->epoch);
        g_free(package->version);
        g_free(package->release);
        g_free(package->arch);
        g_free(package->nevra);
        g_free(package->id);
        g_free(package);
    }
}

/* ---- Asking rpm ------------------------------------------------------------ */

GPtrArray *package_rpm_words(const Options *options)
{
    GPtrArray *words = g_ptr_array_new();

    g_ptr_array_add(words, (char *)"rpm");
    if (options && options->root[0]) {
        g_ptr_array_add(words, (char *)"--root");
        g_ptr_array_add(words, options->root);
    }
    return words;
}

/*
 * `rpm -q`, one more word, a format of marked lines, and what it is asked of:
 * what stood behind each mark. g_ptr_array_unref; NULL when rpm does not run.
 */
static GPtrArray *ask(const Options *options, const char *kind,
                      const char *format, const char *of)
{
    g_autoptr(GPtrArray) words = package_rpm_words(options);
    g_autofree char *output = NULL;
    g_auto(GStrv) lines = NULL;
    GPtrArray *answers;
    size_t i;
    int status;

    g_ptr_array_add(words, (char *)kind);
    g_ptr_array_add(words, (char *)"--nosignature");
    g_ptr_array_add(words, (char *)"--qf");
    g_ptr_array_add(words, (char *)format);
    g_ptr_array_add(words, (char *)of);
    g_ptr_array_add(words, NULL);
    status = command_run((const char *const *)words->pdata, &output, NULL,
                         NULL);
    if (status < 0) {
        report_problem(status == -ENOENT ? "run it on an RPM based host" : NULL,
                       "cannot run rpm: %s", strerror(-status));
        return NULL;
    }
    answers = g_ptr_array_new_with_free_func(g_free);
    lines = g_strsplit(output, "\n", -1);
    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], MARK)) {
            g_ptr_array_add(answers, g_strdup(lines[i] + strlen(MARK)));
        }
    }
    return answers;
}

char *package_rpm_error(const char *output)
{
    /* Progress and warnings come first. */
    const char *error = output ? strstr(output, "error: ") : NULL;
    g_auto(GStrv) words = NULL;
    GString *line = g_string_new(NULL);
    size_t i;

    words = g_strsplit_set(error ? error : output ? output : "", " \t\n", -1);
    for (i = 0; words[i]; i++) {
        if (words[i][0]) {
            g_string_append_printf(line, "%s%s", line->len ? " " : "",
                                   words[i]);
        }
    }
    return g_string_free(line, FALSE);
}

static Package *parse_facts(const char *line)
{
    g_auto(GStrv) facts = g_strsplit(line, "\t", -1);
    Package *package;

    if (g_strv_length(facts) != FACT_COUNT) {
        return NULL;
    }
    package = g_new0(Package, 1);
    package->name = g_strdup(facts[NAME]);
    package->epoch = facts[EPOCH][0] ? g_strdup(facts[EPOCH]) : NULL;
    package->version = g_strdup(facts[VERSION]);
    package->release = g_strdup(facts[RELEASE]);
    package->arch = g_strdup(facts[ARCH]);
    package->id = g_strdup(facts[ID]);
    package->source = facts[SOURCE][0] != '\0';
    package->nevra = g_strdup_printf("%s-%s%s%s-%s.%s", facts[NAME],
                                     facts[EPOCH], facts[EPOCH][0] ? ":" : "",
                                     facts[VERSION], facts[RELEASE],
                                     facts[ARCH]);
    return package;
}

GPtrArray *package_owners(const Options *options, const char *path)
{
    g_autoptr(GPtrArray) answers = ask(options, "-qf", FACTS, path);
    GPtrArray *owners;
    guint i;

    if (!answers) {
        return NULL;
    }
    owners = g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
    for (i = 0; i < answers->len; i++) {
        Package *package = parse_facts(answers->pdata[i]);

        if (package) {
            g_ptr_array_add(owners, package);
        }
    }
    return owners;
}

Package *package_of_file(const char *rpm_file)
{
    g_autoptr(GPtrArray) answers = ask(NULL, "-qp", FACTS, rpm_file);

    return answers && answers->len == 1 ? parse_facts(answers->pdata[0]) : NULL;
}

bool package_file_is_whole(const char *rpm_file, char **why)
{
    const char *argv[] = { "rpm", "-K", "--nosignature", rpm_file, NULL };
    int status = command_run(argv, why, NULL, NULL);

    if (status == 0) {
        g_clear_pointer(why, g_free);
        return true;
    }
    if (status < 0) {
        g_free(*why);
        *why = g_strdup(strerror(-status));
    } else {
        char *line = package_rpm_error(*why);

        g_free(*why);
        *why = line;
    }
    return false;
}

/* The installed package's own name for `rpm -q`: all rpm's take it so. */
static char *full_name(const Package *package)
{
    return g_strdup_printf("%s-%s-%s.%s", package->name, package->version,
                           package->release, package->arch);
}

GPtrArray *package_paths(const Options *options, const Package *installed)
{
    g_autofree char *name = full_name(installed);

    return ask(options, "-q", "[" MARK "%{FILENAMES}\n]", name);
}

GPtrArray *package_file_paths(const char *rpm_file)
{
    return ask(NULL, "-qp", "[" MARK "%{FILENAMES}\n]", rpm_file);
}

guint64 package_file_installed_size(const char *rpm_file)
{
    g_autoptr(GPtrArray) answers = ask(NULL, "-qp", MARK "%{SIZE}\n", rpm_file);

    return answers && answers->len
               ? g_ascii_strtoull(answers->pdata[0], NULL, 10)
               : 0;
}

char *package_verify(const Options *options, const Package *installed)
{
    g_autoptr(GPtrArray) words = package_rpm_words(options);
    g_autofree char *name = full_name(installed);
    char *output = NULL;

    g_ptr_array_add(words, (char *)"-V");
    g_ptr_array_add(words, name);
    g_ptr_array_add(words, NULL);
    if (command_query((const char *const *)words->pdata, &output)) {
        g_free(output);
        return g_strdup("");
    }
    return output ? g_strchomp(output) : g_strdup("rpm -V does not run");
}

bool package_same(const Package *a, const Package *b)
{
    return strcmp(a->nevra, b->nevra) == 0 && strcmp(a->id, b->id) == 0;
}

/* ---- Versions -------------------------------------------------------------- */

/* A run of digits or of letters; letters and digits are all that counts. */
static size_t run_length(const char *at, bool digits)
{
    size_t length = 0;

    while (digits ? g_ascii_isdigit(at[length]) : g_ascii_isalpha(at[length])) {
        length++;
    }
    return length;
}

static const char *skip_separators(const char *at)
{
    while (*at && !g_ascii_isalnum(*at) && *at != '~' && *at != '^') {
        at++;
    }
    return at;
}

/* The run at *a against the one at *b; moves both behind them. */
static int compare_runs(const char **a, const char **b)
{
    bool digits = g_ascii_isdigit(**a);
    size_t a_length = run_length(*a, digits);
    size_t b_length = run_length(*b, digits);
    const char *a_run = *a, *b_run = *b;
    int order;

    *a += a_length;
    *b += b_length;
    if (b_length == 0) {
        /* Of different kinds: a number is newer than a word. */
        return digits ? 1 : -1;
    }
    if (digits) {
        for (; a_length && *a_run == '0'; a_length--) {
            a_run++;
        }
        for (; b_length && *b_run == '0'; b_length--) {
            b_run++;
        }
        if (a_length != b_length) {
            return a_length < b_length ? -1 : 1;
        }
    }
    order = strncmp(a_run, b_run, MIN(a_length, b_length));
    if (order == 0 && a_length != b_length) {
        order = a_length < b_length ? -1 : 1;
    }
    return order;
}

/* '~' sorts below everything, even the end; '^' above the end only. */
static int compare_marks(char a, char b)
{
    if (a == '~' || b == '~') {
        return a == '~' ? -1 : 1;
    }
    if (a == '^') {
        return b ? -1 : 1;
    }
    return a ? 1 : -1;
}

int package_compare_versions(const char *a, const char *b)
{
    for (;;) {
        int order;

        a = skip_separators(a);
        b = skip_separators(b);
        if (*a == '~' || *b == '~' || *a == '^' || *b == '^') {
            if (*a != *b) {
                return compare_marks(*a, *b);
            }
            a++;
            b++;
            continue;
        }
        if (!*a || !*b) {
            return *a ? 1 : *b ? -1 : 0;
        }
        order = compare_runs(&a, &b);
        if (order) {
            return order < 0 ? -1 : 1;
        }
    }
}

int package_compare(const Package *a, const Package *b)
{
    int order = package_compare_versions(a->epoch ? a->epoch : "0",
                                         b->epoch ? b->epoch : "0");

    if (order == 0) {
        order = package_compare_versions(a->version, b->version);
    }
    return order ? order : package_compare_versions(a->release, b->release);
}
