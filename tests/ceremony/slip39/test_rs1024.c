/* What the checksum promises: every wrong word and every swap of two words is seen. */
#include "tests/ceremony/slip39/help.h"

#include "ceremony/slip39/rs1024.h"

#define WORDS 33

static void make(uint16_t numbers[WORDS], bool extendable)
{
    for (size_t i = 0; i < WORDS - RS1024_WORDS; i++) {
        numbers[i] = (uint16_t)randombytes_uniform(1024);
    }
    rs1024_create(numbers, WORDS - RS1024_WORDS, extendable, numbers + WORDS - RS1024_WORDS);
}

static void takes_what_it_made(void **state)
{
    (void)state;
    uint16_t numbers[WORDS];
    make(numbers, true);
    assert_int_equal(rs1024_verify(numbers, WORDS, true), ~0u);
    make(numbers, false);
    assert_int_equal(rs1024_verify(numbers, WORDS, false), ~0u);
}

static void tells_the_two_forms_apart(void **state)
{
    (void)state;
    uint16_t numbers[WORDS];
    make(numbers, true);
    assert_int_equal(rs1024_verify(numbers, WORDS, false), 0);
}

static void sees_every_single_wrong_word(void **state)
{
    (void)state;
    uint16_t numbers[WORDS];
    make(numbers, true);
    for (size_t i = 0; i < WORDS; i++) {
        uint16_t right = numbers[i];
        for (uint16_t wrong = 0; wrong < 1024; wrong++) {
            numbers[i] = wrong;
            assert_int_equal(rs1024_verify(numbers, WORDS, true), wrong == right ? ~0u : 0);
        }
        numbers[i] = right;
    }
}

static void sees_every_swap_of_two_different_words(void **state)
{
    (void)state;
    uint16_t numbers[WORDS];
    make(numbers, true);
    for (size_t i = 0; i < WORDS; i++) {
        for (size_t j = 0; j < i; j++) {
            uint16_t kept = numbers[i];
            uint32_t same = kept == numbers[j] ? ~0u : 0;
            numbers[i] = numbers[j];
            numbers[j] = kept;
            assert_int_equal(rs1024_verify(numbers, WORDS, true), same);
            numbers[j] = numbers[i];
            numbers[i] = kept;
        }
    }
}

static void sees_three_wrong_words(void **state)
{
    (void)state;
    uint16_t numbers[WORDS];
    for (unsigned i = 0; i < 2000; i++) {
        make(numbers, true);
        size_t first = randombytes_uniform(WORDS - 2);
        numbers[first] ^= (uint16_t)(1 + randombytes_uniform(1023));
        numbers[first + 1] ^= (uint16_t)(1 + randombytes_uniform(1023));
        numbers[first + 2] ^= (uint16_t)(1 + randombytes_uniform(1023));
        assert_int_equal(rs1024_verify(numbers, WORDS, true), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_it_made),
        cmocka_unit_test(tells_the_two_forms_apart),
        cmocka_unit_test(sees_every_single_wrong_word),
        cmocka_unit_test(sees_every_swap_of_two_different_words),
        cmocka_unit_test(sees_three_wrong_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
