/* Any octets as JSON: no fault of memory, and what was read is coherent and reads the same when
 * written again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = {.depth = 32, .members = 200};

/* Does the array or object lie, from bracket to bracket, in the text it was read from? */
static void check_brackets(const struct json *value, struct slice text)
{
    assert(value->text.data >= text.data);
    assert(value->text.data + value->text.length <= text.data + text.length);
    assert(value->text.data[0] == (value->kind == JSON_ARRAY ? '[' : '{'));
    assert(value->text.data[value->text.length - 1] == (value->kind == JSON_ARRAY ? ']' : '}'));
}

static void write_value(struct buffer *buffer, const struct json *value, struct slice text)
{
    static const char *const words[] = {"false", "true"};
    uint32_t count = 0;
    switch (value->kind) {
    case JSON_NULL:
        buffer_append_text(buffer, "null");
        return;
    case JSON_BOOLEAN:
        buffer_append_text(buffer, words[value->boolean]);
        return;
    case JSON_INTEGER:
        buffer_append_signed(buffer, value->integer);
        return;
    case JSON_REAL:
        buffer_append_slice(buffer, value->text);
        return;
    case JSON_STRING:
        assert(json_is_utf8(value->text));
        json_write_string(buffer, value->text);
        return;
    default:
        break;
    }
    check_brackets(value, text);
    buffer_append_char(buffer, value->kind == JSON_ARRAY ? '[' : '{');
    for (const struct json *child = value->child; child != NULL; child = child->next, count++) {
        if (count != 0) {
            buffer_append_char(buffer, ',');
        }
        if (value->kind == JSON_OBJECT) {
            json_write_string(buffer, child->name);
            buffer_append_char(buffer, ':');
        }
        write_value(buffer, child, text);
    }
    assert(count == value->count && count <= limits.members);
    buffer_append_char(buffer, value->kind == JSON_ARRAY ? ']' : '}');
}

static void check_refused(enum err err, const struct fault *fault)
{
    assert(err == ERR_PARSE || err == ERR_INVALID_PARAMS);
    assert(fault->err == err && fault->reason != REASON_none && fault->sentence[0] != '\0');
    assert(json_is_utf8(slice_of(fault->sentence)) && json_is_utf8(slice_of(fault->field)));
}

/* The value written without blanks; a second time round it must be the same octets. */
static void write_text(struct arena *arena, struct slice text, struct buffer *out)
{
    struct json *root = NULL;
    struct fault fault;
    enum err err = json_parse(arena, text, &limits, &root, &fault);
    assert(err == OK);
    write_value(out, root, text);
    assert(buffer_result(out) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct json *root = NULL;
    struct fault fault;
    struct slice text = {(const char *)data, size};
    arena_init(&arena, (size_t)1 << 28);
    fault_clear(&fault);
    enum err err = json_parse(&arena, text, &limits, &root, &fault);
    if (err != OK) {
        assert(root == NULL);
        check_refused(err, &fault);
        arena_done(&arena);
        return 0;
    }
    assert(json_is_utf8(text));
    struct buffer once;
    struct buffer twice;
    buffer_init(&once, (size_t)1 << 28);
    buffer_init(&twice, (size_t)1 << 28);
    write_text(&arena, text, &once);
    write_text(&arena, buffer_slice(&once), &twice);
    assert(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
    buffer_done(&once);
    buffer_done(&twice);
    arena_done(&arena);
    return 0;
}
