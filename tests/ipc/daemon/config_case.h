/* What the tests of the configuration share: one text in, one configuration or its problems out. */
#ifndef TESTS_IPC_DAEMON_CONFIG_CASE_H
#define TESTS_IPC_DAEMON_CONFIG_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/daemon/config.h"

static struct buffer problems;
static struct config *config;

static inline int set_up(void **state)
{
    (void)state;
    buffer_init(&problems, 1024 * 1024);
    config = NULL;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    buffer_done(&problems);
    config_release(config);
    return 0;
}

static inline enum err parse(const char *text)
{
    buffer_reset(&problems);
    config_release(config);
    config = NULL;
    return config_parse(slice_of(text), "t.yaml", &config, &problems);
}

static inline const char *said(void)
{
    buffer_append_char(&problems, '\0');
    assert_int_equal(buffer_result(&problems), OK);
    return problems.data;
}

static inline size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static inline void accepts(const char *text)
{
    enum err err = parse(text);
    if (err != OK) {
        fail_msg("refused:\n%s\n%s", text, said());
    }
    assert_int_equal(problems.length, 0);
    assert_non_null(config);
}

/* One problem, in that line, that says what is wrong and, behind it, what would be right. */
struct slip {
    const char *text;
    int line;
    const char *wrong;
    const char *right;
};

static inline void refuses(const struct slip *slip)
{
    assert_int_equal(parse(slip->text), ERR_CONFIGURATION);
    assert_null(config);
    const char *lines = said();
    char start[32];
    snprintf(start, sizeof start, "t.yaml:%d: ", slip->line);
    const char *wrong = strstr(lines, slip->wrong);
    if (count_lines(lines) != 1 || strncmp(lines, start, strlen(start)) != 0 || wrong == NULL ||
        strstr(wrong, slip->right) == NULL) {
        fail_msg("for\n%s\nexpected %s… %s … %s\ngot:\n%s", slip->text, start, slip->wrong,
                 slip->right, lines);
    }
}

static inline void refuses_all(const struct slip *slips, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        refuses(&slips[i]);
    }
}

#define REFUSES_ALL(slips) refuses_all(slips, sizeof(slips) / sizeof((slips)[0]))

/* A list of `count` entries, each made from a pattern with its number in it, twice. */
static inline char *many(const char *head, const char *pattern, int count)
{
    static char text[256 * 1024];
    size_t length = (size_t)snprintf(text, sizeof text, "%s", head);
    for (int i = 0; i < count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        length += (size_t)snprintf(text + length, sizeof text - length, pattern, i, i);
#pragma GCC diagnostic pop
    }
    return text;
}

#define CONFIG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
