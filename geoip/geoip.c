#include "geoip/geoip.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geoip/address.h"
#include "geoip/cache.h"
#include "geoip/database.h"

/* A database with the cache of its answers. Freed by whoever leaves last. */
struct snapshot {
    atomic_uint holders;
    struct database *database;
    struct cache *cache;
};

struct geoip {
    pthread_mutex_t load_lock; /* one load at a time; taken before lock */
    pthread_mutex_t lock;      /* a leaf: over current, path, last_error; never over I/O */
    struct snapshot *current;  /* NULL: no database */
    char path[sizeof((struct geoip_status *)0)->path];
    char last_error[sizeof((struct geoip_status *)0)->last_error];
    char *language;
    atomic_uint_fast64_t lookups, cache_hits;
};

static struct snapshot *snapshot_new(struct database *database)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    struct cache *cache = cache_new();
    if (!snapshot || !cache) {
        free(snapshot);
        cache_free(cache);
        return NULL;
    }
    atomic_init(&snapshot->holders, 1);
    snapshot->database = database;
    snapshot->cache = cache;
    return snapshot;
}

static struct snapshot *snapshot_hold(struct geoip *geoip)
{
    pthread_mutex_lock(&geoip->lock);
    struct snapshot *snapshot = geoip->current;
    if (snapshot)
        atomic_fetch_add_explicit(&snapshot->holders, 1, memory_order_relaxed);
    pthread_mutex_unlock(&geoip->lock);
    return snapshot;
}

static void snapshot_leave(struct snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->holders, 1, memory_order_acq_rel) != 1)
        return;
    database_close(snapshot->database);
    cache_free(snapshot->cache);
    free(snapshot);
}

struct geoip *geoip_new(const char *language)
{
    struct geoip *geoip = calloc(1, sizeof *geoip);
    char *copy = strdup(language ? language : "en");
    if (!geoip || !copy) {
        free(geoip);
        free(copy);
        return NULL;
    }
    geoip->language = copy;
    pthread_mutex_init(&geoip->load_lock, NULL);
    pthread_mutex_init(&geoip->lock, NULL);
    return geoip;
}

void geoip_free(struct geoip *geoip)
{
    if (!geoip)
        return;
    snapshot_leave(geoip->current);
    pthread_mutex_destroy(&geoip->lock);
    pthread_mutex_destroy(&geoip->load_lock);
    free(geoip->language);
    free(geoip);
}

/* Puts a snapshot (or none) in force. The former one is let go outside the lock: unmapping it takes
 * longer than a look-up may wait. */
static void snapshot_swap(struct geoip *geoip, struct snapshot *next, const char *path)
{
    pthread_mutex_lock(&geoip->lock);
    struct snapshot *former = geoip->current;
    geoip->current = next;
    snprintf(geoip->path, sizeof geoip->path, "%s", path);
    geoip->last_error[0] = '\0';
    pthread_mutex_unlock(&geoip->lock);
    snapshot_leave(former);
}

static enum geoip_err snapshot_open(struct geoip *geoip, const char *path, struct snapshot **out,
                                    char *error, size_t size)
{
    struct database *database;
    enum geoip_err err = database_open(path, geoip->language, &database, error, size);
    if (err != GEOIP_OK)
        return err;
    *out = snapshot_new(database);
    if (*out)
        return GEOIP_OK;
    database_close(database);
    snprintf(error, size, "no memory for '%s'", path);
    return GEOIP_NO_MEMORY;
}

enum geoip_err geoip_load(struct geoip *geoip, const char *path, char *message, size_t size)
{
    char error[sizeof geoip->last_error] = "";
    struct snapshot *next = NULL;
    enum geoip_err err = GEOIP_OK;
    pthread_mutex_lock(&geoip->load_lock);
    if (path && path[0])
        err = snapshot_open(geoip, path, &next, error, sizeof error);
    if (err == GEOIP_OK) {
        snapshot_swap(geoip, next, path ? path : "");
    } else {
        pthread_mutex_lock(&geoip->lock);
        memcpy(geoip->last_error, error, sizeof error);
        pthread_mutex_unlock(&geoip->lock);
    }
    pthread_mutex_unlock(&geoip->load_lock);
    if (size > 0)
        snprintf(message, size, "%s", error);
    return err;
}

static bool snapshot_find(struct geoip *geoip, struct snapshot *snapshot,
                          const uint8_t address[ADDRESS_BYTES], struct geoip_place *out)
{
    bool known;
    if (cache_get(snapshot->cache, address, out, &known)) {
        atomic_fetch_add_explicit(&geoip->cache_hits, 1, memory_order_relaxed);
        return known;
    }
    known = database_find(snapshot->database, address, out);
    cache_put(snapshot->cache, address, out, known);
    return known;
}

bool geoip_lookup(struct geoip *geoip, const char *address, size_t length, struct geoip_place *out)
{
    memset(out, 0, sizeof *out);
    atomic_fetch_add_explicit(&geoip->lookups, 1, memory_order_relaxed);
    uint8_t octets[ADDRESS_BYTES];
    if (!address_parse(address, length, octets) || address_is_special(octets))
        return false;
    struct snapshot *snapshot = snapshot_hold(geoip);
    if (!snapshot)
        return false;
    address_unwrap(octets);
    bool known = snapshot_find(geoip, snapshot, octets, out);
    snapshot_leave(snapshot);
    return known;
}

void geoip_status(struct geoip *geoip, struct geoip_status *out)
{
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&geoip->lock);
    memcpy(out->path, geoip->path, sizeof out->path);
    memcpy(out->last_error, geoip->last_error, sizeof out->last_error);
    if (geoip->current) {
        const struct database *database = geoip->current->database;
        out->loaded = true;
        memcpy(out->file_hash, database_file_hash(database), sizeof out->file_hash);
        out->build_time_s = database_build_time_s(database);
    }
    pthread_mutex_unlock(&geoip->lock);
    out->lookups = atomic_load_explicit(&geoip->lookups, memory_order_relaxed);
    out->cache_hits = atomic_load_explicit(&geoip->cache_hits, memory_order_relaxed);
}
