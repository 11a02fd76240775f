/* (private) What one database said about the addresses last asked for. It belongs to the database
 * it was filled from and goes with it, so no answer outlives a reload.
 *
 * Thread-safe. 8,192 entries in 1 MiB, each address in one of four, the oldest gives way. A
 * few locks, each over part of the entries, held for a copy of 128 octets: leaves, never over I/O
 * or another lock. */
#ifndef GEOIP_CACHE_H
#define GEOIP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "geoip/address.h"
#include "geoip/geoip.h"

struct cache;

/* NULL when there is no memory. */
struct cache *cache_new(void);
void cache_free(struct cache *cache);

/* False if the address is not there; else *out and *out_known (nothing known is an answer too). */
bool cache_get(struct cache *cache, const uint8_t address[ADDRESS_BYTES], struct geoip_place *out,
               bool *out_known);

/* Keeps an answer, unless its three names together are too long for an entry (89 octets: enough for
 * every English name, and for 99 of 100 in any script). */
void cache_put(struct cache *cache, const uint8_t address[ADDRESS_BYTES],
               const struct geoip_place *place, bool known);

#endif
