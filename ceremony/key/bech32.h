/* Bech32 (BIP-173; not Bech32m): octets as text that shows slips of the pen.
 *
 * BIP-173's limit of 90 characters is Bitcoin's; here it is 200. Which octets are written or read
 * decides about no branch and no address, only whether a text is right does. Texts are read in the
 * case their prefix is given in, and written so: `age` reads and writes lower case,
 * `AGE-SECRET-KEY-` upper. Thread-safe; allocates nothing; what it puts on its stack it wipes. */
#ifndef CEREMONY_KEY_BECH32_H
#define CEREMONY_KEY_BECH32_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"

#define BECH32_CHARACTERS_MAX 200
#define BECH32_PER_GROUP 5 /* bits a character holds */

/* Characters of the text of so many octets under a prefix (the human-readable part, without the 1
 * behind it) of so many characters. */
#define BECH32_CHARACTERS(prefix_length, octets) \
    ((prefix_length) + 1 + (8 * (octets) + BECH32_PER_GROUP - 1) / BECH32_PER_GROUP + 6)

/* Writes prefix, 1, the octets, the checksum and a NUL to out, which has room for
 * BECH32_CHARACTERS + 1. The prefix is ours: 1 or more printable ASCII characters of one case; the
 * text at most BECH32_CHARACTERS_MAX. */
void bech32_encode(const char *prefix, struct slice data, char *out);

/* Reads a text of exactly so many octets under exactly this prefix; the text may be hostile. On a
 * fault (ERR_INVALID_PARAMS, bad_value) out is all zero, and the sentence names what is wrong and
 * the number of the first character that cannot stand where it stands, counted from 1, never the
 * character itself: it may be a secret's. */
MUST_CHECK enum err bech32_decode(struct slice text, const char *prefix, uint8_t *out,
                                  size_t length, struct fault *fault);

/* The character of a group of 5 bits (0..31), in lower case, found without a look-up by secret
 * address. */
char bech32_character(uint8_t group);

#endif
