/* SPDX-License-Identifier: MIT */
#include "verify-xl.h"

#include <string.h>

#include "daemonlog.h"
#include "device-words.h"
#include "remote.h"
#include "report.h"
#include "textfile.h"

/* libxl's log of a domain's device model: a directory, and the domain's name. */
#define LOG_PREFIX "/var/log/xen/qemu-dm-"

/* The wrapper's lines are among the first of a start, and QEMU says little. */
#define LOG_LIMIT ((size_t)64 * 1024)

/* Of a domain's name, which can have any length. */
#define NAME_LIMIT 200

static const char title_key[] = "xenstore has the device for the VM";

/* ---- Finding it --------------------------------------------------------------------- */

static bool read_name(int domid, char **name, char **why)
{
    g_autofree char *path = g_strdup_printf("/local/domain/%d/name", domid);
    int result = domain_xenstore_read(path, name, why);

    if (result == DOMAIN_NO_KEY) {
        *name = g_strdup_printf("domain %d", domid);
    }
    return result >= 0;
}

/* What xenstore has of the domain with that name or number, as XAPI would have it
 * of a VM. */
static XapiVm *find(const char *text, char **why, const char **remedy)
{
    g_autoptr(XapiVm) vm = g_new0(XapiVm, 1);
    const char *key;

    vm->domid = domain_xl_domid(text, why, remedy);
    if (vm->domid < 0) {
        return NULL;
    }
    *remedy = "run it as root in dom0, where xl list shows the domains";
    if (vm->domid == 0) {
        *why = g_strdup("domain 0 is the host itself");
        return NULL;
    }
    vm->uuid = domain_uuid(vm->domid, why);
    if (!vm->uuid || !read_name(vm->domid, &vm->name, why) ||
        !domain_read_args(vm->domid, &vm->args, &key, why)) {
        return NULL;
    }
    vm->shown = remote_shown(vm->name, NAME_LIMIT);
    vm->power_state = g_strdup("running");
    return g_steal_pointer(&vm);
}

static bool find_vm(Verify *verify)
{
    const char *remedy = NULL;
    g_autofree char *why = NULL;
    XapiVm *vm = find(verify->asked, &why, &remedy);

    if (!vm) {
        report_problem(remedy, "%s", why);
        return false;
    }
    xapi_vm_free(verify->vm);
    verify->vm = vm;
    return true;
}

/* By the name again, not by the domid: a domain that reboots gets another. */
static Domain *find_domain(const Verify *verify, char **why)
{
    const char *remedy = NULL;
    int domid = domain_xl_domid(verify->asked, why, &remedy);

    return domid < 0 ? NULL : domain_of_xl(verify->options, domid, why);
}

/* ---- The log of its device model ------------------------------------------------------ */

/* g_free; NULL: the name is none that a file has. */
static char *log_path(const Verify *verify)
{
    g_autofree char *name = g_strconcat(LOG_PREFIX, verify->vm->name, ".log",
                                        NULL);

    return strchr(verify->vm->name, '/') ? NULL
                                         : options_path(verify->options, name);
}

/* The shim's last line in there as it can be printed, g_free; NULL: there is none,
 * or it cannot be read. */
static char *log_reason(const char *path)
{
    g_autofree char *text = NULL;
    const char *last = NULL;
    char *rest, *line;

    if (textfile_tail(path, LOG_LIMIT, &text) < 0) {
        return NULL;
    }
    rest = text;
    while ((line = strsep(&rest, "\n"))) {
        if (g_str_has_prefix(line, DAEMONLOG_SHIM)) {
            last = line;
        }
    }
    return last ? remote_shown(last, 400) : NULL;
}

/* ---- The links ------------------------------------------------------------------------ */

/* Its key has to do with the device: another one leaves it to the configuration
 * file, as none does. */
static const VmKey *key_of(const Verify *verify)
{
    const VmKey *key = verify->key;

    return key && (key->why || key->devices > 0) ? key : NULL;
}

static void check_key(Verify *verify)
{
    if (key_of(verify)) {
        verify_key(verify, title_key,
                   "mend it where it is written into xenstore, then restart "
                   "the domain",
                   NULL);
    }
}

/* A key, and nothing of it on the command line. */
static void tell_not_taken(Verify *verify, const char *program)
{
    const Domain *domain = verify->domain;
    g_autofree char *path = log_path(verify);
    g_autofree char *reason = path ? log_reason(path) : NULL;
    g_autofree char *where = remote_shown(path ? path : LOG_PREFIX "*.log",
                                          400);

    if (reason) {
        doctor_problem(&verify->doctor, VERIFY_QEMU,
                       "mend that, then restart the domain",
                       "xenstore has it, %s (pid %d) has not; %s has the "
                       "reason: %s",
                       program, (int)domain->pid, where, reason);
    } else {
        g_autofree char *remedy = g_strdup_printf(
            "a line of %s that begins with " DAEMONLOG_SHIM
            "has the reason; without one, nothing that started it reads the "
            "key: vgpuctl attach --xl FILE, then restart the domain",
            where);

        doctor_problem(&verify->doctor, VERIFY_QEMU, remedy,
                       "xenstore has it, %s (pid %d) has not", program,
                       (int)domain->pid);
    }
}

static void tell_missing(Verify *verify)
{
    const Domain *domain = verify->domain;
    g_autofree char *program = remote_shown(domain->argv[0], 200);

    if (verify_hotplugged(verify)) {
        return;
    }
    if (key_of(verify)) {
        tell_not_taken(verify, program);
    } else {
        doctor_problem(&verify->doctor, VERIFY_QEMU,
                       "vgpuctl attach --xl FILE, then restart the domain",
                       "%s (pid %d) was not", program, (int)domain->pid);
    }
}

static void check_running(Verify *verify)
{
    unsigned count = 0;
    const char *word = device_words_find(verify->domain->argv, &count);

    if (count == 0) {
        tell_missing(verify);
    } else {
        verify_words(verify, word, count, key_of(verify),
                     "vgpuctl detach --xl FILE, attach it anew where no key "
                     "brings it, then restart the domain");
    }
    verify_bus(verify);
}

static void tell_not_running(Verify *verify)
{
    g_autofree char *path = log_path(verify);
    g_autofree char *where = remote_shown(path ? path : LOG_PREFIX "*.log",
                                          400);
    g_autofree char *remedy = g_strdup_printf(
        "see what %s says; then restart the domain", where);

    doctor_problem(&verify->doctor, VERIFY_QEMU, remedy, "%s",
                   verify->domain_why);
}

const VerifyWay verify_xl = {
    find_vm, find_domain, check_key, check_running, tell_not_running,
};
