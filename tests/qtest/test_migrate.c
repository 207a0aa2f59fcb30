/* SPDX-License-Identifier: MIT */
/*
 * What the guest wrote moves to a second QEMU, in a stream whose layout is
 * pinned, and a stream that no device can have written is refused.
 */
#include "lib/device.h"

#include <glib/gstdio.h>
#include <string.h>

#include "vgpu/properties.h"

#define SAMPLE_COMMAND 0xc0ffee42u
#define TIMEOUT_S      60

static char *directory;

static bool migrate(Qemu *qemu, const char *uri)
{
    gint64 deadline = deadline_after(TIMEOUT_S);

    qemu_do(qemu, "{'execute': 'migrate', 'arguments': {'uri': '%s'}}", uri);
    while (g_get_monotonic_time() < deadline) {
        g_autoptr(JsonNode)
            node = qemu_qmp(qemu, "{'execute': 'query-migrate'}");
        const char *status = json_object_get_string_member_with_default(
            json_node_get_object(node), "status", "none");

        if (strcmp(status, "completed") == 0) {
            return true;
        }
        if (strcmp(status, "failed") == 0 || !qemu_alive(qemu)) {
            break;
        }
        g_usleep(10000);
    }
    g_test_message("the migration to %s did not complete", uri);
    g_test_fail();
    return false;
}

/* Starts the sample device with a command written to it. */
static bool start_source(Device *d)
{
    if (!device_start(d, "pc", DEVICE_SAMPLE_PROPERTIES)) {
        return false;
    }
    device_write(d, VGPU_REG_COMMAND, SAMPLE_COMMAND);
    return true;
}

/* Whether the incoming side has taken the state in. */
static bool loaded(Qemu *qemu)
{
    gint64 deadline = deadline_after(TIMEOUT_S);

    while (qemu_alive(qemu) && g_get_monotonic_time() < deadline) {
        g_autoptr(JsonNode)
            node = qemu_qmp(qemu, "{'execute': 'query-status'}");
        const char *status = json_object_get_string_member_with_default(
            json_node_get_object(node), "status", "none");

        if (strcmp(status, "inmigrate") != 0) {
            return true;
        }
        g_usleep(10000);
    }
    g_test_message("the incoming side did not load the state");
    g_test_fail();
    return false;
}

/* Moves the source's state to a QEMU with other properties. */
static bool move(Device *source, Device *target, const char *properties)
{
    g_autofree char *uri = g_strdup_printf("unix:%s/socket", directory);
    g_autofree char *args = g_strdup_printf(
        "-M pc -device " VGPU_DEVICE_NAME ",%s -incoming %s", properties, uri);

    *target = *source;
    target->qemu = qemu_start(args);
    return target->qemu && migrate(source->qemu, uri) && loaded(target->qemu);
}

static void check_carried(void)
{
    Device source, target;

    if (!start_source(&source)) {
        return;
    }
    if (move(&source, &target, DEVICE_SAMPLE_PROPERTIES)) {
        g_assert_cmphex(
            pci_read(target.qemu, target.devfn, PCI_BASE_ADDRESS_0, 4), ==,
            target.base);
        g_assert_cmphex(pci_read(target.qemu, target.devfn, PCI_COMMAND, 2) &
                            PCI_COMMAND_MEMORY,
                        ==, PCI_COMMAND_MEMORY);
        g_assert_cmphex(device_read(&target, VGPU_REG_COMMAND), ==,
                        SAMPLE_COMMAND);
        g_assert_cmphex(device_read(&target, VGPU_REG_STATUS), ==,
                        VGPU_STATUS_WRITTEN);
        g_assert_cmphex(device_read(&target, VGPU_REG_POOL), ==, VGPU_POOL_B);
        g_assert_cmphex(device_read(&target, VGPU_REG_PRIORITY), ==,
                        VGPU_PRIORITY_HIGH);
        g_assert_cmphex(device_read(&target, VGPU_REG_VM_ID), ==, 100);
    }
    device_stop(&target);
    device_stop(&source);
}

/* The properties are the host's word: the destination's stand. */
static void check_properties_are_the_destinations(void)
{
    Device source, target;

    if (!start_source(&source)) {
        return;
    }
    if (move(&source, &target, "pool_id=A,priority=low,vm_id=7")) {
        g_assert_cmphex(device_read(&target, VGPU_REG_COMMAND), ==,
                        SAMPLE_COMMAND);
        g_assert_cmphex(device_read(&target, VGPU_REG_POOL), ==, VGPU_POOL_A);
        g_assert_cmphex(device_read(&target, VGPU_REG_PRIORITY), ==,
                        VGPU_PRIORITY_LOW);
        g_assert_cmphex(device_read(&target, VGPU_REG_VM_ID), ==, 7);
    }
    device_stop(&target);
    device_stop(&source);
}

/* ---- The stream itself --------------------------------------------------- */

/* The sample device's saved state, or NULL. Free with g_free. */
static char *save(size_t *length)
{
    g_autofree char *path = g_build_filename(directory, "state", NULL);
    g_autofree char *uri = g_strdup_printf("exec:cat > %s", path);
    char *state = NULL;
    Device source;

    if (!start_source(&source)) {
        return NULL;
    }
    if (migrate(source.qemu, uri)) {
        /* cat may still be writing when QEMU has closed its end. */
        device_stop(&source);
        g_file_get_contents(path, &state, length, NULL);
    } else {
        device_stop(&source);
    }
    return state;
}

/*
 * The description that QEMU appends to a stream, or NULL: a section of type
 * QEMU_VM_VMDESCRIPTION with a 32-bit big-endian length, JSON to the very end
 * (migration/savevm.c, qemu_savevm_state_complete_precopy).
 */
static JsonNode *stream_description(const char *state, size_t length)
{
    enum { VMDESCRIPTION = 6, HEADER = 5 };
    size_t at;

    for (at = 0; at + HEADER < length; at++) {
        uint32_t size;

        memcpy(&size, state + at + 1, sizeof(size));
        if (state[at] == VMDESCRIPTION &&
            GUINT32_FROM_BE(size) == length - at - HEADER) {
            g_autofree char *text = g_strndup(state + at + HEADER,
                                              length - at - HEADER);

            return json_from_string(text, NULL);
        }
    }
    return NULL;
}

static JsonObject *described_device(JsonNode *description)
{
    JsonArray *devices = json_object_get_array_member(
        json_node_get_object(description), "devices");
    guint i;

    for (i = 0; i < json_array_get_length(devices); i++) {
        JsonObject *device = json_array_get_object_element(devices, i);

        if (g_str_has_suffix(json_object_get_string_member(device, "name"),
                             "/" VGPU_DEVICE_NAME)) {
            return device;
        }
    }
    return NULL;
}

/*
 * The layout of version 1. A later release may append subsections; these lines
 * never change, so that a state saved by an earlier one still loads.
 */
static void check_layout(void)
{
    static const struct {
        const char *name;
        int size; /* 0: QEMU's own, not looked at */
    } expected[] = {
        { "parent_obj", 0 },
        { "core.command", 4 },
        { "core.status", 4 },
    };
    g_autoptr(JsonNode) description = NULL;
    g_autofree char *state = NULL;
    JsonObject *device;
    JsonArray *fields;
    size_t length = 0;
    guint i;

    state = save(&length);
    if (!state) {
        return;
    }
    description = stream_description(state, length);
    device = description ? described_device(description) : NULL;
    if (!device) {
        g_test_message("the stream does not describe the device");
        g_test_fail();
        return;
    }
    g_assert_cmpint(json_object_get_int_member(device, "version"), ==, 1);
    fields = json_object_get_array_member(device, "fields");
    g_assert_cmpuint(json_array_get_length(fields), ==, G_N_ELEMENTS(expected));
    for (i = 0; i < MIN(json_array_get_length(fields), G_N_ELEMENTS(expected));
         i++) {
        JsonObject *field = json_array_get_object_element(fields, i);

        g_assert_cmpstr(json_object_get_string_member(field, "name"), ==,
                        expected[i].name);
        if (expected[i].size) {
            g_assert_cmpint(json_object_get_int_member(field, "size"), ==,
                            expected[i].size);
        }
    }
}

/* Where COMMAND and, behind it, STATUS stand in the stream; NULL: nowhere. */
static char *find_registers(char *state, size_t length)
{
    static const unsigned char command[] = {
        SAMPLE_COMMAND >> 24,
        SAMPLE_COMMAND >> 16 & 0xff,
        SAMPLE_COMMAND >> 8 & 0xff,
        SAMPLE_COMMAND & 0xff,
    };

    return memmem(state, length, command, sizeof(command));
}

/*
 * A saved state with command and status in place of its own, in a file; the
 * arguments of a QEMU that loads it, or NULL. To g_free.
 */
static char *mutated_state(uint32_t command, uint32_t status)
{
    g_autofree char *path = g_build_filename(directory, "mutated", NULL);
    uint32_t values[2] = { GUINT32_TO_BE(command), GUINT32_TO_BE(status) };
    g_autofree char *state = NULL;
    size_t length = 0;
    char *registers;

    state = save(&length);
    registers = state ? find_registers(state, length) : NULL;
    if (!registers) {
        g_test_message("the stream does not hold the registers");
        g_test_fail();
        return NULL;
    }
    memcpy(registers, values, sizeof(values));
    g_assert_true(g_file_set_contents(path, state, (gssize)length, NULL));
    return g_strdup_printf("-M pc -device " VGPU_DEVICE_NAME
                           "," DEVICE_SAMPLE_PROPERTIES
                           " -incoming \"exec:cat %s\"",
                           path);
}

static void check_good_stream(void)
{
    g_autofree char *args = mutated_state(SAMPLE_COMMAND + 1,
                                          VGPU_STATUS_WRITTEN);
    Device d = { .base = PCI_TEST_BAR_ADDRESS };

    d.qemu = args ? qemu_start(args) : NULL;
    if (d.qemu && loaded(d.qemu)) {
        g_assert_cmphex(device_read(&d, VGPU_REG_COMMAND), ==,
                        SAMPLE_COMMAND + 1);
        g_assert_cmphex(device_read(&d, VGPU_REG_STATUS), ==,
                        VGPU_STATUS_WRITTEN);
    }
    qemu_stop(d.qemu, NULL);
}

/* QEMU ends, says which device it was, and the machine never starts. */
static void check_refused(uint32_t command, uint32_t status)
{
    g_autofree char *args = mutated_state(command, status);
    g_autofree char *bare = NULL;
    QemuResult result;

    if (!args) {
        return;
    }
    bare = g_strconcat("-accel qtest -nodefaults -display none -S ", args,
                       NULL);
    qemu_run(&result, TIMEOUT_S, bare);
    g_assert_false(result.timed_out);
    g_assert_cmpint(result.exit_status, >, 0);
    g_assert_nonnull(strstr(result.err, VGPU_DEVICE_NAME));
    qemu_result_clear(&result);
}

static void check_unknown_status(void)
{
    check_refused(SAMPLE_COMMAND, VGPU_STATUS_WRITTEN + 1);
}

static void check_command_without_status(void)
{
    check_refused(SAMPLE_COMMAND, VGPU_STATUS_IDLE);
}

static void remove_directory(void)
{
    static const char *const names[] = { "socket", "state", "mutated" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);

        g_unlink(path);
    }
    g_rmdir(directory);
    g_free(directory);
}

int main(int argc, char **argv)
{
    int status;

    qemu_test_init(&argc, &argv);
    directory = g_dir_make_tmp("vgpu-migrate-XXXXXX", NULL);
    g_assert_nonnull(directory);
    g_test_add_func("/migrate/carried", check_carried);
    g_test_add_func("/migrate/properties-are-the-destinations",
                    check_properties_are_the_destinations);
    g_test_add_func("/migrate/layout", check_layout);
    g_test_add_func("/migrate/stream/good", check_good_stream);
    g_test_add_func("/migrate/stream/unknown-status", check_unknown_status);
    g_test_add_func("/migrate/stream/command-without-status",
                    check_command_without_status);
    status = g_test_run();
    remove_directory();
    return status;
}
