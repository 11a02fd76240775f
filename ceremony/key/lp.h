/* LP(a, b, …): what is signed or hashed is fields, each behind its length in 4 octets, big-endian,
 * so that no field can run into the next (parts.md, first section). Thread-safe; allocates nothing;
 * no branch or address depends on what stands in the fields. */
#ifndef CEREMONY_KEY_LP_H
#define CEREMONY_KEY_LP_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/slice.h"

/* Octets that so many fields of so many octets together take. */
#define LP_BYTES(fields, octets) (4 * (fields) + (octets))

/* The same, of these fields. */
size_t lp_length(const struct slice *fields, size_t count);

/* Writes them to out, which has room for lp_length octets; returns how many that were. Fields are
 * at most 2^32 - 1 octets long. */
size_t lp_write(const struct slice *fields, size_t count, uint8_t *out);

#endif
