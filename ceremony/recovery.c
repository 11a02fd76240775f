#include "ceremony/recovery.h"

#include <sodium.h>
#include <string.h>

#include "audit/base/buffer.h"
#include "ceremony/guardian.h"
#include "ceremony/judge.h"
#include "ceremony/lockout.h"

/* An attempt on its way. */
struct attempt {
    struct act *act;
    const struct recovery_order *order;
    struct recovery_outcome *out;
    struct judgement *judgement;
    struct secret *key; /* once there is one */
};

/* ---- telling -----------------------------------------------------------------------------------
 */

static bool by_parts(const struct recovery_order *order)
{
    return order->part_count > 0;
}

/* Both outcomes have the same fields. Where the actor has no address (a local caller) the machine's
 * own stands, so that there always is one. */
static struct event *recovery_event(struct act *act, enum event_id id, struct slice origin_ip)
{
    struct event *event = act_event(act, id);
    bool known = act->actor->origin_ip != NULL && act->actor->origin_ip[0] != '\0';
    if (event != NULL && !known && origin_ip.length > 0) {
        event_set_text(event, FIELD_ORIGIN_IP, origin_ip);
    }
    return event;
}

static int64_t parts_needed(const struct attempt *attempt)
{
    const struct judgement *judgement = attempt->judgement;
    if (judgement->ceremony.id.length > 0) {
        return judgement->ceremony.threshold;
    }
    for (size_t i = 0; i < judgement->count; i++) {
        if (judgement->verdicts[i].has_header) {
            return judgement->verdicts[i].header.member_threshold; /* what the part itself says */
        }
    }
    return 0;
}

static struct event *tell(struct attempt *attempt, enum event_id id)
{
    const struct recovery_order *order = attempt->order;
    struct event *event = recovery_event(attempt->act, id, order->origin_ip);
    if (event != NULL) {
        event_set_integer(event, FIELD_PARTS_NEEDED, parts_needed(attempt));
        event_set_integer(event, FIELD_PARTS_SENT, (int64_t)order->part_count);
        act_event_text(event, FIELD_CEREMONY, attempt->judgement->ceremony.id);
        event_set_text(event, FIELD_ATTEMPT, attempt->out->attempt);
        event_set_text(event, FIELD_RECOVERY_MODE, slice_of(by_parts(order) ? "parts" : "key"));
        event_set_text(event, FIELD_CONSENT, slice_of("none"));
    }
    return event;
}

/* What an attempt of three calls would tell with the first of them. */
static void tell_started(struct attempt *attempt)
{
    const struct recovery_order *order = attempt->order;
    struct event *event =
        recovery_event(attempt->act, EVENT_MASTER_KEY_RECOVERY_STARTED, order->origin_ip);
    if (event != NULL) {
        act_event_text(event, FIELD_CEREMONY, attempt->judgement->ceremony.id);
        event_set_text(event, FIELD_ATTEMPT, attempt->out->attempt);
        event_set_integer(event, FIELD_PARTS_NEEDED, parts_needed(attempt));
        event_set_text(event, FIELD_PURPOSE, slice_of("recover"));
        act_event_text(event, FIELD_REASON, order->reason);
        event_set_text(event, FIELD_DELIVER_TO, order->deliver_to);
        event_set_text(event, FIELD_CONSENT, slice_of("none"));
    }
}

/* And with each of the second kind: which parts it was that opened the key, or did not. */
static void tell_part(struct attempt *attempt, size_t index, int64_t accepted)
{
    const struct verdict *verdict = &attempt->judgement->verdicts[index];
    bool good = verdict->reason == REASON_none;
    struct event *event = recovery_event(attempt->act,
                                         good ? EVENT_MASTER_KEY_RECOVERY_PART_ACCEPTED
                                              : EVENT_MASTER_KEY_RECOVERY_PART_REFUSED,
                                         attempt->order->origin_ip);
    if (event == NULL) {
        return;
    }
    act_event_text(event, FIELD_CEREMONY, attempt->judgement->ceremony.id);
    event_set_text(event, FIELD_ATTEMPT, attempt->out->attempt);
    event_set_integer(event, FIELD_PARTS_SENT, accepted);
    event_set_integer(event, FIELD_PARTS_NEEDED, parts_needed(attempt));
    event_set_text(event, FIELD_CONSENT, slice_of("none"));
    if (good) {
        char header[2 * SLIP39_HEADER_BYTES + 1];
        sodium_bin2hex(header, sizeof header, (const uint8_t *)verdict->dealt->header.data,
                       SLIP39_HEADER_BYTES);
        event_set_text(event, FIELD_RECOVERY_MODE, slice_of("parts"));
        act_event_copy(attempt->act, event, FIELD_HEADER, header);
    } else {
        char reason[64];
        snprintf(reason, sizeof reason, "%s (position %zu)", reason_word(verdict->reason),
                 index + 1);
        act_event_copy(attempt->act, event, FIELD_REASON, reason);
    }
}

static void tell_parts(struct attempt *attempt)
{
    int64_t accepted = 0;
    for (size_t i = 0; i < attempt->judgement->count; i++) {
        accepted += attempt->judgement->verdicts[i].reason == REASON_none;
        tell_part(attempt, i, accepted);
    }
}

/* Adds how many of how many to what the fault says already. */
static void add_counts(struct attempt *attempt, struct slice bad, struct fault *fault)
{
    struct buffer data;
    buffer_init(&data, 65536);
    buffer_append_slice(&data, bad.length > 0 ? bad : slice_of("\"bad\":[]"));
    buffer_append_format(&data, ",\"parts_needed\":%lld,\"parts_sent\":%zu",
                         (long long)parts_needed(attempt), attempt->order->part_count);
    struct slice copy = arena_copy(attempt->act->arena, buffer_slice(&data));
    buffer_done(&data);
    if (copy.data != NULL) {
        fault->data = copy;
    }
}

/* Refused: an event with the reason, and one more bad submission if no slip of the pen could do it.
 */
static enum err refuse(struct attempt *attempt, bool deliberate, struct fault *fault)
{
    struct act *act = attempt->act;
    const struct judgement *judgement = attempt->judgement;
    struct slice bad_text = {NULL, 0};
    struct slice bad_json = {NULL, 0};
    if (judgement->bad > 0) {
        bad_text = judge_bad_text(act, judgement);
        bad_json = judge_bad_json(act, judgement);
        act->event_lost = act->event_lost || bad_text.data == NULL; /* told whole or not at all */
    }
    add_counts(attempt, bad_json, fault);
    struct event *event = tell(attempt, EVENT_MASTER_KEY_RECOVERY_FAILED);
    if (event != NULL) {
        event_set_text(event, FIELD_REASON, slice_of(reason_word(fault->reason)));
        act_event_text(event, FIELD_BAD_PARTS, bad_text);
    }
    act->refusal = true;
    if (deliberate) {
        struct fault why;
        fault_clear(&why);
        enum err err = lockout_note(act, slice_of(act->actor->suser), judgement->ceremony.id, &why);
        if (err != OK) {
            act->refusal = false;
            *fault = why;
            return err;
        }
    }
    return ERR_PARTS;
}

/* ---- checks before anything secret is read -----------------------------------------------------
 */

static enum err check_order(struct act *act, const struct recovery_order *order,
                            uint8_t receiver[KEY_BYTES], struct fault *fault)
{
    enum err err = OK;
    if (!act->ceremonies->settings.one_desk_recovery) {
        err = fault_set(fault, ERR_WRONG_STATE, REASON_one_desk_off, NULL,
                        "This guardian does not take parts in clear (ceremony.one_desk_recovery is "
                        "off).");
    } else if (by_parts(order) == (order->key.length > 0)) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_missing_parameter, "/parts",
                        "Give either parts or the complete key.");
    } else if (order->part_count > RECOVERY_PARTS_MAX) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_too_many_parts, "/parts",
                        "%zu parts are given; an attempt takes at most %d.", order->part_count,
                        RECOVERY_PARTS_MAX);
    } else {
        err = check_person_text("reason", order->reason, 0, GUARDIAN_TEXT_BYTES, fault);
    }
    if (err == OK) {
        err = lockout_check(act, slice_of(act->actor->suser), fault);
    }
    if (err == OK) {
        err = key_public_from_text(order->deliver_to, receiver, fault);
        if (err == ERR_INVALID_PARAMS) {
            snprintf(fault->field, sizeof fault->field, "/deliver_to");
        }
    }
    return err;
}

static enum err check_state(const struct attempt *attempt, struct fault *fault)
{
    const struct ceremony_row *row = &attempt->judgement->ceremony;
    if (row->id.length == 0) {
        return OK;
    }
    if (row->tracked) {
        return ceremony_refuse(attempt->act, row, REASON_tracked, fault,
                               "The key of this ceremony is held by another system: it is "
                               "recovered there, and recorded here with recovery.record.");
    }
    return slice_is(row->state, "retired")
               ? ceremony_refuse(attempt->act, row, REASON_set_retired, fault,
                                 "The parts of this ceremony were replaced by those of a later "
                                 "one.")
               : OK;
}

/* ---- parts -------------------------------------------------------------------------------------
 */

static bool is_deliberate(const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->count; i++) {
        enum reason reason = judgement->verdicts[i].reason;
        if (reason == REASON_altered || reason == REASON_wrong_header) {
            return true;
        }
    }
    return false;
}

static enum err combine(struct attempt *attempt, struct fault *fault)
{
    const struct judgement *judgement = attempt->judgement;
    const struct slip39_way way = {.passphrase = {NULL, 0}};
    struct slip39_report report;
    if ((int64_t)judgement->count < judgement->ceremony.threshold) {
        fault_set(fault, ERR_PARTS, REASON_too_few, "/parts",
                  "%zu of %lld parts are given: bring more and try again.", judgement->count,
                  (long long)judgement->ceremony.threshold);
        return ERR_PARTS;
    }
    return slip39_combine(judgement->parts, judgement->count, &way, &attempt->key, &report, fault);
}

static enum err key_of_parts(struct attempt *attempt, struct fault *fault)
{
    struct judgement *judgement = attempt->judgement;
    enum err err = judge_compare(attempt->act, judgement, fault);
    if (err != OK) {
        return err;
    }
    tell_started(attempt);
    tell_parts(attempt);
    if (judgement->bad > 0) {
        judge_fault(judgement, fault);
        return refuse(attempt, is_deliberate(judgement), fault);
    }
    err = combine(attempt, fault);
    if (err == OK) {
        err = key_prove(attempt->key, judgement->ceremony.check_value, fault);
        if (err == ERR_PARTS) {
            fault_set(fault, ERR_PARTS, REASON_check_mismatch, "/parts",
                      "The parts combine, but not to the key of this ceremony: nothing is given "
                      "out.");
        }
    }
    return err == ERR_PARTS ? refuse(attempt, false, fault) : err;
}

/* ---- the complete key --------------------------------------------------------------------------
 */

/* An age key names its ceremony by its recipient. */
static enum err find_by_recipient(struct attempt *attempt, struct fault *fault)
{
    struct act *act = attempt->act;
    struct ceremony_rows all;
    char check[KEY_CHECK_TEXT + 1] = "";
    enum err err = store_ceremonies(act->ceremonies->store, act->arena, &all, fault);
    if (err == OK && attempt->key->length == KEY_BYTES) {
        err = key_check_value(KEY_AGE, attempt->key, (struct slice){NULL, 0}, check);
    }
    for (size_t i = 0; err == OK && i < all.count; i++) {
        if (check[0] != '\0' && slice_is(all.rows[i].recipient, check) &&
            !slice_is(all.rows[i].state, "retired")) {
            attempt->judgement->ceremony = all.rows[i];
            return OK;
        }
    }
    return err != OK ? err
                     : fault_set(fault, ERR_PARTS, REASON_wrong_key, "/key",
                                 "No ceremony here made this key (one of kind raw is named with "
                                 "ceremony).");
}

static enum err key_of_key(struct attempt *attempt, struct fault *fault)
{
    struct judgement *judgement = attempt->judgement;
    enum err err = key_from_text(attempt->order->key, &attempt->key, fault);
    if (err == ERR_INVALID_PARAMS) {
        snprintf(fault->field, sizeof fault->field, "/key");
    }
    if (err == OK && judgement->ceremony.id.length == 0) {
        err = find_by_recipient(attempt, fault);
    } else if (err == OK) {
        err = key_prove(attempt->key, judgement->ceremony.check_value, fault);
        if (err == ERR_PARTS) {
            fault_set(fault, ERR_PARTS, REASON_wrong_key, "/key",
                      "This is not the key of the ceremony.");
        }
    }
    if (err == OK || err == ERR_PARTS) {
        tell_started(attempt);
    }
    return err == ERR_PARTS ? refuse(attempt, true, fault) : err;
}

/* ---- delivery ----------------------------------------------------------------------------------
 */

static enum err deliver(struct attempt *attempt, const uint8_t receiver[KEY_BYTES],
                        struct fault *fault)
{
    const struct ceremony_row *row = &attempt->judgement->ceremony;
    enum key_kind kind = slice_is(row->kind, "age") ? KEY_AGE : KEY_RAW;
    struct secret *digits = NULL;
    struct secret *identity = NULL;
    enum err err = key_to_hex(attempt->key, &digits);
    if (err == OK && kind == KEY_AGE) {
        err = key_to_identity(attempt->key, &identity);
    }
    if (err == OK) {
        struct payload_key payload = {.ceremony = row->id,
                                      .attempt = attempt->out->attempt,
                                      .kind = kind,
                                      .secret = {(const char *)digits->data, digits->length},
                                      .check = row->check_value};
        if (identity != NULL) {
            payload.identity = (struct slice){(const char *)identity->data, identity->length};
        }
        err = payload_seal_key(&payload, receiver, attempt->out->sealed_key, fault);
    } else {
        fault_no_memory(fault);
    }
    secret_free(digits);
    secret_free(identity);
    return err;
}

static enum err run(struct attempt *attempt, const uint8_t receiver[KEY_BYTES], struct fault *fault)
{
    const struct recovery_order *order = attempt->order;
    enum err err = judge_read(order, attempt->judgement, fault);
    if (err == OK) {
        err = judge_find(attempt->act, order, attempt->judgement, fault);
    }
    if (err == OK) {
        err = check_state(attempt, fault);
    }
    if (err == OK) {
        err = by_parts(order) ? key_of_parts(attempt, fault) : key_of_key(attempt, fault);
    }
    if (err == OK) {
        err = deliver(attempt, receiver, fault);
    }
    if (err == OK) {
        struct event *event = tell(attempt, EVENT_MASTER_KEY_RECOVERY_SUCCEEDED);
        act_event_text(event, FIELD_REASON, order->reason);
        attempt->out->ceremony = attempt->judgement->ceremony;
        attempt->out->parts_sent = (int64_t)order->part_count;
        attempt->act->withhold = true;
    }
    return err;
}

/* Refused because of who or when: told with its reason, but not again and again. */
static enum err tell_refused(struct attempt *attempt, enum err err, const struct fault *fault)
{
    bool told = (err == ERR_LOCKED || err == ERR_WRONG_STATE) && !attempt->act->refusal &&
                act_tells(attempt->act, fault->reason);
    struct event *event = told ? tell(attempt, EVENT_MASTER_KEY_RECOVERY_FAILED) : NULL;
    if (event != NULL) {
        event_set_text(event, FIELD_REASON, slice_of(reason_word(fault->reason)));
    }
    return err;
}

enum err recovery_attempt(struct act *act, const struct recovery_order *order,
                          struct recovery_outcome *out, struct fault *fault)
{
    uint8_t receiver[KEY_BYTES];
    char id[UUID_TEXT_BYTES + 1];
    uuid_draw(id);
    *out = (struct recovery_outcome){.attempt = arena_copy(act->arena, slice_of(id))};
    struct judgement *judgement = arena_allocate_zeroed(act->arena, sizeof *judgement);
    if (out->attempt.data == NULL || judgement == NULL) {
        return fault_no_memory(fault);
    }
    struct attempt attempt = {.act = act, .order = order, .out = out, .judgement = judgement};
    enum err err = check_order(act, order, receiver, fault);
    if (err == OK) {
        err = run(&attempt, receiver, fault);
    }
    err = tell_refused(&attempt, err, fault);
    judge_done(judgement);
    secret_free(attempt.key);
    return err;
}

/* ---- recoveries elsewhere ----------------------------------------------------------------------
 */

enum err recovery_record(struct act *act, const struct recovery_report *report, struct fault *fault)
{
    struct ceremony_row row = {.id = {NULL, 0}};
    enum err err = check_person_text("reason", report->reason, 0, GUARDIAN_TEXT_BYTES, fault);
    if (err == OK && report->ceremony.length > 0) {
        err = ceremony_find_for_act(act, report->ceremony, &row, fault);
        if (err == OK && !row.tracked) {
            err = ceremony_refuse(act, &row, REASON_not_tracked, fault,
                                  "The key of this ceremony is recovered here, with "
                                  "recovery.attempt: it is recorded by itself.");
        }
    }
    if (err != OK) {
        return err;
    }
    struct event *event = recovery_event(act,
                                         report->succeeded ? EVENT_MASTER_KEY_RECOVERY_SUCCEEDED
                                                           : EVENT_MASTER_KEY_RECOVERY_FAILED,
                                         report->origin_ip);
    if (event != NULL) {
        event_set_integer(event, FIELD_PARTS_NEEDED, report->parts_needed);
        event_set_integer(event, FIELD_PARTS_SENT, report->parts_sent);
        act_event_text(event, FIELD_CEREMONY, row.id);
        act_event_text(event, FIELD_REASON, report->reason);
    }
    return OK;
}
