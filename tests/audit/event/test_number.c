/* Text of a number: what the C library prints for %.4f, without trailing zeros (formats.md 1.3). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit/event/event.h"

static void assert_printed(double value, const char *wanted)
{
    char text[EVENT_NUMBER_BYTES];
    event_number_text(value, text, sizeof text);
    assert_string_equal(text, wanted);
}

/* The rule itself, by the library. */
static void print_by_rule(double value, char *out, size_t size)
{
    int length = snprintf(out, size, "%.4f", value);
    while (out[length - 1] == '0') {
        length--;
    }
    length -= out[length - 1] == '.';
    out[length] = '\0';
    if (out[0] == '-' && out[1] == '0' && out[2] == '\0') {
        memmove(out, out + 1, 2);
    }
}

static void takes_trailing_zeros_off(void **state)
{
    (void)state;
    assert_printed(-23.6, "-23.6");
    assert_printed(35.68950, "35.6895");
    assert_printed(139.6917123, "139.6917");
    assert_printed(100, "100");
    assert_printed(-46.70000001, "-46.7");
    assert_printed(0.0001, "0.0001");
    assert_printed(9.99995, "10"); /* the double lies above the tie */
}

static void minus_zero_is_zero(void **state)
{
    (void)state;
    assert_printed(0.0, "0");
    assert_printed(-0.0, "0");
    assert_printed(-0.00004, "0");
    assert_printed(-0.00006, "-0.0001");
    assert_printed(-4.9e-324, "0");
}

static void ties_go_to_the_even_digit(void **state)
{
    (void)state;
    /* Exact in binary: 1/32 = 0.03125, 3/32 = 0.09375, 0.00390625 */
    assert_printed(1.0 / 32, "0.0312");
    assert_printed(3.0 / 32, "0.0938");
    assert_printed(5 + 1.0 / 32, "5.0312");
    assert_printed(1.0 / 256, "0.0039");
}

static void agrees_with_the_library_everywhere(void **state)
{
    (void)state;
    char wanted[EVENT_NUMBER_BYTES];
    uint64_t seed = 88172645463325252;
    for (int i = 0; i < 300000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        double value;
        switch (i % 4) {
        case 0: /* any double at all */
            memcpy(&value, &seed, sizeof value);
            break;
        case 1: /* coordinates */
            value = ((double)(seed % 3600000001) - 1.8e9) / 1e7;
            break;
        case 2: /* ties */
            value = (double)(seed % 10000000) / 32768.0;
            break;
        default:
            value = ldexp((double)(seed >> 11), -(int)(seed % 80));
        }
        if (isfinite(value)) {
            print_by_rule(value, wanted, sizeof wanted);
            assert_printed(value, wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_trailing_zeros_off),
        cmocka_unit_test(minus_zero_is_zero),
        cmocka_unit_test(ties_go_to_the_even_digit),
        cmocka_unit_test(agrees_with_the_library_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
