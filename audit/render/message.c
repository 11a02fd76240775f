#include "audit/render/message.h"

#include "audit/render/cell.h"

/* A literal of the template; blanks at the ends of the whole message go. */
static struct slice literal_text(const struct event_type *type, size_t number)
{
    struct slice text = type->message[number].literal;
    if (number == 0) {
        text = escape_trim_start(text);
    }
    return number + 1 == type->message_count ? escape_trim_end(text) : text;
}

/* A piece in clear text; what is not in the event prints as -. A replaced piece is never empty and
 * has no blanks at its ends. */
static struct slice piece_text(const struct event *event, size_t number,
                               char scratch[CELL_TEXT_BYTES])
{
    const struct event_type *type = event->type;
    const struct message_piece *piece = &type->message[number];
    if (piece->source == KEY_LITERAL) {
        return literal_text(type, number);
    }
    struct cell cell = piece->source == KEY_SLOT
                           ? cell_of_slot(event, piece->slot, piece->field, CELL_TIME_MESSAGE)
                           : cell_of_daemon(event, piece->field, CELL_TIME_MESSAGE);
    if (cell.form == CELL_EMPTY) {
        return type->takes_message ? type->name : slice_of("-");
    }
    return cell_text(&cell, scratch);
}

void message_append(struct buffer *out, enum escape escape, const struct event *event,
                    const struct message_extent *extent)
{
    char scratch[CELL_TEXT_BYTES];
    size_t whole = extent->is_cut ? extent->piece : event->type->message_count;
    for (size_t i = 0; i < whole; i++) {
        escape_append(out, escape, piece_text(event, i, scratch));
    }
    if (extent->is_cut) {
        struct slice last = piece_text(event, extent->piece, scratch);
        last.length = extent->kept;
        escape_append(out, escape, last);
        buffer_append(out, "...", 3);
    }
}

struct message_extent message_run(enum escape escape, const struct event *event,
                                  struct escape_room *room)
{
    char scratch[CELL_TEXT_BYTES];
    struct message_extent extent = {.is_cut = true};
    for (size_t i = 0; i < event->type->message_count; i++) {
        struct slice text = piece_text(event, i, scratch);
        extent.piece = i;
        extent.kept = escape_run(escape, text, room);
        if (extent.kept < text.length) {
            break;
        }
    }
    return extent;
}
