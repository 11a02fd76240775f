/* SHA-256 as the log uses it: leaves and nodes of the tree (RFC 6962 section 2.1), frames, heads.
 * OpenSSL's, because it uses the processor's SHA instructions. Thread-safe. */
#ifndef AUDIT_LOG_HASH_H
#define AUDIT_LOG_HASH_H

#include <stdint.h>

#include "audit/base/slice.h"

#define HASH_BYTES 32

/* SHA-256(data) */
void hash_octets(const void *data, size_t length, uint8_t out[HASH_BYTES]);

/* SHA-256(0x00 || record) */
void hash_leaf(struct slice record, uint8_t out[HASH_BYTES]);

/* SHA-256(0x01 || left || right); out may be left or right. */
void hash_node(const uint8_t left[HASH_BYTES], const uint8_t right[HASH_BYTES],
               uint8_t out[HASH_BYTES]);

#endif
