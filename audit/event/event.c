/* Events of the guardian's own making, and what every event is checked for in the end. */
#include "audit/event/event.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "audit/event/parts.h"
#include "audit/event/text.h"
#include "audit/event/value.h"

#define TIME_MAX_US (INT64_C(253402300800) * 1000 * 1000 - 1) /* 9999-12-31T23:59:59.999999Z */
#define PORT_MAX 65535

struct event *event_allocate(struct arena *arena, const struct event_type *type)
{
    size_t slots = type->field_count * sizeof(struct event_value);
    struct event *event = arena_allocate_zeroed(arena, sizeof *event + slots);
    if (event != NULL) {
        event->type = type;
        event->slots = (struct event_value *)(event + 1);
        event->received_us = -1;
        event->pid = -1;
        event->index = -1;
    }
    return event;
}

struct event *event_new(struct arena *arena, enum event_id id)
{
    return event_allocate(arena, catalogue_type(id));
}

static struct event_value *slot_of(struct event *event, enum field_id field)
{
    assert(field < FIELD_TOTAL);
    int16_t slot = event->type->slot_of[field];
    assert(slot >= 0);
    return &event->slots[slot];
}

void event_set_text(struct event *event, enum field_id field, struct slice text)
{
    const struct catalogue_field *of = catalogue_field(field);
    struct event_value *value = slot_of(event, field);
    assert(of->kind != VALUE_INTEGER && of->kind != VALUE_PORT && of->kind != VALUE_NUMBER &&
           of->kind != VALUE_BOOLEAN);
    *value = (struct event_value){.present = false};
    if (value_read_text(of, text, value) != REASON_none) {
        /* kept as it is, for event_check to refuse by name */
        *value = (struct event_value){.present = true, .is_text = true, .text = text};
    }
}

void event_set_integer(struct event *event, enum field_id field, int64_t integer)
{
    enum value_kind kind = catalogue_field(field)->kind;
    assert(kind == VALUE_INTEGER || kind == VALUE_PORT || kind == VALUE_TIME);
    (void)kind;
    *slot_of(event, field) = (struct event_value){.present = true, .integer = integer};
}

void event_set_number(struct event *event, enum field_id field, double number)
{
    assert(catalogue_field(field)->kind == VALUE_NUMBER);
    *slot_of(event, field) = (struct event_value){.present = true, .real = number};
}

void event_set_boolean(struct event *event, enum field_id field, bool boolean)
{
    assert(catalogue_field(field)->kind == VALUE_BOOLEAN);
    *slot_of(event, field) = (struct event_value){.present = true, .boolean = boolean};
}

const struct event_value *event_get(const struct event *event, enum field_id field)
{
    assert(field < FIELD_TOTAL);
    int16_t slot = event->type->slot_of[field];
    return slot < 0 || !event->slots[slot].present ? NULL : &event->slots[slot];
}

/* ---- checks -----------------------------------------------------------------------------------*/

enum err event_refuse(struct fault *fault, enum reason reason, const char *inside,
                      struct slice name, const char *sentence)
{
    char field[sizeof fault->field] = "";
    if (fault == NULL) {
        return ERR_INVALID_PARAMS;
    }
    if (inside != NULL) {
        fault_pointer_append(field, sizeof field, inside, (int)strlen(inside));
    }
    int length = name.length < sizeof field ? (int)name.length : (int)sizeof field;
    fault_pointer_append(field, sizeof field, name.data, length);
    return fault_set(fault, ERR_INVALID_PARAMS, reason, field, "The field %.*s %s", length,
                     name.data, sentence);
}

enum err event_refuse_value(struct fault *fault, enum reason reason, const char *inside,
                            const struct catalogue_field *field)
{
    char sentence[160];
    snprintf(sentence, sizeof sentence, "%s. It takes %s.",
             reason == REASON_bad_type ? "is of another kind" : "has a value it cannot take",
             value_wanted(field));
    return event_refuse(fault, reason, inside, field->name, sentence);
}

enum err event_check_required(const struct event *event, struct fault *fault)
{
    const struct event_type *type = event->type;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct event_value *value = &event->slots[i];
        const struct catalogue_field *field;
        if (!type->fields[i].required || (value->present && !value->is_text)) {
            continue;
        }
        if (value->present && !text_is_empty(value->text)) {
            continue;
        }
        field = catalogue_field(type->fields[i].field);
        return event_refuse(fault, REASON_missing_field, NULL, field->name,
                            "is missing or empty. This type of event needs it.");
    }
    return OK;
}

static bool number_fits(const struct catalogue_field *field, const struct event_value *value)
{
    switch (field->kind) {
    case VALUE_INTEGER:
        return value->integer >= 0;
    case VALUE_PORT:
        return value->integer >= 0 && value->integer <= PORT_MAX;
    case VALUE_TIME:
        return value->integer >= 0 && value->integer <= TIME_MAX_US;
    case VALUE_NUMBER:
        return isfinite(value->real) && value->real >= field->min && value->real <= field->max;
    default:
        return true;
    }
}

static enum reason value_check(const struct catalogue_field *field, const struct event_value *value)
{
    if (!value->is_text) {
        return number_fits(field, value) ? REASON_none : REASON_bad_value;
    }
    struct event_value read;
    return json_is_utf8(value->text) ? value_read_text(field, value->text, &read) : REASON_bad_utf8;
}

enum err event_check(const struct event *event, struct fault *fault)
{
    for (size_t i = 0; i < event->type->field_count; i++) {
        const struct catalogue_field *field = catalogue_field(event->type->fields[i].field);
        enum reason reason = REASON_none;
        if (event->slots[i].present) {
            reason = value_check(field, &event->slots[i]);
        }
        if (reason != REASON_none) {
            return event_refuse_value(fault, reason, NULL, field);
        }
    }
    return event_check_required(event, fault);
}
