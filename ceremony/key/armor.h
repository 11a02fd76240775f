/* age's armor: octets as text between two lines that name them (C2SP age.md, "ASCII armor").
 * Thread-safe. What is armored is no secret. */
#ifndef CEREMONY_KEY_ARMOR_H
#define CEREMONY_KEY_ARMOR_H

#include <stdbool.h>

#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"

/* Is the text armored, as far as its beginning tells? Blanks and line breaks before it are no part
 * of it. */
bool armor_is(struct slice text);

/* Appends the octets in armor: lines of 64 characters, ended by LF. */
void armor_write(struct buffer *out, struct slice octets);

/* Appends the octets of an armored text to out. Lines may end in LF or CRLF, white space may stand
 * before and behind; all else as it is written. ERR_INVALID_PARAMS, bad_key_file, naming the line;
 * ERR_NO_MEMORY. */
MUST_CHECK enum err armor_read(struct slice text, struct buffer *out, struct fault *fault);

#endif
