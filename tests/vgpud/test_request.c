/* SPDX-License-Identifier: MIT */
/* The decoder of requests: each rule of vgpu/request.h broken once, and the exact status;
 * build options; and the arithmetic that it stands on. */
#include <glib.h>
#include <string.h>

#include "vgpud/checked.h"
#include "vgpud/encode.h"
#include "vgpud/run.h"

#define ROOM 4096

static const char four[4] = "abc";
static const char hundred[100] = "in";
static const char sixteen[16] = "inout";
static const EncodeArgument arguments[] = {
    { VGPU_ARGUMENT_SCALAR, 4, four }, { VGPU_ARGUMENT_IN, 100, hundred },
    { VGPU_ARGUMENT_OUT, 52, NULL },   { VGPU_ARGUMENT_INOUT, 16, sixteen },
    { VGPU_ARGUMENT_LOCAL, 64, NULL },
};

static GByteArray *right(void)
{
    const EncodeRun run = {
        .source = "kernel void k(int a) {}",
        .name = "k",
        .options = "-cl-mad-enable -DN=4",
        .dimensions = 2,
        .global = { 64, 4 },
        .local = { 8, 2 },
        .arguments = G_N_ELEMENTS(arguments),
        .argument = arguments,
    };

    return encode_run(&run);
}

/* In memory of its exact length, so that a sanitizer sees what reads beyond. */
static uint32_t decode(Run *run, const GByteArray *bytes, size_t length,
                       size_t room)
{
    uint8_t *copy = g_memdup2(bytes->data, length);
    uint32_t status = run_decode(run, copy, length, room);

    g_free(copy);
    return status;
}

static void check_right(void)
{
    g_autoptr(GByteArray) bytes = right();
    Run run = { .has_local = false };

    g_assert_cmpuint(run_decode(&run, bytes->data, bytes->len, ROOM), ==, 0);
    g_assert_cmpmem(run.source, run.source_bytes, "kernel void k(int a) {}",
                    23);
    g_assert_cmpstr(run.name, ==, "k");
    g_assert_cmpstr(run.options, ==, "-cl-mad-enable -DN=4");
    g_assert_cmpuint(run.dimensions, ==, 2);
    g_assert_cmpuint(run.global[0], ==, 64);
    g_assert_cmpuint(run.global[1], ==, 4);
    g_assert_true(run.has_local);
    g_assert_cmpuint(run.local[0], ==, 8);
    g_assert_cmpuint(run.arguments, ==, 5);
    g_assert_cmpmem(run.argument[0].data, 4, four, 4);
    g_assert_cmpmem(run.argument[1].data, 100, hundred, 100);
    g_assert_null(run.argument[2].data);
    g_assert_cmpuint(run.argument[2].output, ==, 32);
    g_assert_cmpuint(run.argument[3].output, ==, 32 + 64);
    g_assert_cmpuint(run.argument[1].output, ==, 0);
    g_assert_cmpuint(run.response_bytes, ==, 32 + 64 + 16);
}

/* One field of a right request becomes wrong. */
typedef struct Broken {
    size_t offset;
    uint64_t value;
    unsigned width;
    uint32_t status;
} Broken;

#define RULE(field, value, status)                                        \
    {                                                                     \
        G_STRUCT_OFFSET(struct vgpu_run, field), (value),                 \
            sizeof(((struct vgpu_run *)0)->field), VGPU_RESPONSE_##status \
    }
#define ARGUMENT(index, field, value, status)                 \
    {                                                         \
        VGPU_RUN_SIZE + (index)*VGPU_RUN_ARGUMENT_SIZE +      \
            G_STRUCT_OFFSET(struct vgpu_run_argument, field), \
            (value), 4, VGPU_RESPONSE_##status                \
    }

static const Broken broken[] = {
    RULE(bytes, 0, BAD_LENGTH),
    RULE(bytes, 95, BAD_LENGTH),
    RULE(bytes, 0xffffffff, BAD_LENGTH),
    RULE(kind, 0, BAD_KIND),
    RULE(kind, 2, BAD_KIND),
    RULE(kind, 0xffffffff, BAD_KIND),
    RULE(flags, 1, BAD_FLAGS),
    RULE(flags, 0x80000000, BAD_FLAGS),
    RULE(dimensions, 0, BAD_DIMENSIONS),
    RULE(dimensions, 4, BAD_DIMENSIONS),
    RULE(dimensions, 0xffffffff, BAD_DIMENSIONS),
    RULE(dimensions, 1, BAD_GLOBAL), /* global[1] is not 0 */
    RULE(dimensions, 3, BAD_GLOBAL), /* global[2] is 0 */
    RULE(global[0], 0, BAD_GLOBAL),
    RULE(global[1], 0, BAD_GLOBAL),
    RULE(global[2], 1, BAD_GLOBAL),
    RULE(global[0], 0x80000001, BAD_GLOBAL),
    RULE(global[0], 0x40000000, BAD_GLOBAL), /* times 4 */
    RULE(global[0], 0x4000000000000000, BAD_GLOBAL),
    RULE(global[1], UINT64_MAX, BAD_GLOBAL),
    RULE(local[0], 0, BAD_LOCAL),
    RULE(local[0], 7, BAD_LOCAL),
    RULE(local[0], 4097, BAD_LOCAL),
    RULE(local[0], UINT64_MAX, BAD_LOCAL),
    RULE(local[1], 0, BAD_LOCAL),
    RULE(local[1], 3, BAD_LOCAL),
    RULE(local[2], 1, BAD_LOCAL),
    RULE(source, 0, BAD_SOURCE),
    RULE(source, VGPU_RUN_SIZE - 1, BAD_SOURCE),
    RULE(source, 0xffffffff, BAD_SOURCE),
    RULE(source, VGPU_RUN_SIZE, BAD_SOURCE), /* a NUL in it */
    RULE(source_bytes, 0, BAD_SOURCE),
    RULE(source_bytes, VGPU_RUN_SOURCE_MAX + 1, BAD_SOURCE),
    RULE(source_bytes, 0xffffffff, BAD_SOURCE),
    RULE(name, 0, BAD_NAME),
    RULE(name, 0xfffffff0, BAD_NAME),
    RULE(name_bytes, 0, BAD_NAME),
    RULE(name_bytes, VGPU_RUN_NAME_MAX + 1, BAD_NAME),
    RULE(name_bytes, 0xffffffff, BAD_NAME),
    RULE(name_bytes, 3, BAD_NAME), /* "k-c" */
    RULE(options, 0, BAD_OPTIONS),
    RULE(options, 0xffffffff, BAD_OPTIONS),
    RULE(options_bytes, VGPU_RUN_OPTIONS_MAX + 1, BAD_OPTIONS),
    RULE(options_bytes, 0xffffffff, BAD_OPTIONS),
    RULE(options_bytes, 13, BAD_OPTIONS), /* "-cl-mad-enabl" */
    RULE(arguments, 0, BAD_ARGUMENTS),
    RULE(arguments, 0xffffffff, BAD_ARGUMENTS),
    RULE(argument_count, VGPU_RUN_ARGUMENTS_MAX + 1, BAD_ARGUMENTS),
    RULE(argument_count, 0xffffffff, BAD_ARGUMENTS),
    RULE(argument_count, 64, BAD_ARGUMENTS), /* they would end outside */
    ARGUMENT(0, kind, 0, BAD_ARGUMENT),
    ARGUMENT(0, kind, 6, BAD_ARGUMENT),
    ARGUMENT(0, bytes, 0, BAD_ARGUMENT),
    ARGUMENT(0, bytes, 17, BAD_ARGUMENT),
    ARGUMENT(0, data, 0, BAD_ARGUMENT),
    ARGUMENT(0, data, VGPU_RUN_SIZE - 1, BAD_ARGUMENT),
    ARGUMENT(0, data, 0xfffffffe, BAD_ARGUMENT),
    ARGUMENT(0, reserved, 1, BAD_ARGUMENT),
    ARGUMENT(1, bytes, VGPU_COMMAND_BYTES_MAX + 1, BAD_ARGUMENT),
    ARGUMENT(1, bytes, 0xffffffff, BAD_ARGUMENT),
    ARGUMENT(1, data, 0, BAD_ARGUMENT),
    ARGUMENT(2, data, VGPU_RUN_SIZE, BAD_ARGUMENT), /* OUT has none */
    ARGUMENT(2, bytes, 0, BAD_ARGUMENT),
    ARGUMENT(2, bytes, VGPU_COMMAND_BYTES_MAX + 1, BAD_ARGUMENT),
    ARGUMENT(3, data, 0, BAD_ARGUMENT),
    ARGUMENT(4, data, VGPU_RUN_SIZE, BAD_ARGUMENT), /* LOCAL has none */
    ARGUMENT(4, bytes, VGPU_RUN_LOCAL_MAX + 1, BAD_ARGUMENT),
    ARGUMENT(2, bytes, ROOM, NO_ROOM),
    ARGUMENT(2, bytes, VGPU_COMMAND_BYTES_MAX, NO_ROOM),
};

static void check_broken(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GByteArray) bytes = right();
        uint32_t status;
        Run run;

        encode_put(bytes, broken[i].offset, broken[i].value, broken[i].width);
        status = decode(&run, bytes, bytes->len, ROOM);
        if (status != broken[i].status) {
            g_test_message("row %zu: %s, not: %s", i, run_status_text(status),
                           run_status_text(broken[i].status));
            g_test_fail();
        }
    }
}

/* A request that is cut anywhere, whatever it says of its length. */
static void check_cut(void)
{
    g_autoptr(GByteArray) bytes = right();
    Run run;
    size_t i;

    for (i = 0; i < bytes->len; i++) {
        g_assert_cmpuint(decode(&run, bytes, i, ROOM), ==,
                         VGPU_RESPONSE_BAD_LENGTH);
    }
    for (i = VGPU_RUN_SIZE; i < bytes->len; i++) {
        g_autoptr(GByteArray) cut = right();

        encode_put(cut, G_STRUCT_OFFSET(struct vgpu_run, bytes), i, 4);
        g_assert_cmpuint(decode(&run, cut, i, ROOM), >,
                         VGPU_RESPONSE_BAD_LOCAL);
    }
}

static void check_room(void)
{
    g_autoptr(GByteArray) bytes = right();
    Run run;

    g_assert_cmpuint(decode(&run, bytes, bytes->len, 112), ==, 0);
    g_assert_cmpuint(decode(&run, bytes, bytes->len, 111), ==,
                     VGPU_RESPONSE_NO_ROOM);
    g_assert_cmpuint(decode(&run, bytes, bytes->len, 0), ==,
                     VGPU_RESPONSE_NO_ROOM);
}

/* The largest of everything is allowed. */
static void check_limits(void)
{
    g_autofree char *source = g_strnfill(VGPU_RUN_SOURCE_MAX, 'x');
    g_autofree char *name = g_strnfill(VGPU_RUN_NAME_MAX, 'k');
    EncodeArgument many[VGPU_RUN_ARGUMENTS_MAX];
    EncodeRun encode = { .source = source,
                         .name = name,
                         .dimensions = 3,
                         .global = { 0x8000, 0x8000, 2 },
                         .local = { 64, 32, 2 },
                         .arguments = VGPU_RUN_ARGUMENTS_MAX,
                         .argument = many };
    g_autoptr(GByteArray) bytes = NULL;
    Run run;
    unsigned i;

    for (i = 0; i < VGPU_RUN_ARGUMENTS_MAX; i++) {
        many[i] = (EncodeArgument){ VGPU_ARGUMENT_SCALAR, 16, sixteen };
    }
    bytes = encode_run(&encode);
    g_assert_cmpuint(decode(&run, bytes, bytes->len, 32), ==, 0);
    g_assert_cmpstr(run.options, ==, "");
    g_assert_cmpuint(run.response_bytes, ==, VGPU_RESPONSE_SIZE);
}

static void check_option(const char *options, bool allowed)
{
    if (run_options_are_allowed(options) != allowed) {
        g_autofree char *shown = g_strescape(options, NULL);

        g_test_message("allowed is to be %d: '%s'", allowed, shown);
        g_test_fail();
    }
}

static void check_options(void)
{
    static const char *const good[] = {
        "",
        " ",
        "-w",
        " -w  -Werror ",
        "-DA",
        "-D A",
        "-DA=1",
        "-D A=-1.5e+3f",
        "-cl-std=CL1.2 -cl-fast-relaxed-math",
        "-D _a1=b_2",
        "-DA=",
    };
    static const char *const bad[] = {
        "-I/etc",        "-I /etc",     "-include x",
        "-cl-std=CL9.9", "x",           "-D",
        "-D ",           "-D1",         "-DA B",
        "-DA=\"x\"",     "-DA='x'",     "-DA=$(x)",
        "-DA=a/b",       "-D A=\\",     "-w\t-w",
        "-w\n-w",        "-W",          "-Wl,x",
        "-fplugin=x",    "-Xclang",     "-cl-mad-enablex",
        "-o x",          "-save-temps", "@x",
        "-D -w",         "-DA(x)=x",    "--",
        "\xff",          "-DA=x,y",     "-g",
        "-x cl",         "-D A =1",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        check_option(good[i], true);
    }
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        check_option(bad[i], false);
    }
}

static void check_arithmetic(void)
{
    uint64_t sum = 7, product = 7, up = 7;
    const bool fits[] = {
        checked_add(UINT64_MAX - 1, 1, &sum),
        checked_multiply(0xffffffff, 0x100000001, &product),
        checked_round_up(17, 16, &up),
    };
    uint64_t none = 7;
    const bool overflows[] = {
        checked_add(UINT64_MAX, 1, &none),
        checked_add(1, UINT64_MAX, &none),
        checked_multiply(0x100000000, 0x100000000, &none),
        checked_multiply(3, UINT64_MAX / 2, &none),
        checked_round_up(UINT64_MAX - 3, 16, &none),
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(fits); i++) {
        g_assert_true(fits[i]);
    }
    for (i = 0; i < G_N_ELEMENTS(overflows); i++) {
        g_assert_false(overflows[i]);
    }
    g_assert_cmpuint(sum, ==, UINT64_MAX);
    g_assert_cmpuint(product, ==, UINT64_MAX);
    g_assert_cmpuint(up, ==, 32);
    g_assert_cmpuint(none, ==, 7);
}

static void check_zero(void)
{
    uint64_t left = 7, right = 7;
    bool fits = checked_multiply(0, UINT64_MAX, &left);

    g_assert_true(fits);
    fits = checked_multiply(UINT64_MAX, 0, &right);
    g_assert_true(fits);
    g_assert_cmpuint(left + right, ==, 0);
}

static void check_inside(void)
{
    g_assert_true(checked_inside(4, 4, 4, 8));
    g_assert_true(checked_inside(8, 0, 4, 8));
    g_assert_false(checked_inside(3, 1, 4, 8));
    g_assert_false(checked_inside(9, 0, 4, 8));
    g_assert_false(checked_inside(4, 5, 4, 8));
    g_assert_false(checked_inside(UINT64_MAX, 2, 4, 8));
    g_assert_false(checked_inside(5, UINT64_MAX, 4, 8));
}

static void check_texts(void)
{
    g_assert_cmpstr(run_status_text(VGPU_RESPONSE_OK), ==, "done");
    g_assert_cmpstr(run_status_text(99), ==, "unknown");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/request/right", check_right);
    g_test_add_func("/request/broken", check_broken);
    g_test_add_func("/request/cut", check_cut);
    g_test_add_func("/request/room", check_room);
    g_test_add_func("/request/limits", check_limits);
    g_test_add_func("/request/options", check_options);
    g_test_add_func("/request/arithmetic", check_arithmetic);
    g_test_add_func("/request/zero", check_zero);
    g_test_add_func("/request/inside", check_inside);
    g_test_add_func("/request/texts", check_texts);
    return g_test_run();
}
