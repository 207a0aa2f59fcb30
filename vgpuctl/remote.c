/* SPDX-License-Identifier: MIT */
#include "remote.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"

/*
 * $1 seconds, $2 bytes, then the command: its status goes behind what it says,
 * so that the limit cuts off the one with the other.
 */
static const char script[] =
    "seconds=$1 bytes=$2; shift 2; "
    "{ timeout -k 2 \"$seconds\" \"$@\" 2>&1; status=$?; echo; "
    "echo \"status $status\"; } | "
    "head -c \"$bytes\"";

/* What remains for the line with the status. */
#define STATUS_SIZE 16

/* ---- Text ------------------------------------------------------------------------ */

char *remote_shown(const char *text, size_t limit)
{
    GString *shown = g_string_new(NULL);
    const char *at = text;

    while (*at && (size_t)(at - text) < limit) {
        gunichar c = g_utf8_get_char_validated(at, -1);

        if (c == (gunichar)-1 || c == (gunichar)-2 || !g_unichar_isprint(c)) {
            g_string_append_printf(shown, "\\x%02x", (unsigned char)*at++);
        } else {
            g_string_append_unichar(shown, c);
            at = g_utf8_next_char(at);
        }
    }
    if (*at) {
        g_string_append(shown, "...");
    }
    return g_string_free(shown, FALSE);
}

const char *remote_destination_problem(const char *destination)
{
    const char *at;

    if (!destination[0]) {
        return "it is empty";
    }
    if (destination[0] == '-') {
        return "it begins with a dash";
    }
    for (at = destination; *at; at++) {
        if (!g_ascii_isalnum(*at) && !strchr("@.:-_%[]", *at)) {
            return "it has characters that no host's name has";
        }
    }
    return NULL;
}

/* ---- Judging ----------------------------------------------------------------------- */

static const struct {
    const char *says;
    const char *remedy;
} failures[] = {
    { "Permission denied",
      "put this host's public key into the other's ~/.ssh/authorized_keys "
      "(ssh-copy-id); passwords are not used" },
    { "Host key verification failed",
      "connect by hand once (ssh DESTINATION) and compare the fingerprint" },
    { "No route to host", "check the address and the network" },
    { "Connection refused", "start sshd there, and open its port" },
    { "timed out", "check the address, and that sshd runs there" },
    { "not resolve", "check the name, or give the address" },
    { "Name or service not known", "check the name, or give the address" },
};

/* ssh's own last word, where it failed. */
static void explain(Remote *remote)
{
    g_autofree char *copy = g_strchomp(g_strdup(remote->output));
    const char *last = strrchr(copy, '\n');
    g_autofree char *line = remote_shown(last ? last + 1 : copy, 300);
    size_t i;

    remote->why = g_strdup_printf("ssh fails: %s",
                                  line[0] ? line : "it does not say why");
    remote->remedy = "try it by hand with -v";
    for (i = 0; i < G_N_ELEMENTS(failures); i++) {
        if (strstr(remote->output, failures[i].says)) {
            remote->remedy = failures[i].remedy;
            return;
        }
    }
}

void remote_judge(Remote *remote, const char *printed, size_t limit)
{
    const char *last = g_strrstr(printed, "\nstatus ");
    const char *digits = last ? last + strlen("\nstatus ") : "";
    size_t length = strspn(digits, "0123456789");

    remote->status = -1;
    if (length < 1 || length > 3 || strcmp(digits + length, "\n") != 0) {
        remote->output = g_strdup("");
        remote->why = g_strdup_printf("its answer is no text, or longer than "
                                      "%zu bytes",
                                      limit);
        remote->remedy = "see by hand what it says";
        return;
    }
    remote->output = g_strndup(printed, (size_t)(last - printed));
    remote->status = atoi(digits);
    if (remote->status == 124 || remote->status == 137) {
        remote->why = g_strdup("it does not answer in time");
        remote->remedy = "see by hand what it waits for";
    } else if (remote->status == 127 &&
               g_str_has_prefix(remote->output, "timeout: ")) {
        remote->why = g_strdup("there is no program ssh on this host");
        remote->remedy = "install openssh-clients";
    } else if (remote->status == 255) {
        explain(remote);
    } else {
        return;
    }
    remote->status = -1;
}

/* ---- Running ----------------------------------------------------------------------- */

Remote *remote_run(const char *destination, const char *command,
                   unsigned seconds, size_t limit)
{
    Remote *remote = g_new0(Remote, 1);
    const char *problem = remote_destination_problem(destination);
    g_autofree char *time = g_strdup_printf("%u", seconds);
    g_autofree char *bytes = g_strdup_printf("%zu", limit + STATUS_SIZE);
    /* No agent, no forwarding: the other side must not get anything of ours. */
    const char *argv[] = { "sh",    "-c",
                           script,  "vgpuctl",
                           time,    bytes,
                           "ssh",   "-T",
                           "-a",    "-x",
                           "-o",    "BatchMode=yes",
                           "-o",    "PasswordAuthentication=no",
                           "-o",    "StrictHostKeyChecking=yes",
                           "-o",    "ConnectTimeout=10",
                           "-o",    "ClearAllForwardings=yes",
                           "--",    destination,
                           command, NULL };
    g_autofree char *printed = NULL;

    if (problem) {
        remote->status = -1;
        remote->output = g_strdup("");
        remote->why = g_strdup(problem);
        remote->remedy = "give HOST or USER@HOST";
        return remote;
    }
    if (command_run(argv, &printed, NULL, NULL) < 0) {
        remote->status = -1;
        remote->output = g_strdup("");
        remote->why = g_strdup("a shell cannot be run");
        return remote;
    }
    remote_judge(remote, printed, limit);
    return remote;
}

void remote_free(Remote *remote)
{
    if (remote) {
        g_free(remote->output);
        g_free(remote->why);
        g_free(remote);
    }
}
