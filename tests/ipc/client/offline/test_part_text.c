/* Words of parts out of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/client/offline/part_text.h"

static struct part_texts texts;

static enum err take(const char *text, struct fault *fault)
{
    part_texts_done(&texts);
    fault_clear(fault);
    return part_texts_take(&texts, "F", slice_of(text), fault);
}

static void assert_words(size_t i, const char *words)
{
    struct slice found = part_texts_words(&texts, i);
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)found.length, found.data);
    assert_string_equal(text, words);
}

static void takes_one_part_a_line_as_combine_does(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(take("\xef\xbb\xbf# mine\r\n\r\n one\t two  three\r\n\nfour five\n", &fault),
                     OK);
    assert_int_equal(texts.count, 2);
    assert_words(0, "one two three");
    assert_int_equal(texts.list[0].line, 3);
    assert_words(1, "four five");
    assert_int_equal(texts.list[1].line, 5);
    assert_string_equal(texts.list[1].file, "F");
    assert_int_equal(take("last line without its end", &fault), OK);
    assert_int_equal(texts.count, 1);
    part_texts_done(&texts);
}

static void a_key_file_is_called_one(void **state)
{
    (void)state;
    static const char *const files[] = {"age-encryption.org/v1\n-> scrypt x 18\n",
                                        "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
                                        "# made today\nAGE-SECRET-KEY-1QQ\n"};
    for (size_t i = 0; i < 3; i++) {
        struct fault fault;
        assert_int_equal(take(files[i], &fault), ERR_INVALID_PARAMS);
        assert_int_equal(texts.count, 0);
        assert_non_null(strstr(fault.sentence, "F is a key file, not the page of a part."));
        assert_null(strstr(fault.sentence, "1QQ"));
    }
}

static void takes_the_words_of_a_page_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(take("Part 2 of 3 - any 2 of the 3 parts open the key\n"
                          "Ceremony  Root, 2026-11-24\n\n"
                          "   1 alpha   3 gamma\n"
                          "   2 beta    4 delta\n\n"
                          "Date ______\n",
                          &fault),
                     OK);
    assert_int_equal(texts.count, 1);
    assert_words(0, "alpha beta gamma delta");
    assert_int_equal(texts.list[0].line, 4);
    assert_int_equal(take("1. a 2) b\n3: c\n\ntext between\n1 d 2 e\n", &fault), OK);
    assert_int_equal(texts.count, 2);
    assert_words(0, "a b c");
    assert_words(1, "d e");
    part_texts_done(&texts);
}

static void names_the_number_that_a_page_lacks_or_has_twice(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(take("\n1 a 3 c\n", &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_bad_value);
    assert_non_null(strstr(fault.sentence, "F, line 2: word 2 is missing"));
    assert_int_equal(take("1 a 2 b\n2 c\n", &fault), ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "F, line 2: word 2 stands here for the second time"));
    assert_null(strstr(fault.sentence, " c"));
    assert_int_equal(take("2 b 3 c\n", &fault), ERR_INVALID_PARAMS);
    assert_int_equal(take("1 a 60 b\n", &fault), ERR_INVALID_PARAMS);
    assert_int_equal(take("1 a 999 b\n", &fault), ERR_INVALID_PARAMS);
    part_texts_done(&texts);
}

static void nothing_of_a_file_can_end_the_text_it_is_sent_in(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(take("on\"e t\\wo thr\x01"
                          "ee f\xc3\xb6ur\n",
                          &fault),
                     OK);
    assert_words(0, "on?e t?wo thr?ee f??ur");
    part_texts_done(&texts);
}

static void refuses_what_is_no_list_of_parts(void **state)
{
    (void)state;
    struct fault fault;
    char many[3 * (PART_TEXT_PARTS_MAX + 1) + 1] = "";
    char line[1200];
    assert_int_equal(take("# nothing\n\n", &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_too_few);
    for (size_t i = 0; i <= PART_TEXT_PARTS_MAX; i++) {
        memcpy(many + 2 * i, "x\n", 3);
    }
    assert_int_equal(take(many, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_too_large);
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    assert_int_equal(take(line, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_too_large);
    part_texts_done(&texts);
}

static void parts_of_several_files_stand_one_behind_the_other(void **state)
{
    (void)state;
    struct fault fault;
    part_texts_done(&texts);
    assert_int_equal(part_texts_take(&texts, "A", slice_of("1 a 2 b\n"), &fault), OK);
    assert_int_equal(part_texts_take(&texts, "B", slice_of("c d\n"), &fault), OK);
    assert_int_equal(part_texts_add(&texts, slice_of("e f"), &fault), OK);
    assert_int_equal(texts.count, 3);
    assert_words(1, "c d");
    assert_words(2, "e f");
    assert_null(texts.list[2].file);
    assert_int_equal(texts.list[2].line, 3);
    part_texts_done(&texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_one_part_a_line_as_combine_does),
        cmocka_unit_test(a_key_file_is_called_one),
        cmocka_unit_test(takes_the_words_of_a_page_in_the_order_of_their_numbers),
        cmocka_unit_test(names_the_number_that_a_page_lacks_or_has_twice),
        cmocka_unit_test(nothing_of_a_file_can_end_the_text_it_is_sent_in),
        cmocka_unit_test(refuses_what_is_no_list_of_parts),
        cmocka_unit_test(parts_of_several_files_stand_one_behind_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
