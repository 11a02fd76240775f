/* Which members an event may have: formats.md 1.1, 1.2, 1.4, and what the contract's section 4 says
 * of producers. Values are test_value.c. */
#include "tests/audit/event/event_reading.h"

#define TIME "\"time\":\"2026-11-24T17:49:41.123456Z\""
#define COMMON "{" TIME ",\"type\":\"credential.password_expired\"" /* takes extras */
#define INCIDENT "{" TIME ",\"type\":\"incident.updated\",\"msg\":\"m\""
#define VIEWED                                                                   \
    "{" TIME ",\"type\":\"information.viewed\",\"suser\":\"j\",\"sname\":\"J\"," \
    "\"information\":\"i\"" /* takes none */

/* Refused with a reason of the JSON reader, before it is an event. */
static void assert_not_json(struct slice text, enum reason reason)
{
    struct event *event = NULL;
    fault_clear(&fault);
    assert_int_equal(event_decode(&arena, text, 1, &event, &fault), ERR_PARSE);
    assert_null(event);
    if (fault.reason != reason) {
        fail_msg("%.*s: %s", (int)text.length, text.data, reason_word(fault.reason));
    }
}

/* ---- 1.1 and 1.2: the object ------------------------------------------------------------------*/

static void refuses_what_is_not_utf_8(void **state)
{
    (void)state;
    assert_not_json(slice_of(COMMON ",\"suser\":\"\xe9\"}"), REASON_bad_utf8);
    assert_not_json(slice_of(COMMON ",\"suser\":\"\xc0\xaf\"}"), REASON_bad_utf8);
    assert_not_json(slice_of(COMMON ",\"suser\":\"\xed\xa0\x80\"}"), REASON_bad_utf8);
}

static void refuses_what_is_not_one_json_object(void **state)
{
    (void)state;
    assert_not_json(slice_of(""), REASON_bad_json);
    assert_not_json(slice_of("{} {}"), REASON_bad_json);
    assert_not_json(slice_of("{\"type\":"), REASON_bad_json);
    assert_refused(EVENT_FROM_RECORD, "[]", REASON_bad_json, "");
    assert_refused(EVENT_FROM_RECORD, "\"x\"", REASON_bad_json, "");
    assert_refused(EVENT_FROM_PRODUCER, "7", REASON_bad_json, "");
}

static void refuses_nan_infinity_and_half_a_surrogate_pair(void **state)
{
    (void)state;
    assert_not_json(slice_of(COMMON ",\"latitude\":NaN}"), REASON_bad_json);
    assert_not_json(slice_of(COMMON ",\"latitude\":-Infinity}"), REASON_bad_json);
    assert_not_json(slice_of(COMMON ",\"latitude\":1e999}"), REASON_bad_json);
    assert_not_json(slice_of(COMMON ",\"suser\":\"\\ud800\"}"), REASON_bad_json);
    assert_not_json(slice_of(COMMON ",\"suser\":\"\\udc00\\ud800\"}"), REASON_bad_json);
}

static void refuses_a_member_name_twice(void **state)
{
    (void)state;
    assert_not_json(slice_of(COMMON ",\"suser\":\"a\",\"suser\":\"a\"}"), REASON_duplicate);
    assert_not_json(slice_of(COMMON ",\"suser\":\"a\",\"s\\u0075ser\":null}"), REASON_duplicate);
    assert_not_json(slice_of(COMMON ",\"geo\":{\"city\":\"a\",\"city\":\"b\"}}"), REASON_duplicate);
}

static void refuses_an_unknown_or_missing_type(void **state)
{
    (void)state;
    assert_refused(EVENT_FROM_RECORD, "{}", REASON_missing_field, "/type");
    assert_refused(EVENT_FROM_RECORD, "{" TIME ",\"type\":null}", REASON_missing_field, "/type");
    assert_refused(EVENT_FROM_RECORD, "{" TIME ",\"type\":\" \"}", REASON_missing_field, "/type");
    assert_refused(EVENT_FROM_RECORD, "{" TIME ",\"type\":\"no.such\"}", REASON_unknown_type,
                   "/type");
    assert_refused(EVENT_FROM_RECORD, "{" TIME ",\"type\":7}", REASON_unknown_type, "/type");
    assert_refused(EVENT_FROM_RECORD, "{" TIME ",\"type\":true}", REASON_bad_type, "/type");
    assert_refused(EVENT_FROM_PRODUCER, "{\"type\":[]}", REASON_bad_type, "/type");
}

static void takes_members_in_any_order(void **state)
{
    (void)state;
    const struct event *event =
        accepted(EVENT_FROM_RECORD, "{\"information\":\"i\",\"sname\":\"J\",\"suser\":\"j\","
                                    "\"type\":\"information.viewed\"," TIME "}");
    assert_ptr_equal(event->type, catalogue_type(EVENT_INFORMATION_VIEWED));
    assert_slice(event_get(event, FIELD_SUSER)->text, "j");
}

static void null_counts_as_absent_whatever_the_name(void **state)
{
    (void)state;
    const struct event *event =
        accepted(EVENT_FROM_RECORD, VIEWED ",\"suid\":null,\"nothing\":null,\"geo\":null,"
                                           "\"pid\":null,\"index\":null,\"act\":null}");
    assert_null(event_get(event, FIELD_SUID));
    assert_int_equal(event->pid, -1);
    assert_int_equal(event->extra_count, 0);
    accepted(EVENT_FROM_PRODUCER, VIEWED ",\"event\":null,\"act\":null}");
    assert_refused(EVENT_FROM_RECORD,
                   "{" TIME ",\"type\":\"information.viewed\",\"suser\":null,\"sname\":\"J\","
                   "\"information\":\"i\"}",
                   REASON_missing_field, "/suser");
}

static void a_required_field_that_is_empty_when_cleaned_is_missing(void **state)
{
    (void)state;
    static const char *const empty[] = {"\"\"", "\" \"", "\"\\t\\r\\n\""};
    char text[512];
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text,
                 "{" TIME ",\"type\":\"information.viewed\",\"suser\":\"j\",\"sname\":%s,"
                 "\"information\":\"i\"}",
                 empty[i]);
        assert_refused(EVENT_FROM_RECORD, text, REASON_missing_field, "/sname");
    }
    /* a control character is something: it is shown as U+FFFD */
    accepted(EVENT_FROM_RECORD, "{" TIME ",\"type\":\"information.viewed\",\"suser\":\"j\","
                                "\"sname\":\"\\u0001\",\"information\":\"i\"}");
}

static void required_fields_of_other_kinds_may_not_be_empty_either(void **state)
{
    (void)state;
    assert_refused(EVENT_FROM_RECORD,
                   "{" TIME ",\"type\":\"master_key.recovery_failed\",\"suser\":\"j\","
                   "\"sname\":\"J\",\"spriv\":\"U\",\"originIP\":\"\",\"partsNeeded\":3,"
                   "\"partsSent\":3}",
                   REASON_missing_field, "/originIP");
}

/* ---- the record's own members -----------------------------------------------------------------*/

static void reads_the_daemons_own_members_of_a_record(void **state)
{
    (void)state;
    const struct event *event =
        accepted(EVENT_FROM_RECORD, VIEWED
                 ",\"received\":\"2026-11-24T17:49:42+01:00\",\"event\":\"u\",\"pid\":\"1426\","
                 "\"dvc\":\"192.0.2.17\",\"via\":\"producer/pam\",\"index\":17}");
    assert_true(event->has_time);
    /* date -u -d 2026-11-24T17:49:41Z +%s */
    assert_int_equal(event->time_us, INT64_C(1795542581123456));
    assert_int_equal(event->received_us, INT64_C(1795538982000000));
    assert_int_equal(event->pid, 1426);
    assert_int_equal(event->index, 17);
    assert_slice(event->event_uuid, "u");
    assert_slice(event->dvc, "192.0.2.17");
    assert_slice(event->via, "producer/pam");
}

static void the_daemons_members_may_be_absent(void **state)
{
    (void)state;
    const struct event *event = accepted(EVENT_FROM_RECORD, VIEWED "}");
    assert_int_equal(event->received_us, -1);
    assert_int_equal(event->pid, -1);
    assert_int_equal(event->index, -1);
    assert_int_equal(event->dvc.length + event->via.length + event->event_uuid.length, 0);
}

static void checks_the_daemons_members_like_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        enum reason reason;
        const char *field;
    } wrong[] = {
        {"\"received\":\"2026-11-24 17:49:41\"", REASON_bad_value, "/received"},
        {"\"received\":1", REASON_bad_type, "/received"},
        {"\"pid\":-1", REASON_bad_value, "/pid"},
        {"\"pid\":1.0", REASON_bad_type, "/pid"},
        {"\"index\":\"01\"", REASON_bad_value, "/index"},
        {"\"index\":true", REASON_bad_type, "/index"},
        {"\"dvc\":\"vault\"", REASON_bad_value, "/dvc"},
        {"\"dvc\":[]", REASON_bad_type, "/dvc"},
        {"\"via\":{}", REASON_bad_type, "/via"},
        {"\"event\":true", REASON_bad_type, "/event"},
    };
    char text[512];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, VIEWED ",%s}", wrong[i].member);
        assert_refused(EVENT_FROM_RECORD, text, wrong[i].reason, wrong[i].field);
    }
}

static void a_record_needs_a_time_before_2100(void **state)
{
    (void)state;
    static const struct {
        const char *time;
        enum reason reason;
    } wrong[] = {
        {"null", REASON_missing_field},
        {"\"\"", REASON_missing_field},
        {"\"2100-01-01T00:00:00Z\"", REASON_bad_value},
        {"\"2099-12-31T23:59:59-00:01\"", REASON_bad_value},
        {"\"2026-11-24 17:49:41\"", REASON_bad_value}, /* the printed form is not for it */
        {"\"2026-11-24T17:49:60Z\"", REASON_bad_value},
        {"1795542581", REASON_bad_type},
    };
    char text[512];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, "{\"type\":\"credential.password_expired\",\"time\":%s}",
                 wrong[i].time);
        assert_refused(EVENT_FROM_RECORD, text, wrong[i].reason, "/time");
    }
    assert_refused(EVENT_FROM_RECORD, "{\"type\":\"credential.password_expired\"}",
                   REASON_missing_field, "/time");
    accepted(EVENT_FROM_RECORD, "{\"type\":\"credential.password_expired\","
                                "\"time\":\"2099-12-31T23:59:59.999999999Z\"}");
}

/* ---- geo --------------------------------------------------------------------------------------*/

static void geo_stands_in_its_object_or_flat(void **state)
{
    (void)state;
    const struct event *nested =
        accepted(EVENT_FROM_RECORD, COMMON ",\"geo\":{\"longitude\":\"-46.7\",\"city\":\"T\"}}");
    const struct event *flat =
        accepted(EVENT_FROM_RECORD, COMMON ",\"longitude\":\"-46.7\",\"city\":\"T\"}");
    assert_true(event_get(nested, FIELD_LONGITUDE)->real == -46.7);
    assert_true(event_get(flat, FIELD_LONGITUDE)->real == -46.7);
    assert_slice(event_get(nested, FIELD_CITY)->text, "T");
    assert_slice(event_get(flat, FIELD_CITY)->text, "T");
}

static void geo_never_stands_in_both(void **state)
{
    (void)state;
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":{\"city\":\"T\"},\"city\":\"T\"}",
                   REASON_duplicate, "/city");
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"state\":\"S\",\"geo\":{\"city\":\"T\"}}",
                   REASON_duplicate, "/state");
    accepted(EVENT_FROM_RECORD, COMMON ",\"state\":\"S\",\"geo\":null}");
    accepted(EVENT_FROM_RECORD, COMMON ",\"state\":null,\"geo\":{\"city\":\"T\"}}");
}

static void geo_holds_its_own_fields_alone(void **state)
{
    (void)state;
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":{\"town\":\"T\"}}", REASON_unknown_field,
                   "/geo/town");
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":{\"suser\":\"j\"}}", REASON_unknown_field,
                   "/geo/suser");
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":{\"a/b~c\":\"j\"}}", REASON_unknown_field,
                   "/geo/a~1b~0c");
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":{\"latitude\":91}}", REASON_bad_value,
                   "/geo/latitude");
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":{\"city\":true}}", REASON_bad_type,
                   "/geo/city");
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":\"Brazil\"}", REASON_bad_type, "/geo");
    assert_refused(EVENT_FROM_RECORD, COMMON ",\"geo\":[]}", REASON_bad_type, "/geo");
    accepted(EVENT_FROM_RECORD, COMMON ",\"geo\":{}}");
}

/* ---- 1.4: fields and extras -------------------------------------------------------------------*/

static void refuses_a_field_the_type_has_not_by_name(void **state)
{
    (void)state;
    assert_refused(EVENT_FROM_RECORD, VIEWED ",\"dhost\":\"h\"}", REASON_unknown_field, "/dhost");
    assert_refused(EVENT_FROM_RECORD, VIEWED ",\"colour\":\"h\"}", REASON_unknown_field, "/colour");
    assert_refused(EVENT_FROM_RECORD, VIEWED ",\"a/b~c\":1}", REASON_unknown_field, "/a~1b~0c");
    assert_refused(EVENT_FROM_RECORD, VIEWED ",\"\":1}", REASON_unknown_field, "/");
    assert_refused(EVENT_FROM_RECORD, VIEWED ",\"msg\":\"m\"}", REASON_unknown_field, "/msg");
}

static void takes_extras_where_the_type_allows_them(void **state)
{
    (void)state;
    const struct event *event =
        accepted(EVENT_FROM_RECORD, INCIDENT ",\"ticket\":\"INC=42\",\"retry\":-3,\"urgent\":true,"
                                             "\"nothing\":null,\"dst\":\"::1%1\",\"dpt\":\"443\"}");
    static const struct {
        const char *name;
        enum value_kind kind;
        bool quoted;
    } wanted[] = {{"ticket", VALUE_STRING, true},
                  {"retry", VALUE_INTEGER, false},
                  {"urgent", VALUE_BOOLEAN, false},
                  {"dst", VALUE_IP, true},
                  {"dpt", VALUE_PORT, true}};
    assert_int_equal(event->extra_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_slice(event->extras[i].name, wanted[i].name);
        assert_int_equal(event->extras[i].kind, wanted[i].kind);
        assert_int_equal(event->extras[i].quoted, wanted[i].quoted);
        assert_true(event->extras[i].value.present);
    }
    assert_int_equal(event->extras[1].value.integer, -3);
    assert_true(event->extras[2].value.boolean);
    assert_slice(event->extras[3].value.plain, "::1");
    assert_int_equal(event->extras[4].value.integer, 443);
}

static void an_extra_keeps_its_kind_of_the_dictionary(void **state)
{
    (void)state;
    assert_refused(EVENT_FROM_RECORD, INCIDENT ",\"dst\":\"here\"}", REASON_bad_value, "/dst");
    assert_refused(EVENT_FROM_RECORD, INCIDENT ",\"dpt\":70000}", REASON_bad_value, "/dpt");
    assert_refused(EVENT_FROM_RECORD, INCIDENT ",\"rehearsal\":\"true\"}", REASON_bad_type,
                   "/rehearsal");
}

static void an_extra_is_a_string_an_integer_or_a_boolean(void **state)
{
    (void)state;
    static const char *const values[] = {"[]", "[1]", "{}", "{\"a\":1}", "1.5", "1e2", "3.0"};
    char text[512];
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(text, sizeof text, INCIDENT ",\"extra\":%s}", values[i]);
        assert_refused(EVENT_FROM_RECORD, text, REASON_bad_type, "/extra");
    }
    assert_not_json(slice_of(INCIDENT ",\"extra\":9223372036854775808}"), REASON_bad_json);
}

static void an_extra_name_is_letters_and_digits_a_small_letter_first(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "Extra",   "1extra", "extra_1",      "extra-1",
        "extra.a", "ext ra", "extr\xc3\xa9", "aaaaaaaaaabbbbbbbbbbccccccccccddd"};
    char text[512];
    char field[64];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, INCIDENT ",\"%s\":\"x\"}", wrong[i]);
        snprintf(field, sizeof field, "/%s", wrong[i]);
        assert_refused(EVENT_FROM_RECORD, text, REASON_unknown_field, field);
    }
    accepted(EVENT_FROM_RECORD, INCIDENT ",\"aaaaaaaaaabbbbbbbbbbccccccccccdd\":\"x\"}"); /* 32 */
    accepted(EVENT_FROM_RECORD, INCIDENT ",\"x\":\"x\",\"x9Z\":\"x\"}");
}

static void an_extra_never_takes_the_place_of_a_key(void **state)
{
    (void)state;
    static const char *const wrong[] = {"cs1",        "cs1Label",  "anyLabel", "rt",    "cat",
                                        "externalId", "shortened", "severity", "host",  "id",
                                        "name",       "kind",      "spid",     "dport", "dposrt",
                                        "c6a1",       "slat",      "profile"};
    char text[512];
    char field[64];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, COMMON ",\"%s\":\"x\"}", wrong[i]);
        snprintf(field, sizeof field, "/%s", wrong[i]);
        assert_refused(EVENT_FROM_RECORD, text, REASON_unknown_field, field);
    }
    /* keys of this type's line that no other list forbids: doubled, they would forge one */
    assert_refused(EVENT_FROM_RECORD, INCIDENT ",\"act\":\"x\"}", REASON_unknown_field, "/act");
    assert_refused(EVENT_FROM_RECORD, INCIDENT ",\"src\":\"::1\"}", REASON_unknown_field, "/src");
}

static void takes_no_more_than_256_extras(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, (size_t)1 << 20);
    buffer_append_text(&text, INCIDENT);
    for (unsigned i = 0; i < EVENT_EXTRAS_MAX; i++) {
        buffer_append_format(&text, ",\"x%u\":%u", i, i);
    }
    buffer_append_text(&text, "}");
    struct event *event = NULL;
    assert_int_equal(read_event(buffer_slice(&text), EVENT_FROM_RECORD, &event), OK);
    assert_int_equal(event->extra_count, EVENT_EXTRAS_MAX);
    text.length--;
    buffer_append_text(&text, ",\"one\":1}");
    assert_int_equal(read_event(buffer_slice(&text), EVENT_FROM_RECORD, &event),
                     ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_too_many_members);
    assert_string_equal(fault.field, "/one");
    buffer_done(&text);
}

/* ---- producers --------------------------------------------------------------------------------*/

static void a_producer_sends_none_of_the_daemons_fields(void **state)
{
    (void)state;
    static const char *const members[] = {
        "\"event\":\"u\"", "\"pid\":1",          "\"dvc\":\"192.0.2.1\"",
        "\"index\":1",     "\"via\":\"daemon\"", "\"received\":\"2026-11-24T17:49:41Z\"",
        "\"geo\":{}"};
    static const char *const fields[] = {"/event", "/pid",      "/dvc", "/index",
                                         "/via",   "/received", "/geo"};
    char text[512];
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        snprintf(text, sizeof text, COMMON ",%s}", members[i]);
        assert_refused(EVENT_FROM_PRODUCER, text, REASON_daemon_field, fields[i]);
    }
}

static void a_producer_may_leave_the_time_out(void **state)
{
    (void)state;
    const struct event *event =
        accepted(EVENT_FROM_PRODUCER, "{\"type\":\"credential.password_expired\"}");
    assert_false(event->has_time);
    event = accepted(EVENT_FROM_PRODUCER, COMMON "}");
    assert_true(event->has_time);
    assert_refused(EVENT_FROM_PRODUCER,
                   "{\"type\":\"credential.password_expired\",\"time\":\"now\"}", REASON_bad_value,
                   "/time");
}

static void a_producer_may_send_the_place_flat(void **state)
{
    (void)state;
    const struct event *event =
        accepted(EVENT_FROM_PRODUCER, COMMON ",\"country\":\"Brazil\",\"latitude\":\"-23.60\"}");
    assert_slice(event_get(event, FIELD_COUNTRY)->text, "Brazil");
    assert_true(event_get(event, FIELD_LATITUDE)->real == -23.6);
}

static void a_producer_learns_what_the_guardian_makes_itself(void **state)
{
    (void)state;
    static const char *const names[] = {"msg", "act", "requestMethod"};
    char text[512];
    char field[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text, VIEWED ",\"%s\":\"x\"}", names[i]);
        snprintf(field, sizeof field, "/%s", names[i]);
        assert_refused(EVENT_FROM_PRODUCER, text, REASON_made_by_guardian, field);
        assert_non_null(strstr(fault.sentence, "made by the guardian"));
    }
    assert_refused(EVENT_FROM_PRODUCER, INCIDENT ",\"act\":\"x\"}", REASON_made_by_guardian,
                   "/act");
    /* where the type lists them they are the producer's */
    accepted(EVENT_FROM_PRODUCER, COMMON ",\"msg\":\"m\",\"act\":\"a\",\"requestMethod\":\"GET\"}");
    accepted(EVENT_FROM_PRODUCER, "{\"type\":\"command.audited_low\",\"suser\":\"j\","
                                  "\"sname\":\"J\",\"suid\":7,\"act\":\"ls\"}");
}

static void beside_an_actor_required_fields_may_be_missing_yet(void **state)
{
    (void)state;
    assert_refused(EVENT_FROM_PRODUCER, "{\"type\":\"information.viewed\",\"information\":\"i\"}",
                   REASON_missing_field, "/suser");
    struct event *event =
        accepted(EVENT_FOR_ACTOR, "{\"type\":\"information.viewed\",\"information\":\"i\"}");
    assert_int_equal(event_check(event, &fault), ERR_INVALID_PARAMS);
    assert_string_equal(fault.field, "/suser");
    event_set_text(event, FIELD_SUSER, slice_of("j"));
    event_set_text(event, FIELD_SNAME, slice_of("J"));
    assert_int_equal(event_check(event, &fault), OK);
    /* all else is as for a producer */
    assert_refused(EVENT_FOR_ACTOR, VIEWED ",\"pid\":1}", REASON_daemon_field, "/pid");
    assert_refused(EVENT_FOR_ACTOR, VIEWED ",\"geo\":{}}", REASON_daemon_field, "/geo");
    assert_refused(EVENT_FOR_ACTOR, INCIDENT ",\"act\":\"x\"}", REASON_made_by_guardian, "/act");
    assert_refused(EVENT_FOR_ACTOR, VIEWED ",\"dst\":\"x\"}", REASON_unknown_field, "/dst");
}

/* ---- decoding ---------------------------------------------------------------------------------*/

static void a_decoded_record_has_the_index_it_is_given(void **state)
{
    (void)state;
    struct event *event = NULL;
    assert_int_equal(event_decode(&arena, slice_of(VIEWED "}"), 1179, &event, &fault), OK);
    assert_int_equal(event->index, 1179);
    assert_int_equal(event_decode(&arena, slice_of(VIEWED ",\"index\":5}"), 7, &event, &fault), OK);
    assert_int_equal(event->index, 7);
    assert_int_equal(event_decode(&arena, slice_of(VIEWED ",\"index\":5}"), -1, &event, &fault),
                     OK);
    assert_int_equal(event->index, 5);
}

static void a_fault_need_not_be_asked_for(void **state)
{
    (void)state;
    struct event *event = NULL;
    assert_int_equal(event_decode(&arena, slice_of("{}"), 1, &event, NULL), ERR_INVALID_PARAMS);
    assert_int_equal(event_decode(&arena, slice_of("{"), 1, &event, NULL), ERR_PARSE);
    assert_null(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_utf_8),
        cmocka_unit_test(refuses_what_is_not_one_json_object),
        cmocka_unit_test(refuses_nan_infinity_and_half_a_surrogate_pair),
        cmocka_unit_test(refuses_a_member_name_twice),
        cmocka_unit_test(refuses_an_unknown_or_missing_type),
        cmocka_unit_test(takes_members_in_any_order),
        cmocka_unit_test(null_counts_as_absent_whatever_the_name),
        cmocka_unit_test(a_required_field_that_is_empty_when_cleaned_is_missing),
        cmocka_unit_test(required_fields_of_other_kinds_may_not_be_empty_either),
        cmocka_unit_test(reads_the_daemons_own_members_of_a_record),
        cmocka_unit_test(the_daemons_members_may_be_absent),
        cmocka_unit_test(checks_the_daemons_members_like_the_rest),
        cmocka_unit_test(a_record_needs_a_time_before_2100),
        cmocka_unit_test(geo_stands_in_its_object_or_flat),
        cmocka_unit_test(geo_never_stands_in_both),
        cmocka_unit_test(geo_holds_its_own_fields_alone),
        cmocka_unit_test(refuses_a_field_the_type_has_not_by_name),
        cmocka_unit_test(takes_extras_where_the_type_allows_them),
        cmocka_unit_test(an_extra_keeps_its_kind_of_the_dictionary),
        cmocka_unit_test(an_extra_is_a_string_an_integer_or_a_boolean),
        cmocka_unit_test(an_extra_name_is_letters_and_digits_a_small_letter_first),
        cmocka_unit_test(an_extra_never_takes_the_place_of_a_key),
        cmocka_unit_test(takes_no_more_than_256_extras),
        cmocka_unit_test(a_producer_sends_none_of_the_daemons_fields),
        cmocka_unit_test(a_producer_may_leave_the_time_out),
        cmocka_unit_test(a_producer_may_send_the_place_flat),
        cmocka_unit_test(a_producer_learns_what_the_guardian_makes_itself),
        cmocka_unit_test(beside_an_actor_required_fields_may_be_missing_yet),
        cmocka_unit_test(a_decoded_record_has_the_index_it_is_given),
        cmocka_unit_test(a_fault_need_not_be_asked_for),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
