/* What is sealed to a key: a part to its guardian, parts and keys to an attempt, the key to whoever
 * it is delivered to.
 *
 * A payload is one JSON object of fixed members in a fixed order, without white space, filled up
 * with blanks to a fixed length (so that the box does not tell how long the words are), in
 * libsodium's crypto_box_seal (parts.md sections 5 and 8). Such a box does not say who sealed it:
 * what it holds is hostile until it has been compared with what is known otherwise. It is read
 * strictly: what would be written otherwise, by as much as a blank, is refused.
 *
 * Secrets lie in guarded memory alone, those that were opened in the room the caller gives.
 * Thread-safe. No fault holds what stood in a payload. */
#ifndef CEREMONY_KEY_PAYLOAD_H
#define CEREMONY_KEY_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"
#include "ceremony/key/key.h"

#define PAYLOAD_SEAL_BYTES 48 /* what the box adds: an X25519 key and a tag */
#define PAYLOAD_PART_SEALED_BYTES (2048 + PAYLOAD_SEAL_BYTES)
#define PAYLOAD_SEALED_BYTES (1024 + PAYLOAD_SEAL_BYTES) /* of all others */
#define PAYLOAD_ROOM_BYTES 12288                         /* guarded memory that opening takes */

#define PAYLOAD_NAME_BYTES_MAX 256
#define PAYLOAD_LOGIN_BYTES_MAX 128
#define PAYLOAD_WORDS_BYTES_MAX 530 /* 59 words of 8 letters: SLIP-39's longest */

/* All slices below are borrowed: from the caller when sealing, from the room when opened. */

/* A part, for its guardian. */
struct payload_part {
    struct slice ceremony; /* id */
    struct slice name;     /* of the ceremony: 1 to 256 octets UTF-8 without control characters */
    struct slice guardian; /* login: 1 to 128 octets, likewise */
    unsigned group;        /* 1.. */
    unsigned groups;
    unsigned group_threshold;
    unsigned index;     /* 1.. over the whole ceremony */
    unsigned count;     /* of the part's own group */
    unsigned threshold; /* of the part's own group */
    enum key_kind kind;
    struct slice check;    /* age1… or mkcheck1… */
    struct slice created;  /* RFC 3339, UTC with Z */
    struct slice mnemonic; /* secret: lower-case words, one blank between */
};

/* A part, given to an attempt to recover. */
struct payload_submission {
    struct slice attempt;    /* id; empty without an attempt */
    struct slice deliver_to; /* age1…; empty in a reshare */
    struct slice mnemonic;   /* secret */
};

/* A whole key, given to an attempt or to be imported. */
struct payload_key_submission {
    struct slice attempt;    /* as above */
    struct slice deliver_to; /* as above */
    struct slice key;        /* secret: digits or AGE-SECRET-KEY-1… */
};

/* The recovered key, for whoever it is delivered to. */
struct payload_key {
    struct slice ceremony; /* id; empty if the recovery named none */
    struct slice attempt;  /* id; empty without one */
    enum key_kind kind;
    struct slice secret;   /* secret: lower-case digits */
    struct slice identity; /* secret: the same key as AGE-SECRET-KEY-1…; empty for raw */
    struct slice check;    /* age1… or mkcheck1… */
};

/* Seals to a public key. ERR_INVALID_PARAMS with bad_value and the field when one is outside what
 * its comment says, with weak_public_key when nothing can be sealed to the receiver;
 * ERR_NO_MEMORY. */
MUST_CHECK enum err payload_seal_part(const struct payload_part *part,
                                      const uint8_t receiver[KEY_BYTES],
                                      uint8_t out[PAYLOAD_PART_SEALED_BYTES], struct fault *fault);
MUST_CHECK enum err payload_seal_submission(const struct payload_submission *submission,
                                            const uint8_t receiver[KEY_BYTES],
                                            uint8_t out[PAYLOAD_SEALED_BYTES], struct fault *fault);
MUST_CHECK enum err payload_seal_key_submission(const struct payload_key_submission *submission,
                                                const uint8_t receiver[KEY_BYTES],
                                                uint8_t out[PAYLOAD_SEALED_BYTES],
                                                struct fault *fault);
MUST_CHECK enum err payload_seal_key(const struct payload_key *key,
                                     const uint8_t receiver[KEY_BYTES],
                                     uint8_t out[PAYLOAD_SEALED_BYTES], struct fault *fault);

/* Opens with the receiver's key. room is a secret with a capacity of PAYLOAD_ROOM_BYTES; what was
 * in it is overwritten, and *out lives until it is cleared or freed. On a fault it holds nothing.
 * ERR_INVALID_PARAMS with bad_seal (another length, sealed to another key, altered) or bad_payload
 * (opened, but not such a payload; the sentence names the member). */
MUST_CHECK enum err payload_open_part(struct slice sealed, const struct secret *key,
                                      struct secret *room, struct payload_part *out,
                                      struct fault *fault);
MUST_CHECK enum err payload_open_submission(struct slice sealed, const struct secret *key,
                                            struct secret *room, struct payload_submission *out,
                                            struct fault *fault);
MUST_CHECK enum err payload_open_key_submission(struct slice sealed, const struct secret *key,
                                                struct secret *room,
                                                struct payload_key_submission *out,
                                                struct fault *fault);
MUST_CHECK enum err payload_open_key(struct slice sealed, const struct secret *key,
                                     struct secret *room, struct payload_key *out,
                                     struct fault *fault);

#endif
