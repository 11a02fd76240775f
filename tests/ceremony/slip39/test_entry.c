#include "tests/ceremony/slip39/help.h"

#include <stdio.h>

#include "ceremony/slip39/entry.h"
#include "ceremony/slip39/wordlist.h"

/* A part, its words one by one, and an entry to type them into. */
struct typing {
    struct slip39_part parts[2];
    char words[SLIP39_WORDS_MAX][WORDLIST_LETTERS_MAX + 1];
    size_t count;
    struct entry *entry;
};

static void begin(struct typing *typing, size_t length)
{
    struct secret *key = secret_new(length);
    const struct slip39_plan plan = help_plan(2, 2);
    memset(typing, 0, sizeof *typing);
    randombytes_buf(key->data, length);
    key->length = length;
    help_split(&plan, key, typing->parts);
    struct secret *text = help_words(&typing->parts[0]);
    char *rest = NULL;
    for (char *word = strtok_r((char *)text->data, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        memcpy(typing->words[typing->count++], word, strlen(word) + 1);
    }
    typing->entry = entry_new();
    assert_non_null(typing->entry);
    secret_free(text);
    secret_free(key);
}

static void type_all(struct typing *typing)
{
    entry_clear(typing->entry);
    for (size_t i = 0; i < typing->count; i++) {
        assert_true(entry_add(typing->entry, slice_of(typing->words[i])));
    }
}

static void end(struct typing *typing)
{
    entry_free(typing->entry);
    help_done(typing->parts, 2);
}

static void a_typed_part_is_the_part(void **state)
{
    (void)state;
    struct typing typing;
    begin(&typing, 32);
    struct slip39_part part = {0};
    for (size_t i = 0; i < typing.count; i++) {
        assert_false(entry_is_whole(typing.entry));
        assert_true(entry_add(typing.entry, slice_of(typing.words[i])));
        assert_string_equal(entry_word(typing.entry, i + 1), typing.words[i]);
    }
    assert_int_equal(entry_count(typing.entry), 33);
    assert_true(entry_is_whole(typing.entry));
    assert_int_equal(entry_part(typing.entry, &part, NULL), OK);
    assert_true(slip39_same_header(&part.header, &typing.parts[0].header));
    assert_true(secret_equal(part.value, typing.parts[0].value));
    slip39_part_done(&part);
    end(&typing);
}

static void a_shortened_word_is_shown_whole(void **state)
{
    (void)state;
    struct entry *entry = entry_new();
    assert_true(entry_add(entry, slice_of("ACAD")));
    assert_true(entry_add(entry, slice_of("academ")));
    assert_string_equal(entry_word(entry, 1), "academic");
    assert_string_equal(entry_word(entry, 2), "academic");
    assert_false(entry_add(entry, slice_of("aca")));
    assert_false(entry_add(entry, slice_of("acadexyz")));
    assert_false(entry_add(entry, slice_of("academicacademicacademicacademic")));
    assert_int_equal(entry_count(entry), 2);
    entry_free(entry);
}

static void no_more_words_are_taken_than_a_part_can_have(void **state)
{
    (void)state;
    struct entry *entry = entry_new();
    for (size_t i = 0; i < SLIP39_WORDS_MAX; i++) {
        assert_true(entry_add(entry, slice_of("zero")));
    }
    assert_false(entry_add(entry, slice_of("zero")));
    entry_free(entry);
}

static void assert_suggests(const char *typed, const char *expected)
{
    const char *words[ENTRY_SUGGESTIONS_MAX];
    char text[100] = "";
    size_t count = entry_suggest(slice_of(typed), words);
    for (size_t i = 0; i < count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i == 0 ? "" : " ",
                 words[i]);
    }
    assert_string_equal(text, expected);
}

static void suggests_by_spelling(void **state)
{
    (void)state;
    assert_suggests("acadexyz", "academic"); /* the first four letters */
    assert_suggests("Academia", "academic");
    assert_suggests("husbnad", "husband"); /* a swap is one slip */
    assert_suggests("usband", "husband island");
    assert_suggests("hussband", "husband");
    assert_suggests("duckiln", "duckling");    /* its first four letters */
    assert_suggests("acdi", "acid acne aide"); /* a swap first, then two slips */
    assert_suggests("xcean", "ocean pecan");
    assert_suggests("evdience", "evidence");
    assert_suggests("cat", "cage clay coal craft fact"); /* five at most */
    assert_suggests("qqqqqqq", "");
    assert_suggests("", "");
    assert_suggests("\xff\xfe\xfd\xfc\xfb", "");
    assert_suggests("academicacademicacademicacademic", "");
}

static void two_words_tell_the_set_and_four_the_index(void **state)
{
    (void)state;
    struct typing typing;
    struct slip39_header header;
    begin(&typing, 16);
    const struct slip39_header *right = &typing.parts[0].header;
    for (size_t i = 0; i < typing.count; i++) {
        size_t known = entry_header(typing.entry, &header);
        assert_int_equal(known, i < 2 ? 0 : i < 4 ? 2 : 4);
        assert_int_equal(header.id, known == 0 ? 0 : right->id);
        assert_true(known < 4 || slip39_same_header(&header, right));
        assert_true(entry_add(typing.entry, slice_of(typing.words[i])));
    }
    end(&typing);
}

static void every_swap_of_neighbours_is_found(void **state)
{
    (void)state;
    struct typing typing;
    begin(&typing, 32);
    type_all(&typing);
    for (size_t i = 1; i < typing.count; i++) {
        if (strcmp(typing.words[i - 1], typing.words[i]) == 0) {
            continue;
        }
        size_t number = 0;
        assert_true(entry_replace(typing.entry, i, slice_of(typing.words[i])));
        assert_true(entry_replace(typing.entry, i + 1, slice_of(typing.words[i - 1])));
        assert_false(entry_is_whole(typing.entry));
        assert_int_equal(entry_find_slip(typing.entry, &number), ENTRY_SWAP);
        assert_int_equal(number, i);
        assert_true(entry_replace(typing.entry, i, slice_of(typing.words[i - 1])));
        assert_true(entry_replace(typing.entry, i + 1, slice_of(typing.words[i])));
    }
    assert_true(entry_is_whole(typing.entry));
    end(&typing);
}

static void every_place_of_one_wrong_word_is_found(void **state)
{
    (void)state;
    struct typing typing;
    begin(&typing, 16);
    type_all(&typing);
    for (size_t i = 1; i <= typing.count; i++) {
        size_t number = 0;
        const char *wrong = strcmp(typing.words[i - 1], "zero") == 0 ? "acid" : "zero";
        assert_true(entry_replace(typing.entry, i, slice_of(wrong)));
        assert_int_equal(entry_find_slip(typing.entry, &number), ENTRY_ONE);
        assert_int_equal(number, i);
        assert_string_equal(entry_word(typing.entry, i), wrong); /* nothing is mended by itself */
        assert_true(entry_replace(typing.entry, i, slice_of(typing.words[i - 1])));
    }
    end(&typing);
}

static void two_wrong_words_are_said_to_be_more(void **state)
{
    (void)state;
    struct typing typing;
    begin(&typing, 16);
    type_all(&typing);
    size_t more = 0;
    for (size_t i = 1; i + 5 <= typing.count; i++) {
        size_t number = 0;
        assert_true(entry_replace(typing.entry, i, slice_of("zero")));
        assert_true(entry_replace(typing.entry, i + 5, slice_of("acid")));
        more += entry_find_slip(typing.entry, &number) == ENTRY_MORE ? 1 : 0;
        type_all(&typing);
    }
    assert_true(more >= typing.count - 6); /* 3 of 100,000 look like one */
    end(&typing);
}

static void type_without(struct typing *typing, size_t left_out)
{
    entry_clear(typing->entry);
    for (size_t i = 0; i < typing->count; i++) {
        assert_true(i + 1 == left_out || entry_add(typing->entry, slice_of(typing->words[i])));
    }
}

static void the_place_of_a_word_that_was_left_out_is_found(void **state)
{
    (void)state;
    for (size_t octets = 16; octets <= 32; octets += 16) {
        struct typing typing;
        size_t found = 0;
        begin(&typing, octets);
        for (size_t i = 1; i <= typing.count; i++) {
            size_t number = 0;
            type_without(&typing, i);
            assert_int_equal(entry_find_count_slip(typing.entry, typing.count, &number),
                             ENTRY_MISSING);
            assert_true(number == 0 || number == i); /* chance makes a second place possible */
            found += number == i ? 1 : 0;
            assert_int_equal(entry_count(typing.entry), typing.count - 1);
            assert_true(entry_insert(typing.entry, i, slice_of(typing.words[i - 1])));
            assert_true(entry_is_whole(typing.entry));
        }
        assert_true(found + 2 >= typing.count);
        end(&typing);
    }
}

static void the_word_too_many_is_found(void **state)
{
    (void)state;
    struct typing typing;
    begin(&typing, 32);
    for (size_t i = 1; i <= typing.count + 1; i++) {
        size_t number = 0;
        type_all(&typing);
        assert_true(entry_insert(typing.entry, i, slice_of("zero")));
        assert_int_equal(entry_find_count_slip(typing.entry, typing.count, &number), ENTRY_EXTRA);
        bool beside = i <= typing.count && strcmp(typing.words[i - 1], "zero") == 0;
        assert_true(beside || number == i);
        entry_remove(typing.entry, i);
        assert_true(entry_is_whole(typing.entry));
    }
    for (size_t i = 1; i <= typing.count; i++) { /* typed twice */
        size_t number = 0;
        type_all(&typing);
        assert_true(entry_insert(typing.entry, i, slice_of(typing.words[i - 1])));
        assert_int_equal(entry_find_count_slip(typing.entry, typing.count, &number), ENTRY_EXTRA);
        bool thrice = i < typing.count && strcmp(typing.words[i - 1], typing.words[i]) == 0;
        assert_true(thrice || number == i + 1);
    }
    end(&typing);
}

static void more_than_one_word_too_many_or_missing_is_no_slip_that_is_looked_for(void **state)
{
    (void)state;
    struct typing typing;
    size_t number = 7;
    begin(&typing, 16);
    type_without(&typing, 3);
    entry_remove(typing.entry, 9);
    assert_int_equal(entry_find_count_slip(typing.entry, typing.count, &number), ENTRY_MORE);
    assert_int_equal(number, 0);
    end(&typing);
}

static void columns_read_across_are_found(void **state)
{
    (void)state;
    static const size_t columns[] = {4, 3};
    for (size_t octets = 16; octets <= 32; octets += 16) {
        struct typing typing;
        size_t number = 0;
        begin(&typing, octets);
        size_t rows = typing.count / columns[octets / 32];
        entry_clear(typing.entry);
        for (size_t row = 0; row < rows; row++) {
            for (size_t column = 0; column < columns[octets / 32]; column++) {
                const char *word = typing.words[column * rows + row];
                assert_true(entry_add(typing.entry, slice_of(word)));
            }
        }
        assert_int_equal(entry_find_slip(typing.entry, &number), ENTRY_ACROSS);
        end(&typing);
    }
}

static void says_what_is_wrong_with_the_number_of_words(void **state)
{
    (void)state;
    struct typing typing;
    struct slip39_part part = {0};
    struct fault fault;
    begin(&typing, 32);
    typing.count--;
    type_all(&typing);
    assert_int_equal(entry_part(typing.entry, &part, &fault), ERR_PARTS);
    assert_string_equal(fault.sentence, "32 words: one is missing.");
    end(&typing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_typed_part_is_the_part),
        cmocka_unit_test(a_shortened_word_is_shown_whole),
        cmocka_unit_test(no_more_words_are_taken_than_a_part_can_have),
        cmocka_unit_test(suggests_by_spelling),
        cmocka_unit_test(two_words_tell_the_set_and_four_the_index),
        cmocka_unit_test(every_swap_of_neighbours_is_found),
        cmocka_unit_test(every_place_of_one_wrong_word_is_found),
        cmocka_unit_test(two_wrong_words_are_said_to_be_more),
        cmocka_unit_test(the_place_of_a_word_that_was_left_out_is_found),
        cmocka_unit_test(the_word_too_many_is_found),
        cmocka_unit_test(more_than_one_word_too_many_or_missing_is_no_slip_that_is_looked_for),
        cmocka_unit_test(columns_read_across_are_found),
        cmocka_unit_test(says_what_is_wrong_with_the_number_of_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
