/* Any octets as an event, from a producer and as a record: no fault of memory; what is taken is
 * written as a record that reads as the same event, octet for octet the second time, and whose
 * required fields are there; what is refused has a reason, a field and a sentence. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/event/event.h"
#include "audit/event/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fault(enum err err, const struct fault *fault)
{
    assert(err == ERR_PARSE || err == ERR_INVALID_PARAMS);
    assert(fault->err == err && fault->reason != REASON_none && fault->sentence[0] != '\0');
}

static void check_text(struct arena *arena, struct slice text)
{
    char *out = arena_allocate(arena, TEXT_CLEAN_GROWTH * text.length + 1);
    assert(out != NULL);
    struct slice cleaned = {out, text_clean(text, out)};
    struct slice again = {NULL, 0};
    assert(json_is_utf8(cleaned));
    assert(text_is_empty(text) == (cleaned.length == 0));
    assert(text_clean_borrow(cleaned, &again) && slice_equal(again, cleaned));
}

static void check_values(struct arena *arena, const struct event *event)
{
    for (size_t i = 0; i < event->type->field_count; i++) {
        const struct event_value *value = &event->slots[i];
        assert(value->present || value->text.length == 0);
        if (value->present && value->is_text) {
            check_text(arena, value->text);
        }
    }
    for (size_t i = 0; i < event->extra_count; i++) {
        assert(event->extras[i].value.present);
        assert(!catalogue_is_reserved(event->extras[i].name));
    }
}

static void check_taken(struct arena *arena, const struct event *event)
{
    struct buffer first;
    struct buffer second;
    struct fault fault;
    struct event *again = NULL;
    buffer_init(&first, (size_t)1 << 22);
    buffer_init(&second, (size_t)1 << 22);
    fault_clear(&fault);
    check_values(arena, event);
    assert(event_check(event, &fault) == OK);
    enum err err = event_encode(event, &first, &fault);
    if (err == OK) {
        assert(first.length <= EVENT_RECORD_MAX);
        err = event_decode(arena, buffer_slice(&first), event->index, &again, &fault);
        assert(err == OK && again->type == event->type);
        assert(again->extra_count == event->extra_count);
        err = event_encode(again, &second, &fault);
        assert(err == OK && slice_equal(buffer_slice(&first), buffer_slice(&second)));
    } else {
        assert(fault.reason == REASON_too_long && first.length == 0);
    }
    buffer_done(&first);
    buffer_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_limits limits = {.depth = 16, .members = 4096};
    struct slice text = {(const char *)data, size};
    struct arena arena;
    struct fault fault;
    struct json *json = NULL;
    struct event *event = NULL;
    arena_init(&arena, (size_t)1 << 26);
    fault_clear(&fault);
    enum err err = event_decode(&arena, text, -1, &event, &fault);
    if (err == OK) {
        check_taken(&arena, event);
    } else {
        check_fault(err, &fault);
    }
    fault_clear(&fault);
    if (json_parse(&arena, text, &limits, &json, &fault) == OK) {
        err = event_parse(&arena, json, EVENT_FROM_PRODUCER, &event, &fault);
        if (err == OK) {
            check_taken(&arena, event);
        } else {
            check_fault(err, &fault);
        }
    }
    arena_done(&arena);
    return 0;
}
