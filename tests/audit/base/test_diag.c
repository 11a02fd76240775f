/* Diagnostics: one line, one write, nothing in it that a terminal would obey. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/base/diag.h"

static int saved_stderr;
static int packets[2]; /* each write into it is one packet, so that writes can be counted */

static int catch_stderr(void **state)
{
    (void)state;
    if (pipe2(packets, O_DIRECT | O_NONBLOCK | O_CLOEXEC) != 0) {
        return -1;
    }
    saved_stderr = dup(STDERR_FILENO);
    return dup2(packets[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int let_stderr_go(void **state)
{
    (void)state;
    diag_set_level(DIAG_NOTICE);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(packets[0]);
    close(packets[1]);
    return 0;
}

/* What the next write to stderr was, "" if there was none. */
static const char *said(void)
{
    static char text[8192];
    ssize_t length = read(packets[0], text, sizeof text - 1);
    text[length < 0 ? 0 : length] = '\0';
    return text;
}

static void says_level_what_and_pairs_in_one_write(void **state)
{
    (void)state;
    diag_say(DIAG_WARNING, "sink is behind", "sink", "main", "lag", "17", NULL);
    assert_string_equal(said(), "warning: sink is behind sink='main' lag='17'\n");
    diag_say(DIAG_ERROR, "stopped", NULL);
    assert_string_equal(said(), "error: stopped\n");
    diag_say(DIAG_NOTICE, "begun", "why", (char *)NULL, "empty", "", NULL);
    assert_string_equal(said(), "notice: begun why='-' empty=''\n");
    assert_string_equal(said(), "");
}

static void escapes_what_would_end_a_value_or_a_line(void **state)
{
    (void)state;
    diag_say(DIAG_ERROR, "x", "v", "it's \\ a\n\"b\"\r\t\x01\x1b[2J\x7f", NULL);
    assert_string_equal(said(),
                        "error: x v='it\\'s \\\\ a\\x0a\"b\"\\x0d\\x09\\x01\\x1b[2J\\x7f'\n");
}

static void escapes_controls_of_the_second_set(void **state)
{
    (void)state;
    for (unsigned c = 0x80; c <= 0xff; c++) {
        const char value[] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)), '\0'};
        char wanted[64];
        if (c < 0xa0) {
            snprintf(wanted, sizeof wanted, "error: x v='\\xc2\\x%02x'\n", c);
        } else {
            snprintf(wanted, sizeof wanted, "error: x v='%s'\n", value);
        }
        diag_say(DIAG_ERROR, "x", "v", value, NULL);
        assert_string_equal(said(), wanted);
    }
}

static void escapes_octets_that_are_not_utf8(void **state)
{
    (void)state;
    diag_say(DIAG_ERROR, "x", "v", "Jos\xe9 \xc0\xaf \xed\xa0\x80 \xff \xe2\x82", NULL);
    assert_string_equal(said(),
                        "error: x v='Jos\\xe9 \\xc0\\xaf \\xed\\xa0\\x80 \\xff \\xe2\\x82'\n");
    diag_say(DIAG_ERROR, "x", "v", "Jos\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", NULL);
    assert_string_equal(said(), "error: x v='Jos\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80'\n");
}

static void a_line_too_long_is_cut_between_characters_and_ended(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        const char *written;
    } pieces[] = {{"a", "a"},
                  {"\n", "\\x0a"},
                  {"'", "\\'"},
                  {"\xe2\x82\xac", "\xe2\x82\xac"},
                  {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                  {"\xff", "\\xff"}};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char value[6000] = "";
        size_t length = strlen(pieces[i].piece);
        for (size_t at = 0; at + length < sizeof value; at += length) {
            memcpy(value + at, pieces[i].piece, length + 1);
        }
        diag_say(DIAG_ERROR, "x", "v", value, "w", value, NULL);
        const char *line = said();
        size_t line_length = strlen(line);
        size_t written = strlen(pieces[i].written);
        assert_in_range(line_length, 4090, 4096);
        assert_int_equal(line[line_length - 1], '\n');
        assert_memory_equal(line + line_length - 1 - written, pieces[i].written, written);
        assert_string_equal(said(), "");
    }
}

static void says_only_what_is_severe_enough(void **state)
{
    (void)state;
    diag_set_level(DIAG_WARNING);
    diag_say(DIAG_NOTICE, "a", NULL);
    assert_string_equal(said(), "");
    diag_say(DIAG_WARNING, "b", NULL);
    assert_string_equal(said(), "warning: b\n");
    diag_set_level(DIAG_ERROR);
    diag_say(DIAG_WARNING, "c", NULL);
    assert_string_equal(said(), "");
    diag_say(DIAG_ERROR, "d", NULL);
    assert_string_equal(said(), "error: d\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_level_what_and_pairs_in_one_write, catch_stderr,
                                        let_stderr_go),
        cmocka_unit_test_setup_teardown(escapes_what_would_end_a_value_or_a_line, catch_stderr,
                                        let_stderr_go),
        cmocka_unit_test_setup_teardown(escapes_controls_of_the_second_set, catch_stderr,
                                        let_stderr_go),
        cmocka_unit_test_setup_teardown(escapes_octets_that_are_not_utf8, catch_stderr,
                                        let_stderr_go),
        cmocka_unit_test_setup_teardown(a_line_too_long_is_cut_between_characters_and_ended,
                                        catch_stderr, let_stderr_go),
        cmocka_unit_test_setup_teardown(says_only_what_is_severe_enough, catch_stderr,
                                        let_stderr_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
