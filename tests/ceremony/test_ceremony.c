/* Ceremonies: what may be planned, what is told and kept of one that is started. */
#include "tests/ceremony/room_people.h"

#include <dlfcn.h>

/* ---- libsodium, which lies once when it shall ------------------------------------------------ */

static unsigned lie_at; /* the n-th public key from now is wrong; 0: none */

int crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
    typedef int (*multiply)(unsigned char *, const unsigned char *);
    static multiply real;
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "crypto_scalarmult_base");
    }
    int result = real(q, n);
    if (lie_at > 0 && --lie_at == 0) {
        q[0] ^= 1;
    }
    return result;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static void expect_plan(const struct ceremony_plan *plan, enum err err, enum reason reason,
                        const char *field)
{
    struct ceremony_made made;
    uint64_t before = room_events();
    room_expect_fault(room_start_or_track(plan, false, &made), err, reason, field);
    assert_int_equal(room_events(), before);
}

static void thresholds_and_counts_have_their_bounds(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        int64_t threshold;
        enum reason reason;
        const char *field;
    } bad[] = {
        {0, 2, REASON_too_few_guardians, "/guardians"},
        {1, 1, REASON_too_few_guardians, "/guardians"},
        {1, 2, REASON_too_few_guardians, "/guardians"},
        {17, 2, REASON_too_many_parts, "/guardians"},
        {3, 1, REASON_threshold_too_small, "/threshold"},
        {3, 0, REASON_threshold_too_small, "/threshold"},
        {3, -1, REASON_threshold_too_small, "/threshold"},
        {3, INT64_MIN, REASON_threshold_too_small, "/threshold"},
        {3, 4, REASON_threshold_above_count, "/threshold"},
        {3, INT64_MAX, REASON_threshold_above_count, "/threshold"},
        {12, 11, REASON_threshold_too_large, "/threshold"},
        {3, 3, REASON_threshold_equals_count, "/threshold"},
        {2, 2, REASON_threshold_equals_count, "/threshold"},
    };
    room_register(17);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct ceremony_plan plan = plan_of(bad[i].count, bad[i].threshold);
        expect_plan(&plan, ERR_INVALID_PARAMS, bad[i].reason, bad[i].field);
    }
    struct ceremony_plan plan = plan_of(3, 4);
    plan.all_required = true; /* is no way around the others */
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_threshold_above_count, "/threshold");
    room_start(2, 2);
    room_start(16, 2);
    room_start(16, 10);
    room_start(10, 10);
    room.settings.threshold_min = 3;
    room.settings.threshold_max = 4;
    room_set();
    plan = plan_of(6, 2);
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_threshold_too_small, "/threshold");
    plan = plan_of(6, 5);
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_threshold_too_large, "/threshold");
}

static void names_and_lives_have_their_bounds(void **state)
{
    (void)state;
    static char longest[258];
    memset(longest, 'n', 257);
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.name = slice_of("");
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_value, "/name");
    plan.name = slice_of("a\nb");
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_value, "/name");
    plan.name = slice_of("\xff");
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_value, "/name");
    plan.name = slice_of(longest);
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_too_long, "/name");
    longest[256] = '\0';
    plan.name = slice_of(longest);
    room_expect(room_try_start(&plan), OK);
    memset(longest, '"', 256); /* each becomes two in what is sealed */
    room_expect(room_try_start(&plan), OK);
    room_take(0, false);
    plan.name =
        slice_of("Tresor \xe2\x80\xae ключ 鍵"); /* U+202E: a format character, no control */
    room_expect(room_try_start(&plan), OK);
    plan.expires_in_s = -1;
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_value, "/expires_in");
    plan.expires_in_s = CEREMONY_EXPIRES_MAX_S + 1;
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_value, "/expires_in");
    plan.expires_in_s = INT64_MAX;
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_value, "/expires_in");
    plan.expires_in_s = CEREMONY_EXPIRES_MAX_S;
    room_expect(room_try_start(&plan), OK);
    assert_int_equal(room_row(room.ceremony).expires_us,
                     NOW_US + CEREMONY_EXPIRES_MAX_S * SECOND_US);
}

static void guardians_must_be_active_and_have_a_key_and_stand_once(void **state)
{
    (void)state;
    struct guardian_row out;
    struct slice logins[3];
    room_register(4);
    struct guardian_row keyless = row_of(&room.people[0]);
    keyless.login = slice_of("keyless");
    keyless.public_key = (struct slice){NULL, 0};
    room_expect(room_add(&keyless, &out), OK);
    room_expect(room_set_active("guardian4", false, ""), OK);
    struct ceremony_plan plan = plan_of(3, 2);
    memcpy(logins, plan.guardians, sizeof logins);
    plan.guardians = logins;
    logins[2] = slice_of("guardian1");
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_guardian_twice, "/guardians/2");
    logins[2] = slice_of("nobody");
    expect_plan(&plan, ERR_NOT_FOUND, REASON_unknown_guardian, "/guardians/2");
    logins[2] = slice_of("");
    expect_plan(&plan, ERR_NOT_FOUND, REASON_unknown_guardian, "/guardians/2");
    logins[2] = slice_of("keyless");
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_guardian_without_key, "/guardians/2");
    logins[1] = slice_of("guardian4");
    expect_plan(&plan, ERR_WRONG_STATE, REASON_guardian_inactive, "/guardians/1");
    assert_true(fault_data_has("\"state\":\"inactive\""));
    assert_true(fault_data_has("\"guardian.activate\""));
    /* of a tracked ceremony they need none */
    struct ceremony_made made;
    logins[1] = slice_of("guardian2");
    room_expect(room_start_or_track(&plan, true, &made), OK);
}

static void bits_are_those_of_the_kind(void **state)
{
    (void)state;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.bits = 128;
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_bits, "/bits");
    plan.bits = 64;
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_bits, "/bits");
    plan.bits = INT64_C(256) + (INT64_C(1) << 32);
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_bits, "/bits");
    plan.bits = 256;
    room_expect(room_try_start(&plan), OK);
    plan.kind = KEY_RAW;
    plan.bits = 192;
    expect_plan(&plan, ERR_INVALID_PARAMS, REASON_bad_bits, "/bits");
    plan.bits = 0;
    room_expect(room_try_start(&plan), OK);
    assert_int_equal(room_row(room.ceremony).bits, 256);
    plan.bits = 128;
    room_expect(room_try_start(&plan), OK);
    assert_int_equal(room_row(room.ceremony).bits, 128);
}

static void warns_where_a_ceremony_is_weaker_than_it_could_be(void **state)
{
    (void)state;
    struct ceremony_made made;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    room_expect(room_start_or_track(&plan, false, &made), OK);
    assert_int_equal(made.warning_count, 0);
    plan.threshold = 3;
    plan.all_required = true;
    room_expect(room_start_or_track(&plan, false, &made), OK);
    assert_int_equal(made.warning_count, 1);
    assert_non_null(strstr(made.warnings[0], "one lost part"));
    room_expect(room_start_or_track(&plan, true, &made), OK);
    assert_int_equal(made.warning_count, 1);
    plan.confirm = false;
    plan.kind = KEY_RAW;
    plan.bits = 128;
    room_expect(room_start_or_track(&plan, false, &made), OK);
    assert_int_equal(made.warning_count, 3);
    assert_non_null(strstr(made.warnings[1], "stay in the state directory"));
    assert_non_null(strstr(made.warnings[2], "128 bits"));
}

/* ---- started --------------------------------------------------------------------------------- */

static void a_start_is_told_and_noted_as_planned(void **state)
{
    (void)state;
    struct ceremony_made made;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.rehearsal = true;
    room_expect(room_start_or_track(&plan, false, &made), OK);
    room_expect_event(-1, EVENT_MASTER_KEY_CEREMONY_STARTED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_text(-1, FIELD_CEREMONY_NAME, "Root of the vault");
    room_expect_text(-1, FIELD_KEY_KIND, "age");
    room_expect_text(-1, FIELD_KEY_SOURCE, "generated");
    room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
    room_expect_integer(-1, FIELD_PARTS_TOTAL, 3);
    struct ceremony_row row = room_row(room.ceremony);
    char check[KEY_CHECK_TEXT + 1];
    snprintf(check, sizeof check, "%.*s", (int)row.check_value.length, row.check_value.data);
    room_expect_text(-1, FIELD_CHECK, check);
    assert_true(event_get(room_event(-1), FIELD_REHEARSAL)->boolean);
    assert_true(slice_is(row.state, "open") && slice_is(row.kind, "age"));
    assert_true(slice_equal(row.recipient, row.check_value));
    assert_true(slice_equal(row.key_id, row.id));
    assert_true(slice_is(row.started_by, "operator"));
    assert_true(row.rehearsal && row.confirm && !row.tracked && !row.imported);
    assert_int_equal(row.started_us, NOW_US);
    assert_int_equal(row.expires_us, NOW_US + 30 * DAY_US);
    assert_in_range(row.identifier, 0, 32767);
    for (size_t i = 0; i < 3; i++) {
        struct part_row part = room_part(room.ceremony, i);
        struct slip39_header header;
        assert_int_equal(part.number, i + 1);
        slip39_header_unpack((const uint8_t *)part.header.data, &header);
        assert_int_equal(header.id, row.identifier);
        assert_int_equal(header.member_index, i);
        assert_int_equal(header.member_threshold, 2);
        assert_int_equal(header.exponent, 1);
        assert_true(header.extendable);
        assert_int_equal(header.group_count, 1);
        assert_true(slice_is(part.guardian_key, room.people[i].public_key));
        assert_int_equal(part.sealed.length, PAYLOAD_PART_SEALED_BYTES);
        assert_string_equal(part_state(&part), "pending");
    }
}

static void a_raw_key_has_no_recipient(void **state)
{
    (void)state;
    room_register(3);
    struct ceremony_plan plan = plan_of(3, 2);
    plan.kind = KEY_RAW;
    room_expect(room_try_start(&plan), OK);
    struct ceremony_row row = room_row(room.ceremony);
    assert_true(slice_is(row.kind, "raw"));
    assert_int_equal(row.recipient.length, 0);
    assert_true(memcmp(row.check_value.data, "mkcheck1", 8) == 0);
    room_expect_text(-1, FIELD_KEY_KIND, "raw");
}

/* Neither a part nor three neighbouring words of one, nor the key in any form. */
static void nothing_secret_is_in_the_state_directory(void **state)
{
    (void)state;
    struct recovery_outcome outcome;
    char text[128];
    room_register(3);
    room_start(3, 2);
    struct part_row part = room_part(room.ceremony, 0);
    assert_true(room_holds(part.sealed.data, 64) > 0); /* the search finds what is there */
    for (size_t i = 0; i < 3; i++) {
        room_take(i, i == 1);
    }
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(2)));
    room.request_id = "r1";
    room_expect(room_attempt(&order, &outcome), OK);
    open_key(&outcome, text, sizeof text);
    assert_int_equal(room_holds(text, strlen(text)), 0);
    struct secret *key;
    struct secret *digits;
    assert_int_equal(key_from_text(slice_of(text), &key, NULL), OK);
    assert_int_equal(key_to_hex(key, &digits), OK);
    assert_int_equal(room_holds(key->data, key->length), 0);
    assert_int_equal(room_holds(digits->data, digits->length), 0);
    secret_free(digits);
    secret_free(key);
    for (size_t i = 0; i < 3; i++) {
        struct slip39_part read;
        assert_int_equal(slip39_decode(slice_of(WORDS(i)), &read, NULL), OK);
        assert_int_equal(room_holds(read.value->data, read.value->length), 0);
        slip39_part_done(&read);
        /* beyond the four words of the header, which are public */
        const char *at = WORDS(i);
        for (int word = 0; at != NULL; word++) {
            const char *next = strchr(at, ' ');
            const char *end = next == NULL ? NULL : strchr(next + 1, ' ');
            end = end == NULL ? NULL : strchr(end + 1, ' ');
            if (word >= 4 && end != NULL) {
                assert_int_equal(room_holds(at, (size_t)(end - at)), 0);
            }
            at = next == NULL ? NULL : next + 1;
        }
    }
}

static void a_proof_that_fails_is_told_and_gives_out_nothing(void **state)
{
    (void)state;
    room_register(3);
    const struct ceremony_plan plan = plan_of(3, 2);
    uint64_t before = room_events();
    lie_at = 2; /* the recipient is not known again */
    room_expect_fault(room_try_start(&plan), ERR_INTERNAL, REASON_internal, "");
    assert_int_equal(lie_at, 0);
    assert_int_equal(room_events(), before + 1);
    room_expect_event(-1, EVENT_MASTER_KEY_CEREMONY_FAILED);
    room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
    room_expect_integer(-1, FIELD_PARTS_TOTAL, 3);
    assert_non_null(event_get(room_event(-1), FIELD_CEREMONY));
    struct ceremony_rows rows;
    room_expect(store_ceremonies(room.ceremonies->store, &room.arena, &rows, &room.fault), OK);
    assert_int_equal(rows.count, 0);
}

/* ---- identifiers ----------------------------------------------------------------------------- */

#define ALL_IDENTIFIERS_BUT(condition)                                                      \
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 32767) "     \
    "INSERT INTO ceremony (id, state, threshold, count, confirm, all_required, rehearsal, " \
    "tracked, imported, identifier, started_us, expires_us) "                               \
    "SELECT 'old' || i, 'completed', 2, 2, 1, 1, 0, 0, 0, i, 1, 0 FROM n WHERE " condition

static void the_last_free_identifier_is_found(void **state)
{
    (void)state;
    room_register(3);
    room_sql(ALL_IDENTIFIERS_BUT("i <> 12345"));
    room_start(3, 2);
    assert_int_equal(room_row(room.ceremony).identifier, 12345);
}

static void without_a_free_identifier_none_is_started(void **state)
{
    (void)state;
    room_register(3);
    room_sql(ALL_IDENTIFIERS_BUT("1"));
    const struct ceremony_plan plan = plan_of(3, 2);
    expect_plan(&plan, ERR_WRONG_STATE, REASON_identifiers_exhausted, "");
    struct ceremony_made made;
    room_expect(room_start_or_track(&plan, true, &made), OK); /* has none */
}

/* ---- tracked --------------------------------------------------------------------------------- */

static void a_tracked_ceremony_has_no_key_here(void **state)
{
    (void)state;
    struct ceremony_made made;
    room_register(3);
    const struct ceremony_plan plan = plan_of(3, 2);
    room_expect(room_start_or_track(&plan, true, &made), OK);
    room_expect_event(-1, EVENT_MASTER_KEY_CEREMONY_STARTED);
    room_expect_text(-1, FIELD_KEY_KIND, NULL);
    room_expect_text(-1, FIELD_KEY_SOURCE, NULL);
    room_expect_text(-1, FIELD_CHECK, NULL);
    room_expect_text(-1, FIELD_CEREMONY_NAME, "Root of the vault");
    struct ceremony_row row = room_row(room.ceremony);
    assert_true(row.tracked);
    assert_int_equal(row.identifier, -1);
    assert_int_equal(row.check_value.length, 0);
    assert_int_equal(room_part(room.ceremony, 1).sealed.length, 0);
    assert_int_equal(room_part(room.ceremony, 1).header.length, 0);
    room_take(0, false);
    room_take(1, true);
    assert_true(room_state_is("open"));
    room_take(1, false); /* the same again is not everybody */
    assert_true(room_state_is("open"));
    room_take(2, false);
    assert_true(room_state_is("completed"));
    room_expect_event(-1, EVENT_MASTER_KEY_CEREMONY_COMPLETED);
    room_expect_text(-1, FIELD_SUSER, "guardian3");
    uint64_t before = room_events();
    room_tick();
    assert_int_equal(room_events(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(thresholds_and_counts_have_their_bounds),
        IN_ROOM(names_and_lives_have_their_bounds),
        IN_ROOM(guardians_must_be_active_and_have_a_key_and_stand_once),
        IN_ROOM(bits_are_those_of_the_kind),
        IN_ROOM(warns_where_a_ceremony_is_weaker_than_it_could_be),
        IN_ROOM(a_start_is_told_and_noted_as_planned),
        IN_ROOM(a_raw_key_has_no_recipient),
        IN_ROOM(nothing_secret_is_in_the_state_directory),
        IN_ROOM(a_proof_that_fails_is_told_and_gives_out_nothing),
        IN_ROOM(the_last_free_identifier_is_found),
        IN_ROOM(without_a_free_identifier_none_is_started),
        IN_ROOM(a_tracked_ceremony_has_no_key_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
