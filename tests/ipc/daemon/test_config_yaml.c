/* YAML from a hostile hand: refused with its exact line, quickly, in bounded memory. */
#include <stdlib.h>

#include "audit/base/clock.h"
#include "tests/ipc/daemon/config_case.h"

#define A_LONG_TIME_MS 5000

static void refuses_broken_yaml_with_its_line(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"log:\n  id: \"A\n", 3, "not YAML", "begins in line 2; mend"},
        {"log:\n  id: 'A\n\n", 4, "not YAML", "begins in line 2; mend"},
        {"log:\n\tid: A\n", 2, "not YAML", "no tabs"},
        {"log: {id: A\n", 2, "not YAML", "begins in line 1; mend"},
        {"log: {}}\n", 1, "not YAML", "brackets"},
        {"log:\n  id: A\n  - B\n", 3, "not YAML", "begins in line 2; mend"},
        {"log:\n  id: A: B\n", 2, "not YAML", "mend"},
        {"log:\n  id: @A\n", 2, "not YAML", "mend"},
        {"log:\n  id: \"\\q\"\n", 2, "not YAML", "mend"},
        {"%YAML 2.0\n---\nlog: {}\n", 1, "not YAML", "mend"},
    };
    REFUSES_ALL(slips);
}

static void reports_the_settings_before_a_break_too(void **state)
{
    (void)state;
    assert_int_equal(parse("limits:\n  wokers: 1\nsinks:\n  - name: a\n    url: \"file:///a\n"),
                     ERR_CONFIGURATION);
    const char *lines = said();
    assert_non_null(strstr(lines, "t.yaml:2: limits: 'wokers'"));
    assert_non_null(strstr(lines, "t.yaml:6: not YAML"));
    assert_int_equal(count_lines(lines), 2); /* not: that the sink has no url */
}

static void refuses_anchors_aliases_and_tags(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"log: &a\n  id: A\n", 1, "an anchor (&)", "write the value out"},
        {"log:\n  id: &a A\n", 2, "an anchor (&)", "write the value out"},
        {"log:\n  &a id: A\n", 2, "an anchor (&)", "write the value out"},
        {"log: *a\n", 1, "an alias (*)", "write the value out"},
        {"sinks:\n  - *a\n", 2, "an alias (*)", "write the value out"},
        {"*a : 1\n", 1, "a key is not a word", "plain words"},
        {"log:\n  id: !!str A\n", 2, "a tag (!)", "without it"},
        {"log: !x {id: A}\n", 1, "a tag (!)", "without it"},
        {"access: !x []\n", 1, "a tag (!)", "without it"},
        {"log:\n  id: ! A\n", 2, "a tag (!)", "without it"},
        {"%TAG !e! tag:example.org,2026:\n---\nlog: {}\n", 1, "a %TAG directive", "take it out"},
        {"? [log]\n: {}\n", 1, "a key is not a word", "plain words"},
        {"log:\n  ? {id: A}\n  : B\n", 2, "a key is not a word", "plain words"},
    };
    REFUSES_ALL(slips);
}

static void refuses_a_second_document_and_an_empty_one(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"log: {}\n---\nlog: {}\n", 2, "a second document", "take the line '---' out"},
        {"", 1, "has no settings", "embedded defaults"},
        {"# nothing\n\n", 1, "has no settings", "embedded defaults"},
        {"---\n", 1, "has no settings", "embedded defaults"},
        {"---\n...\n", 1, "has no settings", "embedded defaults"},
    };
    REFUSES_ALL(slips);
    accepts("---\nlog: {}\n...\n");
    accepts("%YAML 1.2\n---\nlog: {}\n");
}

static void takes_the_ways_yaml_has_to_write_the_same(void **state)
{
    (void)state;
    accepts("\xef\xbb\xbf\"log\" :\r\n  'id': \"\\x41B\"\r\n\"limits\": {workers: \"7\", "
            "depth: '9'}\r\ngeoip:\r\n  "
            "language: >-\r\n    de\r\n");
    assert_string_equal(config->log.id, "AB");
    assert_int_equal(config->limits.workers, 7);
    assert_int_equal(config->limits.depth, 9);
    assert_string_equal(config->geoip.language, "de");
}

static void refuses_text(const char *text, size_t length, int line, const char *wrong)
{
    buffer_reset(&problems);
    assert_int_equal(config_parse((struct slice){text, length}, "t.yaml", &config, &problems),
                     ERR_CONFIGURATION);
    const char *lines = said();
    char start[64];
    snprintf(start, sizeof start, "t.yaml:%d: ", line);
    if (count_lines(lines) != 1 || strncmp(lines, start, strlen(start)) != 0 ||
        strstr(lines, wrong) == NULL) {
        fail_msg("expected %s… %s\ngot %s", start, wrong, lines);
    }
}

/* Malformed sequences after RFC 3629 section 3 and its examples of section 10. */
static void refuses_what_is_not_utf_8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xff",         "\xc0\x80", "\xed\xa0\x80",        "\xf4\x90\x80\x80",
        "\xe2\x28\xa1", "\xc3",     "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        int length = snprintf(text, sizeof text, "log:\n  id: A\ndevice:\n  vendor: x%s", bad[i]);
        refuses_text(text, (size_t)length, 4, "not plain UTF-8 text");
    }
    static const char utf_16[] = "\xff\xfel\0o\0g\0:\0 \0{\0}\0\n";
    refuses_text(utf_16, sizeof utf_16, 1, "not plain UTF-8 text");
}

static void refuses_nul_and_other_controls(void **state)
{
    (void)state;
    static const char nul[] = "log:\n  id: A\0B\n";
    refuses_text(nul, sizeof nul - 1, 2, "control characters");
    static const char escape[] = "log:\n  id: A\n# \x1b[2J\n";
    refuses_text(escape, sizeof escape - 1, 3, "control characters");
    static const struct slip slips[] = {
        {"device:\n  vendor: \"a\\0b\"\n", 2, "'a?b' has a control character", "printable"},
        {"device:\n  vendor: \"a\\nb\"\n", 2, "'a?b' has a control character", "printable"},
        {"device:\n  vendor: \"a\\x9bb\"\n", 2, "has a control character", "printable"},
        {"log:\n  id: \"A\\0\"\n", 2, "not allowed", "letters"},
        {"log:\n  \"id\\0\": A\n", 2, "'id?' is no setting", "'id'"},
        {"state:\n  directory: \"/a\\0b\"\n", 2, "control character", "absolute path"},
        {"sinks: [{name: a, url: file:///a, format: \"cef\\0\"}]\n", 1, "is no format", "cef"},
        {"access:\n  - {uid: 5, login: a, roles: [\"auditor\\0\"]}\n", 2, "is no role", "auditor"},
    };
    REFUSES_ALL(slips);
}

static void a_bomb_of_aliases_does_not_go_off(void **state)
{
    (void)state;
    char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 20; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length,
                 "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1,
                 i - 1, i - 1, i - 1);
    }
    int64_t before = clock_boot_ms();
    assert_int_equal(parse(text), ERR_CONFIGURATION);
    assert_true(clock_boot_ms() - before < A_LONG_TIME_MS);
    const char *lines = said();
    assert_non_null(strstr(lines, "t.yaml:1: an anchor (&)"));
    assert_non_null(strstr(lines, "t.yaml:2: an alias (*)"));
}

static void refuses_nesting_by(const char *opening, const char *expected)
{
    size_t piece = strlen(opening);
    size_t pieces = CONFIG_FILE_MAX / piece;
    char *text = malloc(pieces * piece);
    assert_non_null(text);
    for (size_t i = 0; i < pieces; i++) {
        memcpy(text + i * piece, opening, piece);
    }
    static const size_t depths[] = {10000, 0}; /* ten thousand, and as many as fit */
    for (size_t i = 0; i < 2; i++) {
        size_t depth = depths[i] == 0 ? pieces : depths[i];
        int64_t before = clock_boot_ms();
        buffer_reset(&problems);
        assert_int_equal(
            config_parse((struct slice){text, depth * piece}, "t.yaml", &config, &problems),
            ERR_CONFIGURATION);
        assert_true(clock_boot_ms() - before < A_LONG_TIME_MS);
        if (strstr(said(), expected) == NULL) {
            fail_msg("no line %s in\n%s", expected, problems.data);
        }
    }
    free(text);
}

static void refuses_deep_nesting_without_following_it(void **state)
{
    (void)state;
    refuses_nesting_by("[", "t.yaml:1: nested deeper than 8");
    refuses_nesting_by("[\n", "t.yaml:9: nested deeper than 8");
    refuses_nesting_by("{a: ", "t.yaml:1: nested deeper than 8");
    refuses_nesting_by("{a:\n ", "t.yaml:9: nested deeper than 8");
    refuses_nesting_by("- ", "t.yaml:1: nested deeper than 8");
    refuses_nesting_by("? ", "t.yaml:1: a key is not a word");
}

static char *a_megabyte(const char *head, char filling, const char *tail)
{
    char *text = malloc(CONFIG_FILE_MAX + 1);
    assert_non_null(text);
    memset(text, filling, CONFIG_FILE_MAX);
    memcpy(text, head, strlen(head));
    memcpy(text + CONFIG_FILE_MAX - strlen(tail), tail, strlen(tail) + 1);
    return text;
}

static void refuses_huge_scalars_and_quotes_little_of_them(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"log:\n  id: ", 2, "is too long", "0 to 16 octets"},
        {"log:\n  id: \"", 2, "is too long", "0 to 16 octets"},
        {"state:\n  directory: /", 2, "is too long", "511 octets"},
        {"access:\n  - {roles: [auditor], login: a, uid: ", 2, "no user", "name of a user"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        const char *tail = i == 1 ? "\"\n" : i == 3 ? "}\n" : "\n";
        char *text = a_megabyte(slips[i].text, 'a', tail);
        struct slip slip = slips[i];
        slip.text = text;
        int64_t before = clock_boot_ms();
        refuses(&slip);
        assert_true(clock_boot_ms() - before < A_LONG_TIME_MS);
        assert_true(problems.length < 400);
        free(text);
    }
    char *text = a_megabyte("log:\n  id: \"", 'a', "");
    refuses(&(struct slip){text, 2, "not YAML: found unexpected end of stream", "line 2; mend"});
    free(text);
}

static void refuses_more_values_or_keys_than_any_configuration_has(void **state)
{
    (void)state;
    char *text = malloc(CONFIG_FILE_MAX + 1);
    assert_non_null(text);
    memcpy(text, "access: [", 9);
    for (size_t i = 9; i < CONFIG_FILE_MAX; i += 2) {
        memcpy(text + i, "1,", 2);
    }
    int64_t before = clock_boot_ms();
    buffer_reset(&problems);
    assert_int_equal(
        config_parse((struct slice){text, CONFIG_FILE_MAX - 1}, "t.yaml", &config, &problems),
        ERR_CONFIGURATION);
    assert_non_null(strstr(said(), "more than 32768 values"));
    size_t length = 0;
    for (int i = 0; length < CONFIG_FILE_MAX - 16; i++) {
        length += (size_t)snprintf(text + length, 16, "k%d: 1\n", i);
    }
    buffer_reset(&problems);
    assert_int_equal(config_parse((struct slice){text, length}, "t.yaml", &config, &problems),
                     ERR_CONFIGURATION);
    assert_non_null(strstr(said(), "t.yaml:65: more than 64 keys"));
    assert_true(clock_boot_ms() - before < A_LONG_TIME_MS);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(refuses_broken_yaml_with_its_line),
        CONFIG_TEST(reports_the_settings_before_a_break_too),
        CONFIG_TEST(refuses_anchors_aliases_and_tags),
        CONFIG_TEST(refuses_a_second_document_and_an_empty_one),
        CONFIG_TEST(takes_the_ways_yaml_has_to_write_the_same),
        CONFIG_TEST(refuses_what_is_not_utf_8),
        CONFIG_TEST(refuses_nul_and_other_controls),
        CONFIG_TEST(a_bomb_of_aliases_does_not_go_off),
        CONFIG_TEST(refuses_deep_nesting_without_following_it),
        CONFIG_TEST(refuses_huge_scalars_and_quotes_little_of_them),
        CONFIG_TEST(refuses_more_values_or_keys_than_any_configuration_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
