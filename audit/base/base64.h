/* Base64 (RFC 4648 section 4, the standard alphabet), read strictly: no white space, no character
 * of another alphabet, padding exactly as asked, no bit left over. For what is no secret:
 * signatures, sealed boxes. Thread-safe; allocates nothing. */
#ifndef AUDIT_BASE_BASE64_H
#define AUDIT_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/slice.h"

enum base64_padding { BASE64_PADDED, BASE64_UNPADDED };

/* Characters of so many octets, padded. */
#define BASE64_CHARACTERS(octets) (((octets) + 2) / 3 * 4)

/* Reads the text into out, which has room for capacity octets. False, with *out_length untouched,
 * if the text is anything else or holds more. */
MUST_CHECK bool base64_read(struct slice text, enum base64_padding padding, uint8_t *out,
                            size_t capacity, size_t *out_length);

/* Writes the octets and a NUL to out, which has room for BASE64_CHARACTERS + 1. */
void base64_write(struct slice octets, enum base64_padding padding, char *out);

#endif
