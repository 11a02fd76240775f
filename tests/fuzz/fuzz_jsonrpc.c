/* Any octets as a JSON-RPC message: refused with a code of the specification, or elements each of
 * which can be answered under its own id, in JSON. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/wire/jsonrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BATCH_MAX 8
#define ROOM ((size_t)1 << 28)

static const struct json_limits limits = {.depth = 32, .members = 100};

static void check_refused(enum err err, const struct fault *fault)
{
    assert(err == ERR_PARSE || err == ERR_INVALID_REQUEST || err == ERR_INVALID_PARAMS);
    assert(fault->err == err && fault->reason != REASON_none && fault->sentence[0] != '\0');
    assert(json_is_utf8(slice_of(fault->sentence)) && json_is_utf8(slice_of(fault->field)));
}

/* The answer is one JSON object, and its id is the one that was sent, or null. */
static void check_answer(struct arena *arena, struct slice answer, const struct json *id,
                         const char *outcome)
{
    static const struct json_limits any = {.depth = JSON_DEPTH_MAX, .members = UINT32_MAX};
    struct json *root;
    struct fault fault;
    enum err err = json_parse(arena, answer, &any, &root, &fault);
    assert(err == OK && root->kind == JSON_OBJECT && root->count == 3);
    assert(json_member(root, outcome) != NULL);
    const struct json *back = json_member(root, "id");
    if (id == NULL) {
        assert(back->kind == JSON_NULL);
    } else {
        assert(back->kind == id->kind && slice_equal(back->text, id->text));
    }
}

static bool may_be_id(const struct json *id)
{
    return id->kind == JSON_NULL || id->kind == JSON_INTEGER || id->kind == JSON_REAL ||
           id->kind == JSON_STRING;
}

static void check_element(struct arena *arena, const struct json *element)
{
    struct rpc_request request;
    struct fault fault;
    struct buffer answer;
    fault_clear(&fault);
    enum err err = jsonrpc_read(arena, element, &request, &fault);
    const struct json *id = element->kind == JSON_OBJECT ? json_member(element, "id") : NULL;
    buffer_init(&answer, ROOM);
    if (err == OK) {
        assert(request.method.data != NULL && json_is_utf8(request.method));
        assert(request.params == NULL || request.params->kind == JSON_OBJECT);
        assert(request.notification == (id == NULL));
        jsonrpc_write_result(&answer, request.id, slice_of("[]"));
    } else {
        check_refused(err, &fault);
        assert(err == ERR_INVALID_PARAMS || !request.notification);
        jsonrpc_write_error(&answer, request.id, &fault);
    }
    assert(buffer_result(&answer) == OK);
    check_answer(arena, buffer_slice(&answer), id != NULL && may_be_id(id) ? id : NULL,
                 err == OK ? "result" : "error");
    buffer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct rpc_message message = {0};
    struct fault fault;
    arena_init(&arena, ROOM);
    fault_clear(&fault);
    enum err err = jsonrpc_parse(&arena, (struct slice){(const char *)data, size}, &limits,
                                 BATCH_MAX, &message, &fault);
    if (err != OK) {
        check_refused(err, &fault);
        arena_done(&arena);
        return 0;
    }
    uint32_t count = 0;
    const struct json *element = message.first;
    for (; element != NULL; element = message.batch ? element->next : NULL) {
        check_element(&arena, element);
        count++;
    }
    assert(count == message.count && count >= 1 && count <= (message.batch ? BATCH_MAX : 1));
    arena_done(&arena);
    return 0;
}
