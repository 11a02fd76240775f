/* The one path of everything that is done to a key: check, prepare, emit (durable), apply, answer.
 *
 * An act collects the events that tell it and the change of the database they stand for; committing
 * it makes the events durable in the log and only then the change. No event, no act. A refusal that
 * must be told (a bad part, a wrong signature) is an act too, whose answer is an error.
 *
 * Thread-safe: from act_begin to act_end the room's lock is held, also over the commit. People are
 * slow, and of two who do the same at once the second must see what the first did. */
#ifndef CEREMONY_ACT_H
#define CEREMONY_ACT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/uuid.h"
#include "audit/event/actor.h"
#include "audit/event/event.h"
#include "audit/log/log.h"
#include "audit/trail.h"
#include "ceremony/change.h"
#include "ceremony/store.h"

#define ACT_EVENTS_MAX LOG_BATCH_MAX /* one batch, so that all are durable together */

/* Bounds and periods that the configuration sets. By value; read at the beginning of each act. */
struct ceremony_settings {
    int64_t threshold_min, threshold_max; /* of k */
    int64_t expires_s;                    /* an open ceremony's life if it names none; 0: no end */
    bool retain_sealed;                   /* sealed parts stay after completion */
    bool one_desk_recovery;               /* parts in clear are taken, all from one caller */
    int64_t lock_attempts;                /* bad submissions of one login … */
    int64_t lock_window_s;                /* … within so long lock it, for as long again */
};

/* What all acts share. Made by ceremonies_new, once a daemon. */
struct ceremonies {
    pthread_mutex_t lock;
    struct log *log;
    struct trail *trail;
    struct store *store;
    struct ceremony_settings settings; /* guarded by the lock */
    _Atomic bool failed;               /* an event is durable whose change could not be made */
    struct withheld *withheld;         /* answers that are kept in guarded memory alone */
};

/* Opens the store at path (see store_open). log and trail are borrowed and must outlive it. */
MUST_CHECK enum err ceremonies_new(const char *path, struct log *log, struct trail *trail,
                                   bool new_database, struct ceremonies **out, struct fault *fault);
void ceremonies_free(struct ceremonies *ceremonies);

/* After a reload of the configuration. */
void ceremonies_set(struct ceremonies *ceremonies, const struct ceremony_settings *settings);

/* Has an act become durable in the log whose change the database did not take? The daemon stops
 * then; the next start makes the change. */
bool ceremonies_failed(const struct ceremonies *ceremonies);

/* For those who only read. */
void ceremonies_lock(struct ceremonies *ceremonies);
void ceremonies_unlock(struct ceremonies *ceremonies);

/* Who asks for an act, and what makes two requests the same. All borrowed, until act_end. */
struct act_request {
    const struct actor *actor; /* NULL: the guardian itself */
    struct slice owner;        /* whose request_id it is */
    struct slice request_id;   /* empty: none */
    struct slice method;
    struct slice parameters; /* as sent, but for those that are secret: of these a hash is kept */
    const struct slice *secrets; /* the others, as sent: no disk gets an image of them */
    size_t secret_count;
    int64_t now_us;
    /* Is a refusal of this reason to be told now, or is it counted elsewhere, because the same was
     * told a moment ago? NULL: each is told. Called within the act. */
    bool (*tells)(void *context, enum reason reason);
    void *tells_context;
};

struct act {
    struct ceremonies *ceremonies;
    struct arena *arena;
    const struct actor *actor;
    struct slice method;
    int64_t now_us;
    struct event **events; /* in the arena */
    size_t event_count;
    size_t event_room;
    bool event_lost; /* no memory or room for one */
    struct change change;
    struct store_request request;
    const struct slice *secrets;
    size_t secret_count;
    bool repeated; /* this request was answered before: with former_answer, and that is all of it */
    struct slice former_answer;
    bool withhold; /* the answer holds what may never be written to a disk */
    bool (*tells)(void *context, enum reason reason);
    void *tells_context;
    bool refusal; /* what is told is a refusal: to be committed although the answer is an error */
};

/* Takes the lock and looks for the request: act->repeated says whether it was answered before.
 * Always followed by act_end, on a fault too. Faults: ERR_INVALID_PARAMS request_id_reused;
 * ERR_WRONG_STATE answer_gone; ERR_AUDIT_UNAVAILABLE refused (field store) after ceremonies_failed;
 * those of the store. A repeat with other secrets is told from the first one while this process
 * lives and remembers it; later it is taken for the same. */
MUST_CHECK enum err act_begin(struct act *act, struct ceremonies *ceremonies, struct arena *arena,
                              const struct act_request *request, struct fault *fault);

/* A new event of the act, in the arena; NULL when there is no memory or room (the commit then fails
 * with ERR_NO_MEMORY). The actor's fields are filled when it is committed. */
struct event *act_event(struct act *act, enum event_id id);

/* Sets a text of an event unless it is empty: absent facts have no member in a record. The text is
 * borrowed; the copy lies in the arena, and without memory for it the commit fails. event NULL: as
 * act_event gave it. */
void act_event_text(struct event *event, enum field_id field, struct slice text);
void act_event_copy(struct act *act, struct event *event, enum field_id field, const char *text);

/* A refusal because of who or when: shall it be told with an event of this act? Then act->refusal
 * is set. */
bool act_tells(struct act *act, enum reason reason);

/* Commits: on OK the events are durable and the change is made. ERR_AUDIT_UNAVAILABLE as in
 * log_append (refused: nothing was done; field store: the database does not take it), or
 * outcome_unknown also when the change could not be made: ceremonies_failed() is true then. Other
 * errors are of the act itself, and nothing was done: ERR_INVALID_PARAMS when a field of an event
 * is missing or does not fit, ERR_NO_MEMORY, ERR_INTERNAL. Blocks for three commits. */
MUST_CHECK enum err act_commit(struct act *act, struct slice answer, struct fault *fault);

/* Gives back the lock and what the act holds. */
void act_end(struct act *act);

/* For tests of crashes: called between the steps of every commit, with the step that is through;
 * NULL: nobody. */
enum act_step { ACT_CHECKED, ACT_PREPARED, ACT_EMITTED, ACT_APPLIED };
void act_on_step(void (*hook)(enum act_step step));

#endif
