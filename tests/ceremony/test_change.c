/* A change survives as octets: what was written is read back, and nothing else is taken for one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/base/memory.h"
#include "ceremony/change_read.h"

static struct change change;

static int make_change(void **state)
{
    (void)state;
    change_init(&change);
    return 0;
}

static int free_change(void **state)
{
    (void)state;
    memory_fail_from(0);
    change_done(&change);
    return 0;
}

#define OCTETS(text) ((struct slice){text, sizeof(text) - 1})

static const struct slice lock_of_jsilva = OCTETS("\x08LOCK_SET\x02"
                                                  "t\0\0\0\x06jsilva"
                                                  "i\0\x06\x44\x36\x6d\x28\x3a\x40");

static void the_octets_are_those_that_the_source_describes(void **state)
{
    (void)state;
    change_step(&change, CHANGE_LOCK_SET);
    change_text(&change, slice_of("jsilva"));
    change_integer(&change, INT64_C(0x644366d283a40));
    assert_int_equal(change_result(&change), OK);
    struct slice octets = buffer_slice(&change.bytes);
    assert_int_equal(octets.length, lock_of_jsilva.length);
    assert_memory_equal(octets.data, lock_of_jsilva.data, octets.length);
}

/* A value that tells which of which statement it is; every third one null if `nulls`. */
static struct change_value value_of(enum change_kind step, size_t number, bool nulls)
{
    static char texts[64][40];
    static unsigned next;
    char *text = texts[next++ % 64];
    struct change_value value = {.kind = change_kinds(step)[number]};
    if (nulls && number % 3 == 0) {
        value.kind = 'n';
    } else if (value.kind == 'i') {
        value.integer = number % 2 == 0 ? INT64_MIN + (int64_t)step : 1000 * (int64_t)number;
    } else {
        snprintf(text, sizeof texts[0], "%c%u.%zu", value.kind, step, number);
        text[0] = value.kind == 'b' ? '\0' : text[0];
        size_t length = number == 4 ? 0 : 1 + strlen(text + 1);
        value.octets = (struct slice){text, length};
    }
    return value;
}

static void write_step(enum change_kind step, bool nulls)
{
    change_step(&change, step);
    for (size_t i = 0; i < strlen(change_kinds(step)); i++) {
        struct change_value value = value_of(step, i, nulls);
        switch (value.kind) {
        case 't':
            change_text(&change, value.octets);
            break;
        case 'b':
            change_octets(&change, value.octets.data, value.octets.length);
            break;
        case 'i':
            change_integer(&change, value.integer);
            break;
        default:
            change_null(&change);
            break;
        }
    }
}

static void check_step(struct slice *left, enum change_kind step, bool nulls)
{
    struct change_read_step read;
    assert_int_equal(change_read(left, &read), OK);
    assert_int_equal(read.step, step);
    assert_int_equal(read.count, strlen(change_kinds(step)));
    for (size_t i = 0; i < read.count; i++) {
        struct change_value wanted = value_of(step, i, nulls);
        assert_int_equal(read.values[i].kind, wanted.kind);
        assert_int_equal(read.values[i].integer, wanted.integer);
        assert_true(slice_equal(read.values[i].octets, wanted.octets));
    }
}

static void every_statement_is_read_back_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < CHANGE_COUNT; i++) {
        write_step((enum change_kind)i, false);
        write_step((enum change_kind)i, true);
    }
    assert_int_equal(change_result(&change), OK);
    assert_int_equal(change.steps, 2 * CHANGE_COUNT);
    struct slice left = buffer_slice(&change.bytes);
    for (int i = 0; i < CHANGE_COUNT; i++) {
        check_step(&left, (enum change_kind)i, false);
        check_step(&left, (enum change_kind)i, true);
    }
    assert_int_equal(left.length, 0);
}

static void nothing_that_ends_too_early_is_read(void **state)
{
    (void)state;
    for (int i = 0; i < CHANGE_COUNT; i++) {
        buffer_reset(&change.bytes);
        write_step((enum change_kind)i, false);
        assert_int_equal(change_result(&change), OK);
        struct slice whole = buffer_slice(&change.bytes);
        for (size_t length = 1; length < whole.length; length++) {
            char *octets = malloc(length); /* its own, so that a sanitizer sees one too far */
            memcpy(octets, whole.data, length);
            struct slice left = {octets, length};
            struct change_read_step read;
            assert_int_equal(change_read(&left, &read), ERR_DAMAGED);
            assert_ptr_equal(left.data, octets);
            assert_int_equal(left.length, length);
            free(octets);
        }
    }
}

static void refuses_what_no_change_is(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct slice octets;
    } cases[] = {
        {"no such statement", OCTETS("\x08LOCK_GET\x02t\0\0\0\0nnnnnnnn")},
        {"a name without an end", OCTETS("\xffLOCK_SET\x02tn")},
        {"a name that is empty", OCTETS("\0\x02nn")},
        {"a longer name", OCTETS("\x09LOCK_SETS\x02nn")},
        {"a value too few", OCTETS("\x08LOCK_SET\x01n")},
        {"a value too many", OCTETS("\x08LOCK_SET\x03nnn")},
        {"octets for a text", OCTETS("\x08LOCK_SET\x02"
                                     "b\0\0\0\x01jn")},
        {"a text for a number", OCTETS("\x08LOCK_SET\x02"
                                       "nt\0\0\0\0")},
        {"a kind that is none", OCTETS("\x08LOCK_SET\x02nz")},
        {"a length beyond the end", OCTETS("\x08LOCK_SET\x02"
                                           "t\0\0\0\x07jsilvan")},
        {"the largest length", OCTETS("\x08LOCK_SET\x02"
                                      "t\xff\xff\xff\xffjsilvan")},
        {"a number of seven octets", OCTETS("\x08LOCK_SET\x02"
                                            "ni1234567")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice left = cases[i].octets;
        struct change_read_step read;
        if (change_read(&left, &read) != ERR_DAMAGED) {
            fail_msg("takes %s", cases[i].what);
        }
    }
}

static void what_stands_behind_a_step_is_left(void **state)
{
    (void)state;
    struct slice left = OCTETS("\x0bPARTS_ERASE\x01nrest");
    struct change_read_step read;
    assert_int_equal(change_read(&left, &read), OK);
    assert_int_equal(read.step, CHANGE_PARTS_ERASE);
    assert_true(slice_is(left, "rest"));
    assert_int_equal(change_read(&left, &read), ERR_DAMAGED);
}

/* Octets of a PART_CHALLENGE whose challenge has the length. */
static void write_challenge(size_t length)
{
    char *octets = calloc(1, length);
    change_step(&change, CHANGE_PART_CHALLENGE);
    change_octets(&change, octets, length);
    change_integer(&change, 1);
    change_null(&change);
    change_null(&change);
    free(octets);
}

static void the_limit_is_kept_and_told_until_the_end(void **state)
{
    (void)state;
    const size_t around = 1 + strlen("PART_CHALLENGE") + 1 + 1 + 4 + 1 + 8 + 1 + 1;
    write_challenge(CHANGE_BYTES_MAX - around);
    assert_int_equal(change_result(&change), OK);
    assert_int_equal(change.bytes.length, CHANGE_BYTES_MAX);
    change_done(&change);
    change_init(&change);
    write_challenge(CHANGE_BYTES_MAX - around + 1);
    assert_int_equal(change_result(&change), ERR_INVALID_PARAMS);
    write_challenge(1);
    assert_int_equal(change_result(&change), ERR_INVALID_PARAMS);
    assert_true(change.bytes.length <= CHANGE_BYTES_MAX);
}

static void out_of_memory_is_told_until_the_end(void **state)
{
    (void)state;
    write_challenge(1);
    memory_fail_from(1);
    write_challenge(8192);
    memory_fail_from(0);
    write_challenge(1);
    assert_int_equal(change_result(&change), ERR_NO_MEMORY);
}

static void begin_and_stop(void)
{
    change_step(&change, CHANGE_LOCK_SET);
    (void)!change_result(&change);
}

static void give_a_number_for_a_text(void)
{
    change_step(&change, CHANGE_LOCK_SET);
    change_integer(&change, 1);
}

static void give_one_too_many(void)
{
    change_step(&change, CHANGE_PARTS_ERASE);
    change_null(&change);
    change_null(&change);
}

static void begin_two(void)
{
    change_step(&change, CHANGE_LOCK_SET);
    change_step(&change, CHANGE_LOCK_SET);
}

static void values_that_the_statement_has_not_are_our_own_mistake(void **state)
{
    (void)state;
    void (*const mistakes[])(void) = {begin_and_stop, give_a_number_for_a_text, give_one_too_many,
                                      begin_two};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            fclose(stderr);
            mistakes[i]();
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

#define WITH_CHANGE(test) cmocka_unit_test_setup_teardown(test, make_change, free_change)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHANGE(the_octets_are_those_that_the_source_describes),
        WITH_CHANGE(every_statement_is_read_back_in_order),
        WITH_CHANGE(nothing_that_ends_too_early_is_read),
        WITH_CHANGE(refuses_what_no_change_is),
        WITH_CHANGE(what_stands_behind_a_step_is_left),
        WITH_CHANGE(the_limit_is_kept_and_told_until_the_end),
        WITH_CHANGE(out_of_memory_is_told_until_the_end),
        WITH_CHANGE(values_that_the_statement_has_not_are_our_own_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
