/* The committed size, and who waits for it to grow. The size is one atomic: readers take no lock.
 * Thread-safe. */
#ifndef AUDIT_LOG_GROWTH_H
#define AUDIT_LOG_GROWTH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct growth {
    _Atomic uint64_t size;
    atomic_uint waiting;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_cond_t left; /* nobody waits any more */
    uint64_t woken;      /* number of the last wake, of all logs of the process */
    bool ended;
};

void growth_init(struct growth *growth, uint64_t size);

/* Waits until everybody has left growth_wait; after growth_end. */
void growth_done(struct growth *growth);

uint64_t growth_size(const struct growth *growth);

/* Publishes a larger size: everything below it may be read from now on. */
void growth_set(struct growth *growth, uint64_t size);

/* Nothing will grow any more: nobody waits from now on. */
void growth_end(struct growth *growth);

/* See log_wait_beyond and log_wake. */
uint64_t growth_wait(struct growth *growth, uint64_t size, int64_t timeout_ms);
void growth_wake(struct growth *growth);

#endif
