#include "ipc/daemon/act_call.h"

#include <string.h>

#include "ipc/daemon/dispatch.h"
#include "ipc/daemon/request_id.h"
#include "ipc/wire/jsonrpc.h"

/* What is kept of an answer begins with what it is. */
#define KEPT_RESULT 'R'
#define KEPT_ERROR 'E'

#define PARAMETERS_BYTES_MAX (64u * 1024 * 1024) /* no message is longer */

/* A request_id is the caller's own; a workflow's, that of the person it acts for. */
static struct slice owner_of(const struct call *call)
{
    struct buffer text;
    buffer_init(&text, 1024);
    buffer_append_text(&text, call->peer->login);
    if ((call->peer->roles & ROLE_WORKFLOW) != 0) {
        buffer_append_char(&text, '\n'); /* stands in no login */
        buffer_append_text(&text, call->actor.suser == NULL ? "" : call->actor.suser);
    }
    struct slice copy = buffer_result(&text) == OK ? arena_copy(call->arena, buffer_slice(&text))
                                                   : (struct slice){NULL, 0};
    buffer_done(&text);
    return copy;
}

static bool is_secret(const struct method *method, struct slice name)
{
    for (const struct method_parameter *p = method->parameters; p->name != NULL; p++) {
        if (slice_is(name, p->name)) {
            return p->kind == PARAMETER_SECRET || p->kind == PARAMETER_SECRETS;
        }
    }
    return false;
}

static void write_parameter(struct buffer *out, const struct json *given)
{
    json_write_string(out, given->name);
    buffer_append_char(out, ':');
    switch (given->kind) {
    case JSON_STRING:
        json_write_string(out, given->text);
        break;
    case JSON_BOOLEAN:
        buffer_append_text(out, given->boolean ? "true" : "false");
        break;
    case JSON_NULL:
        buffer_append_text(out, "null");
        break;
    default:
        buffer_append_slice(out, given->text);
        break;
    }
    buffer_append_char(out, ',');
}

/* What makes two requests the same: of secret parameters no image may reach a disk, so they stand
 * apart from the others. */
static enum err part_parameters(struct call *call, struct act_request *request,
                                struct slice secrets[METHOD_PARAMETERS_MAX], struct fault *fault)
{
    struct buffer text;
    buffer_init_wiped(&text, PARAMETERS_BYTES_MAX);
    request->secrets = secrets;
    const struct json *given = call->params == NULL ? NULL : call->params->child;
    for (; given != NULL; given = given->next) {
        if (is_secret(call->method, given->name)) {
            secrets[request->secret_count++] = given->text;
        } else {
            write_parameter(&text, given);
        }
    }
    request->parameters = buffer_result(&text) == OK ? arena_copy(call->arena, buffer_slice(&text))
                                                     : (struct slice){NULL, 0};
    buffer_done(&text);
    return request->parameters.data == NULL ? fault_no_memory(fault) : OK;
}

/* A field that is missing in an event is the caller's to give, in the actor; of whoever has none
 * the configuration does. */
static void point_into_params(const struct call *call, struct fault *fault)
{
    static const char *const of_actor[] = {"/suid", "/suser", "/sname", "/spriv", "/originIP"};
    bool named = call_parameter(call, "actor") != NULL;
    bool about_actor = strcmp(fault->field, "/actor/suser") == 0;
    if (fault->index >= 0) { /* an event's */
        fault->index = -1;
        for (size_t i = 0; i < sizeof of_actor / sizeof of_actor[0]; i++) {
            if (strcmp(fault->field, of_actor[i]) == 0) {
                fault_prefix(fault, "/actor");
                about_actor = true;
            }
        }
    }
    if (about_actor && !named) {
        fault->field[0] = '\0';
    }
}

static enum err answer_again(struct call *call, struct slice kept, struct buffer *result,
                             struct fault *fault)
{
    struct slice text = {kept.data + 1, kept.length - 1};
    if (kept.data[0] == KEPT_RESULT) {
        buffer_append_slice(result, text);
        return OK;
    }
    call->error_object = text;
    return fault_set(fault, ERR_WRONG_STATE, REASON_none, NULL, "as it was answered before");
}

/* The answer that a repeat shall get, in the arena. */
static enum err keep_answer(struct call *call, enum err err, const struct buffer *result,
                            struct fault *fault, struct slice *out)
{
    struct buffer kept;
    buffer_init_wiped(&kept, result->maximum);
    buffer_append_char(&kept, err == OK ? KEPT_RESULT : KEPT_ERROR);
    if (err == OK) {
        buffer_append(&kept, result->data, result->length);
    } else {
        jsonrpc_write_error_object(&kept, fault);
    }
    *out = buffer_result(&kept) == OK ? arena_copy(call->arena, buffer_slice(&kept))
                                      : (struct slice){NULL, 0};
    buffer_done(&kept);
    return out->data == NULL ? fault_no_memory(fault) : OK;
}

/* A refusal that must be told is committed like any act; if even that fails, that is the answer. */
static enum err commit(struct call *call, enum err err, struct buffer *result, struct fault *fault)
{
    struct slice answer;
    struct fault why;
    fault_clear(&why);
    enum err kept = keep_answer(call, err, result, fault, &answer);
    if (kept != OK) {
        return kept;
    }
    enum err committed = act_commit(call->act, answer, &why);
    if (committed != OK) {
        *fault = why;
        return committed;
    }
    return err;
}

static enum err handle(struct call *call, struct buffer *result, struct fault *fault)
{
    enum err err = call->method->handler(call, result, fault);
    if (err == OK && buffer_result(result) != OK) {
        return fault_no_memory(fault);
    }
    return err == OK || call->act->refusal ? commit(call, err, result, fault) : err;
}

static bool tells(void *context, enum reason reason)
{
    const struct call *call = context;
    return dispatch_tells_refusal(call->daemon->dispatch, call, reason);
}

enum err act_call(struct call *call, struct buffer *result, struct fault *fault)
{
    struct act act;
    struct slice secrets[METHOD_PARAMETERS_MAX];
    struct act_request request = {.actor = &call->actor,
                                  .owner = owner_of(call),
                                  .method = slice_of(call->method->name),
                                  .now_us = call->now_us,
                                  .tells = tells,
                                  .tells_context = call};
    enum err err = request.owner.data == NULL ? fault_no_memory(fault)
                                              : request_id_read(call, &request.request_id, fault);
    if (err == OK) {
        err = part_parameters(call, &request, secrets, fault);
    }
    if (err != OK) {
        return err;
    }
    err = act_begin(&act, call->daemon->ceremonies, call->arena, &request, fault);
    if (err == OK && act.repeated) {
        err = answer_again(call, act.former_answer, result, fault);
    } else if (err == OK) {
        call->act = &act;
        err = handle(call, result, fault);
        call->act = NULL;
        if (err != OK) {
            point_into_params(call, fault);
        }
    }
    act_end(&act);
    return err;
}
