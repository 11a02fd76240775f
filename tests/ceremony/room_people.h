/* People in the room: guardians with keys of their own, who take, sign and bring their parts, and
 * an operator who starts, cancels and recovers. */
#ifndef TESTS_CEREMONY_ROOM_PEOPLE_H
#define TESTS_CEREMONY_ROOM_PEOPLE_H

#include "tests/ceremony/room_fixture.h"

/* ---- guardians ------------------------------------------------------------------------------- */

static inline void person_make(struct person *person, const char *login)
{
    uint8_t public_key[KEY_BYTES];
    if (person->key != NULL) {
        return;
    }
    snprintf(person->login, sizeof person->login, "%s", login);
    assert_int_equal(key_make(KEY_AGE, 256, &person->key, NULL), OK);
    key_public(person->key, public_key);
    key_public_text(public_key, person->public_key);
    person->actor = (struct actor){.suid = "9",
                                   .suser = person->login,
                                   .sname = "A Guardian",
                                   .spriv = "User",
                                   .origin_ip = "198.51.100.7",
                                   .via = "workflow/pam"};
}

static inline enum err room_add(const struct guardian_row *wanted, struct guardian_row *out)
{
    struct act act;
    enum err err = room_begin(&act, &operator_actor, "guardian.add");
    if (room_goes_on(err)) {
        err = guardian_add(&act, wanted, out, &room.fault);
    }
    return room_end(&act, err);
}

static inline struct guardian_row row_of(const struct person *person)
{
    return (struct guardian_row){.login = slice_of(person->login),
                                 .id = slice_of("9"),
                                 .name = slice_of("A Guardian"),
                                 .public_key = slice_of(person->public_key)};
}

/* guardian1 … guardianN with keys of their own. */
static inline void room_register(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char login[16];
        struct guardian_row out;
        snprintf(login, sizeof login, "guardian%zu", i + 1);
        person_make(&room.people[i], login);
        const struct guardian_row wanted = row_of(&room.people[i]);
        room_expect(room_add(&wanted, &out), OK);
    }
    person_make(&room.receiver, "receiver");
}

static inline enum err room_update(const struct guardian_update *update, struct guardian_row *out)
{
    struct act act;
    enum err err = room_begin(&act, &operator_actor, "guardian.update");
    if (room_goes_on(err)) {
        err = guardian_update(&act, update, out, &room.fault);
    }
    return room_end(&act, err);
}

static inline enum err room_set_active(const char *login, bool active, const char *reason)
{
    struct act act;
    struct guardian_row out;
    enum err err =
        room_begin(&act, &operator_actor, active ? "guardian.activate" : "guardian.deactivate");
    if (room_goes_on(err)) {
        err =
            guardian_set_active(&act, slice_of(login), active, slice_of(reason), &out, &room.fault);
    }
    return room_end(&act, err);
}

static inline struct guardian_row room_guardian(const char *login)
{
    struct guardian_row row = {.active = false};
    room_expect(
        guardian_find(room.ceremonies->store, &room.arena, slice_of(login), &row, &room.fault), OK);
    return row;
}

/* ---- ceremonies ------------------------------------------------------------------------------ */

/* A plan for guardian1 … guardianN. */
static inline struct ceremony_plan plan_of(size_t count, int64_t threshold)
{
    static struct slice logins[PEOPLE_MAX];
    for (size_t i = 0; i < count && i < PEOPLE_MAX; i++) {
        logins[i] = slice_of(room.people[i].login);
    }
    return (struct ceremony_plan){.name = slice_of("Root of the vault"),
                                  .guardians = logins,
                                  .guardian_count = count,
                                  .threshold = threshold,
                                  .kind = KEY_AGE,
                                  .confirm = true};
}

static inline enum err room_start_or_track(const struct ceremony_plan *plan, bool track,
                                           struct ceremony_made *made)
{
    struct act act;
    enum err err = room_begin(&act, &operator_actor, track ? "ceremony.track" : "ceremony.start");
    if (room_goes_on(err)) {
        err = track ? ceremony_track(&act, plan, made, &room.fault)
                    : ceremony_start(&act, plan, made, &room.fault);
        if (err == OK) {
            snprintf(room.ceremony, sizeof room.ceremony, "%.*s", (int)made->row.id.length,
                     made->row.id.data);
        }
    }
    return room_end(&act, err);
}

static inline enum err room_try_start(const struct ceremony_plan *plan)
{
    struct ceremony_made made;
    return room_start_or_track(plan, false, &made);
}

static inline void room_start(size_t count, int64_t threshold)
{
    struct ceremony_plan plan = plan_of(count, threshold);
    plan.all_required = (int64_t)count == threshold;
    room_expect(room_try_start(&plan), OK);
}

static inline void room_track(size_t count, int64_t threshold)
{
    struct ceremony_plan plan = plan_of(count, threshold);
    struct ceremony_made made;
    plan.all_required = true;
    room_expect(room_start_or_track(&plan, true, &made), OK);
}

static inline enum err room_cancel(const char *ceremony, const char *reason)
{
    struct act act;
    struct ceremony_row row;
    enum err err = room_begin(&act, &operator_actor, "ceremony.cancel");
    if (room_goes_on(err)) {
        err = ceremony_cancel(&act, slice_of(ceremony), slice_of(reason), &row, &room.fault);
    }
    return room_end(&act, err);
}

static inline struct ceremony_row room_row(const char *ceremony)
{
    struct ceremony_row row = {.count = 0};
    room_expect(
        ceremony_find(room.ceremonies->store, &room.arena, slice_of(ceremony), &row, &room.fault),
        OK);
    return row;
}

static inline struct part_row room_part(const char *ceremony, size_t person)
{
    struct part_row row = {.number = 0};
    room_expect(store_part_of_guardian(room.ceremonies->store, &room.arena, slice_of(ceremony),
                                       slice_of(room.people[person].login), &row, &room.fault),
                OK);
    return row;
}

static inline bool room_state_is(const char *state)
{
    return slice_is(room_row(room.ceremony).state, state);
}

static inline void room_tick(void)
{
    struct arena arena;
    arena_init(&arena, 1u << 20);
    ceremonies_tick(room.ceremonies, &arena, room.now_us);
    arena_done(&arena);
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* Opens what was sealed, as the guardian's client does. */
static inline void person_open(struct person *person, const struct part_taken *taken)
{
    struct payload_part payload;
    struct fault fault = {0};
    struct secret *space = secret_new(PAYLOAD_ROOM_BYTES);
    enum err err = payload_open_part(taken->part.sealed, person->key, space, &payload, &fault);
    assert_int_equal(err, OK);
    assert_true(slice_is(payload.guardian, person->login));
    assert_true(slice_equal(payload.ceremony, taken->ceremony.id));
    assert_true(slice_equal(payload.check, taken->ceremony.check_value));
    assert_int_equal(payload.index, taken->part.number);
    snprintf(person->words, sizeof person->words, "%.*s", (int)payload.mnemonic.length,
             payload.mnemonic.data);
    secret_free(space);
    assert_int_equal(taken->part.header.length, sizeof person->header);
    memcpy(person->header, taken->part.header.data, sizeof person->header);
    assert_int_equal(taken->part.challenge.length, sizeof person->challenge);
    memcpy(person->challenge, taken->part.challenge.data, sizeof person->challenge);
}

static inline enum err room_try_take(size_t index, const char *ceremony, bool download,
                                     struct part_taken *taken)
{
    struct act act;
    struct person *person = &room.people[index];
    enum err err = room_begin(&act, &person->actor, download ? "part.download" : "part.view");
    if (room_goes_on(err)) {
        err = part_take(&act, slice_of(ceremony), download, taken, &room.fault);
    }
    return room_end(&act, err);
}

static inline void room_take(size_t index, bool download)
{
    struct part_taken taken;
    room_expect(room_try_take(index, room.ceremony, download, &taken), OK);
    if (!taken.ceremony.tracked) {
        person_open(&room.people[index], &taken);
    }
}

/* The statement of that purpose over the person's challenge, signed with the part's key. */
static inline void person_sign(const struct person *person, enum statement_purpose purpose,
                               uint8_t out[STATEMENT_SIGNATURE_BYTES])
{
    struct slip39_part part;
    uint8_t public_part[STATEMENT_PUBLIC_BYTES];
    uint8_t receiver[STATEMENT_RECEIVER_BYTES] = {0};
    struct secret *signing;
    assert_int_equal(slip39_decode(slice_of(person->words), &part, NULL), OK);
    struct slice value = {(const char *)part.value->data, part.value->length};
    assert_int_equal(
        part_key_make(slice_of(room.ceremony), person->header, value, public_part, &signing), OK);
    const struct statement statement = {
        .purpose = purpose,
        .ceremony = slice_of(room.ceremony),
        .header = person->header,
        .reference =
            purpose == STATEMENT_CONFIRM ? (struct slice){NULL, 0} : slice_of(room.ceremony),
        .challenge = person->challenge,
        .deliver_to = purpose == STATEMENT_SUBMIT ? receiver : NULL};
    statement_sign(&statement, signing, out);
    secret_free(signing);
    slip39_part_done(&part);
}

static inline enum err room_try_confirm(size_t index, const uint8_t *signature, const char *medium)
{
    struct act act;
    struct part_taken taken;
    enum err err = room_begin(&act, &room.people[index].actor, "part.confirm");
    if (room_goes_on(err)) {
        err = part_confirm(&act, slice_of(room.ceremony), signature, slice_of(medium), &taken,
                           &room.fault);
    }
    return room_end(&act, err);
}

static inline enum err room_sign_and_confirm(size_t index)
{
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    person_sign(&room.people[index], STATEMENT_CONFIRM, signature);
    return room_try_confirm(index, signature, "");
}

static inline void room_confirm(size_t index)
{
    room_expect(room_sign_and_confirm(index), OK);
}

/* Started, every part taken and confirmed, and the erasure told. */
static inline void room_complete(size_t count, int64_t threshold)
{
    room_start(count, threshold);
    for (size_t i = 0; i < count; i++) {
        room_take(i, false);
        room_confirm(i);
    }
    assert_true(room_state_is("completed"));
    room_tick();
}

/* ---- recovery -------------------------------------------------------------------------------- */

/* An order with these texts as parts (ended by NULL), for the receiver. */
static inline struct recovery_order order_of(const char *const *texts)
{
    static struct slice parts[RECOVERY_PARTS_MAX + 1];
    size_t count = 0;
    while (texts != NULL && texts[count] != NULL) {
        parts[count] = slice_of(texts[count]);
        count++;
    }
    return (struct recovery_order){
        .parts = parts, .part_count = count, .deliver_to = slice_of(room.receiver.public_key)};
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WORDS(person) (room.people[person].words)

static inline enum err room_attempt(const struct recovery_order *order,
                                    struct recovery_outcome *out)
{
    struct act act;
    enum err err = room_begin(&act, &operator_actor, "recovery.attempt");
    if (room_goes_on(err)) {
        err = recovery_attempt(&act, order, out, &room.fault);
    }
    return room_end(&act, err);
}

/* The attempt is refused with this reason, tells so, and gives nothing. */
/* The event that tells how an attempt ended, behind those of its beginning and its parts. */
static inline int64_t room_told_outcome(uint64_t before)
{
    room_expect_event((int64_t)before, EVENT_MASTER_KEY_RECOVERY_STARTED);
    for (uint64_t number = before; number < room_events(); number++) {
        const struct event_type *type = room_event((int64_t)number)->type;
        if (type == catalogue_type(EVENT_MASTER_KEY_RECOVERY_FAILED) ||
            type == catalogue_type(EVENT_MASTER_KEY_RECOVERY_SUCCEEDED)) {
            return (int64_t)number;
        }
    }
    fail_msg("no outcome was told");
    return -1;
}

static inline void room_expect_refused(const struct recovery_order *order, enum reason reason)
{
    struct recovery_outcome out;
    memset(&out, 0, sizeof out);
    uint64_t before = room_events();
    room_expect(room_attempt(order, &out), ERR_PARTS);
    assert_string_equal(reason_word(room.fault.reason), reason_word(reason));
    assert_true(sodium_is_zero(out.sealed_key, sizeof out.sealed_key));
    assert_true(room_events() > before);
    int64_t outcome = room_told_outcome(before);
    room_expect_event(outcome, EVENT_MASTER_KEY_RECOVERY_FAILED);
    room_expect_text(outcome, FIELD_REASON, reason_word(reason));
}

/* Opens what was delivered: the identity, or the digits of a raw key. */
static inline void open_key(const struct recovery_outcome *out, char *text, size_t size)
{
    struct payload_key payload;
    struct fault fault = {0};
    struct secret *space = secret_new(PAYLOAD_ROOM_BYTES);
    struct slice sealed = {(const char *)out->sealed_key, sizeof out->sealed_key};
    assert_int_equal(payload_open_key(sealed, room.receiver.key, space, &payload, &fault), OK);
    struct slice key = payload.identity.length > 0 ? payload.identity : payload.secret;
    snprintf(text, size, "%.*s", (int)key.length, key.data);
    secret_free(space);
}

/* The recovered key is the one whose public side the ceremony shows. */
static inline void expect_key_of_ceremony(const struct recovery_outcome *out)
{
    char text[128];
    struct secret *key;
    open_key(out, text, sizeof text);
    assert_int_equal(key_from_text(slice_of(text), &key, NULL), OK);
    assert_int_equal(key_prove(key, room_row(room.ceremony).check_value, NULL), OK);
    secret_free(key);
}

/* The words of a part changed as `change` says, with a right checksum, into out. */
static inline void rewrite_part(const char *words, void (*change)(struct slip39_part *part),
                                char out[SLIP39_TEXT_BYTES_MAX + 1])
{
    struct slip39_part part;
    struct secret *text = secret_new(SLIP39_TEXT_BYTES_MAX);
    assert_int_equal(slip39_decode(slice_of(words), &part, NULL), OK);
    change(&part);
    assert_int_equal(slip39_encode(&part, text), OK);
    snprintf(out, SLIP39_TEXT_BYTES_MAX + 1, "%.*s", (int)text->length, (const char *)text->data);
    secret_free(text);
    slip39_part_done(&part);
}

static inline void change_value(struct slip39_part *part)
{
    part->value->data[7] ^= 1;
}

static inline void change_member(struct slip39_part *part)
{
    part->header.member_index = 15; /* of a set of fewer */
}

static inline void change_id(struct slip39_part *part)
{
    part->header.id ^= 1;
}

/* Word `number`, from 1, replaced. */
static inline void replace_word(const char *words, int number, const char *word, char *out,
                                size_t size)
{
    const char *at = words;
    for (int i = 1; i < number; i++) {
        at = strchr(at, ' ') + 1;
    }
    const char *end = strchr(at, ' ');
    snprintf(out, size, "%.*s%s%s", (int)(at - words), words, word, end == NULL ? "" : end);
}

static inline bool fault_data_has(const char *text)
{
    struct slice data = room.fault.data;
    bool has = data.length > 0 && memmem(data.data, data.length, text, strlen(text)) != NULL;
    if (!has) {
        print_message("%.*s\n", (int)data.length, data.data);
    }
    return has;
}

#endif
