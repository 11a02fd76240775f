#include "audit/base/arena.h"

#include <assert.h>
#include <sodium.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "audit/base/memory.h"

#define CHUNK_BYTES 4096
#define KEPT_BYTES ((size_t)65536)
#define ALIGNMENT (alignof(max_align_t))

struct arena_chunk {
    struct arena_chunk *before;
    size_t size; /* octets of data */
    size_t used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t maximum)
{
    *arena = (struct arena){.maximum = maximum};
}

void arena_init_over(struct arena *arena, void *memory, size_t bytes)
{
    assert((uintptr_t)memory % ALIGNMENT == 0 && bytes > sizeof(struct arena_chunk));
    struct arena_chunk *chunk = memory;
    *chunk = (struct arena_chunk){.size = bytes - sizeof *chunk};
    *arena = (struct arena){.current = chunk, .maximum = chunk->size, .lent = true};
}

void arena_done(struct arena *arena)
{
    if (arena->lent) {
        arena->current = NULL;
    }
    while (arena->current != NULL) {
        struct arena_chunk *before = arena->current->before;
        memory_free(arena->current);
        arena->current = before;
    }
    arena->used = 0;
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = arena->current;
    if (arena->lent && kept != NULL) {
        kept->used = 0;
        arena->used = 0;
        return;
    }
    if (kept == NULL || kept->size > KEPT_BYTES) {
        arena_done(arena);
        return;
    }
    arena->current = kept->before;
    arena_done(arena);
    kept->before = NULL;
    kept->used = 0;
    arena->current = kept;
}

void arena_wipe(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->current; chunk != NULL; chunk = chunk->before) {
        sodium_memzero(chunk->data, chunk->used);
    }
    arena_reset(arena);
}

static struct arena_chunk *chunk_new(struct arena *arena, size_t bytes)
{
    if (arena->lent) {
        return NULL;
    }
    size_t size = arena->current == NULL ? CHUNK_BYTES : arena->current->size * 2;
    if (size > 16 * KEPT_BYTES) {
        size = 16 * KEPT_BYTES;
    }
    if (size < bytes) {
        size = bytes;
    }
    if (size > SIZE_MAX - sizeof(struct arena_chunk)) {
        return NULL;
    }
    struct arena_chunk *chunk = memory_allocate(sizeof *chunk + size);
    if (chunk != NULL) {
        *chunk = (struct arena_chunk){.before = arena->current, .size = size};
        arena->current = chunk;
    }
    return chunk;
}

void *arena_allocate(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > arena->maximum - arena->used) {
        return NULL;
    }
    struct arena_chunk *chunk = arena->current;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        chunk = chunk_new(arena, rounded);
        if (chunk == NULL) {
            return NULL;
        }
    }
    void *piece = chunk->data + chunk->used;
    chunk->used += rounded;
    arena->used += rounded;
    return piece;
}

void *arena_allocate_zeroed(struct arena *arena, size_t bytes)
{
    void *piece = arena_allocate(arena, bytes);
    if (piece != NULL) {
        memset(piece, 0, bytes);
    }
    return piece;
}

struct slice arena_copy(struct arena *arena, struct slice slice)
{
    char *copy = arena_allocate(arena, slice.length + 1);
    if (copy == NULL) {
        return (struct slice){NULL, 0};
    }
    if (slice.length != 0) {
        memcpy(copy, slice.data, slice.length);
    }
    copy[slice.length] = '\0';
    return (struct slice){copy, slice.length};
}
