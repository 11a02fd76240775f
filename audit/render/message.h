/* The message of an event: the template of its type with the values in their places, or the
 * producer's own text (formats.md 3.1). Never empty. Pure and thread-safe. */
#ifndef AUDIT_RENDER_MESSAGE_H
#define AUDIT_RENDER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/buffer.h"
#include "audit/event/event.h"
#include "audit/render/escape.h"

/* How much of the message stands in the line. All zero: all of it. */
struct message_extent {
    bool is_cut;  /* the pieces before `piece`, the first `kept` octets of that one, then "..." */
    size_t piece; /* number of a piece of the template */
    size_t kept;  /* whole code points */
};

void message_append(struct buffer *out, enum escape escape, const struct event *event,
                    const struct message_extent *extent);

/* The longest run of the message for which there is room, which is taken out of the room; `...` is
 * not counted. */
struct message_extent message_run(enum escape escape, const struct event *event,
                                  struct escape_room *room);

#endif
