/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest that can say what it sees: a multiboot kernel that lists
 * the PCI functions of bus 0 on its serial port, with the device's registers,
 * and halts. It boots in a second where Linux takes a minute.
 *
 *   @@ ready
 *   00:1e.0 1af4:1111 class 120000 rev 01 subsystem 1af4:0001 pin 0 caps 00
 *     bar0 f1000000 size 1000
 *     COMMAND 00000000                    (each register, for a vgpu-stub)
 *     wrote COMMAND 12345678: COMMAND 12345678 STATUS 00000001
 *     queue: state 1, status 0, result 00000000, DMA ok     (of one with queues)
 *   @@ end
 */
#include <stdint.h>

#include "vgpu/queue.h"
#include "vgpu/regs.h"

#define SERIAL_PORT       0x3f8
#define SERIAL_LINE_STATE (SERIAL_PORT + 5)
#define SERIAL_CAN_SEND   0x20

#define PIC_MASTER_MASK 0x21
#define PIC_SLAVE_MASK  0xa1

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

/* Of the PCI configuration space. */
#define PCI_ID          0x00
#define PCI_COMMAND     0x04
#define PCI_CLASS       0x08
#define PCI_HEADER      0x0c
#define PCI_BAR0        0x10
#define PCI_SUBSYSTEM   0x2c
#define PCI_CAPS        0x34
#define PCI_INTERRUPT   0x3c
#define PCI_MEMORY      0x2u
#define PCI_MASTER      0x4u
#define PCI_MULTI       0x800000u
#define PCI_BAR_IS_PORT 0x1u

/* What tests/guest/init writes to COMMAND, too. */
#define WRITTEN 0x12345678u

/* For QEMU's multiboot loader (Multiboot Specification 0.6.96, 3.1.1). */
#define MULTIBOOT_MAGIC 0x1badb002u
__attribute__((used, section(".multiboot"),
               aligned(4))) static const uint32_t multiboot[] = {
    MULTIBOOT_MAGIC, 0, 0u - MULTIBOOT_MAGIC
};

__attribute__((used)) static char stack[16384];

/*
 * The loader leaves interrupts off, protected mode on, and no stack. At the end
 * the processor sleeps with interrupts on, for Xen ends a domain that sleeps
 * without; none comes, since both interrupt controllers have been silenced.
 */
__asm__(".globl _start\n"
        "_start:\n"
        "    movl $stack + 16384, %esp\n"
        "    call list_bus\n"
        "    sti\n"
        "1:  hlt\n"
        "    jmp 1b\n");

/* ---- Ports ---------------------------------------------------------------- */

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* ---- Saying it ------------------------------------------------------------- */

static void say(const char *text)
{
    for (; *text; text++) {
        while (!(in8(SERIAL_LINE_STATE) & SERIAL_CAN_SEND)) {
        }
        out8(SERIAL_PORT, (uint8_t)*text);
    }
}

static void say_hex(const char *before, uint32_t value, unsigned digits)
{
    char text[9];
    unsigned i;

    for (i = 0; i < digits; i++) {
        text[i] = "0123456789abcdef"[value >> 4 * (digits - 1 - i) & 0xf];
    }
    text[digits] = '\0';
    say(before);
    say(text);
}

/* ---- PCI -------------------------------------------------------------------- */

static void choose(unsigned function, unsigned offset)
{
    out32(CONFIG_ADDRESS, CONFIG_ENABLE | function << 8 | offset);
}

static uint32_t read_config(unsigned function, unsigned offset)
{
    choose(function, offset);
    return in32(CONFIG_DATA);
}

static void write_config(unsigned function, unsigned offset, uint32_t value)
{
    choose(function, offset);
    out32(CONFIG_DATA, value);
}

static uint32_t bar_size(unsigned function, uint32_t bar)
{
    uint32_t mask;

    write_config(function, PCI_BAR0, ~0u);
    mask = read_config(function, PCI_BAR0) & ~0xfu;
    write_config(function, PCI_BAR0, bar);
    return ~mask + 1;
}

static volatile uint32_t *reg(uint32_t bar, unsigned offset)
{
    return (volatile uint32_t *)(uintptr_t)((bar & ~0xfu) + offset);
}

static void say_registers(unsigned function, uint32_t bar)
{
    uint32_t command = read_config(function, PCI_COMMAND);

    write_config(function, PCI_COMMAND, command | PCI_MEMORY);
#define SAY(name, access) \
    say_hex("  " #name " ", *reg(bar, VGPU_REG_##name), 8), say("\n");
    VGPU_REGISTERS(SAY)
#undef SAY
    *reg(bar, VGPU_REG_COMMAND) = WRITTEN;
    say_hex("  wrote COMMAND ", WRITTEN, 8);
    say_hex(": COMMAND ", *reg(bar, VGPU_REG_COMMAND), 8);
    say_hex(" STATUS ", *reg(bar, VGPU_REG_STATUS), 8);
    say("\n");
}

/* ---- A queue ----------------------------------------------------------------- */

#define ENTRIES 2

static struct vgpu_submission submissions[ENTRIES]
    __attribute__((aligned(VGPU_SUBMISSION_ALIGN)));
static volatile struct vgpu_completion completions[ENTRIES]
    __attribute__((aligned(VGPU_COMPLETION_ALIGN)));
/* Over several pages, and of no even length. */
static volatile uint8_t filled[3 * 4096 + 5];

static uint32_t address_of(const volatile void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

/* Byte 0 to 3 of each 8, by the specification's formula; argument 0. The upper half
 * of a product would want libgcc. */
static int is_pattern(void)
{
    uint32_t i;

    for (i = 0; i < sizeof(filled); i++) {
        uint32_t low = (i / 8) * (uint32_t)VGPU_PATTERN_FACTOR;

        if (i % 8 < 4 && filled[i] != (uint8_t)(low >> 8 * (i % 8))) {
            return 0;
        }
    }
    return 1;
}

static void start_queue(uint32_t bar)
{
    *reg(bar, VGPU_REG_DRIVER_FEATURES) = VGPU_FEATURE_QUEUES;
    *reg(bar, VGPU_REG_CONTROL) = VGPU_CONTROL_START;
    *reg(bar, VGPU_REG_QUEUE_SIZE) = ENTRIES;
    *reg(bar, VGPU_REG_QUEUE_SUBMISSION) = address_of(submissions);
    *reg(bar, VGPU_REG_QUEUE_COMPLETION) = address_of(completions);
    *reg(bar, VGPU_REG_QUEUE_ENABLE) = 1;
}

/* Lets the device fill memory, and looks whether it did. */
static void say_queue(unsigned function, uint32_t bar)
{
    uint32_t command = read_config(function, PCI_COMMAND), tries;

    write_config(function, PCI_COMMAND, command | PCI_MASTER);
    start_queue(bar);
    submissions[0].opcode = VGPU_OP_MEMORY_TEST;
    submissions[0].segments = 1;
    submissions[0].segment[0].address = address_of(filled);
    submissions[0].segment[0].length = sizeof(filled);
    submissions[0].segment[0].flags = VGPU_SEGMENT_WRITE;
    __sync_synchronize();
    submissions[0].flags = VGPU_SUBMISSION_PHASE;
    *reg(bar, VGPU_DOORBELLS) = 0;
    /* Some seconds, whatever the machine. */
    for (tries = 0; tries < 500000000 && !completions[0].flags; tries++) {
    }
    say_hex("  queue: state ", *reg(bar, VGPU_REG_STATE), 1);
    say_hex(", status ", completions[0].status, 1);
    say_hex(", result ", (uint32_t)completions[0].result, 8);
    say(completions[0].flags && is_pattern() ? ", DMA ok\n" : ", no DMA\n");
}

static void say_function(unsigned function, uint32_t id)
{
    uint32_t class = read_config(function, PCI_CLASS);
    uint32_t subsystem = read_config(function, PCI_SUBSYSTEM);
    uint32_t bar = read_config(function, PCI_BAR0);

    say_hex("00:", function >> 3, 2);
    say_hex(".", function & 7, 1);
    say_hex(" ", id & 0xffff, 4);
    say_hex(":", id >> 16, 4);
    say_hex(" class ", class >> 8, 6);
    say_hex(" rev ", class & 0xff, 2);
    say_hex(" subsystem ", subsystem & 0xffff, 4);
    say_hex(":", subsystem >> 16, 4);
    say_hex(" pin ", read_config(function, PCI_INTERRUPT) >> 8 & 0xff, 1);
    say_hex(" caps ", read_config(function, PCI_CAPS) & 0xff, 2);
    say("\n");
    if (id == (VGPU_PCI_DEVICE_ID << 16 | VGPU_PCI_VENDOR_ID)) {
        say_hex("  bar0 ", bar, 8);
        say_hex(" size ", bar_size(function, bar), 4);
        say("\n");
        if (bar && !(bar & PCI_BAR_IS_PORT)) {
            say_registers(function, bar);
            if (*reg(bar, VGPU_REG_FEATURES) & VGPU_FEATURE_QUEUES) {
                say_queue(function, bar);
            }
        }
    }
}

__attribute__((used)) void list_bus(void);
void list_bus(void)
{
    unsigned slot, i;

    out8(PIC_MASTER_MASK, 0xff);
    out8(PIC_SLAVE_MASK, 0xff);
    say("@@ ready\n");
    for (slot = 0; slot < 32; slot++) {
        unsigned functions = read_config(slot << 3, PCI_HEADER) & PCI_MULTI ? 8
                                                                            : 1;

        for (i = 0; i < functions; i++) {
            uint32_t id = read_config(slot << 3 | i, PCI_ID);

            if (id != ~0u) {
                say_function(slot << 3 | i, id);
            }
        }
    }
    say("@@ end\n");
}
