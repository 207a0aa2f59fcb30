/* SPDX-License-Identifier: MIT */
/*
 * vgpuctl attach: gives a VM the device, from its next start on or at once.
 */
#include "attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/paths.h"
#include "vgpu/properties.h"
#include "device-words.h"
#include "exit.h"
#include "hook.h"
#include "hotplug.h"
#include "key-check.h"
#include "preflight.h"
#include "remote.h"
#include "report.h"
#include "verb.h"
#include "xapi.h"
#include "xlfile.h"

/* What is to be done to one VM. */
typedef struct Attachment {
    XapiVm *vm;
    GPtrArray *vms; /* all of the pool */
    char **words;   /* what stands in its key */
    ArgsDevice device;
    char *value; /* the key with it */
    bool same;   /* it says so already */
    Hook *hook;
} Attachment;

static void attachment_clear(Attachment *attachment)
{
    xapi_vm_free(attachment->vm);
    g_clear_pointer(&attachment->vms, g_ptr_array_unref);
    g_strfreev(attachment->words);
    args_device_clear(&attachment->device);
    g_free(attachment->value);
    hook_free(attachment->hook);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attachment, attachment_clear)

/* ---- VM ids ------------------------------------------------------------------------ */

/* The vm_id that a key has; -1: none, or none that can be read. */
static gint64 vm_id_of(const char *args)
{
    g_autofree char *why = NULL;
    g_auto(GStrv) words = args ? args_split(args, strlen(args), &why) : NULL;
    ArgsDevice device = ARGS_DEVICE_INIT;
    const char *word;
    unsigned count;
    gint64 vm_id = -1;

    word = words ? device_words_find(words, &count) : NULL;
    g_clear_pointer(&why, g_free);
    if (word && args_device_parse(&device, word, &why)) {
        vm_id = device.vm_id;
    }
    args_device_clear(&device);
    return vm_id;
}

/* The VM of the pool, but this one, that has the vm_id; NULL: none. */
static const XapiVm *owner_of(const Attachment *attachment, gint64 vm_id)
{
    guint i;

    for (i = 0; i < attachment->vms->len; i++) {
        const XapiVm *vm = attachment->vms->pdata[i];

        if (strcmp(vm->uuid, attachment->vm->uuid) != 0 &&
            (vm_id_of(vm->args) == vm_id ||
             vm_id_of(vm->args_other) == vm_id)) {
            return vm;
        }
    }
    return NULL;
}

static gint64 free_vm_id(const Attachment *attachment)
{
    gint64 vm_id = 1;

    while (owner_of(attachment, vm_id)) {
        vm_id++;
    }
    return vm_id;
}

/* 0 is what all have that were given none. */
static bool check_vm_id(const Attachment *attachment)
{
    gint64 vm_id = attachment->device.vm_id;
    const XapiVm *owner = vm_id > 0 ? owner_of(attachment, vm_id) : NULL;

    if (owner) {
        g_autofree char *remedy = g_strdup_printf(
            "give another --vm-id, for example --vm-id %" G_GINT64_FORMAT,
            free_vm_id(attachment));

        report_problem(remedy,
                       "vm_id %" G_GINT64_FORMAT " is that of VM %s (%s)",
                       vm_id, owner->uuid, owner->shown);
    }
    return !owner;
}

/* ---- The new value ------------------------------------------------------------------- */

/* Takes apart what stands in the key of that name. */
static bool read_key(Attachment *attachment, const char *key, ArgsDevice *there)
{
    const char *text = attachment->vm->args ? attachment->vm->args : "";
    g_autofree char *why = NULL;
    g_autofree char *remedy = g_strdup_printf("vgpuctl detach %s, then attach "
                                              "it anew",
                                              attachment->vm->uuid);
    const char *word;
    unsigned count;

    attachment->words = args_split(text, strlen(text), &why);
    if (!attachment->words) {
        g_free(remedy);
        remedy = g_strdup_printf("xe vm-param-remove uuid=%s "
                                 "param-name=platform param-key=%s",
                                 attachment->vm->uuid, key);
        report_problem(remedy, "the VM's %s cannot be read: %s", key, why);
        return false;
    }
    word = device_words_find(attachment->words, &count);
    if (count > 1) {
        report_problem(remedy, "the VM's %s has the device %u times", key,
                       count);
        return false;
    }
    if (word && !args_device_parse(there, word, &why)) {
        report_problem(remedy, "the VM's %s has '%s': %s", key, word, why);
        return false;
    }
    return true;
}

/* The slot that the rules give a device that was given none. */
static void take_slot(ArgsDevice *device, char *const *passed)
{
    g_autofree char *why = NULL;
    ArgsDevice given = ARGS_DEVICE_INIT;
    unsigned count;
    const char *word = device_words_find(passed, &count);

    if (word && args_device_parse(&given, word, &why)) {
        device->slot = given.slot;
    }
    args_device_clear(&given);
}

/* Where vgpud listens for the VM, g_free. */
static char *socket_of(const Attachment *attachment)
{
    return g_strdup_printf(SHIM_SOCKET("%s"), attachment->vm->uuid);
}

/* The key's text with the device as it is by now. */
static char *value_of(const Attachment *attachment, bool *same)
{
    g_autofree char *socket = socket_of(attachment);
    g_auto(GStrv) words = device_words_with(attachment->words,
                                            &attachment->device, socket);

    *same = attachment->vm->args &&
            device_words_equal(words, attachment->words);
    return *same ? g_strdup(attachment->vm->args) : args_join(words);
}

static bool plan(const Options *options, Attachment *attachment,
                 const ArgsDevice *wanted, AttachWhen when)
{
    ArgsDevice there = ARGS_DEVICE_INIT;
    g_auto(GStrv) passed = NULL;

    if (!read_key(attachment, ARGS_KEY, &there)) {
        return false;
    }
    attachment->device = device_words_merge(&there, wanted,
                                            free_vm_id(attachment));
    args_device_clear(&there);
    attachment->value = value_of(attachment, &attachment->same);
    if (!check_vm_id(attachment) ||
        !(passed = key_check_rules(options, attachment->vm,
                                   attachment->value))) {
        return false;
    }
    if (attachment->device.slot < 0) {
        take_slot(&attachment->device, passed);
        g_free(attachment->value);
        attachment->value = value_of(attachment, &attachment->same);
        g_strfreev(passed);
        passed = key_check_rules(options, attachment->vm, attachment->value);
    }
    if (passed) {
        g_autofree char *binary = options_path(options, HOST_QEMU);

        return when == ATTACH_QEMU_FOLLOWS || key_check_qemu(binary, passed);
    }
    return false;
}

/* ---- Writing it ------------------------------------------------------------------------ */

/* Puts the old key back where the new one has gone wrong. */
static int put_back(const Options *options, const Attachment *attachment)
{
    const XapiVm *vm = attachment->vm;
    g_autofree char *value = NULL;
    g_autofree char *why = NULL;
    int result = xapi_key_get(options, vm->uuid, ARGS_KEY, &value, &why);

    if (result >= 0 && g_strcmp0(value, vm->args) == 0) {
        return EXIT_FAILED;
    }
    return xapi_key_set(options, vm->uuid, ARGS_KEY, vm->args) == 0
               ? EXIT_FAILED
               : EXIT_INCOMPLETE;
}

/* The key reads back as it was set. */
static bool confirm(const Options *options, const Attachment *attachment)
{
    g_autofree char *value = NULL;
    g_autofree char *shown = NULL;
    g_autofree char *why = NULL;
    int result = xapi_key_get(options, attachment->vm->uuid, ARGS_KEY, &value,
                              &why);

    if (result == 0 && strcmp(value, attachment->value) == 0) {
        return true;
    }
    shown = value ? remote_shown(value, ARGS_TEXT_LIMIT) : NULL;
    report_problem(xapi_remedy(options),
                   "the key does not read back as it was set: %s",
                   shown ? shown
                   : why ? why
                         : "there is none");
    return false;
}

static int write_key(const Options *options, const Attachment *attachment)
{
    const XapiVm *vm = attachment->vm;

    if (attachment->same) {
        report_info("%s (%s) has it already so: nothing to do", vm->shown,
                    vm->uuid);
        return EXIT_SUCCESS;
    }
    report_step("giving %s (%s) the device", vm->shown, vm->uuid);
    if (xapi_key_set(options, vm->uuid, ARGS_KEY, attachment->value) == 0 &&
        (options->dry_run || confirm(options, attachment))) {
        return EXIT_SUCCESS;
    }
    return options->dry_run ? EXIT_FAILED : put_back(options, attachment);
}

/* ---- When it takes effect ----------------------------------------------------------------- */

static void warn_of_hook(const Hook *hook)
{
    const char *remedy;
    g_autofree char *verdict = hook_verdict(hook, &remedy);

    if (remedy) {
        report_warning("on this host the key does not reach QEMU: %s (%s)",
                       verdict, remedy);
    }
}

/* A VM that starts without its socket there starts without the device. */
static void warn_of_link(const Options *options, const Attachment *attachment)
{
    g_autofree char *socket = socket_of(attachment);
    g_autofree char *path = options_path(options, socket);

    if (attachment->device.chardev && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        report_warning("vgpud has no socket for the VM: %s is not there, and "
                       "without it the VM starts without the device (write "
                       "/etc/vgpu/vms/%s.conf, and start vgpud or send it "
                       "SIGHUP)",
                       socket, attachment->vm->uuid);
    }
}

/* Only this host's QEMU could be asked. */
static void tell_of_pool(const Options *options)
{
    g_autofree char *why = NULL;
    int hosts = xapi_hosts(options, &why);

    if (hosts > 1) {
        report_info("the pool has %d hosts, and only this one's QEMU was "
                    "looked at: vgpuctl doctor --pool looks at all",
                    hosts);
    }
}

static void tell_when(const XapiVm *vm)
{
    g_autofree char *command = hotplug_restart_command(vm);

    if (!xapi_vm_is_on(vm)) {
        report_info("the VM has it from its next start on: xe vm-start uuid=%s",
                    vm->uuid);
    } else {
        report_info("the VM is %s and needs a restart to have it: %s; a resume "
                    "or a migration keeps the arguments that it was started "
                    "with",
                    vm->power_state, command);
    }
}

static bool is_to_plug(const XapiVm *vm, AttachWhen when)
{
    return when == ATTACH_NOW && strcmp(vm->power_state, "running") == 0;
}

static int finish(const Options *options, const Attachment *attachment,
                  AttachWhen when)
{
    const XapiVm *vm = attachment->vm;

    report_value("uuid", vm->uuid);
    report_value("name", vm->shown);
    report_value(ARGS_KEY, attachment->value);
    report_info("platform:" ARGS_KEY " of %s (%s)%s: %s", vm->shown, vm->uuid,
                options->dry_run && !attachment->same ? " would be" : "",
                attachment->value);
    if (when != ATTACH_QEMU_FOLLOWS) {
        warn_of_hook(attachment->hook);
    }
    warn_of_link(options, attachment);
    tell_of_pool(options);
    if (is_to_plug(vm, when)) {
        return hotplug_add(options, vm, &attachment->device) ? EXIT_SUCCESS
                                                             : EXIT_INCOMPLETE;
    }
    if (!attachment->same) {
        tell_when(vm);
    }
    return EXIT_SUCCESS;
}

/* ---- A wrapper that reads the other spelling ------------------------------------------------ */

/* The slot that the shim would give; where it refuses the words, its first one:
 * such a wrapper gives none, and QEMU the VGA's. */
static void take_other_slot(const Options *options, Attachment *attachment)
{
    g_autofree char *value = value_of(attachment, &attachment->same);
    g_autofree char *why = NULL;
    g_auto(GStrv)
        passed = key_check_words(options, attachment->vm->uuid, value, &why);

    if (passed) {
        take_slot(&attachment->device, passed);
    }
    if (attachment->device.slot < 0) {
        attachment->device.slot = ARGS_SLOT_DEVICE;
    }
}

/* As plan(), for the text of the other key. False has been reported. */
static bool plan_other(const Options *options, Attachment *attachment,
                       const ArgsDevice *wanted, AttachWhen when)
{
    g_autofree char *binary = options_path(options, HOST_QEMU);
    ArgsDevice there = ARGS_DEVICE_INIT;
    g_autofree char *word = NULL;

    if (!read_key(attachment, ARGS_KEY_OTHER, &there)) {
        return false;
    }
    attachment->device = device_words_merge(&there, wanted,
                                            free_vm_id(attachment));
    args_device_clear(&there);
    if (!check_vm_id(attachment)) {
        return false;
    }
    if (attachment->device.slot < 0) {
        take_other_slot(options, attachment);
    }
    attachment->value = value_of(attachment, &attachment->same);
    word = args_device_text(&attachment->device);
    return when == ATTACH_QEMU_FOLLOWS ||
           key_check_qemu(binary, (char *[]){ (char *)"-device", word, NULL });
}

/* Nothing but the rules of the shim would hold such a key in bounds, and they
 * are not asked there: it is left to the administrator to set it. */
static int attach_other(const Options *options, Attachment *attachment,
                        const ArgsDevice *wanted, AttachWhen when)
{
    XapiVm *vm = attachment->vm;
    g_autofree char *quoted = NULL;
    g_autofree char *remedy = NULL;

    g_free(vm->args);
    vm->args = g_steal_pointer(&vm->args_other);
    if (!plan_other(options, attachment, wanted, when)) {
        return EXIT_REFUSED;
    }
    if (!attachment->same) {
        quoted = g_shell_quote(attachment->value);
        remedy = g_strdup_printf("xe vm-param-set uuid=%s "
                                 "platform:" ARGS_KEY_OTHER
                                 "=%s; " KEY_CHECK_NO_LIST,
                                 vm->uuid, quoted);
        report_problem(remedy, KEY_CHECK_READS_OTHER);
        return EXIT_REFUSED;
    }
    report_info("%s (%s) has it already so, in platform:" ARGS_KEY_OTHER
                ": nothing to do",
                vm->shown, vm->uuid);
    return !is_to_plug(vm, when) ||
                   hotplug_add(options, vm, &attachment->device)
               ? EXIT_SUCCESS
               : EXIT_INCOMPLETE;
}

/* ---- The whole ---------------------------------------------------------------------------- */

int attach_vm(const Options *options, const char *vm, const ArgsDevice *wanted,
              AttachWhen when)
{
    g_auto(Attachment)
        attachment = { NULL, NULL, NULL, ARGS_DEVICE_INIT, NULL, false, NULL };
    g_autofree char *why = NULL;
    const char *remedy;
    int code;

    attachment.vms = xapi_vms(options, &why);
    if (!attachment.vms) {
        report_problem(xapi_remedy(options),
                       "cannot read the VMs of the pool: %s", why);
        return EXIT_REFUSED;
    }
    attachment.vm = xapi_vm_pick(attachment.vms, vm);
    if (!attachment.vm &&
        !(attachment.vm = xapi_vm_find(options, vm, &why, &remedy))) {
        report_problem(remedy, "%s", why);
        return EXIT_REFUSED;
    }
    attachment.hook = hook_new(options);
    if (!key_check_filter(options)) {
        return EXIT_REFUSED;
    }
    if (key_check_reads_other(attachment.hook)) {
        return attach_other(options, &attachment, wanted, when);
    }
    if (!plan(options, &attachment, wanted, when)) {
        return EXIT_REFUSED;
    }
    code = write_key(options, &attachment);
    return code == EXIT_SUCCESS ? finish(options, &attachment, when) : code;
}

/* ---- The command line --------------------------------------------------------------------- */

bool attach_read_wanted(ArgsDevice *wanted, const char *pool,
                        const char *priority, const char *vm_id,
                        const char *queues, const char *addr)
{
    g_autoptr(GString) word = g_string_new(VGPU_DEVICE_NAME);
    g_autofree char *why = NULL;
    const char *const given[] = { pool, priority, vm_id, queues, addr };
    static const char *const names[] = { VGPU_PROP_POOL_ID, VGPU_PROP_PRIORITY,
                                         VGPU_PROP_VM_ID, VGPU_PROP_QUEUES,
                                         "addr" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(given); i++) {
        if (given[i] && strchr(given[i], ',')) {
            report_problem("vgpuctl attach --help", "%s has a comma in it",
                           names[i]);
            return false;
        }
        if (given[i]) {
            g_string_append_printf(word, ",%s=%s", names[i], given[i]);
        }
    }
    if (!args_device_parse(wanted, word->str, &why)) {
        report_problem("vgpuctl attach --help", "%s", why);
        return false;
    }
    return true;
}

static bool want_link(ArgsDevice *wanted, bool link)
{
    if (link && wanted->queues == 0) {
        report_problem("vgpuctl attach --help",
                       "a link without queues serves nothing");
        return false;
    }
    wanted->chardev = link ? g_strdup(DEVICE_WORDS_LINK) : NULL;
    return true;
}

static int run(const Options *options, const char *vm, const char *xl,
               const ArgsDevice *wanted, bool now)
{
    if (!preflight_root() || !preflight_alone(options)) {
        return EXIT_REFUSED;
    }
    return xl ? xlfile_attach(options, xl, wanted)
              : attach_vm(options, vm, wanted, now ? ATTACH_NOW : ATTACH_ONLY);
}

int verb_attach(int argc, char **argv)
{
    g_autofree char *pool = NULL, *priority = NULL, *vm_id = NULL, *addr = NULL;
    g_autofree char *queues = NULL, *xl = NULL;
    gboolean link = FALSE, now = FALSE;
    const GOptionEntry entries[] = {
        { "pool", 0, 0, G_OPTION_ARG_STRING, &pool, "The VM's pool (A)",
          "A|B" },
        { "priority", 0, 0, G_OPTION_ARG_STRING, &priority,
          "Its priority there (medium)", "low|medium|high" },
        { "vm-id", 0, 0, G_OPTION_ARG_STRING, &vm_id,
          "Its number (the lowest that is free)", "N" },
        { "queues", 0, 0, G_OPTION_ARG_STRING, &queues,
          "Queues for the guest's driver (0: the plain device)", "N" },
        { "link", 0, 0, G_OPTION_ARG_NONE, &link,
          "Connect it to vgpud, so that the guest computes", NULL },
        { "addr", 0, 0, G_OPTION_ARG_STRING, &addr,
          "The device's PCI slot, in hexadecimal (1e)", "SLOT" },
        { "now", 0, 0, G_OPTION_ARG_NONE, &now,
          "Hot-plug it into a running VM, too", NULL },
        { "xl", 0, 0, G_OPTION_ARG_FILENAME, &xl,
          "Change a configuration file of xl instead", "FILE" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    ArgsDevice wanted = ARGS_DEVICE_INIT;
    Options options;
    int code;

    if (!options_parse(&options, &argc, &argv, entries, "[VM]",
                       "Gives a VM, by its uuid or its name, the device.",
                       &code)) {
        return code;
    }
    code = EXIT_USAGE;
    if (argc > (xl ? 1 : 2)) {
        report_problem("vgpuctl attach --help", "'%s' is too much",
                       argv[xl ? 1 : 2]);
    } else if (argc < 2 && !xl) {
        report_problem("vgpuctl attach --help", "give a VM, or --xl FILE");
    } else if (xl && now) {
        report_problem("vgpuctl attach --help", "--now is for a VM of XAPI");
    } else if (xl && link) {
        report_problem("add -chardev socket,id=vgpu0,path=" SHIM_SOCKET(
                           "UUID") " and chardev=vgpu0 by hand",
                       "--link is for a VM of XAPI");
    } else if (attach_read_wanted(&wanted, pool, priority, vm_id, queues,
                                  addr) &&
               want_link(&wanted, link)) {
        code = run(&options, argv[1], xl, &wanted, now);
    }
    args_device_clear(&wanted);
    options_clear(&options);
    return report_end(code);
}
