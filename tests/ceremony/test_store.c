/* The rows, the acts and the requests of an open database. What the file goes through is in
 * test_store_open, test_store_crash and test_store_erase. */
#include "tests/ceremony/store_fixture.h"

/* ---- a model of the rows --------------------------------------------------------------------- */

static struct guardian_row guardians[2];
static struct ceremony_row ceremony;
static struct part_row part;
static size_t guardian_count, ceremony_count, part_count;
static bool tried[CHANGE_COUNT];

#define SAME_TEXT(member) assert_true(slice_equal(got->member, wanted->member))
#define SAME_NUMBER(member) assert_int_equal(got->member, wanted->member)

static void same_guardian(const struct guardian_row *got, const struct guardian_row *wanted)
{
    SAME_TEXT(login);
    SAME_TEXT(id);
    SAME_TEXT(name);
    SAME_TEXT(email);
    SAME_TEXT(phone);
    SAME_TEXT(privilege);
    SAME_TEXT(public_key);
    SAME_NUMBER(active);
    SAME_NUMBER(added_us);
    SAME_NUMBER(last_login_us);
    SAME_NUMBER(last_viewed_us);
    SAME_NUMBER(last_downloaded_us);
    SAME_NUMBER(last_proof_us);
}

static void same_ceremony(const struct ceremony_row *got, const struct ceremony_row *wanted)
{
    SAME_TEXT(id);
    SAME_TEXT(name);
    SAME_TEXT(kind);
    SAME_TEXT(state);
    SAME_NUMBER(threshold);
    SAME_NUMBER(count);
    SAME_NUMBER(bits);
    SAME_NUMBER(confirm);
    SAME_NUMBER(all_required);
    SAME_NUMBER(rehearsal);
    SAME_NUMBER(tracked);
    SAME_NUMBER(imported);
    SAME_NUMBER(identifier);
    SAME_TEXT(check_value);
    SAME_TEXT(recipient);
    SAME_TEXT(key_id);
    SAME_TEXT(started_by);
    SAME_NUMBER(started_us);
    SAME_NUMBER(ended_us);
    SAME_NUMBER(expires_us);
    SAME_TEXT(ended_reason);
    SAME_TEXT(erase_due);
}

static void same_part(const struct part_row *got, const struct part_row *wanted)
{
    SAME_TEXT(ceremony);
    SAME_TEXT(guardian);
    SAME_NUMBER(number);
    SAME_TEXT(header);
    SAME_TEXT(public_part);
    SAME_TEXT(guardian_key);
    SAME_TEXT(sealed);
    SAME_TEXT(challenge);
    SAME_NUMBER(challenge_us);
    SAME_NUMBER(viewed_us);
    SAME_NUMBER(downloaded_us);
    SAME_NUMBER(confirmed_us);
    SAME_TEXT(medium);
}

/* All rows there are, whatever way they are asked for, are those of the model. */
static void check_model(void)
{
    struct fault fault = {0};
    struct guardian_rows got_guardians;
    struct ceremony_rows got_ceremonies;
    struct part_rows got_parts;
    struct guardian_row one;
    arena_reset(&fixture.arena);
    expect_ok(store_guardians(fixture.store, &fixture.arena, &got_guardians, &fault), &fault);
    assert_int_equal(got_guardians.count, guardian_count);
    for (size_t i = 0; i < guardian_count; i++) {
        same_guardian(&got_guardians.rows[i], &guardians[i]);
        expect_ok(store_guardian(fixture.store, &fixture.arena, guardians[i].login, &one, &fault),
                  &fault);
        same_guardian(&one, &guardians[i]);
        expect_ok(store_guardian_of_key(fixture.store, &fixture.arena, guardians[i].public_key,
                                        &one, &fault),
                  &fault);
        same_guardian(&one, &guardians[i]);
    }
    expect_ok(store_ceremonies(fixture.store, &fixture.arena, &got_ceremonies, &fault), &fault);
    assert_int_equal(got_ceremonies.count, ceremony_count);
    for (size_t i = 0; i < ceremony_count; i++) {
        struct ceremony_row by_id;
        struct ceremony_row by_identifier;
        same_ceremony(&got_ceremonies.rows[i], &ceremony);
        expect_ok(store_ceremony(fixture.store, &fixture.arena, ceremony.id, &by_id, &fault),
                  &fault);
        same_ceremony(&by_id, &ceremony);
        expect_ok(store_ceremony_of_identifier(fixture.store, &fixture.arena, ceremony.identifier,
                                               &by_identifier, &fault),
                  &fault);
        same_ceremony(&by_identifier, &ceremony);
    }
    expect_ok(store_parts(fixture.store, &fixture.arena, slice_of("c1"), &got_parts, &fault),
              &fault);
    assert_int_equal(got_parts.count, part_count);
    for (size_t i = 0; i < part_count; i++) {
        struct part_row by_guardian = part_of("c1", "asouza");
        same_part(&got_parts.rows[i], &part);
        same_part(&by_guardian, &part);
    }
    expect_ok(store_part_states(fixture.store, &fixture.arena, slice_of("c1"), &got_parts, &fault),
              &fault);
    assert_int_equal(got_parts.count, part_count);
    for (size_t i = 0; i < part_count; i++) {
        struct part_row without = part;
        without.sealed = (struct slice){NULL, 0};
        same_part(&got_parts.rows[i], &without);
    }
}

/* One act of one statement; the model is what it must have made of the rows. */
#define DOES(step, ...)                   \
    do {                                  \
        struct change change;             \
        change_init(&change);             \
        STEP(&change, step, __VA_ARGS__); \
        commit(&change);                  \
        tried[step] = true;               \
        check_model();                    \
    } while (0)

static void changes_of_guardians(void)
{
    guardian_count = 1;
    guardians[0] = (struct guardian_row){.login = slice_of("asouza"),
                                         .id = slice_of("2"),
                                         .name = slice_of("Ana Souza"),
                                         .email = slice_of("ana@example.org"),
                                         .phone = slice_of("+55 11 5555"),
                                         .privilege = slice_of("User"),
                                         .public_key = slice_of("age1ana"),
                                         .active = true,
                                         .added_us = NOW_US};
    DOES(CHANGE_GUARDIAN_ADD, T("asouza"), T("2"), T("Ana Souza"), T("ana@example.org"),
         T("+55 11 5555"), T("User"), T("age1ana"), I(1), I(NOW_US));
    guardian_count = 2;
    guardians[1] = guardians[0];
    guardians[1].login = slice_of("mweber");
    guardians[1].public_key = slice_of("age1max");
    DOES(CHANGE_GUARDIAN_ADD, T("mweber"), T("2"), T("Ana Souza"), T("ana@example.org"),
         T("+55 11 5555"), T("User"), T("age1max"), I(1), I(NOW_US));
    guardians[0].id = slice_of("20");
    guardians[0].name = slice_of("Ana de Souza");
    guardians[0].email = (struct slice){NULL, 0};
    guardians[0].phone = (struct slice){NULL, 0};
    guardians[0].privilege = slice_of("Administrator");
    guardians[0].public_key = slice_of("age1ana2");
    DOES(CHANGE_GUARDIAN_UPDATE, T("20"), T("Ana de Souza"), NONE, T(""), T("Administrator"),
         T("age1ana2"), T("asouza"));
    guardians[0].active = false;
    DOES(CHANGE_GUARDIAN_SET_ACTIVE, I(0), T("asouza"));
    guardians[0].last_viewed_us = 1001;
    DOES(CHANGE_GUARDIAN_VIEWED, I(1001), T("asouza"));
    guardians[0].last_downloaded_us = 1002;
    DOES(CHANGE_GUARDIAN_DOWNLOADED, I(1002), T("asouza"));
    guardians[0].last_proof_us = 1003;
    DOES(CHANGE_GUARDIAN_PROVEN, I(1003), T("asouza"));
}

static void changes_of_ceremonies(void)
{
    ceremony_count = 1;
    ceremony = (struct ceremony_row){.id = slice_of("c1"),
                                     .name = slice_of("Vault"),
                                     .kind = slice_of("age"),
                                     .state = slice_of("open"),
                                     .threshold = 2,
                                     .count = 3,
                                     .bits = 256,
                                     .confirm = true,
                                     .rehearsal = true,
                                     .imported = true,
                                     .identifier = 32767,
                                     .check_value = slice_of("age1check"),
                                     .recipient = slice_of("age1recipient"),
                                     .key_id = slice_of("c0"),
                                     .started_by = slice_of("jsilva"),
                                     .started_us = 5001,
                                     .expires_us = 5002};
    DOES(CHANGE_CEREMONY_ADD, T("c1"), T("Vault"), T("age"), I(2), I(3), I(256), I(1), I(0), I(1),
         I(0), I(1), I(32767), T("age1check"), T("age1recipient"), T("c0"), T("jsilva"), I(5001),
         I(5002), T("open"));
    ceremony.state = slice_of("completed");
    ceremony.ended_us = 5003;
    ceremony.ended_reason = slice_of("all confirmed");
    DOES(CHANGE_CEREMONY_END, T("completed"), I(5003), T("all confirmed"), T("c1"));
    ceremony.erase_due = slice_of("completed");
    DOES(CHANGE_CEREMONY_ERASE_DUE, T("completed"), T("c1"));
    ceremony.erase_due = (struct slice){NULL, 0};
    DOES(CHANGE_CEREMONY_ERASED_TOLD, T("c1"));
}

static void changes_of_parts(void)
{
    part_count = 1;
    part = (struct part_row){.ceremony = slice_of("c1"),
                             .guardian = slice_of("asouza"),
                             .number = 2,
                             .header = {"\xfa\x83\0\0\x21", 5},
                             .public_part = {"\0public\0", 8},
                             .guardian_key = slice_of("age1ana2"),
                             .sealed = {"sealed\0", 7}};
    DOES(CHANGE_PART_ADD, T("c1"), I(2), T("asouza"), B("\xfa\x83\0\0\x21"), B("\0public\0"),
         T("age1ana2"), B("sealed\0"));
    part.viewed_us = 6001;
    DOES(CHANGE_PART_VIEWED, I(6001), T("c1"), I(2));
    part.downloaded_us = 6002;
    DOES(CHANGE_PART_DOWNLOADED, I(6002), T("c1"), I(2));
    part.challenge = (struct slice){"\0\1\2\3", 4};
    part.challenge_us = 6003;
    DOES(CHANGE_PART_CHALLENGE, B("\0\1\2\3"), I(6003), T("c1"), I(2));
    part.confirmed_us = 6004;
    part.medium = slice_of("paper");
    part.challenge = (struct slice){NULL, 0};
    part.challenge_us = 0;
    DOES(CHANGE_PART_CONFIRMED, I(6004), T("paper"), T("c1"), I(2));
    part.sealed = (struct slice){NULL, 0};
    DOES(CHANGE_PARTS_ERASE, T("c1"));
}

static int64_t locked_until(const char *login)
{
    struct fault fault = {0};
    int64_t until_us = -1;
    expect_ok(store_locked_until(fixture.store, slice_of(login), INT64_MAX, &until_us, &fault),
              &fault);
    return until_us;
}

static int64_t bad_submissions_until(const char *login, int64_t after_us, int64_t now_us)
{
    struct fault fault = {0};
    int64_t count = -1;
    expect_ok(
        store_bad_submissions(fixture.store, slice_of(login), after_us, now_us, &count, &fault),
        &fault);
    return count;
}

static int64_t bad_submissions(const char *login, int64_t after_us)
{
    return bad_submissions_until(login, after_us, INT64_MAX);
}

static void changes_of_logins(void)
{
    assert_int_equal(bad_submissions("asouza", 0), 0);
    DOES(CHANGE_BAD_SUBMISSION_ADD, T("asouza"), I(7001));
    DOES(CHANGE_BAD_SUBMISSION_ADD, T("asouza"), I(7002));
    DOES(CHANGE_BAD_SUBMISSION_ADD, T("mweber"), I(7002));
    assert_int_equal(bad_submissions("asouza", 7000), 2);
    assert_int_equal(bad_submissions("asouza", 7001), 1);
    assert_int_equal(bad_submissions("asouza", 7002), 0);
    assert_int_equal(bad_submissions_until("asouza", 7000, 7001), 1);
    assert_int_equal(bad_submissions_until("asouza", 0, 7000), 0);
    DOES(CHANGE_BAD_SUBMISSIONS_FORGET, I(7002));
    assert_int_equal(bad_submissions("asouza", 0), 1);
    assert_int_equal(bad_submissions("mweber", 0), 1);
    assert_int_equal(locked_until("asouza"), 0);
    DOES(CHANGE_LOCK_SET, T("asouza"), I(8001));
    assert_int_equal(locked_until("asouza"), 8001);
    DOES(CHANGE_LOCK_SET, T("asouza"), I(0));
    assert_int_equal(locked_until("asouza"), 0);
    assert_int_equal(locked_until("mweber"), 0);
}

static void every_statement_does_what_it_says_and_nothing_else(void **state)
{
    (void)state;
    guardian_count = ceremony_count = part_count = 0;
    memset(tried, 0, sizeof tried);
    changes_of_guardians();
    changes_of_ceremonies();
    changes_of_parts();
    changes_of_logins();
    for (int i = 0; i < CHANGE_COUNT; i++) {
        if (!tried[i]) {
            fail_msg("%s was not tried", change_name((enum change_kind)i));
        }
    }
    fixture_reopen();
    check_model();
    assert_int_equal(bad_submissions("asouza", 0), 1);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void what_is_not_there_is_not_found_and_no_fault(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct guardian_row guardian;
    struct ceremony_row found;
    struct part_row found_part;
    struct change change;
    struct slice nothing = {NULL, 0};
    change_init(&change);
    add_guardian(&change, "asouza", "");
    add_guardian(&change, "mweber", ""); /* two without a key */
    add_ceremony(&change, "tracked", -1, 1);
    add_ceremony(&change, "another", -1, 2);
    commit(&change);
    assert_int_equal(
        store_guardian(fixture.store, &fixture.arena, slice_of("x"), &guardian, &fault),
        ERR_NOT_FOUND);
    assert_int_equal(
        store_guardian_of_key(fixture.store, &fixture.arena, slice_of("age1"), &guardian, &fault),
        ERR_NOT_FOUND);
    assert_int_equal(
        store_guardian_of_key(fixture.store, &fixture.arena, nothing, &guardian, &fault),
        ERR_NOT_FOUND);
    assert_int_equal(store_ceremony(fixture.store, &fixture.arena, slice_of("x"), &found, &fault),
                     ERR_NOT_FOUND);
    assert_int_equal(
        store_ceremony_of_identifier(fixture.store, &fixture.arena, -1, &found, &fault),
        ERR_NOT_FOUND);
    assert_int_equal(store_part_of_guardian(fixture.store, &fixture.arena, slice_of("tracked"),
                                            slice_of("asouza"), &found_part, &fault),
                     ERR_NOT_FOUND);
    assert_int_equal(fault.err, OK);
}

static void what_a_tracked_ceremony_has_not_may_be_null(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct ceremony_row row;
    struct change change;
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    STEP(&change, CHANGE_CEREMONY_ADD, T("c1"), T("Vault"), NONE, I(2), I(3), NONE, I(0), I(0),
         I(0), I(1), I(0), NONE, NONE, NONE, NONE, T("wf"), I(1), I(0), T("open"));
    STEP(&change, CHANGE_PART_ADD, T("c1"), I(1), T("asouza"), NONE, NONE, NONE, NONE);
    commit(&change);
    expect_ok(store_ceremony(fixture.store, &fixture.arena, slice_of("c1"), &row, &fault), &fault);
    assert_true(row.tracked);
    assert_int_equal(row.identifier, -1);
    assert_int_equal(row.bits, 0);
    assert_int_equal(row.kind.length + row.check_value.length + row.recipient.length, 0);
    struct part_row of_asouza = part_of("c1", "asouza");
    assert_int_equal(of_asouza.header.length + of_asouza.public_part.length, 0);
    assert_int_equal(of_asouza.sealed.length + of_asouza.guardian_key.length, 0);
}

static void check_ids(const struct ceremony_rows *rows, const char *wanted)
{
    char got[256] = "";
    for (size_t i = 0; i < rows->count; i++) {
        size_t length = strlen(got);
        snprintf(got + length, sizeof got - length, "%.*s ", (int)rows->rows[i].id.length,
                 rows->rows[i].id.data);
    }
    assert_string_equal(got, wanted);
}

static void make_some(struct change *change)
{
    add_guardian(change, "zoe", "age1z");
    add_guardian(change, "asouza", "age1a");
    add_ceremony(change, "late", 1, 30);
    add_ceremony(change, "early", 2, 10);
    add_ceremony(change, "middle", 3, 20);
    for (int64_t number = 2; number >= 1; number--) {
        add_part(change, "late", number, number == 1 ? "zoe" : "asouza", slice_of("s"));
    }
    add_part(change, "early", 1, "zoe", slice_of("s"));
}

static void lists_are_in_order(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct guardian_rows all_guardians;
    struct ceremony_rows rows;
    struct part_rows parts;
    struct change change;
    change_init(&change);
    make_some(&change);
    commit(&change);
    expect_ok(store_guardians(fixture.store, &fixture.arena, &all_guardians, &fault), &fault);
    assert_true(slice_is(all_guardians.rows[0].login, "asouza"));
    assert_true(slice_is(all_guardians.rows[1].login, "zoe"));
    expect_ok(store_ceremonies(fixture.store, &fixture.arena, &rows, &fault), &fault);
    check_ids(&rows, "early middle late ");
    struct slice zoe = slice_of("zoe");
    expect_ok(store_ceremonies_of_guardian(fixture.store, &fixture.arena, zoe, &rows, &fault),
              &fault);
    check_ids(&rows, "early late ");
    struct part_row last;
    expect_ok(store_last_part_of_guardian(fixture.store, &fixture.arena, zoe, &last, &fault),
              &fault);
    assert_true(slice_is(last.ceremony, "late"));
    assert_true(slice_is(last.guardian, "zoe"));
    assert_int_equal(last.number, 1);
    assert_int_equal(last.sealed.length, 0);
    struct slice nobody = slice_of("nobody");
    assert_int_equal(
        store_last_part_of_guardian(fixture.store, &fixture.arena, nobody, &last, &fault),
        ERR_NOT_FOUND);
    expect_ok(store_ceremonies_of_guardian(fixture.store, &fixture.arena, nobody, &rows, &fault),
              &fault);
    check_ids(&rows, "");
    expect_ok(store_parts(fixture.store, &fixture.arena, slice_of("late"), &parts, &fault), &fault);
    assert_int_equal(parts.count, 2);
    assert_int_equal(parts.rows[0].number, 1);
    assert_int_equal(parts.rows[1].number, 2);
}

static void many_rows_are_all_listed(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct guardian_rows rows;
    struct change change;
    change_init(&change);
    for (unsigned i = 0; i < 1000; i++) {
        char login[16];
        char key[16];
        snprintf(login, sizeof login, "u%03u", 999 - i);
        snprintf(key, sizeof key, "age1%u", i);
        add_guardian(&change, login, key);
    }
    commit(&change);
    expect_ok(store_guardians(fixture.store, &fixture.arena, &rows, &fault), &fault);
    assert_int_equal(rows.count, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        char login[16];
        snprintf(login, sizeof login, "u%03u", i);
        assert_true(slice_is(rows.rows[i].login, login));
    }
}

/* An open ceremony that ends at the time. */
static void add_expiring(struct change *change, const char *id, int64_t identifier,
                         int64_t expires_us, const char *what)
{
    STEP(change, CHANGE_CEREMONY_ADD, T(id), T("Vault"), T("age"), I(2), I(3), I(256), I(1), I(0),
         I(0), I(0), I(0), I(identifier), T("a"), T("r"), T("k"), T("j"), I(identifier),
         I(expires_us), T(what));
}

static void expired_ones_are_open_and_beyond_their_time(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct ceremony_rows rows;
    struct change change;
    change_init(&change);
    add_expiring(&change, "never", 1, 0, "open");
    add_expiring(&change, "over", 2, 99, "open");
    add_expiring(&change, "now", 3, 100, "open");
    add_expiring(&change, "soon", 4, 101, "open");
    add_expiring(&change, "done", 5, 99, "completed");
    STEP(&change, CHANGE_CEREMONY_ERASE_DUE, T("completed"), T("done"));
    STEP(&change, CHANGE_CEREMONY_ERASE_DUE, T(""), T("now"));
    commit(&change);
    expect_ok(store_ceremonies_expired(fixture.store, &fixture.arena, 100, &rows, &fault), &fault);
    check_ids(&rows, "over ");
    change_init(&change);
    STEP(&change, CHANGE_CEREMONY_END, T("expired"), I(100), T("r"), T("over"));
    commit(&change);
    expect_ok(store_ceremonies_expired(fixture.store, &fixture.arena, 100, &rows, &fault), &fault);
    check_ids(&rows, "now ");
    expect_ok(store_ceremonies_erase_due(fixture.store, &fixture.arena, &rows, &fault), &fault);
    check_ids(&rows, "done ");
}

/* The daemon gives it an arena of 1 MiB. */
static void however_many_are_due_one_is_told(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct ceremony_rows rows;
    struct arena arena;
    arena_init(&arena, 4096);
    for (int number = 0; number < 3000; number += 1000) {
        struct change change;
        change_init(&change);
        for (int i = number; i < number + 1000; i++) {
            char id[16];
            snprintf(id, sizeof id, "c%04d", i);
            add_expiring(&change, id, i, 99, "open");
            STEP(&change, CHANGE_CEREMONY_ERASE_DUE, T("completed"), T(id));
        }
        commit(&change);
    }
    expect_ok(store_ceremonies_expired(fixture.store, &arena, 100, &rows, &fault), &fault);
    check_ids(&rows, "c0000 ");
    expect_ok(store_ceremonies_erase_due(fixture.store, &arena, &rows, &fault), &fault);
    check_ids(&rows, "c0000 ");
    arena_done(&arena);
}

static void an_identifier_is_used_for_ever(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct change change;
    bool used = true;
    change_init(&change);
    add_ceremony(&change, "c1", 17, 1);
    STEP(&change, CHANGE_CEREMONY_END, T("cancelled"), I(2), T("a mistake"), T("c1"));
    commit(&change);
    expect_ok(store_identifier_used(fixture.store, 16, &used, &fault), &fault);
    assert_false(used);
    expect_ok(store_identifier_used(fixture.store, 17, &used, &fault), &fault);
    assert_true(used);
}

static void who_calls_is_noted_without_an_event(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct guardian_row row;
    struct change change;
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    commit(&change);
    expect_ok(store_guardian_seen(fixture.store, slice_of("asouza"), 77, &fault), &fault);
    expect_ok(store_guardian_seen(fixture.store, slice_of("nobody"), 78, &fault), &fault);
    expect_ok(store_guardian(fixture.store, &fixture.arena, slice_of("asouza"), &row, &fault),
              &fault);
    assert_int_equal(row.last_login_us, 77);
    assert_false(has_guardian("nobody"));
}

/* A text with what breaks SQL and terminals is a value and nothing else. */
static void values_are_never_sql(void **state)
{
    (void)state;
    static const char evil[] = "x'); DROP TABLE guardian; -- \" ? :a %s \xff\x01";
    struct change change;
    change_init(&change);
    add_guardian(&change, evil, "age1a");
    commit(&change);
    assert_true(has_guardian(evil));
    fixture_reopen();
    assert_true(has_guardian(evil));
}

/* ---- acts ------------------------------------------------------------------------------------ */

static void nothing_has_happened_before_the_event_is_durable(void **state)
{
    (void)state;
    struct change change;
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    struct store_act act = next_act(&change);
    prepare(&act);
    assert_false(has_guardian("asouza"));
    apply(act.event, emit(act.event));
    assert_true(has_guardian("asouza"));
    change_done(&change);
}

static void a_dropped_act_has_never_been(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct change change;
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    struct store_act act = next_act(&change);
    prepare(&act);
    expect_ok(store_drop(fixture.store, act.event, &fault), &fault);
    assert_int_equal(store_apply(fixture.store, act.event, 0, &fault), ERR_INTERNAL);
    assert_non_null(strstr(fault.sentence, act.event));
    assert_false(has_guardian("asouza"));
    fixture_reopen();
    assert_false(has_guardian("asouza"));
    change_done(&change);
}

static void an_act_is_applied_once(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct change change;
    change_init(&change);
    STEP(&change, CHANGE_BAD_SUBMISSION_ADD, T("asouza"), I(1));
    struct store_act act = next_act(&change);
    prepare(&act);
    uint64_t index = emit(act.event);
    apply(act.event, index);
    assert_int_equal(store_apply(fixture.store, act.event, index, &fault), ERR_INTERNAL);
    assert_int_equal(bad_submissions("asouza", 0), 1);
    change_done(&change);
}

static void an_act_without_a_change_is_one_too(void **state)
{
    (void)state;
    struct change change;
    change_init(&change);
    commit(&change);
    fixture_reopen();
}

/* Prepares what cannot be made: refused, now and not when its event is in the log. */
static void refuse(struct change *change, const char *word)
{
    struct fault fault = {0};
    struct store_act act = next_act(change);
    assert_int_equal(store_prepare(fixture.store, &act, &fault), ERR_INTERNAL);
    if (strstr(fault.sentence, word) == NULL) {
        fail_msg("the fault says: %s", fault.sentence);
    }
    assert_int_equal(store_apply(fixture.store, act.event, 0, &fault), ERR_INTERNAL);
    change_done(change);
    change_init(change);
}

static void what_cannot_be_made_is_refused_before_its_event(void **state)
{
    (void)state;
    struct change change;
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    add_ceremony(&change, "c1", 17, 1);
    add_part(&change, "c1", 1, "asouza", slice_of("s"));
    commit(&change);
    change_init(&change);
    add_guardian(&change, "zoe", "age1z"); /* the good half of a bad change */
    add_guardian(&change, "asouza", "age1b");
    refuse(&change, "guardian.login");
    add_guardian(&change, "mweber", "age1a");
    refuse(&change, "guardian.public_key");
    add_ceremony(&change, "c2", 17, 1);
    refuse(&change, "ceremony.identifier");
    add_part(&change, "c1", 2, "asouza", slice_of("s"));
    refuse(&change, "part.guardian, part.ceremony");
    add_part(&change, "c1", 2, "nobody", slice_of("s"));
    refuse(&change, "FOREIGN KEY");
    add_part(&change, "c9", 1, "asouza", slice_of("s"));
    refuse(&change, "FOREIGN KEY");
    STEP(&change, CHANGE_GUARDIAN_SET_ACTIVE, NONE, T("asouza"));
    refuse(&change, "guardian.active");
    assert_false(has_guardian("zoe"));
    add_guardian(&change, "zoe", "age1z");
    commit(&change); /* and it goes on */
    assert_true(has_guardian("zoe"));
}

static void the_same_event_cannot_wait_twice(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct change change;
    change_init(&change);
    struct store_act act = next_act(&change);
    prepare(&act);
    assert_int_equal(store_prepare(fixture.store, &act, &fault), ERR_INTERNAL);
    change_done(&change);
}

static void a_change_that_is_too_large_is_refused(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct change change;
    char *octets = calloc(1, CHANGE_BYTES_MAX);
    change_init(&change);
    STEP(&change, CHANGE_PART_CHALLENGE, O(((struct slice){octets, CHANGE_BYTES_MAX})), I(1),
         T("c"), I(1));
    struct store_act act = next_act(&change);
    assert_int_equal(store_prepare(fixture.store, &act, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_too_large);
    change_done(&change);
    free(octets);
}

static void the_largest_ceremony_fits(void **state)
{
    (void)state;
    static char sealed[2048 + 48];
    struct change change;
    memset(sealed, 'x', sizeof sealed);
    change_init(&change);
    add_ceremony(&change, "c1", 1, 1);
    for (int i = 0; i < 16; i++) {
        char login[16];
        char key[16];
        snprintf(login, sizeof login, "u%02d", i);
        snprintf(key, sizeof key, "age1%d", i);
        add_guardian(&change, login, key);
        add_part(&change, "c1", i + 1, login, (struct slice){sealed, sizeof sealed});
    }
    commit(&change);
    fixture_reopen();
    struct part_row last = part_of("c1", "u15");
    assert_true(slice_equal(last.sealed, (struct slice){sealed, sizeof sealed}));
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct store_request request_of(const char *owner, const char *id, char hash)
{
    struct store_request request = {.owner = slice_of(owner), .id = slice_of(id)};
    memset(request.hash, hash, sizeof request.hash);
    return request;
}

static enum store_request_state find(struct store_request request, int64_t now_us,
                                     struct slice *out_answer)
{
    struct fault fault = {0};
    enum store_request_state state = STORE_REQUEST_REUSED;
    expect_ok(store_request_find(fixture.store, &fixture.arena, &request, now_us, &state,
                                 out_answer, &fault),
              &fault);
    return state;
}

static void do_request(struct store_request request, int64_t now_us, bool withheld)
{
    struct change change;
    change_init(&change);
    struct store_act act = next_act(&change);
    act.request = request;
    act.answer = slice_of("{\"answer\":1}");
    act.answer_withheld = withheld;
    act.now_us = now_us;
    prepare(&act);
    apply(act.event, emit(act.event));
    change_done(&change);
}

static void a_repeated_request_gets_its_answer_again(void **state)
{
    (void)state;
    struct slice answer = {NULL, 0};
    struct store_request request = request_of("operator/jsilva", "r1", 'h');
    assert_int_equal(find(request, NOW_US, &answer), STORE_REQUEST_NEW);
    do_request(request, NOW_US, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(find(request, NOW_US + 1, &answer), STORE_REQUEST_DONE);
        assert_true(slice_is(answer, "{\"answer\":1}"));
        fixture_reopen();
    }
}

static void a_request_is_its_owners_and_its_parameters(void **state)
{
    (void)state;
    struct slice answer = slice_of("untouched");
    do_request(request_of("operator/jsilva", "r1", 'h'), NOW_US, false);
    assert_int_equal(find(request_of("operator/jsilva", "r1", 'g'), NOW_US, &answer),
                     STORE_REQUEST_REUSED);
    assert_int_equal(find(request_of("operator/jsilva", "r2", 'h'), NOW_US, &answer),
                     STORE_REQUEST_NEW);
    assert_int_equal(find(request_of("operator/zoe", "r1", 'h'), NOW_US, &answer),
                     STORE_REQUEST_NEW);
    assert_true(slice_is(answer, "untouched"));
}

static void an_answer_that_was_withheld_is_gone(void **state)
{
    (void)state;
    struct slice answer = slice_of("untouched");
    do_request(request_of("operator/jsilva", "r1", 'h'), NOW_US, true);
    assert_int_equal(find(request_of("operator/jsilva", "r1", 'h'), NOW_US, &answer),
                     STORE_REQUEST_WITHHELD);
    assert_int_equal(find(request_of("operator/jsilva", "r1", 'g'), NOW_US, &answer),
                     STORE_REQUEST_REUSED);
    assert_true(slice_is(answer, "untouched"));
}

static void a_request_is_known_for_24_hours(void **state)
{
    (void)state;
    const int64_t day_us = INT64_C(86400000000);
    struct slice answer = {NULL, 0};
    struct store_request request = request_of("operator/jsilva", "r1", 'h');
    do_request(request, NOW_US, false);
    assert_int_equal(find(request, NOW_US + day_us, &answer), STORE_REQUEST_DONE);
    assert_int_equal(find(request, NOW_US + day_us + 1, &answer), STORE_REQUEST_NEW);
    /* Forgotten, not only out of sight. */
    assert_int_equal(find(request, NOW_US, &answer), STORE_REQUEST_NEW);
    do_request(request_of("operator/jsilva", "r1", 'g'), NOW_US + day_us + 2, false);
    assert_int_equal(find(request_of("operator/jsilva", "r1", 'g'), NOW_US + day_us + 3, &answer),
                     STORE_REQUEST_DONE);
}

/* The id may be used anew although nobody looked in between. */
static void a_new_request_takes_the_place_of_an_old_one(void **state)
{
    (void)state;
    struct slice answer = {NULL, 0};
    do_request(request_of("operator/jsilva", "r1", 'h'), NOW_US, true);
    do_request(request_of("operator/jsilva", "r1", 'g'), NOW_US + 1, false);
    assert_int_equal(find(request_of("operator/jsilva", "r1", 'g'), NOW_US + 2, &answer),
                     STORE_REQUEST_DONE);
}

static void an_act_without_an_id_is_not_kept(void **state)
{
    (void)state;
    struct slice answer = {NULL, 0};
    do_request(request_of("operator/jsilva", "", 'h'), NOW_US, false);
    assert_int_equal(find(request_of("operator/jsilva", "", 'h'), NOW_US, &answer),
                     STORE_REQUEST_NEW);
}

static void a_dropped_request_was_never_made(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct slice answer = {NULL, 0};
    struct change change;
    change_init(&change);
    struct store_act act = next_act(&change);
    act.request = request_of("operator/jsilva", "r1", 'h');
    prepare(&act);
    assert_int_equal(find(act.request, NOW_US, &answer), STORE_REQUEST_NEW);
    expect_ok(store_drop(fixture.store, act.event, &fault), &fault);
    assert_int_equal(find(act.request, NOW_US, &answer), STORE_REQUEST_NEW);
    change_done(&change);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void without_memory_an_act_waits_and_a_list_fails(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct guardian_rows rows = {NULL, 99};
    struct arena small;
    struct change change;
    change_init(&change);
    make_some(&change);
    struct store_act act = next_act(&change);
    prepare(&act);
    uint64_t index = emit(act.event);
    memory_fail_from(1);
    assert_int_equal(store_apply(fixture.store, act.event, index, &fault), ERR_NO_MEMORY);
    memory_fail_from(0);
    assert_false(has_guardian("zoe"));
    apply(act.event, index);
    arena_init(&small, 600); /* a row, but not what is in it */
    assert_int_equal(store_guardians(fixture.store, &small, &rows, &fault), ERR_NO_MEMORY);
    assert_int_equal(rows.count, 99);
    arena_done(&small);
    assert_true(has_guardian("zoe"));
    change_done(&change);
}

static void opening_without_memory_fails_and_opens_later(void **state)
{
    (void)state;
    struct change change;
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    struct store_act act = next_act(&change);
    prepare(&act);
    emit(act.event);
    fixture_close_store();
    unsigned long n = 0;
    enum err err;
    do {
        struct fault fault;
        memory_fail_from(++n);
        err = fixture_try_store(false, &fault);
        memory_fail_from(0);
        assert_true(err == OK || err == ERR_NO_MEMORY);
    } while (err != OK);
    assert_true(n > 3);
    assert_true(has_guardian("asouza"));
    change_done(&change);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(every_statement_does_what_it_says_and_nothing_else),
        WITH_STORE(what_is_not_there_is_not_found_and_no_fault),
        WITH_STORE(what_a_tracked_ceremony_has_not_may_be_null),
        WITH_STORE(lists_are_in_order),
        WITH_STORE(many_rows_are_all_listed),
        WITH_STORE(expired_ones_are_open_and_beyond_their_time),
        WITH_STORE(however_many_are_due_one_is_told),
        WITH_STORE(an_identifier_is_used_for_ever),
        WITH_STORE(who_calls_is_noted_without_an_event),
        WITH_STORE(values_are_never_sql),
        WITH_STORE(nothing_has_happened_before_the_event_is_durable),
        WITH_STORE(a_dropped_act_has_never_been),
        WITH_STORE(an_act_is_applied_once),
        WITH_STORE(an_act_without_a_change_is_one_too),
        WITH_STORE(what_cannot_be_made_is_refused_before_its_event),
        WITH_STORE(the_same_event_cannot_wait_twice),
        WITH_STORE(a_change_that_is_too_large_is_refused),
        WITH_STORE(the_largest_ceremony_fits),
        WITH_STORE(a_repeated_request_gets_its_answer_again),
        WITH_STORE(a_request_is_its_owners_and_its_parameters),
        WITH_STORE(an_answer_that_was_withheld_is_gone),
        WITH_STORE(a_request_is_known_for_24_hours),
        WITH_STORE(a_new_request_takes_the_place_of_an_old_one),
        WITH_STORE(an_act_without_an_id_is_not_kept),
        WITH_STORE(a_dropped_request_was_never_made),
        WITH_STORE(without_memory_an_act_waits_and_a_list_fails),
        WITH_STORE(opening_without_memory_fails_and_opens_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
