/* The index in a line: found in every format and profile, and nowhere but in the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "audit/sinks/external_id.h"

#define NONE UINT64_MAX

static uint64_t found(const char *line, const char *log_id)
{
    uint64_t index = NONE;
    return external_id_find(slice_of(line), log_id, &index) ? index : NONE;
}

/* Every line of the specification's examples, whatever its form, gives the index of its record. */
static void finds_the_index_in_every_published_line(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/golden.jsonl", "r");
    assert_non_null(file);
    char *text = NULL;
    size_t capacity = 0;
    unsigned lines = 0;
    while (getline(&text, &capacity, file) > 0) {
        json_t *example = json_loads(text, JSON_ALLOW_NUL, NULL);
        assert_non_null(example);
        json_t *index = json_object_get(json_object_get(example, "record"), "index");
        const char *form;
        json_t *line;
        json_object_foreach(json_object_get(example, "lines"), form, line)
        {
            uint64_t expected = index == NULL ? NONE : (uint64_t)json_integer_value(index);
            if (found(json_string_value(line), NULL) != expected) {
                fail_msg("%s: %s", form, json_string_value(line));
            }
            lines++;
        }
        json_decref(example);
    }
    free(text);
    fclose(file);
    assert_true(lines > 1000);
}

static void text_in_a_value_is_no_key(void **state)
{
    (void)state;
    assert_int_equal(
        found("CEF:0|a|b|1|2|n|3|msg=x externalId\\=999999 y suser=a externalId=7", NULL), 7);
    assert_int_equal(found("CEF:0|a|b|1|2|n externalId=999999 |3|rt=1 externalId=7 msg=z", NULL),
                     7);
    assert_int_equal(found("CEF:0|a|b|1|2|n\\|externalId=9|3|externalId=7", NULL), 7);
    assert_int_equal(found("CEF:0|a|b|1|2|n|3|msg=x\\\\ externalId=7", NULL), 7);
    assert_int_equal(found("<11>1 T H senhasegura 1 2 [senhasegura@32473 sname=\"a\\\" "
                           "externalId=\\\"999999\\\" \\] externalId=999999\" externalId=\"7\"] "
                           "externalId=\"999999\"",
                           NULL),
                     7);
    assert_int_equal(
        found("time=T\thost=h\tmsg=a externalId=999999\\nexternalId=9\tsname=externalId="
              "999999\texternalId=7\tcat=Event",
              NULL),
        7);
    assert_int_equal(found("CEF:0|a|b|1|2|n|3|msg=externalId\\=999999", NULL), NONE);
    assert_int_equal(found("<11>1 T H s 1 2 [s@1 a=\"b\"] externalId=\"999999\"", NULL), NONE);
    assert_int_equal(found("time=T\tmsg=x externalId=999999", NULL), NONE);
}

static void a_syslog_envelope_does_not_hide_it(void **state)
{
    (void)state;
    assert_int_equal(found("<11>1 T H s 1 2 - CEF:0|a|b|1|2|n|3|externalId=12 cat=Event", NULL),
                     12);
    assert_int_equal(found("<11>1 T H s 1 2 - time=T\texternalId=12", NULL), 12);
}

static void the_log_id_must_be_the_one_of_this_log(void **state)
{
    (void)state;
    assert_int_equal(found("CEF:0|a|b|1|2|n|3|externalId=east1-12", "east1"), 12);
    assert_int_equal(found("<11>1 T H s 1 2 [s@1 externalId=\"east1-12\"] m", "east1"), 12);
    assert_int_equal(found("time=T\texternalId=east1-12", "east1"), 12);
    assert_int_equal(found("CEF:0|a|b|1|2|n|3|externalId=west1-12", "east1"), NONE);
    assert_int_equal(found("CEF:0|a|b|1|2|n|3|externalId=east1", "east1"), NONE);
    assert_int_equal(found("CEF:0|a|b|1|2|n|3|externalId=12", "east1"), NONE);
    assert_int_equal(found("CEF:0|a|b|1|2|n|3|externalId=east1-12", NULL), NONE);
}

static void what_is_no_index_is_not_guessed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "hello",
        "externalId=5",
        "CEF:0|a|b|1|2|n|3|externalId=",
        "CEF:0|a|b|1|2|n|3|externalId=-1",
        "CEF:0|a|b|1|2|n|3|externalId=007",
        "CEF:0|a|b|1|2|n|3|externalId=1x",
        "CEF:0|a|b|1|2|n|3|externalId=9223372036854775808",
        "CEF:0|a|b|1|2|n|3|externalId=99999999999999999999999",
        "CEF:0|a|b|1|2|n|3|externalId=1 externalId=2",
        "CEF:0|a|b|1|2|n|3",
        "CEF:0|a|b|1|2|n\\",
        "CEF:0|a|b|1|2|n|3|a=b\\",
        "<11>1 T H s 1 2 [s@1 externalId=\"1",
        "<11>1 T H s 1 2 [s@1 externalId=\"1\"",
        "<11>1 T H s 1 2 [s@1 externalId=1]",
        "<11>1 T H s 1 2 [s@1 externalId",
        "<11>1 T H s 1 2 [s@1 externalId=",
        "<11>1 T H s 1 2",
        "<11>1 T H s 1 2 ",
        "time=T\texternalId",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (found(bad[i], NULL) != NONE) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void knows_a_line_of_ours_by_its_first_octets(void **state)
{
    (void)state;
    static const char *const ours[] = {"CEF:0|MT4|x", "<13>1 2026-", "time=2026-11-24T"};
    static const char *const foreign[] = {"c",
                                          "hello",
                                          "CEF:1|",
                                          "<>2 ",
                                          "<13>2",
                                          "timed",
                                          "\x7f"
                                          "ELF"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        for (size_t length = 1; length <= strlen(ours[i]); length++) {
            assert_true(external_id_is_begun((struct slice){ours[i], length}));
        }
    }
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_false(external_id_is_begun(slice_of(foreign[i])));
    }
    assert_false(external_id_is_begun(slice_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_index_in_every_published_line),
        cmocka_unit_test(text_in_a_value_is_no_key),
        cmocka_unit_test(a_syslog_envelope_does_not_hide_it),
        cmocka_unit_test(the_log_id_must_be_the_one_of_this_log),
        cmocka_unit_test(what_is_no_index_is_not_guessed),
        cmocka_unit_test(knows_a_line_of_ours_by_its_first_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
