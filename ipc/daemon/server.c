#include "ipc/daemon/server.h"

#include <string.h>

#include "audit/base/memory.h"
#include "ipc/daemon/server_inside.h"

struct config *server_config(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    struct config *config = config_hold(server->config);
    pthread_mutex_unlock(&server->lock);
    return config;
}

enum err server_bind(struct server *server, struct fault *fault)
{
    const struct config *config = server->config;
    enum err err = OK;
    for (size_t i = 0; i < config->listen_count && err == OK; i++) {
        err = listener_open(server, &config->listen[i], &server->listeners[i], fault);
        server->listener_count += err == OK;
    }
    return err;
}

enum err server_listen(struct server *server, struct fault *fault)
{
    enum err err = OK;
    /* Only when all are open: a half-open guardian answers nobody. */
    for (size_t i = 0; i < server->listener_count && err == OK; i++) {
        err = listener_start(server->listeners[i], fault);
    }
    return err;
}

static void close_listeners(struct server *server)
{
    while (server->listener_count != 0) {
        listener_close(server->listeners[--server->listener_count]);
    }
}

enum err server_new(struct dispatch *dispatch, struct config *config, struct server **out,
                    struct fault *fault)
{
    struct server *server = memory_allocate_zeroed(sizeof *server);
    if (server == NULL) {
        return fault_no_memory(fault);
    }
    server->dispatch = dispatch;
    server->config = config_hold(config);
    pthread_mutex_init(&server->lock, NULL);
    if (connection_set_new(&server->connections) != OK ||
        workers_start(dispatch, config, &server->workers) != OK) {
        server_stop(server);
        return fault_no_memory(fault);
    }
    *out = server;
    return OK;
}

static bool same_listeners(const struct config *a, const struct config *b)
{
    if (a->listen_count != b->listen_count) {
        return false;
    }
    for (size_t i = 0; i < a->listen_count; i++) {
        if (strcmp(a->listen[i].url, b->listen[i].url) != 0 ||
            strcmp(a->listen[i].owner, b->listen[i].owner) != 0 ||
            a->listen[i].mode != b->listen[i].mode) {
            return false;
        }
    }
    return true;
}

bool server_reconfigure(struct server *server, struct config *config)
{
    struct config *held = config_hold(config);
    pthread_mutex_lock(&server->lock);
    struct config *before = server->config;
    server->config = held;
    pthread_mutex_unlock(&server->lock);
    workers_limit(server->workers, config->limits.workers);
    bool same = same_listeners(before, config);
    config_release(before);
    return same;
}

/* No new requests; those under way get their answers, but not for ever; then everything goes. */
static void stop_serving(struct server *server)
{
    workers_close(server->workers);
    connection_set_each(server->connections, connection_drain);
    if (!connection_set_wait(server->connections, server->config->limits.drain_ms)) {
        workers_abandon(server->workers);
        connection_set_each(server->connections, connection_abort);
    }
}

void server_stop(struct server *server)
{
    if (server == NULL) {
        return;
    }
    close_listeners(server);
    if (server->workers != NULL) {
        stop_serving(server);
        workers_finish(server->workers);
    }
    connection_set_free(server->connections); /* the last ones give back what workers count */
    workers_free(server->workers);
    pthread_mutex_destroy(&server->lock);
    config_release(server->config);
    memory_free(server);
}

void server_status(struct server *server, struct server_status *out)
{
    out->connections = connection_set_count(server->connections);
    out->accepted = atomic_load(&server->accepted);
    out->refused = atomic_load(&server->refused);
    out->messages = workers_answered(server->workers);
}
