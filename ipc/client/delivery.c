#include "ipc/client/delivery.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "audit/event/event.h"

#define BATCH_BYTES (2u * 1024 * 1024)
#define LINE_ARENA_BYTES (64u * 1024 * 1024)

static const struct json_limits line_limits = {.depth = 16, .members = 4096};

void delivery_init(struct delivery *delivery, struct client *client, const char *id)
{
    *delivery = (struct delivery){.client = client};
    buffer_init(&delivery->events, 2 * BATCH_BYTES);
    buffer_init(&delivery->refused, 4 * BATCH_BYTES);
    delivery->id = id;
    if (id == NULL) {
        uint8_t bytes[16];
        randombytes_buf(bytes, sizeof bytes);
        delivery->id =
            sodium_bin2hex(delivery->made_up_id, sizeof delivery->made_up_id, bytes, sizeof bytes);
    }
}

void delivery_done(struct delivery *delivery)
{
    buffer_done(&delivery->events);
    buffer_done(&delivery->refused);
}

/* The request_id of the batch at hand. It depends on the first one's and the place alone, so that
 * the same input under the same ID makes the same requests; and the first batch has it as it is, so
 * that an input may be taken up again at any batch. */
static void batch_id(const struct delivery *delivery, struct buffer *out)
{
    buffer_append_text(out, delivery->id);
    if (delivery->batches > 1) {
        buffer_append_format(out, ".%lu", delivery->batches);
    }
    if (out->length > DELIVERY_ID_MAX && delivery->batches > 1) {
        uint8_t digest[16];
        char text[33];
        crypto_generichash(digest, sizeof digest, (const uint8_t *)out->data, out->length, NULL, 0);
        buffer_reset(out);
        buffer_append_text(out, sodium_bin2hex(text, sizeof text, digest, sizeof digest));
    }
}

static void append_id(const struct delivery *delivery, struct buffer *out)
{
    struct buffer id;
    buffer_init(&id, DELIVERY_LINE_BYTES);
    batch_id(delivery, &id);
    json_write_string(out, buffer_slice(&id));
    buffer_done(&id);
}

/* ---- what is told about refused lines ----------------------------------------------------------
 */

/* With partial: on standard error for people, in the document for programs. */
static void tell_refused(struct delivery *delivery, unsigned long line, const struct fault *fault)
{
    struct buffer *out = &delivery->refused;
    delivery->refused_count++;
    if (!delivery->client->json) {
        (void)client_tell(delivery->client, fault, line, "");
        return;
    }
    buffer_append_format(out, "%s{\"line\":%lu,\"reason\":\"%s\"", out->length == 0 ? "" : ",",
                         line, reason_word(fault->reason));
    if (fault->field[0] != '\0') {
        buffer_append_text(out, ",\"field\":");
        json_write_string(out, slice_of(fault->field));
    }
    buffer_append_text(out, ",\"message\":");
    json_write_string(out, slice_of(fault->sentence));
    buffer_append_char(out, '}');
}

/* The general meaning of a reason, for those that only the daemon can find. */
static const char *reason_meaning(enum reason reason)
{
    static const char *const meanings[] = {
#define REASON(word, meaning) [REASON_##word] = (meaning),
#include "audit/base/reason.def"
#undef REASON
    };
    return meanings[reason];
}

/* The general meaning as a sentence. */
static void explain_generally(enum reason reason, struct slice field, struct fault *fault)
{
    const char *meaning = reason_meaning(reason);
    char pointer[sizeof fault->field];
    int initial = toupper((unsigned char)meaning[0]);
    snprintf(pointer, sizeof pointer, "%.*s", (int)field.length, field.data);
    (void)fault_set(fault, ERR_INVALID_PARAMS, reason, pointer, "%c%s.", initial, meaning + 1);
}

/* The answer to a partial call names reason and field; the sentence is found by reading the event
 * as the daemon did, or is the reason's meaning (its clock, its permissions). */
static void explain(const struct delivery *delivery, const struct delivery_line *line,
                    enum reason reason, struct slice field, struct fault *fault)
{
    struct arena arena;
    struct json *value;
    struct event *event;
    struct slice text = {delivery->events.data + line->at, line->length};
    fault_clear(fault);
    arena_init(&arena, LINE_ARENA_BYTES);
    enum err err = json_parse(&arena, text, &line_limits, &value, fault);
    if (err == OK) {
        err = event_parse(&arena, value, EVENT_FROM_PRODUCER, &event, fault);
    }
    if (err == OK || fault->reason != reason || !slice_is(field, fault->field)) {
        explain_generally(reason, field, fault);
    }
    arena_done(&arena);
}

/* refused:[{index,reason,field}] of the daemon's answer. */
static void tell_answer(struct delivery *delivery, const struct json *result)
{
    const struct json *refused = json_member(result, "refused");
    const struct json *at = refused != NULL && refused->kind == JSON_ARRAY ? refused->child : NULL;
    for (; at != NULL; at = at->next) {
        const struct json *index = at->kind == JSON_OBJECT ? json_member(at, "index") : NULL;
        if (index == NULL || index->kind != JSON_INTEGER || index->integer < 0 ||
            (uint64_t)index->integer >= delivery->count) {
            continue;
        }
        const struct delivery_line *line = &delivery->lines[index->integer];
        char word[64];
        struct slice reason = output_member(at, "reason");
        snprintf(word, sizeof word, "%.*s", (int)reason.length, reason.data);
        struct fault fault;
        explain(delivery, line, reason_from_word(word), output_member(at, "field"), &fault);
        tell_refused(delivery, line->number, &fault);
    }
}

/* ---- what is told about the end ----------------------------------------------------------------
 */

static void begin_document(struct delivery *delivery)
{
    fputs(delivery->document_begun ? "," : "{\"batches\":[", stdout);
    delivery->document_begun = true;
}

void delivery_end(struct delivery *delivery, enum client_exit code)
{
    if (!delivery->client->json || (!delivery->document_begun && code != CLIENT_DONE)) {
        return; /* nothing was recorded: the error says all */
    }
    if (!delivery->document_begun) {
        fputs("{\"batches\":[", stdout);
    }
    printf("],\"accepted\":%llu,\"refused\":%llu}\n", delivery->accepted, delivery->refused_count);
}

/* For people: what is recorded. */
static void print_settled(const struct delivery *delivery, bool uncertain)
{
    fputs("guardianctl: ", stderr);
    if (delivery->accepted == 0) {
        fputs(uncertain ? "nothing before is recorded" : "nothing is recorded", stderr);
    } else {
        fprintf(stderr, "lines %lu to %lu are recorded as entries %llu to %llu%s",
                delivery->first_settled, delivery->settled_line, delivery->first_entry,
                delivery->last_entry,
                delivery->last_entry - delivery->first_entry + 1 == delivery->accepted
                    ? ""
                    : " (among those of others)");
    }
    if (delivery->refused_count > 0) {
        fprintf(stderr, ", but for %llu refused", delivery->refused_count);
    }
}

/* For people: where to go on. */
static void print_how_to_go_on(const struct delivery *delivery, bool uncertain)
{
    const unsigned long resume = delivery->settled_line + 1;
    struct buffer id;
    buffer_init(&id, DELIVERY_LINE_BYTES);
    batch_id(delivery, &id);
    if (delivery->has_lines) {
        print_settled(delivery, uncertain);
    }
    if (delivery->has_lines && uncertain) {
        fprintf(stderr,
                "; whether lines %lu to %lu are recorded is not known.\n"
                "guardianctl: to go on from there, with nothing recorded twice:\n"
                "  tail -n +%lu FILE | guardianctl emit %s--request-id ",
                resume, delivery->last_line, resume, delivery->partial ? "--partial " : "");
    } else if (delivery->has_lines) {
        fprintf(stderr, "; go on from line %lu.\n", resume);
    } else if (uncertain) {
        fputs("guardianctl: whether it was recorded is not known. To repeat it, with nothing "
              "recorded twice, add\n  --request-id ",
              stderr);
    }
    if (uncertain) {
        output_error_text(buffer_slice(&id));
        fputs("\n", stderr);
    }
    buffer_done(&id);
}

/* Tells what ended it. uncertain: nobody knows whether the batch at hand was recorded. */
static enum client_exit tell_end(struct delivery *delivery, const struct fault *fault,
                                 unsigned long line, bool uncertain)
{
    struct buffer members;
    buffer_init(&members, DELIVERY_LINE_BYTES);
    if (uncertain) {
        buffer_append_text(&members, ",\"uncertain\":true,\"request_id\":");
        append_id(delivery, &members);
    }
    if (delivery->has_lines) {
        buffer_append_format(&members, ",\"accepted\":%llu,\"resume_line\":%lu", delivery->accepted,
                             delivery->settled_line + 1);
    }
    buffer_append_char(&members, '\0');
    enum client_exit code = client_tell(delivery->client, fault, line,
                                        buffer_result(&members) == OK ? members.data : "");
    buffer_done(&members);
    if (!delivery->client->json) {
        print_how_to_go_on(delivery, uncertain);
    }
    return code;
}

enum client_exit delivery_broken_off(struct delivery *delivery)
{
    struct fault fault;
    (void)fault_set(&fault, ERR_IO, REASON_io, NULL, "Standard input could not be read.");
    return tell_end(delivery, &fault, 0, false);
}

/* ---- sending -----------------------------------------------------------------------------------
 */

static unsigned long long number_member(const struct json *object, const char *name)
{
    const struct json *value = json_member(object, name);
    return value != NULL && value->kind == JSON_INTEGER && value->integer >= 0
               ? (unsigned long long)value->integer
               : 0;
}

static void print_for_program(struct delivery *delivery, unsigned long long accepted,
                              const struct json *result)
{
    struct buffer text;
    buffer_init(&text, 8 * BATCH_BYTES);
    buffer_append_format(&text, "{\"accepted\":%llu", accepted);
    if (accepted > 0) {
        buffer_append_format(&text, ",\"first\":%llu,\"last\":%llu", number_member(result, "first"),
                             number_member(result, "last"));
    }
    if (delivery->has_lines) {
        buffer_append_format(&text, ",\"lines\":[%lu,%lu]", delivery->settled_line + 1,
                             delivery->last_line);
    }
    if (delivery->partial) {
        buffer_append_text(&text, ",\"refused\":[");
        buffer_append_slice(&text, buffer_slice(&delivery->refused));
        buffer_append_char(&text, ']');
    }
    buffer_append_text(&text, ",\"request_id\":");
    append_id(delivery, &text);
    buffer_append_char(&text, '}');
    if (delivery->has_lines) {
        begin_document(delivery);
    }
    (void)fwrite(text.data, 1, text.length, stdout);
    fputs(delivery->has_lines ? "" : "\n", stdout);
    buffer_done(&text);
}

static void print_for_person(const struct delivery *delivery, unsigned long long accepted,
                             const struct json *result)
{
    if (accepted == 0) {
        return; /* the refusals are told */
    }
    unsigned long long first = number_member(result, "first");
    unsigned long long last = number_member(result, "last");
    if (delivery->has_lines) {
        printf("lines %lu to %lu: ", delivery->settled_line + 1, delivery->last_line);
    }
    if (first == last) {
        printf("recorded as entry %llu\n", first);
    } else {
        printf("%llu recorded as entries %llu to %llu\n", accepted, first, last);
    }
}

/* Prints what became of the batch, and counts it as settled. */
static void settle(struct delivery *delivery, const struct json *result)
{
    unsigned long long accepted = result == NULL ? 0 : number_member(result, "accepted");
    if (delivery->client->json) {
        print_for_program(delivery, accepted, result);
    } else {
        print_for_person(delivery, accepted, result);
    }
    if (accepted > 0) {
        if (delivery->accepted == 0) {
            delivery->first_entry = number_member(result, "first");
            delivery->first_settled = delivery->has_lines ? delivery->lines[0].number : 0;
        }
        delivery->last_entry = number_member(result, "last");
    }
    (void)fflush(stdout); /* whoever feeds the input slowly may wait for it */
    delivery->accepted += accepted;
    delivery->settled_line = delivery->last_line;
    delivery->count = 0;
    buffer_reset(&delivery->events);
    buffer_reset(&delivery->refused);
}

static enum err call_emit(struct delivery *delivery, const struct json **out, struct fault *fault)
{
    struct buffer params;
    fault_clear(fault);
    buffer_init(&params, 2 * BATCH_BYTES + DELIVERY_LINE_BYTES);
    buffer_append_text(&params, "\"events\":[");
    buffer_append_slice(&params, buffer_slice(&delivery->events));
    buffer_append_format(&params,
                         "],\"partial\":%s,\"request_id\":", delivery->partial ? "true" : "false");
    append_id(delivery, &params);
    buffer_append_char(&params, '\0');
    enum err err = buffer_result(&params) != OK || buffer_result(&delivery->events) != OK
                       ? fault_no_memory(fault)
                       : client_try(delivery->client, "event.emit", params.data, out, fault);
    buffer_done(&params);
    return err;
}

/* May the batch be recorded although there was no answer that says so? Not if nothing was sent. */
static bool is_uncertain(const struct delivery *delivery, const struct fault *fault)
{
    switch (fault->err) {
    case ERR_AUDIT_UNAVAILABLE:
        return fault->reason == REASON_outcome_unknown;
    case ERR_CLOSED:
    case ERR_TIMEOUT:
    case ERR_INTERNAL:
        return delivery->client->session != NULL;
    default:
        return false;
    }
}

enum client_exit delivery_flush(struct delivery *delivery)
{
    const struct json *result = NULL;
    struct fault fault;
    if (delivery->count == 0) {
        if (delivery->refused.length > 0) {
            settle(delivery, NULL);
        }
        return CLIENT_DONE;
    }
    delivery->batches++;
    enum err err = call_emit(delivery, &result, &fault);
    if (err == OK && (result == NULL || result->kind != JSON_OBJECT)) {
        err =
            fault_set(&fault, ERR_INTERNAL, REASON_bad_json, NULL, "What answered is no guardian.");
    }
    if (err != OK) {
        bool known = fault.index >= 0 && (uint64_t)fault.index < delivery->count;
        unsigned long line = delivery->has_lines && known ? delivery->lines[fault.index].number : 0;
        return tell_end(delivery, &fault, line, is_uncertain(delivery, &fault));
    }
    unsigned long long before = delivery->refused_count;
    tell_answer(delivery, result);
    settle(delivery, result);
    return delivery->refused_count == before ? CLIENT_DONE : CLIENT_REFUSED;
}

/* ---- gathering ---------------------------------------------------------------------------------
 */

static void append_event(struct delivery *delivery, unsigned long number, struct slice event)
{
    if (delivery->count > 0) {
        buffer_append_char(&delivery->events, ',');
    }
    delivery->lines[delivery->count++] = (struct delivery_line){
        .number = number, .at = delivery->events.length, .length = event.length};
    buffer_append_slice(&delivery->events, event);
}

enum client_exit delivery_send_event(struct delivery *delivery, struct slice event)
{
    append_event(delivery, 0, event);
    return delivery_flush(delivery);
}

/* Is the line one JSON object? It is sent as it stands, so it must not be able to break out. */
static enum err check_line(struct slice line, struct fault *fault)
{
    struct arena arena;
    struct json *value;
    fault_clear(fault);
    if (line.length > DELIVERY_LINE_BYTES) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_large, NULL,
                         "The line has %zu octets: at most %u are taken.", line.length,
                         DELIVERY_LINE_BYTES);
    }
    arena_init(&arena, LINE_ARENA_BYTES);
    enum err err = json_parse(&arena, line, &line_limits, &value, fault);
    if (err == OK && value->kind != JSON_OBJECT) {
        err = fault_set(fault, ERR_PARSE, REASON_bad_json, NULL, "An event is a JSON object.");
    }
    arena_done(&arena);
    return err;
}

static bool is_blank(struct slice line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (strchr(" \t\r\n", line.data[i]) == NULL || line.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

enum client_exit delivery_add_line(struct delivery *delivery, struct slice line)
{
    struct fault fault;
    enum client_exit code = CLIENT_DONE;
    unsigned long number = ++delivery->last_line;
    if (is_blank(line)) {
        return CLIENT_DONE;
    }
    if (check_line(line, &fault) == OK) {
        append_event(delivery, number, line);
    } else if (delivery->partial) {
        tell_refused(delivery, number, &fault);
        code = CLIENT_REFUSED;
    } else {
        return tell_end(delivery, &fault, number, false);
    }
    if (delivery->count == DELIVERY_EVENTS || delivery->events.length > BATCH_BYTES ||
        delivery->refused.length > BATCH_BYTES) {
        enum client_exit sent = delivery_flush(delivery);
        code = sent == CLIENT_DONE ? code : sent;
    }
    return code;
}
