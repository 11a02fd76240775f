/* Recovery: enough good parts or the key itself give the key, sealed to its receiver; anything else
 * gives nothing, and is told. */
#include "tests/ceremony/room_people.h"

static struct recovery_outcome out;
static char text[SLIP39_TEXT_BYTES_MAX + 64];

static void make_open(size_t count, int64_t threshold, enum key_kind kind)
{
    room.settings.lock_attempts = 1000000;
    room_set();
    room_register(count);
    struct ceremony_plan plan = plan_of(count, threshold);
    plan.all_required = true;
    plan.kind = kind;
    room_expect(room_try_start(&plan), OK);
    for (size_t i = 0; i < count; i++) {
        room_take(i, false);
    }
}

/* ---- orders ---------------------------------------------------------------------------------- */

static void expect_order_fault(const struct recovery_order *order, enum err err, enum reason reason,
                               const char *field)
{
    uint64_t before = room_events();
    room_expect_fault(room_attempt(order, &out), err, reason, field);
    bool told = err == ERR_WRONG_STATE || err == ERR_LOCKED; /* refused because of who or when */
    assert_int_equal(room_events(), before + told);
    if (told) {
        room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_FAILED);
        room_expect_text(-1, FIELD_REASON, reason_word(reason));
    }
}

static void an_order_has_its_limits(void **state)
{
    (void)state;
    static char longest[258];
    make_open(2, 2, KEY_AGE);
    memset(longest, 'r', 257);
    struct recovery_order order = order_of(NULL);
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_missing_parameter, "/parts");
    order = order_of(PARTS(WORDS(0), WORDS(1)));
    order.key = slice_of("00");
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_missing_parameter, "/parts");
    order = order_of(PARTS(WORDS(0), WORDS(1)));
    order.reason = slice_of(longest);
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_too_long, "/reason");
    order.reason = slice_of("a\nb");
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_bad_value, "/reason");
    struct slice all[RECOVERY_PARTS_MAX + 1];
    for (size_t i = 0; i <= RECOVERY_PARTS_MAX; i++) {
        all[i] = slice_of(WORDS(0));
    }
    order = order_of(NULL);
    order.parts = all;
    order.part_count = RECOVERY_PARTS_MAX + 1;
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_too_many_parts, "/parts");
    order.part_count = RECOVERY_PARTS_MAX;
    room_expect_refused(&order, REASON_duplicate);
    assert_true(fault_data_has("\"position\":63,"));
}

static void the_receiver_must_be_one_that_can_be_sealed_to(void **state)
{
    (void)state;
    uint8_t zero[KEY_BYTES] = {0};
    char weak[KEY_PUBLIC_TEXT + 1];
    make_open(2, 2, KEY_AGE);
    key_public_text(zero, weak);
    struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    order.deliver_to = slice_of("");
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_unsupported_public_key, "/deliver_to");
    order.deliver_to = slice_of("age1pq1qqqq");
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_unsupported_public_key, "/deliver_to");
    order.deliver_to = slice_of(weak);
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_weak_public_key, "/deliver_to");
    snprintf(weak, sizeof weak, "%s", room.receiver.public_key);
    weak[30] = weak[30] == 'q' ? 'p' : 'q';
    order.deliver_to = slice_of(weak);
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_bad_value, "/deliver_to");
}

static void parts_in_clear_are_taken_only_where_it_is_allowed(void **state)
{
    (void)state;
    make_open(2, 2, KEY_AGE);
    room.settings.one_desk_recovery = false;
    room_set();
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    expect_order_fault(&order, ERR_WRONG_STATE, REASON_one_desk_off, "");
}

/* ---- states ---------------------------------------------------------------------------------- */

static void a_key_comes_back_in_every_state_but_retired(void **state)
{
    (void)state;
    make_open(2, 2, KEY_AGE);
    static const char *const states[] = {"open", "completed", "cancelled", "expired"};
    for (size_t i = 0; i < 4; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "UPDATE ceremony SET state = '%s'", states[i]);
        room_sql(sql);
        const struct recovery_order good = order_of(PARTS(WORDS(0), WORDS(1)));
        room_expect(room_attempt(&good, &out), OK);
        expect_key_of_ceremony(&out);
    }
    room_sql("UPDATE ceremony SET state = 'retired'");
    const struct recovery_order late = order_of(PARTS(WORDS(0), WORDS(1)));
    expect_order_fault(&late, ERR_WRONG_STATE, REASON_set_retired, "/ceremony");
    assert_true(fault_data_has("\"state\":\"retired\",\"possible\":[]"));
}

static void the_key_of_a_tracked_ceremony_is_elsewhere(void **state)
{
    (void)state;
    make_open(2, 2, KEY_AGE);
    const struct person kept[2] = {room.people[0], room.people[1]};
    room_track(2, 2);
    struct recovery_order order = order_of(PARTS(kept[0].words, kept[1].words));
    order.ceremony = slice_of(room.ceremony);
    expect_order_fault(&order, ERR_WRONG_STATE, REASON_tracked, "/ceremony");
    assert_true(fault_data_has("\"recovery.record\""));
}

/* ---- the key comes back ---------------------------------------------------------------------- */

/* Of 5 parts of which 3 open it: every choice of 3, 4 and 5 of them. */
static void every_choice_of_enough_parts_gives_the_key(void **state)
{
    (void)state;
    char first[128] = "";
    size_t choices = 0;
    make_open(5, 3, KEY_AGE);
    for (unsigned choice = 0; choice < 32; choice++) {
        const char *texts[6] = {NULL};
        size_t count = 0;
        for (size_t i = 5; i > 0; i--) { /* also not in their order */
            if ((choice & (1u << (i - 1))) != 0) {
                texts[count++] = WORDS(i - 1);
            }
        }
        const struct recovery_order order = order_of(texts);
        if (count == 0) {
            continue;
        }
        if (count < 3) {
            room_expect_refused(&order, REASON_too_few);
            continue;
        }
        choices++;
        room_expect(room_attempt(&order, &out), OK);
        expect_key_of_ceremony(&out);
        char key[128];
        open_key(&out, key, sizeof key);
        if (first[0] == '\0') {
            memcpy(first, key, sizeof first);
        }
        assert_string_equal(key, first);
        assert_int_equal(out.parts_sent, count);
    }
    assert_int_equal(choices, 16);
}

static void a_success_is_told_with_how_many_of_how_many(void **state)
{
    (void)state;
    make_open(3, 2, KEY_AGE);
    struct recovery_order order = order_of(PARTS(WORDS(2), WORDS(0), WORDS(1)));
    order.reason = slice_of("the vault burned");
    room_expect(room_attempt(&order, &out), OK);
    room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_SUCCEEDED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
    room_expect_integer(-1, FIELD_PARTS_SENT, 3);
    room_expect_text(-1, FIELD_RECOVERY_MODE, "parts");
    room_expect_text(-1, FIELD_CONSENT, "none");
    room_expect_text(-1, FIELD_REASON, "the vault burned");
    room_expect_text(-1, FIELD_ORIGIN_IP, "203.0.113.9");
    room_expect_text(-1, FIELD_SUSER, "operator");
    struct slice attempt = event_get(room_event(-1), FIELD_ATTEMPT)->text;
    assert_true(slice_equal(attempt, out.attempt) && uuid_is(attempt));
}

/* originIP is required of both: a caller at this machine has the machine's. */
static void a_caller_without_an_address_has_that_of_the_machine(void **state)
{
    (void)state;
    struct act act;
    struct actor local = operator_actor;
    local.origin_ip = "";
    make_open(2, 2, KEY_AGE);
    struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    order.origin_ip = slice_of("192.0.2.10");
    room_expect(room_begin(&act, &local, "recovery.attempt"), OK);
    enum err err = recovery_attempt(&act, &order, &out, &room.fault);
    room_expect(room_end(&act, err), OK);
    room_expect_text(-1, FIELD_ORIGIN_IP, "192.0.2.10");
}

static void the_key_itself_is_known_again(void **state)
{
    (void)state;
    char key[128];
    char again[128];
    make_open(2, 2, KEY_AGE);
    const struct recovery_order parts = order_of(PARTS(WORDS(0), WORDS(1)));
    room_expect(room_attempt(&parts, &out), OK);
    open_key(&out, key, sizeof key);
    for (int named = 0; named < 2; named++) {
        struct recovery_order order = order_of(NULL);
        order.key = slice_of(key);
        order.ceremony = slice_of(named == 1 ? room.ceremony : "");
        room_expect(room_attempt(&order, &out), OK);
        open_key(&out, again, sizeof again);
        assert_string_equal(again, key);
        assert_true(slice_is(out.ceremony.id, room.ceremony));
        room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_SUCCEEDED);
        room_expect_text(-1, FIELD_RECOVERY_MODE, "key");
        room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
        room_expect_integer(-1, FIELD_PARTS_SENT, 0);
        room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    }
    room_sql("UPDATE ceremony SET state = 'retired'");
    struct recovery_order order = order_of(NULL);
    order.key = slice_of(key);
    room_expect_refused(&order, REASON_wrong_key);
}

static void a_raw_key_is_known_again_where_its_ceremony_is_named(void **state)
{
    (void)state;
    char digits[128];
    make_open(2, 2, KEY_RAW);
    const struct recovery_order parts = order_of(PARTS(WORDS(0), WORDS(1)));
    room_expect(room_attempt(&parts, &out), OK);
    expect_key_of_ceremony(&out);
    open_key(&out, digits, sizeof digits);
    assert_int_equal(strlen(digits), 64);
    struct recovery_order order = order_of(NULL);
    order.key = slice_of(digits);
    room_expect_refused(&order, REASON_wrong_key);
    assert_string_equal(room.fault.field, "/key");
    order.ceremony = slice_of(room.ceremony);
    room_expect(room_attempt(&order, &out), OK);
    digits[3] = digits[3] == '0' ? '1' : '0';
    room_expect_refused(&order, REASON_wrong_key);
    assert_true(fault_data_has("\"bad\":[],\"parts_needed\":2,\"parts_sent\":0"));
    digits[63] = '\0';
    order.key = slice_of(digits);
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_bad_secret_length, "/key");
    order.key = slice_of("AGE-SECRET-KEY-1QQ");
    expect_order_fault(&order, ERR_INVALID_PARAMS, REASON_bad_value, "/key");
}

/* ---- a whole set that is wrong --------------------------------------------------------------- */

/* Somebody who wrote the database could make an altered part pass for the real one. */
static void parts_that_do_not_fit_together_give_nothing(void **state)
{
    (void)state;
    struct slip39_part part;
    uint8_t public_part[STATEMENT_PUBLIC_BYTES];
    char hex[2 * sizeof public_part + 1];
    char sql[256];
    make_open(3, 2, KEY_AGE);
    rewrite_part(WORDS(0), change_value, text);
    assert_int_equal(slip39_decode(slice_of(text), &part, NULL), OK);
    struct slice value = {(const char *)part.value->data, part.value->length};
    assert_int_equal(
        part_key_make(slice_of(room.ceremony), room.people[0].header, value, public_part, NULL),
        OK);
    slip39_part_done(&part);
    sodium_bin2hex(hex, sizeof hex, public_part, sizeof public_part);
    snprintf(sql, sizeof sql, "UPDATE part SET public_part = x'%s' WHERE number = 1", hex);
    room_sql(sql);
    const struct recovery_order two = order_of(PARTS(text, WORDS(1)));
    room_expect_refused(&two, REASON_digest);
    assert_true(fault_data_has("\"parts_needed\":2,\"parts_sent\":2"));
    const struct recovery_order three = order_of(PARTS(WORDS(1), WORDS(2), text));
    room_expect(room_attempt(&three, &out), ERR_PARTS);
    room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_FAILED);
}

static void a_key_that_is_not_the_ceremonys_is_not_given(void **state)
{
    (void)state;
    char sql[256];
    make_open(3, 2, KEY_AGE);
    snprintf(sql, sizeof sql, "UPDATE ceremony SET check_value = '%s'", room.people[0].public_key);
    room_sql(sql);
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    room_expect_refused(&order, REASON_check_mismatch);
    assert_string_equal(room.fault.field, "/parts");
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_SUCCEEDED), 0);
}

/* ---- anything wrong gives nothing ------------------------------------------------------------ */

#define CORRUPTIONS 2000

static uint64_t seed = 20261124;
static uint8_t flip_place;
static uint8_t flip_bit;

static size_t below(size_t limit)
{
    return (size_t)(scratch_random(&seed) >> 33) % limit;
}

static void flip_value(struct slip39_part *part)
{
    part->value->data[flip_place % part->value->length] ^= (uint8_t)(1u << (flip_bit % 8));
}

static void flip_header(struct slip39_part *part)
{
    uint8_t octets[SLIP39_HEADER_BYTES];
    slip39_header_pack(&part->header, octets);
    octets[flip_place % sizeof octets] ^= (uint8_t)(1u << (flip_bit % 8));
    slip39_header_unpack(octets, &part->header);
}

static void cut_value(struct slip39_part *part)
{
    part->value->length = 16 + 2 * (flip_place % 8u);
}

/* One of the ways in which a part can be another one than was dealt. */
static void corrupt(const char *words, const char *foreign, char *corrupted, size_t size)
{
    static const char *const list[] = {"academic", "acid", "zero", "wolf", "mason", "luck"};
    int place = 1 + (int)below(33);
    flip_place = (uint8_t)below(256);
    flip_bit = (uint8_t)below(256);
    switch (below(9)) {
    case 0:
        replace_word(words, place, list[below(6)], corrupted, size);
        break;
    case 1:
        replace_word(words, place, "", corrupted, size); /* left out: two blanks */
        break;
    case 2:
        replace_word(words, place, "xyzzy", corrupted, size);
        break;
    case 3:
        rewrite_part(words, flip_value, corrupted);
        break;
    case 4:
        rewrite_part(words, flip_header, corrupted);
        break;
    case 5:
        rewrite_part(words, cut_value, corrupted);
        break;
    case 6:
        snprintf(corrupted, size, "%s", foreign);
        break;
    case 7: /* an octet */
        snprintf(corrupted, size, "%s", words);
        corrupted[below(strlen(words))] ^= (char)(1u << below(8));
        break;
    default: /* only a piece of it */
        snprintf(corrupted, size, "%.*s", (int)below(strlen(words)), words);
        break;
    }
}

/* Another word or letter in the same place may be the same: that is no corruption. */
static bool reads_alike(const char *a, const char *b)
{
    struct slip39_part first = {.value = NULL};
    struct slip39_part second = {.value = NULL};
    bool alike = slip39_decode(slice_of(a), &first, NULL) == OK &&
                 slip39_decode(slice_of(b), &second, NULL) == OK &&
                 slip39_same_header(&first.header, &second.header) &&
                 secret_equal(first.value, second.value);
    slip39_part_done(&first);
    slip39_part_done(&second);
    return alike;
}

/* Judged as an act that is then let go, so that no disk has to keep up; told every hundredth. */
static void expect_nothing(const struct recovery_order *order, bool tell)
{
    struct act act;
    memset(&out, 0, sizeof out);
    room_expect(room_begin(&act, &operator_actor, "recovery.attempt"), OK);
    enum err err = recovery_attempt(&act, order, &out, &room.fault);
    assert_true(err == ERR_PARTS);
    assert_true(act.refusal && !act.withhold);
    assert_true(sodium_is_zero(out.sealed_key, sizeof out.sealed_key));
    assert_true(act.event_count > 0);
    assert_ptr_equal(act.events[0]->type, catalogue_type(EVENT_MASTER_KEY_RECOVERY_STARTED));
    bool failed = false;
    for (size_t i = 0; i < act.event_count; i++) {
        failed = failed || act.events[i]->type == catalogue_type(EVENT_MASTER_KEY_RECOVERY_FAILED);
    }
    assert_true(failed);
    if (tell) {
        room_expect(room_end(&act, err), ERR_PARTS);
    } else {
        act_end(&act);
    }
}

static void no_key_comes_out_when_anything_is_wrong(void **state)
{
    (void)state;
    char good[3][SLIP39_TEXT_BYTES_MAX + 1];
    char foreign[SLIP39_TEXT_BYTES_MAX + 1];
    char corrupted[SLIP39_TEXT_BYTES_MAX + 64];
    make_open(3, 3, KEY_AGE);
    memcpy(foreign, WORDS(0), sizeof foreign);
    room_start(3, 3);
    for (size_t i = 0; i < 3; i++) {
        room_take(i, false);
        memcpy(good[i], WORDS(i), sizeof good[i]);
    }
    for (int i = 0; i < CORRUPTIONS; i++) {
        size_t bad = below(3);
        const char *texts[5] = {good[0], good[1], good[2], NULL, NULL};
        corrupt(good[bad], foreign, corrupted, sizeof corrupted);
        if (reads_alike(corrupted, good[bad])) {
            continue;
        }
        texts[bad] = corrupted;
        if (below(4) == 0) {
            texts[3] = good[bad]; /* a bad one among enough good ones still refuses all */
        }
        struct recovery_order order = order_of(texts);
        order.ceremony = slice_of(below(2) == 0 ? "" : room.ceremony);
        expect_nothing(&order, i % 100 == 0);
    }
    const struct recovery_order order = order_of(PARTS(good[0], good[1], good[2]));
    room_expect(room_attempt(&order, &out), OK);
    expect_key_of_ceremony(&out);
    assert_int_equal(room_count(EVENT_MASTER_KEY_RECOVERY_SUCCEEDED), 1);
}

/* ---- recorded -------------------------------------------------------------------------------- */

static enum err record(const struct recovery_report *report)
{
    struct act act;
    enum err err = room_begin(&act, &operator_actor, "recovery.record");
    if (room_goes_on(err)) {
        err = recovery_record(&act, report, &room.fault);
    }
    return room_end(&act, err);
}

static void a_recovery_elsewhere_is_recorded(void **state)
{
    (void)state;
    room_register(2);
    room_track(2, 2);
    struct recovery_report report = {
        .ceremony = slice_of(room.ceremony), .succeeded = true, .parts_needed = 2, .parts_sent = 3};
    room_expect(record(&report), OK);
    room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_SUCCEEDED);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    room_expect_text(-1, FIELD_ORIGIN_IP, "203.0.113.9");
    room_expect_text(-1, FIELD_REASON, NULL);
    room_expect_text(-1, FIELD_ATTEMPT, NULL);
    room_expect_integer(-1, FIELD_PARTS_NEEDED, 2);
    room_expect_integer(-1, FIELD_PARTS_SENT, 3);
    report.succeeded = false;
    report.ceremony = (struct slice){NULL, 0}; /* of nothing that is known here */
    report.reason = slice_of("too few came");
    room_expect(record(&report), OK);
    room_expect_event(-1, EVENT_MASTER_KEY_RECOVERY_FAILED);
    room_expect_text(-1, FIELD_REASON, "too few came");
    room_expect_text(-1, FIELD_CEREMONY, NULL);
}

static void what_is_recovered_here_is_not_recorded_by_hand(void **state)
{
    (void)state;
    static char longest[258];
    memset(longest, 'r', 257);
    room_register(3);
    room_start(3, 2);
    uint64_t before = room_events();
    struct recovery_report report = {.ceremony = slice_of(room.ceremony), .succeeded = true};
    room_expect_fault(record(&report), ERR_WRONG_STATE, REASON_not_tracked, "/ceremony");
    assert_true(fault_data_has("\"state\":\"open\""));
    assert_true(fault_data_has("\"recovery.attempt\""));
    report.ceremony = slice_of("nowhere");
    room_expect_fault(record(&report), ERR_NOT_FOUND, REASON_unknown_ceremony, "/ceremony");
    report.ceremony = (struct slice){NULL, 0};
    report.reason = slice_of(longest);
    room_expect_fault(record(&report), ERR_INVALID_PARAMS, REASON_too_long, "/reason");
    report.reason = slice_of("a\nb");
    room_expect_fault(record(&report), ERR_INVALID_PARAMS, REASON_bad_value, "/reason");
    assert_int_equal(room_events(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(an_order_has_its_limits),
        IN_ROOM(the_receiver_must_be_one_that_can_be_sealed_to),
        IN_ROOM(parts_in_clear_are_taken_only_where_it_is_allowed),
        IN_ROOM(a_key_comes_back_in_every_state_but_retired),
        IN_ROOM(the_key_of_a_tracked_ceremony_is_elsewhere),
        IN_ROOM(every_choice_of_enough_parts_gives_the_key),
        IN_ROOM(a_success_is_told_with_how_many_of_how_many),
        IN_ROOM(a_caller_without_an_address_has_that_of_the_machine),
        IN_ROOM(the_key_itself_is_known_again),
        IN_ROOM(a_raw_key_is_known_again_where_its_ceremony_is_named),
        IN_ROOM(parts_that_do_not_fit_together_give_nothing),
        IN_ROOM(a_key_that_is_not_the_ceremonys_is_not_given),
        IN_ROOM(no_key_comes_out_when_anything_is_wrong),
        IN_ROOM(a_recovery_elsewhere_is_recorded),
        IN_ROOM(what_is_recovered_here_is_not_recorded_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
