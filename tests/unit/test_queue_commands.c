/* SPDX-License-Identifier: MIT */
/*
 * What commands do, docs/specification.md, section 4.3: their results, which of
 * several errors they say, and how often the device reads what a guest may
 * change meanwhile.
 */
#include <glib.h>
#include <string.h>

#include "queue-guest.h"

static uint64_t data(const Guest *guest, uint32_t offset)
{
    return guest_at(guest, GUEST_DATA + offset);
}

static uint64_t other(const Guest *guest, uint32_t offset)
{
    return guest_at(guest, GUEST_OTHER_DATA + offset);
}

/* Bytes that say where they are. */
static void fill(Guest *guest, uint64_t address, uint32_t length)
{
    uint8_t *bytes = guest_memory(guest, address, length);
    uint32_t i;

    for (i = 0; i < length; i++) {
        bytes[i] = (uint8_t)(1 + i + i / 251);
    }
}

static void check_same(Guest *guest, uint64_t left, uint64_t right,
                       uint32_t length)
{
    g_assert_cmpmem(guest_memory(guest, left, length), length,
                    guest_memory(guest, right, length), length);
}

static void check_all(Guest *guest, uint64_t address, uint8_t byte,
                      uint32_t length)
{
    const uint8_t *bytes = guest_memory(guest, address, length);
    uint32_t i;

    for (i = 0; i < length; i++) {
        if (bytes[i] != byte) {
            g_test_message("byte %u of 0x%" G_GINT64_MODIFIER "x"
                           " is 0x%x",
                           i, address, bytes[i]);
            g_test_fail();
            return;
        }
    }
}

/* ---- NOP ------------------------------------------------------------------------- */

static void check_nop(void)
{
    Guest *guest = guest_running(4, false);

    guest_check_done(guest, command(VGPU_OP_NOP, 0), VGPU_DONE_OK, 0);
    /* The submission and the completion; whatever is read twice, is small. */
    g_assert_cmpuint(guest->bytes, <, 1024);
    guest_free(guest);
}

/* ---- Echo ------------------------------------------------------------------------ */

static void check_echo(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);

    fill(guest, data(guest, 0), 5000);
    add_segment(&echo, data(guest, 0), 5000, 0);
    add_segment(&echo, other(guest, 3), 10, VGPU_SEGMENT_WRITE);
    add_segment(&echo, other(guest, 0x1001), 5000, VGPU_SEGMENT_WRITE);
    guest_check_done(guest, echo, VGPU_DONE_OK, 5000);
    check_same(guest, data(guest, 0), other(guest, 3), 10);
    check_same(guest, data(guest, 10), other(guest, 0x1001), 4990);
    /* No byte beside them, and none of the room that is too much. */
    check_all(guest, other(guest, 0), 0, 3);
    check_all(guest, other(guest, 13), 0, 0x1001 - 13);
    check_all(guest, other(guest, 0x1001 + 4990), 0, 0x1000);
    guest_free(guest);
}

/* Pieces of both sides that end at different places. */
static void check_echo_pieces(void)
{
    struct vgpu_segment pieces[6];
    Guest *guest = guest_running(4, false);
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);

    fill(guest, data(guest, 0), 300);
    pieces[0] = (struct vgpu_segment){ data(guest, 200), 100, 0 };
    pieces[1] = (struct vgpu_segment){ data(guest, 0), 1, 0 };
    pieces[2] = (struct vgpu_segment){ data(guest, 1), 199, 0 };
    pieces[3] = (struct vgpu_segment){ other(guest, 0), 150, 1 };
    pieces[4] = (struct vgpu_segment){ other(guest, 1000), 1, 1 };
    pieces[5] = (struct vgpu_segment){ other(guest, 2000), 149, 1 };
    use_list(guest, &echo, guest_at(guest, GUEST_LIST), pieces, 6);
    guest_check_done(guest, echo, VGPU_DONE_OK, 300);
    check_same(guest, data(guest, 200), other(guest, 0), 100);
    check_same(guest, data(guest, 0), other(guest, 100), 50);
    check_same(guest, data(guest, 50), other(guest, 1000), 1);
    check_same(guest, data(guest, 51), other(guest, 2000), 149);
    guest_free(guest);
}

/* A command may have nothing to read or to write. */
static void check_no_segments(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission room = command(VGPU_OP_ECHO, 0);

    guest_check_done(guest, command(VGPU_OP_ECHO, 0), VGPU_DONE_OK, 0);
    guest_check_done(guest, command(VGPU_OP_IDENTIFY, 0), VGPU_DONE_OK, 0);
    guest_check_done(guest, command(VGPU_OP_MEMORY_TEST, 7), VGPU_DONE_OK, 0);
    add_segment(&room, other(guest, 0), 64, VGPU_SEGMENT_WRITE);
    guest_check_done(guest, room, VGPU_DONE_OK, 0);
    check_all(guest, other(guest, 0), 0, 64);
    guest_free(guest);
}

/* ---- Identify -------------------------------------------------------------------- */

static struct vgpu_identity identify(Guest *guest)
{
    struct vgpu_submission ask = command(VGPU_OP_IDENTIFY, 0);
    struct vgpu_identity identity;

    add_segment(&ask, data(guest, 0), VGPU_IDENTITY_SIZE, VGPU_SEGMENT_WRITE);
    guest_check_done(guest, ask, VGPU_DONE_OK, VGPU_IDENTITY_SIZE);
    memcpy(&identity, guest_memory(guest, data(guest, 0), VGPU_IDENTITY_SIZE),
           sizeof(identity));
    return identity;
}

static void check_identify(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_identity identity;
    uint32_t generation = guest_reg(guest, VGPU_REG_GENERATION);

    guest_set_link(guest, VGPU_LINK_DOWN);
    identity = identify(guest);
    g_assert_cmphex(identity.magic, ==, 0x55504756);
    g_assert_cmphex(identity.abi_version, ==, 0x00010000);
    g_assert_cmphex(identity.features, ==, 1);
    g_assert_cmphex(identity.driver_features, ==, 1);
    g_assert_cmphex(identity.pool, ==, 'B');
    g_assert_cmphex(identity.priority, ==, 2);
    g_assert_cmphex(identity.vm_id, ==, 100);
    g_assert_cmphex(identity.link, ==, VGPU_LINK_DOWN);
    g_assert_cmphex(identity.generation, ==, generation + 1);
    g_assert_cmphex(identity.queues, ==, 3);
    g_assert_cmphex(identity.queue_size_max, ==, 1024);
    g_assert_cmphex(identity.segments_max, ==, 258);
    g_assert_cmphex(identity.command_bytes_max, ==, 0x100000);
    guest_free(guest);
}

/* As much of it as there is room for, and no more than it is. */
static void check_identify_room(void)
{
    static const uint32_t rooms[] = { 1, 4, 63, 64, 65, 4096 };
    Guest *guest = guest_running(4, false);
    struct vgpu_submission pieces = command(VGPU_OP_IDENTIFY, 0);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rooms); i++) {
        struct vgpu_submission ask = command(VGPU_OP_IDENTIFY, 0);
        uint32_t length = MIN(rooms[i], 64);
        struct vgpu_identity whole = identify(guest);

        memset(guest_memory(guest, other(guest, 0), 8192), 0xee, 8192);
        add_segment(&ask, other(guest, 0), rooms[i], VGPU_SEGMENT_WRITE);
        guest_check_done(guest, ask, VGPU_DONE_OK, length);
        g_assert_cmpmem(guest_memory(guest, other(guest, 0), length),
                        MIN(length, 56), &whole, MIN(length, 56));
        check_all(guest, other(guest, length), 0xee, 8192 - length);
    }
    add_segment(&pieces, other(guest, 0), 1, VGPU_SEGMENT_WRITE);
    add_segment(&pieces, other(guest, 10), 30, VGPU_SEGMENT_WRITE);
    add_segment(&pieces, other(guest, 100), 50, VGPU_SEGMENT_WRITE);
    guest_check_done(guest, pieces, VGPU_DONE_OK, 64);
    check_same(guest, data(guest, 0), other(guest, 0), 1);
    check_same(guest, data(guest, 1), other(guest, 10), 30);
    check_same(guest, data(guest, 31), other(guest, 100), 25);
    check_all(guest, other(guest, 133), 0xee, 17);
    guest_free(guest);
}

/* Of all queues, whatever became of them, and over each kind of reset. */
static void check_identify_completed(void)
{
    Guest *guest = guest_running(4, false);
    uint64_t before = identify(guest).completed;

    g_assert_cmpuint(before, <=, 1);
    g_assert_cmpuint(identify(guest).completed, ==, before + 1);
    guest_check_works(guest, 0);
    guest_check_done(guest, command(0x7f, 0), VGPU_DONE_BAD_OPCODE, 0);
    guest_open(guest, 1, 4, true);
    guest_check_works(guest, 1);
    g_assert_cmpuint(identify(guest).completed, ==, before + 5);
    guest_start(guest);
    guest_open(guest, 0, 4, false);
    g_assert_cmpuint(identify(guest).completed, ==, before + 6);
    vgpu_core_reset(&guest->core);
    guest_start(guest);
    guest_open(guest, 0, 4, false);
    g_assert_cmpuint(identify(guest).completed, ==, before + 7);
    guest_free(guest);
}

/* ---- Memory test ------------------------------------------------------------------ */

/*
 * By hand. The argument 0: 0 × F, 1 × F, 2 × F with F = 0x9e3779b97f4a7c15:
 * 2 × F = 0x1_3c6ef372fe94f82a, less 2^64.
 */
static const uint8_t pattern_of_0[24] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x15, 0x7c, 0x4a, 0x7f,
    0xb9, 0x79, 0x37, 0x9e, 0x2a, 0xf8, 0x94, 0xfe, 0x72, 0xf3, 0x6e, 0x3c,
};

/* The argument 2^64 - 1: -F = 0x61c8864680b583eb, then 0, then F. */
static const uint8_t pattern_of_last[24] = {
    0xeb, 0x83, 0xb5, 0x80, 0x46, 0x86, 0xc8, 0x61, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x15, 0x7c, 0x4a, 0x7f, 0xb9, 0x79, 0x37, 0x9e,
};

static void check_pattern(Guest *guest, uint64_t argument,
                          const uint8_t *pattern, uint32_t length)
{
    struct vgpu_submission test = command(VGPU_OP_MEMORY_TEST, argument);
    struct vgpu_submission compare = command(VGPU_OP_MEMORY_TEST, argument);

    memset(guest_memory(guest, other(guest, 0), 64), 0xee, 64);
    add_segment(&test, other(guest, 1), length, VGPU_SEGMENT_WRITE);
    guest_check_done(guest, test, VGPU_DONE_OK, 0);
    g_assert_cmpmem(guest_memory(guest, other(guest, 1), length), length,
                    pattern, length);
    check_all(guest, other(guest, 0), 0xee, 1);
    check_all(guest, other(guest, 1 + length), 0xee, 63 - length);

    add_segment(&compare, other(guest, 1), length, 0);
    guest_check_done(guest, compare, VGPU_DONE_OK, 0);
    *guest_memory(guest, other(guest, 1), 1) ^= 0x80;
    *guest_memory(guest, other(guest, length), 1) ^= 0x01;
    guest_check_done(guest, compare, VGPU_DONE_OK, length > 1 ? 2 : 1);
}

static void check_memory_test(void)
{
    Guest *guest = guest_running(4, false);
    uint32_t length;

    for (length = 2; length <= 24; length++) {
        check_pattern(guest, 0, pattern_of_0, length);
        check_pattern(guest, UINT64_MAX, pattern_of_last, length);
    }
    check_pattern(guest, 1, pattern_of_0 + 8, 16);
    guest_free(guest);
}

/* Byte N is counted through all segments of one direction, from 0 in each; and
 * what is read is read before the same memory is written. */
static void check_memory_test_pieces(void)
{
    struct vgpu_segment pieces[4];
    Guest *guest = guest_running(4, false);
    struct vgpu_submission test = command(VGPU_OP_MEMORY_TEST, 0);
    struct vgpu_submission again = command(VGPU_OP_MEMORY_TEST, 0);

    memset(guest_memory(guest, other(guest, 0), 64), 0xee, 64);
    pieces[0] = (struct vgpu_segment){ other(guest, 0), 5, 0 };
    pieces[1] = (struct vgpu_segment){ other(guest, 32), 19, 0 };
    pieces[2] = (struct vgpu_segment){ other(guest, 0), 5, 1 };
    pieces[3] = (struct vgpu_segment){ other(guest, 32), 19, 1 };
    use_list(guest, &test, guest_at(guest, GUEST_LIST), pieces, 4);
    guest_check_done(guest, test, VGPU_DONE_OK, 24);
    g_assert_cmpmem(guest_memory(guest, other(guest, 0), 5), 5, pattern_of_0,
                    5);
    g_assert_cmpmem(guest_memory(guest, other(guest, 32), 19), 19,
                    pattern_of_0 + 5, 19);
    check_all(guest, other(guest, 5), 0xee, 27);
    guest_check_done(guest, test, VGPU_DONE_OK, 0);
    *guest_memory(guest, other(guest, 36), 1) ^= 0xff;
    use_list(guest, &again, guest_at(guest, GUEST_LIST), pieces, 2);
    guest_check_done(guest, again, VGPU_DONE_OK, 1);
    guest_free(guest);
}

/* A megabyte, and one page of it changed. */
static void check_memory_test_large(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission test = command(VGPU_OP_MEMORY_TEST, 0);
    const uint8_t *last;

    add_segment(&test, data(guest, 8), VGPU_COMMAND_BYTES_MAX,
                VGPU_SEGMENT_WRITE);
    guest_check_done(guest, test, VGPU_DONE_OK, 0);
    /* 0x1ffff × F, modulo 2^64, is 0x553b84db78df83eb. */
    last = guest_memory(guest, data(guest, VGPU_COMMAND_BYTES_MAX), 8);
    g_assert_cmphex(last[0], ==, 0xeb);
    g_assert_cmphex(last[7], ==, 0x55);
    test.segment[0].flags = 0;
    guest_check_done(guest, test, VGPU_DONE_OK, 0);
    memset(guest_memory(guest, data(guest, 0x80010), 8), 0, 8);
    guest_check_done(guest, test, VGPU_DONE_OK, 8);
    guest_free(guest);
}

/* ---- Lists ----------------------------------------------------------------------- */

/* So many segments of 2 bytes, the last of which is to be written. */
static void check_list_of(uint32_t count, uint64_t address, uint16_t status)
{
    struct vgpu_segment pieces[300];
    Guest *guest = guest_running(4, false);
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);
    uint32_t i;

    fill(guest, data(guest, 0), 4096);
    for (i = 0; i < count - 1; i++) {
        pieces[i] = (struct vgpu_segment){ data(guest, 2 * i), 2, 0 };
    }
    pieces[i] = (struct vgpu_segment){ other(guest, 0), 4096, 1 };
    use_list(guest, &echo, address, pieces, count);
    guest_check_done(guest, echo, status,
                     status == VGPU_DONE_OK ? 2 * (count - 1) : 0);
    if (status == VGPU_DONE_OK) {
        check_same(guest, data(guest, 0), other(guest, 0), 2 * (count - 1));
    }
    check_all(guest, other(guest, 2 * (count - 1)), 0, 64);
    guest_free(guest);
}

/* One, for which there would have been room. */
static void check_list_of_one(uint64_t address)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission ask = command(VGPU_OP_IDENTIFY, 0);
    struct vgpu_segment piece = { other(guest, 0), 4, VGPU_SEGMENT_WRITE };

    use_list(guest, &ask, address, &piece, 1);
    guest_check_done(guest, ask, VGPU_DONE_OK, 4);
    g_assert_cmphex(guest_get32(guest, other(guest, 0)), ==, VGPU_MAGIC);
    guest_free(guest);
}

static void check_lists(void)
{
    static const uint32_t counts[] = { 1, 2, 3, 4, 5, 257, 258 };
    const uint64_t end = GUEST_BASE + GUEST_SIZE;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(counts); i++) {
        check_list_of(counts[i], GUEST_BASE + GUEST_LIST, VGPU_DONE_OK);
        /* Across pages, and at any alignment. */
        check_list_of(counts[i], GUEST_BASE + GUEST_LIST + 0xff8, VGPU_DONE_OK);
        check_list_of(counts[i], GUEST_BASE + GUEST_LIST + 1, VGPU_DONE_OK);
        check_list_of(counts[i], end - (uint64_t)counts[i] * VGPU_SEGMENT_SIZE,
                      VGPU_DONE_OK);
    }
    check_list_of_one(GUEST_BASE + GUEST_LIST);
    check_list_of_one(GUEST_BASE + GUEST_LIST + 0xff8);
    check_list_of_one(end - VGPU_SEGMENT_SIZE);
    check_list_of(259, GUEST_BASE + GUEST_LIST, VGPU_DONE_BAD_SEGMENTS);
    check_list_of(260, GUEST_BASE + GUEST_LIST, VGPU_DONE_BAD_SEGMENTS);
}

/* A list whose end is not in memory, though its beginning is. */
static void check_list_not_readable(void)
{
    static const uint32_t counts[] = { 2, 3, 4, 257, 258 };
    Guest *guest = guest_running(4, false);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(counts); i++) {
        struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);
        uint32_t length = counts[i] * VGPU_SEGMENT_SIZE;

        echo.flags = VGPU_SUBMISSION_INDIRECT;
        echo.segments = counts[i];
        echo.segment[0] = (struct vgpu_segment){
            GUEST_BASE + GUEST_SIZE - length + 1, length, 0
        };
        guest_check_done(guest, echo, VGPU_DONE_BAD_ADDRESS, 0);
        echo.segment[0].address = UINT64_MAX - length + 1;
        guest_check_done(guest, echo, VGPU_DONE_BAD_ADDRESS, 0);
        echo.segment[0].address = UINT64_MAX - length + 2;
        guest_check_done(guest, echo, VGPU_DONE_BAD_ADDRESS, 0);
    }
    guest_check_works(guest, 0);
    guest_free(guest);
}

/* What a list of no segments is, the specification does not say; only that
 * nothing of length 0 is copied, which the guest checks. */
static void check_empty_list(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission nop = command(VGPU_OP_NOP, 0);
    struct vgpu_completion completion;

    nop.flags = VGPU_SUBMISSION_INDIRECT;
    nop.segment[0].address = guest_at(guest, GUEST_LIST);
    completion = guest_do(guest, 0, nop);
    g_assert_true(completion.status == VGPU_DONE_OK ||
                  completion.status == VGPU_DONE_BAD_SEGMENTS ||
                  completion.status == VGPU_DONE_BAD_FIELD);
    guest_check_works(guest, 0);
    guest_free(guest);
}

/* ---- Which of several errors ------------------------------------------------------- */

/* A command with one error of each kind, from this one on. */
enum {
    OPCODE,
    FLAGS,
    NUMBER,
    LIST,
    SEGMENT,
    DEMAND,
    ADDRESS,
};

static struct vgpu_submission wrong_from(Guest *guest, int first)
{
    struct vgpu_segment pieces[3] = {
        { 0, first <= SEGMENT ? 0 : 8, 0 },
        { 64, 16, 1 },
        { 128, 16, 1 },
    };
    struct vgpu_submission wrong = command(
        first == OPCODE ? 0x7f : VGPU_OP_ECHO, first <= DEMAND);

    use_list(guest, &wrong, guest_at(guest, GUEST_LIST), pieces, 3);
    if (first <= LIST) {
        wrong.segment[0].address = 0;
    }
    if (first <= NUMBER) {
        wrong.segments = 259;
        wrong.segment[0].length = 259 * VGPU_SEGMENT_SIZE;
    }
    if (first <= FLAGS) {
        wrong.flags |= 0x80;
    }
    return wrong;
}

static void check_precedence(void)
{
    static const uint16_t statuses[] = {
        [OPCODE] = VGPU_DONE_BAD_OPCODE,    [FLAGS] = VGPU_DONE_BAD_FIELD,
        [NUMBER] = VGPU_DONE_BAD_SEGMENTS,  [LIST] = VGPU_DONE_BAD_ADDRESS,
        [SEGMENT] = VGPU_DONE_BAD_SEGMENTS, [DEMAND] = VGPU_DONE_BAD_FIELD,
        [ADDRESS] = VGPU_DONE_BAD_ADDRESS,
    };
    Guest *guest = guest_running(4, false);
    int first;

    for (first = OPCODE; first <= ADDRESS; first++) {
        guest_check_done(guest, wrong_from(guest, first), statuses[first], 0);
    }
    guest_free(guest);
}

/* Segment by segment; in each, flags, order, length, sum. The addresses are not
 * looked at, and neither is an argument that is wrong too. */
static void check_precedence_of_segments(void)
{
    static const struct {
        struct vgpu_segment segment[3];
        uint16_t status;
    } cases[] = {
        { { { 0, 0, 0 }, { 0, 8, 0x10 }, { 0, 8, 1 } },
          VGPU_DONE_BAD_SEGMENTS },
        { { { 0, 8, 0x10 }, { 0, 0, 0 }, { 0, 8, 1 } }, VGPU_DONE_BAD_FIELD },
        { { { 0, 8, 1 }, { 0, 0, 0x10 }, { 0, 8, 1 } }, VGPU_DONE_BAD_FIELD },
        { { { 0, 0, 0x10 }, { 0, 8, 0 }, { 0, 8, 1 } }, VGPU_DONE_BAD_FIELD },
        { { { 0, 0x100001, 2 }, { 0, 8, 0 }, { 0, 8, 1 } },
          VGPU_DONE_BAD_FIELD },
        { { { 0, 0x100001, 0 }, { 0, 8, 2 }, { 0, 8, 1 } },
          VGPU_DONE_TOO_LARGE },
        { { { 0, 0x100001, 0 }, { 0, 0, 0 }, { 0, 8, 1 } },
          VGPU_DONE_TOO_LARGE },
        { { { 0, 0, 0 }, { 0, 0x100001, 0 }, { 0, 8, 1 } },
          VGPU_DONE_BAD_SEGMENTS },
        { { { 0, 8, 1 }, { 0, 0x100001, 0 }, { 0, 8, 1 } },
          VGPU_DONE_BAD_SEGMENTS },
        { { { 0, 8, 0 }, { 0, 0x100001, 1 }, { 0, 8, 0 } },
          VGPU_DONE_TOO_LARGE },
        { { { 0, 0x80000, 0 }, { 0, 0x80001, 1 }, { 0, 0, 1 } },
          VGPU_DONE_TOO_LARGE },
        { { { 0, 0x80000, 0 }, { 0, 0x80000, 1 }, { 0, 0, 1 } },
          VGPU_DONE_BAD_SEGMENTS },
    };
    Guest *guest = guest_running(4, false);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct vgpu_submission plain = command(VGPU_OP_ECHO, 1);
        struct vgpu_submission listed = command(VGPU_OP_ECHO, 1);

        memcpy(plain.segment, cases[i].segment, sizeof(plain.segment));
        plain.segments = 3;
        guest_check_done(guest, plain, cases[i].status, 0);
        use_list(guest, &listed, guest_at(guest, GUEST_LIST), cases[i].segment,
                 3);
        guest_check_done(guest, listed, cases[i].status, 0);
    }
    guest_free(guest);
}

/* What a command demands comes before addresses, and behind all segments. */
static void check_precedence_of_demands(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission nop = command(VGPU_OP_NOP, 0);
    struct vgpu_submission ask = command(VGPU_OP_IDENTIFY, 0);
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);
    struct vgpu_submission large = command(VGPU_OP_ECHO, 1);

    add_segment(&nop, 0, 8, 0);
    guest_check_done(guest, nop, VGPU_DONE_BAD_SEGMENTS, 0);
    nop.argument = 1;
    guest_check_done(guest, nop, VGPU_DONE_BAD_FIELD, 0);
    add_segment(&ask, 0, 8, 0);
    guest_check_done(guest, ask, VGPU_DONE_BAD_SEGMENTS, 0);
    add_segment(&echo, 0, 8, 0);
    add_segment(&echo, 0, 7, VGPU_SEGMENT_WRITE);
    guest_check_done(guest, echo, VGPU_DONE_BAD_SEGMENTS, 0);
    add_segment(&large, 0, VGPU_COMMAND_BYTES_MAX + 1, 0);
    guest_check_done(guest, large, VGPU_DONE_TOO_LARGE, 0);
    /* A list that cannot be read says nothing of its segments. */
    large.flags = VGPU_SUBMISSION_INDIRECT;
    large.segment[0].length = VGPU_SEGMENT_SIZE;
    guest_check_done(guest, large, VGPU_DONE_BAD_ADDRESS, 0);
    guest_free(guest);
}

/* A request's segments are judged like any other's, link or no link. */
static void check_precedence_of_link(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission request = command(VGPU_OP_REQUEST, 0);

    guest_check_done(guest, request, VGPU_DONE_NO_BACKEND, 0);
    request.flags = 0x40;
    guest_check_done(guest, request, VGPU_DONE_BAD_FIELD, 0);
    request.flags = 0;
    request.segments = 4;
    guest_check_done(guest, request, VGPU_DONE_BAD_SEGMENTS, 0);
    request.segments = 0;
    request.segment[2].flags = 1;
    guest_check_done(guest, request, VGPU_DONE_BAD_FIELD, 0);
    request.segment[2].flags = 0;
    add_segment(&request, data(guest, 0), VGPU_COMMAND_BYTES_MAX + 1, 0);
    guest_check_done(guest, request, VGPU_DONE_TOO_LARGE, 0);
    guest_free(guest);
}

/* ---- A guest that changes what the device reads ------------------------------------ */

/* How often each byte of a place was read. */
typedef struct Watch {
    uint64_t address;
    uint32_t length;
    uint8_t count[VGPU_SEGMENTS_MAX * VGPU_SEGMENT_SIZE];
    /* What lies there once all of it has been read. */
    uint8_t changed;
    bool done;
} Watch;

static void watch_reads(Guest *guest, const Access *access)
{
    Watch *watch = guest->data;
    bool all = true;
    uint32_t i;

    if (access->write ||
        !access_touches(access, watch->address, watch->length)) {
        return;
    }
    for (i = 0; i < watch->length; i++) {
        if (access_touches(access, watch->address + i, 1)) {
            watch->count[i]++;
        }
        all = all && watch->count[i];
    }
    if (all && !watch->done) {
        watch->done = true;
        memset(guest_memory(guest, watch->address, watch->length),
               watch->changed, watch->length);
    }
}

/* Each byte was read once; but for that which is looked at again (-1: none). */
static void check_read_once(const Watch *watch, int again)
{
    uint32_t i;

    g_assert_true(watch->done);
    for (i = 0; i < watch->length; i++) {
        if ((int)i != again) {
            g_assert_cmpuint(watch->count[i], ==, 1);
        }
    }
}

/* Whatever it becomes, once the device has copied it. */
static void check_changed_submission(void)
{
    unsigned changed;

    for (changed = 0; changed < 0x100; changed += 15) {
        Guest *guest = guest_running(4, false);
        struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);
        Watch watch = { .address = guest_at(guest, 0),
                        .length = VGPU_SUBMISSION_SIZE,
                        .changed = (uint8_t)changed };

        fill(guest, data(guest, 0), 64);
        add_segment(&echo, data(guest, 0), 32, 0);
        add_segment(&echo, data(guest, 32), 32, 0);
        add_segment(&echo, other(guest, 0), 64, VGPU_SEGMENT_WRITE);
        guest->data = &watch;
        guest->after = watch_reads;
        guest_check_done(guest, echo, VGPU_DONE_OK, 64);
        check_same(guest, data(guest, 0), other(guest, 0), 64);
        /* The byte with the phase is looked at by itself before. */
        check_read_once(&watch, offsetof(struct vgpu_submission, flags));
        guest->after = NULL;
        guest_check_works(guest, 0);
        guest_free(guest);
    }
}

static void check_changed_list_of(uint32_t count, uint8_t changed)
{
    struct vgpu_segment pieces[VGPU_SEGMENTS_MAX];
    Guest *guest = guest_running(4, false);
    struct vgpu_submission echo = command(VGPU_OP_ECHO, 0);
    Watch watch = { .address = guest_at(guest, GUEST_LIST + 0xff8),
                    .length = count * VGPU_SEGMENT_SIZE,
                    .changed = changed };
    uint32_t i;

    fill(guest, data(guest, 0), 4096);
    for (i = 0; i < count; i++) {
        bool write = i >= count / 2;

        pieces[i] = (struct vgpu_segment){ (write ? other(guest, 0)
                                                  : data(guest, 0)) +
                                               4ull * (i % (count / 2)),
                                           4, write };
    }
    use_list(guest, &echo, watch.address, pieces, count);
    guest->data = &watch;
    guest->after = watch_reads;
    guest_check_done(guest, echo, VGPU_DONE_OK, 2ull * count);
    check_same(guest, data(guest, 0), other(guest, 0), 2 * count);
    check_read_once(&watch, -1);
    guest_free(guest);
}

static void check_changed_list(void)
{
    static const uint32_t counts[] = { 2, 4, 258 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(counts); i++) {
        check_changed_list_of(counts[i], 0);
        check_changed_list_of(counts[i], 0x01);
        check_changed_list_of(counts[i], 0xff);
    }
}

/* Errors, too, are judged by the copy: a wrong one that becomes right stays wrong. */
static void check_mended_submission(void)
{
    Guest *guest = guest_running(4, false);
    struct vgpu_submission wrong = command(VGPU_OP_NOP, 1);
    Watch watch = { .address = guest_at(guest, 0),
                    .length = VGPU_SUBMISSION_SIZE };

    guest->data = &watch;
    guest->after = watch_reads;
    guest_check_done(guest, wrong, VGPU_DONE_BAD_FIELD, 0);
    guest_free(guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/queue/nop", check_nop);
    g_test_add_func("/queue/echo", check_echo);
    g_test_add_func("/queue/echo-pieces", check_echo_pieces);
    g_test_add_func("/queue/no-segments", check_no_segments);
    g_test_add_func("/queue/identify", check_identify);
    g_test_add_func("/queue/identify-room", check_identify_room);
    g_test_add_func("/queue/identify-completed", check_identify_completed);
    g_test_add_func("/queue/memory-test", check_memory_test);
    g_test_add_func("/queue/memory-test-pieces", check_memory_test_pieces);
    g_test_add_func("/queue/memory-test-large", check_memory_test_large);
    g_test_add_func("/queue/lists", check_lists);
    g_test_add_func("/queue/list-not-readable", check_list_not_readable);
    g_test_add_func("/queue/empty-list", check_empty_list);
    g_test_add_func("/queue/precedence", check_precedence);
    g_test_add_func("/queue/precedence-of-segments",
                    check_precedence_of_segments);
    g_test_add_func("/queue/precedence-of-demands",
                    check_precedence_of_demands);
    g_test_add_func("/queue/precedence-of-link", check_precedence_of_link);
    g_test_add_func("/queue/changed-submission", check_changed_submission);
    g_test_add_func("/queue/changed-list", check_changed_list);
    g_test_add_func("/queue/mended-submission", check_mended_submission);
    return g_test_run();
}
