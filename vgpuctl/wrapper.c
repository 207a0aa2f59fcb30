/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl wrapper: makes a VM's platform:device-model-args reach QEMU, takes
 * that away again, and says how it stands.
 */
#include <string.h>
#include <sys/stat.h>

#include "exit.h"
#include "hook.h"
#include "report.h"
#include "verb.h"
#include "wrapper-steps.h"

static int status(const Options *options)
{
    g_autoptr(Hook) hook = hook_new(options);
    g_autoptr(GPtrArray) facts = hook_facts(hook);
    const char *remedy;
    g_autofree char *verdict = hook_verdict(hook, &remedy);
    guint i;

    for (i = 0; i < facts->len; i++) {
        const HookFact *fact = facts->pdata[i];

        report_check(fact->title, fact->outcome, fact->detail, fact->remedy);
    }
    report_value("way", hook_way_name(hook_way(hook)));
    report_value("works", remedy ? "no" : "yes");
    report_info("%s", verdict);
    return remedy ? EXIT_FINDINGS : EXIT_SUCCESS;
}

static bool parse_method(const char *method, WrapperOrder *order)
{
    if (!method) {
        return true;
    }
    if (strcmp(method, hook_way_name(HOOK_BY_CONFIG)) == 0) {
        order->method = HOOK_BY_CONFIG;
    } else if (strcmp(method, hook_way_name(HOOK_BY_PYTHON)) == 0) {
        order->method = HOOK_BY_PYTHON;
    } else {
        report_problem("give config or python", "--method %s is none", method);
        return false;
    }
    return true;
}

static int run(const Options *options, const WrapperOrder *order, int argc,
               char **argv)
{
    static const char help[] = "vgpuctl wrapper --help";

    if (argc < 2) {
        report_problem(help, "say what to do: install, remove or status");
        return EXIT_USAGE;
    }
    if (argc > 2) {
        report_problem(help, "'%s' is too much", argv[2]);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "install") != 0 &&
        (order->method != HOOK_NONE || order->any_release)) {
        report_problem(help, "--method and --any-release are for install");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "status") == 0) {
        return status(options);
    }
    /* Whatever the caller's is: what is made here is for everybody to read. */
    umask(022);
    if (strcmp(argv[1], "install") == 0) {
        return wrapper_install(options, order);
    }
    if (strcmp(argv[1], "remove") == 0) {
        return wrapper_remove(options, order);
    }
    report_problem(help, "'%s' is not install, remove or status", argv[1]);
    return EXIT_USAGE;
}

int verb_wrapper(int argc, char **argv)
{
    g_autofree char *method = NULL;
    gboolean any_release = FALSE, restart = FALSE;
    const GOptionEntry entries[] = {
        { "method", 0, 0, G_OPTION_ARG_STRING, &method,
          "The way of it: config or python (what suits the host)", "METHOD" },
        { "any-release", 0, 0, G_OPTION_ARG_NONE, &any_release,
          "Install on a release that this was not made for", NULL },
        { "restart-toolstack", 0, 0, G_OPTION_ARG_NONE, &restart,
          "Run xe-toolstack-restart where it is needed", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    WrapperOrder order = { HOOK_NONE, false, false };
    Options options;
    int code;

    if (!options_parse(&options, &argc, &argv, entries, "install|remove|status",
                       "Makes a VM's platform:device-model-args reach QEMU, "
                       "takes that away, or says how it stands.",
                       &code)) {
        return code;
    }
    order.any_release = any_release;
    order.restart = restart;
    code = parse_method(method, &order) ? run(&options, &order, argc, argv)
                                        : EXIT_USAGE;
    options_clear(&options);
    return report_end(code);
}
