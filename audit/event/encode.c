/* event -> record bytes (contract, section 5). */
#include "audit/event/event.h"

#include "audit/base/clock.h"

/* The member's name stands in front already: `,"time":`. */
static void append_stamp(struct buffer *buffer, int64_t us)
{
    char text[CLOCK_TEXT_BYTES + 1];
    text[0] = '"';
    clock_format(us, text + 1);
    text[CLOCK_TEXT_BYTES] = '"'; /* over the NUL */
    buffer_append(buffer, text, sizeof text);
}

static void append_number(struct buffer *buffer, double number)
{
    char text[EVENT_NUMBER_BYTES];
    event_number_text(number, text, sizeof text);
    buffer_append_text(buffer, text);
}

/* A value whose kind is not text. */
static void append_bare(struct buffer *buffer, enum value_kind kind,
                        const struct event_value *value)
{
    switch (kind) {
    case VALUE_NUMBER:
        append_number(buffer, value->real);
        break;
    case VALUE_BOOLEAN:
        buffer_append_text(buffer, value->boolean ? "true" : "false");
        break;
    case VALUE_TIME:
        append_stamp(buffer, value->integer);
        break;
    default:
        buffer_append_signed(buffer, value->integer);
    }
}

static void append_value(struct buffer *buffer, enum value_kind kind,
                         const struct event_value *value)
{
    if (value->is_text) {
        json_write_string(buffer, value->text);
    } else {
        append_bare(buffer, kind, value);
    }
}

static void append_daemon_text(struct buffer *buffer, enum field_id id, struct slice text)
{
    if (text.length > 0) {
        buffer_append_slice(buffer, catalogue_field(id)->member);
        json_write_string(buffer, text);
    }
}

static void append_daemon_fields(struct buffer *buffer, const struct event *event)
{
    buffer_append_text(buffer, "{\"time\":");
    append_stamp(buffer, event->time_us);
    if (event->received_us >= 0) {
        buffer_append_slice(buffer, catalogue_field(FIELD_RECEIVED)->member);
        append_stamp(buffer, event->received_us);
    }
    append_daemon_text(buffer, FIELD_TYPE, event->type->type);
    append_daemon_text(buffer, FIELD_EVENT, event->event_uuid);
    if (event->pid >= 0) {
        buffer_append_slice(buffer, catalogue_field(FIELD_PID)->member);
        buffer_append_signed(buffer, event->pid);
    }
    append_daemon_text(buffer, FIELD_DVC, event->dvc);
    append_daemon_text(buffer, FIELD_VIA, event->via);
}

/* All geo fields of the type from this slot on, which is the first of them. */
static void append_geo(struct buffer *buffer, const struct event *event, size_t first)
{
    bool open = false;
    for (size_t i = first; i < event->type->field_count; i++) {
        const struct catalogue_field *field = catalogue_field(event->type->fields[i].field);
        if (!field->geo || !event->slots[i].present) {
            continue;
        }
        struct slice member = field->member;
        if (!open) {
            buffer_append_text(buffer, ",\"geo\":{");
            member = (struct slice){member.data + 1, member.length - 1};
            open = true;
        }
        buffer_append_slice(buffer, member);
        append_value(buffer, field->kind, &event->slots[i]);
    }
    if (open) {
        buffer_append_char(buffer, '}');
    }
}

static void append_fields(struct buffer *buffer, const struct event *event)
{
    bool geo_done = false;
    for (size_t i = 0; i < event->type->field_count; i++) {
        const struct catalogue_field *field = catalogue_field(event->type->fields[i].field);
        if (field->geo && !geo_done) {
            append_geo(buffer, event, i);
            geo_done = true;
        } else if (!field->geo && event->slots[i].present) {
            buffer_append_slice(buffer, field->member);
            append_value(buffer, field->kind, &event->slots[i]);
        }
    }
}

static void append_extra(struct buffer *buffer, const struct event_extra *extra)
{
    buffer_append_text(buffer, ",\"");
    buffer_append_slice(buffer, extra->name); /* letters and digits */
    buffer_append_text(buffer, "\":");
    if (extra->value.is_text && !extra->quoted) {
        buffer_append_slice(buffer, extra->value.text); /* an integer for a string of the
                                                           dictionary: keeps its kind */
    } else {
        append_value(buffer, extra->kind, &extra->value);
    }
}

enum err event_encode(const struct event *event, struct buffer *buffer, struct fault *fault)
{
    size_t start = buffer->length;
    append_daemon_fields(buffer, event);
    append_fields(buffer, event);
    for (size_t i = 0; i < event->extra_count; i++) {
        append_extra(buffer, &event->extras[i]);
    }
    buffer_append_char(buffer, '}');
    enum err err = buffer_result(buffer);
    if (err == OK && buffer->length - start <= EVENT_RECORD_MAX) {
        return OK;
    }
    buffer->length = start;
    if (err == ERR_NO_MEMORY) {
        return fault_no_memory(fault);
    }
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_long, NULL,
                     "The record of this event is longer than %d octets. Shorten its texts.",
                     EVENT_RECORD_MAX);
}
