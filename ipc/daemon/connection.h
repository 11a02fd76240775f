/* One client's connection: a fixed state moved on by the callbacks of one receive aio and one send
 * aio, both short and never blocking. Speaks the REP side of nng's protocol (ipc/wire/sp.h).
 *
 * Life: counted. One hold is the open connection's own (given up when it is closed), one each
 * belongs to a receive under way, a send under way, a message with the workers, a wait for
 * admission. The last one gone, the set's reaper thread frees it: nng's aio and stream must not be
 * freed inside their own callbacks. Whoever calls in here has a hold. Thread-safe.
 * Locks: connection, then set or workers; nng never calls back inside a call of ours. */
#ifndef IPC_DAEMON_CONNECTION_H
#define IPC_DAEMON_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <nng/nng.h>

#include "ipc/daemon/config.h"
#include "ipc/daemon/workers.h"

struct connection;

/* All connections there are, and the thread that frees them. */
struct connection_set;

MUST_CHECK enum err connection_set_new(struct connection_set **out);

/* Waits until every connection is gone and its descriptor closed, joins the reaper, frees. NULL is
 * fine. */
void connection_set_free(struct connection_set *set);

/* Connections that are open. */
uint32_t connection_set_count(struct connection_set *set);

/* Waits until all are gone; false after so many milliseconds. */
bool connection_set_wait(struct connection_set *set, uint32_t timeout_ms);

/* Waits while too many connections that have ended are not closed yet. For acceptors, before they
 * accept: so descriptors stay few, however fast clients come and leave. */
void connection_set_make_room(struct connection_set *set);

/* Takes and closes a stream that will not become a connection. */
void connection_set_refuse(struct connection_set *set, nng_stream *stream);

/* Memory that answers not yet read may take in all connections together. For tests: it has a limit
 * from the beginning. */
void connection_set_unsent_limit(struct connection_set *set, uint64_t octets);

/* Calls visit for every connection there is (each held while visited). */
void connection_set_each(struct connection_set *set, void (*visit)(struct connection *));

/* Takes the stream in every case and greets. config is held by the connection, which works under
 * its limits until its end; peer.entry points into it. On failure the stream is freed. */
MUST_CHECK enum err connection_open(struct connection_set *set, struct workers *workers,
                                    struct config *config, const struct peer *peer,
                                    nng_stream *stream);

/* Reads no more; closes once the answers under way are sent. */
void connection_drain(struct connection *connection);

/* Closes at once. */
void connection_abort(struct connection *connection);

/* For workers: the message's wait for admission is over, with or without success. Takes the wait's
 * hold. */
void connection_admitted(struct message *message, bool admitted);

/* For workers: takes a message whose answer is complete and sends it; then closes if the connection
 * may not stay. Takes the message's hold. Never blocks. */
void connection_answer(struct message *message, bool stay);

/* For workers: the message gets no answer, the connection is closed. Takes the message's hold. */
void connection_drop(struct message *message);

const struct peer *connection_peer(const struct connection *connection);
enum sp_mapping connection_mapping(const struct connection *connection);

/* One more and one less hold. */
void connection_hold(struct connection *connection);
void connection_release(struct connection *connection);

#endif
