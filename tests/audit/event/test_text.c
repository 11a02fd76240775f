/* Cleaning: formats.md 1.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/event/text.h"

#define FFFD "\xef\xbf\xbd"

/* The text lies at the end of its block, so that a sanitizer sees an octet too far. */
static void assert_cleaned(const char *text, size_t length, const char *wanted)
{
    char *copy = malloc(length + 1);
    char *out = malloc(TEXT_CLEAN_GROWTH * length + 1);
    assert_true(copy != NULL && out != NULL);
    memcpy(copy + 1, text, length);
    struct slice slice = {copy + 1, length};
    struct slice cleaned = {out, text_clean(slice, out)};
    struct slice borrowed = {NULL, 0};
    if (!slice_is(cleaned, wanted)) {
        fail_msg("\"%.*s\" gives \"%.*s\", not \"%s\"", (int)length, text, (int)cleaned.length, out,
                 wanted);
    }
    if (text_clean_borrow(slice, &borrowed)) {
        assert_true(slice_equal(borrowed, cleaned));
        assert_true(slice_equal(text_trim(slice), cleaned));
    } else {
        assert_false(slice_equal(text_trim(slice), cleaned));
    }
    assert_int_equal(text_is_empty(slice), cleaned.length == 0);
    free(copy);
    free(out);
}

static void assert_clean(const char *text, const char *wanted)
{
    assert_cleaned(text, strlen(text), wanted);
}

static void leaves_plain_text_alone(void **state)
{
    (void)state;
    assert_clean("", "");
    assert_clean("a", "a");
    assert_clean("Jos\xc3\xa9 da Silva", "Jos\xc3\xa9 da Silva");
    assert_clean("N\xc2\xba 7 \xe2\x82\xac 5 \xe2\x80\xa6",
                 "N\xc2\xba 7 \xe2\x82\xac 5 \xe2\x80\xa6");
}

static void a_tab_becomes_a_space(void **state)
{
    (void)state;
    assert_clean("a\tb", "a b");
    assert_clean("twelve or more\toctets", "twelve or more octets");
}

static void line_ends_inside_stay(void **state)
{
    (void)state;
    assert_clean("a\nb\r\nc", "a\nb\r\nc");
    assert_clean("one line\nand another\rone", "one line\nand another\rone");
}

static void blanks_are_taken_off_both_ends(void **state)
{
    (void)state;
    assert_clean(" \t\r\n a  b \n\r\t ", "a  b");
    assert_clean(" ", "");
    assert_clean("\t\n\r ", "");
}

static void no_other_blank_is_taken_off(void **state)
{
    (void)state;
    /* no-break space, ideographic space, vertical tab (a control: it is replaced) */
    assert_clean("\xc2\xa0x\xc2\xa0", "\xc2\xa0x\xc2\xa0");
    assert_clean("\xe3\x80\x80x", "\xe3\x80\x80x");
    assert_clean("\x0bx\x0c", FFFD "x" FFFD);
}

static void every_other_control_becomes_the_replacement_character(void **state)
{
    (void)state;
    for (unsigned control = 0; control < 0x20; control++) {
        char text[] = {'a', (char)control, 'b'};
        if (control != '\t' && control != '\n' && control != '\r') {
            assert_cleaned(text, 3, "a" FFFD "b");
        }
    }
    assert_clean("a\x7f"
                 "b",
                 "a" FFFD "b");
    for (unsigned control = 0x80; control < 0xa0; control++) {
        char text[] = {'a', (char)0xc2, (char)control, 'b', '\0'};
        assert_clean(text, "a" FFFD "b");
    }
    assert_clean("a\xe2\x80\xa8"
                 "b\xe2\x80\xa9",
                 "a" FFFD "b" FFFD);
}

static void neighbours_of_the_controls_stay(void **state)
{
    (void)state;
    assert_clean("~\xc2\xa0!", "~\xc2\xa0!");                             /* U+007E, U+00A0 */
    assert_clean("\xe2\x80\xa7\xe2\x80\xaa", "\xe2\x80\xa7\xe2\x80\xaa"); /* U+2027, U+202A */
    assert_clean("\xe2\x81\xa8\xe2\x82\xa9", "\xe2\x81\xa8\xe2\x82\xa9"); /* U+2068, U+20A9 */
}

static void right_to_left_marks_and_emoji_are_text(void **state)
{
    (void)state;
    assert_clean("\xe2\x80\xaeRTL \xf0\x9f\x98\x80", "\xe2\x80\xaeRTL \xf0\x9f\x98\x80");
}

/* Whatever stands before and behind, at every distance from a word's border. */
static void finds_a_control_at_every_place(void **state)
{
    (void)state;
    static const char *const controls[] = {"\x01", "\x7f", "\xc2\x85", "\xe2\x80\xa8"};
    for (size_t kind = 0; kind < 4; kind++) {
        for (size_t before = 0; before < 20; before++) {
            for (size_t after = 0; after < 20; after++) {
                char text[64];
                char wanted[64];
                const char *xs = "xxxxxxxxxxxxxxxxxxxx";
                const char *ys = "yyyyyyyyyyyyyyyyyyyy";
                snprintf(text, sizeof text, "%.*s%s%.*s", (int)before, xs, controls[kind],
                         (int)after, ys);
                snprintf(wanted, sizeof wanted, "%.*s" FFFD "%.*s", (int)before, xs, (int)after,
                         ys);
                assert_clean(text, wanted);
            }
        }
    }
}

/* Octets that are not UTF-8 never come here, but must not be read beyond. */
static void a_cut_sequence_at_the_end_is_not_read_beyond(void **state)
{
    (void)state;
    assert_clean("x\xc2", "x\xc2");
    assert_clean("x\xe2\x80", "x\xe2\x80");
    assert_clean("x\xe2", "x\xe2");
}

static void an_address_loses_its_zone(void **state)
{
    (void)state;
    assert_true(slice_is(text_address(slice_of("fe80::1%eth0")), "fe80::1"));
    assert_true(slice_is(text_address(slice_of(" 192.0.2.1\n")), "192.0.2.1"));
    assert_true(slice_is(text_address(slice_of("")), ""));
    assert_true(slice_is(text_address((struct slice){NULL, 0}), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_plain_text_alone),
        cmocka_unit_test(a_tab_becomes_a_space),
        cmocka_unit_test(line_ends_inside_stay),
        cmocka_unit_test(blanks_are_taken_off_both_ends),
        cmocka_unit_test(no_other_blank_is_taken_off),
        cmocka_unit_test(every_other_control_becomes_the_replacement_character),
        cmocka_unit_test(neighbours_of_the_controls_stay),
        cmocka_unit_test(right_to_left_marks_and_emoji_are_text),
        cmocka_unit_test(finds_a_control_at_every_place),
        cmocka_unit_test(a_cut_sequence_at_the_end_is_not_read_beyond),
        cmocka_unit_test(an_address_loses_its_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
