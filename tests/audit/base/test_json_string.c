/* Writing JSON strings, and what is UTF-8. */
#include "tests/audit/base/json_reading.h"

#include "audit/base/memory.h"
#include "audit/base/utf8.h"

static void assert_written(struct slice text, const char *wanted)
{
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    json_write_string(&buffer, text);
    assert_int_equal(buffer_result(&buffer), OK);
    assert_int_equal(buffer.length, strlen(wanted));
    assert_memory_equal(buffer.data, wanted, buffer.length);
    buffer_done(&buffer);
}

/* The rules are those of the contract, section 5: two-character escapes where there are some, but
 * for the solidus; other controls \u00xx, small; nothing else. */
static void escapes_what_must_be_and_nothing_else(void **state)
{
    (void)state;
    static const char *const named[128] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t"};
    for (unsigned octet = 0; octet < 0x80; octet++) {
        char escape[8] = {(char)octet};
        if (named[octet] != NULL) {
            snprintf(escape, sizeof escape, "%s", named[octet]);
        } else if (octet < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", octet);
        }
        for (size_t place = 0; place < 20; place++) { /* in words of eight octets and behind them */
            char text[20];
            char wanted[64];
            memset(text, 'x', sizeof text);
            text[place] = (char)octet;
            snprintf(wanted, sizeof wanted, "\"%.*s%s%.*s\"", (int)place, "xxxxxxxxxxxxxxxxxxxx",
                     escape, (int)(19 - place), "xxxxxxxxxxxxxxxxxxxx");
            assert_written((struct slice){text, sizeof text}, wanted);
        }
    }
    assert_written(slice_of("/"), "\"/\"");
    assert_written(slice_of("\xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x98\x80 \xc2\x80"),
                   "\"\xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x98\x80 \xc2\x80\"");
    assert_written(slice_of(""), "\"\"");
    assert_written((struct slice){NULL, 0}, "\"\"");
}

static void what_is_written_reads_back_as_it_was(void **state)
{
    (void)state;
    char text[4 * 0x900];
    size_t length = 0;
    for (unsigned c = 0; c < 0x800; c++) { /* each character of one and two octets */
        if (c >= 0x80) {
            text[length++] = (char)(0xc0 | c >> 6);
        }
        text[length++] = (char)(c < 0x80 ? c : (0x80 | (c & 0x3f)));
    }
    for (size_t begin_at = 0; begin_at < 64; begin_at++) {
        struct buffer buffer;
        struct json *root = NULL;
        buffer_init(&buffer, 65536);
        json_write_string(&buffer, (struct slice){text + begin_at, length - begin_at});
        assert_int_equal(parse_slice(buffer_slice(&buffer), &wide, &root), OK);
        assert_int_equal(root->text.length, length - begin_at);
        assert_memory_equal(root->text.data, text + begin_at, length - begin_at);
        buffer_done(&buffer);
    }
}

static void a_full_buffer_and_no_memory_are_remembered(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    json_write_string(&buffer, slice_of("1234567"));
    assert_int_equal(buffer_result(&buffer), ERR_INVALID_PARAMS);
    buffer_done(&buffer);
    buffer_init(&buffer, 4096);
    memory_fail_from(1);
    json_write_string(&buffer, slice_of("a\nb"));
    memory_fail_from(0);
    assert_int_equal(buffer_result(&buffer), ERR_NO_MEMORY);
    buffer_done(&buffer);
}

/* ---- UTF-8 ------------------------------------------------------------------------------------
 */

static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t tails = c < 0x800 ? 1 : (c < 0x10000 ? 2 : 3);
    static const unsigned firsts[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(firsts[tails] | c >> (6 * tails));
    for (size_t i = 1; i <= tails; i++) {
        out[i] = (char)(0x80 | (c >> (6 * (tails - i)) & 0x3f));
    }
    return tails + 1;
}

static void every_character_is_utf8(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[4];
        size_t length = encode(c, text);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        assert_int_equal(json_is_utf8((struct slice){text, length}), !surrogate);
        assert_int_equal(utf8_sequence(text, text + length), surrogate ? 0 : length);
    }
}

/* What is UTF-8 is counted, not listed: of n characters there are as many encodings. */
static void nothing_else_is_utf8(void **state)
{
    (void)state;
    const unsigned long ones = 0x80;
    const unsigned long twos = 0x800 - 0x80;
    const unsigned long threes = 0x10000 - 0x800 - 0x800; /* without the surrogates */
    unsigned long counted[4] = {0};
    for (uint32_t octets = 0; octets < 0x1000000; octets++) {
        const char text[] = {(char)(octets >> 16), (char)(octets >> 8), (char)octets};
        if (octets < 0x100) {
            counted[1] += json_is_utf8((struct slice){text + 2, 1}) ? 1 : 0;
        }
        if (octets < 0x10000) {
            counted[2] += json_is_utf8((struct slice){text + 1, 2}) ? 1 : 0;
        }
        counted[3] += json_is_utf8((struct slice){text, 3}) ? 1 : 0;
    }
    assert_int_equal(counted[1], ones);
    assert_int_equal(counted[2], ones * ones + twos);
    assert_int_equal(counted[3], ones * ones * ones + 2 * ones * twos + threes);
}

static void nothing_else_of_four_octets_is_one_character(void **state)
{
    (void)state;
    static const unsigned tails[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    unsigned long counted = 0;
    for (unsigned first = 0xf0; first <= 0xff; first++) {
        for (unsigned second = 0; second <= 0xff; second++) {
            for (unsigned i = 0; i < 36; i++) {
                const char text[] = {(char)first, (char)second, (char)tails[i / 6],
                                     (char)tails[i % 6]};
                counted += json_is_utf8((struct slice){text, 4}) ? 1 : 0;
            }
        }
    }
    /* U+10000 to U+10FFFF in pieces of 4096; of each the tails 80 80, 80 bf, bf 80, bf bf */
    assert_int_equal(counted, 0x100000 / 4096 * 4);
}

static void finds_bad_octets_in_long_text(void **state)
{
    (void)state;
    char text[40];
    for (size_t i = 0; i < 2 * sizeof text; i++) {
        size_t place = i / 2;
        memset(text, i % 2 == 0 ? 'a' : '1', sizeof text);
        assert_true(json_is_utf8((struct slice){text, sizeof text}));
        text[place] = (char)0x80;
        assert_false(json_is_utf8((struct slice){text, sizeof text}));
        text[place] = (char)0xc3; /* its second octet is not one, or is cut off */
        assert_false(json_is_utf8((struct slice){text, sizeof text}));
    }
    assert_true(json_is_utf8((struct slice){NULL, 0}));
}

static void a_character_that_ends_behind_the_end_is_none(void **state)
{
    (void)state;
    static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < 3; i++) {
        const char *at = characters[i];
        assert_int_equal(utf8_sequence(at, at + i + 2), i + 2);
        for (size_t length = 1; length < i + 2; length++) {
            assert_int_equal(utf8_sequence(at, at + length), 0);
            assert_false(json_is_utf8((struct slice){at, length}));
        }
    }
}

static void a_character_cut_off_is_left_out(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t length = 0; length < sizeof whole / sizeof whole[0]; length++) {
        assert_int_equal(utf8_whole(text, length), whole[length]);
    }
    assert_int_equal(utf8_whole("\x80\x80\x80\x80", 4), 4);
    assert_int_equal(utf8_whole("\x80", 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(escapes_what_must_be_and_nothing_else, begin, end),
        cmocka_unit_test_setup_teardown(what_is_written_reads_back_as_it_was, begin, end),
        cmocka_unit_test_setup_teardown(a_full_buffer_and_no_memory_are_remembered, begin, end),
        cmocka_unit_test(every_character_is_utf8),
        cmocka_unit_test(nothing_else_is_utf8),
        cmocka_unit_test(nothing_else_of_four_octets_is_one_character),
        cmocka_unit_test(finds_bad_octets_in_long_text),
        cmocka_unit_test(a_character_that_ends_behind_the_end_is_none),
        cmocka_unit_test(a_character_cut_off_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
