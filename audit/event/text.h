/* Cleaning of text before it stands in a line or a table (formats.md 1.5), and for deciding what is
 * empty: TAB becomes a space, LF and CR stay, every other control character (U+0000-U+001F,
 * U+007F-U+009F, U+2028, U+2029) becomes U+FFFD; then spaces, LF and CR are taken off both ends.
 * Records keep text as sent; only what is shown is cleaned. Text must be UTF-8. Thread-safe. */
#ifndef AUDIT_EVENT_TEXT_H
#define AUDIT_EVENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/slice.h"

#define TEXT_CLEAN_GROWTH 3 /* cleaned text is at most this many times as long */

/* Is nothing left of it after cleaning? */
bool text_is_empty(struct slice text);

/* Without space, TAB, LF and CR at both ends; borrows. What text_clean gives, where nothing inside
 * needs cleaning. */
struct slice text_trim(struct slice text);

/* The common case, one scan: true if nothing inside needs replacing; *out_trimmed is then the
 * cleaned text, borrowed from text. False: text_clean must make it. */
bool text_clean_borrow(struct slice text, struct slice *out_trimmed);

/* Writes the cleaned text to out, which has room for TEXT_CLEAN_GROWTH * text.length octets.
 * Returns how many octets were written. */
size_t text_clean(struct slice text, char *out);

/* An address as a line shows it: trimmed, and the zone (%eth0) cut off. Borrows. */
struct slice text_address(struct slice text);

#endif
