#include "geoip/cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LOCKS 64 /* as many as there are workers by default */
#define SET_ENTRIES 4
#define CACHE_SETS (GEOIP_CACHE_ENTRIES / SET_ENTRIES)
#define CACHE_LINE_BYTES 64
#define CACHE_NAME_BYTES 89

enum entry_flag { ENTRY_USED = 1, ENTRY_KNOWN = 2, ENTRY_POSITION = 4 };

struct entry {
    uint8_t address[ADDRESS_BYTES];
    double latitude_deg, longitude_deg;
    uint8_t flags; /* of enum entry_flag */
    uint8_t country_bytes, state_bytes, city_bytes;
    char names[CACHE_NAME_BYTES]; /* country, state, city, without NULs */
};

static_assert(sizeof(struct entry) == 128, "two cache lines an entry");

/* The few places where one address may lie. Fewer would push out neighbours in use (an eighth of
 * a busy cache at two); more cost a longer search. */
struct set {
    struct entry entries[SET_ENTRIES];
};

static_assert(GEOIP_CACHE_ENTRIES % (SET_ENTRIES * CACHE_LOCKS) == 0, "each lock covers as many");

struct cache_lock {
    _Alignas(CACHE_LINE_BYTES) pthread_mutex_t mutex;
};

struct cache {
    struct cache_lock locks[CACHE_LOCKS];
    struct set sets[CACHE_SETS];
    uint8_t oldest[CACHE_SETS]; /* the entry of each set that the next answer takes */
};

struct cache *cache_new(void)
{
    struct cache *cache = aligned_alloc(CACHE_LINE_BYTES, sizeof *cache);
    if (!cache)
        return NULL;
    memset(cache, 0, sizeof *cache);
    for (size_t i = 0; i < CACHE_LOCKS; i++)
        pthread_mutex_init(&cache->locks[i].mutex, NULL);
    return cache;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < CACHE_LOCKS; i++)
        pthread_mutex_destroy(&cache->locks[i].mutex);
    free(cache);
}

/* Spreads neighbours, no more: whoever chooses addresses so that they meet in one set gets the
 * answer at the price of a cold look-up. */
static size_t set_of(const uint8_t address[ADDRESS_BYTES])
{
    uint64_t halves[2];
    memcpy(halves, address, sizeof halves);
    uint64_t mixed = (halves[0] * UINT64_C(0x9e3779b97f4a7c15)) ^ halves[1];
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)((mixed ^ mixed >> 32) % CACHE_SETS);
}

static void entry_unpack(const struct entry *entry, struct geoip_place *out)
{
    memset(out, 0, sizeof *out);
    const char *at = entry->names;
    memcpy(out->country, at, entry->country_bytes);
    at += entry->country_bytes;
    memcpy(out->state, at, entry->state_bytes);
    at += entry->state_bytes;
    memcpy(out->city, at, entry->city_bytes);
    out->has_position = (entry->flags & ENTRY_POSITION) != 0;
    out->latitude_deg = entry->latitude_deg;
    out->longitude_deg = entry->longitude_deg;
}

/* NULL if the set does not hold the address. Its lock is held. */
static struct entry *entry_find(struct set *set, const uint8_t address[ADDRESS_BYTES])
{
    for (size_t i = 0; i < SET_ENTRIES; i++)
        if ((set->entries[i].flags & ENTRY_USED) &&
            memcmp(set->entries[i].address, address, ADDRESS_BYTES) == 0)
            return &set->entries[i];
    return NULL;
}

bool cache_get(struct cache *cache, const uint8_t address[ADDRESS_BYTES], struct geoip_place *out,
               bool *out_known)
{
    size_t set = set_of(address);
    struct entry copy;
    pthread_mutex_t *mutex = &cache->locks[set % CACHE_LOCKS].mutex;
    pthread_mutex_lock(mutex);
    const struct entry *entry = entry_find(&cache->sets[set], address);
    if (entry)
        copy = *entry;
    pthread_mutex_unlock(mutex);
    if (!entry)
        return false;
    entry_unpack(&copy, out);
    *out_known = (copy.flags & ENTRY_KNOWN) != 0;
    return true;
}

void cache_put(struct cache *cache, const uint8_t address[ADDRESS_BYTES],
               const struct geoip_place *place, bool known)
{
    size_t country = strlen(place->country), state = strlen(place->state);
    size_t city = strlen(place->city);
    if (country + state + city > CACHE_NAME_BYTES)
        return;
    struct entry entry = {.latitude_deg = place->latitude_deg,
                          .longitude_deg = place->longitude_deg,
                          .flags = (uint8_t)(ENTRY_USED | (known ? ENTRY_KNOWN : 0) |
                                             (place->has_position ? ENTRY_POSITION : 0)),
                          .country_bytes = (uint8_t)country,
                          .state_bytes = (uint8_t)state,
                          .city_bytes = (uint8_t)city};
    memcpy(entry.address, address, ADDRESS_BYTES);
    memcpy(entry.names, place->country, country);
    memcpy(entry.names + country, place->state, state);
    memcpy(entry.names + country + state, place->city, city);

    size_t set = set_of(address);
    pthread_mutex_t *mutex = &cache->locks[set % CACHE_LOCKS].mutex;
    pthread_mutex_lock(mutex);
    /* Another thread may have been as quick with the same address. */
    struct entry *target = entry_find(&cache->sets[set], address);
    if (!target) {
        target = &cache->sets[set].entries[cache->oldest[set]];
        cache->oldest[set] = (uint8_t)((cache->oldest[set] + 1) % SET_ENTRIES);
    }
    *target = entry;
    pthread_mutex_unlock(mutex);
}
