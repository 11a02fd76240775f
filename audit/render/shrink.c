#include "audit/render/shrink.h"

#include <stdint.h>
#include <string.h>

#define LONG_BYTES 19 /* longer values may be cut: what is left with "..." is never longer */
#define RUN_BYTES 16  /* of a value that is cut, at least so much stays, to a whole code point */

static struct escape_room endless(void)
{
    return (struct escape_room){.octets = SIZE_MAX, .cleaned = SIZE_MAX};
}

static size_t octets_taken(const struct escape_room *room)
{
    return SIZE_MAX - room->octets;
}

static bool has_bom(const struct line_style *style, const struct escape_room *room)
{
    return style->message_apart && room->non_ascii;
}

/* What the whole message costs in the line. */
static size_t message_octets(const struct line *line, const struct line_style *style)
{
    struct escape_room room = endless();
    message_run(style->message, line->event, &room);
    return octets_taken(&room) + (has_bom(style, &room) ? FORMAT_BOM_BYTES : 0);
}

/* The longest run of the message that costs at most so many octets, its BOM among them: either a
 * run with a BOM in what is left beside it, or one that stops before it would need a BOM. */
static struct message_extent fit_message(const struct line *line, const struct line_style *style,
                                         size_t octets)
{
    struct escape_room room = endless();
    room.octets = octets;
    if (!style->message_apart) {
        return message_run(style->message, line->event, &room);
    }
    if (octets >= FORMAT_BOM_BYTES) {
        room.octets = octets - FORMAT_BOM_BYTES;
        struct message_extent extent = message_run(style->message, line->event, &room);
        if (room.non_ascii) {
            return extent;
        }
    }
    room = endless();
    room.octets = octets;
    room.ascii_only = true;
    return message_run(style->message, line->event, &room);
}

/* Octets of a value after cleaning; *out_octets what they cost in the line. */
static size_t value_octets(const struct line_pair *pair, const struct line_style *style,
                           size_t *out_octets)
{
    struct escape_room room = endless();
    escape_run(style->value, pair->cell.text, &room);
    *out_octets = octets_taken(&room);
    return SIZE_MAX - room.cleaned;
}

/* The longest value that may still be cut, the earlier key on ties; NULL if there is none. */
static struct line_pair *longest_value(struct line *line, const size_t *cleaned)
{
    struct line_pair *longest = NULL;
    size_t longest_bytes = LONG_BYTES;
    for (size_t i = 0; i < line->count; i++) {
        struct line_pair *pair = &line->pairs[i];
        if (pair->is_string && !pair->is_cut && cleaned[i] > longest_bytes) {
            longest = pair;
            longest_bytes = cleaned[i];
        }
    }
    return longest;
}

/* Cuts a value so that the line, which takes `octets` with nothing but "..." of it, fits; if too
 * little of the value would be left, to what always stays. True if the line fits; *octets is what
 * it takes then. */
static bool cut_value(struct line *line, struct line_pair *pair, const struct line_style *style,
                      size_t *octets)
{
    struct slice text = pair->cell.text;
    struct escape_room least = endless();
    least.cleaned = RUN_BYTES;
    size_t least_run = escape_run(style->value, text, &least);
    struct escape_room fitting = endless();
    size_t fitting_run = 0;
    if (*octets <= line->options->limit) {
        fitting.octets = line->options->limit - *octets;
        fitting_run = escape_run(style->value, text, &fitting);
    }
    bool fits = *octets <= line->options->limit && fitting_run >= least_run;
    pair->is_cut = true;
    pair->kept = fits ? fitting_run : least_run;
    line->cut[line->cut_count++] = (uint16_t)(pair - line->pairs);
    *octets += octets_taken(&least); /* of use only if it goes on */
    return fits;
}

/* Cuts values, longest first, until the line fits; octets: with a message of "..." and shortened.
 * False if it does not fit with all of them cut. */
static bool cut_values(struct line *line, const struct line_style *style, size_t octets)
{
    size_t cleaned[LINE_PAIRS_MAX];
    size_t escaped[LINE_PAIRS_MAX] = {0};
    for (size_t i = 0; i < line->count; i++) {
        if (line->pairs[i].is_string) {
            cleaned[i] = value_octets(&line->pairs[i], style, &escaped[i]);
        }
    }
    struct line_pair *pair;
    while ((pair = longest_value(line, cleaned)) != NULL) {
        octets -= escaped[pair - line->pairs];
        octets += LINE_ELLIPSIS_BYTES + 1 + pair->name.length; /* in shortened */
        if (cut_value(line, pair, style, &octets)) {
            return true;
        }
    }
    return false;
}

void shrink_line(struct line *line, const struct line_style *style, size_t octets)
{
    size_t limit = line->options->limit;
    octets -= message_octets(line, style);
    octets += LINE_ELLIPSIS_BYTES + line_key_octets(style, "shortened") + strlen("msg");
    if (octets <= limit) {
        line->message = fit_message(line, style, limit - octets);
        return;
    }
    line->message = (struct message_extent){.is_cut = true};
    if (!cut_values(line, style, octets)) {
        line_reduce(line, line->event, line->options);
    }
}
