/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl probe: shows with a device that every QEMU has that a VM's
 * device-model-args reach its QEMU, before anything is built; then puts all back.
 *
 * The VM is started paused: its QEMU is there to be looked at, and its guest has
 * not run a single instruction when it is shut down again.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "shim/args.h"
#include "shim/paths.h"
#include "exit.h"
#include "journal.h"
#include "key-check.h"
#include "preflight.h"
#include "probe-look.h"
#include "probe-note.h"
#include "report.h"
#include "verb.h"
#include "waiting.h"
#include "xapi.h"

/* xapi gives up after 300 s when the VM's QEMU does not come up. */
#define START_LIMIT_S 330
/* A guest's own shutdown; a server with databases takes minutes. */
#define SHUTDOWN_LIMIT_S 600
/* Pulling the plug. */
#define FORCE_LIMIT_S 120

/* ---- Interruptions --------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void note_signal(int number)
{
    interrupted = number;
}

/* From now on an interruption waits for the end of what is under way. */
static void catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = note_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* What puts all back, and the commands that it runs, are not interrupted. */
static void ignore_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = SIG_IGN;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* ---- Starting and stopping ---------------------------------------------------------------- */

/* Runs `xe COMMAND uuid=UUID [WORD [WORD]]`. False has been reported. */
static bool operate(const Options *options, const char *uuid,
                    const char *command, const char *first, const char *second,
                    int limit_s)
{
    g_autofree char *vm = g_strconcat("uuid=", uuid, NULL);
    const char *words[] = { command, vm, first, second, NULL };
    g_autofree char *what = g_strconcat("xe ", command, NULL);
    g_autofree char *why = NULL;
    Waiting *waiting = waiting_begin(what);
    int result = xapi_change(options, words, limit_s, &why);

    waiting_end(waiting);
    if (result < 0) {
        report_problem(NULL, "%s: %s", what, why);
    }
    return result == 0;
}

/* On this host, whose QEMU and xenstore are looked at afterwards. */
static bool start_paused(const Options *options, const char *uuid)
{
    g_autofree char *why = NULL;
    g_autofree char *host = xapi_this_host(options);
    g_autofree char *on = NULL;

    if (host && xapi_hosts(options, &why) > 1) {
        on = g_strconcat("on=", host, NULL);
    }
    return operate(options, uuid, "vm-start", "paused=true", on, START_LIMIT_S);
}

/* ---- Putting all back ------------------------------------------------------------------------ */

/*
 * The VM's power state, g_free; NULL has been reported. An interrupted start may
 * still be under way: xapi then does not allow another one.
 */
static char *settled_state(const Options *options, const char *uuid)
{
    g_autofree char *why = NULL;
    int waited;

    for (waited = 0;; waited++) {
        g_autofree char *state = xapi_vm_get(options, uuid, "power-state",
                                             &why);
        g_autofree char *allowed = state
                                       ? xapi_vm_get(options, uuid,
                                                     "allowed-operations", &why)
                                       : NULL;

        if (!allowed) {
            report_problem(xapi_remedy(options),
                           "cannot read the VM's state: %s", why);
            return NULL;
        }
        if (options->dry_run || waited >= START_LIMIT_S ||
            strcmp(state, "halted") != 0 || strstr(allowed, "start")) {
            report_progress(NULL);
            return g_steal_pointer(&state);
        }
        report_progress("waiting for the VM's start to end: %d s", waited);
        g_usleep(G_USEC_PER_SEC);
    }
}

/* Ends what probe started; it starts VMs paused only, and what runs was started
 * by somebody else. */
static bool stop_vm(const Options *options, const ProbeNote *note)
{
    g_autofree char *state = settled_state(options, note->uuid);

    if (!state) {
        return false;
    }
    if (strcmp(state, "paused") == 0) {
        return operate(options, note->uuid, "vm-shutdown", "force=true", NULL,
                       FORCE_LIMIT_S);
    }
    if (!note->was_running && strcmp(state, "halted") != 0) {
        report_warning("%s is %s by now, and is left so: it may have the "
                       "probe's device until it is restarted",
                       note->name, state);
    }
    return true;
}

/* The key as it was before; somebody else's change of it is left. */
static bool put_key_back(const Options *options, const ProbeNote *note)
{
    g_autofree char *value = NULL;
    g_autofree char *why = NULL;
    int result = xapi_key_get(options, note->uuid, ARGS_KEY, &value, &why);

    if (result < 0) {
        report_problem(xapi_remedy(options), "cannot read the VM's key: %s",
                       why);
        return false;
    }
    if (g_strcmp0(value, note->before) == 0) {
        return true;
    }
    if (g_strcmp0(value, note->during) != 0) {
        report_warning("the " ARGS_KEY " of %s has been changed by somebody "
                       "else, and is left so",
                       note->name);
        return true;
    }
    return xapi_key_set(options, note->uuid, ARGS_KEY, note->before) == 0;
}

static bool start_again(const Options *options, const ProbeNote *note)
{
    g_autofree char *why = NULL;
    g_autofree char *state = NULL;

    if (!note->was_running) {
        return true;
    }
    state = xapi_vm_get(options, note->uuid, "power-state", &why);
    if (!state) {
        report_problem(xapi_remedy(options), "cannot read the VM's state: %s",
                       why);
        return false;
    }
    return strcmp(state, "halted") != 0 ||
           operate(options, note->uuid, "vm-start", NULL, NULL, START_LIMIT_S);
}

/* What a run would do at its end, for --dry-run: nothing has been done yet that
 * could be looked at. */
static bool would_put_back(const Options *options, const ProbeNote *note)
{
    return operate(options, note->uuid, "vm-shutdown", "force=true", NULL,
                   FORCE_LIMIT_S) &&
           xapi_key_set(options, note->uuid, ARGS_KEY, note->before) == 0 &&
           (!note->was_running || operate(options, note->uuid, "vm-start", NULL,
                                          NULL, START_LIMIT_S)) &&
           probe_note_remove(options) == 0;
}

/* Undoes all that a note tells of. False: the note stays, for the next run. */
static bool put_back(const Options *options, const ProbeNote *note)
{
    ignore_signals();
    report_step("putting %s back", note->name);
    if (!stop_vm(options, note)) {
        return false;
    }
    journal_stop_after(options, "probe-stop");
    if (!put_key_back(options, note)) {
        return false;
    }
    journal_stop_after(options, "probe-key-back");
    if (!start_again(options, note)) {
        return false;
    }
    journal_stop_after(options, "probe-started-again");
    return probe_note_remove(options) == 0;
}

/* An earlier run that was interrupted. A code of exit.h; *found: there was one. */
static int clean_up(const Options *options, bool *found)
{
    bool broken;
    g_autoptr(ProbeNote) note = probe_note_read(options, &broken);
    g_autofree char *path = journal_path(options, "/probe");
    g_autofree char *why = NULL;
    g_autofree char *name = NULL;

    *found = note != NULL;
    if (broken) {
        report_problem("see the VM's key (vgpuctl list), then remove the file",
                       "%s, the note of an interrupted probe, makes no sense",
                       path);
        return EXIT_REFUSED;
    }
    if (!note) {
        return EXIT_SUCCESS;
    }
    report_info("an earlier probe of %s (%s) was interrupted", note->name,
                note->uuid);
    name = xapi_vm_get(options, note->uuid, "name-label", &why);
    if (!name && strstr(why, "The uuid you supplied was invalid")) {
        report_warning("that VM is no more");
        return probe_note_remove(options) == 0 ? EXIT_SUCCESS : EXIT_INCOMPLETE;
    }
    return put_back(options, note) ? EXIT_SUCCESS : EXIT_INCOMPLETE;
}

/* ---- The probe --------------------------------------------------------------------------------- */

/* Starts the VM with the device and looks. A code of exit.h; what it has done is
 * to be put back whatever the code. */
static int probe(const Options *options, const ProbeNote *note)
{
    gint64 since = g_get_real_time() / G_USEC_PER_SEC;
    unsigned problems;

    report_step("starting %s (%s), paused, with " ARGS_PROBE_DEVICE, note->name,
                note->uuid);
    if (xapi_key_set(options, note->uuid, ARGS_KEY, note->during) < 0) {
        return EXIT_FAILED;
    }
    journal_stop_after(options, "probe-key");
    if (note->was_running && !interrupted &&
        !operate(options, note->uuid, "vm-shutdown", NULL, NULL,
                 SHUTDOWN_LIMIT_S)) {
        return EXIT_FAILED;
    }
    journal_stop_after(options, "probe-shutdown");
    if (interrupted) {
        return EXIT_FAILED;
    }
    if (!start_paused(options, note->uuid)) {
        probe_look_log(options, since);
        return EXIT_FAILED;
    }
    journal_stop_after(options, "probe-start");
    if (options->dry_run || interrupted) {
        return interrupted ? EXIT_FAILED : EXIT_SUCCESS;
    }
    problems = probe_look(options, note->uuid, note->during);
    journal_stop_after(options, "probe-look");
    report_info(problems ? "a VM's device-model-args do not reach its QEMU on "
                           "this host"
                         : "a VM's device-model-args reach its QEMU on this "
                           "host");
    return problems ? EXIT_FINDINGS : EXIT_SUCCESS;
}

static int probe_and_put_back(const Options *options, const ProbeNote *note)
{
    int code;

    catch_signals();
    if (probe_note_write(options, note) < 0) {
        return EXIT_FAILED;
    }
    journal_stop_after(options, "probe-note");
    code = probe(options, note);
    if (interrupted) {
        report_problem("vgpuctl probe, when there is time for it",
                       "interrupted by a signal");
    }
    if (options->dry_run) {
        return would_put_back(options, note) ? code : EXIT_FAILED;
    }
    if (!put_back(options, note)) {
        report_problem("vgpuctl probe again: it goes on from here",
                       "not all could be put back");
        return EXIT_INCOMPLETE;
    }
    return code;
}

/* ---- Before it --------------------------------------------------------------------------------- */

/* False has been reported. */
static bool check_state(const Options *options, const XapiVm *vm, bool restart)
{
    g_autofree char *allowed = NULL;
    g_autofree char *host = NULL;
    g_autofree char *why = NULL;

    if (strcmp(vm->power_state, "running") == 0) {
        host = xapi_this_host(options);
        if (host && vm->resident_on[0] && strcmp(host, vm->resident_on) != 0) {
            report_problem("run it there, or probe another VM",
                           "%s runs on another host (%s)", vm->shown,
                           vm->resident_on);
            return false;
        }
        if (!restart) {
            report_problem(
                "probe a VM that is halted, or give --restart: it is "
                "shut down, and started again at the end",
                "%s is running", vm->shown);
        }
        return restart;
    }
    if (strcmp(vm->power_state, "halted") != 0) {
        report_problem("probe a VM that is halted", "%s is %s", vm->shown,
                       vm->power_state);
        return false;
    }
    allowed = xapi_vm_get(options, vm->uuid, "allowed-operations", &why);
    if (!allowed || !strstr(allowed, "start")) {
        report_problem("probe another VM",
                       "xapi does not allow to start %s now%s%s", vm->shown,
                       why ? ": " : "", why ? why : "");
        return false;
    }
    return true;
}

/* False has been reported: what probe sets would be read by nobody. */
static bool check_spelling(const Options *options)
{
    g_autoptr(Hook) hook = hook_new(options);
    bool other = key_check_reads_other(hook);

    if (other) {
        report_problem("nothing has to be probed: vgpuctl attach VM prints the "
                       "command that gives a VM the device there",
                       KEY_CHECK_READS_OTHER);
    }
    return !other;
}

/* The words with one more -device, as the text of a key. g_free. */
static char *join_with(char *const *words, const char *device)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    for (; *words; words++) {
        g_ptr_array_add(all, *words);
    }
    g_ptr_array_add(all, (char *)"-device");
    g_ptr_array_add(all, (char *)device);
    g_ptr_array_add(all, NULL);
    return args_join((char **)all->pdata);
}

/* The last one of the words that is the probe's device. */
static const char *last_device(char *const *words)
{
    const char *last = ARGS_PROBE_DEVICE;

    for (; *words; words++) {
        last = g_str_has_prefix(*words, ARGS_PROBE_DEVICE) ? *words : last;
    }
    return last;
}

/* The key with the probe's device in it, g_free; NULL has been reported. */
static char *value_with_device(const Options *options, const XapiVm *vm)
{
    const char *before = vm->args ? vm->args : "";
    g_autofree char *binary = options_path(options, HOST_QEMU);
    g_autofree char *why = NULL;
    g_autofree char *value = NULL;
    g_auto(GStrv) words = args_split(before, strlen(before), &why);
    g_auto(GStrv) passed = NULL;

    if (!words) {
        report_problem("xe vm-param-remove param-name=platform "
                       "param-key=" ARGS_KEY ", or probe another VM",
                       "the VM's " ARGS_KEY " cannot be read: %s", why);
        return NULL;
    }
    value = join_with(words, ARGS_PROBE_DEVICE);
    passed = key_check_rules(options, vm, value);
    if (!passed || !key_check_qemu(binary, passed)) {
        return NULL;
    }
    /* With the slot that the rules gave it: other wrappers give none. */
    return join_with(words, last_device(passed));
}

static int check_and_probe(const Options *options, const char *text,
                           bool restart)
{
    g_autofree char *why = NULL;
    const char *remedy;
    g_autoptr(XapiVm) vm = xapi_vm_find(options, text, &why, &remedy);
    g_autoptr(ProbeNote) note = g_new0(ProbeNote, 1);

    if (!vm) {
        report_problem(remedy, "%s", why);
        return EXIT_REFUSED;
    }
    if (!check_state(options, vm, restart) || !key_check_filter(options) ||
        !check_spelling(options) ||
        !(note->during = value_with_device(options, vm))) {
        return EXIT_REFUSED;
    }
    note->uuid = g_strdup(vm->uuid);
    note->name = g_strdup(vm->shown);
    note->was_running = strcmp(vm->power_state, "running") == 0;
    note->before = g_strdup(vm->args);
    return probe_and_put_back(options, note);
}

static int run(const Options *options, const char *vm, bool restart)
{
    bool found;
    int code;

    if (!preflight_root() || !preflight_alone(options) ||
        !preflight_writable(options)) {
        return EXIT_REFUSED;
    }
    code = clean_up(options, &found);
    if (code != EXIT_SUCCESS || (found && options->dry_run)) {
        return code;
    }
    return check_and_probe(options, vm, restart);
}

int verb_probe(int argc, char **argv)
{
    gboolean restart = FALSE;
    const GOptionEntry entries[] = {
        { "restart", 0, 0, G_OPTION_ARG_NONE, &restart,
          "Shut a running VM down for it, and start it again at the end",
          NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    Options options;
    int code;

    if (!options_parse(&options, &argc, &argv, entries, "VM",
                       "Shows with a known-good device, and without a guest, "
                       "that a VM's device-model-args reach its QEMU.",
                       &code)) {
        return code;
    }
    if (argc != 2) {
        report_problem("vgpuctl probe --help",
                       argc > 2 ? "'%s' is too much" : "give %s",
                       argc > 2 ? argv[2] : "a VM");
        code = EXIT_USAGE;
    } else {
        code = run(&options, argv[1], restart);
    }
    options_clear(&options);
    return report_end(code);
}
