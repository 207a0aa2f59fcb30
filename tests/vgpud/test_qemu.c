/* SPDX-License-Identifier: MIT */
/*
 * All of the way but a guest's driver: a request in the memory of a machine, through
 * the device in its QEMU and the link to vgpud's worker, to OpenCL and back.
 */
#include "vgpud/machine.h"

#include <string.h>

#define VM "11111111-1111-4111-8111-111111111111"

typedef struct Machine {
    Host host;
    Queue queue;
} Machine;

static bool start(Machine *machine)
{
    g_autofree char *chardev = NULL;

    memset(machine, 0, sizeof(*machine));
    if (!host_start(&machine->host, VM,
                    "pool=A\nbackend=opencl\ndevice=cpu\n")) {
        return false;
    }
    chardev = host_chardev(&machine->host);
    return queue_start(&machine->queue, chardev, MACHINE_PROPERTIES) &&
           queue_wait_register(&machine->queue, VGPU_REG_LINK, VGPU_LINK_UP);
}

static void stop(Machine *machine)
{
    device_stop(&machine->queue.d);
    host_stop(&machine->host);
}

static void check_kernel(void)
{
    Machine machine;

    if (!start(&machine)) {
        g_test_fail();
        return;
    }
    /* vgpud's word on the pool, the device's own on the rest. */
    g_assert_cmpuint(device_read(&machine.queue.d, VGPU_REG_POOL), ==, 'A');
    g_assert_cmpuint(device_read(&machine.queue.d, VGPU_REG_PRIORITY), ==, 2);
    machine_add(&machine.queue, 5);
    machine_add(&machine.queue, -7);
    stop(&machine);
}

static void check_build_log(void)
{
    static uint8_t response[MACHINE_ROOM];
    int a[MACHINE_COUNT] = { 0 };
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_OUT, sizeof(a), NULL },
    };
    const EncodeRun run = machine_add_run(
        "kernel void add(vgpu_no_such_type x) {}\n", argument);
    g_autofree char *log = NULL;
    Machine machine;

    if (!start(&machine)) {
        g_test_fail();
        return;
    }
    machine_run(&machine.queue, &run);
    g_assert_cmpuint(queue_complete(&machine.queue), ==, VGPU_DONE_OK);
    machine_read_response(&machine.queue, response);
    g_assert_cmpuint(RESPONSE(response, status), ==,
                     VGPU_RESPONSE_BUILD_FAILED);
    log = g_strndup((const char *)response + VGPU_RESPONSE_SIZE,
                    RESPONSE(response, data_bytes));
    g_assert_nonnull(strstr(log, "vgpu_no_such_type"));
    stop(&machine);
}

/* A worker that dies in the middle of a kernel: told, replaced, and all is well. */
static void check_worker_dies(void)
{
    int a[MACHINE_COUNT] = { 0 };
    const EncodeArgument argument[] = {
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_IN, sizeof(a), a },
        { VGPU_ARGUMENT_OUT, sizeof(a), NULL },
    };
    /* PoCL runs a kernel in the worker itself. */
    const EncodeRun run = machine_add_run(
        "kernel void add(global const int *a, global const int *b,\n"
        "                global int *c) {\n"
        "  *(volatile global int *)(size_t)(a[0] + 8) = 1;\n"
        "}\n",
        argument);
    Machine machine;

    if (!start(&machine)) {
        g_test_fail();
        return;
    }
    machine_run(&machine.queue, &run);
    g_assert_cmpuint(queue_complete(&machine.queue), ==, VGPU_DONE_LINK_LOST);
    queue_wait_register(&machine.queue, VGPU_REG_LINK, VGPU_LINK_UP);
    machine_add(&machine.queue, 3);
    stop(&machine);
}

int main(int argc, char **argv)
{
    machine_init(&argc, &argv);
    g_test_add_func("/qemu/kernel", check_kernel);
    g_test_add_func("/qemu/build-log", check_build_log);
    g_test_add_func("/qemu/worker-dies", check_worker_dies);
    return g_test_run();
}
