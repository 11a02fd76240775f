/* ceremony.*: start, track, watch, cancel. */
#include <stdio.h>

#include "ceremony/part.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/write.h"

#define ROW_ARENA_BYTES ((size_t)256 * 1024) /* a ceremony and the states of its parts */

/* ---- start, track ------------------------------------------------------------------------------
 */

static enum err read_guardians(struct call *call, struct ceremony_plan *plan, struct fault *fault)
{
    const struct json *list = call_parameter(call, "guardians");
    struct slice *logins = arena_allocate(call->arena, (list->count + 1) * sizeof *logins);
    size_t count = 0;
    if (logins == NULL) {
        return fault_no_memory(fault);
    }
    for (const struct json *login = list->child; login != NULL; login = login->next) {
        if (login->kind != JSON_STRING) {
            char field[40];
            snprintf(field, sizeof field, "/guardians/%zu", count);
            return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_type, field,
                             "guardians is a list of logins.");
        }
        logins[count++] = login->text;
    }
    plan->guardians = logins;
    plan->guardian_count = count;
    return OK;
}

static enum err read_kind(const struct call *call, struct ceremony_plan *plan, struct fault *fault)
{
    struct slice kind = call_text(call, "kind");
    int64_t bits = call_integer(call, "bits", 0);
    if (!key_kind_from_word(kind, &plan->kind)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/kind",
                         "kind is age (a key whose recipient any age tool encrypts to) or raw "
                         "(hexadecimal digits).");
    }
    if (bits != 0 && bits != 128 && bits != 256) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_bits, "/bits",
                         "bits is 128 or 256.");
    }
    plan->bits = bits;
    return OK;
}

static enum err read_plan(struct call *call, struct ceremony_plan *plan, struct fault *fault)
{
    *plan = (struct ceremony_plan){.name = call_text(call, "name"),
                                   .threshold = call_integer(call, "threshold", 0),
                                   .expires_in_s = call_integer(call, "expires_in", 0),
                                   .confirm = call_boolean(call, "confirm", true),
                                   .all_required = call_boolean(call, "allow_all_required", false),
                                   .rehearsal = call_boolean(call, "rehearsal", false)};
    if (call_parameter(call, "expires_in") != NULL && plan->expires_in_s < 1) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/expires_in",
                         "expires_in is a number of seconds, at least 1.");
    }
    return read_guardians(call, plan, fault);
}

static void write_made(struct buffer *out, const struct ceremony_made *made)
{
    buffer_append_text(out, "{\"ceremony\":");
    json_write_string(out, made->row.id);
    if (!made->row.tracked) {
        write_text(out, "check", made->row.check_value);
        if (made->row.recipient.length > 0) {
            write_text(out, "recipient", made->row.recipient);
        }
        write_integer(out, "identifier", made->row.identifier);
    }
    buffer_append_text(out, ",\"parts\":[");
    for (size_t i = 0; i < made->parts.count; i++) {
        buffer_append_text(out, i == 0 ? "{\"guardian\":" : ",{\"guardian\":");
        json_write_string(out, made->parts.rows[i].guardian);
        write_integer(out, "index", made->parts.rows[i].number);
        buffer_append_char(out, '}');
    }
    buffer_append_text(out, "],\"warnings\":[");
    for (size_t i = 0; i < made->warning_count; i++) {
        buffer_append_text(out, i == 0 ? "" : ",");
        json_write_string(out, slice_of(made->warnings[i]));
    }
    buffer_append_text(out, "]}");
}

enum err method_ceremony_start(struct call *call, struct buffer *result, struct fault *fault)
{
    struct ceremony_plan plan;
    struct ceremony_made made;
    enum err err = read_plan(call, &plan, fault);
    if (err == OK) {
        err = read_kind(call, &plan, fault);
    }
    if (err == OK) {
        err = ceremony_start(call->act, &plan, &made, fault);
    }
    if (err == OK) {
        write_made(result, &made);
    }
    return err;
}

enum err method_ceremony_track(struct call *call, struct buffer *result, struct fault *fault)
{
    struct ceremony_plan plan;
    struct ceremony_made made;
    enum err err = read_plan(call, &plan, fault);
    if (err == OK) {
        err = ceremony_track(call->act, &plan, &made, fault);
    }
    if (err == OK) {
        write_made(result, &made);
    }
    return err;
}

/* ---- watching ----------------------------------------------------------------------------------
 */

/* A challenge is its guardian's own: nobody else has a use for it, and he has one for a day. */
static bool may_sign(const struct call *call, const struct ceremony_row *row,
                     const struct part_row *part)
{
    int64_t age_us = call->now_us - part->challenge_us;
    bool lives = part->challenge.length > 0 && age_us >= 0 && age_us < PART_CHALLENGE_LIFE_US;
    return !row->tracked && lives && slice_is(part->guardian, call->actor.suser);
}

static void write_part(const struct call *call, struct buffer *out, const struct ceremony_row *row,
                       const struct part_row *part)
{
    buffer_append_format(out, "{\"index\":%lld,\"guardian\":", (long long)part->number);
    json_write_string(out, part->guardian);
    write_text(out, "state", slice_of(part_state(part)));
    write_time(out, "viewed", part->viewed_us);
    write_time(out, "downloaded", part->downloaded_us);
    write_time(out, "confirmed", part->confirmed_us);
    if (part->medium.length > 0) {
        write_text(out, "medium", part->medium);
    }
    if (may_sign(call, row, part)) {
        write_base64(out, "challenge", part->challenge.data, part->challenge.length);
    }
    buffer_append_char(out, '}');
}

/* The parts are read into the arena. */
static enum err write_ceremony(struct call *call, struct arena *arena, struct buffer *out,
                               const struct ceremony_row *row, struct fault *fault)
{
    struct part_rows parts;
    enum err err =
        store_part_states(call->daemon->ceremonies->store, arena, row->id, &parts, fault);
    if (err != OK) {
        return err;
    }
    buffer_append_text(out, "{\"ceremony\":");
    json_write_string(out, row->id);
    write_text(out, "name", row->name);
    write_text(out, "kind", row->tracked ? slice_of("tracked") : row->kind);
    write_text(out, "state", row->state);
    write_integer(out, "threshold", row->threshold);
    write_integer(out, "count", row->count);
    if (!row->tracked) {
        write_integer(out, "bits", row->bits);
        write_boolean(out, "confirm", row->confirm);
        write_text(out, "check", row->check_value);
        write_integer(out, "identifier", row->identifier);
    }
    if (row->recipient.length > 0) {
        write_text(out, "recipient", row->recipient);
    }
    write_boolean(out, "rehearsal", row->rehearsal);
    write_text(out, "started_by", row->started_by);
    write_time(out, "started", row->started_us);
    write_time(out, "expires", row->expires_us);
    write_time(out, "ended", row->ended_us);
    if (row->ended_reason.length > 0) {
        write_text(out, "reason", row->ended_reason);
    }
    buffer_append_text(out, ",\"parts\":[");
    for (size_t i = 0; i < parts.count; i++) {
        buffer_append_text(out, i == 0 ? "" : ",");
        write_part(call, out, row, &parts.rows[i]);
    }
    buffer_append_text(out, "]}");
    return OK;
}

/* A guardian sees the ceremonies of the own parts. */
static enum err may_see(struct call *call, const struct ceremony_row *row, struct fault *fault)
{
    struct part_row part;
    if (call_sees_all(call)) {
        return OK;
    }
    enum err err = store_part_of_guardian(call->daemon->ceremonies->store, call->arena, row->id,
                                          slice_of(call->actor.suser), &part, fault);
    return err != ERR_NOT_FOUND ? err
                                : fault_set(fault, ERR_NOT_PERMITTED, REASON_not_yours, "/ceremony",
                                            "You hold no part of this ceremony.");
}

static enum err status(struct call *call, struct buffer *result, struct fault *fault)
{
    struct ceremony_row row;
    enum err err = ceremony_find(call->daemon->ceremonies->store, call->arena,
                                 call_text(call, "ceremony"), &row, fault);
    if (err == OK) {
        err = may_see(call, &row, fault);
    }
    return err == OK ? write_ceremony(call, call->arena, result, &row, fault) : err;
}

enum err method_ceremony_status(struct call *call, struct buffer *result, struct fault *fault)
{
    ceremonies_lock(call->daemon->ceremonies);
    enum err err = status(call, result, fault);
    ceremonies_unlock(call->daemon->ceremonies);
    return err;
}

/* One ceremony of the list, in an arena of its own. */
struct listing {
    struct call *call;
    struct arena arena;
    struct buffer *result;
    bool first;
};

static enum err write_listed(void *context, const struct ceremony_row *row, struct fault *fault)
{
    struct listing *listing = context;
    buffer_append_text(listing->result, listing->first ? "" : ",");
    listing->first = false;
    return write_ceremony(listing->call, &listing->arena, listing->result, row, fault);
}

static enum err list(struct call *call, struct buffer *result, struct fault *fault)
{
    struct listing listing = {.call = call, .result = result, .first = true};
    struct slice own = slice_of(call->actor.suser);
    const struct slice *whose = call_sees_all(call) ? NULL : &own;
    arena_init(&listing.arena, ROW_ARENA_BYTES);
    buffer_append_text(result, "{\"ceremonies\":[");
    enum err err = store_each_ceremony(call->daemon->ceremonies->store, &listing.arena, whose,
                                       write_listed, &listing, fault);
    buffer_append_text(result, "]}");
    arena_done(&listing.arena);
    return err;
}

enum err method_ceremony_list(struct call *call, struct buffer *result, struct fault *fault)
{
    ceremonies_lock(call->daemon->ceremonies);
    enum err err = list(call, result, fault);
    ceremonies_unlock(call->daemon->ceremonies);
    return err;
}

enum err method_ceremony_cancel(struct call *call, struct buffer *result, struct fault *fault)
{
    struct ceremony_row row;
    enum err err = ceremony_cancel(call->act, call_text(call, "ceremony"),
                                   call_text(call, "reason"), &row, fault);
    if (err == OK) {
        buffer_append_text(result, "{\"ceremony\":");
        json_write_string(result, row.id);
        write_text(result, "state", row.state);
        write_time(result, "ended", row.ended_us);
        write_text(result, "reason", row.ended_reason);
        buffer_append_char(result, '}');
    }
    return err;
}
