/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl doctor --pool: this host by itself, the others by their own vgpuctl
 * over ssh. A VM that is started or migrated to a host without the device's QEMU
 * has no device there, or its migration fails: so all have to have the same.
 */
#include "doctor.h"

#include <string.h>

#include "command.h"
#include "doctor-report.h"
#include "domain.h"
#include "remote.h"
#include "report.h"
#include "xapi.h"

#ifndef VGPU_VERSION
#define VGPU_VERSION "unreleased"
#endif

/* XAPI's pools have 64 hosts at most. */
#define HOSTS_LIMIT 64

/* xe answers in a second or two; a doctor runs QEMU a few times. */
#define XE_LIMIT_S     "60"
#define DOCTOR_LIMIT_S 300

typedef struct PoolHost {
    char *name;
    char *address;
    bool local;
    bool enabled;
    /* What it has; NULL: it has not been reached. */
    char *version;
    char *package;
    bool device;
} PoolHost;

static void host_clear(gpointer data)
{
    PoolHost *host = data;

    g_free(host->name);
    g_free(host->address);
    g_free(host->version);
    g_free(host->package);
    g_free(host);
}

/* ---- Which hosts ------------------------------------------------------------------------- */

static char *field(GHashTable *record, const char *name)
{
    const char *value = g_hash_table_lookup(record, name);

    return remote_shown(value ? value : "", 200);
}

static PoolHost *make_host(GHashTable *record, const char *own)
{
    PoolHost *host = g_new0(PoolHost, 1);
    g_autofree char *uuid = field(record, "uuid");
    g_autofree char *hostname = field(record, "hostname");
    g_autofree char *enabled = field(record, "enabled");

    host->name = field(record, "name-label");
    host->address = field(record, "address");
    host->enabled = strcmp(enabled, "true") == 0;
    host->local = own ? strcmp(uuid, own) == 0
                      : strcmp(hostname, g_get_host_name()) == 0;
    return host;
}

/* All hosts of the pool, NULL with *why. */
static GPtrArray *pool_hosts(const Options *options, char **why)
{
    g_autofree char *xe = xapi_xe(options);
    const char *argv[] = { "timeout",
                           "-k",
                           "5",
                           XE_LIMIT_S,
                           xe,
                           "host-list",
                           "params=uuid,name-label,hostname,address,enabled",
                           NULL };
    g_autofree char *output = NULL;
    g_autofree char *own = domain_host_uuid(options);
    g_autoptr(GPtrArray) records = NULL;
    GPtrArray *hosts;
    guint i;

    if (!xe) {
        *why = g_strdup("there is no xe");
        return NULL;
    }
    if (!command_query(argv, &output)) {
        *why = output ? xapi_error_text(output) : g_strdup("xe does not run");
        return NULL;
    }
    records = xapi_parse_records(output);
    if (!records || records->len < 1 || records->len > HOSTS_LIMIT) {
        *why = g_strdup("xe host-list prints no list of hosts");
        return NULL;
    }
    hosts = g_ptr_array_new_with_free_func(host_clear);
    for (i = 0; i < records->len; i++) {
        g_ptr_array_add(hosts, make_host(records->pdata[i], own));
    }
    return hosts;
}

/* ---- Each host ---------------------------------------------------------------------------- */

static bool is_ok(const char *title, const char *outcome)
{
    return strcmp(title, DOCTOR_DEVICE) == 0 && strcmp(outcome, "ok") == 0;
}

static void check_local(Doctor *doctor, PoolHost *host)
{
    guint i;

    doctor_check_this_host(doctor);
    for (i = 0; i < doctor->results->len; i++) {
        const DoctorResult *result = doctor->results->pdata[i];

        host->device = host->device || is_ok(result->title, result->outcome);
    }
    host->version = g_strdup(VGPU_VERSION);
    host->package = g_strdup(doctor->package ? doctor->package : "");
}

static void hand_on(Doctor *doctor, PoolHost *host, const DoctorReport *report)
{
    guint i;

    for (i = 0; i < report->checks->len; i++) {
        const DoctorReportCheck *check = report->checks->pdata[i];
        g_autofree char *title = g_strdup_printf("%s: %s", host->name,
                                                 check->title);

        report_check(title, check->outcome, check->detail, check->remedy);
        doctor->problems += strcmp(check->outcome, "problem") == 0;
        host->device = host->device || is_ok(check->title, check->outcome);
    }
    host->version = g_strdup(report->version);
    host->package = g_strdup(report->package);
}

static void check_remote(Doctor *doctor, PoolHost *host)
{
    static const char title[] = "it can be asked";
    g_autofree char *destination = g_strconcat("root@", host->address, NULL);
    g_autoptr(Remote) remote = NULL;
    g_autoptr(DoctorReport) report = NULL;
    g_autofree char *why = NULL;

    report_progress("asking %s (%s)", host->name, host->address);
    remote = remote_run(destination, "vgpuctl doctor --host --json",
                        DOCTOR_LIMIT_S, DOCTOR_REPORT_LIMIT);
    report_progress(NULL);
    if (remote->status < 0) {
        doctor_problem(doctor, title, remote->remedy, "%s: %s", destination,
                       remote->why);
        return;
    }
    if (remote->status == 127) {
        doctor_problem(doctor, title, "install the package vgpuctl there",
                       "%s has no vgpuctl", destination);
        return;
    }
    report = doctor_report_parse(remote->output, &why);
    if (!report) {
        doctor_problem(doctor, title,
                       "run it there by hand: vgpuctl doctor --host; both "
                       "hosts need the same vgpuctl",
                       "%s: %s", destination, why);
        return;
    }
    doctor_ok(doctor, title, "%s%s", destination,
              host->enabled ? "" : " (the host is disabled)");
    hand_on(doctor, host, report);
}

/* ---- The pool as a whole ------------------------------------------------------------------- */

/* Hosts by what they have: "4.2.1-5 (xcp1, xcp2)". */
typedef char *(*PoolFact)(const PoolHost *host);

static char *package_of(const PoolHost *host)
{
    return g_strdup_printf("%s%s", host->package[0] ? host->package : "none",
                           host->device ? "" : " without the device");
}

static char *version_of(const PoolHost *host)
{
    return g_strdup(host->version[0] ? host->version : "one that does not say");
}

static void check_same(Doctor *doctor, const GPtrArray *hosts, PoolFact fact,
                       const char *title, const char *remedy)
{
    GString *text = g_string_new(NULL);
    g_autofree char *first = NULL;
    unsigned reached = 0, others = 0;
    guint i;

    for (i = 0; i < hosts->len; i++) {
        const PoolHost *host = hosts->pdata[i];
        g_autofree char *value = host->version ? fact(host) : NULL;

        if (!value) {
            continue;
        }
        g_string_append_printf(text, "%s%s has %s", reached ? "; " : "",
                               host->name, value);
        reached++;
        first = first ? first : g_strdup(value);
        others += strcmp(first, value) != 0;
    }
    if (others) {
        doctor_problem(doctor, title, remedy, "%s", text->str);
    } else if (reached < hosts->len) {
        doctor_unknown(doctor, title, "%u of %u hosts could be asked: %s",
                       reached, hosts->len, text->str);
    } else {
        doctor_ok(doctor, title, "%u host%s: %s", reached,
                  reached == 1 ? "" : "s", first);
    }
    g_string_free(text, TRUE);
}

void doctor_check_pool(Doctor *doctor)
{
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) hosts = pool_hosts(doctor->options, &why);
    guint i;

    if (!hosts) {
        doctor_problem(doctor, "the pool's hosts are known",
                       "systemctl status xapi; xe-toolstack-restart starts it "
                       "again",
                       "%s", why);
        return;
    }
    for (i = 0; i < hosts->len; i++) {
        PoolHost *host = hosts->pdata[i];

        doctor->host = host->name;
        if (host->local) {
            check_local(doctor, host);
        } else {
            check_remote(doctor, host);
        }
        doctor->host = NULL;
    }
    check_same(doctor, hosts, package_of, "all hosts have the same QEMU",
               "vgpuctl install the same RPM on each: a VM that comes to a "
               "host without the device starts without it, and one that "
               "migrates there fails");
    check_same(doctor, hosts, version_of, "all hosts have the same vgpuctl",
               "install the same package vgpuctl on each");
}
