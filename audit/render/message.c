#include "audit/render/message.h"

#include "audit/render/cell.h"

/* Types that take the producer's own text have no template: that text is the one piece. */
static size_t piece_count(const struct event_type *type)
{
    return type->takes_message ? 1 : type->message_count;
}

static struct slice own_text(const struct event *event, char scratch[CELL_TEXT_BYTES])
{
    size_t slot = (size_t)event->type->slot_of[FIELD_MSG];
    struct cell cell;
    cell_of_slot(event, slot, FIELD_MSG, CELL_TIME_MESSAGE, &cell);
    return cell.form == CELL_EMPTY ? event->type->name : cell_text(&cell, scratch);
}

/* A piece in clear text; what is not in the event prints as -. No piece has blanks at the ends of
 * the message: values have lost theirs, and the catalogue's templates have none. */
static struct slice piece_text(const struct event *event, size_t number,
                               char scratch[CELL_TEXT_BYTES])
{
    if (event->type->takes_message) {
        return own_text(event, scratch);
    }
    const struct message_piece *piece = &event->type->message[number];
    if (piece->source == KEY_LITERAL) {
        return piece->literal;
    }
    struct cell cell;
    if (piece->source == KEY_SLOT) {
        cell_of_slot(event, piece->slot, piece->field, CELL_TIME_MESSAGE, &cell);
    } else {
        cell_of_daemon(event, piece->field, CELL_TIME_MESSAGE, &cell);
    }
    return cell.form == CELL_EMPTY ? slice_of("-") : cell_text(&cell, scratch);
}

void message_append(struct buffer *out, enum escape escape, const struct event *event,
                    const struct message_extent *extent)
{
    char scratch[CELL_TEXT_BYTES];
    size_t whole = extent->is_cut ? extent->piece : piece_count(event->type);
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
    for (size_t i = 0; i < piece_count(event->type); i++) {
        struct slice text = piece_text(event, i, scratch);
        extent.piece = i;
        extent.kept = escape_run(escape, text, room);
        if (extent.kept < text.length) {
            break;
        }
    }
    return extent;
}
