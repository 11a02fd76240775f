/* A guardian's part: given to its guardian alone and only while it may be, confirmed by whoever has
 * opened it and nobody else, and complete with the last one. */
#include "tests/ceremony/room_people.h"

static struct part_taken taken;

/* The act is refused, and that is told with who, what, which part (0: none) and why. */
static void expect_told(enum err err, enum err wanted, enum reason reason, const char *method,
                        int64_t part)
{
    room_expect(err, wanted);
    assert_string_equal(reason_word(room.fault.reason), reason_word(reason));
    room_expect_event(-1, EVENT_MASTER_KEY_PART_REFUSED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_text(-1, FIELD_METHOD, method);
    room_expect_text(-1, FIELD_REASON, reason_word(reason));
    if (part > 0) {
        room_expect_integer(-1, FIELD_PART_INDEX, part);
    }
}

/* ---- taken ----------------------------------------------------------------------------------- */

static void a_view_and_a_download_are_told_and_noted(void **state)
{
    (void)state;
    room_register(3);
    room_start(3, 2);
    room.now_us += SECOND_US;
    room_expect(room_try_take(1, room.ceremony, false, &taken), OK);
    person_open(&room.people[1], &taken);
    assert_string_equal(part_state(&taken.part), "viewed");
    room_expect_event(-1, EVENT_MASTER_KEY_PART_VIEWED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_text(-1, FIELD_SUSER, "guardian2");
    room_expect_text(-1, FIELD_PHASE, "distributing");
    room_expect_integer(-1, FIELD_PART_INDEX, 2);
    room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
    assert_null(event_get(room_event(-1), FIELD_REHEARSAL));
    room.now_us += SECOND_US;
    room_expect(room_try_take(1, room.ceremony, true, &taken), OK);
    assert_string_equal(part_state(&taken.part), "downloaded");
    room_expect_event(-1, EVENT_MASTER_KEY_PART_DOWNLOADED);
    room_expect_text(-1, FIELD_SUSER, "guardian2");
    room_expect_integer(-1, FIELD_PART_INDEX, 2);
    struct part_row part = room_part(room.ceremony, 1);
    assert_int_equal(part.viewed_us, NOW_US + SECOND_US);
    assert_int_equal(part.downloaded_us, NOW_US + 2 * SECOND_US);
    assert_int_equal(part.confirmed_us, 0);
    struct guardian_row guardian = room_guardian("guardian2");
    assert_int_equal(guardian.last_viewed_us, NOW_US + SECOND_US);
    assert_int_equal(guardian.last_downloaded_us, NOW_US + 2 * SECOND_US);
    assert_int_equal(guardian.last_proof_us, 0);
    assert_int_equal(room_part(room.ceremony, 0).viewed_us, 0);
    assert_true(room_state_is("open"));
}

static void a_challenge_lives_for_a_day(void **state)
{
    (void)state;
    uint8_t first[STATEMENT_CHALLENGE_BYTES];
    room_register(3);
    room_start(3, 2);
    room_take(0, false);
    memcpy(first, room.people[0].challenge, sizeof first);
    room.now_us += DAY_US - 1;
    room_take(0, true);
    assert_memory_equal(room.people[0].challenge, first, sizeof first);
    room.now_us++;
    room_take(0, false);
    assert_memory_not_equal(room.people[0].challenge, first, sizeof first);
    memcpy(first, room.people[0].challenge, sizeof first);
    room.now_us -= SECOND_US; /* a clock that was set back */
    room_take(0, false);
    assert_memory_not_equal(room.people[0].challenge, first, sizeof first);
    room_take(1, false); /* and every part has its own */
    assert_memory_not_equal(room.people[0].challenge, room.people[1].challenge, sizeof first);
}

static void a_part_is_given_to_its_guardian_alone(void **state)
{
    (void)state;
    room_register(4);
    room_start(3, 2);
    uint64_t before = room_events();
    room_expect_fault(room_try_take(3, room.ceremony, false, &taken), ERR_NOT_PERMITTED,
                      REASON_not_yours, "/ceremony");
    room_expect_fault(room_try_take(0, "6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d", false, &taken),
                      ERR_NOT_FOUND, REASON_unknown_ceremony, "/ceremony");
    person_make(&room.people[4], "stranger");
    room_expect_fault(room_try_take(4, room.ceremony, true, &taken), ERR_NOT_FOUND,
                      REASON_unknown_guardian, "/actor/suser");
    assert_int_equal(room_events(), before); /* the door tells refusals of permission */
    /* whoever holds none hears nothing of the ceremony's state, active or not */
    room_expect(room_set_active("guardian4", false, ""), OK);
    room_expect_fault(room_try_take(3, room.ceremony, false, &taken), ERR_NOT_PERMITTED,
                      REASON_not_yours, "/ceremony");
}

static void an_inactive_guardian_gets_nothing(void **state)
{
    (void)state;
    room_register(3);
    room_start(3, 2);
    room_take(0, false);
    room_expect(room_set_active("guardian1", false, "ill"), OK);
    expect_told(room_try_take(0, room.ceremony, false, &taken), ERR_WRONG_STATE,
                REASON_guardian_inactive, "part.view", 1);
    assert_true(fault_data_has("\"state\":\"open\""));
    expect_told(room_try_take(0, room.ceremony, true, &taken), ERR_WRONG_STATE,
                REASON_guardian_inactive, "part.download", 1);
    expect_told(room_sign_and_confirm(0), ERR_WRONG_STATE, REASON_guardian_inactive, "part.confirm",
                1);
    room_expect(room_set_active("guardian1", true, ""), OK);
    room_take(0, false);
    room_confirm(0);
}

static void expect_ended(enum reason reason, const char *state)
{
    char data[64];
    snprintf(data, sizeof data, "\"state\":\"%s\"", state);
    expect_told(room_try_take(0, room.ceremony, false, &taken), ERR_WRONG_STATE, reason,
                "part.view", 1);
    assert_string_equal(room.fault.field, "/ceremony");
    assert_true(fault_data_has(data));
    expect_told(room_try_take(0, room.ceremony, true, &taken), ERR_WRONG_STATE, reason,
                "part.download", 1);
    expect_told(room_sign_and_confirm(0), ERR_WRONG_STATE, reason, "part.confirm", 1);
    assert_true(fault_data_has(data));
}

static void nothing_is_given_out_of_a_ceremony_that_ended(void **state)
{
    (void)state;
    room_register(3);
    room_start(3, 2);
    room_take(0, false);
    room_expect(room_cancel(room.ceremony, "r"), OK);
    expect_ended(REASON_ceremony_cancelled, "cancelled");
    assert_true(fault_data_has("\"possible\":[\"recovery.attempt\"]"));
    struct ceremony_plan plan = plan_of(3, 2);
    plan.expires_in_s = 60;
    room_expect(room_try_start(&plan), OK);
    room_take(0, false);
    room.now_us += 60 * SECOND_US;
    room_tick();
    expect_ended(REASON_ceremony_expired, "expired");
    assert_true(fault_data_has("\"possible\":[\"recovery.attempt\"]"));
    room_start(3, 2);
    room_take(0, false);
    room_sql("UPDATE ceremony SET state = 'retired'");
    expect_ended(REASON_set_retired, "retired");
    assert_true(fault_data_has("\"possible\":[]"));
}

static void a_part_that_was_erased_is_not_given_again(void **state)
{
    (void)state;
    room_register(2);
    room_complete(2, 2);
    expect_told(room_try_take(0, room.ceremony, false, &taken), ERR_WRONG_STATE,
                REASON_part_collected, "part.view", 1);
    assert_string_equal(room.fault.field, "/ceremony");
    assert_true(fault_data_has("\"state\":\"completed\",\"possible\":[\"recovery.attempt\"]"));
    expect_told(room_try_take(1, room.ceremony, true, &taken), ERR_WRONG_STATE,
                REASON_part_collected, "part.download", 2);
}

/* ---- confirmed ------------------------------------------------------------------------------- */

static void whoever_opened_the_part_confirms_it(void **state)
{
    (void)state;
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    room_register(3);
    room_start(3, 2);
    room_take(1, false);
    person_sign(&room.people[1], STATEMENT_CONFIRM, signature);
    room.now_us += SECOND_US;
    room_expect(room_try_confirm(1, signature, "paper"), OK);
    struct part_row part = room_part(room.ceremony, 1);
    assert_string_equal(part_state(&part), "confirmed");
    assert_int_equal(part.confirmed_us, NOW_US + SECOND_US);
    assert_true(slice_is(part.medium, "paper"));
    assert_int_equal(part.challenge.length, 0);
    assert_int_equal(room_guardian("guardian2").last_proof_us, NOW_US + SECOND_US);
}

static void decode64(const struct event_value *value, uint8_t *out, size_t length)
{
    size_t found = 0;
    assert_non_null(value);
    assert_int_equal(sodium_base642bin(out, length, value->text.data, value->text.length, NULL,
                                       &found, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(found, length);
}

/* Whoever has the log and the part's public half can see for himself. */
static void the_event_of_a_confirmation_proves_it(void **state)
{
    (void)state;
    uint8_t header[STATEMENT_HEADER_BYTES];
    uint8_t challenge[STATEMENT_CHALLENGE_BYTES];
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    room_register(3);
    room_start(3, 2);
    room_take(2, false);
    struct part_row part = room_part(room.ceremony, 2);
    room_confirm(2);
    const struct event *event = room_event(-1);
    room_expect_event(-1, EVENT_MASTER_KEY_PART_CONFIRMED);
    room_expect_text(-1, FIELD_SUSER, "guardian3");
    room_expect_integer(-1, FIELD_PART_INDEX, 3);
    struct slice hex = event_get(event, FIELD_HEADER)->text;
    assert_int_equal(hex.length, 2 * sizeof header);
    assert_int_equal(sodium_hex2bin(header, sizeof header, hex.data, hex.length, NULL, NULL, NULL),
                     0);
    decode64(event_get(event, FIELD_CHALLENGE), challenge, sizeof challenge);
    decode64(event_get(event, FIELD_SIGNATURE), signature, sizeof signature);
    assert_memory_equal(challenge, room.people[2].challenge, sizeof challenge);
    const struct statement statement = {.purpose = STATEMENT_CONFIRM,
                                        .ceremony = slice_of(room.ceremony),
                                        .header = header,
                                        .challenge = challenge};
    assert_true(statement_verify(&statement, (const uint8_t *)part.public_part.data, signature));
}

static void expect_bad_signature(const uint8_t *signature)
{
    expect_told(room_try_confirm(0, signature, ""), ERR_PARTS, REASON_bad_signature, "part.confirm",
                1);
    assert_string_equal(room.fault.field, "/signature");
    assert_true(fault_data_has("\"bad\":[{\"position\":0,\"index\":1,\"guardian\":\"guardian1\","
                               "\"submitted_by\":\"guardian1\",\"reason\":\"bad_signature\"}]"));
    assert_int_equal(room_part(room.ceremony, 0).confirmed_us, 0);
}

/* All swaps of parts.md section 4, and what was never a signature. */
static void a_signature_is_worth_nothing_for_another_statement(void **state)
{
    (void)state;
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    char other[UUID_TEXT_BYTES + 1];
    room.settings.lock_attempts = 1000;
    room_register(3);
    room_set();
    room_start(3, 2);
    memcpy(other, room.ceremony, sizeof other);
    room_start(3, 2);
    room_take(0, false);
    room_take(1, false);
    struct person *person = &room.people[0];
    const struct person own = *person;
    person_sign(person, STATEMENT_DRILL, signature);
    expect_bad_signature(signature);
    person_sign(person, STATEMENT_SUBMIT, signature);
    expect_bad_signature(signature);
    person->challenge[0] ^= 1;
    person_sign(person, STATEMENT_CONFIRM, signature);
    expect_bad_signature(signature);
    *person = own;
    memcpy(person->header, room.people[1].header, sizeof person->header);
    person_sign(person, STATEMENT_CONFIRM, signature);
    expect_bad_signature(signature);
    *person = own;
    memcpy(person->words, WORDS(1), sizeof person->words); /* another's part */
    person_sign(person, STATEMENT_CONFIRM, signature);
    expect_bad_signature(signature);
    *person = own;
    char this_one[UUID_TEXT_BYTES + 1];
    memcpy(this_one, room.ceremony, sizeof other);
    memcpy(room.ceremony, other, sizeof other);
    person_sign(person, STATEMENT_CONFIRM, signature);
    memcpy(room.ceremony, this_one, sizeof other);
    expect_bad_signature(signature);
    memset(signature, 0, sizeof signature);
    expect_bad_signature(signature);
    memset(signature, 0xff, sizeof signature);
    expect_bad_signature(signature);
    for (size_t i = 0; i < sizeof signature; i += 7) {
        person_sign(person, STATEMENT_CONFIRM, signature);
        signature[i] ^= 0x10;
        expect_bad_signature(signature);
    }
    room_confirm(0);
}

static void expect_stale(void)
{
    expect_told(room_sign_and_confirm(0), ERR_WRONG_STATE, REASON_challenge_stale, "part.confirm",
                1);
    assert_string_equal(room.fault.field, "/ceremony");
    assert_true(fault_data_has("\"part.view\""));
}

static void a_challenge_is_used_once_and_within_a_day(void **state)
{
    (void)state;
    uint8_t signature[STATEMENT_SIGNATURE_BYTES] = {0};
    room_register(3);
    room_start(3, 2);
    expect_told(room_try_confirm(0, signature, ""), ERR_WRONG_STATE, REASON_challenge_stale,
                "part.confirm", 1); /* never viewed */
    room_take(0, false);
    room.now_us += DAY_US;
    expect_stale();
    room_take(0, false);
    const struct person signed_by = room.people[0];
    room.now_us += DAY_US - 1;
    room_confirm(0);
    expect_stale();
    room_take(0, false);
    room.people[0] = signed_by; /* the statement that was accepted before */
    expect_told(room_sign_and_confirm(0), ERR_PARTS, REASON_bad_signature, "part.confirm", 1);
    assert_true(room_part(room.ceremony, 0).confirmed_us != 0);
}

static void there_is_nothing_to_confirm_where_another_system_has_the_parts(void **state)
{
    (void)state;
    uint8_t signature[STATEMENT_SIGNATURE_BYTES] = {0};
    room_register(3);
    room_track(3, 2);
    room_take(0, false);
    expect_told(room_try_confirm(0, signature, ""), ERR_WRONG_STATE, REASON_not_confirmable,
                "part.confirm", 1);
    assert_true(fault_data_has("\"state\":\"open\",\"possible\":[\"part.view\","
                               "\"part.download\",\"ceremony.cancel\",\"recovery.record\"]"));
}

static void the_medium_is_a_short_text(void **state)
{
    (void)state;
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    room_register(3);
    room_start(3, 2);
    room_take(0, false);
    person_sign(&room.people[0], STATEMENT_CONFIRM, signature);
    uint64_t before = room_events();
    room_expect_fault(room_try_confirm(0, signature, "123456789012345678901234567890123"),
                      ERR_INVALID_PARAMS, REASON_too_long, "/medium");
    room_expect_fault(room_try_confirm(0, signature, "a\nb"), ERR_INVALID_PARAMS, REASON_bad_value,
                      "/medium");
    assert_int_equal(room_events(), before);
    room_expect(room_try_confirm(0, signature, "12345678901234567890123456789012"), OK);
}

/* ---- complete -------------------------------------------------------------------------------- */

static void a_ceremony_completes_with_the_last_that_was_missing(void **state)
{
    (void)state;
    room_register(3);
    room_start(3, 2);
    for (size_t i = 0; i < 3; i++) {
        room_take(i, i == 2);
    }
    assert_true(room_state_is("open")); /* viewed by all, confirmed by nobody */
    room_confirm(2);
    room_confirm(0);
    assert_true(room_state_is("open"));
    room.now_us += SECOND_US;
    uint64_t before = room_events();
    room_confirm(1);
    assert_true(room_state_is("completed"));
    assert_int_equal(room_events(), before + 2);
    room_expect_event(-2, EVENT_MASTER_KEY_PART_CONFIRMED);
    room_expect_event(-1, EVENT_MASTER_KEY_CEREMONY_COMPLETED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_text(-1, FIELD_SUSER, "guardian2"); /* whose act completed it */
    room_expect_text(-1, FIELD_SPRIV, "User");
    room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
    room_expect_integer(-1, FIELD_PARTS_TOTAL, 3);
    assert_int_equal(room_row(room.ceremony).ended_us, NOW_US + SECOND_US);
    assert_int_equal(room_part(room.ceremony, 0).sealed.length, 0);
}

static void without_confirmation_it_completes_with_the_last_look(void **state)
{
    (void)state;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.confirm = false;
    plan.rehearsal = true;
    room_expect(room_try_start(&plan), OK);
    room_take(0, false);
    room_take(1, true);
    room_confirm(1); /* may be, and changes nothing here */
    assert_true(room_state_is("open"));
    room_take(2, false);
    assert_true(room_state_is("completed"));
    room_expect_event(-2, EVENT_MASTER_KEY_PART_VIEWED);
    assert_true(event_get(room_event(-2), FIELD_REHEARSAL)->boolean);
    room_expect_event(-1, EVENT_MASTER_KEY_CEREMONY_COMPLETED);
    assert_true(event_get(room_event(-1), FIELD_REHEARSAL)->boolean);
    /* all that is possible then, is */
    uint64_t before = room_events();
    room_take(0, true);
    room_expect_text(-1, FIELD_PHASE, "completed");
    room_confirm(0);
    assert_int_equal(room_events(), before + 2);
    assert_int_equal(room_count(EVENT_MASTER_KEY_CEREMONY_COMPLETED), 1);
    room_expect_fault(room_cancel(room.ceremony, "r"), ERR_WRONG_STATE, REASON_ceremony_completed,
                      "/ceremony");
    assert_true(fault_data_has("\"possible\":[\"part.view\",\"part.download\",\"part.confirm\","
                               "\"recovery.attempt\"]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_view_and_a_download_are_told_and_noted),
        IN_ROOM(a_challenge_lives_for_a_day),
        IN_ROOM(a_part_is_given_to_its_guardian_alone),
        IN_ROOM(an_inactive_guardian_gets_nothing),
        IN_ROOM(nothing_is_given_out_of_a_ceremony_that_ended),
        IN_ROOM(a_part_that_was_erased_is_not_given_again),
        IN_ROOM(whoever_opened_the_part_confirms_it),
        IN_ROOM(the_event_of_a_confirmation_proves_it),
        IN_ROOM(a_signature_is_worth_nothing_for_another_statement),
        IN_ROOM(a_challenge_is_used_once_and_within_a_day),
        IN_ROOM(there_is_nothing_to_confirm_where_another_system_has_the_parts),
        IN_ROOM(the_medium_is_a_short_text),
        IN_ROOM(a_ceremony_completes_with_the_last_that_was_missing),
        IN_ROOM(without_confirmation_it_completes_with_the_last_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
