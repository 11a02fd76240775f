#include "ceremony/act.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "audit/base/memory.h"
#include "ceremony/withheld.h"

static void (*step_hook)(enum act_step step);

void act_on_step(void (*hook)(enum act_step step))
{
    step_hook = hook;
}

static void step_through(enum act_step step)
{
    if (step_hook != NULL) {
        step_hook(step);
    }
}

/* ---- the room ----------------------------------------------------------------------------------
 */

enum err ceremonies_new(const char *path, struct log *log, struct trail *trail, bool new_database,
                        struct ceremonies **out, struct fault *fault)
{
    struct ceremonies *ceremonies = memory_allocate_zeroed(sizeof *ceremonies);
    struct withheld *withheld = withheld_new();
    struct store *store = NULL;
    bool have_memory = ceremonies != NULL && withheld != NULL;
    enum err err =
        have_memory ? store_open(path, log, new_database, &store, fault) : fault_no_memory(fault);
    if (!have_memory || err != OK) {
        withheld_free(withheld);
        memory_free(ceremonies);
        return err;
    }
    pthread_mutex_init(&ceremonies->lock, NULL);
    ceremonies->log = log;
    ceremonies->trail = trail;
    ceremonies->store = store;
    ceremonies->withheld = withheld;
    *out = ceremonies;
    return OK;
}

void ceremonies_free(struct ceremonies *ceremonies)
{
    if (ceremonies != NULL) {
        store_close(ceremonies->store);
        withheld_free(ceremonies->withheld);
        pthread_mutex_destroy(&ceremonies->lock);
        memory_free(ceremonies);
    }
}

void ceremonies_set(struct ceremonies *ceremonies, const struct ceremony_settings *settings)
{
    pthread_mutex_lock(&ceremonies->lock);
    ceremonies->settings = *settings;
    pthread_mutex_unlock(&ceremonies->lock);
}

bool ceremonies_failed(const struct ceremonies *ceremonies)
{
    return atomic_load(&ceremonies->failed);
}

void ceremonies_lock(struct ceremonies *ceremonies)
{
    pthread_mutex_lock(&ceremonies->lock);
}

void ceremonies_unlock(struct ceremonies *ceremonies)
{
    pthread_mutex_unlock(&ceremonies->lock);
}

/* ---- begin -------------------------------------------------------------------------------------
 */

/* Over the length of the method as well, so that no two pairs read alike. */
static void hash_request(const struct act_request *request, uint8_t out[STORE_REQUEST_HASH_BYTES])
{
    crypto_hash_sha256_state state;
    const uint8_t length = (uint8_t)request->method.length;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &length, 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)request->method.data, length);
    if (request->parameters.length > 0) {
        crypto_hash_sha256_update(&state, (const unsigned char *)request->parameters.data,
                                  request->parameters.length);
    }
    crypto_hash_sha256_final(&state, out);
}

static struct withheld_secrets secrets_of(const struct act *act)
{
    return (struct withheld_secrets){act->secrets, act->secret_count};
}

static enum err find_repeat(struct act *act, struct fault *fault)
{
    enum store_request_state state;
    struct slice answer = {NULL, 0};
    struct slice withheld;
    enum err err = store_request_find(act->ceremonies->store, act->arena, &act->request,
                                      act->now_us, &state, &answer, fault);
    if (err != OK) {
        return err;
    }
    enum withheld_known known = withheld_find(act->ceremonies->withheld, act->arena, &act->request,
                                              secrets_of(act), &withheld);
    if (state == STORE_REQUEST_REUSED || (state != STORE_REQUEST_NEW && known == WITHHELD_OTHER)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_request_id_reused, "/request_id",
                         "This request_id was used within the last day with another method or "
                         "other parameters: choose a new one.");
    }
    if (state == STORE_REQUEST_WITHHELD) {
        answer = withheld;
        if (answer.length == 0) {
            return fault_set(fault, ERR_WRONG_STATE, REASON_answer_gone, "/request_id",
                             "This request was done, but its answer holds a sealed key and was "
                             "kept in memory only: it is gone. Ask anew with another request_id.");
        }
    }
    act->repeated = state != STORE_REQUEST_NEW;
    act->former_answer = answer;
    return OK;
}

enum err act_begin(struct act *act, struct ceremonies *ceremonies, struct arena *arena,
                   const struct act_request *request, struct fault *fault)
{
    *act = (struct act){.ceremonies = ceremonies,
                        .arena = arena,
                        .actor = request->actor,
                        .method = request->method,
                        .now_us = request->now_us,
                        .request = {.owner = request->owner, .id = request->request_id},
                        .tells = request->tells,
                        .tells_context = request->tells_context,
                        .secrets = request->secrets,
                        .secret_count = request->secret_count};
    change_init(&act->change);
    pthread_mutex_lock(&ceremonies->lock);
    if (ceremonies_failed(ceremonies)) {
        return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "store",
                         "The database failed: nothing was done. The guardian is stopping; ask "
                         "again when it is back.");
    }
    if (request->request_id.length == 0) {
        return OK;
    }
    hash_request(request, act->request.hash);
    return find_repeat(act, fault);
}

bool act_tells(struct act *act, enum reason reason)
{
    act->refusal = act->tells == NULL || act->tells(act->tells_context, reason);
    return act->refusal;
}

/* Room for one more. */
static bool grow_events(struct act *act)
{
    if (act->event_count < act->event_room) {
        return true;
    }
    size_t more = act->event_room == 0 ? 4 : 2 * act->event_room;
    struct event **grown =
        more > ACT_EVENTS_MAX ? NULL : arena_allocate(act->arena, more * sizeof(struct event *));
    if (grown == NULL) {
        return false;
    }
    if (act->event_count > 0) {
        memcpy(grown, act->events, act->event_count * sizeof(struct event *));
    }
    act->events = grown;
    act->event_room = more;
    return true;
}

struct event *act_event(struct act *act, enum event_id id)
{
    struct event *event = grow_events(act) ? event_new(act->arena, id) : NULL;
    if (event == NULL) {
        act->event_lost = true;
        return NULL;
    }
    act->events[act->event_count++] = event;
    return event;
}

void act_event_text(struct event *event, enum field_id field, struct slice text)
{
    if (event != NULL && text.length > 0) {
        event_set_text(event, field, text);
    }
}

void act_event_copy(struct act *act, struct event *event, enum field_id field, const char *text)
{
    struct slice copy = arena_copy(act->arena, slice_of(text));
    act->event_lost = act->event_lost || copy.data == NULL;
    act_event_text(event, field, copy);
}

/* ---- commit ------------------------------------------------------------------------------------
 */

static struct trail_batch batch_of(struct act *act)
{
    return (struct trail_batch){.events = act->events,
                                .count = act->event_count,
                                .actor = act->actor,
                                .now_us = act->now_us,
                                .urgent = true};
}

/* All that can be refused is refused here, while nothing has happened. */
static enum err check(struct act *act, const char *event, struct fault *fault)
{
    act->events[0]->event_uuid = (struct slice){event, UUID_TEXT_BYTES};
    enum err err = change_result(&act->change);
    if (err != OK) {
        return err == ERR_NO_MEMORY ? fault_no_memory(fault)
                                    : fault_set(fault, err, REASON_too_long, NULL,
                                                "This is more than one act can change.");
    }
    const struct trail_batch batch = batch_of(act);
    return trail_stamp(act->ceremonies->trail, act->arena, &batch, fault);
}

static enum err prepare(struct act *act, const char *event, struct slice answer,
                        struct fault *fault)
{
    struct store_act row = {.change = &act->change,
                            .request = act->request,
                            .answer = act->withhold ? (struct slice){NULL, 0} : answer,
                            .answer_withheld = act->withhold,
                            .log_size = log_size(act->ceremonies->log),
                            .now_us = act->now_us};
    memcpy(row.event, event, sizeof row.event);
    struct fault why;
    fault_clear(&why);
    enum err err = store_prepare(act->ceremonies->store, &row, &why);
    if (err == ERR_IO || err == ERR_DAMAGED || err == ERR_IN_USE) {
        return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "store",
                         "The database does not take it, so nothing was done (%.300s).",
                         why.sentence);
    }
    if (err != OK && fault != NULL) {
        *fault = why;
    }
    return err;
}

/* Refused: nothing of it is in the log, so the row goes. Unknown: the row stays for the next start,
 * which sees whether the event is there. */
static void after_refusal(struct act *act, const char *event)
{
    struct fault ignored;
    if (!log_failed(act->ceremonies->log) &&
        store_drop(act->ceremonies->store, event, &ignored) != OK) {
        /* The next start drops it, since its event is nowhere. */
        return;
    }
}

static enum err apply(struct act *act, const char *event, uint64_t index, struct fault *fault)
{
    struct fault why;
    fault_clear(&why);
    if (store_apply(act->ceremonies->store, event, index, &why) == OK) {
        return OK;
    }
    atomic_store(&act->ceremonies->failed, true);
    return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_outcome_unknown, NULL,
                     "This was recorded, but the database did not take it (%.200s): the guardian "
                     "stops, and its next start completes it. Ask again then with the same "
                     "request_id.",
                     why.sentence);
}

enum err act_commit(struct act *act, struct slice answer, struct fault *fault)
{
    char event[UUID_TEXT_BYTES + 1];
    uuid_draw(event);
    if (act->event_lost) {
        return fault_no_memory(fault);
    }
    if (act->event_count == 0) {
        assert(act->change.steps == 0); /* nothing is done that is not told */
        return OK;
    }
    enum err err = check(act, event, fault);
    if (err != OK) {
        return err;
    }
    step_through(ACT_CHECKED);
    err = prepare(act, event, answer, fault);
    if (err != OK) {
        return err;
    }
    step_through(ACT_PREPARED);
    struct log_range range;
    const struct trail_batch batch = batch_of(act);
    err = trail_emit(act->ceremonies->trail, act->arena, &batch, &range, fault);
    if (err != OK) {
        after_refusal(act, event);
        return err;
    }
    step_through(ACT_EMITTED);
    err = apply(act, event, range.first, fault);
    if (err == OK && (act->withhold || act->secret_count > 0)) {
        withheld_put(act->ceremonies->withheld, &act->request, secrets_of(act),
                     act->withhold ? answer : (struct slice){NULL, 0});
    }
    step_through(ACT_APPLIED);
    return err;
}

void act_end(struct act *act)
{
    pthread_mutex_unlock(&act->ceremonies->lock);
    change_done(&act->change);
}
