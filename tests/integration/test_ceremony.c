/* A ceremony through the real daemon, with guardians who open, sign and bring their parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/people.h"

#define PARAMS_BYTES 16384

static void status_params(const struct people *people, char *out, size_t size)
{
    snprintf(out, size, "{\"ceremony\":\"%s\"," OPERATOR "}", people->ceremony);
}

static bool state_is(struct harness *h, const struct people *people, const char *state)
{
    char params[PARAMS_BYTES];
    status_params(people, params, sizeof params);
    return harness_text_is(harness_result(h, "ceremony.status", params), "state", state);
}

static void complete(struct harness *h, struct people *people)
{
    for (size_t i = 0; i < people->count; i++) {
        person_take(h, people, i, i % 2 == 1);
        assert_true(state_is(h, people, "open"));
        person_confirm(h, people, i);
    }
    assert_true(state_is(h, people, "completed"));
}

/* The key that comes back is the one whose public side the ceremony told. */
static void assert_key_of(struct harness *h, const struct people *people, const char *identity)
{
    char params[PARAMS_BYTES];
    char recipient[KEY_PUBLIC_TEXT + 1];
    uint8_t public_key[KEY_BYTES];
    struct secret *key;
    assert_int_equal(key_from_identity(slice_of(identity), &key, NULL), OK);
    key_public(key, public_key);
    key_public_text(public_key, recipient);
    secret_free(key);
    status_params(people, params, sizeof params);
    assert_true(
        harness_text_is(harness_result(h, "ceremony.status", params), "recipient", recipient));
}

static void an_age_key_is_made_collected_confirmed_and_recovered(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    char identity[256];
    harness_start(&h, NULL);
    people_register(&h, &people, 3);
    people_start(&h, &people, 2, "age", "");
    complete(&h, &people);
    harness_wait_text(h.sink, "|9014|"); /* the sealed parts are gone, and that is told */
    snprintf(params, sizeof params, "{\"ceremony\":\"%s\"," ACTOR("guardian1", "G") "}",
             people.ceremony);
    harness_error(&h, "part.view", params, -32003, "part_collected");
    people_recover_params(&people, (const int[]){2, 0, -1}, ",\"reason\":\"a fire\"", params,
                          sizeof params);
    people_open_key(&people, harness_result(&h, "recovery.attempt", params), identity,
                    sizeof identity);
    assert_key_of(&h, &people, identity);
    people_done(&people);
    harness_wait_text(h.sink, "|103|");
    char *lines = harness_read_file(h.sink);
    assert_int_equal(harness_count(lines, "|92|"), 1);
    assert_int_equal(harness_count(lines, "|93|"), 2);
    assert_int_equal(harness_count(lines, "|94|"), 1);
    assert_int_equal(harness_count(lines, "|9012|"), 3);
    assert_int_equal(harness_count(lines, "|95|"), 1);
    free(lines);
    harness_stop(&h);
}

static void a_raw_key_comes_back_as_digits_after_a_restart(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    char digits[256];
    harness_start(&h, NULL);
    people_register(&h, &people, 3);
    people_start(&h, &people, 3, "raw", ",\"bits\":128,\"allow_all_required\":true");
    for (size_t i = 0; i < 3; i++) {
        person_take(&h, &people, i, false);
        person_confirm(&h, &people, i);
    }
    harness_kill(&h);
    harness_restart(&h);
    people_recover_params(&people, (const int[]){0, 1, 2, -1}, "", params, sizeof params);
    people_open_key(&people, harness_result(&h, "recovery.attempt", params), digits, sizeof digits);
    assert_int_equal(strlen(digits), 32);
    /* and the complete key is known again, where its ceremony is named */
    snprintf(params, sizeof params,
             "{\"ceremony\":\"%s\",\"key\":\"%s\",\"deliver_to\":\"%s\"," OPERATOR "}",
             people.ceremony, digits, people.receiver.public_key);
    char again[256];
    people_open_key(&people, harness_result(&h, "recovery.attempt", params), again, sizeof again);
    assert_string_equal(again, digits);
    digits[5] = digits[5] == '0' ? '1' : '0';
    snprintf(params, sizeof params,
             "{\"ceremony\":\"%s\",\"key\":\"%s\",\"deliver_to\":\"%s\"," OPERATOR "}",
             people.ceremony, digits, people.receiver.public_key);
    harness_error(&h, "recovery.attempt", params, -32006, "wrong_key");
    people_done(&people);
    harness_stop(&h);
}

/* Replaces word `number` (from 1) of the person's part. */
static void mistype(struct person *person, int number, const char *word)
{
    char words[sizeof person->words];
    char *rest = words;
    char out[sizeof person->words + 32] = "";
    snprintf(words, sizeof words, "%s", person->words);
    for (int i = 1; rest != NULL; i++) {
        char *one = strsep(&rest, " ");
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", i == 1 ? "" : " ",
                 i == number ? word : one);
    }
    snprintf(person->words, sizeof person->words, "%s", out);
}

static const struct json *first_bad(const struct json *data)
{
    const struct json *bad = json_member(data, "bad");
    assert_non_null(bad);
    assert_true(bad->count >= 1);
    return bad->child;
}

static void a_mistyped_word_is_named_with_its_part_and_whose_it_is(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    harness_start(&h, NULL);
    people_register(&h, &people, 3);
    people_start(&h, &people, 2, "age", "");
    complete(&h, &people);
    struct person right = people.list[1];
    mistype(&people.list[1], 17, "guitarr");
    people_recover_params(&people, (const int[]){0, 1, -1}, "", params, sizeof params);
    const struct json *data = harness_error(&h, "recovery.attempt", params, -32006, "unknown_word");
    const struct json *bad = first_bad(data);
    assert_int_equal(harness_integer(bad, "position"), 1);
    assert_int_equal(harness_integer(bad, "index"), 2);
    assert_true(harness_text_is(bad, "guardian", "guardian2"));
    assert_true(harness_text_is(bad, "submitted_by", "operator"));
    assert_int_equal(harness_integer(bad, "word"), 17);
    assert_int_equal(harness_integer(data, "parts_needed"), 2);
    assert_int_equal(harness_integer(data, "parts_sent"), 2);
    /* a word of the list, but another one */
    people.list[1] = right;
    mistype(&people.list[1], 17, strstr(right.words, "academic") == NULL ? "academic" : "acid");
    people_recover_params(&people, (const int[]){0, 1, -1}, "", params, sizeof params);
    bad = first_bad(harness_error(&h, "recovery.attempt", params, -32006, "checksum"));
    assert_true(harness_text_is(bad, "guardian", "guardian2"));
    /* too few; the same twice */
    people.list[1] = right;
    people_recover_params(&people, (const int[]){1, -1}, "", params, sizeof params);
    harness_error(&h, "recovery.attempt", params, -32006, "too_few");
    people_recover_params(&people, (const int[]){1, 1, -1}, "", params, sizeof params);
    bad = first_bad(harness_error(&h, "recovery.attempt", params, -32006, "duplicate"));
    assert_int_equal(harness_integer(bad, "position"), 1);
    const struct json *entries = json_member(
        harness_result(&h, "audit.query", "{\"type\":\"master_key.recovery_failed\"}"), "entries");
    assert_int_equal(entries->count, 4);
    assert_true(harness_text_is(entries->child, "badParts", "2 (guardian2)"));
    assert_true(harness_text_is(entries->child, "reason", "unknown_word"));
    assert_int_equal(harness_integer(entries->child, "partsSent"), 2);
    people_done(&people);
    harness_stop(&h);
}

static void the_same_request_id_gets_the_same_answer_after_a_kill(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    char first[64];
    harness_start(&h, NULL);
    people_register(&h, &people, 2);
    snprintf(params, sizeof params,
             "{\"name\":\"n\",\"threshold\":2,\"kind\":\"age\",\"allow_all_required\":true,"
             "\"guardians\":[\"guardian1\",\"guardian2\"],\"request_id\":\"once\"," OPERATOR "}");
    const struct json *made = harness_result(&h, "ceremony.start", params);
    snprintf(first, sizeof first, "%.*s", (int)json_member(made, "ceremony")->text.length,
             json_member(made, "ceremony")->text.data);
    assert_true(harness_text_is(harness_result(&h, "ceremony.start", params), "ceremony", first));
    harness_kill(&h);
    harness_restart(&h);
    assert_true(harness_text_is(harness_result(&h, "ceremony.start", params), "ceremony", first));
    const struct json *list =
        json_member(harness_result(&h, "ceremony.list", "{" OPERATOR "}"), "ceremonies");
    assert_int_equal(list->count, 1);
    params[strlen(params) - 1] = ' '; /* other parameters */
    strcat(params, ",\"rehearsal\":true}");
    harness_error(&h, "ceremony.start", params, -32602, "request_id_reused");
    people_done(&people);
    harness_stop(&h);
}

static void a_wrong_signature_counts_and_the_sixth_is_locked_out(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    harness_start(&h, NULL);
    people_register(&h, &people, 2);
    people_start(&h, &people, 2, "age", ",\"allow_all_required\":true");
    person_take(&h, &people, 0, false);
    person_take(&h, &people, 1, false);
    struct person own = people.list[0];
    memcpy(people.list[0].words, people.list[1].words, sizeof own.words); /* another's part */
    for (int i = 0; i < 5; i++) {
        person_confirm_params(&people, 0, params, sizeof params);
        const struct json *data =
            harness_error(&h, "part.confirm", params, -32006, "bad_signature");
        assert_true(harness_text_is(first_bad(data), "guardian", "guardian1"));
    }
    memcpy(people.list[0].words, own.words, sizeof own.words);
    person_confirm_params(&people, 0, params, sizeof params);
    const struct json *data = harness_error(&h, "part.confirm", params, -32005, "locked");
    assert_non_null(json_member(data, "until"));
    harness_wait_text(h.sink, "|9034|");
    person_confirm(&h, &people, 1); /* nobody else is */
    people_done(&people);
    harness_stop(&h);
}

/* Whoever asks again and again what was refused does not fill the log: the first is told at once,
 * the rest is counted. */
static void a_flood_of_refused_views_is_told_once_and_counted(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    harness_start(&h, NULL);
    people_register(&h, &people, 2);
    people_start(&h, &people, 2, "age", ",\"allow_all_required\":true");
    snprintf(params, sizeof params, "{\"ceremony\":\"%s\",\"reason\":\"a mistake\"," OPERATOR "}",
             people.ceremony);
    harness_result(&h, "ceremony.cancel", params);
    snprintf(params, sizeof params, "{\"ceremony\":\"%s\"," ACTOR("guardian1", "G") "}",
             people.ceremony);
    for (int i = 0; i < 7; i++) {
        harness_error(&h, "part.view", params, -32003, "ceremony_cancelled");
    }
    harness_terminate(&h);
    char *lines = harness_read_file(h.sink);
    assert_int_equal(harness_count(lines, "|9017|"), 1);
    const char *counted = strstr(lines, "|9040|");
    assert_non_null(counted);
    assert_non_null(strstr(counted, "refused: ceremony_cancelled."));
    assert_non_null(strstr(counted, "suser=guardian1"));
    assert_non_null(strstr(counted, "count=6"));
    free(lines);
    people_done(&people);
    h.daemon = 0;
    harness_stop(&h);
}

/* For the analyst: where to, which parts, from whom. */
static void a_recovery_tells_its_beginning_each_part_and_its_end(void **state)
{
    (void)state;
    static const char *const types[] = {
        "master_key.recovery_started", "master_key.recovery_part_accepted",
        "master_key.recovery_part_refused", "master_key.recovery_failed"};
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    harness_start(&h, NULL);
    people_register(&h, &people, 3);
    people_start(&h, &people, 2, "age", "");
    person_take(&h, &people, 0, false);
    person_take(&h, &people, 1, false);
    mistype(&people.list[1], 17, "guitarr");
    people_recover_params(&people, (const int[]){0, 1, -1}, ",\"reason\":\"a fire\"", params,
                          sizeof params);
    harness_error(&h, "recovery.attempt", params, -32006, "unknown_word");
    const struct json *entries = json_member(
        harness_result(&h, "audit.query", "{\"type\":\"master_key.recovery_*\"}"), "entries");
    assert_int_equal(entries->count, 4);
    const struct json *entry = entries->child;
    for (size_t i = 0; i < 4; i++, entry = entry->next) {
        assert_true(harness_text_is(entry, "type", types[i]));
        assert_true(harness_text_is(entry, "ceremony", people.ceremony));
    }
    assert_true(harness_text_is(entries->child, "deliverTo", people.receiver.public_key));
    assert_true(harness_text_is(entries->child, "reason", "a fire"));
    assert_true(harness_text_is(entries->child->next->next, "reason", "unknown_word (position 2)"));
    people_done(&people);
    harness_stop(&h);
}

static void a_tracked_ceremony_completes_when_all_have_viewed(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    char params[PARAMS_BYTES];
    harness_start(&h, NULL);
    people_register(&h, &people, 2);
    const struct json *made =
        harness_result(&h, "ceremony.track",
                       "{\"name\":\"PAM master key\",\"threshold\":2,\"allow_all_required\":true,"
                       "\"guardians\":[\"guardian1\",\"guardian2\"]," OPERATOR "}");
    assert_null(json_member(made, "check"));
    snprintf(people.ceremony, sizeof people.ceremony, "%.*s",
             (int)json_member(made, "ceremony")->text.length,
             json_member(made, "ceremony")->text.data);
    snprintf(params, sizeof params, "{\"ceremony\":\"%s\"," ACTOR("guardian1", "G") "}",
             people.ceremony);
    assert_null(json_member(harness_result(&h, "part.view", params), "sealed"));
    snprintf(params, sizeof params, "{\"ceremony\":\"%s\"," ACTOR("guardian2", "G") "}",
             people.ceremony);
    assert_true(harness_text_is(harness_result(&h, "part.download", params), "ceremony_state",
                                "completed"));
    snprintf(params, sizeof params,
             "{\"ceremony\":\"%s\",\"outcome\":\"failed\",\"partsNeeded\":2,\"partsSent\":1,"
             "\"reason\":\"too few\"," OPERATOR "}",
             people.ceremony);
    harness_result(&h, "recovery.record", params);
    harness_wait_text(h.sink, "|102|");
    /* the guardian who holds a live part goes */
    harness_result(&h, "guardian.deactivate",
                   "{\"login\":\"guardian2\",\"reason\":\"left\"," OPERATOR "}");
    harness_wait_text(h.sink, "|336.501|");
    people_done(&people);
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_age_key_is_made_collected_confirmed_and_recovered),
        cmocka_unit_test(a_raw_key_comes_back_as_digits_after_a_restart),
        cmocka_unit_test(a_mistyped_word_is_named_with_its_part_and_whose_it_is),
        cmocka_unit_test(the_same_request_id_gets_the_same_answer_after_a_kill),
        cmocka_unit_test(a_wrong_signature_counts_and_the_sixth_is_locked_out),
        cmocka_unit_test(a_flood_of_refused_views_is_told_once_and_counted),
        cmocka_unit_test(a_recovery_tells_its_beginning_each_part_and_its_end),
        cmocka_unit_test(a_tracked_ceremony_completes_when_all_have_viewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
