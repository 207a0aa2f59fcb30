/* SPDX-License-Identifier: MIT */
#include "wrapper-steps.h"

#include <string.h>
#include <unistd.h>

#include "change.h"
#include "preflight.h"
#include "report.h"
#include "shim-files.h"

const WrapperProgram wrapper_programs[PROGRAM_COUNT] = {
    [PROGRAM_QEMU_ARGS] = { SHIM_QEMU_ARGS, shim_qemu_args_data,
                            &shim_qemu_args_size, "qemu-args" },
    [PROGRAM_SHIM] = { SHIM_WRAPPER, shim_wrapper_data, &shim_wrapper_size,
                       "shim" },
};

HookFile wrapper_program_state(const Hook *hook, int program)
{
    return program == PROGRAM_SHIM ? hook->shim : hook->qemu_args;
}

bool wrapper_preflight(const Options *options)
{
    return preflight_root() && preflight_alone(options) &&
           preflight_writable(options);
}

bool wrapper_find_restart(const Options *options, bool wanted, char **program)
{
    static const char *const places[] = {
        "/opt/xensource/bin/xe-toolstack-restart",
        "/usr/bin/xe-toolstack-restart",
    };
    size_t i;

    *program = NULL;
    for (i = 0; i < G_N_ELEMENTS(places) && !*program; i++) {
        char *path = options_path(options, places[i]);

        if (access(path, X_OK) == 0) {
            *program = path;
        } else {
            g_free(path);
        }
    }
    if (!*program && !options->root[0]) {
        *program = g_find_program_in_path("xe-toolstack-restart");
    }
    if (!*program && wanted) {
        report_problem("leave --restart-toolstack away, and restart xenopsd "
                       "yourself",
                       "there is no xe-toolstack-restart");
        return false;
    }
    return true;
}

bool wrapper_restart(const Options *options, const char *program)
{
    const char *argv[] = { program, NULL };
    g_autofree char *output = NULL;
    int status = change_run(options, argv, &output);

    if (status > 0) {
        report_problem("see systemctl status xenopsd-xc, and "
                       "/var/log/daemon.log",
                       "xe-toolstack-restart ends with %d: %s", status,
                       g_strdelimit(g_strstrip(output), "\n", ' '));
    }
    return status == 0;
}
