#include "ipc/daemon/refusals.h"

#include <stdio.h>
#include <string.h>

#include "audit/base/memory.h"

void refusals_init(struct refusals *refusals)
{
    *refusals = (struct refusals){0};
    pthread_mutex_init(&refusals->lock, NULL);
}

void refusals_done(struct refusals *refusals)
{
    memory_free(refusals->entries);
    pthread_mutex_destroy(&refusals->lock);
}

static bool same_peer(const struct peer *a, const struct peer *b)
{
    return a->uid == b->uid && a->roles == b->roles && strcmp(a->login, b->login) == 0 &&
           strcmp(a->address, b->address) == 0;
}

static struct refusal *find(struct refusals *refusals, const struct refusal *refusal)
{
    for (size_t i = 0; i < refusals->used; i++) {
        struct refusal *entry = &refusals->entries[i];
        if (entry->reason == refusal->reason && strcmp(entry->method, refusal->method) == 0 &&
            strcmp(entry->detail, refusal->detail) == 0 &&
            strcmp(entry->person, refusal->person) == 0 &&
            strcmp(entry->origin, refusal->origin) == 0 &&
            same_peer(&entry->peer, &refusal->peer)) {
            return entry;
        }
    }
    return NULL;
}

static bool note_locked(struct refusals *refusals, const struct refusal *refusal, int64_t now_ms)
{
    if (refusals->entries == NULL) {
        refusals->entries = memory_allocate(REFUSALS_MAX * sizeof *refusals->entries);
        if (refusals->entries == NULL) {
            return true;
        }
    }
    struct refusal *entry = find(refusals, refusal);
    if (entry != NULL) {
        entry->count++;
        return false;
    }
    if (refusals->used == REFUSALS_MAX) {
        refusals->overflow++;
        return false;
    }
    entry = &refusals->entries[refusals->used++];
    *entry = *refusal;
    entry->peer.entry = NULL; /* outlives the configuration it came from */
    entry->since_ms = now_ms;
    entry->count = 0;
    return true;
}

bool refusals_note(struct refusals *refusals, const struct refusal *refusal, int64_t now_ms)
{
    pthread_mutex_lock(&refusals->lock);
    bool now = note_locked(refusals, refusal, now_ms);
    pthread_mutex_unlock(&refusals->lock);
    return now;
}

static bool take_locked(struct refusals *refusals, int64_t now_ms, bool all, struct refusal *out)
{
    size_t i = 0;
    while (i < refusals->used) {
        struct refusal *entry = &refusals->entries[i];
        if (!all && now_ms - entry->since_ms < REFUSALS_WINDOW_MS) {
            i++;
            continue;
        }
        bool telling = entry->count > 0;
        if (telling) {
            *out = *entry;
        }
        *entry = refusals->entries[--refusals->used];
        if (telling) {
            return true;
        }
    }
    if (refusals->overflow > 0 && (all || refusals->used < REFUSALS_MAX)) {
        *out = (struct refusal){.reason = REASON_too_many_refusals, .count = refusals->overflow};
        snprintf(out->peer.login, sizeof out->peer.login, "many callers");
        snprintf(out->method, sizeof out->method, "many methods");
        out->peer.uid = UINT32_MAX;
        refusals->overflow = 0;
        return true;
    }
    return false;
}

bool refusals_take(struct refusals *refusals, int64_t now_ms, bool all, struct refusal *out)
{
    pthread_mutex_lock(&refusals->lock);
    bool taken = take_locked(refusals, now_ms, all, out);
    pthread_mutex_unlock(&refusals->lock);
    return taken;
}

void refusals_put_back(struct refusals *refusals, const struct refusal *refusal, int64_t now_ms)
{
    pthread_mutex_lock(&refusals->lock);
    struct refusal *entry = NULL;
    if (refusals->entries != NULL) {
        entry = find(refusals, refusal);
    }
    if (entry != NULL) {
        entry->count += refusal->count; /* the same was refused again meanwhile */
    } else if (refusals->entries != NULL && refusals->used < REFUSALS_MAX) {
        entry = &refusals->entries[refusals->used++];
        *entry = *refusal;
        entry->since_ms = now_ms;
    } else {
        refusals->overflow += refusal->count;
    }
    pthread_mutex_unlock(&refusals->lock);
}
