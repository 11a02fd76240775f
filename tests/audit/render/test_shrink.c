/* What a line loses when it is over the limit: formats.md 7. Lengths are counted by hand. */
#include "rendering.h"

#define MESSAGE_HEAD "CEF:0|MT4|senhasegura|3.27.0-4|37|Authentication messages|5|"
#define SYSLOG_HEAD "<13>1 2026-11-24T17:49:41.000000Z - senhasegura - 37 "
#define SENSAGE_HEAD \
    "time=2026-11-24T17:49:41.000000Z\thost=-\tid=37\tname=Authentication messages\tseverity=5"
#define LIMIT 480

static char record[16384];
static char expected[16384];

/* count times the text; valid until the fourth next call. */
static const char *times(const char *text, size_t count)
{
    static char made[4][4096];
    static unsigned next;
    char *out = made[next++ % 4];
    size_t length = strlen(text);
    assert_in_range(count * length, 0, sizeof made[0] - 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(out + i * length, text, length);
    }
    out[count * length] = '\0';
    return out;
}

static const char *message(const char *msg, const char *more)
{
    int length = snprintf(record, sizeof record,
                          "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"auth.message\","
                          "\"msg\":\"%s\"%s}",
                          msg, more);
    assert_in_range(length, 1, sizeof record - 1);
    return record;
}

static struct render_options limited(enum format format, size_t limit)
{
    struct render_options options = options_of(format, PROFILE_SENHASEGURA);
    options.limit = limit;
    return options;
}

static void expect_at(enum format format, size_t limit, const char *made_of)
{
    struct render_options options = limited(format, limit);
    expect_line(made_of, &options, expected);
}

static void a_line_at_the_limit_is_whole_and_one_octet_over_it_is_cut(void **state)
{
    (void)state;
    size_t room = LIMIT - strlen(MESSAGE_HEAD "msg=");
    const char *fitting = message(times("x", room), "");
    snprintf(expected, sizeof expected, MESSAGE_HEAD "msg=%s", times("x", room));
    expect_at(FORMAT_CEF, LIMIT, fitting);
    const char *over = message(times("x", room + 1), "");
    snprintf(expected, sizeof expected, MESSAGE_HEAD "msg=%s... shortened=msg",
             times("x", room - strlen("... shortened=msg")));
    expect_at(FORMAT_CEF, LIMIT, over);
    assert_int_equal(strlen(expected), LIMIT);
}

static void cuts_msg_first(void **state)
{
    (void)state;
    /* a longer value than the message stays whole */
    const char *made =
        message(times("m", 200), ",\"sname\":\"S2345678901234567890\",\"index\":7,"
                                 "\"note\":\""
                                 "N23456789 N23456789 N23456789 "
                                 "N23456789 N23456789 N23456789 N23456789 N23456789 "
                                 "N23456789 N23456789 N23456789 N23456789 N23456789 "
                                 "N23456789 N23456789 N23456789 N23456789 N23456789 "
                                 "N23456789 N23456789 N23456789 N23456789 N23456789\"");
    struct render_options options = limited(FORMAT_CEF, LIMIT);
    expect_part(made, &options, " N23456789 shortened=msg externalId=7", NULL);
    expect_part(made, &options, "... sname=S2345678901234567890 note=N2", NULL);
}

static void shortened_stands_directly_before_external_id(void **state)
{
    (void)state;
    struct render_options options = limited(FORMAT_CEF, LIMIT);
    const char *made = message(times("m", 500), ",\"index\":7,\"extra\":1");
    expect_part(made, &options, "mm... extra=1 shortened=msg externalId=7", NULL);
    options.profile = PROFILE_STANDARD;
    expect_part(made, &options, "|rt=1795542581000 shortened=msg externalId=7 cat=Event ", NULL);
    options.format = FORMAT_SENSAGE;
    expect_part(made, &options, "\trt=1795542581000\tshortened=msg\texternalId=7\tcat=Event\t",
                NULL);
    options.format = FORMAT_RFC5424;
    expect_part(made, &options,
                " rt=\"1795542581000\" shortened=\"msg\" externalId=\"7\" cat=", NULL);
}

static void shortened_stands_at_the_end_without_external_id(void **state)
{
    (void)state;
    snprintf(expected, sizeof expected, MESSAGE_HEAD "msg=%s... extra=1 shortened=msg",
             times("m", LIMIT - strlen(MESSAGE_HEAD "msg=... extra=1 shortened=msg")));
    expect_at(FORMAT_CEF, LIMIT, message(times("m", 500), ",\"extra\":1"));
    snprintf(expected, sizeof expected,
             SYSLOG_HEAD "[senhasegura@32473 extra=\"1\" shortened=\"msg\"] %s...",
             times("m", LIMIT - strlen(SYSLOG_HEAD
                                       "[senhasegura@32473 extra=\"1\" shortened=\"msg\"] ...")));
    expect_at(FORMAT_RFC5424, LIMIT, message(times("m", 500), ",\"extra\":1"));
    snprintf(expected, sizeof expected, SENSAGE_HEAD "\tmsg=%s...\textra=1\tshortened=msg",
             times("m", LIMIT - strlen(SENSAGE_HEAD "\tmsg=...\textra=1\tshortened=msg")));
    expect_at(FORMAT_SENSAGE, LIMIT, message(times("m", 500), ",\"extra\":1"));
}

static void never_splits_a_code_point(void **state)
{
    (void)state;
    size_t room = LIMIT - strlen(MESSAGE_HEAD "msg=... shortened=msg");
    static const char *const points[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < 3; i++) {
        size_t octets = strlen(points[i]);
        for (size_t limit = LIMIT; limit < LIMIT + octets; limit++) {
            snprintf(expected, sizeof expected, MESSAGE_HEAD "msg=%s... shortened=msg",
                     times(points[i], (room + limit - LIMIT) / octets));
            expect_at(FORMAT_CEF, limit, message(times(points[i], 500), ""));
        }
    }
}

static void never_splits_an_escape(void **state)
{
    (void)state;
    size_t room = LIMIT - strlen(MESSAGE_HEAD "msg=... shortened=msg");
    for (size_t limit = LIMIT; limit < LIMIT + 2; limit++) {
        size_t runs = (room + limit - LIMIT) / 2;
        snprintf(expected, sizeof expected, MESSAGE_HEAD "msg=%s... shortened=msg",
                 times("\\=", runs));
        expect_at(FORMAT_CEF, limit, message(times("=", 500), ""));
        snprintf(expected, sizeof expected, MESSAGE_HEAD "msg=x%s... shortened=msg",
                 times("\\n", (room + limit - LIMIT - 1) / 2));
        char text[2048];
        snprintf(text, sizeof text, "x%sx", times("\\n", 500));
        expect_at(FORMAT_CEF, limit, message(text, ""));
    }
}

static void a_run_may_end_in_a_space(void **state)
{
    (void)state;
    size_t room = LIMIT - strlen(MESSAGE_HEAD "msg=... shortened=msg");
    char text[1024];
    snprintf(text, sizeof text, "%s  %s", times("x", room - 2), times("y", 100));
    snprintf(expected, sizeof expected, MESSAGE_HEAD "msg=%s  ... shortened=msg",
             times("x", room - 2));
    expect_at(FORMAT_CEF, LIMIT, message(text, ""));
}

/* `values` is a piece of JSON with long values; the message is short. */
static void expect_values(const char *msg, const char *values, size_t limit, const char *keys)
{
    snprintf(expected, sizeof expected, MESSAGE_HEAD "%s", keys);
    expect_at(FORMAT_CEF, limit, message(msg, values));
}

static void msg_may_be_cut_to_nothing(void **state)
{
    (void)state;
    char values[1024];
    char keys[1024];
    snprintf(values, sizeof values, ",\"note\":\"%s\"", times("n", 300));
    snprintf(keys, sizeof keys, "msg=... note=%s shortened=msg", times("n", 300));
    size_t octets = strlen(MESSAGE_HEAD) + strlen(keys);
    expect_values("hello, world, this is not short", values, octets, keys);
    snprintf(keys, sizeof keys, "msg=h... note=%s shortened=msg", times("n", 300));
    expect_values("hello, world, this is not short", values, octets + 1, keys);
}

static void cuts_longest_value_next(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    snprintf(values, sizeof values, ",\"aa\":\"%s\",\"bb\":\"%s\",\"index\":7", times("a", 290),
             times("b", 300));
    size_t rest = strlen(MESSAGE_HEAD "msg=... aa= bb=... shortened=msg,bb externalId=7") + 290;
    snprintf(keys, sizeof keys, "msg=... aa=%s bb=%s... shortened=msg,bb externalId=7",
             times("a", 290), times("b", LIMIT - rest));
    expect_values("hello", values, LIMIT, keys);
    assert_int_equal(strlen(expected), LIMIT);
}

static void ties_cut_the_earlier_key(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    snprintf(values, sizeof values, ",\"zz\":\"%s\",\"aa\":\"%s\"", times("z", 295),
             times("a", 295));
    size_t rest = strlen(MESSAGE_HEAD "msg=... zz=... aa= shortened=msg,zz") + 295;
    snprintf(keys, sizeof keys, "msg=... zz=%s... aa=%s shortened=msg,zz", times("z", LIMIT - rest),
             times("a", 295));
    expect_values("hello", values, LIMIT, keys);
}

static void length_is_counted_after_cleaning_and_before_escaping(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    /* 99 control characters are 297 octets once cleaned, 145 equals signs are 145, though 290 in
     * the line: the former go first, cut to a whole U+FFFD */
    snprintf(values, sizeof values, ",\"ee\":\"%s\",\"cc\":\"%s\"", times("=", 145),
             times("\\u0001", 99));
    size_t rest = strlen(MESSAGE_HEAD "msg=... ee= cc=... shortened=msg,cc") + 290;
    snprintf(keys, sizeof keys, "msg=... ee=%s cc=%s... shortened=msg,cc", times("\\=", 145),
             times("\xef\xbf\xbd", (LIMIT - rest) / 3));
    expect_values("hello", values, LIMIT, keys);
}

static void cuts_one_after_the_other_in_the_order_of_their_length(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    snprintf(values, sizeof values, ",\"aa\":\"%s\",\"bb\":\"%s\",\"cc\":\"%s\",\"index\":7",
             times("a", 200), times("b", 400), times("c", 300));
    size_t rest =
        strlen(MESSAGE_HEAD "msg=... aa= bb=... cc=... shortened=msg,bb,cc externalId=7") + 200 +
        16;
    snprintf(keys, sizeof keys, "msg=... aa=%s bb=%s... cc=%s... shortened=msg,bb,cc externalId=7",
             times("a", 200), times("b", 16), times("c", LIMIT - rest));
    expect_values("hello", values, LIMIT, keys);
    assert_int_equal(strlen(expected), LIMIT);
}

/* A value that would fit with fewer octets than always stay is cut to these, and the next follows.
 */
static void at_least_sixteen_octets_stay(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    snprintf(values, sizeof values, ",\"aa\":\"%s\",\"bb\":\"%s\"", times("a", 100),
             times("b", 200));
    size_t octets = strlen(MESSAGE_HEAD "msg=... aa= bb=... shortened=msg,bb") + 100 + 16;
    snprintf(keys, sizeof keys, "msg=... aa=%s bb=%s... shortened=msg,bb", times("a", 100),
             times("b", 16));
    expect_values("hello", values, octets, keys);
    octets--;
    snprintf(keys, sizeof keys, "msg=... aa=%s... bb=%s... shortened=msg,bb,aa",
             times("a", 100 - 3 - 3 - 1), times("b", 16));
    expect_values("hello", values, octets, keys);
}

static void the_least_that_stays_is_whole_code_points(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    snprintf(values, sizeof values, ",\"aa\":\"%s\",\"bb\":\"x%s\"", times("a", 60),
             times("\xe2\x82\xac", 100));
    /* 1 + 5 * 3 = 16 octets; of x followed by one more octet it would be 1 + 4 * 3 + ... */
    size_t octets = strlen(MESSAGE_HEAD "msg=... aa= bb=... shortened=msg,bb") + 60 + 16;
    snprintf(keys, sizeof keys, "msg=... aa=%s bb=x%s... shortened=msg,bb", times("a", 60),
             times("\xe2\x82\xac", 5));
    expect_values("hello", values, octets, keys);
    snprintf(values, sizeof values, ",\"aa\":\"%s\",\"bb\":\"xy%s\"", times("a", 60),
             times("\xe2\x82\xac", 100));
    octets -= 2; /* 2 + 4 * 3 = 14 are the longest run of at most 16 */
    snprintf(keys, sizeof keys, "msg=... aa=%s bb=xy%s... shortened=msg,bb", times("a", 60),
             times("\xe2\x82\xac", 4));
    expect_values("hello", values, octets, keys);
}

static void values_of_nineteen_octets_are_never_cut(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    snprintf(values, sizeof values, ",\"a\":\"%s\",\"b\":\"%s\"", times("=", 19), times("=", 20));
    snprintf(keys, sizeof keys, "msg=... a=%s b=%s... shortened=msg,b", times("\\=", 19),
             times("\\=", 16));
    size_t octets = strlen(MESSAGE_HEAD) + strlen(keys);
    expect_values(times("m", 60), values, octets, keys);
    expect_values(times("m", 60), values, octets - 1, "shortened=all");
}

/* The longest decimal has twenty octets. Cutting it wins nothing, but the rule has it cut before
 * the values of twenty octets behind it, which cost two octets each in the line. */
static void a_number_given_for_text_is_cut_as_text(void **state)
{
    (void)state;
    char values[2048];
    char keys[2048];
    snprintf(values, sizeof values, ",\"suid\":-9223372036854775808,\"b\":\"%s\",\"c\":\"%s\"",
             times("=", 20), times("=", 20));
    snprintf(keys, sizeof keys,
             "msg=... suid=-922337203685477... b=%s... c=%s... shortened=msg,suid,b,c",
             times("\\=", 16), times("\\=", 16));
    expect_values(times("m", 60), values, strlen(MESSAGE_HEAD) + strlen(keys), keys);
}

static void numbers_addresses_times_hashes_enums_and_literals_are_never_cut(void **state)
{
    (void)state;
    char made[4096];
    char never_cut[1024];
    snprintf(never_cut, sizeof never_cut,
             "treeSize=9223372036854775807 lockedUntil=2026-11-24 17:49:41 rootHash=%s "
             "fileHash=%s dst=ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 "
             "keySource=generated number=-9223372036854775808 ",
             times("0", 64), times("1", 128));
    snprintf(made, sizeof made,
             "\"treeSize\":9223372036854775807,\"lockedUntil\":\"2026-11-24T17:49:41Z\","
             "\"rootHash\":\"%s\",\"fileHash\":\"%s\","
             "\"dst\":\"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255\","
             "\"keySource\":\"generated\",\"number\":-9223372036854775808,\"note\":\"%s\"",
             times("0", 64), times("1", 128), times("n", 100));
    struct rendering rendering;
    rendering_start(&rendering);
    snprintf(record, sizeof record,
             "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"incident.updated\","
             "\"msg\":\"%s\",%s}",
             times("m", 60), made);
    rendering_decode(&rendering, slice_of(record));
    size_t seen_cut = 0;
    for (size_t limit = 300; limit < 800; limit++) {
        struct render_options options = limited(FORMAT_CEF, limit);
        const char *line = rendering_line(&rendering, &options);
        if (strstr(line, "shortened=all") == NULL) {
            assert_non_null(strstr(line, never_cut));
            assert_non_null(strstr(line, " act=Incident "));
            seen_cut += strstr(line, "... shortened=msg,note") != NULL;
        }
    }
    /* one octet too few for the whole note cuts nine of it: "..." and ",note" need room too */
    assert_int_equal(seen_cut, 91 - 16 + 1);
    rendering_end(&rendering);
}

static void falls_back_to_shortened_all(void **state)
{
    (void)state;
    char values[2048];
    int length = snprintf(values, sizeof values, ",\"index\":7,\"pid\":9");
    for (int i = 0; i < 40; i++) {
        length += snprintf(values + length, sizeof values - (size_t)length, ",\"k%d\":\"%s\"", i,
                           times("v", 19));
    }
    const char *made = message("hello", values);
    snprintf(expected, sizeof expected, MESSAGE_HEAD "shortened=all externalId=7");
    expect_at(FORMAT_CEF, LIMIT, made);
    snprintf(expected, sizeof expected, SENSAGE_HEAD "\tshortened=all\texternalId=7");
    expect_at(FORMAT_SENSAGE, LIMIT, made);
    snprintf(expected, sizeof expected,
             "<13>1 2026-11-24T17:49:41.000000Z - senhasegura 9 37 [senhasegura@32473 "
             "shortened=\"all\" externalId=\"7\"] Authentication messages");
    expect_at(FORMAT_RFC5424, LIMIT, made);
    struct render_options options = limited(FORMAT_CEF, LIMIT);
    options.profile = PROFILE_STANDARD;
    options.log_id = "north1";
    expect_line(made, &options,
                "CEF:0|MT4|master_key_guardian|3.27.0-4|37|Authentication messages|5|"
                "shortened=all externalId=north1-7");
}

static void the_envelope_counts_and_is_never_cut(void **state)
{
    (void)state;
    struct render_options options = limited(FORMAT_CEF, LIMIT);
    options.envelope = ENVELOPE_SYSLOG;
    snprintf(expected, sizeof expected, SYSLOG_HEAD "- " MESSAGE_HEAD "msg=%s... shortened=msg",
             times("m", LIMIT - strlen(SYSLOG_HEAD "- " MESSAGE_HEAD "msg=... shortened=msg")));
    expect_line(message(times("m", 500), ""), &options, expected);
}

static void the_bom_counts_and_goes_with_the_last_non_ascii(void **state)
{
    (void)state;
    static const char head[] = SYSLOG_HEAD "[senhasegura@32473 shortened=\"msg\"] ";
    char text[2048];
    size_t room = LIMIT - strlen(head) - 3;
    /* with the BOM and the two octets of é there is room for so many x before it */
    size_t before = room - 3 - 2;
    snprintf(text, sizeof text, "%s\xc3\xa9%s", times("x", before), times("y", 200));
    snprintf(expected, sizeof expected, "%s\xef\xbb\xbf%s\xc3\xa9...", head, times("x", before));
    expect_at(FORMAT_RFC5424, LIMIT, message(text, ""));
    assert_int_equal(strlen(expected), LIMIT);
    /* one x more: é has no room, what is left is ASCII and needs no BOM */
    snprintf(text, sizeof text, "%s\xc3\xa9%s", times("x", before + 1), times("y", 200));
    snprintf(expected, sizeof expected, "%s%s...", head, times("x", before + 1));
    expect_at(FORMAT_RFC5424, LIMIT, message(text, ""));
}

static void msg_of_rfc5424_loses_its_bom_when_nothing_is_left(void **state)
{
    (void)state;
    char values[1024];
    snprintf(values, sizeof values, ",\"note\":\"%s\"", times("n", 352));
    snprintf(expected, sizeof expected,
             SYSLOG_HEAD "[senhasegura@32473 note=\"%s\" shortened=\"msg\"] ...", times("n", 352));
    expect_at(FORMAT_RFC5424, strlen(expected),
              message("\xc3\xa9\xc3\xa9 long enough to be cut", values));
    expect_at(FORMAT_RFC5424, strlen(expected) + 4,
              message("\xc3\xa9\xc3\xa9 long enough to be cut", values));
}

static void a_template_is_cut_like_any_message(void **state)
{
    (void)state;
    struct render_options options = limited(FORMAT_CEF, 0);
    char made[4096];
    snprintf(made, sizeof made,
             "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"access.request_created\","
             "\"suser\":\"eve\",\"sname\":\"Eve\",\"duser\":\"root\","
             "\"validFrom\":\"2017-01-19T10:41:00Z\",\"validTo\":\"2017-01-19T11:41:00Z\","
             "\"requester\":\"Bob\",\"requestedAction\":\"View\",\"requestDetails\":\"%s\"}",
             times("d", 1000));
    options.limit = LIMIT;
    struct rendering rendering;
    rendering_start(&rendering);
    rendering_decode(&rendering, slice_of(made));
    const char *line = rendering_line(&rendering, &options);
    assert_int_equal(strlen(line), LIMIT);
    assert_non_null(strstr(line, "|msg=User 'Bob' created a request. Request details: dddd"));
    assert_non_null(strstr(line, "dddd... sname=Eve "));
    assert_non_null(strstr(line, " Cs7=View shortened=msg"));
    rendering_end(&rendering);
}

static void without_limit_a_record_of_60_kb_goes_out_whole(void **state)
{
    (void)state;
    static char big[65536];
    static char made[66000];
    memset(big, 'x', 60000);
    big[60000] = '\0';
    snprintf(made, sizeof made,
             "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"auth.message\",\"msg\":\"%s\"}", big);
    struct render_options options = limited(FORMAT_CEF, 0);
    expect_part(made, &options, big, "shortened");
}

static void a_line_that_cannot_fit_is_a_wrong_configuration(void **state)
{
    (void)state;
    struct rendering rendering;
    rendering_start(&rendering);
    rendering_decode(&rendering, slice_of(message(times("m", 60), ",\"index\":7")));
    struct render_options options =
        limited(FORMAT_CEF, strlen(MESSAGE_HEAD "shortened=all externalId=7") - 1);
    buffer_append_text(&rendering.line, "before");
    assert_int_equal(render_line(rendering.event, &options, &rendering.line), ERR_CONFIGURATION);
    assert_int_equal(rendering.line.length, 6);
    options.limit++;
    assert_int_equal(render_line(rendering.event, &options, &rendering.line), OK);
    assert_int_equal(rendering.line.length, 6 + options.limit);
    rendering_end(&rendering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_at_the_limit_is_whole_and_one_octet_over_it_is_cut),
        cmocka_unit_test(cuts_msg_first),
        cmocka_unit_test(shortened_stands_directly_before_external_id),
        cmocka_unit_test(shortened_stands_at_the_end_without_external_id),
        cmocka_unit_test(never_splits_a_code_point),
        cmocka_unit_test(never_splits_an_escape),
        cmocka_unit_test(a_run_may_end_in_a_space),
        cmocka_unit_test(msg_may_be_cut_to_nothing),
        cmocka_unit_test(cuts_longest_value_next),
        cmocka_unit_test(ties_cut_the_earlier_key),
        cmocka_unit_test(length_is_counted_after_cleaning_and_before_escaping),
        cmocka_unit_test(cuts_one_after_the_other_in_the_order_of_their_length),
        cmocka_unit_test(at_least_sixteen_octets_stay),
        cmocka_unit_test(the_least_that_stays_is_whole_code_points),
        cmocka_unit_test(values_of_nineteen_octets_are_never_cut),
        cmocka_unit_test(numbers_addresses_times_hashes_enums_and_literals_are_never_cut),
        cmocka_unit_test(a_number_given_for_text_is_cut_as_text),
        cmocka_unit_test(falls_back_to_shortened_all),
        cmocka_unit_test(the_envelope_counts_and_is_never_cut),
        cmocka_unit_test(the_bom_counts_and_goes_with_the_last_non_ascii),
        cmocka_unit_test(msg_of_rfc5424_loses_its_bom_when_nothing_is_left),
        cmocka_unit_test(a_template_is_cut_like_any_message),
        cmocka_unit_test(without_limit_a_record_of_60_kb_goes_out_whole),
        cmocka_unit_test(a_line_that_cannot_fit_is_a_wrong_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
