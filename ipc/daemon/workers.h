/* Messages waiting for a worker, and the workers. The queue is bounded by number, large messages by
 * their octets together: a connection whose next message does not fit is not read until it does
 * (first come, first served), so that senders feel the pressure and memory does not. Workers are
 * started when there is work and end after an idle while. Thread-safe.
 * Locks: workers' lock is taken last of all, never held while calling into a connection. */
#ifndef IPC_DAEMON_WORKERS_H
#define IPC_DAEMON_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "ipc/daemon/config.h"
#include "ipc/wire/sp.h"

struct connection;
struct dispatch;
struct workers;

/* One message from its first octet to the last octet of its answer. Owned by the connection that
 * reads it, then the queue, then the worker, then the connection's list of answers. */
struct message {
    struct message *next;
    struct connection *connection; /* held while the message waits, is queued or worked on */
    uint8_t header[SP_HEADER_BYTES_MAX];
    size_t header_length;
    uint64_t wanted;   /* octets of payload it waits to be admitted for */
    uint64_t reserved; /* octets admitted for it, to be given back */
    bool wiped;        /* may hold a secret: cleared before it is freed, and what was done with it
                          too */
    bool too_large;    /* the payload was over the limit and is not here */
    struct buffer payload;
    struct buffer answer; /* frame head, header words, answer */
    size_t sent;          /* octets of answer that have gone */
    size_t unsent;        /* octets of memory counted for the answer in the set of connections */
};

/* NULL when there is no memory. message_free(NULL) is fine. */
struct message *message_new(void);
void message_free(struct message *message);

/* Starts with one worker. */
MUST_CHECK enum err workers_start(struct dispatch *dispatch, const struct config *config,
                                  struct workers **out);

/* How many workers there may be from now on. */
void workers_limit(struct workers *workers, uint32_t count);

enum admission {
    ADMITTED,         /* read it; message->reserved is set */
    ADMISSION_WAITS,  /* connection_admitted will be called, with a hold taken for the wait */
    ADMISSION_REFUSED /* the server is stopping */
};

/* May the payload of this message, which its connection still owns, be read? Never blocks. */
enum admission workers_admit(struct workers *workers, struct message *message, uint64_t octets);

/* Gives back what was reserved for the message. */
void workers_release(struct workers *workers, struct message *message);

/* Takes a whole message, of whose connection the caller has taken a hold for it. Never blocks. */
void workers_put(struct workers *workers, struct message *message);

/* Messages answered so far. */
uint64_t workers_answered(struct workers *workers);

/* Nobody is admitted any more; who waits is told so. */
void workers_close(struct workers *workers);

/* Messages no worker has begun with are dropped. */
void workers_abandon(struct workers *workers);

/* Joins all, once the queue is empty. */
void workers_finish(struct workers *workers);

/* Frees after workers_finish, when no connection is left. NULL is fine. */
void workers_free(struct workers *workers);

#endif
