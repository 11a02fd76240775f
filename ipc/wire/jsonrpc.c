#include "ipc/wire/jsonrpc.h"

#include <string.h>

static bool is_batch(struct slice text)
{
    size_t at = 0;
    while (at < text.length && memchr(" \t\r\n", text.data[at], 4) != NULL) {
        at++;
    }
    return at < text.length && text.data[at] == '[';
}

static enum err refuse_batch(uint32_t batch_max, struct fault *fault)
{
    return fault_set(fault, ERR_INVALID_REQUEST, REASON_batch_too_long, NULL,
                     "The batch is too long: at most %u requests are taken at once.", batch_max);
}

enum err jsonrpc_parse(struct arena *arena, struct slice text, const struct json_limits *limits,
                       uint32_t batch_max, struct rpc_message *out, struct fault *fault)
{
    struct json *root;
    struct json_limits own = *limits;
    own.outer = batch_max;
    enum err err = json_parse(arena, text, &own, &root, fault);
    if (err != OK) {
        return is_batch(text) && fault->reason == REASON_too_many_members && fault->field[0] == '\0'
                   ? refuse_batch(batch_max, fault)
                   : err;
    }
    if (root->kind != JSON_ARRAY) {
        *out = (struct rpc_message){.count = 1, .first = root};
        return OK;
    }
    if (root->count == 0) {
        return fault_set(fault, ERR_INVALID_REQUEST, REASON_batch_empty, NULL,
                         "The batch is empty: send at least one request.");
    }
    *out = (struct rpc_message){.batch = true, .count = root->count, .first = root->child};
    return OK;
}

/* The id as JSON text, to be given back. Strings are written anew, numbers as they came. */
static bool id_text(struct arena *arena, const struct json *id, struct slice *out)
{
    if (id->kind == JSON_NULL) {
        *out = slice_of("null");
        return true;
    }
    if (id->kind == JSON_INTEGER || id->kind == JSON_REAL) {
        *out = id->text;
        return true;
    }
    struct buffer text;
    buffer_init_wiped(&text, 6 * id->text.length + 2); /* no one knows what an id is */
    json_write_string(&text, id->text);
    *out = arena_copy(arena, buffer_slice(&text));
    bool copied = buffer_result(&text) == OK && out->data != NULL;
    buffer_done(&text);
    return copied;
}

static enum err bad_request(struct fault *fault, const char *sentence)
{
    return fault_set(fault, ERR_INVALID_REQUEST, REASON_bad_request, NULL, "%s", sentence);
}

static bool is_id(const struct json *id)
{
    return id->kind == JSON_NULL || id->kind == JSON_INTEGER || id->kind == JSON_REAL ||
           id->kind == JSON_STRING;
}

enum err jsonrpc_read(struct arena *arena, const struct json *element, struct rpc_request *out,
                      struct fault *fault)
{
    *out = (struct rpc_request){.id = slice_of("null")};
    if (element->kind != JSON_OBJECT) {
        return bad_request(fault, "A request is a JSON object.");
    }
    const struct json *id = json_member(element, "id");
    if (id != NULL && !is_id(id)) {
        return bad_request(fault, "The id of a request is a string, a number or null.");
    }
    if (id != NULL && !id_text(arena, id, &out->id)) {
        return fault_no_memory(fault);
    }
    const struct json *version = json_member(element, "jsonrpc");
    if (version == NULL || version->kind != JSON_STRING || !slice_is(version->text, "2.0")) {
        return bad_request(fault, "A request has the member \"jsonrpc\":\"2.0\".");
    }
    const struct json *method = json_member(element, "method");
    if (method == NULL || method->kind != JSON_STRING) {
        return bad_request(fault, "A request names its method in the string member \"method\".");
    }
    out->method = method->text;
    out->notification = id == NULL; /* from here on it is a request, whatever its parameters */
    const struct json *params = json_member(element, "params");
    if (params != NULL && params->kind == JSON_ARRAY && params->count == 0) {
        params = NULL;
    }
    if (params != NULL && params->kind != JSON_OBJECT) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_type, "",
                         "params is an object: parameters are given by name.");
    }
    out->params = params;
    return OK;
}

static void write_head(struct buffer *answer, struct slice id)
{
    buffer_append_text(answer, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append_slice(answer, id);
}

void jsonrpc_write_result(struct buffer *answer, struct slice id, struct slice result)
{
    write_head(answer, id);
    buffer_append_text(answer, ",\"result\":");
    buffer_append_slice(answer, result);
    buffer_append_char(answer, '}');
}

void jsonrpc_write_error_object(struct buffer *buffer, const struct fault *fault)
{
    buffer_append_text(buffer, "{\"code\":");
    buffer_append_signed(buffer, err_code(fault->err));
    buffer_append_text(buffer, ",\"message\":");
    const char *sentence = fault->sentence[0] == '\0' ? err_text(fault->err) : fault->sentence;
    json_write_string(buffer, slice_of(sentence));
    buffer_append_text(buffer, ",\"data\":{\"reason\":");
    json_write_string(buffer, slice_of(reason_word(fault->reason)));
    if (fault->field[0] != '\0') {
        buffer_append_text(buffer, ",\"field\":");
        json_write_string(buffer, slice_of(fault->field));
    }
    if (fault->index >= 0) {
        buffer_append_text(buffer, ",\"index\":");
        buffer_append_signed(buffer, fault->index);
    }
    if (fault->data.length > 0) {
        buffer_append_char(buffer, ',');
        buffer_append_slice(buffer, fault->data);
    }
    buffer_append_text(buffer, "}}");
}

void jsonrpc_write_error(struct buffer *answer, struct slice id, const struct fault *fault)
{
    write_head(answer, id);
    buffer_append_text(answer, ",\"error\":");
    jsonrpc_write_error_object(answer, fault);
    buffer_append_char(answer, '}');
}

void jsonrpc_write_error_again(struct buffer *answer, struct slice id, struct slice object)
{
    write_head(answer, id);
    buffer_append_text(answer, ",\"error\":");
    buffer_append_slice(answer, object);
    buffer_append_char(answer, '}');
}
