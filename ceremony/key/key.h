/* Master keys and the keys of people: made, printed, read, known again.
 *
 * A master key is of one of two kinds (parts.md section 3): `age`, an X25519 identity as age has it
 * (32 octets), or `raw`, 16 or 32 octets printed as hexadecimal digits. A person's key is an X25519
 * key whose public half is written age1…. Follows the age format (C2SP age.md, the X25519
 * recipient), RFC 7748, RFC 9106 (Argon2id) and parts.md sections 3, 4 and 6.
 *
 * Secrets come and go in struct secret alone; no fault ever holds a piece of one. Thread-safe.
 * Nothing here branches on a secret or addresses memory by it, but for Argon2id in check values of
 * raw keys, whose second half is made so. */
#ifndef CEREMONY_KEY_KEY_H
#define CEREMONY_KEY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"

#define KEY_BYTES 32            /* an X25519 key, either half; the longest master key */
#define KEY_PUBLIC_TEXT 62      /* characters of age1… */
#define KEY_IDENTITY_TEXT 74    /* characters of AGE-SECRET-KEY-1… */
#define KEY_CHECK_TEXT 66       /* characters of the longest check value, mkcheck1… */
#define KEY_FINGERPRINT_TEXT 19 /* four times four characters and the blanks between */
#define KEY_ID_TEXT 36          /* characters of a UUID */

enum key_kind { KEY_AGE, KEY_RAW };

/* "age", "raw". */
const char *key_kind_word(enum key_kind kind);

/* The kind of a word; false if it is none. */
bool key_kind_from_word(struct slice word, enum key_kind *out);

/* ---- master keys: bytes ---- */

/* Draws a new key of 128 or 256 bits; age has 256 only (ERR_INVALID_PARAMS, bad_bits). Owned by the
 * caller, as are all secrets given out here. */
MUST_CHECK enum err key_make(enum key_kind kind, unsigned bits, struct secret **out_key,
                             struct fault *fault);

/* Whether a key that comes from outside has a length its kind can have: 32 octets, raw also 16
 * (ERR_INVALID_PARAMS, bad_secret_length). */
MUST_CHECK enum err key_check_length(enum key_kind kind, size_t length, struct fault *fault);

/* ---- master keys: text ---- */

/* Lower-case hexadecimal digits, without a newline or NUL. ERR_NO_MEMORY. */
MUST_CHECK enum err key_to_hex(const struct secret *key, struct secret **out_text);

/* AGE-SECRET-KEY-1…, without a newline or NUL. The key has 32 octets. ERR_NO_MEMORY. */
MUST_CHECK enum err key_to_identity(const struct secret *key, struct secret **out_text);

/* As its kind is printed: hexadecimal digits, or the identity. */
MUST_CHECK enum err key_to_text(enum key_kind kind, const struct secret *key,
                                struct secret **out_text);

/* Reads hexadecimal digits of either case, 32 or 64 of them and nothing else
 * (ERR_INVALID_PARAMS: bad_secret_length, bad_value). */
MUST_CHECK enum err key_from_hex(struct slice text, struct secret **out_key, struct fault *fault);

/* Reads AGE-SECRET-KEY-1…, in upper case as age has it (ERR_INVALID_PARAMS, bad_value). */
MUST_CHECK enum err key_from_identity(struct slice text, struct secret **out_key,
                                      struct fault *fault);

/* Reads either: what begins with AGE-SECRET-KEY-, in whatever case, must be an identity, all else,
 * and whatever has their length, hexadecimal digits. */
MUST_CHECK enum err key_from_text(struct slice text, struct secret **out_key, struct fault *fault);

/* Whether key_from_text would read it. Allocates nothing. */
MUST_CHECK bool key_text_fits(struct slice text);

/* The whole of key.txt as age-keygen writes it: when it was made, the public key, the identity,
 * each line ended by LF. created_us as clock_now_us. The key has 32 octets. ERR_NO_MEMORY. */
MUST_CHECK enum err key_to_file(const struct secret *key, int64_t created_us,
                                struct secret **out_text);

/* Reads what age-keygen or key_to_file wrote: exactly one identity on a line of its own; comments
 * (#), empty lines, lines ended by CRLF and a missing last line's end are fine. ERR_INVALID_PARAMS
 * with bad_key_file, naming the line. */
MUST_CHECK enum err key_from_file(struct slice text, struct secret **out_key, struct fault *fault);

/* ---- master keys: known again ---- */

/* The check value, which anybody may see: of an age key its recipient age1…, of a raw key
 * mkcheck1… over the key's id (a UUID, as text; the id of the first ceremony of the key) and 16
 * octets of Argon2id over the key. Ends it with a NUL. Raw: takes about 0.1 s of the processor and
 * 64 MiB (ERR_NO_MEMORY). ERR_INVALID_PARAMS when the id is no UUID. */
MUST_CHECK enum err key_check_value(enum key_kind kind, const struct secret *key,
                                    struct slice key_id, char out[KEY_CHECK_TEXT + 1]);

/* Is it the key that this check value was made of? Which kind it is stands in the check value, as
 * does the id. ERR_PARTS with check_mismatch if it is another key; ERR_INVALID_PARAMS, bad_value if
 * the text is no check value; ERR_NO_MEMORY. Takes as long as key_check_value. Of an age key 5 bits
 * do not count (X25519 ignores them): it proves an equal key, not equal octets. */
MUST_CHECK enum err key_prove(const struct secret *key, struct slice check, struct fault *fault);

/* Whether it can be a check value at all, of whatever key: to be found before it is needed. */
bool key_check_fits(struct slice text);

/* ---- public keys ---- */

/* The public half of an X25519 key of 32 octets. */
void key_public(const struct secret *key, uint8_t out[KEY_BYTES]);

/* age1…, ended by a NUL. */
void key_public_text(const uint8_t public_key[KEY_BYTES], char out[KEY_PUBLIC_TEXT + 1]);

/* Reads age1…. ERR_INVALID_PARAMS with unsupported_public_key (a plugin's or a post-quantum
 * recipient, an SSH key, anything not age1…), bad_value (age1…, but wrong somewhere: the sentence
 * says where; or 2^255 - 19 or more, a second text of a key that has another), weak_public_key
 * (nothing can be sealed to this point safely). So two texts that are taken are two keys. */
MUST_CHECK enum err key_public_from_text(struct slice text, uint8_t out[KEY_BYTES],
                                         struct fault *fault);

/* What two people compare by voice: the first 16 characters behind age1, in fours, with a blank
 * between; ended by a NUL. */
void key_fingerprint(const uint8_t public_key[KEY_BYTES], char out[KEY_FINGERPRINT_TEXT + 1]);

/* The 16 octets of an id (a UUID of version 4 as uuid.h writes it); false if it is none. */
bool key_id_from_text(struct slice text, uint8_t out[16]);

#endif
