/* audit.entry and audit.query: reading the trail. */
#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/glob.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/write.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000
#define PAGE_BYTES (1024 * 1024) /* of records in one answer */
#define SCAN_MAX 200000          /* entries looked at in one call: next says where to go on */

static enum err no_such_entry(struct fault *fault, int64_t index, uint64_t size)
{
    return fault_set(fault, ERR_NOT_FOUND, REASON_no_such_entry, "/index",
                     "There is no entry %lld: the log has %llu entries, numbered from 0.",
                     (long long)index, (unsigned long long)size);
}

enum err method_audit_entry(struct call *call, struct buffer *result, struct fault *fault)
{
    int64_t index = call_parameter(call, "index")->integer;
    uint64_t size = log_size(call->daemon->log);
    if (index < 0 || (uint64_t)index >= size) {
        return no_such_entry(fault, index, size);
    }
    struct log_reader *reader;
    if (log_reader_open(call->daemon->log, &reader) != OK) {
        return fault_no_memory(fault);
    }
    struct slice record;
    enum err err = log_read(reader, (uint64_t)index, &record, fault);
    if (err == OK) {
        uint8_t hash[32];
        log_leaf_hash(record, hash);
        buffer_append_format(result, "{\"index\":%lld,\"record\":", (long long)index);
        buffer_append_slice(result, record);
        write_base64(result, "leaf_hash", hash, sizeof hash);
        buffer_append_char(result, '}');
    }
    log_reader_close(reader);
    return err;
}

/* What a query asks for; an empty text or a negative number asks for nothing. */
struct query {
    int64_t from_us, to_us;
    struct slice type, suser, ceremony, text;
    int64_t severity_min;
    uint64_t start; /* first index looked at */
    size_t limit;
};

static enum err time_parameter(const struct call *call, const char *name, int64_t *out_us,
                               struct fault *fault)
{
    const struct json *value = call_parameter(call, name);
    if (value == NULL || clock_parse(value->text, out_us)) {
        return OK;
    }
    char field[32] = "";
    fault_pointer_append(field, sizeof field, name, (int)strlen(name));
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, field,
                     "%s must be a time as in 2026-11-24T17:49:41Z.", name);
}

static enum err number_parameter(const struct call *call, const char *name, int64_t least,
                                 int64_t most, int64_t *out, struct fault *fault)
{
    const struct json *value = call_parameter(call, name);
    if (value == NULL) {
        return OK;
    }
    if (value->integer >= least && value->integer <= most) {
        *out = value->integer;
        return OK;
    }
    char field[32] = "";
    fault_pointer_append(field, sizeof field, name, (int)strlen(name));
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, field,
                     "%s must be from %lld to %lld.", name, (long long)least, (long long)most);
}

/* A slip in a type must not look like a quiet night. */
static bool names_a_type(struct slice glob)
{
    for (unsigned id = 0; id < EVENT_COUNT; id++) {
        if (glob_match(glob, catalogue_type((enum event_id)id)->type)) {
            return true;
        }
    }
    return false;
}

static enum err read_query(const struct call *call, struct query *out, struct fault *fault)
{
    int64_t after = -1;
    int64_t limit = PAGE_DEFAULT;
    *out = (struct query){.from_us = INT64_MIN, .to_us = INT64_MAX, .severity_min = -1};
    enum err err = time_parameter(call, "from", &out->from_us, fault);
    if (err == OK) {
        err = time_parameter(call, "to", &out->to_us, fault);
    }
    if (err == OK) {
        err = number_parameter(call, "severity_min", 0, 10, &out->severity_min, fault);
    }
    if (err == OK) {
        err = number_parameter(call, "after", -1, INT64_MAX - 1, &after, fault);
    }
    if (err == OK) {
        err = number_parameter(call, "limit", 1, PAGE_MAX, &limit, fault);
    }
    if (err == OK && out->from_us > out->to_us) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/to",
                        "to is before from: nothing can be between them.");
    }
    out->type = call_text(call, "type");
    if (err == OK && out->type.length > 0 && !names_a_type(out->type)) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_unknown_type, "/type",
                        "%.*s matches no event type (guardianctl catalogue list shows them all).",
                        out->type.length > 128 ? 128 : (int)out->type.length, out->type.data);
    }
    out->suser = call_text(call, "suser");
    out->ceremony = call_text(call, "ceremony");
    out->text = call_text(call, "text");
    out->start = (uint64_t)(after + 1);
    out->limit = (size_t)limit;
    return err;
}

static bool field_is(const struct event *event, enum field_id field, struct slice wanted)
{
    if (wanted.length == 0) {
        return true;
    }
    const struct event_value *value = event_get(event, field);
    return value != NULL && value->is_text && slice_equal(value->text, wanted);
}

static bool matches(const struct query *query, const struct event *event, struct slice record)
{
    if (event->time_us < query->from_us || event->time_us > query->to_us ||
        event->type->cef_severity < query->severity_min) {
        return false;
    }
    if (query->type.length > 0 && !glob_match(query->type, event->type->type)) {
        return false;
    }
    if (query->text.length > 0 &&
        memmem(record.data, record.length, query->text.data, query->text.length) == NULL) {
        return false;
    }
    return field_is(event, FIELD_SUSER, query->suser) &&
           field_is(event, FIELD_CEREMONY, query->ceremony);
}

static void write_entry(struct buffer *result, bool first, uint64_t index, struct slice record)
{
    buffer_append_format(result, "%s{\"index\":%llu,", first ? "" : ",", (unsigned long long)index);
    buffer_append(result, record.data + 1, record.length - 1); /* behind its own brace */
}

/* Looks at entries from query->start on; returns the index after the last one looked at. */
static enum err scan(struct call *call, const struct query *query, struct log_reader *reader,
                     struct buffer *result, uint64_t *out_end, struct fault *fault)
{
    uint64_t size = log_size(call->daemon->log);
    uint64_t end = query->start;
    size_t found = 0;
    struct arena arena; /* one entry's: the call's own would grow with every entry looked at */
    arena_init(&arena, 1024 * 1024);
    enum err err = OK;
    while (err == OK && end < size && found < query->limit && end - query->start < SCAN_MAX &&
           result->length < PAGE_BYTES) {
        struct slice record;
        struct event *event;
        arena_reset(&arena);
        err = log_read(reader, end, &record, fault);
        if (err == OK) {
            err = event_decode(&arena, record, (int64_t)end, &event, fault);
        }
        if (err == OK && matches(query, event, record)) {
            write_entry(result, found == 0, end, record);
            found++;
        }
        if (err == OK) {
            end++;
        }
    }
    arena_done(&arena);
    *out_end = end;
    return err;
}

enum err method_audit_query(struct call *call, struct buffer *result, struct fault *fault)
{
    struct query query;
    enum err err = read_query(call, &query, fault);
    if (err != OK) {
        return err;
    }
    struct log_reader *reader;
    if (log_reader_open(call->daemon->log, &reader) != OK) {
        return fault_no_memory(fault);
    }
    uint64_t end;
    buffer_append_text(result, "{\"entries\":[");
    err = scan(call, &query, reader, result, &end, fault);
    log_reader_close(reader);
    buffer_append_char(result, ']');
    if (err == OK && end < log_size(call->daemon->log)) {
        buffer_append_format(result, ",\"next\":%llu", (unsigned long long)(end - 1));
    }
    buffer_append_char(result, '}');
    return err;
}
