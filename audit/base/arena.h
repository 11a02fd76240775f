/* Memory for one request: many small pieces, freed together. Not thread-safe. */
#ifndef AUDIT_BASE_ARENA_H
#define AUDIT_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *current;
    size_t used;    /* octets handed out of all chunks together */
    size_t maximum; /* octets it may ever hand out */
    bool lent;      /* the one chunk lies in memory of the caller's: none other is taken */
};

/* Owns nothing until the first piece. */
void arena_init(struct arena *arena, size_t maximum);
void arena_done(struct arena *arena);

/* The same over memory of the caller's (aligned for any type, at least 64 octets), which outlives
 * the arena: nothing is taken from anywhere else, so that pieces with secrets in them stay in
 * guarded memory. Neither reset nor done wipes it or gives it back; that is the caller's. */
void arena_init_over(struct arena *arena, void *memory, size_t bytes);

/* Gives everything back at once; keeps the newest chunk if it is at most 64 KiB (or is lent). */
void arena_reset(struct arena *arena);

/* Overwrites all that was handed out, then resets: for requests that may hold a secret. */
void arena_wipe(struct arena *arena);

/* A piece aligned for any type, not cleared; NULL when there is no memory or the maximum is
 * reached. Valid until reset. arena_allocate_zeroed clears it. */
void *arena_allocate(struct arena *arena, size_t bytes);
void *arena_allocate_zeroed(struct arena *arena, size_t bytes);

/* A copy of the bytes (ended by a NUL beyond its length); data is NULL when there is no memory. */
struct slice arena_copy(struct arena *arena, struct slice slice);

#endif
