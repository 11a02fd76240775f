/* Cleaning and escaping in one pass, and how much of a text has room. */
#include "rendering.h"

#include "audit/render/escape.h"

static void expect(enum escape escape, struct slice text, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 4096);
    escape_append(&out, escape, text);
    buffer_append_char(&out, '\0');
    assert_int_equal(buffer_result(&out), OK);
    assert_string_equal(out.data, expected);
    buffer_done(&out);
}

static void each_octet_below_128_has_its_form(void **state)
{
    (void)state;
    for (int escape = 0; escape < ESCAPE_COUNT; escape++) {
        for (int octet = 0; octet < 128; octet++) {
            const char text[] = {(char)octet, '\0'};
            char expected[4];
            bool param = escape == ESCAPE_PARAM;
            bool msg = escape == ESCAPE_MSG;
            bool header = escape == ESCAPE_CEF_HEADER;
            bool slashed = (octet == '\\' && !msg) || (octet == '|' && header) ||
                           (octet == '=' && escape == ESCAPE_CEF_VALUE) ||
                           ((octet == '"' || octet == ']') && param);
            if (octet == '\t' || ((octet == '\n' || octet == '\r') && (param || msg || header))) {
                snprintf(expected, sizeof expected, " ");
            } else if (octet == '\n' || octet == '\r') {
                snprintf(expected, sizeof expected, octet == '\n' ? "\\n" : "\\r");
            } else if (octet < 0x20 || octet == 0x7f) {
                snprintf(expected, sizeof expected, "\xef\xbf\xbd");
            } else {
                snprintf(expected, sizeof expected, slashed ? "\\%c" : "%c", octet);
            }
            expect((enum escape)escape, (struct slice){text, 1}, expected);
        }
    }
}

/* A marked octet at every place of runs of every length up to four times the step of the scan. */
static void finds_what_it_must_change_at_every_place(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 32; length++) {
        for (size_t place = 0; place < length; place++) {
            char text[33];
            char expected[34];
            memset(text, 'a', length);
            text[place] = '=';
            text[length] = '\0';
            memset(expected, 'a', length + 1);
            expected[place] = '\\';
            expected[place + 1] = '=';
            expected[length + 1] = '\0';
            expect(ESCAPE_CEF_VALUE, (struct slice){text, length}, expected);
        }
    }
}

static void replaces_the_controls_that_have_two_and_three_octets(void **state)
{
    (void)state;
    for (int second = 0x80; second <= 0xbf; second++) {
        const char text[] = {(char)0xc2, (char)second, '\0'};
        expect(ESCAPE_MSG, slice_of(text), second <= 0x9f ? "\xef\xbf\xbd" : text);
    }
    for (int point = 0; point < 192; point++) { /* U+2000 to U+20BF */
        const char text[] = {(char)0xe2, (char)(0x80 + point / 64), (char)(0x80 + point % 64), 0};
        expect(ESCAPE_MSG, slice_of(text), point == 0x28 || point == 0x29 ? "\xef\xbf\xbd" : text);
    }
}

static void a_lead_at_the_very_end_is_read_no_further(void **state)
{
    (void)state;
    /* cannot come from the JSON reader; exact memory, so that the sanitizer sees a read beyond */
    static const char leads[] = {(char)0xc2, (char)0xe2};
    for (size_t i = 0; i < sizeof leads; i++) {
        char *text = malloc(1);
        assert_non_null(text);
        text[0] = leads[i];
        const char expected[] = {leads[i], '\0'};
        expect(ESCAPE_MSG, (struct slice){text, 1}, expected);
        struct escape_room room = {.octets = 9, .cleaned = 9};
        assert_int_equal(escape_run(ESCAPE_MSG, (struct slice){text, 1}, &room), 1);
        free(text);
    }
}

/* A buffer nearly full of text that grows as it is cleaned, then text that does not: the fast way
 * may only be taken where the text has room at its longest. */
static void grows_the_buffer_before_it_writes(void **state)
{
    (void)state;
    for (size_t length = 64; length <= 256; length += 12) {
        for (size_t controls = 0; controls <= length; controls += 2) {
            char text[256];
            struct buffer out;
            buffer_init(&out, 4096);
            assert_true(buffer_reserve(&out, 256));
            assert_int_equal(out.capacity, 256);
            memset(text, 1, controls);
            memset(text + controls, 'a', length - controls);
            escape_append(&out, ESCAPE_MSG, (struct slice){text, length});
            assert_int_equal(buffer_result(&out), OK);
            assert_int_equal(out.length, 3 * controls + length - controls);
            assert_true(out.length <= out.capacity);
            buffer_done(&out);
        }
    }
}

/* What a run says it takes is what appending it gives. */
static void a_run_takes_what_it_says(void **state)
{
    (void)state;
    static const char text[] = "a=\\\xc3\xa9\x01\n\xe2\x80\xa8|\"]\r\t\xf0\x9f\x98\x80\xc2\x85z";
    for (int escape = 0; escape < ESCAPE_COUNT; escape++) {
        for (size_t octets = 0; octets < 64; octets++) {
            struct escape_room room = {.octets = octets, .cleaned = SIZE_MAX};
            size_t run = escape_run((enum escape)escape, slice_of(text), &room);
            struct buffer out;
            buffer_init(&out, 4096);
            escape_append(&out, (enum escape)escape, (struct slice){text, run});
            assert_int_equal(out.length, octets - room.octets);
            bool non_ascii = false;
            for (size_t i = 0; i < out.length; i++) {
                non_ascii |= (unsigned char)out.data[i] >= 0x80;
            }
            assert_int_equal(room.non_ascii, non_ascii);
            buffer_done(&out);
        }
    }
}

static void a_run_stops_before_non_ascii_when_told(void **state)
{
    (void)state;
    struct escape_room room = {.octets = 99, .cleaned = 99, .ascii_only = true};
    assert_int_equal(escape_run(ESCAPE_MSG, slice_of("ab\tc\xc3\xa9"), &room), 4);
    assert_int_equal(escape_run(ESCAPE_MSG, slice_of("ab\x01"), &room), 2);
    assert_false(room.non_ascii);
}

static void a_run_stops_at_so_many_cleaned_octets(void **state)
{
    (void)state;
    struct escape_room room = {.octets = 99, .cleaned = 7};
    /* U+FFFD has three octets, an escaped = is one */
    assert_int_equal(escape_run(ESCAPE_CEF_VALUE, slice_of("\x01\x01===="), &room), 3);
    assert_int_equal(room.octets, 99 - 3 - 3 - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_octet_below_128_has_its_form),
        cmocka_unit_test(finds_what_it_must_change_at_every_place),
        cmocka_unit_test(replaces_the_controls_that_have_two_and_three_octets),
        cmocka_unit_test(a_lead_at_the_very_end_is_read_no_further),
        cmocka_unit_test(grows_the_buffer_before_it_writes),
        cmocka_unit_test(a_run_takes_what_it_says),
        cmocka_unit_test(a_run_stops_before_non_ascii_when_told),
        cmocka_unit_test(a_run_stops_at_so_many_cleaned_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
