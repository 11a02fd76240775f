/* Listeners, connections and workers: messages off nng streams into dispatch, answers back.
 * Architecture sections 4 and 9.8 say why streams and not nng's REP socket. Each connection has one
 * receive aio whose callback only moves a fixed state on (greeting, head, body), never blocks,
 * never allocates before the length is checked, and puts a whole message on the workers' bounded
 * queue. */
#ifndef IPC_DAEMON_SERVER_H
#define IPC_DAEMON_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "ipc/daemon/config.h"

struct dispatch;
struct server;

/* A server nobody can come to yet; the workers are there. config is held. */
MUST_CHECK enum err server_new(struct dispatch *dispatch, struct config *config,
                               struct server **out, struct fault *fault);

/* Opens every listener of the configuration (socket file mode and owner; a stale socket file is
 * replaced, a live one is ERR_IN_USE). Nobody is served yet. Once. */
MUST_CHECK enum err server_bind(struct server *server, struct fault *fault);

/* After server_bind: starts the acceptors. Callers may be served before this returns, also when it
 * fails: server_stop then waits for them, so hold no lock of theirs. Once. */
MUST_CHECK enum err server_listen(struct server *server, struct fault *fault);

/* A reloaded configuration: access and limits apply to connections made from now on. A changed
 * listen list is not applied: false then, and the caller says that a restart is needed. */
bool server_reconfigure(struct server *server, struct config *config);

/* Closes listeners, stops reading, lets answers under way finish for limits.drain_ms, joins, frees.
 * Waits for a worker's call of dispatch_message however long it takes. NULL is fine. */
void server_stop(struct server *server);

struct server_status {
    uint32_t connections;
    uint64_t accepted, refused, messages;
};
void server_status(struct server *server, struct server_status *out);

#endif
