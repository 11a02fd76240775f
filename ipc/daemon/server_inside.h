/* The inside of the server, for server.c and listener.c alone. */
#ifndef IPC_DAEMON_SERVER_INSIDE_H
#define IPC_DAEMON_SERVER_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ipc/daemon/connection.h"
#include "ipc/daemon/listener.h"
#include "ipc/daemon/server.h"
#include "ipc/daemon/workers.h"

struct server {
    struct dispatch *dispatch;
    struct connection_set *connections;
    struct workers *workers;
    struct listener *listeners[CONFIG_LISTEN_MAX];
    size_t listener_count;
    pthread_mutex_t lock;  /* of config, a leaf */
    struct config *config; /* held */
    atomic_uint_fast64_t accepted, refused;
};

/* The configuration of now, held for the caller. */
struct config *server_config(struct server *server);

#endif
