#include "ipc/daemon/act_call.h"

#include <string.h>

#include "ipc/daemon/request_id.h"
#include "ipc/wire/jsonrpc.h"

/* What is kept of an answer begins with what it is. */
#define KEPT_RESULT 'R'
#define KEPT_ERROR 'E'

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
    buffer_init(&kept, result->maximum);
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

enum err act_call(struct call *call, struct buffer *result, struct fault *fault)
{
    struct act act;
    enum act_known known;
    struct slice kept;
    struct act_request request = {.actor = &call->actor,
                                  .owner = owner_of(call),
                                  .method = slice_of(call->method->name),
                                  .parameters = call->params == NULL ? (struct slice){NULL, 0}
                                                                     : call->params->text,
                                  .now_us = call->now_us};
    enum err err = request.owner.data == NULL ? fault_no_memory(fault)
                                              : request_id_read(call, &request.request_id, fault);
    if (err != OK) {
        return err;
    }
    err = act_begin(&act, call->daemon->ceremonies, call->arena, &request, &known, &kept, fault);
    if (err == OK && known == ACT_REPEAT) {
        err = answer_again(call, kept, result, fault);
    } else if (err == OK) {
        call->act = &act;
        err = handle(call, result, fault);
        call->act = NULL;
    }
    act_end(&act);
    return err;
}
