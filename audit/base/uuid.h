/* UUIDs of version 4 (RFC 9562): random but for version and variant, as 36 lower-case characters.
 * Thread-safe. */
#ifndef AUDIT_BASE_UUID_H
#define AUDIT_BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/slice.h"

#define UUID_TEXT_BYTES 36

/* The text of 16 random octets, of which version and variant are set here. No NUL is written. */
void uuid_text(uint8_t random[16], char out[UUID_TEXT_BYTES]);

/* Draws one; ended by NUL. */
void uuid_draw(char out[UUID_TEXT_BYTES + 1]);

/* Is it written as uuid_draw writes one? */
bool uuid_is(struct slice text);

#endif
