#include <assert.h>
#include <string.h>

#include "ceremony/change_read.h"
#include "ceremony/store_parts.h"

/* ---- transactions ---------------------------------------------------------------------------- */

static enum err begin(struct store *store, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_BEGIN);
    return store_run(&call, fault);
}

/* Some failures have rolled back already; then there is nothing to do, and if it fails SQLite has
 * given up the connection's changes all the same. */
static void roll_back(struct store *store)
{
    if (sqlite3_get_autocommit(store->database) == 0) {
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    }
}

/* Commits if all went well so far. Returns the first failure. */
static enum err finish(struct store *store, enum err so_far, struct fault *fault)
{
    enum err err = so_far;
    if (err == OK) {
        struct store_call call = store_query(store, QUERY_COMMIT);
        err = store_run(&call, fault);
    }
    if (err != OK) {
        roll_back(store);
    }
    return err;
}

/* ---- changes --------------------------------------------------------------------------------- */

static enum err make_step(struct store *store, const struct change_read_step *step,
                          struct fault *fault)
{
    struct store_call call = store_change(store, step->step);
    for (size_t i = 0; i < step->count; i++) {
        const struct change_value *value = &step->values[i];
        switch (value->kind) {
        case 't':
            store_give_text(&call, value->octets);
            break;
        case 'b':
            store_give_octets(&call, value->octets);
            break;
        case 'i':
            store_give_integer(&call, value->integer);
            break;
        default:
            store_give_null(&call);
            break;
        }
    }
    return store_run(&call, fault);
}

static enum err make_change(struct store *store, struct slice bytes, struct fault *fault)
{
    while (bytes.length > 0) {
        struct change_read_step step;
        enum err err = change_read(&bytes, &step);
        if (err != OK) {
            return fault_set(fault, err, REASON_damaged, NULL,
                             "A change that waits in the database %s is damaged.", store->path);
        }
        err = make_step(store, &step, fault);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

/* Makes the change and takes it back: what cannot be made (a row that is there already) must be
 * seen now, not when its event is in the log for good. */
static enum err try_change(struct store *store, struct slice bytes, struct fault *fault)
{
    enum err err = begin(store, fault);
    if (err == OK) {
        err = make_change(store, bytes, fault);
        roll_back(store);
    }
    return err;
}

static enum err add_pending(struct store *store, const struct store_act *act, struct fault *fault)
{
    const struct store_request *request = &act->request;
    struct slice hash = {(const char *)request->hash, sizeof request->hash};
    struct store_call call = store_query(store, QUERY_PENDING_ADD);
    store_give_text(&call, slice_of(act->event));
    store_give_octets(&call, buffer_slice(&act->change->bytes));
    store_give_octets(&call, request->owner);
    store_give_octets(&call, request->id);
    store_give_octets(&call, hash);
    store_give_octets(&call, act->answer_withheld ? (struct slice){NULL, 0} : act->answer);
    store_give_integer(&call, act->answer_withheld);
    store_give_integer(&call, (int64_t)act->log_size);
    store_give_integer(&call, act->now_us);
    return store_run(&call, fault);
}

enum err store_prepare(struct store *store, const struct store_act *act, struct fault *fault)
{
    assert(strlen(act->event) == STORE_EVENT_BYTES);
    enum err err = change_result(act->change);
    if (err == ERR_NO_MEMORY) {
        return fault_no_memory(fault);
    }
    if (err != OK) {
        return fault_set(fault, err, REASON_too_large, NULL,
                         "The change is larger than the %u octets that the database takes at once.",
                         CHANGE_BYTES_MAX);
    }
    err = try_change(store, buffer_slice(&act->change->bytes), fault);
    return err == OK ? add_pending(store, act, fault) : err;
}

/* ---- apply, drop ----------------------------------------------------------------------------- */

/* A copy: the row is deleted while the change is made. */
static enum err read_pending(struct store *store, const char *event, struct buffer *change,
                             struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_PENDING_CHANGE);
    store_give_text(&call, slice_of(event));
    bool there = store_step(&call);
    if (there) {
        buffer_append_slice(change, store_column(&call, 0));
    }
    enum err err = store_end(&call, "read", fault);
    if (err == OK && !there) {
        err = fault_set(fault, ERR_INTERNAL, REASON_internal, NULL,
                        "No change waits in the database %s for the event %s.", store->path, event);
    }
    if (err == OK && buffer_result(change) == ERR_NO_MEMORY) {
        err = fault_no_memory(fault);
    }
    if (err == OK && buffer_result(change) != OK) {
        err = fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                        "A change that waits in the database %s is damaged.", store->path);
    }
    return err;
}

static enum err run_for_event(struct store *store, enum store_query query, const char *event,
                              struct fault *fault)
{
    struct store_call call = store_query(store, query);
    store_give_text(&call, slice_of(event));
    return store_run(&call, fault);
}

static enum err note_index(struct store *store, uint64_t index, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_NOTE);
    store_give_integer(&call, (int64_t)(index + 1));
    return store_run(&call, fault);
}

static enum err apply_pending(struct store *store, const char *event, uint64_t index,
                              struct fault *fault)
{
    struct buffer change;
    buffer_init(&change, CHANGE_BYTES_MAX);
    enum err err = read_pending(store, event, &change, fault);
    if (err == OK) {
        err = make_change(store, buffer_slice(&change), fault);
    }
    if (err == OK) {
        err = run_for_event(store, QUERY_REQUEST_KEEP, event, fault);
    }
    if (err == OK) {
        err = run_for_event(store, QUERY_PENDING_FORGET, event, fault);
    }
    if (err == OK) {
        err = note_index(store, index, fault);
    }
    buffer_done(&change);
    return err;
}

enum err store_apply(struct store *store, const char *event, uint64_t index, struct fault *fault)
{
    enum err err = begin(store, fault);
    return err == OK ? finish(store, apply_pending(store, event, index, fault), fault) : err;
}

enum err store_drop(struct store *store, const char *event, struct fault *fault)
{
    return run_for_event(store, QUERY_PENDING_FORGET, event, fault);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* A failure is none: what is too old is not found either, and the next look tries again. With a
 * full disk, for one, nothing can be deleted, but a repeat must still be known. */
static void forget_requests(struct store *store, int64_t before_us)
{
    struct store_call call = store_query(store, QUERY_REQUEST_FORGET);
    store_give_integer(&call, before_us);
    if (store_run(&call, NULL) != OK) {
        roll_back(store);
    }
}

static enum store_request_state state_of(struct store_call *call, const uint8_t *hash)
{
    struct slice wanted = {(const char *)hash, STORE_REQUEST_HASH_BYTES};
    if (!slice_equal(store_column(call, 0), wanted)) {
        return STORE_REQUEST_REUSED;
    }
    bool withheld = sqlite3_column_int64(call->statement, 2) != 0;
    return withheld ? STORE_REQUEST_WITHHELD : STORE_REQUEST_DONE;
}

// NOLINTNEXTLINE(readability-function-size): two results, as the door says
enum err store_request_find(struct store *store, struct arena *arena,
                            const struct store_request *request, int64_t now_us,
                            enum store_request_state *out, struct slice *out_answer,
                            struct fault *fault)
{
    enum store_request_state state = STORE_REQUEST_NEW;
    struct slice answer = {NULL, 0};
    forget_requests(store, now_us - STORE_REQUEST_KEPT_US);
    struct store_call call = store_query(store, QUERY_REQUEST_FIND);
    store_give_octets(&call, request->owner);
    store_give_octets(&call, request->id);
    store_give_integer(&call, now_us - STORE_REQUEST_KEPT_US);
    if (store_step(&call)) {
        state = state_of(&call, request->hash);
    }
    if (state == STORE_REQUEST_DONE) {
        answer = arena_copy(arena, store_column(&call, 1));
        call.code = answer.data == NULL ? SQLITE_NOMEM : call.code;
    }
    enum err err = store_end(&call, "read", fault);
    if (err == OK) {
        *out = state;
        if (state == STORE_REQUEST_DONE) {
            *out_answer = answer;
        }
    }
    return err;
}

/* ---- truncate -------------------------------------------------------------------------------- */

/* secure_delete overwrites what a deleted value held, but not copies that stay behind in a page
 * when its rows move to another (tried: they do). So the file is written anew first. */
enum err store_truncate(struct store *store, struct fault *fault)
{
    int code = sqlite3_exec(store->database, "VACUUM", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(store->database, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                         NULL);
    }
    return code == SQLITE_OK ? OK : store_failed(store, code, "truncate", fault);
}
