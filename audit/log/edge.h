/* The right edge of the tree: of a tree of n leaves the roots of the full subtrees it falls into,
 * largest (leftmost) first, one for each bit set in n. All that is needed to go on from n and to
 * tell the root. RFC 6962 section 2.1. Not thread-safe. */
#ifndef AUDIT_LOG_EDGE_H
#define AUDIT_LOG_EDGE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/log/hash.h"

#define EDGE_MAX 64

struct edge {
    uint64_t size; /* leaves */
    uint8_t hashes[EDGE_MAX][HASH_BYTES];
};

/* How many of the hashes count: the bits set in size. */
size_t edge_count(uint64_t size);

/* Adds a leaf at the right. */
void edge_add(struct edge *edge, const uint8_t leaf_hash[HASH_BYTES]);

/* The root of the tree; of the empty one SHA-256 of nothing. */
void edge_root(const struct edge *edge, uint8_t out[HASH_BYTES]);

#endif
