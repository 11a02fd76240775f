/* guardianctl emit: one event from the command line, or JSON lines from standard input. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/base/memory.h"
#include "audit/catalogue/catalogue.h"
#include "ipc/client/delivery.h"

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
    "  --request-id ID calling again with the same ID and events records nothing twice. Of an "
    "input\n"
    "                  with several batches the first has ID, the others ID.2, ID.3, …\n"
    "  --help          print this\n\n"
    "When it ends early, what it says names the first line not known to be recorded, and the\n"
    "request ID to go on with. --json prints one document: {accepted, first, last, request_id} "
    "for\n"
    "--type; {batches:[those with lines, and with --partial refused:[{line, reason, field,\n"
    "message}]], accepted, refused} for standard input, if anything was recorded; an error has\n"
    "line, accepted, resume_line, and uncertain and request_id when the outcome is not known.\n\n"
    "guardianctl catalogue show TYPE shows the fields; a refusal names the one that is wrong.\n"
    "exit codes: 0 recorded, 1 refused, 2 wrong usage, 3 no daemon.\n";

struct emit_options {
    const char *type;
    const char *request_id;
    bool partial;
};

/* Without --partial the first refusal ends it: what follows may depend on what was refused. */
static enum client_exit emit_lines(struct delivery *delivery)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    enum client_exit code = CLIENT_DONE;
    bool go_on = true;
    while (go_on && (length = getline(&line, &capacity, stdin)) >= 0) {
        size_t octets = (size_t)length;
        octets -= octets > 0 && line[octets - 1] == '\n' ? 1 : 0;
        enum client_exit taken = delivery_add_line(delivery, (struct slice){line, octets});
        code = taken == CLIENT_DONE ? code : taken;
        go_on = taken == CLIENT_DONE || (taken == CLIENT_REFUSED && delivery->partial);
    }
    memory_free(line);
    if (go_on && ferror(stdin)) {
        code = delivery_broken_off(delivery);
    } else if (go_on) {
        enum client_exit sent = delivery_flush(delivery);
        code = sent == CLIENT_DONE ? code : sent;
    }
    delivery_end(delivery, code);
    return code;
}

static bool is_boolean_field(struct slice name)
{
    enum field_id id;
    const struct catalogue_field *field = catalogue_field_find(name, &id);
    return field != NULL && field->kind == VALUE_BOOLEAN;
}

/* The event of --type and key=value pairs as JSON. */
static enum client_exit write_event(const struct client *client, const char *type, int count,
                                    char **pairs, struct buffer *out)
{
    buffer_append_text(out, "{\"type\":");
    json_write_string(out, slice_of(type));
    for (int i = 0; i < count; i++) {
        const char *equals = strchr(pairs[i], '=');
        if (equals == NULL || equals == pairs[i]) {
            return client_usage(client, "emit", "a field is given as key=value, not", pairs[i]);
        }
        struct slice name = {pairs[i], (size_t)(equals - pairs[i])};
        struct slice value = slice_of(equals + 1);
        if (!json_is_utf8(slice_of(pairs[i]))) {
            return client_usage(client, "emit", "this field is not UTF-8:", pairs[i]);
        }
        buffer_append_char(out, ',');
        json_write_string(out, name);
        buffer_append_char(out, ':');
        if (is_boolean_field(name) && (slice_is(value, "true") || slice_is(value, "false"))) {
            buffer_append_slice(out, value);
        } else {
            json_write_string(out, value);
        }
    }
    buffer_append_char(out, '}');
    return CLIENT_DONE;
}

static enum client_exit emit_one(struct delivery *delivery, const char *type, int count,
                                 char **pairs)
{
    struct buffer event;
    if (!json_is_utf8(slice_of(type))) {
        return client_usage(delivery->client, "emit", "this type is not UTF-8:", type);
    }
    buffer_init(&event, 4 * DELIVERY_LINE_BYTES);
    enum client_exit code = write_event(delivery->client, type, count, pairs, &event);
    if (code == CLIENT_DONE && buffer_result(&event) != OK) {
        code = client_failed(delivery->client, "The event is too long to be sent.");
    }
    if (code == CLIENT_DONE) {
        code = delivery_send_event(delivery, buffer_slice(&event));
    }
    buffer_done(&event);
    return code;
}

static int read_options(const struct client *client, int argc, char **argv,
                        struct emit_options *out)
{
    static const struct option table[] = {{"type", required_argument, NULL, 't'},
                                          {"partial", no_argument, NULL, 'p'},
                                          {"request-id", required_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int letter;
    optind = 1;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
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
            return (int)client_finish(client, CLIENT_DONE);
        default:
            return (int)client_wrong_option(client, "emit", letter, argv);
        }
    }
    if (out->type == NULL && optind < argc) {
        return (int)client_usage(client, "emit", "fields are given with --type; without it, not",
                                 argv[optind]);
    }
    return -1;
}

enum client_exit command_emit(struct client *client, int argc, char **argv)
{
    struct emit_options options = {0};
    int done = read_options(client, argc, argv, &options);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    struct delivery *delivery = memory_allocate(sizeof *delivery);
    if (delivery == NULL) {
        return client_failed(client, "Out of memory.");
    }
    delivery_init(delivery, client, options.request_id);
    delivery->partial = options.partial;
    delivery->has_lines = options.type == NULL;
    enum client_exit code = options.type != NULL
                                ? emit_one(delivery, options.type, argc - optind, argv + optind)
                                : emit_lines(delivery);
    delivery_done(delivery);
    memory_free(delivery);
    return client_finish(client, code);
}
