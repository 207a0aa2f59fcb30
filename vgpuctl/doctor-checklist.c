/* SPDX-License-Identifier: MIT */
/*
 * The checklist of the first guides (phase 10), in their order and words: each
 * box is decided by checks, which may ask for something better than its words.
 */
#include "doctor.h"

#include <string.h>

#include "report.h"

#define TITLES 3
#define BOXES  7

typedef struct Box {
    const char *words;
    /* All of these must be ok. */
    const char *titles[TITLES];
    /* What is asked instead of the words; NULL: just them. */
    const char *instead;
} Box;

typedef struct Phase {
    const char *heading;
    bool of_tree; /* the rpmbuild tree decides it */
    Box boxes[BOXES];
} Phase;

static const Phase phases[] = {
    { "Build Phase:",
      true,
      { { "Git LFS files pulled successfully (keycodemapdb ~30KB, qemu ~28MB)",
          { DOCTOR_ARCHIVES },
          NULL },
        { "vgpu-stub.c created (252 lines)",
          { DOCTOR_SOURCE },
          "its contents are compared: a count of lines proves nothing" },
        { "Spec file modified (Source3 added, --disable-werror set)",
          { DOCTOR_SPEC, DOCTOR_WERROR },
          "-Werror has to stay on: it finds a class_id that is too long" },
        { "RPM builds without errors (~46 seconds)", { DOCTOR_RPM }, NULL },
        { "vgpu-stub.o compilation visible in build output",
          { DOCTOR_COMPILED },
          NULL } } },
    { "Installation Phase:",
      false,
      { { "QEMU binary backed up", { DOCTOR_BACKUP }, NULL },
        { "Custom RPM installed", { DOCTOR_PACKAGE }, NULL },
        { "QEMU version shows 4.2.1",
          { DOCTOR_VERSION },
          "any that runs: later releases have a later QEMU" },
        { "-device help shows vgpu-stub", { DOCTOR_DEVICE }, NULL },
        { "-device vgpu-stub,help shows properties",
          { DOCTOR_PROPERTIES },
          NULL } } },
    { "Integration Phase:",
      false,
      { { "qemu-wrapper backed up",
          { DOCTOR_WAY_BACK },
          "the stock one is left alone, or edited so that the edit can be "
          "taken out" },
        { "Patch applied successfully", { DOCTOR_HOOK }, NULL },
        { "grep shows bytes.decode('utf-8') line present",
          { DOCTOR_TEXT },
          "what is no UTF-8 is refused with a line in the log" },
        { "No syntax errors in qemu-wrapper", { DOCTOR_SYNTAX }, NULL } } },
    { "Runtime Phase:",
      false,
      { { "device-model-args set on test VM",
          { DOCTOR_KEYS, DOCTOR_ACCEPTED },
          NULL },
        { "VM starts without errors",
          { DOCTOR_STARTS, DOCTOR_TYPE_ERROR, DOCTOR_RUNNING },
          NULL },
        { "VM gets domain ID (not -1)", { DOCTOR_RUNNING }, NULL },
        { "daemon.log shows \"Adding device-model-args\" message",
          { DOCTOR_LOGGED },
          NULL },
        { "daemon.log shows device in QEMU Exec line",
          { DOCTOR_STARTED },
          "the real command line, by the pid in xenstore: domain ids recur in "
          "the log" },
        { "lspci in guest shows device (if guest booted)",
          { DOCTOR_MAPPED },
          "QEMU says that the guest has mapped it; vgpuctl verify VM --ssh "
          "asks the guest itself" } } },
};

/* The worst result of that title: a problem, else what cannot be told, else
 * ok. NULL: the check was not made. */
static const DoctorResult *worst(const Doctor *doctor, const char *title)
{
    const DoctorResult *found = NULL;
    guint i;

    for (i = 0; i < doctor->results->len; i++) {
        const DoctorResult *result = doctor->results->pdata[i];

        if (strcmp(result->title, title) != 0) {
            continue;
        }
        if (!found || strcmp(result->outcome, "problem") == 0 ||
            (strcmp(result->outcome, "unknown") == 0 &&
             strcmp(found->outcome, "ok") == 0)) {
            found = result;
        }
        if (strcmp(found->outcome, "problem") == 0) {
            break;
        }
    }
    return found;
}

/* The first check that keeps a box open; NULL: none does. */
static const char *open_title(const Doctor *doctor, const Box *box)
{
    size_t i;

    for (i = 0; i < TITLES && box->titles[i]; i++) {
        const DoctorResult *result = worst(doctor, box->titles[i]);

        if (!result || strcmp(result->outcome, "ok") != 0) {
            return box->titles[i];
        }
    }
    return NULL;
}

/* Boxes that are decided by the tree that was built in, where that is. */
static void print_unseen(const Doctor *doctor, const Box *box)
{
    report_info("[?] %s", box->words);
    if (box->instead) {
        report_info("      replaced: %s", box->instead);
    }
    report_info("      not to be seen here: no directory %s", doctor->topdir);
}

static bool print_box(const Doctor *doctor, const Box *box)
{
    const char *open = open_title(doctor, box);
    const char *title = open ? open : box->titles[0];
    const DoctorResult *result = worst(doctor, title);

    report_info("[%c] %s", open ? ' ' : 'x', box->words);
    if (box->instead) {
        report_info("      replaced: %s", box->instead);
    }
    report_info("      %s: %s", title,
                result ? result->detail : "it could not be looked at");
    return !open;
}

static bool is_box(const char *words)
{
    size_t i, box;

    for (i = 0; i < G_N_ELEMENTS(phases); i++) {
        for (box = 0; box < BOXES && phases[i].boxes[box].words; box++) {
            if (g_ascii_strcasecmp(phases[i].boxes[box].words, words) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Steps of the guides that are no boxes. */
static void print_replaced(const Doctor *doctor)
{
    bool heading = false;
    guint i;

    for (i = 0; i < doctor->results->len; i++) {
        const DoctorResult *result = doctor->results->pdata[i];

        if (strcmp(result->outcome, "replaced") != 0 || is_box(result->title)) {
            continue;
        }
        if (!heading) {
            report_info("Replaced:");
            heading = true;
        }
        report_info("      %s: %s", result->title, result->detail);
    }
}

unsigned doctor_print_checklist(const Doctor *doctor, unsigned *unseen)
{
    const bool tree = g_file_test(doctor->topdir, G_FILE_TEST_IS_DIR);
    unsigned open = 0;
    size_t i, box;

    *unseen = 0;

    for (i = 0; i < G_N_ELEMENTS(phases); i++) {
        report_info("%s", phases[i].heading);
        for (box = 0; box < BOXES && phases[i].boxes[box].words; box++) {
            if (phases[i].of_tree && !tree) {
                print_unseen(doctor, &phases[i].boxes[box]);
                ++*unseen;
            } else {
                open += !print_box(doctor, &phases[i].boxes[box]);
            }
        }
    }
    print_replaced(doctor);
    return open;
}
