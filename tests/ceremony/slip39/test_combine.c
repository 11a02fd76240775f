/* What becomes of parts that are foreign, doubled, wrong, missing or more than needed. */
#include "tests/ceremony/slip39/help.h"

#include "audit/base/memory.h"

/* A set, its key, and what came of combining. */
struct trial {
    struct secret *key;
    struct slip39_part parts[SLIP39_LIST_MAX];
    size_t made;
    struct slip39_part list[SLIP39_LIST_MAX + 1]; /* borrows from parts */
    struct secret *combined;
    struct slip39_report report;
    struct fault fault;
};

static void begin(struct trial *trial, const struct slip39_plan *plan)
{
    memset(trial, 0, sizeof *trial);
    trial->key = help_key(16);
    help_split(plan, trial->key, trial->parts);
    trial->made = slip39_plan_parts(plan);
}

/* One more set with the same or another plan behind the first. */
static void begin_another(struct trial *trial, const struct slip39_plan *plan)
{
    help_split(plan, trial->key, trial->parts + trial->made);
    trial->made += slip39_plan_parts(plan);
}

static void end(struct trial *trial)
{
    help_done(trial->parts, trial->made);
    secret_free(trial->key);
}

/* Combines the parts named by a text as "021": digits and letters are positions among those made.
 */
static enum err combine_with(struct trial *trial, const char *positions, bool drop_bad)
{
    size_t count = strlen(positions);
    for (size_t i = 0; i < count; i++) {
        size_t position =
            (size_t)(positions[i] <= '9' ? positions[i] - '0' : positions[i] - 'a' + 10);
        trial->list[i] = trial->parts[position];
    }
    const struct slip39_way way = {.drop_bad = drop_bad};
    fault_clear(&trial->fault);
    trial->combined = NULL;
    return slip39_combine(trial->list, count, &way, &trial->combined, &trial->report,
                          &trial->fault);
}

static void assert_opens(struct trial *trial, const char *positions)
{
    if (combine_with(trial, positions, false) != OK) {
        fail_msg("%s: %s", positions, trial->fault.sentence);
    }
    assert_true(secret_equal(trial->combined, trial->key));
    assert_true(trial->report.proven);
    secret_free(trial->combined);
}

static void assert_opens_without_bad(struct trial *trial, const char *positions)
{
    if (combine_with(trial, positions, true) != OK) {
        fail_msg("%s: %s", positions, trial->fault.sentence);
    }
    assert_true(secret_equal(trial->combined, trial->key));
    secret_free(trial->combined);
}

static void assert_refused(struct trial *trial, const char *positions, enum reason reason,
                           int64_t index)
{
    for (int drop_bad = 0; drop_bad < 2; drop_bad++) {
        assert_int_equal(combine_with(trial, positions, drop_bad != 0), ERR_PARTS);
        assert_string_equal(reason_word(trial->fault.reason), reason_word(reason));
        assert_int_equal(trial->fault.index, index);
        assert_null(trial->combined);
    }
}

static void assert_fates(const struct trial *trial, const char *expected)
{
    static const char letters[] = "fruFDM"; /* fits repeated unchecked Foreign Doubled Misfit */
    for (size_t i = 0; i < strlen(expected); i++) {
        assert_int_equal(letters[trial->report.fates[i]], expected[i]);
    }
}

static void any_order_and_more_than_needed_opens(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(3, 5);
    begin(&trial, &plan);
    assert_opens(&trial, "420");
    assert_opens(&trial, "01234");
    assert_opens(&trial, "4321");
    assert_fates(&trial, "ffff");
    end(&trial);
}

static void the_same_part_twice_counts_once(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(3, 5);
    begin(&trial, &plan);
    assert_opens(&trial, "010211");
    assert_fates(&trial, "ffrfrr");
    assert_refused(&trial, "0011", REASON_too_few, -1);
    assert_string_equal(trial.fault.sentence, "2 of 3 parts given.");
    end(&trial);
}

static void no_part_at_all_is_too_few(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 2);
    begin(&trial, &plan);
    assert_refused(&trial, "", REASON_too_few, -1);
    end(&trial);
}

static void a_part_of_another_set_is_named_wherever_it_stands(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 3);
    begin(&trial, &plan);
    struct slip39_plan other[5] = {plan, plan, plan, plan, plan};
    other[0].id ^= 1;
    other[1].exponent = 1;
    other[2].group_count = 2;
    other[2].groups[1] = (struct slip39_group){2, 2};
    other[3] = (struct slip39_plan){
        .id = plan.id, .group_threshold = 2, .group_count = 2, .groups = {{2, 2}, {2, 2}}};
    other[4].groups[0].threshold = 3;
    for (size_t i = 0; i < 5; i++) {
        trial.made = 3;
        begin_another(&trial, &other[i]);
        assert_refused(&trial, "301", REASON_foreign, 0);
        assert_fates(&trial, "Fff");
        assert_refused(&trial, "031", REASON_foreign, 1);
        assert_refused(&trial, "0132", REASON_foreign, 2);
        assert_refused(&trial, "03", REASON_foreign, 1);
        help_done(trial.parts + 3, trial.made - 3);
        trial.made = 3;
    }
    end(&trial);
}

static void a_value_of_another_length_is_foreign(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 3);
    begin(&trial, &plan);
    struct secret *longer = help_key(32);
    help_split(&plan, longer, trial.parts + 3);
    trial.made += 3;
    assert_refused(&trial, "013", REASON_foreign, 2);
    secret_free(longer);
    end(&trial);
}

static void two_parts_with_one_index_are_refused(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 3);
    begin(&trial, &plan);
    begin_another(&trial, &plan);
    assert_refused(&trial, "0214", REASON_duplicate, 3);
    assert_fates(&trial, "ffDD");
    end(&trial);
}

static void one_wrong_part_among_just_enough_cannot_be_named(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(3, 5);
    begin(&trial, &plan);
    trial.parts[1].value->data[0] ^= 1;
    assert_refused(&trial, "012", REASON_digest, -1);
    assert_fates(&trial, "fff");
    end(&trial);
}

static void one_wrong_part_among_more_is_named_and_can_be_dropped(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(3, 5);
    begin(&trial, &plan);
    trial.parts[1].value->data[7] ^= 0x40;
    assert_int_equal(combine_with(&trial, "3120", false), ERR_PARTS);
    assert_int_equal(trial.fault.reason, REASON_digest);
    assert_int_equal(trial.fault.index, 1);
    assert_fates(&trial, "fMff");
    assert_opens_without_bad(&trial, "3120");
    assert_fates(&trial, "fMff");
    assert_true(trial.report.proven);
    end(&trial);
}

static void several_wrong_parts_are_named(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 5);
    begin(&trial, &plan);
    trial.parts[0].value->data[0] ^= 1;
    trial.parts[1].value->data[0] ^= 2;
    trial.parts[3].value->data[0] ^= 3;
    assert_int_equal(combine_with(&trial, "01234", false), ERR_PARTS);
    assert_fates(&trial, "MMfMf");
    assert_opens_without_bad(&trial, "01234");
    end(&trial);
}

static void two_sound_choices_are_refused_whatever_is_asked(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 4);
    begin(&trial, &plan);
    begin_another(&trial, &plan); /* same id, other polynomial */
    assert_refused(&trial, "0167", REASON_digest, -1);
    end(&trial);
}

/* ---- groups
 * -------------------------------------------------------------------------------------- */

/* 0 | 1 2 3 | 4 5 6 7 8: groups of 1 of 1, 2 of 3, 3 of 5, any two of which open. */
static const struct slip39_plan grouped = {
    .id = 77, .group_threshold = 2, .group_count = 3, .groups = {{1, 1}, {2, 3}, {3, 5}}};

static void any_two_groups_open(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &grouped);
    assert_opens(&trial, "012");
    assert_opens(&trial, "0648");
    assert_opens(&trial, "13456");
    assert_opens(&trial, "012345678");
    end(&trial);
}

static void says_which_group_lacks_parts(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &grouped);
    assert_refused(&trial, "0", REASON_too_few, -1);
    assert_string_equal(trial.fault.sentence, "1 of 2 groups given.");
    assert_refused(&trial, "0145", REASON_too_few, -1);
    assert_string_equal(trial.fault.sentence,
                        "1 of 2 groups complete; of group 2, 1 of 2 parts given.");
    end(&trial);
}

static void parts_of_an_incomplete_group_are_left_out(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &grouped);
    trial.parts[4].value->data[0] ^= 1; /* wrong, but nobody asks it */
    assert_opens(&trial, "01425");
    assert_fates(&trial, "ffufu");
    end(&trial);
}

static void a_wrong_part_of_a_group_with_more_is_named(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &grouped);
    trial.parts[2].value->data[5] ^= 9;
    assert_int_equal(combine_with(&trial, "0123", false), ERR_PARTS);
    assert_int_equal(trial.fault.index, 2);
    assert_fates(&trial, "ffMf");
    assert_opens_without_bad(&trial, "0123");
    end(&trial);
}

static void a_group_that_does_not_fit_the_others_is_named_whole(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &grouped);
    trial.parts[0].value->data[5] ^= 9; /* the only one of its group: no digest there */
    assert_int_equal(combine_with(&trial, "0124567", false), ERR_PARTS);
    assert_int_equal(trial.fault.index, 0);
    assert_fates(&trial, "Mffffff");
    assert_opens_without_bad(&trial, "0124567");
    assert_refused(&trial, "012", REASON_digest, -1);
    end(&trial);
}

static void a_group_without_a_sound_choice_is_dropped_whole_when_others_are_enough(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &grouped);
    trial.parts[1].value->data[5] ^= 9;
    assert_refused(&trial, "012", REASON_digest, -1);
    assert_int_equal(combine_with(&trial, "012456", false), ERR_PARTS);
    assert_fates(&trial, "fMMfff");
    assert_opens_without_bad(&trial, "012456");
    end(&trial);
}

/* ---- sets that one part opens
 * -------------------------------------------------------------------- */

static void a_set_that_one_part_opens_is_read_and_said_to_be_unproven(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 2);
    begin(&trial, &plan);
    trial.parts[0].header.member_threshold = 1;
    assert_int_equal(combine_with(&trial, "0", false), OK);
    assert_false(trial.report.proven);
    secret_free(trial.combined);
    end(&trial);
}

/* ---- more
 * ---------------------------------------------------------------------------------------- */

static void another_passphrase_gives_another_key(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 2);
    begin(&trial, &plan);
    const struct slip39_way way = {.passphrase = slice_of("x")};
    assert_int_equal(slip39_combine(trial.parts, 2, &way, &trial.combined, &trial.report, NULL),
                     OK);
    assert_false(secret_equal(trial.combined, trial.key));
    secret_free(trial.combined);
    end(&trial);
}

static void the_longest_list_is_taken(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 16);
    begin(&trial, &plan);
    for (size_t i = 0; i < SLIP39_LIST_MAX; i++) {
        trial.list[i] = trial.parts[i % 16];
    }
    assert_int_equal(slip39_combine(trial.list, SLIP39_LIST_MAX, &(struct slip39_way){0},
                                    &trial.combined, &trial.report, &trial.fault),
                     OK);
    assert_true(secret_equal(trial.combined, trial.key));
    secret_free(trial.combined);
    end(&trial);
}

static void every_altered_header_is_noticed(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(3, 4);
    begin(&trial, &plan);
    const struct slip39_header right = trial.parts[1].header;
    for (size_t bit = 0; bit < 40; bit++) {
        uint8_t octets[SLIP39_HEADER_BYTES];
        slip39_header_pack(&right, octets);
        octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        slip39_header_unpack(octets, &trial.parts[1].header);
        enum err err = combine_with(&trial, "012", false);
        assert_int_equal(err, ERR_PARTS);
        assert_null(trial.combined);
    }
    end(&trial);
}

static void running_out_of_memory_is_said(void **state)
{
    (void)state;
    struct trial trial;
    const struct slip39_plan plan = help_plan(2, 2);
    begin(&trial, &plan);
    memory_fail_from(1);
    assert_int_equal(combine_with(&trial, "01", false), ERR_NO_MEMORY);
    memory_fail_from(0);
    assert_null(trial.combined);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_and_more_than_needed_opens),
        cmocka_unit_test(the_same_part_twice_counts_once),
        cmocka_unit_test(no_part_at_all_is_too_few),
        cmocka_unit_test(a_part_of_another_set_is_named_wherever_it_stands),
        cmocka_unit_test(a_value_of_another_length_is_foreign),
        cmocka_unit_test(two_parts_with_one_index_are_refused),
        cmocka_unit_test(one_wrong_part_among_just_enough_cannot_be_named),
        cmocka_unit_test(one_wrong_part_among_more_is_named_and_can_be_dropped),
        cmocka_unit_test(several_wrong_parts_are_named),
        cmocka_unit_test(two_sound_choices_are_refused_whatever_is_asked),
        cmocka_unit_test(any_two_groups_open),
        cmocka_unit_test(says_which_group_lacks_parts),
        cmocka_unit_test(parts_of_an_incomplete_group_are_left_out),
        cmocka_unit_test(a_wrong_part_of_a_group_with_more_is_named),
        cmocka_unit_test(a_group_that_does_not_fit_the_others_is_named_whole),
        cmocka_unit_test(a_group_without_a_sound_choice_is_dropped_whole_when_others_are_enough),
        cmocka_unit_test(a_set_that_one_part_opens_is_read_and_said_to_be_unproven),
        cmocka_unit_test(another_passphrase_gives_another_key),
        cmocka_unit_test(the_longest_list_is_taken),
        cmocka_unit_test(every_altered_header_is_noticed),
        cmocka_unit_test(running_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
