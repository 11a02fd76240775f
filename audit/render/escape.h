/* Cleaning (formats.md 1.5) and escaping (sections 4 to 6) of text on its way into a line, in one
 * pass. One code point of the text gives one code point of the cleaned text, so a prefix of the
 * text in whole code points is a prefix of the cleaned text too: cutting never splits an escape.
 * Pure and thread-safe. Text must be UTF-8. */
#ifndef AUDIT_RENDER_ESCAPE_H
#define AUDIT_RENDER_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/buffer.h"
#include "audit/base/slice.h"

enum escape {
    ESCAPE_CEF_HEADER,
    ESCAPE_CEF_VALUE,
    ESCAPE_PARAM, /* RFC 5424 PARAM-VALUE */
    ESCAPE_MSG,   /* RFC 5424 MSG */
    ESCAPE_SENSAGE,
    ESCAPE_COUNT,
};

/* Appends the text cleaned and escaped. Its ends stay as they are: text_trim is for them. */
void escape_append(struct buffer *out, enum escape escape, struct slice text);

/* How much may still come, and what came. */
struct escape_room {
    size_t octets;   /* of the escaped form */
    size_t cleaned;  /* of the cleaned form */
    bool ascii_only; /* nothing that is not ASCII after cleaning */
    bool non_ascii;  /* set when something not ASCII was taken */
};

/* The longest run of whole code points from the start of the text for which there is room: returns
 * its octets in the text and takes them, as they are cleaned and escaped, out of the room. */
size_t escape_run(enum escape escape, struct slice text, struct escape_room *room);

#endif
