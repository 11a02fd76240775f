/* Header, structured data and MSG of RFC 5424: formats.md 5. */
#include "rendering.h"

#define TIMED(time, more) "{\"time\":\"" time "\",\"type\":\"auth.message\"" more "}"
#define MESSAGE(more) TIMED("2026-11-24T17:49:41.123456Z", more)
#define BOM "\xef\xbb\xbf"

static void expect(const char *record, const char *expected)
{
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_SENHASEGURA);
    expect_line(record, &options, expected);
}

static void a_line_without_anything_is_whole(void **state)
{
    (void)state;
    expect(MESSAGE(""), "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 [senhasegura@32473] "
                        "Authentication messages");
}

static void the_timestamp_is_utc_with_six_digits(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_SENHASEGURA);
    expect_part(TIMED("2026-11-24T17:49:41+01:00", ""), &options, ">1 2026-11-24T16:49:41.000000Z ",
                NULL);
    expect_part(TIMED("2026-11-24T17:49:41.1Z", ""), &options, ">1 2026-11-24T17:49:41.100000Z ",
                NULL);
    expect_part(TIMED("2026-11-24T17:49:41.999999999Z", ""), &options,
                ">1 2026-11-24T17:49:41.999999Z ", NULL);
}

static void pri_is_facility_user_and_the_syslog_severity(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_STANDARD);
    expect_part("{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"incident.updated\",\"msg\":\"m\"}",
                &options, "<9>1 ", NULL);
    expect_part("{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"command.audited_medium\"}", &options,
                "<11>1 ", NULL);
}

static void hostname_is_configured_or_dvc_or_a_dash(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_SENHASEGURA);
    expect_part(MESSAGE(",\"dvc\":\"192.0.2.10\""), &options, "Z 192.0.2.10 senhasegura ", NULL);
    expect_part(MESSAGE(",\"dvc\":\"fe80::1%eth0\""), &options, "Z fe80::1 senhasegura ", "eth0");
    expect_part(MESSAGE(""), &options, "Z - senhasegura ", NULL);
    options.device_hostname = "vault.example.org";
    expect_part(MESSAGE(",\"dvc\":\"192.0.2.10\""), &options, "Z vault.example.org senhasegura ",
                NULL);
}

static void procid_is_pid_or_a_dash_and_msgid_the_id(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_SENHASEGURA);
    expect_part(MESSAGE(",\"pid\":0"), &options, " senhasegura 0 37 [", NULL);
    expect_part(MESSAGE(",\"pid\":9223372036854775807"), &options,
                " senhasegura 9223372036854775807 37 [", NULL);
    expect_part(MESSAGE(""), &options, " senhasegura - 37 [", NULL);
}

static void the_enterprise_id_is_configured(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_STANDARD);
    options.enterprise_id = 4294967295;
    expect_part(MESSAGE(""), &options, " [senhasegura@4294967295 rt=\"1795542581123\" cat=", NULL);
}

static void the_message_is_no_parameter(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_STANDARD);
    expect_part(MESSAGE(",\"msg\":\"hello\""), &options, "] hello", "msg=");
    options.profile = PROFILE_SENHASEGURA;
    expect_part(MESSAGE(",\"msg\":\"hello\""), &options, "] hello", "msg=");
}

static void a_parameter_escapes_quote_bracket_and_backslash(void **state)
{
    (void)state;
    expect(MESSAGE(",\"suser\":\"a\\\"b]c\\\\d[e=f|\""),
           "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 [senhasegura@32473 "
           "suser=\"a\\\"b\\]c\\\\d[e=f|\"] Authentication messages");
}

static void line_ends_in_a_parameter_are_a_space_each(void **state)
{
    (void)state;
    expect(MESSAGE(",\"suser\":\"a\\r\\nb\""),
           "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 [senhasegura@32473 "
           "suser=\"a  b\"] Authentication messages");
}

static void the_message_is_plain_with_a_space_for_line_ends(void **state)
{
    (void)state;
    expect(MESSAGE(",\"msg\":\"a\\\"b]c\\\\d=e|\\n\\rf\""),
           "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 [senhasegura@32473] "
           "a\"b]c\\d=e|  f");
}

static void bom_only_with_non_ascii(void **state)
{
    (void)state;
    expect(MESSAGE(",\"msg\":\"Jos\xc3\xa9\""),
           "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 [senhasegura@32473] " BOM
           "Jos\xc3\xa9");
    /* non-ASCII elsewhere than in MSG is none of its business */
    expect(MESSAGE(",\"sname\":\"Jos\xc3\xa9\",\"msg\":\"~\""),
           "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 [senhasegura@32473 "
           "sname=\"Jos\xc3\xa9\"] ~");
}

static void what_replaces_a_control_character_wants_a_bom(void **state)
{
    (void)state;
    expect(MESSAGE(",\"msg\":\"a\\u0001b\""),
           "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 [senhasegura@32473] " BOM
           "a\xef\xbf\xbd"
           "b");
}

static void a_name_may_stand_twice(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_RFC5424, PROFILE_SENHASEGURA);
    const char *record =
        "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"master_key.recovery_failed\","
        "\"suser\":\"eve\",\"sname\":\"Eve\",\"spriv\":\"User\",\"partsNeeded\":3,\"partsSent\":2,"
        "\"originIP\":\"203.0.113.9\"}";
    expect_part(record, &options, " act=\"Recovery attempt failed\" ", NULL);
    expect_part(record, &options, " act=\"Incident\" ", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_without_anything_is_whole),
        cmocka_unit_test(the_timestamp_is_utc_with_six_digits),
        cmocka_unit_test(pri_is_facility_user_and_the_syslog_severity),
        cmocka_unit_test(hostname_is_configured_or_dvc_or_a_dash),
        cmocka_unit_test(procid_is_pid_or_a_dash_and_msgid_the_id),
        cmocka_unit_test(the_enterprise_id_is_configured),
        cmocka_unit_test(the_message_is_no_parameter),
        cmocka_unit_test(a_parameter_escapes_quote_bracket_and_backslash),
        cmocka_unit_test(line_ends_in_a_parameter_are_a_space_each),
        cmocka_unit_test(the_message_is_plain_with_a_space_for_line_ends),
        cmocka_unit_test(bom_only_with_non_ascii),
        cmocka_unit_test(what_replaces_a_control_character_wants_a_bom),
        cmocka_unit_test(a_name_may_stand_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
