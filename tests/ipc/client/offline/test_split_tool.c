/* guardianctl split from outside. */
#include "tests/ipc/client/offline/program.h"

#define KEY "e4234461a61678f551d7bdc9b9e96bd1e21afd6e9fc474da66daccb963cc7382"
#define SPLIT TEST_CLIENT, "split"

/* Reads the printed lines as parts; how many there are. */
static size_t read_parts(const struct program *program, struct slip39_part *out)
{
    size_t count = 0;
    const char *at = program->out;
    for (const char *end = strchr(at, '\n'); end != NULL; end = strchr(at, '\n')) {
        assert_int_equal(slip39_decode((struct slice){at, (size_t)(end - at)}, &out[count], NULL),
                         OK);
        count++;
        at = end + 1;
    }
    assert_string_equal(at, ""); /* the last one has its line end, too */
    return count;
}

static void prints_canonical_parts_in_order(void **state)
{
    (void)state;
    struct program program;
    struct slip39_part parts[16];
    program_run(&program, KEY "\n", SPLIT, "--threshold", "3", "--parts", "5");
    assert_int_equal(program.code, 0);
    assert_string_equal(program.err, "");
    assert_int_equal(read_parts(&program, parts), 5);
    for (uint8_t i = 0; i < 5; i++) {
        const struct slip39_header expected = {.id = parts[0].header.id,
                                               .extendable = true,
                                               .exponent = 1,
                                               .group_threshold = 1,
                                               .group_count = 1,
                                               .member_index = i,
                                               .member_threshold = 3};
        assert_true(slip39_same_header(&parts[i].header, &expected));
        slip39_part_done(&parts[i]);
    }
    for (const char *at = program.out; *at != '\0'; at++) {
        assert_true((*at >= 'a' && *at <= 'z') || *at == ' ' || *at == '\n');
    }
}

static void what_it_prints_guardian_combine_joins(void **state)
{
    (void)state;
    static const char *const numbers[][3] = {
        {"2", "2", "0"}, {"2", "16", "1"}, {"16", "16", "2"}, {"3", "5", "4"}};
    struct program program;
    struct program joined;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        program_run(&program, KEY, SPLIT, "--threshold", numbers[i][0], "--parts", numbers[i][1],
                    "--exponent", numbers[i][2]);
        assert_int_equal(program.code, 0);
        program_run(&joined, program.out, PROGRAM_COMBINE);
        program_assert_prints(&joined, KEY);
    }
    program_run(&program, "00112233445566778899AABBCCDDEEFF\r\n", SPLIT, "--threshold", "2",
                "--parts", "3");
    program_run(&joined, program.out, PROGRAM_COMBINE);
    program_assert_prints(&joined, "00112233445566778899aabbccddeeff");
}

static void two_runs_have_different_ids(void **state)
{
    (void)state;
    struct program program;
    struct slip39_part parts[16];
    uint16_t first = 0;
    unsigned same = 0;
    for (size_t i = 0; i < 4; i++) {
        program_run(&program, KEY, SPLIT, "--threshold", "2", "--parts", "2", "--exponent", "0");
        assert_int_equal(read_parts(&program, parts), 2);
        same += i > 0 && parts[0].header.id == first ? 1 : 0;
        first = i == 0 ? parts[0].header.id : first;
        slip39_part_done(&parts[0]);
        slip39_part_done(&parts[1]);
    }
    assert_true(same < 3); /* three times by chance: once in 35 million million runs */
}

static void refuses_what_is_no_key(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "\n",
                                        "00",
                                        KEY "00",
                                        KEY "\n\n",
                                        " " KEY,
                                        "g0112233445566778899aabbccddeeff",
                                        "00112233445566778899aabbccddee\0f"};
    struct program program;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        program_run(&program, wrong[i], SPLIT, "--threshold", "2", "--parts", "3");
        program_assert_refused(&program, 1, "guardianctl split: refused: ");
        assert_null(strstr(program.err, "00112233445566778899"));
    }
}

static void refuses_numbers_that_cannot_be(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {{"1", "3", "1"},
                                           {"0", "3", "1"},
                                           {"4", "3", "1"},
                                           {"2", "17", "1"},
                                           {"2", "3", "16"},
                                           {"2", "1", "1"},
                                           {"2", "99999999999999999999", "1"}};
    struct program program;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        program_run(&program, KEY, SPLIT, "--threshold", wrong[i][0], "--parts", wrong[i][1],
                    "--exponent", wrong[i][2]);
        program_assert_refused(&program, 1, "refused: The ");
    }
}

static void wrong_usage_is_told(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, KEY, SPLIT);
    program_assert_refused(&program, 2, "are needed");
    program_run(&program, KEY, SPLIT, "--threshold", "2");
    program_assert_refused(&program, 2, "are needed");
    program_run(&program, KEY, SPLIT, "--threshold", "two", "--parts", "3");
    program_assert_refused(&program, 2, "want a number");
    program_run(&program, KEY, SPLIT, "--threshold", "-2", "--parts", "3");
    program_assert_refused(&program, 2, "want a number");
    program_run(&program, "", SPLIT, "--threshold", "2", "--parts", "3", KEY);
    program_assert_refused(&program, 2, "never from the command line");
    assert_null(strstr(program.err, KEY));
    program_run(&program, "", SPLIT, "--help");
    assert_int_equal(program.code, 0);
    assert_non_null(strstr(program.out, "usage: guardianctl split --threshold K"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_canonical_parts_in_order),
        cmocka_unit_test(what_it_prints_guardian_combine_joins),
        cmocka_unit_test(two_runs_have_different_ids),
        cmocka_unit_test(refuses_what_is_no_key),
        cmocka_unit_test(refuses_numbers_that_cannot_be),
        cmocka_unit_test(wrong_usage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
