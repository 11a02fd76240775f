/* The lines of the specification's file of examples, byte for byte. */
#include "rendering.h"

/* "cef/standard/syslog" to options. */
static struct render_options options_of_name(struct slice name)
{
    char words[64];
    struct render_options options;
    render_defaults(&options);
    assert_in_range(name.length, 1, sizeof words - 1);
    memcpy(words, name.data, name.length);
    words[name.length] = '\0';
    char *profile = strchr(words, '/');
    assert_non_null(profile);
    *profile++ = '\0';
    char *envelope = strchr(profile, '/');
    if (envelope != NULL) {
        *envelope++ = '\0';
        assert_string_equal(envelope, "syslog");
        options.envelope = ENVELOPE_SYSLOG;
    }
    assert_true(format_from_word(words, &options.format));
    assert_true(profile_from_word(profile, &options.profile));
    return options;
}

/* line: a member of "lines". */
static void expect_golden(struct rendering *rendering, struct slice record, const struct json *line)
{
    struct render_options options = options_of_name(line->name);
    const char *made = rendering_line(rendering, &options);
    if (!slice_is(line->text, made)) {
        fail_msg("%.*s of %.*s\nmade     %s\nexpected %.*s", (int)line->name.length,
                 line->name.data, (int)record.length, record.data, made, (int)line->text.length,
                 line->text.data);
    }
}

static void every_golden_line_comes_out_byte_for_byte(void **state)
{
    (void)state;
    struct golden golden;
    struct rendering rendering;
    size_t lines = 0;
    golden_open(&golden);
    rendering_start(&rendering);
    while (golden_next(&golden)) {
        rendering_decode(&rendering, golden.record);
        for (const struct json *line = golden.lines->child; line != NULL; line = line->next) {
            expect_golden(&rendering, golden.record, line);
            lines++;
        }
    }
    /* 183 records in six lines each, 34 more with an envelope: a short file is no proof. */
    assert_in_range(lines, 1132, 100000);
    rendering_end(&rendering);
    golden_close(&golden);
}

/* The envelope counts toward no line that has none: rfc5424 is a syslog message by itself. */
static void an_envelope_changes_nothing_of_rfc5424(void **state)
{
    (void)state;
    struct golden golden;
    struct rendering bare;
    struct rendering enveloped;
    golden_open(&golden);
    rendering_start(&bare);
    rendering_start(&enveloped);
    struct render_options without = options_of(FORMAT_RFC5424, PROFILE_STANDARD);
    struct render_options with = without;
    with.envelope = ENVELOPE_SYSLOG;
    while (golden_next(&golden)) {
        rendering_decode(&bare, golden.record);
        rendering_decode(&enveloped, golden.record);
        assert_string_equal(rendering_line(&bare, &without), rendering_line(&enveloped, &with));
    }
    rendering_end(&bare);
    rendering_end(&enveloped);
    golden_close(&golden);
}

/* What the envelope puts in front is the header of the RFC 5424 line and "- ", no BOM. */
static void an_envelope_is_the_header_of_rfc5424(void **state)
{
    (void)state;
    struct golden golden;
    struct rendering made;
    struct rendering syslog;
    golden_open(&golden);
    rendering_start(&made);
    rendering_start(&syslog);
    while (golden_next(&golden)) {
        rendering_decode(&made, golden.record);
        rendering_decode(&syslog, golden.record);
        struct render_options options = options_of(FORMAT_RFC5424, PROFILE_SENHASEGURA);
        const char *header = rendering_line(&syslog, &options);
        size_t header_octets = (size_t)(strstr(header, " [senhasegura@") - header) + 1;
        for (int format = FORMAT_CEF; format <= FORMAT_SENSAGE; format += FORMAT_SENSAGE) {
            options = options_of((enum format)format, PROFILE_SENHASEGURA);
            options.envelope = ENVELOPE_SYSLOG;
            const char *line = rendering_line(&made, &options);
            assert_memory_equal(line, header, header_octets);
            const char *begin = format == FORMAT_CEF ? "- CEF:0|" : "- time=";
            assert_memory_equal(line + header_octets, begin, 7);
        }
    }
    rendering_end(&made);
    rendering_end(&syslog);
    golden_close(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_line_comes_out_byte_for_byte),
        cmocka_unit_test(an_envelope_changes_nothing_of_rfc5424),
        cmocka_unit_test(an_envelope_is_the_header_of_rfc5424),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
