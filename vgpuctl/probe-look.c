/* SPDX-License-Identifier: MIT */
#include "probe-look.h"

#include <string.h>

#include "shim/args.h"
#include "shim/paths.h"
#include "daemonlog.h"
#include "domain.h"
#include "hook.h"
#include "qmp.h"
#include "remote.h"
#include "report.h"
#include "xapi.h"

/* ich9-usb-ehci1: Intel's, as QEMU has it. */
#define PROBE_VENDOR 0x8086
#define PROBE_DEVICE 0x293a

#define LOG_LINES   6
#define SHOWN_LIMIT 400

typedef struct Look {
    const Options *options;
    const char *uuid;
    const char *value;
    unsigned problems;
} Look;

static void good(const char *title, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
static void bad(Look *look, const char *title, const char *remedy,
                const char *format, ...) G_GNUC_PRINTF(4, 5);

static void good(const char *title, const char *format, ...)
{
    g_autofree char *detail = NULL;
    va_list args;

    va_start(args, format);
    detail = g_strdup_vprintf(format, args);
    va_end(args);
    report_check(title, "ok", detail, NULL);
}

static void bad(Look *look, const char *title, const char *remedy,
                const char *format, ...)
{
    g_autofree char *detail = NULL;
    va_list args;

    va_start(args, format);
    detail = g_strdup_vprintf(format, args);
    va_end(args);
    report_check(title, "problem", detail, remedy);
    look->problems++;
}

/* ---- The links ---------------------------------------------------------------------- */

static void look_at_xapi(Look *look)
{
    static const char title[] = "XAPI has the key";
    g_autofree char *value = NULL;
    g_autofree char *why = NULL;
    int result = xapi_key_get(look->options, look->uuid, ARGS_KEY, &value,
                              &why);

    if (result == 0 && strcmp(value, look->value) == 0) {
        good(title, "platform:" ARGS_KEY "=%s", value);
    } else {
        bad(look, title, "see who else changes the VM's platform keys", "%s",
            why     ? why
            : value ? "it has another value"
                    : "it has none");
    }
}

static void look_at_xenstore(Look *look, const Domain *domain)
{
    static const char title[] = "xenstore has the key";

    if (g_strcmp0(domain->xenstore_args, look->value) == 0) {
        good(title, "/local/domain/%d/platform/%s", domain->domid,
             domain->xenstore_key);
    } else {
        bad(look, title,
            "xe pool-param-get param-name=restrictions has to say "
            "platform_filter: false",
            "/local/domain/%d/platform/" ARGS_KEY " %s", domain->domid,
            domain->xenstore_args ? "has another value" : "is not there");
    }
}

/* What is wrong with the hook now is the reason, unless nothing is. */
static void tell_missing(Look *look, const char *title, const Domain *domain)
{
    g_autoptr(Hook) hook = hook_new(look->options);
    const char *remedy;
    g_autofree char *verdict = hook_verdict(hook, &remedy);

    bad(look, title,
        remedy ? remedy
               : "grep qemu-dm- " HOST_DAEMON_LOG " shows what the start said",
        "/proc/%d/cmdline has no " ARGS_PROBE_DEVICE "; %s", (int)domain->pid,
        verdict);
}

static void look_at_command_line(Look *look, const Domain *domain)
{
    static const char title[] = "QEMU's command line has the device";
    size_t i;

    for (i = 0; domain->argv[i] && domain->argv[i + 1]; i++) {
        const char *word = domain->argv[i + 1];

        if (strcmp(domain->argv[i], "-device") == 0 &&
            g_str_has_prefix(word, ARGS_PROBE_DEVICE)) {
            g_autofree char *shown = remote_shown(word, SHOWN_LIMIT);

            good(title, "-device %s (/proc/%d/cmdline)", shown,
                 (int)domain->pid);
            return;
        }
    }
    tell_missing(look, title, domain);
}

static void look_at_bus(Look *look, const Domain *domain)
{
    static const char title[] = "QEMU's PCI bus has the device";
    g_autofree char *why = NULL;
    g_autoptr(Qmp) qmp = qmp_open(domain->qmp, QMP_TIME_LIMIT_MS, &why);
    QmpPci pci;

    if (!qmp || !qmp_find_pci(qmp, PROBE_VENDOR, PROBE_DEVICE, &pci, &why)) {
        bad(look, title, NULL, "QMP does not say: %s", why);
        return;
    }
    if (pci.count) {
        good(title, "query-pci shows %04x:%04x at %02x:%02x.%d", PROBE_VENDOR,
             PROBE_DEVICE, (unsigned)pci.bus, (unsigned)pci.slot, pci.function);
    } else {
        bad(look, title, NULL, "query-pci shows no %04x:%04x", PROBE_VENDOR,
            PROBE_DEVICE);
    }
    qmp_pci_clear(&pci);
}

unsigned probe_look(const Options *options, const char *uuid, const char *value)
{
    Look look = { options, uuid, value, 0 };
    g_autofree char *why = NULL;
    g_autoptr(Domain) domain = domain_of_vm(options, uuid, &why);

    look_at_xapi(&look);
    if (domain) {
        look_at_xenstore(&look, domain);
        look_at_command_line(&look, domain);
        look_at_bus(&look, domain);
    } else {
        bad(&look, "the VM's QEMU can be looked at", NULL, "%s", why);
    }
    return look.problems;
}

/* ---- The log ----------------------------------------------------------------------------- */

/* The domain whose start failed: one that was to have the device, else the last
 * new one; 0: none. Domids grow until the host reboots. */
static int failed_domid(const DaemonLog *log, gint64 since)
{
    int last = 0;
    guint i;

    for (i = 0; i < log->lines->len; i++) {
        const DaemonLine *line = log->lines->pdata[i];

        if (line->time < since) {
            continue;
        }
        if (strstr(line->text, ARGS_PROBE_DEVICE)) {
            return line->domid;
        }
        last = line->domid;
    }
    return last;
}

void probe_look_log(const Options *options, gint64 since)
{
    g_autofree char *why = NULL;
    g_autoptr(DaemonLog) log = daemonlog_read(options, &why);
    int domid = failed_domid(log, since);
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    guint i;

    for (i = 0; i < log->lines->len; i++) {
        const DaemonLine *line = log->lines->pdata[i];

        if (domid > 0 && line->domid == domid && line->time >= since) {
            g_ptr_array_add(lines, line->text);
        }
    }
    if (!lines->len) {
        report_info("%s has no line of a QEMU that was started for it%s%s",
                    HOST_DAEMON_LOG, why ? ": " : "", why ? why : "");
        return;
    }
    report_info("the last lines of qemu-dm-%d in " HOST_DAEMON_LOG ":", domid);
    for (i = lines->len > LOG_LINES ? lines->len - LOG_LINES : 0;
         i < lines->len; i++) {
        g_autofree char *shown = remote_shown(lines->pdata[i], SHOWN_LIMIT);

        report_info("  %s", shown);
    }
}
