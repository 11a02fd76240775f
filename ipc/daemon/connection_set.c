#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>

#include "audit/base/memory.h"
#include "ipc/daemon/connection_inside.h"
#include "ipc/daemon/thread.h"

struct connection_set {
    nng_mtx *lock;
    nng_cv *changed;
    struct connection *first; /* all that are not freed yet */
    uint32_t count;
    struct connection *dead; /* no hold left, to be freed */
    bool ending;
    pthread_t reaper;
};

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

static void *reap(void *argument)
{
    struct connection_set *set = argument;
    nng_mtx_lock(set->lock);
    while (!set->ending || set->first != NULL) {
        struct connection *connection = set->dead;
        if (connection == NULL) {
            nng_cv_wait(set->changed);
            continue;
        }
        set->dead = connection->dead_next;
        unlink_connection(set, connection);
        nng_mtx_unlock(set->lock);
        connection_free(connection);
        nng_mtx_lock(set->lock);
        set->count--; /* only now: until then it owns a descriptor */
        nng_cv_wake(set->changed);
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
    uint32_t count = set->count;
    nng_mtx_unlock(set->lock);
    return count;
}

bool connection_set_wait(struct connection_set *set, uint32_t timeout_ms)
{
    nng_time until = nng_clock() + timeout_ms;
    bool timed_out = false;
    nng_mtx_lock(set->lock);
    while (set->count != 0 && !timed_out) {
        timed_out = nng_cv_until(set->changed, until) == NNG_ETIMEDOUT;
    }
    bool empty = set->count == 0;
    nng_mtx_unlock(set->lock);
    return empty;
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
    set->count++;
    nng_mtx_unlock(set->lock);
}

void connection_set_bury(struct connection_set *set, struct connection *connection)
{
    nng_mtx_lock(set->lock);
    connection->dead_next = set->dead;
    set->dead = connection;
    nng_cv_wake(set->changed);
    nng_mtx_unlock(set->lock);
}
