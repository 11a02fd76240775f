#include "ceremony/ceremony.h"

#include <stdio.h>
#include <string.h>

#include "audit/base/diag.h"
#include "ceremony/deal.h"
#include "ceremony/guardian.h"
#include "ceremony/plan.h"

/* ---- look-up, states ---------------------------------------------------------------------------
 */

enum err ceremony_find(struct store *store, struct arena *arena, struct slice id,
                       struct ceremony_row *out, struct fault *fault)
{
    enum err err = store_ceremony(store, arena, id, out, fault);
    if (err == ERR_NOT_FOUND) {
        fault_set(fault, ERR_NOT_FOUND, REASON_unknown_ceremony, "/ceremony",
                  "There is no ceremony %.*s: guardianctl ceremony list shows all.",
                  id.length > UUID_TEXT_BYTES ? UUID_TEXT_BYTES : (int)id.length, id.data);
    }
    return err;
}

enum err ceremony_find_for_act(struct act *act, struct slice id, struct ceremony_row *out,
                               struct fault *fault)
{
    enum err err = ceremony_find(act->ceremonies->store, act->arena, id, out, fault);
    if (err == OK && slice_is(out->state, "open") && out->expires_us > 0 &&
        out->expires_us <= act->now_us) {
        out->state = slice_of("expired");
    }
    return err;
}

bool ceremony_is_live(const struct ceremony_row *row)
{
    return slice_is(row->state, "open") || slice_is(row->state, "completed");
}

const char *part_state(const struct part_row *part)
{
    if (part->confirmed_us != 0) {
        return "confirmed";
    }
    if (part->downloaded_us != 0) {
        return "downloaded";
    }
    return part->viewed_us != 0 ? "viewed" : "pending";
}

/* Is there still something that a guardian can be given? */
static bool has_sealed(const struct act *act, const struct ceremony_row *row)
{
    struct part_rows parts;
    struct fault ignored;
    bool has = false;
    if (store_parts(act->ceremonies->store, act->arena, row->id, &parts, &ignored) == OK) {
        for (size_t i = 0; i < parts.count; i++) {
            has = has || parts.rows[i].sealed.length > 0;
        }
    }
    return has;
}

/* parts.md section 15, read downwards. Once the parts are erased there is no challenge either that
 * somebody could sign. */
static const char *possible_in(const struct act *act, const struct ceremony_row *row)
{
    if (slice_is(row->state, "open")) {
        return row->tracked ? "\"part.view\",\"part.download\",\"ceremony.cancel\","
                              "\"recovery.record\""
                            : "\"part.view\",\"part.download\",\"part.confirm\","
                              "\"ceremony.cancel\",\"recovery.attempt\"";
    }
    if (slice_is(row->state, "completed") && row->tracked) {
        return "\"part.view\",\"part.download\",\"recovery.record\"";
    }
    if (slice_is(row->state, "completed") && has_sealed(act, row)) {
        return "\"part.view\",\"part.download\",\"part.confirm\",\"recovery.attempt\"";
    }
    if (slice_is(row->state, "retired")) {
        return "";
    }
    return row->tracked ? "\"recovery.record\"" : "\"recovery.attempt\"";
}

enum err ceremony_refuse(const struct act *act, const struct ceremony_row *row, enum reason reason,
                         struct fault *fault, const char *sentence)
{
    char data[256];
    fault_set(fault, ERR_WRONG_STATE, reason, "/ceremony", "%s", sentence);
    snprintf(data, sizeof data, "\"state\":\"%.*s\",\"possible\":[%s]", (int)row->state.length,
             row->state.data, possible_in(act, row));
    struct slice copy = arena_copy(act->arena, slice_of(data));
    if (fault != NULL && copy.data != NULL) {
        fault->data = copy;
    }
    return ERR_WRONG_STATE;
}

/* ---- start -------------------------------------------------------------------------------------
 */

/* Its first two words name a set among those of this daemon. In an arena of its own: there may be
 * thousands of ceremonies to look at. */
static enum err draw_identifier(struct act *act, int64_t *out, struct fault *fault)
{
    struct arena arena;
    struct ceremony_row used;
    uint16_t first = slip39_draw_id();
    enum err err = OK;
    arena_init(&arena, 65536);
    for (uint32_t i = 0; err == OK && i < 32768; i++) {
        arena_reset(&arena);
        *out = (first + i) % 32768;
        err = store_ceremony_of_identifier(act->ceremonies->store, &arena, *out, &used, fault);
    }
    arena_done(&arena);
    if (err == OK) {
        return fault_set(fault, ERR_WRONG_STATE, REASON_identifiers_exhausted, NULL,
                         "All 32,768 identifiers of sets are used by ceremonies of this daemon.");
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static struct slice copy_text(struct act *act, const char *text)
{
    return arena_copy(act->arena, slice_of(text));
}

static void tell_started(struct act *act, const struct ceremony_row *row)
{
    struct event *event = act_event(act, EVENT_MASTER_KEY_CEREMONY_STARTED);
    if (event == NULL) {
        return;
    }
    event_set_text(event, FIELD_CEREMONY, row->id);
    event_set_integer(event, FIELD_PARTS_NEEDED, row->threshold);
    event_set_integer(event, FIELD_PARTS_TOTAL, row->count);
    event_set_text(event, FIELD_CEREMONY_NAME, row->name);
    if (row->rehearsal) {
        event_set_boolean(event, FIELD_REHEARSAL, true);
    }
    if (!row->tracked) {
        event_set_text(event, FIELD_KEY_SOURCE, slice_of("generated"));
        event_set_text(event, FIELD_KEY_KIND, row->kind);
        event_set_text(event, FIELD_CHECK, row->check_value);
    }
}

static void add_row(struct act *act, const struct ceremony_row *row)
{
    struct change *change = &act->change;
    change_step(change, CHANGE_CEREMONY_ADD);
    change_text(change, row->id);
    change_text(change, row->name);
    change_text(change, row->kind);
    change_integer(change, row->threshold);
    change_integer(change, row->count);
    change_integer(change, row->bits);
    change_integer(change, row->confirm);
    change_integer(change, row->all_required);
    change_integer(change, row->rehearsal);
    change_integer(change, row->tracked);
    change_integer(change, row->imported);
    change_integer(change, row->identifier);
    change_text(change, row->check_value);
    change_text(change, row->recipient);
    change_text(change, row->key_id);
    change_text(change, row->started_by);
    change_integer(change, row->started_us);
    change_integer(change, row->expires_us);
    change_text(change, row->state);
}

static void octets_or_null(struct change *change, struct slice octets)
{
    if (octets.length == 0) {
        change_null(change);
    } else {
        change_octets(change, octets.data, octets.length);
    }
}

static void add_part(struct act *act, const struct part_row *part)
{
    struct change *change = &act->change;
    change_step(change, CHANGE_PART_ADD);
    change_text(change, part->ceremony);
    change_integer(change, part->number);
    change_text(change, part->guardian);
    octets_or_null(change, part->header);
    octets_or_null(change, part->public_part);
    change_text(change, part->guardian_key);
    octets_or_null(change, part->sealed);
}

static struct slice octets(const void *data, size_t length)
{
    return (struct slice){data, length};
}

static void warn(struct ceremony_made *made, const char *sentence)
{
    made->warnings[made->warning_count++] = sentence;
}

static void add_warnings(struct ceremony_made *made)
{
    const struct ceremony_row *row = &made->row;
    if (row->threshold == row->count) {
        warn(made, "All parts are needed: one lost part loses the key for ever.");
    }
    if (!row->tracked && !row->confirm) {
        warn(made, "Without confirmation nobody proves that their part can be opened, and the "
                   "sealed parts stay in the state directory: with enough guardians' key files it "
                   "equals the key.");
    }
    if (row->bits == 128) {
        warn(made, "A key of 128 bits makes shorter pages, but 256 bits are the better key.");
    }
}

/* What both kinds of ceremony have. */
static enum err begin_row(struct act *act, const struct ceremony_plan *plan,
                          struct ceremony_row *row, struct fault *fault)
{
    char id[UUID_TEXT_BYTES + 1];
    int64_t life_s =
        plan->expires_in_s != 0 ? plan->expires_in_s : act->ceremonies->settings.expires_s;
    uuid_draw(id);
    *row = (struct ceremony_row){.id = copy_text(act, id),
                                 .name = plan->name,
                                 .state = slice_of("open"),
                                 .threshold = plan->threshold,
                                 .count = (int64_t)plan->guardian_count,
                                 .all_required = plan->all_required,
                                 .rehearsal = plan->rehearsal,
                                 .identifier = -1,
                                 .started_by =
                                     slice_of(act->actor == NULL ? "daemon" : act->actor->suser),
                                 .started_us = act->now_us,
                                 .expires_us = life_s == 0 ? 0 : act->now_us + life_s * 1000000};
    return row->id.data == NULL ? fault_no_memory(fault) : OK;
}

/* Part rows of the guardians; deal NULL: a tracked ceremony has nothing to seal. */
static enum err make_parts(struct act *act, const struct ceremony_row *row,
                           const struct guardian_row *guardians, const struct deal *deal,
                           struct part_rows *out, struct fault *fault)
{
    size_t count = (size_t)row->count;
    struct part_row *parts = arena_allocate_zeroed(act->arena, count * sizeof *parts);
    if (parts == NULL) {
        return fault_no_memory(fault);
    }
    for (size_t i = 0; i < count; i++) {
        parts[i].ceremony = row->id;
        parts[i].number = (int64_t)i + 1;
        parts[i].guardian = guardians[i].login;
        parts[i].guardian_key = guardians[i].public_key;
        if (deal != NULL) {
            const struct dealt_part *dealt = &deal->parts[i];
            parts[i].header = octets(dealt->header, sizeof dealt->header);
            parts[i].public_part = octets(dealt->public_part, sizeof dealt->public_part);
            parts[i].sealed = octets(dealt->sealed, sizeof dealt->sealed);
        }
        add_part(act, &parts[i]);
    }
    *out = (struct part_rows){parts, count};
    return OK;
}

static void tell_failed(struct act *act, const struct ceremony_row *row, const char *reason)
{
    act->refusal = true;
    struct event *event = act_event(act, EVENT_MASTER_KEY_CEREMONY_FAILED);
    if (event != NULL) {
        event_set_text(event, FIELD_CEREMONY, row->id);
        event_set_integer(event, FIELD_PARTS_NEEDED, row->threshold);
        event_set_integer(event, FIELD_PARTS_TOTAL, row->count);
        event_set_text(event, FIELD_REASON, slice_of(reason));
    }
}

static enum err deal_row(struct act *act, struct ceremony_row *row,
                         const struct guardian_row *guardians, struct deal *deal,
                         struct fault *fault)
{
    enum key_kind kind = slice_is(row->kind, "age") ? KEY_AGE : KEY_RAW;
    const struct deal_order order = {.ceremony = row->id,
                                     .name = row->name,
                                     .kind = kind,
                                     .bits = (unsigned)row->bits,
                                     .identifier = (uint16_t)row->identifier,
                                     .threshold = (uint8_t)row->threshold,
                                     .count = (uint8_t)row->count,
                                     .guardians = guardians,
                                     .created_us = row->started_us};
    enum err err = deal_make(&order, deal, fault);
    if (err != OK && err != ERR_INVALID_PARAMS && err != ERR_NO_MEMORY) {
        tell_failed(act, row, "the dealer's proof of the parts failed");
        return fault_set(fault, ERR_INTERNAL, REASON_internal, NULL,
                         "The parts did not prove themselves: nothing was given out. Start the "
                         "ceremony anew; if it fails again, do not trust this machine.");
    }
    row->check_value = slice_of(deal->check);
    row->recipient = kind == KEY_AGE ? row->check_value : (struct slice){"", 0};
    return err;
}

enum err ceremony_start(struct act *act, const struct ceremony_plan *plan,
                        struct ceremony_made *out, struct fault *fault)
{
    struct guardian_row guardians[CEREMONY_PARTS_MAX];
    struct ceremony_made made = {.warning_count = 0};
    struct deal *deal = arena_allocate_zeroed(act->arena, sizeof *deal);
    enum err err = deal == NULL ? fault_no_memory(fault) : plan_check_bits(plan, fault);
    if (err == OK) {
        err = plan_check(act, plan, true, guardians, fault);
    }
    if (err == OK) {
        err = begin_row(act, plan, &made.row, fault);
    }
    if (err == OK) {
        made.row.kind = slice_of(key_kind_word(plan->kind));
        made.row.bits = plan->bits == 0 ? 256 : plan->bits;
        made.row.confirm = plan->confirm;
        made.row.key_id = made.row.id;
        err = draw_identifier(act, &made.row.identifier, fault);
    }
    if (err == OK) {
        err = deal_row(act, &made.row, guardians, deal, fault);
    }
    if (err != OK) {
        return err;
    }
    tell_started(act, &made.row);
    add_row(act, &made.row);
    err = make_parts(act, &made.row, guardians, deal, &made.parts, fault);
    add_warnings(&made);
    *out = made;
    return err;
}

enum err ceremony_track(struct act *act, const struct ceremony_plan *plan,
                        struct ceremony_made *out, struct fault *fault)
{
    struct guardian_row guardians[CEREMONY_PARTS_MAX];
    struct ceremony_made made = {.warning_count = 0};
    enum err err = plan_check(act, plan, false, guardians, fault);
    if (err == OK) {
        err = begin_row(act, plan, &made.row, fault);
    }
    if (err != OK) {
        return err;
    }
    made.row.tracked = true;
    tell_started(act, &made.row);
    add_row(act, &made.row);
    err = make_parts(act, &made.row, guardians, NULL, &made.parts, fault);
    add_warnings(&made);
    *out = made;
    return err;
}

/* ---- ends --------------------------------------------------------------------------------------
 */

/* The sealed parts go with the end; that they are gone from the disk is told when it is so. */
static void end_row(struct act *act, struct ceremony_row *row, const char *state,
                    struct slice reason, bool erase)
{
    row->state = slice_of(state);
    row->ended_us = act->now_us;
    row->ended_reason = reason;
    change_step(&act->change, CHANGE_CEREMONY_END);
    change_text(&act->change, row->state);
    change_integer(&act->change, row->ended_us);
    change_text(&act->change, reason);
    change_text(&act->change, row->id);
    if (erase && !row->tracked) {
        change_step(&act->change, CHANGE_PARTS_ERASE);
        change_text(&act->change, row->id);
        change_step(&act->change, CHANGE_CEREMONY_ERASE_DUE);
        change_text(&act->change, row->state);
        change_text(&act->change, row->id);
    }
}

static enum err refuse_cancel(const struct act *act, const struct ceremony_row *row,
                              struct fault *fault)
{
    if (slice_is(row->state, "completed")) {
        return ceremony_refuse(act, row, REASON_ceremony_completed, fault,
                               "The ceremony is completed: its parts are out and cannot be called "
                               "back.");
    }
    if (slice_is(row->state, "expired")) {
        return ceremony_refuse(act, row, REASON_ceremony_expired, fault,
                               "The ceremony has expired already.");
    }
    return ceremony_refuse(act, row, REASON_set_retired, fault,
                           "The parts of this ceremony were replaced by those of a later one.");
}

enum err ceremony_cancel(struct act *act, struct slice id, struct slice reason,
                         struct ceremony_row *out, struct fault *fault)
{
    struct ceremony_row row;
    enum err err = check_person_text("reason", reason, 1, GUARDIAN_TEXT_BYTES, fault);
    if (err == OK) {
        err = ceremony_find_for_act(act, id, &row, fault);
    }
    if (err != OK) {
        return err;
    }
    if (slice_is(row.state, "open")) {
        struct event *event = act_event(act, EVENT_MASTER_KEY_CEREMONY_CANCELLED);
        if (event != NULL) {
            event_set_text(event, FIELD_CEREMONY, row.id);
            event_set_text(event, FIELD_REASON, reason);
            event_set_integer(event, FIELD_PARTS_NEEDED, row.threshold);
            event_set_integer(event, FIELD_PARTS_TOTAL, row.count);
        }
        end_row(act, &row, "cancelled", reason, true);
    } else if (!slice_is(row.state, "cancelled")) {
        return refuse_cancel(act, &row, fault);
    }
    *out = row;
    return OK;
}

static bool is_collected(const struct ceremony_row *row, const struct part_row *part)
{
    bool seen = part->viewed_us != 0 || part->downloaded_us != 0;
    return seen && (!row->confirm || part->confirmed_us != 0);
}

void ceremony_complete_if_due(struct act *act, struct ceremony_row *row,
                              const struct part_rows *parts)
{
    if (!slice_is(row->state, "open")) {
        return;
    }
    for (size_t i = 0; i < parts->count; i++) {
        if (!is_collected(row, &parts->rows[i])) {
            return;
        }
    }
    struct event *event = act_event(act, EVENT_MASTER_KEY_CEREMONY_COMPLETED);
    if (event != NULL) {
        event_set_text(event, FIELD_CEREMONY, row->id);
        event_set_integer(event, FIELD_PARTS_NEEDED, row->threshold);
        event_set_integer(event, FIELD_PARTS_TOTAL, row->count);
        if (row->rehearsal) {
            event_set_boolean(event, FIELD_REHEARSAL, true);
        }
    }
    bool erase = row->confirm && !act->ceremonies->settings.retain_sealed;
    end_row(act, row, "completed", (struct slice){"", 0}, erase);
}

/* ---- every second ------------------------------------------------------------------------------
 */

static enum err tick_act_begin(struct act *act, struct ceremonies *ceremonies, struct arena *arena,
                               int64_t now_us, struct fault *fault)
{
    const struct act_request request = {.method = slice_of("tick"), .now_us = now_us};
    return act_begin(act, ceremonies, arena, &request, fault);
}

static void expire_row(struct act *act, struct ceremony_row *row)
{
    struct event *event = act_event(act, EVENT_MASTER_KEY_CEREMONY_EXPIRED);
    if (event != NULL) {
        event_set_text(event, FIELD_CEREMONY, row->id);
        event_set_integer(event, FIELD_EXPIRES_AT, row->expires_us);
        event_set_integer(event, FIELD_PARTS_NEEDED, row->threshold);
        event_set_integer(event, FIELD_PARTS_TOTAL, row->count);
    }
    end_row(act, row, "expired", slice_of("not collected in time"), true);
}

static enum err expire_one(struct act *act, bool *out_did, struct fault *fault)
{
    struct ceremony_rows due;
    enum err err =
        store_ceremonies_expired(act->ceremonies->store, act->arena, act->now_us, &due, fault);
    *out_did = err == OK && due.count > 0;
    if (*out_did) {
        expire_row(act, &due.rows[0]);
        err = act_commit(act, (struct slice){NULL, 0}, fault);
    }
    return err;
}

static enum err tell_erased_one(struct act *act, bool *out_did, struct fault *fault)
{
    struct ceremony_rows due;
    enum err err = store_ceremonies_erase_due(act->ceremonies->store, act->arena, &due, fault);
    *out_did = err == OK && due.count > 0;
    if (*out_did) {
        err = store_truncate(act->ceremonies->store, fault);
        if (err == ERR_IN_USE) {
            *out_did = false; /* with the next tick */
            return OK;
        }
    }
    if (err != OK || !*out_did) {
        return err;
    }
    const struct ceremony_row *row = &due.rows[0];
    struct event *event = act_event(act, EVENT_MASTER_KEY_PARTS_ERASED);
    if (event != NULL) {
        event_set_text(event, FIELD_CEREMONY, row->id);
        event_set_integer(event, FIELD_PARTS_TOTAL, row->count);
        event_set_text(event, FIELD_REASON, row->erase_due);
    }
    change_step(&act->change, CHANGE_CEREMONY_ERASED_TOLD);
    change_text(&act->change, row->id);
    return act_commit(act, (struct slice){NULL, 0}, fault);
}

/* One act after the other, each with the lock of its own, until there is nothing due. */
static void tick_all(struct ceremonies *ceremonies, struct arena *arena, int64_t now_us,
                     enum err (*one)(struct act *act, bool *out_did, struct fault *fault),
                     const char *what)
{
    bool did = true;
    enum err err = OK;
    struct fault fault;
    fault_clear(&fault);
    while (err == OK && did) {
        struct act act;
        arena_reset(arena);
        err = tick_act_begin(&act, ceremonies, arena, now_us, &fault);
        if (err == OK) {
            err = one(&act, &did, &fault);
        }
        act_end(&act);
    }
    if (err != OK) {
        diag_say(DIAG_ERROR, what, "why", fault.sentence, NULL);
    }
}

void ceremonies_tick(struct ceremonies *ceremonies, struct arena *arena, int64_t now_us)
{
    tick_all(ceremonies, arena, now_us, expire_one, "a ceremony could not be let expire yet");
    tick_all(ceremonies, arena, now_us, tell_erased_one,
             "erased parts could not be told to be gone yet");
}
