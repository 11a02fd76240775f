#include "ipc/daemon/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/memory.h"
#include "audit/base/utf8.h"
#include "ipc/daemon/act_call.h"
#include "ipc/daemon/caller.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/refusals.h"
#include "ipc/wire/jsonrpc.h"

#define REFUSAL_BYTES \
    512 /* enough for answer_too_large with an id that is not out of all measure */
#define CLOSING_BYTES 1024 /* enough for batch_too_large, or the end of a batch's answer */

struct dispatch {
    struct daemon *daemon;
    struct refusals refusals;
};

struct dispatch *dispatch_new(struct daemon *daemon)
{
    struct dispatch *dispatch = memory_allocate_zeroed(sizeof *dispatch);
    if (dispatch != NULL) {
        dispatch->daemon = daemon;
        refusals_init(&dispatch->refusals);
    }
    return dispatch;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (dispatch != NULL) {
        refusals_done(&dispatch->refusals);
        memory_free(dispatch);
    }
}

/* ---- refusals become events --------------------------------------------------------------------
 */

/* "reserved_type (daemon.stopped)" */
static struct slice reason_text(struct arena *arena, const struct refusal *refusal)
{
    char text[160];
    const char *word = reason_word(refusal->reason);
    if (refusal->detail[0] == '\0') {
        return slice_of(word);
    }
    snprintf(text, sizeof text, "%s (%s)", word, refusal->detail);
    struct slice copy = arena_copy(arena, slice_of(text));
    return copy.data == NULL ? slice_of(word) : copy;
}

/* Records a refusal, or keeps it for later when the log does not take it now. */
static enum err emit_denied(struct dispatch *dispatch, struct arena *arena,
                            const struct refusal *refusal)
{
    struct log_range range;
    struct fault fault;
    fault_clear(&fault);
    const struct peer *peer = &refusal->peer;
    struct actor actor = {.suser = peer->login,
                          .suid = peer->id,
                          .sname = peer->name,
                          .spriv = peer->privilege,
                          .origin_ip = peer->address,
                          .via = caller_via(arena, peer).data};
    if (refusal->person[0] != '\0') {
        actor.suser = refusal->person;
        actor.suid = refusal->person_id;
        actor.sname = refusal->person_name;
        actor.spriv = refusal->person_privilege;
        actor.origin_ip = refusal->origin;
    }
    struct event *event = event_new(arena, EVENT_ACCESS_DENIED);
    enum err err = event == NULL || actor.via == NULL ? fault_no_memory(&fault) : OK;
    if (err == OK) {
        event_set_text(event, FIELD_METHOD, slice_of(refusal->method));
        event_set_text(event, FIELD_REASON, reason_text(arena, refusal));
        if (refusal->count > 1) {
            event_set_integer(event, FIELD_COUNT, (int64_t)refusal->count);
        }
        const struct trail_batch batch = {.events = &event,
                                          .count = 1,
                                          .actor = &actor,
                                          .now_us = clock_now_us(),
                                          .urgent = true};
        err = trail_emit(dispatch->daemon->trail, arena, &batch, &range, &fault);
    }
    if (err != OK) {
        refusals_put_back(&dispatch->refusals, refusal, clock_boot_ms());
        diag_say(DIAG_ERROR, "a refusal could not be recorded yet", "caller", peer->login, "method",
                 refusal->method, "why", fault.sentence, NULL);
    }
    return err;
}

/* A copy that ends with a whole character. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    if (length >= size) {
        length = utf8_whole(text, size - 1);
    }
    if (length > 0) {
        memcpy(out, text, length);
    }
    out[length] = '\0';
}

static struct refusal refusal_of(const struct peer *peer, const char *method, enum reason reason,
                                 struct slice detail)
{
    struct refusal refusal = {.peer = *peer, .reason = reason, .count = 1};
    refusal.peer.entry = NULL; /* may outlive the configuration it came from */
    copy_text(refusal.method, sizeof refusal.method, method);
    if (detail.length > 0 && detail.length < sizeof refusal.detail) {
        memcpy(refusal.detail, detail.data, detail.length);
    }
    return refusal;
}

/* The one who is refused is whom a workflow asks for. */
static struct refusal refusal_of_call(const struct call *call, enum reason reason,
                                      struct slice detail)
{
    struct refusal refusal = refusal_of(call->peer, call->method->name, reason, detail);
    const struct actor *actor = &call->actor;
    if ((call->peer->roles & ROLE_WORKFLOW) != 0 && call_parameter(call, "actor") != NULL) {
        copy_text(refusal.person, sizeof refusal.person, actor->suser);
        copy_text(refusal.person_id, sizeof refusal.person_id, actor->suid);
        copy_text(refusal.person_name, sizeof refusal.person_name, actor->sname);
        copy_text(refusal.person_privilege, sizeof refusal.person_privilege, actor->spriv);
        copy_text(refusal.origin, sizeof refusal.origin, actor->origin_ip);
    }
    return refusal;
}

static void tell_or_count(struct dispatch *dispatch, struct arena *arena,
                          const struct refusal *refusal)
{
    if (refusals_note(&dispatch->refusals, refusal, clock_boot_ms())) {
        enum err kept = emit_denied(dispatch, arena, refusal);
        (void)kept; /* said, and told by a later tick */
    }
}

static void note_refusal(struct dispatch *dispatch, struct arena *arena, const struct peer *peer,
                         const char *method, enum reason reason, struct slice detail)
{
    const struct refusal refusal = refusal_of(peer, method, reason, detail);
    tell_or_count(dispatch, arena, &refusal);
}

static void note_call(struct dispatch *dispatch, struct call *call, enum reason reason,
                      struct slice detail)
{
    const struct refusal refusal = refusal_of_call(call, reason, detail);
    tell_or_count(dispatch, call->arena, &refusal);
}

bool dispatch_tells_refusal(struct dispatch *dispatch, const struct call *call, enum reason reason)
{
    const struct refusal refusal = refusal_of_call(call, reason, slice_of(""));
    return refusals_note(&dispatch->refusals, &refusal, clock_boot_ms());
}

void dispatch_tick(struct dispatch *dispatch, bool all)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct refusal refusal;
    enum err err = OK;
    /* One that the log does not take is the last of this tick: each may wait for seconds. */
    while (err == OK && refusals_take(&dispatch->refusals, clock_boot_ms(), all, &refusal)) {
        err = emit_denied(dispatch, &arena, &refusal);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

void dispatch_unanswered(struct dispatch *dispatch, const struct peer *peer)
{
    struct arena arena;
    arena_init(&arena, 65536);
    note_refusal(dispatch, &arena, peer, "connect", REASON_too_many_refusals, slice_of(""));
    arena_done(&arena);
}

/* ---- one call ----------------------------------------------------------------------------------
 */

static enum err check_role(const struct call *call, struct fault *fault)
{
    const struct peer *peer = call->peer;
    if ((peer->roles & call->method->roles) != 0) {
        return OK;
    }
    char wanted[128] = "";
    for (unsigned role = 1; role <= ROLE_AUDITOR; role <<= 1) {
        if ((call->method->roles & role) != 0) {
            size_t used = strlen(wanted);
            snprintf(wanted + used, sizeof wanted - used, "%s%s", used == 0 ? "" : ", ",
                     role_word((enum role)role));
        }
    }
    return fault_set(fault, ERR_NOT_PERMITTED, REASON_not_permitted, NULL,
                     "%s may not call %s: that takes one of the roles %s.", peer->login,
                     call->method->name, wanted);
}

static bool kind_fits(enum parameter_kind kind, enum json_kind given)
{
    static const enum json_kind wanted[] = {
        [PARAMETER_STRING] = JSON_STRING,   [PARAMETER_INTEGER] = JSON_INTEGER,
        [PARAMETER_BOOLEAN] = JSON_BOOLEAN, [PARAMETER_ARRAY] = JSON_ARRAY,
        [PARAMETER_OBJECT] = JSON_OBJECT,   [PARAMETER_SECRET] = JSON_STRING,
        [PARAMETER_SECRETS] = JSON_ARRAY,
    };
    return wanted[kind] == given;
}

static const char *kind_text(enum parameter_kind kind)
{
    static const char *const texts[] = {
        [PARAMETER_STRING] = "a string",   [PARAMETER_INTEGER] = "an integer",
        [PARAMETER_BOOLEAN] = "a boolean", [PARAMETER_ARRAY] = "an array",
        [PARAMETER_OBJECT] = "an object",  [PARAMETER_SECRET] = "a string",
        [PARAMETER_SECRETS] = "an array",
    };
    return texts[kind];
}

/* Of a ceremony that cannot be one the id is not repeated, nor is it looked for in the store. */
static enum err check_ceremony(const struct method *method, const struct json *given,
                               struct fault *fault)
{
    if ((method->flags & METHOD_PERSON) == 0 || given->kind != JSON_STRING ||
        !slice_is(given->name, "ceremony") || given->text.length == 0 ||
        name_may_be_told(given->text)) {
        return OK;
    }
    return fault_set(fault, ERR_NOT_FOUND, REASON_unknown_ceremony, "/ceremony",
                     "There is no ceremony of that name: guardianctl ceremony list shows all.");
}

static enum err check_parameter(const struct method *method, const struct json *given,
                                struct fault *fault)
{
    static const struct method_parameter actor = {"actor", PARAMETER_OBJECT, false};
    static const struct method_parameter request_id = {"request_id", PARAMETER_STRING, false};
    const struct method_parameter *found = NULL;
    for (const struct method_parameter *p = method->parameters; p->name != NULL; p++) {
        if (slice_is(given->name, p->name)) {
            found = p;
        }
    }
    if (found == NULL && slice_is(given->name, "actor")) {
        found = &actor;
    }
    if (found == NULL && (method->flags & METHOD_CHANGES) != 0 &&
        slice_is(given->name, "request_id")) {
        found = &request_id;
    }
    if (found == NULL) {
        return call_parameter_fault(fault, REASON_unknown_parameter, given->name,
                                    "is no parameter of this method.");
    }
    if (given->kind != JSON_NULL && !kind_fits(found->kind, given->kind)) {
        char sentence[64];
        snprintf(sentence, sizeof sentence, "must be %s.", kind_text(found->kind));
        return call_parameter_fault(fault, REASON_bad_type, given->name, sentence);
    }
    return check_ceremony(method, given, fault);
}

static enum err check_parameters(const struct call *call, struct fault *fault)
{
    /* A longer message was moved while it was read, and left pieces of itself behind. */
    if ((call->method->flags & METHOD_SECRET) != 0 && call->params != NULL &&
        call->params->text.length >= METHOD_SECRET_BYTES) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_large, "",
                         "%s takes less than %d octets of parameters.", call->method->name,
                         METHOD_SECRET_BYTES);
    }
    const struct json *given = call->params == NULL ? NULL : call->params->child;
    for (; given != NULL; given = given->next) {
        enum err err = check_parameter(call->method, given, fault);
        if (err != OK) {
            return err;
        }
    }
    for (const struct method_parameter *p = call->method->parameters; p->name != NULL; p++) {
        if (p->required && call_parameter(call, p->name) == NULL) {
            return call_parameter_fault(fault, REASON_missing_parameter, slice_of(p->name),
                                        "is missing.");
        }
    }
    return OK;
}

/* A refusal of permission is audited, be it the answer or stand within one; so is the attempt to
 * act for somebody else. */
static void audit_refusals(struct dispatch *dispatch, struct call *call, enum err err,
                           const struct fault *fault)
{
    bool posed = err != OK && fault->reason == REASON_actor_not_allowed;
    if (err == ERR_NOT_PERMITTED || posed) {
        note_call(dispatch, call, fault->reason, call->denied_type);
    }
    if (call->denied_reserved) {
        note_call(dispatch, call, REASON_reserved_type, call->denied_type);
    }
    if (call->denied_not_permitted) {
        note_call(dispatch, call, REASON_not_permitted, call->denied_type);
    }
}

static enum err run_call(struct dispatch *dispatch, struct call *call, struct slice method,
                         struct buffer *result, struct fault *fault)
{
    call->method = method_find(method);
    if (call->method == NULL && !name_may_be_told(method)) {
        return fault_set(fault, ERR_METHOD_NOT_FOUND, REASON_unknown_method, NULL,
                         "There is no method of that name.");
    }
    if (call->method == NULL) {
        return fault_set(fault, ERR_METHOD_NOT_FOUND, REASON_unknown_method, NULL,
                         "There is no method %.*s.", (int)method.length, method.data);
    }
    enum err err = check_role(call, fault);
    if (err == OK) {
        err = check_parameters(call, fault);
    }
    if (err == OK) {
        err = caller_read(call, fault);
    }
    if (err == OK) {
        err = (call->method->flags & METHOD_ACT) != 0 ? act_call(call, result, fault)
                                                      : call->method->handler(call, result, fault);
    }
    if (err == OK && buffer_result(result) != OK) {
        err = buffer_result(result) == ERR_NO_MEMORY
                  ? fault_no_memory(fault)
                  : fault_set(fault, ERR_INTERNAL, REASON_too_large, NULL,
                              "The answer is larger than a message may be: ask for less.");
    }
    audit_refusals(dispatch, call, err, fault);
    return err;
}

/* ---- one message -------------------------------------------------------------------------------
 */

static const struct fault answer_too_large = {
    .err = ERR_INTERNAL,
    .reason = REASON_too_large,
    .index = -1,
    .sentence = "The call was executed, but its answer is larger than a message may be: ask for "
                "less at once."};

static const struct fault batch_too_large = {
    .err = ERR_INTERNAL,
    .reason = REASON_too_large,
    .index = -1,
    .sentence = "The answers do not fit into one message, so what became of which call is not "
                "told here: send fewer in a batch, and acts with a request_id."};

/* An error as short as it can be: what it is, without the words about it. */
static struct fault short_of(const struct fault *fault)
{
    return (struct fault){.err = fault->err, .reason = fault->reason, .index = fault->index};
}

/* Appends an answer; if it does not fit, a short error in its place. False, with the buffer as it
 * was, if not even that fits (the id may be as long as the message). */
static bool append_answer(struct buffer *answer, bool first, struct slice id, struct slice result,
                          const struct fault *fault, struct slice error_object)
{
    size_t before = answer->length;
    const struct fault shorter = short_of(fault == NULL ? &answer_too_large : fault);
    for (int attempt = 0; attempt < 2; attempt++) {
        if (!first) {
            buffer_append_char(answer, ',');
        }
        if (fault == NULL) {
            jsonrpc_write_result(answer, id, result);
        } else if (error_object.length > 0) {
            jsonrpc_write_error_again(answer, id, error_object);
        } else {
            jsonrpc_write_error(answer, id, fault);
        }
        if (buffer_result(answer) == OK) {
            return true;
        }
        fault = fault == NULL ? &answer_too_large : &shorter;
        error_object.length = 0;
        answer->length = before;
        answer->failed = OK;
    }
    return false;
}

struct message_context {
    struct dispatch *dispatch;
    const struct config *config;
    const struct peer *peer;
    struct arena *arena;
};

enum element_end {
    ELEMENT_SILENT, /* a notification: nothing was appended */
    ELEMENT_ANSWERED,
    ELEMENT_TOO_LARGE, /* no answer fitted */
};

static enum element_end answer_element(const struct message_context *context,
                                       const struct json *element, bool first,
                                       struct buffer *answer)
{
    struct rpc_request request;
    struct fault fault;
    fault_clear(&fault);
    struct buffer result;
    buffer_init(&result, answer->maximum);
    result.wiped = answer->wiped;
    enum err err = jsonrpc_read(context->arena, element, &request, &fault);
    struct slice error_object = {NULL, 0};
    if (err == OK) {
        struct call call = {.daemon = context->dispatch->daemon,
                            .config = context->config,
                            .peer = context->peer,
                            .arena = context->arena,
                            .params = request.params,
                            .now_us = clock_now_us()};
        err = run_call(context->dispatch, &call, request.method, &result, &fault);
        error_object = call.error_object;
    }
    enum element_end end = ELEMENT_SILENT;
    if (!request.notification) {
        end = append_answer(answer, first, request.id, buffer_slice(&result),
                            err == OK ? NULL : &fault, error_object)
                  ? ELEMENT_ANSWERED
                  : ELEMENT_TOO_LARGE;
    }
    buffer_done(&result);
    return end;
}

/* The pointer to where a text is no JSON, up to the first name that is not to be told. */
static void cut_field(struct fault *fault)
{
    char *at = fault->field;
    while (at[0] == '/') {
        size_t length = strcspn(at + 1, "/");
        if (!name_may_be_told((struct slice){at + 1, length})) {
            at[0] = '\0';
            return;
        }
        at += 1 + length;
    }
}

static void answer_fault(struct buffer *answer, const struct fault *fault)
{
    (void)append_answer(answer, true, slice_of("null"), slice_of(""), fault, slice_of(""));
}

/* All elements are executed, whatever becomes of their answers. Room is kept for an error in the
 * place of each answer still to come, so that the first ones cannot take it all. */
static void answer_batch(const struct message_context *context, const struct rpc_message *message,
                         struct buffer *answer)
{
    size_t before = answer->length; /* the server's heading stands there already */
    size_t maximum = answer->maximum;
    size_t left = message->count;
    bool first = true;
    bool whole = true;
    buffer_append_char(answer, '[');
    for (const struct json *element = message->first; element != NULL; element = element->next) {
        answer->maximum = maximum - CLOSING_BYTES - --left * REFUSAL_BYTES;
        enum element_end end = answer_element(context, element, first, answer);
        first = first && end == ELEMENT_SILENT;
        whole = whole && end != ELEMENT_TOO_LARGE;
    }
    answer->maximum = maximum;
    if (!whole || first) {
        answer->length = before;
    }
    if (!whole) {
        answer_fault(answer, &batch_too_large);
    } else if (!first) {
        buffer_append_char(answer, ']');
    }
}

static void answer_message(const struct message_context *context, struct slice request,
                           struct buffer *answer)
{
    const struct json_limits limits = {.depth = context->config->limits.depth,
                                       .members = context->config->limits.members};
    struct rpc_message message;
    struct fault fault;
    fault_clear(&fault);
    if (jsonrpc_parse(context->arena, request, &limits, context->config->limits.batch, &message,
                      &fault) != OK) {
        cut_field(&fault);
        answer_fault(answer, &fault);
        return;
    }
    if (message.batch) {
        answer_batch(context, &message, answer);
    } else if (answer_element(context, message.first, true, answer) == ELEMENT_TOO_LARGE) {
        answer_fault(answer, &answer_too_large);
    }
}

/* Whoever has no role gets one and the same answer to everything, and it is always audited. Only a
 * small message is looked into, so that the answer can bear its id and the event its method. */
static void refuse_nobody(struct dispatch *dispatch, const struct peer *peer, struct arena *arena,
                          struct slice text, struct buffer *answer)
{
    static const struct json_limits limits = {.depth = 8, .members = 64};
    struct rpc_message message;
    struct rpc_request request = {.id = slice_of("null")};
    struct fault fault;
    const struct method *method = NULL;
    fault_clear(&fault);
    if (text.length <= DISPATCH_NOBODY_BYTES &&
        jsonrpc_parse(arena, text, &limits, 1, &message, &fault) == OK && !message.batch &&
        jsonrpc_read(arena, message.first, &request, &fault) == OK) {
        method = method_find(request.method);
    }
    note_refusal(dispatch, arena, peer, method == NULL ? "unknown" : method->name, REASON_no_role,
                 slice_of(""));
    (void)fault_set(&fault, ERR_NOT_PERMITTED, REASON_no_role, NULL,
                    "%s has no role here: add it to the access table of the configuration.",
                    peer->login);
    if (!request.notification) {
        (void)append_answer(answer, true, request.id, slice_of(""), &fault, slice_of(""));
    }
}

bool dispatch_message(struct dispatch *dispatch, const struct peer *peer, struct arena *arena,
                      struct slice request, struct buffer *answer)
{
    arena_reset(arena);
    if (peer->roles == 0) {
        refuse_nobody(dispatch, peer, arena, request, answer);
        return false;
    }
    struct config *config = daemon_config(dispatch->daemon);
    const struct message_context context = {dispatch, config, peer, arena};
    answer_message(&context, request, answer);
    config_release(config);
    return true;
}

void dispatch_too_large(struct dispatch *dispatch, const struct peer *peer, struct arena *arena,
                        struct buffer *answer)
{
    arena_reset(arena);
    if (peer->roles == 0) {
        refuse_nobody(dispatch, peer, arena, slice_of(""), answer);
        return;
    }
    struct config *config = daemon_config(dispatch->daemon);
    struct fault fault;
    (void)fault_set(&fault, ERR_INVALID_REQUEST, REASON_too_large, NULL,
                    "The message is larger than limits.message allows: at most %u octets.",
                    config->limits.message);
    config_release(config);
    answer_fault(answer, &fault);
}
