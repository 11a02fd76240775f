/* The path of an act: nothing is done that is not in the log first, a repeat does nothing, and who
 * comes second sees what the first did. */
#include "tests/ceremony/room_people.h"

#include <pthread.h>

static struct guardian_row out;

/* Adds guardian `number` of the room as the request `id`. */
static enum err add(size_t number, const char *id)
{
    char login[16];
    snprintf(login, sizeof login, "guardian%zu", number);
    person_make(&room.people[number], login);
    const struct guardian_row wanted = row_of(&room.people[number]);
    room.request_id = id;
    room.parameters = room.people[number].login;
    return room_add(&wanted, &out);
}

static bool is_there(const char *login)
{
    struct guardian_row row;
    struct fault fault = {0};
    return store_guardian(room.ceremonies->store, &room.arena, slice_of(login), &row, &fault) == OK;
}

/* ---- order ----------------------------------------------------------------------------------- */

static uint64_t size_at[4];
static bool there_at[4];
static unsigned steps;

static void note_step(enum act_step step)
{
    assert_int_equal(step, steps);
    size_at[step] = log_size(room.log);
    there_at[step] = is_there("guardian1");
    steps++;
}

static void nothing_is_changed_before_its_event_is_durable(void **state)
{
    (void)state;
    steps = 0;
    act_on_step(note_step);
    room_expect(add(1, NULL), OK);
    act_on_step(NULL);
    assert_int_equal(steps, 4);
    assert_int_equal(size_at[ACT_CHECKED], 0);
    assert_int_equal(size_at[ACT_PREPARED], 0);
    assert_int_equal(size_at[ACT_EMITTED], 1);
    assert_int_equal(size_at[ACT_APPLIED], 1);
    assert_false(there_at[ACT_CHECKED]);
    assert_false(there_at[ACT_PREPARED]);
    assert_false(there_at[ACT_EMITTED]);
    assert_true(there_at[ACT_APPLIED]);
}

static void the_event_says_who_did_it_and_from_where(void **state)
{
    (void)state;
    room_expect(add(1, NULL), OK);
    room_expect_event(0, EVENT_GUARDIAN_ADDED);
    room_expect_text(0, FIELD_SUSER, "operator");
    room_expect_text(0, FIELD_SUID, "1");
    room_expect_text(0, FIELD_SNAME, "The Operator");
    room_expect_text(0, FIELD_SPRIV, "Administrator");
    room_expect_text(0, FIELD_ORIGIN_IP, "203.0.113.9");
    assert_true(slice_is(room_event(0)->via, "workflow/pam"));
    assert_int_equal(room_event(0)->time_us, NOW_US);
}

/* sname and spriv are required where a master key begins. */
static void an_act_whose_event_is_incomplete_is_not_done(void **state)
{
    (void)state;
    struct act act;
    struct ceremony_made made;
    struct actor nameless = operator_actor;
    nameless.sname = NULL;
    room_register(3);
    uint64_t before = room_events();
    const struct ceremony_plan plan = plan_of(3, 2);
    room_expect(room_begin(&act, &nameless, "ceremony.start"), OK);
    room_expect(ceremony_start(&act, &plan, &made, &room.fault), OK);
    room_expect_fault(room_end(&act, OK), ERR_INVALID_PARAMS, REASON_missing_field, "/sname");
    assert_int_equal(room_events(), before);
    struct ceremony_rows rows;
    room_expect(store_ceremonies(room.ceremonies->store, &room.arena, &rows, &room.fault), OK);
    assert_int_equal(rows.count, 0);
}

/* ---- repeats --------------------------------------------------------------------------------- */

static void a_repeat_gets_the_first_answer_and_does_nothing(void **state)
{
    (void)state;
    room_expect(add(1, "r1"), OK);
    assert_false(room.repeated);
    for (int i = 0; i < 2; i++) {
        room_expect(add(1, "r1"), OK);
        assert_true(room.repeated);
        assert_true(slice_is(room.answer, "done"));
        assert_int_equal(room_events(), 1);
        room_reopen();
    }
    room_expect_fault(add(1, "r2"), ERR_WRONG_STATE, REASON_login_taken, "/login");
}

static void a_request_id_with_other_parameters_or_another_method_is_refused(void **state)
{
    (void)state;
    room_expect(add(1, "r1"), OK);
    room_expect_fault(add(2, "r1"), ERR_INVALID_PARAMS, REASON_request_id_reused, "/request_id");
    room.request_id = "r1";
    room.parameters = room.people[1].login;
    room_expect_fault(room_set_active("guardian1", false, ""), ERR_INVALID_PARAMS,
                      REASON_request_id_reused, "/request_id");
    assert_int_equal(room_events(), 1);
    assert_false(is_there("guardian2"));
}

static void a_request_id_is_its_owners(void **state)
{
    (void)state;
    struct act act;
    struct actor other = operator_actor;
    other.suser = "somebody";
    room_expect(add(1, "r1"), OK);
    person_make(&room.people[2], "guardian2");
    const struct guardian_row wanted = row_of(&room.people[2]);
    room.request_id = "r1";
    room_expect(room_begin(&act, &other, "guardian.add"), OK);
    assert_false(room.repeated);
    room_expect(room_end(&act, guardian_add(&act, &wanted, &out, &room.fault)), OK);
    assert_true(is_there("guardian2"));
}

static void a_request_id_is_known_for_a_day(void **state)
{
    (void)state;
    room_expect(add(1, "r1"), OK);
    room.now_us = NOW_US + DAY_US;
    room_expect(add(1, "r1"), OK);
    assert_true(room.repeated);
    room.now_us++;
    room_expect(add(2, "r1"), OK);
    assert_false(room.repeated);
}

static void a_refusal_that_is_told_is_remembered_and_one_that_is_not_is_not(void **state)
{
    (void)state;
    struct recovery_outcome outcome;
    room_register(2);
    room_start(2, 2);
    room_take(0, false);
    const struct recovery_order order = order_of(PARTS(WORDS(0)));
    room.parameters = "";
    room.request_id = "r1";
    room_expect(room_attempt(&order, &outcome), ERR_PARTS);
    uint64_t before = room_events();
    room_reopen();
    room.request_id = "r1";
    room_expect(room_attempt(&order, &outcome), OK);
    assert_true(room.repeated);
    assert_true(slice_is(room.answer, "too_few"));
    assert_int_equal(room_events(), before);
    room_expect_fault(add(0, "r2"), ERR_WRONG_STATE, REASON_login_taken, "/login");
    room_expect(room_set_active("guardian1", false, ""), OK);
    room.parameters = room.people[0].login;
    room.request_id = "r2";
    room_expect(room_set_active("guardian2", false, ""), OK);
    assert_false(room.repeated);
}

/* ---- what no disk may know ------------------------------------------------------------------- */

static const struct actor *attempt_actor = &operator_actor;

/* An act whose answer holds a secret. */
static enum err attempt_as(const char *id, const char *secrets, struct recovery_outcome *outcome)
{
    struct act act;
    static const char *texts[3];
    texts[0] = WORDS(0);
    texts[1] = WORDS(1);
    const struct recovery_order order = order_of(texts);
    room.request_id = id;
    room.parameters = "{}";
    room.secrets = secrets;
    enum err err = room_begin(&act, attempt_actor, "recovery.attempt");
    if (room_goes_on(err)) {
        err = recovery_attempt(&act, &order, outcome, &room.fault);
    }
    err = room_end(&act, err);
    room.secrets = NULL;
    return err;
}

static void two_people_with_a_key(void)
{
    room_register(2);
    room_start(2, 2);
    room_take(0, false);
    room_take(1, false);
}

static void an_answer_with_a_sealed_key_is_kept_in_memory_alone(void **state)
{
    (void)state;
    struct recovery_outcome outcome;
    two_people_with_a_key();
    room_expect(attempt_as("r1", "words", &outcome), OK);
    uint64_t before = room_events();
    room_expect(attempt_as("r1", "words", &outcome), OK);
    assert_true(room.repeated);
    assert_true(slice_is(room.answer, "done"));
    room_reopen();
    room_expect_fault(attempt_as("r1", "words", &outcome), ERR_WRONG_STATE, REASON_answer_gone,
                      "/request_id");
    assert_int_equal(room_events(), before);
}

static void a_withheld_answer_is_forgotten_when_its_request_id_is_used_anew(void **state)
{
    (void)state;
    struct act act;
    struct recovery_outcome outcome;
    two_people_with_a_key();
    room_expect(attempt_as("r1", "words", &outcome), OK);
    room.now_us += DAY_US + 1;
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    room.request_id = "r1";
    room.secrets = "words";
    room_expect(room_begin(&act, &operator_actor, "recovery.attempt"), OK);
    assert_false(room.repeated);
    room_expect(recovery_attempt(&act, &order, &outcome, &room.fault), OK);
    room_expect(act_commit(&act, slice_of("another answer"), &room.fault), OK);
    act_end(&act);
    room_expect(attempt_as("r1", "words", &outcome), OK);
    assert_true(room.repeated);
    assert_true(slice_is(room.answer, "another answer"));
}

/* A workflow's owner is two logins long. */
static void a_withheld_answer_is_found_for_the_longest_owner(void **state)
{
    (void)state;
    static char longest[128 + 1 + 255 + 1];
    char id[65];
    struct actor actor = operator_actor;
    struct recovery_outcome outcome;
    memset(longest, 'o', sizeof longest - 1);
    memset(id, 'i', sizeof id - 1);
    id[64] = '\0';
    actor.suser = longest;
    two_people_with_a_key();
    attempt_actor = &actor;
    room_expect(attempt_as(id, "words", &outcome), OK);
    room_expect(attempt_as(id, "words", &outcome), OK);
    attempt_actor = &operator_actor;
    assert_true(slice_is(room.answer, "done"));
}

static void other_secrets_are_other_parameters(void **state)
{
    (void)state;
    struct recovery_outcome outcome;
    two_people_with_a_key();
    room_expect(attempt_as("r1", "words", &outcome), OK);
    room_expect_fault(attempt_as("r1", "other words", &outcome), ERR_INVALID_PARAMS,
                      REASON_request_id_reused, "/request_id");
}

static size_t count_rows(const char *sql, char *out_hex, size_t size)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    size_t count = 0;
    room_close();
    assert_int_equal(sqlite3_open(room.path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        snprintf(out_hex, size, "%s", sqlite3_column_text(statement, 0));
        count++;
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    room_open();
    return count;
}

/* Neither the words nor anything made of them: what differs by its words alone looks the same. */
static void no_image_of_a_secret_is_in_the_database(void **state)
{
    (void)state;
    struct recovery_outcome outcome;
    char first[80];
    char second[80];
    two_people_with_a_key();
    room_expect(attempt_as("r1", "words", &outcome), OK);
    assert_int_equal(count_rows("SELECT hex(hash) FROM request", first, sizeof first), 1);
    room_sql("DELETE FROM request");
    room_expect(attempt_as("r1", "other words", &outcome), OK);
    assert_int_equal(count_rows("SELECT hex(hash) FROM request", second, sizeof second), 1);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 64);
}

/* ---- many, and no memory --------------------------------------------------------------------- */

static void an_act_may_have_many_events(void **state)
{
    (void)state;
    room_register(2);
    for (int i = 0; i < 40; i++) {
        room_track(2, 2);
    }
    uint64_t before = room_events();
    room_expect(room_set_active("guardian1", false, "left"), OK);
    assert_int_equal(room_events(), before + 41);
    assert_int_equal(room_count(EVENT_MASTER_KEY_GUARDIAN_INACTIVE), 40);
}

static enum err act_of_kind(int kind)
{
    struct recovery_outcome outcome;
    const struct ceremony_plan plan = plan_of(2, 2);
    struct ceremony_plan all = plan;
    all.all_required = true;
    const struct guardian_row wanted = row_of(&room.people[2]);
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    switch (kind) {
    case 0:
        return room_add(&wanted, &out);
    case 1:
        return room_try_start(&all);
    case 2:
        return room_set_active("guardian1", false, "left");
    default:
        return room_attempt(&order, &outcome);
    }
}

/* With the n-th allocation and all later ones failing: the act's result. Where the event was
 * durable already the database is behind, the room takes nothing more, and the next start makes the
 * change.
 */
static enum err act_without_memory(int kind, unsigned long n)
{
    uint64_t before = room_events();
    arena_reset(&room.arena); /* gives back chunks, so that there is something to take */
    memory_fail_from(n);
    enum err err = act_of_kind(kind);
    memory_fail_from(0);
    if (err == ERR_AUDIT_UNAVAILABLE) {
        assert_int_equal(room.fault.reason, REASON_outcome_unknown);
        assert_true(ceremonies_failed(room.ceremonies));
        assert_true(room_events() > before);
        room_reopen();
        return OK;
    }
    room_expect(err, err == OK ? OK : ERR_NO_MEMORY);
    assert_false(ceremonies_failed(room.ceremonies));
    assert_int_equal(room_events() > before, err == OK);
    return err;
}

static void an_act_without_memory_is_not_done(void **state)
{
    (void)state;
    two_people_with_a_key();
    person_make(&room.people[2], "guardian3");
    for (int kind = 0; kind < 4; kind++) {
        unsigned long n = 1;
        while (act_without_memory(kind, n) != OK) {
            n++;
        }
        assert_true(n > 1);
    }
    assert_true(is_there("guardian3"));
    assert_false(room_guardian("guardian1").active);
    assert_int_equal(room_count(EVENT_MASTER_KEY_CEREMONY_STARTED), 2);
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_SUCCEEDED), 1);
}

/* ---- at once --------------------------------------------------------------------------------- */

#define THREADS 6

struct adding {
    pthread_t thread;
    enum err err;
    enum reason reason;
};

static void *add_the_same(void *context)
{
    struct adding *adding = context;
    struct act act;
    struct arena arena;
    struct guardian_row row;
    struct fault fault = {0};
    const struct guardian_row wanted = row_of(&room.people[1]);
    const struct act_request request = {
        .actor = &operator_actor, .method = slice_of("guardian.add"), .now_us = NOW_US};
    arena_init(&arena, 1u << 20);
    enum err err = act_begin(&act, room.ceremonies, &arena, &request, &fault);
    if (err == OK) {
        err = guardian_add(&act, &wanted, &row, &fault);
    }
    if (err == OK) {
        err = act_commit(&act, slice_of(""), &fault);
    }
    act_end(&act);
    arena_done(&arena);
    adding->err = err;
    adding->reason = fault.reason;
    return NULL;
}

static void of_two_who_do_the_same_at_once_one_does_it(void **state)
{
    (void)state;
    struct adding adding[THREADS];
    size_t done = 0;
    person_make(&room.people[1], "guardian1");
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&adding[i].thread, NULL, add_the_same, &adding[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(adding[i].thread, NULL);
        done += adding[i].err == OK;
        assert_true(adding[i].err == OK || adding[i].reason == REASON_login_taken);
    }
    assert_int_equal(done, 1);
    assert_int_equal(room_events(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(nothing_is_changed_before_its_event_is_durable),
        IN_ROOM(the_event_says_who_did_it_and_from_where),
        IN_ROOM(an_act_whose_event_is_incomplete_is_not_done),
        IN_ROOM(a_repeat_gets_the_first_answer_and_does_nothing),
        IN_ROOM(a_request_id_with_other_parameters_or_another_method_is_refused),
        IN_ROOM(a_request_id_is_its_owners),
        IN_ROOM(a_request_id_is_known_for_a_day),
        IN_ROOM(a_refusal_that_is_told_is_remembered_and_one_that_is_not_is_not),
        IN_ROOM(an_answer_with_a_sealed_key_is_kept_in_memory_alone),
        IN_ROOM(a_withheld_answer_is_forgotten_when_its_request_id_is_used_anew),
        IN_ROOM(a_withheld_answer_is_found_for_the_longest_owner),
        IN_ROOM(other_secrets_are_other_parameters),
        IN_ROOM(no_image_of_a_secret_is_in_the_database),
        IN_ROOM(an_act_may_have_many_events),
        IN_ROOM(an_act_without_memory_is_not_done),
        IN_ROOM(of_two_who_do_the_same_at_once_one_does_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
