/* The door: words, defaults, limits of a configuration, failures. */
#include "rendering.h"

#include "audit/base/memory.h"

#define RECORD \
    "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"auth.message\",\"msg\":\"hello\",\"index\":7}"

static void words_and_values_come_back_as_they_went(void **state)
{
    (void)state;
    static const char *const formats[FORMAT_COUNT] = {"cef", "rfc5424", "sensage"};
    static const char *const profiles[PROFILE_COUNT] = {"senhasegura", "standard"};
    for (int i = 0; i < FORMAT_COUNT; i++) {
        enum format format = FORMAT_COUNT;
        assert_string_equal(format_word((enum format)i), formats[i]);
        assert_true(format_from_word(formats[i], &format));
        assert_int_equal(format, i);
    }
    for (int i = 0; i < PROFILE_COUNT; i++) {
        enum profile profile = PROFILE_COUNT;
        assert_string_equal(profile_word((enum profile)i), profiles[i]);
        assert_true(profile_from_word(profiles[i], &profile));
        assert_int_equal(profile, i);
    }
}

static void refuses_other_words(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "CEF", "cef ", "ce", "leef", "Standard", "senha"};
    enum format format = FORMAT_SENSAGE;
    enum profile profile = PROFILE_STANDARD;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(format_from_word(bad[i], &format));
        assert_false(profile_from_word(bad[i], &profile));
    }
    assert_int_equal(format, FORMAT_SENSAGE);
    assert_int_equal(profile, PROFILE_STANDARD);
}

static void appends_behind_what_is_there(void **state)
{
    (void)state;
    struct rendering rendering;
    rendering_start(&rendering);
    rendering_decode(&rendering, slice_of(RECORD));
    struct render_options options = options_of(FORMAT_CEF, PROFILE_SENHASEGURA);
    buffer_append_text(&rendering.line, "before ");
    assert_int_equal(render_line(rendering.event, &options, &rendering.line), OK);
    buffer_append_char(&rendering.line, '\0');
    assert_string_equal(rendering.line.data,
                        "before CEF:0|MT4|senhasegura|3.27.0-4|37|Authentication messages|5|"
                        "msg=hello externalId=7");
    rendering_end(&rendering);
}

/* Every allocation failing once, in every format: an error and no piece of a line. */
static void without_memory_nothing_is_appended(void **state)
{
    (void)state;
    struct rendering rendering;
    rendering_start(&rendering);
    rendering_decode(&rendering, slice_of(RECORD));
    for (int format = 0; format < FORMAT_COUNT; format++) {
        struct render_options options = options_of((enum format)format, PROFILE_STANDARD);
        struct buffer line;
        buffer_init(&line, 4096);
        memory_fail_from(1);
        enum err err = render_line(rendering.event, &options, &line);
        memory_fail_from(0);
        assert_int_equal(err, ERR_NO_MEMORY);
        assert_int_equal(line.length, 0);
        buffer_done(&line);
        for (size_t maximum = 0; maximum < 64; maximum++) {
            buffer_init(&line, maximum);
            assert_int_not_equal(render_line(rendering.event, &options, &line), OK);
            assert_int_equal(line.length, 0);
            buffer_done(&line);
        }
    }
    rendering_end(&rendering);
}

static void the_defaults_fit_the_smallest_limit(void **state)
{
    (void)state;
    for (int format = 0; format < FORMAT_COUNT; format++) {
        for (int profile = 0; profile < PROFILE_COUNT; profile++) {
            struct render_options options = options_of((enum format)format, (enum profile)profile);
            options.envelope = ENVELOPE_SYSLOG;
            options.limit = RENDER_LIMIT_MIN;
            assert_int_equal(render_check_limit(&options, NULL), OK);
        }
    }
}

static void no_limit_is_always_right(void **state)
{
    (void)state;
    static char hostname[256];
    memset(hostname, 'h', sizeof hostname - 1);
    struct render_options options = options_of(FORMAT_CEF, PROFILE_STANDARD);
    options.device_hostname = hostname;
    options.envelope = ENVELOPE_SYSLOG;
    options.limit = 0;
    assert_int_equal(render_check_limit(&options, NULL), OK);
}

static void a_limit_under_which_identity_does_not_fit_is_refused(void **state)
{
    (void)state;
    static char hostname[256];
    static char vendor[64];
    memset(hostname, 'h', sizeof hostname - 1);
    memset(vendor, '|', sizeof vendor - 1);
    struct render_options options = options_of(FORMAT_CEF, PROFILE_STANDARD);
    options.device_hostname = hostname;
    options.device_vendor = vendor;
    options.device_product = vendor;
    options.envelope = ENVELOPE_SYSLOG;
    options.limit = RENDER_LIMIT_MIN;
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(render_check_limit(&options, &fault), ERR_CONFIGURATION);
    assert_int_equal(fault.err, ERR_CONFIGURATION);
    assert_int_equal(fault.reason, REASON_bad_configuration);
    /* the sentence names an event and the octets that are enough */
    char *octets = strstr(fault.sentence, "set the limit to ");
    assert_non_null(octets);
    options.limit = strtoul(octets + strlen("set the limit to "), NULL, 10);
    assert_in_range(options.limit, RENDER_LIMIT_MIN + 1, 2000);
    assert_int_equal(render_check_limit(&options, NULL), OK);
    options.limit--;
    assert_int_equal(render_check_limit(&options, NULL), ERR_CONFIGURATION);
    char *name = strstr(fault.sentence, "of the event ");
    assert_non_null(name);
    name += strlen("of the event ");
    assert_non_null(catalogue_find((struct slice){name, strcspn(name, " ")}));
}

/* What the check lets pass, render_line renders: the longest event of every type. */
static void what_the_check_passes_always_fits(void **state)
{
    (void)state;
    for (int format = 0; format < FORMAT_COUNT; format++) {
        struct render_options options = options_of((enum format)format, PROFILE_STANDARD);
        options.envelope = ENVELOPE_SYSLOG;
        options.log_id = "0123456789abcdef";
        for (options.limit = 100; render_check_limit(&options, NULL) != OK; options.limit++) {
        }
        bool reached = false;
        for (int id = 0; id < EVENT_COUNT; id++) {
            const struct event_type *type = catalogue_type((enum event_id)id);
            struct event event = {
                .type = type,
                .slots = calloc(type->field_count + 1, sizeof *event.slots),
                .pid = INT64_MAX,
                .index = INT64_MAX,
                .dvc = slice_of("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%0"),
            };
            assert_non_null(event.slots);
            struct buffer line;
            buffer_init(&line, 4096);
            assert_int_equal(render_line(&event, &options, &line), OK);
            assert_in_range(line.length, 1, options.limit);
            reached |= line.length == options.limit;
            buffer_done(&line);
            free(event.slots);
        }
        assert_true(reached);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_values_come_back_as_they_went),
        cmocka_unit_test(refuses_other_words),
        cmocka_unit_test(appends_behind_what_is_there),
        cmocka_unit_test(without_memory_nothing_is_appended),
        cmocka_unit_test(the_defaults_fit_the_smallest_limit),
        cmocka_unit_test(no_limit_is_always_right),
        cmocka_unit_test(a_limit_under_which_identity_does_not_fit_is_refused),
        cmocka_unit_test(what_the_check_passes_always_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
