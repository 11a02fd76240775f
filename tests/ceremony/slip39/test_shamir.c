#include "tests/ceremony/slip39/help.h"

#include "ceremony/slip39/shamir.h"

#define LENGTH 16

struct shares {
    uint8_t secret[LENGTH];
    uint8_t values[SHAMIR_POINTS_MAX][LENGTH];
    struct shamir_point points[SHAMIR_POINTS_MAX];
};

static void split(struct shares *shares, uint8_t threshold, uint8_t count)
{
    uint8_t *values[SHAMIR_POINTS_MAX];
    randombytes_buf(shares->secret, LENGTH);
    for (uint8_t i = 0; i < count; i++) {
        values[i] = shares->values[i];
        shares->points[i] = (struct shamir_point){i, values[i]};
    }
    shamir_split(shares->secret, LENGTH, threshold, count, values);
}

static void a_line_through_two_points_is_computed_by_hand(void **state)
{
    (void)state;
    /* f(x) = 5 + 3x over GF(256): f(0) = 5, f(1) = 6, f(2) = 5 + 6 = 3. */
    const uint8_t at_zero = 5;
    const uint8_t at_one = 6;
    const struct shamir_point points[2] = {{0, &at_zero}, {1, &at_one}};
    uint8_t value = 0;
    shamir_interpolate(points, 2, 2, &value, 1);
    assert_int_equal(value, 3);
    shamir_interpolate(points, 2, 1, &value, 1);
    assert_int_equal(value, 6);
}

static void every_choice_of_enough_shares_gives_the_secret(void **state)
{
    (void)state;
    for (uint8_t count = 1; count <= 6; count++) {
        for (uint8_t threshold = 1; threshold <= count; threshold++) {
            struct shares shares;
            split(&shares, threshold, count);
            for (uint32_t choice = 0; choice < 1u << count; choice++) {
                struct shamir_point chosen[SHAMIR_POINTS_MAX];
                uint8_t secret[LENGTH];
                uint32_t fitting = 0;
                size_t taken = 0;
                for (size_t i = 0; i < count; i++) {
                    if ((choice >> i & 1) != 0) {
                        chosen[taken++] = shares.points[i];
                    }
                }
                if (taken >= threshold) {
                    assert_int_equal(
                        shamir_solve(chosen, taken, threshold, secret, LENGTH, &fitting),
                        SHAMIR_ONE);
                    assert_memory_equal(secret, shares.secret, LENGTH);
                    assert_int_equal(fitting, (1u << taken) - 1);
                }
            }
        }
    }
}

static void sixteen_shares_of_which_all_are_needed_work(void **state)
{
    (void)state;
    struct shares shares;
    uint8_t secret[LENGTH];
    uint32_t fitting = 0;
    split(&shares, 16, 16);
    assert_int_equal(shamir_solve(shares.points, 16, 16, secret, LENGTH, &fitting), SHAMIR_ONE);
    assert_memory_equal(secret, shares.secret, LENGTH);
}

static void a_wrong_share_among_just_enough_is_noticed(void **state)
{
    (void)state;
    struct shares shares;
    uint8_t secret[LENGTH];
    uint32_t fitting = 7;
    for (size_t bit = 0; bit < 8 * LENGTH; bit++) {
        split(&shares, 3, 3);
        shares.values[1][bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(shamir_solve(shares.points, 3, 3, secret, LENGTH, &fitting), SHAMIR_NONE);
        assert_int_equal(fitting, 0);
    }
}

static void a_wrong_share_among_more_is_found(void **state)
{
    (void)state;
    for (size_t wrong = 0; wrong < 4; wrong++) {
        struct shares shares;
        uint8_t secret[LENGTH];
        uint32_t fitting = 0;
        split(&shares, 3, 4);
        shares.values[wrong][LENGTH - 1] ^= 1;
        assert_int_equal(shamir_solve(shares.points, 4, 3, secret, LENGTH, &fitting), SHAMIR_ONE);
        assert_memory_equal(secret, shares.secret, LENGTH);
        assert_int_equal(fitting, 15u & ~(1u << wrong));
    }
}

static void eight_wrong_of_sixteen_are_found_in_the_worst_order(void **state)
{
    (void)state;
    struct shares shares;
    uint8_t secret[LENGTH];
    uint32_t fitting = 0;
    split(&shares, 8, 16);
    for (size_t i = 0; i < 8; i++) {
        shares.values[i][0] ^= (uint8_t)(1 + i);
    }
    assert_int_equal(shamir_solve(shares.points, 16, 8, secret, LENGTH, &fitting), SHAMIR_ONE);
    assert_memory_equal(secret, shares.secret, LENGTH);
    assert_int_equal(fitting, 0xff00);
}

static void two_sets_mixed_leave_more_than_one_choice(void **state)
{
    (void)state;
    struct shares first;
    struct shares second;
    uint8_t secret[LENGTH] = {1};
    uint32_t fitting = 0;
    split(&first, 2, 4);
    split(&second, 2, 4);
    const struct shamir_point mixed[4] = {first.points[0], first.points[1], second.points[2],
                                          second.points[3]};
    assert_int_equal(shamir_solve(mixed, 4, 2, secret, LENGTH, &fitting), SHAMIR_SEVERAL);
    assert_true(sodium_is_zero(secret, LENGTH));
}

static void without_a_digest_all_must_be_the_same(void **state)
{
    (void)state;
    struct shares shares;
    uint8_t secret[LENGTH];
    uint32_t fitting = 0;
    split(&shares, 1, 3);
    assert_int_equal(shamir_solve(shares.points, 3, 1, secret, LENGTH, &fitting), SHAMIR_ONE);
    assert_memory_equal(secret, shares.secret, LENGTH);
    shares.values[2][0] ^= 1;
    assert_int_equal(shamir_solve(shares.points, 3, 1, secret, LENGTH, &fitting), SHAMIR_SEVERAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_through_two_points_is_computed_by_hand),
        cmocka_unit_test(every_choice_of_enough_shares_gives_the_secret),
        cmocka_unit_test(sixteen_shares_of_which_all_are_needed_work),
        cmocka_unit_test(a_wrong_share_among_just_enough_is_noticed),
        cmocka_unit_test(a_wrong_share_among_more_is_found),
        cmocka_unit_test(eight_wrong_of_sixteen_are_found_in_the_worst_order),
        cmocka_unit_test(two_sets_mixed_leave_more_than_one_choice),
        cmocka_unit_test(without_a_digest_all_must_be_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
