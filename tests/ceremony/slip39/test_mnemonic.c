#include "tests/ceremony/slip39/help.h"

#include <ctype.h>
#include <stdio.h>

#include "audit/base/memory.h"
#include "ceremony/slip39/mnemonic.h"
#include "ceremony/slip39/rs1024.h"
#include "ceremony/slip39/wordlist.h"

/* A part of so many octets, and its words. */
struct page {
    struct slip39_part part;
    struct secret *words;
};

static struct page make_page(size_t length)
{
    struct page page = {.part = {.header = {.id = 0x1234,
                                            .extendable = true,
                                            .exponent = 1,
                                            .group_index = 2,
                                            .group_threshold = 3,
                                            .group_count = 5,
                                            .member_index = 4,
                                            .member_threshold = 6},
                                 .value = help_key(length)}};
    page.words = help_words(&page.part);
    return page;
}

static void page_done(struct page *page)
{
    slip39_part_done(&page->part);
    secret_free(page->words);
}

static const char *text_of(const struct page *page)
{
    return (const char *)page->words->data;
}

static void assert_reads_as(const char *text, const struct slip39_part *expected)
{
    struct slip39_part read = {0};
    struct fault fault;
    fault_clear(&fault);
    if (slip39_decode(slice_of(text), &read, &fault) != OK) {
        fail_msg("%s", fault.sentence);
    }
    assert_true(slip39_same_header(&read.header, &expected->header));
    assert_true(secret_equal(read.value, expected->value));
    slip39_part_done(&read);
}

static int64_t assert_refused(const char *text, enum reason reason)
{
    struct slip39_part read = {0};
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(slip39_decode(slice_of(text), &read, &fault), ERR_PARTS);
    assert_string_equal(reason_word(fault.reason), reason_word(reason));
    assert_null(read.value);
    return fault.index;
}

static void every_length_of_the_standard_is_read_back(void **state)
{
    (void)state;
    static const struct {
        size_t octets;
        unsigned words;
    } sizes[] = {{16, 20}, {32, 33}, {64, 59}, {18, 22}, {20, 23}, {34, 35}, {62, 57}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct page page = make_page(sizes[i].octets);
        unsigned words = 1;
        for (size_t j = 0; j < page.words->length; j++) {
            words += page.words->data[j] == ' ' ? 1 : 0;
        }
        assert_int_equal(words, sizes[i].words);
        assert_reads_as(text_of(&page), &page.part);
        page_done(&page);
    }
}

static void the_longest_part_fits_its_room(void **state)
{
    (void)state;
    struct mnemonic mnemonic = {.count = SLIP39_WORDS_MAX};
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX);
    for (size_t i = 0; i < SLIP39_WORDS_MAX; i++) {
        mnemonic.numbers[i] = 0; /* academic, eight letters */
    }
    assert_int_equal(mnemonic_write(&mnemonic, words), OK);
    assert_int_equal(words->length, SLIP39_TEXT_BYTES_MAX);
    secret_clear(words);
    words->length = 1;
    assert_int_equal(mnemonic_write(&mnemonic, words), ERR_NO_MEMORY);
    secret_free(words);
}

static void case_blanks_and_tabs_do_not_matter(void **state)
{
    (void)state;
    struct page page = make_page(32);
    char text[2 * SLIP39_TEXT_BYTES_MAX + 10] = "\t  ";
    size_t length = 3;
    for (size_t i = 0; i < page.words->length; i++) {
        char character = text_of(&page)[i];
        text[length++] = (char)(i % 3 == 0 ? toupper(character) : character);
        if (character == ' ') {
            text[length++] = i % 2 == 0 ? '\t' : ' ';
        }
    }
    text[length++] = ' ';
    text[length] = '\0';
    assert_reads_as(text, &page.part);
    page_done(&page);
}

static void four_letters_of_each_word_are_enough(void **state)
{
    (void)state;
    for (size_t letters = 4; letters <= 8; letters++) {
        struct page page = make_page(32);
        char text[SLIP39_TEXT_BYTES_MAX + 1];
        size_t length = 0;
        size_t in_word = 0;
        for (size_t i = 0; i < page.words->length; i++) {
            in_word = text_of(&page)[i] == ' ' ? 0 : in_word + 1;
            if (in_word <= letters) {
                text[length++] = text_of(&page)[i];
            }
        }
        text[length] = '\0';
        assert_reads_as(text, &page.part);
        page_done(&page);
    }
}

/* The text with the word of this number (from 1) replaced. */
static void replace_word(const char *text, size_t number, const char *word, char *out, size_t size)
{
    const char *at = text;
    for (size_t i = 1; i < number; i++) {
        at = strchr(at, ' ') + 1;
    }
    const char *end = strchr(at, ' ');
    snprintf(out, size, "%.*s%s%s", (int)(at - text), text, word, end == NULL ? "" : end);
}

static void names_the_first_word_that_is_not_on_the_list(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "acadexyz", "aca", "a", "1.", "acade\xcc\x81mic", "academicacademic", "\xff\xfe", "#"};
    struct page page = make_page(32);
    char text[SLIP39_TEXT_BYTES_MAX + 40];
    char twice[SLIP39_TEXT_BYTES_MAX + 80];
    for (size_t number = 1; number <= 33; number++) {
        for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
            replace_word(text_of(&page), number, unknown[i], text, sizeof text);
            assert_int_equal(assert_refused(text, REASON_unknown_word), number);
            replace_word(text, 33, "zzzz", twice, sizeof twice);
            assert_int_equal(assert_refused(twice, REASON_unknown_word), number);
        }
    }
    page_done(&page);
}

static void an_octet_of_zero_is_no_blank(void **state)
{
    (void)state;
    struct page page = make_page(16);
    struct slip39_part read = {0};
    struct fault fault;
    *strchr((char *)page.words->data, ' ') = '\0';
    assert_int_equal(
        slip39_decode((struct slice){text_of(&page), page.words->length}, &read, &fault),
        ERR_PARTS);
    assert_int_equal(fault.reason, REASON_unknown_word);
    assert_int_equal(fault.index, 1);
    page_done(&page);
}

static void says_how_many_words_are_missing(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        const char *sentence;
    } cases[] = {{0, "0 words: a part has 20 or 33."},
                 {1, "1 word: a part has 20 or 33."},
                 {19, "19 words: one is missing."},
                 {21, "21 words: one is too many."},
                 {24, "24 words: a part has 20 or 33."},
                 {32, "32 words: one is missing."},
                 {34, "34 words: one is too many."},
                 {60, "More than 59 words: a part has 20 or 33."},
                 {400, "More than 59 words: a part has 20 or 33."}};
    char text[4096];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slip39_part read = {0};
        struct fault fault;
        text[0] = '\0';
        for (size_t j = 0; j < cases[i].count; j++) {
            snprintf(text + 5 * j, sizeof text - 5 * j, "zero ");
        }
        assert_int_equal(slip39_decode(slice_of(text), &read, &fault), ERR_PARTS);
        assert_int_equal(fault.reason, REASON_word_count);
        assert_string_equal(fault.sentence, cases[i].sentence);
    }
}

static void no_number_of_words_is_taken_that_the_standard_does_not_have(void **state)
{
    (void)state;
    for (size_t count = 0; count < 100; count++) {
        /* The rule of the standard: 16 octets at least, padding of 8 bits at most; an octet more
         * than 64 is beyond this room. */
        bool legal = count >= 20 && count <= 59 && 10 * (count - 7) % 16 <= 8;
        assert_int_equal(mnemonic_count_legal(count), legal);
    }
}

static void a_text_longer_than_any_part_is_not_looked_at(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, ' ', sizeof text - 1);
    assert_refused(text, REASON_word_count);
}

static void every_single_wrong_word_is_refused(void **state)
{
    (void)state;
    struct page page = make_page(16);
    char text[SLIP39_TEXT_BYTES_MAX + 20];
    for (size_t number = 1; number <= 20; number++) {
        unsigned taken = 0;
        for (size_t word = 0; word < WORDLIST_WORDS; word++) {
            struct slip39_part read = {0};
            struct fault fault;
            replace_word(text_of(&page), number, wordlist[word], text, sizeof text);
            if (slip39_decode(slice_of(text), &read, &fault) == OK) {
                taken++;
                slip39_part_done(&read);
            } else {
                assert_int_equal(fault.reason, REASON_checksum);
            }
        }
        assert_int_equal(taken, 1);
    }
    page_done(&page);
}

static void every_bit_of_a_header_is_kept(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 40; bit++) {
        uint8_t octets[SLIP39_HEADER_BYTES] = {0};
        uint8_t again[SLIP39_HEADER_BYTES];
        struct slip39_header header;
        octets[bit / 8] = (uint8_t)(0x80 >> bit % 8);
        slip39_header_unpack(octets, &header);
        slip39_header_pack(&header, again);
        assert_memory_equal(octets, again, sizeof octets);
    }
}

/* Numbers of a part of 16 octets, with a right checksum whatever they are. */
static void make_right(struct mnemonic *mnemonic)
{
    rs1024_create(mnemonic->numbers, mnemonic->count - RS1024_WORDS, true,
                  mnemonic->numbers + mnemonic->count - RS1024_WORDS);
}

static void bits_in_front_of_the_value_are_refused(void **state)
{
    (void)state;
    struct page page = make_page(16);
    for (unsigned bit = 0; bit < 2; bit++) {
        struct mnemonic mnemonic;
        struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX + 1);
        mnemonic_of_part(&page.part, &mnemonic);
        mnemonic.numbers[4] |= (uint16_t)(512 >> bit);
        make_right(&mnemonic);
        assert_int_equal(mnemonic_write(&mnemonic, words), OK);
        assert_refused((const char *)words->data, REASON_padding);
        secret_free(words);
    }
    page_done(&page);
}

static void more_groups_needed_than_there_are_is_refused(void **state)
{
    (void)state;
    struct page page = make_page(16);
    page.part.header.group_threshold = 6;
    struct secret *words = help_words(&page.part);
    assert_refused((const char *)words->data, REASON_wrong_header);
    secret_free(words);
    page_done(&page);
}

static void no_fault_holds_a_word(void **state)
{
    (void)state;
    struct page page = make_page(16);
    char text[SLIP39_TEXT_BYTES_MAX + 40];
    struct slip39_part read = {0};
    struct fault fault;
    replace_word(text_of(&page), 9, "mistakex", text, sizeof text);
    assert_int_equal(slip39_decode(slice_of(text), &read, &fault), ERR_PARTS);
    assert_null(strstr(fault.sentence, "mistakex"));
    assert_string_equal(fault.sentence, "Word 9 is not on the SLIP-39 word list.");
    replace_word(text_of(&page), 9, "zero", text, sizeof text);
    assert_int_equal(slip39_decode(slice_of(text), &read, &fault), ERR_PARTS);
    assert_null(strstr(fault.sentence, "zero"));
    page_done(&page);
}

static void running_out_of_memory_is_said(void **state)
{
    (void)state;
    struct page page = make_page(16);
    struct slip39_part read = {0};
    struct fault fault;
    memory_fail_from(1);
    assert_int_equal(slip39_decode(slice_of(text_of(&page)), &read, &fault), ERR_NO_MEMORY);
    memory_fail_from(0);
    assert_null(read.value);
    page_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_of_the_standard_is_read_back),
        cmocka_unit_test(the_longest_part_fits_its_room),
        cmocka_unit_test(case_blanks_and_tabs_do_not_matter),
        cmocka_unit_test(four_letters_of_each_word_are_enough),
        cmocka_unit_test(names_the_first_word_that_is_not_on_the_list),
        cmocka_unit_test(an_octet_of_zero_is_no_blank),
        cmocka_unit_test(says_how_many_words_are_missing),
        cmocka_unit_test(no_number_of_words_is_taken_that_the_standard_does_not_have),
        cmocka_unit_test(a_text_longer_than_any_part_is_not_looked_at),
        cmocka_unit_test(every_single_wrong_word_is_refused),
        cmocka_unit_test(every_bit_of_a_header_is_kept),
        cmocka_unit_test(bits_in_front_of_the_value_are_refused),
        cmocka_unit_test(more_groups_needed_than_there_are_is_refused),
        cmocka_unit_test(no_fault_holds_a_word),
        cmocka_unit_test(running_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
