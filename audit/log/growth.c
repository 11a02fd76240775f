#include "audit/log/growth.h"

#include <time.h>

#include "audit/base/clock.h"

/* Wakes are numbered, and each thread remembers the last one it has seen: a wake between a thread's
 * look at its own stop flag and its wait is not lost. */
static _Atomic uint64_t wakes;
static _Thread_local uint64_t seen;

void growth_init(struct growth *growth, uint64_t size)
{
    *growth = (struct growth){0};
    atomic_init(&growth->size, size);
    pthread_mutex_init(&growth->lock, NULL);
    pthread_cond_init(&growth->changed, NULL);
    pthread_cond_init(&growth->left, NULL);
}

void growth_done(struct growth *growth)
{
    pthread_mutex_lock(&growth->lock);
    while (atomic_load(&growth->waiting) != 0) {
        pthread_cond_wait(&growth->left, &growth->lock);
    }
    pthread_mutex_unlock(&growth->lock);
    pthread_cond_destroy(&growth->left);
    pthread_cond_destroy(&growth->changed);
    pthread_mutex_destroy(&growth->lock);
}

uint64_t growth_size(const struct growth *growth)
{
    return atomic_load(&growth->size);
}

void growth_set(struct growth *growth, uint64_t size)
{
    /* Sequentially consistent, here and in growth_wait: either the waiter sees the size or we see
     * the waiter. */
    atomic_store(&growth->size, size);
    if (atomic_load(&growth->waiting) != 0) {
        pthread_mutex_lock(&growth->lock);
        pthread_cond_broadcast(&growth->changed);
        pthread_mutex_unlock(&growth->lock);
    }
}

void growth_end(struct growth *growth)
{
    pthread_mutex_lock(&growth->lock);
    growth->ended = true;
    pthread_cond_broadcast(&growth->changed);
    pthread_mutex_unlock(&growth->lock);
}

uint64_t growth_wait(struct growth *growth, uint64_t size, int64_t timeout_ms)
{
    struct timespec until;
    clock_deadline(timeout_ms, &until);
    int outcome = 0;
    pthread_mutex_lock(&growth->lock);
    atomic_fetch_add(&growth->waiting, 1);
    while (atomic_load(&growth->size) <= size && !growth->ended && growth->woken <= seen &&
           outcome == 0) {
        outcome = pthread_cond_clockwait(&growth->changed, &growth->lock, CLOCK_MONOTONIC, &until);
    }
    if (growth->woken > seen) {
        seen = growth->woken;
    }
    uint64_t now = atomic_load(&growth->size);
    if (atomic_fetch_sub(&growth->waiting, 1) == 1 && growth->ended) {
        pthread_cond_signal(&growth->left);
    }
    pthread_mutex_unlock(&growth->lock);
    return now;
}

void growth_wake(struct growth *growth)
{
    pthread_mutex_lock(&growth->lock);
    growth->woken = atomic_fetch_add(&wakes, 1) + 1;
    pthread_cond_broadcast(&growth->changed);
    pthread_mutex_unlock(&growth->lock);
}
