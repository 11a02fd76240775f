/* Keys out of keys and passwords: HMAC-SHA256 (RFC 2104), PBKDF2 (RFC 8018 section 5.2) and HKDF
 * (RFC 5869), composed over libsodium's HMAC; of PBKDF2 and HKDF only the first block is needed.
 * Thread-safe; allocates nothing; what it puts on its stack it wipes. No branch or address depends
 * on the key, the password or what comes out. */
#ifndef CEREMONY_KEY_KDF_H
#define CEREMONY_KEY_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/slice.h"

#define KDF_BYTES 32 /* most that one call makes: one block of SHA-256 */

/* HMAC-SHA256 of the message under a key of any length. */
void kdf_hmac(struct slice key, struct slice message, uint8_t out[KDF_BYTES]);

/* PBKDF2-HMAC-SHA256, iterations >= 1, length 1..32 octets of it. May take seconds. */
void kdf_pbkdf2(struct slice password, struct slice salt, uint32_t iterations, uint8_t *out,
                size_t length);

/* HKDF-SHA256: extract with the salt, expand with the info, 32 octets. info at most 256 octets. */
void kdf_hkdf(struct slice salt, struct slice key, struct slice info, uint8_t out[KDF_BYTES]);

#endif
