/* Header, escapes and envelope of CEF: formats.md 4. */
#include "rendering.h"

#define AT "\"time\":\"2026-11-24T17:49:41.123456Z\","
#define VIEWED \
    "{" AT     \
    "\"type\":\"information.viewed\",\"suser\":\"eve\",\"sname\":\"Eve\",\"information\":\"x\"}"
#define MESSAGE(text) "{" AT "\"type\":\"auth.message\",\"msg\":\"" text "\"}"
#define HEAD "CEF:0|MT4|senhasegura|3.27.0-4|37|Authentication messages|5|"

static void the_header_of_profile_senhasegura_is_the_vendors(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    options.device_vendor = "Somebody";
    options.device_product = "Something";
    options.device_version = "9.9";
    expect_line(VIEWED, &options,
                "CEF:0|MT4|senhasegura|9.9|5|Information Viewed|5|msg=Information 'x' viewed. "
                "sname=Eve suser=eve spid=5");
}

static void the_header_of_profile_standard_is_configured(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_STANDARD);
    expect_part(VIEWED, &options,
                "CEF:0|MT4|master_key_guardian|3.27.0-4|5|Information Viewed|5|rt=", NULL);
    options.device_vendor = "Somebody";
    options.device_product = "Something";
    options.device_version = "9.9";
    expect_part(VIEWED, &options, "CEF:0|Somebody|Something|9.9|5|Information Viewed|5|rt=", NULL);
}

static void the_header_escapes_bars_and_backslashes_only(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_STANDARD);
    options.device_vendor = "a|b\\c=d";
    options.device_product = "x\ny\rz";
    options.device_version = "\"1]";
    expect_part(VIEWED, &options, "CEF:0|a\\|b\\\\c=d|x y z|\"1]|5|", NULL);
}

static void severity_is_the_types(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_STANDARD);
    expect_part("{" AT "\"type\":\"incident.updated\",\"msg\":\"m\"}", &options,
                "|336.501|UPDATE INCIDENT|9|", NULL);
}

static void the_extension_escapes_backslash_equals_and_line_ends(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    expect_line(MESSAGE("a\\\\b=c\\nd\\re\\\\n"), &options, HEAD "msg=a\\\\b\\=c\\nd\\re\\\\n");
}

static void the_extension_has_no_other_escape(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    expect_line(MESSAGE("a|b \\\"c\\\" [d]  'e' %0A"), &options, HEAD "msg=a|b \"c\" [d]  'e' %0A");
}

static void a_forged_key_stays_inside_its_value(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    expect_line(MESSAGE("x externalId=1"), &options, HEAD "msg=x externalId\\=1");
}

static void an_incident_has_act_twice_in_profile_senhasegura_alone(void **state)
{
    (void)state;
    const char *record =
        "{" AT "\"type\":\"master_key.recovery_failed\",\"suser\":\"eve\",\"sname\":\"Eve\","
        "\"spriv\":\"User\",\"partsNeeded\":3,\"partsSent\":2,\"originIP\":\"203.0.113.9\"}";
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    expect_part(record, &options, " act=Recovery attempt failed ", " cat=");
    expect_part(record, &options, " act=Incident ", NULL);
    options.profile = PROFILE_STANDARD;
    expect_part(record, &options, " cat=Incident act=Recovery attempt failed outcome=failure ",
                " act=Incident");
}

static void nothing_stands_after_the_last_value(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    expect_line(MESSAGE("x"), &options, HEAD "msg=x");
}

static void an_envelope_has_dash_for_structured_data_and_no_bom(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    options.envelope = ENVELOPE_SYSLOG;
    expect_line("{" AT "\"type\":\"auth.message\",\"msg\":\"Jos\xc3\xa9\",\"dvc\":\"192.0.2.17\","
                "\"pid\":1426}",
                &options,
                "<13>1 2026-11-24T17:49:41.123456Z 192.0.2.17 senhasegura 1426 37 - " HEAD
                "msg=Jos\xc3\xa9 spid=1426 dvc=192.0.2.17");
}

static void a_line_is_bare_unless_told_otherwise(void **state)
{
    (void)state;
    struct render_options options;
    render_defaults(&options);
    expect_line(MESSAGE("x"), &options, HEAD "msg=x");
}

static void long_values_go_out_whole(void **state)
{
    (void)state;
    /* receivers bind act to 63 and msg to 1023 octets; a cut they make is their own */
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    static char record[8192];
    static char text[5001];
    memset(text, 'x', sizeof text - 1);
    snprintf(record, sizeof record, MESSAGE("%s"), text);
    expect_part(record, &options, text, "shortened");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_of_profile_senhasegura_is_the_vendors),
        cmocka_unit_test(the_header_of_profile_standard_is_configured),
        cmocka_unit_test(the_header_escapes_bars_and_backslashes_only),
        cmocka_unit_test(severity_is_the_types),
        cmocka_unit_test(the_extension_escapes_backslash_equals_and_line_ends),
        cmocka_unit_test(the_extension_has_no_other_escape),
        cmocka_unit_test(a_forged_key_stays_inside_its_value),
        cmocka_unit_test(an_incident_has_act_twice_in_profile_senhasegura_alone),
        cmocka_unit_test(nothing_stands_after_the_last_value),
        cmocka_unit_test(an_envelope_has_dash_for_structured_data_and_no_bom),
        cmocka_unit_test(a_line_is_bare_unless_told_otherwise),
        cmocka_unit_test(long_values_go_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
