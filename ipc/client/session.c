#include "ipc/client/session.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/base/clock.h"
#include "audit/base/memory.h"

#define SEND_MS 10000
#define MESSAGE_MAX (64u * 1024 * 1024)
#define BACK_OFF_FIRST_MS 10
#define BACK_OFF_MAX_MS 500

struct session {
    nng_socket socket;
    struct session_place place;
    bool answered;                 /* so it is a guardian that takes this caller */
    const struct json *error_data; /* of the answer read last, if it was a refusal */
};

/* Is somebody there who may have room for one more connection in a moment? */
static bool is_busy(int code)
{
    return code == NNG_EAGAIN || code == NNG_ECONNRESET || code == NNG_ECONNABORTED ||
           code == NNG_ECONNSHUT || code == NNG_ECLOSED;
}

/* What a person can do about it: depends on what lies at the path of an ipc:// URL. */
static const char *what_to_do(const char *url, int code)
{
    struct stat status;
    if (is_busy(code)) {
        return "It is there but takes no further connection, or none of yours: try again later, or "
               "ask who runs it for a role.";
    }
    if (strncmp(url, "ipc://", 6) != 0) {
        return "Is it the right URL, as in ipc:///run/guardian.sock?";
    }
    if (stat(url + 6, &status) == 0) {
        return S_ISSOCK(status.st_mode)
                   ? "The socket is there: does master_key_guardian still run, and may you use it?"
                   : "What lies there is no socket: give the daemon's with --connect URL.";
    }
    return errno == EACCES
               ? "You may not look into its directory: ask for access, or name another socket with "
                 "--connect URL."
               : "There is no such socket: start master_key_guardian, or name its socket with "
                 "--connect URL or GUARDIAN_URL.";
}

static enum err unreachable(const struct session_place *place, int code, struct fault *fault)
{
    return fault_set(fault, code == NNG_ETIMEDOUT ? ERR_TIMEOUT : ERR_CLOSED, REASON_unreachable,
                     NULL, "The guardian cannot be reached at %.200s (from %s): %s. %s", place->url,
                     place->source, nng_strerror(code), what_to_do(place->url, code));
}

/* The connection that a call was sent on broke. Who never had an answer may be one whom the
 * guardian hangs up on. */
static enum err broken(const struct session *session, struct fault *fault)
{
    return fault_set(
        fault, ERR_CLOSED, REASON_unreachable, NULL,
        "The connection to the guardian at %.200s (from %s) broke before it answered%s",
        session->place.url, session->place.source,
        session->answered ? ": it was stopped, or it died. Ask who runs it."
                          : ". It was stopped or died, or it takes no further connection, or none "
                            "of yours: try again later, or ask who runs it.");
}

static int dial(const struct session *session)
{
    int64_t until_ms = clock_boot_ms() + session->place.timeout_ms;
    int64_t delay_ms = BACK_OFF_FIRST_MS;
    int code;
    while (is_busy(code = nng_dial(session->socket, session->place.url, NULL, 0)) &&
           clock_boot_ms() + delay_ms < until_ms) {
        /* Those who were refused together must not come back together. */
        nng_msleep((nng_duration)(delay_ms / 2 + randombytes_uniform((uint32_t)delay_ms)));
        delay_ms = delay_ms * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : delay_ms * 2;
    }
    return code;
}

enum err session_open(const struct session_place *place, struct session **out, struct fault *fault)
{
    struct session *session = memory_allocate_zeroed(sizeof *session);
    if (session == NULL) {
        return fault_no_memory(fault);
    }
    session->place = *place;
    int code = nng_req0_open(&session->socket);
    if (code != 0) {
        memory_free(session);
        return unreachable(place, code, fault);
    }
    /* A call is sent again only when its connection breaks; acts carry a request_id for that. */
    nng_socket_set_ms(session->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    nng_socket_set_ms(session->socket, NNG_OPT_SENDTIMEO, SEND_MS);
    nng_socket_set_ms(session->socket, NNG_OPT_RECVTIMEO, (nng_duration)place->timeout_ms);
    nng_socket_set_size(session->socket, NNG_OPT_RECVMAXSZ, MESSAGE_MAX);
    code = dial(session);
    if (code != 0) {
        session_close(session);
        return unreachable(place, code, fault);
    }
    *out = session;
    return OK;
}

void session_close(struct session *session)
{
    if (session != NULL) {
        nng_close(session->socket);
        memory_free(session);
    }
}

static enum err error_from_code(int64_t code)
{
    static const enum err known[] = {
        ERR_PARSE,          ERR_INVALID_REQUEST,   ERR_METHOD_NOT_FOUND,
        ERR_INVALID_PARAMS, ERR_NOT_PERMITTED,     ERR_NOT_FOUND,
        ERR_WRONG_STATE,    ERR_AUDIT_UNAVAILABLE, ERR_LOCKED,
        ERR_PARTS};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (err_code(known[i]) == code) {
            return known[i];
        }
    }
    return ERR_INTERNAL;
}

static void copy_text(const struct json *object, const char *name, char *out, size_t size)
{
    const struct json *value = json_member(object, name);
    if (value != NULL && value->kind == JSON_STRING) {
        snprintf(out, size, "%.*s", (int)value->text.length, value->text.data);
    }
}

static enum err read_error(struct session *session, const struct json *error, struct fault *fault)
{
    const struct json *code = json_member(error, "code");
    enum err err =
        code != NULL && code->kind == JSON_INTEGER ? error_from_code(code->integer) : ERR_INTERNAL;
    char message[512] = "";
    char reason[64] = "";
    char field[256] = "";
    int64_t index = -1;
    copy_text(error, "message", message, sizeof message);
    const struct json *data = json_member(error, "data");
    if (data != NULL && data->kind == JSON_OBJECT) {
        session->error_data = data;
        copy_text(data, "reason", reason, sizeof reason);
        copy_text(data, "field", field, sizeof field);
        const struct json *number = json_member(data, "index");
        index = number != NULL && number->kind == JSON_INTEGER ? number->integer : -1;
    }
    enum reason known = reason_from_word(reason);
    (void)fault_set(fault, err, known, field, "%s", message);
    if (fault != NULL) {
        fault->index = index;
    }
    return err;
}

static enum err read_answer(struct session *session, struct arena *arena, struct slice text,
                            const struct json **out, struct fault *fault)
{
    const struct json_limits limits = {.depth = JSON_DEPTH_MAX, .members = UINT32_MAX};
    struct json *answer;
    enum err err = json_parse(arena, text, &limits, &answer, fault);
    if (err != OK) {
        /* Not ERR_PARSE: so the daemon calls a request that it could not read. */
        return err == ERR_NO_MEMORY ? err
                                    : fault_set(fault, ERR_INTERNAL, REASON_bad_json, NULL,
                                                "What answered is no guardian: not JSON.");
    }
    const struct json *error = answer->kind == JSON_OBJECT ? json_member(answer, "error") : NULL;
    if (error != NULL && error->kind == JSON_OBJECT) {
        return read_error(session, error, fault);
    }
    *out = answer->kind == JSON_OBJECT ? json_member(answer, "result") : NULL;
    return *out != NULL ? OK
                        : fault_set(fault, ERR_INTERNAL, REASON_bad_json, NULL,
                                    "What answered is no guardian: neither result nor error.");
}

/* The request in one message of its own, so that what may be a secret is copied once, to where it
 * leaves from. */
static nng_msg *request_message(const char *method, const struct slice *params, size_t count)
{
    char head[160];
    nng_msg *message;
    int used = snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"%s",
                        method, count > 0 ? ",\"params\":" : "");
    size_t length = (size_t)used + 1;
    for (size_t i = 0; i < count; i++) {
        length += params[i].length;
    }
    if (length > MESSAGE_MAX || nng_msg_alloc(&message, length) != 0) {
        return NULL;
    }
    char *at = nng_msg_body(message);
    memcpy(at, head, (size_t)used);
    at += used;
    for (size_t i = 0; i < count; i++) {
        if (params[i].length > 0) {
            memcpy(at, params[i].data, params[i].length);
            at += params[i].length;
        }
    }
    *at = '}';
    return message;
}

/* Sends the message, which is nng's from here on, and waits for what comes back. */
static enum err exchange(struct session *session, struct arena *arena, nng_msg *message,
                         struct slice *out, struct fault *fault)
{
    int code = nng_sendmsg(session->socket, message, 0);
    if (code != 0) {
        nng_msg_free(message);
        return unreachable(&session->place, code, fault);
    }
    code = nng_recvmsg(session->socket, &message, 0);
    if (code == NNG_ETIMEDOUT) {
        return fault_set(fault, ERR_TIMEOUT, REASON_unreachable, NULL,
                         "The guardian at %.200s (from %s) gave no answer within %u s.",
                         session->place.url, session->place.source,
                         session->place.timeout_ms / 1000);
    }
    if (code == NNG_ECONNRESET) {
        return broken(session, fault);
    }
    if (code != 0) {
        return unreachable(&session->place, code, fault);
    }
    session->answered = true;
    *out = arena_copy(arena, (struct slice){nng_msg_body(message), nng_msg_len(message)});
    nng_msg_free(message);
    return out->data == NULL ? fault_no_memory(fault) : OK;
}

enum err session_call(struct session *session, struct arena *arena,
                      const struct session_request *request, const struct json **out_result,
                      struct fault *fault)
{
    struct slice answer = {0};
    session->error_data = NULL;
    nng_msg *message = request_message(request->method, request->params, request->count);
    if (message == NULL) {
        return fault_no_memory(fault);
    }
    enum err err = exchange(session, arena, message, &answer, fault);
    return err == OK ? read_answer(session, arena, answer, out_result, fault) : err;
}

const struct json *session_error_data(const struct session *session)
{
    return session == NULL ? NULL : session->error_data;
}
