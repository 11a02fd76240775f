/* What the holder of a part signs, and the key he signs it with.
 *
 * The part key is made of the part's own value, so whoever has the words has the key, the
 * guardian's daemon keeps its public half alone, and a statement proves that somebody has the part
 * now without showing it. A statement of one purpose, ceremony, part, challenge or receiver is
 * worth nothing for another (parts.md section 4; Ed25519, RFC 8032, pure; HKDF, RFC 5869).
 * Thread-safe. Making the key and signing neither branch on a secret nor address memory by one. */
#ifndef CEREMONY_KEY_STATEMENT_H
#define CEREMONY_KEY_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"

#define STATEMENT_HEADER_BYTES 5     /* the 40 header bits of a SLIP-39 mnemonic, big-endian */
#define STATEMENT_CHALLENGE_BYTES 32 /* from the daemon, used once */
#define STATEMENT_RECEIVER_BYTES                                    \
    32 /* an X25519 public key, or SHA-256 of the plan of a reshare \
        */
#define STATEMENT_PUBLIC_BYTES 32
#define STATEMENT_SIGNATURE_BYTES 64

enum statement_purpose {
    STATEMENT_CONFIRM, /* I could open my part */
    STATEMENT_DRILL,   /* I have it today */
    STATEMENT_SUBMIT,  /* it may be used in this attempt, for this receiver */
};

/* All borrowed. */
struct statement {
    enum statement_purpose purpose;
    struct slice ceremony;     /* id */
    const uint8_t *header;     /* STATEMENT_HEADER_BYTES */
    struct slice reference;    /* empty for confirm; id of the drill or of the attempt */
    const uint8_t *challenge;  /* STATEMENT_CHALLENGE_BYTES */
    const uint8_t *deliver_to; /* STATEMENT_RECEIVER_BYTES for submit, else NULL */
};

/* The part key of a share's value (16 to 64 octets, as it stands in the mnemonic) and header. The
 * ceremony is its id. out_signing may be NULL when only the public half is wanted; else it is owned
 * by the caller. ERR_NO_MEMORY. */
MUST_CHECK enum err part_key_make(struct slice ceremony,
                                  const uint8_t header[STATEMENT_HEADER_BYTES], struct slice value,
                                  uint8_t out_public[STATEMENT_PUBLIC_BYTES],
                                  struct secret **out_signing);

/* Signs with a part key's signing half. */
void statement_sign(const struct statement *statement, const struct secret *signing,
                    uint8_t out_signature[STATEMENT_SIGNATURE_BYTES]);

/* Was exactly this signed by the holder of the part with this public half? */
MUST_CHECK bool statement_verify(const struct statement *statement,
                                 const uint8_t part_public[STATEMENT_PUBLIC_BYTES],
                                 const uint8_t signature[STATEMENT_SIGNATURE_BYTES]);

#endif
