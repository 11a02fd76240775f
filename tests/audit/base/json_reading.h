/* What the tests of the JSON reader share: an arena a test, and texts parsed in it. */
#ifndef TESTS_AUDIT_BASE_JSON_READING_H
#define TESTS_AUDIT_BASE_JSON_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/base/json.h"

static struct arena arena;
static struct fault fault;
static const struct json_limits wide = {.depth = JSON_DEPTH_MAX, .members = 1000000};

static inline int begin(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)1 << 30);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* Parses a copy that ends where the text ends, so that a sanitizer sees an octet too far. */
static inline enum err parse_slice(struct slice text, const struct json_limits *limits,
                                   struct json **out)
{
    static char *copy; /* lives until the next: the tree borrows from it */
    free(copy);
    copy = malloc(text.length + 1);
    assert_non_null(copy);
    char *exact = copy + 1; /* not aligned */
    memcpy(exact, text.data, text.length);
    fault_clear(&fault);
    return json_parse(&arena, (struct slice){exact, text.length}, limits, out, &fault);
}

static inline struct json *parsed(const char *text)
{
    struct json *root = NULL;
    enum err err = parse_slice(slice_of(text), &wide, &root);
    if (err != OK) {
        fail_msg("%s: %s", text, fault.sentence);
    }
    return root;
}

/* Which reason the text is refused for; none if it is taken. */
static inline enum reason refusal(const char *text)
{
    struct json *root = NULL;
    enum err err = parse_slice(slice_of(text), &wide, &root);
    assert_int_equal(err == OK, root != NULL);
    assert_true(err == OK || err == ERR_PARSE || err == ERR_INVALID_PARAMS);
    assert_int_equal(err, fault.err);
    return fault.reason;
}

#endif
