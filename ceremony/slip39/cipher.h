/* The cipher of SLIP-39: four Feistel rounds with PBKDF2 turn the key into the secret that is
 * shared, and back, under a passphrase that may be empty. Every passphrase gives some key: a wrong
 * one cannot be told. Thread-safe; allocates nothing; wipes its stack. Takes milliseconds, twice as
 * many with every step of the exponent. Follows SLIP-0039, section "Encryption of the master
 * secret". */
#ifndef CEREMONY_SLIP39_CIPHER_H
#define CEREMONY_SLIP39_CIPHER_H

#include "ceremony/slip39/slip39.h"

/* length is even, 16..64 octets; in and out may be the same. The header gives id, form and
 * exponent; the passphrase has at most SLIP39_PASSPHRASE_BYTES_MAX octets. */
void cipher_encrypt(const struct slip39_header *header, struct slice passphrase, const uint8_t *in,
                    size_t length, uint8_t *out);
void cipher_decrypt(const struct slip39_header *header, struct slice passphrase, const uint8_t *in,
                    size_t length, uint8_t *out);

#endif
