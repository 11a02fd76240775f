#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/memory.h"
#include "ipc/daemon/connection_inside.h"

#define SEND_PIECES 8 /* answers handed to one send; nng takes no more pieces */

nng_duration connection_time_left(int64_t deadline_ms)
{
    if (deadline_ms == 0) {
        return NNG_DURATION_INFINITE;
    }
    int64_t left = deadline_ms - clock_boot_ms();
    if (left < 1) {
        return 1; /* 0 would fail even with octets there */
    }
    return left > INT32_MAX ? INT32_MAX : (nng_duration)left;
}

/* ---- life ---- */

static void free_answer(struct connection *connection, struct message *answer)
{
    connection_set_release_unsent(connection->set, answer->unsent);
    message_free(answer);
}

void connection_hold(struct connection *connection)
{
    atomic_fetch_add(&connection->holds, 1);
}

bool connection_try_hold(struct connection *connection)
{
    unsigned holds = atomic_load(&connection->holds);
    while (holds != 0) {
        if (atomic_compare_exchange_weak(&connection->holds, &holds, holds + 1)) {
            return true;
        }
    }
    return false;
}

void connection_release(struct connection *connection)
{
    if (atomic_fetch_sub(&connection->holds, 1) == 1) {
        connection_set_bury(connection->set, connection);
    }
}

void connection_free(struct connection *connection)
{
    /* Both wait for a callback that is about to return, which is why this runs in the reaper. */
    nng_aio_free(connection->receive_aio);
    nng_aio_free(connection->send_aio);
    nng_stream_free(connection->stream);
    if (connection->message != NULL) {
        workers_release(connection->workers, connection->message);
        message_free(connection->message);
    }
    while (connection->answers_first != NULL) {
        struct message *answer = connection->answers_first;
        connection->answers_first = answer->next;
        free_answer(connection, answer);
    }
    pthread_mutex_destroy(&connection->lock);
    config_release(connection->config);
    memory_free(connection);
}

void connection_shut(struct connection *connection)
{
    if (connection->closed) {
        return;
    }
    /* Receives and sends start under this same lock and look at `closed` first: nng 1.5.2 never
     * ends one that is started on a closed stream. */
    connection->closed = true;
    connection->stage = STAGE_END;
    nng_stream_close(connection->stream);
    connection_release(connection); /* the open connection's own; the caller has another */
}

void connection_shut_if_done(struct connection *connection)
{
    if (!connection->ending || connection->in_flight != 0 || connection->sending) {
        return;
    }
    if (connection->stage == STAGE_END) {
        connection_shut(connection);
    } else if (connection->stage != STAGE_DISCARD && connection->stage != STAGE_LINGER) {
        connection_linger(connection);
    }
}

/* ---- sending ---- */

/* Lock held, not closed, not sending, something to send. */
static void send_more(struct connection *connection)
{
    nng_iov pieces[SEND_PIECES];
    unsigned count = 0;
    for (struct message *answer = connection->answers_first; answer != NULL && count < SEND_PIECES;
         answer = answer->next) {
        pieces[count++] =
            (nng_iov){answer->answer.data + answer->sent, answer->answer.length - answer->sent};
    }
    if (nng_aio_set_iov(connection->send_aio, count, pieces) != 0) {
        connection_shut(connection);
        return;
    }
    nng_aio_set_timeout(connection->send_aio, connection_time_left(connection->send_deadline_ms));
    connection_hold(connection);
    connection->sending = true;
    nng_stream_send(connection->stream, connection->send_aio);
}

static void start_sending(struct connection *connection)
{
    connection->send_deadline_ms = clock_boot_ms() + connection->config->limits.answer_ms;
    send_more(connection);
}

static void queue_answer(struct connection *connection, struct message *message)
{
    message->next = NULL;
    if (connection->answers_first == NULL) {
        connection->answers_first = message;
    } else {
        connection->answers_last->next = message;
    }
    connection->answers_last = message;
    connection->unsent_bytes += message->answer.length;
    if (!connection->sending) {
        start_sending(connection);
    }
}

/* Takes what has gone off the list; returns whether an answer is through. */
static bool take_sent(struct connection *connection, size_t octets)
{
    bool through = false;
    while (octets > 0) {
        struct message *answer = connection->answers_first;
        size_t rest = answer->answer.length - answer->sent;
        if (octets < rest) {
            answer->sent += octets;
            return through;
        }
        octets -= rest;
        connection->unsent_bytes -= answer->answer.length;
        connection->answers_first = answer->next;
        if (answer->header_length != 0) { /* the greeting has none and was never in flight */
            connection->in_flight--;
        }
        free_answer(connection, answer);
        through = true;
    }
    return through;
}

static void sent(void *argument)
{
    struct connection *connection = argument;
    pthread_mutex_lock(&connection->lock);
    connection->sending = false;
    if (connection->closed || nng_aio_result(connection->send_aio) != 0) {
        connection_shut(connection);
    } else {
        bool through = take_sent(connection, nng_aio_count(connection->send_aio));
        if (connection->answers_first != NULL) {
            if (through) {
                start_sending(connection);
            } else {
                send_more(connection);
            }
        }
        if (through && connection->paused &&
            connection->in_flight < connection->config->limits.in_flight) {
            connection->paused = false;
            connection_advance(connection);
        }
        connection_shut_if_done(connection);
    }
    pthread_mutex_unlock(&connection->lock);
    connection_release(connection);
}

/* ---- opening ---- */

static void greet(struct connection *connection, struct message *greeting)
{
    pthread_mutex_lock(&connection->lock);
    connection->deadline_ms = clock_boot_ms() + connection->config->limits.handshake_ms;
    queue_answer(connection, greeting);
    connection_advance(connection);
    pthread_mutex_unlock(&connection->lock);
}

static struct message *greeting_new(void)
{
    struct message *greeting = message_new();
    if (greeting == NULL) {
        return NULL;
    }
    buffer_append(&greeting->answer, sp_greeting, SP_GREETING_BYTES);
    if (buffer_result(&greeting->answer) != OK) {
        message_free(greeting);
        return NULL;
    }
    return greeting;
}

static void free_aio(nng_aio *aio)
{
    if (aio != NULL) {
        nng_aio_free(aio);
    }
}

enum err connection_open(struct connection_set *set, struct workers *workers, struct config *config,
                         const struct peer *peer, nng_stream *stream)
{
    enum err err = ERR_NO_MEMORY;
    struct message *greeting = greeting_new();
    struct connection *connection = memory_allocate_zeroed(sizeof *connection);
    if (greeting == NULL || connection == NULL ||
        nng_aio_alloc(&connection->receive_aio, connection_received, connection) != 0 ||
        nng_aio_alloc(&connection->send_aio, sent, connection) != 0) {
        goto out;
    }
    connection->set = set;
    connection->workers = workers;
    connection->config = config_hold(config);
    connection->peer = *peer;
    connection->mapping = SP_IPC;
    connection->stream = stream;
    atomic_init(&connection->holds, 2); /* the open connection's and, until the end here, ours */
    pthread_mutex_init(&connection->lock, NULL);
    connection_set_add(set, connection);
    greet(connection, greeting);
    connection_release(connection);
    return OK;
out:
    message_free(greeting);
    if (connection != NULL) {
        free_aio(connection->receive_aio);
        free_aio(connection->send_aio);
        memory_free(connection);
    }
    connection_set_refuse(set, stream);
    return err;
}

/* ---- doors for server and workers ---- */

const struct peer *connection_peer(const struct connection *connection)
{
    return &connection->peer;
}

enum sp_mapping connection_mapping(const struct connection *connection)
{
    return connection->mapping;
}

void connection_drain(struct connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    connection->stage = STAGE_END;
    connection->ending = true;
    connection_shut_if_done(connection);
    pthread_mutex_unlock(&connection->lock);
}

void connection_abort(struct connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    connection_shut(connection);
    pthread_mutex_unlock(&connection->lock);
}

/* Is there room for one more unread answer? Who asks for ever more and reads none of it is not
 * waited for: its answers would fill the memory that others need. Lock held. */
static bool count_unsent(struct connection *connection, struct message *message)
{
    size_t octets = message->answer.capacity;
    bool first = connection->unsent_bytes == 0;
    if (!first && connection->unsent_bytes + message->answer.length > UNSENT_BYTES_MAX) {
        return false;
    }
    if (!connection_set_reserve_unsent(connection->set, octets,
                                       first && octets <= UNSENT_SMALL_BYTES)) {
        return false;
    }
    message->unsent = octets;
    return true;
}

void connection_answer(struct message *message, bool stay)
{
    struct connection *connection = message->connection;
    pthread_mutex_lock(&connection->lock);
    bool hoards = !connection->closed && !count_unsent(connection, message);
    if (connection->closed || hoards) {
        connection->in_flight--;
        message_free(message);
        connection_shut(connection);
    } else {
        connection->ending = connection->ending || !stay;
        queue_answer(connection, message);
    }
    pthread_mutex_unlock(&connection->lock);
    if (hoards) {
        connection_set_complain(connection->set, &connection->peer);
    }
    connection_release(connection);
}

void connection_drop(struct message *message)
{
    struct connection *connection = message->connection;
    pthread_mutex_lock(&connection->lock);
    connection->in_flight--;
    connection_shut(connection);
    pthread_mutex_unlock(&connection->lock);
    message_free(message);
    connection_release(connection);
}
