/* The keys of one line in their order, with their values (formats.md 3.2 to 3.5), and what section
 * 7 took away from them. Lives on the stack and borrows from event and options. */
#ifndef AUDIT_RENDER_LINE_H
#define AUDIT_RENDER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/event/event.h"
#include "audit/render/cell.h"
#include "audit/render/escape.h"
#include "audit/render/message.h"
#include "audit/render/render.h"

#define LINE_KEYS_MAX 64 /* keys of a list in the catalogue */
#define LINE_MOVED_MAX 4 /* addresses that move to c6a keys, each with a label more */
#define LINE_PAIRS_MAX (LINE_KEYS_MAX + LINE_MOVED_MAX + EVENT_EXTRAS_MAX)
#define LINE_NOWHERE SIZE_MAX
#define LINE_ELLIPSIS_BYTES 3

struct line_pair {
    struct slice name;
    struct cell cell;
    bool is_string; /* of type string (the cell is text): may be cut */
    bool is_cut;    /* only the first `kept` octets of its text, then "..." */
    size_t kept;
};

struct line {
    const struct event *event;
    const struct render_options *options;
    struct message_extent message;
    bool bare;          /* section 7.3: shortened=all, externalId and nothing more */
    size_t external_id; /* place of externalId in pairs; LINE_NOWHERE if it is not there */
    size_t count;
    size_t cut_count;             /* values cut besides the message */
    uint16_t cut[LINE_PAIRS_MAX]; /* their places in pairs, in the order of cutting */
    struct line_pair pairs[LINE_PAIRS_MAX];
};

/* How a format writes a pair: separator, name, =, value. */
struct line_style {
    char separator;
    bool quoted; /* quotes around the value */
    enum escape value;
    enum escape message;
    bool message_apart; /* the message is no pair of the list but stands for itself */
};

/* Every key of the profile's list that has a value, and the extras. */
void line_collect(struct line *line, const struct event *event,
                  const struct render_options *options);

/* Nothing but externalId: the line of section 7.3. */
void line_reduce(struct line *line, const struct event *event,
                 const struct render_options *options);

/* Appends the pairs, each led by the separator, and `shortened` if something was cut. */
void line_append_pairs(struct buffer *out, const struct line *line, const struct line_style *style);

/* Octets that a key of that name costs besides its value. */
size_t line_key_octets(const struct line_style *style, const char *name);

#endif
