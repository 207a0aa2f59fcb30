/* SPDX-License-Identifier: MIT */
/*
 * A QEMU under test, driven over qtest (guest accesses without a guest) and
 * QMP. The binary is $VGPU_QEMU, or the one that `make` builds.
 *
 * A failed call fails the running GTest case with what QEMU printed and goes
 * on with zeros, so that a QEMU that died does not take the suite with it.
 * Not thread-safe.
 */
#ifndef TESTS_LIB_QEMU_H
#define TESTS_LIB_QEMU_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Qemu Qemu;

/* What a QEMU that ran to its end left behind. */
typedef struct QemuResult {
    bool timed_out;
    int exit_status; /* -1 when a signal ended it */
    int signal;      /* 0 when it exited by itself */
    char *out;
    char *err;
} QemuResult;

/*
 * g_test_init() for a suite that needs QEMU: ends the program with TAP's "Bail
 * out!" and the remedy when there is none. Failed assertions are not fatal.
 */
void qemu_test_init(int *argc, char ***argv);

/*
 * A time of g_get_monotonic_time(), so many seconds from now; at most
 * VGPU_TEST_LIMIT_S of the environment, for tests that are known to wait in vain.
 */
gint64 deadline_after(unsigned seconds);

/* The path of the QEMU under test. Owned by the library. */
const char *qemu_binary(void);

/* Whether -accel name is built in ("kvm" may still not work). */
bool qemu_has_accel(const char *name);

/*
 * Runs the binary with args (split by shell rules) and waits for its end, at
 * most timeout_s seconds. The result is the caller's: qemu_result_clear().
 */
void qemu_run(QemuResult *result, unsigned timeout_s, const char *args);
void qemu_result_clear(QemuResult *result);

/*
 * Starts a stopped machine with nothing on it but what args (shell rules)
 * name, under -accel qtest. wrapper is a command to run QEMU under, or NULL.
 * Returns NULL and fails the test when it does not come up.
 */
Qemu *qemu_start(const char *args);
Qemu *qemu_start_under(const char *wrapper, const char *args);

/*
 * Asks QEMU to quit and frees everything; its stdout and stderr come back in
 * *result unless that is NULL. An end other than a clean exit fails the test
 * when result is NULL. NULL is fine for qemu.
 */
void qemu_stop(Qemu *qemu, QemuResult *result);

/* Whether QEMU still answers; false fails nothing. */
bool qemu_alive(Qemu *qemu);

/* Guest accesses. size is 1, 2, 4 or 8 bytes for memory, 1, 2 or 4 for ports. */
uint64_t qemu_read(Qemu *qemu, uint64_t address, unsigned size);
void qemu_write(Qemu *qemu, uint64_t address, uint64_t value, unsigned size);
uint32_t qemu_in(Qemu *qemu, uint16_t port, unsigned size);
void qemu_out(Qemu *qemu, uint16_t port, uint32_t value, unsigned size);

/*
 * Sends a QMP command, as JSON text made from a printf format. qemu_qmp()
 * fails the test on an error; qemu_qmp_error() expects one and returns its
 * text (free with g_free), or fails the test and returns NULL. The node is
 * the caller's: json_node_unref(); it is never NULL.
 */
JsonNode *qemu_qmp(Qemu *qemu, const char *format, ...) G_GNUC_PRINTF(2, 3);
char *qemu_qmp_error(Qemu *qemu, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same for a command whose answer nobody needs. */
void qemu_do(Qemu *qemu, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Waits for a QMP event of that name, at most timeout_s seconds. */
bool qemu_wait_event(Qemu *qemu, const char *name, unsigned timeout_s);

#endif /* TESTS_LIB_QEMU_H */
