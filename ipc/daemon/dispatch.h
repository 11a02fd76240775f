/* From a message's bytes to an answer's bytes: JSON-RPC, permission, parameters, method. */
#ifndef IPC_DAEMON_DISPATCH_H
#define IPC_DAEMON_DISPATCH_H

#include <stdbool.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"
#include "ipc/daemon/access.h"

/* Octets of a message that are read of a peer without any role: enough to find the id of a request
 * and to tell its method. */
#define DISPATCH_NOBODY_BYTES 4096

struct daemon;
struct dispatch;

/* daemon is borrowed; its log and trail must be there. NULL when there is no memory. */
struct dispatch *dispatch_new(struct daemon *daemon);
void dispatch_free(struct dispatch *dispatch);

/* Makes events of refusals whose window is over (all of them at stop). Called once a second. */
void dispatch_tick(struct dispatch *dispatch, bool all);

/* Answers one message of a peer. request is the payload of the SP message; the answer is appended
 * to answer (empty for notifications). arena: one a worker, reset here. Blocks for a commit.
 * Thread-safe. Returns whether the connection may stay: false after answering a peer without any
 * role, which is refused (and audited) whatever it sends, before any of it is taken seriously. */
bool dispatch_message(struct dispatch *dispatch, const struct peer *peer, struct arena *arena,
                      struct slice request, struct buffer *answer);

/* Of a refusal that has an event of its own: is it to be told with it now? The first of one person,
 * method and reason is; those within 60 s after it are counted, and told together as access.denied.
 */
struct call;
bool dispatch_tells_refusal(struct dispatch *dispatch, const struct call *call, enum reason reason);

/* A connection without a role was closed unanswered because too many came: counted and audited. */
void dispatch_unanswered(struct dispatch *dispatch, const struct peer *peer);

/* Answer to a message over limits.message (or, of a peer without any role, over
 * DISPATCH_NOBODY_BYTES), of which only the header was read. arena as above. */
void dispatch_too_large(struct dispatch *dispatch, const struct peer *peer, struct arena *arena,
                        struct buffer *answer);

#endif
