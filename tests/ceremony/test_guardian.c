/* The register of guardians: what a person may be called, whose key is whose, and who is told when
 * somebody goes. */
#include "tests/ceremony/room_people.h"

static struct guardian_row out;

/* A guardian that nothing is wrong with. */
static struct guardian_row good(void)
{
    person_make(&room.people[0], "jsilva");
    return (struct guardian_row){.login = slice_of("jsilva"),
                                 .id = slice_of("7"),
                                 .name = slice_of("José da Silva"),
                                 .email = slice_of("jsilva@example.org"),
                                 .phone = slice_of("+55 11 5555-0100"),
                                 .privilege = slice_of("Auditor"),
                                 .public_key = slice_of(room.people[0].public_key)};
}

static bool is_there(const char *login)
{
    struct guardian_row row;
    struct fault fault = {0};
    return store_guardian(room.ceremonies->store, &room.arena, slice_of(login), &row, &fault) == OK;
}

/* A text of so many octets. */
static struct slice text_of(size_t length)
{
    static char text[512];
    memset(text, 'a', sizeof text);
    return (struct slice){text, length};
}

/* ---- adding ---------------------------------------------------------------------------------- */

static void a_guardian_is_added_as_given(void **state)
{
    (void)state;
    const struct guardian_row wanted = good();
    room_expect(room_add(&wanted, &out), OK);
    room_reopen();
    struct guardian_row row = room_guardian("jsilva");
    assert_true(slice_is(row.id, "7"));
    assert_true(slice_is(row.name, "José da Silva"));
    assert_true(slice_is(row.email, "jsilva@example.org"));
    assert_true(slice_is(row.phone, "+55 11 5555-0100"));
    assert_true(slice_is(row.privilege, "Auditor"));
    assert_true(slice_is(row.public_key, room.people[0].public_key));
    assert_true(row.active);
    assert_int_equal(row.added_us, NOW_US);
    assert_int_equal(row.last_login_us, 0);
}

/* The fingerprint: the first 16 characters behind age1, in fours. */
static void the_event_names_the_guardian_and_the_key(void **state)
{
    (void)state;
    char fingerprint[20];
    const struct guardian_row wanted = good();
    const char *key = room.people[0].public_key + 4;
    room_expect(room_add(&wanted, &out), OK);
    room_expect_event(0, EVENT_GUARDIAN_ADDED);
    room_expect_text(0, FIELD_DUSER, "jsilva");
    room_expect_text(0, FIELD_GUARDIAN_NAME, "José da Silva");
    room_expect_text(0, FIELD_DUID, "7");
    room_expect_text(0, FIELD_DPRIV, "Auditor");
    room_expect_text(0, FIELD_PUBLIC_KEY, room.people[0].public_key);
    snprintf(fingerprint, sizeof fingerprint, "%.4s %.4s %.4s %.4s", key, key + 4, key + 8,
             key + 12);
    room_expect_text(0, FIELD_KEY_FINGERPRINT, fingerprint);
}

static void privilege_is_user_when_it_is_left_out(void **state)
{
    (void)state;
    struct guardian_row wanted = good();
    wanted.privilege = (struct slice){NULL, 0};
    wanted.email = wanted.phone = (struct slice){NULL, 0};
    room_expect(room_add(&wanted, &out), OK);
    assert_true(slice_is(room_guardian("jsilva").privilege, "User"));
}

static void a_guardian_without_a_key_may_be_registered(void **state)
{
    (void)state;
    struct guardian_row wanted = good();
    wanted.public_key = (struct slice){NULL, 0};
    room_expect(room_add(&wanted, &out), OK);
    room_expect_text(0, FIELD_PUBLIC_KEY, NULL);
    room_expect_text(0, FIELD_KEY_FINGERPRINT, NULL);
    wanted.login = slice_of("another"); /* and a second one: no key is nobody's */
    room_expect(room_add(&wanted, &out), OK);
}

static const struct {
    size_t member;
    const char *name;
    size_t least, most;
} texts[] = {{offsetof(struct guardian_row, login), "login", 1, 128},
             {offsetof(struct guardian_row, id), "id", 1, 256},
             {offsetof(struct guardian_row, name), "name", 1, 256},
             {offsetof(struct guardian_row, email), "email", 0, 256},
             {offsetof(struct guardian_row, phone), "phone", 0, 256},
             {offsetof(struct guardian_row, privilege), "privilege", 0, 256}};

#define TEXTS (sizeof texts / sizeof texts[0])

static enum err add_with(size_t number, struct slice text)
{
    struct guardian_row wanted = good();
    memcpy((char *)&wanted + texts[number].member, &text, sizeof text);
    return room_add(&wanted, &out);
}

static void expect_field(enum err err, enum reason reason, size_t number)
{
    char field[32];
    snprintf(field, sizeof field, "/%s", texts[number].name);
    room_expect_fault(err, ERR_INVALID_PARAMS, reason, field);
    assert_int_equal(room_events(), 0);
}

static void every_text_has_its_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXTS; i++) {
        expect_field(add_with(i, text_of(texts[i].most + 1)), REASON_too_long, i);
        if (texts[i].least > 0) {
            expect_field(add_with(i, slice_of("")), REASON_bad_value, i);
        }
    }
    for (size_t i = 0; i < TEXTS; i++) {
        room_expect(add_with(i, text_of(texts[i].most)), OK);
        room_remove(NULL);
        room_make(NULL);
    }
}

static void no_text_has_controls_or_what_is_not_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\nb",           "a\tb", "\x1b[31m",    "a\x7f", "\xc2\x85",
                                      /* NEL */ "\xff", "\xc3", "\xed\xa0\x80" /* surrogate */};
    for (size_t i = 0; i < TEXTS; i++) {
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            expect_field(add_with(i, slice_of(bad[j])), REASON_bad_value, i);
        }
        expect_field(add_with(i, (struct slice){"a\0b", 3}), REASON_bad_value, i);
    }
}

static void a_login_is_one_word(void **state)
{
    (void)state;
    expect_field(add_with(0, slice_of("j silva")), REASON_bad_value, 0);
}

static void a_login_is_one_persons(void **state)
{
    (void)state;
    struct guardian_row wanted = good();
    room_expect(room_add(&wanted, &out), OK);
    wanted.public_key = (struct slice){NULL, 0};
    room_expect_fault(room_add(&wanted, &out), ERR_WRONG_STATE, REASON_login_taken, "/login");
    assert_true(fault_data_has("\"state\":\"active\""));
    assert_true(fault_data_has("\"guardian.update\""));
    assert_int_equal(room_events(), 1);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static enum err add_with_key(const char *key)
{
    struct guardian_row wanted = good();
    wanted.login = slice_of("other");
    wanted.public_key = slice_of(key);
    return room_add(&wanted, &out);
}

static void a_key_must_be_one_that_can_be_sealed_to(void **state)
{
    (void)state;
    uint8_t zero[KEY_BYTES] = {0};
    char weak[KEY_PUBLIC_TEXT + 1];
    char wrong[KEY_PUBLIC_TEXT + 1];
    const struct guardian_row wanted = good();
    key_public_text(zero, weak);
    snprintf(wrong, sizeof wrong, "%s", room.people[0].public_key);
    wrong[20] = wrong[20] == 'q' ? 'p' : 'q';
    static const char *const unsupported[] = {
        "", "ssh-ed25519 AAAA", "age1pq1qqqq", "age1yubikey1qqqqqqqqqqqqqqqq",
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"};
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++) {
        room_expect_fault(add_with_key(unsupported[i]), ERR_INVALID_PARAMS,
                          REASON_unsupported_public_key, "/public_key");
    }
    room_expect_fault(add_with_key(weak), ERR_INVALID_PARAMS, REASON_weak_public_key,
                      "/public_key");
    room_expect_fault(add_with_key(wrong), ERR_INVALID_PARAMS, REASON_bad_value, "/public_key");
    assert_int_equal(room_events(), 0);
    room_expect(room_add(&wanted, &out), OK);
}

static void a_key_is_one_persons(void **state)
{
    (void)state;
    const struct guardian_row wanted = good();
    room_expect(room_add(&wanted, &out), OK);
    room_expect_fault(add_with_key(room.people[0].public_key), ERR_WRONG_STATE,
                      REASON_public_key_taken, "/public_key");
    assert_non_null(strstr(room.fault.sentence, "jsilva"));
    assert_true(fault_data_has("\"state\":\"active\""));
    /* in capitals it would be the same key under another text */
    char capitals[KEY_PUBLIC_TEXT + 1];
    for (size_t i = 0; i <= KEY_PUBLIC_TEXT; i++) {
        char c = room.people[0].public_key[i];
        capitals[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    room_expect_fault(add_with_key(capitals), ERR_INVALID_PARAMS, REASON_bad_value, "/public_key");
    /* and with the bit that X25519 ignores */
    uint8_t key[KEY_BYTES];
    char twin[KEY_PUBLIC_TEXT + 1];
    room_expect(key_public_from_text(slice_of(room.people[0].public_key), key, &room.fault), OK);
    key[KEY_BYTES - 1] |= 0x80;
    key_public_text(key, twin);
    room_expect_fault(add_with_key(twin), ERR_INVALID_PARAMS, REASON_bad_value, "/public_key");
    assert_false(is_there("other"));
}

/* ---- updating -------------------------------------------------------------------------------- */

static void an_update_changes_what_is_given_and_names_it(void **state)
{
    (void)state;
    const struct guardian_row wanted = good();
    room_expect(room_add(&wanted, &out), OK);
    const struct guardian_update update = {.login = slice_of("jsilva"),
                                           .name = slice_of("José Silva"),
                                           .email = slice_of(""),
                                           .phone = wanted.phone,
                                           .reason = slice_of("married")};
    room_expect(room_update(&update, &out), OK);
    struct guardian_row row = room_guardian("jsilva");
    assert_true(slice_is(row.name, "José Silva"));
    assert_true(slice_is(row.email, ""));
    assert_true(slice_equal(row.phone, wanted.phone));
    assert_true(slice_equal(row.public_key, wanted.public_key));
    assert_true(slice_is(row.id, "7"));
    room_expect_event(1, EVENT_GUARDIAN_UPDATED);
    room_expect_text(1, FIELD_DUSER, "jsilva");
    room_expect_text(1, FIELD_CHANGED, "name, email");
    room_expect_text(1, FIELD_REASON, "married");
    room_expect_text(1, FIELD_PUBLIC_KEY, NULL);
}

static void a_new_key_is_told(void **state)
{
    (void)state;
    const struct guardian_row wanted = good();
    room_expect(room_add(&wanted, &out), OK);
    person_make(&room.people[1], "other");
    const struct guardian_update update = {.login = slice_of("jsilva"),
                                           .public_key = slice_of(room.people[1].public_key)};
    room_expect(room_update(&update, &out), OK);
    room_expect_text(1, FIELD_CHANGED, "public_key");
    room_expect_text(1, FIELD_PUBLIC_KEY, room.people[1].public_key);
    assert_non_null(event_get(room_event(1), FIELD_KEY_FINGERPRINT));
    /* the former one is free for nobody's harm, the new one is taken */
    room_expect_fault(add_with_key(room.people[1].public_key), ERR_WRONG_STATE,
                      REASON_public_key_taken, "/public_key");
    room_expect(add_with_key(room.people[0].public_key), OK);
}

static void an_update_is_held_to_the_same_limits(void **state)
{
    (void)state;
    struct guardian_row wanted = good();
    room_expect(room_add(&wanted, &out), OK);
    wanted.login = slice_of("other");
    person_make(&room.people[1], "other");
    wanted.public_key = slice_of(room.people[1].public_key);
    room_expect(room_add(&wanted, &out), OK);
    struct guardian_update update = {.login = slice_of("jsilva")};
    room_expect_fault(room_update(&update, &out), ERR_INVALID_PARAMS, REASON_nothing_to_change, "");
    update.name = slice_of("José da Silva");
    room_expect_fault(room_update(&update, &out), ERR_INVALID_PARAMS, REASON_nothing_to_change, "");
    update.name = slice_of("");
    room_expect_fault(room_update(&update, &out), ERR_INVALID_PARAMS, REASON_bad_value, "/name");
    update.name = text_of(257);
    room_expect_fault(room_update(&update, &out), ERR_INVALID_PARAMS, REASON_too_long, "/name");
    update.name = (struct slice){NULL, 0};
    update.public_key = slice_of(room.people[1].public_key);
    room_expect_fault(room_update(&update, &out), ERR_WRONG_STATE, REASON_public_key_taken,
                      "/public_key");
    update.public_key = slice_of("");
    room_expect_fault(room_update(&update, &out), ERR_INVALID_PARAMS, REASON_unsupported_public_key,
                      "/public_key");
    update.public_key = (struct slice){NULL, 0};
    update.phone = slice_of("1");
    update.reason = slice_of("a\nb");
    room_expect_fault(room_update(&update, &out), ERR_INVALID_PARAMS, REASON_bad_value, "/reason");
    update.reason = text_of(257);
    room_expect_fault(room_update(&update, &out), ERR_INVALID_PARAMS, REASON_too_long, "/reason");
    update = (struct guardian_update){.login = slice_of("nobody"), .phone = slice_of("1")};
    room_expect_fault(room_update(&update, &out), ERR_NOT_FOUND, REASON_unknown_guardian, "/login");
    assert_int_equal(room_events(), 2);
}

/* ---- activity -------------------------------------------------------------------------------- */

static void a_guardian_goes_and_comes_back(void **state)
{
    (void)state;
    const struct guardian_row wanted = good();
    room_expect(room_add(&wanted, &out), OK);
    room_expect_fault(room_set_active("jsilva", true, ""), ERR_WRONG_STATE, REASON_guardian_active,
                      "/login");
    assert_true(fault_data_has("\"possible\":[\"guardian.update\",\"guardian.deactivate\"]"));
    room_expect(room_set_active("jsilva", false, "left"), OK);
    room_expect_event(1, EVENT_GUARDIAN_DEACTIVATED);
    room_expect_text(1, FIELD_DUSER, "jsilva");
    room_expect_text(1, FIELD_REASON, "left");
    assert_false(room_guardian("jsilva").active);
    room_expect_fault(room_set_active("jsilva", false, ""), ERR_WRONG_STATE,
                      REASON_guardian_inactive, "/login");
    assert_true(fault_data_has("\"state\":\"inactive\",\"possible\":[\"guardian.update\","
                               "\"guardian.activate\"]"));
    room_expect(room_set_active("jsilva", true, ""), OK);
    room_expect_event(2, EVENT_GUARDIAN_ACTIVATED);
    assert_true(room_guardian("jsilva").active);
    room_expect_fault(room_set_active("nobody", false, ""), ERR_NOT_FOUND, REASON_unknown_guardian,
                      "/login");
    room_expect_fault(room_set_active("jsilva", false, "a\nb"), ERR_INVALID_PARAMS,
                      REASON_bad_value, "/reason");
    assert_int_equal(room_events(), 3);
}

/* Live are the open and the completed ones: of these the guardian holds a part that counts. */
static void who_goes_with_live_parts_is_told_for_each_of_their_ceremonies(void **state)
{
    (void)state;
    char live[3][UUID_TEXT_BYTES + 1];
    room_register(4);
    room_start(2, 2); /* open */
    memcpy(live[0], room.ceremony, sizeof live[0]);
    room.now_us += SECOND_US; /* they are told in the order in which they were started */
    room_complete(3, 2);      /* completed */
    memcpy(live[1], room.ceremony, sizeof live[1]);
    room.now_us += SECOND_US;
    room_track(2, 2); /* open, of another system */
    memcpy(live[2], room.ceremony, sizeof live[2]);
    room_start(2, 2);
    room_expect(room_cancel(room.ceremony, "a mistake"), OK);
    struct ceremony_plan soon = plan_of(3, 2);
    soon.expires_in_s = 60;
    room_expect(room_try_start(&soon), OK);
    room.now_us += 60 * SECOND_US;
    room_tick(); /* expired */
    assert_true(room_state_is("expired"));
    struct ceremony_plan others = plan_of(4, 2);
    others.guardians++; /* guardian2 … guardian4 */
    others.guardian_count = 3;
    room_expect(room_try_start(&others), OK);
    int64_t first = (int64_t)room_events();
    room_expect(room_set_active("guardian1", false, "left the company"), OK);
    assert_int_equal(room_events(), first + 4);
    room_expect_event(first, EVENT_GUARDIAN_DEACTIVATED);
    for (int64_t i = 0; i < 3; i++) {
        room_expect_event(first + 1 + i, EVENT_MASTER_KEY_GUARDIAN_INACTIVE);
        room_expect_text(first + 1 + i, FIELD_CEREMONY, live[i]);
        room_expect_text(first + 1 + i, FIELD_SUSER, "guardian1"); /* whom it is about */
        room_expect_text(first + 1 + i, FIELD_SNAME, "A Guardian");
        room_expect_text(first + 1 + i, FIELD_SUID, "9");
        room_expect_text(first + 1 + i, FIELD_SPRIV, "User");
        room_expect_text(first + 1 + i, FIELD_REASON, "left the company");
    }
    /* who comes back and goes again is told again, with all that is still live */
    room_expect(room_set_active("guardian1", true, ""), OK);
    room_expect(room_cancel(live[0], "a mistake"), OK);
    first = (int64_t)room_events();
    room_expect(room_set_active("guardian1", false, ""), OK);
    assert_int_equal(room_events(), first + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_guardian_is_added_as_given),
        IN_ROOM(the_event_names_the_guardian_and_the_key),
        IN_ROOM(privilege_is_user_when_it_is_left_out),
        IN_ROOM(a_guardian_without_a_key_may_be_registered),
        IN_ROOM(every_text_has_its_limits),
        IN_ROOM(no_text_has_controls_or_what_is_not_utf8),
        IN_ROOM(a_login_is_one_word),
        IN_ROOM(a_login_is_one_persons),
        IN_ROOM(a_key_must_be_one_that_can_be_sealed_to),
        IN_ROOM(a_key_is_one_persons),
        IN_ROOM(an_update_changes_what_is_given_and_names_it),
        IN_ROOM(a_new_key_is_told),
        IN_ROOM(an_update_is_held_to_the_same_limits),
        IN_ROOM(a_guardian_goes_and_comes_back),
        IN_ROOM(who_goes_with_live_parts_is_told_for_each_of_their_ceremonies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
