/* The inside of a connection, for connection.c, connection_read.c and connection_set.c alone. */
#ifndef IPC_DAEMON_CONNECTION_INSIDE_H
#define IPC_DAEMON_CONNECTION_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ipc/daemon/connection.h"

#define INPUT_BYTES 4096
#define UNSENT_BYTES_MAX ((size_t)16 * 1024 * 1024) /* answers that a caller leaves unread */

/* Of all connections together, unless connection_set_unsent_limit says otherwise. */
#define UNSENT_ALL_BYTES_MAX ((uint64_t)256 * 1024 * 1024)
/* An answer of this size at most is not refused to a caller that has read all others, so that the
 * few who do not read cannot silence the rest. */
#define UNSENT_SMALL_BYTES ((size_t)64 * 1024)

/* What the next octets mean. */
enum stage {
    STAGE_GREETING,
    STAGE_HEAD,    /* length of a frame */
    STAGE_WORDS,   /* request-id header */
    STAGE_WAITING, /* not read: the message waits for admission */
    STAGE_PAYLOAD,
    STAGE_DISCARD, /* of a message that was too large, so that its sender lives to read the answer
                    */
    STAGE_LINGER,  /* all is answered and the connection over: what still comes is forgotten until
                      the peer closes or a moment has passed */
    STAGE_END,     /* not looked at any more */
};

struct connection {
    struct connection_set *set;
    struct workers *workers;
    struct config *config;
    struct peer peer;
    enum sp_mapping mapping;
    nng_stream *stream;
    nng_aio *receive_aio, *send_aio;
    atomic_uint holds;

    struct connection *previous, *next; /* in the set; the set's lock */
    struct connection *dead_next;       /* in the reaper's list; the set's lock */

    pthread_mutex_t lock; /* everything below */
    bool closed;
    bool ending; /* close when nothing is under way any more */

    enum stage stage;
    bool receiving, receiving_payload;
    bool paused;             /* limits.in_flight is reached: not read until an answer has gone */
    uint32_t in_flight;      /* messages whole and not yet answered */
    int64_t deadline_ms;     /* clock_boot_ms for the octets now awaited; 0 for any time */
    uint64_t frame_length;   /* of the frame being read */
    uint64_t left;           /* octets of payload, or to be discarded, yet to come */
    struct message *message; /* being read */
    size_t begin, end;       /* octets of input not looked at yet */
    uint8_t input[INPUT_BYTES];

    bool sending;
    int64_t send_deadline_ms;
    struct message *answers_first, *answers_last;
    size_t unsent_bytes; /* of those answers */
};

/* Closes the stream, which ends what is under way. Lock held; the caller has a hold of its own. */
void connection_shut(struct connection *connection);

/* Ends the connection if it is ending and nothing is under way: at once, or after lingering where
 * the peer may not have read its last answer yet. Lock held. */
void connection_shut_if_done(struct connection *connection);

/* Waits for the peer to close, but not long. A stream that is closed behind an answer makes nng's
 * own clients throw the answer away: they look at the hang-up first. Lock held. */
void connection_linger(struct connection *connection);

/* Goes on with the octets there are, then asks for more. Lock held. */
void connection_advance(struct connection *connection);

/* The receive aio's callback. */
void connection_received(void *connection);

/* Frees; called by the reaper alone when no hold is left. */
void connection_free(struct connection *connection);

/* Enters into the set; and: no hold is left, to be freed by the reaper. */
void connection_set_add(struct connection_set *set, struct connection *connection);
void connection_set_bury(struct connection_set *set, struct connection *connection);

/* Octets of memory of an answer begin to wait for their reader (false: there are too many, nothing
 * was counted), or have gone. small: counted in any case. */
MUST_CHECK bool connection_set_reserve_unsent(struct connection_set *set, size_t octets,
                                              bool small);
void connection_set_release_unsent(struct connection_set *set, size_t octets);

/* Says on stderr that a caller was hung up on for what it leaves unread; at most once a second. */
void connection_set_complain(struct connection_set *set, const struct peer *peer);

/* A hold, unless the last one has gone. */
bool connection_try_hold(struct connection *connection);

/* Milliseconds from now to the deadline as nng wants them: at least 1; no limit for 0. */
nng_duration connection_time_left(int64_t deadline_ms);

#endif
