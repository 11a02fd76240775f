/* Refusals are told once, then counted, and never forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit/base/memory.h"
#include "ipc/daemon/refusals.h"

static struct peer peer_named(const char *login)
{
    struct peer peer = {.uid = 1000};
    snprintf(peer.login, sizeof peer.login, "%s", login);
    return peer;
}

static bool note(struct refusals *refusals, const struct peer *peer, const char *method,
                 enum reason reason, int64_t now_ms)
{
    struct refusal refusal = {.peer = *peer, .reason = reason, .count = 1};
    snprintf(refusal.method, sizeof refusal.method, "%s", method);
    return refusals_note(refusals, &refusal, now_ms);
}

static int start(void **state)
{
    static struct refusals refusals;
    refusals_init(&refusals);
    *state = &refusals;
    return 0;
}

static int stop(void **state)
{
    refusals_done(*state);
    return 0;
}

static void the_first_is_told_at_once_and_later_ones_are_counted(void **state)
{
    struct peer eve = peer_named("eve");
    struct refusal told;
    assert_true(note(*state, &eve, "event.emit", REASON_not_permitted, 1000));
    for (int i = 0; i < 9; i++) {
        assert_false(note(*state, &eve, "event.emit", REASON_not_permitted, 2000));
    }
    assert_false(refusals_take(*state, 60999, false, &told));
    assert_true(refusals_take(*state, 61000, false, &told));
    assert_int_equal(told.count, 9);
    assert_string_equal(told.peer.login, "eve");
    assert_string_equal(told.method, "event.emit");
    assert_false(refusals_take(*state, 61000, false, &told));
}

static void a_window_that_is_over_begins_anew(void **state)
{
    struct peer eve = peer_named("eve");
    struct refusal told;
    assert_true(note(*state, &eve, "a", REASON_no_role, 0));
    assert_false(refusals_take(*state, 60000, false, &told)); /* nothing was counted */
    assert_true(note(*state, &eve, "a", REASON_no_role, 60001));
}

static void caller_method_and_reason_are_told_apart(void **state)
{
    struct peer eve = peer_named("eve");
    struct peer bob = peer_named("bob");
    assert_true(note(*state, &eve, "a", REASON_no_role, 0));
    assert_true(note(*state, &bob, "a", REASON_no_role, 0));
    assert_true(note(*state, &eve, "b", REASON_no_role, 0));
    assert_true(note(*state, &eve, "a", REASON_not_permitted, 0));
    assert_false(note(*state, &eve, "a", REASON_no_role, 0));
}

static void what_was_refused_is_told_apart_and_so_is_the_caller_s_role(void **state)
{
    struct refusal refusal = {.peer = peer_named("eve"), .reason = REASON_reserved_type};
    snprintf(refusal.method, sizeof refusal.method, "event.emit");
    snprintf(refusal.detail, sizeof refusal.detail, "daemon.stopped");
    assert_true(refusals_note(*state, &refusal, 0));
    assert_false(refusals_note(*state, &refusal, 0));
    snprintf(refusal.detail, sizeof refusal.detail, "sink.failed");
    assert_true(refusals_note(*state, &refusal, 0));
    refusal.peer.roles = 8; /* the same login after a change of the configuration */
    assert_true(refusals_note(*state, &refusal, 0));
}

static void at_stop_everything_counted_is_told(void **state)
{
    struct peer eve = peer_named("eve");
    struct refusal told;
    assert_true(note(*state, &eve, "a", REASON_no_role, 0));
    assert_false(note(*state, &eve, "a", REASON_no_role, 1));
    assert_true(refusals_take(*state, 2, true, &told));
    assert_int_equal(told.count, 1);
}

static void more_kinds_than_there_is_room_for_are_counted_together(void **state)
{
    struct refusal told;
    for (int i = 0; i < REFUSALS_MAX + 10; i++) {
        char login[32];
        snprintf(login, sizeof login, "caller %d", i);
        struct peer peer = peer_named(login);
        assert_int_equal(note(*state, &peer, "a", REASON_no_role, 0), i < REFUSALS_MAX);
    }
    assert_true(refusals_take(*state, 60000, false, &told));
    assert_int_equal(told.count, 10);
    assert_string_equal(told.peer.login, "many callers");
    assert_false(refusals_take(*state, 60000, false, &told));
}

static void one_that_could_not_be_told_is_told_later_with_what_came_meanwhile(void **state)
{
    struct peer eve = peer_named("eve");
    struct refusal told;
    assert_true(note(*state, &eve, "event.emit", REASON_not_permitted, 0));
    assert_false(note(*state, &eve, "event.emit", REASON_not_permitted, 10));
    assert_false(note(*state, &eve, "event.emit", REASON_not_permitted, 20));
    assert_true(refusals_take(*state, 60000, false, &told));
    assert_int_equal(told.count, 2);
    refusals_put_back(*state, &told, 60000);
    assert_false(note(*state, &eve, "event.emit", REASON_not_permitted, 60001));
    assert_false(refusals_take(*state, 119999, false, &told)); /* not again and again */
    assert_true(refusals_take(*state, 120000, false, &told));
    assert_int_equal(told.count, 3);
    /* and the first one of a kind, which is told at once */
    struct refusal first = {.peer = peer_named("mallory"), .reason = REASON_no_role, .count = 1};
    snprintf(first.method, sizeof first.method, "connect");
    assert_true(note(*state, &first.peer, "connect", REASON_no_role, 0));
    refusals_put_back(*state, &first, 0);
    assert_true(refusals_take(*state, 60000, false, &told));
    assert_string_equal(told.peer.login, "mallory");
    assert_int_equal(told.count, 1);
}

static void without_memory_every_refusal_is_told(void **state)
{
    struct peer eve = peer_named("eve");
    memory_fail_from(1);
    assert_true(note(*state, &eve, "a", REASON_no_role, 0));
    assert_true(note(*state, &eve, "a", REASON_no_role, 0));
    memory_fail_from(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_is_told_at_once_and_later_ones_are_counted, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_window_that_is_over_begins_anew, start, stop),
        cmocka_unit_test_setup_teardown(caller_method_and_reason_are_told_apart, start, stop),
        cmocka_unit_test_setup_teardown(what_was_refused_is_told_apart_and_so_is_the_caller_s_role,
                                        start, stop),
        cmocka_unit_test_setup_teardown(at_stop_everything_counted_is_told, start, stop),
        cmocka_unit_test_setup_teardown(more_kinds_than_there_is_room_for_are_counted_together,
                                        start, stop),
        cmocka_unit_test_setup_teardown(
            one_that_could_not_be_told_is_told_later_with_what_came_meanwhile, start, stop),
        cmocka_unit_test_setup_teardown(without_memory_every_refusal_is_told, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
