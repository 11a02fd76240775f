/* Products of FIPS 197 section 4.2, and the laws of a field. */
#include "tests/ceremony/slip39/help.h"

#include "ceremony/slip39/gf256.h"

static void products_are_those_of_fips_197(void **state)
{
    (void)state;
    assert_int_equal(gf256_multiply(0x57, 0x83), 0xc1);
    assert_int_equal(gf256_multiply(0x57, 0x13), 0xfe);
    assert_int_equal(gf256_multiply(0x57, 0x02), 0xae);
    assert_int_equal(gf256_multiply(0x57, 0x10), 0x07);
}

static void every_element_but_zero_has_its_inverse(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 256; i++) {
        assert_int_equal(gf256_multiply((uint8_t)i, gf256_invert((uint8_t)i)), 1);
    }
}

static void factor_and_secret_may_change_places(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            assert_int_equal(gf256_multiply((uint8_t)a, (uint8_t)b),
                             gf256_multiply((uint8_t)b, (uint8_t)a));
        }
    }
}

static void adds_a_multiple_of_each_octet(void **state)
{
    (void)state;
    const uint8_t secret[3] = {0x83, 0x13, 0x00};
    uint8_t sum[3] = {0x01, 0x02, 0x03};
    gf256_multiply_add(sum, 0x57, secret, sizeof sum);
    const uint8_t expected[3] = {0xc1 ^ 0x01, 0xfe ^ 0x02, 0x03};
    assert_memory_equal(sum, expected, sizeof expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_fips_197),
        cmocka_unit_test(every_element_but_zero_has_its_inverse),
        cmocka_unit_test(factor_and_secret_may_change_places),
        cmocka_unit_test(adds_a_multiple_of_each_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
