/* Reading: octets become a greeting, then heads, header words and payloads. */
#include <sodium.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/secret.h"
#include "ipc/daemon/connection_inside.h"
#include "ipc/daemon/dispatch.h"

#define FIRST_STEP_BYTES ((size_t)64 * 1024)           /* of a payload; then it doubles */
#define DISCARD_BYTES_MAX ((uint64_t)16 * 1024 * 1024) /* read and forgotten of one message */
#define DISCARD_MS 5000                                /* and for how long */
#define LINGER_MS 1000                                 /* behind the last answer */
#define LINGER_BYTES_MAX ((uint64_t)64 * 1024)         /* who sends more does not read */

enum step {
    STEP_ON,   /* look again */
    STEP_MORE, /* more octets are wanted */
    STEP_HOLD, /* not to be read for now */
    STEP_BAD,  /* not our protocol, or no memory: close */
};

static size_t available(const struct connection *connection)
{
    return connection->end - connection->begin;
}

/* Octets of input that are done with; those of a caller that may send secrets are cleared. */
static void consume(struct connection *connection, size_t octets)
{
    if (connection->peer.roles != ROLE_PRODUCER) {
        sodium_memzero(connection->input + connection->begin, octets);
    }
    connection->begin += octets;
    if (connection->begin == connection->end) {
        connection->begin = connection->end = 0;
    }
}

static int64_t message_deadline(const struct connection *connection)
{
    return clock_boot_ms() + connection->config->limits.message_ms;
}

static enum step read_greeting(struct connection *connection)
{
    if (available(connection) < SP_GREETING_BYTES) {
        return STEP_MORE;
    }
    if (!sp_greeting_is_req(connection->input + connection->begin)) {
        return STEP_BAD;
    }
    consume(connection, SP_GREETING_BYTES);
    connection->stage = STAGE_HEAD;
    /* Idle is fine for callers we know. Others could hold all connections there may be. */
    connection->deadline_ms = connection->peer.roles == 0 ? message_deadline(connection) : 0;
    return STEP_ON;
}

static enum step read_head(struct connection *connection)
{
    if (connection->ending) {
        return STEP_HOLD;
    }
    if (connection->in_flight >= connection->config->limits.in_flight) {
        connection->paused = true;
        return STEP_HOLD;
    }
    if (connection->deadline_ms == 0 && available(connection) != 0) {
        connection->deadline_ms = message_deadline(connection);
    }
    size_t head_bytes = sp_head_bytes(connection->mapping);
    if (available(connection) < head_bytes) {
        return STEP_MORE;
    }
    if (!sp_head_read(connection->mapping, connection->input + connection->begin,
                      &connection->frame_length)) {
        return STEP_BAD;
    }
    consume(connection, head_bytes);
    connection->stage = STAGE_WORDS;
    return STEP_ON;
}

/* The message is whole (or too large): to the workers. */
static void hand_over(struct connection *connection)
{
    struct message *message = connection->message;
    connection->message = NULL;
    connection->in_flight++;
    connection_hold(connection);
    workers_put(connection->workers, message);
}

static enum step begin_discard(struct connection *connection)
{
    connection->message->too_large = true;
    connection->ending = true;
    connection->stage = STAGE_DISCARD;
    connection->deadline_ms = clock_boot_ms() + DISCARD_MS;
    if (connection->left > DISCARD_BYTES_MAX) {
        connection->left = DISCARD_BYTES_MAX;
    }
    hand_over(connection);
    return STEP_ON;
}

static enum step begin_payload(struct connection *connection)
{
    struct message *message = connection->message;
    buffer_init(&message->payload, (size_t)connection->left);
    message->payload.wiped = message->wiped;
    connection->stage = STAGE_PAYLOAD;
    return STEP_ON;
}

static enum step ask_admission(struct connection *connection)
{
    enum admission admission =
        workers_admit(connection->workers, connection->message, connection->left);
    if (admission == ADMITTED) {
        return begin_payload(connection);
    }
    if (admission == ADMISSION_REFUSED) {
        return STEP_BAD;
    }
    connection->stage = STAGE_WAITING;
    return STEP_HOLD;
}

static uint64_t message_limit(const struct connection *connection)
{
    uint64_t limit = connection->config->limits.message;
    return connection->peer.roles == 0 && limit > DISPATCH_NOBODY_BYTES ? DISPATCH_NOBODY_BYTES
                                                                        : limit;
}

static enum step read_words(struct connection *connection)
{
    size_t most = connection->frame_length < SP_HEADER_BYTES_MAX ? (size_t)connection->frame_length
                                                                 : SP_HEADER_BYTES_MAX;
    size_t seen = available(connection) < most ? available(connection) : most;
    struct slice header, payload;
    if (!sp_split((struct slice){(const char *)connection->input + connection->begin, seen},
                  &header, &payload)) {
        return seen < most ? STEP_MORE : STEP_BAD;
    }
    struct message *message = message_new();
    if (message == NULL) {
        return STEP_BAD;
    }
    connection->message = message;
    message->connection = connection;
    message->wiped = connection->peer.roles != ROLE_PRODUCER;
    message->answer.wiped = message->wiped;
    memcpy(message->header, header.data, header.length);
    message->header_length = header.length;
    connection->left = connection->frame_length - header.length;
    consume(connection, header.length);
    if (connection->left > message_limit(connection)) {
        return begin_discard(connection);
    }
    return ask_admission(connection);
}

/* Makes room for the next octets of payload. Below 64 KiB the room is all there will be; above, it
 * doubles as octets arrive: a length costs nothing. */
static bool make_room(struct connection *connection)
{
    struct buffer *payload = &connection->message->payload;
    if (payload->length < payload->capacity) {
        return true;
    }
    size_t wanted = payload->length < FIRST_STEP_BYTES ? FIRST_STEP_BYTES : payload->length;
    return buffer_reserve(payload, wanted < connection->left ? wanted : (size_t)connection->left);
}

static enum step read_payload(struct connection *connection)
{
    struct buffer *payload = &connection->message->payload;
    if (connection->left == 0) {
        connection->stage = STAGE_HEAD;
        connection->deadline_ms = 0;
        /* Nobody is answered once. */
        connection->ending = connection->ending || connection->peer.roles == 0;
        hand_over(connection);
        return STEP_ON;
    }
    if (!make_room(connection)) {
        return STEP_BAD;
    }
    size_t room = payload->capacity - payload->length;
    size_t taken = available(connection);
    taken = taken < room ? taken : room;
    taken = taken < connection->left ? taken : (size_t)connection->left;
    if (taken == 0) {
        return STEP_MORE;
    }
    buffer_append(payload, connection->input + connection->begin, taken);
    if (payload->wiped) {
        secret_clear_registers(); /* of this thread, which is nng's and goes on to others' octets */
    }
    consume(connection, taken);
    connection->left -= taken;
    return STEP_ON;
}

static enum step read_discarded(struct connection *connection)
{
    size_t taken = available(connection);
    taken = taken < connection->left ? taken : (size_t)connection->left;
    consume(connection, taken);
    connection->left -= taken;
    if (connection->left != 0) {
        return STEP_MORE;
    }
    connection->stage = STAGE_HEAD; /* where an ending connection holds */
    return STEP_ON;
}

static enum step forget(struct connection *connection)
{
    size_t come = available(connection);
    consume(connection, come);
    if (come > connection->left) {
        return STEP_BAD;
    }
    connection->left -= come;
    return STEP_MORE;
}

static enum step step_on(struct connection *connection)
{
    switch (connection->stage) {
    case STAGE_GREETING:
        return read_greeting(connection);
    case STAGE_HEAD:
        return read_head(connection);
    case STAGE_WORDS:
        return read_words(connection);
    case STAGE_PAYLOAD:
        return read_payload(connection);
    case STAGE_DISCARD:
        return read_discarded(connection);
    case STAGE_LINGER:
        return forget(connection);
    case STAGE_WAITING:
    case STAGE_END:
        break;
    }
    return STEP_HOLD;
}

static void receive(struct connection *connection)
{
    nng_iov target;
    connection->receiving_payload =
        connection->stage == STAGE_PAYLOAD && available(connection) == 0;
    if (connection->receiving_payload) {
        struct buffer *payload = &connection->message->payload;
        size_t room = payload->capacity - payload->length;
        target = (nng_iov){payload->data + payload->length,
                           room < connection->left ? room : (size_t)connection->left};
    } else {
        if (connection->begin != 0) { /* a few octets of a head or header words at the end */
            memmove(connection->input, connection->input + connection->begin,
                    available(connection));
            connection->end -= connection->begin;
            connection->begin = 0;
            /* The tail of the input is cleared where it was, and so are the registers it went
             * through. */
            if (connection->peer.roles != ROLE_PRODUCER) {
                sodium_memzero(connection->input + connection->end, INPUT_BYTES - connection->end);
                secret_clear_registers();
            }
        }
        target = (nng_iov){connection->input + connection->end, INPUT_BYTES - connection->end};
    }
    if (nng_aio_set_iov(connection->receive_aio, 1, &target) != 0) {
        connection_shut(connection);
        return;
    }
    nng_aio_set_timeout(connection->receive_aio, connection_time_left(connection->deadline_ms));
    connection_hold(connection);
    connection->receiving = true;
    nng_stream_recv(connection->stream, connection->receive_aio);
}

void connection_linger(struct connection *connection)
{
    if (connection->closed || connection->receiving) {
        connection_shut(connection); /* its receive has another deadline */
        return;
    }
    connection->stage = STAGE_LINGER;
    connection->deadline_ms = clock_boot_ms() + LINGER_MS;
    connection->left = LINGER_BYTES_MAX;
    consume(connection, available(connection));
    receive(connection);
}

void connection_advance(struct connection *connection)
{
    enum step step = STEP_ON;
    while (step == STEP_ON && !connection->closed) {
        step = step_on(connection);
    }
    if (connection->closed) {
        return;
    }
    if (step == STEP_BAD) {
        connection_shut(connection);
    } else if (step == STEP_MORE && !connection->receiving) {
        receive(connection);
    }
    connection_shut_if_done(connection);
}

/* The peer sends no more. It may still read: what is under way gets its answer. */
static void end_of_input(struct connection *connection)
{
    connection->stage = STAGE_END;
    connection->ending = true;
    connection_shut_if_done(connection);
}

void connection_received(void *argument)
{
    struct connection *connection = argument;
    pthread_mutex_lock(&connection->lock);
    connection->receiving = false;
    int result = nng_aio_result(connection->receive_aio);
    if (connection->closed) {
        /* nothing more is to be done with it */
    } else if (result == NNG_ECONNSHUT && connection->in_flight != 0) {
        end_of_input(connection);
    } else if (result != 0) {
        connection_shut(connection);
    } else {
        size_t count = nng_aio_count(connection->receive_aio);
        if (connection->receiving_payload && connection->stage == STAGE_PAYLOAD) {
            connection->message->payload.length += count;
            connection->left -= count;
        } else if (!connection->receiving_payload) {
            connection->end += count;
        }
        connection_advance(connection);
    }
    pthread_mutex_unlock(&connection->lock);
    connection_release(connection);
}

void connection_admitted(struct message *message, bool admitted)
{
    struct connection *connection = message->connection;
    pthread_mutex_lock(&connection->lock);
    if (!connection->closed && connection->stage == STAGE_WAITING) {
        if (admitted) {
            connection->deadline_ms = message_deadline(connection);
            (void)begin_payload(connection);
            connection_advance(connection);
        } else {
            end_of_input(connection);
        }
    }
    pthread_mutex_unlock(&connection->lock);
    connection_release(connection);
}
