/* event.emit: a batch of events becomes records, all or nothing (or, with partial, the good ones).
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/glob.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/request_id.h"

#define FUTURE_US (5 * 60 * INT64_C(1000000))
#define ENTRY_ARENA_BYTES ((size_t)1024 * 1024)

struct refused_event {
    size_t number; /* in the call's events */
    enum reason reason;
    const char *field; /* in the arena */
};

/* What has become of the events of one call. */
struct emission {
    struct event **events; /* the good ones */
    uint32_t *numbers;     /* their numbers in the call's events */
    size_t count;
    struct refused_event *refused; /* with partial; in order of their numbers */
    size_t refused_count;
};

/* What the log says of a request that was written before: with the parameters, all that its answer
 * hung on. What roles and types are today must not change it. */
struct recorded {
    int64_t clock_us; /* of its first writing */
    bool types[EVENT_COUNT];
};

/* ---- request_id --------------------------------------------------------------------------------
 */

static void hash_text(crypto_generichash_state *state, struct slice text)
{
    uint64_t length = text.length; /* framed, so that no two pairs of texts run together alike */
    crypto_generichash_update(state, (const uint8_t *)&length, sizeof length);
    if (text.length > 0) {
        crypto_generichash_update(state, (const uint8_t *)text.data, text.length);
    }
}

/* Identity of the request: it belongs to the caller's login, for a workflow with the actor's. */
static void request_identity(const struct call *call, struct slice id, struct log_request *out)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof out->key);
    hash_text(&state, slice_of(call->peer->login));
    hash_text(&state, slice_of((call->peer->roles & ROLE_WORKFLOW) != 0 ? call->actor.suser : ""));
    hash_text(&state, id);
    crypto_generichash_final(&state, out->key, sizeof out->key);

    uint8_t digest[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    hash_text(&state, slice_of(call->method->name));
    hash_text(&state, call->params->text);
    crypto_generichash_final(&state, digest, sizeof digest);
    memcpy(out->parameters, digest, sizeof out->parameters);
}

/* ---- the events --------------------------------------------------------------------------------
 */

static bool type_allowed(const struct peer *peer, struct slice type)
{
    const struct access_entry *entry = peer->entry;
    if (entry == NULL || entry->type_count == 0 || (peer->roles & ROLE_WORKFLOW) != 0) {
        return true;
    }
    for (size_t i = 0; i < entry->type_count; i++) {
        if (glob_match(slice_of(entry->types[i]), type)) {
            return true;
        }
    }
    return false;
}

static enum err check_may_emit(const struct peer *peer, const struct event_type *type,
                               struct fault *fault)
{
    bool workflow = (peer->roles & ROLE_WORKFLOW) != 0;
    if (type->emit == EMIT_DAEMON || (type->emit == EMIT_WORKFLOW && !workflow)) {
        return fault_set(fault, ERR_NOT_PERMITTED, REASON_reserved_type, "/type",
                         "%s is emitted by %s only.", type->type.data,
                         type->emit == EMIT_DAEMON ? "the guardian itself" : "the role workflow");
    }
    if (!type_allowed(peer, type->type)) {
        return fault_set(fault, ERR_NOT_PERMITTED, REASON_not_permitted, "/type",
                         "%s may not emit %s: its access entry lists other types.", peer->login,
                         type->type.data);
    }
    return OK;
}

/* Whom the events are about, where they do not say it: only somebody whom a workflow names. A
 * producer is not the user of its events. */
static const struct actor *event_actor(struct call *call)
{
    if (call_parameter(call, "actor") == NULL) {
        call->actor = (struct actor){.via = call->actor.via};
    }
    return &call->actor;
}

/* recorded: NULL, or what a repeat goes by. */
static enum err read_event(struct call *call, const struct json *given,
                           const struct recorded *recorded, struct event **out, struct fault *fault)
{
    int64_t clock_us = recorded == NULL ? call->now_us : recorded->clock_us;
    if (given->kind != JSON_OBJECT) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_type, "",
                         "An event is a JSON object.");
    }
    const struct json *type = json_member(given, "type");
    if (type != NULL && type->kind == JSON_STRING) {
        /* Permission before form: whoever may not emit a type learns nothing about it. */
        const struct event_type *known = catalogue_find(type->text);
        bool written = known != NULL && recorded != NULL && recorded->types[known->id];
        enum err err = known == NULL || written ? OK : check_may_emit(call->peer, known, fault);
        if (err != OK) {
            return err;
        }
    }
    bool acted = call_parameter(call, "actor") != NULL;
    enum err err =
        event_parse(call->arena, given, acted ? EVENT_FOR_ACTOR : EVENT_FROM_PRODUCER, out, fault);
    if (err == OK && acted) {
        trail_fill(*out, event_actor(call)); /* what a type demands may stand in the actor */
        err = event_check(*out, fault);
    }
    if (err == OK && (*out)->has_time && (*out)->time_us > clock_us + FUTURE_US) {
        char now[CLOCK_TEXT_BYTES];
        clock_format(clock_us, now);
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_time_in_future, "/time",
                        "time is more than five minutes ahead of the guardian's clock, %s.", now);
    }
    return err;
}

/* Puts a refusal where its number belongs: those found late come behind ones of higher numbers. */
static enum err note_refused(struct call *call, struct emission *emission, size_t number,
                             struct fault *fault)
{
    struct slice field = arena_copy(call->arena, slice_of(fault->field));
    if (field.data == NULL) {
        return fault_no_memory(fault);
    }
    size_t at = emission->refused_count++;
    for (; at > 0 && emission->refused[at - 1].number > number; at--) {
        emission->refused[at] = emission->refused[at - 1];
    }
    emission->refused[at] =
        (struct refused_event){.number = number, .reason = fault->reason, .field = field.data};
    return OK;
}

static enum err make_room(struct call *call, size_t count, struct emission *out,
                          struct fault *fault)
{
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers is what is meant
    out->events = arena_allocate(call->arena, count * sizeof *out->events);
    out->numbers = arena_allocate(call->arena, count * sizeof *out->numbers);
    out->refused = arena_allocate(call->arena, count * sizeof *out->refused);
    return out->events != NULL && out->numbers != NULL && out->refused != NULL
               ? OK
               : fault_no_memory(fault);
}

static enum err read_events(struct call *call, const struct json *given, bool partial,
                            const struct recorded *recorded, struct emission *out,
                            struct fault *fault)
{
    enum err err = make_room(call, given->count, out, fault);
    uint32_t number = 0;
    for (const struct json *at = given->child; at != NULL && err == OK; at = at->next, number++) {
        struct event *event = NULL;
        err = read_event(call, at, recorded, &event, fault);
        if (err == ERR_NOT_PERMITTED && call->denied_type.length == 0) {
            call->denied_type = json_member(at, "type")->text; /* it was read: it is known */
        }
        if (err == OK) {
            out->numbers[out->count] = number;
            out->events[out->count++] = event;
        } else if (partial && (err == ERR_INVALID_PARAMS || err == ERR_NOT_PERMITTED)) {
            bool denied = err == ERR_NOT_PERMITTED;
            call->denied_reserved |= denied && fault->reason == REASON_reserved_type;
            call->denied_not_permitted |= denied && fault->reason == REASON_not_permitted;
            err = note_refused(call, out, number, fault);
        } else {
            fault_prefix(fault, "/events/%u", number);
            fault->index = number;
        }
    }
    return err;
}

/* With partial, one event whose record is too long must not refuse the others. How long it is shows
 * when all that the guardian adds is there. */
static enum err sift_long(struct call *call, const struct trail_batch *batch,
                          struct emission *emission, struct fault *fault)
{
    enum err err = trail_stamp(call->daemon->trail, call->arena, batch, fault);
    size_t kept = 0;
    struct buffer scratch;
    buffer_init(&scratch, 2 * (size_t)EVENT_RECORD_MAX);
    for (size_t i = 0; i < emission->count && err == OK; i++) {
        buffer_reset(&scratch);
        err = event_encode(emission->events[i], &scratch, fault);
        if (err == OK) {
            emission->numbers[kept] = emission->numbers[i];
            emission->events[kept++] = emission->events[i];
        } else if (err == ERR_INVALID_PARAMS) {
            err = note_refused(call, emission, emission->numbers[i], fault);
        }
    }
    buffer_done(&scratch);
    emission->count = kept;
    return err;
}

/* Of a repeat: good events of a type of which the log has none were refused the first time because
 * of their type, whatever the caller may emit today. */
static enum err sift_unwritten(struct call *call, const struct recorded *recorded,
                               struct emission *emission, struct fault *fault)
{
    enum err err = OK;
    size_t kept = 0;
    for (size_t i = 0; i < emission->count && err == OK; i++) {
        const struct event_type *type = emission->events[i]->type;
        if (recorded->types[type->id]) {
            emission->numbers[kept] = emission->numbers[i];
            emission->events[kept++] = emission->events[i];
            continue;
        }
        enum reason reason = type->emit == EMIT_ANY ? REASON_not_permitted : REASON_reserved_type;
        (void)fault_set(fault, ERR_NOT_PERMITTED, reason, "/type", "%s", type->type.data);
        err = note_refused(call, emission, emission->numbers[i], fault);
    }
    emission->count = kept;
    return err;
}

/* Everything before the log: emission->events are those that can be written (recorded NULL) or were
 * written. */
static enum err judge_events(struct call *call, const struct json *given, bool partial,
                             const struct recorded *recorded, struct emission *out,
                             struct fault *fault)
{
    enum err err = read_events(call, given, partial, recorded, out, fault);
    if (err == OK && partial && out->count > 0) {
        const struct trail_batch batch = {.events = out->events,
                                          .count = out->count,
                                          .actor = event_actor(call),
                                          .now_us =
                                              recorded == NULL ? call->now_us : recorded->clock_us};
        err = sift_long(call, &batch, out, fault);
    }
    if (err == OK && recorded != NULL) {
        err = sift_unwritten(call, recorded, out, fault);
    }
    return err;
}

/* ---- the answer --------------------------------------------------------------------------------
 */

static void write_answer(const struct emission *emission, bool partial,
                         const struct log_range *range, struct buffer *result)
{
    buffer_append_format(result, "{\"accepted\":%llu", (unsigned long long)range->count);
    if (range->count > 0) {
        buffer_append_format(result, ",\"first\":%llu,\"last\":%llu",
                             (unsigned long long)range->first,
                             (unsigned long long)(range->first + range->count - 1));
    }
    for (size_t i = 0; partial && i < emission->refused_count; i++) {
        const struct refused_event *refused = &emission->refused[i];
        buffer_append_text(result, i == 0 ? ",\"refused\":[" : ",");
        buffer_append_format(result, "{\"index\":%zu,\"reason\":\"%s\"", refused->number,
                             reason_word(refused->reason));
        if (refused->field[0] != '\0') {
            buffer_append_text(result, ",\"field\":");
            json_write_string(result, slice_of(refused->field));
        }
        buffer_append_char(result, '}');
    }
    if (partial && emission->refused_count > 0) {
        buffer_append_char(result, ']');
    } else if (partial) {
        buffer_append_text(result, ",\"refused\":[]");
    }
    buffer_append_char(result, '}');
}

static enum err read_recorded(struct call *call, const struct log_range *range,
                              struct recorded *out, struct fault *fault)
{
    struct log_reader *reader;
    if (log_reader_open(call->daemon->log, &reader) != OK) {
        return fault_no_memory(fault);
    }
    struct arena arena; /* one entry's */
    arena_init(&arena, ENTRY_ARENA_BYTES);
    enum err err = OK;
    for (uint64_t i = 0; i < range->count && err == OK; i++) {
        struct slice record;
        struct event *event;
        arena_reset(&arena);
        err = log_read(reader, range->first + i, &record, fault);
        if (err == OK) {
            err = event_decode(&arena, record, -1, &event, fault);
        }
        if (err == OK) {
            out->clock_us = event->received_us >= 0 ? event->received_us : event->time_us;
            out->types[event->type->id] = true;
        }
    }
    arena_done(&arena);
    log_reader_close(reader);
    return err;
}

/* A repeat: the first answer again. */
static enum err answer_again(struct call *call, const struct json *events, bool partial,
                             const struct log_range *range, struct buffer *result,
                             struct fault *fault)
{
    struct emission emission = {0};
    struct recorded recorded = {0};
    enum err err = OK;
    if (partial) {
        err = read_recorded(call, range, &recorded, fault);
        if (err == OK) {
            err = judge_events(call, events, true, &recorded, &emission, fault);
        }
        call->denied_reserved = call->denied_not_permitted = false; /* told the first time */
    }
    if (err == OK) {
        write_answer(&emission, partial, range, result);
    }
    return err;
}

/* A request that writes nothing is not remembered: nothing was done that a repeat could do twice,
 * and what is not in the log would be forgotten by the next start anyway. */
static enum err emit_new(struct call *call, const struct json *events, bool partial,
                         const struct log_request *request, struct buffer *result,
                         struct fault *fault)
{
    struct emission emission = {0};
    struct log_range range = {0};
    enum err err = judge_events(call, events, partial, NULL, &emission, fault);
    if (err != OK || emission.count == 0) {
        if (request != NULL) {
            log_request_abandon(call->daemon->log, request);
        }
    } else {
        const struct trail_batch batch = {.events = emission.events,
                                          .count = emission.count,
                                          .actor = event_actor(call),
                                          .now_us = call->now_us,
                                          .request = request};
        err = trail_emit(call->daemon->trail, call->arena, &batch, &range, fault);
        if (err == ERR_INVALID_PARAMS) { /* too_long: found while encoding */
            uint32_t number = emission.numbers[fault->index];
            fault_prefix(fault, "/events/%u", number);
            fault->index = number;
        }
    }
    if (err == OK) {
        write_answer(&emission, partial, &range, result);
    }
    return err;
}

static enum err check_events(const struct json *events, struct fault *fault)
{
    if (events->count == 0) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/events",
                         "events is empty: send at least one event.");
    }
    if (events->count > LOG_BATCH_MAX) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_many_members, "/events",
                         "events has %u events: at most %d are taken at once.", events->count,
                         LOG_BATCH_MAX);
    }
    return OK;
}

enum err method_event_emit(struct call *call, struct buffer *result, struct fault *fault)
{
    const struct json *events = call_parameter(call, "events");
    const struct json *flag = call_parameter(call, "partial");
    struct slice id = {NULL, 0};
    bool partial = flag != NULL && flag->boolean;
    enum err err = check_events(events, fault);
    if (err == OK) {
        err = request_id_read(call, &id, fault);
    }
    if (err != OK || id.length == 0) {
        return err != OK ? err : emit_new(call, events, partial, NULL, result, fault);
    }
    struct log_request request;
    struct log_range range;
    request_identity(call, id, &request);
    switch (log_request_begin(call->daemon->log, &request, &range)) {
    case LOG_REQUEST_NEW:
        return emit_new(call, events, partial, &request, result, fault);
    case LOG_REQUEST_DONE:
        return answer_again(call, events, partial, &range, result, fault);
    case LOG_REQUEST_REUSED:
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_request_id_reused, "/request_id",
                         "This request_id was used with another method or other parameters: "
                         "take a new one.");
    case LOG_REQUEST_STOPPED:
        break;
    }
    return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "log",
                     "The log has stopped: nothing was done. Ask again after the restart.");
}
