/* What a value of each kind may be: formats.md 1.3, line by line of its table. The values stand as
 * extras of a type that takes any field of the dictionary, which keeps its kind there. */
#include "tests/audit/event/event_reading.h"

#include <arpa/inet.h>

#define STEM "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"credential.password_expired\","

static const char *with(const char *name, const char *value)
{
    static char text[4096];
    int length = snprintf(text, sizeof text, STEM "\"%s\":%s}", name, value);
    assert_true(length > 0 && (size_t)length < sizeof text);
    return text;
}

static const char *field_of(const char *name)
{
    static char field[64];
    snprintf(field, sizeof field, "/%s", name);
    return field;
}

static void assert_takes(const char *name, const char *const *values)
{
    for (; *values != NULL; values++) {
        accepted(EVENT_FROM_RECORD, with(name, *values));
    }
}

static void assert_refuses(const char *name, enum reason reason, const char *const *values)
{
    for (; *values != NULL; values++) {
        assert_refused(EVENT_FROM_RECORD, with(name, *values), reason, field_of(name));
    }
}

/* The value of the one extra. */
static const struct event_value *extra(const char *name, const char *value)
{
    const struct event *event = accepted(EVENT_FROM_RECORD, with(name, value));
    assert_int_equal(event->extra_count, 1);
    assert_slice(event->extras[0].name, name);
    return &event->extras[0].value;
}

static const char *const wrong_kinds[] = {"true", "false", "1.5", "1e3", "[]", "[1]", "{}", NULL};

/* ---- string -----------------------------------------------------------------------------------*/

static void a_string_takes_strings_and_integers(void **state)
{
    (void)state;
    static const char *const values[] = {
        "\"\"", "\"  \"", "\"x\"", "0", "-9223372036854775808", "9223372036854775807", NULL};
    assert_takes("suser", values);
    const struct event *event = accepted(EVENT_FROM_RECORD, with("suser", "-17"));
    assert_slice(event_get(event, FIELD_SUSER)->text, "-17");
}

static void the_integer_of_a_string_is_decimal(void **state)
{
    (void)state;
    const struct event *event = accepted(EVENT_FROM_RECORD, with("suser", "-0"));
    assert_slice(event_get(event, FIELD_SUSER)->text, "0");
}

static void a_string_takes_nothing_else(void **state)
{
    (void)state;
    assert_refuses("suser", REASON_bad_type, wrong_kinds);
}

static void a_string_stands_as_sent(void **state)
{
    (void)state;
    const struct event *event = accepted(EVENT_FROM_RECORD, with("suser", "\" \\tj\\u0000 \""));
    const struct event_value *value = event_get(event, FIELD_SUSER);
    assert_int_equal(value->text.length, 5);
    assert_memory_equal(value->text.data, " \tj\0 ", 5);
}

/* ---- integer and port -------------------------------------------------------------------------*/

static void an_integer_takes_0_to_2_63_less_1(void **state)
{
    (void)state;
    static const char *const values[] = {
        "0",     "-0",        "1", "9223372036854775807", "\"0\"", "\"9223372036854775807\"",
        "\"7\"", "\" 7\\n\"", NULL};
    assert_takes("partsNeeded", values);
    assert_int_equal(extra("partsNeeded", "9223372036854775807")->integer, INT64_MAX);
    assert_int_equal(extra("partsNeeded", "\"9223372036854775807\"")->integer, INT64_MAX);
    assert_int_equal(extra("partsNeeded", "-0")->integer, 0);
    assert_int_equal(extra("partsNeeded", "\"17\"")->integer, 17);
}

static void an_integer_refuses_other_forms_of_numbers(void **state)
{
    (void)state;
    static const char *const values[] = {"-1",
                                         "\"-1\"",
                                         "\"-0\"",
                                         "\"007\"",
                                         "\"+1\"",
                                         "\"00\"",
                                         "\"3.0\"",
                                         "\"1e3\"",
                                         "\"0x1\"",
                                         "\"1 2\"",
                                         "\"seven\"",
                                         "\"9223372036854775808\"",
                                         "\"99999999999999999999\"",
                                         NULL};
    assert_refuses("partsNeeded", REASON_bad_value, values);
    static const char *const kinds[] = {"3.0", "1e3", "true", "[]", "{}", NULL};
    assert_refuses("partsNeeded", REASON_bad_type, kinds);
}

static void a_port_ends_at_65535(void **state)
{
    (void)state;
    static const char *const values[] = {"0", "65535", "\"65535\"", "\"0\"", NULL};
    assert_takes("dpt", values);
    static const char *const outside[] = {"65536", "-1", "\"65536\"", "\"022\"", NULL};
    assert_refuses("dpt", REASON_bad_value, outside);
    static const char *const kinds[] = {"22.0", "true", NULL};
    assert_refuses("dpt", REASON_bad_type, kinds);
}

/* ---- number -----------------------------------------------------------------------------------*/

static double latitude(const char *value)
{
    return event_get(accepted(EVENT_FROM_RECORD, with("latitude", value)), FIELD_LATITUDE)->real;
}

static void a_number_takes_numbers_and_numerals(void **state)
{
    (void)state;
    static const char *const values[] = {"0",
                                         "-0",
                                         "-23.6",
                                         "2e1",
                                         "-90",
                                         "90",
                                         "90.0",
                                         "\"-23.60\"",
                                         "\"0\"",
                                         "\"-0\"",
                                         "\"90\"",
                                         "\"0.5\"",
                                         "\"12.34567890123456789012345678901\"", /* 32 characters */
                                         NULL};
    assert_takes("latitude", values);
    assert_true(latitude("-23.6") == -23.6);
    assert_true(latitude("\"-23.60\"") == -23.6);
    assert_true(latitude("\"12.3456789012345678\"") == 12.3456789012345678);
}

static void a_number_refuses_other_numerals(void **state)
{
    (void)state;
    static const char *const values[] = {
        "\"01\"",    "\"+1\"",
        "\"1.\"",    "\".5\"",
        "\"-\"",     "\"--1\"",
        "\"1e1\"",   "\"1,5\"",
        "\"NaN\"",   "\"Infinity\"",
        "\"0x1p3\"", "\"1.5 N\"",
        "\"1.2.3\"", "\"12.345678901234567890123456789012\"", /* 33 characters */
        NULL};
    assert_refuses("latitude", REASON_bad_value, values);
    static const char *const kinds[] = {"true", "[]", "{}", NULL};
    assert_refuses("latitude", REASON_bad_type, kinds);
}

static void a_number_stays_within_its_bounds(void **state)
{
    (void)state;
    static const char *const outside[] = {"90.0000001", "-90.0000001", "91",
                                          "\"90.1\"",   "1e300",       NULL};
    assert_refuses("latitude", REASON_bad_value, outside);
    static const char *const inside[] = {"180", "-180", "\"180.0\"", NULL};
    assert_takes("longitude", inside);
    static const char *const beyond[] = {"180.1", "-181", NULL};
    assert_refuses("longitude", REASON_bad_value, beyond);
}

/* ---- boolean ----------------------------------------------------------------------------------*/

static void a_boolean_takes_true_and_false_alone(void **state)
{
    (void)state;
    assert_true(extra("rehearsal", "true")->boolean);
    assert_false(extra("rehearsal", "false")->boolean);
    static const char *const kinds[] = {"\"true\"", "1", "0", "\"\"", "[]", "{}", NULL};
    assert_refuses("rehearsal", REASON_bad_type, kinds);
}

/* ---- ip ---------------------------------------------------------------------------------------*/

static void an_address_is_what_inet_pton_takes(void **state)
{
    (void)state;
    static const char *const values[] = {"\"192.0.2.1\"",
                                         "\"0.0.0.0\"",
                                         "\"255.255.255.255\"",
                                         "\"::\"",
                                         "\"2001:DB8::A\"",
                                         "\"::ffff:192.0.2.1\"",
                                         "\"2001:0db8:0000:0000:0000:0000:0000:0001\"",
                                         "\" 192.0.2.1\\n\"",
                                         NULL};
    assert_takes("originIP", values);
    static const char *const outside[] = {
        "\"256.0.0.1\"",
        "\"1.2.3\"",
        "\"1.2.3.4.5\"",
        "\"01.2.3.4\"",
        "\"1.2.3.4.\"",
        "\"1..3.4\"",
        "\"0x7f.1\"",
        "\"1.2.3.4/8\"",
        "\"[::1]\"",
        "\":\"",
        "\"1::2::3\"",
        "\"12345::\"",
        "\"localhost\"",
        "\"1.2.3.4\\u0000\"",
        "\"::1\\u0000\"",
        "\"1 .2.3.4\"",
        "\"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb\"",
        NULL};
    assert_refuses("originIP", REASON_bad_value, outside);
    static const char *const kinds[] = {"1", "true", "1.5", "[]", "{}", NULL};
    assert_refuses("originIP", REASON_bad_type, kinds);
}

/* Our own dotted quad against the library, over all short texts of the characters that matter. */
static void dotted_quads_are_judged_as_inet_pton_does(void **state)
{
    (void)state;
    static const char *const parts[] = {"",    "0",   "00",  "1",    "01",  "9",   "10",
                                        "99",  "100", "199", "200",  "249", "255", "256",
                                        "260", "300", "999", "1000", "-1",  "a",   " "};
    enum { COUNT = sizeof parts / sizeof parts[0] };
    unsigned char octets[4];
    for (size_t i = 0; i < (size_t)COUNT * COUNT * 4; i++) {
        const char *first = parts[i % COUNT];
        const char *second = parts[i / COUNT % COUNT];
        char quad[64];
        switch (i / COUNT / COUNT) {
        case 0:
            snprintf(quad, sizeof quad, "%s.%s.1.2", first, second);
            break;
        case 1:
            snprintf(quad, sizeof quad, "1.2.%s.%s", first, second);
            break;
        case 2:
            snprintf(quad, sizeof quad, "%s.2.3.%s", first, second);
            break;
        default:
            snprintf(quad, sizeof quad, "%s.%s.3", first, second);
        }
        size_t length = strlen(quad); /* blanks at the ends are cleaned off */
        const char *start = quad + (quad[0] == ' ');
        quad[quad[length - 1] == ' ' ? length - 1 : length] = '\0';
        char value[80];
        snprintf(value, sizeof value, "\"%s\"", quad);
        struct event *event = NULL;
        enum err err = read_event(slice_of(with("src", value)), EVENT_FROM_RECORD, &event);
        assert_int_equal(err == OK, inet_pton(AF_INET, start, octets) == 1);
        arena_reset(&arena);
    }
}

static void a_zone_may_follow_ipv6_and_is_cut_off(void **state)
{
    (void)state;
    static const char *const values[] = {"\"fe80::1%eth0\"", "\"fe80::1%0\"",
                                         "\"fe80::1%a-b._~Z9\"",
                                         "\"fe80::1%12345678901234567890123456789012\"", NULL};
    assert_takes("dst", values);
    const struct event_value *value = extra("dst", "\"fe80::1%eth0\"");
    assert_slice(value->text, "fe80::1%eth0");
    assert_slice(value->plain, "fe80::1");
    static const char *const outside[] = {"\"fe80::1%\"",
                                          "\"fe80::1%eth 0\"",
                                          "\"192.0.2.1%eth0\"",
                                          "\"fe80::1%et%h\"",
                                          "\"fe80::1%\\u00e9\"",
                                          "\"%eth0\"",
                                          "\"fe80::1%123456789012345678901234567890123\"",
                                          NULL};
    assert_refuses("dst", REASON_bad_value, outside);
}

static void an_address_is_not_rewritten(void **state)
{
    (void)state;
    assert_slice(extra("dst", "\"2001:DB8:0::A\"")->plain, "2001:DB8:0::A");
}

/* ---- time -------------------------------------------------------------------------------------*/

static void a_time_takes_rfc_3339(void **state)
{
    (void)state;
    static const char *const values[] = {"\"2026-11-24T17:49:41Z\"",
                                         "\"2026-11-24T17:49:41.1Z\"",
                                         "\"2026-11-24T17:49:41.123456789-03:00\"",
                                         "\"2024-02-29T00:00:00Z\"",
                                         "\"9999-12-31T23:59:59Z\"",
                                         "\"1970-01-01T00:00:00Z\"",
                                         NULL};
    assert_takes("createdAt", values);
    /* date -u -d 2026-11-24T17:40:00Z +%s */
    assert_int_equal(extra("createdAt", "\"2026-11-24T17:40:00Z\"")->integer,
                     INT64_C(1795542000000000));
    assert_int_equal(extra("createdAt", "\"2026-11-24T14:40:00.9999999-03:00\"")->integer,
                     INT64_C(1795542000999999));
    static const char *const outside[] = {"\"2026-11-24t17:49:41Z\"",
                                          "\"2026-11-24T17:49:41z\"",
                                          "\"2026-11-24T17:49:41\"",
                                          "\"2026-11-24T17:49:60Z\"",
                                          "\"2026-02-29T00:00:00Z\"",
                                          "\"1969-12-31T23:59:59Z\"",
                                          "\"9999-12-31T23:59:59-00:01\"",
                                          "\"2026-11-24T17:49Z\"",
                                          "\"2026-11-24\"",
                                          "\"2026-11-24T17:49:41.Z\"",
                                          "\"2026-11-24T17:49:41.1234567890Z\"",
                                          "\"yesterday\"",
                                          "\"2026-11-24T17:49:41+0100\"",
                                          NULL};
    assert_refuses("createdAt", REASON_bad_value, outside);
    static const char *const kinds[] = {"1795542000", "true", "[]", NULL};
    assert_refuses("createdAt", REASON_bad_type, kinds);
}

static void a_time_takes_the_printed_form_which_is_utc(void **state)
{
    (void)state;
    /* date -u -d '2017-01-19 10:41:00' +%s */
    assert_int_equal(extra("validFrom", "\"2017-01-19 10:41:00\"")->integer,
                     INT64_C(1484822460000000));
    assert_int_equal(extra("validFrom", "\" 2017-01-19\\t10:41:00 \"")->integer,
                     INT64_C(1484822460000000)); /* cleaned first */
    static const char *const outside[] = {"\"2017-01-19 10:41\"",      "\"2017-01-19 10:41:00Z\"",
                                          "\"2017-01-19 10:41:00.5\"", "\"2017-01-19  10:41:00\"",
                                          "\"19/01/2017 10:41:00\"",   NULL};
    assert_refuses("validFrom", REASON_bad_value, outside);
}

static void a_time_stands_as_sent(void **state)
{
    (void)state;
    assert_slice(extra("validFrom", "\"2017-01-19 10:41:00\"")->text, "2017-01-19 10:41:00");
}

/* ---- hash, sha256, enum -----------------------------------------------------------------------*/

static void a_hash_is_8_to_128_hexadecimal_digits(void **state)
{
    (void)state;
    char longest[133] = "\"";
    memset(longest + 1, 'a', 128);
    longest[129] = '"';
    char too_long[133] = "\"";
    memset(too_long + 1, 'a', 130);
    too_long[131] = '"';
    const char *const values[] = {"\"cbf43926\"", "\"CBF4392aa7\"", longest, NULL};
    assert_takes("fileHash", values);
    const char *const outside[] = {
        "\"cbf439\"", "\"cbf439267\"", "\"cbf4392g\"", "\"0xcbf43926\"", "\"cbf4 3926\"", too_long,
        NULL};
    assert_refuses("fileHash", REASON_bad_value, outside);
    static const char *const kinds[] = {"12345678", "true", NULL};
    assert_refuses("fileHash", REASON_bad_type, kinds);
}

static void a_sha256_is_64_small_hexadecimal_digits(void **state)
{
    (void)state;
    static const char *const values[] = {
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"", NULL};
    assert_takes("rootHash", values);
    static const char *const outside[] = {
        "\"E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85\"",
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85500\"", NULL};
    assert_refuses("rootHash", REASON_bad_value, outside);
}

static void an_enum_is_one_of_its_words_exactly(void **state)
{
    (void)state;
    static const char *const values[] = {"\"success\"", "\"failure\"", NULL};
    assert_takes("outcome", values);
    static const char *const outside[] = {"\"Success\"", "\"succes\"", "\"success failure\"", NULL};
    assert_refuses("outcome", REASON_bad_value, outside);
    static const char *const kinds[] = {"1", "true", NULL};
    assert_refuses("outcome", REASON_bad_type, kinds);
}

/* ---- empty ------------------------------------------------------------------------------------*/

static void an_empty_string_of_another_kind_is_no_value(void **state)
{
    (void)state;
    static const char *const names[] = {"dst",      "partsNeeded", "dpt",    "createdAt",
                                        "fileHash", "rootHash",    "outcome"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(accepted(EVENT_FROM_RECORD, with(names[i], "\"\""))->extra_count, 0);
        assert_int_equal(accepted(EVENT_FROM_RECORD, with(names[i], "\" \\t\""))->extra_count, 0);
    }
    const struct event *event = accepted(EVENT_FROM_RECORD, with("latitude", "\"\""));
    assert_null(event_get(event, FIELD_LATITUDE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_takes_strings_and_integers),
        cmocka_unit_test(the_integer_of_a_string_is_decimal),
        cmocka_unit_test(a_string_takes_nothing_else),
        cmocka_unit_test(a_string_stands_as_sent),
        cmocka_unit_test(an_integer_takes_0_to_2_63_less_1),
        cmocka_unit_test(an_integer_refuses_other_forms_of_numbers),
        cmocka_unit_test(a_port_ends_at_65535),
        cmocka_unit_test(a_number_takes_numbers_and_numerals),
        cmocka_unit_test(a_number_refuses_other_numerals),
        cmocka_unit_test(a_number_stays_within_its_bounds),
        cmocka_unit_test(a_boolean_takes_true_and_false_alone),
        cmocka_unit_test(an_address_is_what_inet_pton_takes),
        cmocka_unit_test(dotted_quads_are_judged_as_inet_pton_does),
        cmocka_unit_test(a_zone_may_follow_ipv6_and_is_cut_off),
        cmocka_unit_test(an_address_is_not_rewritten),
        cmocka_unit_test(a_time_takes_rfc_3339),
        cmocka_unit_test(a_time_takes_the_printed_form_which_is_utc),
        cmocka_unit_test(a_time_stands_as_sent),
        cmocka_unit_test(a_hash_is_8_to_128_hexadecimal_digits),
        cmocka_unit_test(a_sha256_is_64_small_hexadecimal_digits),
        cmocka_unit_test(an_enum_is_one_of_its_words_exactly),
        cmocka_unit_test(an_empty_string_of_another_kind_is_no_value),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
