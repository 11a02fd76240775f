/* The record, octet for octet: contract section 5. */
#include "tests/audit/event/event_reading.h"

#define TIME "\"time\":\"2026-11-24T17:49:41.123456Z\""
#define INCIDENT "{" TIME ",\"type\":\"incident.updated\",\"msg\":\"m\""

static void assert_encodes(const char *text, const char *wanted)
{
    assert_string_equal(encoded(accepted(EVENT_FROM_RECORD, text)), wanted);
}

static void members_stand_in_the_order_of_the_contract(void **state)
{
    (void)state;
    /* the example of the contract, its members turned round */
    assert_encodes(
        "{\"spriv\":\"User\",\"sname\":\"Jos\xc3\xa9 da Silva\",\"suser\":\"jsilva\",\"suid\":7,"
        "\"partsSent\":\"3\",\"partsNeeded\":3,\"index\":5,\"longitude\":-46.7,"
        "\"latitude\":\"-23.60\",\"city\":\"Taboao da Serra\",\"state\":\"Sao Paulo\","
        "\"country\":\"Brazil\",\"originIP\":\"203.0.113.9\",\"via\":\"workflow/pam\","
        "\"dvc\":\"192.0.2.17\",\"pid\":1426,\"event\":\"u\","
        "\"type\":\"master_key.recovery_failed\","
        "\"received\":\"2026-11-24T18:49:42+01:00\"," TIME "}",
        "{" TIME ",\"received\":\"2026-11-24T17:49:42.000000Z\","
        "\"type\":\"master_key.recovery_failed\",\"event\":\"u\",\"pid\":1426,"
        "\"dvc\":\"192.0.2.17\",\"via\":\"workflow/pam\",\"suid\":\"7\",\"suser\":\"jsilva\","
        "\"sname\":\"Jos\xc3\xa9 da Silva\",\"spriv\":\"User\",\"originIP\":\"203.0.113.9\","
        "\"geo\":{\"country\":\"Brazil\",\"state\":\"Sao Paulo\",\"city\":\"Taboao da Serra\","
        "\"latitude\":-23.6,\"longitude\":-46.7},\"partsNeeded\":3,\"partsSent\":3}");
}

static void absent_facts_have_no_member(void **state)
{
    (void)state;
    assert_encodes("{" TIME ",\"type\":\"credential.password_expired\",\"geo\":{},\"suid\":null}",
                   "{" TIME ",\"type\":\"credential.password_expired\"}");
}

static void the_index_is_not_stored(void **state)
{
    (void)state;
    struct event *event = accepted(EVENT_FROM_RECORD, INCIDENT "}");
    event->index = 17;
    assert_string_equal(encoded(event), INCIDENT "}");
}

static void times_of_the_record_are_utc_with_six_digits(void **state)
{
    (void)state;
    assert_encodes(
        "{\"time\":\"2026-03-01T00:30:00.999999999+01:00\",\"type\":\"incident.updated\","
        "\"msg\":\"m\",\"received\":\"2026-03-01T00:00:00Z\"}",
        "{\"time\":\"2026-02-28T23:30:00.999999Z\","
        "\"received\":\"2026-03-01T00:00:00.000000Z\",\"type\":\"incident.updated\","
        "\"msg\":\"m\"}");
}

static void other_times_stand_as_sent(void **state)
{
    (void)state;
    assert_encodes(INCIDENT ",\"createdAt\":\"2026-11-24T14:40:00-03:00\","
                            "\"changedAt\":\"2026-11-24 18:00:00\"}",
                   INCIDENT ",\"createdAt\":\"2026-11-24T14:40:00-03:00\","
                            "\"changedAt\":\"2026-11-24 18:00:00\"}");
}

static void strings_stand_as_sent(void **state)
{
    (void)state;
    assert_encodes(
        INCIDENT ",\"suser\":\" j\\tsilva \",\"dhost\":\"\",\"originIP\":\" fe80::1%eth0\"}",
        INCIDENT ",\"suser\":\" j\\tsilva \",\"dhost\":\"\",\"originIP\":\" fe80::1%eth0\"}");
}

static void only_what_json_demands_is_escaped(void **state)
{
    (void)state;
    assert_encodes(
        "{" TIME ",\"type\":\"incident.updated\",\"msg\":\"\\u0022\\\\\\/\\b\\f\\n\\r\\t\\u0000"
        "\\u001F\\u007f\\u00e9\\u2028\\ud83d\\ude00\"}",
        "{" TIME ",\"type\":\"incident.updated\",\"msg\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000"
        "\\u001f\x7f\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\"}");
}

static void extras_follow_as_sent_and_keep_their_json_kind(void **state)
{
    (void)state;
    static const char text[] =
        INCIDENT ",\"zulu\":\"1\",\"alpha\":-1,\"urgent\":true,\"calm\":false,\"dpt\":\"443\","
                 "\"partsNeeded\":3,\"app\":-7,\"dst\":\" ::1%e\",\"empty\":\"\","
                 "\"validFrom\":\"2017-01-19 10:41:00\",\"rehearsal\":true}";
    assert_encodes(text, text);
}

static void numerals_in_integer_fields_become_numbers(void **state)
{
    (void)state;
    assert_encodes("{" TIME ",\"type\":\"session.started\",\"suser\":\"j\",\"sname\":\"J\","
                   "\"dhost\":\"db\",\"dpt\":\" 5432 \",\"duser\":\"r\",\"credentialType\":\"c\"}",
                   "{" TIME ",\"type\":\"session.started\",\"suser\":\"j\",\"sname\":\"J\","
                   "\"dhost\":\"db\",\"dpt\":5432,\"duser\":\"r\",\"credentialType\":\"c\"}");
}

/* ---- its length -------------------------------------------------------------------------------*/

/* An incident whose record has that many octets. */
static struct event *event_of(size_t octets)
{
    size_t frame = strlen("{" TIME ",\"type\":\"incident.updated\",\"msg\":\"\"}");
    struct event *event = event_new(&arena, EVENT_INCIDENT_UPDATED);
    assert_non_null(event);
    event->time_us = INT64_C(1795542581123456);
    char *text = arena_allocate(&arena, octets);
    assert_non_null(text);
    memset(text, 'x', octets);
    event_set_text(event, FIELD_MSG, (struct slice){text, octets - frame});
    return event;
}

static void a_record_of_65535_octets_passes_and_one_more_does_not(void **state)
{
    (void)state;
    assert_int_equal(strlen(encoded(event_of(EVENT_RECORD_MAX))), 65535);
    buffer_reset(&record);
    buffer_append_text(&record, "before");
    fault_clear(&fault);
    assert_int_equal(event_encode(event_of(EVENT_RECORD_MAX + 1), &record, &fault),
                     ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_too_long);
    assert_true(slice_is(buffer_slice(&record), "before")); /* nothing is left behind */
    assert_int_equal(buffer_result(&record), OK);
}

static void what_stands_in_the_buffer_before_does_not_count(void **state)
{
    (void)state;
    buffer_reset(&record);
    assert_true(buffer_reserve(&record, EVENT_RECORD_MAX));
    memset(record.data, 'y', EVENT_RECORD_MAX);
    record.length = EVENT_RECORD_MAX;
    assert_int_equal(event_encode(event_of(EVENT_RECORD_MAX), &record, &fault), OK);
    assert_int_equal(record.length, 2 * EVENT_RECORD_MAX);
}

static void a_buffer_that_is_too_small_is_too_long_as_well(void **state)
{
    (void)state;
    struct buffer small;
    buffer_init(&small, 300);
    fault_clear(&fault);
    assert_int_equal(event_encode(event_of(301), &small, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_too_long);
    assert_int_equal(small.length, 0);
    buffer_done(&small);
    buffer_init(&small, 300);
    assert_int_equal(event_encode(event_of(300), &small, &fault), OK);
    buffer_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_stand_in_the_order_of_the_contract),
        cmocka_unit_test(absent_facts_have_no_member),
        cmocka_unit_test(the_index_is_not_stored),
        cmocka_unit_test(times_of_the_record_are_utc_with_six_digits),
        cmocka_unit_test(other_times_stand_as_sent),
        cmocka_unit_test(strings_stand_as_sent),
        cmocka_unit_test(only_what_json_demands_is_escaped),
        cmocka_unit_test(extras_follow_as_sent_and_keep_their_json_kind),
        cmocka_unit_test(numerals_in_integer_fields_become_numbers),
        cmocka_unit_test(a_record_of_65535_octets_passes_and_one_more_does_not),
        cmocka_unit_test(what_stands_in_the_buffer_before_does_not_count),
        cmocka_unit_test(a_buffer_that_is_too_small_is_too_long_as_well),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
