/* Events on their way to the daemon: lines are gathered into batches, each batch is sent under a
 * request_id of its own, and what became of which line is kept and told. Not thread-safe. */
#ifndef IPC_CLIENT_DELIVERY_H
#define IPC_CLIENT_DELIVERY_H

#include <stdbool.h>

#include "audit/base/buffer.h"
#include "ipc/client/client.h"

#define DELIVERY_EVENTS 256 /* of a batch */
#define DELIVERY_LINE_BYTES (1024u * 1024)
#define DELIVERY_ID_MAX 64 /* characters of a request_id, as the contract has it */

struct delivery_line {
    unsigned long number; /* of the input */
    size_t at;            /* its text in events */
    size_t length;
};

struct delivery {
    struct client *client;
    bool partial;   /* record the good events of a batch with bad ones */
    bool has_lines; /* from standard input: what is told names lines */
    const char *id; /* the request_id of the first batch */
    char made_up_id[33];
    unsigned long batches; /* sent, or being sent */
    /* the batch being gathered */
    struct buffer events; /* JSON, separated by commas */
    struct delivery_line lines[DELIVERY_EVENTS];
    size_t count;
    struct buffer refused;   /* --json: an object for each line refused, separated by commas */
    unsigned long last_line; /* read so far */
    /* what is settled: recorded, or refused and told */
    unsigned long settled_line;
    unsigned long first_settled; /* first line with an event that was recorded, 0: none */
    unsigned long long accepted;
    unsigned long long refused_count;
    unsigned long long first_entry, last_entry; /* of those accepted */
    bool document_begun;                        /* --json: something is printed */
};

/* id is the caller's request_id (borrowed; NULL: one is made up). */
void delivery_init(struct delivery *delivery, struct client *client, const char *id);
void delivery_done(struct delivery *delivery);

/* Takes one input line, sends the batch when it is full. With partial a refused line is told and
 * left out; without, the refusal is told with what was recorded before it, and ends it. Anything
 * but CLIENT_DONE: nothing more may be added (but CLIENT_REFUSED with partial). */
enum client_exit delivery_add_line(struct delivery *delivery, struct slice line);

/* Sends one event made here (JSON text) and prints what became of it. */
enum client_exit delivery_send_event(struct delivery *delivery, struct slice event);

/* Sends what is gathered. */
enum client_exit delivery_flush(struct delivery *delivery);

/* The input could not be read on: says what was recorded. */
enum client_exit delivery_broken_off(struct delivery *delivery);

/* --json: ends the document of an input; code is how it ended. */
void delivery_end(struct delivery *delivery, enum client_exit code);

#endif
