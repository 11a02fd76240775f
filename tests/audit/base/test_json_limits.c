/* The JSON reader: names that stand twice, limits, what a fault says, and no memory. */
#include "tests/audit/base/json_reading.h"

#include "audit/base/clock.h"
#include "audit/base/memory.h"

/* ---- names that stand twice -------------------------------------------------------------------
 */

/* An object of `count` members named alike in length, first, middle and last octet; the second of
 * a pair gets the name of the first. */
static void write_object(char *text, size_t size, int count, int first, int second)
{
    int at = snprintf(text, size, "{");
    for (int i = 0; i < count; i++) {
        at += snprintf(text + at, size - (size_t)at, "%s\"n%04d\":%d", i == 0 ? "" : ",",
                       (i == second ? first : i) * 10, i);
    }
    snprintf(text + at, size - (size_t)at, "}");
}

static void finds_a_name_that_stands_twice_wherever_it_stands(void **state)
{
    (void)state;
    static const int counts[] = {2, 3, 16, 31, 32, 33, 34, 47, 64, 65};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char text[2048];
        int count = counts[i];
        write_object(text, sizeof text, count, 0, 0);
        assert_int_equal(refusal(text), REASON_none);
        for (int second = 1; second < count; second++) {
            for (int first = 0; first < second; first++) {
                char pointer[16];
                write_object(text, sizeof text, count, first, second);
                snprintf(pointer, sizeof pointer, "/n%04d", first * 10);
                assert_int_equal(refusal(text), REASON_duplicate);
                assert_int_equal(fault.err, ERR_PARSE);
                assert_string_equal(fault.field, pointer);
                arena_reset(&arena);
            }
        }
    }
}

static void names_are_compared_after_unescaping(void **state)
{
    (void)state;
    assert_int_equal(refusal("{\"a\":1,\"\\u0061\":2}"), REASON_duplicate);
    assert_int_equal(refusal("{\"\\/\":1,\"/\":2}"), REASON_duplicate);
    assert_int_equal(refusal("{\"\":1,\"\":2}"), REASON_duplicate);
    assert_int_equal(refusal("{\"\xc3\xa9\":1,\"\\u00E9\":2}"), REASON_duplicate);
    assert_int_equal(refusal("{\"a\":1,\"A\":2}"), REASON_none);
    assert_int_equal(refusal("{\"\xc3\xa9\":1,\"e\\u0301\":2}"), REASON_none);
}

static void a_doubled_name_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        {"{\"a\":1,\"b\":2,\"a\":3}", "At octet 13 "},
        {"{ \"a\" : 1 ,  \"a\" : 3 }", "At octet 13 "},
        {"[0,{\"x\":\",\\\"}{\",\"y\":[{\"x\":1},2],\"\\u0078\":3}]", "At octet 32 "},
        {"{\"o\":{\"a\":1,\"a\":2},\"o\":3}", "At octet 12 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(refusal(cases[i].text), REASON_duplicate);
        assert_memory_equal(fault.sentence, cases[i].sentence, strlen(cases[i].sentence));
    }
}

static void one_name_may_stand_in_several_objects(void **state)
{
    (void)state;
    assert_int_equal(refusal("[{\"a\":1},{\"a\":{\"a\":{\"a\":2}}}]"), REASON_none);
}

static void many_names_thought_up_to_be_slow_are_not(void **state)
{
    (void)state;
    const int count = 300000;
    const size_t size = (size_t)count * 24;
    char *text = malloc(size);
    assert_non_null(text);
    size_t at = 0;
    text[at++] = '{';
    for (int i = 0; i < count; i++) { /* equal in length, first, middle and last octet */
        at += (size_t)snprintf(text + at, size - at, "\"a%03d.......%03d..z\":0,", i / 1000,
                               i % 1000);
    }
    text[at - 1] = '}';
    struct json *root = NULL;
    int64_t before_ms = clock_boot_ms();
    assert_int_equal(parse_slice((struct slice){text, at}, &wide, &root), OK);
    assert_true(clock_boot_ms() - before_ms < 10000); /* pairs would take minutes */
    assert_int_equal(root->count, count);
    free(text);
}

/* ---- limits -----------------------------------------------------------------------------------
 */

static void takes_the_depth_allowed_and_no_more(void **state)
{
    (void)state;
    struct json *root = NULL;
    for (uint32_t depth = 0; depth <= JSON_DEPTH_MAX; depth++) {
        const struct json_limits limits = {.depth = depth, .members = 1000};
        char text[2 * JSON_DEPTH_MAX + 2];
        memset(text, '[', depth + 1);
        memset(text + depth + 1, ']', depth + 1);
        struct slice allowed = {text + 1, 2 * (size_t)depth};
        struct slice deeper = {text, 2 * (size_t)depth + 2};
        if (depth == 0) {
            allowed = slice_of("1");
        }
        assert_int_equal(parse_slice(allowed, &limits, &root), OK);
        assert_int_equal(parse_slice(deeper, &limits, &root), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_too_deep);
    }
}

static void depth_counts_what_is_open_and_not_what_was(void **state)
{
    (void)state;
    const struct json_limits limits = {.depth = 2, .members = 1000};
    struct json *root = NULL;
    assert_int_equal(parse_slice(slice_of("[[],{},[1],{\"a\":2}]"), &limits, &root), OK);
    assert_int_equal(parse_slice(slice_of("[[],{},[1],{\"a\":{}}]"), &limits, &root),
                     ERR_INVALID_PARAMS);
    assert_string_equal(fault.field, "/3/a");
}

static void a_million_levels_are_refused_at_the_first_too_many(void **state)
{
    (void)state;
    static const char *const levels[] = {"[", "{\"a\":", "[[],", "[{\"b\":"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        const size_t length = strlen(levels[i]);
        const size_t size = 1000000 * length;
        char *text = malloc(size);
        assert_non_null(text);
        for (size_t at = 0; at < size; at += length) {
            memcpy(text + at, levels[i], length);
        }
        struct json *root = NULL;
        arena_reset(&arena);
        assert_int_equal(parse_slice((struct slice){text, size}, &wide, &root), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_too_deep);
        int octet = -1;
        assert_int_equal(sscanf(fault.sentence, "At octet %d ", &octet), 1);
        assert_in_range(octet, 1, 129 * length); /* the rest was not even looked at */
        assert_true(arena.used < 32768);
        free(text);
    }
}

static void takes_as_many_members_as_allowed_and_no_more(void **state)
{
    (void)state;
    const struct json_limits limits = {.depth = 4, .members = 3};
    struct json *root = NULL;
    assert_int_equal(parse_slice(slice_of("[1,2,3]"), &limits, &root), OK);
    assert_int_equal(
        parse_slice(slice_of("[[1,2,3],[1,2,3],{\"a\":1,\"b\":2,\"c\":3}]"), &limits, &root), OK);
    static const char *const over[] = {"[1,2,3,4]", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(parse_slice(slice_of(over[i]), &limits, &root), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_too_many_members);
        assert_string_equal(fault.field, "");
    }
    assert_int_equal(parse_slice(slice_of("[0,{\"x\":[1,2,3,4]}]"), &limits, &root),
                     ERR_INVALID_PARAMS);
    assert_string_equal(fault.field, "/1/x");
}

static void the_outermost_array_has_a_limit_of_its_own(void **state)
{
    (void)state;
    static const struct {
        uint32_t outer;
        const char *text;
        enum err err;
    } cases[] = {
        {2, "[1,2]", OK},
        {2, "[1,2,3]", ERR_INVALID_PARAMS},
        {5, "[1,2,3,4,5]", OK},
        {5, "[1,2,3,4,5,6]", ERR_INVALID_PARAMS},
        {5, "[[1,2,3,4]]", ERR_INVALID_PARAMS},
        {2, "[[1,2,3]]", OK},
        {2, "{\"a\":1,\"b\":2,\"c\":3}", OK},
        {5, "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", ERR_INVALID_PARAMS},
    };
    struct json *root = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct json_limits limits = {.depth = 4, .members = 3, .outer = cases[i].outer};
        assert_int_equal(parse_slice(slice_of(cases[i].text), &limits, &root), cases[i].err);
    }
}

/* ---- faults -----------------------------------------------------------------------------------
 */

static void a_fault_names_octet_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *field;
        int octet;
    } bad[] = {
        {"nope", "", 0},
        {"{\"events\":[{},{\"dst\":tru}]}", "/events/1/dst", 21},
        {"{\"a~b/c\":{\"d\":01}}", "/a~0b~1c/d", 14},
        {"[1,[2,\"\\q\"]]", "/1/1", 7},
        {"[1,[2,\"\xff\"]]", "/1/1", 7},
        {"{\"a\":[1,2 3]}", "/a", 10}, /* between two values: that of both */
        {"{\"a\":1,\"b\" 2}", "", 11},
        {"{\"a\":{\"\\ud800\":2}}", "/a", 7},
        {"{\"a\":[1]}x", "", 9},
        {"{\"a\":1", "", 6},
        {"[99999999999999999999]", "/0", 1},
        {"{\"o\":[{\"k\":1,\"k\":2}]}", "/o/0/k", 13}, /* octet of the second name */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(refusal(bad[i].text), REASON_none);
        assert_string_equal(fault.field, bad[i].field);
        int octet = -1;
        assert_int_equal(sscanf(fault.sentence, "At octet %d (counted from 0): ", &octet), 1);
        assert_int_equal(octet, bad[i].octet);
        assert_int_equal(fault.index, -1);
    }
}

static void a_fault_nobody_wants_is_not_written(void **state)
{
    (void)state;
    struct json *root = NULL;
    assert_int_equal(json_parse(&arena, slice_of("[1,"), &wide, &root, NULL), ERR_PARSE);
    assert_int_equal(json_parse(&arena, slice_of("{\"a\":1,\"a\":1}"), &wide, &root, NULL),
                     ERR_PARSE);
    assert_null(root);
}

static void a_pointer_longer_than_its_place_is_cut(void **state)
{
    (void)state;
    char text[1000];
    int at = snprintf(text, sizeof text, "{\"");
    memset(text + at, 'n', 700);
    snprintf(text + at + 700, sizeof text - (size_t)at - 700, "\":x}");
    assert_int_equal(refusal(text), REASON_bad_json);
    assert_memory_equal(fault.field, "/nnnnnnnn", 9);
    assert_true(strlen(fault.field) < sizeof fault.field);
}

/* A text that needs every kind of memory: values, unescaped names and strings, a long number, the
 * room to sort names. */
static size_t write_hungry(char *text, size_t size)
{
    int at = snprintf(text, size, "{\"\\u0061\":\"b\\n\",\"long\":%0*d.5,\"many\":{", 0, 1);
    for (int i = 0; i < 200; i++) {
        at += snprintf(text + at, size - (size_t)at, "%s\"m%d\":[{}]", i == 0 ? "" : ",", i);
    }
    at += snprintf(text + at, size - (size_t)at, "},\"real\":0.%0100d1e7}", 0);
    return (size_t)at;
}

static void without_memory_says_so_wherever_it_runs_out(void **state)
{
    (void)state;
    char text[8192];
    struct slice slice = {text, write_hungry(text, sizeof text)};
    struct json *root = NULL;
    arena_done(&arena);
    memory_fail_from(0);
    assert_int_equal(json_parse(&arena, slice, &wide, &root, &fault), OK);
    unsigned long asked = memory_fail_from(0);
    assert_true(asked >= 2);
    for (unsigned long n = 1; n <= asked; n++) {
        arena_done(&arena);
        root = NULL;
        memory_fail_from(n);
        enum err err = json_parse(&arena, slice, &wide, &root, &fault);
        memory_fail_from(0);
        assert_int_equal(err, ERR_NO_MEMORY);
        assert_int_equal(fault.reason, REASON_no_memory);
        assert_null(root);
    }
}

static void an_arena_too_small_is_out_of_memory_at_every_size(void **state)
{
    (void)state;
    char text[8192];
    struct slice slice = {text, write_hungry(text, sizeof text)};
    struct json *root = NULL;
    assert_int_equal(json_parse(&arena, slice, &wide, &root, &fault), OK);
    const size_t needed = arena.used;
    for (size_t maximum = 0; maximum < needed; maximum += 16) {
        struct arena small;
        arena_init(&small, maximum);
        root = NULL;
        assert_int_equal(json_parse(&small, slice, &wide, &root, &fault), ERR_NO_MEMORY);
        assert_null(root);
        arena_done(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_a_name_that_stands_twice_wherever_it_stands, begin,
                                        end),
        cmocka_unit_test_setup_teardown(names_are_compared_after_unescaping, begin, end),
        cmocka_unit_test_setup_teardown(a_doubled_name_is_told_with_its_place, begin, end),
        cmocka_unit_test_setup_teardown(one_name_may_stand_in_several_objects, begin, end),
        cmocka_unit_test_setup_teardown(many_names_thought_up_to_be_slow_are_not, begin, end),
        cmocka_unit_test_setup_teardown(takes_the_depth_allowed_and_no_more, begin, end),
        cmocka_unit_test_setup_teardown(depth_counts_what_is_open_and_not_what_was, begin, end),
        cmocka_unit_test_setup_teardown(a_million_levels_are_refused_at_the_first_too_many, begin,
                                        end),
        cmocka_unit_test_setup_teardown(takes_as_many_members_as_allowed_and_no_more, begin, end),
        cmocka_unit_test_setup_teardown(the_outermost_array_has_a_limit_of_its_own, begin, end),
        cmocka_unit_test_setup_teardown(a_fault_names_octet_and_place, begin, end),
        cmocka_unit_test_setup_teardown(a_fault_nobody_wants_is_not_written, begin, end),
        cmocka_unit_test_setup_teardown(a_pointer_longer_than_its_place_is_cut, begin, end),
        cmocka_unit_test_setup_teardown(without_memory_says_so_wherever_it_runs_out, begin, end),
        cmocka_unit_test_setup_teardown(an_arena_too_small_is_out_of_memory_at_every_size, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
