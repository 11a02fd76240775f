/* Globs: what a pattern covers, and that none of them hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fnmatch.h>

#include "audit/base/clock.h"
#include "audit/base/glob.h"

static bool matches(const char *pattern, const char *text)
{
    return glob_match(slice_of(pattern), slice_of(text));
}

static void a_word_covers_itself_alone(void **state)
{
    (void)state;
    assert_true(matches("ceremony.started", "ceremony.started"));
    assert_false(matches("ceremony.started", "ceremony.starte"));
    assert_false(matches("ceremony.started", "ceremony.started2"));
    assert_false(matches("ceremony.started", "Ceremony.started"));
    assert_true(matches("", ""));
    assert_false(matches("", "a"));
}

static void a_star_covers_any_run_and_a_question_mark_one_octet(void **state)
{
    (void)state;
    assert_true(matches("*", ""));
    assert_true(matches("*", "session.started"));
    assert_true(matches("master_key.*", "master_key."));
    assert_true(matches("master_key.*", "master_key.recovery_failed"));
    assert_false(matches("master_key.*", "master_keys.viewed"));
    assert_true(matches("*.started", "session.started"));
    assert_true(matches("?ession.*e?", "session.started"));
    assert_false(matches("?", ""));
    assert_false(matches("a?", "a"));
    assert_true(matches("**a**", "a"));
    assert_true(matches("a*b*c", "aXbXbXc"));
    assert_false(matches("a*b*c", "aXbXbX"));
}

static void brackets_and_backslashes_are_themselves(void **state)
{
    (void)state;
    assert_true(matches("[ab]\\", "[ab]\\"));
    assert_false(matches("[ab]", "a"));
}

/* Every pattern and text of a small alphabet, against the C library's judge. */
static void agrees_with_fnmatch(void **state)
{
    (void)state;
    static const char pattern_letters[] = "ab*?";
    static const char text_letters[] = "ab";
    for (unsigned p = 0; p < 4 * 4 * 4 * 4 * 4; p++) {
        char pattern[6] = "";
        for (unsigned i = 0, rest = p; i < 5; i++, rest /= 4) {
            pattern[i] = pattern_letters[rest % 4];
        }
        for (unsigned t = 0; t < 64 * 7; t++) {
            char text[7] = "";
            for (unsigned i = 0, rest = t / 7; i < t % 7; i++, rest /= 2) {
                text[i] = text_letters[rest % 2];
            }
            assert_int_equal(matches(pattern, text), fnmatch(pattern, text, 0) == 0);
        }
    }
}

static void many_stars_do_not_hang_it(void **state)
{
    (void)state;
    char pattern[2001];
    char text[2001];
    for (size_t i = 0; i < 2000; i += 2) {
        memcpy(pattern + i, "*a", 2);
    }
    pattern[1999] = 'b';
    pattern[2000] = '\0';
    memset(text, 'a', 2000);
    text[2000] = '\0';
    int64_t before = clock_boot_ms();
    assert_false(matches(pattern, text));
    assert_true(clock_boot_ms() - before < 5000); /* an exponential one would take for ever */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_covers_itself_alone),
        cmocka_unit_test(a_star_covers_any_run_and_a_question_mark_one_octet),
        cmocka_unit_test(brackets_and_backslashes_are_themselves),
        cmocka_unit_test(agrees_with_fnmatch),
        cmocka_unit_test(many_stars_do_not_hang_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
