/* The dealer: what it refuses to deal, and that it notices a part that is not right. */
#include "tests/ceremony/slip39/help.h"

#include "audit/base/memory.h"

static void every_choice_of_enough_parts_opens_the_key(void **state)
{
    (void)state;
    struct secret *key = help_key(32);
    const struct slip39_plan plan = help_plan(3, 5);
    struct slip39_part parts[5];
    help_split(&plan, key, parts);
    for (uint32_t choice = 0; choice < 1u << 5; choice++) {
        struct slip39_part chosen[5];
        size_t count = 0;
        for (size_t i = 0; i < 5; i++) {
            if ((choice >> i & 1) != 0) {
                chosen[count++] = parts[i];
            }
        }
        struct secret *combined = NULL;
        struct slip39_report report;
        struct fault fault;
        enum err err =
            slip39_combine(chosen, count, &(struct slip39_way){0}, &combined, &report, &fault);
        assert_int_equal(err, count >= 3 ? OK : ERR_PARTS);
        if (err == OK) {
            assert_true(report.proven);
            assert_true(secret_equal(combined, key));
        } else {
            assert_int_equal(fault.reason, REASON_too_few);
        }
        secret_free(combined);
    }
    help_done(parts, 5);
    secret_free(key);
}

static void parts_have_the_headers_of_the_plan_in_order(void **state)
{
    (void)state;
    struct secret *key = help_key(16);
    const struct slip39_plan plan = {.id = 32767,
                                     .exponent = 2,
                                     .group_threshold = 2,
                                     .group_count = 3,
                                     .groups = {{1, 1}, {2, 3}, {3, 3}}};
    struct slip39_part parts[7];
    static const uint8_t expected[7][3] = {{0, 0, 1}, {1, 0, 2}, {1, 1, 2}, {1, 2, 2},
                                           {2, 0, 3}, {2, 1, 3}, {2, 2, 3}};
    assert_int_equal(slip39_plan_parts(&plan), 7);
    help_split(&plan, key, parts);
    for (size_t i = 0; i < 7; i++) {
        const struct slip39_header *header = &parts[i].header;
        assert_int_equal(header->id, 32767);
        assert_true(header->extendable);
        assert_int_equal(header->exponent, 2);
        assert_int_equal(header->group_threshold, 2);
        assert_int_equal(header->group_count, 3);
        assert_int_equal(header->group_index, expected[i][0]);
        assert_int_equal(header->member_index, expected[i][1]);
        assert_int_equal(header->member_threshold, expected[i][2]);
        assert_int_equal(parts[i].value->length, 16);
    }
    help_done(parts, 7);
    secret_free(key);
}

static void two_splits_of_one_key_have_nothing_in_common(void **state)
{
    (void)state;
    struct secret *key = help_key(32);
    const struct slip39_plan plan = help_plan(2, 2);
    struct slip39_part first[2];
    struct slip39_part second[2];
    help_split(&plan, key, first);
    help_split(&plan, key, second);
    assert_false(secret_equal(first[0].value, second[0].value));
    assert_false(secret_equal(first[1].value, second[1].value));
    assert_false(secret_equal(first[0].value, first[1].value));
    help_done(first, 2);
    help_done(second, 2);
    secret_free(key);
}

static void refuses_a_plan_that_one_part_opens_or_nobody(void **state)
{
    (void)state;
    static const struct slip39_plan wrong[] = {
        {.group_threshold = 1, .group_count = 1, .groups = {{1, 1}}},
        {.group_threshold = 1, .group_count = 1, .groups = {{1, 3}}},
        {.group_threshold = 2, .group_count = 2, .groups = {{2, 3}, {1, 2}}},
        {.group_threshold = 1, .group_count = 2, .groups = {{2, 3}, {1, 1}}},
        {.group_threshold = 1, .group_count = 1, .groups = {{3, 2}}},
        {.group_threshold = 1, .group_count = 1, .groups = {{2, 17}}},
        {.group_threshold = 1, .group_count = 1, .groups = {{0, 3}}},
        {.group_threshold = 2, .group_count = 1, .groups = {{2, 3}}},
        {.group_threshold = 0, .group_count = 1, .groups = {{2, 3}}},
        {.group_threshold = 1, .group_count = 17, .groups = {{2, 3}}},
        {.group_threshold = 1, .group_count = 0},
        {.id = 32768, .group_threshold = 1, .group_count = 1, .groups = {{2, 3}}},
        {.exponent = 16, .group_threshold = 1, .group_count = 1, .groups = {{2, 3}}}};
    struct secret *key = help_key(32);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct slip39_part parts[20] = {0};
        struct fault fault;
        assert_int_equal(slip39_split(key, &wrong[i], parts, &fault), ERR_INVALID_PARAMS);
        assert_null(parts[0].value);
    }
    secret_free(key);
}

static void refuses_a_key_of_a_length_that_cannot_be(void **state)
{
    (void)state;
    static const size_t lengths[] = {2, 14, 15, 17, 33, 65, 66};
    const struct slip39_plan plan = help_plan(2, 3);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct secret *key = help_key(lengths[i]);
        struct slip39_part parts[3] = {0};
        struct fault fault;
        assert_int_equal(slip39_split(key, &plan, parts, &fault), ERR_INVALID_PARAMS);
        secret_free(key);
    }
}

static void keys_of_16_to_64_octets_come_back(void **state)
{
    (void)state;
    const struct slip39_plan plan = help_plan(2, 2);
    for (size_t length = 16; length <= 64; length += 2) {
        struct secret *key = help_key(length);
        struct slip39_part parts[2];
        struct secret *combined = NULL;
        struct slip39_report report;
        help_split(&plan, key, parts);
        assert_int_equal(
            slip39_combine(parts, 2, &(struct slip39_way){0}, &combined, &report, NULL), OK);
        assert_true(secret_equal(combined, key));
        secret_free(combined);
        help_done(parts, 2);
        secret_free(key);
    }
}

/* ---- the proof
 * ----------------------------------------------------------------------------------- */

static void assert_not_proven(const struct slip39_part *parts, const struct slip39_plan *plan,
                              const struct secret *key)
{
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(slip39_prove(parts, plan, key, &fault), ERR_INTERNAL);
    assert_int_equal(fault.reason, REASON_internal);
}

static void a_bit_turned_in_any_part_is_caught(void **state)
{
    (void)state;
    struct secret *key = help_key(16);
    const struct slip39_plan plan = help_plan(2, 4);
    struct slip39_part parts[4];
    help_split(&plan, key, parts);
    assert_int_equal(slip39_prove(parts, &plan, key, NULL), OK);
    for (size_t i = 0; i < 4; i++) {
        for (size_t bit = 0; bit < 128; bit += 9) {
            parts[i].value->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_not_proven(parts, &plan, key);
            parts[i].value->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    assert_int_equal(slip39_prove(parts, &plan, key, NULL), OK);
    help_done(parts, 4);
    secret_free(key);
}

static void a_header_that_is_not_the_plan_s_is_caught(void **state)
{
    (void)state;
    struct secret *key = help_key(16);
    const struct slip39_plan plan = help_plan(2, 3);
    struct slip39_part parts[3];
    help_split(&plan, key, parts);
    const struct slip39_header right = parts[1].header;
    for (size_t bit = 0; bit < 40; bit++) {
        uint8_t octets[SLIP39_HEADER_BYTES];
        slip39_header_pack(&right, octets);
        octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        slip39_header_unpack(octets, &parts[1].header);
        assert_not_proven(parts, &plan, key);
    }
    parts[1].header = right;
    struct slip39_part swapped[3] = {parts[1], parts[0], parts[2]};
    assert_not_proven(swapped, &plan, key);
    help_done(parts, 3);
    secret_free(key);
}

static void parts_of_another_key_are_caught(void **state)
{
    (void)state;
    struct secret *key = help_key(16);
    struct secret *other = help_key(16);
    const struct slip39_plan plan = help_plan(2, 3);
    struct slip39_part parts[3];
    other->data[15] ^= 1;
    help_split(&plan, other, parts);
    assert_not_proven(parts, &plan, key);
    help_done(parts, 3);
    secret_free(other);
    secret_free(key);
}

static void a_wrong_part_of_a_group_is_caught(void **state)
{
    (void)state;
    struct secret *key = help_key(16);
    const struct slip39_plan plan = {
        .group_threshold = 2, .group_count = 3, .groups = {{1, 1}, {2, 3}, {2, 2}}};
    struct slip39_part parts[6];
    help_split(&plan, key, parts);
    for (size_t i = 0; i < 6; i++) {
        parts[i].value->data[3] ^= 0x10;
        assert_not_proven(parts, &plan, key);
        parts[i].value->data[3] ^= 0x10;
    }
    help_done(parts, 6);
    secret_free(key);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    (void)state;
    struct secret *key = help_key(16);
    const struct slip39_plan plan = help_plan(2, 3);
    struct slip39_part parts[3];
    memory_fail_from(0);
    help_split(&plan, key, parts);
    unsigned long asked = memory_fail_from(0);
    help_done(parts, 3);
    assert_true(asked > 3);
    for (unsigned long n = 1; n <= asked; n++) {
        memory_fail_from(n);
        assert_int_equal(slip39_split(key, &plan, parts, NULL), ERR_NO_MEMORY);
        memory_fail_from(0);
        for (size_t i = 0; i < 3; i++) {
            assert_null(parts[i].value);
        }
    }
    secret_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_choice_of_enough_parts_opens_the_key),
        cmocka_unit_test(parts_have_the_headers_of_the_plan_in_order),
        cmocka_unit_test(two_splits_of_one_key_have_nothing_in_common),
        cmocka_unit_test(refuses_a_plan_that_one_part_opens_or_nobody),
        cmocka_unit_test(refuses_a_key_of_a_length_that_cannot_be),
        cmocka_unit_test(keys_of_16_to_64_octets_come_back),
        cmocka_unit_test(a_bit_turned_in_any_part_is_caught),
        cmocka_unit_test(a_header_that_is_not_the_plan_s_is_caught),
        cmocka_unit_test(parts_of_another_key_are_caught),
        cmocka_unit_test(a_wrong_part_of_a_group_is_caught),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
