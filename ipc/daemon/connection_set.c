#include <string.h>

#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/memory.h"
#include "ipc/daemon/connection_inside.h"
#include "ipc/daemon/thread.h"

#define CLOSING_MAX 32  /* streams let go but not closed yet; then nobody is accepted */
#define SETTLE_ROUNDS 2 /* see settle */
#define COMPLAIN_MS 1000

struct connection_set {
    nng_mtx *lock; /* everything below but for the last line */
    nng_cv *changed;
    struct connection *first; /* all that are not freed yet */
    uint32_t live;            /* of which are not in the dead list */
    struct connection *dead;  /* no hold left, to be freed */
    nng_stream *refused[CLOSING_MAX];
    uint32_t refused_count;
    uint32_t closing;      /* dead and refused whose descriptors are not closed yet */
    int64_t complained_ms; /* when it was last said that somebody does not read */
    bool settled;
    bool ending;
    pthread_t reaper;
    /* memory of all answers that wait for their reader; not under the lock */
    atomic_uint_fast64_t unsent, unsent_max;
};

/* ---- closing for good ---- */

static void nothing(void *argument)
{
    (void)argument;
}

static void settle_canceled(nng_aio *aio, void *argument, int result)
{
    struct connection_set *set = argument;
    nng_mtx_lock(set->lock);
    set->settled = true;
    nng_cv_wake(set->changed);
    nng_mtx_unlock(set->lock);
    nng_aio_finish(aio, result);
}

/* Waits until the descriptors of all streams freed before are closed. nng_stream_free leaves that
 * to a thread of nng's, at a tenth of a millisecond each: clients that come and leave fast enough
 * would heap up thousands of open descriptors, where nobody counts them, until the log cannot open
 * its next file. That thread also frees aios, and cancels what such an aio is at: that is how we
 * hear from it. Between two aios it has been through everything that was waiting at the first. */
static void settle(struct connection_set *set)
{
    for (int round = 0; round < SETTLE_ROUNDS; round++) {
        nng_aio *aio;
        if (nng_aio_alloc(&aio, nothing, NULL) != 0) {
            return;
        }
        set->settled = false; /* the reaper's alone before the aio is under way */
        if (!nng_aio_begin(aio)) {
            nng_aio_free(aio);
            return;
        }
        nng_aio_defer(aio, settle_canceled, set);
        nng_aio_reap(aio);
        nng_mtx_lock(set->lock);
        while (!set->settled) {
            nng_cv_wait(set->changed);
        }
        nng_mtx_unlock(set->lock);
    }
}

/* Lock held. */
static void unlink_connection(struct connection_set *set, struct connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        set->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
}

/* Lock held; let go while connections are freed. */
static void reap_all(struct connection_set *set)
{
    struct connection *dead = set->dead;
    nng_stream *refused[CLOSING_MAX];
    uint32_t refused_count = set->refused_count;
    uint32_t reaped = refused_count;
    memcpy(refused, set->refused, sizeof refused);
    set->dead = NULL;
    set->refused_count = 0;
    for (struct connection *at = dead; at != NULL; at = at->dead_next) {
        unlink_connection(set, at);
        reaped++;
    }
    nng_mtx_unlock(set->lock);
    while (dead != NULL) {
        struct connection *connection = dead;
        dead = dead->dead_next;
        connection_free(connection);
    }
    for (uint32_t i = 0; i < refused_count; i++) {
        nng_stream_free(refused[i]);
    }
    settle(set);
    nng_mtx_lock(set->lock);
    set->closing -= reaped;
    nng_cv_wake(set->changed);
}

static void *reap(void *argument)
{
    struct connection_set *set = argument;
    nng_mtx_lock(set->lock);
    while (!set->ending || set->first != NULL || set->closing != 0) {
        if (set->dead != NULL || set->refused_count != 0) {
            reap_all(set);
        } else {
            nng_cv_wait(set->changed);
        }
    }
    nng_mtx_unlock(set->lock);
    return NULL;
}

static void destroy(struct connection_set *set)
{
    if (set->changed != NULL) {
        nng_cv_free(set->changed);
    }
    if (set->lock != NULL) {
        nng_mtx_free(set->lock);
    }
    memory_free(set);
}

enum err connection_set_new(struct connection_set **out)
{
    struct connection_set *set = memory_allocate_zeroed(sizeof *set);
    if (set == NULL) {
        return ERR_NO_MEMORY;
    }
    if (nng_mtx_alloc(&set->lock) != 0 || nng_cv_alloc(&set->changed, set->lock) != 0 ||
        !thread_start(&set->reaper, "reaper", reap, set)) {
        destroy(set);
        return ERR_NO_MEMORY;
    }
    atomic_init(&set->unsent_max, UNSENT_ALL_BYTES_MAX);
    *out = set;
    return OK;
}

void connection_set_free(struct connection_set *set)
{
    if (set == NULL) {
        return;
    }
    nng_mtx_lock(set->lock);
    set->ending = true;
    nng_cv_wake(set->changed);
    nng_mtx_unlock(set->lock);
    pthread_join(set->reaper, NULL);
    destroy(set);
}

uint32_t connection_set_count(struct connection_set *set)
{
    nng_mtx_lock(set->lock);
    uint32_t count = set->live;
    nng_mtx_unlock(set->lock);
    return count;
}

bool connection_set_wait(struct connection_set *set, uint32_t timeout_ms)
{
    nng_time until = nng_clock() + timeout_ms;
    bool timed_out = false;
    nng_mtx_lock(set->lock);
    while (set->live != 0 && !timed_out) {
        timed_out = nng_cv_until(set->changed, until) == NNG_ETIMEDOUT;
    }
    bool empty = set->live == 0;
    nng_mtx_unlock(set->lock);
    return empty;
}

void connection_set_make_room(struct connection_set *set)
{
    nng_mtx_lock(set->lock);
    while (set->closing >= CLOSING_MAX) {
        nng_cv_wait(set->changed);
    }
    nng_mtx_unlock(set->lock);
}

void connection_set_refuse(struct connection_set *set, nng_stream *stream)
{
    nng_mtx_lock(set->lock);
    while (set->refused_count == CLOSING_MAX) {
        nng_cv_wait(set->changed);
    }
    set->refused[set->refused_count++] = stream;
    set->closing++;
    nng_cv_wake(set->changed);
    nng_mtx_unlock(set->lock);
}

/* ---- answers nobody reads ---- */

void connection_set_unsent_limit(struct connection_set *set, uint64_t octets)
{
    atomic_store(&set->unsent_max, octets);
}

bool connection_set_reserve_unsent(struct connection_set *set, size_t octets, bool small)
{
    uint64_t before = atomic_fetch_add(&set->unsent, octets);
    if (!small && before + octets > atomic_load(&set->unsent_max)) {
        atomic_fetch_sub(&set->unsent, octets);
        return false;
    }
    return true;
}

void connection_set_release_unsent(struct connection_set *set, size_t octets)
{
    atomic_fetch_sub(&set->unsent, octets);
}

void connection_set_complain(struct connection_set *set, const struct peer *peer)
{
    int64_t now_ms = clock_boot_ms();
    nng_mtx_lock(set->lock);
    bool due = set->complained_ms == 0 || now_ms - set->complained_ms >= COMPLAIN_MS;
    set->complained_ms = due ? now_ms : set->complained_ms;
    nng_mtx_unlock(set->lock);
    if (due) {
        diag_say(DIAG_WARNING,
                 "too many answers wait to be read: a connection was closed; with the same "
                 "request_id its caller learns what became of its request",
                 "caller", peer->login, NULL);
    }
}

void connection_set_each(struct connection_set *set, void (*visit)(struct connection *))
{
    /* A connection that is held stays linked, so its neighbours can be found after the lock was
     * let go for the visit. */
    struct connection *held = NULL;
    nng_mtx_lock(set->lock);
    struct connection *at = set->first;
    while (at != NULL) {
        if (!connection_try_hold(at)) {
            at = at->next;
            continue;
        }
        nng_mtx_unlock(set->lock);
        if (held != NULL) {
            connection_release(held);
        }
        held = at;
        visit(at);
        nng_mtx_lock(set->lock);
        at = at->next;
    }
    nng_mtx_unlock(set->lock);
    if (held != NULL) {
        connection_release(held);
    }
}

void connection_set_add(struct connection_set *set, struct connection *connection)
{
    nng_mtx_lock(set->lock);
    connection->next = set->first;
    if (set->first != NULL) {
        set->first->previous = connection;
    }
    set->first = connection;
    set->live++;
    nng_mtx_unlock(set->lock);
}

void connection_set_bury(struct connection_set *set, struct connection *connection)
{
    nng_mtx_lock(set->lock);
    connection->dead_next = set->dead;
    set->dead = connection;
    set->live--;
    set->closing++;
    nng_cv_wake(set->changed);
    nng_mtx_unlock(set->lock);
}
