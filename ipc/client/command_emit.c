/* guardianctl emit: one event from the command line, or JSON lines from standard input. */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/base/memory.h"
#include "audit/catalogue/catalogue.h"
#include "ipc/client/client.h"

#define BATCH_EVENTS 256
#define BATCH_BYTES (2u * 1024 * 1024)
#define LINE_BYTES_MAX (1024u * 1024)

static const char help[] =
    "usage: guardianctl emit --type TYPE key=value…\n"
    "       guardianctl emit [--partial] < events.jsonl\n\n"
    "Records events. An event is durable in the log before this returns. From standard input, "
    "each\n"
    "line is one event as JSON: {\"type\":\"information.viewed\",\"suser\":\"jsilva\",…}; they are "
    "sent\n"
    "in batches of 256, each of which is recorded whole or not at all.\n\n"
    "  --type TYPE     one event of this type, its fields as key=value\n"
    "  --partial       record the good events of a batch even if others are refused\n"
    "  --request-id ID with --type: calling again with the same ID records nothing twice\n"
    "  --help          print this\n\n"
    "guardianctl catalogue list shows the types; a refusal names the field that is wrong.\n"
    "exit codes: 0 recorded, 1 refused, 2 wrong usage, 3 no daemon.\n";

struct emit_options {
    const char *type;
    const char *request_id;
    bool partial;
};

struct batch {
    struct buffer events; /* JSON, separated by commas */
    size_t count;
    unsigned long first_line; /* line number of the first event */
    unsigned long *lines;     /* BATCH_EVENTS of them */
};

static void random_request_id(char out[33])
{
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(out, 33, bytes, sizeof bytes);
}

static void print_refused(const struct json *result, const unsigned long *lines)
{
    const struct json *refused = json_member(result, "refused");
    const struct json *at = refused != NULL && refused->kind == JSON_ARRAY ? refused->child : NULL;
    for (; at != NULL; at = at->next) {
        const struct json *index = json_member(at, "index");
        struct slice reason = output_member(at, "reason");
        struct slice field = output_member(at, "field");
        unsigned long line = 0;
        if (lines != NULL && index != NULL && index->kind == JSON_INTEGER && index->integer >= 0 &&
            index->integer < BATCH_EVENTS) {
            line = lines[index->integer];
        }
        fprintf(stderr, "line %lu: ", line);
        output_error_text(reason);
        fputs(field.length > 0 ? " " : "", stderr);
        output_error_text(field); /* may bear a name that somebody else chose */
        fputs("\n", stderr);
    }
}

static bool has_refused(const struct json *result)
{
    const struct json *refused = json_member(result, "refused");
    return refused != NULL && refused->count > 0;
}

static void print_accepted(const struct client *client, const struct json *result)
{
    if (client->json) {
        client_print_json(result);
        return;
    }
    struct slice accepted = output_member(result, "accepted");
    struct slice first = output_member(result, "first");
    struct slice last = output_member(result, "last");
    printf("%.*s recorded", (int)accepted.length, accepted.data);
    if (first.length > 0) {
        printf(", index %.*s to %.*s", (int)first.length, first.data, (int)last.length, last.data);
    }
    putchar('\n');
}

/* Sends what the batch holds, prints what came of it, empties it. */
static enum client_exit send_batch(struct client *client, const struct emit_options *options,
                                   struct batch *batch)
{
    char id[33];
    random_request_id(id);
    struct buffer params;
    buffer_init(&params, 2 * BATCH_BYTES + LINE_BYTES_MAX);
    buffer_append_text(&params, "\"events\":[");
    buffer_append_slice(&params, buffer_slice(&batch->events));
    buffer_append_format(&params,
                         "],\"partial\":%s,\"request_id\":", options->partial ? "true" : "false");
    json_write_string(&params, slice_of(options->request_id != NULL ? options->request_id : id));
    buffer_append_char(&params, '\0');
    const struct json *result = NULL;
    struct fault fault;
    fault_clear(&fault);
    enum err err = buffer_result(&params) != OK || buffer_result(&batch->events) != OK
                       ? fault_no_memory(&fault)
                       : client_try(client, "event.emit", params.data, &result, &fault);
    buffer_done(&params);
    enum client_exit code = CLIENT_DONE;
    if (err == OK) {
        print_accepted(client, result);
        print_refused(result, batch->lines);
        code = has_refused(result) ? CLIENT_REFUSED : CLIENT_DONE;
    } else {
        if (fault.index >= 0 && fault.index < (int64_t)batch->count && batch->lines != NULL) {
            fprintf(stderr, "line %lu: nothing of its batch (from line %lu on) was recorded\n",
                    batch->lines[fault.index], batch->first_line);
        }
        code = client_refused(err, &fault);
    }
    buffer_reset(&batch->events);
    batch->count = 0;
    return code;
}

/* Is the line one JSON object? It is sent as it stands, so it must not be able to break out. */
static bool check_line(struct slice line, unsigned long number)
{
    const struct json_limits limits = {.depth = 16, .members = 4096};
    struct arena arena;
    struct json *value;
    struct fault fault;
    arena_init(&arena, 64u * 1024 * 1024);
    fault_clear(&fault);
    bool good = json_parse(&arena, line, &limits, &value, &fault) == OK;
    if (good && value->kind != JSON_OBJECT) {
        (void)fault_set(&fault, ERR_PARSE, REASON_bad_json, NULL, "An event is a JSON object.");
        good = false;
    }
    if (!good) {
        fprintf(stderr, "line %lu: %s %s\n", number, reason_word(fault.reason), fault.sentence);
    }
    arena_done(&arena);
    return good;
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(" \t\r\n", line[i]) == NULL || line[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* Puts a line into the batch; CLIENT_REFUSED if it is no event. */
static enum client_exit take_line(struct batch *batch, struct slice line, unsigned long number)
{
    if (is_blank(line.data, line.length)) {
        return CLIENT_DONE;
    }
    if (line.length > LINE_BYTES_MAX) {
        fprintf(stderr, "line %lu: too_large: at most %u octets\n", number, LINE_BYTES_MAX);
        return CLIENT_REFUSED;
    }
    if (!check_line(line, number)) {
        return CLIENT_REFUSED;
    }
    if (batch->count == 0) {
        batch->first_line = number;
    } else {
        buffer_append_char(&batch->events, ',');
    }
    buffer_append_slice(&batch->events, line);
    batch->lines[batch->count++] = number;
    return CLIENT_DONE;
}

/* Without --partial the first refusal ends it: what follows may depend on what was refused. */
static enum client_exit emit_lines(struct client *client, const struct emit_options *options,
                                   struct batch *batch)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    unsigned long number = 0;
    enum client_exit code = CLIENT_DONE;
    bool go_on = true;
    while (go_on && (length = getline(&line, &capacity, stdin)) >= 0) {
        size_t octets = (size_t)length;
        octets -= octets > 0 && line[octets - 1] == '\n' ? 1 : 0;
        enum client_exit taken = take_line(batch, (struct slice){line, octets}, ++number);
        if (taken == CLIENT_DONE &&
            (batch->count == BATCH_EVENTS || batch->events.length > BATCH_BYTES)) {
            taken = send_batch(client, options, batch);
        }
        code = taken == CLIENT_DONE ? code : taken;
        go_on = taken == CLIENT_DONE || (taken == CLIENT_REFUSED && options->partial);
    }
    if (ferror(stdin)) {
        fputs("guardianctl: standard input could not be read\n", stderr);
        code = CLIENT_REFUSED;
    }
    if (go_on && batch->count > 0) {
        enum client_exit sent = send_batch(client, options, batch);
        code = sent == CLIENT_DONE ? code : sent;
    }
    memory_free(line);
    return code;
}

static bool is_boolean_field(struct slice name)
{
    enum field_id id;
    const struct catalogue_field *field = catalogue_field_find(name, &id);
    return field != NULL && field->kind == VALUE_BOOLEAN;
}

/* One event of --type and key=value pairs. */
static enum client_exit emit_one(struct client *client, const struct emit_options *options,
                                 struct batch *batch, int count, char **pairs)
{
    buffer_append_text(&batch->events, "{\"type\":");
    json_write_string(&batch->events, slice_of(options->type));
    for (int i = 0; i < count; i++) {
        const char *equals = strchr(pairs[i], '=');
        if (equals == NULL || equals == pairs[i]) {
            return client_usage("emit", "a field is given as key=value, not", pairs[i]);
        }
        struct slice name = {pairs[i], (size_t)(equals - pairs[i])};
        struct slice value = slice_of(equals + 1);
        if (!json_is_utf8(slice_of(pairs[i]))) {
            return client_usage("emit", "this field is not UTF-8:", pairs[i]);
        }
        buffer_append_char(&batch->events, ',');
        json_write_string(&batch->events, name);
        buffer_append_char(&batch->events, ':');
        if (is_boolean_field(name) && (slice_is(value, "true") || slice_is(value, "false"))) {
            buffer_append_slice(&batch->events, value);
        } else {
            json_write_string(&batch->events, value);
        }
    }
    buffer_append_char(&batch->events, '}');
    batch->count = 1;
    return send_batch(client, options, batch);
}

static int read_options(int argc, char **argv, struct emit_options *out)
{
    static const struct option table[] = {{"type", required_argument, NULL, 't'},
                                          {"partial", no_argument, NULL, 'p'},
                                          {"request-id", required_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int letter;
    optind = 1;
    while ((letter = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        switch (letter) {
        case 't':
            out->type = optarg;
            break;
        case 'p':
            out->partial = true;
            break;
        case 'r':
            out->request_id = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return CLIENT_DONE;
        default:
            return client_usage("emit", "wrong option", NULL);
        }
    }
    if (out->type == NULL && optind < argc) {
        return client_usage("emit",
                            "fields are given with --type; without argument to it:", argv[optind]);
    }
    if (out->type == NULL && out->request_id != NULL) {
        return client_usage("emit", "--request-id goes with --type", NULL);
    }
    return -1;
}

enum client_exit command_emit(struct client *client, int argc, char **argv)
{
    struct emit_options options = {0};
    int done = read_options(argc, argv, &options);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    struct batch batch = {0};
    buffer_init(&batch.events, 2 * BATCH_BYTES);
    enum client_exit code;
    if (options.type != NULL) {
        code = emit_one(client, &options, &batch, argc - optind, argv + optind);
    } else {
        batch.lines = memory_allocate(BATCH_EVENTS * sizeof *batch.lines);
        if (batch.lines == NULL) {
            fputs("guardianctl: out of memory\n", stderr);
            code = CLIENT_REFUSED;
        } else {
            code = emit_lines(client, &options, &batch);
        }
    }
    memory_free(batch.lines);
    buffer_done(&batch.events);
    return output_finish(code);
}
