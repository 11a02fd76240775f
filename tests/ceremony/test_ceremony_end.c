/* How ceremonies end: cancelled, expired, completed; and that what is erased is gone before anybody
 * is told so. */
#include "tests/ceremony/room_people.h"

#include <errno.h>

/* ---- cancelled ------------------------------------------------------------------------------- */

static void a_cancelled_ceremony_says_so_whenever_it_is_cancelled(void **state)
{
    (void)state;
    room_register(3);
    room_start(3, 2);
    room.now_us += SECOND_US;
    room_expect(room_cancel(room.ceremony, "the wrong guardians"), OK);
    room_expect_event(-1, EVENT_MASTER_KEY_CEREMONY_CANCELLED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_text(-1, FIELD_REASON, "the wrong guardians");
    room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
    room_expect_integer(-1, FIELD_PARTS_TOTAL, 3);
    struct ceremony_row row = room_row(room.ceremony);
    assert_true(slice_is(row.state, "cancelled"));
    assert_true(slice_is(row.ended_reason, "the wrong guardians"));
    assert_int_equal(row.ended_us, NOW_US + SECOND_US);
    uint64_t before = room_events();
    room.now_us += SECOND_US;
    struct act act;
    room_expect(room_begin(&act, &operator_actor, "ceremony.cancel"), OK);
    enum err err = ceremony_cancel(&act, slice_of(room.ceremony), slice_of("another reason"), &row,
                                   &room.fault);
    room_expect(room_end(&act, err), OK);
    assert_true(slice_is(row.ended_reason, "the wrong guardians"));
    assert_int_equal(row.ended_us, NOW_US + SECOND_US);
    assert_int_equal(room_events(), before);
}

static void a_cancel_needs_a_reason_and_an_open_ceremony(void **state)
{
    (void)state;
    static char longest[258];
    memset(longest, 'r', 257);
    room_register(3);
    room_start(3, 2);
    room_expect_fault(room_cancel(room.ceremony, ""), ERR_INVALID_PARAMS, REASON_bad_value,
                      "/reason");
    room_expect_fault(room_cancel(room.ceremony, "a\tb"), ERR_INVALID_PARAMS, REASON_bad_value,
                      "/reason");
    room_expect_fault(room_cancel(room.ceremony, longest), ERR_INVALID_PARAMS, REASON_too_long,
                      "/reason");
    room_expect_fault(room_cancel("6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d", "r"), ERR_NOT_FOUND,
                      REASON_unknown_ceremony, "/ceremony");
    room_expect_fault(room_cancel("", "r"), ERR_NOT_FOUND, REASON_unknown_ceremony, "/ceremony");
    room_complete(3, 2);
    uint64_t before = room_events();
    room_expect_fault(room_cancel(room.ceremony, "r"), ERR_WRONG_STATE, REASON_ceremony_completed,
                      "/ceremony");
    assert_true(fault_data_has("\"state\":\"completed\",\"possible\":[\"recovery.attempt\"]"));
    room_track(2, 2);
    room_expect(room_cancel(room.ceremony, "r"), OK);
    assert_int_equal(room_events(), before + 2);
    assert_int_equal(room_row(room.ceremony).erase_due.length, 0); /* there was nothing */
}

/* ---- expired --------------------------------------------------------------------------------- */

static void a_ceremony_expires_when_its_time_is_over(void **state)
{
    (void)state;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.expires_in_s = 3600;
    room_expect(room_try_start(&plan), OK);
    uint64_t before = room_events();
    room.now_us = NOW_US + 3600 * SECOND_US - 1;
    room_tick();
    assert_true(room_state_is("open"));
    assert_int_equal(room_events(), before);
    room.now_us++;
    room_tick();
    assert_true(room_state_is("expired"));
    assert_int_equal(room_events(), before + 2); /* and that the parts are erased */
    room_expect_event(-2, EVENT_MASTER_KEY_CEREMONY_EXPIRED);
    room_expect_text(-2, FIELD_CEREMONY, room.ceremony);
    room_expect_integer(-2, FIELD_PARTS_NEEDED, 2);
    room_expect_integer(-2, FIELD_PARTS_TOTAL, 3);
    room_expect_integer(-2, FIELD_EXPIRES_AT, NOW_US + 3600 * SECOND_US);
    room_expect_text(-2, FIELD_SUSER, NULL);
    assert_true(slice_is(room_event(-2)->via, "daemon"));
    assert_int_equal(room_row(room.ceremony).ended_us, NOW_US + 3600 * SECOND_US);
    room_expect_fault(room_cancel(room.ceremony, "r"), ERR_WRONG_STATE, REASON_ceremony_expired,
                      "/ceremony");
    assert_true(fault_data_has("\"state\":\"expired\",\"possible\":[\"recovery.attempt\"]"));
    room_tick();
    assert_int_equal(room_events(), before + 2);
}

/* The tick comes once a second, and after a stop perhaps much later. */
static void who_comes_between_the_end_and_the_tick_is_too_late(void **state)
{
    (void)state;
    struct part_taken taken;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.expires_in_s = 3600;
    room_expect(room_try_start(&plan), OK);
    room_take(0, false);
    room.now_us = NOW_US + 3600 * SECOND_US;
    room_expect_fault(room_try_take(1, room.ceremony, false, &taken), ERR_WRONG_STATE,
                      REASON_ceremony_expired, "/ceremony");
    assert_true(fault_data_has("\"state\":\"expired\""));
    room_expect_fault(room_sign_and_confirm(0), ERR_WRONG_STATE, REASON_ceremony_expired,
                      "/ceremony");
    room_expect_fault(room_cancel(room.ceremony, "r"), ERR_WRONG_STATE, REASON_ceremony_expired,
                      "/ceremony");
    room_tick();
    assert_int_equal(room_count(EVENT_MASTER_KEY_CEREMONY_EXPIRED), 1);
}

static void a_ceremony_without_an_end_waits_for_ever(void **state)
{
    (void)state;
    room_register(3);
    room.settings.expires_s = 0;
    room_set();
    room_start(3, 2);
    assert_int_equal(room_row(room.ceremony).expires_us, 0);
    room.now_us = NOW_US + 100 * 366 * DAY_US;
    room_tick();
    assert_true(room_state_is("open"));
    room_take(0, false);
}

static void a_completed_ceremony_does_not_expire(void **state)
{
    (void)state;
    room_register(2);
    room_complete(2, 2);
    room.now_us += 366 * DAY_US;
    room_tick();
    assert_true(room_state_is("completed"));
    assert_int_equal(room_count(EVENT_MASTER_KEY_CEREMONY_EXPIRED), 0);
}

/* ---- erased ---------------------------------------------------------------------------------- */

static char sealed[3][PAYLOAD_PART_SEALED_BYTES];

static size_t sealed_left(void)
{
    size_t left = 0;
    for (size_t i = 0; i < 3; i++) {
        for (size_t at = 0; at + 32 <= sizeof sealed[i]; at += 512) {
            left += room_holds(sealed[i] + at, 32);
        }
    }
    return left;
}

static void keep_sealed(void)
{
    for (size_t i = 0; i < 3; i++) {
        memcpy(sealed[i], room_part(room.ceremony, i).sealed.data, sizeof sealed[i]);
    }
    assert_true(sealed_left() >= 12);
}

static void nothing_is_left_when_it_is_checked(enum act_step step)
{
    if (step == ACT_CHECKED) {
        assert_int_equal(sealed_left(), 0);
    }
}

static void expect_erased(const char *reason)
{
    uint64_t before = room_events();
    assert_true(slice_is(room_row(room.ceremony).erase_due, reason));
    assert_true(sealed_left() > 0); /* deleted, and still in the write-ahead log */
    act_on_step(nothing_is_left_when_it_is_checked);
    room_tick();
    act_on_step(NULL);
    assert_int_equal(room_events(), before + 1);
    room_expect_event(-1, EVENT_MASTER_KEY_PARTS_ERASED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_text(-1, FIELD_REASON, reason);
    room_expect_integer(-1, FIELD_PARTS_TOTAL, 3);
    assert_int_equal(sealed_left(), 0);
    assert_int_equal(room_row(room.ceremony).erase_due.length, 0);
    room_tick();
    assert_int_equal(room_events(), before + 1);
}

static void what_is_told_to_be_erased_is_in_no_file_before(void **state)
{
    (void)state;
    room_register(3);
    room_start(3, 2);
    keep_sealed();
    room_expect(room_cancel(room.ceremony, "r"), OK);
    expect_erased("cancelled");
    room_start(3, 2);
    keep_sealed();
    for (size_t i = 0; i < 3; i++) {
        room_take(i, false);
        room_tick();
        room_confirm(i);
    }
    expect_erased("completed");
}

static int failing_truncations;

static int truncate_or_fail(int fd, off_t length)
{
    if (failing_truncations > 0) {
        failing_truncations--;
        errno = EIO;
        return -1;
    }
    return ftruncate(fd, length);
}

static void erasure_is_not_told_while_the_file_keeps_it(void **state)
{
    (void)state;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    room_register(3);
    room_start(3, 2);
    keep_sealed();
    room_expect(room_cancel(room.ceremony, "r"), OK);
    uint64_t before = room_events();
    vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)truncate_or_fail);
    failing_truncations = 1000;
    room_tick();
    vfs->xSetSystemCall(vfs, "ftruncate", NULL);
    assert_true(failing_truncations < 1000);
    assert_int_equal(room_events(), before);
    assert_true(slice_is(room_row(room.ceremony).erase_due, "cancelled"));
    room_reopen();
    room_tick();
    assert_int_equal(room_events(), before + 1);
    assert_int_equal(sealed_left(), 0);
}

static void all_that_is_due_is_done_in_one_tick(void **state)
{
    (void)state;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.expires_in_s = 60;
    for (int i = 0; i < 3; i++) {
        room_expect(room_try_start(&plan), OK);
    }
    uint64_t before = room_events();
    room.now_us += 60 * SECOND_US;
    room_tick();
    assert_int_equal(room_events(), before + 6);
    assert_int_equal(room_count(EVENT_MASTER_KEY_CEREMONY_EXPIRED), 3);
    assert_int_equal(room_count(EVENT_MASTER_KEY_PARTS_ERASED), 3);
}

static void sealed_parts_stay_where_it_is_asked_for(void **state)
{
    (void)state;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.confirm = false;
    room_expect(room_try_start(&plan), OK);
    for (size_t i = 0; i < 3; i++) {
        room_take(i, false);
    }
    assert_true(room_state_is("completed"));
    uint64_t before = room_events();
    room_tick();
    assert_int_equal(room_events(), before);
    assert_int_equal(room_part(room.ceremony, 0).sealed.length, PAYLOAD_PART_SEALED_BYTES);
    room.settings.retain_sealed = true;
    room_set();
    room_complete(3, 2);
    before = room_events();
    room_tick();
    assert_int_equal(room_events(), before);
    assert_int_equal(room_part(room.ceremony, 0).sealed.length, PAYLOAD_PART_SEALED_BYTES);
    /* but not of one that is cancelled */
    room_start(3, 2);
    room_expect(room_cancel(room.ceremony, "r"), OK);
    assert_int_equal(room_part(room.ceremony, 0).sealed.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_cancelled_ceremony_says_so_whenever_it_is_cancelled),
        IN_ROOM(a_cancel_needs_a_reason_and_an_open_ceremony),
        IN_ROOM(a_ceremony_expires_when_its_time_is_over),
        IN_ROOM(who_comes_between_the_end_and_the_tick_is_too_late),
        IN_ROOM(a_ceremony_without_an_end_waits_for_ever),
        IN_ROOM(a_completed_ceremony_does_not_expire),
        IN_ROOM(what_is_told_to_be_erased_is_in_no_file_before),
        IN_ROOM(erasure_is_not_told_while_the_file_keeps_it),
        IN_ROOM(all_that_is_due_is_done_in_one_tick),
        IN_ROOM(sealed_parts_stay_where_it_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
