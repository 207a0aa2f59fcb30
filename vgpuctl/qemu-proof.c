/* SPDX-License-Identifier: MIT */
#include "qemu-proof.h"

#include <errno.h>
#include <string.h>

#include "command.h"

/* A QEMU answers in well under a second; one that waits for something is ended
 * instead of waited for. */
#define TIME_LIMIT "60"

#define DEVICE_LINE "name \"vgpu-stub\", bus PCI"
#define ASSERTION   "conventional || pcie"

static const char *const properties[] = { "pool_id=<str>", "priority=<str>",
                                          "vm_id=<uint32>" };

/* ---- Reading what it says ---------------------------------------------------- */

/* text begins with prefix, and what comes behind is not more of a word. */
static bool begins_with(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(text, prefix, length) == 0 &&
           (text[length] == '\0' || strchr(", \t\r", text[length]));
}

char *qemu_proof_find_device(const char *device_help)
{
    g_auto(GStrv) lines = g_strsplit(device_help, "\n", -1);
    size_t i;

    for (i = 0; lines[i]; i++) {
        if (begins_with(lines[i], DEVICE_LINE)) {
            return g_strdup(g_strchomp(lines[i]));
        }
    }
    return NULL;
}

char *qemu_proof_missing_properties(const char *properties_help)
{
    g_auto(GStrv) lines = g_strsplit(properties_help, "\n", -1);
    GString *missing = g_string_new(NULL);
    size_t i, line;

    for (i = 0; i < G_N_ELEMENTS(properties); i++) {
        for (line = 0; lines[line]; line++) {
            if (begins_with(g_strchug(lines[line]), properties[i])) {
                break;
            }
        }
        if (!lines[line]) {
            g_string_append_printf(missing, "%s%s", missing->len ? " " : "",
                                   properties[i]);
        }
    }
    return g_string_free(missing, FALSE);
}

char *qemu_proof_find_version(const char *version_text)
{
    static const char start[] = "QEMU emulator version ";
    const char *at = strstr(version_text, start);
    size_t length;

    if (!at) {
        return NULL;
    }
    at += strlen(start);
    length = strspn(at, "0123456789.");
    return length && g_ascii_isdigit(at[0]) ? g_strndup(at, length) : NULL;
}

/* ---- Running it --------------------------------------------------------------- */

/* Its last line that is not empty: that is where the reason stands. */
static char *last_line(const char *text)
{
    g_autofree char *copy = g_strdup(text);
    char *end;

    g_strchomp(copy);
    end = strrchr(copy, '\n');
    return g_strdup(end ? end + 1 : copy);
}

/* What it says when asked; NULL when it fails, and why stands in the proof. */
static char *ask(QemuProof *proof, const char *binary, const char *option,
                 const char *value)
{
    const char *argv[] = { "timeout", "-k",   "5",   TIME_LIMIT,
                           binary,    option, value, NULL };
    char *output = NULL;
    int status;

    if (proof->failure) {
        return NULL;
    }
    status = command_run(argv, &output, NULL, NULL);
    if (status == 0) {
        return output;
    }
    if (output && strstr(output, ASSERTION)) {
        proof->interface_assertion = true;
    }
    if (status == 124 || status == 137) {
        proof->failure = g_strdup("it does not answer within a minute");
    } else if (status == 126) {
        proof->failure = g_strdup_printf(
            "%s may not be executed: set TMPDIR to where programs may be",
            binary);
    } else if (status == -ENOENT) {
        proof->failure = g_strdup("there is no program 'timeout'");
    } else if (output && output[0]) {
        proof->failure = last_line(output);
    } else {
        proof->failure = g_strdup("it ends without a word");
    }
    g_free(output);
    return NULL;
}

QemuProof *qemu_proof_new(const char *binary)
{
    QemuProof *proof = g_new0(QemuProof, 1);
    g_autofree char *version = ask(proof, binary, "-version", NULL);
    g_autofree char *devices = ask(proof, binary, "-device", "help");
    g_autofree char *help = NULL;

    if (version) {
        proof->version = qemu_proof_find_version(version);
        if (!proof->version && !proof->failure) {
            proof->failure = g_strdup("-version names no QEMU version");
        }
    }
    if (devices) {
        proof->device_line = qemu_proof_find_device(devices);
    }
    if (proof->device_line) {
        help = ask(proof, binary, "-device", "vgpu-stub,help");
    }
    proof->missing = qemu_proof_missing_properties(help ? help : "");
    return proof;
}

void qemu_proof_free(QemuProof *proof)
{
    if (proof) {
        g_free(proof->version);
        g_free(proof->device_line);
        g_free(proof->missing);
        g_free(proof->failure);
        g_free(proof);
    }
}

/* ---- Judging it --------------------------------------------------------------- */

bool qemu_proof_has_device(const QemuProof *proof)
{
    return !proof->failure && proof->device_line && !proof->missing[0];
}

bool qemu_proof_is_stock(const QemuProof *proof)
{
    return !proof->failure && !proof->device_line;
}

char *qemu_proof_problem(const QemuProof *proof, const char **remedy)
{
    *remedy = NULL;
    if (proof->interface_assertion) {
        *remedy =
            "the device's TypeInfo lacks INTERFACE_CONVENTIONAL_PCI_DEVICE"
            " in .interfaces: build it from this project's vgpu-stub.c";
        return g_strdup("it aborts: assertion `" ASSERTION "' failed");
    }
    if (proof->failure) {
        *remedy =
            "its libraries must be this host's: build it for this release";
        return g_strdup_printf("it does not run: %s", proof->failure);
    }
    if (!proof->device_line) {
        *remedy = "vgpuctl integrate, then vgpuctl build";
        return g_strdup("-device help has no line '" DEVICE_LINE "'");
    }
    if (proof->missing[0]) {
        *remedy = "build it from this project's vgpu-stub.c";
        return g_strdup_printf("-device vgpu-stub,help lacks %s",
                               proof->missing);
    }
    return NULL;
}
