#include "audit/render/cell.h"

#include <assert.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/event/text.h"

#define DATE_BYTES 10 /* YYYY-MM-DD */
#define CLOCK_AT 11   /* where hh:mm:ss stands in clock_format's text */
#define CLOCK_BYTES 8 /* hh:mm:ss */
#define PRINTED_BYTES (DATE_BYTES + 1 + CLOCK_BYTES)

void cell_of_escaped(struct slice text, struct cell *out)
{
    out->form = text.length == 0 ? CELL_EMPTY : CELL_ESCAPED;
    out->text = text;
}

void cell_of_text(struct slice text, struct cell *out)
{
    out->text = text_trim(text);
    out->form = out->text.length == 0 ? CELL_EMPTY : CELL_TEXT;
}

static void cell_of_integer(int64_t value, enum cell_form form, struct cell *out)
{
    out->form = form;
    out->integer = value;
}

void cell_of_value(const struct event_value *value, enum value_kind kind, enum cell_form time_form,
                   struct cell *out)
{
    out->form = CELL_EMPTY;
    if (!value->present) {
        return;
    }
    switch (kind) {
    case VALUE_STRING:
        cell_of_text(value->text, out);
        break;
    case VALUE_IP:
    case VALUE_HASH:
    case VALUE_SHA256:
    case VALUE_ENUM:
        cell_of_text(value->plain, out);
        break;
    case VALUE_INTEGER:
    case VALUE_PORT:
        cell_of_integer(value->integer, CELL_INTEGER, out);
        break;
    case VALUE_TIME:
        cell_of_integer(value->integer, time_form, out);
        break;
    case VALUE_NUMBER:
        out->form = CELL_NUMBER;
        out->real = value->real;
        break;
    case VALUE_BOOLEAN:
        cell_of_escaped(slice_of(value->boolean ? "true" : "false"), out);
        break;
    }
}

void cell_of_slot(const struct event *event, size_t slot, enum field_id field,
                  enum cell_form time_form, struct cell *out)
{
    const struct event_value *value = &event->slots[slot];
    out->form = CELL_EMPTY;
    if (value->present) {
        cell_of_value(value, catalogue_field(field)->kind, time_form, out);
    }
}

void cell_of_daemon(const struct event *event, enum field_id field, enum cell_form time_form,
                    struct cell *out)
{
    switch (field) {
    case FIELD_TIME:
        cell_of_integer(event->time_us, time_form, out);
        break;
    case FIELD_EVENT:
        cell_of_text(event->event_uuid, out);
        break;
    case FIELD_PID:
        cell_of_integer(event->pid, event->pid < 0 ? CELL_EMPTY : CELL_INTEGER, out);
        break;
    case FIELD_DVC:
        cell_of_text(text_address(event->dvc), out);
        break;
    case FIELD_VIA:
        cell_of_text(event->via, out);
        break;
    default:
        assert(field == FIELD_INDEX); /* no line shows another one */
        cell_of_integer(event->index, event->index < 0 ? CELL_EMPTY : CELL_INTEGER, out);
    }
}

static struct slice integer_text(int64_t value, char scratch[CELL_TEXT_BYTES])
{
    struct buffer digits = {
        .data = scratch, .capacity = CELL_TEXT_BYTES, .maximum = CELL_TEXT_BYTES};
    buffer_append_signed(&digits, value);
    return buffer_slice(&digits);
}

static struct slice printed_time(int64_t us, char scratch[CELL_TEXT_BYTES])
{
    clock_format(us, scratch);
    scratch[DATE_BYTES] = ' ';
    return (struct slice){scratch, PRINTED_BYTES};
}

/* YYYY-MM-DD becomes DD/MM/YYYY. */
static struct slice message_time(int64_t us, char scratch[CELL_TEXT_BYTES])
{
    char printed[CLOCK_TEXT_BYTES];
    clock_format(us, printed);
    memcpy(scratch, printed + 8, 2);
    scratch[2] = '/';
    memcpy(scratch + 3, printed + 5, 2);
    scratch[5] = '/';
    memcpy(scratch + 6, printed, 4);
    scratch[DATE_BYTES] = ' ';
    memcpy(scratch + CLOCK_AT, printed + CLOCK_AT, CLOCK_BYTES);
    return (struct slice){scratch, PRINTED_BYTES};
}

struct slice cell_text(const struct cell *cell, char scratch[CELL_TEXT_BYTES])
{
    switch (cell->form) {
    case CELL_TEXT:
    case CELL_ESCAPED:
        return cell->text;
    case CELL_INTEGER:
        return integer_text(cell->integer, scratch);
    case CELL_NUMBER:
        event_number_text(cell->real, scratch, CELL_TEXT_BYTES);
        return slice_of(scratch);
    case CELL_TIME_PRINTED:
        return printed_time(cell->integer, scratch);
    case CELL_TIME_MESSAGE:
        return message_time(cell->integer, scratch);
    case CELL_TIME_MS:
        return integer_text(cell->integer / 1000, scratch);
    case CELL_EMPTY:
    case CELL_ENTRY:
    case CELL_MESSAGE:
        break;
    }
    assert(cell->form == CELL_EMPTY);
    return (struct slice){"", 0};
}
