/* Faults: words, sentences that can stand anywhere, JSON pointers as RFC 6901 has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit/base/fault.h"
#include "audit/base/json.h"

static void an_empty_fault_says_nothing(void **state)
{
    (void)state;
    struct fault fault;
    memset(&fault, 'x', sizeof fault);
    fault_clear(&fault);
    assert_int_equal(fault.err, OK);
    assert_string_equal(reason_word(fault.reason), "none");
    assert_int_equal(fault.index, -1);
    assert_string_equal(fault.field, "");
    assert_string_equal(fault.sentence, "");
}

static void carries_what_it_was_given(void **state)
{
    (void)state;
    struct fault fault;
    fault_clear(&fault);
    fault.index = 4;
    enum err err = fault_set(&fault, ERR_INVALID_PARAMS, REASON_bad_type, "/dpt",
                             "dpt is %s. An integer is wanted.", "a list");
    assert_int_equal(err, ERR_INVALID_PARAMS);
    assert_int_equal(fault.err, ERR_INVALID_PARAMS);
    assert_string_equal(reason_word(fault.reason), "bad_type");
    assert_int_equal(fault.index, -1);
    assert_string_equal(fault.field, "/dpt");
    assert_string_equal(fault.sentence, "dpt is a list. An integer is wanted.");
    assert_int_equal(fault_no_memory(&fault), ERR_NO_MEMORY);
    assert_string_equal(reason_word(fault.reason), "no_memory");
    assert_string_equal(fault.field, "");
}

static void may_be_set_again_with_its_own_field(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, ERR_PARSE, REASON_bad_json, "/a", "x");
    fault_set(&fault, ERR_PARSE, REASON_bad_json, fault.field, "%s again", fault.field);
    assert_string_equal(fault.field, "/a");
    assert_string_equal(fault.sentence, "/a again");
}

static void a_fault_nobody_wants_still_returns_the_error(void **state)
{
    (void)state;
    assert_int_equal(fault_set(NULL, ERR_IO, REASON_io, "/a", "%s", "x"), ERR_IO);
    assert_int_equal(fault_no_memory(NULL), ERR_NO_MEMORY);
    fault_prefix(NULL, "/%d", 1);
}

static void a_sentence_holds_no_controls_and_only_utf8(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, ERR_IO, REASON_io, NULL, "%s",
              "a\n\x1b[31m\x7f|\xc2\x80\xc2\x9f|\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|"
              "\xff\xc3 \xed\xa0\x80|\xc3");
    assert_string_equal(fault.sentence,
                        "a??[31m?|????|\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|?? ???|");
}

static void what_is_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t skip_octets = 0; skip_octets < 8; skip_octets++) {
        char text[700];
        struct fault fault;
        memset(text, 'a', skip_octets);
        for (size_t i = skip_octets; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xf0\x9f\x98\x80", 5);
        }
        fault_set(&fault, ERR_IO, REASON_io, text, "%s", text);
        assert_int_equal(strlen(fault.sentence), 511 - (511 - skip_octets) % 4);
        assert_int_equal(strlen(fault.field), 255 - (255 - skip_octets) % 4);
        assert_true(json_is_utf8(slice_of(fault.sentence)));
        assert_true(json_is_utf8(slice_of(fault.field)));
        assert_memory_equal(fault.sentence, text, strlen(fault.sentence));
        fault_prefix(&fault, "/events/%d", 17);
        assert_true(json_is_utf8(slice_of(fault.field)));
        assert_memory_equal(fault.field, "/events/17", 10);
    }
}

static void a_prefix_goes_in_front_of_the_field(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, ERR_INVALID_PARAMS, REASON_bad_value, "/dst", "x");
    fault_prefix(&fault, "/events/%d", 3);
    assert_string_equal(fault.field, "/events/3/dst");
    fault_set(&fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL, "x");
    fault_prefix(&fault, "/events/%d", 0);
    assert_string_equal(fault.field, "/events/0");
}

/* The names are those of the example of RFC 6901, section 5. */
static void pointers_escape_as_rfc_6901_does(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *pointer;
    } names[] = {{"foo", "/foo"}, {"", "/"},        {"a/b", "/a~1b"},      {"c%d", "/c%d"},
                 {"e^f", "/e^f"}, {"g|h", "/g|h"},  {"i\\j", "/i\\j"},     {"k\"l", "/k\"l"},
                 {" ", "/ "},     {"m~n", "/m~0n"}, {"~1/~0", "/~01~1~00"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char field[64] = "";
        fault_pointer_append(field, sizeof field, names[i].name, (int)strlen(names[i].name));
        assert_string_equal(field, names[i].pointer);
    }
    char field[64] = "";
    fault_pointer_append(field, sizeof field, "events", 6);
    fault_pointer_append(field, sizeof field, "17", 2);
    fault_pointer_append(field, sizeof field, "dstxxx", 3);
    assert_string_equal(field, "/events/17/dst");
}

static void a_pointer_never_leaves_its_place(void **state)
{
    (void)state;
    static const char *const names[] = {"abcdefgh",         "~~~~~~~~",         "////////",
                                        "\xc3\xa9\xc3\xa9", "\xf0\x9f\x98\x80", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int size = 1; size < 16; size++) {
            char field[32];
            memset(field, '#', sizeof field);
            field[0] = '\0';
            fault_pointer_append(field, size, names[i], (int)strlen(names[i]));
            fault_pointer_append(field, size, names[i], (int)strlen(names[i]));
            assert_true(strlen(field) < (size_t)size);
            assert_true(json_is_utf8(slice_of(field)));
            for (size_t at = (size_t)size; at < sizeof field; at++) {
                assert_int_equal(field[at], '#');
            }
        }
    }
}

static void every_reason_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int a = REASON_none; a <= REASON_in_use; a++) {
        const char *word = reason_word((enum reason)a);
        assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(word));
        for (int b = REASON_none; b < a; b++) {
            assert_string_not_equal(word, reason_word((enum reason)b));
        }
    }
}

/* JSON-RPC 2.0, section 5.1, and the outward contract, section 4. */
static void errors_have_the_codes_of_the_contract(void **state)
{
    (void)state;
    static const struct {
        enum err err;
        int code;
    } codes[] = {{OK, 0},
                 {ERR_PARSE, -32700},
                 {ERR_INVALID_REQUEST, -32600},
                 {ERR_METHOD_NOT_FOUND, -32601},
                 {ERR_INVALID_PARAMS, -32602},
                 {ERR_INTERNAL, -32603},
                 {ERR_NOT_PERMITTED, -32001},
                 {ERR_NOT_FOUND, -32002},
                 {ERR_WRONG_STATE, -32003},
                 {ERR_AUDIT_UNAVAILABLE, -32004}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal(err_code(codes[i].err), codes[i].code);
        assert_true(strlen(err_text(codes[i].err)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_fault_says_nothing),
        cmocka_unit_test(carries_what_it_was_given),
        cmocka_unit_test(may_be_set_again_with_its_own_field),
        cmocka_unit_test(a_fault_nobody_wants_still_returns_the_error),
        cmocka_unit_test(a_sentence_holds_no_controls_and_only_utf8),
        cmocka_unit_test(what_is_too_long_is_cut_between_characters),
        cmocka_unit_test(a_prefix_goes_in_front_of_the_field),
        cmocka_unit_test(pointers_escape_as_rfc_6901_does),
        cmocka_unit_test(a_pointer_never_leaves_its_place),
        cmocka_unit_test(every_reason_has_a_word_of_its_own),
        cmocka_unit_test(errors_have_the_codes_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
