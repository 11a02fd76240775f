/* Which keys a line has and what stands behind them: formats.md 1.3, 2 and 3. */
#include "rendering.h"

#define AT "\"time\":\"2026-11-24T17:49:41.123456Z\","
#define VIEWED(more) \
    "{" AT "\"type\":\"information.viewed\",\"suser\":\"eve\",\"sname\":\"Eve\"," more "}"
#define MESSAGE(more) "{" AT "\"type\":\"auth.message\"" more "}"
#define INCIDENT(more) "{" AT "\"type\":\"incident.updated\",\"msg\":\"m\"" more "}"
#define PASSWORD(more)                                                                    \
    "{" AT "\"type\":\"credential.password_viewed\",\"suser\":\"eve\",\"sname\":\"Eve\"," \
    "\"dhost\":\"db\",\"duser\":\"root\",\"credentialType\":\"Domain User\"" more "}"
#define APPROVED                                                                              \
    "{" AT "\"type\":\"access.request_approved\",\"suser\":\"eve\",\"sname\":\"Eve\","        \
    "\"duser\":\"root\",\"requestCode\":\"9\",\"validFrom\":\"2017-01-19T10:41:00.999999Z\"," \
    "\"validTo\":\"2017-01-19 11:41:00\",\"approver\":\"Ann\",\"requester\":\"Bob\","         \
    "\"requestedAt\":\"2017-01-18T23:30:59-01:00\",\"requestedAction\":\"View\","             \
    "\"requestDetails\":\"none\"}"
#define FAILED(more)                                                                      \
    "{" AT "\"type\":\"master_key.recovery_failed\",\"suser\":\"eve\",\"sname\":\"Eve\"," \
    "\"spriv\":\"User\",\"partsNeeded\":3,\"partsSent\":\"2\"," more "}"

static struct render_options vendor(void)
{
    return options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
}

static struct render_options standard(void)
{
    return options_of(FORMAT_CEF, PROFILE_STANDARD);
}

static void expect_vendor(const char *record, const char *held, const char *not_held)
{
    struct render_options options = vendor();
    expect_part(record, &options, held, not_held);
}

static void expect_standard(const char *record, const char *held, const char *not_held)
{
    struct render_options options = standard();
    expect_part(record, &options, held, not_held);
}

/* ---- section 2 ---- */

static void a_time_in_the_message_is_day_month_year(void **state)
{
    (void)state;
    expect_vendor(APPROVED,
                  "msg=Request approved by Ann on 24/11/2026 17:49:41. Code: 9 Requester: "
                  "Bob Requested on: 19/01/2017 00:30:59 Request details: none ",
                  NULL);
}

static void a_time_value_is_printed_in_profile_senhasegura(void **state)
{
    (void)state;
    expect_vendor(APPROVED,
                  "cs2Label=Validity Start cs2=2017-01-19 10:41:00 cs3Label=Validity End "
                  "cs3=2017-01-19 11:41:00 ",
                  NULL);
}

static void a_time_value_is_milliseconds_rounded_down_in_profile_standard(void **state)
{
    (void)state;
    /* `date -d '2017-01-19 10:41:00Z' +%s` and the like */
    expect_standard(APPROVED,
                    "deviceCustomDate1Label=Validity Start deviceCustomDate1=1484822460999 "
                    "deviceCustomDate2Label=Validity End deviceCustomDate2=1484826060000 ",
                    NULL);
    expect_standard(VIEWED("\"information\":\"x\""), "|rt=1795542581123 ", NULL);
}

/* ---- section 1.3 and 1.5, as lines show them ---- */

static void a_tab_becomes_a_space_and_other_controls_are_replaced(void **state)
{
    (void)state;
    expect_vendor(
        VIEWED("\"information\":\"a\\tb\\u0000c\\u001bd\\u007fe\\u0085f\\u2028g\\u2029h\""),
        "msg=Information 'a b\xef\xbf\xbd"
        "c\xef\xbf\xbd"
        "d\xef\xbf\xbd"
        "e\xef\xbf\xbd"
        "f\xef\xbf\xbd"
        "g\xef\xbf\xbdh' viewed.",
        NULL);
}

static void spaces_and_line_ends_are_taken_off_both_ends_of_a_value(void **state)
{
    (void)state;
    expect_vendor(VIEWED("\"information\":\"\\r\\n \\t x  y \\n\\t\\r \""),
                  "msg=Information 'x  y' viewed.", NULL);
}

static void no_other_blank_is_taken_off(void **state)
{
    (void)state;
    expect_vendor(VIEWED("\"information\":\"\\u00a0x\\u3000\""),
                  "msg=Information '\xc2\xa0x\xe3\x80\x80' viewed.", NULL);
}

static void right_to_left_marks_and_emoji_are_text(void **state)
{
    (void)state;
    expect_vendor(VIEWED("\"information\":\"\\u202ex\\ud83d\\ude00\\u202c\""),
                  "msg=Information '\xe2\x80\xaex\xf0\x9f\x98\x80\xe2\x80\xac' viewed.", NULL);
}

static void an_address_loses_its_zone(void **state)
{
    (void)state;
    expect_vendor(PASSWORD(",\"dst\":\"fe80::1%eth0\""), "dst=fe80::1 ", "eth0");
    expect_vendor(PASSWORD(",\"dst\":\"fe80::1%eth0\""), "db (fe80::1) - ", NULL);
}

static void an_address_is_not_rewritten(void **state)
{
    (void)state;
    expect_vendor(PASSWORD(",\"dst\":\"2001:DB8:0::1\""), "dst=2001:DB8:0::1 ", NULL);
}

static void coordinates_have_four_decimals_at_most(void **state)
{
    (void)state;
    const char *record = FAILED("\"originIP\":\"203.0.113.9\",\"latitude\":-23.60004,"
                                "\"longitude\":\"-0.00001\"");
    expect_vendor(record, "latitude=-23.6 longitude=0 partsNeeded=3 partsSent=2 ", NULL);
}

static void a_number_where_text_is_wanted_is_its_decimal(void **state)
{
    (void)state;
    expect_vendor(MESSAGE(",\"suid\":7,\"suser\":-9223372036854775808"),
                  "suid=7 suser=-9223372036854775808", NULL);
}

/* ---- section 3.1 ---- */

static void prints_a_dash_for_what_is_absent(void **state)
{
    (void)state;
    expect_vendor(PASSWORD(""), "msg=Password db (-) - Domain User - root viewed by user eve ",
                  "dst=");
}

static void replaced_text_is_not_looked_at_again(void **state)
{
    (void)state;
    expect_vendor(VIEWED("\"information\":\"{suser}{time}\""),
                  "msg=Information '{suser}{time}' viewed.", NULL);
}

static void a_producers_own_text_is_the_message(void **state)
{
    (void)state;
    expect_vendor(MESSAGE(",\"msg\":\" {suser} in \""), "|5|msg={suser} in", "msg={suser} in ");
}

static void the_name_of_the_type_stands_for_a_message_that_is_absent_or_empty(void **state)
{
    (void)state;
    expect_vendor(MESSAGE(""), "|5|msg=Authentication messages", NULL);
    expect_vendor(MESSAGE(",\"msg\":null"), "|5|msg=Authentication messages", NULL);
    expect_vendor(MESSAGE(",\"msg\":\" \\n\\t\""), "|5|msg=Authentication messages", NULL);
}

/* ---- section 3.2 ---- */

static void leaves_a_key_out_whose_value_is_empty(void **state)
{
    (void)state;
    expect_vendor(PASSWORD(",\"duid\":\"\""), NULL, "duid");
    expect_vendor(PASSWORD(",\"duid\":\" \\n \""), NULL, "duid");
    expect_vendor(PASSWORD(",\"duid\":null"), NULL, "duid");
}

static void leaves_a_label_out_with_its_key(void **state)
{
    (void)state;
    expect_vendor(APPROVED, "duser=root cs2Label=Validity Start ", "cs1");
    expect_standard(APPROVED, "cs2Label=Request code cs2=9 ", "cs1");
}

static void a_label_stands_directly_before_its_key(void **state)
{
    (void)state;
    expect_standard(PASSWORD(",\"city\":\"Rio\""),
                    "cs3Label=Full name cs3=Eve cs4Label=City cs4=Rio cs5Label=Credential type "
                    "cs5=Domain User msg=",
                    NULL);
}

static void the_vendors_Cs6_is_a_literal_and_Cs7_its_value(void **state)
{
    (void)state;
    expect_vendor(APPROVED, "cs5Label=Requester cs5=Bob Cs6=Action Cs7=View", NULL);
}

static void a_field_in_no_list_is_in_no_line(void **state)
{
    (void)state;
    const char *record = FAILED("\"originIP\":\"203.0.113.9\",\"consent\":\"signed\"");
    expect_vendor(record, NULL, "signed");
    expect_standard(record, NULL, "signed");
}

static void via_and_received_are_in_no_line(void **state)
{
    (void)state;
    const char *record = MESSAGE(",\"via\":\"producer/pam\",\"received\":\"2027-01-01T00:00:00Z\"");
    expect_vendor(record, NULL, "pam");
    expect_standard(record, NULL, "2027");
}

/* ---- section 3.3 ---- */

static void extras_come_before_external_id_in_profile_senhasegura(void **state)
{
    (void)state;
    struct render_options options = vendor();
    expect_line(MESSAGE(",\"zebra\":\"z\",\"index\":5,\"apple\":-3,\"ok\":true,\"no\":false"),
                &options,
                "CEF:0|MT4|senhasegura|3.27.0-4|37|Authentication messages|5|"
                "msg=Authentication messages zebra=z apple=-3 ok=true no=false externalId=5");
}

static void extras_come_after_the_list_in_profile_standard(void **state)
{
    (void)state;
    struct render_options options = standard();
    expect_line(MESSAGE(",\"zebra\":\"z\",\"index\":5,\"apple\":\"a\""), &options,
                "CEF:0|MT4|master_key_guardian|3.27.0-4|37|Authentication messages|5|"
                "rt=1795542581123 externalId=5 cat=Event msg=Authentication messages zebra=z "
                "apple=a");
}

static void extras_are_at_the_end_without_an_index(void **state)
{
    (void)state;
    struct render_options options = vendor();
    expect_line(MESSAGE(",\"zebra\":\"z\""), &options,
                "CEF:0|MT4|senhasegura|3.27.0-4|37|Authentication messages|5|"
                "msg=Authentication messages zebra=z");
}

static void an_empty_extra_is_left_out(void **state)
{
    (void)state;
    expect_vendor(MESSAGE(",\"zebra\":\" \",\"apple\":null"), NULL, "zebra");
}

static void an_extra_of_the_dictionary_has_its_kind(void **state)
{
    (void)state;
    expect_vendor(MESSAGE(",\"lockedUntil\":\"2017-01-19T11:41:00+01:00\""),
                  "lockedUntil=2017-01-19 10:41:00", NULL);
    expect_standard(MESSAGE(",\"lockedUntil\":\"2017-01-19T11:41:00+01:00\""),
                    "lockedUntil=1484822460000", NULL);
}

/* ---- section 3.4 ---- */

static void external_id_is_last_in_senhasegura_and_second_in_standard(void **state)
{
    (void)state;
    struct render_options options = vendor();
    const char *record = VIEWED("\"information\":\"x\",\"index\":0");
    expect_line(record, &options,
                "CEF:0|MT4|senhasegura|3.27.0-4|5|Information Viewed|5|"
                "msg=Information 'x' viewed. sname=Eve suser=eve spid=5 externalId=0");
    expect_standard(record, "|rt=1795542581123 externalId=0 cat=Event ", NULL);
}

static void external_id_is_absent_without_an_index(void **state)
{
    (void)state;
    expect_vendor(PASSWORD(""), NULL, "externalId");
    expect_standard(PASSWORD(""), "|rt=1795542581123 cat=Event ", "externalId");
}

static void external_id_names_the_log_where_it_has_an_id(void **state)
{
    (void)state;
    struct render_options options = vendor();
    options.log_id = "north1";
    /* the notification ID stays the bare index */
    expect_part(PASSWORD(",\"index\":77"), &options, " spid=77 ", NULL);
    expect_part(PASSWORD(",\"index\":77"), &options, " externalId=north1-77", NULL);
    options.format = FORMAT_RFC5424;
    expect_part(PASSWORD(",\"index\":77"), &options, " externalId=\"north1-77\"]", NULL);
    expect_part(PASSWORD(""), &options, NULL, "north1");
}

/* ---- section 3.5 ---- */

static void ipv6_moves_to_c6a_keys(void **state)
{
    (void)state;
    const char *record = FAILED("\"originIP\":\"2001:db8::9\",\"src\":\"2001:db8::1\","
                                "\"dvc\":\"2001:db8::7%lo\"");
    expect_standard(record,
                    " spriv=User c6a2Label=Source IPv6 Address c6a2=2001:db8::9 "
                    "c6a4Label=Translated Source IPv6 Address c6a4=2001:db8::1 "
                    "requestMethod=POST ",
                    " src=");
    expect_standard(record, " c6a1Label=Device IPv6 Address c6a1=2001:db8::7 ", " dvc=");
    expect_standard(PASSWORD(",\"dst\":\"::1\""),
                    " c6a3Label=Destination IPv6 Address c6a3=::1 dhost=db ", " dst=");
}

static void ipv6_moves_in_every_format(void **state)
{
    (void)state;
    struct render_options options = options_of(FORMAT_SENSAGE, PROFILE_STANDARD);
    expect_part(PASSWORD(",\"dst\":\"::1\""), &options,
                "\tc6a3Label=Destination IPv6 Address\tc6a3=::1\t", "dst=");
    options.format = FORMAT_RFC5424;
    expect_part(PASSWORD(",\"dst\":\"::1\""), &options,
                " c6a3Label=\"Destination IPv6 Address\" c6a3=\"::1\" ", "dst=");
}

static void an_extra_address_moves_too(void **state)
{
    (void)state;
    expect_standard(INCIDENT(",\"dst\":\"::1\""), " c6a3Label=Destination IPv6 Address c6a3=::1",
                    " dst=");
    expect_standard(INCIDENT(",\"dst\":\"192.0.2.1\""), " dst=192.0.2.1", "c6a3");
}

static void ipv4_stays_where_it_is(void **state)
{
    (void)state;
    const char *record =
        FAILED("\"originIP\":\"203.0.113.9\",\"src\":\"192.0.2.1\",\"dvc\":\"192.0.2.7\"");
    expect_standard(record, " src=203.0.113.9 sourceTranslatedAddress=192.0.2.1 ", "c6a");
    expect_standard(record, " dvc=192.0.2.7 ", "c6a");
}

static void ipv6_stays_in_profile_senhasegura(void **state)
{
    (void)state;
    const char *record = FAILED("\"originIP\":\"2001:db8::9\",\"src\":\"2001:db8::1\","
                                "\"dvc\":\"2001:db8::7\"");
    expect_vendor(record, " originIP=2001:db8::9 ", "c6a");
    expect_vendor(record, " dvc=2001:db8::7 src=2001:db8::1 ", "c6a");
}

static void an_ipv6_key_of_no_dictionary_name_stays(void **state)
{
    (void)state;
    expect_standard(MESSAGE(",\"originIP\":\"::9\",\"gateway\":\"::1\""),
                    " c6a2Label=Source IPv6 Address c6a2=::9 ", NULL);
    expect_standard(MESSAGE(",\"gateway\":\"::1\""), " gateway=::1", "c6a");
}

/* ---- the whole catalogue ---- */

/* So the ends of a message need no care: values have lost theirs. */
static void no_template_has_blanks_at_its_ends(void **state)
{
    (void)state;
    for (int id = 0; id < EVENT_COUNT; id++) {
        const struct event_type *type = catalogue_type((enum event_id)id);
        assert_true(type->takes_message ? type->slot_of[FIELD_MSG] >= 0 : type->message_count != 0);
        for (size_t i = 0; i < type->message_count; i++) {
            struct slice text = type->message[i].literal;
            const char *first = text.length == 0 ? "x" : text.data;
            const char *last = text.length == 0 ? "x" : text.data + text.length - 1;
            assert_true(i != 0 || strchr(" \t\r\n", *first) == NULL);
            assert_true(i + 1 != type->message_count || strchr(" \t\r\n", *last) == NULL);
        }
        assert_true(type->name.length != 0);
    }
}

static void every_type_fits_the_line(void **state)
{
    (void)state;
    for (int id = 0; id < EVENT_COUNT; id++) {
        const struct event event = {
            .type = catalogue_type((enum event_id)id), .pid = 1, .index = 1};
        struct event made = event;
        made.slots = calloc(event.type->field_count + 1, sizeof *made.slots);
        assert_non_null(made.slots);
        struct rendering rendering;
        rendering_start(&rendering);
        rendering.event = &made;
        for (int profile = 0; profile < PROFILE_COUNT; profile++) {
            struct render_options options = options_of(FORMAT_CEF, (enum profile)profile);
            const char *line = rendering_line(&rendering, &options);
            assert_non_null(strstr(line, "externalId=1"));
            assert_non_null(strstr(line, "msg="));
        }
        rendering_end(&rendering);
        free(made.slots);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_in_the_message_is_day_month_year),
        cmocka_unit_test(a_time_value_is_printed_in_profile_senhasegura),
        cmocka_unit_test(a_time_value_is_milliseconds_rounded_down_in_profile_standard),
        cmocka_unit_test(a_tab_becomes_a_space_and_other_controls_are_replaced),
        cmocka_unit_test(spaces_and_line_ends_are_taken_off_both_ends_of_a_value),
        cmocka_unit_test(no_other_blank_is_taken_off),
        cmocka_unit_test(right_to_left_marks_and_emoji_are_text),
        cmocka_unit_test(an_address_loses_its_zone),
        cmocka_unit_test(an_address_is_not_rewritten),
        cmocka_unit_test(coordinates_have_four_decimals_at_most),
        cmocka_unit_test(a_number_where_text_is_wanted_is_its_decimal),
        cmocka_unit_test(prints_a_dash_for_what_is_absent),
        cmocka_unit_test(replaced_text_is_not_looked_at_again),
        cmocka_unit_test(a_producers_own_text_is_the_message),
        cmocka_unit_test(the_name_of_the_type_stands_for_a_message_that_is_absent_or_empty),
        cmocka_unit_test(leaves_a_key_out_whose_value_is_empty),
        cmocka_unit_test(leaves_a_label_out_with_its_key),
        cmocka_unit_test(a_label_stands_directly_before_its_key),
        cmocka_unit_test(the_vendors_Cs6_is_a_literal_and_Cs7_its_value),
        cmocka_unit_test(a_field_in_no_list_is_in_no_line),
        cmocka_unit_test(via_and_received_are_in_no_line),
        cmocka_unit_test(extras_come_before_external_id_in_profile_senhasegura),
        cmocka_unit_test(extras_come_after_the_list_in_profile_standard),
        cmocka_unit_test(extras_are_at_the_end_without_an_index),
        cmocka_unit_test(an_empty_extra_is_left_out),
        cmocka_unit_test(an_extra_of_the_dictionary_has_its_kind),
        cmocka_unit_test(external_id_is_last_in_senhasegura_and_second_in_standard),
        cmocka_unit_test(external_id_is_absent_without_an_index),
        cmocka_unit_test(external_id_names_the_log_where_it_has_an_id),
        cmocka_unit_test(ipv6_moves_to_c6a_keys),
        cmocka_unit_test(ipv6_moves_in_every_format),
        cmocka_unit_test(an_extra_address_moves_too),
        cmocka_unit_test(ipv4_stays_where_it_is),
        cmocka_unit_test(ipv6_stays_in_profile_senhasegura),
        cmocka_unit_test(an_ipv6_key_of_no_dictionary_name_stays),
        cmocka_unit_test(no_template_has_blanks_at_its_ends),
        cmocka_unit_test(every_type_fits_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
