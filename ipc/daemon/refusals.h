/* Refusals are audited without becoming a flood (contract, section 2): of one caller, method and
 * reason the first is an event at once, later ones within 60 s are counted and become one event
 * with count. Bounded: beyond REFUSALS_MAX different ones, the rest is counted together.
 * Thread-safe. */
#ifndef IPC_DAEMON_REFUSALS_H
#define IPC_DAEMON_REFUSALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/fault.h"
#include "ipc/daemon/access.h"

#define REFUSALS_MAX 256
#define REFUSALS_WINDOW_MS 60000

/* Identity of a refusal, and how often it happened. */
struct refusal {
    struct peer peer;
    char method[64];
    enum reason reason;
    /* whom a workflow asked for; person "": the caller asked for himself */
    char person[ACCESS_TEXT_BYTES], person_id[ACCESS_TEXT_BYTES], person_name[ACCESS_TEXT_BYTES];
    char person_privilege[ACCESS_TEXT_BYTES];
    char origin[64];  /* address of that person */
    char detail[64];  /* what the reason is about, as the type that was refused; "" for none */
    int64_t since_ms; /* boot clock; when the window opened */
    uint64_t count;   /* not yet told */
};

struct refusals {
    pthread_mutex_t lock;
    struct refusal *entries; /* made with the first refusal: an idle daemon pays nothing */
    size_t used;
    uint64_t overflow; /* counted together */
};

void refusals_init(struct refusals *refusals);
void refusals_done(struct refusals *refusals);

/* Notes a refusal, of which peer, person, method, reason and detail count; true if the caller shall
 * make an event of it now. */
bool refusals_note(struct refusals *refusals, const struct refusal *refusal, int64_t now_ms);

/* Takes one refusal whose window is over (all: or not) and that has something to tell; false when
 * there is none. Entries with nothing to tell whose window is over are forgotten. */
bool refusals_take(struct refusals *refusals, int64_t now_ms, bool all, struct refusal *out);

/* Gives back what was taken, or noted to be told now, and could not be told: its count is told
 * later. The next take is not before a window is over. */
void refusals_put_back(struct refusals *refusals, const struct refusal *refusal, int64_t now_ms);

#endif
