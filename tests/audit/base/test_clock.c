/* Times: what RFC 3339 text means, and what is not a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/base/clock.h"

static int64_t parsed(const char *text)
{
    int64_t us = -1;
    return clock_parse(slice_of(text), &us) ? us : -1;
}

static void reads_the_examples_of_rfc_3339(void **state)
{
    (void)state;
    /* Seconds since 1970 as `date -d … +%s` gives them for the examples of RFC 3339 section 5.8. */
    assert_int_equal(parsed("1996-12-19T16:39:57-08:00"), INT64_C(851042397000000));
    assert_int_equal(parsed("1996-12-20T00:39:57Z"), INT64_C(851042397000000));
    assert_int_equal(parsed("1985-04-12T23:20:50.52Z"), INT64_C(482196050520000));
}

static void cuts_fractions_beyond_microseconds(void **state)
{
    (void)state;
    assert_int_equal(parsed("1970-01-01T00:00:00.999999999Z"), 999999);
    assert_int_equal(parsed("1970-01-01T00:00:01.1Z"), 1100000);
}

static void refuses_what_is_no_time(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-02-29T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T17:49:60Z",
        "2026-11-24t17:49:00Z",
        "2026-11-24T17:49:00z",
        "2026-11-24T17:49:00",
        "2026-11-24T17:49:00.Z",
        "2026-11-24T17:49:00.1234567890Z",
        "2026-11-24T17:49:00+24:00",
        "2026-11-24T17:49:00Z ",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-11-24 17:49:00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parsed(bad[i]), -1);
    }
}

static void every_day_comes_back_as_it_went(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 2932897; day += 13) { /* to 9999-12-31 */
        int64_t us = day * INT64_C(86400000000) + 45296123456;
        char text[CLOCK_TEXT_BYTES];
        clock_format(us, text);
        assert_int_equal(parsed(text), us);
    }
}

static void leap_days_are_days(void **state)
{
    (void)state;
    assert_int_equal(parsed("2000-02-29T00:00:00Z"), INT64_C(951782400000000));
    assert_int_equal(parsed("2100-02-29T00:00:00Z"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_examples_of_rfc_3339),
        cmocka_unit_test(cuts_fractions_beyond_microseconds),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(every_day_comes_back_as_it_went),
        cmocka_unit_test(leap_days_are_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
