/* One address callers come to: its socket file and the thread that accepts. */
#ifndef IPC_DAEMON_LISTENER_H
#define IPC_DAEMON_LISTENER_H

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "ipc/daemon/config.h"

struct listener;
struct server;

/* Binds; nobody is accepted before listener_start. A socket file nobody listens on is replaced; one
 * that answers, or a file that is no socket, is ERR_IN_USE. The file has its owner and mode before
 * anybody can be served: it is bound with mode 0600, given away, then opened to others. */
MUST_CHECK enum err listener_open(struct server *server, const struct config_listen *listen,
                                  struct listener **out, struct fault *fault);

/* Starts the acceptor thread. */
MUST_CHECK enum err listener_start(struct listener *listener, struct fault *fault);

/* Stops accepting, removes the socket file, joins, frees. NULL is fine. */
void listener_close(struct listener *listener);

#endif
