/* Bytes that grow up to a maximum they are born with. A failure (no memory, maximum reached) is
 * remembered and everything after it does nothing, so that a line is built without a check a piece
 * and asked once at its end (buffer_result). Not thread-safe. */
#ifndef AUDIT_BASE_BUFFER_H
#define AUDIT_BASE_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/slice.h"

struct buffer {
    char *data;
    size_t length;
    size_t capacity;
    size_t maximum;  /* octets it may ever hold */
    bool wiped;      /* what it held is overwritten wherever it goes: it may be secret */
    enum err failed; /* OK, ERR_NO_MEMORY, or ERR_INVALID_PARAMS when the maximum was reached */
};

/* Owns nothing until the first append. */
void buffer_init(struct buffer *buffer, size_t maximum);

/* The same for what may hold secrets: memory is overwritten before it is given back, be it that the
 * buffer has grown out of it or is done. */
void buffer_init_wiped(struct buffer *buffer, size_t maximum);

/* Frees; the buffer may be used again after buffer_init. */
void buffer_done(struct buffer *buffer);

/* Empties, keeps the memory and forgets a failure. */
void buffer_reset(struct buffer *buffer);

/* Makes room for `more` octets behind the end, which the caller may then fill and account for by
 * adding to length. False (and a remembered failure) if that cannot be. */
bool buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_append_slice(struct buffer *buffer, struct slice slice);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char character);
void buffer_append_unsigned(struct buffer *buffer, uint64_t value); /* decimal */
void buffer_append_signed(struct buffer *buffer, int64_t value);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The bytes so far; valid until the next change. */
struct slice buffer_slice(const struct buffer *buffer);

/* OK, or the first failure since init or reset. */
MUST_CHECK enum err buffer_result(const struct buffer *buffer);

#endif
