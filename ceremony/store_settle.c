#include <inttypes.h>
#include <string.h>

#include "audit/base/json.h"
#include "ceremony/store_parts.h"

#define WAITING_BYTES_MAX (1024u * 1024)
#define RECORD_BYTES_MAX (8u * 1024 * 1024)

struct waiting {
    struct slice event;
    uint64_t log_size; /* when it was prepared */
    bool applied;
};

struct settling {
    struct store *store;
    struct log *log;
    struct arena rows;
    struct arena record;
    struct waiting *waiting; /* by log_size */
    size_t count;            /* of them */
};

/* ---- what is there --------------------------------------------------------------------------- */

static enum err log_is_behind(struct settling *settling, uint64_t known, struct fault *fault)
{
    return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                     "The database %s knows a log of %" PRIu64 " entries, but the log has only "
                     "%" PRIu64 ": the log is behind. Put both back from the same moment.",
                     settling->store->path, known, log_size(settling->log));
}

static enum err check_noted(struct settling *settling, struct fault *fault)
{
    struct store_call call = store_query(settling->store, QUERY_NOTED);
    bool there = store_step(&call);
    int64_t noted = there ? sqlite3_column_int64(call.statement, 0) : -1;
    enum err err = store_end(&call, "read", fault);
    if (err != OK) {
        return err;
    }
    if (noted < 0) {
        return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                         "The database %s does not say how much of the log it knows.",
                         settling->store->path);
    }
    return (uint64_t)noted > log_size(settling->log)
               ? log_is_behind(settling, (uint64_t)noted, fault)
               : OK;
}

static enum err list_waiting(struct settling *settling, struct fault *fault)
{
    struct store_call call = store_query(settling->store, QUERY_PENDING_ALL);
    uint64_t size = log_size(settling->log);
    uint64_t known = 0;
    struct store_list list = {.row_bytes = sizeof *settling->waiting};
    while (store_step(&call)) {
        struct waiting *place = store_list_add(&list, &settling->rows);
        struct slice event = arena_copy(&settling->rows, store_column(&call, 0));
        if (place == NULL || event.data == NULL) {
            call.code = SQLITE_NOMEM;
        } else {
            uint64_t noted = (uint64_t)sqlite3_column_int64(call.statement, 1);
            *place = (struct waiting){.event = event, .log_size = noted};
            known = noted > known ? noted : known;
        }
    }
    settling->waiting = list.rows;
    settling->count = list.count;
    enum err err = store_end(&call, "read", fault);
    return err == OK && known > size ? log_is_behind(settling, known, fault) : err;
}

/* ---- the log decides ------------------------------------------------------------------------- */

/* Whether the record's member `event` is the one: its text alone could stand in any other. */
static enum err record_has(struct settling *settling, struct slice record, struct slice event,
                           bool *out, struct fault *fault)
{
    static const struct json_limits limits = {.depth = JSON_DEPTH_MAX, .members = UINT32_MAX};
    struct json *object = NULL;
    *out = false;
    if (memmem(record.data, record.length, event.data, event.length) == NULL) {
        return OK;
    }
    arena_reset(&settling->record);
    enum err err = json_parse(&settling->record, record, &limits, &object, fault);
    if (err == ERR_PARSE || err == ERR_INVALID_PARAMS) {
        return OK; /* no record of this guardian */
    }
    if (err == OK && object->kind == JSON_OBJECT) {
        const struct json *member = json_member(object, "event");
        *out = member != NULL && member->kind == JSON_STRING && slice_equal(member->text, event);
    }
    return err;
}

static enum err settle_record(struct settling *settling, struct slice record, uint64_t index,
                              struct fault *fault)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < settling->count; i++) {
        struct waiting *waiting = &settling->waiting[i];
        bool has = false;
        if (!waiting->applied) {
            err = record_has(settling, record, waiting->event, &has, fault);
        }
        if (err == OK && has) {
            waiting->applied = true;
            err = store_apply(settling->store, waiting->event.data, index, fault);
        }
    }
    return err;
}

/* Applies in the order of the log, whatever the order of the rows. */
static enum err apply_waiting(struct settling *settling, struct fault *fault)
{
    struct log_reader *reader;
    enum err err = log_reader_open(settling->log, &reader);
    if (err != OK) {
        return fault_set(fault, err, REASON_io, NULL, "The log cannot be read: %s.", err_text(err));
    }
    uint64_t size = log_size(settling->log);
    for (uint64_t i = settling->waiting[0].log_size; err == OK && i < size; i++) {
        struct slice record;
        err = log_read(reader, i, &record, fault);
        if (err == OK) {
            err = settle_record(settling, record, i, fault);
        }
    }
    log_reader_close(reader);
    return err;
}

/* On a full disk a row stays: it does no harm, its event will never be, and the next start tries
 * again. What can be read and recorded must not wait for room. */
static enum err drop_waiting(struct settling *settling, struct fault *fault)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < settling->count; i++) {
        if (!settling->waiting[i].applied) {
            err = store_drop(settling->store, settling->waiting[i].event.data, fault);
            err = err == ERR_IO ? OK : err;
        }
    }
    return err;
}

enum err store_settle(struct store *store, struct log *log, struct fault *fault)
{
    struct settling settling = {.store = store, .log = log};
    arena_init(&settling.rows, WAITING_BYTES_MAX);
    arena_init(&settling.record, RECORD_BYTES_MAX);
    enum err err = check_noted(&settling, fault);
    if (err == OK) {
        err = list_waiting(&settling, fault);
    }
    if (err == OK && settling.count > 0) {
        err = apply_waiting(&settling, fault);
    }
    if (err == OK) {
        err = drop_waiting(&settling, fault);
    }
    arena_done(&settling.rows);
    arena_done(&settling.record);
    return err;
}
