/* Every method in every state and by everybody, as the contract and the table of parts.md 15 have
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "audit/base/clock.h"
#include "tests/integration/people.h"

#define PARAMS_BYTES 16384

/* The same state directory, with this uid in the role. */
static void write_role(struct harness *h, const char *role, const char *more)
{
    char text[4096];
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\naccess:\n  - uid: %u\n    roles: "
             "[%s]\n%ssinks:\n  - name: siem\n    url: file://%s\n",
             h->directory, h->url, (unsigned)getuid(), role, more, h->sink);
    harness_write_config(h, text);
}

/* ---- every state ----------------------------------------------------------------------------- */

enum place { OPEN, COMPLETED, ERASED, CANCELLED, EXPIRED, TRACKED, TRACKED_COMPLETED, PLACES };

static const char *const state_words[PLACES] = {"open",    "completed", "completed", "cancelled",
                                                "expired", "open",      "completed"};

/* What may be done then: parts.md 15, read downwards. */
static const char *const possible[PLACES] = {
    [OPEN] = "[\"part.view\",\"part.download\",\"part.confirm\",\"ceremony.cancel\","
             "\"recovery.attempt\"]",
    [COMPLETED] = "[\"part.view\",\"part.download\",\"part.confirm\",\"recovery.attempt\"]",
    [ERASED] = "[\"recovery.attempt\"]",
    [CANCELLED] = "[\"recovery.attempt\"]",
    [EXPIRED] = "[\"recovery.attempt\"]",
    [TRACKED] = "[\"part.view\",\"part.download\",\"ceremony.cancel\",\"recovery.record\"]",
    [TRACKED_COMPLETED] = "[\"part.view\",\"part.download\",\"recovery.record\"]",
};

struct world {
    struct harness h;
    struct people people;     /* guardian1 … guardian3 hold parts, guardian4 none */
    struct people of[PLACES]; /* ceremony and words in each */
};

static void track(struct world *world, enum place place)
{
    const struct json *made = harness_result(
        &world->h, "ceremony.track",
        "{\"name\":\"Elsewhere\",\"threshold\":2,\"guardians\":[\"guardian1\",\"guardian2\","
        "\"guardian3\"]," OPERATOR "}");
    world->of[place] = world->people;
    snprintf(world->of[place].ceremony, sizeof world->of[place].ceremony, "%.*s",
             (int)json_member(made, "ceremony")->text.length,
             json_member(made, "ceremony")->text.data);
}

/* The params of a call about the ceremony in that place, for that person. */
static const char *about(const struct world *world, enum place place, const char *login,
                         const char *more)
{
    static char params[PARAMS_BYTES];
    snprintf(params, sizeof params,
             "{\"ceremony\":\"%s\"%s,\"actor\":{\"suser\":\"%s\",\"suid\":\"1\",\"sname\":\"N\","
             "\"spriv\":\"User\",\"originIP\":\"203.0.113.9\"}}",
             world->of[place].ceremony, more, login);
    return params;
}

static void start(struct world *world, enum place place, const char *extra)
{
    world->of[place] = world->people;
    world->of[place].count = 3;
    people_start(&world->h, &world->of[place], 2, "age", extra);
}

static void take_all(struct world *world, enum place place)
{
    for (size_t i = 0; i < 3; i++) {
        person_take(&world->h, &world->of[place], i, false);
    }
}

static bool state_is(struct world *world, enum place place, const char *word)
{
    const struct json *status =
        harness_result(&world->h, "ceremony.status", about(world, place, "operator", ""));
    return harness_text_is(status, "state", word);
}

static void wait_for_state(struct world *world, enum place place, const char *word)
{
    int64_t limit_ms = clock_boot_ms() + 60000;
    while (!state_is(world, place, word)) {
        assert_true(clock_boot_ms() < limit_ms);
        usleep(20000);
    }
}

/* Its time is over, as if it had been: the daemon is stopped meanwhile. */
static void let_expire(struct world *world, enum place place)
{
    char path[400];
    char sql[128];
    sqlite3 *database;
    harness_terminate(&world->h);
    snprintf(path, sizeof path, "%s/guardian.db", world->h.directory);
    snprintf(sql, sizeof sql, "UPDATE ceremony SET expires_us = 1 WHERE id = '%s'",
             world->of[place].ceremony);
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    harness_restart(&world->h);
    wait_for_state(world, place, "expired");
}

static void make_world(struct world *world)
{
    static const enum place dealt[] = {OPEN, COMPLETED, ERASED, CANCELLED};
    static const char *const extra[] = {"", ",\"confirm\":false", "", ""};
    harness_start(&world->h, NULL);
    people_register(&world->h, &world->people, 4);
    for (size_t i = 0; i < 4; i++) {
        start(world, dealt[i], extra[i]);
        take_all(world, dealt[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        person_confirm(&world->h, &world->of[ERASED], i);
    }
    harness_result(&world->h, "ceremony.cancel",
                   about(world, CANCELLED, "operator", ",\"reason\":\"r\""));
    start(world, EXPIRED, ",\"expires_in\":86400");
    take_all(world, EXPIRED);
    track(world, TRACKED);
    track(world, TRACKED_COMPLETED);
    for (size_t i = 0; i < 3; i++) {
        harness_result(&world->h, "part.view",
                       about(world, TRACKED_COMPLETED, world->people.list[i].login, ""));
    }
    let_expire(world, EXPIRED);
    harness_wait_text(world->h.sink, "|9014|");
    for (int place = 0; place < PLACES; place++) {
        assert_true(state_is(world, (enum place)place, state_words[place]));
    }
}

/* Refused with -32003, where it stands and what is possible. */
static void expect_refused(struct world *world, const char *method, enum place place,
                           const char *login, const char *more, const char *reason)
{
    const struct json *data =
        harness_error(&world->h, method, about(world, place, login, more), -32003, reason);
    assert_true(harness_text_is(data, "state", state_words[place]));
    const struct json *can = json_member(data, "possible");
    if (can == NULL || !slice_is(can->text, possible[place])) {
        fail_msg("%s in %s: %.*s", method, state_words[place], (int)data->text.length,
                 data->text.data);
    }
    assert_true(harness_text_is(data, "field", "/ceremony"));
}

#define NO_SIGNATURE                                                                          \
    ",\"signature\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
    "AAAAAAAAAAAAAAAA==\""

static void parts_are_given_as_the_state_and_the_person_say(void **state)
{
    (void)state;
    static const char *const taken[PLACES] = {[ERASED] = "part_collected",
                                              [CANCELLED] = "ceremony_cancelled",
                                              [EXPIRED] = "ceremony_expired"};
    static const char *const confirmed[PLACES] = {[ERASED] = "challenge_stale",
                                                  [CANCELLED] = "ceremony_cancelled",
                                                  [EXPIRED] = "ceremony_expired",
                                                  [TRACKED] = "not_confirmable",
                                                  [TRACKED_COMPLETED] = "not_confirmable"};
    static const char *const views[] = {"part.view", "part.download", "part.confirm"};
    struct world world;
    make_world(&world);
    for (int p = 0; p < PLACES; p++) {
        enum place place = (enum place)p;
        for (size_t v = 0; v < 2; v++) {
            if (taken[place] != NULL) {
                expect_refused(&world, views[v], place, "guardian1", "", taken[place]);
                continue;
            }
            const struct json *part =
                harness_result(&world.h, views[v], about(&world, place, "guardian1", ""));
            assert_true(harness_text_is(part, "ceremony_state", state_words[place]));
            assert_int_equal(harness_integer(part, "index"), 1);
            bool here = place < TRACKED;
            assert_int_equal(json_member(part, "sealed") != NULL, here);
            assert_int_equal(json_member(part, "challenge") != NULL, here);
        }
        if (confirmed[place] != NULL) {
            expect_refused(&world, "part.confirm", place, "guardian1", NO_SIGNATURE,
                           confirmed[place]);
        } else {
            harness_error(&world.h, "part.confirm", about(&world, place, "guardian1", NO_SIGNATURE),
                          -32006, "bad_signature");
            person_confirm(&world.h, &world.of[place], 1);
        }
        /* whoever holds no part, and whoever is no guardian, in whatever state */
        for (size_t v = 0; v < 3; v++) {
            const char *more = v == 2 ? NO_SIGNATURE : "";
            const struct json *data = harness_error(
                &world.h, views[v], about(&world, place, "guardian4", more), -32001, "not_yours");
            assert_true(harness_text_is(data, "field", "/ceremony"));
            data = harness_error(&world.h, views[v], about(&world, place, "operator", more), -32002,
                                 "unknown_guardian");
            assert_true(harness_text_is(data, "field", "/actor/suser"));
        }
    }
    /* the trail says who it was that a workflow asked for */
    harness_wait_text(world.h.sink, "suser=guardian4");
    /* who is inactive */
    harness_result(&world.h, "guardian.deactivate", "{\"login\":\"guardian1\"," OPERATOR "}");
    for (size_t v = 0; v < 3; v++) {
        expect_refused(&world, views[v], OPEN, "guardian1", v == 2 ? NO_SIGNATURE : "",
                       "guardian_inactive");
    }
    people_done(&world.people);
    harness_stop(&world.h);
}

static void expect_recovered(struct world *world, enum place place)
{
    char params[PARAMS_BYTES];
    char identity[256];
    people_recover_params(&world->of[place], (const int[]){2, 1, -1}, "", params, sizeof params);
    const struct json *answer = harness_result(&world->h, "recovery.attempt", params);
    assert_true(harness_text_is(answer, "ceremony", world->of[place].ceremony));
    assert_int_equal(harness_integer(answer, "parts_needed"), 2);
    assert_int_equal(harness_integer(answer, "parts_sent"), 2);
    people_open_key(&world->of[place], answer, identity, sizeof identity);
    assert_memory_equal(identity, "AGE-SECRET-KEY-1", 16);
}

#define RECORDED ",\"outcome\":\"failed\",\"partsNeeded\":2,\"partsSent\":1"

static void the_rest_is_answered_as_the_state_says(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    for (int p = 0; p < PLACES; p++) {
        enum place place = (enum place)p;
        const struct json *status =
            harness_result(&world.h, "ceremony.status", about(&world, place, "operator", ""));
        assert_true(harness_text_is(status, "state", state_words[place]));
        assert_int_equal(json_member(status, "parts")->count, 3);
        assert_int_equal(json_member(status, "ended") != NULL, place != OPEN && place != TRACKED);
        if (place < TRACKED) {
            expect_recovered(&world, place);
            expect_refused(&world, "recovery.record", place, "operator", RECORDED, "not_tracked");
        } else {
            char parts[2048];
            snprintf(parts, sizeof parts, ",\"parts\":[\"%s\"],\"deliver_to\":\"%s\"",
                     world.of[OPEN].list[0].words, world.people.receiver.public_key);
            expect_refused(&world, "recovery.attempt", place, "operator", parts, "tracked");
            const struct json *done = harness_result(&world.h, "recovery.record",
                                                     about(&world, place, "operator", RECORDED));
            assert_true(json_member(done, "recorded")->boolean);
        }
    }
    static const char *const cancelled[PLACES] = {[COMPLETED] = "ceremony_completed",
                                                  [ERASED] = "ceremony_completed",
                                                  [EXPIRED] = "ceremony_expired",
                                                  [TRACKED_COMPLETED] = "ceremony_completed"};
    for (int p = 0; p < PLACES; p++) {
        enum place place = (enum place)p;
        if (cancelled[place] != NULL) {
            expect_refused(&world, "ceremony.cancel", place, "operator", ",\"reason\":\"late\"",
                           cancelled[place]);
            continue;
        }
        for (int twice = 0; twice < 2; twice++) {
            const struct json *done =
                harness_result(&world.h, "ceremony.cancel",
                               about(&world, place, "operator",
                                     twice == 0 ? ",\"reason\":\"why\"" : ",\"reason\":\"again\""));
            assert_true(harness_text_is(done, "state", "cancelled"));
            assert_true(harness_text_is(done, "reason", place == CANCELLED ? "r" : "why"));
        }
    }
    /* of what is nowhere */
    struct world nowhere = world;
    snprintf(nowhere.of[OPEN].ceremony, sizeof nowhere.of[OPEN].ceremony, "nowhere");
    static const struct {
        const char *method;
        const char *more;
    } named[] = {{"ceremony.status", ""},
                 {"ceremony.cancel", ",\"reason\":\"r\""},
                 {"part.view", ""},
                 {"part.download", ""},
                 {"part.confirm", NO_SIGNATURE},
                 {"recovery.record", RECORDED}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        const struct json *data = harness_error(&world.h, named[i].method,
                                                about(&nowhere, OPEN, "guardian1", named[i].more),
                                                -32002, "unknown_ceremony");
        assert_true(harness_text_is(data, "field", "/ceremony"));
    }
    people_done(&world.people);
    harness_stop(&world.h);
}

/* ---- as somebody's own role ------------------------------------------------------------------ */

/* What the last entry of the type says of a member. */
static bool told(struct harness *h, const char *type, const char *member, const char *value)
{
    char params[128];
    snprintf(params, sizeof params, "{\"type\":\"%s\"}", type);
    const struct json *entries = json_member(harness_result(h, "audit.query", params), "entries");
    const struct json *last = entries->child;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    assert_non_null(last);
    return harness_text_is(last, member, value);
}

static void a_guardian_is_who_the_register_says_and_sees_the_own(void **state)
{
    (void)state;
    struct world world;
    char own[64];
    char foreign[64];
    make_world(&world);
    snprintf(own, sizeof own, "{\"ceremony\":\"%s\"}", world.of[OPEN].ceremony);
    const struct json *made = harness_result(
        &world.h, "ceremony.track",
        "{\"name\":\"Of others\",\"threshold\":2,\"allow_all_required\":true,\"guardians\":"
        "[\"guardian2\",\"guardian3\"]," OPERATOR "}");
    snprintf(foreign, sizeof foreign, "{\"ceremony\":\"%.*s\"}",
             (int)json_member(made, "ceremony")->text.length,
             json_member(made, "ceremony")->text.data);
    harness_terminate(&world.h);
    write_role(&world.h, "guardian", "    login: guardian1\n");
    harness_restart(&world.h);
    const struct json *status = harness_result(&world.h, "ceremony.status", own);
    const struct json *part = json_member(status, "parts")->child;
    assert_non_null(json_member(part, "challenge"));
    assert_null(json_member(part->next, "challenge")); /* another's */
    harness_error(&world.h, "ceremony.status", foreign, -32001, "not_yours");
    harness_error(&world.h, "part.view", foreign, -32001, "not_yours");
    const struct json *list = harness_result(&world.h, "ceremony.list", "{}");
    assert_int_equal(json_member(list, "ceremonies")->count, PLACES);
    list = harness_result(&world.h, "guardian.list", "{}");
    assert_int_equal(json_member(list, "guardians")->count, 1);
    assert_true(harness_text_is(json_member(list, "guardians")->child, "login", "guardian1"));
    harness_error(&world.h, "guardian.show", "{\"login\":\"guardian2\"}", -32001, "not_yours");
    const struct json *shown = harness_result(&world.h, "guardian.show", "{}");
    assert_true(harness_text_is(shown, "login", "guardian1"));
    char seen[64];
    struct slice last_login = json_member(shown, "last_login")->text;
    snprintf(seen, sizeof seen, "%.*s", (int)last_login.length, last_login.data);
    harness_result(&world.h, "part.view", own);
    shown = harness_result(&world.h, "guardian.show", "{}");
    assert_true(harness_text_is(shown, "last_login", seen)); /* once a minute */
    /* the event has the register's facts; an entry that says its own keeps them */
    harness_terminate(&world.h);
    write_role(&world.h, "guardian, auditor", "    login: guardian1\n    name: Of the Entry\n");
    harness_restart(&world.h);
    assert_true(told(&world.h, "master_key.part_viewed", "sname", "Guardian 1"));
    assert_true(told(&world.h, "master_key.part_viewed", "suid", "100"));
    assert_true(told(&world.h, "master_key.part_viewed", "spriv", "User"));
    assert_true(told(&world.h, "master_key.part_viewed", "via", "guardian/guardian1"));
    harness_result(&world.h, "part.download", own);
    assert_true(told(&world.h, "master_key.part_downloaded", "sname", "Of the Entry"));
    assert_true(told(&world.h, "master_key.part_downloaded", "suid", "100"));
    /* a guardian's role whose login is no guardian's: there is no actor to point at */
    harness_terminate(&world.h);
    write_role(&world.h, "guardian", "    login: stranger\n");
    harness_restart(&world.h);
    const struct json *data = harness_error(&world.h, "part.view", own, -32002, "unknown_guardian");
    assert_null(json_member(data, "field"));
    people_done(&world.people);
    harness_stop(&world.h);
}

static void a_workflow_may_name_a_guardian_by_login_alone(void **state)
{
    (void)state;
    struct world world;
    char params[PARAMS_BYTES];
    make_world(&world);
    for (size_t i = 0; i < 3; i++) { /* the last one completes it, which needs his privilege */
        snprintf(params, sizeof params,
                 "{\"ceremony\":\"%s\",\"actor\":{\"suser\":\"guardian%zu\"}}",
                 world.of[TRACKED].ceremony, i + 1);
        harness_result(&world.h, "part.download", params);
    }
    assert_true(told(&world.h, "master_key.ceremony_completed", "suser", "guardian3"));
    assert_true(told(&world.h, "master_key.ceremony_completed", "sname", "Guardian 3"));
    assert_true(told(&world.h, "master_key.ceremony_completed", "suid", "102"));
    assert_true(told(&world.h, "master_key.ceremony_completed", "spriv", "User"));
    people_done(&world.people);
    harness_stop(&world.h);
}

/* ---- acts whose parameters are secret -------------------------------------------------------- */

static void other_words_under_the_same_request_id_are_another_request(void **state)
{
    (void)state;
    struct world world;
    char params[PARAMS_BYTES];
    static char first[PARAMS_BYTES];
    make_world(&world);
    people_recover_params(&world.of[OPEN], (const int[]){0, 1, -1}, ",\"request_id\":\"once\"",
                          params, sizeof params);
    const struct json *answer = harness_result(&world.h, "recovery.attempt", params);
    snprintf(first, sizeof first, "%.*s", (int)answer->text.length, answer->text.data);
    answer = harness_result(&world.h, "recovery.attempt", params);
    assert_true(slice_is(answer->text, first));
    people_recover_params(&world.of[OPEN], (const int[]){0, 2, -1}, ",\"request_id\":\"once\"",
                          params, sizeof params);
    harness_error(&world.h, "recovery.attempt", params, -32602, "request_id_reused");
    people_done(&world.people);
    harness_stop(&world.h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_given_as_the_state_and_the_person_say),
        cmocka_unit_test(the_rest_is_answered_as_the_state_says),
        cmocka_unit_test(a_guardian_is_who_the_register_says_and_sees_the_own),
        cmocka_unit_test(a_workflow_may_name_a_guardian_by_login_alone),
        cmocka_unit_test(other_words_under_the_same_request_id_are_another_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
