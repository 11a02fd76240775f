/* Fields and escapes of Sensage: formats.md 6. */
#include "rendering.h"

#define MESSAGE(more) "{\"time\":\"2026-11-24T17:49:41.123456Z\",\"type\":\"auth.message\"" more "}"
#define HEAD \
    "time=2026-11-24T17:49:41.123456Z\thost=-\tid=37\tname=Authentication messages\tseverity=5"

static void expect(const char *record, const char *expected)
{
    struct render_options options = options_of(FORMAT_SENSAGE, PROFILE_SENHASEGURA);
    expect_line(record, &options, expected);
}

static void five_fields_come_first_and_the_message_in_its_place(void **state)
{
    (void)state;
    expect(MESSAGE(",\"msg\":\"hello\",\"suser\":\"eve\",\"index\":3"),
           HEAD "\tmsg=hello\tsuser=eve\texternalId=3");
    struct render_options options = options_of(FORMAT_SENSAGE, PROFILE_STANDARD);
    expect_line(MESSAGE(",\"msg\":\"hello\",\"suser\":\"eve\",\"index\":3"), &options,
                HEAD "\trt=1795542581123\texternalId=3\tcat=Event\tsuser=eve\tmsg=hello");
}

static void host_is_configured_or_dvc(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_SENSAGE, PROFILE_SENHASEGURA);
    expect_part(MESSAGE(",\"dvc\":\"192.0.2.10\""), &options, "Z\thost=192.0.2.10\tid=", NULL);
    options.device_hostname = "vault.example.org";
    expect_part(MESSAGE(",\"dvc\":\"192.0.2.10\""), &options,
                "Z\thost=vault.example.org\tid=", NULL);
}

static void severity_is_that_of_syslog(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_SENSAGE, PROFILE_STANDARD);
    expect_part("{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"incident.updated\",\"msg\":\"m\"}",
                &options, "\tname=UPDATE INCIDENT\tseverity=1\t", NULL);
}

static void values_escape_backslash_and_line_ends_only(void **state)
{
    (void)state;
    expect(MESSAGE(",\"msg\":\"a\\\\b=c\\nd\\re|\\\"]\""), HEAD "\tmsg=a\\\\b=c\\nd\\re|\"]");
}

static void a_tab_in_a_value_is_a_space(void **state)
{
    (void)state;
    expect(MESSAGE(",\"msg\":\"a\\tb\""), HEAD "\tmsg=a b");
}

static void an_envelope_has_dash_for_structured_data_and_no_bom(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_SENSAGE, PROFILE_SENHASEGURA);
    options.envelope = ENVELOPE_SYSLOG;
    expect_line(MESSAGE(",\"msg\":\"\xc3\xa9\""), &options,
                "<13>1 2026-11-24T17:49:41.123456Z - senhasegura - 37 - " HEAD "\tmsg=\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_fields_come_first_and_the_message_in_its_place),
        cmocka_unit_test(host_is_configured_or_dvc),
        cmocka_unit_test(severity_is_that_of_syslog),
        cmocka_unit_test(values_escape_backslash_and_line_ends_only),
        cmocka_unit_test(a_tab_in_a_value_is_a_space),
        cmocka_unit_test(an_envelope_has_dash_for_structured_data_and_no_bom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
