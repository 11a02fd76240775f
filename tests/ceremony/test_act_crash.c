/* A process that ends at any step of any act: the next start finds the act whole or not at all, log
 * and database agree, and who asks again gets the same answer, or it is done then, once. */
#include "tests/ceremony/act_kinds.h"

#include <sys/wait.h>

#define DIED 7 /* exit code of a process that came to the step at which it ends */

static enum act_step last_step;

static void end_at_step(enum act_step step)
{
    if (step == last_step) {
        _exit(DIED);
    }
}

/* Does the act in a process of its own, which ends at that step. */
static void die_at(const struct act_kind *kind, enum act_step step)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        room_open();
        last_step = step;
        act_on_step(end_at_step);
        (void)kinds_act(kind);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DIED);
}

/* What the database holds after the next start. */
static char *settle(uint64_t *out_events)
{
    size_t waiting;
    room_open();
    *out_events = room_events();
    room_close();
    char *dump = kinds_dump(&waiting);
    assert_int_equal(waiting, 0);
    return dump;
}

struct expected {
    uint64_t events; /* before */
    char *before;
    char *after; /* the whole act */
};

static void expect_settled(const struct act_kind *kind, enum act_step step,
                           const struct expected *expected)
{
    uint64_t events;
    bool done = step >= ACT_EMITTED;
    char *dump = settle(&events);
    assert_int_equal(events, expected->events + (done ? kind->events : 0));
    if (!done) {
        assert_string_equal(dump, expected->before);
    } else if ((kind->flags & KIND_RANDOM) != 0 || kind->tick_events > 1) {
        assert_string_not_equal(dump, expected->before);
    } else {
        assert_string_equal(dump, expected->after);
    }
    free(dump);
}

static void expect_asked_again(const struct act_kind *kind, enum act_step step,
                               const struct expected *expected)
{
    uint64_t events;
    bool done = step >= ACT_EMITTED;
    room_open();
    if (kind->tick_events > 0) {
        room_tick();
        room_tick();
        assert_int_equal(room_events(), expected->events + kind->tick_events);
    } else if (done) {
        kinds_expect_repeat(kind, false);
    } else {
        kinds_expect_now(kind);
        kinds_expect_repeat(kind, true);
    }
    room_close();
    char *dump = settle(&events);
    if ((kind->flags & KIND_RANDOM) == 0) {
        assert_string_equal(dump, expected->after);
    }
    free(dump);
}

static struct expected expect_of(const struct act_kind *kind)
{
    struct expected expected;
    uint64_t events;
    kinds_copy();
    expected.before = settle(&expected.events);
    room_open();
    kinds_expect_now(kind);
    room_close();
    expected.after = settle(&events);
    assert_int_equal(events, expected.events + kinds_events(kind));
    assert_string_not_equal(expected.before, expected.after);
    return expected;
}

static void an_act_is_whole_at_whatever_step_its_process_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const struct act_kind *kind = &kinds[i];
        print_message("%s\n", kind->name);
        kinds_set_up(kind);
        struct expected expected = expect_of(kind);
        for (int step = ACT_CHECKED; step <= ACT_APPLIED; step++) {
            kinds_copy();
            die_at(kind, (enum act_step)step);
            expect_settled(kind, (enum act_step)step, &expected);
            expect_asked_again(kind, (enum act_step)step, &expected);
        }
        free(expected.before);
        free(expected.after);
    }
}

/* The key whose parts were only prepared is nobody's; of the one whose event is there the parts are
 * with their guardians, whole. */
static void a_ceremony_that_was_started_in_the_middle_of_a_crash_is_a_good_one(void **state)
{
    (void)state;
    struct recovery_outcome out;
    struct ceremony_rows rows;
    static const struct act_kind start = {"start", set_up_guardians, act_start, "done", 1, 0, 0};
    kinds_set_up(&start);
    kinds_copy();
    die_at(&start, ACT_PREPARED);
    die_at(&start, ACT_EMITTED);
    room_open();
    room_expect(store_ceremonies(room.ceremonies->store, &room.arena, &rows, &room.fault), OK);
    assert_int_equal(rows.count, 1);
    snprintf(room.ceremony, sizeof room.ceremony, "%.*s", (int)rows.rows[0].id.length,
             rows.rows[0].id.data);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    for (size_t i = 0; i < 3; i++) {
        room_take(i, false);
        room_confirm(i);
    }
    assert_true(room_state_is("completed"));
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    room_expect(room_attempt(&order, &out), OK);
    expect_key_of_ceremony(&out);
}

/* What is told to be erased stays due until it is told, and is erased before. */
static void erasing_goes_on_after_a_crash_at_any_step(void **state)
{
    (void)state;
    char sealed[64];
    static const struct act_kind confirm = {
        "confirm", set_up_one_missing, act_confirm, "done", 2, 0, 0};
    static const struct act_kind tick = {"tick", set_up_erase_due, act_tick, NULL, 1, 1, 0};
    kinds_set_up(&confirm);
    kinds_copy();
    room_open();
    memcpy(sealed, room_part(room.ceremony, 1).sealed.data, sizeof sealed);
    assert_true(room_holds(sealed, sizeof sealed) > 0);
    room_close();
    die_at(&confirm, ACT_EMITTED);
    die_at(&tick, ACT_CHECKED);
    die_at(&tick, ACT_PREPARED);
    assert_int_equal(room_holds(sealed, sizeof sealed), 0);
    room_open();
    assert_int_equal(room_count(EVENT_MASTER_KEY_CEREMONY_COMPLETED), 1);
    assert_int_equal(room_count(EVENT_MASTER_KEY_PARTS_ERASED), 0);
    room_tick();
    room_tick();
    assert_int_equal(room_count(EVENT_MASTER_KEY_PARTS_ERASED), 1);
    assert_int_equal(room_holds(sealed, sizeof sealed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KINDS(an_act_is_whole_at_whatever_step_its_process_ends),
        WITH_KINDS(a_ceremony_that_was_started_in_the_middle_of_a_crash_is_a_good_one),
        WITH_KINDS(erasing_goes_on_after_a_crash_at_any_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
