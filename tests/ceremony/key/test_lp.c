/* The encoding as parts.md words it: 4 octets of length, big-endian, then the field's octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ceremony/key/lp.h"

static void puts_four_octets_of_length_before_each_field(void **state)
{
    (void)state;
    static const char expected[] = "\0\0\0\2ab\0\0\0\0\0\0\0\3c\0d";
    const struct slice fields[] = {slice_of("ab"), {NULL, 0}, {"c\0d", 3}};
    uint8_t out[64];
    assert_int_equal(lp_length(fields, 3), sizeof expected - 1);
    assert_int_equal(lp_write(fields, 3, out), sizeof expected - 1);
    assert_memory_equal(out, expected, sizeof expected - 1);
    assert_int_equal(LP_BYTES(3, 5), sizeof expected - 1);
}

static void writes_lengths_of_more_than_an_octet(void **state)
{
    (void)state;
    static char field[0x012345];
    static uint8_t out[4 + sizeof field];
    const struct slice fields[] = {{field, sizeof field}};
    memset(field, 'x', sizeof field);
    assert_int_equal(lp_write(fields, 1, out), sizeof out);
    assert_memory_equal(out, "\x00\x01\x23\x45xxx", 7);
    assert_int_equal(out[sizeof out - 1], 'x');
}

static void no_fields_are_no_octets(void **state)
{
    (void)state;
    uint8_t out[1] = {7};
    assert_int_equal(lp_write(NULL, 0, out), 0);
    assert_int_equal(out[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_four_octets_of_length_before_each_field),
        cmocka_unit_test(writes_lengths_of_more_than_an_octet),
        cmocka_unit_test(no_fields_are_no_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
