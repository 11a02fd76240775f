#include "ceremony/part.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/base64.h"
#include "audit/base/buffer.h"
#include "audit/base/json.h"
#include "ceremony/guardian.h"
#include "ceremony/lockout.h"

/* ---- refusals ----------------------------------------------------------------------------------
 */

static void add_refused(struct act *act, const struct part_taken *taken, const struct fault *fault)
{
    struct event *event = act_event(act, EVENT_MASTER_KEY_PART_REFUSED);
    if (event != NULL) {
        event_set_text(event, FIELD_CEREMONY, taken->ceremony.id);
        if (taken->part.number > 0) {
            event_set_integer(event, FIELD_PART_INDEX, taken->part.number);
        }
        event_set_text(event, FIELD_METHOD, act->method);
        event_set_text(event, FIELD_REASON,
                       slice_of(reason_word(fault == NULL ? REASON_none : fault->reason)));
    }
}

/* What was refused is told with its reason, but not again and again; the answer is the fault. */
static enum err tell_refused(struct act *act, const struct part_taken *taken, enum err err,
                             const struct fault *fault)
{
    if (act_tells(act, fault == NULL ? REASON_none : fault->reason)) {
        add_refused(act, taken, fault);
    }
    return err;
}

static enum err refuse_ended(const struct act *act, const struct ceremony_row *row,
                             struct fault *fault)
{
    if (slice_is(row->state, "cancelled")) {
        return ceremony_refuse(act, row, REASON_ceremony_cancelled, fault,
                               "The ceremony was cancelled: its parts are not given out.");
    }
    if (slice_is(row->state, "expired")) {
        return ceremony_refuse(act, row, REASON_ceremony_expired, fault,
                               "The ceremony expired before every guardian had taken their part.");
    }
    return ceremony_refuse(act, row, REASON_set_retired, fault,
                           "The parts of this ceremony were replaced by those of a later one.");
}

/* ---- who, what, when ---------------------------------------------------------------------------
 */

static enum err find_own(struct act *act, struct slice ceremony, struct part_taken *out,
                         struct fault *fault)
{
    struct store *store = act->ceremonies->store;
    struct slice login = slice_of(act->actor->suser);
    struct guardian_row guardian;
    *out = (struct part_taken){.part = {.number = 0}};
    enum err err = ceremony_find_for_act(act, ceremony, &out->ceremony, fault);
    if (err == OK) {
        err = guardian_find(store, act->arena, login, &guardian, fault);
        if (err == ERR_NOT_FOUND && fault != NULL) {
            snprintf(fault->field, sizeof fault->field, "/actor/suser");
        }
    }
    if (err != OK) {
        return err;
    }
    err = store_part_of_guardian(store, act->arena, out->ceremony.id, login, &out->part, fault);
    if (err == ERR_NOT_FOUND) {
        /* A refusal of permission: audited as such by whoever asked us. */
        return fault_set(fault, ERR_NOT_PERMITTED, REASON_not_yours, "/ceremony",
                         "%.*s holds no part of this ceremony.", (int)guardian.login.length,
                         guardian.login.data);
    }
    if (err == OK && !guardian.active) {
        err =
            ceremony_refuse(act, &out->ceremony, REASON_guardian_inactive, fault,
                            "This guardian is inactive: ask an operator to activate the account.");
    } else if (err == OK && !ceremony_is_live(&out->ceremony)) {
        err = refuse_ended(act, &out->ceremony, fault);
    }
    return err == ERR_WRONG_STATE ? tell_refused(act, out, err, fault) : err;
}

/* The parts of the ceremony with this one as it will stand. */
static enum err complete(struct act *act, struct part_taken *taken, struct fault *fault)
{
    struct part_rows parts;
    enum err err =
        store_parts(act->ceremonies->store, act->arena, taken->ceremony.id, &parts, fault);
    if (err != OK) {
        return err;
    }
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.rows[i].number == taken->part.number) {
            parts.rows[i] = taken->part;
        }
    }
    ceremony_complete_if_due(act, &taken->ceremony, &parts);
    return OK;
}

/* ---- view, download ----------------------------------------------------------------------------
 */

static void tell_taken(struct act *act, const struct part_taken *taken, bool download)
{
    struct event *event =
        act_event(act, download ? EVENT_MASTER_KEY_PART_DOWNLOADED : EVENT_MASTER_KEY_PART_VIEWED);
    if (event == NULL) {
        return;
    }
    const struct ceremony_row *row = &taken->ceremony;
    event_set_text(event, FIELD_CEREMONY, row->id);
    event_set_integer(event, FIELD_PART_INDEX, taken->part.number);
    event_set_integer(event, FIELD_PARTS_NEEDED, row->threshold);
    event_set_text(event, FIELD_PHASE,
                   slice_of(slice_is(row->state, "open") ? "distributing" : "completed"));
    if (row->rehearsal) {
        event_set_boolean(event, FIELD_REHEARSAL, true);
    }
}

static void note_taken(struct act *act, struct part_taken *taken, bool download)
{
    struct part_row *part = &taken->part;
    *(download ? &part->downloaded_us : &part->viewed_us) = act->now_us;
    change_step(&act->change, download ? CHANGE_PART_DOWNLOADED : CHANGE_PART_VIEWED);
    change_integer(&act->change, act->now_us);
    change_text(&act->change, part->ceremony);
    change_integer(&act->change, part->number);
    change_step(&act->change, download ? CHANGE_GUARDIAN_DOWNLOADED : CHANGE_GUARDIAN_VIEWED);
    change_integer(&act->change, act->now_us);
    change_text(&act->change, part->guardian);
}

/* One live challenge a part: the same one for a day, then another. */
static enum err renew_challenge(struct act *act, struct part_row *part, struct fault *fault)
{
    int64_t age_us = act->now_us - part->challenge_us;
    if (part->challenge.length == STATEMENT_CHALLENGE_BYTES && age_us >= 0 &&
        age_us < PART_CHALLENGE_LIFE_US) {
        return OK;
    }
    char *drawn = arena_allocate(act->arena, STATEMENT_CHALLENGE_BYTES);
    if (drawn == NULL) {
        return fault_no_memory(fault);
    }
    randombytes_buf(drawn, STATEMENT_CHALLENGE_BYTES);
    part->challenge = (struct slice){drawn, STATEMENT_CHALLENGE_BYTES};
    part->challenge_us = act->now_us;
    change_step(&act->change, CHANGE_PART_CHALLENGE);
    change_octets(&act->change, drawn, STATEMENT_CHALLENGE_BYTES);
    change_integer(&act->change, part->challenge_us);
    change_text(&act->change, part->ceremony);
    change_integer(&act->change, part->number);
    return OK;
}

enum err part_take(struct act *act, struct slice ceremony, bool download, struct part_taken *out,
                   struct fault *fault)
{
    enum err err = find_own(act, ceremony, out, fault);
    if (err != OK) {
        return err;
    }
    if (!out->ceremony.tracked && out->part.sealed.length == 0) {
        err = ceremony_refuse(act, &out->ceremony, REASON_part_collected, fault,
                              "Every guardian has confirmed their part, so the sealed copies were "
                              "deleted: use what you kept.");
        return tell_refused(act, out, err, fault);
    }
    tell_taken(act, out, download);
    note_taken(act, out, download);
    if (!out->ceremony.tracked) {
        err = renew_challenge(act, &out->part, fault);
    }
    return err == OK ? complete(act, out, fault) : err;
}

/* ---- confirm -----------------------------------------------------------------------------------
 */

static enum err check_confirmable(struct act *act, const struct part_taken *taken,
                                  struct fault *fault)
{
    int64_t age_us = act->now_us - taken->part.challenge_us;
    if (taken->ceremony.tracked) {
        return ceremony_refuse(act, &taken->ceremony, REASON_not_confirmable, fault,
                               "The parts of this ceremony are held by another system: there is "
                               "nothing here to confirm.");
    }
    if (taken->part.challenge.length != STATEMENT_CHALLENGE_BYTES || age_us < 0 ||
        age_us >= PART_CHALLENGE_LIFE_US) {
        return ceremony_refuse(act, &taken->ceremony, REASON_challenge_stale, fault,
                               "There is no live challenge to sign: view the part again and "
                               "confirm within a day.");
    }
    return OK;
}

/* error.data.bad, with the one part that is meant. */
static enum err refuse_signature(struct act *act, const struct part_taken *taken,
                                 struct fault *fault)
{
    struct buffer data;
    buffer_init(&data, 4096);
    buffer_append_format(&data, "\"bad\":[{\"position\":0,\"index\":%lld,\"guardian\":",
                         (long long)taken->part.number);
    json_write_string(&data, taken->part.guardian);
    buffer_append_text(&data, ",\"submitted_by\":");
    json_write_string(&data, slice_of(act->actor->suser));
    buffer_append_text(&data, ",\"reason\":\"bad_signature\"}]");
    struct slice copy = arena_copy(act->arena, buffer_slice(&data));
    buffer_done(&data);
    fault_set(fault, ERR_PARTS, REASON_bad_signature, "/signature",
              "This is not the signature of part %lld over the challenge that was given last: view "
              "the part again, and confirm with the words of this ceremony.",
              (long long)taken->part.number);
    if (fault != NULL && copy.data != NULL) {
        fault->data = copy;
    }
    enum err err = ERR_PARTS;
    add_refused(act, taken, fault); /* each one: it counts toward the lock-out */
    struct fault why;
    fault_clear(&why);
    enum err noted = lockout_note(act, slice_of(act->actor->suser), taken->ceremony.id, &why);
    act->refusal = noted == OK;
    if (fault != NULL && noted != OK) {
        *fault = why;
    }
    return noted == OK ? err : noted;
}

static void tell_confirmed(struct act *act, const struct part_taken *taken,
                           const uint8_t signature[STATEMENT_SIGNATURE_BYTES])
{
    char header[2 * STATEMENT_HEADER_BYTES + 1];
    char challenge[BASE64_CHARACTERS(STATEMENT_CHALLENGE_BYTES) + 1];
    char signed_text[BASE64_CHARACTERS(STATEMENT_SIGNATURE_BYTES) + 1];
    struct event *event = act_event(act, EVENT_MASTER_KEY_PART_CONFIRMED);
    if (event == NULL) {
        return;
    }
    sodium_bin2hex(header, sizeof header, (const uint8_t *)taken->part.header.data,
                   STATEMENT_HEADER_BYTES);
    event_set_text(event, FIELD_CEREMONY, taken->ceremony.id);
    event_set_integer(event, FIELD_PART_INDEX, taken->part.number);
    act_event_copy(act, event, FIELD_HEADER, header);
    base64_write(taken->part.challenge, BASE64_PADDED, challenge);
    base64_write((struct slice){(const char *)signature, STATEMENT_SIGNATURE_BYTES}, BASE64_PADDED,
                 signed_text);
    act_event_copy(act, event, FIELD_CHALLENGE, challenge);
    act_event_copy(act, event, FIELD_SIGNATURE, signed_text);
}

static void note_confirmed(struct act *act, struct part_taken *taken, struct slice medium)
{
    taken->part.confirmed_us = act->now_us;
    taken->part.medium = medium;
    change_step(&act->change, CHANGE_PART_CONFIRMED);
    change_integer(&act->change, act->now_us);
    change_text(&act->change, medium);
    change_text(&act->change, taken->part.ceremony);
    change_integer(&act->change, taken->part.number);
    change_step(&act->change, CHANGE_GUARDIAN_PROVEN);
    change_integer(&act->change, act->now_us);
    change_text(&act->change, taken->part.guardian);
}

enum err part_confirm(struct act *act, struct slice ceremony,
                      const uint8_t signature[STATEMENT_SIGNATURE_BYTES], struct slice medium,
                      struct part_taken *out, struct fault *fault)
{
    enum err err = check_person_text("medium", medium, 0, 32, fault);
    if (err == OK) {
        err = find_own(act, ceremony, out, fault);
    }
    if (err != OK) {
        return err;
    }
    err = lockout_check(act, slice_of(act->actor->suser), fault);
    if (err == OK) {
        err = check_confirmable(act, out, fault);
    }
    if (err != OK) {
        return tell_refused(act, out, err, fault);
    }
    const struct statement statement = {.purpose = STATEMENT_CONFIRM,
                                        .ceremony = out->ceremony.id,
                                        .header = (const uint8_t *)out->part.header.data,
                                        .challenge = (const uint8_t *)out->part.challenge.data};
    if (!statement_verify(&statement, (const uint8_t *)out->part.public_part.data, signature)) {
        return refuse_signature(act, out, fault);
    }
    tell_confirmed(act, out, signature);
    note_confirmed(act, out, medium);
    return complete(act, out, fault);
}
