/* The hash of the look-up by name, shared by the generator (which searches a seed without
 * collisions) and catalogue.c. Octets are taken in little-endian order everywhere, so that a table
 * made on one machine serves another. */
#ifndef AUDIT_CATALOGUE_CATALOGUE_HASH_H
#define AUDIT_CATALOGUE_CATALOGUE_HASH_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "audit/base/slice.h"

#define CATALOGUE_NOWHERE UINT16_MAX /* an empty bucket */

static inline uint64_t catalogue_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

static inline uint64_t catalogue_half_word(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return le32toh(word);
}

static inline uint64_t catalogue_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 32);
}

/* The last word may overlap the one before: reading it so needs no loop over single octets. */
static inline uint64_t catalogue_hash(struct slice name, uint64_t seed)
{
    const char *data = name.data;
    size_t length = name.length;
    uint64_t hash = seed ^ length;
    if (length >= 8) {
        for (size_t at = 0; at + 8 < length; at += 8) {
            hash = catalogue_mix(hash, catalogue_word(data + at));
        }
        return catalogue_mix(hash, catalogue_word(data + length - 8));
    }
    if (length >= 4) {
        uint64_t last = catalogue_half_word(data + length - 4);
        return catalogue_mix(hash, catalogue_half_word(data) | last << 32);
    }
    if (length == 0) {
        return catalogue_mix(hash, 0);
    }
    uint64_t first = (unsigned char)data[0];
    uint64_t middle = (unsigned char)data[length / 2];
    uint64_t last = (unsigned char)data[length - 1];
    return catalogue_mix(hash, first | middle << 8 | last << 16);
}

/* The bucket of a table of 2^bits buckets. */
static inline size_t catalogue_bucket(struct slice name, uint64_t seed, unsigned bits)
{
    return (size_t)(catalogue_hash(name, seed) >> (64 - bits));
}

#endif
