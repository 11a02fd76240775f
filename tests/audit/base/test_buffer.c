/* Buffers: they grow to their maximum and no further, and remember the first failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit/base/buffer.h"
#include "audit/base/memory.h"

static void assert_holds(const struct buffer *buffer, const char *wanted)
{
    assert_int_equal(buffer_result(buffer), OK);
    assert_int_equal(buffer_slice(buffer).length, strlen(wanted));
    assert_memory_equal(buffer_slice(buffer).data, wanted, strlen(wanted));
}

static void owns_nothing_until_the_first_append(void **state)
{
    (void)state;
    struct buffer buffer;
    memory_fail_from(0);
    buffer_init(&buffer, 100);
    buffer_append(&buffer, NULL, 0);
    buffer_append_text(&buffer, "");
    buffer_append_slice(&buffer, (struct slice){NULL, 0});
    assert_int_equal(memory_fail_from(0), 0);
    assert_int_equal(buffer_result(&buffer), OK);
    assert_int_equal(buffer_slice(&buffer).length, 0);
    buffer_done(&buffer);
}

static void appends_every_kind_of_piece(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    buffer_append(&buffer, "ab\0c", 4);
    buffer_append_slice(&buffer, slice_of("-"));
    buffer_append_text(&buffer, "text");
    buffer_append_char(&buffer, '!');
    buffer_append_unsigned(&buffer, 0);
    buffer_append_unsigned(&buffer, UINT64_MAX);
    buffer_append_signed(&buffer, -1);
    buffer_append_signed(&buffer, 7);
    buffer_append_format(&buffer, "<%d %s>", 5, "x");
    static const char wanted[] = "ab\0c-text!018446744073709551615-17<5 x>";
    assert_int_equal(buffer_result(&buffer), OK);
    assert_int_equal(buffer.length, sizeof wanted - 1);
    assert_memory_equal(buffer.data, wanted, sizeof wanted - 1);
    buffer_done(&buffer);
}

static void writes_both_ends_of_int64(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append_signed(&buffer, INT64_MIN);
    buffer_append_char(&buffer, ' ');
    buffer_append_signed(&buffer, INT64_MAX);
    assert_holds(&buffer, "-9223372036854775808 9223372036854775807");
    buffer_done(&buffer);
}

static void fills_to_its_maximum_and_not_an_octet_further(void **state)
{
    (void)state;
    for (size_t maximum = 1; maximum < 1500; maximum += 7) {
        struct buffer buffer;
        buffer_init(&buffer, maximum);
        for (size_t i = 0; i < maximum; i++) {
            buffer_append_char(&buffer, (char)('a' + i % 26));
        }
        assert_int_equal(buffer_result(&buffer), OK);
        assert_int_equal(buffer.length, maximum);
        assert_true(buffer.capacity <= maximum);
        buffer_append_char(&buffer, 'x');
        assert_int_equal(buffer_result(&buffer), ERR_INVALID_PARAMS);
        assert_int_equal(buffer.length, maximum);
        for (size_t i = 0; i < maximum; i++) {
            assert_int_equal(buffer.data[i], 'a' + i % 26);
        }
        buffer_done(&buffer);
    }
}

static void does_nothing_after_a_failure_until_it_is_reset(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4);
    buffer_append_text(&buffer, "abc");
    buffer_append_text(&buffer, "de");
    buffer_append_text(&buffer, "f"); /* would fit */
    buffer_append_format(&buffer, "%2000d", 1);
    assert_false(buffer_reserve(&buffer, 0));
    assert_int_equal(buffer_result(&buffer), ERR_INVALID_PARAMS);
    assert_int_equal(buffer.length, 3);
    buffer_reset(&buffer);
    buffer_append_text(&buffer, "wxyz");
    assert_holds(&buffer, "wxyz");
    buffer_done(&buffer);
}

static void remembers_that_there_was_no_memory(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    memory_fail_from(1);
    buffer_append_text(&buffer, "abc");
    memory_fail_from(0);
    buffer_append_text(&buffer, "def");
    assert_int_equal(buffer_result(&buffer), ERR_NO_MEMORY);
    assert_int_equal(buffer.length, 0);
    buffer_done(&buffer);
}

static void keeps_what_it_holds_when_growing_fails(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100000);
    buffer_append_text(&buffer, "kept");
    memory_fail_from(1);
    buffer_append_format(&buffer, "%5000d", 1);
    memory_fail_from(0);
    assert_int_equal(buffer_result(&buffer), ERR_NO_MEMORY);
    assert_int_equal(buffer.length, 4);
    assert_memory_equal(buffer.data, "kept", 4);
    buffer_done(&buffer);
}

static void formats_text_of_any_length_up_to_its_maximum(void **state)
{
    (void)state;
    for (int length = 1020; length < 1030; length++) {
        struct buffer buffer;
        buffer_init(&buffer, (size_t)length);
        buffer_append_format(&buffer, "%0*d", length, 7);
        assert_int_equal(buffer_result(&buffer), OK);
        assert_int_equal(buffer.length, length);
        assert_int_equal(buffer.data[0], '0');
        assert_int_equal(buffer.data[length - 1], '7');
        buffer_done(&buffer);
        buffer_init(&buffer, (size_t)length - 1);
        buffer_append_format(&buffer, "%0*d", length, 7);
        assert_int_equal(buffer_result(&buffer), ERR_INVALID_PARAMS);
        buffer_done(&buffer);
    }
}

static void reserved_room_may_be_filled_by_the_caller(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    buffer_append_text(&buffer, "a");
    assert_true(buffer_reserve(&buffer, 999));
    memset(buffer.data + buffer.length, 'b', 999);
    buffer.length += 999;
    assert_int_equal(buffer_result(&buffer), OK);
    assert_false(buffer_reserve(&buffer, 1));
    buffer_done(&buffer);
}

static void no_length_is_too_great_to_be_refused(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, SIZE_MAX);
    buffer_append_text(&buffer, "a");
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    assert_int_equal(buffer_result(&buffer), ERR_INVALID_PARAMS);
    buffer_reset(&buffer);
    memory_fail_from(1); /* nothing is to be asked for so much: only that it ends */
    assert_false(buffer_reserve(&buffer, SIZE_MAX - 1));
    memory_fail_from(0);
    assert_int_equal(buffer_result(&buffer), ERR_NO_MEMORY);
    buffer_done(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owns_nothing_until_the_first_append),
        cmocka_unit_test(appends_every_kind_of_piece),
        cmocka_unit_test(writes_both_ends_of_int64),
        cmocka_unit_test(fills_to_its_maximum_and_not_an_octet_further),
        cmocka_unit_test(does_nothing_after_a_failure_until_it_is_reset),
        cmocka_unit_test(remembers_that_there_was_no_memory),
        cmocka_unit_test(keeps_what_it_holds_when_growing_fails),
        cmocka_unit_test(formats_text_of_any_length_up_to_its_maximum),
        cmocka_unit_test(reserved_room_may_be_filled_by_the_caller),
        cmocka_unit_test(no_length_is_too_great_to_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
