#include "audit/render/cell.h"

#include <assert.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/event/text.h"

#define DATE_BYTES 10 /* YYYY-MM-DD */
#define CLOCK_AT 11   /* where hh:mm:ss stands in clock_format's text */
#define CLOCK_BYTES 8 /* hh:mm:ss */
#define PRINTED_BYTES (DATE_BYTES + 1 + CLOCK_BYTES)

static struct cell cell_of_text(struct slice text)
{
    text = text_trim(text);
    return (struct cell){.form = text.length == 0 ? CELL_EMPTY : CELL_TEXT, .text = text};
}

static struct cell cell_of_integer(int64_t value)
{
    return (struct cell){.form = CELL_INTEGER, .integer = value};
}

struct cell cell_of_value(const struct event_value *value, enum value_kind kind,
                          enum cell_form time_form)
{
    if (!value->present) {
        return (struct cell){.form = CELL_EMPTY};
    }
    switch (kind) {
    case VALUE_INTEGER:
    case VALUE_PORT:
        return cell_of_integer(value->integer);
    case VALUE_NUMBER:
        return (struct cell){.form = CELL_NUMBER, .real = value->real};
    case VALUE_BOOLEAN:
        return cell_of_text(slice_of(value->boolean ? "true" : "false"));
    case VALUE_TIME:
        return (struct cell){.form = time_form, .integer = value->integer};
    case VALUE_STRING:
        return cell_of_text(value->text);
    case VALUE_IP:
    case VALUE_HASH:
    case VALUE_SHA256:
    case VALUE_ENUM:
        break;
    }
    return cell_of_text(value->plain);
}

struct cell cell_of_slot(const struct event *event, size_t slot, enum field_id field,
                         enum cell_form time_form)
{
    return cell_of_value(&event->slots[slot], catalogue_field(field)->kind, time_form);
}

static struct cell cell_of_count(int64_t value)
{
    return value < 0 ? (struct cell){.form = CELL_EMPTY} : cell_of_integer(value);
}

struct cell cell_of_daemon(const struct event *event, enum field_id field, enum cell_form time_form)
{
    switch (field) {
    case FIELD_TIME:
        return (struct cell){.form = time_form, .integer = event->time_us};
    case FIELD_EVENT:
        return cell_of_text(event->event_uuid);
    case FIELD_PID:
        return cell_of_count(event->pid);
    case FIELD_DVC:
        return cell_of_text(text_address(event->dvc));
    case FIELD_VIA:
        return cell_of_text(event->via);
    case FIELD_INDEX:
        return cell_of_count(event->index);
    default:
        assert(!"no field of the daemon's that a line shows");
        return (struct cell){.form = CELL_EMPTY};
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
