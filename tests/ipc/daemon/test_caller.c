/* Who acts: what the register says of a guardian where nobody else says it, and when a guardian was
 * here last. */
#include "tests/ceremony/room_people.h"

#include "ipc/daemon/caller.h"

static struct daemon owner;
static struct peer peer;

static struct call call_of(const char *method, const char *params)
{
    static const struct json_limits limits = {.depth = 8, .members = 64};
    struct json *json = NULL;
    owner.ceremonies = room.ceremonies;
    assert_int_equal(json_parse(&room.arena, slice_of(params), &limits, &json, &room.fault), OK);
    return (struct call){.daemon = &owner,
                         .peer = &peer,
                         .arena = &room.arena,
                         .method = method_find(slice_of(method)),
                         .params = json,
                         .now_us = room.now_us};
}

/* A caller who is guardian1, with what his access entry says. */
static void be_guardian(unsigned defaults)
{
    peer = (struct peer){.roles = ROLE_GUARDIAN,
                         .login = "guardian1",
                         .id = "1000",
                         .name = "Name of the entry",
                         .privilege = "Privilege of the entry",
                         .defaults = defaults};
}

static void be_workflow(void)
{
    peer = (struct peer){.roles = ROLE_WORKFLOW,
                         .login = "pam",
                         .id = "0",
                         .name = "pam",
                         .privilege = "Administrator",
                         .defaults = 7};
}

static void expect_actor(struct call *call, const char *suid, const char *sname, const char *spriv)
{
    room_expect(caller_read(call, &room.fault), OK);
    assert_string_equal(call->actor.suser, "guardian1");
    assert_string_equal(call->actor.suid, suid);
    assert_string_equal(call->actor.sname, sname);
    assert_string_equal(call->actor.spriv, spriv);
}

static void a_guardians_entry_has_the_guardians_facts_where_it_has_none(void **state)
{
    (void)state;
    room_register(1);
    struct call call = call_of("part.view", "{}");
    be_guardian(ACCESS_ID_DEFAULT | ACCESS_NAME_DEFAULT | ACCESS_PRIVILEGE_DEFAULT);
    expect_actor(&call, "9", "A Guardian", "User");
    assert_string_equal(call.actor.via, "guardian/guardian1");
    be_guardian(ACCESS_NAME_DEFAULT);
    expect_actor(&call, "1000", "A Guardian", "Privilege of the entry");
    be_guardian(0);
    expect_actor(&call, "1000", "Name of the entry", "Privilege of the entry");
}

static void a_login_that_is_no_guardians_keeps_its_own(void **state)
{
    (void)state;
    room_register(1);
    be_guardian(7);
    snprintf(peer.login, sizeof peer.login, "operator");
    struct call call = call_of("guardian.add", "{}");
    room_expect(caller_read(&call, &room.fault), OK);
    assert_string_equal(call.actor.suser, "operator");
    assert_string_equal(call.actor.suid, "1000");
    assert_string_equal(call.actor.sname, "Name of the entry");
}

/* guardianctl --as LOGIN sends no more than that. */
static void a_workflow_may_leave_out_what_the_register_knows(void **state)
{
    (void)state;
    room_register(1);
    be_workflow();
    struct call call = call_of("part.view", "{\"actor\":{\"suser\":\"guardian1\"}}");
    expect_actor(&call, "9", "A Guardian", "User");
    assert_null(call.actor.origin_ip);
    call =
        call_of("part.view", "{\"actor\":{\"suser\":\"guardian1\",\"suid\":\"77\",\"sname\":\"\","
                             "\"spriv\":\"Auditor\",\"originIP\":\"203.0.113.9\"}}");
    expect_actor(&call, "77", "A Guardian", "Auditor");
    assert_string_equal(call.actor.origin_ip, "203.0.113.9");
    call = call_of("part.view", "{\"actor\":{\"suser\":\"nobody\"}}");
    room_expect(caller_read(&call, &room.fault), OK);
    assert_null(call.actor.sname);
}

static void expect_seen(int64_t wanted_us)
{
    assert_int_equal(room_guardian("guardian1").last_login_us, wanted_us);
}

static void that_a_guardian_was_here_is_noted_at_most_once_a_minute(void **state)
{
    (void)state;
    room_register(2);
    be_guardian(7);
    struct call call = call_of("guardian.show", "{}");
    expect_seen(0);
    room_expect(caller_read(&call, &room.fault), OK);
    expect_seen(NOW_US);
    assert_int_equal(room_guardian("guardian2").last_login_us, 0);
    call.now_us = NOW_US + 60 * SECOND_US - 1;
    room_expect(caller_read(&call, &room.fault), OK);
    expect_seen(NOW_US);
    call.now_us = NOW_US + 60 * SECOND_US;
    room_expect(caller_read(&call, &room.fault), OK);
    expect_seen(NOW_US + 60 * SECOND_US);
    call.now_us = NOW_US; /* a clock that was set back */
    room_expect(caller_read(&call, &room.fault), OK);
    expect_seen(NOW_US);
    be_workflow(); /* also by the platform he works on */
    room.now_us = NOW_US + DAY_US;
    call = call_of("guardian.show", "{\"actor\":{\"suser\":\"guardian1\"}}");
    room_expect(caller_read(&call, &room.fault), OK);
    expect_seen(NOW_US + DAY_US);
    uint64_t before = room_events();
    room_reopen();
    expect_seen(NOW_US + DAY_US);
    assert_int_equal(room_events(), before); /* no event of its own */
}

static void methods_that_no_person_does_note_nobody(void **state)
{
    (void)state;
    room_register(1);
    be_guardian(7);
    struct call call = call_of("system.ping", "{}");
    room_expect(caller_read(&call, &room.fault), OK);
    assert_string_equal(call.actor.sname, "Name of the entry");
    expect_seen(0);
}

static void an_actor_is_a_workflows_alone_and_needs_a_login(void **state)
{
    (void)state;
    static const struct {
        const char *params;
        enum reason reason;
        const char *field;
    } bad[] = {
        {"{}", REASON_missing_parameter, "/actor"},
        {"{\"actor\":null}", REASON_missing_parameter, "/actor"},
        {"{\"actor\":{}}", REASON_missing_field, "/actor/suser"},
        {"{\"actor\":{\"suser\":\"\"}}", REASON_missing_field, "/actor/suser"},
        {"{\"actor\":{\"suser\":7}}", REASON_bad_value, "/actor/suser"},
        {"{\"actor\":{\"suser\":\"a\\u0000b\"}}", REASON_bad_value, "/actor/suser"},
        {"{\"actor\":{\"suser\":\"x\",\"uid\":\"7\"}}", REASON_unknown_field, "/actor/uid"},
        {"{\"actor\":{\"suser\":\"x\",\"originIP\":\"here\"}}", REASON_bad_value,
         "/actor/originIP"},
    };
    room_register(1);
    be_workflow();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct call call = call_of("part.view", bad[i].params);
        fault_clear(&room.fault);
        room_expect_fault(caller_read(&call, &room.fault), ERR_INVALID_PARAMS, bad[i].reason,
                          bad[i].field);
    }
    be_guardian(7);
    struct call call = call_of("part.view", "{\"actor\":{\"suser\":\"guardian2\"}}");
    fault_clear(&room.fault);
    room_expect_fault(caller_read(&call, &room.fault), ERR_INVALID_PARAMS, REASON_actor_not_allowed,
                      "/actor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_guardians_entry_has_the_guardians_facts_where_it_has_none),
        IN_ROOM(a_login_that_is_no_guardians_keeps_its_own),
        IN_ROOM(a_workflow_may_leave_out_what_the_register_knows),
        IN_ROOM(that_a_guardian_was_here_is_noted_at_most_once_a_minute),
        IN_ROOM(methods_that_no_person_does_note_nobody),
        IN_ROOM(an_actor_is_a_workflows_alone_and_needs_a_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
