/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl: from a stock host to a VM that has vgpu-stub, and back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "verb.h"

/* The build says which one it is. */
#ifndef VGPU_VERSION
#define VGPU_VERSION "unreleased"
#endif

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} verbs[] = {
    { "prepare", verb_prepare,
      "make an rpmbuild tree from XCP-ng's QEMU sources" },
    { "integrate", verb_integrate,
      "add the device to a qemu.spec or a QEMU tree" },
    { "build", verb_build, "build the RPM, and say why when that fails" },
    { "install", verb_install, "install the RPM, prove it, or put all back" },
    { "wrapper", verb_wrapper, "make what a VM asks for reach its QEMU" },
    { "probe", verb_probe, "prove with QEMU's own device that it does" },
    { "attach", verb_attach, "give a VM the device" },
    { "detach", verb_detach, "take the device from a VM" },
    { "list", verb_list, "the VMs that have the device" },
    { "verify", verb_verify, "follow the device into a VM, link by link" },
    { "setup", verb_setup, "all of it, from the RPM to a verified VM" },
    { "rollback", verb_rollback, "go back to the stock host" },
    { "doctor", verb_doctor, "check everything and say what is wrong" },
};

static int usage(FILE *stream)
{
    size_t i;

    fputs("usage: vgpuctl VERB [OPTION...]\n\n", stream);
    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].help);
    }
    fputs("\nEvery verb has --help, --dry-run, --json and --root DIR.\n"
          "vgpuctl --version prints the version.\n",
          stream);
    return stream == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    size_t i;

    if (argc < 2) {
        return usage(stderr);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return usage(stdout);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("vgpuctl " VGPU_VERSION);
        return EXIT_SUCCESS;
    }
    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "vgpuctl: no verb '%s'\n", argv[1]);
    return usage(stderr);
}
