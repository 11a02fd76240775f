/* The octets of nng's REQ/REP on a stream. Expected values are those of architecture section 9.8
 * and of the SP mappings for TCP and IPC, and what a real nng REQ socket sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ipc/wire/sp.h"

static void greets_as_rep(void **state)
{
    (void)state;
    static const uint8_t rep[] = {0x00, 0x53, 0x50, 0x00, 0x00, 0x31, 0x00, 0x00};
    assert_memory_equal(sp_greeting, rep, sizeof rep);
}

static void takes_the_greeting_of_req_alone(void **state)
{
    (void)state;
    uint8_t req[SP_GREETING_BYTES] = {0x00, 0x53, 0x50, 0x00, 0x00, 0x30, 0x00, 0x00};
    assert_true(sp_greeting_is_req(req));
    for (size_t bit = 0; bit < sizeof req * 8; bit++) {
        req[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(sp_greeting_is_req(req));
        req[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_false(sp_greeting_is_req(sp_greeting));
}

static void writes_a_head_of_nine_octets_on_ipc(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {0x01, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    uint8_t head[9] = {0};
    assert_int_equal(sp_head_bytes(SP_IPC), 9);
    sp_head_write(SP_IPC, UINT64_C(0x0123456789abcdef), head);
    assert_memory_equal(head, wanted, sizeof wanted);
}

static void writes_a_head_of_eight_octets_on_tcp(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x04};
    uint8_t head[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_int_equal(sp_head_bytes(SP_TCP), 8);
    sp_head_write(SP_TCP, 4 * 1024 * 1024 + 4, head);
    assert_memory_equal(head, wanted, sizeof wanted);
}

static void reads_heads_of_every_length(void **state)
{
    (void)state;
    static const uint8_t ipc[] = {0x01, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05};
    uint64_t length = 0;
    assert_true(sp_head_read(SP_IPC, ipc, &length));
    assert_int_equal(length, UINT64_C(0x8000000000000005));
    assert_true(sp_head_read(SP_TCP, ipc + 1, &length));
    assert_int_equal(length, UINT64_C(0x8000000000000005));
    static const uint8_t most[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_true(sp_head_read(SP_TCP, most, &length));
    assert_int_equal(length, UINT64_MAX);
}

static void refuses_an_ipc_head_that_does_not_begin_with_one(void **state)
{
    (void)state;
    uint8_t head[9] = {0, 0, 0, 0, 0, 0, 0, 0, 4};
    uint64_t length = 7;
    for (int first = 0; first < 256; first++) {
        head[0] = (uint8_t)first;
        assert_int_equal(sp_head_read(SP_IPC, head, &length), first == 1);
    }
    length = 7;
    head[0] = 2;
    assert_false(sp_head_read(SP_IPC, head, &length));
    assert_int_equal(length, 7);
}

static void splits_a_request_of_a_plain_req_socket(void **state)
{
    (void)state;
    static const char body[] = "\x80\x00\x00\x01{}";
    struct slice header, payload;
    assert_true(sp_split((struct slice){body, 6}, &header, &payload));
    assert_true(slice_equal(header, (struct slice){body, 4}));
    assert_true(slice_is(payload, "{}"));
}

static void splits_a_request_that_came_through_devices(void **state)
{
    (void)state;
    static const char body[] = "\x00\x00\x00\x07\x7f\xff\xff\xff\x80\x00\x00\x01x";
    struct slice header, payload;
    assert_true(sp_split((struct slice){body, 13}, &header, &payload));
    assert_true(slice_equal(header, (struct slice){body, 12}));
    assert_true(slice_is(payload, "x"));
}

static void gives_an_empty_payload_where_there_is_only_a_header(void **state)
{
    (void)state;
    static const char body[] = "\xff\xff\xff\xff";
    struct slice header, payload;
    assert_true(sp_split((struct slice){body, 4}, &header, &payload));
    assert_int_equal(header.length, 4);
    assert_int_equal(payload.length, 0);
}

static void takes_eight_words_and_not_nine(void **state)
{
    (void)state;
    char body[40] = {0};
    struct slice header, payload;
    body[28] = (char)0x80;
    assert_true(sp_split((struct slice){body, sizeof body}, &header, &payload));
    assert_int_equal(header.length, 32);
    assert_int_equal(payload.length, 8);
    body[28] = 0;
    body[32] = (char)0x80;
    assert_false(sp_split((struct slice){body, sizeof body}, &header, &payload));
}

static void finds_no_header_in_a_cut_word(void **state)
{
    (void)state;
    static const char body[] = "\x00\x00\x00\x01\x80\x00\x00";
    struct slice header, payload;
    for (size_t length = 0; length < sizeof body; length++) {
        assert_false(sp_split((struct slice){body, length}, &header, &payload));
    }
    assert_false(sp_split((struct slice){NULL, 0}, &header, &payload));
}

static void looks_at_the_top_bit_of_the_first_octet_of_a_word_alone(void **state)
{
    (void)state;
    static const char body[] = "\x7f\x80\x80\x80payload!";
    struct slice header, payload;
    assert_false(sp_split((struct slice){body, 12}, &header, &payload));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greets_as_rep),
        cmocka_unit_test(takes_the_greeting_of_req_alone),
        cmocka_unit_test(writes_a_head_of_nine_octets_on_ipc),
        cmocka_unit_test(writes_a_head_of_eight_octets_on_tcp),
        cmocka_unit_test(reads_heads_of_every_length),
        cmocka_unit_test(refuses_an_ipc_head_that_does_not_begin_with_one),
        cmocka_unit_test(splits_a_request_of_a_plain_req_socket),
        cmocka_unit_test(splits_a_request_that_came_through_devices),
        cmocka_unit_test(gives_an_empty_payload_where_there_is_only_a_header),
        cmocka_unit_test(takes_eight_words_and_not_nine),
        cmocka_unit_test(finds_no_header_in_a_cut_word),
        cmocka_unit_test(looks_at_the_top_bit_of_the_first_octet_of_a_word_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
