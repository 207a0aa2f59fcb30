/* SPDX-License-Identifier: MIT */
/*
 * What the checks of `vgpuctl doctor` share. A check looks, decides and says
 * what it saw; it changes nothing.
 */
#ifndef VGPUCTL_DOCTOR_H
#define VGPUCTL_DOCTOR_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "options.h"

typedef struct DoctorResult {
    const char *title;
    const char *outcome;
    char *detail;
} DoctorResult;

typedef struct DoctorQemu {
    char *vm; /* its name */
    pid_t pid;
} DoctorQemu;

typedef struct Doctor {
    const Options *options;
    char *topdir;
    unsigned problems;
    /* A host of a pool, which stands before each title; NULL: this one only. */
    const char *host;
    /* All hosts of the pool are looked at. */
    bool pool;
    /* Nothing is printed: the results are wanted. */
    bool quiet;
    /* Where results are kept (doctor_results_new()), or NULL. */
    GPtrArray *results;
    /* The QEMUs of this host that were started with the device: DoctorQemu. */
    GPtrArray *qemus;
    /* The installed QEMU package, once it has been looked at (g_free). */
    char *package;
} Doctor;

GPtrArray *doctor_results_new(void);

/* The outcome of a check: title is what should hold, the text what was seen.
 * Titles are kept as they are given: they outlive the doctor. */
void doctor_ok(Doctor *doctor, const char *title, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void doctor_problem(Doctor *doctor, const char *title, const char *remedy,
                    const char *format, ...) G_GNUC_PRINTF(4, 5);
/* It cannot be told; that is no problem by itself. */
void doctor_unknown(Doctor *doctor, const char *title, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* A step of the first guides that asks for the wrong thing, and why. It is kept
 * for the checklist, and nothing is printed. */
void doctor_replaced(Doctor *doctor, const char *title, const char *reason);

/* What takes a key that the rules refuse out of a VM: detach keeps what is not
 * the device. g_free. */
char *doctor_key_remedy(const char *uuid, const char *key);

/* Keeps a QEMU in doctor->qemus, where that is kept. */
void doctor_note_qemu(Doctor *doctor, const char *vm, pid_t pid);

/* What begins a group of checks. */
void doctor_heading(Doctor *doctor, const char *heading);

/* The rpmbuild tree at doctor->topdir. */
void doctor_check_build(Doctor *doctor);

/* All of the host under options->root: its QEMU package, what brings the key to
 * QEMU, updates, and the VMs. */
void doctor_check_this_host(Doctor *doctor);
void doctor_check_host(Doctor *doctor);
void doctor_check_hook(Doctor *doctor);
void doctor_check_updates(Doctor *doctor);
void doctor_check_vms(Doctor *doctor);

/* What the guides want looked at before production, and what limits hold. */
void doctor_check_production(Doctor *doctor);

/* Every host of the XAPI pool. */
void doctor_check_pool(Doctor *doctor);

/* The guides' checklist, each box decided by the results of the checks, and what
 * else of the guides is replaced. Returns how many boxes are open; *unseen says
 * how many more cannot be looked at here: without an rpmbuild tree those of the
 * build. */
unsigned doctor_print_checklist(const Doctor *doctor, unsigned *unseen);

/* The titles that the checklist goes by. */
#define DOCTOR_ARCHIVES   "the sources are archives, pulled by Git LFS"
#define DOCTOR_SOURCE     "SOURCES/vgpu-stub.c is the one that vgpuctl carries"
#define DOCTOR_SPEC       "the spec has the device"
#define DOCTOR_WERROR     "the spec leaves -Werror on"
#define DOCTOR_RPM        "the RPM was built"
#define DOCTOR_COMPILED   "the build compiled the device"
#define DOCTOR_BACKUP     "the stock QEMU is backed up"
#define DOCTOR_PACKAGE    "the installed QEMU package is vgpuctl's"
#define DOCTOR_VERSION    "QEMU runs and says its version"
#define DOCTOR_DEVICE     "-device help has name \"vgpu-stub\", bus PCI"
#define DOCTOR_PROPERTIES "-device vgpu-stub,help has its properties"
#define DOCTOR_WAY_BACK   "the stock qemu-wrapper is there to go back to"
#define DOCTOR_HOOK       "something takes a VM's key to QEMU"
#define DOCTOR_TEXT       "a wrong key cannot keep a VM from starting"
#define DOCTOR_SYNTAX     "the wrapper is valid Python"
#define DOCTOR_KEYS       "VMs ask for the device"
#define DOCTOR_ACCEPTED   "each VM's key is one that the rules take"
#define DOCTOR_STARTS     "no VM waited in vain for its QEMU lately"
#define DOCTOR_TYPE_ERROR "no wrapper failed on bytes lately"
#define DOCTOR_RUNNING    "a VM that asks for the device runs here"
#define DOCTOR_LOGGED     "daemon.log has the words that were added"
#define DOCTOR_STARTED    "the QEMUs of such VMs were started with it"
#define DOCTOR_MAPPED     "the guests have mapped the device"

#endif /* VGPUCTL_DOCTOR_H */
