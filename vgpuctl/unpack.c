/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "host.h"
#include "report.h"

/* A pipe wants a shell; what varies comes as its arguments and is no part of
 * the line. */
static const char pipe_line[] =
    "rpm2cpio \"$1\" | (cd \"$2\" && cpio -idm --quiet "
    "--no-absolute-filenames \".$3\")";

static bool unpack(const char *rpm, const char *directory)
{
    const char *argv[] = { "sh", "-c",      pipe_line, "sh",
                           rpm,  directory, HOST_QEMU, NULL };
    g_autofree char *binary = g_strconcat(directory, HOST_QEMU, NULL);
    g_autofree char *output = NULL;
    struct stat status;
    int result = command_run(argv, &output, NULL, NULL);

    if (result == 0 && lstat(binary, &status) == 0 && S_ISREG(status.st_mode)) {
        return true;
    }
    report_problem("see that rpm2cpio and cpio are there, and room in /tmp",
                   "cannot unpack " HOST_QEMU " from %s: %s", rpm,
                   output && output[0] ? g_strstrip(output)
                                       : "it is no regular file there");
    return false;
}

QemuProof *unpack_and_prove(const char *rpm)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-XXXXXX", &error);
    QemuProof *proof = NULL;

    if (!directory) {
        report_problem("make room in /tmp, or set TMPDIR",
                       "cannot make a temporary directory: %s", error->message);
        return NULL;
    }
    if (unpack(rpm, directory)) {
        g_autofree char *binary = g_strconcat(directory, HOST_QEMU, NULL);

        proof = qemu_proof_new(binary);
    }
    {
        const char *argv[] = { "rm", "-rf", directory, NULL };

        command_query(argv, NULL);
    }
    return proof;
}
