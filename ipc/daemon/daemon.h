/* What the running daemon consists of. Made by main in start order, taken apart in stop order; the
 * methods and the reload borrow from it. */
#ifndef IPC_DAEMON_DAEMON_H
#define IPC_DAEMON_DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "audit/log/log.h"
#include "audit/sinks/sink.h"
#include "audit/trail.h"
#include "ceremony/act.h"
#include "geoip/geoip.h"
#include "ipc/daemon/config.h"
#include "ipc/daemon/dispatch.h"
#include "ipc/daemon/server.h"

/* A sink beside the configuration entry it was started from. */
struct daemon_sink {
    struct config_sink settings;
    struct config *config; /* held: the sink's strings live there */
    struct sink *sink;
};

struct daemon {
    pthread_mutex_t lock; /* guards config and sinks[] against reload; a leaf, never held over I/O
                             but in the reload itself */
    struct config *config;
    struct geoip *geoip;
    struct log *log;
    struct log_opened opened;
    struct trail *trail;
    struct ceremonies *ceremonies;
    struct daemon_sink sinks[CONFIG_SINKS_MAX];
    size_t sink_count;
    struct dispatch *dispatch;
    struct server *server;
    bool new_database;  /* make one although the log has entries: asked for by a person */
    int64_t started_ms; /* boot clock */
    /* what the last tick saw; main's alone */
    bool space_low;
    bool place_unseen; /* the log's place could not be looked at */
    bool sockets_gone; /* a socket file is not there any more */
    bool space_untold; /* log.space_low is still to be recorded */
    int64_t clock_us, clock_boot_ms;
};

/* The configuration in force; config_release it. */
struct config *daemon_config(struct daemon *daemon);

/* Start order: log, geoip, sinks, trail, the event daemon.started, dispatch, sockets last. On a
 * fault everything started is stopped again. config is taken. daemon is all zero: it is large, and
 * what of it nobody needs is not to be touched. */
MUST_CHECK enum err daemon_start(struct daemon *daemon, struct config *config, bool new_database,
                                 struct fault *fault);

/* Reads the configuration file anew, opens databases and sink files anew; what cannot be changed
 * while running is said. A bad configuration changes nothing. Speaks on stderr; emits
 * config.reloaded or config.refused, geoip.reloaded or geoip.refused. */
void daemon_reload(struct daemon *daemon);

/* Once a second: the log's place, refusals that are due, clock steps, the disk reserve. */
void daemon_tick(struct daemon *daemon);

/* Stop order. reason stands in daemon.stopped. Returns whether the log failed, be it only while
 * stopping. */
bool daemon_stop(struct daemon *daemon, const char *reason);

#endif
