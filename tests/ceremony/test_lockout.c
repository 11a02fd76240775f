/* Lock-out: of a login, not of a ceremony, and only for what no slip of the pen can produce. */
#include "tests/ceremony/room_people.h"

#include "audit/base/clock.h"

static char text[SLIP39_TEXT_BYTES_MAX + 64];
static char identity[128]; /* the right key */

static void make_room_with_parts(void)
{
    struct recovery_outcome outcome;
    room_register(3);
    room_start(3, 2);
    for (size_t i = 0; i < 3; i++) {
        room_take(i, false);
    }
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    room_expect(room_attempt(&order, &outcome), OK);
    open_key(&outcome, identity, sizeof identity);
}

static enum err attempt_with(const char *first, const char *second)
{
    struct recovery_outcome outcome;
    const struct recovery_order order = order_of(PARTS(first, second));
    return room_attempt(&order, &outcome);
}

static enum err attempt_with_key(const char *key)
{
    struct recovery_outcome outcome;
    struct recovery_order order = order_of(NULL);
    order.ceremony = slice_of(room.ceremony);
    order.key = slice_of(key);
    return room_attempt(&order, &outcome);
}

static enum err altered(void)
{
    rewrite_part(WORDS(0), change_value, text);
    return attempt_with(text, WORDS(1));
}

static enum err confirm_wrongly(size_t person)
{
    uint8_t signature[STATEMENT_SIGNATURE_BYTES] = {0};
    return room_try_confirm(person, signature, "");
}

/* ---- what counts ----------------------------------------------------------------------------- */

static enum err submit(enum reason reason)
{
    switch (reason) {
    case REASON_altered:
        return altered();
    case REASON_wrong_header:
        rewrite_part(WORDS(0), change_member, text);
        return attempt_with(text, WORDS(1));
    case REASON_wrong_key:
        return attempt_with_key("0000000000000000000000000000000000000000000000000000000000000000");
    case REASON_unknown_word:
        replace_word(WORDS(0), 9, "zzzz", text, sizeof text);
        return attempt_with(text, WORDS(1));
    case REASON_word_count:
        return attempt_with("acid acid acid", WORDS(1));
    case REASON_checksum:
        replace_word(WORDS(0), 9, strstr(WORDS(0), "acid") == NULL ? "acid" : "acne", text,
                     sizeof text);
        return attempt_with(text, WORDS(1));
    case REASON_foreign:
        rewrite_part(WORDS(0), change_id, text);
        return attempt_with(text, WORDS(1));
    case REASON_duplicate:
        return attempt_with(WORDS(0), WORDS(0));
    case REASON_too_few:
        return attempt_with(WORDS(0), NULL);
    default:
        return attempt_with_key("not a key");
    }
}

static const enum reason deliberate[] = {REASON_altered, REASON_wrong_header, REASON_wrong_key};
static const enum reason slips[] = {REASON_unknown_word,     REASON_word_count, REASON_checksum,
                                    REASON_foreign,          REASON_duplicate,  REASON_too_few,
                                    REASON_bad_secret_length};

static void expect_locked(enum err err, int64_t until_us)
{
    char data[64];
    char until[CLOCK_TEXT_BYTES];
    clock_format(until_us, until);
    snprintf(data, sizeof data, "\"until\":\"%s\"", until);
    room_expect_fault(err, ERR_LOCKED, REASON_locked, "");
    assert_true(fault_data_has(data));
}

static void the_fifth_is_answered_as_such_and_the_next_is_locked(void **state)
{
    (void)state;
    make_room_with_parts();
    for (size_t kind = 0; kind < sizeof deliberate / sizeof deliberate[0]; kind++) {
        for (int i = 1; i <= 5; i++) {
            uint64_t before = room_events();
            room_expect(submit(deliberate[kind]), ERR_PARTS);
            assert_string_equal(reason_word(room.fault.reason), reason_word(deliberate[kind]));
            /* begun, each part, the outcome; the lock */
            unsigned told = deliberate[kind] == REASON_wrong_key ? 2 : 4;
            assert_int_equal(room_events(), before + told + (i == 5));
        }
        int64_t until_us = room.now_us + 900 * SECOND_US;
        room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_LOCKED);
        room_expect_text(-1, FIELD_SUSER, "operator");
        room_expect_integer(-1, FIELD_LOCKED_UNTIL, until_us);
        uint64_t before = room_events();
        expect_locked(submit(deliberate[kind]), until_us);
        expect_locked(attempt_with(WORDS(0), WORDS(1)), until_us); /* good ones, too */
        assert_int_equal(room_events(), before + 2);               /* each is told */
        room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_FAILED);
        room_expect_text(-1, FIELD_REASON, "locked");
        room_reopen();
        room.now_us = until_us - 1;
        expect_locked(attempt_with(WORDS(0), WORDS(1)), until_us);
        room.now_us = until_us + 900 * SECOND_US;
        room_expect(attempt_with(WORDS(0), WORDS(1)), OK);
    }
}

static void slips_of_the_pen_never_lock(void **state)
{
    (void)state;
    make_room_with_parts();
    for (size_t kind = 0; kind < sizeof slips / sizeof slips[0]; kind++) {
        for (int i = 0; i < 7; i++) {
            assert_int_not_equal(submit(slips[kind]), OK);
            assert_string_equal(reason_word(room.fault.reason), reason_word(slips[kind]));
        }
    }
    room_expect(attempt_with(WORDS(0), WORDS(1)), OK);
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_LOCKED), 0);
}

/* A slip beside it does not hide what is none; and an attempt counts once. */
static void an_attempt_with_several_bad_parts_counts_once(void **state)
{
    (void)state;
    char other[SLIP39_TEXT_BYTES_MAX + 1];
    make_room_with_parts();
    rewrite_part(WORDS(0), change_value, text);
    rewrite_part(WORDS(1), change_value, other);
    for (int i = 0; i < 4; i++) {
        struct recovery_outcome outcome;
        const struct recovery_order order = order_of(PARTS("acid", text, other));
        room_expect(room_attempt(&order, &outcome), ERR_PARTS);
        assert_string_equal(reason_word(room.fault.reason), "word_count");
    }
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_LOCKED), 0);
    room_expect(altered(), ERR_PARTS);
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_LOCKED), 1);
}

static void wrong_signatures_lock_the_guardian_alone(void **state)
{
    (void)state;
    make_room_with_parts();
    for (int i = 0; i < 5; i++) {
        room_expect(confirm_wrongly(0), ERR_PARTS);
    }
    room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_LOCKED);
    room_expect_text(-1, FIELD_SUSER, "guardian1");
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    expect_locked(room_sign_and_confirm(0), NOW_US + 900 * SECOND_US);
    room_take(0, true); /* looking is no submission */
    room_confirm(1);    /* nobody else is locked, nor the ceremony */
    room_expect(attempt_with(WORDS(0), WORDS(1)), OK);
    room.now_us += 900 * SECOND_US;
    room_confirm(0);
}

/* ---- when ------------------------------------------------------------------------------------ */

static void only_what_is_within_the_window_counts(void **state)
{
    (void)state;
    make_room_with_parts();
    for (int i = 0; i < 12; i++) { /* four within any 15 minutes */
        room_expect(altered(), ERR_PARTS);
        room.now_us += 225 * SECOND_US + 1;
    }
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_LOCKED), 0);
    room.now_us -= 1;
    room_expect(altered(), ERR_PARTS);
    room_expect(altered(), ERR_PARTS);
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_LOCKED), 1);
}

/* A clock that ran ahead and was set back has left rows in the future. */
static void what_lies_ahead_of_the_clock_does_not_count(void **state)
{
    (void)state;
    make_room_with_parts();
    room.now_us += 30 * DAY_US;
    for (int i = 0; i < 4; i++) {
        room_expect(altered(), ERR_PARTS);
    }
    room.now_us -= 30 * DAY_US;
    for (int i = 0; i < 4; i++) {
        room_expect(altered(), ERR_PARTS);
    }
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_LOCKED), 0);
    room_expect(altered(), ERR_PARTS);
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_LOCKED), 1);
}

static void a_lock_ends_although_the_clock_was_set_back(void **state)
{
    (void)state;
    make_room_with_parts();
    room.now_us += 30 * DAY_US;
    for (int i = 0; i < 5; i++) {
        room_expect(altered(), ERR_PARTS);
    }
    expect_locked(altered(), room.now_us + 900 * SECOND_US);
    room.now_us -= 30 * DAY_US;
    int64_t until_us = room.now_us + 900 * SECOND_US;
    expect_locked(altered(), until_us);
    room_reopen();
    room.now_us += 60 * SECOND_US;
    expect_locked(altered(), until_us); /* no later for having been looked at */
    room.now_us = until_us;
    room_expect(attempt_with(WORDS(0), WORDS(1)), OK);
}

static void what_is_older_than_a_day_is_forgotten(void **state)
{
    (void)state;
    int64_t kept = -1;
    make_room_with_parts();
    room_expect(altered(), ERR_PARTS);
    room.now_us += DAY_US;
    room_expect(altered(), ERR_PARTS);
    room_expect(store_bad_submissions(room.ceremonies->store, slice_of("operator"), 0, INT64_MAX,
                                      &kept, &room.fault),
                OK);
    assert_int_equal(kept, 2);
    room.now_us += 1;
    room_expect(altered(), ERR_PARTS);
    room_expect(store_bad_submissions(room.ceremonies->store, slice_of("operator"), 0, INT64_MAX,
                                      &kept, &room.fault),
                OK);
    assert_int_equal(kept, 2);
}

static void the_settings_say_how_many_and_how_long(void **state)
{
    (void)state;
    make_room_with_parts();
    room.settings.lock_attempts = 1;
    room.settings.lock_window_s = 60;
    room_set();
    room_expect(altered(), ERR_PARTS);
    expect_locked(altered(), NOW_US + 60 * SECOND_US);
    room.now_us += 60 * SECOND_US;
    room_expect(attempt_with(WORDS(0), WORDS(1)), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(the_fifth_is_answered_as_such_and_the_next_is_locked),
        IN_ROOM(slips_of_the_pen_never_lock),
        IN_ROOM(an_attempt_with_several_bad_parts_counts_once),
        IN_ROOM(wrong_signatures_lock_the_guardian_alone),
        IN_ROOM(only_what_is_within_the_window_counts),
        IN_ROOM(what_lies_ahead_of_the_clock_does_not_count),
        IN_ROOM(a_lock_ends_although_the_clock_was_set_back),
        IN_ROOM(what_is_older_than_a_day_is_forgotten),
        IN_ROOM(the_settings_say_how_many_and_how_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
